//! Where an operator sits: the target server, the other side, and who asks.

use std::time::Duration;

use super::super::link::{Session, Target};
use super::super::settings::{self, SideSettings, span_of};
use super::super::state::{SideState, read_state};
use super::super::trouble::Trouble;
use crate::domain::ids::Side;
use crate::domain::preview::PreviewLine;
use crate::domain::settings::{Fault, Fields, Span, Table};
use crate::domain::site::SystemSpec;
use crate::domain::text::Clean;
use crate::port::{OperatorSetup, Secrets};

/// The longest time to open a connection or to answer a question.
pub(super) const ANSWER_LIMIT: Duration = Duration::from_secs(3);

/// The longest time that the other side, which may well be dead, is waited for.
const OTHER_LIMIT: Duration = Duration::from_secs(2);

/// The time between two looks at something that is awaited.
pub(super) const LOOK_EVERY: Duration = Duration::from_millis(100);

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
}

impl Bench {
    fn new(
        written: SideSettings,
        act: bool,
        id: &str,
        side: Side,
        secrets: &dyn Secrets,
    ) -> Result<Self, Fault> {
        let secret = if act {
            Some(written.act.as_deref().ok_or_else(|| {
                let message = format!(
                    "side {side} of system `{id}` needs `act`, the name of a secret with the \
                     rights to act"
                );
                Fault::new(written.span, message)
            })?)
        } else {
            written.read.as_deref()
        };
        Ok(Self { target: Target::new(&written, secret, secrets)?, written })
    }

    /// A session.
    pub(super) async fn open(&self) -> Result<Session, Trouble> {
        self.target.connect(ANSWER_LIMIT).await
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

    /// How it stands, if it answers soon.
    pub(super) async fn state_soon(&self) -> Option<SideState> {
        tokio::time::timeout(OTHER_LIMIT, self.state()).await.ok()?.ok()
    }

    /// A session, if it opens soon.
    pub(super) async fn open_soon(&self) -> Option<Session> {
        self.target.connect(OTHER_LIMIT).await.ok()
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
}

impl Seat {
    /// Resolves the target of a step. Opens no connection.
    pub(super) fn new(setup: &OperatorSetup<'_>, rights: Rights) -> Result<Self, Fault> {
        let Some((spec, side)) = setup.target else {
            let message = format!("step `{}` needs a `target`", setup.step.id);
            return Err(Fault::new(setup.step.span, message));
        };
        let (id, secrets) = (spec.id.to_string(), setup.secrets);
        let own = settings::read_one(spec, side)?;
        let there = side.other();
        let [a, b] = settings::read(spec)?;
        let other = match there {
            Side::A => a,
            Side::B => b,
        };
        let act_there = rights == Rights::ActOnBoth;
        let other =
            other.map(|written| Bench::new(written, act_there, &id, there, secrets)).transpose();
        let other = match other {
            Ok(other) => other,
            // The other side is only looked at: a secret that is missing there is no reason not
            // to act here.
            Err(_) if !act_there => None,
            Err(fault) => return Err(fault),
        };
        let region = setup.site.region(side).label.clone();
        Ok(Self {
            own: Bench::new(own, rights != Rights::Read, &id, side, secrets)?,
            other,
            side,
            name: format!("{id} in {region}"),
            region,
            other_region: setup.site.region(there).label.clone(),
        })
    }

    /// How the other side stands, if it answers.
    pub(super) async fn other_state(&self) -> Option<SideState> {
        self.other.as_ref()?.state_soon().await
    }

    /// `as wr_act on redis-b:6379`.
    pub(super) fn acts_as(&self) -> Clean {
        format!("as {} on {}", self.own.target.user, self.own.target.place).into()
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
