//! What can move in a run without a person, and what is left for one.

use super::{
    Choice, Outlook, RECONCILE_PATIENCE, hand, id_of, may_retry, person, quiet_for, resists,
};
use crate::domain::catalogue::{Class, Guard};
use crate::domain::console::Access;
use crate::domain::ledger::LossVerdict;
use crate::domain::run::decide::{Context, decide};
use crate::domain::run::event::{Cause, Mode};
use crate::domain::run::intent::{Intent, Kind};
use crate::domain::run::phase::Phase;
use crate::domain::run::refusal::Refusal;
use crate::domain::run::state::{Run, StepState};
use crate::domain::runbook::{Gate, Step, UngracefulGate};
use crate::domain::text::Clean;
use crate::domain::time::short_time;

/// What can move, and what keeps the rest from it.
#[derive(Default)]
pub(super) struct Left {
    /// The first wish, which goes before all else.
    pub(super) wish: Option<Intent>,
    /// What moves by itself, or may.
    moving: Vec<String>,
    /// What wants a person: its name, and what happened and which key goes on.
    pub(super) stuck: Vec<(String, String)>,
    /// True when a step among them failed.
    failed: bool,
}

impl Left {
    fn wishes(&mut self, intent: Intent) {
        self.wish.get_or_insert(intent);
    }

    fn stuck(&mut self, name: &str, words: impl Into<String>) {
        self.stuck.push((name.to_string(), words.into()));
    }

    /// What becomes of the run, once all of it was sorted.
    pub(super) fn choice(self, outlook: &Outlook<'_>, run: &Run) -> Choice {
        let plan = outlook.plan;
        if let Some(wish) = self.wish {
            return Choice::Wish(wish);
        }
        let stuck = |state: &&StepState| self.stuck.iter().any(|(name, _)| name == id_of(state));
        let open = run.steps.iter().filter(|state| state.phase.is_open() && !stuck(state));
        let open: Vec<String> = open.map(|state| plan.named(&state.id)).collect();
        let mut moving = self.moving;
        if !open.is_empty() {
            moving.insert(0, format!("running: {}", open.join(", ")));
        }
        if !moving.is_empty() {
            // By name only: what is seen changes with every look, and each change would be told.
            let named =
                |word: &String| match plan.steps.iter().find(|step| step.id.as_str() == word) {
                    Some(step) => plan.named(&step.id),
                    None => word.clone(),
                };
            let names: Vec<String> = self.stuck.iter().map(|(name, _)| named(name)).collect();
            if !names.is_empty() {
                moving.push(format!("a person is needed then: {}", names.join(", ")));
            }
            return Choice::Wait(moving.join("; ").into());
        }
        let words: Vec<String> = self.stuck.into_iter().map(|(_, words)| words).collect();
        match (words.is_empty(), self.failed) {
            (true, _) => {
                let key = outlook.key(Kind::Run);
                person(format!("no step that is left may run by itself: {key} runs one"))
            }
            (false, true) => Choice::Failed(words.join("; ").into()),
            (false, false) => person(words.join("; ")),
        }
    }

    /// Accepts the expected losses, where that was asked for and none is over its objective.
    pub(super) fn losses(&mut self, outlook: &Outlook<'_>, run: &Run) {
        let open = run.mode == Mode::Ungraceful && run.accepted.is_none();
        let asked = open && outlook.orders.accept_losses;
        let Some(ledger) = run.ledger.as_ref().filter(|_| asked) else { return };
        let over: Vec<String> = ledger
            .rows
            .iter()
            .filter(|row| row.verdict != LossVerdict::Pass)
            .map(|row| format!("{} {}", row.system, row.verdict.word()))
            .collect();
        if !over.is_empty() {
            let over = over.join(", ");
            let key = outlook.key(Kind::AcceptLedger);
            let words = format!("expected losses ({over}) are a person's: {key} accepts them");
            self.stuck("losses", words);
        } else if !ledger.rows.is_empty() {
            // Without a row nothing is known to be lost, and nothing is there to be accepted.
            self.wishes(Intent::AcceptLedger);
        }
    }

    pub(super) fn sort(
        &mut self,
        outlook: &Outlook<'_>,
        run: &Run,
        step: &Step,
        state: &StepState,
    ) {
        let (id, seen) = (&step.id, &state.evidence);
        let name = outlook.plan.named(id);
        if let Some(now) = &state.untrue {
            let retry = outlook.key(Kind::Retry);
            let words =
                format!("step {name} was done and is not true now ({now}): {retry} tries it again");
            return self.stuck(id.as_str(), words);
        }
        if resists(outlook, run, state) {
            let words = format!("step {name}: what it started could not be ended");
            let end = outlook.key(Kind::AbortStep);
            return self
                .stuck(id.as_str(), format!("{words}; end it by hand, {end} tries it again"));
        }
        match state.phase {
            Phase::Ready => self.ready(outlook, run, step),
            Phase::Failed if may_retry(run, step, state) => self.wishes(Intent::Retry {
                step: id.clone(),
                reason: "a probe found it undone; repeating does no harm".into(),
                new_key: false,
                by_itself: true,
            }),
            Phase::Failed => {
                self.failed = true;
                let cause = state.cause.map_or("found undone", Cause::words);
                let hand = hand(run, id).map(|(who, did)| format!(", {who} {did}"));
                let hand = hand.unwrap_or_default();
                let (retry, skip) = (outlook.key(Kind::Retry), outlook.key(Kind::Skip));
                let words = format!("step {name} FAILED, {cause}: {seen}{hand}");
                let next = format!("{retry} tries it again, {skip} skips it");
                self.stuck(id.as_str(), format!("{words}; {next}"));
            }
            Phase::Unknown => {
                let patience = step.timeout.max(RECONCILE_PATIENCE);
                let looked = matches!(step.class, Class::R | Class::I | Class::K);
                if !looked || quiet_for(outlook, run) >= patience {
                    let key = outlook.key(Kind::Resolve);
                    let words =
                        format!("step {name} is UNKNOWN ({seen}): {key} says what became of it");
                    return self.stuck(id.as_str(), words);
                }
                self.moving
                    .push(format!("step {name} is UNKNOWN: a probe is asked what became of it"));
            }
            Phase::Compensated => {
                let key = outlook.key(Kind::Retry);
                let words = format!("step {name} was taken back: {key} takes it up again");
                self.stuck(id.as_str(), words);
            }
            Phase::Pending
            | Phase::Granted
            | Phase::Running
            | Phase::Verifying
            | Phase::Done
            | Phase::Skipped => {}
        }
    }

    /// Files a step that could start: a wish to run it, when nothing is in its way.
    fn ready(&mut self, outlook: &Outlook<'_>, run: &Run, step: &Step) {
        let id = &step.id;
        let name = outlook.plan.named(id);
        let ungraceful = run.is_ungraceful(id);
        let (runs, accepts) = (outlook.key(Kind::Run), outlook.key(Kind::AcceptLedger));
        let losses_open = ungraceful && run.accepted.is_none();
        if let Some((who, did)) = hand(run, id) {
            let words = format!("step {name} is in a person's hands, {who} {did}: {runs} runs it");
            return self.stuck(id.as_str(), words);
        }
        if let Some(why) = needs_person(outlook, step, losses_open) {
            return self.stuck(id.as_str(), why);
        }
        let from_ledger =
            |gate: &Gate| matches!(gate.ungraceful, Some(UngracefulGate::Ledger { .. }));
        if losses_open && step.gates.iter().any(from_ledger) {
            let words = format!("step {name} asks for the accepted losses: {accepts} accepts them");
            return self.stuck(id.as_str(), words);
        }
        let typed = step.typed_text(run.direction);
        let (step_id, call) = (id.clone(), Clean::default());
        let wish = Intent::Run { step: step_id, typed, broken: None, call };
        // What would be refused is not wished: it would keep the wishes after it away.
        let context = Context { access: Access::Armed, ..outlook.context };
        let Err(refusal) = decide(&context, &wish) else { return self.wishes(wish) };
        let is_late = quiet_for(outlook, run) >= step.timeout;
        let time = short_time(step.timeout);
        match refusal {
            Refusal::Gate { gate, seen } if is_late => {
                let words = format!("step {name}: its gate did not hold within {time}");
                self.stuck(id.as_str(), format!("{words} ({gate}; seen: {seen}): {runs} shows it"));
            }
            Refusal::Gate { gate, .. } => {
                self.moving.push(format!("step {name} waits for its gate: {gate}"));
            }
            Refusal::Unseen { system, side, .. } if !is_late => {
                self.moving.push(format!("step {name} waits for a look at {system} in {side}"));
            }
            refusal => self.stuck(id.as_str(), refusal.tell(Some(outlook.plan))),
        }
    }
}

/// Why only a person may start the step; none when the plan lets it start by itself.
fn needs_person(outlook: &Outlook<'_>, step: &Step, losses_open: bool) -> Option<String> {
    let (name, runs) = (outlook.plan.named(&step.id), outlook.key(Kind::Run));
    if step.class == Class::H {
        let key = outlook.key(Kind::Attest);
        return Some(format!("step {name} is attested by a person: {key}"));
    }
    if step.second_person {
        return Some(format!("step {name} asks for a second person"));
    }
    if step.class == Class::X {
        let key = outlook.key(Kind::AcceptLedger);
        let first = format!("{key} accepts the expected losses, then ");
        let first = if losses_open { first.as_str() } else { "" };
        return Some(format!("step {name} cannot be undone: {first}{runs} runs it"));
    }
    let by_itself = step.automatic && step.guard < Guard::TypedVerb;
    (!by_itself).then(|| format!("step {name} is not marked automatic: {runs} runs it"))
}
