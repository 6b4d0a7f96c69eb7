//! The report as one HTML file: charts and styles in it, no script, nothing is ever loaded.

use super::format::Format;
use super::page::{Chain, Rendered, entry_list, row_entries};
use super::{seal, svg};
use crate::domain::report::{Claim, Report, SCHEMA, Section, Tone, Value, moment};

/// Text that is only text, wherever it stands.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(character),
        }
    }
    out
}

const HEAD: &str = r#"<meta charset="utf-8"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta name="color-scheme" content="light dark"/>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"/>
"#;

const STYLE: &str = r"<style>
:root { --ground: #fff; --text: #1d2126; --muted: #565d66; --line: #c9cdd3; --soft: #f2f3f5;
  --bar: #0b5394; --bad: #a3001b; --good: #1f5f3a; --doubt: #7a5200;
  --c1: #9aa1ab; --c2: #6b7480; --c3: #0b5394; --c4: #5b8fbf; }
@media (prefers-color-scheme: dark) { :root { --ground: #16181c; --text: #d6d9de;
  --muted: #9aa1ab; --line: #3a4049; --soft: #1e2126; --bar: #8fb8d8; --bad: #ff8a80;
  --good: #8fd0a6; --doubt: #f0b429; --c1: #565d66; --c2: #868e99; --c3: #8fb8d8; --c4: #c3daeb; } }
@media print { :root { --ground: #fff; --text: #000; --muted: #444; --line: #999; --soft: #fff;
  --bar: #0b5394; --bad: #a3001b; --good: #1f5f3a; --doubt: #7a5200;
  --c1: #9aa1ab; --c2: #6b7480; --c3: #0b5394; --c4: #5b8fbf; }
  section, figure, tr { break-inside: avoid; } a { color: inherit; }
  * { print-color-adjust: exact; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 72rem; background: var(--ground);
  color: var(--text); font: 15px/1.45 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; } h2 { font-size: 1.05rem; margin: 2.25rem 0 .5rem; }
p { margin: .25rem 0; color: var(--muted); } .damage { color: var(--bad); font-weight: 700; }
.cards { display: flex; flex-wrap: wrap; gap: .75rem; margin: 1.25rem 0; }
.card { border: 1px solid var(--line); border-radius: 6px; padding: .6rem .9rem; min-width: 11rem; }
.card b { display: block; font-size: 1.35rem; font-variant-numeric: tabular-nums; }
.good { color: var(--good); } .bad { color: var(--bad); font-weight: 600; }
.unknown { color: var(--doubt); }
figure { margin: 1rem 0; overflow-x: auto; } figcaption { color: var(--muted); }
svg { display: block; min-width: 46rem; width: 100%; height: auto;
  font: 13px system-ui, sans-serif; }
svg text { fill: var(--text); } svg .muted { fill: var(--muted); } svg .end { text-anchor: end; }
svg .figure { font-variant-numeric: tabular-nums; }
.expected { fill: none; stroke: var(--muted); stroke-dasharray: 4 3; } .actual { fill: var(--bar); }
.late { fill: var(--bad); } .told { fill: var(--muted); } .mark { stroke: var(--muted); }
line.limit { stroke: var(--bad); stroke-width: 2; stroke-dasharray: 7 4; }
svg text.limit { fill: var(--bad); }
.one { fill: var(--c1); } .two { fill: var(--c2); } .three { fill: var(--c3); }
.four { fill: var(--c4); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; vertical-align: top; padding: .3rem .7rem .3rem 0;
  border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
th { color: var(--muted); font-weight: 500; } td { min-width: 4.2rem; }
dl { display: grid; grid-template-columns: minmax(9rem, 16rem) 1fr; gap: .25rem 1rem; margin: 0; }
dt { color: var(--muted); } dd { margin: 0; overflow-wrap: anywhere; }
.why { color: var(--muted); font-size: .85em; white-space: nowrap; } .why a { color: inherit; }
tr:target { background: var(--soft); outline: 2px solid var(--bar); }
footer { margin-top: 3rem; font-size: .85em; overflow-wrap: anywhere; }
</style>
";

fn why(entries: &[u64]) -> String {
    if entries.is_empty() {
        return String::new();
    }
    let links = entry_list(entries, |seq| format!("<a href=\"#e{seq}\">#{seq}</a>"));
    format!("<span class=\"why\">{links}</span>")
}

fn tone(tone: Tone) -> &'static str {
    match tone {
        Tone::Plain => "",
        Tone::Good => " class=\"good\"",
        Tone::Bad => " class=\"bad\"",
        Tone::Unknown => " class=\"unknown\"",
    }
}

fn spoken(out: &mut Rendered, claim: &Claim) {
    let (id, class) = (escape(&claim.id), tone(claim.tone));
    out.put(format!("<span id=\"{id}\"{class}>"));
    out.claim(claim, escape(&claim.value.to_string()));
    out.put("</span>");
}

pub(super) fn write(report: &Report, chain: &Chain) -> Rendered {
    let mut out = Rendered::default();
    let title = escape(&format!("{} {}: {}", report.badge, report.run, report.title));
    out.line("<!doctype html>\n<html lang=\"en\">\n<head>");
    out.put(HEAD);
    out.line(format!("<title>{title}</title>"));
    out.put(STYLE);
    out.line(format!("</head>\n<body>\n<header>\n<h1>{title}</h1>"));
    out.line("<p>Every claim names the journal entries (#) that it rests on. Times are UTC.</p>");
    let class = if chain.damage.is_some() { " class=\"damage\"" } else { "" };
    out.line(format!("<p{class}>Journal: {}</p>\n</header>", escape(&chain.sentence())));
    out.line("<main>");
    cards(&mut out, report);
    let parts = &report.parts;
    figure(&mut out, "clocks", "Clocks from T0", &svg::clocks(parts));
    figure(&mut out, "steps", "Steps, expected and actual", &svg::steps(parts));
    figure(&mut out, "loss", "Loss of each store", &svg::losses(&parts.losses));
    for section in &report.sections {
        add_section(&mut out, section);
    }
    add_timeline(&mut out, report);
    out.line("</main>");
    let (head, entries) = (chain.head.hex(), chain.entries);
    out.line(format!(
        "<footer><p>Form {SCHEMA}. Made from {entries} entries, the hash of the last one's line is \
         {head}. <code>warroom report verify FILE</code> compares every byte with the journal.</p>\
         </footer>\n</body>\n</html>"
    ));
    out.line(format!("<!-- {} -->", seal::words(report.run.as_str(), chain, Format::Html)));
    out
}

/// A figure and its limit; the limit alone where nothing was measured.
fn of(found: Option<Value>, limit: &Value) -> String {
    found.map_or_else(|| format!("of {limit}"), |found| format!("{found} of {limit}"))
}

/// What is asked first: each tier's time, and each store's loss.
fn cards(out: &mut Rendered, report: &Report) {
    out.line("<div class=\"cards\">");
    for line in &report.parts.tiers {
        let took = line.took.as_ref().map(|(took, _)| Value::Clock(*took));
        let entries = line.took.as_ref().map_or(&[][..], |(_, entries)| entries);
        let (name, told) = (("rto", line.tier.as_str()), of(took, &Value::Clock(line.rto)));
        card(out, name, (line.is_met(), line.word()), &told, entries);
    }
    for line in &report.parts.losses {
        let entry: Vec<u64> = line.measured.iter().map(|(.., entry)| *entry).collect();
        let found = line.measured.as_ref().map(|(loss, ..)| line.seconds(*loss));
        let told = of(found, &line.rpo_s.map_or(Value::None, Value::Loss));
        let word = line.is_met().map(|met| if met { "MET" } else { "MISSED" });
        card(out, ("rpo", line.system.as_str()), (line.is_met(), word), &told, &entry);
    }
    out.line("</div>");
}

/// What one objective came to.
fn card(
    out: &mut Rendered,
    (kind, name): (&str, &str),
    (met, word): (Option<bool>, Option<&str>),
    told: &str,
    entries: &[u64],
) {
    let (title, class, shown) = (kind.to_uppercase(), tone(Tone::of(met)), escape(name));
    let word = word.unwrap_or("not measured");
    let text = format!("<div class=\"card\">{title} {shown}<b{class}>{word}</b>{told}</div>");
    out.said(&format!("card.{kind}.{name}"), entries, text);
    out.line("");
}

fn figure(out: &mut Rendered, id: &str, caption: &str, drawing: &str) {
    out.line(format!("<figure>\n<figcaption>{caption}</figcaption>"));
    out.said(&format!("chart.{id}"), &[], drawing);
    out.line("</figure>");
}

fn add_section(out: &mut Rendered, section: &Section) {
    out.line(format!("<section>\n<h2>{}</h2>", escape(section.title)));
    if section.columns.is_empty() {
        out.line("<dl>");
        for claim in section.claims() {
            out.put(format!("<dt>{}</dt><dd>", escape(claim.label.as_str())));
            spoken(out, claim);
            out.line(format!(" {}</dd>", why(&claim.entries)));
        }
        out.line("</dl>\n</section>");
        return;
    }
    out.put("<div class=\"scroll\"><table>\n<thead><tr>");
    for column in section.columns {
        out.put(format!("<th>{}</th>", escape(column)));
    }
    out.line("<th>entries</th></tr></thead>\n<tbody>");
    for row in &section.rows {
        out.put("<tr>");
        for claim in row {
            out.put("<td>");
            spoken(out, claim);
            out.put("</td>");
        }
        out.line(format!("<td>{}</td></tr>", why(&row_entries(row))));
    }
    out.line("</tbody>\n</table></div>\n</section>");
}

fn add_timeline(out: &mut Rendered, report: &Report) {
    out.line("<section>\n<h2>Timeline</h2>\n<div class=\"scroll\"><table>");
    out.line("<thead><tr><th>entry</th><th>clock</th><th>time</th><th>by</th><th>what</th></tr>");
    out.line("</thead>\n<tbody>");
    for entry in &report.timeline {
        let seq = entry.seq;
        let clock = entry.since_t0.map_or_else(String::new, |ms| Value::Since(ms).to_string());
        let (at, by) = (moment(entry.at), escape(entry.by.as_str()));
        let text = escape(entry.text.as_str());
        let row = format!(
            "<tr id=\"e{seq}\"><td>#{seq}</td><td>{clock}</td><td>{at}</td><td>{by}</td>\
             <td>{text}</td></tr>"
        );
        out.said(&format!("timeline.{seq}"), &[seq], row);
        out.line("");
    }
    out.line("</tbody>\n</table></div>\n</section>");
}
