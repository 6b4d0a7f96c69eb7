//! Which run is open, whatever the wall clock said when the others were opened.

use std::path::{Path, PathBuf};

use warroom::domain::ids::Side;
use warroom::domain::run::event::Body;
use warroom::port::Clock as _;
use warroom::runtime::clock::SystemClock;
use warroom::runtime::journal::{self, lock::Lock};
use warroom::runtime::observations::{Keeper, Observations};

use super::{PLANNED, Place, folders};

/// Sorts after every run that is opened in this century.
const FUTURE: &str = "pair-20991231-235959";

impl Place {
    fn runs(&self) -> PathBuf {
        self.path("state/warroom/runs")
    }

    /// A closed run, made elsewhere and put here under a name of the future.
    fn with_closed_run_of_the_future(&self) {
        let other = Self::new(&[], None);
        other.run(PLANNED).says(0, &["CLOSED"]);
        let run = folders(&other.runs()).pop().expect("one run");
        std::fs::create_dir_all(self.runs()).expect("a folder");
        copy(&run, &self.runs().join(FUTURE));
        // Since then A was seen to serve again.
        let at = SystemClock::new().now();
        let (snapshot, day, spells, learned) = Default::default();
        let seen = Observations {
            saved: at,
            snapshot,
            red: None,
            ledger: None,
            active: Some(Side::A),
            active_at: Some(at),
            day,
            spells,
            learned,
        };
        let memory = self.runs().with_file_name("sites").join("pair");
        Keeper::start(&memory).expect("a folder").keep(seen);
    }

    fn open_run(&self) -> PathBuf {
        self.run(&format!("{PLANNED} --until fence-a")).says(0, &["STOPPED as asked, 1 of 4"]);
        folders(&self.runs()).pop().expect("one run")
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder").map(|entry| entry.expect("an entry")) {
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy(&from, &to);
        } else {
            std::fs::copy(&from, &to).expect("a copy");
        }
    }
}

fn fences(run: &Path) -> usize {
    let fence =
        |body: &Body| matches!(body, Body::Intended { step, .. } if step.as_str() == "fence-a");
    journal::read(run).expect("it is read").events.iter().filter(|one| fence(&one.body)).count()
}

fn name(run: &Path) -> String {
    run.file_name().expect("a name").to_string_lossy().into_owned()
}

#[test]
fn an_open_run_is_found_although_another_one_has_a_later_name() {
    let place = Place::new(&[], None);
    let open = place.open_run();
    place.with_closed_run_of_the_future();
    let goes_on = format!("goes on with run {}", name(&open));
    place.run("run failover --unattended --as anna").says(0, &[&goes_on, "CLOSED"]);
    assert_eq!(fences(&open), 1, "no step twice");
    assert_eq!(folders(&place.runs()).len(), 2, "no other run was opened");
}

#[test]
fn a_new_run_is_named_after_the_last_one() {
    let place = Place::new(&[], None);
    place.with_closed_run_of_the_future();
    let behind = format!("the wall clock is behind run {FUTURE}: this one is named after it");
    place.run(PLANNED).says(0, &[&behind, "CLOSED run pair-21000101-000000"]);
}

#[test]
fn two_open_runs_are_one_too_many() {
    let place = Place::new(&[], None);
    let open = place.open_run();
    copy(&open, &place.runs().join(FUTURE));
    let (first, second) = (format!("{} (opened ", name(&open)), format!("{FUTURE} (opened "));
    let words = ["2 runs of site `pair` are open", &first, &second, "move the folder", "over"];
    place.run("run failover --unattended --as anna").says(75, &words);
    assert_eq!((fences(&open), folders(&place.runs()).len()), (1, 2), "nothing was begun");
}

#[test]
fn nothing_begins_while_a_step_of_a_closed_run_still_runs() {
    let place = Place::new(&[], None);
    place.with_closed_run_of_the_future();
    let lock = place.runs().join(FUTURE).join("attempts/shift/1/lock");
    let held = Lock::try_take(&lock).expect("a lock").expect("it is free");
    let still = format!("step `shift` of run {FUTURE} still runs (attempt 1, process ");
    place.run(PLANNED).says(75, &[&still, "wait for its end"]);
    assert_eq!(folders(&place.runs()).len(), 1, "nothing was begun");
    drop(held);
    place.run(PLANNED).says(0, &["CLOSED"]);
}
