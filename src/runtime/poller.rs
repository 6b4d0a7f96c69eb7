//! Looks at every system at its own pace, each in its own task, so that a dead one delays nobody.

use std::mem::{Discriminant, discriminant};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use crate::domain::ids::{Side, SystemId};
use crate::domain::reading::{Health, Look, LookError, LookErrorKind};
use crate::domain::time::Stamp;
use crate::port::{Clock, Looks, Probe};
use crate::runtime::event::Event;

/// A probe keeps its own deadline; this much more is granted before the look is cut off.
const GRACE: Duration = Duration::from_millis(300);

/// First looks are spread over at most this time, so that a site does not start with a burst.
const SPREAD_MAX: Duration = Duration::from_millis(200);

/// What a probe has learned is kept at least this often, and whenever a side's health changes: all
/// of it is written out and masked each time.
const LEARNED_EVERY: Duration = Duration::from_secs(3);

/// One system to be looked at.
pub struct Watched {
    /// The system; none for a reference target.
    pub system: Option<SystemId>,
    /// The time between two looks.
    pub every: Duration,
    /// The longest one look may take.
    pub timeout: Duration,
    /// What is looked with.
    pub probe: Box<dyn Probe>,
    /// Which sides the system is on.
    pub sides: [bool; 2],
}

/// Asks all pollers to look at once.
#[derive(Debug, Clone)]
pub struct Poke(watch::Sender<u64>);

impl Poke {
    /// Looks at everything now.
    pub fn look_now(&self) {
        self.0.send_modify(|count| *count += 1);
    }
}

/// Starts one task for every system; they end when the channel closes.
pub fn start(watched: Vec<Watched>, clock: &Arc<dyn Clock>, events: &mpsc::Sender<Event>) -> Poke {
    let (poke, poked) = watch::channel(0);
    let count = u32::try_from(watched.len().max(1)).unwrap_or(u32::MAX);
    let (clock, events) = (Arc::clone(clock), events.clone());
    // Of a large site that takes longer than the first frame.
    tokio::spawn(async move {
        for (index, one) in watched.into_iter().enumerate() {
            let index = u32::try_from(index).unwrap_or(0);
            let first = SPREAD_MAX.min(one.every) * index / count;
            let (clock, events, poked) = (Arc::clone(&clock), events.clone(), poked.clone());
            tokio::spawn(poll(one, first, clock, events, poked));
        }
    });
    Poke(poke)
}

async fn poll(
    mut one: Watched,
    first: Duration,
    clock: Arc<dyn Clock>,
    events: mpsc::Sender<Event>,
    mut poked: watch::Receiver<u64>,
) {
    sleep(first).await;
    let mut ticks = interval(one.every.max(Duration::from_millis(1)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut said, mut kept): (_, Option<Stamp>) = ([None; 2], None);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            changed = poked.changed() => {
                if changed.is_err() {
                    return;
                }
                one.probe.anew(*poked.borrow_and_update());
            }
        }
        let at = clock.now();
        let looks = match timeout(one.timeout + GRACE, one.probe.look()).await {
            Ok(looks) => looks,
            Err(_) => cut_off(one.sides, one.timeout),
        };
        let changed = log_changes(one.system.as_ref(), &mut said, &looks);
        if events.send(heard(one.system.as_ref(), at, looks)).await.is_err() {
            return;
        }
        if !changed && !at.is_due(kept, LEARNED_EVERY) {
            continue;
        }
        kept = Some(at);
        if let (Some(system), Some(learned)) = (&one.system, one.probe.learned())
            && events.send(Event::Learned { system: system.clone(), learned }).await.is_err()
        {
            return;
        }
    }
}

/// What a side says, without its words, which may differ from look to look.
type Said = Result<Discriminant<Health>, LookErrorKind>;

/// Tells the log which side says otherwise than before, and whether one does.
fn log_changes(system: Option<&SystemId>, said: &mut [Option<Said>; 2], looks: &Looks) -> bool {
    let (system, was) = (system.map_or("reference", SystemId::as_str), *said);
    for (side, look) in Side::BOTH.into_iter().zip([&looks.a, &looks.b]) {
        let Some(look) = look else { continue };
        let now = look.as_ref().map(|told| discriminant(&told.health)).map_err(|why| why.kind);
        let before = said[side.index()].replace(now);
        if before == Some(now) {
            continue;
        }
        match look {
            Ok(told) => match &told.health {
                Health::Up if before.is_none() => {}
                Health::Up => tracing::info!(system, %side, "up again"),
                Health::Degraded(why) => tracing::info!(system, %side, "degraded: {why}"),
                Health::Down(why) => tracing::warn!(system, %side, "down: {why}"),
                Health::Unknown(why) => tracing::info!(system, %side, "unknown: {why}"),
            },
            Err(why) => tracing::warn!(system, %side, kind = ?why.kind, "{why}"),
        }
    }
    *said != was
}

fn heard(system: Option<&SystemId>, at: Stamp, looks: Looks) -> Event {
    match (system, looks) {
        (Some(system), looks) => {
            Event::Heard { system: system.clone(), at, looks: Box::new(looks) }
        }
        (None, Looks { a, b }) => {
            let silent = || Err(LookError::new(LookErrorKind::Ours, "nothing was asked"));
            Event::Reference { at, look: Box::new(a.or(b).unwrap_or_else(silent)) }
        }
    }
}

/// The looks of a probe that did not keep its own deadline.
fn cut_off(sides: [bool; 2], deadline: Duration) -> Looks {
    let look = || -> Look {
        let text = format!("no answer within {}", crate::domain::time::short_time(deadline));
        Err(LookError::new(LookErrorKind::Timeout, text))
    };
    Looks { a: sides[0].then(look), b: sides[1].then(look) }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

    use super::*;
    use crate::domain::reading::Reading;
    use crate::domain::time::BootId;
    use crate::port::Boxed;

    /// A clock on which each look takes a second, and its looks.
    #[derive(Clone, Default)]
    struct Scripted {
        looks: Arc<AtomicU64>,
        anew: Arc<AtomicUsize>,
    }

    impl Clock for Scripted {
        fn now(&self) -> Stamp {
            let boot_ms = self.looks.load(Ordering::Relaxed) * 1000;
            Stamp { wall_ms: 0, boot_ms, boot: BootId(1) }
        }
    }

    impl Probe for Scripted {
        fn look(&mut self) -> Boxed<'_, Looks> {
            let at = self.now();
            let looks = self.looks.fetch_add(1, Ordering::Relaxed);
            let health = if looks < 2 { Health::Up } else { Health::Degraded("x".into()) };
            let a = Some(Ok(Reading::new(at, health, "")));
            Box::pin(std::future::ready(Looks { a, b: None }))
        }

        fn anew(&mut self, _step: u64) {
            self.anew.fetch_add(1, Ordering::Relaxed);
        }

        fn learned(&self) -> Option<String> {
            Some(String::new())
        }
    }

    #[tokio::test]
    async fn what_was_learned_is_kept_now_and_then_and_a_poke_asks_anew() {
        let probe = Scripted::default();
        let (events, mut heard) = mpsc::channel(1);
        let clock: Arc<dyn Clock> = Arc::new(probe.clone());
        let watched = Watched {
            system: Some(SystemId::new("pg").expect("a name")),
            every: Duration::from_millis(1),
            timeout: Duration::from_secs(60),
            probe: Box::new(probe.clone()),
            sides: [true, false],
        };
        let poke = start(vec![watched], &clock, &events);
        let mut told = String::new();
        while told.len() < 10 {
            told.push(match heard.recv().await.expect("it goes on") {
                Event::Heard { .. } => '.',
                Event::Learned { .. } => 'L',
                _ => '?',
            });
        }
        // The third look is the first that finds it degraded.
        assert_eq!(told, ".L..L...L.");
        assert_eq!(probe.anew.load(Ordering::Relaxed), 0);
        poke.look_now();
        while probe.anew.load(Ordering::Relaxed) == 0 {
            heard.recv().await.expect("it goes on");
        }
    }
}
