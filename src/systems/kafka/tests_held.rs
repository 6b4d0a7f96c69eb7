//! What copies held and lost: what is told of made-up pairs of clusters.

use super::learned::Learned;
use super::state::{Newest, Partition};
use super::tests_support::{Look, Topic, at, cluster, looked, owns, partition};
use crate::domain::ids::Side;
use crate::domain::reading::{FactValue, Health};
use crate::systems::kit::server;

#[test]
fn what_copies_held_is_missed() {
    let span = |low: i64, end: i64| {
        let newest = (low < end).then(|| (end - 1, 40_000, (end - 1).unsigned_abs()));
        [partition(low, end, newest)]
    };
    // Where source and copy begin and end in each look; the newest record is the same one in all.
    let told = |looks: &[[(i64, i64); 2]]| {
        let parts: Vec<[[Partition; 1]; 2]> =
            looks.iter().map(|both| both.map(|(low, end)| span(low, end))).collect();
        let marked: Vec<[[Partition; 1]; 2]> = parts
            .iter()
            .map(|[from, to]| {
                let mark = from[0].newest.map_or(0, |newest| newest.mark);
                let newest = to[0].newest.map(|newest| Newest { mark, ..newest });
                [*from, [Partition { newest, ..to[0] }]]
            })
            .collect();
        let topics: Vec<[[Topic<'_>; 1]; 2]> =
            marked.iter().map(|[from, to]| [[("t", &from[..])], [("A.t", &to[..])]]).collect();
        let tasks: &[&str] = &["RUNNING"];
        let looks: Vec<Look<'_>> = topics
            .iter()
            .map(|[a, b]| Look { a: Some(a), b, copied: None, state: "RUNNING", tasks })
            .collect();
        let reading = looked(&looks);
        let Some(FactValue::Number(missing)) = reading.fact("missing_records") else {
            panic!("it is told")
        };
        let missing = *missing;
        let lag = reading.lag.expect("it follows");
        let why = match reading.health {
            Health::Degraded(why) => why.to_string(),
            _ => String::new(),
        };
        (missing, lag.seconds.zip(lag.amount), why)
    };
    let check =
        |case: &str, looks: &[[(i64, i64); 2]], missing: f64, is_level: bool, want: &str| {
            let (found, lag, why) = told(looks);
            assert_eq!((found, lag), (missing, is_level.then_some((0.0, 0))), "{case}: {why}");
            assert!(why.contains(want) && (why.is_empty() == want.is_empty()), "{case}: {why}");
        };
    let whole = [(0, 1000), (0, 1000)];
    check("well", &[whole, [(0, 1100), (0, 1100)]], 0.0, true, "");
    let anew = [(0, 1010), (0, 10)];
    let gone = "made anew here, or cut back: A.t (1000 records); what their source wrote before";
    check("made anew", &[whole, anew], 1000.0, false, gone);
    // It stays so when it has outgrown what was there, and is not counted again.
    check("outgrown", &[whole, anew, [(0, 3000), (0, 2000)]], 1000.0, false, gone);
    // What its source throws away is missed by nobody.
    check("expired", &[whole, anew, [(900, 3000), (0, 2000)]], 100.0, false, gone);
    check("cut back", &[whole, [(0, 1000), (0, 600)]], 1000.0, false, "A.t (1000 records)");
    check("emptied", &[whole, [(0, 1000), (0, 0)]], 1000.0, false, "A.t (1000 records)");
    let lacks = "400 records that their source still has are here no more: A.t";
    check("trimmed here", &[whole, [(0, 1000), (400, 1000)]], 400.0, true, lacks);
    let later = [(0, 1000), (400, 1000)];
    check("trimmed since", &[whole, later, [(350, 1000), (400, 1000)]], 50.0, true, "");
    check("trimmed in both", &[whole, [(400, 1000), (400, 1000)]], 0.0, true, "");
    check("a little sooner", &[whole, [(300, 1000), (350, 1000)]], 50.0, true, "");
    // A copy that began later has other offsets, and one whose first looks saw it so lacks nothing.
    let shifted = [(500, 1000), (0, 500)];
    check("shifted", &[shifted, [(500, 1000), (200, 500)]], 200.0, true, "200 records");
    check("shifted in both", &[shifted, [(700, 1000), (200, 500)]], 0.0, true, "");
    check("never seen to go", &[[(0, 1000), (400, 1000)]; 2], 0.0, true, "");
    check("holes", &[[(0, 1000), (0, 40)], [(0, 1000), (0, 40)]], 0.0, true, "");
    // The source was made anew too: it has no more than its copy.
    let both = [whole, [(0, 5), (0, 5)]];
    let (missing, _, why) = told(&both);
    assert!(missing <= 5.0 && why.contains("made anew at the source"), "{missing}: {why}");
}

#[test]
fn what_copies_lost_is_told_by_the_next_process_too() {
    let [own_a, own_b] = owns("");
    let mut learned = Learned::new([Some(&own_a), Some(&own_b)]);
    let (many, few) = ([partition(0, 1000, None)], [partition(0, 10, None)]);
    let a = cluster(&own_a, "a", &[("t", &many)]);
    for (second, copy) in [(100, &many), (101, &few)] {
        let b = cluster(&own_b, "b", &[("A.t", copy)]);
        learned.learn([Some(&a), Some(&b)], at(second));
    }
    let written = serde_json::to_string(&learned).unwrap();
    let mut next = Learned::new([Some(&own_a), Some(&own_b)]);
    server::Learned::recall(&mut next, serde_json::from_str(&written).unwrap());
    let b = cluster(&own_b, "b", &[("A.t", &few)]);
    let emptied = |learned: &mut Learned, second: u64| {
        learned.learn([Some(&a), Some(&b)], at(second));
        learned.copies[Side::B.index()].held.is_emptied("t")
    };
    assert!(emptied(&mut next, 102));
    assert!(!emptied(&mut next, 101 + 86_400), "it is told for a day");
}

#[test]
fn what_was_made_anew_and_holds_as_much_again_is_told() {
    let [own_a, own_b] = owns("");
    let told = |in_a: &[(&str, u64)], in_b: &[(&str, u64)]| {
        let mut learned = Learned::new([Some(&own_a), Some(&own_b)]);
        let (t, copy) = ([partition(0, 30, None)], [partition(0, 20, None)]);
        let mut a = cluster(&own_a, "a", &[("t", &t)]);
        let mut b = cluster(&own_b, "b", &[("A.t", &copy)]);
        let of = |all: &[(&str, u64)]| {
            all.iter().map(|(topic, held)| ((*topic).to_owned(), *held)).collect()
        };
        (a.remade, b.remade) = (of(in_a), of(in_b));
        learned.learn([Some(&a), Some(&b)], at(100));
        let copies = &learned.copies[Side::B.index()];
        let remade: Vec<String> = copies.remade().into_iter().map(str::to_owned).collect();
        (remade, copies.held.is_emptied("t"), copies.held.missing())
    };
    let t = || vec!["t".to_owned()];
    assert_eq!(told(&[], &[]), (Vec::new(), false, 0));
    assert_eq!(told(&[("t", 10)], &[]), (t(), false, 0));
    assert_eq!(told(&[], &[("A.t", 10)]), (Vec::new(), true, 10));
    assert_eq!(told(&[("u", 10)], &[("A.u", 10)]), (Vec::new(), false, 0));
}
