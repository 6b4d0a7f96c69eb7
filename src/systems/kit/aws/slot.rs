//! One question that many want the answer of: asked once for all of them, and not too often.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use crate::domain::time::Stamp;
use crate::systems::kit::paced;
use crate::systems::kit::trouble::{Trouble, TroubleKind};

/// How old an answer on what there is may be.
pub const TOLD_EVERY: Duration = Duration::from_secs(30);

/// After an error it is asked again so much later.
const AGAIN_AFTER: Duration = Duration::from_secs(5);

/// A question that has no answer after that is given up: each has a limit of its own.
const LOST_AFTER: Duration = Duration::from_secs(15);

/// What asking ended with.
pub type Answer<T> = Result<Arc<T>, Trouble>;

/// A question that is asked once for all who want its answer; who does not wait for it finds it
/// there the next time.
pub struct Slot<T>(Mutex<Option<Question<T>>>, paced::Shared);

struct Question<T> {
    at: Stamp,
    told: watch::Receiver<Option<Answer<T>>>,
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self(Mutex::default(), paced::Shared::default())
    }
}

impl<T> Question<T> {
    /// Whether its answer will do: one that is not older than `keep`, or is still to come.
    fn serves(&self, at: Stamp, keep: Duration, since: Option<Stamp>) -> bool {
        let age = at.since(self.at);
        let lasts = match &*self.told.borrow() {
            None => LOST_AFTER,
            Some(Ok(_)) => keep,
            // It asked to be asked less often.
            Some(Err(why)) if why.kind == TroubleKind::NotReady => {
                keep.min(TOLD_EVERY).max(why.again_in.unwrap_or_default())
            }
            Some(Err(why)) => AGAIN_AFTER.max(why.again_in.unwrap_or_default()),
        };
        age < lasts && since.is_none_or(|since| at.since(since) >= age)
    }
}

impl<T: Send + Sync + 'static> Slot<T> {
    /// Under what its requests are counted.
    pub fn shared(&self) -> paced::Shared {
        self.1
    }

    /// The last answer.
    pub fn last(&self) -> Option<Arc<T>> {
        let question = lock(&self.0);
        let told = question.as_ref()?.told.borrow();
        told.as_ref()?.as_ref().ok().cloned()
    }

    /// The answer to the last question where it is not older than `keep`, nor from before `since`;
    /// else to one that is asked now.
    ///
    /// # Errors
    /// What asking ends with.
    pub async fn or_ask(
        &self,
        at: Stamp,
        keep: Duration,
        since: Option<Stamp>,
        ask: impl Future<Output = Result<T, Trouble>> + Send + 'static,
    ) -> Answer<T> {
        let mut told = self.question(at, keep, since, ask);
        let lost = || Trouble::unsent(TroubleKind::Ours, "a question was lost");
        let told = told.wait_for(Option::is_some).await.map_err(|_| lost())?;
        told.clone().unwrap_or_else(|| Err(lost()))
    }

    fn question(
        &self,
        at: Stamp,
        keep: Duration,
        since: Option<Stamp>,
        ask: impl Future<Output = Result<T, Trouble>> + Send + 'static,
    ) -> watch::Receiver<Option<Answer<T>>> {
        self.1.want(keep);
        let mut last = lock(&self.0);
        if let Some(question) = last.as_ref().filter(|last| last.serves(at, keep, since)) {
            return question.told.clone();
        }
        let (tell, told) = watch::channel(None);
        let ask = self.1.ask(ask);
        // Whoever asked may not wait for the answer: it is for all of them.
        tokio::spawn(async move {
            let answer = ask.await.map(Arc::new);
            tell.send_replace(Some(answer));
        });
        *last = Some(Question { at, told: told.clone() });
        told
    }
}

/// The most requests of a minute that the questions of a console come to: an account's other
/// programs need theirs.
const REQUESTS_A_MINUTE: f64 = 19.5;

/// How many requests of a minute each question of a console wants.
#[derive(Default)]
pub struct Budget {
    /// Those that cannot be made rarer.
    set: Mutex<BTreeMap<paced::Shared, f64>>,
    wanted: Mutex<BTreeMap<paced::Shared, f64>>,
}

fn a_minute(every: Duration) -> f64 {
    60.0 / every.as_secs_f64()
}

impl Budget {
    /// How often a question may be asked that is wanted so often: the rarer, the more there are.
    pub fn allows(&self, question: paced::Shared, every: Duration) -> Duration {
        let set: f64 = lock(&self.set).values().sum();
        let mut wanted = lock(&self.wanted);
        wanted.insert(question, a_minute(every));
        // Whatever is set, something is left to see how things stand.
        let left = (REQUESTS_A_MINUTE - set).max(REQUESTS_A_MINUTE / 4.0);
        every.mul_f64((wanted.values().sum::<f64>() / left).max(1.0))
    }

    /// Notes a question that is asked so often, come what may.
    pub fn set(&self, question: paced::Shared, every: Duration) {
        lock(&self.set).insert(question, a_minute(every));
    }
}

/// What is told of single things, by their names.
pub struct Named<T>(Mutex<BTreeMap<String, Arc<Slot<T>>>>);

impl<T> Default for Named<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Named<T> {
    /// The one of a name, and how many there are.
    pub fn of(&self, name: &str) -> (Arc<Slot<T>>, u32) {
        let mut all = lock(&self.0);
        let slot = Arc::clone(all.entry(name.to_owned()).or_default());
        (slot, u32::try_from(all.len()).unwrap_or(u32::MAX))
    }
}

/// What a lock keeps, whoever panicked while holding it.
pub fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::domain::time::BootId;

    fn at(boot_s: u64) -> Stamp {
        Stamp { wall_ms: 0, boot_ms: boot_s * 1000, boot: BootId(1) }
    }

    #[tokio::test]
    async fn one_question_is_asked_for_all_and_not_too_often() {
        let (slot, asked) = (Slot::<usize>::default(), Arc::new(AtomicUsize::new(0)));
        // When somebody wants it, since when answers count, whether it fails, and what is heard.
        let check = async |now: u64, since: Option<u64>, fails: Option<TroubleKind>, want| {
            let count = Arc::clone(&asked);
            let ask = async move {
                let number = count.fetch_add(1, Ordering::Relaxed) + 1;
                match fails {
                    Some(kind) => Err(Trouble::new(kind, format!("the {number}th"))),
                    None => Ok(number),
                }
            };
            let told = slot.or_ask(at(now), TOLD_EVERY, since.map(at), ask).await;
            let told = told.map(|number| *number).map_err(|why| why.message.to_string());
            assert_eq!(told, want, "at {now}");
        };
        check(100, None, None, Ok(1)).await;
        check(129, None, None, Ok(1)).await;
        check(130, None, None, Ok(2)).await;
        // A step at 131: what was asked before it is of no use, what is asked after it is.
        check(132, Some(131), None, Ok(3)).await;
        check(133, Some(131), None, Ok(3)).await;
        let fourth = || Err("the 4th".to_owned());
        check(163, None, Some(TroubleKind::Garbage), fourth()).await;
        check(167, None, None, fourth()).await;
        check(168, None, Some(TroubleKind::NotReady), Err("the 5th".to_owned())).await;
        // Who is asked too often is left alone.
        check(197, None, None, Err("the 5th".to_owned())).await;
        check(198, None, None, Ok(6)).await;
    }

    #[test]
    fn many_questions_are_asked_rarer() {
        let (budget, s) = (Budget::default(), Duration::from_secs);
        let each: [paced::Shared; 40] = std::array::from_fn(|_| paced::Shared::default());
        // Two a minute each: no more than nine of them fit, and a tenth makes all of them wait.
        for question in &each[..9] {
            assert_eq!(budget.allows(*question, s(30)), s(30));
        }
        assert!(budget.allows(each[9], s(30)) > s(30));
        assert!(budget.allows(each[0], s(30)) > s(30));
        for question in each {
            budget.allows(question, s(30));
        }
        let every = budget.allows(each[0], s(30)).as_secs_f64();
        let a_minute = 40.0 * 60.0 / every;
        assert!((a_minute - REQUESTS_A_MINUTE).abs() < 0.01, "{a_minute}");
        // What cannot be made rarer is taken from the others.
        for question in [paced::Shared::default(), paced::Shared::default()] {
            budget.set(question, s(60));
        }
        let every = budget.allows(each[0], s(30)).as_secs_f64();
        let a_minute = 2.0 + 40.0 * 60.0 / every;
        assert!((a_minute - REQUESTS_A_MINUTE).abs() < 0.01, "{a_minute}");
    }

    #[tokio::test]
    async fn who_does_not_wait_finds_the_answer_the_next_time() {
        let (slot, gate) = (Slot::<u8>::default(), Arc::new(tokio::sync::Notify::new()));
        let opened = Arc::clone(&gate);
        let slow = async move {
            opened.notified().await;
            Ok(1)
        };
        let mut first = Box::pin(slot.or_ask(at(100), TOLD_EVERY, None, slow));
        assert!(at_once(&mut first).await.is_none());
        drop(first);
        gate.notify_one();
        let never = async { Err(Trouble::new(TroubleKind::Garbage, "asked twice")) };
        assert_eq!(slot.or_ask(at(102), TOLD_EVERY, None, never).await.map(|told| *told), Ok(1));
    }

    /// What a future gives at once.
    async fn at_once<T>(future: &mut (impl Future<Output = T> + Unpin)) -> Option<T> {
        tokio::select! {
            biased;
            told = future => Some(told),
            () = std::future::ready(()) => None,
        }
    }
}
