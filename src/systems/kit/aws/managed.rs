//! A kind of thing that Amazon runs in both regions: what it knows of itself. How it is reached, as
//! whom, how often it is asked and who may act on it is here, once for all of them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;

use super::MACHINE;
use super::arn::Arn;
use super::beside::Beside;
use super::desk::{Desk, Desks};
use super::metrics::Query;
use super::place::{Place, check_caller};
use crate::domain::reading::{Identity, Reading};
use crate::domain::setting::Setting;
use crate::domain::settings::{Fault, Fields};
use crate::domain::site::SystemSpec;
use crate::domain::text::Clean;
use crate::domain::time::Stamp;
use crate::port::{About, Applied, Commons, Output};
use crate::systems::kit::endpoint::{self, Endpoint};
use crate::systems::kit::learned::Nothing;
use crate::systems::kit::server::{Server, Sight, Target, Written};
use crate::systems::kit::task::{At, Task};
use crate::systems::kit::trouble::{Trouble, TroubleKind};

/// The port of Amazon's own endpoints.
pub const PORT: Setting<u16> = endpoint::PORT.or("443");

/// The time between two looks at what was ordered: Amazon throttles whoever asks often.
const PAUSE: Duration = Duration::from_secs(3);

/// A kind of thing that Amazon runs.
pub trait Managed: Clone + Send + Sync + 'static {
    /// What it says of itself.
    const ABOUT: About;
    /// The service, as in addresses: `rds`.
    const SERVICE: &'static str;
    /// What one is called in sentences: `instance`.
    const THING: &'static str;

    /// The service's client.
    type Client: Send + Sync + 'static;
    /// What the site says of a side beside where it is.
    type Named: Clone + Send + Sync + 'static;
    /// What a side told in one look.
    type Told: Send + Sync + 'static;
    /// What is known of a side that is not asked in each look.
    type Aside: Default + Send + Sync + 'static;

    /// Reads what the site says of a side.
    ///
    /// # Errors
    /// When it is wrong.
    fn named(fields: &Fields<'_>) -> Result<Self::Named, Fault>;
    /// What Amazon calls the thing of a side.
    fn name(named: &Self::Named) -> &str;
    /// The service's client.
    fn client(config: &SdkConfig) -> Self::Client;
    /// The metrics of a side.
    fn metrics(own: &Own<Self>) -> Vec<Query>;
    /// Asks a side everything else: what all systems were told lately, or what is so now where no
    /// time is named.
    fn ask(
        session: &Session<Self>,
        own: &Own<Self>,
        at: Option<Stamp>,
    ) -> impl Future<Output = Result<Self::Told, Trouble>> + Send;
    /// Its name with account and region, and what no other one shares, also where one was made anew
    /// under that name.
    fn identity(told: &Self::Told) -> (&str, &str);
    /// Asks what not each look asks, in what is `left` of one.
    fn look_aside(
        _session: &Session<Self>,
        _own: &Own<Self>,
        _aside: &mut Self::Aside,
        _at: Stamp,
        _left: Duration,
    ) -> impl Future<Output = ()> + Send {
        std::future::ready(())
    }
    /// What all this means for one side. What is told of every kind is added to it, see
    /// [`Beside::tell`].
    fn judge(sight: &Sight<'_, Self>) -> Reading
    where
        Self: Sized;
}

/// One side's settings.
#[derive(Clone)]
pub struct Own<K: Managed> {
    /// What the kind reads.
    pub named: K::Named,
    /// Where it is.
    pub at: Place,
    /// What the things of both sides are called.
    pub pair: Vec<String>,
    /// The other side's region.
    pub other_region: Option<String>,
    desks: Arc<Desks>,
}

/// A way to a service of a region, as one user.
pub struct Session<K: Managed> {
    /// What is shared with others who ask there.
    pub desk: Arc<Desk>,
    /// The service.
    pub client: K::Client,
}

impl<K: Managed> Session<K> {
    /// `RDS of eu-west-1`, and who asks there: for questions that are nobody's own.
    pub fn asker(&self) -> (String, String) {
        let place = format!("{} of {}", K::SERVICE.to_uppercase(), self.desk.place());
        (place, self.desk.user().to_owned())
    }

    /// A client for orders, which asks once: of two requests the second may be refused because the
    /// first one, whose answer was lost, was obeyed.
    pub fn once(&self) -> K::Client {
        let config = self.desk.config().clone().into_builder();
        K::client(&config.retry_config(RetryConfig::disabled()).build())
    }

    /// That there is none of that name.
    pub fn absent(&self, name: &str) -> Trouble {
        let words = format!("there is no {} {name} in {}", K::THING, self.desk.place());
        Trouble::unsent(TroubleKind::Refused, words)
    }
}

/// What a side told.
pub struct State<K: Managed> {
    /// The kind's own part.
    pub told: K::Told,
    /// Metrics, time, credentials.
    pub beside: Beside,
    /// Of both sides together: whose data these are.
    data: Clean,
}

impl<K: Managed> State<K> {
    /// For tests: what a side might have told.
    #[cfg(test)]
    pub fn made_up(told: K::Told, beside: Beside) -> Self {
        Self { told, beside, data: "both".into() }
    }

    /// Which one told it.
    pub fn identity(&self) -> Identity {
        let (arn, resource) = K::identity(&self.told);
        Identity { server: format!("{arn} {resource}").into(), data: self.data.clone() }
    }
}

/// Refuses what is of another region or account than the site says.
///
/// # Errors
/// When it is.
pub fn check_meant<K: Managed>(target: &Target<K>, arn: &str) -> Result<(), Trouble> {
    let at = &target.own.at;
    let is_meant = Arn::of(arn).is_some_and(|arn| {
        arn.region == at.region && at.account.as_ref().is_none_or(|account| account == arn.account)
    });
    if is_meant {
        return Ok(());
    }
    let words = format!("{} is {arn}: correct `account`, `region` or the secret", target.place);
    Err(Trouble::unsent(TroubleKind::Ours, words))
}

async fn read<K: Managed>(
    session: &Session<K>,
    target: &Target<K>,
    watched: bool,
) -> Result<State<K>, Trouble> {
    let (own, now) = (&target.own, target.clock.now());
    let queries = K::metrics(own);
    let (told, beside) = tokio::join!(
        K::ask(session, own, watched.then_some(now)),
        Beside::ask(&session.desk, &queries, now, watched)
    );
    let told = told?;
    check_meant(target, K::identity(&told).0)?;
    // What is measured may be known only by what was told.
    let found = K::metrics(own);
    let beside = if watched && found != queries {
        Beside::ask(&session.desk, &found, now, watched).await
    } else {
        beside
    };
    Ok(State { told, beside, data: own.pair.join(" and ").into() })
}

impl<K: Managed> Server for K {
    const ABOUT: About = <K as Managed>::ABOUT;
    const PORT: Setting<u16> = PORT;
    const USER_DEFAULT: Option<&'static str> = Some(MACHINE);
    // The desk that it is a way to lasts as long as the console.
    const KEPT_FOR: Option<Duration> = Some(Duration::from_secs(3600));

    type Own = Own<K>;
    type Session = Session<K>;
    type State = State<K>;
    type Learned = Nothing;
    type Aside = <K as Managed>::Aside;

    fn endpoint(fields: &Fields<'_>) -> Result<Endpoint, Fault> {
        Place::endpoint(fields, K::SERVICE)
    }

    fn own(fields: &Fields<'_>, _endpoint: &Endpoint) -> Result<Self::Own, Fault> {
        let named = K::named(fields)?;
        let pair = vec![K::name(&named).to_owned()];
        let at = Place::read(fields)?;
        Ok(Own { named, at, pair, other_region: None, desks: Arc::default() })
    }

    fn pair(sides: &mut [Option<Written<Self>>; 2], spec: &SystemSpec) -> Result<(), Fault> {
        let [Some(a), Some(b)] = sides else { return Ok(()) };
        if (&a.own.pair, &a.own.at.region) == (&b.own.pair, &b.own.at.region) {
            let message = format!("the two sides of system `{}` are one {}", spec.id, K::THING);
            return Err(Fault::new(b.span, message));
        }
        let pair = [a.own.pair.clone(), b.own.pair.clone()].concat();
        (a.own.pair, b.own.pair) = (pair.clone(), pair);
        let regions = [&b.own.at.region, &a.own.at.region].map(|region| Some(region.clone()));
        [a.own.other_region, b.own.other_region] = regions;
        Ok(())
    }

    fn stand_ins(spec: &SystemSpec) -> Result<[Option<Clean>; 2], Fault> {
        let sides = Written::<Self>::both(spec)?;
        Ok(sides.map(|side| Some(side?.own.at.stand_in()?.into())))
    }

    fn share(own: &mut Self::Own, commons: &Commons) {
        own.desks = commons.of();
    }

    fn dials(_own: &Self::Own) -> bool {
        false
    }

    fn speaks_tls(own: &Self::Own) -> bool {
        own.at.speaks_tls()
    }

    fn place(endpoint: &Endpoint, own: &Self::Own) -> String {
        format!("{} {} in {}", K::THING, K::name(&own.named), own.at.words(endpoint))
    }

    fn unlearned(_sides: [Option<&Self::Own>; 2]) -> Self::Learned {
        Nothing
    }

    async fn connect(
        target: &Target<Self>,
        _peer: Option<SocketAddr>,
        _limit: Duration,
    ) -> Result<Self::Session, Trouble> {
        let desk = Box::pin(target.own.desks.at(target, &target.own.at)).await?;
        Ok(Session { client: K::client(desk.config()), desk })
    }

    fn forget(session: &Self::Session, step: u64) {
        session.desk.forget(step);
    }

    async fn identify(session: &Self::Session, target: &Target<Self>) -> Result<Identity, Trouble> {
        Ok(Box::pin(read(session, target, false)).await?.identity())
    }

    async fn ask(
        session: &Self::Session,
        target: &Target<Self>,
        watched: bool,
    ) -> Result<Self::State, Trouble> {
        // What a look carries is big, and every operator would carry it.
        Box::pin(read(session, target, watched)).await
    }

    fn identity(state: &Self::State) -> Identity {
        state.identity()
    }

    fn learn(_learned: &mut Self::Learned, _told: [Option<&mut Self::State>; 2], _at: Stamp) {}

    async fn look_aside(
        session: &Self::Session,
        target: &Target<Self>,
        _state: &mut Self::State,
        aside: &mut Self::Aside,
        at: Stamp,
        left: Duration,
    ) -> bool {
        K::look_aside(session, &target.own, aside, at, left).await;
        true
    }

    fn judge(sight: &Sight<'_, Self>) -> Reading {
        let reading = <K as Managed>::judge(sight);
        sight.own.beside.tell(sight.settings.at.stand_in(), reading)
    }
}

/// Gives one order for a thing of this ARN, as somebody of its account, and waits until Amazon says
/// that it is done.
///
/// # Errors
/// Why nothing was ordered, or that it is not known to be done within the step's time.
pub async fn order_and_wait<K: Managed, T: Task<On = K>>(
    at: &mut At<T>,
    config: &SdkConfig,
    arn: &str,
    order: (&str, impl Future<Output = Result<(), Trouble>> + Send),
    output: &mut dyn Output,
) -> Applied {
    let (own, began) = (&at.seat.own, at.clock.now());
    let account = Arn::of(arn).map(|arn| arn.account).unwrap_or_default();
    own.within(check_caller(config, &own.target, account))
        .await
        .map_err(Trouble::before_sending)?;
    let (call, order) = order;
    output.line(&format!("{call}: {}", own.target.place));
    own.within(order).await.map_err(Trouble::into_operate_error)?;
    at.wait(began, PAUSE, output).await
}
