//! Whole incidents in the simulator, seed by seed: what is said must be what was so.

mod hands;
mod person;
mod truth;
mod voyage;

use std::sync::atomic::{AtomicU64, Ordering};

use person::{Person, lost_region};
use voyage::Voyage;
use warroom::domain::run::event::Mode;

/// The seeds of all voyages.
const SEEDS: u64 = 200;

/// Does something for every seed, on as many threads as the machine has.
fn every_seed(check: impl Fn(u64) + Sync) {
    let next = AtomicU64::new(1);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed > SEEDS {
                        return;
                    }
                    check(seed);
                }
            });
        }
    });
}

#[test]
fn a_lost_region_is_told_truly_from_first_to_last() {
    every_seed(|seed| {
        let mut voyage = Voyage::begin(lost_region(seed));
        Person::new(seed).takes(&mut voyage, "failover", Mode::Ungraceful);
        truth::check_ledger(seed, &voyage);
    });
}
