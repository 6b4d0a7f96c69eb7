//! The four clocks, the objective of each tier against them, and the forecast against the end.

use std::collections::BTreeSet;
use std::time::Duration;

use super::claim::{Claim, Section, Tone, Value};
use super::steps::{AtEntry, StepLine, note_open};
use super::tale::{Tale, between, grained};
use crate::domain::run::event::{Body, RunEvent};
use crate::domain::run::words;

/// One tier's promise and what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct TierLine {
    /// The tier.
    pub tier: String,
    /// What was promised.
    pub rto: Duration,
    /// How long it took from T0, and the entries that tell T0 and the end.
    pub took: Option<(Duration, Vec<u64>)>,
    /// What the wall clock says more: the boot clock may have stood still meanwhile.
    pub doubt: Duration,
    /// Two primaries stood as the record ended: nothing was restored for good.
    pub split: bool,
}

impl TierLine {
    /// True when the promise was kept; none while nobody can tell, also because the two clocks say
    /// different things. As on the clock of the screen, it is missed the moment it is reached.
    pub fn is_met(&self) -> Option<bool> {
        let (took, _) = self.took.as_ref().filter(|_| !self.split)?;
        match (*took < self.rto, took.saturating_add(self.doubt) < self.rto) {
            (true, true) => Some(true),
            (true, false) => None,
            (false, _) => Some(false),
        }
    }

    /// `MET`, `MISSED`, or why neither can be said; none where nothing was measured.
    pub fn word(&self) -> Option<&'static str> {
        self.took.as_ref()?;
        Some(match self.is_met() {
            Some(true) => "MET",
            Some(false) => "MISSED",
            None if self.split => "SPLIT BRAIN as it ended",
            None => "MET, but MISSED by the wall clock",
        })
    }
}

/// `MET`, `MISSED`, or that nothing was measured.
pub(super) fn verdict(id: String, label: &str, met: Option<bool>, entries: &[u64]) -> Claim {
    let word = met.map(|met| Value::text(if met { "MET" } else { "MISSED" }));
    Claim::measured(id, label, word, entries.iter().copied()).toned(Tone::of(met))
}

/// From T0 to the restoration, as the run's clock counted it.
pub(super) fn total(tale: &Tale<'_>) -> Option<(Duration, Vec<u64>)> {
    let total = tale.run.clock.as_ref()?.stopped?;
    Some((total, vec![tale.t0?.1, tale.restored()?.seq]))
}

/// Each tier with the end of its own clock, or of the run's where it has none.
pub(super) fn tiers(tale: &Tale<'_>) -> Vec<TierLine> {
    let lines = tale.site.objectives.iter().map(|objective| {
        let own = tale.last(
            |body| matches!(body, Body::TierRestored { tier, .. } if *tier == objective.tier),
        );
        let own = own.and_then(|event| {
            let took = between(0, tale.since_t0(event)?)?;
            Some((took, vec![tale.t0?.1, event.seq]))
        });
        let took = own.or_else(|| total(tale));
        let end = took.as_ref().and_then(|(_, entries)| entries.last().copied());
        let (tier, rto) = (objective.tier.to_string(), objective.rto);
        TierLine { tier, rto, took, doubt: doubt(tale, end).0, split: tale.run.stands_split() }
    });
    lines.collect()
}

/// What the wall clock says more of the time from T0 to an entry, and the entries that say so.
fn doubt(tale: &Tale<'_>, end: Option<u64>) -> (Duration, Vec<u64>) {
    let (Some((_, zero)), Some(end)) = (tale.t0, end) else { return Default::default() };
    let mut found = (Duration::ZERO, Vec::new());
    for event in tale.events().iter().filter(|event| (zero..end).contains(&event.seq)) {
        if let Body::ClockDoubted { wall_ahead_ms, .. } = event.body {
            found.0 += Duration::from_millis(wall_ahead_ms);
            found.1.push(event.seq);
        }
    }
    found
}

pub(super) fn tier_section(tiers: &[TierLine]) -> Section {
    let rows = tiers
        .iter()
        .map(|line| {
            let id = |part: &str| format!("rto.{}{part}", line.tier);
            let entries = line.took.as_ref().map_or(&[][..], |(_, entries)| entries);
            let entries = || entries.iter().copied();
            let took = line.took.as_ref().map(|(took, _)| Value::Clock(grained(*took)));
            let word = line.word().map(Value::text);
            vec![
                Claim::new(id(".tier"), "tier", Value::text(&line.tier), [1]),
                Claim::measured(id(""), "restored after", took, entries()),
                Claim::new(id(".objective"), "RTO", Value::Clock(line.rto), [1]),
                Claim::measured(id(".verdict"), "verdict", word, entries())
                    .toned(Tone::of(line.is_met())),
            ]
        })
        .collect();
    let columns = &["tier", "restored after", "RTO", "verdict"];
    Section::table("rto", "Recovery time", columns, rows)
}

/// A moment of the clock and the entry that tells it.
type End = Option<AtEntry>;

/// From one moment to another. All are counted from T0, so that parts add up to their whole.
fn since(begin: End, end: End) -> Option<Duration> {
    let ((begin, _), (end, _)) = begin.zip(end)?;
    between(begin, end)
}

fn clock(id: &str, name: &str, begin: End, end: End, time: Option<Duration>) -> Vec<Claim> {
    let ends = [begin, end].into_iter().flatten().map(|(_, entry)| entry);
    let time = time.map(Value::Clock);
    let time = Claim::measured(format!("clock.{id}"), "time", time, ends).marked();
    let moment = |part: &str, end: End| {
        let (at, entry) = end.map(|(ms, entry)| (Value::Since(ms), entry)).unzip();
        Claim::measured(format!("clock.{id}.{part}"), part, at, entry)
    };
    let name = Claim::new(format!("clock.{id}.name"), "clock", Value::text(name), [1]);
    vec![name, time, moment("from", begin), moment("to", end)]
}

/// The last step's end before the restoration was seen.
fn last_step<'a>(
    tale: &Tale<'a>,
    steps: &[StepLine],
    restored: Option<&RunEvent>,
) -> Option<&'a RunEvent> {
    let restored = restored?.seq;
    let last = steps.iter().filter_map(|step| step.end).map(|(_, seq)| seq);
    let last = last.filter(|seq| *seq < restored).max()?;
    tale.events().iter().find(|event| event.seq == last)
}

pub(super) fn section(tale: &Tale<'_>, steps: &[StepLine]) -> Section {
    let declared = tale.declared();
    if declared.is_none() {
        return Section::list("clocks", "Clocks", Vec::new());
    }
    let told = |event: Option<&RunEvent>| {
        event.and_then(|event| Some((tale.since_t0(event)?.max(0), event.seq)))
    };
    let restored = tale.restored();
    let (zero, red, decided) = (tale.t0.map(|(_, entry)| (0, entry)), red(tale), told(declared));
    let worked = told(last_step(tale, steps, restored));
    let end =
        told(restored).filter(|_| tale.run.clock.is_some_and(|clock| clock.stopped.is_some()));
    let execute = since(decided, end);
    let busy = busy(tale).filter(|_| execute.is_some());
    let columns = &["clock", "time", "from", "to"];
    let mut rows = vec![
        clock("detect", "detect: T0 until the console showed red", zero, red, since(zero, red)),
        clock("decide", "decide: red until declared", red, decided, since(red, decided)),
        clock("declared", "T0 until declared", zero, decided, since(zero, decided)),
        clock("execute", "execute: declared until restored", decided, end, execute),
        clock("busy", "of it with a step at work, side by side once", decided, end, busy),
        clock(
            "idle",
            "of it with none at work",
            decided,
            end,
            execute.zip(busy).map(|(execute, busy)| execute.saturating_sub(busy)),
        ),
        clock(
            "verify",
            "of it the last step's end until restored",
            worked,
            end,
            since(worked, end),
        ),
        clock("total", "total: T0 until restored", zero, end, since(zero, end)),
    ];
    let until = end.map_or(tale.run.last_seq() + 1, |(_, entry)| entry);
    let (more, entries) = doubt(tale, Some(until));
    if let Some(last) = entries.last() {
        let last = tale.events().iter().find(|event| event.seq == *last);
        let name = "each is at least; the wall clock says more by";
        rows.push(clock("doubt", name, zero, told(last), Some(grained(more))));
    }
    Section::table("clocks", "Clocks", columns, rows)
}

/// When the console first showed red, between T0 and the declaration that tells it.
pub(super) fn red(tale: &Tale<'_>) -> End {
    let declared = tale.declared()?;
    let Body::Declared { detected: Some(at), .. } = &declared.body else { return None };
    Some((tale.told_since_t0(*at, declared)?.max(0), declared.seq))
}

/// How long at least one step was at work between the declaration and the restoration.
fn busy(tale: &Tale<'_>) -> Option<Duration> {
    let (from, to) = (tale.declared()?.seq, tale.restored()?.seq);
    let (mut open, mut since, mut sum) = (BTreeSet::new(), None, Duration::ZERO);
    for event in tale.events().iter().filter(|event| (from..=to).contains(&event.seq)) {
        let at = tale.since_t0(event)?.max(0);
        note_open(&mut open, &event.body);
        match since {
            Some(begun) if open.is_empty() || event.seq == to => {
                sum += between(begun, at).unwrap_or_default();
                since = None;
            }
            None if !open.is_empty() => since = Some(at),
            Some(_) | None => {}
        }
    }
    Some(sum)
}

/// When T0 was and how well it is known.
pub(super) fn t0(tale: &Tale<'_>) -> Vec<Claim> {
    let Some((at, entry)) = tale.t0 else {
        return vec![Claim::measured("t0", "T0", None, []).marked()];
    };
    let basis = tale.run.declaration.as_ref().map(|declaration| declaration.basis);
    let basis = basis.map_or(Value::NotMeasured, |basis| Value::text(words::t0_basis(basis)));
    vec![
        Claim::new("t0", "T0", Value::At(at), [entry]),
        Claim::new("t0.basis", "T0 is", basis, [entry]),
    ]
}

/// What was forecast as the run was declared, and what became of it.
pub(super) fn forecast(tale: &Tale<'_>) -> Section {
    let (id, title) = ("forecast", "Forecast and end");
    let said = tale.find(|body| match body {
        Body::Forecasted { finish_p50_s, finish_p80_s, runs } => {
            Some((*finish_p50_s, *finish_p80_s, *runs))
        }
        _ => None,
    });
    let Some((said, (finish_p50_s, finish_p80_s, runs))) = said else {
        return Section::list(id, title, Vec::new());
    };
    let time = |seconds: f64| {
        Duration::try_from_secs_f64(seconds).map_or(Value::NotMeasured, Value::Clock)
    };
    let claim = |part: &str, label: &str, value| {
        Claim::new(format!("forecast.{part}"), label, value, [said.seq])
    };
    let mut claims = vec![
        claim("p50", "half of all cases finish by T+", time(finish_p50_s)),
        claim("p80", "eight of ten cases finish by T+", time(finish_p80_s)),
        claim("runs", "earlier runs it rests on", Value::Count(u64::from(runs))),
    ];
    let (label, total) = ("restored at T+", total(tale));
    match total {
        Some((total, entries)) => {
            let took = total.as_secs_f64();
            let (text, tone) = if took <= finish_p50_s {
                ("as soon as forecast for half of all cases, or sooner", Tone::Good)
            } else if took <= finish_p80_s {
                ("within the forecast", Tone::Good)
            } else {
                ("later than forecast for eight of ten cases", Tone::Bad)
            };
            let all: Vec<u64> = entries.iter().copied().chain([said.seq]).collect();
            let total = Value::Clock(grained(total));
            claims.push(Claim::new("forecast.actual", label, total, entries));
            let verdict = Claim::new("forecast.verdict", "it came", Value::text(text), all);
            claims.push(verdict.toned(tone));
        }
        None => {
            claims.push(Claim::measured("forecast.actual", label, None, []).marked());
        }
    }
    Section::list(id, title, claims)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_promise_is_missed_the_moment_the_clock_says_so() {
        let rto = Duration::from_secs(1800);
        let check = |took: Option<u64>, doubt: u64, want: Option<bool>| {
            let took = took.map(|ms| (Duration::from_millis(ms), Vec::new()));
            let doubt = Duration::from_secs(doubt);
            let line = TierLine { tier: "core".to_owned(), rto, took, doubt, split: false };
            assert_eq!(line.is_met(), want, "{line:?}");
            assert_eq!(line.word().is_some(), line.took.is_some(), "{line:?}");
            let split = TierLine { split: true, ..line };
            assert_eq!((split.is_met(), split.word().is_some()), (None, split.took.is_some()));
        };
        check(None, 0, None);
        check(Some(1_799_999), 0, Some(true));
        check(Some(1_800_000), 0, Some(false));
        check(Some(1_800_001), 0, Some(false));
        // What only the wall clock says is no verdict, unless it would not change it.
        check(Some(600_000), 1199, Some(true));
        check(Some(600_000), 1200, None);
        check(Some(1_800_000), 1200, Some(false));
    }
}
