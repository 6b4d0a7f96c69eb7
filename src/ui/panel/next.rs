//! What to do now, in words, from the state of the incident and of the run.

use crate::domain::catalogue::Class;
use crate::domain::run::event::Closing;
use crate::domain::run::phase::{Phase, Stage};
use crate::domain::run::proof::{self, Proof};
use crate::domain::run::state::Run;
use crate::domain::runbook::Step;
use crate::domain::verdict::{Primary, Verdict};
use crate::ui::command::Command;
use crate::ui::meant::meant;
use crate::ui::model::Dialog;
use crate::ui::screen::{Access, JournalState, Screen};
use crate::ui::update::Facts;

use super::{clocks, dialog, readiness, words};

/// What to do now.
#[must_use]
pub fn sentence(screen: &Screen<'_>) -> String {
    if let Some(text) = in_card(screen) {
        return text;
    }
    if screen.access == Access::ReadOnly {
        return format!("{}.  Read only: no key here changes anything.", watched(screen));
    }
    match screen.run {
        Some(run) if run.stage.is_closed() => closed(screen, run),
        Some(run) if run.declaration.is_some() || !words::is_red_moment(screen) => {
            with_run(screen, run)
        }
        Some(_) | None => without_run(screen),
    }
}

/// What is going on, for a console without acts: it names no key.
fn watched(screen: &Screen<'_>) -> String {
    if words::is_red_moment(screen) {
        return match screen.run.filter(|run| !run.stage.is_closed()) {
            Some(_) => "red, not declared yet".to_owned(),
            None => format!("red, not declared here; {}", words::elsewhere(screen)),
        };
    }
    let Some(run) = screen.run else {
        let (word, counts) = (screen.assessment.verdict.word(), readiness::counts(screen));
        let counts = if counts.is_empty() { counts } else { format!(": {counts}") };
        let elsewhere = words::elsewhere(screen);
        return format!("no run here; {elsewhere}; standby {word}{counts}");
    };
    if run.stage.is_closed() {
        return format!("the run is {}, {}", run.stage.word(), now(screen));
    }
    if run.restored.is_some() && run.stage != Stage::Aborting {
        return format!("restored was seen, {}", now(screen));
    }
    match words::current(screen) {
        _ if words::is_aborting(screen) => {
            format!("the run is being given up, {}", words::taken_back(screen))
        }
        Some((step, state)) => format!("\"{}\" is {}", step.title, state.phase.word()),
        None => format!("the run is {}", run.stage.word()),
    }
}

/// How the region that serves is now.
fn now(screen: &Screen<'_>) -> String {
    let label = words::label(screen, screen.assessment.active);
    let verdict = screen.assessment.verdict.word();
    match &screen.assessment.primary {
        Primary::Healthy => format!("{label} serves, standby {verdict}"),
        Primary::Suspect { .. } => format!("{label} serves and is SUSPECT, standby {verdict}"),
        Primary::Red { .. } => format!("{label} is DOWN NOW"),
        Primary::ItIsUs { .. } => "our own network is silent now".to_owned(),
        Primary::Blind(_) => format!("how {label} is now cannot be told"),
    }
}

/// What to do in the card of a step that is being started.
fn in_card(screen: &Screen<'_>) -> Option<String> {
    let Some(Dialog::Card(card)) = &screen.model.dialog else { return None };
    if card.window.is_some() {
        return Some("it starts in a moment; any key stops it".to_owned());
    }
    card.confirming.then(|| "read what will change and what it costs; esc leaves".to_owned())
}

fn key(screen: &Screen<'_>, command: Command) -> String {
    words::key(screen, command)
}

fn without_run(screen: &Screen<'_>) -> String {
    let evidence = key(screen, Command::Evidence);
    match &screen.assessment.primary {
        Primary::Red { .. } => red(screen, &evidence),
        Primary::Suspect { signals } => {
            format!("{}.  {evidence} = evidence", words::suspected(screen, signals))
        }
        Primary::ItIsUs { .. } => {
            format!("check our own network: the reference is silent too.  {evidence} = evidence")
        }
        Primary::Blind(why) => format!("nothing can be told: {why}.  {evidence} = evidence"),
        Primary::Healthy => match &screen.assessment.verdict {
            Verdict::Go => format!(
                "nothing to do.  {} choose a runbook   {} declare",
                key(screen, Command::Choose),
                key(screen, Command::Declare)
            ),
            Verdict::Caution(reasons) | Verdict::NoGo(reasons) | Verdict::Blind(reasons) => {
                match reasons.first() {
                    Some(reason) => format!("make the standby fit: {reason}"),
                    None => "make the standby fit".to_owned(),
                }
            }
        },
    }
}

/// The primary is red and nobody declared: the plan is opened first, then declared.
fn red(screen: &Screen<'_>, evidence: &str) -> String {
    let declare = key(screen, Command::Declare);
    let open = screen.run.is_some_and(|run| !run.stage.is_closed());
    let next = if screen.runbook.is_none() {
        format!("{}: nothing can be run from here", words::no_runbook(screen))
    } else if words::is_planned_without_primary(screen) {
        let (arm, escalate) = (armed_first(screen), key(screen, Command::Escalate));
        format!("{arm}{escalate} take it for lost, then {declare} declare")
    } else if open {
        format!("{declare} declare (typed)")
    } else {
        format!("{} open the plan, then {declare} declare", key(screen, Command::Choose))
    };
    format!("{evidence} evidence   {next}   Nothing was run here.")
}

fn with_run(screen: &Screen<'_>, run: &Run) -> String {
    if let JournalState::Failed(_) = screen.journal {
        return "make room for the journal: nothing new starts, running steps go on".to_owned();
    }
    if !screen.assessment.split_brain.is_empty() {
        return format!(
            "stop writes in one region: two primaries take writes.  {} = evidence",
            key(screen, Command::Evidence)
        );
    }
    match run.stage {
        Stage::Standby => format!("{} declare (typed)", key(screen, Command::Declare)),
        Stage::Held => format!(
            "HOLD: no new step starts, the clock goes on.  {} = go on",
            key(screen, Command::Hold)
        ),
        Stage::Aborting => aborting(screen, run),
        Stage::Declared | Stage::Executing if run.ledger.is_some() && run.accepted.is_none() => {
            format!("{} read and accept the expected losses", key(screen, Command::AcceptLedger))
        }
        Stage::Declared | Stage::Executing => step_sentence(screen),
        Stage::Verifying if run.restored.is_some() => {
            let close = key(screen, Command::Close);
            match &screen.assessment.primary {
                Primary::Healthy => format!("restored was seen.  {close} close the run"),
                _ => format!("restored was seen, {}.  {close} close the run", now(screen)),
            }
        }
        Stage::Verifying => format!("all steps are finished; waiting to see: {}", awaited(screen)),
        Stage::Complete | Stage::Aborted => closed(screen, run),
    }
}

/// The run is given up: what is open, what goes back next, or that it can be closed.
fn aborting(screen: &Screen<'_>, run: &Run) -> String {
    if run.is_held() {
        return format!(
            "HOLD: nothing more is taken back, the clock goes on.  {} = go on",
            key(screen, Command::Hold)
        );
    }
    let close = key(screen, Command::Close);
    let Some((step, state)) = words::current(screen) else {
        return match run.taken_back() {
            (_, 0) => format!("nothing goes back.  {close} close the run"),
            _ => format!("{}, the rest stays.  {close} close the run", words::taken_back(screen)),
        };
    };
    let title = &step.title;
    let leave = key(screen, Command::Skip);
    match state.phase {
        Phase::Unknown => format!(
            "{}{} resolve \"{title}\": did it take effect? look first",
            first(screen, step),
            key(screen, Command::Resolve)
        ),
        _ if state.is_going_back() => format!("wait: \"{title}\" is being taken back"),
        Phase::Granted | Phase::Running | Phase::Verifying => format!(
            "wait for \"{title}\", it joins the plan   {} abort it",
            key(screen, Command::AbortStep)
        ),
        _ => {
            let back = key(screen, Command::Run);
            let again = matches!(
                state.last_attempt().map(|attempt| attempt.purpose),
                Some(crate::domain::run::event::Purpose::Compensate)
            );
            let first = first(screen, step);
            let what = if again { "try again to take back" } else { "take back" };
            format!("{first}{back} {what} \"{title}\"   {leave} leave it, with a reason")
        }
    }
}

fn awaited(screen: &Screen<'_>) -> String {
    let Some(book) = screen.runbook else { return "the restored facts".to_owned() };
    let way = words::direction(screen);
    let proofs = screen.run.map(|run| proof::of(run, book)).unwrap_or_default();
    let unwritten = proofs.iter().filter(|proof| !proof.is_settled()).map(Proof::words);
    let texts: Vec<String> = book
        .restored
        .iter()
        .map(|gate| format!("{} {} in {}", gate.system, gate.fact, way.side(gate.place)))
        .chain(unwritten)
        .collect();
    if texts.is_empty() { "that a person says so".to_owned() } else { texts.join(", ") }
}

fn step_sentence(screen: &Screen<'_>) -> String {
    let Some((step, state)) = words::current(screen) else {
        return "no step can go on: look at failed and skipped steps".to_owned();
    };
    let title = &step.title;
    if state.left.is_some() {
        let (back, abort) = (back_to(screen, step), key(screen, Command::AbortStep));
        let gone = "its runner is gone, it still runs";
        return format!("{back}{abort} end what \"{title}\" started: {gone}");
    }
    match state.phase {
        Phase::Unknown => format!(
            "{}{} resolve \"{title}\": did it take effect? look first",
            first(screen, step),
            key(screen, Command::Resolve)
        ),
        Phase::Failed => format!(
            "\"{title}\" failed: {}{} retry   {} skip with a reason   {} evidence",
            first(screen, step),
            key(screen, Command::Retry),
            key(screen, Command::Skip),
            key(screen, Command::Evidence)
        ),
        Phase::Granted | Phase::Running | Phase::Verifying => {
            running(screen, state.phase, title.as_str())
        }
        Phase::Ready if words::is_planned_without_primary(screen) && waits(screen, step) => {
            as_if_lost(screen, step)
        }
        Phase::Ready if step.class == Class::H => {
            let first = first(screen, step);
            let attest = key(screen, Command::Attest);
            format!("do \"{title}\", then {first}{attest} attest what you see")
        }
        Phase::Ready => {
            let (first, run) = (first(screen, step), key(screen, Command::Run));
            match screen.access {
                Access::Safe => format!("{first}{run} run \"{title}\""),
                Access::Armed => {
                    let card = key(screen, Command::Enter);
                    format!("{first}{run} run \"{title}\"   {card} read its card first")
                }
                Access::ReadOnly => format!("the commander runs \"{title}\""),
            }
        }
        Phase::Pending | Phase::Done | Phase::Skipped | Phase::Compensated => {
            format!("\"{title}\" is {}", state.phase.word())
        }
    }
}

/// What comes before the key that acts on a step: the way back to it from another selected one,
/// and arming, where acts are blocked.
fn first(screen: &Screen<'_>, step: &Step) -> String {
    format!("{}{}", back_to(screen, step), armed_first(screen))
}

/// `esc leaves the selection, then `, where another step is lit; a filter is left first.
fn back_to(screen: &Screen<'_>, step: &Step) -> String {
    if meant(&Facts::of(screen), screen.model).is_some_and(|meant| meant.id == step.id) {
        return String::new();
    }
    let what = if screen.model.filter.text.is_empty() { "selection" } else { "filter" };
    format!("{} leaves the {what}, then ", key(screen, Command::Back))
}

/// `A arm this console, then `, where acts are blocked.
fn armed_first(screen: &Screen<'_>) -> String {
    match screen.access {
        Access::Safe => format!("{} arm this console, then ", key(screen, Command::Arm)),
        Access::Armed | Access::ReadOnly => String::new(),
    }
}

/// A step that waits for a region which cannot answer: the way on is to take it for lost.
fn as_if_lost(screen: &Screen<'_>, step: &Step) -> String {
    let (arm, escalate) = (armed_first(screen), key(screen, Command::Escalate));
    let (title, lost) = (&step.title, words::label(screen, words::direction(screen).from));
    format!("{arm}{escalate} go on as if {lost} were lost: \"{title}\" asks it, and it is red")
}

/// True for a step whose gates do not hold now, and ask less once the primary is taken for lost.
fn waits(screen: &Screen<'_>, step: &Step) -> bool {
    let weaker = step.gates.iter().any(|gate| gate.ungraceful.is_some());
    weaker && dialog::seen_gates(screen, step).iter().any(|seen| seen.held != Some(true))
}

/// A step runs: what can be run beside it, else that it is waited for.
fn running(screen: &Screen<'_>, phase: Phase, title: &str) -> String {
    let ready = screen.run.and_then(Run::beside).and_then(|state| screen.runbook?.step(&state.id));
    let current = words::current(screen);
    let late = current.and_then(|(step, _)| clocks::stuck(screen, &step.id));
    if let Some(step) = ready.filter(|_| screen.access != Access::ReadOnly) {
        if words::is_planned_without_primary(screen) && waits(screen, step) {
            return as_if_lost(screen, step);
        }
        let failed = screen.run.and_then(|run| run.step(&step.id));
        let failed = failed.is_some_and(|state| state.phase == Phase::Failed);
        let (act, verb) = match step.class {
            _ if failed => (Command::Retry, "retry"),
            Class::H => (Command::Attest, "attest"),
            _ => (Command::Run, "run"),
        };
        let first = first(screen, step);
        let (act, beside) = (key(screen, act), &step.title);
        let goes_on = late.map_or_else(
            || "goes on".to_owned(),
            |late| {
                let abort = key(screen, Command::AbortStep);
                format!("{}; select it, {abort} aborts", clocks::stuck_words(late))
            },
        );
        return format!("{first}{act} {verb} \"{beside}\" meanwhile   \"{title}\" {goes_on}");
    }
    let back = current.map(|(step, _)| back_to(screen, step)).unwrap_or_default();
    let abort = key(screen, Command::AbortStep);
    if let Some(late) = late {
        return format!("\"{title}\" {}; {back}{abort} aborts", clocks::stuck_words(late));
    }
    match phase {
        Phase::Verifying => format!("wait: \"{title}\" ended, its effect is looked for"),
        _ => format!("wait for \"{title}\"   {back}{abort} abort it"),
    }
}

fn closed(screen: &Screen<'_>, run: &Run) -> String {
    let how = match &run.closed {
        Some((at, Closing::Complete)) => format!("closed complete at {}", at.utc()),
        Some((at, Closing::CompleteExcept { steps })) => {
            let names: Vec<&str> = steps.iter().map(crate::domain::ids::StepId::as_str).collect();
            format!("closed at {}, complete except {}", at.utc(), names.join(", "))
        }
        Some((at, Closing::Aborted)) => format!("given up at {}", at.utc()),
        None => "closed".to_owned(),
    };
    let (report, choose) = (key(screen, Command::Report), key(screen, Command::Choose));
    let now = match &screen.assessment.primary {
        Primary::Healthy => String::new(),
        _ => format!(", {}", now(screen)),
    };
    format!("{how}{now}.  {report} read the report   {choose} choose the next runbook")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::run::event::Mode;
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
        check(Mode::Planned, Access::Safe, "A arm this console, then ! go on as if");
        check(Mode::Ungraceful, Access::Armed, "r run ");
    }

    #[test]
    fn a_planned_run_that_is_only_open_is_told_what_to_do_about_a_lost_region() {
        let check = |mode: Mode, want: &str| {
            let mut fixture = fixture::of("red").expect("the moment exists");
            fixture.access = Access::Armed;
            let open = fixture::of("declared").and_then(|declared| declared.run).map(|mut run| {
                (run.declaration, run.stage, run.mode) = (None, Stage::Standby, mode);
                run
            });
            fixture.run = open;
            let found = sentence(&fixture.screen());
            assert!(found.contains(want), "{found}");
        };
        check(Mode::Planned, "! take it for lost, then D declare");
        check(Mode::Ungraceful, "D declare (typed)");
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
        check("beside", Some("scale-b"), "esc leaves the selection, then r run \"purge the CDN\"");
        check("confirm", Some("scale-b"), "esc leaves the selection, then r run");
        check("failed", Some("fence-a"), "esc leaves the selection, then R retry");
        check("failed", None, "failed: R retry");
        check("unknown", Some("scale-b"), "esc leaves the selection, then U resolve");
        check("unknown", None, "U resolve");
    }

    #[test]
    fn a_run_that_is_only_open_has_moved_nothing() {
        let mut fixture = fixture::of("declared").expect("the moment exists");
        let parts = |fixture: &fixture::Fixture| {
            let screen = fixture.screen();
            let way = words::direction(&screen);
            [way.from, way.to].map(|side| words::part(&screen, side))
        };
        assert_eq!(parts(&fixture), ["was PRIMARY", "taking over"]);
        fixture.run.as_mut().expect("a run").declaration = None;
        assert_eq!(parts(&fixture), ["PRIMARY", "standby"]);
    }
}
