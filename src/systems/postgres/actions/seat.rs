//! Where an operator sits: the target server with acting rights, and the other side to look at.

use std::time::Duration;

use super::super::link::{Session, Target};
use super::super::settings::{Settings, span_of};
use super::super::state::{SideState, read_identity, read_state};
use super::super::trouble::{Trouble, TroubleKind};
use crate::domain::ids::Side;
use crate::domain::reading::Identity;
use crate::domain::settings::{Fault, Fields, Span, Table};
use crate::domain::site::SystemSpec;
use crate::domain::text::Clean;
use crate::port::OperatorSetup;

/// The longest time to open a connection or to answer a question.
pub(super) const ANSWER_LIMIT: Duration = Duration::from_secs(5);

/// The longest time that the other side, which may well be dead, is waited for.
const OTHER_LIMIT: Duration = Duration::from_secs(2);

/// Which secret an operator connects with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rights {
    /// The one for acting.
    Act,
    /// The one for acting; on the other side too, where that has one.
    ActOnBoth,
    /// The one for watching.
    Read,
}

/// One target, resolved.
pub(super) struct Seat {
    pub(super) target: Target,
    /// Looked at; asked for no more than a checkpoint.
    other: Option<Target>,
    pub(super) side: Side,
    /// `pg in Region B`.
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
        let settings = Settings::read(spec)?;
        let Some(written) = &settings.sides[side.index()] else {
            let message = format!("system `{}` is not in region {side}", spec.id);
            return Err(Fault::new(setup.step.span, message));
        };
        let secret = match rights {
            Rights::Read => written.read.as_deref(),
            Rights::Act | Rights::ActOnBoth => Some(written.act.as_deref().ok_or_else(|| {
                let message = format!(
                    "side {side} of system `{}` needs `act`, the name of a secret with the rights \
                     to act",
                    spec.id
                );
                Fault::new(written.span, message)
            })?),
        };
        let other = settings.sides[side.other().index()].as_ref();
        let other = other.and_then(|other| {
            let secret = match (rights, &other.act) {
                (Rights::ActOnBoth, Some(act)) => Some(act.as_str()),
                _ => other.read.as_deref(),
            };
            let target = Target::new(&settings, other, secret, setup.secrets);
            Some(target.ok()?.meant_for(setup.expected.other.clone()))
        });
        let target = Target::new(&settings, written, secret, setup.secrets)?;
        let region = setup.site.region(side).label.clone();
        Ok(Self {
            target: target.meant_for(setup.expected.target.clone()),
            other,
            side,
            name: format!("{} in {region}", spec.id),
            region,
            other_region: setup.site.region(side.other()).label.clone(),
            alone: setup.expected.alone,
        })
    }

    /// A session on the target.
    pub(super) async fn open(&self) -> Result<Session, Trouble> {
        self.target.connect(ANSWER_LIMIT, ANSWER_LIMIT).await
    }

    /// Who answers now under the target's name, whoever is meant.
    pub(super) async fn identity(&self) -> Result<Option<Identity>, Clean> {
        let met = async { self.identity_on(&self.open_any().await?).await };
        met.await.map(Some).map_err(|trouble| trouble.message)
    }

    /// A session on whatever server answers under the target's name.
    pub(super) async fn open_any(&self) -> Result<Session, Trouble> {
        self.target.clone().meant_for(None).connect(ANSWER_LIMIT, ANSWER_LIMIT).await
    }

    /// Who answers on a session.
    pub(super) async fn identity_on(&self, session: &Session) -> Result<Identity, Trouble> {
        self.within(ANSWER_LIMIT, read_identity(session)).await
    }

    /// Waits for an answer of the target, no longer than `limit`.
    pub(super) async fn within<T>(
        &self,
        limit: Duration,
        work: impl Future<Output = Result<T, Trouble>>,
    ) -> Result<T, Trouble> {
        tokio::time::timeout(limit, work)
            .await
            .unwrap_or_else(|_| Err(Trouble::timeout(&self.target.place, limit.as_millis())))
    }

    /// How the target stands.
    pub(super) async fn state(&self) -> Result<SideState, Trouble> {
        self.state_on(&self.open().await?).await
    }

    /// How the server of a session stands.
    pub(super) async fn state_on(&self, session: &Session) -> Result<SideState, Trouble> {
        self.within(ANSWER_LIMIT, read_state(session, None)).await
    }

    /// How the other side stands.
    pub(super) async fn other_state(&self) -> Result<SideState, Trouble> {
        let session = self.open_other().await?;
        self.within(OTHER_LIMIT, read_state(&session, None)).await
    }

    /// A session on the other side.
    pub(super) async fn open_other(&self) -> Result<Session, Trouble> {
        let Some(other) = &self.other else {
            let message = format!("{} cannot be asked", self.other_region);
            return Err(Trouble::new(TroubleKind::Ours, message));
        };
        other.connect(OTHER_LIMIT, OTHER_LIMIT).await
    }

    /// `wr_act on pg-b:5432/lms`.
    pub(super) fn acts_as(&self) -> Clean {
        format!("{} on {}", self.target.user, self.target.place).into()
    }
}

/// Refuses a target that is no Postgres pair, or one that nobody may act on.
pub(super) fn check_target(system: Option<&SystemSpec>, rights: Rights) -> Result<(), Fault> {
    let Some(spec) = system else {
        let message = "the step needs `target = { system = \"pg\", in = \"to\" }`";
        return Err(Fault::new(Span::default(), message));
    };
    if spec.kind != super::super::KIND {
        let message = format!("system `{}` is of kind `{}`, not postgres", spec.id, spec.kind);
        return Err(Fault::new(spec.span, message));
    }
    let settings = Settings::read(spec)?;
    let somebody = settings.sides.iter().flatten().any(|side| side.act.is_some());
    match rights {
        Rights::Act | Rights::ActOnBoth if !somebody => {
            let message = format!("system `{}` needs `act` on the side that is acted on", spec.id);
            Err(Fault::new(spec.span, message))
        }
        Rights::Act | Rights::ActOnBoth | Rights::Read => Ok(()),
    }
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
