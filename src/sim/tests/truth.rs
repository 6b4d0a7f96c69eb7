//! What the simulated world is at any moment, and what a look at it may tell.

use super::*;

/// Acts that a careless person could do, by chance.
fn wild_acts(seed: u64) -> Vec<Act> {
    let chance = Chance::new(seed).of("wild");
    let mut acts: Vec<Act> = (0..20)
        .map(|number| {
            let chance = chance.at(number);
            let deeds = [
                (Change::Promote, "pg"),
                (Change::StopReplication, "kafka"),
                (Change::Follow, "pg"),
                (Change::Follow, "objects"),
                (Change::Scale, "pods"),
                (Change::ShiftTraffic, "dns"),
                (Change::Purge, "cdn"),
                (Change::Fence, "fence"),
                (Change::Unfence, "unfence"),
            ];
            let (change, system) = chance.of("deed").pick(&deeds).expect("there are deeds");
            Act {
                elapsed_ms: super::super::chance::whole(chance.of("when").between(0.0, 400_000.0)),
                change,
                system: system.to_owned(),
                side: chance.of("side").pick(&Side::BOTH).expect("there are sides"),
                amount: chance.of("amount").pick(&[0, 2, 10, 50, 100]).expect("there are some"),
            }
        })
        .collect();
    acts.sort_by_key(|act| act.elapsed_ms);
    acts
}

#[test]
fn the_world_is_a_pure_function() {
    for seed in 0..200 {
        let mut plan = plan(seed);
        plan.returns_after = (seed % 2 == 0).then_some(Duration::from_secs(200));
        let acts = wild_acts(seed);
        let mut backwards = Vec::new();
        for second in (0..420).step_by(7) {
            let elapsed = Duration::from_secs(second);
            let past: Vec<Act> = acts.iter().filter(|act| act.at() <= elapsed).cloned().collect();
            let state = WorldState::at(&plan, elapsed, &acts);
            assert_eq!(state, WorldState::at(&plan, elapsed, &past), "the future does not count");
            backwards.push((elapsed, state));
        }
        for (elapsed, state) in backwards.into_iter().rev() {
            assert_eq!(WorldState::at(&plan, elapsed, &acts), state, "seed {seed}");
        }
    }
    let at = Duration::from_secs(10);
    assert_ne!(WorldState::at(&plan(1), at, &[]), WorldState::at(&plan(2), at, &[]));
}

#[test]
fn a_lag_is_known_only_while_both_sides_are_there() {
    let mut known = 0;
    for seed in 0..200 {
        let mut plan = plan(seed);
        plan.returns_after = (seed % 3 == 0).then_some(Duration::from_secs(200));
        let acts = wild_acts(seed);
        for second in 0..420 {
            let elapsed = Duration::from_secs(second);
            let state = WorldState::at(&plan, elapsed, &acts);
            let at = HandClock::at(60_000).now();
            let moment = Moment { plan: &plan, acts: &acts, state: &state, at };
            for system in plan.systems.iter().filter(|one| one.nature == Nature::Store) {
                for side in Side::BOTH {
                    let Ok(reading) = moment.look(system, side) else { continue };
                    let Some(lag) = reading.lag else { continue };
                    if state.alive == [true, true] {
                        known += u32::from(lag.certainty == Certainty::Known);
                    } else {
                        assert_eq!((lag.seconds, lag.amount), (None, None), "seed {seed}");
                        assert_eq!(lag.certainty, Certainty::Unknown);
                    }
                }
            }
        }
    }
    assert!(known > 10_000, "the test must see known lags too: {known}");
}

#[test]
fn a_replica_never_loses_what_it_had() {
    for seed in 0..200 {
        let mut plan = plan(seed);
        plan.returns_after = (seed % 2 == 0).then_some(Duration::from_secs(200));
        // Without a first copy or a promotion the source stays the same.
        let mut acts = wild_acts(seed);
        acts.retain(|act| {
            !matches!(act.change, Change::Promote | Change::HandOver | Change::Follow)
        });
        let mut before = WorldState::at(&plan, Duration::ZERO, &acts);
        for step in 1..1050 {
            let state = WorldState::at(&plan, Duration::from_millis(step * 400), &acts);
            for (name, store) in &state.stores {
                let rise_s = store.ahead_s - before.stores[name].ahead_s;
                assert!(rise_s <= 0.4 + 1e-6, "seed {seed}, {name}, at {step}: {rise_s}");
                assert!(store.ahead_s >= 0.0);
            }
            before = state;
        }
    }
}

#[test]
fn the_ledger_of_a_console_covers_the_truth() {
    for seed in 0..200 {
        let mut plan = plan(seed);
        let dies_ms = 20_000 + seed * 137;
        plan.fail_after = Some(Duration::from_millis(dies_ms));
        let truth = WorldState::at(&plan, Duration::from_millis(dies_ms), &[]);
        for system in plan.systems.iter().filter(|one| one.nature == Nature::Store) {
            let mut last = None;
            let mut ledger_s = None;
            for second in 0..120_u32 {
                let state = WorldState::at(&plan, Duration::from_secs(second.into()), &[]);
                let at = HandClock::at(60_000).now();
                let moment = Moment { plan: &plan, acts: &[], state: &state, at };
                if moment.look(system, Side::A).is_err() {
                    let (sampled, lag_s) = last.expect("a sample before the loss");
                    ledger_s = Some(lag_s + f64::from(second - sampled));
                    break;
                }
                let standby = moment.look(system, Side::B).expect("the standby answers");
                let lag = standby.lag.expect("the standby tells its lag");
                last = Some((second, lag.seconds.expect("known while both are there")));
            }
            let (ledger_s, lost_s) =
                (ledger_s.expect("the loss is seen"), truth.stores[&system.id].ahead_s);
            let over_s = ledger_s - lost_s;
            assert!((-0.002..3.0).contains(&over_s), "seed {seed}, {}: {over_s}", system.id);
        }
    }
}

#[test]
fn time_goes_on_while_nobody_looks() {
    let stage = Stage::usual(|_| {});
    let world = World::open(stage.path()).expect("the world opens");
    stage.clock.pass_s(90);
    assert_eq!(world.elapsed(stage.clock.now()), Duration::from_secs(90));
    // After a reboot the wall clock tells.
    let now = stage.clock.now();
    let rebooted = Stamp { wall_ms: now.wall_ms + 30_000, boot_ms: 5, boot: BootId(2) };
    assert_eq!(world.elapsed(rebooted), Duration::from_secs(120));
    let again = World::create(stage.path(), plan(1), &*stage.clock);
    assert!(matches!(again, Err(WorldError::Exists(_))));
}

#[test]
fn region_a_is_lost_and_the_reference_stays() {
    let stage = Stage::usual(|_| {});
    for name in ["users", "gateway", "pg", "kafka", "pods"] {
        assert_eq!(stage.reading(name, Side::A).health, Health::Up, "{name}");
    }
    assert!(matches!(stage.reading("users", Side::B).health, Health::Unknown(_)));
    stage.clock.pass_s(DIES_S + 1);
    let mut kinds = Vec::new();
    let mut words = Vec::new();
    for name in ["users", "gateway", "pg", "kafka", "objects", "pods"] {
        let error = stage.look(name, Side::A).expect_err("a dead region does not answer");
        assert!(error.counts_as_failure());
        kinds.push(error.kind);
        words.push(error.message);
    }
    assert!(kinds.contains(&LookErrorKind::Timeout) && kinds.contains(&LookErrorKind::Unreachable));
    words.sort();
    words.dedup();
    assert!(words.len() >= 4, "{words:?}");
    assert_eq!(stage.reading("gateway", Side::B).health, Health::Up, "a warm standby answers");
    let reference = super::super::probe::look_at_reference(stage.path(), &*stage.clock);
    assert_eq!(reference.map(|reading| reading.health), Ok(Health::Up));
    // A dead source: whatever the standby tells, it is not a lag.
    let lag = stage.reading("pg", Side::B).lag.expect("the standby speaks of its lag");
    assert_eq!((lag.seconds, lag.certainty), (None, Certainty::Unknown));
}

#[test]
fn when_we_are_cut_off_nothing_answers() {
    let stage = Stage::usual(|plan| {
        plan.fail_after = None;
        plan.we_are_cut = Some((Duration::from_secs(5), Duration::from_secs(9)));
    });
    stage.clock.pass_s(6);
    for spec in &stage.site.systems {
        for side in Side::BOTH {
            assert!(stage.look(spec.id.as_str(), side).is_err(), "{} {side}", spec.id);
        }
    }
    assert!(super::super::probe::look_at_reference(stage.path(), &*stage.clock).is_err());
    stage.clock.pass_s(3);
    assert_eq!(stage.reading("gateway", Side::A).health, Health::Up);
}

#[test]
fn answer_times_are_believable() {
    let plan = plan(5);
    let mut took = Vec::new();
    for second in 0..18 {
        let state = WorldState::at(&plan, Duration::from_secs(second), &[]);
        let at = HandClock::at(60_000).now();
        let moment = Moment { plan: &plan, acts: &[], state: &state, at };
        let gateway = plan.system(&id("gateway")).expect("a gateway");
        for side in Side::BOTH {
            let reading = moment.look(gateway, side).expect("it answers");
            took.push(reading.took_ms.expect("a time"));
        }
    }
    took.sort_unstable();
    let p95 = took[took.len() * 95 / 100];
    assert!((80..300).contains(&p95), "{p95} ms");
    assert_ne!(took.first(), took.last());
}
