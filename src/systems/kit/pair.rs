//! The probe of a pair of servers: both sides at once, each within its deadline, one reconnect.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::name::Leads;
use super::paced;
use super::server::{Learned, Server, Sight, Target, Written};
use super::trouble::{Trouble, TroubleKind};
use crate::domain::ids::Side;
use crate::domain::reading::Look;
use crate::domain::settings::Fault;
use crate::domain::text::Clean;
use crate::domain::time::Stamp;
use crate::port::{Boxed, Clock, Looks, Probe, ProbeSetup, Spent};

/// The probe of one pair.
pub struct PairProbe<S: Server> {
    clock: Arc<dyn Clock>,
    sides: [Option<SideProbe<S>>; 2],
    learned: S::Learned,
    /// The time between two looks, and where what they ask is counted.
    every: Duration,
    spent: Arc<Spent>,
}

/// One side: its connection and what is kept between looks.
struct SideProbe<S: Server> {
    target: Target<S>,
    limit: Duration,
    kept: Option<Kept<S>>,
    /// Why the name leads nowhere, although the kept session works.
    nameless: Option<Clean>,
    aside: S::Aside,
}

/// A session that may be used again.
struct Kept<S: Server> {
    session: S::Session,
    /// The address that it goes to; none over a local socket.
    peer: Option<SocketAddr>,
    opened: Stamp,
}

/// What one side told, and how long it took.
struct Told<S: Server> {
    state: S::State,
    took_ms: u64,
}

/// What one side told, or why nothing; none where the system is not in that region.
type Heard<S> = Option<Result<Told<S>, Trouble>>;

impl<S: Server> PairProbe<S> {
    /// Builds it; opens no connection.
    ///
    /// # Errors
    /// When a setting is wrong or a secret cannot be opened.
    pub fn new(setup: &ProbeSetup<'_>) -> Result<Self, Fault> {
        let mut written = Written::<S>::both(setup.spec)?;
        for side in written.iter_mut().flatten() {
            S::share(&mut side.own, &setup.commons);
            let Some((name, kept)) = S::also_read(&mut side.own) else { continue };
            let opened = setup.secrets.open(name);
            *kept = Some(opened.map_err(|why| Fault::new(side.span, why.to_string()))?);
        }
        // A little is left for the console to receive what was found.
        let limit = setup.spec.timeout * 9 / 10;
        let side = |written: &Option<Written<S>>| {
            let made = written.as_ref().map(|written| {
                Ok(SideProbe {
                    target: Target::new(
                        written,
                        written.read.as_deref(),
                        setup.secrets,
                        &setup.clock,
                    )?,
                    limit,
                    kept: None,
                    nameless: None,
                    aside: S::Aside::default(),
                })
            });
            made.transpose()
        };
        let [a, b] = &written;
        let owns = [a, b].map(|side| side.as_ref().map(|side| &side.own));
        Ok(Self {
            clock: Arc::clone(&setup.clock),
            sides: [side(a)?, side(b)?],
            learned: S::unlearned(owns),
            every: setup.spec.every,
            spent: setup.commons.of(),
        })
    }

    async fn look_both(&mut self) -> Looks {
        let at = self.clock.now();
        let clock = &*self.clock;
        let [a, b] = &mut self.sides;
        let (a, b) = tokio::join!(
            SideProbe::look_if_any(a.as_mut(), at, clock),
            SideProbe::look_if_any(b.as_mut(), at, clock)
        );
        let mut heard = [a, b];
        self.ask_again(&mut heard, at).await;
        let [a, b] = &mut heard;
        S::learn(&mut self.learned, [told(a), told(b)], at);
        let looks = Side::BOTH.map(|side| self.judge(at, side, &heard));
        if S::KEPT_FOR.is_none() {
            self.sides.iter_mut().flatten().for_each(|side| side.kept = None);
        }
        let [a, b] = looks;
        Looks { a, b }
    }

    /// Asks one side once more where the order of asking made a difference that is none.
    async fn ask_again(&mut self, heard: &mut [Heard<S>; 2], at: Stamp) {
        let [Some(Ok(a)), Some(Ok(b))] = heard else { return };
        let Some(side) = S::again(&a.state, &b.state) else { return };
        let (again, other) = if side == Side::A { (a, b) } else { (b, a) };
        let Some(probe) = &mut self.sides[side.index()] else { return };
        let left = probe.limit.saturating_sub(self.clock.now().since(at));
        let newer = probe.once_more(left).await;
        S::renew(&mut again.state, newer, &other.state);
    }

    fn judge(&self, at: Stamp, side: Side, heard: &[Heard<S>; 2]) -> Option<Look> {
        let probe = self.sides[side.index()].as_ref()?;
        let own = match heard[side.index()].as_ref()? {
            Ok(told) => told,
            Err(trouble) => return Some(Err(trouble.clone().into())),
        };
        let other = heard[side.other().index()].as_ref();
        Some(Ok(S::judge(&Sight {
            at,
            took_ms: own.took_ms,
            side,
            own: &own.state,
            other: other.and_then(|other| other.as_ref().ok()).map(|told| &told.state),
            settings: &probe.target.own,
            user: &probe.target.user,
            learned: &self.learned,
            aside: &probe.aside,
            nameless: probe.nameless.as_ref(),
        })))
    }
}

fn told<S: Server>(heard: &mut Heard<S>) -> Option<&mut S::State> {
    match heard {
        Some(Ok(told)) => Some(&mut told.state),
        Some(Err(_)) | None => None,
    }
}

impl<S: Server> Probe for PairProbe<S> {
    fn look(&mut self) -> Boxed<'_, Looks> {
        let (spent, every) = (Arc::clone(&self.spent), self.every);
        Box::pin(paced::look(spent, every, self.look_both()))
    }

    fn anew(&mut self, step: u64) {
        for kept in self.sides.iter_mut().flatten().filter_map(|side| side.kept.take()) {
            S::forget(&kept.session, step);
        }
    }

    fn learned(&self) -> Option<String> {
        serde_json::to_string(&self.learned).ok()
    }

    fn recall(&mut self, learned: &str) {
        if let Ok(earlier) = serde_json::from_str(learned) {
            self.learned.recall(earlier);
        }
    }
}

impl<S: Server> SideProbe<S> {
    async fn look_if_any(side: Option<&mut Self>, at: Stamp, clock: &dyn Clock) -> Heard<S> {
        Some(side?.look(at, clock).await)
    }

    async fn look(&mut self, at: Stamp, clock: &dyn Clock) -> Result<Told<S>, Trouble> {
        let limit = self.limit;
        let mut state = match tokio::time::timeout(limit, self.state(at)).await {
            Ok(state) => state,
            Err(_) => Err(Trouble::timeout(&self.target.place, limit)),
        };
        let took = clock.now().since(at);
        match (&mut state, &self.kept) {
            // An answer that may still come must not be taken for the next one.
            (Err(_), _) => self.kept = None,
            (Ok(state), Some(Kept { session, .. })) => {
                let (left, aside) = (limit.saturating_sub(took), &mut self.aside);
                if !S::look_aside(session, &self.target, state, aside, at, left).await {
                    self.kept = None;
                }
            }
            (Ok(_), None) => {}
        }
        let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        state.map(|state| Told { state, took_ms })
    }

    /// Asks on the kept connection, or on a new one where that was closed, where it is old, where
    /// the name leads elsewhere by now, or where it would tell other than a new one.
    async fn state(&mut self, at: Stamp) -> Result<S::State, Trouble> {
        self.nameless = None;
        if let Some(told) = self.kept_state(at).await {
            return told;
        }
        self.kept = None;
        let reach = self.target.reach(self.limit);
        let (session, peer) = paced::each(S::KEPT_FOR.unwrap_or_default(), reach).await?;
        let state = S::ask(&session, &self.target, true).await;
        self.kept = Some(Kept { session, peer, opened: at });
        state
    }

    /// What the kept connection tells, while it is what a step would meet too.
    async fn kept_state(&mut self, at: Stamp) -> Option<Result<S::State, Trouble>> {
        let kept = self.kept.as_ref().filter(|kept| !S::is_closed(&kept.session))?;
        S::KEPT_FOR.filter(|age| at.since(kept.opened) < *age)?;
        let (leads, told) = tokio::join!(
            self.target.endpoint.leads_to(kept.peer, self.limit / 2),
            S::ask(&kept.session, &self.target, true)
        );
        match (leads, told) {
            (Leads::Elsewhere, _) => {
                tracing::info!(place = self.target.place, "its name leads elsewhere by now");
                self.aside = S::Aside::default();
                None
            }
            // A kept connection that is found dead says nothing of the server as it is now.
            (Leads::Here | Leads::Nowhere(_), Err(trouble))
                if matches!(trouble.kind, TroubleKind::Cut | TroubleKind::Unreachable) =>
            {
                None
            }
            (_, Ok(state)) if S::is_outdated(&state) => None,
            (Leads::Nowhere(why), told) => {
                // The server is there and says so; only steps would not find it.
                self.nameless = Some(why);
                Some(told)
            }
            (Leads::Here, told) => Some(told),
        }
    }

    /// What the side tells when asked once more on the same session, if it does within `left`.
    async fn once_more(&mut self, left: Duration) -> Option<S::State> {
        let Kept { session, .. } = self.kept.as_ref()?;
        if let Ok(newer) = tokio::time::timeout(left, S::ask(session, &self.target, true)).await {
            return newer.ok();
        }
        self.kept = None;
        None
    }
}
