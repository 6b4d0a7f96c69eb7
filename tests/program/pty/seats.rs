//! One commander of a live site on this machine, wherever state is kept and whoever asks.

use std::process::{Command, Output, Stdio};

use rustix::process::Signal;

use super::toy::{Toy, is_done};
use crate::seat::{WARROOM, until};

const RUN: [&str; 8] = [
    "run",
    "failover",
    "--unattended",
    "--planned",
    "--as",
    "anna",
    "--reason",
    "the region will be serviced",
];

/// An unattended run of the same site with another state folder.
fn elsewhere(toy: &Toy) -> Output {
    let state = tempfile::tempdir().expect("a folder");
    let mut command = Command::new(WARROOM);
    command.arg("--site").arg(toy.site()).args(RUN).env("XDG_STATE_HOME", state.path());
    command.stdin(Stdio::null()).output().expect("it starts")
}

#[test]
fn a_second_state_folder_is_no_second_commander() {
    let toy = Toy::new(0);
    let mut seat = toy.seat(&[]);
    seat.shows("[SAFE]");
    let refused = elsewhere(&toy);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(75), "{said}");
    assert!(
        said.contains("another console commands site `toy` on this machine (process "),
        "{said}"
    );
    assert!(said.contains(" of user ") && said.contains("warroom watch"), "{said}");
    // A watcher takes no seat, here or there, and another site is another one.
    let other = Toy::new(0);
    let mut second = other.seat(&[]);
    second.shows("[SAFE]");
    let mut watcher = toy.watcher();
    watcher.shows("READ-ONLY");
    for seat in [&mut watcher, &mut second, &mut seat] {
        seat.kill9();
    }
    // The kernel gave it back.
    let taken = elsewhere(&toy);
    let said = String::from_utf8_lossy(&taken.stdout).into_owned();
    assert_eq!(taken.status.code(), Some(75), "{said}");
    assert!(said.contains("A PERSON IS NEEDED"), "{said}");
    assert!(said.contains("a console on another machine is not kept from acting"), "{said}");
}

#[test]
fn what_was_printed_is_there_for_whoever_comes_later() {
    let toy = Toy::new(0);
    let mut seat = toy.seat(&[]);
    seat.declares();
    seat.arms();
    seat.runs("one", "run one");
    until("it is done", || toy.has(is_done("one")));
    seat.shows("printed by one");
    let watcher = toy.watcher();
    watcher.shows("printed by one");
    seat.signal(Signal::TERM);
    seat.ends();
    let seat = toy.seat(&[]);
    seat.shows("printed by one");
}
