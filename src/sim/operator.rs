//! Performs a step on the simulated world: appends one act, then waits until the world shows it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::acts::AppendError;
use super::asked::Asked;
use super::pause::Pause;
use super::refusal::refusal;
use super::standing::{View, standing};
use super::world::World;
use crate::domain::catalogue::{ActionSpec, Change};
use crate::domain::ids::{Side, SystemId};
use crate::domain::preview::{Preview, PreviewLine, Standing};
use crate::domain::reading::Identity;
use crate::domain::run::commit::Execution;
use crate::domain::runbook::Direction;
use crate::domain::text::Clean;
use crate::domain::time::short_time;
use crate::port::{Boxed, Clock, OperateError, Operator, Output};

/// Between two looks while an effect is awaited.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Left of the step's time when waiting ends, so that the reason is heard before the runner's end.
const LEAVE_EARLY: Duration = Duration::from_secs(2);

/// One step on the simulated world.
pub struct SimOperator {
    /// The world's folder.
    pub(super) folder: PathBuf,
    /// The action.
    pub(super) action: &'static ActionSpec,
    /// What it does to the world.
    pub(super) change: Change,
    /// The system it acts on.
    pub(super) target: Option<SystemId>,
    /// The side whose name it acts under.
    pub(super) named: Side,
    /// The side whose server answered under that name when the world was last looked at.
    pub(super) side: Side,
    /// The server that is meant, where the screen showed one.
    pub(super) meant: Option<Identity>,
    /// Which way the run goes.
    pub(super) direction: Direction,
    /// The step's settings.
    pub(super) asked: Asked,
    /// The step's name.
    pub(super) label: String,
    /// The step's time.
    pub(super) timeout: Duration,
    /// True when it first waits until nothing would be lost.
    pub(super) lossless: bool,
    /// The time.
    pub(super) clock: Arc<dyn Clock>,
    /// How it waits.
    pub(super) pause: Arc<dyn Pause>,
}

impl SimOperator {
    fn view(&mut self) -> Result<View, Clean> {
        let world = World::open(&self.folder).map_err(|error| Clean::from(error.to_string()))?;
        let acts = world.acts().map_err(|error| Clean::from(error.to_string()))?;
        let at = self.clock.now();
        let state = world.state(world.elapsed(at), &acts);
        if let Some(id) = &self.target {
            self.side = world.plan().leads(id, self.named, state.now_s);
        }
        Ok(View { world, acts, state, at })
    }

    /// The name in the act: the system's, or the step's where the act leaves no other trace.
    pub(super) fn object(&self) -> String {
        match (&self.target, self.change) {
            (Some(_), Change::Notify | Change::None) | (None, _) => self.label.clone(),
            (Some(id), _) => id.to_string(),
        }
    }

    fn amount(&self, view: &View) -> u32 {
        match self.change {
            Change::Scale => {
                let units = view.units(self.target.as_ref(), self.side);
                self.asked.amount.or(units.map(|units| units.wanted)).unwrap_or(0)
            }
            Change::ShiftTraffic => self.asked.amount.unwrap_or(100),
            Change::Promote
            | Change::HandOver
            | Change::StopReplication
            | Change::Follow
            | Change::Purge
            | Change::Notify
            | Change::Fence
            | Change::Unfence
            | Change::ProveWrite
            | Change::Check
            | Change::None => 0,
        }
    }

    /// True when an earlier attempt asked for the same and it only has to be awaited.
    fn already_asked(&self, view: &View) -> bool {
        let store = view.store(self.target.as_ref()).map(|(_, state)| state);
        match self.change {
            Change::Check => true,
            Change::Promote | Change::HandOver => {
                store.is_some_and(|one| one.promoting[self.side.index()].is_some())
            }
            Change::Follow => {
                store.is_some_and(|one| one.linked && one.source == self.side.other())
            }
            Change::Scale => view
                .units(self.target.as_ref(), self.side)
                .is_some_and(|units| units.asked == self.amount(view)),
            Change::ShiftTraffic => {
                let last = view.acts.iter().rfind(|act| act.change == Change::ShiftTraffic);
                last.is_some_and(|act| (act.side, act.amount) == (self.side, self.amount(view)))
            }
            Change::Purge => super::state::since_last_turn(&view.acts, self.side).any(|act| {
                let ours = act.system == self.object() && act.side == self.side;
                act.change == Change::Purge && ours
            }),
            Change::Fence => view.state.fencing == Some((self.side, true)),
            Change::Unfence => view.state.fencing == Some((self.side, false)),
            Change::StopReplication | Change::Notify | Change::ProveWrite | Change::None => false,
        }
    }

    pub(super) fn named(&self, view: &View) -> String {
        let title = self.target.as_ref().map(|id| {
            view.world.plan().system(id).map_or_else(|| id.to_string(), |one| one.title.clone())
        });
        title.map_or_else(|| self.label.clone(), |title| format!("{title} in {}", self.side))
    }

    fn opening(&self, view: &View) -> String {
        let (named, side) = (self.named(view), self.side);
        let amount = self.amount(view);
        match self.change {
            Change::Promote | Change::HandOver => format!("asking {named} to end recovery"),
            Change::StopReplication => format!("stopping what is copied into {named}"),
            Change::Follow => format!("asking {named} to follow {}", side.other()),
            Change::Scale => format!("{named}: {amount} units wanted"),
            Change::ShiftTraffic => format!("records changed: {amount} % of users to {side}"),
            Change::Purge => format!("{named}: purge of everything accepted"),
            Change::Notify => {
                format!("sent: {}", self.asked.text.as_deref().unwrap_or(&self.label))
            }
            Change::Fence if view.state.alive[side.index()] => {
                format!("revoking the writers of {side}, closing its entrances")
            }
            Change::Fence => {
                format!("{side} does not answer: revoking its writers at the provider")
            }
            Change::Unfence => format!("restoring the writers of {side}"),
            Change::ProveWrite => format!("a write is made to {named} and read back"),
            Change::Check => format!("looking at {named}"),
            Change::None => format!("{} done in the simulated world", self.label),
        }
    }

    fn change_lines(&self, view: &View) -> Vec<PreviewLine> {
        let line = |mark: char, text: String| PreviewLine { mark, text: text.into() };
        let (named, side, from) = (self.named(view), self.side, self.side.other());
        let mut lines = vec![match self.change {
            Change::Promote | Change::HandOver => {
                line('~', format!("{named}: standby becomes PRIMARY"))
            }
            Change::StopReplication => line('-', format!("copying into {named} ends")),
            Change::Follow => line('-', format!("{named}: what only it had is gone")),
            Change::Scale => {
                let asked = view.units(self.target.as_ref(), side).map_or(0, |units| units.asked);
                line('~', format!("{named}: {asked} -> {} units", self.amount(view)))
            }
            Change::ShiftTraffic => {
                let percent = self.amount(view);
                line('~', format!("{percent} % of users are sent to {side}"))
            }
            Change::Purge => line('-', format!("{named}: every stored answer")),
            Change::Notify => {
                line('+', self.asked.text.clone().unwrap_or_else(|| self.label.clone()))
            }
            Change::Fence => line('-', format!("{side} can no longer write, also when it returns")),
            Change::Unfence => line('+', format!("{side} can write again")),
            Change::ProveWrite => line('+', format!("{named}: one write, read back")),
            Change::Check => line('~', format!("nothing: {named} is only looked at")),
            Change::None => line('~', format!("{} in the simulated world", self.label)),
        }];
        let store = view.store(self.target.as_ref()).map(|(_, state)| state);
        if self.change.promotes()
            && store.is_some_and(|state| state.primary[from.index()])
            && !view.state.fenced[from.index()]
        {
            lines.push(line('!', format!("{from} is not fenced: two primaries are possible")));
        }
        if self.change == Change::ShiftTraffic
            && let Some(trouble) = view.state.user_trouble(view.world.plan(), side)
        {
            lines.push(line('!', format!("{side} cannot serve yet: {}", trouble.words())));
        }
        lines
    }

    /// Does the step. Reached through `apply`, which wants the proof that it is on record.
    pub(super) async fn perform(&mut self, output: &mut dyn Output) -> Result<Clean, OperateError> {
        let view = self.view().map_err(OperateError::Refused)?;
        // A proof is a write made now: one of before proves nothing of the store as it is.
        if self.change != Change::ProveWrite
            && let Standing::Done(evidence) = standing(self, &view)
        {
            output.line(&format!("already so: {evidence}"));
            return Ok(evidence);
        }
        if let Some(why) = refusal(self, &view) {
            return Err(OperateError::Refused(why.into()));
        }
        if self.already_asked(&view) {
            output.line(&format!("waiting for {}", self.named(&view)));
        } else {
            if self.lossless {
                self.level(output).await?;
            }
            // The name may have moved meanwhile: whoever answers now is who would be acted on.
            let view = self.view().map_err(OperateError::Refused)?;
            if let Some(why) = view.strayed(self) {
                return Err(OperateError::Refused(why));
            }
            let (object, amount) = (self.object(), self.amount(&view));
            let now = self.clock.now();
            view.world.append(now, self.change, &object, self.side, amount).map_err(|error| {
                let why = error.to_string().into();
                match error {
                    AppendError::NotWritten(_) => OperateError::Refused(why),
                    AppendError::Unsure(_) => OperateError::Ambiguous(why),
                }
            })?;
            output.line(&self.opening(&view));
        }
        self.wait(output).await
    }

    /// Waits until the side to be promoted has every write of the other one. Changes nothing.
    async fn level(&mut self, output: &mut dyn Output) -> Result<(), OperateError> {
        let begin = self.clock.now();
        let from = self.side.other();
        let mut said = String::new();
        loop {
            let view = self.view().map_err(OperateError::Refused)?;
            let why = match view.store(self.target.as_ref()) {
                None => return Ok(()),
                Some(_) if !view.state.alive[from.index()] => {
                    let why = format!(
                        "{from} does not answer: nothing can be handed over, nothing was changed"
                    );
                    return Err(OperateError::Refused(why.into()));
                }
                Some((_, state)) if state.flows && state.ahead_s <= 0.0 => return Ok(()),
                Some((system, _)) if !view.state.fenced[from.index()] => {
                    format!("{} still takes writes in {from}", system.title)
                }
                Some((system, _)) => format!("{} in {} catches up", system.title, self.side),
            };
            if why != said {
                output.line(&why);
                said.clone_from(&why);
            }
            if self.clock.now().since(begin) >= self.timeout / 2 {
                let why = format!("not level with {from}, nothing was changed: {why}");
                return Err(OperateError::Refused(why.into()));
            }
            self.pause.pause(LOOK_EVERY).await;
        }
    }

    async fn wait(&mut self, output: &mut dyn Output) -> Result<Clean, OperateError> {
        let begin = self.clock.now();
        let mut said = Clean::default();
        loop {
            let seen = match self.view() {
                Ok(view) => standing(self, &view),
                Err(why) => Standing::Unknown(why),
            };
            let why = match seen {
                Standing::Done(evidence) => {
                    output.line(evidence.as_str());
                    return Ok(evidence);
                }
                Standing::NotDone(why) | Standing::Unknown(why) => why,
            };
            if why != said {
                output.line(why.as_str());
                said = why;
            }
            let waited = self.clock.now().since(begin);
            if waited + LEAVE_EARLY >= self.timeout.max(LEAVE_EARLY + LOOK_EVERY) {
                let time = short_time(waited);
                let why = format!("not seen done within {time}; last seen: {said}");
                return Err(if self.change == Change::Check {
                    OperateError::Refused(why.into())
                } else {
                    OperateError::Ambiguous(why.into())
                });
            }
            self.pause.pause(LOOK_EVERY).await;
        }
    }

    fn call(&self, view: &View) -> String {
        let amount = self.amount(view);
        let mut words = format!("{} {}", self.action.name, self.object());
        if self.target.is_some() || matches!(self.change, Change::Fence | Change::Unfence) {
            words.extend([" in ", self.side.letter()]);
        }
        if amount > 0 {
            words.extend([" ", &amount.to_string()]);
        }
        words
    }
}

impl Operator for SimOperator {
    fn identity(&mut self) -> Boxed<'_, Result<Option<Identity>, Clean>> {
        Box::pin(async move {
            let view = self.view()?;
            let Some(met) = view.met(self) else { return Ok(None) };
            if view.state.cut || !view.state.alive[self.side.index()] {
                return Err(format!("{} does not answer", self.named(&view)).into());
            }
            Ok(Some(met))
        })
    }

    fn check(&mut self) -> Boxed<'_, Standing> {
        Box::pin(async move {
            match self.view() {
                Ok(view) => {
                    view.strayed(self).map_or_else(|| standing(self, &view), Standing::Unknown)
                }
                Err(why) => Standing::Unknown(why),
            }
        })
    }

    fn preview(&mut self) -> Boxed<'_, Preview> {
        Box::pin(async move {
            let acts_as = Clean::from("the simulator, in its own folder; opens no connection");
            match self.view() {
                Ok(view) => Preview {
                    changes: self.change_lines(&view),
                    call: self.call(&view).into(),
                    acts_as,
                },
                Err(why) => Preview {
                    changes: vec![PreviewLine { mark: '!', text: why }],
                    call: self.action.name.into(),
                    acts_as,
                },
            }
        })
    }

    fn apply<'a>(
        &'a mut self,
        _execution: &'a Execution,
        output: &'a mut dyn Output,
    ) -> Boxed<'a, Result<Clean, OperateError>> {
        Box::pin(async move { self.perform(output).await })
    }
}
