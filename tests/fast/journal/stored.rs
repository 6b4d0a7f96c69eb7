//! Faults of what was stored: cut, flipped, swapped, removed, repeated, garbage, newer.

use proptest::prelude::*;
use warroom::domain::run::event::{Body, RunEvent};
use warroom::runtime::journal::Finding;
use warroom::runtime::journal::format::{frame, sha256};
use warroom::runtime::journal::reader::{Segment, read_segments};
use warroom::runtime::journal::store::FolderStore;

use super::stories::{Story, stories};
use super::tools::{assert_prefix, lines, two_segments, whole, with_bytes};

/// Threads that share the bits to be flipped.
const FLIP_THREADS: usize = 2;

#[test]
fn cut_at_every_byte_it_is_the_prefix_or_damage() {
    for story in stories() {
        for (segments, events) in [whole(&story), two_segments(&story)] {
            for index in 0..segments.len() {
                let bytes = &segments[index].bytes;
                let tail = bytes.len() - lines(bytes).last().map_or(0, Vec::len);
                for end in 0..bytes.len() {
                    let cut = with_bytes(&segments, index, bytes[..end].to_vec());
                    let chain = read_segments(&cut);
                    let what = || format!("{} segment {index} cut at {end}", story.name);
                    assert_prefix(&chain, &events, &what);
                    let last = index + 1 == segments.len();
                    if last {
                        assert!(chain.finding.may_go_on(), "{}: {:?}", what(), chain.finding);
                        let whole = end > 0 && bytes[end - 1] == b'\n';
                        assert_eq!(chain.finding == Finding::Whole, whole, "{}", what());
                    } else if end < tail {
                        // Acknowledged lines are gone that the next segment builds on.
                        assert!(!chain.finding.may_go_on(), "{}", what());
                    } else {
                        assert_eq!(chain.events, events, "{}", what());
                    }
                }
            }
        }
    }
}

#[test]
fn a_flip_of_any_bit_is_the_prefix_or_damage() {
    let check = |story: &Story, segments: &[Segment], events: &[RunEvent], first: usize| {
        for index in 0..segments.len() {
            let bytes = &segments[index].bytes;
            let tail = bytes.len() - lines(bytes).last().map_or(0, Vec::len);
            let mut changed = segments.to_vec();
            for bit in (first..bytes.len() * 8).step_by(FLIP_THREADS) {
                changed[index].bytes[bit / 8] ^= 1 << (bit % 8);
                let chain = read_segments(&changed);
                changed[index].bytes[bit / 8] ^= 1 << (bit % 8);
                let what = || format!("{} segment {index} bit {bit}", story.name);
                assert_prefix(&chain, events, &what);
                let of_last = index + 1 == segments.len();
                let last_line = of_last && bit / 8 >= tail;
                let torn = !of_last && bit / 8 >= tail;
                if torn {
                    assert_eq!(chain.events, events, "{}", what());
                } else if last_line {
                    assert!(chain.events.len() < events.len(), "{}", what());
                } else {
                    assert!(!chain.finding.may_go_on(), "{}: {:?}", what(), chain.finding);
                }
            }
        }
    };
    std::thread::scope(|scope| {
        for first in 0..FLIP_THREADS {
            scope.spawn(move || {
                for story in stories() {
                    let (segments, events) = whole(&story);
                    check(&story, &segments, &events, first);
                }
                let story = &stories()[2];
                let (segments, events) = two_segments(story);
                check(story, &segments, &events, first);
            });
        }
    });
}

#[test]
fn records_swapped_removed_or_repeated_are_damage() {
    for story in stories() {
        let (segments, events) = whole(&story);
        let lines = lines(&segments[0].bytes);
        let check = |what: String, changed: Vec<Vec<u8>>, prefix: bool| {
            let chain = read_segments(&with_bytes(&segments, 0, changed.concat()));
            assert_prefix(&chain, &events, &|| what.clone());
            assert_eq!(chain.finding.may_go_on(), prefix, "{what}: {:?}", chain.finding);
        };
        for first in 0..lines.len() {
            let mut without = lines.clone();
            without.remove(first);
            check(
                format!("{} without line {first}", story.name),
                without,
                first + 1 == lines.len(),
            );
            let mut twice = lines.clone();
            twice.insert(first, lines[first].clone());
            check(format!("{} line {first} twice", story.name), twice, false);
            for second in first + 1..lines.len() {
                let mut swapped = lines.clone();
                swapped.swap(first, second);
                check(format!("{} lines {first} {second} swapped", story.name), swapped, false);
            }
        }
        // The same for whole segments.
        let (segments, events) = two_segments(&story);
        let renamed = |segment: &Segment, number: u32| Segment { number, ..segment.clone() };
        let check = |changed: Vec<Segment>, prefix: bool| {
            let chain = read_segments(&changed);
            assert_prefix(&chain, &events, &|| "segments".to_owned());
            assert_eq!(chain.finding.may_go_on(), prefix, "{:?}", chain.finding);
        };
        check(vec![segments[0].clone()], true);
        check(vec![segments[1].clone()], false);
        check(vec![renamed(&segments[1], 1), renamed(&segments[0], 2)], false);
        check(vec![segments[0].clone(), renamed(&segments[0], 2)], false);
        check(vec![segments[0].clone(), renamed(&segments[1], 3)], false);
    }
}

#[test]
fn a_zero_filled_or_garbage_tail_is_torn() {
    let story = &stories()[0];
    let (segments, events) = whole(story);
    let check = |tail: &[u8]| {
        let bytes = [segments[0].bytes.as_slice(), tail].concat();
        let chain = read_segments(&with_bytes(&segments, 0, bytes));
        assert_eq!(chain.events, events);
        let bytes = u64::try_from(tail.len()).unwrap();
        assert_eq!(chain.finding, Finding::TornTail { bytes });
    };
    check(&[0; 4096]);
    check(b"\n");
    check(b"J1 5 00000000 {\"a\"}\n");
    check(&[0xff; 100]);
    check(b"J1 ");
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_harm(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let segment = Segment { number: 1, name: FolderStore::name(1), bytes };
        prop_assert!(read_segments(&[segment]).events.is_empty());
    }

    #[test]
    fn any_splice_is_the_prefix_or_damage(
        from in 0_usize..6000, length in 0_usize..600, put in 0_usize..6000, story in 0_usize..3,
    ) {
        let story = &stories()[story];
        let (segments, events) = whole(story);
        let mut bytes = segments[0].bytes.clone();
        let (from, put) = (from % bytes.len(), put % bytes.len());
        let piece = bytes[from..(from + length).min(bytes.len())].to_vec();
        bytes.splice(put..put, piece);
        let chain = read_segments(&with_bytes(&segments, 0, bytes));
        prop_assert!(events.starts_with(&chain.events), "{:?}", chain.finding);
    }
}

#[test]
fn a_newer_word_stops_or_is_passed_over_as_it_says() {
    let story = &stories()[0];
    let (segments, events) = whole(story);
    let check = |crit: bool| {
        let text = String::from_utf8(segments[0].bytes.clone()).unwrap();
        let last = text.lines().last().unwrap();
        let prev = sha256(format!("{last}\n").as_bytes()).hex();
        let json = last[last.find('{').unwrap()..]
            .replace("\"seq\":20", "\"seq\":21")
            .replace("\"crit\":true", &format!("\"crit\":{crit}"))
            .replace("\"word\":\"closed\"", "\"word\":\"teleported\"");
        let own = json.rfind("\"prev\":\"").unwrap() + 8;
        let json = format!("{}{prev}{}", &json[..own], &json[own + 64..]);
        let bytes = [text.into_bytes(), frame(json.as_bytes()).unwrap()].concat();
        read_segments(&with_bytes(&segments, 0, bytes))
    };
    let chain = check(true);
    let want = Finding::NewerCritical { seq: 21, word: "teleported".into() };
    assert_eq!((chain.finding, chain.events), (want, events.clone()));
    let chain = check(false);
    assert_eq!((chain.finding, chain.events.len()), (Finding::Whole, 21));
    let note = Body::Noted { text: "a newer warroom recorded `teleported`".into() };
    assert_eq!(chain.events[20].body, note);
}
