//! The report's charts as inline SVG: the clocks, the steps, the losses; words beside every bar.

use std::fmt::Write as _;

use super::html::escape;
use crate::domain::report::{LossLine, NOT_MEASURED, Parts, StepLine, Value};
use crate::domain::run::phase::Phase;

const WIDTH: f64 = 960.0;
/// Where bars begin: the labels stand before it.
const LEFT: f64 = 230.0;
/// Where bars end: the figures stand after it.
const RIGHT: f64 = 780.0;
const ROW: f64 = 30.0;

/// Formatting into a text cannot fail.
macro_rules! add {
    ($out:expr, $($part:tt)*) => {{
        let _ = writeln!($out, $($part)*);
    }};
}

/// Where a figure stands between the left and the right end of the bars.
#[derive(Clone, Copy)]
struct Scale {
    whole: f64,
}

impl Scale {
    fn x(self, value: f64) -> f64 {
        LEFT + (RIGHT - LEFT) * (value / self.whole.max(f64::EPSILON)).clamp(0.0, 1.0)
    }

    fn width(self, from: f64, to: f64) -> f64 {
        (self.x(to) - self.x(from)).max(1.5)
    }
}

fn begin(title: &str, height: f64) -> String {
    format!(
        "<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"{}\">\n\
         <title>{}</title>\n",
        escape(title),
        escape(title)
    )
}

fn text(out: &mut String, x: f64, y: f64, class: &str, words: &str) {
    add!(out, "<text x=\"{x:.1}\" y=\"{y:.1}\" class=\"{class}\">{}</text>", escape(words));
}

fn bar(out: &mut String, class: &str, x: f64, y: f64, width: f64, height: f64) {
    add!(
        out,
        "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" \
         height=\"{height:.1}\" rx=\"2\"/>"
    );
}

fn upright(out: &mut String, class: &str, x: f64, from: f64, to: f64) {
    add!(
        out,
        "<line class=\"{class}\" x1=\"{x:.1}\" y1=\"{from:.1}\" x2=\"{x:.1}\" y2=\"{to:.1}\"/>"
    );
}

/// Seconds of the picture as a length of time, to the tenth that they were made of.
fn length(seconds: f64) -> std::time::Duration {
    std::time::Duration::from_secs_f64((seconds * 10.0).round().max(0.0) / 10.0)
}

fn seconds(ms: i64) -> f64 {
    Value::Since(ms).figure().map_or(0.0, |(seconds, _)| seconds)
}

/// At most `most` characters; the whole name stands in the table.
fn short(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most - 1).chain(['…']).collect()
}

/// Everything that happened and, where it is not far to the right, the strictest RTO.
fn scale_of(parts: &Parts) -> (Scale, Option<f64>) {
    let ends = parts.steps.iter().flat_map(|step| {
        let planned = step.start.map(|(ms, _)| seconds(ms) + step.expect.as_secs_f64());
        [step.end.map(|(ms, _)| seconds(ms)), planned].into_iter().flatten()
    });
    let whole = ends.chain(parts.restored_ms.map(seconds)).chain(parts.declared_ms.map(seconds));
    let whole = whole.fold(1.0, f64::max);
    let rto = parts.tiers.iter().map(|tier| tier.rto.as_secs_f64()).reduce(f64::min);
    let near = rto.filter(|rto| *rto <= whole * 2.5);
    (Scale { whole: near.map_or(whole, |rto| rto.max(whole)) * 1.04 }, rto)
}

fn rto_line(out: &mut String, scale: Scale, rto: Option<f64>, from: f64, to: f64) {
    let Some(rto) = rto else { return };
    let words = Value::Clock(length(rto));
    if rto > scale.whole {
        text(out, RIGHT - 150.0, from - 4.0, "muted", &format!("RTO {words}, far right →"));
        return;
    }
    upright(out, "limit", scale.x(rto), from, to);
    text(out, scale.x(rto) - 4.0, from - 4.0, "limit end", &format!("RTO {words}"));
}

/// Detect, decide, execute, verify on one bar.
pub(super) fn clocks(parts: &Parts) -> String {
    let mut out = begin("The clocks from T0 to the restoration", 92.0);
    let (scale, rto) = scale_of(parts);
    let Some(declared) = parts.declared_ms.map(seconds) else {
        text(&mut out, 8.0, 40.0, "muted", "nothing was declared: no clock ran");
        return out + "</svg>\n";
    };
    let end = parts.restored_ms.map(seconds);
    let worked = parts.steps.iter().filter_map(|step| step.end).map(|(ms, _)| seconds(ms));
    let worked = worked.filter(|at| end.is_some_and(|end| *at <= end)).fold(declared, f64::max);
    let mut from = 0.0;
    let red = parts.detected.map(|time| time.as_secs_f64());
    let decide = if red.is_some() { "decide" } else { "until declared" };
    let stops = [
        ("detect", "one", red),
        (decide, "two", Some(declared)),
        ("steps", "three", end.map(|_| worked)),
        ("verify", "four", end),
    ];
    text(&mut out, 8.0, 46.0, "label", "from T0");
    for (index, (name, class, stop)) in stops.into_iter().enumerate() {
        let Some(stop) = stop else { continue };
        bar(&mut out, class, scale.x(from), 30.0, scale.width(from, stop), 24.0);
        let told = Value::Time(length(stop - from));
        let x = LEFT + 145.0 * f64::from(u8::try_from(index).unwrap_or(0));
        bar(&mut out, class, x, 70.0, 10.0, 10.0);
        text(&mut out, x + 15.0, 79.0, "muted", &format!("{name} {told}"));
        from = stop;
    }
    rto_line(&mut out, scale, rto, 22.0, 62.0);
    let total = end.map_or(NOT_MEASURED.to_owned(), |end| Value::Clock(length(end)).to_string());
    text(&mut out, RIGHT + 8.0, 46.0, "figure", &total);
    out + "</svg>\n"
}

/// One row a step: what was expected as an outline, what was as a bar, against the RTO.
pub(super) fn steps(parts: &Parts) -> String {
    let rows = u16::try_from(parts.steps.len()).unwrap_or(u16::MAX);
    let bottom = 24.0 + ROW * f64::from(rows);
    let mut out = begin("Steps, expected and actual, against the RTO", bottom + 42.0);
    let (scale, rto) = scale_of(parts);
    let mut y = 24.0;
    for step in &parts.steps {
        text(&mut out, 8.0, y + 17.0, "label", &short(step.title.as_str(), 32));
        step_bars(&mut out, scale, step, y);
        text(&mut out, RIGHT + 8.0, y + 17.0, "figure", &step_figure(step));
        y += ROW;
    }
    for (ms, word) in [(parts.declared_ms, "declared"), (parts.restored_ms, "restored")] {
        let Some(x) = ms.map(|ms| scale.x(seconds(ms))) else { continue };
        upright(&mut out, "mark", x, 24.0, bottom);
        text(&mut out, x + 3.0, bottom + 14.0, "muted", word);
    }
    text(&mut out, LEFT, bottom + 14.0, "muted", "T0");
    rto_line(&mut out, scale, rto, 20.0, bottom);
    let legend = "outline: expected, bar: actual, its second colour: beyond what was expected";
    text(&mut out, 8.0, bottom + 36.0, "muted", legend);
    out + "</svg>\n"
}

fn step_bars(out: &mut String, scale: Scale, step: &StepLine, y: f64) {
    let end = step.end.map(|(ms, _)| seconds(ms));
    let Some(start) = step.start.map(|(ms, _)| seconds(ms)) else {
        if let Some(end) = end {
            bar(out, "told", scale.x(end) - 3.0, y + 7.0, 6.0, 14.0);
        }
        return;
    };
    let expected = start + step.expect.as_secs_f64();
    if let Some(end) = end.filter(|_| step.actual.is_some()) {
        bar(out, "actual", scale.x(start), y + 8.0, scale.width(start, end.min(expected)), 12.0);
        if end > expected {
            bar(out, "late", scale.x(expected), y + 8.0, scale.width(expected, end), 12.0);
        }
    }
    bar(out, "expected", scale.x(start), y + 4.0, scale.width(start, expected), 20.0);
}

fn step_figure(step: &StepLine) -> String {
    match step.actual {
        Some(took) => {
            let (took, expect) = (Value::Time(took), Value::Time(step.expect));
            let word = if step.phase == Phase::Done { "" } else { step.phase.word() };
            format!("{took} of {expect} {word}").trim_end().to_owned()
        }
        None if step.phase == Phase::Done => "told by a person".to_owned(),
        None => step.phase.word().to_owned(),
    }
}

/// One row a store: expected and measured against its RPO.
pub(super) fn losses(losses: &[LossLine]) -> String {
    let height = 26.0 + 44.0 * f64::from(u16::try_from(losses.len()).unwrap_or(u16::MAX));
    let mut out = begin("Loss of each store against its RPO", height);
    if losses.is_empty() {
        text(&mut out, 8.0, 18.0, "muted", "no store is on record");
    }
    let mut y = 8.0;
    for line in losses {
        let expected = line.expected.as_ref().and_then(|(loss, ..)| *loss);
        let measured = line.measured.as_ref().map(|(loss, ..)| *loss);
        let whole = [expected, measured, line.rpo_s].into_iter().flatten().fold(0.0, f64::max);
        // Each store has a scale of its own: an RPO of an hour would hide seconds.
        let scale = Scale { whole: (whole * 1.1).max(1.0) };
        text(&mut out, 8.0, y + 19.0, "label", &short(line.system.as_str(), 32));
        let over = |loss: f64| line.rpo_s.is_some_and(|rpo| loss > rpo);
        if let Some(loss) = expected {
            bar(&mut out, "expected", LEFT, y + 3.0, scale.width(0.0, loss), 12.0);
        }
        if let Some(loss) = measured {
            let class = if over(loss) { "late" } else { "actual" };
            bar(&mut out, class, LEFT, y + 18.0, scale.width(0.0, loss), 12.0);
        }
        if let Some(rpo) = line.rpo_s {
            upright(&mut out, "limit", scale.x(rpo), y, y + 34.0);
            let words = format!("RPO {}", Value::Loss(rpo));
            text(&mut out, scale.x(rpo) - 4.0, y + 13.0, "limit end", &words);
        }
        let shown = |loss: Option<f64>, none: &str| {
            loss.map_or(none.to_owned(), |loss| Value::Loss(loss).to_string())
        };
        let first = format!("expected {}", shown(expected, "UNKNOWN"));
        let second = measured
            .map_or(NOT_MEASURED.to_owned(), |loss| format!("measured {}", line.seconds(loss)));
        text(&mut out, RIGHT + 8.0, y + 13.0, "muted", &first);
        text(&mut out, RIGHT + 8.0, y + 29.0, "figure", &second);
        y += 44.0;
    }
    out + "</svg>\n"
}
