//! Signals and a terminal that misbehaves: the console leaves or stays as it should, steps go on.

use std::time::Duration;

use rustix::process::Signal;

use warroom::runtime::runner::folder::SPAWNED_FILE;

use super::frames::restored;
use super::toy::{Toy, is_done};
use crate::seat::{Seat, pass, until};

/// A console whose first step runs for about two seconds.
fn running() -> (Toy, Seat) {
    let toy = Toy::new(1000);
    let mut seat = toy.seat(&[]);
    seat.declares();
    seat.arms();
    seat.runs("one", "run one");
    until("its runner", || {
        toy.run_folder().is_some_and(|run| run.join("attempts/one/1").join(SPAWNED_FILE).exists())
    });
    (toy, seat)
}

/// The step went on without the console, and the next one knows how it ended.
fn known_at_the_next_start(toy: &Toy) {
    assert!(!toy.has(is_done("one")), "the step outlives the console");
    let mut seat = toy.seat(&[]);
    seat.shows("declared T+");
    until("the outcome", || toy.has(is_done("one")));
    assert_eq!(toy.effects().into_iter().collect::<Vec<_>>(), [("one/1".to_owned(), 1)]);
    // It starts SAFE.
    assert!(seat.screen().contains("[SAFE]"));
    seat.signal(Signal::TERM);
    assert_eq!(seat.ends(), 0);
}

#[test]
fn a_signal_ends_the_console_and_never_the_step() {
    for signal in [Signal::HUP, Signal::TERM, Signal::INT] {
        let (toy, mut seat) = running();
        // Two signals at once are one.
        seat.signal(signal);
        seat.signal(signal);
        assert_eq!(seat.ends(), 0, "{signal:?}");
        restored(&seat);
        known_at_the_next_start(&toy);
    }
}

#[test]
fn a_closed_window_ends_the_console_and_never_the_step() {
    let (toy, mut seat) = running();
    seat.close_window();
    // Whoever comes next needs its seat, which it gives up last.
    let number = seat.number();
    until("the end", || {
        let status = std::fs::read_to_string(format!("/proc/{number}/stat")).unwrap_or_default();
        let state = status.rsplit(") ").next().and_then(|rest| rest.chars().next());
        matches!(state, None | Some('Z' | 'X'))
    });
    known_at_the_next_start(&toy);
}

#[test]
fn stopping_is_refused() {
    let toy = Toy::new(10);
    let seat = toy.seat(&[]);
    seat.shows("READINESS");
    seat.signal(Signal::TSTP);
    seat.shows("suspending is refused");
    let status = std::fs::read_to_string(format!("/proc/{}/stat", seat.number()));
    if let Ok(status) = status {
        let state = status.rsplit(") ").next().and_then(|rest| rest.chars().next());
        assert_ne!(state, Some('T'), "{status}");
    }
}

#[test]
fn a_console_that_was_stopped_goes_on() {
    let toy = Toy::new(10);
    let mut seat = toy.seat(&[]);
    seat.declares();
    seat.signal(Signal::STOP);
    pass(Duration::from_millis(1500));
    seat.signal(Signal::CONT);
    seat.opens("A", "ARM THIS CONSOLE");
}

#[test]
fn stuck_output_never_stops_the_keys() {
    let toy = Toy::new(10);
    let mut seat = toy.seat(&[]);
    seat.declares();
    seat.arms();
    seat.opens("r", "━ RUN ");
    seat.listens(false);
    // Sizes that make every frame a whole one fill what the terminal holds.
    for round in 0..60 {
        seat.resize(150 + round % 2 * 50, 50);
        pass(Duration::from_millis(10));
    }
    seat.types("run one");
    seat.press("\r");
    until("the step to be done, unseen", || toy.has(is_done("one")));
    seat.listens(true);
    seat.resize(160, 48);
    seat.until("the next frame", |screen| {
        screen.contains("declared T+") && !screen.contains("━ RUN ")
    });
    seat.opens("r", "━ RUN ");
    // A terminal that takes nothing does not keep a console that leaves.
    seat.listens(false);
    for round in 0..60 {
        seat.resize(150 + round % 2 * 50, 50);
        pass(Duration::from_millis(10));
    }
    seat.signal(Signal::TERM);
    until("its end", || {
        let folder = toy.run_folder().expect("a run");
        let lock = folder.join(warroom::runtime::journal::LOCK_FILE);
        warroom::runtime::journal::lock::Lock::try_take(&lock).is_ok_and(|held| held.is_some())
    });
    assert_eq!(seat.ends(), 0);
    assert!(seat.line_is_as_before());
    assert_eq!(seat.errors(), "");
}
