//! What the commander does at the console: declare, accept the losses, arm, run step after step.

use std::time::Duration;

use crate::console::{Console, a_hand_waits};

/// The longest that anything asked of the journal takes to be on the screen.
const RECORDED: Duration = Duration::from_secs(5);

/// The longest that a step of these tests takes, its stop window and its proof included.
pub const STEP: Duration = Duration::from_secs(30);

/// Longer than what the losses must have been on the screen before Enter counts (1 s).
const LOSSES_ARE_READ: Duration = Duration::from_millis(1100);

/// How a step is started.
#[derive(Debug, Clone, Copy)]
pub enum Start {
    /// Guard 0: `r` runs it.
    Key,
    /// Guard 1: `r`, then nobody stops it for 3 s.
    Window,
    /// Guards 2 and 3: this is typed.
    Typed(&'static str),
}

/// One step as a person knows it: its id, its title, and how it is started.
pub type Known = (&'static str, &'static str, Start);

/// Chooses the plan, declares, accepts the losses and arms the console.
pub fn take_charge(console: &mut Console) {
    console.open('o', "CHOOSE A RUNBOOK");
    console.must_show("(x)       ungraceful");
    console.enter();
    console.until_shows("NOT DECLARED", RECORDED);
    console.until_shows("run opened", RECORDED);
    console.open('D', "DECLARE A DISASTER");
    console.type_text("declare");
    console.tab();
    console.type_text("A is lost for good");
    console.enter();
    console.until_shows("by anna", RECORDED);
    console.open('L', "EXPECTED LOSSES");
    a_hand_waits(LOSSES_ARE_READ);
    console.enter();
    until_dialog_is_gone(console, "EXPECTED LOSSES");
    arm(console);
}

/// Leaves SAFE.
pub fn arm(console: &mut Console) {
    console.open('A', "ARM THIS CONSOLE");
    console.type_text("arm");
    console.enter();
    console.until_shows("[ARMED]", RECORDED);
}

/// Waits until a dialog is closed.
pub fn until_dialog_is_gone(console: &Console, title: &str) {
    console.until(&format!("{title} is closed"), RECORDED, |text| !text.contains(title));
}

/// Starts a step and does all that its guard asks for.
pub fn start(console: &mut Console, (id, _, how): Known) {
    match how {
        Start::Key | Start::Window => console.press('r'),
        Start::Typed(text) => {
            console.open('r', &format!("RUN {id}"));
            console.until("the dry run is there", STEP, |text| text.contains(" old"));
            console.type_text(text);
            console.enter();
        }
    }
}

/// Waits until a step is done, as its row in the runbook says; a refusal ends the wait at once.
pub fn until_done(console: &Console, (id, title, _): Known) {
    console.until(&format!("{id} is done"), STEP, |text| {
        assert!(!text.contains("▲2 refused"), "{id} is refused:\n{text}");
        text.contains(&format!("[x] S {title}"))
    });
}

/// Runs a step to its proof.
pub fn run(console: &mut Console, step: Known) {
    start(console, step);
    until_done(console, step);
}

/// Attests the step that only a person can see.
pub fn attest(console: &mut Console, title: &str, value: &str) {
    console.open('m', "ATTEST");
    console.type_text(value);
    console.enter();
    console.until_shows(&format!("[x] M {title}"), RECORDED);
}

/// Closes the run, and then the console.
pub fn close_and_leave(console: &mut Console) {
    console.open('W', "CLOSE THE RUN");
    console.enter();
    console.until_shows("closed complete", RECORDED);
    console.press('q');
    console.until_ended();
}
