//! `warroom status --json`: what it says of simulated days, and that it keeps to its schema.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use warroom::app::kinds::load;
use warroom::commands::demo::{DemoPlan, write};
use warroom::commands::exit::Exit;
use warroom::commands::status::{self, Outlook, Recalled, Status};
use warroom::domain::known::Known;
use warroom::domain::snapshot::Snapshot;
use warroom::domain::time::Stamp;
use warroom::files::site::LoadedSite;
use warroom::port::Clock;
use warroom::runtime::observations::Learned;
use warroom::runtime::redact::Redactor;

use crate::fixture::{self, DIALOGS, MOMENTS};
use crate::stand::HandClock;

fn schema_path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/status.schema.json")
}

fn validator() -> jsonschema::Validator {
    let schema: Value = serde_json::from_str(&status::schema()).expect("the schema is JSON");
    jsonschema::validator_for(&schema).expect("the schema is a schema")
}

/// What is wrong with an output, by its places.
fn faults(validator: &jsonschema::Validator, output: &Value) -> Vec<String> {
    validator.iter_errors(output).map(|e| format!("{}: {e}", e.instance_path())).collect()
}

#[test]
fn the_schema_is_kept_in_the_tree() {
    let found = status::schema();
    if std::env::var_os("WARROOM_BLESS").is_some() {
        std::fs::write(schema_path(), &found).expect("writable");
    }
    let kept = std::fs::read_to_string(schema_path()).unwrap_or_default();
    let hint = "run `WARROOM_BLESS=1 cargo test --test fast status::` and look at the change";
    assert!(kept == found, "docs/status.schema.json is behind the program; {hint}");
}

#[test]
fn every_field_is_documented() {
    let schema: Value = serde_json::from_str(&status::schema()).expect("the schema is JSON");
    let mut bare = Vec::new();
    let objects = schema["$defs"].as_object().expect("definitions").iter();
    for (name, object) in objects.chain([(&"Status".to_owned(), &schema)]) {
        for (field, about) in object["properties"].as_object().into_iter().flatten() {
            if !about["description"].is_string() && about["$ref"].is_null() {
                bare.push(format!("{name}.{field}"));
            }
        }
    }
    assert!(bare.is_empty(), "{bare:?}");
}

/// The demo's site with a world of its own.
struct Demo {
    _folder: tempfile::TempDir,
    site: LoadedSite,
    hand: Arc<HandClock>,
    snapshot: Snapshot,
}

impl Demo {
    fn new(fail_after_s: Option<u64>) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let hand = Arc::new(HandClock::at(1000));
        let fail_after = fail_after_s.map(Duration::from_secs);
        let plan = DemoPlan { seed: 3, fail_after, returns_after: None };
        let demo = write(folder.path(), plan, &*hand).expect("the demo is written");
        let site = load(&demo.site).expect("it loads");
        Self { _folder: folder, site, hand, snapshot: Snapshot::default() }
    }

    /// One round of looks a second.
    fn rounds(&mut self, count: u64) -> Status {
        let clock: Arc<dyn Clock> = Arc::<HandClock>::clone(&self.hand);
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        for _ in 0..count {
            self.hand.pass_s(1);
            let (site, mut none) = (&self.site, Learned::new());
            let look = status::look(site, &clock, Duration::ZERO, &mut none, &mut self.snapshot);
            runtime.block_on(look).expect("probes can be made");
        }
        told(&self.site, self.snapshot.clone(), clock.now())
    }
}

/// What is told of a site of which nothing is remembered.
fn told(site: &LoadedSite, snapshot: Snapshot, now: Stamp) -> Status {
    let known = Recalled::default();
    status::told(site, &known, &status::judged(site, &known, snapshot, now), now)
}

fn value(status: &Status) -> Value {
    serde_json::from_str(&status.json()).expect("the output is JSON")
}

#[test]
fn simulated_days_are_told_truly_and_keep_to_the_schema() {
    let validator = validator();
    let check = |fail_after_s: Option<u64>, rounds: u64, want: Value, exit: Exit| {
        let told = Demo::new(fail_after_s).rounds(rounds);
        let output = value(&told);
        assert_eq!(faults(&validator, &output), Vec::<String>::new());
        for (path, want) in want.as_object().expect("a table") {
            assert_eq!(output.pointer(path), Some(want), "{path} after {rounds} rounds");
        }
        assert_eq!(told.exit(), exit, "{told}");
        output
    };
    // A warm standby below full size is fit: the plan scales it.
    let calm = check(
        None,
        3,
        json!({
            "/schema": 1,
            "/site/name": "demo",
            "/site/simulated": true,
            "/active_side": "a",
            "/parts": { "a": "primary", "b": "standby" },
            "/decided_by": null,
            "/primary/state": "healthy",
            "/primary/t0": null,
            "/verdict/word": "go",
            "/verdict/not_met": 0,
            "/if_failed_now/runbook": "failover",
            "/if_failed_now/rto_s": 600.0,
            "/run": null,
            "/systems/2/id": "pg",
            "/systems/2/a/role": "primary",
            "/systems/2/b/role": "standby",
        }),
        Exit::Ok,
    );
    let loss = calm["if_failed_now"]["worst_store"]["loss_s"].as_f64().expect("it is known");
    assert!(loss > 0.0 && loss < 300.0, "{loss}");
    let asks: BTreeSet<&str> = calm["criteria"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|line| line["key"].as_str())
        .collect();
    assert!(asks.contains("plan/DNS in B answers"), "{asks:?}");
    assert!(asks.contains("capacity/pods/b"), "{asks:?}");
    // One round cannot make a rule speak that wants three looks, and is not called healthy.
    let suspect = json!({ "/primary/state": "suspect", "/primary/t0": null });
    check(Some(0), 1, suspect, Exit::Finding);
    let red = check(
        Some(2),
        6,
        json!({
            "/primary/state": "red",
            "/parts": { "a": "was_primary", "b": "standby" },
            "/primary/called_red_since": null,
            "/primary/t0_basis": "exact",
            "/if_failed_now": null,
            "/ledger/frozen": true,
        }),
        Exit::Finding,
    );
    assert!(red["primary"]["elapsed_s"].as_f64().expect("known") >= 2.0, "{}", red["primary"]);
    assert!(red["primary"]["signals"].as_array().expect("a list").len() >= 2);
}

#[test]
fn a_round_is_counted_only_once_every_system_was_heard() {
    let told = Demo::new(None).rounds(1);
    for system in &told.systems {
        for cell in [&system.a, &system.b].into_iter().flatten() {
            assert_eq!(cell.heard_age_s, Some(0.0), "{}", system.id);
        }
    }
    assert_eq!(told.reference.why, None);
}

#[test]
fn nothing_that_answers_is_an_exit_of_its_own() {
    let mut demo = Demo::new(None);
    let now = demo.rounds(1).exit();
    assert_eq!(now, Exit::Ok);
    let nobody = told(&demo.site, Snapshot::default(), demo.hand.now());
    assert_eq!(nobody.exit(), Exit::Unreachable);
    assert_eq!(faults(&validator(), &value(&nobody)), Vec::<String>::new());
}

#[cfg(feature = "aws")]
#[test]
fn what_stands_in_for_a_provider_is_told_before_anything_was_heard() {
    use warroom::domain::report::Report;
    use warroom::domain::site::Site;
    const URL: &str = "http://127.0.0.1:9";
    let folder = tempfile::tempdir().expect("a folder for the test");
    let site = format!(
        "schema = 1\nname = \"shop\"\nred_needs_signals = 1\n\
         people.anna = {{ roles = [\"commander\"], may_declare = true }}\n\
         objectives.core = {{ rto = \"10m\", rpo = \"5m\" }}\n\
         regions.a = {{ starts_as = \"primary\" }}\nregions.b = {{ starts_as = \"standby\" }}\n\
         rules.down = {{ system = \"db\", failures = 3 }}\n\
         [systems.db]\nkind = \"rds\"\ninstance = \"db\"\n\
         a = {{ region = \"eu-west-1\" }}\nb = {{ region = \"us-east-1\", endpoint = \"{URL}\" }}\n\
         [systems.files]\nkind = \"s3\"\nregion = \"eu-west-1\"\n\
         a = {{ bucket = \"one\", endpoint = \"{URL}\" }}\n\
         b = {{ bucket = \"two\", endpoint = \"{URL}\" }}\n"
    );
    std::fs::create_dir(folder.path().join("runbooks")).expect("writable");
    std::fs::write(folder.path().join("site.toml"), site).expect("writable");
    let loaded = load(folder.path()).expect("it loads");
    let told = told(&loaded, Snapshot::default(), HandClock::at(1000).now());
    let output = value(&told);
    assert_eq!(faults(&validator(), &output), Vec::<String>::new());
    // S3 is spoken by many: whoever keeps his buckets elsewhere does so in production.
    assert_eq!(output["site"]["endpoint_overrides"], json!(["db"]));
    let of =
        |system: usize, side: &str| output["systems"][system][side]["endpoint_override"].clone();
    assert_eq!((of(0, "a"), of(0, "b")), (Value::Null, json!(URL)));
    assert_eq!((of(1, "a"), of(1, "b")), (Value::Null, Value::Null));
    assert!(told.to_string().contains("ENDPOINT OVERRIDE, no production: db\n"), "{told}");
    let reported = |site: &Site| {
        let fixture = fixture::of("close").expect("the moment exists");
        let run = fixture.run.expect("a run");
        let report = Report::of(&run, &fixture.runbooks[0], site);
        report.claim("run.overrides").map(|claim| claim.value.to_string())
    };
    assert_eq!(reported(&loaded.site), Some(format!("db in B at {URL}; no production")));
    assert_eq!(reported(&fixture::of("close").expect("the moment exists").site), None);
}

/// The status of a made-up moment.
fn moment(name: &str, redact: &Redactor) -> Status {
    let fixture = fixture::of(name).expect("the moment exists");
    status::status(&Outlook {
        known: Known { run: fixture.known().open_run(), ..fixture.known() },
        simulated: false,
        journal: "the journal is whole",
        trouble: None,
        elsewhere: None,
        redact,
    })
}

#[test]
fn every_moment_keeps_to_the_schema() {
    let (validator, redact) = (validator(), Redactor::new(&[]));
    for known in MOMENTS.iter().chain(DIALOGS) {
        let output = value(&moment(known.name, &redact));
        assert_eq!(faults(&validator, &output), Vec::<String>::new(), "{}", known.name);
    }
    let healthy = moment("healthy", &redact);
    assert_eq!(healthy.exit(), Exit::Ok, "{healthy}");
    let accepted = value(&moment("accepted", &redact));
    assert_eq!(accepted["verdict"]["sum"], "NO-GO, 1 of 2 accepted by anna");
    assert_eq!(accepted["criteria"][0]["accepted"]["drift"], "worse");
    assert_eq!(accepted["run"]["stage"], "declared");
}

#[test]
fn a_mutilated_output_is_refused() {
    let validator = validator();
    let whole = value(&moment("running", &Redactor::new(&[])));
    assert!(validator.is_valid(&whole));
    let check = |path: &str, put: Option<Value>| {
        let mut output = whole.clone();
        let (parent, field) = path.rsplit_once('/').expect("a path");
        let parent = output.pointer_mut(parent).expect("it is there");
        let parent = parent.as_object_mut().expect("an object");
        assert!(parent.contains_key(field), "{path}");
        match put {
            Some(value) => parent.insert(field.to_owned(), value),
            None => parent.remove(field),
        };
        assert!(!validator.is_valid(&output), "{path} was not missed");
    };
    for path in ["/schema", "/primary", "/verdict/word", "/systems", "/ledger/rows", "/run/rto_s"] {
        check(path, None);
    }
    check("/schema", Some(json!(2)));
    check("/primary/state", Some(json!("fine")));
    check("/verdict/met", Some(json!(-1)));
    check("/systems/0/a/state", Some(json!(null)));
    check("/alarms/0/priority", Some(json!(4)));
    check("/run/elapsed_s", Some(json!("a while")));
}

#[test]
fn no_secret_is_told() {
    let canary = "canary-7f3a-status";
    let mut fixture = fixture::of("healthy").expect("the moment exists");
    let evil = format!("answered postgres://wr:{canary}@db/x and {canary}");
    for criterion in &mut fixture.assessment.criteria {
        criterion.evidence = evil.as_str().into();
    }
    let redact = Redactor::new(&[canary.to_owned().into()]);
    let told = status::status(&Outlook {
        known: Known { runbook: None, run: None, ..fixture.known() },
        simulated: false,
        journal: "",
        trouble: Some(&evil),
        elsewhere: Some(&evil),
        redact: &redact,
    });
    for text in [told.json(), told.to_string()] {
        assert!(!text.contains(canary), "{text}");
        assert!(text.contains("[redacted]"), "{text}");
    }
}
