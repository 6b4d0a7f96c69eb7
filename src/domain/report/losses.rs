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
        let of_site = || tale.site.rpo_of(system).map(|rpo| rpo.as_secs_f64());
        LossLine {
            system: system.clone(),
            rpo_s: row.map_or_else(of_site, |row| row.rpo_s),
            expected: row.zip(declared).map(|(row, entry)| (row.loss_s, row.verdict, entry)),
            measured: measured(tale, system),
            missing: missing(tale, system),
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

fn missing(tale: &Tale<'_>, system: &SystemId) -> Option<Missing> {
    match &told(tale, system)?.body {
        Body::LossMeasured { missing, .. } => *missing,
        _ => None,
    }
}

fn measured(tale: &Tale<'_>, system: &SystemId) -> Option<(f64, Clean, u64)> {
    let event = told(tale, system)?;
    match &event.body {
        Body::LossMeasured { seconds, how, .. } => Some((*seconds, how.clone(), event.seq)),
        _ => None,
    }
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
    let expected = match &line.expected {
        Some((Some(loss), _, entry)) => {
            Claim::new(id(".expected"), "expected", Value::Loss(*loss), [*entry])
        }
        Some((None, _, entry)) => {
            Claim::new(id(".expected"), "expected", Value::text("UNKNOWN"), [*entry])
                .toned(Tone::Unknown)
        }
        None => Claim::nothing(id(".expected"), "expected", Value::NotMeasured),
    };
    let judged = match &line.expected {
        Some((_, judged, entry)) => {
            Claim::new(id(".verdict"), "by that", Value::text(judged.word()), [*entry])
                .toned(tone_of(*judged))
        }
        None => Claim::nothing(id(".verdict"), "by that", Value::NotMeasured),
    };
    let (found, how) = match &line.measured {
        Some((loss, how, entry)) => (
            Claim::new(id(".measured"), "measured", line.seconds(*loss), [*entry]),
            Claim::new(id(".how"), "how", Value::Text(how.clone()), [*entry]),
        ),
        None => (
            Claim::nothing(id(".measured"), "measured", Value::NotMeasured).toned(Tone::Unknown),
            match reopened(tale, &line.system) {
                Some((why, entry)) => Claim::new(id(".how"), "how", Value::Text(why), [entry]),
                None => Claim::nothing(id(".how"), "how", Value::NotMeasured),
            },
        ),
    };
    let missing = match (line.missing, &line.measured) {
        (Some(missing), Some((.., entry))) => {
            Claim::new(id(".missing"), "missing", Value::Missing(missing), [*entry])
        }
        _ => Claim::nothing(id(".missing"), "missing", Value::NotMeasured),
    };
    let entries: Vec<u64> = found.entries.iter().copied().chain(frozen).collect();
    vec![
        Claim::new(id(".store"), "store", Value::text(line.system.as_str()), found_or(&entries)),
        promised,
        expected,
        judged,
        missing,
        found,
        verdict(id(".met"), "by that", line.is_met(), &entries),
        how,
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
    match tale.first(|body| matches!(body, Body::LedgerAccepted { .. })) {
        Some(event) => {
            let Body::LedgerAccepted { summary } = &event.body else {
                return Claim::nothing(id, label, Value::None);
            };
            let text = format!("by {} at {}: {summary}", event.by, moment(event.at));
            Claim::new(id, label, Value::text(text), [event.seq])
        }
        None => Claim::nothing(id, label, Value::None),
    }
}
