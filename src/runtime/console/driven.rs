//! A console without keys: what an unattended run looks at, and the door for its wishes.

use super::Console;
use crate::domain::console::{JournalState, Rehearsal, TimelineRow};
use crate::domain::known::Known;
use crate::domain::run::autopilot::{Orders, Outlook};
use crate::domain::run::decide::Context;
use crate::domain::run::refusal::Refusal;
use crate::domain::run::state::Run;
use crate::domain::runbook::Runbook;
use crate::domain::text::Clean;
use crate::domain::time::Stamp;
use crate::runtime::desk::Desk;
use crate::runtime::effect::Effect;
use crate::ui::wish::Wish;

impl<D: Desk> Console<D> {
    /// What the next wish is chosen from; `index` is the runbook to open where no run is open.
    pub fn outlook<'a>(
        &'a self,
        index: usize,
        orders: &'a Orders,
        now: Stamp,
    ) -> Option<Outlook<'a>> {
        let runbook: &Runbook = match (&self.picture.run, &self.picture.plan) {
            (Some(_), Some(plan)) => plan,
            _ => self.picture.runbooks.get(index)?,
        };
        let context = self.context(runbook, now);
        let keys = &self.keymap;
        Some(Outlook { context, orders, since: self.started, plan: runbook, keys })
    }

    /// All that a decision about `runbook` may look at now.
    pub(super) fn context<'a>(&'a self, runbook: &'a Runbook, now: Stamp) -> Context<'a> {
        let (runbook, run) = (Some(runbook), self.picture.run.as_ref());
        let known = Known { runbook, run, ..self.picture.known(now) };
        Context { known, me: &self.me, access: self.access() }
    }

    /// Grants a wish as if a person had pressed its keys: the same desk, the same decision.
    ///
    /// # Errors
    /// A refusal, whose text is the sentence to show.
    pub fn drive(&mut self, wish: Wish, now: Stamp) -> Result<Vec<Effect<D::Role>>, Refusal> {
        self.touched = now;
        self.grant(wish, now)
    }

    /// True while something is on its way to the journal: nothing is decided on half a record.
    pub fn is_recording(&self) -> bool {
        self.desk.is_recording() || self.opening.is_some() || self.waiting.is_some()
    }

    /// The run, open or just closed.
    pub fn run(&self) -> Option<&Run> {
        self.picture.run.as_ref()
    }

    /// The plan of the run, or the one that is chosen.
    pub fn runbook(&self) -> Option<&Runbook> {
        self.picture.runbook()
    }

    /// The journal's state.
    pub fn journal(&self) -> &JournalState {
        &self.journal
    }

    /// The last rehearsal.
    pub fn rehearsal(&self) -> Option<&Rehearsal> {
        self.rehearsal.as_ref()
    }

    /// The rows of the timeline after `last`, oldest first; all of them when there is none.
    pub fn rows_after(&self, last: Option<&TimelineRow>) -> Vec<TimelineRow> {
        let told = last.and_then(|last| self.timeline.iter().rposition(|row| row == last));
        self.timeline.iter().skip(told.map_or(0, |at| at + 1)).cloned().collect()
    }

    /// What the console would show in its notice row as a refusal; asking takes it away.
    pub fn take_refusal(&mut self) -> Option<Clean> {
        self.model.notice.take().filter(|notice| notice.refusal).map(|notice| notice.text)
    }
}
