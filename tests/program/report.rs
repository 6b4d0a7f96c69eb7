//! The report of a run: every claim names its journal entry, and what is not on record says so.

mod command;
mod figures;
mod page;
mod tale;
mod verifying;

use strum::VariantArray as _;
use tale::{Tale, given_up, valid, whole};
use warroom::commands::report::format::Format;
use warroom::commands::report::render_all;
use warroom::domain::run::event::{Body, Outcome};

fn text(tale: &Tale, format: Format) -> String {
    render_all(&tale.source(), format).expect("the tale is of this runbook").text
}

fn has(report: &str, wanted: &[&str]) {
    for line in wanted {
        assert!(report.lines().any(|found| found == *line), "no line `{line}` in\n{report}");
    }
}

/// Compares with the kept file; `UPDATE=1` keeps the new one.
fn kept(name: &str, found: &str) {
    let path = tale::golden("report").join(name);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder can be made");
        std::fs::write(&path, found).expect("a report can be written");
        return;
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == found, "{name} changed, UPDATE=1 keeps the new one:\n{found}");
}

#[test]
fn reports_look_as_kept() {
    for (name, tale) in [("whole", whole()), ("given-up", given_up())] {
        for &format in Format::VARIANTS {
            kept(&format!("{name}.{}", format.name()), &text(&tale, format));
        }
    }
}

#[test]
fn what_is_on_record_is_told_with_its_entry() {
    has(
        &text(&whole(), Format::Md),
        &[
            "# DRILL shop-1: Fail over to B",
            "- closed: complete, 2026-11-20 14:06:00Z (#26)",
            "- T0: 2026-11-20 14:02:10Z (#3)",
            "| core | 00:03:30 | 01:00:00 | MET | #1 #3 #24 |",
            "| detect: T0 until the console showed red | 00:00:16 | T+00:00:00 | \
             T+00:00:16 | #1 #3 |",
            "| decide: red until declared | 00:00:59 | T+00:00:16 | \
             T+00:01:15 | #1 #3 |",
            "| execute: declared until restored | 00:02:15 | T+00:01:15 | \
             T+00:03:30 | #1 #3 #24 |",
            "| total: T0 until restored | 00:03:30 | T+00:00:00 | \
             T+00:03:30 | #1 #3 #24 |",
            "- it came: within the forecast (#3 #4 #24)",
            "| pg | 5m00s, not guaranteed | 42s | PASS | not measured | at most 40s | MET | \
             rows compared | \
             #1 #3 #25 |",
            "| web | 5m00s, not guaranteed | UNKNOWN | UNKNOWN | not measured | not measured | \
             not measured | not measured | #1 #3 |",
            "- expected losses accepted: by anna at 2026-11-20 14:03:30Z: 42 s of writes (#5)",
            "- 1 Look at B: skipped: seen by eye, by anna at 2026-11-20 14:03:35Z (#6)",
            "- 2 Fence region A: told to be done: saw it off, by anna at 2026-11-20 14:04:00Z \
             (#10)",
            "- root cause: not recorded: for people to write",
        ],
    );
}

#[test]
fn steps_tell_expected_and_actual() {
    let text = text(&whole(), Format::Md);
    has(
        &text,
        &[
            "| 3 Promote the store in B (promote-pg) | toy.promote | 3m00s | 35s | -2m25s | \
             T+00:02:00 | T+00:02:35 | 10s | done, 2 attempts | anna | pg B is primary | \
             #1 #10-#18 |",
            "| 1 Look at B (look) | toy.look | 30s | not measured | not measured | not measured | \
             T+00:01:25 | not measured | skipped | anna | seen by eye | #1 #6 |",
            "- 3 Promote the store in B: went on although pg capacity in B at least 80 % was 75 %: \
             good &lt;enough&gt;, by anna at 2026-11-20 14:04:10Z (#11)",
        ],
    );
    assert!(text.contains("fence a \\| tee"), "a bar must not break the table\n{text}");
}

#[test]
fn an_abort_is_told_as_it_went() {
    has(
        &text(&given_up(), Format::Md),
        &[
            "- 2 Fence region A: taken back (#15-#20)",
            "- 1 Look at B: NOT taken back (#15 #16)",
            "- 3 Promote the store in B: stays: rebuild A from B (#16)",
        ],
    );
}

#[test]
fn what_is_not_on_record_says_so() {
    let mut tale = Tale::open(valid(), "shop-1");
    has(
        &text(&tale, Format::Md),
        &[
            "- T0: not measured",
            "- closed: not closed; the run is standby (#1)",
            "- expected losses accepted: none on record",
            "| core | not measured | 01:00:00 | not measured | #1 |",
        ],
    );
    tale.declare(75, None);
    tale.intend(90, "fence", 1, Vec::new());
    tale.end(100, "fence", 1, Outcome::Unknown { message: "link cut".into() });
    let text = text(&tale, Format::Md);
    has(
        &text,
        &[
            "| detect: T0 until the console showed red | not measured | T+00:00:00 | \
             not measured | #1 #2 |",
            "| T0 until declared | 00:01:15 | T+00:00:00 | T+00:01:15 | \
             #1 #2 |",
            "| core | not measured | 01:00:00 | not measured | #1 |",
        ],
    );
    assert!(text.contains("link cut, by anna at 2026-11-20 14:03:50Z; STILL UNKNOWN"), "{text}");
    assert!(!text.contains("| MET |"), "{text}");
}

#[test]
fn an_end_that_was_read_late_is_no_time_of_the_step() {
    let mut tale = Tale::open(valid(), "shop-1");
    tale.declare(75, None);
    tale.intend(90, "fence", 1, Vec::new());
    let (step, evidence) = (tale::step("fence"), "A is fenced".into());
    tale.add(165, Body::EndedEarlier { step: step.clone(), attempt: 1, at: tale::at(153) });
    tale.end(165, "fence", 1, Outcome::Applied { evidence });
    tale.add(165, Body::Verified { step, attempt: 1, evidence: "A is fenced".into() });
    let text = text(&tale, Format::Md);
    let row = text.lines().find(|line| line.starts_with("| 2 Fence region A ")).expect("its row");
    for word in ["| 63s | +3s |", "| T+00:02:45 |", "done, its end was read 12s later"] {
        assert!(row.contains(word), "no `{word}` in {row}");
    }
    assert!(text.contains("2 Fence region A attempt 1 had ended at 14:04:43Z"), "{text}");
}

#[test]
fn every_entry_is_in_the_timeline() {
    let tale = whole();
    let text = text(&tale, Format::Md);
    let timeline = text.split("## Timeline").nth(1).expect("it is there");
    for event in &tale.events {
        assert!(timeline.contains(&format!("| #{} | ", event.seq)), "#{}", event.seq);
    }
    let columns = |line: &str| line.replace("\\|", "").matches('|').count();
    for line in timeline.lines().filter(|line| line.starts_with('|')) {
        assert_eq!(columns(line), 6, "{line}");
    }
}
