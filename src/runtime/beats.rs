//! Writes every heartbeat of a region at its own pace, each in its own task; tells changes only.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use crate::domain::ids::SystemId;
use crate::domain::reading::{LookError, LookErrorKind};
use crate::domain::time::{Stamp, short_time};
use crate::port::{Beat, Beater, Clock};
use crate::runtime::unattended::line;

/// A writer keeps its own limit; this much more is granted before it is cut off.
const GRACE: Duration = Duration::from_millis(300);

/// The first ones are spread over at most this time.
const SPREAD_MAX: Duration = Duration::from_millis(200);

/// The shortest time between two, whatever a kind says.
const EVERY_LEAST: Duration = Duration::from_millis(50);

/// So many in a row must be well before a failure is over: one that comes and goes is told once.
const WELL_AGAIN: u32 = 3;

/// One heartbeat to be written.
pub struct Pulsing {
    /// The system.
    pub system: SystemId,
    /// What writes it.
    pub beater: Box<dyn Beater>,
}

/// Takes a line; it must not block.
pub type Tell = Arc<dyn Fn(&str) + Send + Sync>;

/// What one heartbeat came to.
pub type Beaten = Result<Beat, LookError>;

impl Pulsing {
    /// What is written, where, as whom and how often, in a line.
    fn begins(&self, at: Stamp) -> String {
        let (what, every) = (self.beater.what(), short_time(self.beater.every()));
        line(at, self.system.as_str(), &format!("every {every}: {what}"))
    }

    /// Writes once; answers in time whatever its writer does.
    async fn beat(&mut self) -> Beaten {
        let limit = self.beater.limit();
        timeout(limit + GRACE, self.beater.beat()).await.unwrap_or_else(|_| {
            let message = format!("no answer within {}", short_time(limit));
            Err(LookError::new(LookErrorKind::Timeout, message))
        })
    }
}

/// Starts one task for every heartbeat. None of them ends by itself: one that does is a fault.
pub fn start(all: Vec<Pulsing>, clock: &Arc<dyn Clock>, tell: &Tell) -> JoinSet<()> {
    let count = u32::try_from(all.len().max(1)).unwrap_or(u32::MAX);
    for one in &all {
        tell(&one.begins(clock.now()));
    }
    let mut tasks = JoinSet::new();
    for (index, one) in all.into_iter().enumerate() {
        let first = SPREAD_MAX * u32::try_from(index).unwrap_or(0) / count;
        tasks.spawn(go_on(one, first, Arc::clone(clock), Arc::clone(tell)));
    }
    tasks
}

async fn go_on(mut one: Pulsing, first: Duration, clock: Arc<dyn Clock>, tell: Tell) {
    sleep(first).await;
    let mut ticks = interval(one.beater.every().max(EVERY_LEAST));
    // What was not written in time is not made up for: only the newest one measures anything.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut story = Story::default();
    loop {
        ticks.tick().await;
        let at = clock.now();
        let beaten = one.beat().await;
        if let Some(text) = story.hear(at, &beaten) {
            let system = one.system.as_str();
            if beaten.is_ok() {
                tracing::info!(system, "heartbeat {text}");
            } else {
                tracing::warn!(system, "heartbeat {text}");
            }
            tell(&line(at, system, &text));
        }
    }
}

/// Writes each once, all at the same time; with its line.
pub async fn once(all: Vec<Pulsing>, clock: &Arc<dyn Clock>) -> Vec<(String, Beaten)> {
    let mut tasks = JoinSet::new();
    for (index, mut one) in all.into_iter().enumerate() {
        let clock = Arc::clone(clock);
        tasks.spawn(async move {
            let at = clock.now();
            let beaten = one.beat().await;
            let text = match &beaten {
                Ok(Beat::Written) => format!("{WRITTEN}: {}", one.beater.what()),
                Ok(Beat::Standby(why)) => standby(why.as_str()),
                Err(why) => format!("{NOT_WRITTEN}: {why}"),
            };
            (index, line(at, one.system.as_str(), &text), beaten)
        });
    }
    let mut told = tasks.join_all().await;
    told.sort_by_key(|(index, ..)| *index);
    told.into_iter().map(|(_, line, beaten)| (line, beaten)).collect()
}

const WRITTEN: &str = "written";
const NOT_WRITTEN: &str = "NOT WRITTEN";

fn standby(why: &str) -> String {
    format!("standby, nothing to write: {why}")
}

/// What was told of one heartbeat.
#[derive(Default)]
struct Story {
    well: Option<Well>,
    ill: Option<Ill>,
}

/// What it was when it was last well, and since when.
struct Well {
    is_standby: bool,
    since: Stamp,
}

/// That it fails.
struct Ill {
    kind: LookErrorKind,
    since: Stamp,
    failed: u64,
    well_again: u32,
}

impl Story {
    /// What is to be told of one more: nothing, where it is as it was.
    fn hear(&mut self, at: Stamp, beaten: &Beaten) -> Option<String> {
        match beaten {
            Err(why) => self.hear_ill(at, why),
            Ok(beat) => {
                let over = match &mut self.ill {
                    None => String::new(),
                    Some(ill) => {
                        ill.well_again += 1;
                        if ill.well_again < WELL_AGAIN {
                            return None;
                        }
                        let Ill { failed, since, .. } = ill;
                        format!(" (again; {failed} failed since {})", since.utc().iso())
                    }
                };
                let ended = self.ill.take().is_some();
                let text = match beat {
                    Beat::Written => WRITTEN.to_owned(),
                    Beat::Standby(why) => standby(why.as_str()),
                };
                let is_standby = matches!(beat, Beat::Standby(_));
                let before = self.well.as_ref().filter(|well| well.is_standby != is_standby);
                let was = before.map_or(String::new(), |well| {
                    let was = if well.is_standby { "a standby" } else { WRITTEN };
                    format!(" (it was {was} since {})", well.since.utc().iso())
                });
                let is_new = self.well.as_ref().is_none_or(|well| well.is_standby != is_standby);
                if is_new {
                    self.well = Some(Well { is_standby, since: at });
                }
                (is_new || ended).then(|| format!("{text}{over}{was}"))
            }
        }
    }

    /// Told once for each kind of failure: its words may differ from one to the next.
    fn hear_ill(&mut self, at: Stamp, why: &LookError) -> Option<String> {
        let Some(ill) = &mut self.ill else {
            self.ill = Some(Ill { kind: why.kind, since: at, failed: 1, well_again: 0 });
            return Some(format!("{NOT_WRITTEN}: {why}"));
        };
        ill.failed += 1;
        ill.well_again = 0;
        let is_other = std::mem::replace(&mut ill.kind, why.kind) != why.kind;
        let Ill { failed, since, .. } = ill;
        is_other
            .then(|| format!("{NOT_WRITTEN}, {failed} times since {}: {why}", since.utc().iso()))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::Mutex;

    use tokio::sync::Barrier;

    use super::*;
    use crate::domain::text::Clean;
    use crate::port::Boxed;
    use crate::runtime::clock::SystemClock;
    use crate::stand::HandClock;

    /// What a made-up store does next.
    #[derive(Clone)]
    enum Does {
        Takes,
        IsStandby,
        Refuses(LookErrorKind),
        Hangs,
        /// Takes it once so many are being written at the same time.
        Meets(Arc<Barrier>),
    }

    /// A store that does what it is told to, then the last of it for ever; and when it was asked.
    struct Store {
        does: VecDeque<Does>,
        every: Duration,
        limit: Duration,
        asked: Asked,
    }

    impl Beater for Store {
        fn what(&self) -> Clean {
            "a key at 127.0.0.1:9 as wr_beat".into()
        }

        fn every(&self) -> Duration {
            self.every
        }

        fn limit(&self) -> Duration {
            self.limit
        }

        fn beat(&mut self) -> Boxed<'_, Beaten> {
            self.asked.lock().unwrap().push(SystemClock::new().now());
            let next = if self.does.len() > 1 { self.does.pop_front() } else { None };
            let next = next.unwrap_or_else(|| self.does[0].clone());
            Box::pin(async move {
                match next {
                    Does::Takes => Ok(Beat::Written),
                    Does::IsStandby => Ok(Beat::Standby("it follows".into())),
                    Does::Refuses(kind) => Err(LookError::new(kind, "why it fails")),
                    Does::Hangs => std::future::pending().await,
                    Does::Meets(others) => {
                        others.wait().await;
                        Ok(Beat::Written)
                    }
                }
            })
        }
    }

    type Asked = Arc<Mutex<Vec<Stamp>>>;

    const SHORT: Duration = Duration::from_millis(100);
    const LONG: Duration = Duration::from_secs(3600);

    fn pulsing(name: &str, limit: Duration, does: &[Does]) -> (Pulsing, Asked) {
        let asked = Asked::default();
        let (does, every) = (does.iter().cloned().collect(), Duration::from_millis(50));
        let store = Store { does, every, limit, asked: Arc::clone(&asked) };
        let system = SystemId::new(name).expect("a name");
        (Pulsing { system, beater: Box::new(store) }, asked)
    }

    fn listener() -> (Tell, Arc<Mutex<Vec<String>>>) {
        let told = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&told);
        (Arc::new(move |line: &str| kept.lock().unwrap().push(line.to_owned())), told)
    }

    fn clock() -> Arc<dyn Clock> {
        Arc::new(HandClock::at(0))
    }

    async fn until_asked(asked: &Asked, times: usize) {
        while asked.lock().unwrap().len() < times {
            sleep(Duration::from_millis(5)).await;
        }
    }

    #[tokio::test]
    async fn one_that_hangs_delays_no_other() {
        let (dead, dead_asked) = pulsing("dead", LONG, &[Does::Hangs]);
        let (late, late_asked) = pulsing("late", SHORT, &[Does::Hangs]);
        let (well, well_asked) = pulsing("well", SHORT, &[Does::Takes]);
        let (tell, told) = listener();
        let tasks = start(vec![dead, late, well], &clock(), &tell);
        until_asked(&well_asked, 20).await;
        until_asked(&late_asked, 3).await;
        assert_eq!(dead_asked.lock().unwrap().len(), 1, "none is begun beside one that hangs");
        assert!(well_asked.lock().unwrap().len() >= 20);
        let told = told.lock().unwrap().join("\n");
        let lines = [
            "dead      every 0.1s: a key at 127.0.0.1:9 as wr_beat",
            "late      every 0.1s: a key",
            "well      every 0.1s: a key",
            "well      written",
            "late      NOT WRITTEN: no answer within 0.1s",
        ];
        for want in lines {
            assert_eq!(told.matches(want).count(), 1, "{want}: {told}");
        }
        assert_eq!(told.lines().count(), lines.len(), "changes only: {told}");
        drop(tasks);
    }

    #[tokio::test]
    async fn a_pause_is_not_made_up_for() {
        let (one, asked) = pulsing("pg", SHORT, &[Does::Takes, Does::Hangs, Does::Takes]);
        let (tell, _) = listener();
        let tasks = start(vec![one], &clock(), &tell);
        until_asked(&asked, 12).await;
        let asked = asked.lock().unwrap().clone();
        // It hung for 400 ms, in which eight were due.
        let after = &asked[2..];
        let at_once = after.iter().filter(|at| at.since(after[0]) < SHORT).count();
        assert!(at_once <= 5, "a burst: {asked:?}");
        drop(tasks);
    }

    #[test]
    fn changes_are_told_once() {
        use Does::{IsStandby, Refuses, Takes};
        use LookErrorKind::{Permission, Unreachable};
        let check = |does: &[Does], want: &[&str]| {
            let (clock, mut story) = (HandClock::at(0), Story::default());
            let told: Vec<String> = does
                .iter()
                .filter_map(|does| {
                    clock.pass_s(1);
                    let beaten = match does {
                        Does::Takes => Ok(Beat::Written),
                        Does::IsStandby => Ok(Beat::Standby("it follows".into())),
                        Does::Refuses(kind) => Err(LookError::new(*kind, format!("{kind:?}"))),
                        Does::Hangs | Does::Meets(_) => unreachable!("a story hears answers"),
                    };
                    story.hear(clock.now(), &beaten)
                })
                .collect();
            let told: Vec<String> =
                told.iter().map(|line| line.replace("2026-11-20T14:02:", "")).collect();
            assert_eq!(told, want);
        };
        let gone = || Refuses(Unreachable);
        check(&[Takes, Takes, Takes], &["written"]);
        check(&[IsStandby, IsStandby], &["standby, nothing to write: it follows"]);
        check(
            &[IsStandby, IsStandby, Takes, Takes, IsStandby],
            &[
                "standby, nothing to write: it follows",
                "written (it was a standby since 11Z)",
                "standby, nothing to write: it follows (it was written since 13Z)",
            ],
        );
        check(
            &[Takes, gone(), gone(), gone(), Refuses(Permission), Takes, Takes, Takes, Takes],
            &[
                "written",
                "NOT WRITTEN: Unreachable",
                "NOT WRITTEN, 4 times since 12Z: Permission",
                "written (again; 4 failed since 12Z)",
            ],
        );
        check(
            &[gone(), IsStandby, IsStandby, IsStandby],
            &[
                "NOT WRITTEN: Unreachable",
                "standby, nothing to write: it follows (again; 1 failed since 11Z)",
            ],
        );
        // One that comes and goes is one failure.
        let flaps = [Takes, gone(), Takes, Takes, gone(), Takes, gone(), Takes, Takes, Takes];
        check(
            &flaps,
            &["written", "NOT WRITTEN: Unreachable", "written (again; 3 failed since 12Z)"],
        );
    }

    #[tokio::test]
    async fn once_is_once_for_each_and_all_at_the_same_time() {
        let both = Arc::new(Barrier::new(2));
        let meets = || Does::Meets(Arc::clone(&both));
        let (one, asked) = pulsing("one", LONG, &[meets()]);
        let (late, _) = pulsing("late", SHORT, &[Does::Hangs]);
        let (other, _) = pulsing("other", LONG, &[meets()]);
        let told = once(vec![one, late, other], &clock()).await;
        let lines: Vec<&str> = told.iter().map(|(line, _)| &line[22..]).collect();
        assert_eq!(
            lines,
            [
                "one       written: a key at 127.0.0.1:9 as wr_beat",
                "late      NOT WRITTEN: no answer within 0.1s",
                "other     written: a key at 127.0.0.1:9 as wr_beat",
            ]
        );
        assert_eq!(asked.lock().unwrap().len(), 1);
    }
}
