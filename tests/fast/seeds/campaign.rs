//! Thousands of short incidents in virtual time in which everything goes wrong at any moment: hands
//! that go to SAFE, disks that stall, names that lead astray, looks that are missed, late runners.
//!
//! `WARROOM_CAMPAIGN=full` lives through 20,000 instead of the sample, a number through so many.

mod laws;
mod muddler;
mod stage;

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use muddler::Muddler;
use stage::{END, Stage};
use warroom::port::Clock;

/// Incidents that are lived through where nobody asks for more.
const SAMPLE: u64 = 200;

/// Incidents of a whole campaign.
const FULL: u64 = 20_000;

/// The variable that asks for more.
const ASKED: &str = "WARROOM_CAMPAIGN";

/// What was seen, over all incidents: a law that nothing tried to break was not tried.
pub type Tally = BTreeMap<&'static str, u64>;

#[test]
fn nothing_acts_twice_late_blind_or_on_the_wrong_server() {
    let asked = std::env::var(ASKED).ok().map(|text| match text.as_str() {
        "full" => FULL,
        number => number.parse().expect("`full` or a number of incidents"),
    });
    let runs: u64 = asked.unwrap_or(SAMPLE);
    let tally = Mutex::new(Tally::new());
    let began = Instant::now();
    super::every_seed(1..=runs, |seed| {
        let mut stage = Stage::of_seed(seed);
        let mut muddler = Muddler::new(seed);
        while stage.clock.now().since(stage.began) < END && !stage.is_closed() {
            stage.tick();
            let now = stage.clock.now();
            stage.console.shown(now, |screen| super::PRESSER.press_all("the campaign", screen));
            muddler.acts(&mut stage);
        }
        laws::hold(&mut stage);
        let mut all = tally.lock().unwrap_or_else(PoisonError::into_inner);
        for (what, count) in stage.tally {
            *all.entry(what).or_default() += count;
        }
    });
    let tally = tally.into_inner().unwrap_or_else(PoisonError::into_inner);
    let (keys, moments, spent) = super::PRESSER.checked();
    println!("{keys} keys pressed in {moments} moments, {spent} ms");
    println!("{runs} incidents in {:.0?}: {tally:?}", began.elapsed());
    for what in [
        "attempts acted",
        "grants void on record",
        "grants expired at the runner",
        "grants taken back",
        "other servers met",
        "attempts repeated by a word",
        "runs completed",
        "gates held on readings of after",
        "SAFE or held with a grant in flight",
    ] {
        assert!(tally.get(what).is_some_and(|count| *count > 0), "never tried: {what}: {tally:?}");
    }
}
