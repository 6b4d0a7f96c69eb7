//! From what was judged to the status: words for words, with secrets masked in outside text.

use std::ops::Deref;

use crate::domain::ids::Side;
use crate::domain::known::Known;
use crate::domain::readiness::{self, worst_first};
use crate::domain::rules::it_is_us::REFERENCE_EVERY;
use crate::domain::run::words;
use crate::domain::snapshot::CellState;
use crate::domain::text::Clean;
use crate::domain::time::Stamp;
use crate::domain::verdict::{Criterion, Met, Primary, Priority, Signal, Verdict};
use crate::runtime::redact::Redactor;

use super::form::{
    AcceptedStatus, AlarmStatus, CriterionStatus, PartsStatus, PrimaryStatus, PrimaryWord,
    ReferenceStatus, SCHEMA, SignalStatus, SiteStatus, SplitBrainStatus, Status, VerdictStatus,
    VerdictWord,
};
use super::parts::{CellWord, DayStatus, IfFailedNow};

/// All that a status tells of.
#[derive(Clone, Copy)]
pub struct Outlook<'a> {
    /// What is known.
    pub known: Known<'a>,
    /// True when a system of it is simulated.
    pub simulated: bool,
    /// What a check of the open run's journal found.
    pub journal: &'a str,
    /// Why an open run could not be read.
    pub trouble: Option<&'a str>,
    /// What of other state folders works on the site.
    pub elsewhere: Option<&'a str>,
    /// Masks secrets.
    pub redact: &'a Redactor,
}

impl<'a> Deref for Outlook<'a> {
    type Target = Known<'a>;

    fn deref(&self) -> &Known<'a> {
        &self.known
    }
}

impl Outlook<'_> {
    /// A text from outside, masked.
    pub(super) fn text(&self, text: &Clean) -> String {
        self.redact.text(text.as_str())
    }
}

/// `2026-11-20T14:02:10Z`.
pub(super) fn moment(at: Stamp) -> String {
    at.utc().iso()
}

/// A figure that JSON can say.
pub(super) fn finite(number: f64) -> Option<f64> {
    number.is_finite().then_some(number)
}

/// The status of a site.
pub fn status(outlook: &Outlook<'_>) -> Status {
    let assessment = outlook.assessment;
    let site = outlook.site;
    let incident = outlook.forecast.elapsed.is_some() || outlook.run.is_some();
    Status {
        schema: SCHEMA,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        at: moment(outlook.now),
        site: SiteStatus {
            name: site.name.clone(),
            title: site.title.to_string(),
            simulated: outlook.simulated,
            endpoint_overrides: site.stood_in().map(|spec| spec.id.to_string()).collect(),
            a: site.region(Side::A).label.to_string(),
            b: site.region(Side::B).label.to_string(),
        },
        active_side: assessment.active,
        parts: PartsStatus { a: outlook.part(Side::A), b: outlook.part(Side::B) },
        decided_by: outlook
            .promoted()
            .map(|step| outlook.text(&words::name(outlook.runbook, &step.id).into())),
        primary: primary(outlook),
        verdict: verdict(outlook),
        criteria: worst_first(&assessment.criteria)
            .into_iter()
            .map(|line| criterion(outlook, line))
            .collect(),
        alarms: alarms(outlook),
        split_brain: assessment
            .split_brain
            .iter()
            .map(|(system, since)| SplitBrainStatus {
                system: system.to_string(),
                since: moment(*since),
            })
            .collect(),
        reference: reference(outlook),
        systems: site.systems.iter().map(|spec| super::tell::system(outlook, spec)).collect(),
        ledger: super::tell::ledger(outlook),
        if_failed_now: (!incident).then(|| if_failed_now(outlook)),
        last_24h: day(outlook),
        run: outlook.run.map(|run| super::tell::run(outlook, run)),
        elsewhere: outlook.elsewhere.map(|text| outlook.redact.text(text)),
        run_trouble: outlook.trouble.map(|text| outlook.redact.text(text)),
    }
}

fn signals(outlook: &Outlook<'_>, signals: &[Signal]) -> Vec<SignalStatus> {
    signals
        .iter()
        .map(|signal| SignalStatus {
            system: signal.system.to_string(),
            since: moment(signal.since),
            why: outlook.text(&signal.why),
        })
        .collect()
}

fn primary(outlook: &Outlook<'_>) -> PrimaryStatus {
    let none = PrimaryStatus {
        state: PrimaryWord::Healthy,
        why: None,
        t0: None,
        t0_basis: None,
        called_red_since: None,
        elapsed_s: None,
        signals: Vec::new(),
    };
    let called = outlook.t0.map(|(t0, _)| moment(t0));
    let of = |state, known: &[Signal]| PrimaryStatus {
        state,
        signals: signals(outlook, known),
        called_red_since: called.clone().filter(|_| state != PrimaryWord::Red),
        ..none.clone()
    };
    match &outlook.assessment.primary {
        Primary::Healthy => none,
        Primary::Suspect { signals } => of(PrimaryWord::Suspect, signals),
        Primary::ItIsUs { signals } => of(PrimaryWord::ItIsUs, signals),
        Primary::Blind(why) => {
            PrimaryStatus { state: PrimaryWord::Blind, why: Some(outlook.text(why)), ..none }
        }
        Primary::Red { t0, basis, signals } => PrimaryStatus {
            t0: Some(moment(*t0)),
            t0_basis: Some(*basis),
            elapsed_s: Some(outlook.now.since(*t0).as_secs_f64()),
            ..of(PrimaryWord::Red, signals)
        },
    }
}

fn verdict(outlook: &Outlook<'_>) -> VerdictStatus {
    let criteria = &outlook.assessment.criteria;
    let count = |met| criteria.iter().filter(|line| line.met == met).count();
    let verdict = &outlook.assessment.verdict;
    VerdictStatus {
        word: match verdict {
            Verdict::Go => VerdictWord::Go,
            Verdict::Caution(_) => VerdictWord::Caution,
            Verdict::NoGo(_) => VerdictWord::NoGo,
            Verdict::Blind(_) => VerdictWord::Blind,
        },
        sum: readiness::sum(verdict, criteria, outlook.run),
        met: count(Met::Yes),
        not_met: count(Met::No),
        unknown: count(Met::Unknown),
    }
}

/// A criterion behind its word.
fn told(line: &Criterion) -> Clean {
    format!("{} {} (wanted: {})", line.word(), line.found_beside_word(), line.wanted).into()
}

fn criterion(outlook: &Outlook<'_>, line: &Criterion) -> CriterionStatus {
    let acceptance = outlook.run.and_then(|run| readiness::acceptance(run, line));
    let accepted = acceptance.map(|acceptance| AcceptedStatus {
        by: acceptance.accepted.by.to_string(),
        at: moment(acceptance.accepted.at),
        reason: outlook.text(&acceptance.accepted.reason),
        evidence: outlook.text(&acceptance.accepted.evidence),
        drift: acceptance.drift,
    });
    CriterionStatus {
        key: line.key.clone(),
        asks: line.asks.to_string(),
        met: line.met,
        evidence: outlook.text(&line.evidence),
        says: outlook.text(&line.says()),
        told: outlook.text(&told(line)),
        since: line.since.map(|since| moment(since.at)),
        since_exact: line.since.map(|since| since.exact),
        accepted,
    }
}

fn alarms(outlook: &Outlook<'_>) -> Vec<AlarmStatus> {
    let alarms = outlook.assessment.alarms.iter().map(|alarm| AlarmStatus {
        key: alarm.key.clone(),
        priority: match alarm.priority {
            Priority::ActNow => 1,
            Priority::ActSoon => 2,
            Priority::Know => 3,
        },
        system: alarm.system.as_ref().map(ToString::to_string),
        side: alarm.side,
        since: alarm.since.map(moment),
        sentence: outlook.text(&alarm.sentence),
        consequences: alarm
            .consequences
            .iter()
            .map(|other| outlook.text(&other.sentence))
            .collect(),
    });
    alarms.collect()
}

/// The word of a state, and why.
pub(super) fn cell_word(outlook: &Outlook<'_>, state: &CellState) -> (CellWord, Option<String>) {
    match state {
        CellState::Up => (CellWord::Up, None),
        CellState::Degraded(why) => (CellWord::Degraded, Some(outlook.text(why))),
        CellState::Down(why) => (CellWord::Down, Some(outlook.text(why))),
        CellState::Unknown(why) => (CellWord::Unknown, Some(outlook.text(why))),
        CellState::Stale(age) => {
            let age = crate::domain::time::short_time(*age);
            (CellWord::Stale, Some(format!("last heard {age} ago")))
        }
        CellState::NoData => (CellWord::NoData, None),
    }
}

fn reference(outlook: &Outlook<'_>) -> ReferenceStatus {
    let state = outlook.snapshot.reference.state(outlook.now, REFERENCE_EVERY);
    let (state, why) = cell_word(outlook, &state);
    ReferenceStatus { configured: !outlook.site.reference.is_empty(), state, why }
}

fn if_failed_now(outlook: &Outlook<'_>) -> IfFailedNow {
    let forecast = outlook.forecast;
    let usual = outlook.runbook.map(|_| forecast.remaining_p50.as_secs_f64());
    let takes = outlook.runbook.map(|_| forecast.remaining_p80.as_secs_f64());
    let rto = outlook.forecast.rto.map(|rto| rto.as_secs_f64());
    let share = |row: &super::parts::LossStatus| match (row.loss_s, row.rpo_s) {
        (Some(loss), Some(rpo)) => loss / rpo.max(f64::MIN_POSITIVE),
        (None, _) | (_, None) => f64::MAX,
    };
    let rows = super::tell::ledger(outlook).rows;
    IfFailedNow {
        runbook: outlook.runbook.map(|plan| plan.name.clone()),
        expected_rto_p50_s: usual,
        expected_rto_p80_s: takes,
        rto_s: rto,
        margin_s: rto.zip(takes).map(|(rto, takes)| rto - takes),
        worst_store: rows
            .into_iter()
            .rev()
            .max_by(|one, other| share(one).total_cmp(&share(other))),
    }
}

fn day(outlook: &Outlook<'_>) -> DayStatus {
    let (day, now) = (outlook.day, outlook.now);
    let readiness = day.readiness(now);
    DayStatus {
        go_share: readiness.map(|readiness| readiness.go),
        watched_s: readiness.map_or(0.0, |readiness| readiness.watched.as_secs_f64()),
        answered_share_a: day.availability_of_side(Side::A, now),
        answered_share_b: day.availability_of_side(Side::B, now),
        worst_lags: super::tell::worst_lags(outlook),
    }
}
