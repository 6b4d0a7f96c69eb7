//! What the commands print as a person sees it: whole lines, what could not be seen, where it is.

use std::path::Path;
use std::process::{Command, Output};

use warroom::files::shipped::SHIPPED;

/// The shipped shop with every peer silent, changed as a person might.
fn shop(dir: &Path, changes: &[(&str, &str)]) {
    let shop = SHIPPED.iter().find(|one| one.name == "shop").expect("it ships");
    for (path, text) in shop.files {
        let mut text = text
            .replace("https://a.shop.example.com", "http://127.0.0.1:9")
            .replace("https://b.shop.example.com", "http://127.0.0.1:9")
            .replace("https://reference.example", "http://127.0.0.1:9");
        for host in ["pg-a", "pg-b", "redis-a", "redis-b"] {
            text = text.replace(&format!("{host}.shop.example.com\""), "127.0.0.1:9\"");
        }
        for server in ["192.0.2.53", "198.51.100.53", "192.0.2.101", "198.51.100.101"] {
            text = text.replace(server, "127.0.0.1:9");
        }
        text = text.replace("file = \"secrets/pg-act\"", "env = \"WR_ANY\"");
        text = text.replace("file = \"secrets/redis-act\"", "env = \"WR_ANY\"");
        for (old, new) in changes {
            text = text.replace(old, new);
        }
        let path = dir.join("site").join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("writable");
        std::fs::write(path, text).expect("writable");
    }
}

fn ask(dir: &Path, line: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_warroom"));
    command.args(line.split_whitespace()).current_dir(dir);
    command.env("XDG_STATE_HOME", dir.join("state")).env("XDG_CONFIG_HOME", dir.join("config"));
    for name in ["WR_ANY", "WR_PG_READ", "WR_REDIS_READ"] {
        command.env(name, "canary");
    }
    command.output().expect("it starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn every_command_ends_its_last_line() {
    let place = tempfile::tempdir().expect("a folder");
    shop(place.path(), &[]);
    let lines = [
        "check --offline --site site",
        "check --site site",
        "check --site nowhere",
        "status --site site",
        "status --json --site site",
        "history --site site",
        "history --json",
        "schema status",
        "systems list",
        "systems show postgres",
        "systems show nothing",
        "run failover --dry-run --planned --site site",
        "report no-such-run",
        "init --from shop new",
        "init --from shop new",
        "init --from nothing",
    ];
    for line in lines {
        let Output { stdout, stderr, .. } = ask(place.path(), line);
        let all = [&stdout, &stderr].map(|bytes| text(bytes));
        assert!(all.iter().any(|part| !part.is_empty()), "{line} is silent");
        for part in all.iter().filter(|part| !part.is_empty()) {
            assert!(part.ends_with('\n') && !part.ends_with("\n\n"), "{line}:\n{part}");
        }
    }
    let nothing = tempfile::tempdir().expect("a folder");
    let told = text(&ask(nothing.path(), "check").stderr);
    for word in ["no site found", "warroom demo", "warroom init --from shop"] {
        assert!(told.contains(word), "{told}");
    }
}

#[test]
fn a_dry_run_that_could_not_look_is_not_well() {
    let place = tempfile::tempdir().expect("a folder");
    shop(place.path(), &[]);
    let Output { status, stdout, .. } =
        ask(place.path(), "run failover --dry-run --planned --site site");
    let told = text(&stdout);
    for word in [
        "of 10 steps could not be looked at",
        "unseen    step 1 Keep PostgreSQL in A from writing: ",
        "more, `UNKNOWN`",
    ] {
        assert!(told.contains(word), "no `{word}` in\n{told}");
    }
    assert_eq!(status.code(), Some(69), "{told}");
    assert!(!told.contains("all well"), "{told}");
}

/// A secret that cannot be opened is a right that is missing, and no fault of the program.
#[test]
fn a_secret_that_is_not_there_is_told_with_the_code_of_check() {
    let place = tempfile::tempdir().expect("a folder");
    shop(place.path(), &[("WR_PG_READ", "WR_NOT_SET")]);
    let missing = "secret `pg-read`: the environment variable WR_NOT_SET is not set";
    let check = |line: &str, words: &[&str]| {
        let Output { status, stdout, stderr } = ask(place.path(), line);
        let told = format!("{}{}", text(&stdout), text(&stderr));
        for word in words.iter().chain([&missing]) {
            assert!(told.contains(word), "{line}: no `{word}` in\n{told}");
        }
        assert_eq!(status.code(), Some(77), "{line}: {told}");
    };
    check("check --site site", &["refused"]);
    check("status --site site", &["warroom: system `pg`: "]);
    let plan = ["dry run of failover", "longest chain ", "refused   secret `pg-read`", "77"];
    check("run failover --dry-run --planned --site site", &plan);
    check("run failover --unattended --planned --reason a_drill_now --as anna --site site", &[]);
}

#[test]
fn what_is_missing_at_a_target_is_told_where_the_plan_names_it() {
    let place = tempfile::tempdir().expect("a folder");
    shop(place.path(), &[(", act = \"pg-act\"", "")]);
    let told = text(&ask(place.path(), "check --offline --site site").stdout);
    let plan = std::fs::read_to_string(place.path().join("site/runbooks/failover.toml"));
    let plan = plan.expect("it is written");
    let faults: Vec<&str> = told.lines().filter(|line| line.contains("needs `act`")).collect();
    let faults = faults.iter().filter(|line| line.contains("/failover.toml:"));
    let mut found = 0;
    for fault in faults {
        let (_, place) = fault.split_once("/failover.toml:").expect("its place");
        let line: usize = place.split(':').next().and_then(|n| n.parse().ok()).expect("a line");
        let line = plan.lines().nth(line - 1).expect("it is there");
        assert!(line.starts_with("target = { system = \"pg\""), "{fault}: {line}");
        found += 1;
    }
    assert_eq!(found, 3, "fence, promotion and test, each once:\n{told}");
}

#[test]
fn an_answer_that_cannot_be_written_is_none() {
    let place = tempfile::tempdir().expect("a folder");
    shop(place.path(), &[]);
    let full = || std::fs::OpenOptions::new().write(true).open("/dev/full").expect("it is there");
    for line in [
        "check --offline --site site",
        "status --site site",
        "history --json",
        "schema status",
        "systems list",
        "systems show postgres",
        "run failover --dry-run --planned --site site",
        "init --from lms",
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_warroom"));
        command.args(line.split_whitespace()).current_dir(place.path());
        command.env("XDG_STATE_HOME", place.path().join("state")).stdout(full());
        for name in ["WR_ANY", "WR_PG_READ", "WR_REDIS_READ"] {
            command.env(name, "canary");
        }
        let done = command.stderr(std::process::Stdio::piped()).output().expect("it starts");
        let said = text(&done.stderr);
        assert_eq!(done.status.code(), Some(75), "{line}: {said}");
        assert!(said.contains("failed to write the answer: No space left"), "{line}: {said}");
    }
}

#[test]
fn the_log_tells_what_was_met_and_no_secret() {
    let place = tempfile::tempdir().expect("a folder");
    let dir = place.path();
    shop(dir, &[]);
    assert!(text(&ask(dir, "log").stdout).starts_with("Nothing was logged yet in "));
    ask(dir, "status --site site");
    let check = |line: &str, holds: &[&str], lacks: &[&str]| {
        let told = ask(dir, line);
        let told = (told.status.code(), text(&told.stdout), text(&told.stderr));
        assert_eq!(told.0, Some(0), "{told:?}");
        assert!(holds.iter().all(|word| told.1.contains(word)), "{line}: {told:?}");
        assert!(!lacks.iter().any(|word| told.1.contains(word)), "{line}: {told:?}");
    };
    let met = ["WARN", "system=\"pg\" side=A", "127.0.0.1:9", "refused"];
    check("log", &met, &["canary", "ERROR"]);
    check("log --level warn", &met, &["INFO"]);
    check("log --level error", &[], &["WARN"]);
    check("log --last 1", &["system="], &["\n20"]);
    let mut wrong = Command::new(env!("CARGO_BIN_EXE_warroom"));
    wrong.args(["systems", "list"]).env("WARROOM_LOG", "warroom=loud").current_dir(dir);
    let told = wrong.output().expect("it starts");
    assert_eq!(told.status.code(), Some(64));
    assert!(text(&told.stderr).contains("WARROOM_LOG is no filter"), "{told:?}");
}
