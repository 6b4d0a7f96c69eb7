//! The first two rows: what this console is and where it looks, and the one worst thing.

use super::prelude::*;
use crate::domain::console::{Access, JournalState};
use crate::domain::run::event::RunKind;
use crate::domain::time::{clock_text, whole_time};
use crate::domain::verdict::{Alarm, Primary, Priority};
use crate::ui::command::Command;

use super::phrase;

/// A poll that is older than this is late, whatever the systems' own periods.
const POLL_LATE_S: u64 = 30;

/// `[LIVE] [ARMED]`.
pub fn badges(screen: &Screen<'_>, gap: &str) -> Row {
    badges_with(screen, gap, false)
}

/// The same, in whole words where there is room; what is no production says so at every size.
fn badges_with(screen: &Screen<'_>, gap: &str, long: bool) -> Row {
    let kind: Ink = match screen.kind {
        RunKind::Live => BADGE_LIVE,
        RunKind::Drill => BADGE_DRILL,
        RunKind::Simulation => BADGE_SIM,
    };
    let (access, word) = match screen.access {
        _ if screen.model.replay.is_some() => (BADGE_REPLAY, "[REPLAY]"),
        Access::Safe => (BADGE_SAFE, "[SAFE]"),
        Access::Armed => (BADGE_ARMED, "[ARMED]"),
        Access::ReadOnly => (BADGE_READONLY, "[READ-ONLY]"),
    };
    let row = Row::of(kind, format!("[{}]", screen.kind.badge())).put(TEXT, gap).put(access, word);
    let Some(words) = screen.site.override_words() else { return row };
    let words = if long { words } else { format!("OVERRIDE {}", screen.site.stood_in().count()) };
    row.put(TEXT, gap).put(BADGE_DRILL, format!("[{words}]"))
}

fn poll(screen: &Screen<'_>, long: bool) -> Row {
    let Some(heard) = screen.snapshot.last_heard() else {
        return Row::of(STALE, "poll: nothing heard yet");
    };
    let age = screen.now.since(heard);
    let shown = heard.ago(screen.now);
    if age.as_secs() > POLL_LATE_S {
        return Row::of(STALE, format!("? poll LATE {shown} ago"));
    }
    Row::of(MUTED, if long { format!("poll {shown} ago ok") } else { format!("poll {shown}") })
}

fn who(screen: &Screen<'_>, long: bool) -> Row {
    let commander = screen
        .run
        .map(|run| run.declaration.as_ref().map_or(&run.opened.1, |declared| &declared.by));
    match (commander, long) {
        (Some(actor), true) => Row::of(TEXT, format!("commander {actor}")),
        (Some(actor), false) => Row::of(TEXT, format!("cmd {actor}")),
        (None, _) => Row::of(MUTED, format!("you: {}", screen.me)),
    }
}

fn regions(screen: &Screen<'_>, parts: bool) -> Row {
    let way = phrase::direction_now(screen);
    if !parts && screen.run.is_some_and(|run| run.stage.is_closed()) {
        return Row::plain(format!("{} serves", phrase::label(screen, way.from)));
    }
    let one = |side| {
        if parts {
            format!("{} {}", phrase::label(screen, side), screen.part(side).words())
        } else {
            phrase::label(screen, side).to_owned()
        }
    };
    Row::plain(format!("{} > {}", one(way.from), one(way.to)))
}

/// The header; `update` says when the next status update is due, where no other row has room.
/// What is late is shown whatever it displaces, what is only due is not.
pub fn header(screen: &Screen<'_>, update: Option<(Row, bool)>, width: usize) -> Row {
    let fits = |(left, right): &(Row, Row)| {
        left.width() + right.width() + usize::from(!right.is_empty()) <= width
    };
    let (told, late) = update.unwrap_or_default();
    let with = lines(screen, &told);
    let keeps_all = with.iter().take(FULL_LINES).find(|line| fits(line));
    let with_update = keeps_all.or_else(|| with.iter().filter(|_| late).find(|line| fits(line)));
    let without = lines(screen, &Row::new());
    match with_update.or_else(|| without.iter().find(|line| fits(line))) {
        Some((left, right)) => Row::spread(left.clone(), right.clone(), width),
        None => badges(screen, "").cut(width),
    }
}

/// The lines of [`lines`] that leave out nothing which a person acts by.
const FULL_LINES: usize = 5;

/// Left and right of the header, the fullest first.
fn lines(screen: &Screen<'_>, told: &Row) -> [(Row, Row); 9] {
    let run = phrase::run_name(screen);
    // A replayed moment is never read as the time it is.
    let utc = match screen.model.replay {
        Some(_) => Row::of(BADGE_REPLAY, format!("replayed {}", screen.now.utc())),
        None => Row::of(TEXT, screen.now.utc().to_string()),
    };
    let help = Row::of(MUTED, format!("{} help", phrase::key(screen, Command::Help)));
    let gap = |row: Row, cells: usize| row.put(TEXT, " ".repeat(cells));
    let owed = if told.is_empty() { Row::new() } else { gap(told.clone(), 2) };
    let left = |spaced: bool, parts: bool, long: bool| {
        let cells = if spaced { 2 } else { 1 };
        gap(badges_with(screen, if spaced { " " } else { "" }, long), cells)
            .put(TEXT, &run)
            .put(TEXT, " ".repeat(cells))
            .join(gap(regions(screen, parts), cells))
            .join(who(screen, long))
    };
    let short_left = gap(badges(screen, ""), 1).put(TEXT, &run);
    let right = |long: bool, with_help: bool| {
        let row = gap(poll(screen, long), if long { 3 } else { 1 }).join(utc.clone());
        let row = owed.clone().join(row);
        if with_help { gap(row, 3).join(help.clone()) } else { row }
    };
    let way = phrase::direction_now(screen);
    let letters = match screen.run {
        Some(run) if run.stage.is_closed() => format!("{} serves", way.from),
        _ => format!("{} > {}", way.from, way.to),
    };
    let letters =
        gap(badges(screen, ""), 1).put(TEXT, format!("{run} {letters} ")).join(who(screen, false));
    [
        (left(true, true, true), right(true, true)),
        (left(true, false, true), right(true, true)),
        (left(false, false, true), right(false, true)),
        (left(false, false, false), right(false, false)),
        (letters, right(false, false)),
        (short_left.clone(), right(false, false)),
        (short_left, owed.clone().join(utc.clone())),
        (gap(badges(screen, ""), 1).join(who(screen, false)), told.clone()),
        (badges(screen, ""), told.clone()),
    ]
}

/// The alarm that matters most, as it stands in the banner.
fn alarm_rows(screen: &Screen<'_>, alarm: &Alarm) -> Vec<Row> {
    let (ink, glyph) = phrase::glyph(alarm.priority);
    let head = Row::of(ink, format!("{glyph} {}", alarm.sentence));
    let since = alarm.since.map_or_else(String::new, |at| format!(" since {}", at.utc()));
    let spent = alarm.since.map_or_else(String::new, |at| format!(" ({})", at.ago(screen.now)));
    let others = screen.assessment.alarms.len().saturating_sub(1);
    let folded = alarm.consequences.len();
    let grouped = if folded > 0 { format!("   {folded} grouped under it") } else { String::new() };
    let short = if folded > 0 { format!("  {folded} grouped") } else { String::new() };
    let more = if others > 0 { format!("   +{others} more") } else { String::new() };
    let known = screen.acknowledged.contains(&alarm.key);
    let state = if known {
        "   acknowledged".to_owned()
    } else if screen.access == Access::ReadOnly {
        "   not acknowledged".to_owned()
    } else {
        format!(
            "   {} acknowledge  {} evidence",
            phrase::key(screen, Command::Acknowledge),
            phrase::key(screen, Command::Evidence)
        )
    };
    let tail = if known { "  acknowledged" } else { "  not acknowledged" };
    let at = head.clone().put(ink, &since);
    let whole = at.clone().put(ink, &spent);
    vec![
        whole.clone().put(TEXT, &grouped).put(TEXT, &more).put(MUTED, &state),
        whole.put(TEXT, &short).put(MUTED, tail),
        at.clone().put(TEXT, &short).put(MUTED, tail),
        at.clone().put(TEXT, &short),
        at,
        head,
    ]
}

/// The banner without an alarm: calm only where that can be told.
fn calm(screen: &Screen<'_>) -> Row {
    match &screen.assessment.primary {
        Primary::Healthy => Row::of(OK, "ok  no alarm"),
        Primary::Blind(why) => Row::of(UNKNOWN, format!("? nothing can be told: {why}")),
        Primary::ItIsUs { .. } => {
            Row::of(UNKNOWN, "? our own network: the reference is silent too")
        }
        Primary::Suspect { signals } => {
            let why = signals.first().map(|one| format!(": {} {}", one.system, one.why));
            Row::of(WARN, format!("▲2 the primary is suspect{}", why.unwrap_or_default()))
        }
        Primary::Red { .. } => Row::of(CRIT, "■1 the primary is red"),
    }
}

/// The rows of what is wrong now behind what is so since the restoration: who serves, and how the
/// clock ended. What must be acted on at once stands alone.
fn after(screen: &Screen<'_>, rows: Vec<Row>) -> Vec<Row> {
    let restored = screen.run.is_some_and(|run| run.restored.is_some());
    let serves = match screen.assessment.primary {
        Primary::Healthy | Primary::Suspect { .. } => {
            phrase::label(screen, screen.assessment.active)
        }
        Primary::Red { .. } | Primary::ItIsUs { .. } | Primary::Blind(_) => return rows,
    };
    let Some(gone) = screen.forecast.elapsed.filter(|_| restored) else { return rows };
    let (state, gone) = (screen.forecast.state, clock_text(gone));
    let lead = Row::of(OK, format!("{serves} serves"))
        .put(TEXT, ", ")
        .put(super::clocks::state_ink(state), format!("{} T+{gone}", state.words()))
        .put(TEXT, "   ");
    rows.into_iter().map(|row| lead.clone().join(row)).collect()
}

/// The one worst thing, since when, and what is folded under it.
pub fn banner(screen: &Screen<'_>, width: usize) -> Row {
    if let JournalState::Failed(why) = screen.journal {
        let full = format!("■1 JOURNAL FAILED: {why}. Nothing new starts until it records again.");
        return first_fit(
            vec![Row::of(CRIT, full), Row::of(CRIT, format!("■1 JOURNAL FAILED: {why}"))],
            width,
        );
    }
    if let Some(owed) = screen.stalled {
        let head = format!("■1 THE DISK HAS NOT TAKEN the last word for {}", whole_time(owed));
        let full = format!("{head}. What is not on record is not done; nothing new starts.");
        return first_fit(vec![Row::of(CRIT, full), Row::of(CRIT, head)], width);
    }
    if let Some(why) = screen.unkept {
        let head = "■1 THE STATE FOLDER TAKES NOTHING";
        return first_fit(
            vec![Row::of(CRIT, format!("{head}: {why}")), Row::of(CRIT, head)],
            width,
        );
    }
    match screen.assessment.alarms.first() {
        Some(alarm) if alarm.priority != Priority::ActNow => {
            first_fit(after(screen, alarm_rows(screen, alarm)), width)
        }
        Some(alarm) => first_fit(alarm_rows(screen, alarm), width),
        None => match screen.journal {
            JournalState::ReadOnly(why) => {
                Row::of(BADGE_READONLY, format!("journal is read only: {why}")).cut(width)
            }
            JournalState::None | JournalState::Ok { .. } | JournalState::Failed(_) => {
                first_fit(after(screen, vec![calm(screen)]), width)
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::Side;
    use crate::domain::verdict::Assessment;
    use crate::ui::fixture;
    use crate::ui::panel::next;

    #[test]
    fn what_stands_in_for_a_provider_is_said_at_every_size() {
        let check = |moment: &str, stood_in: usize, width: usize, want: &str| {
            let mut fixture = fixture::of(moment).expect("the moment exists");
            for system in fixture.site.systems.iter_mut().take(stood_in) {
                system.stand_ins = [None, Some("http://127.0.0.1:9".into())];
            }
            let screen = fixture.screen();
            let row = header(&screen, None, width);
            let (text, shown) = (row.text(), row.width());
            assert!(shown <= width && text.contains(want), "{moment} {width}: {text}");
            assert_eq!(text.contains("OVERRIDE"), stood_in > 0, "{text}");
        };
        for moment in ["restored", "close", "red", "card"] {
            check(moment, 0, 160, "]");
            check(moment, 3, 160, "[ENDPOINT OVERRIDE: 3 systems]");
            check(moment, 1, 120, "OVERRIDE");
            check(moment, 1, 80, "[OVERRIDE 1]");
            check(moment, 1, 40, "[OVERRIDE 1]");
        }
    }

    #[test]
    fn after_the_restoration_the_screen_says_what_is_now() {
        let red = || fixture::of("red").expect("the moment exists").assessment;
        let suspect = || fixture::of("suspect").expect("the moment exists").assessment;
        // The moment, what of B is so now, and what header, banner and NEXT say of it.
        let check = |moment: &str, now: Option<Assessment>, want: [&str; 3]| {
            let mut fixture = fixture::of(moment).expect("the moment exists");
            fixture.model.dialog = None;
            if let Some(now) = now {
                fixture.assessment = Assessment { active: Side::B, ..now };
            }
            let screen = fixture.screen();
            let rows = [header(&screen, None, 160).text(), banner(&screen, 160).text()];
            let rows = [&rows[0], &rows[1], &next::sentence(&screen)];
            for (row, want) in rows.into_iter().zip(want) {
                assert!(row.contains(want), "{moment}: `{want}` in {rows:#?}");
            }
        };
        let met = "eu-central-1 serves, MET T+00:22:40   ";
        let over = "eu-central-1 PRIMARY > us-east-1 standby";
        let open = "us-east-1 was PRIMARY > eu-central-1 PRIMARY";
        check("restored", None, [over, met, "closed complete at"]);
        check("close", None, [open, met, "restored was seen   "]);
        check("close", Some(suspect()), [open, met, "eu-central-1 serves and is SUSPECT"]);
        let lost = "■1 PRIMARY us-east-1 DOWN";
        check("close", Some(red()), [open, lost, "eu-central-1 is DOWN NOW"]);
        let gone = "eu-central-1 was PRIMARY > us-east-1 standby";
        check("restored", Some(red()), [gone, lost, "eu-central-1 is DOWN NOW"]);
    }
}
