//! The report as Markdown: tables and lists, every line with its entries, readable as plain text.

use std::fmt;

use super::format::Format;
use super::page::{Chain, Rendered, entry_list, row_entries};
use super::seal;
use crate::domain::report::{Claim, Report, Section, Value, moment};

/// Text that cannot change the shape of a Markdown document or of a table.
fn safe(text: &impl fmt::Display) -> String {
    let text = text.to_string();
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\\' | '|' | '`' | '*' | '_' | '[' | ']' | '~' => {
                out.push('\\');
                out.push(character);
            }
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            _ => out.push(character),
        }
    }
    out
}

fn entries(entries: &[u64]) -> String {
    entry_list(entries, |seq| format!("#{seq}"))
}

pub(super) fn write(report: &Report, chain: &Chain) -> Rendered {
    let mut out = Rendered::default();
    out.line(format!("# {} {}: {}\n", report.badge, safe(&report.run), safe(&report.title)));
    out.line("Every line names the journal entries (#) that it rests on. Times are UTC.\n");
    out.line(format!("Journal: {}\n", safe(&chain.sentence())));
    for section in &report.sections {
        add_section(&mut out, section);
    }
    add_timeline(&mut out, report);
    out.line(format!("<!-- {} -->", seal::words(report.run.as_str(), chain, Format::Md)));
    out
}

fn add_section(out: &mut Rendered, section: &Section) {
    out.line(format!("## {}\n", section.title));
    if section.columns.is_empty() {
        for claim in section.claims() {
            add_claim(out, claim, section.title);
        }
    } else {
        add_row(out, section.columns.iter().map(|column| (*column).to_owned()));
        out.line(format!("|{}", "---|".repeat(section.columns.len() + 1)));
        for row in &section.rows {
            out.put("|");
            for claim in row {
                out.put(" ");
                out.claim(claim, safe(&claim.value));
                out.put(" |");
            }
            out.line(format!(" {} |", entries(&row_entries(row))));
        }
    }
    out.line("");
}

fn add_row(out: &mut Rendered, cells: impl Iterator<Item = String>) {
    let cells: Vec<String> = cells.collect();
    out.line(format!("| {} | entries |", cells.join(" | ")));
}

fn add_claim(out: &mut Rendered, claim: &Claim, title: &str) {
    // A section in which nothing is on record needs no second heading.
    if claim.value == Value::None && claim.label.as_str() == title {
        out.put("- ");
        out.claim(claim, safe(&claim.value));
        out.line("");
        return;
    }
    out.put(format!("- {}: ", safe(&claim.label)));
    out.claim(claim, safe(&claim.value));
    if claim.entries.is_empty() {
        out.line("");
    } else {
        out.line(format!(" ({})", entries(&claim.entries)));
    }
}

fn add_timeline(out: &mut Rendered, report: &Report) {
    out.line("## Timeline\n");
    out.line("| entry | clock | time | by | what |\n|---|---|---|---|---|");
    for entry in &report.timeline {
        let clock = entry.since_t0.map_or_else(String::new, |ms| Value::Since(ms).to_string());
        let (at, by, text) = (moment(entry.at), safe(&entry.by), safe(&entry.text));
        let line = format!("| #{} | {clock} | {at} | {by} | {text} |", entry.seq);
        out.said(&format!("timeline.{}", entry.seq), &[entry.seq], line);
        out.line("");
    }
    out.line("");
}
