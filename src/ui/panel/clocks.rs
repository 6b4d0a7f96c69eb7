//! Words of the forecast: the finish, the time to decide, stuck steps, the clock of each tier.

use super::prelude::*;
use std::time::Duration;

use crate::domain::catalogue::Class;
use crate::domain::forecast::{RtoState, Stuck, TierClock};
use crate::domain::ids::StepId;
use crate::domain::runbook::Step;
use crate::domain::text::several;
use crate::domain::time::{clock_text, margin_s, short_time};

use super::phrase;

/// How long waiting is weighed against going now.
pub const WAIT: Duration = Duration::from_secs(600);

/// ` core` after an objective, where a site has several.
pub fn of_tier(screen: &Screen<'_>) -> String {
    match &screen.forecast.tier {
        Some(tier) if screen.forecast.tiers.len() > 1 => format!(" {tier}"),
        Some(_) | None => String::new(),
    }
}

/// `forecast p50 T+00:38:10 p80 T+00:40:21`, one figure where both are the same.
pub fn finish(screen: &Screen<'_>, long: bool) -> Row {
    let forecast = screen.forecast;
    let Some((p50, p80)) = forecast.finish_p50.zip(forecast.finish_p80) else {
        return match (forecast.elapsed, screen.runbook) {
            (None, _) => Row::new(),
            (Some(_), None) => Row::of(WARN, format!("UNKNOWN, {}", phrase::no_runbook(screen))),
            (Some(_), Some(_)) => Row::of(WARN, "no forecast"),
        };
    };
    let last = clock_text(p80);
    if matches!(forecast.state, RtoState::Met | RtoState::Missed | RtoState::Contested) {
        let told = if has_restored(screen) { "restored" } else { "ended" };
        return Row::plain(format!("{told} at T+{last}"));
    }
    let first = clock_text(p50);
    Row::plain(match (first == last, long) {
        (true, true) => format!("forecast finish T+{last}"),
        (true, false) => format!("forecast T+{last}"),
        (false, true) => format!("finish p50 T+{first} p80 T+{last}"),
        (false, false) => format!("p80 T+{last}"),
    })
}

fn has_restored(screen: &Screen<'_>) -> bool {
    screen.run.is_none_or(|run| run.restored.is_some())
}

/// `decide by 14:44:10Z`, while nobody has declared; that it passed.
pub fn decide_by(screen: &Screen<'_>) -> Row {
    let forecast = screen.forecast;
    let Some(by) = forecast.decide_by.filter(|_| forecast.elapsed.is_some()) else {
        return Row::new();
    };
    if screen.now.since(by).is_zero() {
        Row::of(TEXT, format!("decide by {}", by.utc()))
    } else {
        Row::of(CRIT, format!("decide by {} PASSED", by.utc()))
    }
}

/// What is left of an objective: whole seconds of both clocks always add up to it.
pub fn left_of(rto: Duration, gone: Duration) -> Duration {
    Duration::from_secs(rto.as_secs().saturating_sub(gone.as_secs()))
}

/// The clock of a tier that the big clock does not count: `files L00:42:10 of 1h ON TRACK`, `core
/// MET 04:28 of 10:00`.
fn tier(screen: &Screen<'_>, tier: &TierClock, long: bool) -> Row {
    let (name, ink, word) = (&tier.tier, state_ink(tier.state), tier.state.words());
    let of = if long { format!(" of {}", phrase::minutes(tier.rto)) } else { String::new() };
    match (tier.took, screen.forecast.elapsed) {
        (Some(took), _) => Row::of(MUTED, format!("{name} "))
            .put(ink, word)
            .put(TEXT, format!(" {}{of}", phrase::minutes(took))),
        (None, Some(gone)) if gone > tier.rto => Row::of(MUTED, format!("{name} "))
            .put(ink, format!("+{}", phrase::minutes(gone.saturating_sub(tier.rto))))
            .put(TEXT, format!("{of} "))
            .put(ink, word),
        (None, Some(gone)) => {
            let left = left_of(tier.rto, gone);
            Row::of(MUTED, format!("{name} "))
                .put(TEXT, format!("L{}{of} ", phrase::minutes(left)))
                .put(ink, word)
        }
        (None, None) => Row::of(MUTED, format!("{name} RTO {}", short_time(tier.rto))),
    }
}

/// From here on a state asks for nobody.
const CALM: u8 = 3;

/// How bad a state is, worst first.
fn badness(state: RtoState) -> u8 {
    match state {
        RtoState::Missed | RtoState::Breached | RtoState::Contested => 0,
        RtoState::WillMiss => 1,
        RtoState::AtRisk => 2,
        RtoState::Provisional | RtoState::OnTrack | RtoState::Ready => CALM,
        RtoState::Met => 4,
    }
}

/// The tiers that the big clock does not count, the worst first.
fn others<'a>(screen: &Screen<'a>) -> Vec<&'a TierClock> {
    let counted = screen.forecast.tier.as_ref();
    let mut others: Vec<&TierClock> =
        screen.forecast.tiers.iter().filter(|tier| Some(&tier.tier) != counted).collect();
    others.sort_by_key(|tier| (badness(tier.state), tier.rto));
    others
}

/// The worst of the tiers that the big clock does not count, and whether it needs to be seen.
pub fn worst_tier(screen: &Screen<'_>) -> (bool, Row) {
    match others(screen).first() {
        Some(worst) => (badness(worst.state) < CALM, tier(screen, worst, true)),
        None => (false, Row::new()),
    }
}

/// As many tiers as fit, the worst first, with what is left out counted; whole words where all fit.
pub fn tier_cells(screen: &Screen<'_>, width: usize) -> Row {
    let all = |long| others(screen).into_iter().map(move |clock| tier(screen, clock, long));
    let fits = |rows: &Vec<Row>| {
        let gaps = rows.len().saturating_sub(1) * TIER_GAP.len();
        rows.iter().map(Row::width).sum::<usize>() + gaps <= width
    };
    if let Some(rows) = [true, false].map(|long| all(long).collect()).into_iter().find(fits) {
        return as_many(rows, TIER_GAP, width);
    }
    let rows: Vec<Row> = all(false).collect();
    let count = rows.len();
    let room = width.saturating_sub(" +9 tiers".len());
    let mut used = 0;
    let shown: Vec<Row> = rows
        .into_iter()
        .take_while(|row| {
            used += row.width() + TIER_GAP.len();
            used <= room
        })
        .collect();
    let hidden = count - shown.len();
    let gap = if shown.is_empty() { "" } else { " " };
    as_many(shown, TIER_GAP, room)
        .put(MUTED, format!("{gap}+{}", several(hidden, "tier")))
        .cut(width)
}

/// Between two tiers.
const TIER_GAP: &str = "   ";

/// Every tier in a row of its own, for panels with room; empty at a site with one objective.
pub fn tier_rows(screen: &Screen<'_>) -> Vec<Row> {
    if screen.forecast.tiers.len() < 2 || screen.forecast.elapsed.is_none() {
        return Vec::new();
    }
    screen.forecast.tiers.iter().map(|clock| tier(screen, clock, true)).collect()
}

/// The running step that takes too long, if it is this one.
pub fn stuck<'a>(screen: &Screen<'a>, step: &StepId) -> Option<&'a Stuck> {
    screen.forecast.stuck.iter().find(|stuck| stuck.step == *step)
}

/// `STUCK: 01:12 of p80 00:40`.
pub fn stuck_words(stuck: &Stuck) -> String {
    format!("STUCK: {} of p80 {}", phrase::minutes(stuck.spent), phrase::minutes(stuck.p80))
}

/// What a step takes in eight of ten runs, or what the plan expects.
pub fn act_p80(screen: &Screen<'_>, step: &Step) -> Duration {
    screen.forecast.step(&step.id).map_or(step.expect, |told| told.pace.act.p80)
}

/// What a step usually takes, or what the plan expects.
pub fn act_p50(screen: &Screen<'_>, step: &Step) -> Duration {
    screen.forecast.step(&step.id).map_or(step.expect, |told| told.pace.act.p50)
}

/// `p50 02:10, p80 03:10 in 7 runs`, or the plan's own figure.
pub fn usual(screen: &Screen<'_>, step: &Step) -> String {
    match screen.forecast.step(&step.id).map(|told| &told.pace) {
        Some(pace) if pace.runs > 0 => {
            let hand = if pace.hand.p80 < Duration::from_secs(1) || step.class == Class::H {
                String::new()
            } else {
                format!(", begun {} after it could be", phrase::minutes(pace.hand.p80))
            };
            let (half, most) = (phrase::minutes(pace.act.p50), phrase::minutes(pace.act.p80));
            let takes = if half == most { most } else { format!("p50 {half}, p80 {most}") };
            format!("{takes} in {}{hand}", several(pace.runs, "run"))
        }
        _ => format!("expected {} by the plan, no history", phrase::minutes(step.expect)),
    }
}

/// When it ends if this step is started now, if it waits, and until when it may begin.
pub fn start_rows(screen: &Screen<'_>, step: &StepId) -> Vec<(Ink, String)> {
    let forecast = screen.forecast;
    let Some(rto) = forecast.rto else { return Vec::new() };
    let told = |wait: Duration| {
        let finish = forecast.finish_if_started(step, wait)?;
        let margin = margin_s(rto, finish.p80);
        let size = phrase::seconds(margin.abs());
        let word = if margin < 0.0 { "LATE by" } else { "margin" };
        let (first, last) = (clock_text(finish.p50), clock_text(finish.p80));
        let text = if first == last {
            format!("finish T+{last}, {word} {size}")
        } else {
            format!("p50 T+{first} p80 T+{last}, {word} {size}")
        };
        Some((margin < 0.0, text))
    };
    let Some(((late, now), (_, later))) = told(Duration::ZERO).zip(told(WAIT)) else {
        let why = match forecast.elapsed {
            Some(_) if forecast.steps.is_empty() => return Vec::new(),
            Some(_) => "the clock does not wait for this step",
            None => return Vec::new(),
        };
        return vec![(MUTED, why.to_owned())];
    };
    let ink = if late { CRIT } else { TEXT };
    let wait = WAIT.as_secs() / 60;
    let mut rows = vec![(ink, format!("go now: {now}; wait {wait} min: {later}"))];
    if let Some(last) = forecast.last_start(step) {
        let passed = if screen.now.since(last).is_zero() { "" } else { " (passed)" };
        rows.push((ink, format!("last moment to start {}{passed}", last.utc())));
    }
    rows
}

/// The ink of an RTO state.
pub fn state_ink(state: RtoState) -> Ink {
    match state {
        RtoState::Breached | RtoState::WillMiss | RtoState::Missed | RtoState::Contested => CRIT,
        RtoState::AtRisk => WARN,
        RtoState::Provisional => INFO,
        RtoState::OnTrack | RtoState::Ready | RtoState::Met => OK,
    }
}

/// `STEP scale-b 01:12 / 02:00`, or what the step is waiting for.
pub fn step_clock(screen: &Screen<'_>) -> String {
    let Some((step, state)) = phrase::current(screen) else { return String::new() };
    let expect = phrase::minutes(act_p80(screen, step));
    let number = screen.runbook.and_then(|book| book.number(&step.id)).unwrap_or_default();
    match state.open_attempt() {
        Some(attempt) => {
            let spent = phrase::minutes(attempt.spent(screen.now));
            let word = stuck(screen, &step.id).map_or("STEP", |_| "STUCK");
            format!("{word} {number} {} {spent} / {expect}", step.id)
        }
        None if screen.is_aborting() => format!("BACK {number} {}, takes {expect}", step.id),
        None => format!("STEP {number} {} {}, takes {expect}", step.id, state.phase.word()),
    }
}
