//! Faults while writing and while recovering: refused, torn, full, killed at every operation.

use warroom::domain::run::event::{Body, RunEvent};
use warroom::port::Clock as _;
use warroom::runtime::journal::Finding;
use warroom::runtime::journal::reader::{Segment, read_segments};
use warroom::runtime::journal::recover;
use warroom::runtime::journal::store::FolderStore;
use warroom::runtime::journal::writer::{SEGMENTS_MAX, WriteError, Writer};

use super::memory::{FAULTS, Fault, Memory};
use super::stories::{Ticking, actor, stories};
use super::tools::{start, tell, two_segments, whole};

/// All that was acknowledged is there in order; at most one record more, which nobody acted on.
fn assert_kept(memory: &Memory, acknowledged: &[RunEvent], what: &str) {
    for power_cut in [false, true] {
        let chain = read_segments(&memory.segments(power_cut));
        let what = format!("{what} power cut {power_cut}: {:?}", chain.finding);
        assert!(chain.finding.may_go_on(), "{what}");
        assert!(chain.events.starts_with(acknowledged), "{what}");
        assert!(chain.events.len() <= acknowledged.len() + 1, "{what}");
    }
}

#[test]
fn an_error_at_any_operation_loses_nothing_acknowledged() {
    for story in stories() {
        let memory = Memory::default();
        tell(&memory, &story);
        for operation in 0..memory.operations() {
            for fault in FAULTS {
                let memory = Memory::default();
                memory.fail_at(operation, fault);
                let acknowledged = tell(&memory, &story);
                let what = format!("{} {fault:?} at {operation}", story.name);
                assert_kept(&memory, &acknowledged, &what);
                let once = matches!(fault, Fault::Refused | Fault::Late | Fault::Short);
                // The first segment's own operations fail the creation; later ones are survived.
                let want = story.bodies.len() * usize::from(operation >= 3);
                assert_eq!(acknowledged.len() == want, once || want == 0, "{what}");
                if once && want > 0 {
                    assert_eq!(memory.segments(true).len(), 2, "{what}");
                }
            }
        }
    }
}

#[test]
fn recovery_may_be_killed_anywhere_and_repeated() {
    let story = &stories()[2];
    let clock = Ticking::new();
    let begin = |memory: &Memory, power_cut: bool| {
        let chain = read_segments(&memory.segments(power_cut));
        assert!(chain.finding.may_go_on(), "{:?}", chain.finding);
        recover(Box::new(memory.clone()), &chain, &actor(), &clock)
    };
    let memory = Memory::default();
    tell(&memory, story);
    for operation in 0..memory.operations() {
        for (fault, power_cut) in
            [(Fault::Killed, false), (Fault::Killed, true), (Fault::Dead, true)]
        {
            let died = Memory::default();
            died.fail_at(operation, fault);
            let acknowledged = tell(&died, story);
            let mut memory = Memory::with(&died.segments(power_cut));
            // A recovery that is killed at each of its operations in turn, each time on what the
            // one before left, and at last one that is not.
            for again in 0..8 {
                memory.fail_at(again, fault);
                let outcome = begin(&memory, power_cut);
                let what = format!("{fault:?} at {operation}, recovery killed at {again}");
                let chain = read_segments(&memory.segments(power_cut));
                assert!(chain.finding.may_go_on(), "{what}: {:?}", chain.finding);
                assert!(chain.events.starts_with(&acknowledged), "{what}");
                let told = |event: &RunEvent| matches!(event.body, Body::Resumed { .. });
                let after = chain.events.get(acknowledged.len() + 1..).unwrap_or_default();
                assert!(after.iter().all(told), "{what}");
                if let Some(Ok((_, written))) = outcome {
                    assert_eq!(chain.events.last(), Some(&written.event), "{what}");
                    assert!(told(&written.event), "{what}");
                }
                memory = Memory::with(&memory.segments(power_cut));
            }
            let recovered = begin(&memory, power_cut);
            match recovered {
                Some(Ok(_)) => {}
                Some(Err(WriteError::NothingOpened)) | None => assert!(acknowledged.is_empty()),
                Some(Err(error)) => panic!("{error}"),
            }
        }
    }
}

#[test]
fn a_record_that_would_not_be_readable_is_refused_and_harms_nothing() {
    let story = &stories()[0];
    let memory = Memory::default();
    let clock = Ticking::new();
    let now = || clock.now();
    let mut writer = Writer::begin(Box::new(memory.clone()), start(story, now()), 0).unwrap();
    writer.append(now(), &actor(), &story.bodies[0]).unwrap();
    let loss = |seconds| Body::LossMeasured {
        system: warroom::domain::ids::SystemId::new("pg").unwrap(),
        seconds,
        how: "row".into(),
        missing: None,
    };
    assert!(matches!(writer.append(now(), &actor(), &loss(f64::NAN)), Err(WriteError::Record(_))));
    let alarm = "x".repeat(2 * 1024 * 1024);
    let long = writer.append(now(), &actor(), &Body::Acknowledged { alarm });
    assert!(matches!(long, Err(WriteError::Record(_))));
    let written = writer.append(now(), &actor(), &loss(2.5)).unwrap();
    assert_eq!((written.event.seq, written.rotated), (2, None));
    assert_eq!(memory.segments(true).len(), 1);
}

#[test]
fn a_full_disk_costs_one_empty_segment_however_often_it_is_asked() {
    let story = &stories()[0];
    let clock = Ticking::new();
    let memory = Memory::default();
    let birth = start(story, clock.now());
    let mut writer = Writer::begin(Box::new(memory.clone()), birth, 0).expect("there is room");
    let mut append = |body: &Body| writer.append(clock.now(), &actor(), body);
    append(&story.bodies[0]).expect("there is room");
    memory.fail_at(0, Fault::Full);
    for _ in 0..=SEGMENTS_MAX {
        assert!(matches!(append(&story.bodies[1]), Err(WriteError::Disk(_))));
    }
    let full = memory.segments(true);
    assert_eq!(full.len(), 2);
    assert!(full[1].bytes.is_empty());
    assert_eq!(read_segments(&full).finding, Finding::Whole);
    memory.mend();
    let written = append(&story.bodies[1]).expect("there is room again");
    assert_eq!(written.rotated.map(|(segment, _)| segment), Some(2));
    let chain = read_segments(&memory.segments(true));
    assert_eq!((chain.events.len(), chain.finding), (2, Finding::Whole));
}

#[test]
fn empty_segments_are_passed_over_wherever_they_are_and_never_counted() {
    let empty = |number| Segment { number, name: FolderStore::name(number), bytes: Vec::new() };
    // The run of a full disk: thousands of segments were made that never took a byte.
    let (segments, events) = whole(&stories()[0]);
    let many: Vec<Segment> = segments.into_iter().chain((2..=SEGMENTS_MAX).map(empty)).collect();
    let chain = read_segments(&many);
    assert_eq!((&chain.events, &chain.finding), (&events, &Finding::Whole));
    assert_eq!((chain.last_segment, chain.segments), (SEGMENTS_MAX, 1));
    let clock = Ticking::new();
    let memory = Memory::with(&many);
    let back = recover(Box::new(memory.clone()), &chain, &actor(), &clock).expect("it began");
    let (_, written) = back.expect("it goes on");
    assert_eq!(read_segments(&memory.segments(true)).events.last(), Some(&written.event));
    // Between two that hold something, the hashes tell that nothing lacks; what holds something is
    // never taken for empty.
    let (segments, events) = two_segments(&stories()[0]);
    let memory = Memory::with(&[segments[0].clone(), empty(2), empty(3)]);
    let chain = read_segments(&memory.segments(true));
    recover(Box::new(memory.clone()), &chain, &actor(), &clock).expect("it began").expect("on");
    let mut gone = memory.segments(true);
    assert!(read_segments(&gone).finding.may_go_on());
    assert!(events.starts_with(&chain.events), "{:?}", chain.finding);
    gone[0].bytes.clear();
    assert!(!read_segments(&gone).finding.may_go_on());
}
