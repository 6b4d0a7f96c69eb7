//! The README's tables equal what the program has; `WARROOM_BLESS=1` writes them anew.

use std::collections::BTreeSet;
use std::path::Path;

use warroom::app::kinds::{KINDS, load, read_runbook, read_site};
use warroom::commands::{schema, systems};
use warroom::domain::catalogue::Change;
use warroom::domain::runbook::Runbook;
use warroom::domain::site::Site;
use warroom::files::lint;
use warroom::files::shipped::{DEMO_FAILBACK, DEMO_FAILOVER, SHIPPED};
use warroom::port::{Action, System};

use crate::toy::TOYS;

mod tables;

use tables::KeyRow;

#[test]
fn the_readme_tells_what_the_program_has() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let text = std::fs::read_to_string(&path).expect("there is a README");
    let blocks = tables::blocks(KINDS);
    let filled = tables::fill(&text, &blocks).expect("every block ends");
    if std::env::var_os("WARROOM_BLESS").is_some() {
        std::fs::write(&path, &filled).expect("writable");
    } else {
        let hint = "run `WARROOM_BLESS=1 cargo test --test fast docs::` and look at the change";
        assert!(text == filled, "README.md is behind the program; {hint}");
    }
    for name in ["systems", "actions", "steps", "facts", "phases", "exits", "keys"] {
        assert!(text.contains(&format!("<!-- {name} -->\n")), "README.md has no block `{name}`");
    }
}

/// The examples of the README, by the comment they begin with.
fn example<'t>(readme: &'t str, path: &str) -> &'t str {
    let (_, after) = readme.split_once(&format!("```toml\n# {path}\n")).expect("an example");
    after.split_once("```").expect("it ends").0
}

#[test]
fn the_examples_of_the_readme_are_valid() {
    let readme = include_str!("../../README.md");
    let text = example(readme, "sites/shop/site.toml");
    let site = read_site(text).expect("the site of the README");
    let text = example(readme, "sites/shop/runbooks/failover.toml");
    let runbook = read_runbook(text, "failover", &site).expect("the plan of the README");
    assert_eq!((site.systems.len(), runbook.steps.len()), (3, 2));
}

/// Every action with the kind of system that it is shown with; none of any kind, with any.
fn shown() -> Vec<(Option<&'static dyn System>, &'static dyn Action)> {
    let of_any = || KINDS.of_any.iter().copied();
    let with = |system: &'static dyn System| of_any().map(move |action| (Some(system), action));
    let with_each = KINDS.systems.iter().flat_map(|system| with(*system));
    KINDS.actions().chain(with_each).collect()
}

/// A site with the example of a kind and a page, and a plan of these steps.
fn pasted(owner: Option<&dyn System>, steps: &str) -> (Site, Runbook) {
    let web = "[systems.web]\nkind = \"http\"\na = { url = \"http://a.example/\" }\n\
               b = { url = \"http://b.example/\" }\n";
    let own = owner.map(System::example).unwrap_or_default();
    let own = own.trim();
    let has_web = own.contains("[systems.web]");
    let systems = if has_web { own.to_owned() } else { format!("{own}\n{web}") };
    // Every name in quotes may be a secret's; a secret that nobody uses does no harm.
    let text = format!("{systems}{steps}");
    let name_like = |word: &&str| {
        word.starts_with(|c: char| c.is_ascii_lowercase())
            && word.chars().all(|c| c.is_ascii_lowercase() || c == '-')
    };
    let names: BTreeSet<&str> = text.split('"').filter(name_like).collect();
    let secrets = names.iter().fold(String::new(), |text, name| {
        text + &format!("\"{name}\" = {{ user = \"u\", password = {{ env = \"E\" }} }}\n")
    });
    let site = format!(
        "schema = 1\nname = \"tiny\"\nred_needs_signals = 1\n\
         people.anna = {{ roles = [\"commander\"], may_declare = true }}\n\
         objectives.core = {{ rto = \"1h\", rpo = \"5m\" }}\n\
         regions.a = {{ starts_as = \"primary\" }}\n\
         regions.b = {{ starts_as = \"standby\" }}\n\
         {systems}\n[secrets]\n{secrets}\n[rules]\n\
         down = {{ system = \"web\", failures = 3 }}\n"
    );
    let site = read_site(&site).unwrap_or_else(|fault| panic!("{fault}\n{site}"));
    let plan = format!(
        "schema = 1\nname = \"failover\"\nfrom = \"a\"\nto = \"b\"\n\
         restored = [{{ system = \"web\", in = \"to\", fact = \"healthy\", is = true }}]\n\
         {steps}"
    );
    let read = read_runbook(&plan, "failover", &site);
    let read = read.unwrap_or_else(|fault| panic!("{fault:?}\n{plan}"));
    (site, read)
}

/// What is printed to be pasted must stand where it is pasted.
#[test]
fn every_printed_step_is_read_by_the_real_reader() {
    let readme = include_str!("../../README.md");
    for (owner, action) in shown() {
        let (name, step) = (action.spec().name, systems::step_example(owner, action));
        let told = owner.is_none_or(|owner| systems::show(owner).contains(&step));
        assert!(told, "`systems show` has no step of {name}");
        assert_eq!(pasted(owner, &step).1.steps.len(), 1, "{name}");
    }
    for (owner, action) in KINDS.actions() {
        let (name, step) = (action.spec().name, systems::step_example(owner, action));
        assert!(readme.contains(&step), "README.md has no step of {name}");
    }
}

/// Whatever a shipped plan uses can be looked up whole.
#[test]
fn every_action_of_a_shipped_plan_has_a_whole_step() {
    let readme = include_str!("../../README.md");
    let (_, steps) = readme.split_once("<!-- steps -->").expect("a block of steps");
    let (steps, _) = steps.split_once("<!-- /steps -->").expect("it ends");
    let files = SHIPPED.iter().flat_map(|site| site.files);
    let texts = files.map(|(_, text)| *text).chain([DEMO_FAILOVER, DEMO_FAILBACK]);
    let mut seen = 0;
    for text in texts {
        for part in text.split("action = \"").skip(1) {
            let name = part.split('"').next().unwrap_or_default();
            let line = format!("\naction = \"{name}\"\n");
            assert!(steps.contains(&line), "no whole step of {name}");
            seen += 1;
        }
    }
    assert!(seen > 30, "the shipped plans were read: {seen}");
}

/// A step that closes, overwrites or opens a side is shown on the side it is meant for, and on the
/// other one `check` tells it.
#[test]
fn no_printed_step_harms_the_side_that_is_to_serve() {
    let mut turned = 0;
    for (owner, action) in KINDS.actions() {
        let (spec, Some(owner)) = (action.spec(), owner) else { continue };
        let sided =
            spec.change.closes() || spec.change.promotes() || spec.change == Change::Unfence;
        if !spec.needs_target || !sided {
            continue;
        }
        let is_other = |one: &&&dyn Action| {
            let parts = [Change::Promote, Change::StopReplication];
            parts.contains(&one.spec().change) && one.spec().name != spec.name
        };
        let promotion = owner.actions().iter().find(is_other);
        let promotion =
            promotion.map_or(String::new(), |one| systems::step_example(Some(owner), *one));
        let step = systems::step_example(Some(owner), action);
        let place = if spec.change.closes() { "from" } else { "to" };
        let other = if place == "from" { "to" } else { "from" };
        let (place, other) = (format!("in = \"{place}\""), format!("in = \"{other}\""));
        // Where a kind promotes nothing, what follows is not overwritten before it serves.
        let can_harm = spec.change != Change::Follow || !promotion.is_empty();
        assert!(step.contains(&place), "{step}");
        for (step, harms) in [(step.clone(), false), (step.replace(&place, &other), true)] {
            let (site, plan) = pasted(Some(owner), &format!("{promotion}{step}"));
            let told = lint::runbook_warnings(&plan, &site);
            let told: Vec<String> = told.iter().map(ToString::to_string).collect();
            let wrong = told.iter().any(|told| told.contains("the side that is"));
            assert_eq!(wrong, harms && can_harm, "{step}\n{told:#?}");
        }
        turned += 1;
    }
    assert!(turned >= 8, "the kinds have such steps: {turned}");
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("sites");
    for name in ["demo", "lms", "shop"] {
        let loaded = load(&shipped.join(name)).expect("it loads");
        for plan in &loaded.runbooks {
            let told = lint::runbook_warnings(plan, &loaded.site);
            let wrong = told.iter().find(|told| told.to_string().contains("the side that is"));
            assert!(wrong.is_none(), "{name} {}: {wrong:?}", plan.name);
        }
    }
}

#[test]
fn every_shipped_site_loads() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("sites");
    for entry in std::fs::read_dir(root).into_iter().flatten() {
        let dir = entry.expect("readable").path();
        if dir.join("site.toml").is_file() {
            let loaded = load(&dir);
            assert!(loaded.is_ok(), "{}: {:?}", dir.display(), loaded.err());
        }
    }
}

#[test]
fn a_block_is_filled_and_all_else_stays() {
    let blocks = [("one", "new\n".to_owned()), ("two", "other\n".to_owned())];
    let check = |text: &str, want: Result<&str, &str>| {
        let filled = tables::fill(text, &blocks);
        assert_eq!(filled.as_deref().map_err(String::as_str), want);
    };
    check("a\n<!-- one -->\nold\n<!-- /one -->\nz", Ok("a\n<!-- one -->\nnew\n<!-- /one -->\nz"));
    check("no block", Ok("no block"));
    check("<!-- one -->\nold", Err("`<!-- one -->` has no `<!-- /one -->`"));
}

#[test]
fn kinds_and_actions_are_told() {
    let has = |text: &str, lines: &[&str]| {
        for line in lines {
            assert!(text.lines().any(|found| found == *line), "no line `{line}` in\n{text}");
        }
    };
    has(&systems::list(TOYS), &["toy-web    A toy.", "toy-store  A toy."]);
    has(
        &systems::show(TOYS.systems[1]),
        &[
            "toy-store: A toy.",
            "  slots        replication slots",
            "  healthy      yes when the last look found it up",
            "action toy.promote: A toy.",
            "  class          X",
            "  guard          3",
        ],
    );
    let promote = "| `toy.promote` | A toy. | X | 3 | not fenced | none |";
    has(&tables::actions_table(TOYS), &[promote]);
    has(&tables::systems_table(TOYS), &["| `toy-store` | A toy. | `toy.promote`, `toy.write` |"]);
    has(&tables::phases_table(), &["| pending | needs met | ready |"]);
    has(&tables::stages_table(), &["| standby | declared | declared |"]);
    has(&tables::exits_table(), &["| 78 | a file that a person wrote is wrong |"]);
    let row = KeyRow { keys: vec!["|".into(), "f1".into()], command: "run", doc: "run it" };
    has(&tables::keys_table(&[row]), &["| `\\|` or `f1` | `run` | run it |"]);
}

/// The JSON form of a TOML text.
fn json_of(toml: &str) -> serde_json::Value {
    let table: toml::Table = toml.parse().expect("TOML");
    serde_json::to_value(table).expect("tables are JSON")
}

#[test]
fn the_schema_of_the_systems_says_what_the_readers_say() {
    let schema: serde_json::Value =
        serde_json::from_str(&schema::systems(KINDS)).expect("the schema is JSON");
    let systems = jsonschema::validator_for(&schema).expect("the schema is a schema");
    for system in KINDS.systems {
        let (kind, example) = (system.kind(), json_of(&system.example())["systems"].clone());
        let fault = systems.validate(&example).err().map(|fault| fault.to_string());
        assert_eq!(fault, None, "{kind}: {example}");
        // What the reader refuses the schema refuses.
        let name = system.about().example_name;
        for setting in system.settings() {
            let mut wrong = example.clone();
            wrong[name][format!("{}x", setting.name)] = serde_json::json!(1);
            assert!(!systems.is_valid(&wrong), "{kind}: {wrong}");
            let mut wrong = example.clone();
            let keys = wrong[name].as_object_mut().expect("a table");
            keys.remove(setting.name);
            for side in ["a", "b"] {
                keys[side].as_object_mut().expect("a table").remove(setting.name);
            }
            assert_eq!(systems.is_valid(&wrong), !setting.required, "{kind}: {wrong}");
        }
    }
    for (_, action) in KINDS.actions() {
        let spec = action.spec();
        let of_step = jsonschema::validator_for(&schema["$defs"][spec.name]).expect("a schema");
        let with = json_of(&action.example());
        assert!(of_step.is_valid(&with), "{}: {with}", spec.name);
        let mut wrong = with.clone();
        wrong["no-such-setting"] = serde_json::json!(true);
        assert!(!of_step.is_valid(&wrong), "{}: {wrong}", spec.name);
    }
}
