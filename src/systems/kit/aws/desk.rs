//! What all systems of a region ask a service is asked once for all of them, and not in each look:
//! Amazon counts questions, throttles whoever asks many, and takes money for some.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_config::SdkConfig;
use aws_credential_types::provider::SharedCredentialsProvider;

use super::charge::METRIC_USD;
use super::metrics::{Period, Point, Query, newest};
use super::place::{Opened, Place, open};
use super::slot::{Budget, Named, Slot, TOLD_EVERY, lock};
use super::trouble::Asked;
use super::{PeerClock, expires_ms};
use crate::domain::time::Stamp;
use crate::port::{Clock, Commons};
use crate::systems::kit::paced;
use crate::systems::kit::server::{Server, Target};
use crate::systems::kit::trouble::Trouble;

/// Things for which there is no question for all of them are asked for one by one: one so often.
const ONE_EACH: Duration = Duration::from_secs(10);

/// The same of what a global store says by itself: which member takes writes is asked of that.
pub const MEMBERS_EVERY: Duration = Duration::from_secs(60);

/// The same for metrics that nobody wanted before.
const METRICS_FIRST: Duration = Duration::from_secs(3);

/// How long the first question for metrics waits for those of other systems.
const GATHERED_IN: Duration = Duration::from_millis(300);

/// How long it is believed that credentials are good for so long.
const EXPIRY_EVERY: Duration = Duration::from_secs(60);

/// For as long as a console runs.
const FOR_EVER: Duration = Duration::MAX;

/// The desks of a console, by place and by who asks there.
#[derive(Default)]
pub struct Desks {
    seats: Mutex<BTreeMap<Seated, Arc<Slot<Desk>>>>,
    /// Of all of them: who asks at two desks of an account is throttled there as one.
    budget: Arc<Budget>,
}

/// Where, and who asks there.
type Seated = (Place, String);

impl fmt::Debug for Desks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Desks")
    }
}

impl Desks {
    /// The desk for a side.
    ///
    /// # Errors
    /// Why there is none: nobody to ask as, or somebody else than the site says.
    pub async fn at<S: Server>(
        &self,
        target: &Target<S>,
        place: &Place,
    ) -> Result<Arc<Desk>, Trouble> {
        let (theirs, at) = (target.whoever(), place.clone());
        let opened = async move { open(&theirs, &at).await };
        let words = place.words(&target.endpoint);
        self.open((place.clone(), target.user.clone()), words, &target.clock, opened).await
    }

    /// The desk for a place and a user, opened so where there is none; `words` for the place.
    ///
    /// # Errors
    /// What opening it ends with.
    pub async fn open(
        &self,
        seated: (Place, String),
        words: String,
        clock: &Arc<dyn Clock>,
        opened: impl Future<Output = Result<Opened, Trouble>> + Send + 'static,
    ) -> Result<Arc<Desk>, Trouble> {
        let user = seated.1.clone();
        let slot = Arc::clone(lock(&self.seats).entry(seated).or_default());
        let (at, ours) = (clock.now(), Arc::clone(clock));
        let (place, budget) = (words, Arc::clone(&self.budget));
        let ask = async move {
            let Opened { config, clock, lasting } = opened.await?;
            let (told, since, wanted) = (Commons::default(), Mutex::default(), Arc::default());
            Ok(Desk { config, clock, lasting, ours, place, user, told, budget, since, wanted })
        };
        slot.or_ask(at, FOR_EVER, None, ask).await
    }
}

/// Where one region is asked as one user.
pub struct Desk {
    config: SdkConfig,
    /// The services' clock.
    pub clock: PeerClock,
    lasting: Option<SharedCredentialsProvider>,
    ours: Arc<dyn Clock>,
    place: String,
    user: String,
    told: Commons,
    budget: Arc<Budget>,
    /// The last step, and when it was heard of: what was asked before is of no use.
    since: Mutex<Option<(u64, Stamp)>>,
    wanted: Arc<Mutex<BTreeSet<Query>>>,
}

/// The newest points of all metrics of a period that anybody wanted when they were asked for.
#[derive(Default)]
struct Points {
    wanted: BTreeSet<Query>,
    of: BTreeMap<Query, Point>,
}

/// When credentials end.
struct Expiry {
    at_ms: Option<i64>,
    /// True where that is later than what was told the last time: whoever gives them renews them.
    moves: bool,
}

impl Desk {
    /// What clients are made from.
    pub fn config(&self) -> &SdkConfig {
        &self.config
    }

    /// The region, or the address that stands in for it.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Who asks.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// Our time.
    pub fn now(&self) -> Stamp {
        self.ours.now()
    }

    /// A step has changed something: whatever was told before is asked again, once for all who hear
    /// of it.
    pub fn forget(&self, step: u64) {
        let mut since = lock(&self.since);
        if since.is_none_or(|(of, _)| of != step) {
            *since = Some((step, self.ours.now()));
        }
    }

    /// An answer that all share, by its type. Whoever is about to act names no time, and asks.
    ///
    /// # Errors
    /// What asking ends with.
    pub async fn told<T: Send + Sync + 'static>(
        &self,
        at: Option<Stamp>,
        ask: impl Future<Output = Result<T, Trouble>> + Send + 'static,
    ) -> Result<Arc<T>, Trouble> {
        self.told_rarely(TOLD_EVERY, at, ask).await
    }

    /// The same, where an answer may be older: what no role and no lag hangs on.
    ///
    /// # Errors
    /// What asking ends with.
    pub async fn told_rarely<T: Send + Sync + 'static>(
        &self,
        every: Duration,
        at: Option<Stamp>,
        ask: impl Future<Output = Result<T, Trouble>> + Send + 'static,
    ) -> Result<Arc<T>, Trouble> {
        match at {
            Some(at) => self.told_each(every, at, ask).await,
            None => ask.await.map(Arc::new),
        }
    }

    /// The same, not older than `every`.
    ///
    /// # Errors
    /// What asking ends with.
    pub async fn told_each<T: Send + Sync + 'static>(
        &self,
        every: Duration,
        at: Stamp,
        ask: impl Future<Output = Result<T, Trouble>> + Send + 'static,
    ) -> Result<Arc<T>, Trouble> {
        self.within_budget(&self.told.of::<Slot<T>>(), every, at, ask).await
    }

    /// An answer on one thing of many, by its name: the more of them there are, the rarer each is
    /// asked for. Whoever is about to act names no time, and asks.
    ///
    /// # Errors
    /// What asking ends with.
    pub async fn told_of<T: Send + Sync + 'static>(
        &self,
        name: &str,
        at: Option<Stamp>,
        ask: impl Future<Output = Result<T, Trouble>> + Send + 'static,
    ) -> Result<Arc<T>, Trouble> {
        let Some(at) = at else { return ask.await.map(Arc::new) };
        let (slot, count) = self.told.of::<Named<T>>().of(name);
        let every = TOLD_EVERY.max(ONE_EACH.saturating_mul(count));
        self.within_budget(&slot, every, at, ask).await
    }

    async fn within_budget<T: Send + Sync + 'static>(
        &self,
        slot: &Slot<T>,
        every: Duration,
        at: Stamp,
        ask: impl Future<Output = Result<T, Trouble>> + Send + 'static,
    ) -> Result<Arc<T>, Trouble> {
        let since = lock(&self.since).map(|(_, since)| since);
        let every = self.budget.allows(slot.shared(), every);
        slot.or_ask(at, every, since, ask).await
    }

    /// The newest point of each metric, all that anybody wants of one period in one request; none
    /// where there is none, or none yet.
    ///
    /// # Errors
    /// When they cannot be asked for.
    pub async fn points(
        &self,
        queries: &[Query],
        at: Stamp,
    ) -> Result<Vec<Option<Point>>, Trouble> {
        lock(&self.wanted).extend(queries.iter().cloned());
        let mut points = vec![None; queries.len()];
        for period in Period::ALL {
            let of_period = |query: &&Query| query.period == period;
            let some: Vec<&Query> = queries.iter().filter(of_period).collect();
            if some.is_empty() {
                continue;
            }
            let told = self.points_of(period, &some, at).await?;
            for (query, point) in queries.iter().zip(&mut points) {
                *point = point.or_else(|| told.of.get(query).copied());
            }
        }
        Ok(points)
    }

    async fn points_of(
        &self,
        period: Period,
        queries: &[&Query],
        at: Stamp,
    ) -> Result<Arc<Points>, Trouble> {
        let (slot, _) = self.told.of::<Named<Points>>().of(&format!("{period:?}"));
        let has_all = |last: &Points| queries.iter().all(|query| last.wanted.contains(*query));
        let of_period = |query: &&Query| query.period == period;
        let count = lock(&self.wanted).iter().filter(of_period).count();
        let last = slot.last();
        let every = match &last {
            Some(last) if has_all(last) => period.every(),
            Some(_) | None => METRICS_FIRST,
        };
        // It counts, and is not made rarer: a lag is as old as its point.
        self.budget.set(slot.shared(), period.every());
        // All systems look first at about one time.
        let gather = if last.is_none() { GATHERED_IN } else { Duration::ZERO };
        let client = aws_sdk_cloudwatch::Client::new(&self.config);
        let (place, user) = (format!("CloudWatch of {}", self.place), self.user.clone());
        let wanted = Arc::clone(&self.wanted);
        let ask = async move {
            tokio::time::sleep(gather).await;
            let mut wanted = lock(&wanted).clone();
            wanted.retain(|query| query.period == period);
            let asked = Asked { place: &place, user: &user, right: "cloudwatch:GetMetricData" };
            let all: Vec<Query> = wanted.iter().cloned().collect();
            let points = newest(&client, &asked, &all, period, at.wall_ms).await?;
            let of = all.into_iter().zip(points);
            let of = of.filter_map(|(query, point)| Some((query, point?))).collect();
            Ok(Points { wanted, of })
        };
        // No step changes what was measured before it.
        let told = paced::each(period.every(), async {
            slot.shared().want(period.every());
            slot.shared().measure(count, METRIC_USD);
            slot.or_ask(at, every, None, ask).await
        });
        told.await
    }

    /// When our credentials end, in milliseconds since 1970; none for those that do not, or that
    /// are renewed by themselves.
    pub async fn expires_ms(&self, at: Stamp) -> Option<i64> {
        let lasting = self.lasting.clone()?;
        let slot = self.told.of::<Slot<Expiry>>();
        let last = slot.last();
        let ask = async move {
            let at_ms = expires_ms(&lasting).await;
            let last = last.and_then(|last| last.at_ms);
            let moves = at_ms.zip(last).is_some_and(|(at_ms, last)| at_ms > last);
            Ok(Expiry { at_ms, moves })
        };
        // That is asked of ourselves.
        let told = slot.or_ask(at, EXPIRY_EVERY, None, ask).await.ok()?;
        told.at_ms.filter(|_| !told.moves)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use aws_credential_types::Credentials;
    use aws_credential_types::credential_fn::provide_credentials_fn;

    use super::*;
    use crate::domain::time::BootId;
    use crate::stand::HandClock;

    fn at(boot_s: u64) -> Stamp {
        Stamp { wall_ms: 0, boot_ms: boot_s * 1000, boot: BootId(1) }
    }

    #[tokio::test]
    async fn credentials_that_are_renewed_by_themselves_do_not_end() {
        let ends_s = Arc::new(AtomicUsize::new(0));
        let given = Arc::clone(&ends_s);
        let give = move || {
            let ends_s = u64::try_from(given.load(Ordering::Relaxed)).expect("small");
            let end =
                Some(std::time::UNIX_EPOCH + Duration::from_secs(ends_s)).filter(|_| ends_s > 0);
            async move { Ok(Credentials::new("key", "secret", None, end, "test")) }
        };
        let desk = |lasting| Desk {
            config: SdkConfig::builder().build(),
            clock: PeerClock::default(),
            lasting,
            ours: Arc::new(HandClock::at(0)),
            place: "one".to_owned(),
            user: "u".to_owned(),
            told: Commons::default(),
            budget: Arc::default(),
            since: Mutex::default(),
            wanted: Arc::default(),
        };
        let some = desk(Some(SharedCredentialsProvider::new(provide_credentials_fn(give))));
        // When it is asked, when what is given then ends, and what is told.
        let check = async |now_s: u64, end_s: usize, want: Option<i64>| {
            ends_s.store(end_s, Ordering::Relaxed);
            assert_eq!(some.expires_ms(at(now_s)).await, want.map(|s| s * 1000), "at {now_s}");
        };
        check(100, 0, None).await;
        check(160, 3700, Some(3700)).await;
        check(219, 3760, Some(3700)).await;
        // Who gives new ones each time is not believed to stop.
        check(220, 3820, None).await;
        check(280, 3880, None).await;
        // What stays is what it is, also after a person has logged in again.
        check(340, 3880, Some(3880)).await;
        check(400, 9000, None).await;
        check(460, 9000, Some(9000)).await;
        assert_eq!(desk(None).expires_ms(at(100)).await, None);
    }
}
