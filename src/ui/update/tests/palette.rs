//! The palette by script: what it opens, what it refuses, what it never does.

use Access::{Armed, ReadOnly, Safe};

use super::bench::{Bench, step_id};
use crate::domain::console::Access;
use crate::ui::dialog::abort_run::AbortRun;
use crate::ui::dialog::asked::{Ask, Asked};
use crate::ui::dialog::card::Card;
use crate::ui::dialog::declare::Declare;
use crate::ui::dialog::form::{Form, Purpose};
use crate::ui::dialog::go_no_go::GoNoGo;
use crate::ui::dialog::help::Help;
use crate::ui::dialog::ledger::Losses;
use crate::ui::dialog::palette::Palette;
use crate::ui::dialog::set_t0::SetT0;
use crate::ui::dialog::update::Update;

const NOTHING: &[&str] = &[];

/// What lies over the content, in a word, with what is typed in it.
fn over(bench: &Bench) -> String {
    let Some(open) = bench.model.dialog.as_deref() else { return "nothing".to_owned() };
    if let Some(Palette { field, .. }) = open.as_a() {
        return format!("palette `{}`", field.text);
    }
    if let Some(card) = open.as_a::<Card>() {
        let how = if card.confirming { "confirms" } else { "reads" };
        let back = if card.back { " back" } else { "" };
        return format!("card {how} {}{back} `{}`", card.step, card.field.text);
    }
    if let Some(Form { purpose, field }) = open.as_a() {
        return match purpose {
            Purpose::Note => format!("note `{}`", field.text),
            Purpose::Skip(step) => format!("skip {step} `{}`", field.text),
            Purpose::Retry(step, _) => format!("retry {step} `{}`", field.text),
            Purpose::Attest(step) => format!("attest {step} `{}`", field.text),
            Purpose::AbortStep(step) => format!("abort {step} `{}`", field.text),
            Purpose::Resolve(step, _) => format!("resolve {step} `{}`", field.text),
            Purpose::Escalate(_) => format!("escalate `{}`", field.text),
            Purpose::Criterion(key, _) => format!("accept {key} `{}`", field.text),
            Purpose::Seek => format!("seek `{}`", field.text),
            Purpose::Arm => format!("arm `{}`", field.text),
            Purpose::Close | Purpose::Leave => format!("{purpose:?}"),
        };
    }
    let text = |typed: &Asked, index: usize| typed.fields[index].text.clone();
    if let Some(Declare(typed)) = open.as_a() {
        return format!("declare `{}` `{}`", text(typed, 0), text(typed, 1));
    }
    if let Some(AbortRun(typed)) = open.as_a() {
        return format!("abort run `{}` `{}`", text(typed, 0), text(typed, 1));
    }
    if let Some(SetT0(typed)) = open.as_a() {
        let [time, reason, word] = [0, 1, 2].map(|index| text(typed, index));
        let at = ["Time", "Reason", "Word"][typed.at];
        return format!("t0 `{time}` `{reason}` `{word}` at {at}");
    }
    if let Some(Update { field, .. }) = open.as_a() {
        return format!("update `{}`", field.text);
    }
    if open.as_a::<Help>().is_some() {
        return "help".to_owned();
    }
    if open.as_a::<GoNoGo>().is_some() {
        return "Readiness".to_owned();
    }
    if open.as_a::<Losses>().is_some() {
        return "Ledger".to_owned();
    }
    format!("{open:?}").split([' ', '(', '{']).next().unwrap_or("").to_owned()
}

#[test]
fn a_line_opens_what_its_key_opens() {
    let check = |stage: &str, line: &str, want: &str, said: &str| {
        let mut bench = Bench::new(Armed, stage);
        bench.script(&[":", line, "enter"]);
        assert_eq!(over(&bench), want, "{line}: {}", bench.notice());
        assert!(bench.notice().contains(said), "{line}: {}", bench.notice());
        assert!(!bench.wishes.iter().any(crate::ui::wish::Wish::is_act), "{line}");
    };
    let run = |line, want, said| check("executing", line, want, said);
    run("=help", "help", "");
    run("=upd", "update ``", "");
    run("=note two words", "note `two words`", "");
    run("=note", "note ``", "");
    run("=skip dns not today at all", "skip dns `not today at all`", "");
    run("=skip dns", "skip dns ``", "");
    run("=retry failed again", "retry failed `again`", "");
    run("=attest hand", "attest hand ``", "");
    run("=resolve unknown", "resolve unknown ``", "");
    run("=escalate region A is lost", "escalate `region A is lost`", "");
    // What confirms is never filled in.
    run("=abort-step running", "abort running ``", "");
    run("=abort-run it makes no sense", "abort run `` `it makes no sense`", "");
    check("standby", "=declare region A is dark", "declare `` `region A is dark`", "");
    run("=run dns", "card confirms dns ``", "");
    run("=run promote", "card confirms promote ``", "");
    // What one key would start is only read: Enter never runs a step.
    run("=run look", "card reads look ``", "the palette runs nothing: esc, then r");
    run("=run scale", "card reads scale ``", "the palette runs nothing");
    run("=compensate done", "card reads done back ``", "esc, then K starts it");
    let t0 = "t0 `13:50:00Z` `the page says so` `` at Word";
    run("=t0 set 13:50:00Z the page says so", t0, "");
    run("=t0 set 13:50:00Z", "t0 `13:50:00Z` `` `` at Reason", "");
    run("=t0 set", "t0 `` `` `` at Time", "");
}

#[test]
fn what_cannot_be_says_why_and_keeps_the_text() {
    let check = |access: Access, stage: &str, line: &str, said: &str| {
        let mut bench = Bench::new(access, stage);
        bench.script(&[":", line, "enter"]);
        let want = format!("palette `{}`", line.trim_start_matches('='));
        assert_eq!(over(&bench), want, "{}", bench.notice());
        assert!(bench.notice().contains(said), "{line}: {}", bench.notice());
        assert_eq!(bench.wished(), NOTHING, "{line}");
        assert_eq!(bench.model.selected, None, "{line}");
    };
    let armed = |line, said| check(Armed, "executing", line, said);
    armed("=panel 9", "`panel` wants a number from 1 to 6, not `9`; for example: panel 4");
    armed("=panel x", "for example: panel 4");
    armed("=skip nope it is not there", "wants a step of this runbook or its number, not `nope`");
    armed("=step dns now", "wants a step and nothing after it, not `now`");
    armed("=t0 set noon the page says so", "`noon` is no moment: write a time in UTC");
    armed("=xyzzy", "no command is called `xyzzy`");
    armed("=skip done it is done", "only a step that has not been done");
    armed("=abort-step dns", "step 3 dns is ready: no attempt of it is running");
    armed("=resolve dns", "no attempt of it has an unknown outcome");
    armed("=run later", "step 7 later is pending: it waits for 4 promote");
    armed("=run hand", "attested by a person");
    armed("=declare again and again", "declared already");
    check(Safe, "executing", "=run dns", "SAFE: arm this console first");
    check(Safe, "executing", "=skip dns not today", "SAFE: arm this console first");
    check(Safe, "none", "=t0 set 13:50:00Z the page says so", "no run is open");
    check(Safe, "standby", "=t0 set 13:50:00Z the page says so", "declare first");
    for line in ["=run dns", "=note hello", "=declare it is dark", "=t0 set 13:50:00Z so", "=arm"] {
        check(ReadOnly, "executing", line, "read only");
    }
}

#[test]
fn the_enter_that_opened_a_dialog_does_not_accept_it() {
    let check = |line: &str, keys: &[&str], want: &[&str]| {
        let mut bench = Bench::at_step(Armed, "dns");
        bench.script(&[":", line, "enter"]);
        for _ in 0..20 {
            bench.script(&["enter"]);
        }
        assert_eq!(bench.wished(), NOTHING, "{line}: {}", bench.notice());
        bench.script(keys);
        assert_eq!(bench.wished(), want, "{line}: {}", bench.notice());
    };
    let skip = ["skip dns `not today at all`"];
    check("=skip dns not today at all", &["end", "enter"], &skip);
    check("=retry failed it works now", &["end", "enter"], &["retry failed `it works now`"]);
    check("=close", &["end", "enter"], &["Intent(Close)"]);
    check("=quit", &["end", "enter"], &["Leave"]);
    check("=run dns", &["=dns", "enter"], &["run dns `dns` `call dns`"]);
}

#[test]
fn rows_are_chosen_and_completed() {
    let check = |script: &[&str], want: &str, said: &str| {
        let mut bench = Bench::new(Armed, "executing");
        bench.script(script);
        assert_eq!(over(&bench), want, "{script:?}: {}", bench.notice());
        assert!(bench.notice().contains(said), "{script:?}: {}", bench.notice());
    };
    check(&[":", "=abort", "tab"], "palette `abort-step `", "");
    check(&[":", "=abort", "down", "tab"], "palette `abort-run `", "");
    check(&["up", ":", "=abort", "down", "up", "enter"], "abort running ``", "");
    check(&[":", "=abort", "down", "t", "=-r", "up"], "palette `abortt-r`", "");
    check(&[":", "=step pro", "tab", "enter"], "nothing", "step 4 promote is selected");
    check(&[":", "=step pro", "enter"], "nothing", "step 4 promote is selected");
    check(&[":", "=step", "enter", "=dns", "enter"], "nothing", "dns is selected");
    // The number that the runbook panel shows names the step too.
    check(&[":", "=step 4", "enter"], "nothing", "step 4 promote is selected");
    check(&[":", "=skip pro", "enter"], "palette `skip promote `", "");
    check(&[":", "=skip pro", "enter", "=no", "enter"], "skip promote `no`", "");
    check(&["f2", "=note", "esc"], "nothing", "");
    check(&[":", "=palette", "enter"], "palette ``", "");
    let mut bench = Bench::new(Armed, "executing");
    bench.script(&[":", "=step unknown", "enter"]);
    assert_eq!(bench.model.selected, Some(step_id("unknown")));
    bench.script(&[":", "=filter pg", "enter"]);
    assert_eq!((bench.model.filter.text.as_str(), bench.model.filtering), ("pg", false));
    bench.script(&[":", "=panel 6", "enter"]);
    assert_eq!(bench.model.focus, crate::ui::model::Panel::Timeline);
}

#[test]
fn a_paste_into_the_palette_is_thrown_away() {
    let mut bench = Bench::new(Armed, "executing");
    bench.script(&[":", "+1000"]);
    for letter in "skip dns not today at all".chars() {
        bench.press(crate::ui::keymap::Key::plain(crossterm::event::KeyCode::Char(letter)));
        bench.now += 5;
    }
    assert!(bench.notice().contains("by its pace a paste"), "{}", bench.notice());
    bench.key("enter");
    bench.input(&crate::ui::update::Input::Paste("run dns\n".to_owned()));
    bench.script(&["enter", "+9000"]);
    assert_eq!(bench.wished(), NOTHING);
}

#[test]
fn t0_is_moved_by_a_moment_a_reason_and_a_word() {
    let check = |script: &[&str], want: Option<&str>, at: Ask, said: &str| {
        let mut bench = Bench::new(Safe, "executing");
        bench.script(&[":", "=t0 set", "enter"]);
        bench.script(script);
        let wished = bench.wished().pop();
        assert_eq!(wished.is_some(), want.is_some(), "{script:?}: {}", bench.notice());
        if let (Some(wished), Some(want)) = (wished, want) {
            assert!(wished.contains(want), "{wished}");
        } else {
            let Some(typed) = bench.model.over::<SetT0>() else { panic!("{script:?}") };
            assert_eq!(typed.0.asks(), at, "{script:?}: {}", bench.notice());
        }
        assert!(bench.notice().contains(said), "{script:?}: {}", bench.notice());
    };
    // The bench's console looks at 13:56:50Z.
    let (time, reason) = ("=2026-11-20T13:50:00Z", "=the page says so");
    check(&[time, "enter"], None, Ask::Reason, "");
    check(&["=soon", "enter"], None, Ask::T0, "`soon` is no moment");
    check(&["=2026-11-20T15:50:00Z", "enter"], None, Ask::T0, "in the future");
    check(&["=2026-11-18T13:50:00Z", "enter"], None, Ask::T0, "24 h before");
    check(&[time, "enter", "=short", "enter"], None, Ask::Reason, "at least 10");
    check(&[time, "enter", reason, "enter"], None, Ask::Word("t0"), "");
    check(&[time, "enter", reason, "enter", "=t", "enter"], None, Ask::Word("t0"), "exactly `t0`");
    let whole = [time, "enter", reason, "enter", "=t0", "enter"];
    check(&whole, Some("typed: \"t0\""), Ask::Word("t0"), "");
    check(&whole, Some("the page says so"), Ask::Word("t0"), "");
    // Out of order by tab, and changed at the end.
    let mixed = [time, "tab", reason, "tab", "=t0", "tab", "enter"];
    check(&mixed, None, Ask::Word("t0"), "");
}

#[test]
fn updates_and_copies_are_wished_by_anyone() {
    let check = |access: Access, stage: &str, script: &[&str], want: &[&str]| {
        let mut bench = Bench::new(access, stage);
        bench.script(script);
        assert_eq!(bench.wished(), want, "{script:?}: {}", bench.notice());
    };
    let empty = ["Update { sentence: Clean(\"\") }"];
    let own = ["Update { sentence: Clean(\"all hands\") }"];
    for (access, stage) in [(Safe, "executing"), (ReadOnly, "executing"), (Safe, "none")] {
        check(access, stage, &["u", "enter"], &empty);
        check(access, stage, &["u", "=all hands", "enter"], &own);
        check(access, stage, &["u", "esc"], NOTHING);
        check(access, stage, &["c"], &["Copy"]);
        check(access, stage, &["?", "c"], &["Copy"]);
        check(access, stage, &["u", "alt-c"], &["Copy"]);
        check(access, stage, &["u", "=c", "esc"], NOTHING);
    }
}

#[test]
fn a_held_key_copies_once() {
    for opened in [None, Some("?")] {
        let mut bench = Bench::new(Safe, "executing");
        bench.script(&opened.into_iter().collect::<Vec<_>>());
        bench.now += 400;
        for _ in 0..40 {
            bench.key("c");
            bench.now += 160;
        }
        assert_eq!(bench.wished(), ["Copy"], "{opened:?}");
        assert!(bench.notice().contains("counts once"), "{}", bench.notice());
        bench.script(&["+600", "c"]);
        assert_eq!(bench.wished().len(), 2);
    }
}
