//! Everything that is judged at one moment, and what it is asked.

use std::collections::{BTreeSet, HashMap};

use crate::domain::ids::{Side, SystemId};
use crate::domain::link::LinkState;
use crate::domain::reading::Role;
use crate::domain::rules::it_is_us::Reference;
use crate::domain::rules::split_brain;
use crate::domain::rules::{Finding, View, ask, is_signal};
use crate::domain::site::{RuleSpec, Site, SystemSpec};
use crate::domain::snapshot::{Cell, CellState, Snapshot, earlier};
use crate::domain::text::Clean;
use crate::domain::time::{Stamp, short_time};
use crate::domain::verdict::{Primary, Signal, T0Basis};

/// The side that serves or served, and what of it serves elsewhere by now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// The side.
    pub active: Side,
    /// Systems that an open run has moved to the other side: how they are at the old place says
    /// nothing of the one that serves.
    pub moved: BTreeSet<SystemId>,
    /// Systems of the side that an open run is known to have closed to writes. It counts where they
    /// tell nothing themselves.
    pub fenced: BTreeSet<SystemId>,
}

impl From<Side> for Subject {
    fn from(active: Side) -> Self {
        Self { active, moved: BTreeSet::new(), fenced: BTreeSet::new() }
    }
}

/// The rules of each system.
pub(super) type Rules<'a> = HashMap<&'a SystemId, Vec<&'a RuleSpec>>;

/// A system on both sides; a side where it is not is none.
pub(super) type Pair<'a> = [Option<View<'a>>; 2];

/// Every system of the site in its order, found once: a judgement goes through all of them many
/// times.
pub(super) fn pairs<'a>(site: &'a Site, snapshot: &'a Snapshot, now: Stamp) -> Vec<Pair<'a>> {
    let pair = |system| Side::BOTH.map(|side| view(snapshot, system, side, now));
    site.systems.iter().map(pair).collect()
}

/// The system on a side; none where it is not in that region.
fn view<'a>(
    snapshot: &'a Snapshot,
    system: &'a SystemSpec,
    side: Side,
    now: Stamp,
) -> Option<View<'a>> {
    system.sides[side.index()].as_ref()?;
    let cell = snapshot.cell(&system.id, side).unwrap_or(&EMPTY);
    Some(View { system, side, cell, now })
}

/// Everything that is judged, at one moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scene<'a> {
    pub(super) site: &'a Site,
    pub(super) snapshot: &'a Snapshot,
    pub(super) pairs: &'a [Pair<'a>],
    pub(super) rules: &'a Rules<'a>,
    pub(super) active: Side,
    pub(super) about: &'a Subject,
    pub(super) now: Stamp,
}

/// What a standby's link tells of a source that is silent to us.
pub(super) enum Witness {
    /// It hears nothing either.
    Lost,
    /// It has heard its source since that fell silent to us.
    Receives,
    /// It heard it last before that, so long ago: nobody can tell yet.
    HeardBefore(std::time::Duration),
}

/// A system that fails by one of its rules.
pub(super) struct Failing<'a> {
    pub(super) signal: Signal,
    pub(super) view: View<'a>,
}

static EMPTY: std::sync::LazyLock<Cell> = std::sync::LazyLock::new(Cell::default);

impl<'a> Scene<'a> {
    /// The rules of a system, in the order of the site file.
    pub(super) fn rules(&self, system: &SystemId) -> impl Iterator<Item = &'a RuleSpec> + use<'a> {
        self.rules.get(system).into_iter().flatten().copied()
    }

    pub(super) fn standby(&self) -> Side {
        self.active.other()
    }

    /// Where a system serves: a run moves one after the other.
    pub(super) fn serving(&self, system: &SystemId) -> Side {
        if self.about.moved.contains(system) { self.standby() } else { self.active }
    }

    /// Each system at the place where it serves.
    pub(super) fn serving_views(&self) -> impl Iterator<Item = View<'a>> + use<'a> {
        let scene = *self;
        let serves = move |view: &View<'_>| scene.serving(&view.system.id) == view.side;
        Side::BOTH.into_iter().flat_map(move |side| scene.views(side)).filter(serves)
    }

    /// The system on a side; none where it is not in that region.
    pub(super) fn view(&self, system: &'a SystemSpec, side: Side) -> Option<View<'a>> {
        view(self.snapshot, system, side, self.now)
    }

    pub(super) fn views(&self, side: Side) -> impl Iterator<Item = View<'a>> + use<'a> {
        let scene = *self;
        let idle = move |system: &SystemSpec| system.idle_standby && side == scene.standby();
        self.pairs
            .iter()
            .filter_map(move |pair| pair[side.index()])
            .filter(move |view| !idle(view.system))
    }

    /// Each system with its sides.
    pub(super) fn systems(&self) -> impl Iterator<Item = (&'a SystemSpec, Pair<'a>)> + use<'a> {
        self.site.systems.iter().zip(self.pairs.iter().copied())
    }

    /// The systems of a side that fail by their rules, each once, since the earliest. What was
    /// moved away from the active side does not speak for its loss.
    pub(super) fn failing(&self, side: Side) -> Vec<Failing<'a>> {
        let moved =
            |view: &View<'_>| side == self.active && self.about.moved.contains(&view.system.id);
        self.views(side)
            .filter(|view| !moved(view))
            .filter_map(|view| {
                let mut signal: Option<Signal> = None;
                for rule in self.rules(&view.system.id) {
                    if !is_signal(&rule.test) {
                        continue;
                    }
                    if let Finding::Speaks { since, why } = ask(&rule.test, &view) {
                        if let Some(known) = &mut signal {
                            known.since = earlier(known.since, since);
                        } else {
                            let (system, early) = (rule.system.clone(), false);
                            signal = Some(Signal { system, since, why, early });
                        }
                    }
                }
                signal.map(|signal| Failing { signal, view })
            })
            .collect()
    }

    /// True when some system of the side works now, even if badly.
    pub(super) fn answers(&self, side: Side) -> bool {
        self.views(side).any(|view| matches!(view.state(), CellState::Up | CellState::Degraded(_)))
    }

    /// True when some system of the side failed at the last look.
    pub(super) fn any_down(&self, side: Side) -> bool {
        self.views(side).any(|view| matches!(view.state(), CellState::Down(_)))
    }

    /// What the standby's own stores say of their links, for systems whose source we cannot read:
    /// those that lost it, and those that have heard it since it was silent to us.
    pub(super) fn links(&self) -> (Vec<View<'a>>, Vec<View<'a>>) {
        let (mut lost, mut alive) = (Vec::new(), Vec::new());
        for view in self.views(self.standby()) {
            match self.witness(&view) {
                Some(Witness::Lost) => lost.push(view),
                Some(Witness::Receives) => alive.push(view),
                Some(Witness::HeardBefore(_)) | None => {}
            }
        }
        (lost, alive)
    }

    /// What a standby says of a source that is silent to us; none while that is read.
    pub(super) fn witness(&self, view: &View<'a>) -> Option<Witness> {
        let source = self.view(view.system, self.active)?;
        // One that answers and says itself that it is down is not silent.
        if !matches!(source.state(), CellState::Down(_)) || source.cell.last_error.is_none() {
            return None;
        }
        let reading = view.current()?;
        match reading.link_state()? {
            LinkState::Down | LinkState::Silent(_) => Some(Witness::Lost),
            LinkState::Up => Some(match (reading.link_silent_for(), source.cell.first_failure) {
                (Some(silent), Some(since)) if reading.at.since(since) <= silent => {
                    Witness::HeardBefore(silent)
                }
                _ => Witness::Receives,
            }),
            LinkState::Unknown(_) => None,
        }
    }

    pub(super) fn primary(&self, reference: &Reference) -> Primary {
        let failing = self.failing(self.active);
        let needed = self.site.red_needs_signals.max(1);
        if failing.len() < needed {
            return self.short_of_red(&failing);
        }
        let signals = || failing.iter().map(|failing| failing.signal.clone()).collect();
        let (t0, basis) = start(&failing, self.now);
        let red = Primary::Red { t0, basis, signals: signals() };
        let standby_answers = self.answers(self.standby());
        match reference {
            Reference::Silent { .. } if !standby_answers => Primary::ItIsUs { signals: signals() },
            Reference::Silent { .. } if !self.links().0.is_empty() => red,
            Reference::Silent { .. } => Primary::Suspect { signals: signals() },
            Reference::NotConfigured | Reference::CannotTell(_)
                if !standby_answers && self.any_down(self.standby()) =>
            {
                Primary::Blind(
                    "both regions fail and no reference tells whether it is our own network".into(),
                )
            }
            Reference::Answers | Reference::NotConfigured | Reference::CannotTell(_) => red,
        }
    }

    /// The state with fewer failing systems than red needs.
    pub(super) fn short_of_red(&self, failing: &[Failing<'a>]) -> Primary {
        let mut signals: Vec<Signal> =
            failing.iter().map(|failing| failing.signal.clone()).collect();
        signals.extend(self.without_role());
        if !signals.is_empty() {
            let named: BTreeSet<SystemId> =
                signals.iter().map(|signal| signal.system.clone()).collect();
            let more = self.early_signals().filter(|early| !named.contains(&early.system));
            signals.extend(more);
            return Primary::Suspect { signals };
        }
        let ruled: Vec<View<'_>> =
            self.serving_views().filter(|view| self.has_signal_rule(view)).collect();
        let told = ruled.iter().filter(|view| self.is_told(view)).count();
        let wanted = self.site.red_needs_signals.max(1).min(ruled.len());
        if ruled.is_empty() {
            let side = self.active;
            return Primary::Blind(
                format!("no rule of the site looks at a system in {side}").into(),
            );
        }
        if told < wanted {
            let (side, all) = (self.active, ruled.len());
            let why =
                format!("only {told} of {all} systems in {side} can be read, {wanted} needed");
            return Primary::Blind(why.into());
        }
        let early: Vec<Signal> = self.early_signals().collect();
        if early.is_empty() { Primary::Healthy } else { Primary::Suspect { signals: early } }
    }

    /// Serving stores that say they only follow: nobody is known to take their writes.
    pub(super) fn without_role(&self) -> Vec<Signal> {
        self.serving_views()
            .filter(|view| split_brain::role(view) == Some(Role::Standby))
            .map(|view| {
                let there = view.side.other();
                let other = self.view(view.system, there);
                let why = if other.is_some_and(|o| split_brain::role(&o) == Some(Role::Primary)) {
                    format!("says it is a standby; {there} is primary")
                } else {
                    "says it is a standby; no primary is seen".to_owned()
                };
                let since = view.current().map_or(self.now, |reading| reading.at);
                let (system, why) = (view.system.id.clone(), why.into());
                Signal { system, since, why, early: false }
            })
            .collect()
    }

    pub(super) fn has_signal_rule(&self, view: &View<'_>) -> bool {
        self.rules(&view.system.id).any(|rule| is_signal(&rule.test))
    }

    /// True when the last look told whether the system works.
    #[expect(clippy::unused_self, reason = "reads as a question to the scene")]
    pub(super) fn is_told(&self, view: &View<'_>) -> bool {
        match view.state() {
            CellState::Up | CellState::Degraded(_) | CellState::Down(_) => true,
            CellState::Unknown(_) | CellState::Stale(_) | CellState::NoData => false,
        }
    }
}

/// T0: the first failed look of all the series; exact when a good look is known right before every
/// one of them.
pub(super) fn start(failing: &[Failing<'_>], now: Stamp) -> (Stamp, T0Basis) {
    let t0 = failing.iter().map(|failing| failing.signal.since).reduce(earlier).unwrap_or(now);
    let exact = failing.iter().all(|failing| {
        let (cell, every) = (failing.view.cell, failing.view.period());
        let since = failing.signal.since;
        let right_before = |at: Stamp| earlier(at, since) == at && Cell::is_fresh(at, since, every);
        cell.last_good.as_ref().is_some_and(|reading| right_before(reading.at))
            || cell.history.samples().any(|sample| sample.good && right_before(sample.at))
    });
    (t0, if exact { T0Basis::Exact } else { T0Basis::AtOrBefore })
}

/// `read 2s ago`.
pub(super) fn age(now: Stamp, at: Stamp) -> String {
    format!("read {} ago", at.ago(now))
}

/// The reason of a state that is not up, with its word.
pub(super) fn state_words(state: &CellState) -> Clean {
    match state {
        CellState::Up => "up".into(),
        CellState::Degraded(why) => format!("degraded, {why}").into(),
        CellState::Down(why) => format!("DOWN, {why}").into(),
        CellState::Unknown(why) => format!("UNKNOWN, {why}").into(),
        CellState::Stale(age) => format!("stale, last heard {} ago", short_time(*age)).into(),
        CellState::NoData => "no data yet".into(),
    }
}
