//! Files that people write: good ones are read as meant, faulty ones are refused at their place.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use warroom::domain::catalogue::{Class, Guard};
use warroom::domain::ids::{Side, StepId};
use warroom::domain::runbook::{
    Amount, Bound, Compensation, Exact, Place, Ungraceful, UngracefulGate,
};
use warroom::domain::settings::Fault;
use warroom::domain::site::{RuleTest, SecretSource};
use warroom::files::site::LoadedSite;
use warroom::files::{runbook, site, toml_tree};

use crate::toy::TOYS;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files").join(name)
}

fn valid() -> LoadedSite {
    site::load(&folder("valid"), TOYS).expect("the valid site loads")
}

#[test]
fn a_site_is_read_as_meant() {
    let LoadedSite { site, runbooks, site_text, runbook_texts, .. } = valid();
    assert_eq!((site.name.as_str(), site.title.as_str()), ("shop", "Web shop"));
    assert_eq!(site.starts_primary(), Side::A);
    assert_eq!(site.rto(), Some(Duration::from_secs(3600)));
    let names: Vec<&str> = site.systems.iter().map(|system| system.id.as_str()).collect();
    assert_eq!(names, ["web", "pg", "only-b"], "in the order written");
    assert_eq!(site.systems[1].every, Duration::from_secs(5), "the default");
    assert_eq!(site.systems[1].timeout, Duration::from_secs(3), "the default");
    assert!(site.systems[0].settings.get("path").is_some());
    assert!(site.systems[0].settings.get("kind").is_none());
    assert!(site.systems[2].sides[0].is_none() && site.systems[2].sides[1].is_some());
    let secret = SecretSource::Environment("WR_HOOK".into());
    assert_eq!(site.secrets[2].source, Some(secret));
    let slow = RuleTest::P95 {
        over: Duration::from_secs(10),
        window: Duration::from_secs(60),
        min_samples: 10,
    };
    assert_eq!(site.rules[3].test, slow);
    assert_eq!(site.rules.len(), 7);
    assert!(site_text.starts_with("#:schema"));
    let names: Vec<&str> = runbooks.iter().map(|runbook| runbook.name.as_str()).collect();
    assert_eq!(names, ["failback", "failover"]);
    assert!(runbook_texts[1].contains("Fail over to B"));
}

#[test]
fn a_runbook_is_read_as_meant() {
    let loaded = valid();
    let (failover, text) = loaded.runbook("failover").expect("it is there");
    let [look, fence, promote, dns] = failover.steps.as_slice() else { panic!("four steps") };
    assert_eq!((look.needs.len(), fence.needs.len()), (0, 0));
    assert_eq!((look.expect, look.timeout), (Duration::from_secs(30), Duration::from_secs(30)));
    assert!(look.optional && look.compensation == Compensation::NotNeeded);
    assert_eq!(fence.ungraceful, Ungraceful::Waive);
    assert!(matches!(&fence.compensation, Compensation::Action { action, .. }
        if action.name == "toy.run"));
    assert_eq!(promote.compensation, Compensation::None("rebuild A from B, about 45 min".into()));
    assert_eq!((promote.class, promote.guard), (Class::X, Guard::TypedVerb));
    assert!(promote.second_person);
    let id = |name: &str| StepId::new(name).expect("a name");
    assert_eq!(dns.needs, [id("promote-pg")], "the step before it, when nothing is said");
    assert_eq!((dns.class, dns.guard), (Class::X, Guard::TypedVerb), "stricter by the plan");
    let bounds: Vec<_> = promote.gates.iter().map(|gate| (&gate.bound, &gate.ungraceful)).collect();
    let zero = Bound::AtMost(Amount::Time(Duration::ZERO));
    let ledger = UngracefulGate::Ledger { at_most: Duration::from_secs(300) };
    assert_eq!(bounds[0], (&zero, &Some(ledger)));
    let half = UngracefulGate::Weaker(Bound::AtLeast(Amount::Number(0.5)));
    assert_eq!(bounds[1], (&Bound::AtLeast(Amount::Number(0.8)), &Some(half)));
    let primary = Bound::Is(Exact::Word("primary".into()));
    assert_eq!(bounds[2], (&primary, &Some(UngracefulGate::Skip)));
    assert_eq!(bounds[3], (&Bound::Is(Exact::Integer(2)), &None));
    assert_eq!(bounds[4].0, &Bound::AtLeast(Amount::Number(10.0 * 1024.0 * 1024.0 * 1024.0)));
    let asked = promote.gates.iter().filter(|gate| gate.bound == Bound::NotOpen);
    let asked: Vec<_> = asked.map(|gate| (gate.system.as_str(), gate.place)).collect();
    assert_eq!(asked, [("pg", Place::From)], "every promotion asks the other side");
    assert_eq!(failover.hash, runbook::hash(text));
    assert_eq!(failover.hash.len(), runbook::HASH_DIGITS);
}

#[test]
fn a_lossy_variant_is_read_as_meant() {
    let text = std::fs::read_to_string(folder("valid/runbooks/failover.toml")).expect("readable");
    let lossy = "ungraceful = { action = \"toy.promote\", timeout = \"1m\", class = \"X\" }\n";
    let old = "needs = [\"fence\", \"look\"]\n";
    let text = text.replace(old, &format!("{old}{lossy}"));
    let site = valid().site;
    let book = runbook::parse_all(&text, "failover", &site, TOYS).expect("it is right");
    let id = StepId::new("promote-pg").expect("a name");
    let step = book.step(&id).expect("it is there").in_mode(false);
    let variant = book.step(&id).expect("it is there").in_mode(true);
    assert_eq!(step.timeout, Duration::from_secs(300));
    let times = (variant.expect, variant.timeout);
    assert_eq!(times, (Duration::from_secs(60), Duration::from_secs(60)), "cut to its limit");
    assert_eq!(variant.ungraceful, Ungraceful::VariantOf(step.action));
    assert_eq!(variant.compensation, step.compensation, "the step's, where it says none");
    assert_eq!((&variant.gates, &variant.needs), (&step.gates, &step.needs));
    assert_eq!(book.resolved(|_| true).step(&id), Some(variant));
    assert_eq!(book.resolved(|_| false), book);
    let look = book.step(&StepId::new("look").expect("a name")).expect("it is there");
    assert_eq!(look.in_mode(true), look);
}

#[test]
fn a_plan_writes_go_criteria_of_its_own() {
    let loaded = valid();
    let (failover, _) = loaded.runbook("failover").expect("it is there");
    let told: Vec<String> = failover
        .go
        .iter()
        .map(|line| format!("{}: {} {}", line.title, line.gate.system, line.gate.bound.words()))
        .collect();
    assert_eq!(told, ["B follows closely: pg at most 60s", "B answers: web is yes"]);
    let ledger = UngracefulGate::Ledger { at_most: Duration::from_secs(300) };
    assert_eq!(failover.go[0].gate.ungraceful, Some(ledger));
}

#[test]
fn a_hash_is_the_known_one() {
    // FIPS 180-2, appendix B.1: SHA-256 of "abc" begins with ba7816bf 8f01cfea.
    assert_eq!(runbook::hash("abc"), "ba7816bf8f01");
}

/// Every faulty file ends with the faults it must be refused with, each as `# fault: place: text`.
#[test]
fn faulty_files_are_refused_at_the_right_place() {
    let site = valid().site;
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder("faulty"))
        .expect("the folder is there")
        .map(|entry| entry.expect("readable").path())
        .collect();
    paths.sort();
    assert!(paths.len() >= 40, "only {} faulty files", paths.len());
    let mut wrong = String::new();
    for path in paths {
        let text = toml_tree::read(&path).expect("readable");
        let stem = path.file_stem().and_then(|stem| stem.to_str()).expect("a name");
        let found = if stem.starts_with("site-") {
            site::parse_all(&text, TOYS).expect_err(stem)
        } else {
            runbook::parse_all(&text, "plan", &site, TOYS).expect_err(stem)
        };
        let told = found.iter().fold(String::new(), |all, fault| all + &line(fault, &text));
        let want: String = text
            .lines()
            .filter(|line| line.starts_with("# fault: "))
            .fold(String::new(), |all, line| all + line + "\n");
        if told != want || want.is_empty() {
            let _ = writeln!(wrong, "== {stem}\ntold:\n{told}wanted:\n{want}");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

fn line(fault: &Fault, text: &str) -> String {
    let (line, column) = fault.line_column(text);
    format!("# fault: {line}:{column}: {}\n", fault.message)
}

#[test]
fn each_faulty_file_of_a_folder_is_named() {
    let check = |changes: &[(&str, &str, &str)], want: &[&str]| {
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(dir.path().join("runbooks")).expect("a folder");
        for file in ["site.toml", "runbooks/failover.toml", "runbooks/failback.toml"] {
            let mut text = std::fs::read_to_string(folder("valid").join(file)).expect("readable");
            for (name, old, new) in changes {
                if *name == file {
                    assert!(text.contains(old), "{old}");
                    text = text.replace(old, new);
                }
            }
            std::fs::write(dir.path().join(file), text).expect("writable");
        }
        let told = match site::load(dir.path(), TOYS) {
            Ok(_) => Vec::new(),
            Err(faults) => faults
                .iter()
                .map(|fault| {
                    let text = fault.to_string();
                    let root = format!("{}/", dir.path().display());
                    text.strip_prefix(&root).unwrap_or(&text).to_owned()
                })
                .collect(),
        };
        assert_eq!(told, want);
    };
    check(&[], &[]);
    check(
        &[("runbooks/failover.toml", "back = \"failback\"", "back = \"failbak\"")],
        &["runbooks/failover.toml:6:8: `failbak` is not a runbook of this site; \
           did you mean `failback`?"],
    );
    check(
        &[("runbooks/failback.toml", "from = \"b\"\nto = \"a\"", "from = \"a\"\nto = \"b\"")],
        &[
            "runbooks/failback.toml:5:8: `failover` leads from A to B; \
             the way back must lead from B to A",
            "runbooks/failover.toml:6:8: `failback` leads from A to B; \
             the way back must lead from B to A",
        ],
    );
    check(
        &[
            ("site.toml", "toy-store", "toy-stor"),
            ("runbooks/failover.toml", "id = \"look\"", "id = look"),
        ],
        &[
            "site.toml:23:8: `toy-stor` is not a kind of system; did you mean `toy-store`?",
            "runbooks/failover.toml:14:6: this is not TOML: string values must be quoted, \
             expected literal string",
        ],
    );
}

#[test]
fn unreadable_files_say_why() {
    let dir = tempfile::tempdir().expect("a folder");
    let check = |bytes: Option<&[u8]>, want: &str| {
        if let Some(bytes) = bytes {
            std::fs::write(dir.path().join("site.toml"), bytes).expect("writable");
        }
        let faults = site::load(dir.path(), TOYS).expect_err(want);
        let told = faults[0].to_string();
        assert!(told.contains(want), "{told}");
    };
    check(None, "site.toml:1:1: the file cannot be read: No such file");
    check(Some(b"schema = 1\nname = \"\xff\""), "site.toml:2:9: the file must be UTF-8 text");
    let large = vec![b'#'; 2 << 20];
    check(Some(&large), "site.toml:1:1: the file has 2097152 bytes");
}
