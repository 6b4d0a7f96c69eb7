//! Where an operator sits: the target server, the other side, and who asks.

use std::time::Duration;

use super::super::link::{Session, Target};
use super::super::settings::{self, SideSettings, span_of};
use super::super::state::{SideState, read_identity, read_state};
use super::super::trouble::{Trouble, TroubleKind};
use crate::domain::ids::Side;
use crate::domain::preview::PreviewLine;
use crate::domain::reading::Identity;
use crate::domain::settings::{Fault, Fields, Span, Table};
use crate::domain::site::SystemSpec;
use crate::domain::text::Clean;
use crate::port::OperatorSetup;
use crate::systems::shared::identity::another;

/// The longest time to open a connection or to answer a question.
pub(super) const ANSWER_LIMIT: Duration = Duration::from_secs(3);

/// The longest time that the other side, which may well be dead, is waited for.
const OTHER_LIMIT: Duration = Duration::from_secs(2);

/// The time between two looks at something that is awaited.
pub(super) const LOOK_EVERY: Duration = Duration::from_millis(100);

/// How a server stands, or why that is not known.
pub(super) type Told = Result<SideState, Trouble>;

/// Which secret an operator connects with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rights {
    /// The one for acting, at the target.
    Act,
    /// The one for acting, at both sides.
    ActOnBoth,
    /// The one for watching.
    Read,
}

/// One side, with who acts or looks there.
pub(super) struct Bench {
    /// Where and as whom.
    pub(super) target: Target,
    /// As written.
    pub(super) written: SideSettings,
    /// `cache in Region B`.
    name: String,
    /// Which server is meant.
    expected: Option<Identity>,
}

impl Bench {
    fn new(
        setup: &OperatorSetup<'_>,
        spec: &SystemSpec,
        side: Side,
        act: bool,
    ) -> Result<Self, Fault> {
        let written = settings::read_one(spec, side)?;
        let secret = if act {
            Some(written.act.as_deref().ok_or_else(|| {
                let message = format!(
                    "side {side} of system `{}` needs `act`, the name of a secret with the rights \
                     to act",
                    spec.id
                );
                Fault::new(written.span, message)
            })?)
        } else {
            written.read.as_deref()
        };
        let target = Target::new(&written, secret, setup.secrets)?;
        let is_target = setup.target.is_some_and(|(_, of)| of == side);
        let expected = if is_target { &setup.expected.target } else { &setup.expected.other };
        let name = format!("{} in {}", spec.id, setup.site.region(side).label);
        Ok(Self { target, written, name, expected: expected.clone() })
    }

    /// A session with the server that is meant, and with no other.
    pub(super) async fn open(&self) -> Result<Session, Trouble> {
        let session = self.target.connect(ANSWER_LIMIT).await?;
        if self.expected.is_some() {
            let met = self.within(read_identity(&session, &self.target.place)).await?;
            if let Some(why) = another(&self.name, self.expected.as_ref(), &met) {
                return Err(Trouble::new(TroubleKind::OtherServer, why));
            }
        }
        Ok(session)
    }

    /// Waits for an answer, no longer than [`ANSWER_LIMIT`].
    pub(super) async fn within<T>(
        &self,
        work: impl Future<Output = Result<T, Trouble>>,
    ) -> Result<T, Trouble> {
        tokio::time::timeout(ANSWER_LIMIT, work)
            .await
            .unwrap_or_else(|_| Err(Trouble::timeout(&self.target.place, ANSWER_LIMIT.as_millis())))
    }

    /// How the server stands, on a session that is open.
    pub(super) async fn state_on(&self, session: &Session) -> Result<SideState, Trouble> {
        let (database, place) = (self.written.database, &self.target.place);
        self.within(read_state(session, database, [None, None], place)).await
    }

    /// How the server stands.
    pub(super) async fn state(&self) -> Result<SideState, Trouble> {
        let session = self.open().await?;
        self.state_on(&session).await
    }

    /// What the work gives, if that is soon.
    pub(super) async fn soon<T>(
        &self,
        work: impl Future<Output = Result<T, Trouble>>,
    ) -> Result<T, Trouble> {
        tokio::time::timeout(OTHER_LIMIT, work)
            .await
            .unwrap_or_else(|_| Err(Trouble::timeout(&self.target.place, OTHER_LIMIT.as_millis())))
    }
}

/// One target, resolved.
pub(super) struct Seat {
    /// What is acted on.
    pub(super) own: Bench,
    /// The other side; none where the system is not there.
    pub(super) other: Option<Bench>,
    /// The side.
    pub(super) side: Side,
    /// `cache in Region B`.
    pub(super) name: String,
    /// `Region B`.
    pub(super) region: Clean,
    /// `Region A`.
    pub(super) other_region: Clean,
    /// True when nothing is meant beside an open primary there.
    pub(super) alone: bool,
}

impl Seat {
    /// Resolves the target of a step. Opens no connection.
    pub(super) fn new(setup: &OperatorSetup<'_>, rights: Rights) -> Result<Self, Fault> {
        let Some((spec, side)) = setup.target else {
            let message = format!("step `{}` needs a `target`", setup.step.id);
            return Err(Fault::new(setup.step.span, message));
        };
        let there = side.other();
        let act_there = rights == Rights::ActOnBoth;
        let other =
            spec.sides[there.index()].as_ref().map(|_| Bench::new(setup, spec, there, act_there));
        let other = match other.transpose() {
            Ok(other) => other,
            // The other side is only looked at: a secret that is missing there is no reason not
            // to act here.
            Err(_) if !act_there => None,
            Err(fault) => return Err(fault),
        };
        let own = Bench::new(setup, spec, side, rights != Rights::Read)?;
        Ok(Self {
            name: own.name.clone(),
            own,
            other,
            side,
            region: setup.site.region(side).label.clone(),
            other_region: setup.site.region(there).label.clone(),
            alone: setup.expected.alone,
        })
    }

    /// Which server has the target's name now, whoever is meant.
    pub(super) async fn identity(&self) -> Result<Option<Identity>, Clean> {
        let asked = async {
            let session = self.own.target.connect(ANSWER_LIMIT).await?;
            self.own.within(read_identity(&session, &self.own.target.place)).await
        };
        asked.await.map(Some).map_err(|trouble| trouble.message)
    }

    /// How both sides stand, the other one if it answers soon. It is asked after the target, so
    /// that what a replica holds is there by then: a busy one would otherwise seem to hold more.
    pub(super) async fn states(&self) -> (Told, Told) {
        let own = self.own.state().await;
        self.apart(own, self.other_state().await)
    }

    /// The same, on a session with the target that is open.
    pub(super) async fn states_on(&self, session: &Session) -> (Told, Told) {
        let own = self.own.state_on(session).await;
        self.apart(own, self.other_state().await)
    }

    async fn other_state(&self) -> Told {
        let Some(bench) = &self.other else {
            let message = format!("nobody may look at {}", self.other_region);
            return Err(Trouble::new(TroubleKind::Ours, message));
        };
        bench.soon(bench.state()).await
    }

    /// What the target tells under the other side's name is told by nobody on the other side.
    pub(super) fn apart(&self, own: Told, other: Told) -> (Told, Told) {
        let other = match (&own, other) {
            (Ok(own), Ok(other)) if own.run_id == other.run_id => {
                let (name, there) = (&self.name, &self.other_region);
                let message = format!("the name of {there} leads to the server of {name}");
                Err(Trouble::new(TroubleKind::OtherServer, message))
            }
            (_, other) => other,
        };
        (own, other)
    }

    /// `wr_act on redis-b:6379`.
    pub(super) fn acts_as(&self) -> Clean {
        format!("{} on {}", self.own.target.user, self.own.target.place).into()
    }
}

/// A line of a preview.
pub(super) fn line(mark: char, text: impl Into<Clean>) -> PreviewLine {
    PreviewLine { mark, text: text.into() }
}

/// Refuses a target that is no Redis pair, or one that nobody may act on.
pub(super) fn check_target(system: Option<&SystemSpec>, rights: Rights) -> Result<(), Fault> {
    let Some(spec) = system else {
        let message = "the step needs `target = { system = \"cache\", in = \"to\" }`";
        return Err(Fault::new(Span::default(), message));
    };
    if spec.kind != super::super::KIND {
        let message = format!("system `{}` is of kind `{}`, not redis", spec.id, spec.kind);
        return Err(Fault::new(spec.span, message));
    }
    let sides = settings::read(spec)?;
    let acted_on = sides.iter().flatten().filter(|side| side.act.is_some()).count();
    let message = match rights {
        Rights::ActOnBoth if acted_on < 2 => {
            format!("system `{}` needs `act` in both `a` and `b`", spec.id)
        }
        Rights::Act if acted_on == 0 => {
            format!("system `{}` needs `act` on the side that is acted on", spec.id)
        }
        Rights::Act | Rights::ActOnBoth | Rights::Read => return Ok(()),
    };
    Err(Fault::new(spec.span, message))
}

/// Reads an optional time of `with` between one second and a day.
pub(super) fn read_time(
    with: &Table,
    fields: &Fields<'_>,
    key: &'static str,
    default: Duration,
) -> Result<Duration, Fault> {
    let time = fields.duration(key)?.unwrap_or(default);
    if (Duration::from_secs(1)..=Duration::from_secs(86_400)).contains(&time) {
        Ok(time)
    } else {
        let message = format!("`{key}` must be from 1s to 1d");
        Err(Fault::new(span_of(with, key), message))
    }
}
