//! `warroom status` as the program answers it: what it prints, and its exit code.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use warroom::commands::demo::{DemoPlan, write};
use warroom::commands::status;
use warroom::runtime::clock::SystemClock;

/// The program with a state folder of its own and no terminal.
fn program(state: &Path, words: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_warroom"));
    command.args(words).env("XDG_STATE_HOME", state).env_remove("WARROOM_SITE");
    let done = command.stdin(Stdio::null()).output().expect("it runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (done.status.code().expect("a code"), text(&done.stdout), text(&done.stderr))
}

#[test]
fn the_program_answers_by_its_exit_code() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let clock = SystemClock::new();
    let plan = DemoPlan { seed: 3, fail_after: None, returns_after: None };
    let demo = write(folder.path(), plan, &clock).expect("the demo is written");
    let site = demo.site.to_str().expect("a path in UTF-8");
    let check = |words: &[&str], code: i32, said: &str| {
        let (found, out, err) = program(folder.path(), words);
        assert_eq!(found, code, "{words:?}\n{out}\n{err}");
        assert!(format!("{out}{err}").contains(said), "{words:?}\n{out}\n{err}");
        out
    };
    check(&["status", "--site", site], 0, "primary    healthy");
    let json = check(&["status", "--json", "--site", site], 0, "\"schema\": 1");
    let output: Value = serde_json::from_str(&json).expect("one object and nothing else");
    let schema: Value = serde_json::from_str(&status::schema()).expect("the schema is JSON");
    let schema = jsonschema::validator_for(&schema).expect("the schema is a schema");
    let faults: Vec<String> = schema.iter_errors(&output).map(|fault| fault.to_string()).collect();
    assert_eq!(faults, Vec::<String>::new());
    assert_eq!(check(&["schema", "status"], 0, "Status"), status::schema());
    check(&["status", "--site", "/nowhere"], 78, "nowhere");
    check(&["--site", site], 64, "warroom status --json");
    check(&["watch", "--site", site], 64, "warroom status --json");
    let kept = folder.path().join("warroom/sites/demo");
    let files = std::fs::read_dir(&kept).expect("it remembers what it saw");
    let names: Vec<_> = files.map(|file| file.expect("a name").file_name()).collect();
    assert_eq!(names, ["observations.json"], "and leaves nothing else behind");
}
