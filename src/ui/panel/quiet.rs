//! "If the primary failed now": the strip while there is no incident.

use super::prelude::*;
use std::time::Duration;

use crate::domain::catalogue::Class;
use crate::domain::ledger::{LedgerRow, LossVerdict};
use crate::domain::readiness::worst_first;
use crate::domain::time::short_time;
use crate::domain::verdict::{Criterion, Met};
use crate::ui::command::Command;
use crate::ui::widget::bar::bar;

use super::{fitness, phrase, spoken};

/// Cells of the lead words at the right.
const LEAD: usize = 14;

/// Cells of the expected recovery time's bar.
const BAR: usize = 24;

/// Cells of a store's bar.
const STORE_BAR: usize = 8;

/// The time that a failover would take now; none without a plan.
fn expected(screen: &Screen<'_>) -> Option<Duration> {
    screen.runbook.map(|_| screen.forecast.remaining_p80)
}

fn share(screen: &Screen<'_>) -> Option<f64> {
    let (takes, rto) = (expected(screen)?, screen.forecast.rto?);
    (!rto.is_zero()).then(|| takes.as_secs_f64() / rto.as_secs_f64())
}

fn time_ink(screen: &Screen<'_>) -> Ink {
    match share(screen) {
        None => UNKNOWN,
        Some(share) if share > 1.0 => WARN,
        Some(_) => OK,
    }
}

/// `17m40s of 60m00s`.
fn time(screen: &Screen<'_>) -> String {
    let of = screen.forecast.rto.map_or_else(String::new, |rto| format!(" of {}", short_time(rto)));
    match expected(screen) {
        None => format!("UNKNOWN, {}{of}", phrase::no_runbook(screen)),
        Some(takes) => format!("{}{of}", short_time(takes)),
    }
}

fn margin(screen: &Screen<'_>) -> Row {
    let (Some(takes), Some(rto)) = (expected(screen), screen.forecast.rto) else {
        return Row::new();
    };
    if takes > rto {
        return Row::of(WARN, format!("▲2 late by {}", short_time(takes.saturating_sub(rto))));
    }
    Row::of(TEXT, format!("margin {}", short_time(rto.saturating_sub(takes))))
}

fn gauge(screen: &Screen<'_>, cells: usize) -> Row {
    share(screen).map_or_else(Row::new, |share| Row::of(time_ink(screen), bar(share, cells)))
}

/// The stores, those first whose loss nobody knows, then by the share of their objective.
fn stores<'a>(screen: &Screen<'a>) -> Vec<&'a LedgerRow> {
    let share = |row: &LedgerRow| match (row.loss_s, row.rpo_s) {
        (Some(loss), Some(rpo)) => loss / rpo.max(f64::MIN_POSITIVE),
        (None, _) | (_, None) => f64::MAX,
    };
    let mut rows: Vec<&LedgerRow> = screen.ledger.rows.iter().collect();
    rows.sort_by(|one, other| share(other).total_cmp(&share(one)));
    rows
}

fn loss_ink(screen: &Screen<'_>, row: &LedgerRow) -> Ink {
    let silent = !phrase::is_any_lag_live(screen) && row.verdict == LossVerdict::Pass;
    if silent { UNKNOWN } else { phrase::loss_ink(row.verdict) }
}

/// A store with its bar: `kyc      97s of 5m00s [███░░░░░] 32 % PASS`.
fn store_row(screen: &Screen<'_>, row: &LedgerRow) -> Row {
    let ink = loss_ink(screen, row);
    let bar = match (row.loss_s, row.rpo_s) {
        (Some(loss), Some(rpo)) if rpo > 0.0 => format!("{} ", bar(loss / rpo, STORE_BAR)),
        _ => String::new(),
    };
    Row::new()
        .cell(TEXT, row.system.as_str(), 8)
        .put(TEXT, format!("{:>14} ", phrase::loss_of(row)))
        .put(ink, bar)
        .put(ink, row.verdict.word())
}

fn criterion_row(screen: &Screen<'_>, criterion: &Criterion, width: usize) -> Row {
    let (ink, glyph) = fitness::glyph(criterion);
    let lasts = fitness::lasts(screen, criterion);
    let since = if lasts.is_empty() { String::new() } else { format!("for {lasts}") };
    let left = Row::of(ink, format!("{glyph} {}", criterion.found()))
        .put(TEXT, format!(" (wanted: {})", criterion.wanted));
    Row::spread(left, Row::of(MUTED, since), width)
}

/// The criteria that are not met, the worst first.
fn open<'a>(screen: &Screen<'a>) -> Vec<&'a Criterion> {
    let sorted = worst_first(&screen.assessment.criteria).into_iter();
    sorted.filter(|criterion| criterion.met != Met::Yes).collect()
}

/// How fit the standby is: the sum, what speaks against it in `rows` rows, and the rest in words.
fn left_rows(screen: &Screen<'_>, rows: usize, width: usize) -> Vec<Row> {
    let key = phrase::key(screen, Command::Readiness);
    let counts = fitness::counts(screen);
    let head = as_many(
        vec![
            Row::plain("READINESS  ").join(fitness::verdict(screen)),
            Row::of(TEXT, counts),
            Row::of(MUTED, format!("{key} = list")),
        ],
        "   ",
        width,
    );
    let open = open(screen);
    let met = screen.assessment.criteria.len() - open.len();
    let room = rows.saturating_sub(3);
    let named = if open.len() > room { room.saturating_sub(1) } else { open.len() };
    let mut all = vec![head];
    all.extend(open.iter().take(named).map(|criterion| criterion_row(screen, criterion, width)));
    if open.len() > named {
        all.push(Row::of(MUTED, format!("   {} more are not met", open.len() - named)));
    }
    let met = match (met, open.is_empty()) {
        (0, _) => Row::new(),
        (_, true) => Row::of(OK, format!("ok all {met} criteria are met")),
        (_, false) => Row::of(OK, format!("ok {met} more are met")),
    };
    all.push(met);
    all.resize(rows.saturating_sub(1), Row::new());
    let who = phrase::declarers(screen);
    all.push(as_many(
        vec![Row::of(MUTED, format!("may declare: {who}")), Row::of(MUTED, plan(screen))],
        "   ",
        width,
    ));
    all
}

fn plan(screen: &Screen<'_>) -> String {
    screen.runbook.map_or_else(
        || phrase::no_runbook(screen),
        |book| {
            let hard = book.steps.iter().filter(|step| step.class == Class::X).count();
            format!("runbook {}: {} steps, {hard} irreversible", book.title, book.steps.len())
        },
    )
}

/// What it would cost in time and in writes, and how it was in the last 24 hours.
fn right_rows(screen: &Screen<'_>, rows: usize, width: usize) -> Vec<Row> {
    let lead = |text: &str| Row::of(MUTED, format!("{text:<LEAD$}"));
    let time = Row::of(time_ink(screen), time(screen));
    let mut all = vec![
        lead("EXPECTED RTO").join(time).put(TEXT, "   ").join(margin(screen)),
        lead("").join(gauge(screen, BAR)),
    ];
    let room = rows.saturating_sub(4);
    let stores = stores(screen);
    let when = if phrase::is_any_lag_live(screen) { "EXPECTED RPO" } else { "RPO last read" };
    if stores.is_empty() {
        let text = format!("? {}", phrase::no_store(screen));
        all.push(lead("EXPECTED RPO").put(UNKNOWN, text));
    }
    let shown = stores.iter().take(room);
    all.extend(
        shown.enumerate().map(|(index, row)| {
            lead(if index == 0 { when } else { "" }).join(store_row(screen, row))
        }),
    );
    if let Some(last) = all.last_mut()
        && stores.len() > room
    {
        let more = stores.len() - room;
        let named = last.clone().put(MUTED, format!("  +{more} more"));
        if named.width() <= width {
            *last = named;
        }
    }
    all.resize(rows.saturating_sub(2), Row::new());
    let worst = fitness::worst_lags(screen);
    let mut lags: Vec<Row> = worst.iter().map(|text| Row::of(TEXT, text)).collect();
    match lags.first_mut() {
        None => lags.push(Row::of(MUTED, "no lag is known yet")),
        Some(first) => *first = Row::of(MUTED, "worst lag ").join(first.clone()),
    }
    let inner = width.saturating_sub(LEAD);
    all.push(lead("last 24 h").join(as_many(lags, "   ", inner)));
    let day = fitness::day(screen).into_iter().map(|text| Row::of(TEXT, text)).collect();
    all.push(lead("").join(as_many(day, "   ", inner)));
    all
}

/// The rows of the framed strip.
pub fn rows(screen: &Screen<'_>, rows: usize, width: usize) -> Vec<Row> {
    let half = width / 2;
    let left = left_rows(screen, rows, half.saturating_sub(2));
    let right = right_rows(screen, rows, width - half);
    left.into_iter()
        .zip(right)
        .map(|(left, right)| {
            left.cut(half.saturating_sub(2)).fit(half).join(right.cut(width - half))
        })
        .collect()
}

/// `RPO 97s of 5m00s kyc`, of the worst store.
fn worst(screen: &Screen<'_>) -> Row {
    match stores(screen).first() {
        None => Row::plain("RPO ").put(UNKNOWN, "? no store"),
        Some(row) => {
            let word = if phrase::is_any_lag_live(screen) { "RPO " } else { "RPO ? last " };
            Row::plain(word)
                .put(loss_ink(screen, row), format!("{} {}", phrase::loss_of(row), row.system))
        }
    }
}

/// `IF Region A FAILED NOW  RTO 17m40s of 60m00s [███░░░░░░░] 29 %  RPO 97s of 5m00s kyc`.
pub fn first_row(screen: &Screen<'_>, width: usize) -> Row {
    let side = screen.direction().from;
    let label = phrase::label(screen, side);
    let takes = || Row::plain("RTO ").put(time_ink(screen), time(screen));
    let named = format!("IF {label} FAILED NOW  ");
    let short = format!("IF {side} FAILED NOW  ");
    let row = |(lead, cells, loss): (&str, usize, bool)| {
        let gauge = if cells > 0 { gauge(screen, cells) } else { Row::new() };
        let row = as_many(vec![Row::plain(lead).join(takes()), gauge], " ", usize::MAX);
        if loss { row.put(TEXT, "  ").join(worst(screen)) } else { row }
    };
    let rows = [
        (&*named, 10, true),
        (&named, 6, true),
        (&short, 10, true),
        (&short, 6, true),
        (&short, 0, true),
        (&named, 0, false),
        (&short, 0, false),
        ("", 0, true),
        ("", 0, false),
    ];
    first_fit(rows.map(row).to_vec(), width)
}

/// `READINESS NO-GO  ■1 same image in both regions: 4.12.1 (2h04m)  +1 warning`.
pub fn second_row(screen: &Screen<'_>, width: usize) -> Row {
    let head = Row::plain("READINESS ").join(fitness::verdict(screen));
    let open = open(screen);
    let journal = spoken::journal(screen);
    let Some(first) = open.first() else {
        let met = screen.assessment.criteria.len();
        let met = Row::of(MUTED, format!("all {met} criteria are met"));
        return as_many(vec![head, met, journal], "  ", width);
    };
    let (ink, glyph) = fitness::glyph(first);
    let lasts = fitness::lasts(screen, first);
    let lasts = if lasts.is_empty() { lasts } else { format!(" ({lasts})") };
    let more = open.len() - 1;
    let tail = Row::of(MUTED, lasts)
        .put(MUTED, if more > 0 { format!("  +{more} more") } else { String::new() });
    let room = width.saturating_sub(head.width() + tail.width() + 2);
    let reason = Row::of(ink, format!("{glyph} {}", first.found()))
        .put(TEXT, format!(" (wanted: {})", first.wanted))
        .cut(room);
    as_many(vec![head.put(TEXT, "  ").join(reason).join(tail), journal], "  ", width)
}

/// Four rows for narrow terminals.
pub fn stack_rows(screen: &Screen<'_>, width: usize) -> Vec<Row> {
    let day = fitness::day(screen).into_iter().map(|text| Row::of(MUTED, text)).collect();
    vec![
        first_row(screen, width),
        worst(screen).cut(width),
        second_row(screen, width),
        as_many(day, "  ", width),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::Side;
    use crate::ui::fixture;
    use crate::ui::update_text;

    #[test]
    fn without_a_plan_or_a_store_nothing_is_claimed() {
        let mut fixture = fixture::of("healthy").expect("the moment exists");
        fixture.runbooks.clear();
        fixture.assessment.active = Side::B;
        fixture.ledger.rows.clear();
        let text = |rows: Vec<Row>| rows.iter().map(Row::text).collect::<Vec<_>>().join("\n");
        let screen = fixture.screen();
        let update = update_text::lines(&screen, "");
        let update: Vec<&str> = update.iter().map(crate::domain::text::Clean::as_str).collect();
        let strip = text(rows(&screen, 10, 156)) + &text(vec![first_row(&screen, 118)]);
        let no_plan = "UNKNOWN, no runbook for B to A";
        for (told, wants) in [
            (strip, [no_plan, "? not known: no store"]),
            (update.join("\n"), [no_plan, "LOSS not known: no store"]),
        ] {
            for want in wants {
                assert!(told.contains(want), "`{want}` in\n{told}");
            }
        }
    }
}
