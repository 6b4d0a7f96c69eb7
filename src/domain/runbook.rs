//! A runbook: ordered steps, checked against the catalogue; one that exists can be run.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use super::bound::{Amount, Bound, Exact};
use super::catalogue::{ActionSpec, Change, Class, Guard};
use super::ids::{Side, StepId, SystemId};
use super::settings::{Span, Table};
use super::text::Clean;

/// A runbook as written; `from` and `to` become regions when a run starts.
#[derive(Debug, Clone, PartialEq)]
pub struct Runbook {
    /// Its name, the file's stem.
    pub name: String,
    /// What people call it.
    pub title: Clean,
    /// The side it leads away from, as the plan is written.
    pub from: Side,
    /// The side it leads to.
    pub to: Side,
    /// The runbook that leads back.
    pub back: Option<String>,
    /// The facts that stop the clock: all of them must hold.
    pub restored: Vec<Gate>,
    /// Go/no-go criteria of the plan's own, beside those that are always asked.
    pub go: Vec<GoCriterion>,
    /// The steps, in the order of the screen.
    pub steps: Vec<Step>,
    /// First hex digits of the SHA-256 of the file as read.
    pub hash: String,
}

/// The place of the plan that applies where nobody chose one: the first that leads away from the
/// region that serves. A plan of another direction tells nothing of a failover.
pub fn away_from(plans: &[Runbook], active: Side) -> Option<usize> {
    plans.iter().position(|plan| plan.from == active)
}

impl Runbook {
    /// The steps that the clock waits for: a warm standby may be healthy before anything was done,
    /// so these make it serve. A plan of commands does not tell which they are: all count then.
    pub fn decisive(&self) -> impl Iterator<Item = &Step> {
        let told = self.steps.iter().any(is_decisive);
        let counts = move |step: &&Step| if told { is_decisive(step) } else { !step.optional };
        self.steps.iter().filter(counts)
    }

    /// The way it leads.
    pub fn direction(&self) -> Direction {
        Direction { from: self.from, to: self.to }
    }

    /// The step called `id`.
    pub fn step(&self, id: &StepId) -> Option<&Step> {
        self.steps.iter().find(|step| step.id == *id)
    }

    /// The number of a step: its place in the plan, which no run, variant or filter changes.
    pub fn number(&self, id: &StepId) -> Option<usize> {
        self.steps.iter().position(|step| step.id == *id).map(|place| place + 1)
    }

    /// The step that a word means: its name or its number.
    pub fn meant(&self, word: &str) -> Option<&Step> {
        let named = self.steps.iter().find(|step| step.id.as_str() == word);
        named.or_else(|| self.steps.get(word.parse::<usize>().ok()?.checked_sub(1)?))
    }

    /// What people call a step: `8 Promote pg in B`, as the runbook panel lists it.
    pub fn named(&self, id: &StepId) -> String {
        match (self.number(id), self.step(id)) {
            (Some(number), Some(step)) => format!("{number} {}", step.title),
            (None, _) | (_, None) => id.to_string(),
        }
    }

    /// The same with its name in files and commands: `8 Promote pg in B (promote-pg)`.
    pub fn named_fully(&self, id: &StepId) -> String {
        let named = self.named(id);
        if named == id.as_str() { named } else { format!("{named} ({id})") }
    }

    /// The plan with each step as it is done in its own mode. Names, order and needs stay, so a run
    /// replays on either. Always made from the plan as written: a variant knows no way back to it.
    pub fn resolved(&self, ungraceful: impl Fn(&StepId) -> bool) -> Self {
        let steps = self.steps.iter().map(|step| step.in_mode(ungraceful(&step.id)).clone());
        Self { steps: steps.collect(), ..self.clone() }
    }

    /// The steps that `id` waits for, directly or not.
    pub fn ancestors(&self, id: &StepId) -> BTreeSet<StepId> {
        let mut found = BTreeSet::new();
        let mut open: Vec<StepId> =
            self.step(id).map(|step| step.needs.clone()).unwrap_or_default();
        while let Some(next) = open.pop() {
            if found.insert(next.clone())
                && let Some(step) = self.step(&next)
            {
                open.extend(step.needs.iter().cloned());
            }
        }
        found
    }
}

/// A place relative to the run's direction, or a fixed region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The region that the run leaves.
    From,
    /// The region that the run goes to.
    To,
    /// A region by name.
    Fixed(Side),
}

/// Which way a run goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Direction {
    /// The region that is left.
    pub from: Side,
    /// The region that takes over.
    pub to: Side,
}

impl Direction {
    /// The region of a place.
    pub fn side(self, place: Place) -> Side {
        match place {
            Place::From => self.from,
            Place::To => self.to,
            Place::Fixed(side) => side,
        }
    }
}

/// What a step acts on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The system.
    pub system: SystemId,
    /// Where.
    pub place: Place,
}

/// One step, resolved.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Its name.
    pub id: StepId,
    /// What people call it.
    pub title: Clean,
    /// The heading it stands under, where the plan groups its steps.
    pub group: Option<Clean>,
    /// Its kind, from the catalogue.
    pub action: &'static ActionSpec,
    /// What it does to the world: what its action says, or what the plan says of an action that
    /// says nothing.
    pub change: Change,
    /// Settings for the action.
    pub with: Table,
    /// What it acts on.
    pub target: Option<Target>,
    /// Steps that must be done before it.
    pub needs: Vec<StepId>,
    /// How long it usually takes.
    pub expect: Duration,
    /// When an attempt is given up.
    pub timeout: Duration,
    /// Facts that must hold before it.
    pub gates: Vec<Gate>,
    /// What it does in an ungraceful run.
    pub ungraceful: Ungraceful,
    /// How it is taken back.
    pub compensation: Compensation,
    /// The class, as strict as plan and action say.
    pub class: Class,
    /// The guard, as strict as plan and action say.
    pub guard: Guard,
    /// True when a second person must approve.
    pub second_person: bool,
    /// True when an unattended run may start it without a person.
    pub automatic: bool,
    /// True when it may be skipped without a doubt.
    pub optional: bool,
    /// A sentence to say aloud.
    pub say: Option<Clean>,
    /// Where it is written.
    pub span: Span,
}

impl Step {
    /// The text a person types at guards 2 and 3: `promote pg-b` or `pg-b`.
    pub fn typed_text(&self, direction: Direction) -> String {
        self.words_to_type(self.guard, self.action.verb, direction)
    }

    /// The text a person types to take the step back: `take-back fence` or `unfence pg-a`.
    pub fn typed_text_back(&self, direction: Direction) -> String {
        let verb = match &self.compensation {
            Compensation::Action { action, .. } => action.verb,
            Compensation::None(_) | Compensation::NotNeeded => "",
        };
        self.words_to_type(self.guard_back(), verb, direction)
    }

    /// How it is started, or taken back.
    pub fn guard_of(&self, back: bool) -> Guard {
        if back { self.guard_back() } else { self.guard }
    }

    /// The guard of taking the step back: the compensating action's, and never only one key.
    pub fn guard_back(&self) -> Guard {
        match &self.compensation {
            Compensation::Action { action, .. } => action.guard.max(Guard::StopWindow),
            Compensation::None(_) | Compensation::NotNeeded => Guard::TypedVerb,
        }
    }

    /// What taking the step back does to the world: what that action says, else the opposite of
    /// what the step did.
    pub fn change_back(&self) -> Change {
        match &self.compensation {
            Compensation::Action { action, .. } if action.change != Change::None => action.change,
            Compensation::Action { .. } => self.change.opposite(),
            Compensation::None(_) | Compensation::NotNeeded => Change::None,
        }
    }

    /// The step as it is done in the mode: the lossy variant in an ungraceful one, where the plan
    /// has one.
    pub fn in_mode(&self, ungraceful: bool) -> &Self {
        match &self.ungraceful {
            Ungraceful::Instead(variant) if ungraceful => variant,
            _ => self,
        }
    }

    /// True when the plan lets a named person waive the step in the mode it runs in.
    pub fn waived(&self, ungraceful: bool) -> bool {
        ungraceful && self.ungraceful == Ungraceful::Waive
    }

    fn words_to_type(&self, guard: Guard, verb: &str, direction: Direction) -> String {
        let target = match &self.target {
            Some(target) => {
                let side = direction.side(target.place).key();
                format!("{}-{side}", target.system)
            }
            None => self.id.to_string(),
        };
        match guard {
            Guard::TypedVerb => format!("{verb} {target}"),
            Guard::OneKey | Guard::StopWindow | Guard::TypedTarget => target,
        }
    }
}

/// What a step does when the primary was lost.
#[derive(Debug, Clone, PartialEq)]
pub enum Ungraceful {
    /// The same as in a planned run.
    Same,
    /// Not run, with the plan as the reason.
    Skip,
    /// May be waived by a named person with a reason.
    Waive,
    /// Another action, its lossy variant: a whole step of the same name, place and needs.
    Instead(Box<Step>),
    /// It is itself the lossy variant of a step with this action.
    VariantOf(&'static ActionSpec),
}

/// How a done step is taken back.
#[derive(Debug, Clone, PartialEq)]
pub enum Compensation {
    /// By another action.
    Action {
        /// Its kind.
        action: &'static ActionSpec,
        /// Its settings.
        with: Table,
    },
    /// Not at all; what it costs instead.
    None(Clean),
    /// Nothing to take back: a check or an attestation.
    NotNeeded,
}

/// A fact that must hold.
#[derive(Debug, Clone, PartialEq)]
pub struct Gate {
    /// The system whose reading tells.
    pub system: SystemId,
    /// Where.
    pub place: Place,
    /// The fact's name.
    pub fact: String,
    /// What it must be.
    pub bound: Bound,
    /// The bound in an ungraceful run, where it differs.
    pub ungraceful: Option<UngracefulGate>,
    /// Where it is written.
    pub span: Span,
}

/// A go/no-go criterion that a plan writes.
#[derive(Debug, Clone, PartialEq)]
pub struct GoCriterion {
    /// What is asked, in the plan's own words.
    pub title: Clean,
    /// The fact that answers.
    pub gate: Gate,
}

/// How a gate changes when the primary was lost.
#[derive(Debug, Clone, PartialEq)]
pub enum UngracefulGate {
    /// A weaker bound on the live fact.
    Weaker(Bound),
    /// The bound on the loss of the accepted ledger instead of the live lag.
    Ledger {
        /// The most loss that may be accepted.
        at_most: Duration,
    },
    /// Not asked.
    Skip,
}

fn is_decisive(step: &Step) -> bool {
    !step.optional
        && match step.change {
            Change::Promote
            | Change::HandOver
            | Change::StopReplication
            | Change::Scale
            | Change::ShiftTraffic
            | Change::Fence
            | Change::ProveWrite => true,
            // What must be open to serve is proven by its writes; what is opened where the run came
            // from serves nobody.
            Change::Unfence
            | Change::Follow
            | Change::Purge
            | Change::Notify
            | Change::Check
            | Change::None => false,
        }
}
