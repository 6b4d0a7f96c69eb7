//! Every figure of a report, worked out again from the raw events in another way.

use std::collections::{BTreeMap, BTreeSet};

use warroom::domain::report::{Report, Value};
use warroom::domain::run::event::{Body, Outcome, Purpose, RunEvent};
use warroom::domain::run::state::Run;
use warroom::domain::runbook::Runbook;
use warroom::domain::time::Stamp;
use warroom::runtime::journal::read;

use super::tale::{Tale, by_chance, given_up, golden, golden_plan, valid, whole};

fn report(tale: &Tale) -> Report {
    let run = Run::replay(&tale.runbook, &tale.events).expect("it fits").expect("a run");
    Report::of(&run, &tale.runbook, &tale.site)
}

/// Runs written by hand, kept for ever, and made by chance.
fn tales() -> Vec<Tale> {
    let (site, _) = valid();
    let kept = ["j1-complete", "j1-trouble", "j1-given-up"].map(|name| {
        let events = read(&golden(name)).expect("a golden journal").events;
        Tale { events, site: site.clone(), runbook: golden_plan() }
    });
    let chance = (0..200).map(|seed| by_chance(seed, valid()));
    let tales: Vec<Tale> = [whole(), given_up()].into_iter().chain(kept).chain(chance).collect();
    let late = tales.iter().map(late).collect::<Vec<Tale>>();
    tales.into_iter().chain(late).collect()
}

/// The same, and nothing in it at a full second.
fn late(tale: &Tale) -> Tale {
    let moved = |event: &RunEvent| {
        let more = std::time::Duration::from_millis(event.seq * 37);
        RunEvent { at: event.at.plus(more), ..event.clone() }
    };
    let events = tale.events.iter().map(moved).collect();
    Tale { events, site: tale.site.clone(), runbook: tale.runbook.clone() }
}

fn ms(from: Stamp, to: Stamp) -> i64 {
    let signed = |at: Stamp| i64::try_from(at.boot_ms).expect("a machine of this age");
    signed(to) - signed(from)
}

/// What a report counts in.
fn tenths(ms: i64) -> i64 {
    ms.div_euclid(100) * 100
}

fn seconds(ms: i64) -> f64 {
    f64::from(i32::try_from(ms).expect("less than a month")) / 1000.0
}

/// The figures by the names of their claims; a name that is missing must say that it is unknown.
fn figures(events: &[RunEvent], runbook: &Runbook) -> BTreeMap<String, f64> {
    let mut out = BTreeMap::new();
    let find = |is: &dyn Fn(&Body) -> bool| events.iter().find(|event| is(&event.body));
    let declared = find(&|body| matches!(body, Body::Declared { .. }));
    let restored = find(&|body| matches!(body, Body::Restored { .. }));
    let mut t0 = None;
    for event in events {
        if let Body::Declared { t0: said, .. } | Body::T0Set { t0: said, .. } = &event.body {
            t0 = Some(*said);
        }
    }
    if let (Some(declared), Some(t0)) = (declared, t0) {
        let decided = tenths(ms(t0, declared.at)).max(0);
        out.insert("clock.declared".to_owned(), seconds(decided));
        if let Body::Declared { detected: Some(red), .. } = &declared.body {
            let red = tenths(ms(t0, *red)).max(0);
            out.insert("clock.detect".to_owned(), seconds(red));
            out.insert("clock.decide".to_owned(), seconds(decided - red));
        }
        if let Some(restored) = restored.filter(|restored| restored.seq > declared.seq) {
            let end = tenths(ms(t0, restored.at));
            let total = seconds(end);
            out.insert("clock.execute".to_owned(), seconds(end - decided));
            out.insert("clock.total".to_owned(), total);
            out.insert("rto.core".to_owned(), total);
        }
        let tier =
            events.iter().rev().find(|event| matches!(event.body, Body::TierRestored { .. }));
        if let Some(tier) = tier.filter(|tier| ms(t0, tier.at) >= 0) {
            out.insert("rto.core".to_owned(), seconds(tenths(ms(t0, tier.at))));
        }
    }
    for step in &runbook.steps {
        step_figures(&mut out, (t0, events), step.id.as_str(), step.expect.as_secs_f64());
    }
    counts(&mut out, events);
    out
}

fn step_figures(
    out: &mut BTreeMap<String, f64>,
    (t0, events): (Option<Stamp>, &[RunEvent]),
    id: &str,
    expect: f64,
) {
    let (mut start, mut end, mut forward) = (None, None, true);
    let (mut unread, mut passed) = (0, 0);
    for event in events {
        let (at, mine) = (event.at, |step: &warroom::domain::ids::StepId| step.as_str() == id);
        match &event.body {
            Body::Intended { step, purpose, .. } if mine(step) => {
                forward = *purpose == Purpose::Forward;
                if forward {
                    start = start.or(Some(at));
                    end = None;
                }
            }
            Body::EndedEarlier { step, at: ended, .. } if mine(step) && start.is_some() => {
                passed += ms(*ended, at);
            }
            Body::Retried { step, .. } if mine(step) => end = None,
            Body::Skipped { step, .. } if mine(step) => {
                (end, unread) = (Some((at, false)), passed);
            }
            Body::Attested { step, .. } if mine(step) => {
                (end, unread) = (Some((at, true)), passed);
            }
            Body::Ended { step, outcome: Outcome::Failed { .. }, .. }
            | Body::Verified { step, .. }
            | Body::NotVerified { step, .. }
            | Body::Reconciled { step, .. }
            | Body::Resolved { step, .. }
                if mine(step) && forward =>
            {
                (end, unread) = (Some((at, true)), passed);
            }
            _ => {}
        }
    }
    if let (Some(start), Some((end, true))) = (start, end) {
        let took = match t0 {
            Some(t0) => tenths(ms(t0, end)) - tenths(ms(t0, start)),
            None => tenths(ms(start, end)),
        };
        let took = seconds((took - tenths(unread)).max(0));
        out.insert(format!("step.{id}.actual"), took);
        out.insert(format!("step.{id}.diff"), took - expect);
    }
}

fn counts(out: &mut BTreeMap<String, f64>, events: &[RunEvent]) {
    let mut add = |name: &str, count: usize| {
        if count > 0 {
            let count = u32::try_from(count).expect("few");
            out.insert(name.to_owned(), f64::from(count));
        }
    };
    let count = |is: &dyn Fn(&Body) -> bool| events.iter().filter(|e| is(&e.body)).count();
    add("count.skips", count(&|body| matches!(body, Body::Skipped { .. })));
    add("count.holds", count(&|body| matches!(body, Body::Held { .. })));
    add("count.criteria", count(&|body| matches!(body, Body::CriterionAccepted { .. })));
    add("count.attested", count(&|b| matches!(b, Body::Attested { .. } | Body::Resolved { .. })));
    add("alarms.raised", count(&|body| matches!(body, Body::Alarmed { raised: true, .. })));
    add("alarms.acknowledged", count(&|body| matches!(body, Body::Acknowledged { .. })));
    let ended = |word: &str| {
        let ended = events.iter().filter(|event| match &event.body {
            Body::Ended { outcome, .. } => format!("{outcome:?}").starts_with(word),
            Body::NotVerified { .. } => word == "Failed",
            _ => false,
        });
        ended.count()
    };
    add("count.failed", ended("Failed"));
    add("count.unknown", ended("Unknown"));
    let broke = |body: &Body| format!("{body:?}").contains("held: false");
    add("count.overrides", count(&broke));
    let sent: Vec<&RunEvent> =
        events.iter().filter(|e| matches!(e.body, Body::Updated { .. })).collect();
    if events.iter().any(|event| matches!(event.body, Body::Declared { .. })) {
        add("updates.sent", sent.len());
    }
    let mut measured = BTreeMap::new();
    for event in events {
        if let Body::LossMeasured { system, seconds, .. } = &event.body {
            measured.insert(format!("loss.{system}.measured"), *seconds);
        }
    }
    out.extend(measured);
}

/// The last part of a claim's name.
fn part(id: &str) -> Option<&str> {
    id.rsplit('.').next()
}

/// Claims whose figures are worked out here a second time.
fn is_checked(id: &str) -> bool {
    let clocks = ["detect", "decide", "declared", "execute", "total"];
    clocks.iter().any(|clock| id == format!("clock.{clock}"))
        || id == "rto.core"
        || (id.starts_with("step.") && [Some("actual"), Some("diff")].contains(&part(id)))
        || (id.starts_with("loss.") && part(id) == Some("measured"))
        || id.starts_with("count.")
        || ["alarms.raised", "alarms.acknowledged", "updates.sent"].contains(&id)
}

#[test]
fn figures_are_those_of_the_events() {
    let mut compared = 0;
    for tale in tales() {
        let mut want = figures(&tale.events, &tale.runbook);
        let report = report(&tale);
        let about = format!("{} {} entries", report.run, tale.events.len());
        for claim in report.claims().filter(|claim| is_checked(&claim.id)) {
            let found = claim.value.figure().map(|(figure, _)| figure);
            let want = want.remove(&claim.id);
            let same = match (found, want) {
                (Some(found), Some(want)) => (found - want).abs() < 0.001,
                (None, None) => claim.value.is_nothing(),
                _ => false,
            };
            assert!(same, "{about} {}: {found:?}, not {want:?}", claim.id);
            compared += usize::from(found.is_some());
        }
        assert!(want.is_empty(), "{about}: the report does not tell {want:?}");
    }
    assert!(compared > 2000, "only {compared} figures were compared");
}

#[test]
fn every_claim_has_entries_or_says_that_nothing_is_known() {
    for tale in tales() {
        let (report, last) = (report(&tale), tale.events.len() as u64);
        let mut names = BTreeSet::new();
        for claim in report.claims() {
            let about = format!("{} {claim:?}", report.run);
            assert!(names.insert(&claim.id), "two claims have one name: {about}");
            assert_eq!(claim.entries.is_empty(), claim.value.is_nothing(), "{about}");
            assert!(claim.entries.iter().all(|seq| (1..=last).contains(seq)), "{about}");
            assert!(claim.entries.is_sorted(), "{about}");
            assert!(!claim.value.is_nothing() || claim.value.figure().is_none(), "{about}");
        }
        let told: Vec<u64> = report.timeline.iter().map(|entry| entry.seq).collect();
        assert_eq!(told, (1..=last).collect::<Vec<u64>>());
    }
}

#[test]
fn verdicts_are_those_of_the_figures() {
    let mut verdicts = BTreeMap::new();
    for tale in tales() {
        let report = report(&tale);
        let rto_s = tale.site.objectives[0].rto.as_secs_f64();
        let took = report.claim("rto.core").and_then(|claim| claim.value.figure());
        let want = match took {
            Some((took, _)) if took <= rto_s => "MET",
            Some(_) => "MISSED",
            None => "not measured",
        };
        let verdict = report.claim("rto.core.verdict").expect("it is there").value.to_string();
        assert_eq!(verdict, want, "{} {took:?}", report.run);
        *verdicts.entry(verdict).or_insert(0) += 1;
        for claim in report.claims().filter(|claim| part(&claim.id) == Some("met")) {
            let store = claim.id.trim_end_matches(".met");
            let measured = report.claim(&format!("{store}.measured")).expect("it is there");
            let met = measured.value.figure().map(|(loss, _)| loss <= 300.0);
            let is = match met {
                Some(met) if report.claim(&format!("{store}.rpo")).is_some() => {
                    if met {
                        "MET"
                    } else {
                        "MISSED"
                    }
                }
                _ => "not measured",
            };
            let none =
                report.claim(&format!("{store}.rpo")).is_some_and(|c| c.value == Value::None);
            let is = if none { "not measured" } else { is };
            // The golden stories promise five seconds and lose less.
            if !report.run.as_str().starts_with("lms") {
                assert_eq!(claim.value.to_string(), is, "{} {}", report.run, claim.id);
            }
        }
    }
    assert_eq!(verdicts.len(), 3, "the tales try every verdict: {verdicts:?}");
}

#[test]
fn the_longest_wait_is_one_in_which_nothing_happened() {
    let wait = report(&whole()).parts.wait.expect("there was one");
    // From the lost link until a person told what became of it; later ones are not longer.
    assert_eq!((wait.from.0, wait.to.0), (9, 10));
    assert_eq!(wait.time.as_secs(), 10);
    for tale in tales() {
        let Some(wait) = report(&tale).parts.wait else { continue };
        let between = tale.events.iter().filter(|e| e.seq > wait.from.0 && e.seq < wait.to.0);
        for event in between {
            let console = matches!(
                event.body,
                Body::Alarmed { .. }
                    | Body::LossMeasured { .. }
                    | Body::TierRestored { .. }
                    | Body::Forecasted { .. }
                    | Body::Reconciled { .. }
                    | Body::EndedEarlier { .. }
                    | Body::Untrue { .. }
                    | Body::TrueAgain { .. }
            );
            assert!(console, "{} {:?}", tale.events.len(), event.body);
        }
    }
}

/// Tenths of a second of a time as it is printed: `00:03:30.4`, `T-00:00:01`, `-2m05.4s`.
fn printed(text: &str) -> i64 {
    let back = text.starts_with('-') || text.starts_with("T-");
    let text = text.trim_start_matches(['T', '+', '-']);
    let number = |text: &str| -> i64 {
        let (whole, tenth) = text.split_once('.').unwrap_or((text, "0"));
        whole.parse::<i64>().expect("a number") * 10 + tenth.parse::<i64>().expect("a digit")
    };
    let sum = if text.contains(':') {
        text.split(':').fold(0, |sum, part| sum * 60 + number(part))
    } else {
        text.split_inclusive(['h', 'm', 's']).fold(0, |sum, part| {
            match part.split_at(part.len() - 1) {
                (hours, "h") => sum + number(hours) * 3600,
                (minutes, "m") => sum + number(minutes) * 60,
                (seconds, _) => sum + number(seconds),
            }
        })
    };
    if back { -sum } else { sum }
}

#[test]
fn what_is_printed_adds_up() {
    let (mut whole, mut steps) = (0, 0);
    for tale in tales() {
        let report = report(&tale);
        let about = format!("{} {} entries", report.run, tale.events.len());
        let told = |id: &str| -> Option<i64> {
            let claim = report.claim(id).filter(|claim| !claim.value.is_nothing())?;
            Some(printed(&claim.value.to_string()))
        };
        let clock = |name: &str| told(&format!("clock.{name}"));
        let sum = |parts: [&str; 2], all: &str| {
            let parts = parts.map(clock);
            if let [Some(one), Some(other)] = parts {
                assert_eq!(Some(one + other), clock(all), "{about} {all}");
                1
            } else {
                0
            }
        };
        whole += sum(["detect", "decide"], "declared");
        whole += sum(["declared", "execute"], "total");
        whole += sum(["busy", "idle"], "execute");
        for clock in ["detect", "decide", "declared", "execute", "verify", "total"] {
            let part = |part: &str| told(&format!("clock.{clock}{part}"));
            if let (Some(time), Some(from), Some(to)) = (part(""), part(".from"), part(".to")) {
                assert_eq!(from + time, to, "{about} {clock}");
            }
        }
        for line in &report.parts.steps {
            let part = |part: &str| told(&format!("step.{}.{part}", line.id));
            let (Some(actual), Some(diff)) = (part("actual"), part("diff")) else { continue };
            assert_eq!(part("expected"), Some(actual - diff), "{about} {}", line.id);
            if let (Some(start), Some(end)) = (part("start"), part("end")) {
                let unread = printed(&Value::Time(line.unread).to_string());
                assert_eq!(start + actual + unread, end, "{about} {}", line.id);
                steps += 1;
            }
        }
    }
    assert!(whole > 300 && steps > 200, "{whole} sums, {steps} steps");
}
