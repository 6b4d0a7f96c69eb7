//! A server that stands in both regions: what a kind of it knows, and where one side of it is met.
//!
//! A kind says what its settings are, how to connect, what to ask and what the answers mean; all
//! else is here and in [`super::pair`], [`super::seat`], [`super::task`] and [`super::beating`].

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use crate::domain::catalogue::ActionSpec;
use crate::domain::ids::Side;
use crate::domain::reading::{Identity, Reading};
use crate::domain::setting::Setting;
use crate::domain::settings::{Fault, Fields, Span, Table};
use crate::domain::site::SystemSpec;
use crate::domain::text::Clean;
use crate::domain::time::Stamp;
use crate::port::{About, Beat, Clock, Commons, Credential, Secrets};
use crate::systems::kit::endpoint::{ACT, BEAT, CA, Endpoint, READ};
use crate::systems::kit::sides::{both_sides, side_table};
use crate::systems::kit::tls::Trust;
use crate::systems::kit::trouble::{Trouble, TroubleKind};

pub use crate::systems::kit::learned::Learned;
pub use crate::systems::kit::sight::Sight;

/// A kind of server with a side in each region.
pub trait Server: Clone + Send + Sync + 'static {
    /// What it says of itself.
    const ABOUT: About;
    /// Its port, with the default.
    const PORT: Setting<u16>;
    /// Who logs in where nobody is named, as the server calls that user.
    const USER_DEFAULT: Option<&'static str> = None;
    /// How long a connection is kept between looks; none where each look connects anew. What stands
    /// between us and a server may lead new connections elsewhere while it holds on to ours.
    const KEPT_FOR: Option<Duration> = None;
    /// The longest time for an operator to open a connection, or to wait for an answer.
    const ANSWER_LIMIT: Duration = Duration::from_secs(5);

    /// One side's settings beside its address and secrets.
    type Own: Clone + Send + Sync + 'static;
    /// An open connection. Dropping it closes it.
    type Session: Send + Sync + 'static;
    /// What a side told in one look.
    type State: Send + Sync + 'static;
    /// What looks at the pair have taught that a single look does not tell.
    type Learned: Learned + 'static;
    /// What is known of a side that is not asked in each look, and not written down.
    type Aside: Default + Send + Sync + 'static;

    /// Reads where one side is.
    ///
    /// # Errors
    /// When that is not written, or wrong.
    fn endpoint(fields: &Fields<'_>) -> Result<Endpoint, Fault> {
        Endpoint::read(fields, &Self::PORT)
    }
    /// Reads one side's own settings; unknown keys are refused afterwards.
    ///
    /// # Errors
    /// When one is wrong.
    fn own(fields: &Fields<'_>, endpoint: &Endpoint) -> Result<Self::Own, Fault>;
    /// Compares and completes both sides' settings.
    ///
    /// # Errors
    /// When they do not fit together.
    fn pair(_sides: &mut [Option<Written<Self>>; 2], _spec: &SystemSpec) -> Result<(), Fault> {
        Ok(())
    }
    /// A further secret for watching, and where what a probe opens by it is kept.
    fn also_read(_own: &mut Self::Own) -> Option<(&str, &mut Option<Credential>)> {
        None
    }
    /// Addresses in the place of a provider's own, per region.
    ///
    /// # Errors
    /// When the settings are wrong.
    fn stand_ins(_spec: &SystemSpec) -> Result<[Option<Clean>; 2], Fault> {
        Ok([None, None])
    }
    /// Takes from what the probes of a console share what this one needs.
    fn share(_own: &mut Self::Own, _commons: &Commons) {}
    /// True where connections are encrypted, or may be.
    fn speaks_tls(own: &Self::Own) -> bool;
    /// The user that is written beside the secrets.
    fn user(_own: &Self::Own) -> Option<&str> {
        None
    }
    /// What a side is called in sentences: `pg-a:5432/lms`.
    fn place(endpoint: &Endpoint, _own: &Self::Own) -> String {
        endpoint.place()
    }
    /// False where the driver finds the addresses of the name by itself, or has other ones:
    /// [`Server::connect`] gets none then.
    fn dials(_own: &Self::Own) -> bool {
        true
    }
    /// Why a step is not meant for a side that is made like this: "is a cluster: use …".
    fn unsuited(_own: &Self::Own, _step: &ActionSpec) -> Option<&'static str> {
        None
    }
    /// Before the first look, from both sides' settings.
    fn unlearned(sides: [Option<&Self::Own>; 2]) -> Self::Learned;

    /// Opens a session, at this address of the name; without one over a local socket.
    fn connect(
        target: &Target<Self>,
        peer: Option<SocketAddr>,
        limit: Duration,
    ) -> impl Future<Output = Result<Self::Session, Trouble>> + Send;
    /// True when the server has closed it.
    fn is_closed(_session: &Self::Session) -> bool {
        false
    }
    /// A step has changed something: what was asked before is of no use, also to other sessions,
    /// which hear of the same step under the same number.
    fn forget(_session: &Self::Session, _step: u64) {}
    /// Which server a session goes to.
    fn identify(
        session: &Self::Session,
        target: &Target<Self>,
    ) -> impl Future<Output = Result<Identity, Trouble>> + Send;
    /// Asks a side everything; its heartbeat too where `watched`.
    fn ask(
        session: &Self::Session,
        target: &Target<Self>,
        watched: bool,
    ) -> impl Future<Output = Result<Self::State, Trouble>> + Send;
    /// Which server told this.
    fn identity(state: &Self::State) -> Identity;
    /// True when a session that is kept tells other than one that is opened now.
    fn is_outdated(_state: &Self::State) -> bool {
        false
    }

    /// Which side must be asked once more: what was written between the two reads is no lag.
    fn again(_a: &Self::State, _b: &Self::State) -> Option<Side> {
        None
    }
    /// Takes over what a side told when it was asked once more, if it did.
    fn renew(_state: &mut Self::State, _newer: Option<Self::State>, _other: &Self::State) {}
    /// Learns from a look, and tells each side what was learned before.
    fn learn(learned: &mut Self::Learned, told: [Option<&mut Self::State>; 2], at: Stamp);
    /// Asks what not each look asks, in what is `left` of one; false if the session is of no use.
    fn look_aside(
        _session: &Self::Session,
        _target: &Target<Self>,
        _state: &mut Self::State,
        _aside: &mut Self::Aside,
        _at: Stamp,
        _left: Duration,
    ) -> impl Future<Output = bool> + Send {
        std::future::ready(true)
    }
    /// How often this side's heartbeat is to be written, where the site names one.
    fn beats_every(_own: &Self::Own) -> Option<Duration> {
        None
    }
    /// What is written as this side's heartbeat: "key `dr:hb:a`".
    fn beats_what(_own: &Self::Own, _side: Side) -> String {
        "a heartbeat".to_owned()
    }
    /// Writes the heartbeat of this side, if it is one that takes writes; `at` is the writer's
    /// time, worth less than the server's own. A side that refuses writes as a standby is
    /// [`Beat::Standby`], or [`TroubleKind::ReadOnly`]; one that is fenced is neither.
    fn beat(
        _session: &Self::Session,
        target: &Target<Self>,
        _side: Side,
        _at: Stamp,
    ) -> impl Future<Output = Result<Beat, Trouble>> + Send {
        let why = format!("{} has no heartbeat", target.place);
        std::future::ready(Err(Trouble::unsent(TroubleKind::Ours, why)))
    }

    /// What all this means for one side.
    fn judge(view: &Sight<'_, Self>) -> Reading;
}

/// One side as written.
pub struct Written<S: Server> {
    /// Where it is.
    pub endpoint: Endpoint,
    /// What the kind reads beside that.
    pub own: S::Own,
    /// The file of the authorities to trust.
    pub ca: Option<std::path::PathBuf>,
    /// The secret for watching.
    pub read: Option<String>,
    /// The secret for acting.
    pub act: Option<String>,
    /// The secret for heartbeats.
    pub beat: Option<String>,
    /// Where it stands in the file.
    pub span: Span,
}

impl<S: Server> Written<S> {
    fn read(table: &Table, what: &str) -> Result<Self, Fault> {
        let fields = Fields::new(table, what);
        fields.know(S::ABOUT.settings.iter().map(|setting| setting.name));
        let endpoint = S::endpoint(&fields)?;
        let has = |name| S::ABOUT.settings.iter().any(|setting| setting.name == name);
        let written = Self {
            own: S::own(&fields, &endpoint)?,
            endpoint,
            ca: CA.of(&fields)?,
            read: READ.of(&fields)?,
            act: ACT.of(&fields)?,
            beat: if has(BEAT.spec.name) { BEAT.of(&fields)? } else { None },
            span: table.span,
        };
        fields.finish()?;
        Ok(written)
    }

    /// Reads both sides of a system.
    ///
    /// # Errors
    /// The first setting that is wrong.
    pub fn both(spec: &SystemSpec) -> Result<[Option<Self>; 2], Fault> {
        for (key, _) in spec.sides.iter().flatten().flat_map(|table| &table.entries) {
            let name = key.name.as_str();
            if S::ABOUT.settings.iter().any(|setting| setting.of_pair && setting.name == name) {
                let why = format!("`{name}` is for both sides: write it beside `a` and `b`");
                return Err(Fault::new(key.span, why));
            }
        }
        let mut sides = both_sides(spec, Self::read)?;
        S::pair(&mut sides, spec)?;
        let in_vain = |side: &&Self| side.beat.is_some() && S::beats_every(&side.own).is_none();
        match sides.iter().flatten().find(in_vain) {
            Some(side) => {
                let why = "has `beat`, and no `heartbeat` that it would write: name that too";
                Err(Fault::new(side.span, format!("system `{}` {why}", spec.id)))
            }
            None => Ok(sides),
        }
    }

    /// Reads the side that a step acts on.
    ///
    /// # Errors
    /// The first setting that is wrong, or that the system is not in that region.
    pub fn one(spec: &SystemSpec, side: Side) -> Result<Self, Fault> {
        if side_table(spec, side).is_none() {
            let message = format!("system `{}` is not in region {side}", spec.id);
            return Err(Fault::new(spec.span, message));
        }
        let [a, b] = Self::both(spec)?;
        let one = if side == Side::A { a } else { b };
        Ok(one.expect("a side with settings was read"))
    }
}

/// Everything that is needed to connect to one side as one user.
#[derive(Clone)]
pub struct Target<S: Server> {
    /// Where it is.
    pub endpoint: Endpoint,
    /// The kind's own settings of the side.
    pub own: S::Own,
    /// What it is called in sentences: `pg-a:5432/lms`.
    pub place: String,
    /// The user that logs in.
    pub user: String,
    /// True when the site or the secret names the user.
    pub user_is_named: bool,
    /// The password.
    pub secret: Option<SecretString>,
    /// Whom connections trust; none where they are not encrypted.
    pub trust: Option<Trust>,
    /// Their file, for drivers that bring a TLS of their own.
    pub ca: Option<std::path::PathBuf>,
    /// The longest time that the server works on one request, where it can be told that.
    pub answers_in: Option<Duration>,
    /// The time, for what is signed with it.
    pub clock: Arc<dyn Clock>,
    /// The only server that may answer, and what it is called then; any where none is told.
    meant: Option<(Identity, String)>,
}

impl<S: Server> Target<S> {
    /// The target of one side, as the user of `secret`.
    ///
    /// # Errors
    /// When the secret cannot be opened, names no user where one is needed, or the file of
    /// authorities cannot be read.
    pub fn new(
        written: &Written<S>,
        secret: Option<&str>,
        secrets: &dyn Secrets,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, Fault> {
        let fault = |message: String| Fault::new(written.span, message);
        let opened = secret.map(|name| secrets.open(name)).transpose();
        let credential = opened.map_err(|why| fault(why.to_string()))?.unwrap_or_default();
        let (endpoint, own) = (written.endpoint.clone(), written.own.clone());
        let place = S::place(&endpoint, &own);
        let named = S::user(&own).map(str::to_owned).or(credential.user);
        let user_is_named = named.is_some();
        let user = named.or_else(|| S::USER_DEFAULT.map(str::to_owned));
        let user =
            user.ok_or_else(|| fault(format!("neither {place} nor its secret names a user")))?;
        let trust = S::speaks_tls(&own).then(|| Trust::of(written.ca.as_deref())).transpose();
        Ok(Self {
            trust: trust.map_err(fault)?,
            secret: credential.secret,
            endpoint,
            own,
            place,
            user,
            user_is_named,
            ca: written.ca.clone(),
            answers_in: None,
            clock: Arc::clone(clock),
            meant: None,
        })
    }

    /// The same place, where only this server may answer; sentences call it `name`.
    pub fn meant_for(self, meant: Option<Identity>, name: &str) -> Self {
        Self { meant: meant.map(|meant| (meant, name.to_owned())), ..self }
    }

    /// The same place, whoever answers.
    pub fn whoever(&self) -> Self {
        Self { meant: None, ..self.clone() }
    }

    /// The same place, where the server may work so long on one request.
    pub fn answering_in(&self, limit: Duration) -> Self {
        Self { answers_in: Some(limit), ..self.clone() }
    }

    /// Opens a session within `limit`. Where a server is meant, another one that answers is asked
    /// for nothing but its identity.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn connect(&self, limit: Duration) -> Result<S::Session, Trouble> {
        self.reach(limit).await.map(|(session, _)| session)
    }

    /// The same, with the address that answered.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn reach(
        &self,
        limit: Duration,
    ) -> Result<(S::Session, Option<SocketAddr>), Trouble> {
        let opening = async {
            // A driver's future is big, and every operator would carry it.
            let opened = Box::pin(self.open(limit)).await?;
            if let Some((meant, name)) = &self.meant {
                let met = S::identify(&opened.0, self).await?;
                if let Some(why) = met.another(name, Some(meant)) {
                    let why = format!("{why}; nothing was done there, at {}", self.place);
                    return Err(Trouble::new(TroubleKind::OtherServer, why));
                }
            }
            Ok(opened)
        };
        tokio::time::timeout(limit, opening)
            .await
            .unwrap_or_else(|_| Err(Trouble::timeout(&self.place, limit)))
    }

    /// Tries the addresses of the name one after the other, so that the one that answered is known.
    async fn open(&self, limit: Duration) -> Result<(S::Session, Option<SocketAddr>), Trouble> {
        if self.endpoint.is_folder() || !S::dials(&self.own) {
            return Ok((S::connect(self, None, limit).await?, None));
        }
        let unreachable = |why: Clean| {
            let message = format!("{} cannot be reached: {why}", self.place);
            Trouble::unsent(TroubleKind::Unreachable, message)
        };
        let mut last = unreachable("its name leads nowhere".into());
        for peer in self.endpoint.addresses(limit).await.map_err(unreachable)? {
            match S::connect(self, Some(peer), limit).await {
                Err(trouble) if trouble.kind == TroubleKind::Unreachable => last = trouble,
                opened => {
                    tracing::debug!(place = self.place, %peer, ok = opened.is_ok(), "connected");
                    return opened.map(|session| (session, Some(peer)));
                }
            }
        }
        Err(last)
    }
}
