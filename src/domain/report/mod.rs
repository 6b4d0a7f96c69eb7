//! The report of a run as claims: what the journal tells, each with the entries that tell it.
//!
//! Made from the events, the frozen plan and the frozen site alone, so that whoever has these can
//! make it again and compare. What was not measured or recorded says so; nothing is invented.

mod claim;
mod clocks;
mod decisions;
mod losses;
mod spoken;
mod steps;
mod tale;
mod well;

use std::time::Duration;

pub use claim::{Claim, NONE, NOT_MEASURED, NOT_RECORDED, Section, Tone, Value, moment};
pub use clocks::TierLine;
pub use losses::LossLine;
pub use spoken::Updates;
pub use steps::{AtEntry, StepLine, Wait};

use self::tale::{Tale, between, grain, millis};
use crate::domain::ids::Side;
use crate::domain::run::event::{Body, Outcome};
use crate::domain::run::state::Run;
use crate::domain::run::words;
use crate::domain::runbook::Runbook;
use crate::domain::site::Site;
use crate::domain::text::Clean;
use crate::domain::time::Stamp;

/// The form of the report; a reader that knows another one must not guess.
pub const SCHEMA: u32 = 1;

/// One entry of the journal in the report's timeline.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its number.
    pub seq: u64,
    /// Milliseconds since T0, negative before it; none where no clock ran.
    pub since_t0: Option<i64>,
    /// When.
    pub at: Stamp,
    /// Who.
    pub by: Clean,
    /// What.
    pub text: Clean,
}

/// The figures that charts and sentences are made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Parts {
    /// The tiers' promises.
    pub tiers: Vec<TierLine>,
    /// The steps, in the plan's order.
    pub steps: Vec<StepLine>,
    /// The stores.
    pub losses: Vec<LossLine>,
    /// The longest time in which nothing happened.
    pub wait: Option<Wait>,
    /// The status updates.
    pub updates: Updates,
    /// Milliseconds from T0 to the declaration.
    pub declared_ms: Option<i64>,
    /// From T0 to the moment when the console first showed red.
    pub detected: Option<Duration>,
    /// Milliseconds from T0 to the restoration, as the run's clock counted it.
    pub restored_ms: Option<i64>,
}

/// The report.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The run's name.
    pub run: Clean,
    /// `LIVE`, `DRILL` or `SIM`.
    pub badge: &'static str,
    /// The plan's title.
    pub title: Clean,
    /// The claims under their headings.
    pub sections: Vec<Section>,
    /// Every entry of the journal.
    pub timeline: Vec<Entry>,
    /// The figures that charts are drawn from.
    pub parts: Parts,
}

impl Report {
    /// The report of a run with its frozen plan and site.
    pub fn of(run: &Run, runbook: &Runbook, site: &Site) -> Self {
        // What was done is told by the steps as they were run, lossy variants too.
        let runbook = &run.plan_in_force(runbook);
        let tale = Tale::new(run, runbook, site);
        let parts = parts(&tale);
        let [well, not_well] = well::sections(&tale, &parts);
        let sections = vec![
            head(&tale),
            clocks::tier_section(&parts.tiers),
            clocks::section(&tale, &parts.steps),
            clocks::forecast(&tale),
            losses::section(&tale, &parts.losses),
            summary(&tale),
            steps::section(&tale, &parts.steps),
            steps::wait_section(parts.wait.as_ref()),
            decisions::overrides(&tale),
            decisions::criteria(&tale),
            decisions::skips(&tale),
            decisions::unknowns(&tale),
            decisions::attested(&tale),
            decisions::failures(&tale),
            decisions::untrue(&tale),
            spoken::hold_section(&tale),
            decisions::course(&tale),
            spoken::update_section(&parts.updates),
            spoken::alarm_section(&tale),
            spoken::abort_section(&tale),
            decisions::notes(&tale),
            well,
            not_well,
            for_people(),
        ];
        let entries = run.events.iter().map(|event| Entry {
            seq: event.seq,
            since_t0: tale.since_t0(event),
            at: event.at,
            by: event.by.to_string().into(),
            text: words::event(&event.body, Some(runbook)),
        });
        Self {
            run: run.id.as_str().into(),
            badge: run.kind.badge(),
            title: runbook.title.clone(),
            sections,
            timeline: entries.collect(),
            parts,
        }
    }

    /// A part by its name.
    pub fn section(&self, id: &str) -> Option<&Section> {
        self.sections.iter().find(|section| section.id == id)
    }

    /// A claim by its name.
    pub fn claim(&self, id: &str) -> Option<&Claim> {
        self.claims().find(|claim| claim.id == id)
    }

    /// All claims but those of the timeline.
    pub fn claims(&self) -> impl Iterator<Item = &Claim> {
        self.sections.iter().flat_map(Section::claims)
    }
}

/// The losses of a run alone, as its report tells them.
pub fn losses_of(run: &Run, runbook: &Runbook, site: &Site) -> Vec<LossLine> {
    losses::lines(&Tale::new(run, runbook, site))
}

fn parts(tale: &Tale<'_>) -> Parts {
    let declared = tale.declared();
    Parts {
        tiers: clocks::tiers(tale),
        steps: steps::lines(tale),
        losses: losses::lines(tale),
        wait: steps::longest_wait(tale),
        updates: spoken::updates(tale),
        declared_ms: declared.and_then(|event| tale.since_t0(event)),
        detected: clocks::red(tale).and_then(|(ms, _)| between(0, ms)),
        restored_ms: clocks::total(tale).map(|(total, _)| grain(millis(total))),
    }
}

fn head(tale: &Tale<'_>) -> Section {
    let (run, site, runbook) = (tale.run, tale.site, tale.runbook);
    let born = |id: &str, label: &str, text: String| {
        Claim::new(format!("run.{id}"), label, Value::text(text), [1])
    };
    let (from, to) = (run.direction.from, run.direction.to);
    let way = format!("{from} ({}) to {to} ({})", site.region(from).label, site.region(to).label);
    let opened = format!("{} by {}", moment(run.opened.0), run.opened.1);
    let mode = tale.last(|body| matches!(body, Body::Escalated { step: None, .. }));
    let mode_entry = mode.map_or(1, |event| event.seq);
    let mode = Value::text(run.mode.word());
    let mut claims = vec![
        born("site", "site", format!("{} ({})", site.title, site.name)),
        born("direction", "direction", way),
        born("runbook", "runbook", format!("{}, version {}", runbook.name, runbook.hash)),
        born("opened", "opened", opened),
        Claim::new("run.mode", "mode at the end", mode, [mode_entry]),
    ];
    claims.extend(stand_ins(site).map(|text| born("overrides", "endpoint overrides", text)));
    match tale.declared() {
        Some(event) => {
            let by = Value::text(event.by.to_string());
            claims.push(Claim::new("run.commander", "declared by", by, [event.seq]));
            if let Body::Declared { reason, .. } = &event.body {
                let reason = Value::Text(reason.clone());
                claims.push(Claim::new("run.reason", "because", reason, [event.seq]));
            }
        }
        None => claims.push(Claim::nothing("run.commander", "declared by", Value::None)),
    }
    claims.extend(clocks::t0(tale));
    let closed = tale.last(|body| matches!(body, Body::Closed { .. }));
    claims.push(if let Some((event, (at, how))) = closed.zip(run.closed.as_ref()) {
        let text = format!("{}, {}", words::closing(how, Some(tale.runbook)), moment(*at));
        Claim::new("run.closed", "closed", Value::text(text), [event.seq])
    } else {
        let text = format!("not closed; the run is {}", run.stage.word());
        Claim::new("run.closed", "closed", Value::text(text), [run.last_seq()])
    });
    Section::list("run", "Run", claims)
}

/// What stood in for a provider, where something did: what was done there was no production.
fn stand_ins(site: &Site) -> Option<String> {
    let all = site.stood_in().flat_map(|spec| {
        let sides = Side::BOTH.into_iter().zip(&spec.stand_ins);
        sides.filter_map(|(side, url)| Some(format!("{} in {side} at {}", spec.id, url.as_ref()?)))
    });
    let all: Vec<String> = all.collect();
    (!all.is_empty()).then(|| format!("{}; no production", all.join(", ")))
}

/// How often what happened, for the first look.
fn summary(tale: &Tale<'_>) -> Section {
    let count = |id: &str, label: &str, is: fn(&Body) -> bool| {
        let entries = tale.all(is).into_iter().map(|event| event.seq);
        spoken::count(format!("count.{id}"), label, entries)
    };
    let claims = vec![
        losses::accepted(tale),
        count("overrides", "starts although a gate did not hold", tale::breaks_a_gate),
        count("criteria", "criteria accepted as they were", |body| {
            matches!(body, Body::CriterionAccepted { .. })
        }),
        count("skips", "skips", |body| matches!(body, Body::Skipped { .. })),
        count("failed", "failed attempts", |body| {
            let refused = matches!(body, Body::Ended { outcome: Outcome::Failed { .. }, .. });
            refused || matches!(body, Body::NotVerified { .. })
        }),
        count("unknown", "unknown outcomes", |body| {
            matches!(body, Body::Ended { outcome: Outcome::Unknown { .. }, .. })
        }),
        count("attested", "told by people", |body| {
            matches!(body, Body::Attested { .. } | Body::Resolved { .. })
        }),
        count("holds", "holds", |body| matches!(body, Body::Held { .. })),
    ];
    Section::list("summary", "Summary", claims)
}

/// What no journal can know.
fn for_people() -> Section {
    let line =
        |id: &str, label: &str| Claim::nothing(format!("people.{id}"), label, Value::NotRecorded);
    let claims = vec![
        line("impact", "customer impact"),
        line("cause", "root cause"),
        line("actions", "actions, each with an owner and a date"),
    ];
    Section::list("people", "For people to write", claims)
}
