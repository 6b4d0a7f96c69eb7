//! The rows of a report: what `warroom report` writes, for the screen.

use crate::domain::report::{Claim, LossLine, Report, Section, StepLine, Tone, Value};
use crate::domain::run::phase::Phase;
use crate::ui::widget::ink::{BORDER, CRIT, FOCUS, Ink, MUTED, OK, TEXT, UNKNOWN, WARN};
use crate::ui::widget::row::{Row, as_many, beside, hanging, paragraph, width_of};

/// The parts of a report, as they are read one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Everything.
    All,
    /// Objectives, clocks, losses and counts.
    Result,
    /// The steps, expected and actual.
    Steps,
    /// What people decided and what did not go as planned.
    Decisions,
    /// What went well and what did not.
    Well,
    /// Every entry.
    Timeline,
}

impl Part {
    /// The one after it.
    pub fn next(self) -> Self {
        PARTS[(self as usize + 1) % PARTS.len()].0
    }

    /// Its heading.
    pub fn title(self) -> &'static str {
        PARTS[self as usize].1
    }
}

/// The rows of a report in a width.
type Body = fn(&Report, usize) -> Vec<Row>;

/// The parts in their order, with their headings and rows.
const PARTS: [(Part, &str, Body); 6] = [
    (Part::All, "everything", all),
    (Part::Result, "result", result),
    (Part::Steps, "steps", steps),
    (Part::Decisions, "decisions", decisions),
    (Part::Well, "well, not well", well),
    (Part::Timeline, "timeline", timeline),
];

/// From this width on two columns stand side by side.
const TWO_COLUMNS: usize = 100;
/// Cells of the bars beside the steps; with fewer they say nothing.
const BARS_MIN: usize = 20;
/// Cells of a step's figures: expected, actual, difference.
const FIGURES: usize = 30;

/// The rows of a part of the report.
pub(crate) fn body(report: &Report, part: Part, width: usize) -> Vec<Row> {
    PARTS[part as usize].2(report, width)
}

fn all(report: &Report, width: usize) -> Vec<Row> {
    let mut rows = result(report, width);
    if width < TWO_COLUMNS {
        rows.extend(steps(report, width));
        rows.extend(well(report, width));
        rows.extend(decisions(report, width));
        rows.extend(timeline(report, width));
        return rows;
    }
    let left = width * 11 / 20;
    let right = width - left - 3;
    let mut under = steps(report, left);
    under.extend(well(report, left));
    under.extend(decisions(report, left));
    rows.extend(beside(&under, &timeline(report, right), left, " │ "));
    rows
}

fn heading(title: &str, width: usize) -> Row {
    let line = "─".repeat(width.saturating_sub(width_of(title) + 4));
    Row::of(BORDER, "── ").put(FOCUS, title).put(BORDER, format!(" {line}")).cut(width)
}

fn ink(tone: Tone) -> Ink {
    match tone {
        Tone::Plain => TEXT,
        Tone::Good => OK,
        Tone::Bad => CRIT,
        Tone::Unknown => UNKNOWN,
    }
}

fn entries(entries: &[u64]) -> String {
    let shown: Vec<String> = entries.iter().take(4).map(|seq| format!("#{seq}")).collect();
    let more = if entries.len() > 4 { " ..." } else { "" };
    format!("{}{more}", shown.join(" "))
}

/// The claim of a name with a word before it: `detect 00:00:16`.
fn named(report: &Report, word: &str, id: &str) -> Row {
    match report.claim(id) {
        Some(claim) => {
            Row::of(MUTED, format!("{word} ")).put(ink(claim.tone), claim.value.to_string())
        }
        None => Row::new(),
    }
}

/// How many, 0 where there is none.
fn count(report: &Report, word: &str, id: &str) -> Row {
    let found = report.claim(id).map(|claim| &claim.value);
    let text = match found {
        Some(Value::None) | None => "0".to_owned(),
        Some(value) => value.to_string(),
    };
    Row::of(MUTED, format!("{word} ")).put(TEXT, text)
}

fn result(report: &Report, width: usize) -> Vec<Row> {
    let mut rows = vec![heading("RESULT", width)];
    for line in &report.parts.tiers {
        let id = |part: &str| format!("rto.{}{part}", line.tier);
        let taken = line.took.as_ref().map_or(&[][..], |(_, entries)| entries);
        let name = format!("RTO {}", line.tier);
        let head = match line.took {
            Some(_) => named(report, &name, &id("")),
            None => Row::of(MUTED, name),
        };
        let head = head
            .put(TEXT, format!(" of {}  ", Value::Clock(line.rto)))
            .join(word(report, &id(".verdict")));
        rows.push(Row::spread(head, Row::of(MUTED, entries(taken)), width));
    }
    let clocks = [
        ("detect", "clock.detect"),
        ("decide", "clock.decide"),
        ("execute", "clock.execute"),
        ("of it verify", "clock.verify"),
        ("total", "clock.total"),
    ];
    let clocks = clocks.map(|(word, id)| named(report, word, id)).to_vec();
    rows.extend(flow(clocks, width));
    rows.extend(report.parts.losses.iter().map(|line| loss(report, line, width)));
    if let Some(forecast) = report.claim("forecast.verdict") {
        let text = format!("forecast: it came {}", forecast.value);
        let row = Row::of(ink(forecast.tone), text);
        rows.push(Row::spread(row, Row::of(MUTED, entries(&forecast.entries)), width));
    }
    let counts = [
        ("holds", "count.holds"),
        ("overrides", "count.overrides"),
        ("criteria accepted", "count.criteria"),
        ("skips", "count.skips"),
        ("failed", "count.failed"),
        ("unknown", "count.unknown"),
        ("told by people", "count.attested"),
        ("updates", "updates.sent"),
        ("in time", "updates.on_time"),
        ("alarms", "alarms.raised"),
        ("never acknowledged", "alarms.missed"),
    ];
    let known = counts.into_iter().filter(|(_, id)| report.claim(id).is_some());
    rows.extend(flow(known.map(|(word, id)| count(report, word, id)).collect(), width));
    rows.push(Row::new());
    rows
}

/// `RPO kafka    expected 43s of 5m00s PASS   not measured`.
fn loss(report: &Report, line: &LossLine, width: usize) -> Row {
    let id = |part: &str| format!("loss.{}{part}", line.system);
    let limit = line.rpo_s.map_or("no RPO".to_owned(), |rpo| Value::Loss(rpo).to_string());
    let head = Row::of(MUTED, "RPO ")
        .cell(TEXT, line.system.as_str(), 10)
        .join(named(report, "expected", &id(".expected")))
        .put(TEXT, format!(" of {limit} "))
        .join(word(report, &id(".verdict")))
        .put(TEXT, "   ");
    let head = if line.measured.is_some() {
        head.join(named(report, "measured", &id(".measured")))
            .put(TEXT, " ")
            .join(word(report, &id(".met")))
    } else {
        head.join(word(report, &id(".measured")))
    };
    let told = [line.expected.as_ref().map(|e| e.2), line.measured.as_ref().map(|m| m.2)];
    let told: Vec<u64> = told.into_iter().flatten().collect();
    Row::spread(head, Row::of(MUTED, entries(&told)), width)
}

fn word(report: &Report, id: &str) -> Row {
    report
        .claim(id)
        .map_or_else(Row::new, |claim| Row::of(ink(claim.tone), claim.value.to_string()))
}

/// Pieces one after the other, on as many rows as they need.
fn flow(parts: Vec<Row>, width: usize) -> Vec<Row> {
    let (mut rows, mut line, mut used) = (Vec::new(), Vec::new(), 0);
    for part in parts.into_iter().filter(|part| !part.is_empty()) {
        if used > 0 && used + 3 + part.width() > width {
            rows.push(as_many(std::mem::take(&mut line), "   ", width));
            used = 0;
        }
        used += part.width() + if used > 0 { 3 } else { 0 };
        line.push(part);
    }
    rows.push(as_many(line, "   ", width));
    rows
}

fn steps(report: &Report, width: usize) -> Vec<Row> {
    let mut rows = vec![heading("STEPS", width)];
    let bars = width.saturating_sub(FIGURES + 34);
    let bars = if bars >= BARS_MIN { bars } else { 0 };
    let name = width.saturating_sub(FIGURES + if bars > 0 { bars + 2 } else { 0 });
    let figures = format!("{:>7} {:>10} {:>9}  ", "EXPECT", "ACTUAL", "DIFF");
    let mut head = Row::new().cell(MUTED, "STEP", name.saturating_sub(1)).put(MUTED, figures);
    if bars > 0 {
        head = head.join(Row::spread(Row::of(MUTED, "T0"), Row::of(MUTED, "end"), bars));
    }
    rows.push(head.cut(width));
    let end = report.parts.steps.iter().filter_map(|line| line.end).map(|(ms, _)| ms).max();
    for line in &report.parts.steps {
        rows.push(step(report, line, name, (bars, end.unwrap_or(0))).cut(width));
    }
    if let Some(wait) = &report.parts.wait {
        let (from, to) = (wait.from.0, wait.to.0);
        let time = Value::Time(wait.time);
        let text = format!(
            "longest wait: {time} from #{from} to #{to}, no step ran, no act of a person on record"
        );
        rows.extend(paragraph(MUTED, &text, width));
    }
    rows.push(Row::new());
    rows
}

fn step(report: &Report, line: &StepLine, name: usize, bars: (usize, i64)) -> Row {
    let outcome = report.claim(&format!("step.{}.outcome", line.id));
    let tone = outcome.map_or(Tone::Plain, |claim| claim.tone);
    let told = |part: &str| {
        let claim = report.claim(&format!("step.{}.{part}", line.id));
        claim.filter(|claim| !claim.value.is_nothing()).map(|claim| claim.value.to_string())
    };
    let taken_back = line.phase == Phase::Compensated;
    let actual = told("actual").filter(|_| !taken_back);
    let actual = actual.unwrap_or_else(|| line.phase.word().to_owned());
    let expect = Value::Time(line.expect).to_string();
    let diff = told("diff").unwrap_or_else(|| "-".to_owned());
    Row::new()
        .cell(ink(tone), mark(line.phase, tone), 3)
        .cell(TEXT, line.title.as_str(), name.saturating_sub(5))
        .put(MUTED, format!("{expect:>7} "))
        .put(ink(tone), format!("{actual:>10} "))
        .put(TEXT, format!("{diff:>9}  "))
        .put(OK, bar(line, bars.0, bars.1))
}

/// As in the runbook.
fn mark(phase: Phase, tone: Tone) -> &'static str {
    match phase {
        Phase::Done if tone == Tone::Bad => "[!]",
        Phase::Pending | Phase::Ready => "[ ]",
        Phase::Granted | Phase::Running | Phase::Verifying => "[~]",
        Phase::Done => "[x]",
        Phase::Failed => "[!]",
        Phase::Unknown => "[?]",
        Phase::Skipped | Phase::Compensated => "[-]",
    }
}

/// Where between T0 and the end of the last step it ran.
fn bar(line: &StepLine, cells: usize, end: i64) -> String {
    let (Some((from, _)), Some((to, _))) = (line.start, line.end) else { return String::new() };
    let place = |ms: i64| {
        let cells = i64::try_from(cells).unwrap_or(0);
        usize::try_from(ms.max(0).saturating_mul(cells) / end.max(1)).unwrap_or(0)
    };
    let (from, to) = (place(from), place(to).max(place(from) + 1));
    if cells == 0 {
        return String::new();
    }
    format!("{}{}", " ".repeat(from.min(cells - 1)), "█".repeat((to - from).min(cells)))
}

/// A claim with its label, wrapped, its entries at the end.
fn told(mark: &str, mark_ink: Ink, claim: &Claim, width: usize) -> Vec<Row> {
    let text = if claim.label.is_empty() {
        claim.value.to_string()
    } else {
        format!("{}: {}", claim.label, claim.value)
    };
    let why = entries(&claim.entries);
    hanging((mark_ink, &format!("{mark} ")), TEXT, &format!("{text}  {why}"), width)
}

/// Sections that hold something; empty ones would bury them.
fn lists(report: &Report, ids: &[&str], width: usize) -> Vec<Row> {
    let mut rows = Vec::new();
    for section in ids.iter().filter_map(|id| report.section(id)) {
        let told_of: Vec<&Claim> =
            section.claims().filter(|claim| claim.value != Value::None).collect();
        if told_of.is_empty() {
            continue;
        }
        rows.push(Row::of(FOCUS, section.title).cut(width));
        rows.extend(told_of.into_iter().flat_map(|claim| told(" ", TEXT, claim, width)));
    }
    rows
}

const DECISIONS: &[&str] = &[
    "overrides",
    "criteria",
    "skips",
    "unknown",
    "attested",
    "failed",
    "untrue",
    "holds",
    "course",
    "updates",
    "alarms",
    "abort",
    "notes",
];

fn decisions(report: &Report, width: usize) -> Vec<Row> {
    let mut rows = vec![heading("DECISIONS", width)];
    let found = lists(report, DECISIONS, width);
    if found.is_empty() {
        rows.push(Row::of(MUTED, "none on record"));
    }
    rows.extend(found);
    rows.push(Row::new());
    rows
}

fn well(report: &Report, width: usize) -> Vec<Row> {
    let mut rows = vec![heading("WELL / NOT WELL", width)];
    let claims = |id: &str| -> Vec<Claim> {
        report.section(id).map_or_else(Vec::new, |section: &Section| {
            section.claims().filter(|claim| !claim.entries.is_empty()).cloned().collect()
        })
    };
    rows.extend(claims("well").iter().flat_map(|claim| told("+", OK, claim, width)));
    rows.extend(claims("not-well").iter().flat_map(|claim| told("-", WARN, claim, width)));
    rows.extend(lists(report, &["people"], width));
    rows.push(Row::new());
    rows
}

fn timeline(report: &Report, width: usize) -> Vec<Row> {
    let mut rows = vec![heading("TIMELINE UTC", width)];
    rows.extend(report.timeline.iter().map(|entry| {
        Row::of(MUTED, format!("{} #{:<3} ", entry.at.utc(), entry.seq))
            .put(TEXT, format!("{} ", entry.by))
            .put(TEXT, entry.text.as_str())
            .cut(width)
    }));
    rows
}
