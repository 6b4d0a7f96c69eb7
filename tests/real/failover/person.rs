//! What the commander does at the console: declare, accept the losses, arm, run step after step.

use std::time::Duration;

use crate::seat::{self, Seat, pass};
use crate::servers::world::World;

/// The longest that anything asked of the journal takes to be on the screen.
pub const RECORDED: Duration = Duration::from_secs(5);

/// The longest that a step of these tests takes, its stop window and its proof included.
pub const STEP: Duration = Duration::from_secs(60);

/// Longer than what the losses must have been on the screen before Enter counts (1 s).
const LOSSES_ARE_READ: Duration = Duration::from_millis(1100);

/// As many plans as the site has.
const PLANS: usize = 3;

/// The key that moves down.
const DOWN: &str = "\x1b[B";

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

/// Sits down at a console of the world's site, as its commander.
pub fn sit_down(world: &World) -> Seat {
    let site = world.site().display().to_string();
    let start = seat::Start {
        arguments: &["--site", &site, "--as", "anna"],
        environment: &World::secrets(),
        ..seat::Start::default()
    };
    let state = world.state();
    std::fs::create_dir_all(&state).expect("a folder for its state");
    Seat::take(&state, &start)
}

/// Chooses the plan, declares, accepts the losses and arms the console.
pub fn take_charge(console: &mut Seat) {
    console.verb_opens("o", "CHOOSE A RUNBOOK");
    console.must_show("(x) ungraceful");
    console.types("\r");
    console.shows_within("NOT DECLARED", RECORDED);
    console.shows_within("run opened", RECORDED);
    console.verb_opens("D", "DECLARE A DISASTER");
    console.types_seen("declare");
    console.types("\t");
    console.types_seen("A is lost for good");
    console.types("\r");
    console.shows_within("by anna", RECORDED);
    console.verb_opens("L", "EXPECTED LOSSES");
    pass(LOSSES_ARE_READ);
    console.types("\r");
    until_dialog_is_gone(console, "EXPECTED LOSSES");
    arm(console);
}

/// Opens a plan while both regions work, declares it and arms the console where it is not.
pub fn take_over(console: &mut Seat, plan: &str) {
    console.verb_opens("o", "CHOOSE A RUNBOOK");
    for _ in 0..PLANS {
        if console.seen_within(seat::READING, &format!("▸ {plan} ")) {
            break;
        }
        console.press(DOWN);
    }
    console.must_show(&format!("▸ {plan} "));
    console.must_show("(x) planned");
    console.types("\r");
    console.shows_within("run opened", RECORDED);
    console.verb_opens("D", "DECLARE");
    console.types_seen("declare");
    console.types("\t");
    console.types_seen("as planned for tonight");
    console.types("\r");
    console.shows_within("by anna", RECORDED);
    if !console.screen().contains("[ARMED]") {
        arm(console);
    }
}

/// Leaves SAFE.
pub fn arm(console: &mut Seat) {
    console.verb_opens("A", "ARM THIS CONSOLE");
    console.types_seen("arm");
    console.types("\r");
    console.shows_within("[ARMED]", RECORDED);
}

/// Waits until a dialog is closed.
pub fn until_dialog_is_gone(console: &Seat, title: &str) {
    console.until_within(&format!("{title} is closed"), RECORDED, |text| !text.contains(title));
}

/// Starts a step and does all that its guard asks for.
pub fn start(console: &mut Seat, step: Known) {
    match step.2 {
        Start::Key | Start::Window => console.verb("r"),
        Start::Typed(_) => {
            fill_in(console, step);
            console.types("\r");
        }
    }
}

/// Opens the card of a step, reads it, and types what its guard asks for; Enter is not pressed.
pub fn fill_in(console: &mut Seat, (id, _, how): Known) {
    console.verb("r");
    let id = format!("({id})");
    console.until_within(&format!("RUN {id}"), RECORDED, |text| {
        text.lines().any(|line| line.contains("━ RUN ") && line.contains(&id))
    });
    pass(seat::READING);
    console.until_within("the dry run is there", STEP, |text| text.contains(" old"));
    if let Start::Typed(text) = how {
        console.types_seen(text);
    }
}

/// True when the runbook marks a step as done, whatever its number.
fn shows_done(text: &str, how: char, title: &str) -> bool {
    let mark = format!("[x] {how}");
    text.lines().any(|line| line.split_once(&mark).is_some_and(|(_, row)| row.contains(title)))
}

/// Waits until a step is done, as its row in the runbook says; a refusal ends the wait at once.
pub fn until_done(console: &Seat, (id, title, _): Known) {
    console.until_within(&format!("{id} is done"), STEP, |text| {
        assert!(!text.contains("▲2 refused"), "{id} is refused:\n{text}");
        shows_done(text, 'S', title)
    });
}

/// Runs a step to its proof.
pub fn run(console: &mut Seat, step: Known) {
    start(console, step);
    until_done(console, step);
}

/// What is said where a server was not looked at since the step before.
const AGAIN: &str = "it is looked at again, try in a moment";

/// The same, on stores that are looked at less often than a person is quick: who is told to try in
/// a moment does, once that is no longer said.
pub fn run_in_a_moment(console: &mut Seat, step: Known) {
    start(console, step);
    let again = |text: &str| text.contains("▲2 refused") && text.contains(AGAIN);
    let text = console.until_within(&format!("{} is done", step.0), STEP, |text| {
        assert!(!text.contains("▲2 refused") || again(text), "{} is refused:\n{text}", step.0);
        again(text) || shows_done(text, 'S', step.1)
    });
    if again(&text) {
        console.until_within("it is looked at again", STEP, |text| !text.contains("▲2 refused"));
        run(console, step);
    }
}

/// Makes a step that failed, or is not true any more, ready again.
pub fn try_again(console: &mut Seat, reason: &str) {
    console.verb_opens("R", "TRY AGAIN");
    console.types_seen(reason);
    console.types("\r");
    until_dialog_is_gone(console, "TRY AGAIN");
}

/// Says that an attempt whose outcome is unknown did not take effect.
pub fn resolve_as_not_done(console: &mut Seat, reason: &str) {
    console.verb_opens("U", "RESOLVE AN UNKNOWN");
    // It took effect; it did not.
    console.types("\t\t");
    console.types_seen(reason);
    console.types("\r");
    until_dialog_is_gone(console, "RESOLVE AN UNKNOWN");
}

/// Attests the step that only a person can see.
pub fn attest(console: &mut Seat, title: &str, value: &str) {
    console.verb_opens("m", "ATTEST");
    console.types_seen(value);
    console.types("\r");
    console.until_within(&format!("{title} is attested"), RECORDED, |text| {
        shows_done(text, 'M', title)
    });
}

/// Closes the run, all of which was done.
pub fn close(console: &mut Seat) {
    close_as(console, "closed complete");
}

/// Closes the run, which is then told so.
pub fn close_as(console: &mut Seat, told: &str) {
    console.verb_opens("W", "CLOSE THE RUN");
    console.types("\r");
    console.shows_within(told, RECORDED);
}

/// Closes the run, and then the console.
pub fn close_and_leave(console: &mut Seat) {
    close(console);
    console.verb("q");
    console.ends();
}
