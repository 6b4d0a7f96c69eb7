//! The short form of the status, for a person at a prompt.

use std::fmt;

use crate::domain::ids::Side;
use crate::domain::judge::NO_STORE_KEY;
use crate::domain::known::Part;
use crate::domain::time::no_less;
use crate::domain::verdict::Met;

use super::form::{PrimaryWord, Status};
use super::parts::LossStatus;

/// Criteria and alarms named before the rest is only counted.
const NAMED_MAX: usize = 5;

fn seconds(seconds: Option<f64>) -> String {
    seconds.map_or_else(|| "UNKNOWN".to_owned(), no_less)
}

fn primary(status: &Status) -> String {
    let primary = &status.primary;
    let word = match primary.state {
        PrimaryWord::Healthy => "healthy",
        PrimaryWord::Suspect => "SUSPECT",
        PrimaryWord::Red => "RED",
        PrimaryWord::ItIsUs => "OUR OWN NETWORK: the reference is silent too",
        PrimaryWord::Blind => "UNKNOWN",
    };
    let why = primary.why.as_ref().map_or_else(String::new, |why| format!(": {why}"));
    let since = match (&primary.t0, primary.elapsed_s) {
        (Some(t0), Some(_)) => format!(" since {t0} ({})", seconds(primary.elapsed_s)),
        _ => primary.called_red_since.as_ref().map_or_else(String::new, |since| {
            format!(" (a console of this machine calls it RED since {since})")
        }),
    };
    let signals: Vec<String> =
        primary.signals.iter().map(|signal| format!("{} {}", signal.system, signal.why)).collect();
    let signals =
        if signals.is_empty() { String::new() } else { format!("; {}", signals.join("; ")) };
    format!("{word}{why}{since}{signals}")
}

fn loss(row: &LossStatus) -> String {
    let verdict = row.verdict.word();
    format!("{} {} of {} {verdict}", row.system, seconds(row.loss_s), seconds(row.rpo_s))
}

/// What is said of the losses where no store is known, as its criterion says it.
fn no_store(status: &Status) -> String {
    let said = status.criteria.iter().find(|line| line.key == NO_STORE_KEY);
    said.map_or_else(|| "no store is known".to_owned(), |line| line.evidence.clone())
}

/// What each side is now, the one that serves first.
fn parts(status: &Status) -> [String; 2] {
    let (site, parts) = (&status.site, &status.parts);
    let mut sides = [(&site.a, parts.a), (&site.b, parts.b)];
    if status.active_side == Side::B {
        sides.reverse();
    }
    sides.map(|(label, part)| match (part, status.primary.state) {
        (Part::Primary, PrimaryWord::ItIsUs | PrimaryWord::Blind) => {
            format!("{label} served when last seen")
        }
        (Part::Primary, _) => format!("{label} serves"),
        (Part::Standby, _) => format!("{label} stands by"),
        (Part::WasPrimary | Part::TakingOver, _) => format!("{label} {}", part.words()),
    })
}

impl fmt::Display for Status {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let row = |out: &mut fmt::Formatter<'_>, lead: &str, text: &str| {
            writeln!(out, "{lead:<10} {text}")
        };
        let simulated = if self.site.simulated { ", simulated" } else { "" };
        let [from, to] = parts(self);
        let head = format!("{}{simulated}: {from}, {to}, {}", self.site.name, self.at);
        row(out, "site", &head)?;
        if let overrides @ [_, ..] = self.site.endpoint_overrides.as_slice() {
            let text = format!("ENDPOINT OVERRIDE, no production: {}", overrides.join(", "));
            row(out, "", &text)?;
        }
        row(out, "primary", &primary(self))?;
        let verdict = &self.verdict;
        let all = verdict.met + verdict.not_met + verdict.unknown;
        row(out, "standby", &format!("{}, {} of {all} criteria met", verdict.sum, verdict.met))?;
        if let Some(step) = &self.decided_by {
            let text = format!("decided: {step} is done; the criteria ask about a standby still");
            row(out, "", &text)?;
        }
        let open: Vec<_> = self.criteria.iter().filter(|line| line.met != Met::Yes).collect();
        for line in open.iter().take(NAMED_MAX) {
            row(out, "", &line.told)?;
        }
        if open.len() > NAMED_MAX {
            row(out, "", &format!("and {} more that are not met", open.len() - NAMED_MAX))?;
        }
        for alarm in self.alarms.iter().take(NAMED_MAX) {
            row(out, "alarm", &format!("{} {}", alarm.priority, alarm.sentence))?;
        }
        if let Some(cost) = &self.if_failed_now {
            let store = cost.worst_store.as_ref().map_or_else(|| no_store(self), loss);
            let rto = seconds(cost.rto_s);
            let takes = if cost.runbook.is_some() {
                seconds(cost.expected_rto_p80_s)
            } else {
                let from = self.active_side;
                format!("UNKNOWN, no runbook for {from} to {}", from.other())
            };
            row(out, "if lost", &format!("RTO {takes} of {rto}, RPO {store}"))?;
        }
        if let Some(run) = &self.run {
            let step = run.current_step.as_ref().map_or_else(
                || "no step is left".to_owned(),
                |step| format!("{} is {}", step.title, step.phase),
            );
            let clock = format!("T+{} of {}", seconds(run.elapsed_s), seconds(run.rto_s));
            let doubt = run.wall_ahead_s.map_or(String::new(), |_| {
                format!(" (at least; {} more by the wall clock)", seconds(run.wall_ahead_s))
            });
            let (id, stage, state) = (&run.id, &run.stage, &run.rto_state);
            let text = format!("{id} {stage}, {clock}{doubt} {state}; {step}");
            row(out, "run", &text)?;
        }
        if self.run.is_none() {
            let found = self.elsewhere.as_deref();
            let rest = found.unwrap_or("runs of other folders or machines are not seen");
            row(out, "run", &format!("no run here; {rest}"))?;
        }
        if let Some(trouble) = &self.run_trouble {
            row(out, "run", trouble)?;
        }
        let exit = self.exit();
        row(out, "result", &format!("{} {}", exit.number(), exit.meaning()))
    }
}
