//! The command as a person types it, on a folder on disk: makes, checks, refuses, exit codes.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use warroom::app::kinds::{read_runbook, read_site};
use warroom::commands::demo::{DemoPlan, write};
use warroom::files::shipped::DEMO_FAILOVER;

use super::tale::by_chance;
use crate::stand::HandClock;

/// A state folder with one run of the demo's plan in it.
struct Place {
    root: tempfile::TempDir,
    run: PathBuf,
}

const RUN: &str = "shop-5";

impl Place {
    fn new() -> Self {
        let root = tempfile::tempdir().expect("a folder");
        let demo = write(&root.path().join("demo"), DemoPlan::default(), &HandClock::default())
            .expect("a demo");
        let site = std::fs::read_to_string(demo.site.join("site.toml")).expect("a site file");
        let parsed = read_site(&site).expect("the demo's site");
        let runbook = read_runbook(DEMO_FAILOVER, "failover", &parsed).expect("its plan");
        let tale = by_chance(5, (parsed, runbook));
        let run = root.path().join("warroom/runs").join(RUN);
        std::fs::create_dir_all(&run).expect("a folder");
        let segment = tale.segment(&site, DEMO_FAILOVER);
        std::fs::write(run.join("site.frozen"), &site).expect("a file");
        std::fs::write(run.join("runbook.frozen"), DEMO_FAILOVER).expect("a file");
        std::fs::write(run.join(&segment.name), &segment.bytes).expect("a file");
        Self { root, run }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    fn warroom(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_warroom"))
            .args(arguments)
            .current_dir(self.root.path())
            .env("XDG_STATE_HOME", self.root.path())
            .output()
            .expect("it runs")
    }

    fn check(&self, arguments: &[&str], code: i32, wanted: &str) {
        let done = self.warroom(arguments);
        let (out, err) =
            (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
        assert_eq!(done.status.code(), Some(code), "{arguments:?}\n{out}\n{err}");
        assert!(format!("{out}{err}").contains(wanted), "{arguments:?}\n{out}\n{err}");
    }
}

fn flip(path: &Path, at: usize) {
    let mut bytes = std::fs::read(path).expect("a file");
    bytes[at] ^= 1;
    std::fs::write(path, bytes).expect("a file");
}

#[test]
fn reports_are_made_and_checked() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::new();
    for format in ["md", "html", "json"] {
        let name = format!("report.{format}");
        place.check(&["report", RUN, "--format", format, "--out", &name], 0, "");
        let mode = place.file(&name).metadata().expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let printed = place.warroom(&["report", RUN, "--format", format]);
        let written = std::fs::read(place.file(&name)).expect("it is there");
        assert_eq!(printed.stdout, written, "{format} is the same printed and written");
        place.check(&["report", "verify", &name], 0, "all as the journal tells them");
        flip(&place.file(&name), written.len() / 2);
        place.check(&["report", "verify", &name], 1, "the file was changed");
        flip(&place.file(&name), written.len() / 2);
    }
    place.check(&["report", RUN], 0, "<!-- warroom-report schema=1 format=md run=shop-5");
    place.check(&["report", "shop-6"], 64, "shop-5");
    place.check(&["report", "verify", "nothing.md"], 64, "nothing.md");
    std::fs::write(place.file("note.md"), "# a note\n").expect("a file");
    place.check(&["report", "verify", "note.md"], 1, "no seal");
}

#[test]
fn a_report_is_checked_without_the_machine_it_was_made_on() {
    let place = Place::new();
    place.check(&["report", RUN, "--out", "report.md"], 0, "");
    let elsewhere = place.file("carried");
    std::fs::rename(&place.run, &elsewhere).expect("it can be moved");
    place.check(&["report", "verify", "report.md"], 69, "nothing was compared");
    place.check(&["report", "verify", "report.md", "--journal", "carried"], 0, "as the journal");
    place.check(&["report", "verify", "report.md", "--journal", "nowhere"], 69, "nothing was");
    flip(&elsewhere.join("journal-000001.log"), 2000);
    place.check(&["report", "verify", "report.md", "--journal", "carried"], 1, "not whole");
    flip(&elsewhere.join("journal-000001.log"), 2000);
    flip(&elsewhere.join("site.frozen"), 20);
    let done = place.warroom(&["report", "verify", "report.md", "--journal", "carried"]);
    assert_eq!(done.status.code(), Some(1), "a frozen file is part of the chain");
}
