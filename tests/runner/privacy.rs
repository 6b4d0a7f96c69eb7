//! A runner holds secrets: no core dump, and nobody of the same user reads its memory.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use warroom::runtime::runner::RUNNER_COMMAND;
use warroom::runtime::runner::folder::AttemptFolder;

use crate::ACT;
use crate::stage::{Stage, until};

/// The user `nobody`, for tests that run as root: the kernel says whether a process is private by
/// giving its files in `/proc` to root.
const NOBODY: u32 = 65534;

fn give(path: &Path) {
    chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            give(&entry.unwrap().path());
        }
    }
}

pub fn kept() {
    if !Path::new("/proc/self/limits").exists() {
        return;
    }
    let stage = Stage::new();
    AttemptFolder::create(&stage.dir(), &stage.intent).unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.arg(RUNNER_COMMAND).arg(stage.folder().path()).env(ACT, "child");
    command.stdin(Stdio::null());
    let is_root = rustix::process::geteuid().is_root();
    if is_root {
        let place = stage.place.as_ref().unwrap().path();
        // What cargo built may lie where only root can go.
        let program = place.join("runner");
        fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
        give(place);
        command = {
            let mut other = Command::new(&program);
            other.arg(RUNNER_COMMAND).arg(stage.folder().path()).env(ACT, "child");
            other.stdin(Stdio::null()).uid(NOBODY).gid(NOBODY);
            other
        };
    }
    let mut runner = command.spawn().unwrap();
    until("the child is up", || stage.has("up"));
    let proc = Path::new("/proc").join(runner.id().to_string());
    let limits = fs::read_to_string(proc.join("limits")).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    let words: Vec<&str> = core.split_ascii_whitespace().collect();
    assert_eq!(words[4..6], ["0", "0"], "{core}");
    let owner = |file: &str| fs::metadata(proc.join(file)).unwrap().uid();
    assert_eq!((owner("environ"), owner("mem"), owner("fd")), (0, 0, 0));
    // What it starts is found all the same, also by a user who may not read the rest.
    let session = fs::read_to_string(proc.join("stat")).unwrap();
    assert!(session.contains(&format!(" {0} {0} ", runner.id())), "{session}");
    fs::write(stage.folder().file("go"), "").unwrap();
    assert!(runner.wait().unwrap().success());
}
