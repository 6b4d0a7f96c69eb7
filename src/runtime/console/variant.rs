//! The variant of each step that is in force: the plan is resolved again as the journal moves on.

use std::sync::Arc;

use super::Console;
use crate::runtime::desk::Desk;
use crate::ui::screen::Rehearsal;

/// Dry runs that are being made, and whether they are about a plan that is no longer in force.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Rehearsing {
    open: usize,
    void: bool,
}

impl<D: Desk> Console<D> {
    /// Resolves the run's plan again. What was rehearsed for another variant is worth nothing: it
    /// goes, and so does what is still on its way.
    pub(super) fn resolve_plan(&mut self) {
        let (Some(run), Some(written)) = (&self.run, &self.written) else { return };
        let plan = run.plan_in_force(written);
        if self.plan.as_deref() == Some(&plan) {
            return;
        }
        self.plan = Some(Arc::new(plan));
        self.rehearsal = None;
        self.rehearsing.void = self.rehearsing.open > 0;
        self.dirty = true;
    }

    /// A dry run was asked for.
    pub(super) fn rehearsal_begins(&mut self) {
        self.rehearsing.open += 1;
    }

    /// A dry run came; one that may be of another variant is dropped, the card asks again.
    pub(super) fn rehearsed(&mut self, rehearsal: Rehearsal) {
        self.rehearsing.open = self.rehearsing.open.saturating_sub(1);
        let void = self.rehearsing.void;
        self.rehearsing.void = void && self.rehearsing.open > 0;
        if !void {
            self.rehearsal = Some(rehearsal);
        }
        self.dirty = true;
    }
}
