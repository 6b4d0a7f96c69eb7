//! Whether a fact that a plan relies on holds right now: its value, its age, no benefit of doubt.

use std::time::Duration;

use super::ids::{Side, StepId};
use super::ledger::Ledger;
use super::reading::{Certainty, FactValue, Reading, WRITABLE};
use super::rules::period;
use super::run::phase::Phase;
use super::run::state::Run;
use super::runbook::{Bound, Direction, Gate, Runbook, UngracefulGate};
use super::site::Site;
use super::snapshot::{Cell, Snapshot, earlier};
use super::text::Clean;
use super::time::{Stamp, short_time, whole_time};

/// Readings up to this age count for a gate, whatever the period of the source.
pub const READING_AGE_MAX: Duration = Duration::from_secs(5);

/// Readings up to this many periods of their source count for a gate.
pub const READING_PERIODS_MAX: u32 = 2;

/// A gate as it is seen now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// What is asked about: `pg lag in B`.
    pub what: Clean,
    /// What is wanted of it: `at most 0s`.
    pub wanted: Clean,
    /// What is seen: `0.8s, read 1s ago`; or why nothing can be said.
    pub seen: Clean,
    /// Whether it holds; none when that cannot be told, which never counts as held.
    pub held: Option<bool>,
    /// True where it holds because nothing speaks against it: nobody answered who could.
    pub by_silence: bool,
}

impl Seen {
    /// The gate in words: `pg lag in B at most 0s`.
    pub fn words(&self) -> Clean {
        format!("{} {}", self.what, self.wanted).into()
    }

    /// The gate in a sentence, what is before what is wanted.
    pub fn says(&self) -> Clean {
        let Self { what, wanted, seen, held, .. } = self;
        if *held == Some(true) {
            return format!("{what} {wanted}: {seen}").into();
        }
        let wanted = wanted.as_str().trim_start_matches("is ");
        format!("{what}: {seen} (wanted: {wanted})").into()
    }
}

/// What a gate is looked at with.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    /// The site.
    pub site: &'a Site,
    /// The latest readings.
    pub snapshot: &'a Snapshot,
    /// Which way the run goes.
    pub direction: Direction,
    /// True for a step that runs as if the primary were lost.
    pub ungraceful: bool,
    /// The expected losses, once a named person accepted them.
    pub accepted: Option<&'a Ledger>,
    /// When the last thing ended that the gate depends on: a reading begun before that says nothing
    /// of what is now.
    pub after: Option<Stamp>,
    /// Now.
    pub now: Stamp,
}

impl<'a> Frame<'a> {
    /// The frame of a step of a run.
    pub fn of_step(
        run: &'a Run,
        runbook: &Runbook,
        step: &StepId,
        (site, snapshot): (&'a Site, &'a Snapshot),
        now: Stamp,
    ) -> Self {
        Self {
            site,
            snapshot,
            direction: run.direction,
            ungraceful: run.is_ungraceful(step),
            accepted: run.accepted.as_ref().and(run.ledger.as_ref()),
            after: last_end(run, runbook.ancestors(step).iter()),
            now,
        }
    }

    /// The frame of a plan that no run was opened with: nothing ended yet, nothing is accepted.
    pub fn of_plan(
        direction: Direction,
        (site, snapshot): (&'a Site, &'a Snapshot),
        now: Stamp,
    ) -> Self {
        let (ungraceful, accepted, after) = (false, None, None);
        Self { site, snapshot, direction, ungraceful, accepted, after, now }
    }
}

/// When the last of these steps ended that were acted on or attested.
fn last_end<'i>(run: &Run, steps: impl Iterator<Item = &'i StepId>) -> Option<Stamp> {
    let ended = steps.filter_map(|id| run.step(id)).filter(|state| state.phase != Phase::Skipped);
    ended.filter_map(|state| state.finished).reduce(later)
}

fn later(one: Stamp, other: Stamp) -> Stamp {
    if earlier(one, other) == one { other } else { one }
}

/// Looks at one gate.
pub fn look(gate: &Gate, frame: &Frame<'_>) -> Seen {
    let Frame { direction, ungraceful, accepted, .. } = *frame;
    let side = direction.side(gate.place);
    let what: Clean = format!("{} {} in {side}", gate.system, gate.fact).into();
    let live = |bound: &Bound| {
        let (seen, held) = look_live(gate, bound, side, frame);
        let answers = |system| {
            let cell = frame.snapshot.cell(&gate.system, side)?;
            cell.current(frame.now, period(system))
        };
        let silent = || frame.site.system(&gate.system).and_then(answers).is_none();
        let by_silence = *bound == Bound::NotOpen && held == Some(true) && silent();
        Seen { what: what.clone(), wanted: bound.words().into(), seen, held, by_silence }
    };
    match (&gate.ungraceful, ungraceful) {
        (_, false) | (None, true) => live(&gate.bound),
        (Some(UngracefulGate::Weaker(bound)), true) => live(bound),
        (Some(UngracefulGate::Skip), true) => Seen {
            what: what.clone(),
            wanted: gate.bound.words().into(),
            seen: "not asked in an ungraceful run".into(),
            held: Some(true),
            by_silence: false,
        },
        (Some(UngracefulGate::Ledger { at_most }), true) => {
            let (seen, held) = look_at_ledger(gate, *at_most, accepted);
            let what = format!("{} loss in the accepted ledger", gate.system).into();
            let wanted = format!("at most {}", short_time(*at_most)).into();
            Seen { what, wanted, seen, held, by_silence: false }
        }
    }
}

/// Looks at the facts that stop the clock. All of them must hold, as read after the last step that
/// the clock waits for; a plan without any never says so.
pub fn restored(
    run: &Run,
    runbook: &Runbook,
    site: &Site,
    snapshot: &Snapshot,
    now: Stamp,
) -> (bool, Vec<Seen>) {
    let frame = Frame {
        site,
        snapshot,
        direction: run.direction,
        ungraceful: false,
        accepted: None,
        after: last_end(run, runbook.decisive().map(|step| &step.id)),
        now,
    };
    let seen: Vec<Seen> = runbook.restored.iter().map(|gate| look(gate, &frame)).collect();
    let all = !seen.is_empty() && seen.iter().all(|seen| seen.held == Some(true));
    (all, seen)
}

fn look_at_ledger(
    gate: &Gate,
    at_most: Duration,
    accepted: Option<&Ledger>,
) -> (Clean, Option<bool>) {
    let Some(ledger) = accepted else {
        return ("the loss ledger is not accepted yet: accept the losses".into(), None);
    };
    let Some(row) = ledger.row(&gate.system) else {
        return (format!("the accepted ledger has no row for {}", gate.system).into(), None);
    };
    let Some(loss_s) = row.loss_s.filter(|loss| loss.is_finite() && *loss >= 0.0) else {
        return ("UNKNOWN loss in the accepted ledger".into(), None);
    };
    let shown = FactValue::Seconds(loss_s).shown();
    let within = loss_s <= at_most.as_secs_f64();
    let bounded = row.last.as_ref().is_some_and(|(_, lag)| lag.certainty != Certainty::Known);
    if within && bounded {
        (format!("at least {shown} expected loss: only a lower bound is known").into(), None)
    } else {
        (format!("{shown} expected loss, accepted").into(), Some(within))
    }
}

fn look_live(gate: &Gate, bound: &Bound, side: Side, frame: &Frame<'_>) -> (Clean, Option<bool>) {
    let Frame { site, snapshot, after, now, .. } = *frame;
    let Some(system) = site.system(&gate.system) else {
        return (format!("this site has no system {}", gate.system).into(), None);
    };
    let unknown = |why: &dyn std::fmt::Display| (format!("UNKNOWN ({why})").into(), None);
    let Some(cell) = snapshot.cell(&gate.system, side) else {
        return unknown(&"no data yet");
    };
    let period = period(system);
    if *bound == Bound::NotOpen {
        return look_not_open(cell, period, frame);
    }
    let value = cell.fact(&gate.fact, now, period);
    let Some(reading) = cell.current(now, period) else {
        return (value.shown().into(), None);
    };
    let age = now.since(reading.at);
    let oldest = (period * READING_PERIODS_MAX).max(READING_AGE_MAX);
    if age > oldest {
        let (age, oldest) = (short_time(age), short_time(oldest));
        return unknown(&format!("last read {age} ago, a gate wants at most {oldest}"));
    }
    if after.is_some_and(|after| !begun_after(reading.at, after)) {
        return unknown(&"read before the last step that it depends on ended: it is looked again");
    }
    let ago = whole_time(age);
    if let FactValue::Unknown(why) = &value {
        return (format!("UNKNOWN ({why}), read {ago} ago").into(), None);
    }
    let hindered = reading.hindered.as_ref().filter(|_| gate.fact == WRITABLE);
    let why = hindered.map(|why| format!(" ({why})")).unwrap_or_default();
    let shown = format!("{}{why}", value.shown());
    match bound.holds(&value) {
        Ok(true) if gate.fact == "lag" && is_lower_bound(reading) => {
            unknown(&format!("at least {shown}: only a lower bound is known, read {ago} ago"))
        }
        Ok(held) => (format!("{shown}, read {ago} ago").into(), Some(held)),
        Err(why) => unknown(&format!("{shown} {why}")),
    }
}

/// Whether a side has no primary that may take writes; one that does not answer has none.
fn look_not_open(cell: &Cell, period: Duration, frame: &Frame<'_>) -> (Clean, Option<bool>) {
    let looked = cell.heard.is_some_and(|at| frame.after.is_none_or(|end| begun_after(at, end)));
    if !looked {
        let seen = "UNKNOWN (not looked at since the last step that it depends on ended)";
        return (seen.into(), None);
    }
    let Some(reading) = cell.current(frame.now, period) else {
        return ("it does not answer: whether it takes writes is not known".into(), Some(true));
    };
    let ago = reading.at.ago(frame.now);
    if reading.is_open_primary() {
        let seen = format!("it answers and takes writes, read {ago} ago: fence it first");
        (seen.into(), Some(false))
    } else {
        (format!("no primary that takes writes, read {ago} ago").into(), Some(true))
    }
}

/// True when a look began no earlier than `after`. What is read in another boot than something
/// ended in was read later: readings of an earlier boot count for nothing anyway.
pub fn begun_after(at: Stamp, after: Stamp) -> bool {
    at.boot != after.boot || at.boot_ms >= after.boot_ms
}

fn is_lower_bound(reading: &Reading) -> bool {
    reading.lag.as_ref().is_some_and(|lag| lag.certainty != Certainty::Known)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::RunId;
    use crate::domain::ledger::{LedgerRow, LossVerdict};
    use crate::domain::reading::{Basis, Lag, LagUnit, Writes};
    use crate::domain::rules::bench::{Saw, at, hear, id, lag, site, stretch};
    use crate::domain::run::event::{Actor, Body, Mode, RunEvent, RunKind};
    use crate::domain::runbook::{Amount, Exact, Place};
    use crate::domain::settings::Span;
    use crate::domain::time::BootId;
    use crate::stand;

    const DIRECTION: Direction = Direction { from: Side::A, to: Side::B };

    fn gate(system: &str, fact: &str, bound: Bound, ungraceful: Option<UngracefulGate>) -> Gate {
        let system = id(system);
        let (fact, span) = (fact.to_owned(), Span::default());
        Gate { system, place: Place::To, fact, bound, ungraceful, span }
    }

    fn at_most(seconds: u64) -> Bound {
        Bound::AtMost(Amount::Time(Duration::from_secs(seconds)))
    }

    fn frame<'a>(site: &'a Site, snapshot: &'a Snapshot, now: Stamp) -> Frame<'a> {
        Frame::of_plan(DIRECTION, (site, snapshot), now)
    }

    /// pg in B heard `looks`.
    fn heard(looks: &[(u64, Saw)]) -> Snapshot {
        let mut snapshot = Snapshot::default();
        hear(&mut snapshot, "pg", Side::B, looks);
        snapshot
    }

    /// Looks at a gate of pg in B and tells what is seen in one line.
    fn check(fact: &str, bound: Bound, looks: &[(u64, Saw)], now: u64, want: &str) {
        let gate = gate("pg", fact, bound, None);
        let (site, snapshot) = (site(), heard(looks));
        let seen = look(&gate, &frame(&site, &snapshot, at(now)));
        let word = match seen.held {
            Some(true) => "holds",
            Some(false) => "does not",
            None => "cannot tell",
        };
        assert_eq!(format!("{} | {} | {word}", seen.words(), seen.seen), want);
    }

    fn now(saw: Saw) -> [(u64, Saw); 1] {
        [(10, saw)]
    }

    #[test]
    fn a_gate_shows_the_value_and_its_age() {
        let words = "pg lag in B at most 5s";
        let lag_case = |looks: &[(u64, Saw)], second: u64, want: &str| {
            check("lag", at_most(5), looks, second, &format!("{words} | {want}"));
        };
        lag_case(&now(lag(5.0)), 11, "5s, read 1s ago | holds");
        lag_case(&now(lag(5.1)), 11, "5.1s, read 1s ago | does not");
        lag_case(&now(lag(0.8)), 15, "0.8s, read 5s ago | holds");
        lag_case(
            &now(lag(0.8)),
            16,
            "UNKNOWN (last read 6s ago, a gate wants at most 5s) | cannot tell",
        );
        lag_case(&now(lag(0.8)), 17, "UNKNOWN (last read 7s ago) | cannot tell");
        lag_case(&[], 10, "UNKNOWN (no data yet) | cannot tell");
        lag_case(&now(Saw::Silent), 10, "UNKNOWN (no answer in 2s) | cannot tell");
        lag_case(
            &[(8, lag(0.8)), (10, Saw::Silent)],
            10,
            "UNKNOWN (no answer in 2s) | cannot tell",
        );
        lag_case(
            &now(Saw::Standby),
            10,
            "UNKNOWN (the system told no lag), read 0s ago | cannot tell",
        );
        lag_case(
            &now(Saw::Lag(0.0, Certainty::Unknown, Basis::ReplayTimestamp)),
            10,
            "UNKNOWN (the source side was not read), read 0s ago | cannot tell",
        );
        lag_case(
            &now(lag(-2.0)),
            10,
            "UNKNOWN (a negative lag: the clocks disagree), read 0s ago | cannot tell",
        );
        // A lower bound can break a gate, never keep it.
        let bound = |seconds| now(Saw::Lag(seconds, Certainty::LowerBound, Basis::Heartbeat));
        lag_case(
            &bound(1.0),
            10,
            "UNKNOWN (at least 1s: only a lower bound is known, read 0s ago) | cannot tell",
        );
        lag_case(&bound(9.0), 10, "9s, read 0s ago | does not");
    }

    #[test]
    fn every_kind_of_bound_is_compared_or_refused() {
        let word = |word: &str| Bound::Is(Exact::Word(word.to_owned()));
        check(
            "role",
            word("Primary"),
            &now(Saw::Primary),
            10,
            "pg role in B is Primary | primary, read 0s ago | holds",
        );
        check(
            "role",
            word("primary"),
            &now(Saw::Standby),
            10,
            "pg role in B is primary | standby, read 0s ago | does not",
        );
        let share = Bound::AtLeast(Amount::Number(0.8));
        check(
            "capacity",
            share.clone(),
            &now(Saw::Size(8, 10)),
            10,
            "pg capacity in B at least 0.8 | 80 %, read 0s ago | holds",
        );
        check(
            "capacity",
            share,
            &now(Saw::Up),
            10,
            "pg capacity in B at least 0.8 | UNKNOWN (the system told no capacity), read 0s ago | \
             cannot tell",
        );
        check(
            "healthy",
            Bound::Is(Exact::Boolean(true)),
            &now(Saw::Bad),
            10,
            "pg healthy in B is yes | no, read 0s ago | does not",
        );
        check(
            "healthy",
            at_most(5),
            &now(Saw::Up),
            10,
            "pg healthy in B at most 5s | UNKNOWN (yes is no number) | cannot tell",
        );
        check(
            "topics",
            Bound::Is(Exact::Integer(3)),
            &now(Saw::Told("topics", FactValue::Number(3.0))),
            10,
            "pg topics in B is 3 | 3, read 0s ago | holds",
        );
        check(
            "topics",
            Bound::AtLeast(Amount::Number(0.0)),
            &now(Saw::Told("topics", FactValue::Number(f64::NAN))),
            10,
            "pg topics in B at least 0 | UNKNOWN (NaN is not a number that can be compared) | \
             cannot tell",
        );
    }

    #[test]
    fn an_ungraceful_run_asks_the_accepted_ledger() {
        let ledger = |loss_s: Option<f64>, certainty: Certainty| Ledger {
            as_of: at(0),
            rows: vec![LedgerRow {
                system: id("pg"),
                last: Some((
                    at(0),
                    Lag {
                        seconds: loss_s,
                        amount: None,
                        unit: LagUnit::Bytes,
                        basis: Basis::LogPosition,
                        certainty,
                        unreceived: None,
                    },
                )),
                loss_s,
                rpo_s: Some(300.0),
                verdict: LossVerdict::Pass,
            }],
        };
        let five = Duration::from_secs(300);
        let from_ledger = || Some(UngracefulGate::Ledger { at_most: five });
        let check = |gate: &Gate, ungraceful: bool, accepted: Option<&Ledger>, want| {
            let (site, snapshot) = (site(), heard(&[(10, lag(2.0))]));
            let frame = Frame { ungraceful, accepted, ..frame(&site, &snapshot, at(10)) };
            let seen = look(gate, &frame);
            assert_eq!(seen.held, want, "{seen:?}");
        };
        let known = |loss_s| ledger(loss_s, Certainty::Known);
        let strict = gate("pg", "lag", at_most(0), from_ledger());
        check(&strict, false, Some(&known(Some(1.0))), Some(false));
        check(&strict, true, None, None);
        check(&strict, true, Some(&known(Some(300.0))), Some(true));
        check(&strict, true, Some(&known(Some(300.1))), Some(false));
        check(&strict, true, Some(&known(None)), None);
        check(&strict, true, Some(&ledger(Some(1.0), Certainty::LowerBound)), None);
        check(&strict, true, Some(&ledger(Some(301.0), Certainty::LowerBound)), Some(false));
        check(&gate("redis", "lag", at_most(0), from_ledger()), true, Some(&known(None)), None);
        let weaker = gate("pg", "lag", at_most(0), Some(UngracefulGate::Weaker(at_most(2))));
        check(&weaker, false, None, Some(false));
        check(&weaker, true, None, Some(true));
        let skipped = gate("pg", "lag", at_most(0), Some(UngracefulGate::Skip));
        check(&skipped, false, None, Some(false));
        check(&skipped, true, None, Some(true));
        check(&gate("pg", "lag", at_most(0), None), true, Some(&known(Some(0.0))), Some(false));
        check(&gate("nothing", "lag", at_most(0), None), false, None, None);
    }

    #[test]
    fn a_promotion_asks_whether_the_other_side_is_an_open_primary() {
        use Saw::{Primary, Silent, Standby};
        let check = |looks: &[(u64, Saw)], after: Option<Stamp>, want: Option<bool>| {
            let (site, snapshot) = (site(), heard(looks));
            for ungraceful in [false, true] {
                let frame = Frame { ungraceful, after, ..frame(&site, &snapshot, at(12)) };
                let seen = look(&gate("pg", "writes", Bound::NotOpen, None), &frame);
                assert_eq!(seen.held, want, "{looks:?}: {}", seen.seen);
            }
        };
        check(&[], None, None);
        check(&[(10, Silent)], None, Some(true));
        check(&[(10, Standby)], None, Some(true));
        check(&[(10, Saw::Writes(Writes::Refused))], None, Some(true));
        check(&[(10, Primary)], None, Some(false));
        check(&[(10, Saw::Writes(Writes::Unknown))], None, Some(false));
        // It was lost, and is back before the promotion.
        check(&[(4, Primary), (6, Silent), (10, Primary)], None, Some(false));
        check(&[(8, Primary), (10, Silent)], None, Some(true));
        // What was read before the fence ended says nothing of it.
        check(&[(10, Primary)], Some(at(11)), None);
        check(&[(10, Silent)], Some(at(11)), None);
        check(&[(12, Silent)], Some(at(11)), Some(true));
        check(&[(12, Primary)], Some(at(11)), Some(false));
    }

    #[test]
    fn a_gate_wants_a_reading_begun_after_what_it_depends_on() {
        let check = |began: u64, after: Option<Stamp>, want: Option<bool>| {
            let (site, snapshot) = (site(), heard(&[(began, lag(0.0))]));
            let frame = Frame { after, ..frame(&site, &snapshot, at(12)) };
            let seen = look(&gate("pg", "lag", at_most(0), None), &frame);
            assert_eq!(seen.held, want, "{began} {after:?}: {}", seen.seen);
        };
        check(10, None, Some(true));
        check(10, Some(at(10)), Some(true));
        check(10, Some(at(11)), None);
        check(12, Some(at(11)), Some(true));
        // What ended before the machine was started ended before anything was read.
        check(10, Some(Stamp { boot: BootId(0), ..at(11) }), Some(true));
    }

    /// A run of the plan that was opened and no more.
    fn opened(runbook: &Runbook) -> Run {
        let by = Actor { person: None, user: "anna".into(), host: "h".into() };
        let body = Body::Opened {
            run: RunId::new("lms-1").expect("a name"),
            kind: RunKind::Live,
            site: "lms".to_owned(),
            site_hash: String::new(),
            runbook: runbook.name.clone(),
            runbook_hash: String::new(),
            direction: DIRECTION,
            mode: Mode::Planned,
        };
        let event = RunEvent { seq: 1, at: at(0), by, body };
        Run::opening(runbook, &event).expect("it opens")
    }

    #[test]
    fn the_clock_stops_only_on_facts_that_all_hold() {
        let check = |gates: Vec<Gate>, looks: &[(u64, Saw)], now: u64, want: bool| {
            let runbook = Runbook { restored: gates, ..stand::runbook(Vec::new()) };
            let run = opened(&runbook);
            let (all, seen) = restored(&run, &runbook, &site(), &heard(looks), at(now));
            assert_eq!((all, seen.len()), (want, runbook.restored.len()), "{seen:?}");
        };
        let minute = Bound::AtLeast(Amount::Time(Duration::from_secs(60)));
        let healthy = || gate("pg", "healthy_for", minute.clone(), None);
        let other = gate("redis", "healthy_for", minute.clone(), None);
        check(Vec::new(), &stretch(0, 60, &Saw::Up), 60, false);
        check(vec![healthy()], &stretch(0, 60, &Saw::Up), 60, true);
        check(vec![healthy()], &stretch(2, 60, &Saw::Up), 60, false);
        check(vec![healthy(), other], &stretch(0, 60, &Saw::Up), 60, false);
        let hiccup = [stretch(0, 50, &Saw::Up), vec![(52, Saw::Silent)], stretch(54, 60, &Saw::Up)];
        check(vec![healthy()], &hiccup.concat(), 60, false);
        // Forty minutes of sleep are not forty healthy minutes.
        let slept = [stretch(0, 10, &Saw::Up), stretch(2410, 2412, &Saw::Up)].concat();
        check(vec![healthy()], &slept, 2412, false);
    }
}
