//! A state folder on a disk that is full: what is said, what is left behind, and that it goes on.

use std::io::{BufRead as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{Ended, PLANNED, Place, folders};

/// A small disk of its own at a place's state folder; taken off again when dropped.
struct Disk {
    path: PathBuf,
}

impl Disk {
    /// None where this account may not mount one; a strict run fails then.
    fn mount(place: &Place) -> Option<Self> {
        let path = place.path("state");
        std::fs::create_dir(&path).expect("a folder");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=1m", "none"]).arg(&path).stderr(Stdio::null());
        if mount.status().is_ok_and(|status| status.success()) {
            return Some(Self { path });
        }
        let strict = std::env::var("WARROOM_REAL").as_deref() == Ok("strict");
        assert!(!strict, "a disk cannot be mounted: a strict run tests everything");
        eprintln!("not tested: a full disk, as this account may not mount one");
        None
    }

    fn fill(&self) {
        let mut file = std::fs::File::create(self.path.join("filler")).expect("a file");
        while file.write_all(&[1; 4096]).is_ok() {}
    }

    fn make_room(&self) {
        std::fs::remove_file(self.path.join("filler")).expect("it is there");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.path).status();
    }
}

fn segments(run: &Path) -> usize {
    let names = std::fs::read_dir(run).expect("a run").map(|entry| entry.expect("one").file_name());
    names.filter(|name| name.to_string_lossy().starts_with("journal-")).count()
}

const FULL: [&str; 2] = ["the disk is full", "make room"];

#[test]
fn nothing_can_be_opened_on_it_and_that_is_said_once() {
    let place = Place::new(&[], None);
    let Some(disk) = Disk::mount(&place) else { return };
    let runs = place.path("state/warroom/runs");
    disk.fill();
    place.run(PLANNED).says(75, &FULL);
    assert!(folders(&runs).len() <= 1, "one try, one folder: {:?}", folders(&runs));
    disk.make_room();
    place.run(PLANNED).says(0, &["CLOSED"]);
}

#[test]
fn an_open_run_waits_for_room_and_goes_on() {
    let place = Place::new(&[], None);
    let Some(disk) = Disk::mount(&place) else { return };
    place.run(&format!("{PLANNED} --until fence-a")).says(0, &["STOPPED as asked"]);
    let run = folders(&place.path("state/warroom/runs")).pop().expect("one run");
    disk.fill();
    for _ in 0..3 {
        place.run("run failover --unattended --as anna").says(75, &FULL);
    }
    assert!(segments(&run) <= 4, "{} segments", segments(&run));
    disk.make_room();
    place.run("run failover --unattended --as anna").says(0, &["goes on with run", "CLOSED"]);
    assert_eq!(place.attempts("fence-a"), 1, "no step twice");
}

#[test]
fn a_disk_that_fills_while_a_step_runs_costs_no_outcome_and_few_segments() {
    let place = Place::new(&[], None);
    let Some(disk) = Disk::mount(&place) else { return };
    let mut child = place.start(PLANNED);
    let told = child.stdout.take().expect("it is piped");
    let mut lines = std::io::BufReader::new(told).lines().map(|line| line.expect("text"));
    assert!(lines.any(|line| line.contains("1 Fence region A attempt 1 is running")), "no fence");
    disk.fill();
    let rest: Vec<String> = lines.collect();
    let ended = Ended::of(&child.wait_with_output().expect("it ends"));
    assert_eq!(ended.code, 75, "{rest:?} {}", ended.all);
    assert!(rest.iter().any(|line| FULL.iter().all(|word| line.contains(word))), "{rest:?}");
    let run = folders(&place.path("state/warroom/runs")).pop().expect("one run");
    assert!(segments(&run) <= 3, "{} segments", segments(&run));
    disk.make_room();
    place.run("run failover --unattended --as anna").says(0, &["goes on with run", "CLOSED"]);
    assert_eq!(place.attempts("fence-a"), 1, "no step twice");
}
