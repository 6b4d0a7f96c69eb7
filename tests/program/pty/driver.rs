//! A person who brings the toy's run to its end, from whatever point an earlier console left it.

use std::time::{Duration, Instant};

use warroom::domain::run::event::{Body, Outcome};

use super::toy::{STEPS, Toy, is_done};
use crate::seat::{PATIENCE, Seat, pass};

/// How far to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Until the run is closed.
    ToTheEnd,
    /// Until the console ends, the run is closed, or a while is over.
    UntilItEnds,
}

/// What the record says is to be done next.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    Open,
    Declare,
    Arm,
    Run(&'static str),
    Retry,
    Resolve,
    Wait,
    Close,
    Over,
}

/// The time between two looks at the record.
const LOOK_EVERY: Duration = Duration::from_millis(30);

/// Presses what is next until the run is closed; false when the console ended before.
pub fn drive(toy: &Toy, seat: &mut Seat, way: Way) -> bool {
    let end = Instant::now()
        + match way {
            Way::ToTheEnd => PATIENCE * 3,
            Way::UntilItEnds => PATIENCE / 2,
        };
    while Instant::now() < end {
        if seat.has_ended() {
            return toy.is_closed();
        }
        match next(toy, &seat.screen()) {
            Next::Over => return true,
            Next::Wait => pass(LOOK_EVERY),
            Next::Open => answer(seat, "o", "CHOOSE A RUNBOOK", ""),
            Next::Declare => answer(seat, "D", "DECLARE A DISASTER", "declare\tthe region is lost"),
            Next::Arm => answer(seat, "A", "ARM THIS CONSOLE", "arm"),
            Next::Run(step) => {
                answer(seat, "r", "━ RUN ", &format!("run {step}"));
            }
            Next::Retry => answer(seat, "R", "TRY AGAIN", "it was killed"),
            Next::Resolve => answer(seat, "U", "RESOLVE AN UNKNOWN", "\t\tits line is missing"),
            Next::Close => answer(seat, "W", "CLOSE THE RUN", ""),
        }
    }
    assert!(way == Way::UntilItEnds, "the run never ended\n{}", seat.screen());
    false
}

/// Opens a dialog, fills it in and accepts; a key that was lost is pressed again by the next look.
fn answer(seat: &mut Seat, key: &str, title: &str, text: &str) {
    // A step waits three seconds for an objection before it starts.
    let closing = if key == "r" { Duration::from_secs(6) } else { Duration::from_millis(700) };
    seat.press(key);
    if !seat.seen_within(Duration::from_millis(700), title) {
        return;
    }
    pass(crate::seat::READING);
    seat.types(text);
    seat.press("\r");
    if !seat.gone_within(closing, title) {
        seat.press("\x1b");
        seat.gone_within(Duration::from_millis(300), title);
    }
}

fn next(toy: &Toy, screen: &str) -> Next {
    let record = toy.record();
    let has = |word: &dyn Fn(&Body) -> bool| record.iter().any(|event| word(&event.body));
    if has(&|body| matches!(body, Body::Closed { .. })) {
        return Next::Over;
    }
    if record.is_empty() {
        // Nobody presses a key before there is a screen.
        return if screen.contains("NEXT") { Next::Open } else { Next::Wait };
    }
    // A console that is just taking the run up shows it a moment later.
    if !screen.contains("toy-") {
        return Next::Wait;
    }
    if !has(&|body| matches!(body, Body::Declared { .. })) {
        return Next::Declare;
    }
    for step in STEPS {
        if has(&is_done(step)) {
            continue;
        }
        let last = record.iter().rev().map(|event| &event.body).find(|body| match body {
            Body::Intended { step: name, .. }
            | Body::Ended { step: name, .. }
            | Body::Retried { step: name, .. }
            | Body::NotVerified { step: name, .. }
            | Body::Reconciled { step: name, .. }
            | Body::Resolved { step: name, .. } => name.as_str() == step,
            _ => false,
        });
        return match last {
            Some(Body::Intended { .. }) => Next::Wait,
            _ if !screen.contains("[ARMED]") => Next::Arm,
            None | Some(Body::Retried { .. }) => Next::Run(step),
            Some(
                Body::Ended { outcome: Outcome::Failed { .. }, .. }
                | Body::NotVerified { .. }
                | Body::Resolved { done: false, .. }
                | Body::Reconciled { .. },
            ) => Next::Retry,
            Some(Body::Ended { outcome: Outcome::Unknown { .. }, .. }) => {
                // A probe looks first; what it finds missing only a person decides.
                if toy.has_line(step) { Next::Wait } else { Next::Resolve }
            }
            _ => Next::Wait,
        };
    }
    if has(&|body| matches!(body, Body::Restored { .. })) { Next::Close } else { Next::Wait }
}
