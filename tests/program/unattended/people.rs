//! What is left for people, and what goes on without them; and when a planned run may begin.

use std::time::Duration;

use super::{COPIED, PLANNED, Place, folders};

#[test]
fn it_goes_on_beside_what_a_person_must_do_and_names_it_all() {
    let gate = format!("gates = [{COPIED}]\n");
    let hand = [
        (gate.as_str(), ""),
        ("action = \"sim.fence\"\nautomatic = true\n", "action = \"sim.fence\"\n"),
        ("id = \"stop-copies\"\n", "id = \"stop-copies\"\nneeds = []\n"),
        ("id = \"see-users\"\n", "id = \"see-users\"\nneeds = [\"fence-a\", \"shift\"]\n"),
    ];
    let place = Place::new(&hand, None);
    let words = [
        "A PERSON IS NEEDED: step 1 Fence region A is not marked automatic: r runs it",
        "stays open",
    ];
    let ended = place.run(PLANNED).says(75, &words);
    assert!(ended.out.contains("a person is needed then: 1 Fence region A"), "{}", ended.out);
    let attempts = ["fence-a", "stop-copies", "shift", "see-users"].map(|id| place.attempts(id));
    assert_eq!(attempts, [0, 1, 1, 0], "{}", ended.out);
}

#[test]
fn a_planned_run_does_not_begin_on_a_region_that_was_just_killed() {
    let place = Place::new(&[], Some(Duration::ZERO));
    let waits = "in A does not answer now";
    place.run(PLANNED).says(75, &[waits, "A PERSON IS NEEDED: the primary is red"]);
    let opened = folders(&place.path("state/warroom/runs"));
    assert!(opened.is_empty(), "{opened:?}");
}
