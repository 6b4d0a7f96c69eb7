//! The loss of each store: expected as of T0, promised, and measured or not.

use super::claim::{Claim, Section, Tone, Value, moment};
use super::clocks::verdict;
use super::tale::Tale;
use crate::domain::ids::SystemId;
use crate::domain::ledger::{LossVerdict, no_store_on_record};
use crate::domain::run::event::{Body, Missing, RunEvent};
use crate::domain::text::Clean;

/// One store.
#[derive(Debug, Clone, PartialEq)]
pub struct LossLine {
    /// The store.
    pub system: SystemId,
    /// The objective in seconds.
    pub rpo_s: Option<f64>,
    /// What was expected as of T0 in seconds, its verdict, and the entry that froze it.
    pub expected: Option<(Option<f64>, LossVerdict, u64)>,
    /// What was measured in seconds, how, and the entry that tells it.
    pub measured: Option<(f64, Clean, u64)>,
    /// What is missing, where both ends were known.
    pub missing: Option<Missing>,
}

impl LossLine {
    /// True when what was measured keeps the objective; none without a measurement or objective.
    pub fn is_met(&self) -> Option<bool> {
        let (measured, ..) = self.measured.as_ref()?;
        Some(*measured <= self.rpo_s?)
    }

    /// The seconds as they are known: exactly where nothing is missing, else no more than a bound.
    pub fn seconds(&self, measured: f64) -> Value {
        match self.missing {
            Some(Missing { amount: 0, .. }) => Value::Loss(measured),
            Some(_) | None => Value::AtMost(measured),
        }
    }
}

/// The stores of the ledger, then those measured beside it.
pub(super) fn lines(tale: &Tale<'_>) -> Vec<LossLine> {
    let declared = tale.declared().map(|event| event.seq);
    let line = |(system, _): (&SystemId, _)| {
        let row = tale.run.ledger.as_ref().and_then(|ledger| ledger.row(system));
        let (measured, missing) = match told(tale, system).map(|event| (&event.body, event.seq)) {
            Some((Body::LossMeasured { seconds, how, missing, .. }, entry)) => {
                (Some((*seconds, how.clone(), entry)), *missing)
            }
            Some(_) | None => (None, None),
        };
        let of_site = || tale.site.rpo_of(system).map(|rpo| rpo.as_secs_f64());
        LossLine {
            system: system.clone(),
            rpo_s: row.map_or_else(of_site, |row| row.rpo_s),
            expected: row.zip(declared).map(|(row, entry)| (row.loss_s, row.verdict, entry)),
            measured,
            missing,
        }
    };
    tale.run.measured().into_iter().map(line).collect()
}

/// The last word on what a store lost.
fn told<'a>(tale: &Tale<'a>, system: &SystemId) -> Option<&'a RunEvent> {
    tale.last(|body| match body {
        Body::LossMeasured { system: about, .. } | Body::LossReopened { system: about, .. } => {
            about == system
        }
        _ => false,
    })
}

/// Why what was measured of a store bounds its loss no more, where that is the last word on it.
fn reopened(tale: &Tale<'_>, system: &SystemId) -> Option<(Clean, u64)> {
    let event = told(tale, system)?;
    match &event.body {
        Body::LossReopened { why, .. } => Some((why.clone(), event.seq)),
        _ => None,
    }
}

const COLUMNS: &[&str] =
    &["store", "RPO", "expected as of T0", "by that", "missing", "measured", "by that", "how"];

pub(super) fn section(tale: &Tale<'_>, lines: &[LossLine]) -> Section {
    let title = "Loss of each store";
    if let (Some(declared), []) = (tale.declared(), lines) {
        let text = Value::text(no_store_on_record(tale.runbook));
        let claim = Claim::new("loss.none", title, text, [declared.seq]).toned(Tone::Unknown);
        return Section::list("loss", title, vec![claim]);
    }
    let rows = lines.iter().map(|line| row(tale, line)).collect();
    Section::table("loss", title, COLUMNS, rows)
}

fn row(tale: &Tale<'_>, line: &LossLine) -> Vec<Claim> {
    let id = |part: &str| format!("loss.{}{part}", line.system);
    let frozen = line.expected.as_ref().map(|(.., entry)| *entry);
    let promised = rpo_claim(tale, line, id(".rpo"), frozen);
    let claim = |part: &str, label: &str, value: Option<Value>, entry: Option<u64>| {
        Claim::measured(id(part), label, value, entry)
    };
    let unknown = || Value::text("UNKNOWN");
    let loss = line.expected.as_ref().map(|(loss, ..)| loss.map_or_else(unknown, Value::Loss));
    let expected = claim(".expected", "expected", loss, frozen);
    let judged = line.expected.as_ref().map(|(_, judged, _)| *judged);
    let word = judged.map(|judged| Value::text(judged.word()));
    let by_that = claim(".verdict", "by that", word, frozen);
    let entry = line.measured.as_ref().map(|(.., entry)| *entry);
    let found = line.measured.as_ref().map(|(loss, ..)| line.seconds(*loss));
    let found = claim(".measured", "measured", found, entry).marked();
    let measured = line.measured.as_ref().map(|(_, how, entry)| (how.clone(), *entry));
    let how = measured.or_else(|| reopened(tale, &line.system));
    let (how, told) = how.map(|(how, entry)| (Value::Text(how), entry)).unzip();
    let missing = line.missing.filter(|_| entry.is_some()).map(Value::Missing);
    let entries: Vec<u64> = found.entries.iter().copied().chain(frozen).collect();
    vec![
        Claim::new(id(".store"), "store", Value::text(line.system.as_str()), found_or(&entries)),
        promised,
        match line.expected {
            Some((None, ..)) => expected.toned(Tone::Unknown),
            Some(_) | None => expected,
        },
        by_that.toned(judged.map_or(Tone::Plain, tone_of)),
        claim(".missing", "missing", missing, entry),
        found,
        verdict(id(".met"), "by that", line.is_met(), &entries),
        claim(".how", "how", how, told),
    ]
}

/// The entries that name a store, or the first, which froze the site.
fn found_or(entries: &[u64]) -> Vec<u64> {
    if entries.is_empty() { vec![1] } else { entries.to_vec() }
}

/// The objective: as it was frozen with the ledger, else the site's.
fn rpo_claim(tale: &Tale<'_>, line: &LossLine, id: String, frozen: Option<u64>) -> Claim {
    let Some(rpo) = line.rpo_s else {
        return Claim::nothing(id, "RPO", Value::None);
    };
    let spec = tale.site.system(&line.system).and_then(|spec| spec.objective.as_ref());
    let guaranteed = spec.and_then(|tier| tale.site.objective(tier)).map(|o| o.rpo_guaranteed);
    if guaranteed == Some(false) {
        let text = format!("{}, not guaranteed", Value::Loss(rpo));
        return Claim::new(id, "RPO", Value::text(text), [1].into_iter().chain(frozen));
    }
    Claim::new(id, "RPO", Value::Loss(rpo), [frozen.unwrap_or(1)])
}

fn tone_of(verdict: LossVerdict) -> Tone {
    match verdict {
        LossVerdict::Pass => Tone::Good,
        LossVerdict::Breach => Tone::Bad,
        LossVerdict::Unknown => Tone::Unknown,
    }
}

/// Who accepted the expected losses, and in which words.
pub(super) fn accepted(tale: &Tale<'_>) -> Claim {
    let (id, label) = ("loss.accepted", "expected losses accepted");
    let accepted = tale.find(|body| match body {
        Body::LedgerAccepted { summary } => Some(summary),
        _ => None,
    });
    match accepted {
        Some((event, summary)) => {
            let text = format!("by {} at {}: {summary}", event.by, moment(event.at));
            Claim::new(id, label, Value::text(text), [event.seq])
        }
        None => Claim::nothing(id, label, Value::None),
    }
}
