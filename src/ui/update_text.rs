//! The status update: what the screen shows in lines for people who do not see it. Facts only;
//! no names of hosts, no addresses.

mod loss;

use crate::domain::addresses::without_addresses;
use crate::domain::forecast::RtoState;
use crate::domain::ids::StepId;
use crate::domain::rhythm::{UPDATE_EVERY, next_number};
use crate::domain::run::event::RunKind;
use crate::domain::run::phase::{Phase, Stage};
use crate::domain::run::state::Run;
use crate::domain::text::Clean;
use crate::domain::time::{clock_text, short_time};
use crate::domain::verdict::{Primary, Priority, T0Basis};

use super::panel::phrase;
use super::screen::Screen;
use crate::domain::console::JournalState;

/// How far the incident is: it decides the words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    /// No incident.
    Calm,
    /// Red, or a run is open, and nobody declared.
    Provisional,
    /// Declared, not restored.
    During,
    /// Restored was seen.
    Restored,
    /// Being given up, or given up.
    GivenUp,
}

fn moment(screen: &Screen<'_>) -> Moment {
    match screen.run {
        Some(run) if matches!(run.stage, Stage::Aborting | Stage::Aborted) => Moment::GivenUp,
        Some(run) if run.restored.is_some() => Moment::Restored,
        Some(run) if run.declaration.is_some() => Moment::During,
        Some(_) => Moment::Provisional,
        None if screen.forecast.elapsed.is_some() => Moment::Provisional,
        None => Moment::Calm,
    }
}

/// The lines, with the person's own sentence where there is one.
pub fn lines(screen: &Screen<'_>, sentence: &str) -> Vec<Clean> {
    let at = moment(screen);
    let mut texts = vec![head(screen, at), incident(screen), state(screen, at)];
    texts.push(clock(screen, at));
    texts.push(format!("LOSS {}", loss::loss(screen, at)));
    if at != Moment::Calm {
        texts.extend(steps(screen, at));
        texts.push(format!("ETA {}", eta(screen, at)));
    }
    texts.push(format!("ROADBLOCKS {}", roadblocks(screen)));
    texts.push(format!("DECIDED {}", decided(screen)));
    if !sentence.trim().is_empty() {
        texts.push(format!("NOTE {}", sentence.trim()));
    }
    texts.push(next_update(screen, at));
    let hosts = hosts(screen);
    let hosts: Vec<&str> = hosts.iter().map(String::as_str).collect();
    texts.iter().map(|text| Clean::new(&without_addresses(text, &hosts))).collect()
}

/// The names of hosts that the site and the journal know.
fn hosts(screen: &Screen<'_>) -> Vec<String> {
    let mut names = vec![screen.me.host.to_string()];
    for event in screen.run.iter().flat_map(|run| run.events.iter()) {
        let host = event.by.host.as_str();
        if !names.iter().any(|known| known == host) {
            names.push(host.to_owned());
        }
    }
    names.extend(screen.site.systems.iter().flat_map(|system| system.hosts.clone()));
    names.retain(|name| !name.is_empty());
    names
}

fn badge(kind: RunKind) -> &'static str {
    match kind {
        RunKind::Live => "[LIVE]",
        RunKind::Drill => "[DRILL] AN EXERCISE, NOT A REAL INCIDENT,",
        RunKind::Simulation => "[SIM] A SIMULATION, NOT A REAL INCIDENT,",
    }
}

fn head(screen: &Screen<'_>, at: Moment) -> String {
    let number = next_number(screen.run);
    let what = match at {
        Moment::Calm => "STATUS".to_owned(),
        Moment::Provisional => format!("STATUS UPDATE {number}, PROVISIONAL"),
        Moment::During => format!("STATUS UPDATE {number}"),
        Moment::Restored => format!("STATUS UPDATE {number}, RESTORED"),
        Moment::GivenUp => format!("STATUS UPDATE {number}, GIVEN UP"),
    };
    let over = screen.site.override_words();
    let over = over.map_or_else(String::new, |words| format!("[{words}] "));
    format!("{} {over}{what}, {}", badge(screen.kind), screen.now.utc().dated())
}

fn incident(screen: &Screen<'_>) -> String {
    let title = &screen.site.title;
    match screen.run {
        Some(run) => format!("INCIDENT {}, {title}", run.id),
        None => format!("INCIDENT none opened here, {title}"),
    }
}

/// `region A (us-east-1)`.
fn region(screen: &Screen<'_>, side: crate::domain::ids::Side) -> String {
    let (plain, label) = (format!("region {side}"), phrase::label(screen, side));
    if label.eq_ignore_ascii_case(&plain) { plain } else { format!("{plain} ({label})") }
}

fn state(screen: &Screen<'_>, at: Moment) -> String {
    let way = screen.direction();
    let (from, to) = (region(screen, way.from), region(screen, way.to));
    let standby = screen.assessment.verdict.word();
    let primary = match &screen.assessment.primary {
        Primary::Red { .. } => "does not serve",
        Primary::Suspect { .. } => "is SUSPECT",
        Primary::Healthy => "serves",
        Primary::ItIsUs { .. } => "is UNKNOWN: our own network is silent",
        Primary::Blind(_) => "is UNKNOWN: too little is heard of it",
    };
    let text = match (at, screen.run) {
        (Moment::Calm, _) => format!("no incident known here, {from} {primary}, standby {standby}"),
        (Moment::Provisional, _) => {
            format!("provisional: {from} {primary}, standby {standby}; nothing is declared here")
        }
        (Moment::Restored, _) => restored(screen, &to),
        (Moment::GivenUp, Some(run)) if run.stage == Stage::Aborted => {
            format!("the move to {to} was GIVEN UP; restoration was not seen")
        }
        (Moment::GivenUp, _) => {
            format!("the move to {to} is BEING GIVEN UP; this does not restore the service")
        }
        (Moment::During, run) => {
            let mode = run.map_or("", |run| run.mode.word());
            let stage = run.map_or("", |run| run.stage.word());
            format!("moving from {from} to {to}, {mode}, {stage}")
        }
    };
    format!("STATE {text}")
}

/// What is so after the restoration: it was seen once, and may be over.
fn restored(screen: &Screen<'_>, to: &str) -> String {
    let serves = region(screen, screen.assessment.active);
    match &screen.assessment.primary {
        Primary::Healthy => format!("RESTORED: users are served from {serves}"),
        Primary::Red { t0, .. } => {
            format!("RESTORED in {to}, and LOST AGAIN: {serves} does not serve since {}", t0.utc())
        }
        Primary::Suspect { .. } => format!("RESTORED: {serves} serves, and is SUSPECT now"),
        Primary::ItIsUs { .. } | Primary::Blind(_) => {
            format!("RESTORED in {to}; how {serves} is now is UNKNOWN")
        }
    }
}

fn clock(screen: &Screen<'_>, at: Moment) -> String {
    let forecast = screen.forecast;
    let Some(gone) = forecast.elapsed else {
        let takes = short_time(forecast.remaining_p80);
        let of = forecast.rto.map_or_else(String::new, |rto| format!(" of {}", short_time(rto)));
        if screen.runbook.is_some() {
            return format!("CLOCK not running; a failover would take {takes}{of}");
        }
        let none = phrase::no_runbook(screen);
        return format!("CLOCK not running; what a failover would take is UNKNOWN, {none}");
    };
    let since = match phrase::t0(screen) {
        Some((t0, T0Basis::AtOrBefore)) => format!("since {} or before", t0.utc()),
        Some((t0, T0Basis::Set)) => format!("since {}, set by hand", t0.utc()),
        Some((t0, T0Basis::Declared)) => format!("since {}, the declaration", t0.utc()),
        Some((t0, T0Basis::Exact)) => format!("since {}", t0.utc()),
        None => "since when is UNKNOWN".to_owned(),
    };
    let word = forecast.state.words();
    let rto = match forecast.rto {
        None => format!("no RTO is written, {word}"),
        Some(rto) => {
            let limit = clock_text(rto);
            let apart =
                clock_text(std::time::Duration::from_secs(rto.as_secs().abs_diff(gone.as_secs())));
            let side = if gone >= rto { "over" } else { "left" };
            let side = if at == Moment::Restored && gone < rto { "to spare" } else { side };
            format!("RTO {limit} {word}, {apart} {side}")
        }
    };
    let stopped = if at == Moment::Restored { "stopped at " } else { "" };
    format!("CLOCK {stopped}T+{} {since}; {rto}", clock_text(gone))
}

/// `DONE`, `NOW` and `NEXT`.
fn steps(screen: &Screen<'_>, at: Moment) -> Vec<String> {
    let (Some(run), Some(book)) = (screen.run, screen.runbook) else {
        return vec!["DONE nothing was run from here".to_owned()];
    };
    let count = |want: fn(Phase) -> bool| run.steps.iter().filter(|s| want(s.phase)).count();
    let left_out = count(|phase| phase == Phase::Skipped);
    let back = count(|phase| phase == Phase::Compensated);
    let done = [
        format!("DONE {} of {} steps", count(|p| p == Phase::Done), run.steps.len()),
        if left_out > 0 { format!(", {left_out} left out") } else { String::new() },
        if back > 0 { format!(", {back} taken back") } else { String::new() },
    ];
    let title =
        |id: &StepId| book.step(id).map_or_else(String::new, |step| format!("\"{}\"", step.title));
    let of = |want: fn(Phase) -> bool| {
        let found = run.steps.iter().filter(|state| want(state.phase));
        found.map(|state| title(&state.id)).collect::<Vec<_>>().join(", ")
    };
    let or = |text: String, other: &str| if text.is_empty() { other.to_owned() } else { text };
    let mut texts = vec![done.concat(), format!("NOW {}", or(of(Phase::is_open), "no step runs"))];
    if at == Moment::During || at == Moment::Provisional {
        texts.push(format!("NEXT {}", next(run, title)));
    }
    texts
}

/// What is to be done next: what went wrong before what waits.
fn next(run: &Run, title: impl Fn(&StepId) -> String) -> String {
    let first = |want: fn(Phase) -> bool| run.steps.iter().find(|state| want(state.phase));
    match run.current() {
        Some(state) if state.phase == Phase::Unknown => {
            format!("find out what became of {}", title(&state.id))
        }
        Some(state) if state.phase == Phase::Failed => {
            format!("try {} again or leave it out", title(&state.id))
        }
        Some(state) if state.phase == Phase::Ready => title(&state.id),
        Some(_) | None => {
            let next = first(|phase| phase == Phase::Ready)
                .or_else(|| first(|phase| phase == Phase::Pending));
            next.map_or("see that users are served".to_owned(), |state| title(&state.id))
        }
    }
}

fn eta(screen: &Screen<'_>, at: Moment) -> String {
    let forecast = screen.forecast;
    match at {
        Moment::GivenUp => return "no forecast: the run is given up".to_owned(),
        Moment::Restored => {
            let when = screen.run.and_then(|run| run.restored.as_ref()).map(|(at, _)| at.utc());
            return when.map_or("restored".to_owned(), |utc| format!("restored at {utc}"));
        }
        Moment::Calm | Moment::Provisional | Moment::During => {}
    }
    if screen.runbook.is_none() {
        return format!("UNKNOWN, {}", phrase::no_runbook(screen));
    }
    let (Some(finish), Some(gone)) = (forecast.finish_p80, forecast.elapsed) else {
        return "no forecast".to_owned();
    };
    let utc = screen.now.plus(finish.saturating_sub(gone)).utc();
    let margin = match forecast.margin_s() {
        Some(late) if late < 0.0 => format!(", {} after the RTO", phrase::seconds(-late)),
        Some(margin) => format!(", {} before the RTO", phrase::seconds(margin)),
        None => String::new(),
    };
    let stopped = |run: &Run| {
        run.held_since.is_some()
            || run.steps.iter().any(|s| matches!(s.phase, Phase::Unknown | Phase::Failed))
    };
    let condition = match (at, screen.run) {
        (Moment::Provisional, _) => ", if it were declared now",
        (_, Some(run)) if stopped(run) => ", if it went on now",
        _ => "",
    };
    format!("by {utc}, T+{}{margin}{condition}", clock_text(finish))
}

/// What stands in the way, worst first.
fn roadblocks(screen: &Screen<'_>) -> String {
    let mut found = Vec::new();
    let split: Vec<&str> =
        screen.assessment.split_brain.iter().map(|(system, _)| system.as_str()).collect();
    if !split.is_empty() {
        found.push(format!("two primaries of {}", split.join(", ")));
    }
    if let JournalState::Failed(_) | JournalState::ReadOnly(_) = screen.journal {
        found.push("nothing can be put on record".to_owned());
    }
    if let Some(run) = screen.run {
        found.extend(blocked_steps(screen, run));
        if let Some(since) = run.held_since {
            found.push(format!("the plan is held since {}", since.utc()));
        }
    }
    if let RtoState::Breached | RtoState::WillMiss = screen.forecast.state {
        found.push(format!("RTO {}", screen.forecast.state.words()));
    }
    for alarm in &screen.assessment.alarms {
        let told = ["red/", "split/"].iter().any(|key| alarm.key.starts_with(key));
        if alarm.priority == Priority::ActNow && !told {
            let place = match (&alarm.system, alarm.side) {
                (Some(system), Some(side)) => format!("{system} in region {side}"),
                (Some(system), None) => system.to_string(),
                (None, Some(side)) => format!("region {side}"),
                (None, None) => "this console's own view".to_owned(),
            };
            found.push(format!("urgent alarm about {place}"));
        }
    }
    if found.is_empty() { "none known".to_owned() } else { found.join("; ") }
}

fn blocked_steps(screen: &Screen<'_>, run: &Run) -> Vec<String> {
    let told = run.steps.iter().filter_map(|state| {
        let step = screen.runbook?.step(&state.id)?;
        let title = &step.title;
        match state.phase {
            Phase::Unknown => Some(format!("the outcome of \"{title}\" is UNKNOWN")),
            Phase::Failed => {
                let why = state.cause.map_or("", |cause| cause.words());
                Some(format!("\"{title}\" failed ({why})"))
            }
            Phase::Done if state.untrue.is_some() => {
                Some(format!("\"{title}\" was done and is no longer true"))
            }
            _ => None,
        }
    });
    told.collect()
}

fn decided(screen: &Screen<'_>) -> String {
    let Some((run, declared)) = screen.run.and_then(|run| Some((run, run.declaration.as_ref()?)))
    else {
        return "nothing yet".to_owned();
    };
    let mut parts = vec![format!("declared {} by {}", declared.at.utc(), declared.by)];
    match &run.accepted {
        Some((at, by)) => parts.push(format!("expected losses accepted {} by {by}", at.utc())),
        None if run.asks_losses(screen.runbook) => {
            parts.push("expected losses not accepted yet".to_owned());
        }
        None => {}
    }
    if let Some(abort) = &run.abort {
        parts.push(format!("given up {} by {}", abort.since.utc(), abort.by));
    }
    if let Some((at, _)) = &run.closed {
        parts.push(format!("run closed {}", at.utc()));
    }
    parts.join("; ")
}

/// The kind once more, so that neither end of the text can be taken for another.
fn next_update(screen: &Screen<'_>, at: Moment) -> String {
    let kind = screen.kind.badge();
    let closed = screen.run.is_some_and(|run| run.stage.is_closed());
    match at {
        Moment::Calm => format!("[{kind}] NEXT UPDATE when something changes"),
        _ if closed => format!("[{kind}] NEXT UPDATE none: the run is closed"),
        _ => format!("[{kind}] NEXT UPDATE by {}", screen.now.plus(UPDATE_EVERY).utc()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::run::event::{Body, Closing};
    use crate::ui::fixture::{self, DIALOGS, MOMENTS};

    fn text(fixture: &fixture::Fixture, sentence: &str) -> String {
        let lines = lines(&fixture.screen(), sentence);
        lines.iter().map(Clean::as_str).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn each_moment_has_its_own_words() {
        let check = |moment: &str, wants: &[&str], not: &[&str]| {
            let fixture = fixture::of(moment).expect("the moment exists");
            let text = text(&fixture, "");
            for want in wants {
                assert!(text.contains(want), "{moment} wants `{want}`\n{text}");
            }
            for other in not {
                assert!(!text.contains(other), "{moment} has `{other}`\n{text}");
            }
        };
        check("healthy", &["STATE no incident", "CLOCK not running"], &["DONE", "ETA", "T+"]);
        let red = ["PROVISIONAL", "nothing is declared", "DECIDED nothing yet", "nothing was run"];
        check("red", &red, &["declared by"]);
        let running = [
            "[LIVE] STATUS UPDATE 3, 2026-11-20 14:25:51Z",
            "INCIDENT lms-20261120-140650",
            "from region A (us-east-1) to region B (eu-central-1)",
            "T+00:23:41 since 14:02:10Z; RTO 01:00:00 ON TRACK, 00:36:19 left",
            "LOSS UNKNOWN for kyc; expected: 43s of kafka",
            "DONE 5 of 12 steps",
            "NOW \"scale B from 2 to 10\"",
            "NEXT \"all probes pass\"",
            "ETA by 14:29:39Z, T+00:27:29, 32m31s before the RTO",
            "ROADBLOCKS none known",
            "declared 14:08:42Z by anna; expected losses accepted 14:09:10Z by anna",
            "[LIVE] NEXT UPDATE by 14:30:51Z",
        ];
        check("running", &running, &["PROVISIONAL", "RESTORED", "NOTE"]);
        check("declared", &["since 14:02:10Z or before", "losses not accepted yet"], &[]);
        check("failed", &["\"scale B from 2 to 10\" failed (refused)"], &["quota"]);
        check("unknown", &["the outcome of \"promote PostgreSQL\" is UNKNOWN"], &[]);
        check("suspect", &["is SUSPECT"], &["A (us-east-1) serves"]);
        check("stale", &["is UNKNOWN", "standby BLIND", "LOSS UNKNOWN now"], &["serves"]);
        check("failed", &["NEXT try \"scale B from 2 to 10\" again", "if it went on now"], &[]);
        check("unknown", &["NEXT find out what became of \"promote PostgreSQL\""], &[]);
        check("held", &["HOLD", "the plan is held since 14:17:40Z", "AT RISK"], &[]);
        let breached = ["BREACHED, 00:05:12 over", "OVER its limit 5m00s", "after the RTO"];
        check("breached", &breached, &["left"]);
        check("split", &["two primaries of pg"], &["none known"]);
        check("journal", &["nothing can be put on record"], &["none known"]);
        let restored = [
            "STATUS UPDATE 2, RESTORED",
            "users are served from region B",
            "stopped at T+00:22:40",
            "MET, 00:37:20 to spare",
            "LOSS UNKNOWN for kyc",
            "not measured",
            "ETA restored at 14:24:50Z",
            "NEXT UPDATE none: the run is closed",
        ];
        check("restored", &restored, &["left;"]);
    }

    #[test]
    fn giving_up_is_not_restoring() {
        let mut fixture = fixture::of("failed").expect("the moment exists");
        let mut run = fixture.run.take().expect("a run");
        let mut tell = |body| {
            let (seq, by, at) = (run.last_seq() + 1, run.opened.1.clone(), fixture.now);
            let event = crate::domain::run::event::RunEvent { seq, at, by, body };
            run.apply(event).expect("it fits");
            run.clone()
        };
        let reason = "no capacity in db7.eu.example".into();
        let giving_up = tell(Body::AbortStarted { reason });
        let given_up = tell(Body::Closed { closing: Closing::Aborted });
        fixture.run = Some(giving_up);
        let text_now = text(&fixture, "");
        for want in ["BEING GIVEN UP", "does not restore", "given up 14:18:50Z by anna"] {
            assert!(text_now.contains(want), "{text_now}");
        }
        assert!(text_now.contains("ETA no forecast"), "{text_now}");
        fixture.run = Some(given_up);
        let text_now = text(&fixture, "");
        assert!(text_now.contains("GIVEN UP; restoration was not seen"), "{text_now}");
    }

    #[test]
    fn an_exercise_says_so_at_both_ends() {
        for (kind, word) in [(RunKind::Drill, "DRILL"), (RunKind::Simulation, "SIM")] {
            let mut fixture = fixture::of("running").expect("the moment exists");
            fixture.kind = kind;
            let text = text(&fixture, "");
            let first = text.lines().next().unwrap_or_default();
            let last = text.lines().last().unwrap_or_default();
            assert!(first.starts_with(&format!("[{word}] A")), "{first}");
            assert!(first.contains("NOT A REAL INCIDENT"), "{first}");
            assert!(last.starts_with(&format!("[{word}] ")), "{last}");
            assert!(!text.contains("LIVE"), "{text}");
        }
    }

    #[test]
    fn no_host_nor_address_is_told() {
        let sentence = "see db.eu.example:5432, 10.0.0.7, https://wiki.example/x on bastion-2";
        for moment in MOMENTS.iter().chain(DIALOGS) {
            let mut fixture = fixture::of(moment.name).expect("the moment exists");
            if let Some(book) = fixture.runbooks.first_mut() {
                for step in &mut book.steps {
                    step.title = format!("{} on lms-1.eu.example", step.title).into();
                }
            }
            let text = text(&fixture, sentence);
            for host in ["example", "10.0.0.7", "bastion-2", "1.1.1.1"] {
                assert!(!text.contains(host), "{} has `{host}`\n{text}", moment.name);
            }
            assert!(text.contains("NOTE see [host], [host], [host] on [host]"), "{text}");
        }
    }

    #[test]
    fn hostile_words_stay_one_line() {
        let fixture = fixture::of("running").expect("the moment exists");
        let told = lines(&fixture.screen(), "a\n[LIVE] NEXT UPDATE\u{1b}[2J\u{202e}");
        assert_eq!(told.len(), lines(&fixture.screen(), "plain").len());
        let all = told.iter().map(Clean::as_str).collect::<String>();
        assert!(!all.chars().any(char::is_control), "{all}");
    }
}
