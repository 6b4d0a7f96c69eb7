//! What to do now, from the state of the incident and of the run: words, and keys that work now.

use std::time::Duration;

use crate::domain::catalogue::Class;
use crate::domain::console::{Access, JournalState};
use crate::domain::run::event::{Closing, Purpose};
use crate::domain::run::phase::{Phase, Stage};
use crate::domain::run::proof::{self, Proof, Told};
use crate::domain::run::state::{Run, StepState};
use crate::domain::runbook::Step;
use crate::domain::time::whole_time;
use crate::domain::verdict::{Primary, Verdict};
use crate::ui::command::Command;
use crate::ui::screen::Screen;

use super::offer::{Offers, Piece, text};
use super::{clocks, fitness, hints, phrase};

/// What to do now, in one sentence.
pub fn sentence(screen: &Screen<'_>) -> String {
    text(&pieces(screen))
}

/// What to do now, piece by piece.
pub fn pieces(screen: &Screen<'_>) -> Vec<Piece> {
    let offers = Offers::of(screen);
    if screen.model.filtering {
        let offers =
            offers.say("type a part of a title").press(Command::Enter, "enter", "keeps it");
        return offers.press(Command::Back, "esc", "shows all").pieces();
    }
    if !screen.model.sequence.is_empty() {
        return offers
            .say("the rest of the keys")
            .press(Command::Back, "esc", "forgets them")
            .pieces();
    }
    if let Some(dialog) = &screen.model.dialog {
        return hints::next(screen, &**dialog);
    }
    if screen.access == Access::ReadOnly {
        let text = format!("{}.  Read only: no key here changes anything.", watched(screen));
        return offers.say(text).pieces();
    }
    if screen.stalled.is_some() {
        let text = "wait for the disk that holds the state folder: see what blocks it";
        return offers.say(text).also(Command::Quit, "leave, running steps go on").pieces();
    }
    if screen.unkept.is_some() && screen.open_run().is_none() {
        return offers.say("make the state folder writable: no run could go on record").pieces();
    }
    let offers = match screen.run {
        Some(run) if run.stage.is_closed() => closed(offers, screen, run),
        Some(run) if run.declaration.is_some() || !phrase::is_red_moment(screen) => {
            with_run(offers, screen, run)
        }
        Some(_) | None => without_run(offers, screen),
    };
    offers.pieces()
}

/// What is going on, for a console without acts: it names no key.
fn watched(screen: &Screen<'_>) -> String {
    if phrase::is_red_moment(screen) {
        return match screen.open_run() {
            Some(_) => "red, not declared yet".to_owned(),
            None => format!("red, not declared here; {}", phrase::elsewhere(screen)),
        };
    }
    let Some(run) = screen.run else {
        let (word, counts) = (screen.assessment.verdict.word(), fitness::counts(screen));
        let counts = if counts.is_empty() { counts } else { format!(": {counts}") };
        let elsewhere = phrase::elsewhere(screen);
        return format!("no run here, standby {word}{counts}; {elsewhere}");
    };
    if run.stage.is_closed() {
        return format!("the run is {}, {}", run.stage.word(), now(screen));
    }
    if run.restored.is_some() && run.stage != Stage::Aborting {
        return format!("restored was seen, {}", now(screen));
    }
    match phrase::current(screen) {
        _ if screen.is_aborting() => {
            format!("the run is being given up, {}", phrase::taken_back(screen))
        }
        Some((step, state)) => format!("\"{}\" is {}", step.title, state.phase.word()),
        None => format!("the run is {}", run.stage.word()),
    }
}

/// How the region that serves is now.
fn now(screen: &Screen<'_>) -> String {
    let label = phrase::label(screen, screen.assessment.active);
    let verdict = screen.assessment.verdict.word();
    match &screen.assessment.primary {
        Primary::Healthy => format!("{label} serves, standby {verdict}"),
        Primary::Suspect { .. } => format!("{label} serves and is SUSPECT, standby {verdict}"),
        Primary::Red { .. } => format!("{label} is DOWN NOW"),
        Primary::ItIsUs { .. } => "our own network is silent now".to_owned(),
        Primary::Blind(_) => format!("how {label} is now cannot be told"),
    }
}

/// The same after what was, where there is something to say.
fn but_now(screen: &Screen<'_>) -> String {
    match &screen.assessment.primary {
        Primary::Healthy => String::new(),
        _ => format!(", {}", now(screen)),
    }
}

fn without_run<'a>(offers: Offers<'a>, screen: &Screen<'_>) -> Offers<'a> {
    let offers = match &screen.assessment.primary {
        Primary::Red { .. } => return red(offers, screen),
        Primary::Suspect { signals } => offers.say(phrase::suspected(screen, signals)),
        Primary::ItIsUs { .. } => offers.say("check our own network: the reference is silent too"),
        Primary::Blind(why) => offers.say(format!("nothing can be told: {why}")),
        Primary::Healthy => {
            return match &screen.assessment.verdict {
                Verdict::Go => {
                    offers.say("nothing to do").also(Command::Choose, "choose a runbook")
                }
                Verdict::Caution(reasons) | Verdict::NoGo(reasons) | Verdict::Blind(reasons) => {
                    match reasons.first() {
                        Some(reason) => offers.say(format!("make the standby fit: {reason}")),
                        None => offers.say("make the standby fit"),
                    }
                }
            };
        }
    };
    offers.also(Command::Evidence, "evidence")
}

/// The primary is red and nobody declared: the plan is opened first, then declared.
fn red<'a>(offers: Offers<'a>, screen: &Screen<'_>) -> Offers<'a> {
    let open = screen.open_run().is_some();
    let offers = offers.also(Command::Evidence, "evidence");
    let offers = if screen.runbook.is_none() {
        offers.say(format!("{}: nothing can be run from here", phrase::no_runbook(screen)))
    } else if phrase::is_planned_without_primary(screen) {
        offers.run(Command::Escalate, "take it for lost, then declare")
    } else if open {
        offers.run(Command::Declare, "declare (typed)")
    } else {
        offers.run(Command::Choose, "open the plan, then declare")
    };
    offers.say("Nothing was run here.")
}

fn with_run<'a>(offers: Offers<'a>, screen: &Screen<'_>, run: &Run) -> Offers<'a> {
    match screen.journal {
        JournalState::Failed(_) => {
            let text = "make room for the journal: nothing new starts, running steps go on";
            return offers.say(text);
        }
        JournalState::ReadOnly(why) => {
            return offers.say(format!("the journal is read only: {why}"));
        }
        JournalState::None | JournalState::Ok { .. } => {}
    }
    if !screen.assessment.split_brain.is_empty() {
        let offers = offers.say("stop writes in one region: two primaries take writes");
        let step = phrase::current(screen).filter(|(_, state)| state.phase == Phase::Ready);
        let offers = offers.also(Command::Evidence, "evidence");
        return match step {
            Some((step, _)) => {
                offers.also_step(Command::Run, step, &format!("run \"{}\"", step.title))
            }
            None => offers,
        };
    }
    match run.stage {
        Stage::Standby => offers.run(Command::Declare, "declare (typed)"),
        Stage::Held => {
            offers.say("HOLD: no new step starts, the clock goes on").run(Command::Hold, "go on")
        }
        Stage::Aborting => aborting(offers, screen, run),
        Stage::Declared | Stage::Executing if run.asks_losses(screen.runbook) => {
            let what = "read and accept the expected losses";
            // What is in trouble, or works, comes first; it does not wait for the losses.
            let busy =
                |phase: Phase| phase.is_open() || matches!(phase, Phase::Failed | Phase::Unknown);
            let (_, at_work): (&Step, bool) = match phrase::current(screen) {
                Some((step, state)) => (step, state.left.is_some() || busy(state.phase)),
                None => return offers.run(Command::AcceptLedger, what),
            };
            let offers = if at_work { current_step(offers, screen) } else { offers };
            offers.run(Command::AcceptLedger, what)
        }
        Stage::Declared | Stage::Executing => current_step(offers, screen),
        Stage::Verifying if run.restored.is_some() => offers
            .say(format!("restored was seen{}", but_now(screen)))
            .run(Command::Close, "close the run"),
        Stage::Verifying => {
            let proofs = proofs(screen);
            let offers = offers.say(format!(
                "all steps are finished; waiting to see: {}",
                awaited(screen, &proofs)
            ));
            if proofs.iter().any(|proof| proof.told == Told::Unasked) {
                offers.also(Command::Readiness, "answer for it in the go/no-go list")
            } else {
                offers
            }
        }
        Stage::Complete | Stage::Aborted => closed(offers, screen, run),
    }
}

/// The run is given up: what is open, what goes back next, or that it can be closed.
fn aborting<'a>(offers: Offers<'a>, screen: &Screen<'_>, run: &Run) -> Offers<'a> {
    if run.is_held() {
        return offers
            .say("HOLD: nothing more is taken back, the clock goes on")
            .run(Command::Hold, "go on");
    }
    let Some((step, state)) = phrase::current(screen) else {
        let told = match run.taken_back() {
            (_, 0) => "nothing goes back".to_owned(),
            _ => format!("{}, the rest stays", phrase::taken_back(screen)),
        };
        return offers.say(told).run(Command::Close, "close the run");
    };
    let title = &step.title;
    if state.left.is_some() {
        return left_running(offers, step);
    }
    match state.phase {
        Phase::Unknown => unknown(offers, step),
        _ if state.is_going_back() => paced(offers, screen, step, state, "goes back"),
        Phase::Granted | Phase::Running | Phase::Verifying => offers
            .say(format!("wait for \"{title}\", it joins the plan"))
            .also_step(Command::AbortStep, step, "abort it"),
        _ => {
            let last = state.last_attempt().map(|attempt| attempt.purpose);
            let again = matches!(last, Some(Purpose::Compensate));
            let what = if again { "try again to take back" } else { "take back" };
            offers.step(Command::Run, step, &format!("{what} \"{title}\"")).also_step(
                Command::Skip,
                step,
                "leave it, with a reason",
            )
        }
    }
}

fn proofs(screen: &Screen<'_>) -> Vec<Proof> {
    let run = screen.run.zip(screen.runbook);
    run.map(|(run, book)| proof::of(run, book, screen.snapshot)).unwrap_or_default()
}

fn awaited(screen: &Screen<'_>, proofs: &[Proof]) -> String {
    let Some(book) = screen.runbook else { return "the restored facts".to_owned() };
    let way = screen.direction();
    let unwritten = proofs.iter().filter(|proof| !proof.is_settled()).map(Proof::words);
    let texts: Vec<String> = book
        .restored
        .iter()
        .map(|gate| format!("{} {} in {}", gate.system, gate.fact, way.side(gate.place)))
        .chain(unwritten)
        .collect();
    if texts.is_empty() { "that a person says so".to_owned() } else { texts.join(", ") }
}

fn unknown<'a>(offers: Offers<'a>, step: &Step) -> Offers<'a> {
    let what = format!("resolve \"{}\": did it take effect? look first", step.title);
    offers.step(Command::Resolve, step, &what)
}

fn left_running<'a>(offers: Offers<'a>, step: &Step) -> Offers<'a> {
    let what = format!("end what \"{}\" started: its runner is gone, it still runs", step.title);
    offers.step(Command::AbortStep, step, &what)
}

fn current_step<'a>(offers: Offers<'a>, screen: &Screen<'_>) -> Offers<'a> {
    let Some((step, state)) = phrase::current(screen) else {
        return offers.say("no step can go on: look at failed and skipped steps");
    };
    match state.phase {
        _ if state.left.is_some() => left_running(offers, step),
        Phase::Unknown => unknown(offers, step),
        Phase::Failed => failed(offers, step, ""),
        Phase::Granted | Phase::Running | Phase::Verifying => running(offers, screen, step, state),
        Phase::Ready => {
            let offers = ready(offers, screen, step, "");
            // The key of the lit step is in the keys row: what it does is said here too.
            match offers.lit().filter(|lit| lit.id != step.id) {
                Some(lit) => offers.also_step(Command::Run, lit, &format!("run \"{}\"", lit.title)),
                None => offers,
            }
        }
        Phase::Pending | Phase::Done | Phase::Skipped | Phase::Compensated => {
            offers.say(format!("\"{}\" is {}", step.title, state.phase.word()))
        }
    }
}

fn failed<'a>(offers: Offers<'a>, step: &Step, meanwhile: &str) -> Offers<'a> {
    let title = &step.title;
    offers
        .say_first("FAILED", &format!(": \"{title}\""))
        .step(Command::Retry, step, &format!("retry{meanwhile}"))
        .also_step(Command::Skip, step, "skip with a reason")
        .also(Command::Evidence, "evidence")
}

/// A step that waits for a hand.
fn ready<'a>(offers: Offers<'a>, screen: &Screen<'_>, step: &Step, meanwhile: &str) -> Offers<'a> {
    let title = &step.title;
    if phrase::is_planned_without_primary(screen) && waits(screen, step) {
        let lost = phrase::label(screen, screen.direction().from);
        let what = format!("go on as if {lost} were lost: \"{title}\" asks it, and it is red");
        return offers.run(Command::Escalate, &what);
    }
    if step.class == Class::H {
        return offers.say(format!("do \"{title}\" by hand")).step(
            Command::Attest,
            step,
            &format!("attest what you see{meanwhile}"),
        );
    }
    let card = if screen.access == Access::Armed { "read its card first" } else { "read its card" };
    offers.step(Command::Run, step, &format!("run \"{title}\"{meanwhile}")).card(step, card)
}

/// True for a step whose gates do not hold now, and ask less once the primary is taken for lost.
fn waits(screen: &Screen<'_>, step: &Step) -> bool {
    let weaker = step.gates.iter().any(|gate| gate.ungraceful.is_some());
    weaker && screen.gates(step).iter().any(|seen| seen.held != Some(true))
}

/// A step runs: how long it takes, and what can be run beside it.
fn running<'a>(
    offers: Offers<'a>,
    screen: &Screen<'_>,
    step: &Step,
    state: &StepState,
) -> Offers<'a> {
    let late = clocks::stuck(screen, &step.id).is_some();
    let offers = paced(offers, screen, step, state, "works");
    let beside = screen.run.and_then(Run::beside);
    let beside = beside.and_then(|state| Some((screen.runbook?.step(&state.id)?, state.phase)));
    let offers = match beside {
        None => offers,
        Some((other, Phase::Failed)) => failed(offers, other, " meanwhile"),
        Some((other, _)) => ready(offers, screen, other, " meanwhile"),
    };
    let what = if beside.is_none() && late { "aborts it" } else { "abort it" };
    let named = beside.is_none() || late;
    if named { offers.also_step(Command::AbortStep, step, what) } else { offers }
}

/// `works 12s, about 28s left, usually 40s: "Promote pg in B"`, or that it is stuck: the times
/// first, they are what is waited for.
fn paced<'a>(
    offers: Offers<'a>,
    screen: &Screen<'_>,
    step: &Step,
    state: &StepState,
    does: &str,
) -> Offers<'a> {
    let title = format!(": \"{}\"", step.title);
    if let Some(late) = clocks::stuck(screen, &step.id) {
        return offers.say_first(&clocks::stuck_words(late), &title);
    }
    let Some(attempt) = state.open_attempt().filter(|_| state.phase != Phase::Verifying) else {
        return offers.say_first("its effect is looked for", &title);
    };
    let (gone, usual) = (screen.now.since(attempt.granted), clocks::act_p50(screen, step));
    let left = usual.saturating_sub(gone);
    let (gone, usual) = (whole_time(gone), whole_time(usual));
    let told = match state.phase {
        Phase::Granted => format!("granted {gone} ago, not known to work"),
        _ if left < Duration::from_secs(1) => format!("{does} {gone}, over the usual {usual}"),
        _ => {
            let first = format!("{does} {gone}, about {} left", whole_time(left));
            return offers.say_first(&first, &format!(", usually {usual}{title}"));
        }
    };
    offers.say_first(&told, &title)
}

fn closed<'a>(offers: Offers<'a>, screen: &Screen<'_>, run: &Run) -> Offers<'a> {
    let how = match &run.closed {
        Some((at, Closing::Complete)) => format!("closed complete at {}", at.utc()),
        Some((at, Closing::CompleteExcept { steps })) => {
            let names: Vec<String> = steps.iter().map(|step| phrase::named(screen, step)).collect();
            format!("closed at {}, complete except {}", at.utc(), names.join(", "))
        }
        Some((at, Closing::Aborted)) => format!("given up at {}", at.utc()),
        None => "closed".to_owned(),
    };
    offers
        .say(format!("{how}{}", but_now(screen)))
        .also(Command::Report, "read the report")
        .run(Command::Choose, "choose the next runbook")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::catalogue::Guard;
    use crate::domain::ids::Side;
    use crate::domain::run::event::Mode;
    use crate::domain::verdict::T0Basis;
    use crate::ui::available::why_not;
    use crate::ui::facts::Facts;
    use crate::ui::fixture;

    #[test]
    fn a_planned_run_that_asks_a_lost_region_is_told_the_way_on() {
        // The run's mode, whether the console is armed, and how the sentence begins.
        let check = |mode: Mode, access: Access, want: &str| {
            let mut fixture = fixture::of("confirm").expect("the moment exists");
            fixture.model.dialog = None;
            fixture.access = access;
            let run = fixture.run.as_mut().expect("a run");
            run.mode = mode;
            let found = sentence(&fixture.screen());
            assert!(found.starts_with(want), "{found}");
        };
        check(Mode::Planned, Access::Armed, "! go on as if us-east-1 were lost");
        check(Mode::Planned, Access::Safe, "A arm this console, then go on as if");
        let gate = "\"promote PostgreSQL\" waits: gate does not hold: api fenced in A is yes";
        check(Mode::Ungraceful, Access::Armed, gate);
    }

    #[test]
    fn a_planned_run_that_is_only_open_is_told_what_to_do_about_a_lost_region() {
        let check = |mode: Mode, want: &str, refused: &str| {
            let mut fixture = fixture::of("red").expect("the moment exists");
            fixture.access = Access::Armed;
            let open = fixture::of("declared").and_then(|declared| declared.run).map(|mut run| {
                (run.declaration, run.stage, run.mode) = (None, Stage::Standby, mode);
                run
            });
            fixture.run = open;
            let found = sentence(&fixture.screen());
            assert!(found.contains(want), "{found}");
            // The key of a step names the same next act.
            let why = why_not(Command::Run, &fixture.screen(), fixture.screen().model);
            let why = why.unwrap_or_default();
            assert!(why.as_str().contains(refused), "{why}");
        };
        check(Mode::Planned, "! take it for lost, then declare", "take it for lost first, then");
        check(Mode::Ungraceful, "D declare (typed)", "not while the run is standby: declare first");
    }

    #[test]
    fn a_step_that_is_not_the_lit_one_is_reached_before_its_key_is_named() {
        // The moment, the step that is selected, and what the sentence says.
        let check = |moment: &str, selected: Option<&str>, want: &str| {
            let mut fixture = fixture::of(moment).expect("the moment exists");
            fixture.model.dialog = None;
            let id = |name| crate::domain::ids::StepId::new(name).expect("a name");
            fixture.model.selected = selected.map(id);
            let found = sentence(&fixture.screen());
            assert!(found.contains(want), "{moment}: {found}");
        };
        let beside = "r run \"purge the CDN\" meanwhile";
        check("beside", None, beside);
        check("beside", Some("purge-cdn"), beside);
        let back = "esc leaves the selection, then run \"purge the CDN\"";
        check("beside", Some("scale-b"), back);
        check("failed", Some("fence-a"), "esc leaves the selection, then retry");
        check("failed", None, "FAILED: \"scale B from 2 to 10\"   R retry");
        check("unknown", Some("scale-b"), "esc leaves the selection, then resolve");
        check("unknown", None, "U resolve");
    }

    #[test]
    fn what_is_worse_than_the_losses_is_named_before_them() {
        for (moment, first) in [("unknown", "U resolve"), ("failed", "R retry")] {
            let mut fixture = fixture::of(moment).expect("the moment exists");
            fixture.run.as_mut().expect("a run").accepted = None;
            let found = sentence(&fixture.screen());
            let (trouble, losses) = (found.find(first), found.find("L read and accept"));
            assert!(trouble.is_some() && trouble < losses, "{moment}: {found}");
        }
    }

    #[test]
    fn a_step_that_works_is_told_with_what_is_left() {
        let check = |seconds: u64, want: &str| {
            let mut fixture = fixture::of("running").expect("the moment exists");
            let run = fixture.run.as_ref().expect("a run");
            let attempt = run.current().and_then(StepState::open_attempt).expect("it runs");
            fixture.now = attempt.granted.plus(Duration::from_secs(seconds));
            fixture.forecast.stuck.clear();
            let found = sentence(&fixture.screen());
            assert!(found.starts_with(want), "{seconds}: {found}");
            assert!(found.ends_with("X abort it"), "{found}");
        };
        let title = "\"scale B from 2 to 10\"";
        check(12, &format!("works 12s, about 108s left, usually 2m00s: {title}"));
        check(72, &format!("works 72s, about 48s left, usually 2m00s: {title}"));
        check(125, &format!("works 2m05s, over the usual 2m00s: {title}"));
    }

    #[test]
    fn a_terminal_that_is_too_small_is_told_before_the_key_that_would_be_refused() {
        let mut fixture = fixture::of("confirm").expect("the moment exists");
        fixture.model.dialog = None;
        let book = fixture.runbooks.first_mut().expect("a plan");
        book.steps.iter_mut().for_each(|step| step.gates.clear());
        for (size, want) in [((60, 20), "enlarge the terminal to 80x24"), ((80, 24), "r run ")] {
            fixture.model.size = size;
            let found = sentence(&fixture.screen());
            assert!(found.starts_with(want), "{size:?}: {found}");
        }
    }

    #[test]
    fn after_a_run_whose_way_back_nobody_wrote_nobody_is_sent_to_choose_one() {
        let check = |written: bool, want: &str, never: &str| {
            let mut fixture = fixture::of("close").expect("the moment exists");
            fixture.model.dialog = None;
            fixture.run.as_mut().expect("a run").stage = Stage::Complete;
            fixture.assessment.active = Side::B;
            for plan in fixture.runbooks.iter_mut().filter(|_| written) {
                (plan.from, plan.to) = (plan.to, plan.from);
            }
            let found = sentence(&fixture.screen());
            assert!(found.contains(want) && !found.contains(never), "{found}");
        };
        let none = "no plan from B to A: write one, or `warroom init`";
        check(false, none, "choose the next runbook");
        check(true, "choose the next runbook", none);
    }

    #[test]
    fn while_a_decision_is_being_written_no_key_of_another_is_named() {
        let check = |moment: &str, dialog: bool, key: &str| {
            let mut fixture = fixture::of(moment).expect("the moment exists");
            fixture.access = Access::Armed;
            if !dialog {
                fixture.model.dialog = None;
            }
            fixture.now = fixture.now.plus(Duration::from_secs(60));
            let screen = fixture.screen();
            let named = sentence(&screen);
            assert!(named.contains(key), "{moment}: {named}");
            let found =
                sentence(&Screen { facts: Facts { recording: true, ..screen.facts }, ..screen });
            assert!(!found.contains(key), "{moment}: {found}");
            assert!(found.contains("the last decision is still being recorded"), "{found}");
        };
        check("held", false, "go on");
        check("failed", false, "retry");
        check("unknown", false, "resolve");
        check("close", false, "close the run");
        check("ledger", true, "accepts these losses");
        check("close", true, "closes the run");
    }

    #[test]
    fn the_key_of_the_lit_step_is_named_beside_a_step_that_needs_a_larger_terminal() {
        let mut fixture = fixture::of("beside").expect("the moment exists");
        fixture.model.dialog = None;
        let id = |name| crate::domain::ids::StepId::new(name).expect("a name");
        let book = fixture.runbooks.first_mut().expect("a plan");
        book.steps.iter_mut().for_each(|step| step.gates.clear());
        let guard = |name: &str| if name == "scale-b" { Guard::TypedTarget } else { Guard::OneKey };
        book.steps.iter_mut().for_each(|step| step.guard = guard(step.id.as_str()));
        for state in &mut fixture.run.as_mut().expect("a run").steps {
            if ["scale-b", "purge-cdn"].contains(&state.id.as_str()) {
                (state.phase, state.attempts) = (Phase::Ready, Vec::new());
            }
        }
        (fixture.model.selected, fixture.model.size) = (Some(id("purge-cdn")), (60, 20));
        let found = sentence(&fixture.screen());
        assert!(found.starts_with("enlarge the terminal to 80x24"), "{found}");
        assert!(found.contains("r run \"purge the CDN\""), "{found}");
    }

    #[test]
    fn a_planned_run_says_what_is_so_now() {
        let mut fixture = fixture::of("declared").expect("the moment exists");
        let told = |fixture: &fixture::Fixture| {
            let screen = fixture.screen();
            let way = screen.direction();
            let parts = [way.from, way.to].map(|side| screen.part(side).words());
            (parts, phrase::is_frozen(&screen), sentence(&screen).contains("expected losses"))
        };
        assert_eq!(told(&fixture), (["was PRIMARY", "taking over"], true, true));
        fixture.assessment.primary = Primary::Healthy;
        let run = fixture.run.as_mut().expect("a run");
        run.mode = Mode::Planned;
        run.declaration.as_mut().expect("it is declared").basis = T0Basis::Declared;
        assert_eq!(told(&fixture), (["PRIMARY", "standby"], false, false));
        assert!(phrase::t0_text(&fixture.screen()).ends_with("Z = declaration"));
        let book = fixture.runbooks.first().expect("a plan");
        let promotion = book.steps.iter().find(|step| step.change.promotes()).expect("one");
        let promotion = promotion.id.clone();
        let run = fixture.run.as_mut().expect("a run");
        let state = run.steps.iter_mut().find(|state| state.id == promotion).expect("it is there");
        state.phase = Phase::Done;
        assert_eq!(told(&fixture), (["was PRIMARY", "taking over"], true, false));
        assert_eq!(phrase::frozen_at(&fixture.screen()), "switch");
    }

    #[test]
    fn a_run_that_is_only_open_has_moved_nothing() {
        let mut fixture = fixture::of("declared").expect("the moment exists");
        let parts = |fixture: &fixture::Fixture| {
            let screen = fixture.screen();
            let way = screen.direction();
            [way.from, way.to].map(|side| screen.part(side).words())
        };
        assert_eq!(parts(&fixture), ["was PRIMARY", "taking over"]);
        fixture.run.as_mut().expect("a run").declaration = None;
        assert_eq!(parts(&fixture), ["was PRIMARY", "standby"]);
        fixture.assessment.primary = Primary::Healthy;
        assert_eq!(parts(&fixture), ["PRIMARY", "standby"]);
    }
}
