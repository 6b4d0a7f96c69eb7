//! `warroom init`: what it writes loads without a warning, keeps its secrets out, overwrites none.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use warroom::app::kinds::load;
use warroom::commands::check::{CheckSetup, check};
use warroom::commands::exit::Exit;
use warroom::commands::init::write;
use warroom::domain::site::SecretSource;
use warroom::files::shipped::SHIPPED;
use warroom::runtime::clock::SystemClock;

fn warroom(here: &Path, line: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_warroom"));
    command.args(line.split_whitespace()).current_dir(here).stdin(Stdio::null());
    command.env("XDG_STATE_HOME", here.join("state")).env("HOME", here);
    command.output().expect("it starts")
}

#[track_caller]
fn says(output: &Output, code: i32, words: &[&str]) {
    let all = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    let all = String::from_utf8_lossy(&all);
    for word in words {
        assert!(all.contains(word), "no `{word}` in\n{all}");
    }
    assert_eq!(output.status.code(), Some(code), "{all}");
}

#[test]
fn a_site_is_written_once_and_says_what_is_next() {
    let here = tempfile::tempdir().expect("a folder");
    let next = [
        "wrote sites/lms/site.toml",
        "wrote sites/lms/runbooks/failback.toml",
        "set WR_PG_READ, ",
        "write sites/lms/secrets/pg-act, sites/lms/secrets/redis-act, ",
        "sites/lms/secrets/kafka-act, sites/lms/secrets/files-act: the secret alone, mode 0600",
        "warroom check --offline --site sites/lms",
    ];
    says(&warroom(here.path(), "init --from lms"), 0, &next);
    let site = here.path().join("sites/lms/site.toml");
    let mode = std::fs::metadata(&site).expect("written").permissions().mode();
    assert_eq!(mode & 0o133, 0, "nobody else writes, nobody runs: {mode:o}");
    let there = "sites/lms/site.toml is there already, and nothing is ever overwritten";
    std::fs::write(&site, "mine").expect("writable");
    says(&warroom(here.path(), "init --from lms"), 64, &[there, "name another folder"]);
    assert_eq!(std::fs::read_to_string(&site).expect("readable"), "mine");
    says(&warroom(here.path(), "init --from lms elsewhere"), 0, &["wrote elsewhere/site.toml"]);
    says(&warroom(here.path(), "check --offline --site elsewhere"), 0, &["0 findings"]);
    let unknown = ["`lmss` is not a site that ships with the program", "did you mean `lms`?"];
    says(&warroom(here.path(), "init --from lmss"), 64, &unknown);
    // A part that is there keeps all others from being written.
    let half = here.path().join("half/runbooks");
    std::fs::create_dir_all(&half).expect("writable");
    std::os::unix::fs::symlink("/nowhere", half.join("failback.toml")).expect("a link");
    says(&warroom(here.path(), "init --from lms half"), 64, &["failback.toml is there already"]);
    assert!(!here.path().join("half/site.toml").exists());
}

#[tokio::test]
async fn every_shipped_site_is_checked_without_a_warning() {
    for shipped in SHIPPED {
        let folder = tempfile::tempdir().expect("a folder");
        write(shipped, folder.path()).expect("it is written");
        let setup = CheckSetup::new(Arc::new(SystemClock::new()));
        let report = check(folder.path(), true, &setup).await;
        assert_eq!(report.exit(), Exit::Ok, "{report}");
        let loaded = load(folder.path()).expect("it loads");
        assert!(loaded.site.secrets.iter().all(|secret| match &secret.source {
            Some(SecretSource::Environment(name)) => name.starts_with("WR_"),
            Some(SecretSource::File(path)) => path.is_relative(),
            None => false,
        }));
        for (path, text) in shipped.files {
            assert!(text.lines().all(|line| !line.ends_with(' ')), "{path}");
        }
    }
}
