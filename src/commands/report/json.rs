//! The report as JSON, one claim a line, so that a changed figure is a changed line.
//!
//! `schema` (1), `run`, `badge`, `title`, `chain` {`head`, `entries`, `damage`}, `sections`: each
//! with `id`, `title` and `claims`, each of those with `id`, `label`, `text` (as people read it),
//! `value` and `unit` (a figure: `s`, `count` or `ms since 1970`; both null for words and for what
//! is not known) and `entries` (numbers in the journal; empty only where nothing is known);
//! `timeline`: `entry`, `since_t0_s`, `at_ms`, `by`, `text`; and `seal` (`seal.rs`). Fields may be
//! added; a field's meaning changes only with `schema`.

use serde::Serialize;

use super::format::Format;
use super::page::{Chain, Rendered};
use super::seal;
use crate::domain::report::{Claim, Entry, Report, SCHEMA, Value};

#[derive(Serialize)]
struct OneClaim<'a> {
    id: &'a str,
    label: &'a str,
    text: String,
    value: Option<f64>,
    unit: Option<&'static str>,
    entries: &'a [u64],
}

#[derive(Serialize)]
struct OneEntry<'a> {
    entry: u64,
    since_t0_s: Option<f64>,
    at_ms: i64,
    by: &'a str,
    text: &'a str,
}

#[derive(Serialize)]
struct OneChain<'a> {
    head: String,
    entries: usize,
    damage: Option<&'a str>,
}

/// A text or a flat object in one line; neither can fail.
fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned())
}

pub(super) fn write(report: &Report, chain: &Chain) -> Rendered {
    let mut out = Rendered::default();
    out.line("{");
    out.line(format!("  \"schema\": {SCHEMA},"));
    out.line(format!("  \"run\": {},", json(&report.run.as_str())));
    out.line(format!("  \"badge\": {},", json(&report.badge)));
    out.line(format!("  \"title\": {},", json(&report.title.as_str())));
    let damage = chain.damage.as_ref().map(crate::domain::text::Clean::as_str);
    let chained = OneChain { head: chain.head.hex(), entries: chain.entries, damage };
    out.line(format!("  \"chain\": {},", json(&chained)));
    out.line("  \"sections\": [");
    for (index, section) in report.sections.iter().enumerate() {
        let (id, title) = (json(&section.id), json(&section.title));
        out.line(format!("    {{\"id\": {id}, \"title\": {title}, \"claims\": ["));
        let claims: Vec<&Claim> = section.claims().collect();
        for (place, claim) in claims.iter().enumerate() {
            out.put("      ");
            out.claim(claim, one(claim));
            out.line(comma(place, claims.len()));
        }
        out.line(format!("    ]}}{}", comma(index, report.sections.len())));
    }
    out.line("  ],\n  \"timeline\": [");
    for (index, entry) in report.timeline.iter().enumerate() {
        out.put("    ");
        out.said(&format!("timeline.{}", entry.seq), &[entry.seq], told(entry));
        out.line(comma(index, report.timeline.len()));
    }
    let seal = seal::words(report.run.as_str(), chain, Format::Json);
    out.line(format!("  ],\n  \"seal\": {}\n}}", json(&seal)));
    out
}

fn comma(index: usize, count: usize) -> &'static str {
    if index + 1 < count { "," } else { "" }
}

fn one(claim: &Claim) -> String {
    let figure = claim.value.figure();
    json(&OneClaim {
        id: &claim.id,
        label: claim.label.as_str(),
        text: claim.value.to_string(),
        value: figure.map(|(value, _)| value),
        unit: figure.map(|(_, unit)| unit),
        entries: &claim.entries,
    })
}

fn told(entry: &Entry) -> String {
    let since = entry.since_t0.and_then(|ms| Value::Since(ms).figure());
    json(&OneEntry {
        entry: entry.seq,
        since_t0_s: since.map(|(seconds, _)| seconds),
        at_ms: entry.at.wall_ms,
        by: entry.by.as_str(),
        text: entry.text.as_str(),
    })
}
