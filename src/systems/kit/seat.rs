//! Where an operator sits: the server that is acted on, the other side, and who asks.

use std::time::Duration;

use super::server::{Server, Target, Written};
use super::trouble::{Trouble, TroubleKind};
use crate::domain::ids::Side;
use crate::domain::preview::PreviewLine;
use crate::domain::reading::Identity;
use crate::domain::settings::{Fault, Span};
use crate::domain::site::SystemSpec;
use crate::domain::text::Clean;
use crate::port::OperatorSetup;

/// The longest time that the other side, which may well be dead, is waited for.
const OTHER_LIMIT: Duration = Duration::from_secs(2);

/// The time between two looks at something that is awaited.
pub const LOOK_EVERY: Duration = Duration::from_millis(100);

/// How a server stands, or why that is not known.
pub type Told<S> = Result<<S as Server>::State, Trouble>;

/// Which secret an operator connects with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rights {
    /// The one for watching.
    Read,
    /// The one for acting, at the target.
    Act,
    /// The one for acting, at the target; on the other side too, where that has one.
    ActAndAsk,
    /// The one for acting, at the target; the other side must be there to be looked at.
    ActOnPair,
    /// The one for acting, at both sides.
    ActOnBoth,
}

/// One side, with who acts or looks there.
pub struct Bench<S: Server> {
    /// Where and as whom.
    pub target: Target<S>,
}

impl<S: Server> Bench<S> {
    fn new(
        setup: &OperatorSetup<'_>,
        spec: &SystemSpec,
        side: Side,
        rights: Rights,
    ) -> Result<Self, Fault> {
        let written = Written::<S>::one(spec, side)?;
        let is_target = setup.target.is_some_and(|(_, of)| of == side);
        let acts = match rights {
            Rights::Read => false,
            Rights::Act | Rights::ActOnPair => is_target,
            Rights::ActAndAsk => is_target || written.act.is_some(),
            Rights::ActOnBoth => true,
        };
        let secret = if acts {
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
        let name = format!("{} in {}", spec.id, setup.site.region(side).label);
        let expected = if is_target { &setup.expected.target } else { &setup.expected.other };
        let target = Target::new(&written, secret, setup.secrets, &setup.clock)?
            .meant_for(expected.clone(), &name);
        Ok(Self { target })
    }

    /// A session with the server that is meant, and with no other.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn open(&self) -> Result<S::Session, Trouble> {
        self.target.connect(S::ANSWER_LIMIT).await
    }

    /// A session on whatever server answers under the name.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn open_any(&self) -> Result<S::Session, Trouble> {
        self.target.whoever().connect(S::ANSWER_LIMIT).await
    }

    /// Which server has the name now, whoever is meant.
    ///
    /// # Errors
    /// A sentence when it cannot be told.
    pub async fn identity(&self) -> Result<Option<Identity>, Clean> {
        let met = async { self.identity_on(&self.open_any().await?).await };
        met.await.map(Some).map_err(|trouble| trouble.message)
    }

    /// Who answers on a session.
    ///
    /// # Errors
    /// Why that cannot be told.
    pub async fn identity_on(&self, session: &S::Session) -> Result<Identity, Trouble> {
        self.within(S::identify(session, &self.target)).await
    }

    /// How the server stands.
    ///
    /// # Errors
    /// Why that is not known.
    pub async fn state(&self) -> Told<S> {
        self.state_on(&self.open().await?).await
    }

    /// How the server of a session stands.
    ///
    /// # Errors
    /// Why that is not known.
    pub async fn state_on(&self, session: &S::Session) -> Told<S> {
        // What a kind asks at once is big, and every operator would carry it.
        self.within(Box::pin(S::ask(session, &self.target, false))).await
    }

    /// Waits for an answer, no longer than one may take.
    ///
    /// # Errors
    /// What the work ends with, or that it did not end in time.
    pub async fn within<T>(
        &self,
        work: impl Future<Output = Result<T, Trouble>>,
    ) -> Result<T, Trouble> {
        self.within_limit(S::ANSWER_LIMIT, work).await
    }

    /// The same, no longer than `limit`.
    ///
    /// # Errors
    /// What the work ends with, or that it did not end in time.
    pub async fn within_limit<T>(
        &self,
        limit: Duration,
        work: impl Future<Output = Result<T, Trouble>>,
    ) -> Result<T, Trouble> {
        tokio::time::timeout(limit, work)
            .await
            .unwrap_or_else(|_| Err(Trouble::timeout(&self.target.place, limit)))
    }

    /// What the work gives, if that is soon.
    ///
    /// # Errors
    /// What the work ends with, or that it did not end soon.
    pub async fn soon<T>(
        &self,
        work: impl Future<Output = Result<T, Trouble>>,
    ) -> Result<T, Trouble> {
        self.within_limit(OTHER_LIMIT, work).await
    }

    /// `wr_act on pg-b:5432/lms`.
    pub fn acts_as(&self) -> Clean {
        format!("{} on {}", self.target.user, self.target.place).into()
    }
}

/// One target, resolved.
pub struct Seat<S: Server> {
    /// What is acted on.
    pub own: Bench<S>,
    /// The other side; none where the system is not there, or nobody may look there.
    pub other: Option<Bench<S>>,
    /// The side that is acted on.
    pub side: Side,
    /// `pg in Region B`.
    pub name: String,
    /// `Region B`.
    pub region: Clean,
    /// `Region A`.
    pub other_region: Clean,
    /// True when nothing is meant beside an open primary there.
    pub alone: bool,
}

impl<S: Server> Seat<S> {
    /// Resolves the target of a step. Opens no connection.
    ///
    /// # Errors
    /// When there is no target, a setting is wrong or a secret cannot be opened.
    pub fn new(setup: &OperatorSetup<'_>, rights: Rights) -> Result<Self, Fault> {
        let Some((spec, side)) = setup.target else {
            let message = format!("step `{}` needs a `target`", setup.step.id);
            return Err(Fault::new(setup.step.span, message));
        };
        let (there, own) = (side.other(), Bench::new(setup, spec, side, rights)?);
        let needs_other = matches!(rights, Rights::ActOnPair | Rights::ActOnBoth);
        let other = match spec.sides[there.index()] {
            Some(_) => match Bench::new(setup, spec, there, rights) {
                Err(fault) if needs_other => return Err(fault),
                // The other side is only looked at: a secret that is missing there is no reason
                // not to act here.
                bench => bench.ok(),
            },
            None if needs_other => {
                let message = format!("system `{}` is not in region {there} too", spec.id);
                return Err(Fault::new(setup.step.span, message));
            }
            None => None,
        };
        let label = |side: Side| setup.site.region(side).label.clone();
        Ok(Self {
            own,
            other,
            side,
            name: format!("{} in {}", spec.id, label(side)),
            region: label(side),
            other_region: label(there),
            alone: setup.expected.alone,
        })
    }

    /// How both sides stand, the other one if it answers soon. It is asked after the target, so
    /// that what a replica holds is there by then: a busy one would otherwise seem to hold more.
    pub async fn states(&self) -> (Told<S>, Told<S>) {
        let own = self.own.state().await;
        self.apart(own, self.other_state().await)
    }

    /// The same, on a session with the target that is open.
    pub async fn states_on(&self, session: &S::Session) -> (Told<S>, Told<S>) {
        let own = self.own.state_on(session).await;
        self.apart(own, self.other_state().await)
    }

    /// How the other side stands, if it answers soon.
    ///
    /// # Errors
    /// Why that is not known.
    pub async fn other_state(&self) -> Told<S> {
        let bench = self.other_bench()?;
        bench.soon(bench.state()).await
    }

    /// A session on the other side, if it answers soon.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn open_other(&self) -> Result<S::Session, Trouble> {
        let bench = self.other_bench()?;
        bench.soon(bench.open()).await
    }

    fn other_bench(&self) -> Result<&Bench<S>, Trouble> {
        self.other.as_ref().ok_or_else(|| {
            let message = format!("nobody may look at {}", self.other_region);
            Trouble::new(TroubleKind::Ours, message)
        })
    }

    /// What the target tells under the other side's name is told by nobody on the other side.
    pub fn apart(&self, own: Told<S>, other: Told<S>) -> (Told<S>, Told<S>) {
        let other = match (&own, other) {
            (Ok(own), Ok(other)) if S::identity(own).server == S::identity(&other).server => {
                let (name, there) = (&self.name, &self.other_region);
                let message = format!("the name of {there} leads to the server of {name}");
                Err(Trouble::new(TroubleKind::OtherServer, message))
            }
            (_, other) => other,
        };
        (own, other)
    }
}

/// A line of a preview.
pub fn line(mark: char, text: impl Into<Clean>) -> PreviewLine {
    PreviewLine { mark, text: text.into() }
}

/// Refuses a target that is of another kind, or one that nobody may act on.
///
/// # Errors
/// When it is, with what to write.
pub fn check_target<S: Server>(system: Option<&SystemSpec>, rights: Rights) -> Result<(), Fault> {
    let kind = S::ABOUT.kind;
    let Some(spec) = system else {
        let name = S::ABOUT.example_name;
        let message = format!("the step needs `target = {{ system = \"{name}\", in = \"to\" }}`");
        return Err(Fault::new(Span::default(), message));
    };
    if spec.kind != kind {
        let message = format!("system `{}` is of kind `{}`, not {kind}", spec.id, spec.kind);
        return Err(Fault::new(spec.span, message));
    }
    let sides = Written::<S>::both(spec)?;
    let acted_on = sides.iter().flatten().filter(|side| side.act.is_some()).count();
    let message = match rights {
        Rights::ActOnBoth if acted_on < 2 => {
            format!("system `{}` needs `act` in both `a` and `b`", spec.id)
        }
        Rights::Act | Rights::ActAndAsk | Rights::ActOnPair if acted_on == 0 => {
            format!("system `{}` needs `act` on the side that is acted on", spec.id)
        }
        _ => return Ok(()),
    };
    Err(Fault::new(spec.span, message))
}
