//! In every state of a real pair the lag that is told is never below the truth, and at most one
//! interval of canaries above it, or UNKNOWN.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use warroom::domain::ids::Side;
use warroom::domain::reading::{Certainty, LookErrorKind, Role};
use warroom::domain::site::SystemSpec;

use super::bench::{CANARY_EVERY, Watcher, plan, system};
use crate::kind::truth::knows_no_lag;
use crate::servers::minio::Pair;
use crate::servers::objects::{Bucket, Load, Put, now_ms};
use crate::servers::proxy::Weather;
use crate::servers::{DEADLINE, until};
use crate::turns::{Group, turn};

/// The store's clock tells whole seconds: of one answer it is known to a second.
const CLOCK: Duration = Duration::from_secs(1);

/// A pair under load, with what it takes to know the truth.
struct Truth {
    pair: Pair,
    load: Load,
    b: Bucket,
    watcher: Watcher,
}

impl Truth {
    fn start(pair: Pair) -> Self {
        let spec: SystemSpec = system(&pair, Vec::new());
        let (b, load) = (pair.b.store(), Load::start(pair.a.store(), plan()));
        load.until_more(60);
        Self { pair, load, b, watcher: Watcher::new(&spec) }
    }

    /// One look, held against what was missing before and after it; the seconds that are told.
    fn look(&mut self) -> Option<f64> {
        let before = self.load.missing_in(&self.b);
        let reading = self.watcher.side(Side::B).unwrap();
        let end = now_ms();
        let after = self.load.missing_in(&self.b);
        let lag = reading.lag.clone().unwrap();
        let told = lag.known_seconds()?;
        assert_eq!(reading.role, Some(Role::Standby));
        let keys: BTreeSet<&String> = after.iter().map(|put| &put.key).collect();
        let age = |put: Option<&Put>, at: i64| put.map_or(0, |put| (at - put.wall_ms).max(0));
        // What was missing all the time was missing then.
        let least = age(before.iter().find(|put| keys.contains(&put.key)), reading.at.wall_ms);
        let most = age(before.first(), end);
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        let [least, most] = [least, most].map(|ms| ms as f64 / 1000.0);
        let missing = (before.len(), after.len());
        if lag.certainty == Certainty::LowerBound {
            let slack = CLOCK.as_secs_f64();
            assert!(told <= most + slack, "at least {told} s, true are {most} s: {reading:?}");
            return None;
        }
        assert!(told >= least, "told {told} s, true are {least} s of {missing:?}: {reading:?}");
        let above = (CANARY_EVERY + CLOCK).as_secs_f64() + 0.5;
        assert!(told <= most + above, "told {told} s, true are {most} s: {reading:?}");
        Some(told)
    }

    /// Looks for so long; how often a figure was told, and the greatest.
    fn look_for(&mut self, time: Duration) -> (usize, f64) {
        let (began, mut count, mut greatest) = (Instant::now(), 0, 0.0_f64);
        while began.elapsed() < time {
            if let Some(told) = self.look() {
                (count, greatest) = (count + 1, greatest.max(told));
            }
        }
        (count, greatest)
    }

    fn until_level(&mut self) {
        until("the copy is level again", DEADLINE * 3, || {
            self.look().is_some_and(|told| told < 5.0)
        });
    }
}

#[test]
fn a_lag_is_never_below_the_truth() {
    let Some(_turn) = turn(Group::Objects) else { return };
    let mut truth = Truth::start(Pair::start());
    // Busy.
    let (count, greatest) = truth.look_for(Duration::from_secs(8));
    assert!(count > 3 && greatest < 5.0, "{count} {greatest}");
    // The way between the two is a black hole.
    truth.pair.line.weather(Weather::Dead);
    let (count, greatest) = truth.look_for(Duration::from_secs(12));
    assert!(count > 3 && greatest > 8.0, "{count} {greatest}");
    truth.pair.line.weather(Weather::Clear);
    truth.until_level();
    // B dies: nothing is told of it. It comes back, and what was missing comes after what is new.
    truth.pair.b.program.kill9();
    let error = truth.watcher.side(Side::B).unwrap_err();
    assert_eq!(error.kind, LookErrorKind::Unreachable, "{error}");
    truth.load.until_more(200);
    truth.pair.b.start();
    truth.look_for(Duration::from_secs(3));
    truth.until_level();
    // Frozen: no answer in time.
    truth.pair.b.program.freeze();
    let error = truth.watcher.side(Side::B).unwrap_err();
    assert_eq!(error.kind, LookErrorKind::Timeout, "{error}");
    truth.pair.b.program.thaw();
    truth.until_level();
    // Canaries cease, and others write on: nothing is measured any more.
    truth.load.stop();
    let unknown = |reading: &warroom::domain::reading::Reading| knows_no_lag(reading);
    truth.watcher.until(Side::B, "it is not measured any more", unknown);
    let a = truth.watcher.side(Side::A).unwrap();
    assert!(super::bench::why(&a).contains("its canaries ceased"), "{a:?}");
    // A is gone: the standby says that nobody knows.
    truth.pair.a.program.kill9();
    let b = truth.watcher.side(Side::B).unwrap();
    assert!(knows_no_lag(&b) && b.role == Some(Role::Standby), "{b:?}");
}
