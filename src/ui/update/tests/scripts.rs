//! What a hand does, what is wished, what is said.

use Access::{Armed, ReadOnly, Safe};

use super::super::Input;
use super::bench::{Bench, at, step_id};
use crate::domain::console::{Access, JournalState};
use crate::domain::ids::{Side, SystemId};
use crate::domain::reading::{Health, Identity, Reading};
use crate::ui::command::Command;
use crate::ui::dialog::card::Card;
use crate::ui::dialog::form::{Form, Purpose};
use crate::ui::dialog::go_no_go::GoNoGo;
use crate::ui::dialog::help::Help;
use crate::ui::dialog::report::Report;
use crate::ui::laid::Part;
use crate::ui::model::Panel;

const NOTHING: &[&str] = &[];

#[test]
fn a_step_starts_as_its_guard_asks() {
    let check = |step: &str, script: &[&str], want: &[&str], said: &str| {
        let mut bench = Bench::at_step(Access::Armed, step);
        bench.script(script);
        assert_eq!(bench.wished(), want, "{step} {script:?}: {}", bench.notice());
        assert!(bench.notice().contains(said), "{step} {script:?}: {}", bench.notice());
    };
    // Guard 0: one key.
    check("look", &["r"], &["run look `` ``"], "");
    // Guard 1: one key and three seconds in which any key stops it.
    check("scale", &["r"], NOTHING, "waiting for the dry run: any key stops it");
    check("scale", &["r", "+1"], NOTHING, "starting in 3 s: any key stops it");
    check("scale", &["r", "+1", "+2900"], NOTHING, "starting in 3 s");
    check("scale", &["r", "+1", "+3000"], &["run scale `` `call scale`"], "");
    check("scale", &["r", "x", "+9000"], NOTHING, "stopped: nothing was run");
    check("scale", &["r", "r", "+9000"], NOTHING, "stopped: nothing was run");
    check("scale", &["r", "enter", "+9000"], NOTHING, "stopped: nothing was run");
    // Guard 2: the target, then enter.
    check("dns", &["r", "+9000"], NOTHING, "");
    check("dns", &["r", "enter"], NOTHING, "type exactly `dns`");
    check("dns", &["r", "=dn", "enter"], NOTHING, "type exactly `dns`");
    check("dns", &["r", "=dns", "+9000"], NOTHING, "");
    check("dns", &["r", "=dns", "enter"], &["run dns `dns` `call dns`"], "");
    check("dns", &["r", "=DNS", "enter"], NOTHING, "type exactly");
    check("dns", &["r", "=dns", "esc", "enter"], NOTHING, "");
    // Guard 3: verb and target, then enter, then three seconds.
    check("promote", &["r", "=pg-b", "enter", "+9000"], NOTHING, "type exactly `promote pg-b`");
    check("promote", &["r", "=promote pg-b", "enter", "+2900"], NOTHING, "any key stops it");
    let run = ["run promote `promote pg-b` `call promote`"];
    check("promote", &["r", "=promote pg-b", "enter", "+3000"], &run, "");
    check("promote", &["r", "=promote pg-b", "enter", "up", "+9000"], NOTHING, "stopped");
    // The dry run that a window begins on is not too old before its end.
    check("promote", &["r", "+27500", "=promote pg-b", "enter", "+3000"], &run, "");
    // What is not possible says why.
    check("later", &["r"], NOTHING, "step 7 later is pending: it waits for 4 promote");
    check("hand", &["r"], NOTHING, "attested by a person");
    check("done", &["r"], NOTHING, "nothing is left to do");
    check("failed", &["r"], NOTHING, "try it again");
    check("unknown", &["r"], NOTHING, "say what became of it");
    check("running", &["r"], NOTHING, "wait, or abort it");
}

#[test]
fn a_criterion_is_accepted_by_name_and_reason() {
    let check = |access: Access, stage: &str, script: &[&str], want: &[&str], said: &str| {
        let mut bench = Bench::new(access, stage);
        bench.script(script);
        assert_eq!(bench.wished(), want, "{script:?}: {}", bench.notice());
        assert!(bench.notice().contains(said), "{script:?}: {}", bench.notice());
    };
    let accepted = ["accept fence NOT MET `we know it is fenced`"];
    let typed = ["p", "enter", "+400", "=we know it is fenced", "enter"];
    check(Safe, "executing", &typed, &accepted, "");
    check(Safe, "standby", &typed, &accepted, "");
    check(Safe, "none", &["p", "enter"], NOTHING, "no run is open");
    check(ReadOnly, "executing", &["p", "enter"], NOTHING, "read only");
    check(Safe, "executing", &["p", "down", "enter"], NOTHING, "it is met");
    check(Safe, "executing", &["p", "end", "home", "enter", "enter"], NOTHING, "10 characters");
    check(Safe, "executing", &["p", "enter", "+400", "=too short", "esc"], NOTHING, "");
    // What changes while it is typed is not accepted by accident.
    let mut bench = Bench::new(Safe, "executing");
    bench.script(&["p", "enter", "+400", "=we know it is fenced"]);
    bench.journal = JournalState::Failed("the disk is full".into());
    bench.script(&["enter"]);
    assert!(bench.notice().contains("cannot record"), "{}", bench.notice());
    assert_eq!(bench.wished(), NOTHING);
}

#[test]
fn a_gate_is_broken_only_by_name_and_reason() {
    let check = |step: &str, script: &[&str], want: &[&str], said: &str| {
        let mut bench = Bench::at_step(Access::Armed, step);
        bench.script(script);
        assert_eq!(bench.wished(), want, "{step} {script:?}: {}", bench.notice());
        assert!(bench.notice().contains(said), "{step} {script:?}: {}", bench.notice());
    };
    check("gated", &["r", "+90000"], NOTHING, "does not hold");
    check("gated", &["r", "tab"], NOTHING, "breaking the gate `pg healthy in B");
    check("gated", &["r", "tab", "=short", "enter", "+9000"], NOTHING, "at least 10 characters");
    check(
        "gated",
        &["r", "tab", "=we know it is up", "enter", "+3500"],
        &["run gated `` `call gated` breaking 0 for `we know it is up`"],
        "",
    );
    check("gated", &["r", "tab", "=we know it is up", "enter", "x", "+9000"], NOTHING, "stopped");
    check("dns", &["r", "tab"], NOTHING, "no gate fails: there is nothing to break");
    // Also from a card that is only read.
    check(
        "gated",
        &["enter", "tab", "=we know it is up", "enter", "+3500"],
        &["run gated `` `call gated` breaking 0 for `we know it is up`"],
        "",
    );
}

#[test]
fn nothing_starts_on_an_old_or_missing_dry_run() {
    let mut bench = Bench::at_step(Access::Armed, "dns");
    bench.rehearses = false;
    bench.script(&["r", "=dns", "enter"]);
    assert_eq!(bench.wished(), NOTHING);
    assert!(bench.notice().contains("the dry run is not there yet"), "{}", bench.notice());
    bench.rehearses = true;
    bench.script(&["+6000", "enter"]);
    assert_eq!(bench.wished(), ["run dns `dns` `call dns`"]);

    // A stop window begins when the dry run is there, not before.
    let mut bench = Bench::at_step(Access::Armed, "scale");
    bench.rehearses = false;
    bench.script(&["r", "+4000"]);
    assert_eq!(bench.wished(), NOTHING);
    bench.rehearses = true;
    bench.script(&["+2000"]);
    assert!(bench.notice().contains("starting in 3 s"), "{}", bench.notice());
    bench.script(&["+3000"]);
    assert_eq!(bench.wished(), ["run scale `` `call scale`"]);

    // One that comes too late starts nothing: the hand may have gone.
    let mut bench = Bench::at_step(Access::Armed, "scale");
    bench.rehearses = false;
    bench.script(&["r", "+11000"]);
    bench.rehearses = true;
    bench.script(&["+60000"]);
    assert_eq!(bench.wished(), NOTHING);
    assert!(bench.notice().contains("the dry run did not come"), "{}", bench.notice());

    // An open card asks again while the dry run is still new enough for a window to end on it.
    let mut bench = Bench::at_step(Access::Armed, "dns");
    bench.script(&["enter", "+26000"]);
    assert_eq!(bench.wishes.len(), 1);
    bench.script(&["+3000"]);
    assert_eq!(bench.wishes.len(), 2, "{:?}", bench.wishes);
}

#[test]
fn a_window_ends_when_its_ground_is_gone() {
    let mut bench = Bench::at_step(Access::Armed, "scale");
    bench.script(&["r", "+1000"]);
    bench.access = Access::Safe;
    bench.script(&["+4000"]);
    assert_eq!(bench.wished(), NOTHING);
    assert!(bench.notice().contains("stopped, nothing was run: SAFE"), "{}", bench.notice());
}

#[test]
fn forms_are_dead_until_they_are_right() {
    let check = |step: &str, script: &[&str], want: &[&str], said: &str| {
        let mut bench = Bench::at_step(Access::Armed, step);
        bench.script(script);
        assert_eq!(bench.wished(), want, "{step} {script:?}: {}", bench.notice());
        assert!(bench.notice().contains(said), "{step} {script:?}: {}", bench.notice());
    };
    check("dns", &["s", "enter"], NOTHING, "at least 10 characters");
    check("dns", &["s", "=not today at all", "enter"], &["skip dns `not today at all`"], "");
    check("done", &["s"], NOTHING, "only a step that has not been done");
    check("hand", &["m", "=ok", "enter"], NOTHING, "at least 3 characters");
    check("hand", &["m", "=42 rows", "enter"], &["attest hand `42 rows`"], "");
    check("dns", &["m"], NOTHING, "run it, it cannot be attested");
    check("failed", &["R", "=again", "enter"], &["retry failed `again`"], "");
    check("dns", &["R"], NOTHING, "there is nothing to try again");
    // A target that removes repetitions keeps the key, until a person wants a new one.
    check("keyed", &["R", "=again", "enter"], &["retry keyed `again`"], "");
    let new = ["retry keyed `again` with a new key"];
    check("keyed", &["R", "tab", "=again", "enter"], &new, "");
    check("keyed", &["R", "tab", "tab", "=again", "enter"], &["retry keyed `again`"], "");
    check("failed", &["R", "tab", "=again", "enter"], &["retry failed `again`"], "");
    check("running", &["X", "enter"], NOTHING, "type exactly `abort running`");
    let abort = ["abort running `abort running`"];
    check("running", &["X", "=abort running", "enter"], &abort, "");
    // The lit step is meant, also where another one runs or is unknown.
    check("dns", &["X"], NOTHING, "step 3 dns is ready: no attempt of it is running");
    check("dns", &["U"], NOTHING, "step 3 dns is ready: no attempt of it has an unknown outcome");
    check("unknown", &["U", "=it is there", "enter"], NOTHING, "choose first");
    let done = ["resolve unknown true `it is there`"];
    check("unknown", &["U", "tab", "=it is there", "enter"], &done, "");
    let undone = ["resolve unknown false `it is not there`"];
    check("unknown", &["U", "tab", "tab", "=it is not there", "enter"], &undone, "");
    check("unknown", &["U", "right", "=it is not there", "enter"], &undone, "");
    check("unknown", &["U", "left", "=it is there", "enter"], &done, "");
    check(
        "dns",
        &["!", "=the region is gone", "enter"],
        &["escalate run `the region is gone`"],
        "",
    );
    let one = ["escalate dns `the region is gone`"];
    check("dns", &["!", "tab", "=the region is gone", "enter"], &one, "");
    check("done", &["K", "+3500"], &["compensate done `` `call done`"], "");
    check("done", &["K", "x", "+9000"], NOTHING, "stopped");
    check("dns", &["K"], NOTHING, "only a done or failed step");
}

#[test]
fn the_run_is_steered_by_typed_words() {
    let check = |access: Access, stage: &str, script: &[&str], want: &[&str], said: &str| {
        let mut bench = Bench::new(access, stage);
        bench.script(script);
        assert_eq!(bench.wished(), want, "{stage} {script:?}: {}", bench.notice());
        assert!(bench.notice().contains(said), "{stage} {script:?}: {}", bench.notice());
    };
    check(Safe, "none", &["r"], NOTHING, "no run is open: open one first");
    check(Safe, "none", &["o", "enter"], &["Open { index: 1, mode: Planned }"], "");
    check(Safe, "none", &["o", "up", "tab", "enter"], &["Open { index: 0, mode: Ungraceful }"], "");
    check(Safe, "executing", &["o"], NOTHING, "run lms-1 is open: close it first");
    let declare = "Intent(Declare { typed: \"declare\", reason: Clean(\"the region is gone\") })";
    let words = ["D", "=declare", "enter", "=the region is gone", "enter"];
    check(Safe, "standby", &words, &[declare], "");
    check(Safe, "standby", &["D", "enter"], NOTHING, "type exactly `declare`");
    check(Safe, "standby", &["D", "=declare", "enter", "=short", "enter"], NOTHING, "at least 10");
    check(Safe, "executing", &["D"], NOTHING, "declared already");
    check(Armed, "standby", &["r"], NOTHING, "declare first");
    check(Safe, "executing", &["A", "=arm", "enter"], &["Arm"], "");
    check(Safe, "executing", &["A", "enter"], NOTHING, "type exactly `arm`");
    check(Armed, "executing", &["A"], &["Safe"], "");
    check(Safe, "executing", &["space"], &["Intent(Hold { reason: Clean(\"\") })"], "");
    check(Safe, "held", &["space"], &["Intent(Release)"], "");
    check(Armed, "held", &["r"], NOTHING, "let it go on first");
    check(Safe, "executing", &["L", "enter"], NOTHING, "read the losses first");
    check(Safe, "executing", &["L", "+1000", "enter"], &["Intent(AcceptLedger)"], "");
    check(Armed, "executing", &["E", "enter"], NOTHING, "type exactly `abort run`");
    let abort = "Intent(AbortRun { typed: \"abort run\", reason: Clean(\"it makes no sense\") })";
    let words = ["E", "=abort run", "enter", "=it makes no sense", "enter"];
    check(Armed, "executing", &words, &[abort], "");
    check(Safe, "executing", &["W", "enter"], &["Intent(Close)"], "");
    check(
        Safe,
        "executing",
        &["a"],
        &["Intent(Acknowledge { alarm: \"down/a\" })"],
        "acknowledged",
    );
    check(
        Safe,
        "executing",
        &["t", "=hello", "enter"],
        &["Intent(Note { text: Clean(\"hello\") })"],
        "",
    );
    check(Safe, "executing", &["v"], &["VerifyNow"], "looking again");
    check(Safe, "none", &["q"], &["Leave"], "");
    check(Safe, "executing", &["q"], NOTHING, "");
    check(Safe, "executing", &["q", "enter"], &["Leave"], "");
    check(Safe, "executing", &["q", "esc"], NOTHING, "");
    check(ReadOnly, "executing", &["r"], NOTHING, "read only");
    check(ReadOnly, "executing", &["A"], NOTHING, "read only");
    check(ReadOnly, "executing", &["t"], NOTHING, "read only");
    check(ReadOnly, "executing", &["v"], &["VerifyNow"], "");
    for key in ["r", "R", "s", "m", "U", "K", "!", "E"] {
        check(Safe, "executing", &[key], NOTHING, "SAFE: arm this console first");
    }
    // What makes a thing stop is never in the way of a safe console or a held plan.
    let stop = "abort running `abort running`";
    for stage in ["executing", "held"] {
        check(Safe, stage, &["up", "X", "=abort running", "enter"], &[stop], "");
    }
}

#[test]
fn a_stop_window_that_nobody_could_stop_is_void() {
    let window = || {
        let mut bench = Bench::at_step(Access::Armed, "done");
        bench.script(&["K", "+1000"]);
        assert!(bench.model.is_counting());
        bench
    };
    // The console was stopped, or the machine slept, in the middle or over the end of it.
    for slept in [1300, 2000, 4000, 3_600_000] {
        let mut bench = window();
        bench.now += slept;
        bench.tick();
        bench.wait(5000);
        assert_eq!(bench.wished(), NOTHING, "{slept}");
        assert!(bench.notice().contains("nothing was run: this console stood still"), "{slept}");
    }
    let mut bench = window();
    bench.wait(2500);
    assert_eq!(bench.wished(), ["compensate done `` `call done`"]);
}

#[test]
fn accidents_are_dropped_and_said() {
    // Paste is never put in, nowhere.
    for open in ["r", "s", "t", "D", "A", "E"] {
        let mut bench = Bench::at_step(Access::Armed, "dns");
        bench.script(&[open]);
        let before = bench.model.dialog.clone();
        bench.input(&Input::Paste("dns\n".to_owned()));
        assert_eq!(
            (bench.wished().len(), &bench.model.dialog),
            (usize::from(open == "A"), &before)
        );
        assert!(bench.notice().contains("paste is refused"), "{open}: {}", bench.notice());
    }
    // The same verb within 500 ms counts once, however long it is held.
    let mut bench = Bench::at_step(Access::Armed, "look");
    for _ in 0..20 {
        bench.key("r");
        bench.now += 200;
    }
    assert_eq!(bench.wished().len(), 1);
    assert!(bench.notice().contains("counts once"), "{}", bench.notice());
    bench.now += 500;
    bench.key("r");
    assert_eq!(bench.wished().len(), 2);
    // Keys that come faster than a hand types are dropped until there is a pause.
    let mut bench = Bench::new(Access::Armed, "executing");
    for key in ["1", "2", "3", "1", "2", "4", "5", "6", "space"] {
        bench.key(key);
        bench.now += 20;
    }
    assert_eq!(bench.model.focus, Panel::RegionB, "the sixth and all after it are dropped");
    assert_eq!(bench.wished(), NOTHING);
    assert!(bench.notice().contains("faster than a hand types"), "{}", bench.notice());
    bench.now += 150;
    bench.key("6");
    assert_eq!(bench.model.focus, Panel::Timeline);
    // Text typed by a terminal without bracketed paste does not confirm.
    let mut bench = Bench::at_step(Access::Armed, "promote");
    bench.script(&["r", "+1000"]);
    for letter in "promote pg-b".chars() {
        bench.press(crate::ui::keymap::Key::plain(crossterm::event::KeyCode::Char(letter)));
        bench.now += 5;
    }
    bench.script(&["enter", "+9000"]);
    assert_eq!(bench.wished(), NOTHING);
    // Typed ahead: what was meant for the list does not reach the new dialog.
    let mut bench = Bench::at_step(Access::Armed, "dns");
    bench.key("r");
    bench.now += 100;
    bench.key("d");
    let card = bench.model.over::<Card>().expect("a card is open");
    assert_eq!(card.field.text, "");
    assert!(bench.notice().contains("just opened"), "{}", bench.notice());
    // A verb right after the focus came back.
    let mut bench = Bench::at_step(Access::Armed, "look");
    bench.input(&Input::FocusGained);
    bench.now += 200;
    bench.key("r");
    assert_eq!(bench.wished(), NOTHING);
    assert!(bench.notice().contains("just got the focus back"), "{}", bench.notice());
    // A click focuses and never runs; in a stop window it stops.
    let mut bench = Bench::at_step(Access::Armed, "scale");
    bench.input(&Input::Click(Some(Panel::Output)));
    assert_eq!(bench.model.focus, Panel::Output);
    bench.script(&["r"]);
    bench.input(&Input::Click(Some(Panel::Runbook)));
    bench.script(&["+9000"]);
    assert_eq!(bench.wished(), NOTHING);
}

#[test]
fn a_calm_tap_counts_again_half_a_second_after_the_last_that_was_taken() {
    let mut bench = Bench::at_step(Access::Armed, "look");
    for _ in 0..20 {
        bench.key("r");
        bench.now += 420;
    }
    assert_eq!(bench.wished().len(), 10, "{}", bench.notice());
}

#[test]
fn keys_that_the_link_bunched_are_typed_where_the_terminal_tells_a_paste() {
    let check = |tells: bool, field: &str, said: &str| {
        let mut bench = Bench::at_step(Access::Armed, "promote");
        if tells {
            bench.input(&Input::Paste("anything".to_owned()));
            assert!(bench.notice().contains("the terminal said paste"), "{}", bench.notice());
        }
        bench.script(&["r", "+1000"]);
        for letter in "promote pg-b".chars() {
            bench.press(crate::ui::keymap::Key::plain(crossterm::event::KeyCode::Char(letter)));
        }
        let card = bench.model.over::<Card>().expect("a card is open");
        assert_eq!(card.field.text, field);
        assert!(bench.notice().contains(said), "{}", bench.notice());
    };
    check(true, "promote pg-b", "");
    check(false, "", "by its pace a paste");
    // Where no text is typed a burst stays one.
    let mut bench = Bench::new(Access::Armed, "executing");
    bench.input(&Input::Paste("anything".to_owned()));
    for key in ["1", "2", "3", "1", "2", "4", "5", "6", "space"] {
        bench.key(key);
    }
    assert_eq!((bench.model.focus, bench.wished().len()), (Panel::RegionB, 0));
}

#[test]
fn a_key_typed_for_another_dialog_does_not_act() {
    let typed = |bench: &mut Bench, text: &str, pause: u64| {
        for letter in text.chars() {
            bench.wait(pause);
            bench.press(crate::ui::keymap::Key::plain(crossterm::event::KeyCode::Char(letter)));
        }
    };
    // A refused X: the word that was meant for its dialog lands nowhere, at any pace of a hand.
    for pause in [80, 150, 250] {
        let mut bench = Bench::at_step(Access::Armed, "done");
        bench.script(&["X"]);
        assert!(bench.notice().contains("no attempt of it is running"), "{}", bench.notice());
        typed(&mut bench, "abort dns r R s ! A", pause);
        bench.wait(pause);
        bench.key("enter");
        assert_eq!((bench.model.dialog.as_ref(), bench.wished().len()), (None, 0), "{pause}");
        assert!(bench.notice().contains("typed while a dialog came or went"), "{}", bench.notice());
        // After a pause keys count again.
        bench.wait(400);
        bench.key("t");
        assert!(bench.model.dialog.is_some(), "{}", bench.notice());
    }
    // Who taps a key means it, the faster the later: it is not held off for ever.
    for (pause, most) in [(420, 2), (700, 2), (300, 21), (90, 68)] {
        let mut bench = Bench::at_step(Access::Armed, "done");
        bench.script(&["X"]);
        let mut taps = 0;
        while bench.model.dialog.is_none() {
            bench.wait(pause);
            bench.key("t");
            taps += 1;
            assert!(taps <= most, "{pause}: {}", bench.notice());
        }
    }
    // An Enter that is pressed once more than needed opens and runs nothing.
    let mut bench = Bench::new(Access::Safe, "executing");
    bench.script(&["L", "+1000", "enter"]);
    let accepted = bench.wished();
    for _ in 0..5 {
        bench.wait(200);
        bench.key("enter");
    }
    assert_eq!((bench.model.dialog.as_ref(), bench.wished()), (None, accepted));
    // Nor do more keys than the one that stopped a step.
    let mut bench = Bench::at_step(Access::Armed, "scale");
    bench.script(&["r"]);
    typed(&mut bench, "stop!", 120);
    assert_eq!((bench.model.dialog.as_ref(), bench.wished().len()), (None, 0));
    // What the hand itself left is left: the next key counts at once.
    let mut bench = Bench::at_step(Access::Armed, "dns");
    bench.script(&["r", "esc"]);
    bench.wait(50);
    bench.key("t");
    assert!(bench.model.over::<Form>().is_some(), "{}", bench.notice());
}

#[test]
fn what_must_be_read_of_a_card_is_scrolled_through_before_enter_counts() {
    let check = |script: &[&str], want: &[&str], said: &str| {
        let mut bench = Bench::at_step(Access::Armed, "dns");
        bench.fold = crate::ui::widget::sheet::Fold { last: 4, page: 3, end: 9 };
        bench.script(&["r", "=dns"]);
        bench.script(script);
        assert_eq!(bench.wished(), want, "{script:?}: {}", bench.notice());
        assert!(bench.notice().contains(said), "{script:?}: {}", bench.notice());
    };
    let run = ["run dns `dns` `call dns`"];
    check(&["enter"], NOTHING, "read what it changes and costs first: 4 more rows");
    check(&["page-down", "enter"], NOTHING, "1 more row");
    check(&["page-down", "page-down", "enter"], &run, "");
    check(&["page-down", "page-down", "page-up", "page-up", "enter"], &run, "");
    check(&["down", "down", "down", "down", "enter"], &run, "");
}

#[test]
fn a_card_that_became_too_small_asks_for_no_text() {
    let mut bench = Bench::at_step(Access::Armed, "dns");
    bench.script(&["r"]);
    bench.input(&Input::Resize(60, 20));
    bench.script(&["enter"]);
    assert!(bench.notice().starts_with("enlarge to 80x24"), "{}", bench.notice());
    bench.script(&["=dns", "enter"]);
    assert!(bench.notice().starts_with("enlarge to 80x24"), "{}", bench.notice());
    assert_eq!(bench.wished(), NOTHING);
    // Arming alone would lead to the next refusal: the lasting one is told at once.
    let mut bench = Bench::at_step(Access::Safe, "dns");
    bench.input(&Input::Resize(60, 20));
    bench.script(&["r"]);
    assert!(bench.notice().starts_with("enlarge to 80x24"), "{}", bench.notice());
}

#[test]
fn small_terminals_refuse_guards_two_and_three() {
    let check = |step: &str, size: (u16, u16), want: bool| {
        let mut bench = Bench::at_step(Access::Armed, step);
        bench.input(&Input::Resize(size.0, size.1));
        bench.script(&["r"]);
        let opened = bench.model.dialog.is_some();
        assert_eq!(opened, want, "{step} {size:?}: {}", bench.notice());
        assert_eq!(bench.notice().contains("enlarge to 80x24: guard"), !want);
    };
    check("scale", (40, 8), true);
    check("dns", (80, 24), true);
    check("dns", (79, 24), false);
    check("promote", (80, 23), false);
    // A terminal that shrinks while the card is open.
    let mut bench = Bench::at_step(Access::Armed, "dns");
    bench.script(&["r", "=dns"]);
    bench.input(&Input::Resize(60, 20));
    bench.script(&["enter"]);
    assert_eq!(bench.wished(), NOTHING);
    bench.input(&Input::Resize(80, 24));
    bench.script(&["enter"]);
    assert_eq!(bench.wished().len(), 1, "the typed text outlived the resize");
}

#[test]
fn looking_around_moves_only_the_view() {
    let mut bench = Bench::new(Access::Safe, "executing");
    bench.script(&["end"]);
    assert_eq!(bench.model.selected, Some(step_id("unknown")));
    bench.script(&["home", "down", "down"]);
    assert_eq!(bench.model.selected, Some(step_id("dns")));
    bench.script(&["z", "esc", "esc"]);
    assert_eq!((bench.model.zoomed, &bench.model.selected), (false, &None));
    bench.script(&["5", "up", "up", "down"]);
    assert_eq!((bench.model.focus, bench.model.scroll[4]), (Panel::Output, 1), "rows back");
    bench.script(&["tab", "home"]);
    assert_eq!((bench.model.focus, bench.model.scroll[5]), (Panel::Timeline, 49));
    bench.script(&["/", "=pg", "enter"]);
    assert_eq!((bench.model.filter.text.as_str(), bench.model.filtering), ("pg", false));
    bench.script(&["esc"]);
    assert_eq!(bench.model.filter.text, "");
    bench.fold = crate::ui::widget::sheet::Fold { last: 0, page: 3, end: 7 };
    bench.script(&["2", "enter", "tab", "ctrl-c", "?", "down"]);
    assert_eq!((bench.model.over(), bench.model.dialog_scroll), (Some(&Help), 1));
    bench.script(&["ctrl-c"]);
    assert!(bench.model.dialog.is_none());
    assert_eq!(bench.wished(), NOTHING);
    bench.script(&["ctrl-c"]);
    assert_eq!(bench.model.over(), Some(&Form::of(Purpose::Leave)), "steps go on: ask first");
}

#[test]
fn every_dialog_that_is_taller_than_the_terminal_scrolls() {
    let check = |open: &[&str], keys: &[&str], want: usize| {
        let mut bench = Bench::at_step(Access::Armed, "dns");
        bench.fold = crate::ui::widget::sheet::Fold { last: 0, page: 3, end: 7 };
        bench.script(open);
        let before = bench.model.dialog.clone();
        bench.script(keys);
        assert_eq!(bench.model.dialog_scroll, want, "{open:?} {keys:?}: {}", bench.notice());
        let chooses = bench.model.over::<GoNoGo>().is_some();
        assert!(chooses || bench.model.dialog == before, "{open:?}: nothing else is done by it");
        assert_eq!(bench.wished(), NOTHING);
    };
    for open in ["!", "s", "t", "W", "E", "L", "u", "i", "?"] {
        check(&[open], &["page-down"], 3);
        check(&[open], &["page-down", "down", "up", "page-up"], 0);
        // Never past its end: one key back moves what is seen.
        check(&[open], &["page-down", "page-down", "page-down", "page-down", "up"], 6);
    }
    // A list to choose from moves by itself; another dialog begins at its top.
    check(&["p"], &["page-down"], 0);
    check(&["?", "page-down", "esc", "!"], &["down"], 1);
}

#[test]
fn the_report_is_read_and_changes_nothing() {
    for access in [Access::ReadOnly, Access::Safe, Access::Armed] {
        let mut bench = Bench::new(access, "executing");
        let report = |part, scroll| Report { part, scroll };
        bench.script(&["e"]);
        assert_eq!(bench.model.over(), Some(&report(Part::All, 0)), "{access:?}");
        bench.script(&["down", "down", "up"]);
        assert_eq!(bench.model.over(), Some(&report(Part::All, 1)));
        bench.script(&["tab"]);
        assert_eq!(bench.model.over(), Some(&report(Part::Result, 0)), "a part begins at its top");
        bench.script(&["tab", "tab", "tab", "tab", "tab", "end"]);
        let Some(&Report { part, scroll }) = bench.model.over() else { panic!("it stays") };
        assert!(part == Part::All && scroll > 1, "round to everything, at its end: {scroll}");
        bench.script(&["home", "r", "X", "e"]);
        assert!(bench.model.dialog.is_none(), "the key that opened it closes it");
        assert_eq!(bench.wished(), NOTHING);
    }
    let mut bench = Bench::new(Access::Safe, "none");
    bench.script(&["e"]);
    assert!(bench.model.dialog.is_none());
    assert!(bench.notice().contains("no run is here to report"), "{}", bench.notice());
}

#[test]
fn a_journal_that_cannot_record_starts_nothing() {
    let mut bench = Bench::at_step(Access::Armed, "look");
    bench.journal = JournalState::Failed("disk full".into());
    for key in ["r", "s", "space", "t"] {
        bench.script(&[key]);
        assert!(bench.notice().contains("the journal cannot record: disk full"), "{key}");
    }
    assert_eq!(bench.wished(), NOTHING);
}

#[test]
fn the_guide_names_keys_and_reasons() {
    let mut bench = Bench::new(Access::Safe, "none");
    let rows = bench.with(|model, facts| crate::ui::available::guide(facts, model));
    let why = |command: Command| {
        let row = rows.iter().find(|row| row.command == command).expect("it has a key");
        row.why_not.clone().map(String::from)
    };
    assert_eq!(why(Command::Run).as_deref(), Some("no run is open: open one first"));
    assert_eq!(why(Command::Choose), None);
    let help = rows.iter().find(|row| row.command == Command::Help).expect("it has a key");
    assert_eq!(help.keys.as_str(), "? or f1");
}

#[test]
fn nothing_that_must_be_read_is_accepted_where_it_cannot_be() {
    let check = |stage: &str, keys: &[&str], size: (u16, u16), want: bool| {
        let mut bench = Bench::new(Access::Armed, stage);
        bench.input(&Input::Resize(size.0, size.1));
        bench.script(keys);
        assert_eq!(bench.wished().len(), usize::from(want), "{keys:?} {size:?}");
        assert_eq!(bench.notice().starts_with("enlarge to 40x16: what"), !want);
        assert_eq!(bench.model.dialog.is_none(), want, "{keys:?} {size:?}: it stays");
    };
    let declare = ["D", "=declare", "enter", "=the region is gone", "enter"];
    for (size, want) in [((80, 24), true), ((40, 16), true), ((40, 15), false), ((40, 8), false)] {
        check("standby", &declare, size, want);
    }
}

#[test]
fn a_card_is_confirmed_for_the_servers_that_it_was_opened_on() {
    let check = |then: &str, typed_first: bool, want: bool| {
        let mut bench = Bench::at_step(Access::Armed, "promote");
        let answers = |bench: &mut Bench, server: &str| {
            let at = at(bench.now);
            let mut reading = Reading::new(at, Health::Up, "fine");
            let (server, data) = (server.into(), "cluster".into());
            reading.identity = Some(Identity { server, data });
            let pg = SystemId::new("pg").expect("a name");
            bench.snapshot.record(&pg, Side::B, at, Ok(reading));
        };
        answers(&mut bench, "one");
        bench.script(&["r"]);
        let typed = "=promote pg-b";
        if typed_first {
            bench.script(&[typed, "enter", "+1000"]);
        }
        answers(&mut bench, then);
        if !typed_first {
            bench.script(&[typed, "enter"]);
        }
        bench.script(&["+1000", "+1000", "+1000"]);
        assert_eq!(bench.wished().len(), usize::from(want), "{then} {}", bench.notice());
        assert_eq!(bench.notice().contains("another server answers than when"), !want);
    };
    for typed_first in [false, true] {
        check("one", typed_first, true);
        check("other", typed_first, false);
    }
}
