//! The variant of each step that is in force: the plan is resolved again as the journal moves on.

use std::sync::Arc;

use super::Console;
use crate::domain::console::Rehearsal;
use crate::domain::runbook::Runbook;
use crate::runtime::desk::Desk;

/// What the plan in force is made of, and the dry runs that may be about another one.
#[derive(Debug, Clone, Default)]
pub(super) struct Variants {
    /// The run's plan as it was written.
    pub(super) written: Option<Arc<Runbook>>,
    /// Dry runs that are being made.
    pub(super) open: usize,
    /// True when some of them are of a plan that is no longer in force.
    pub(super) void: bool,
}

impl Variants {
    /// Those of a plan as it was written.
    pub(super) fn of(written: Option<Arc<Runbook>>) -> Self {
        Self { written, open: 0, void: false }
    }

    /// A run of another plan begins.
    pub(super) fn begin(&mut self, written: Arc<Runbook>) {
        self.written = Some(written);
    }
}

impl<D: Desk> Console<D> {
    /// Resolves the run's plan again. What was rehearsed for another variant is worth nothing: it
    /// goes, and so does what is still on its way.
    pub(super) fn resolve_plan(&mut self) {
        let (Some(run), Some(written)) = (&self.picture.run, &self.variants.written) else {
            return;
        };
        let plan = run.plan_in_force(written);
        if self.picture.plan.as_deref() == Some(&plan) {
            return;
        }
        self.picture.plan = Some(Arc::new(plan));
        self.rehearsal = None;
        self.variants.void = self.variants.open > 0;
        self.dirty = true;
    }

    /// So many dry runs were asked for.
    pub(super) fn rehearsals_begin(&mut self, count: usize) {
        self.variants.open += count;
    }

    /// A dry run came; one that may be of another variant is dropped, the card asks again.
    pub(super) fn rehearsed(&mut self, rehearsal: Rehearsal) {
        self.variants.open = self.variants.open.saturating_sub(1);
        let void = self.variants.void;
        self.variants.void = void && self.variants.open > 0;
        if !void {
            self.rehearsal = Some(rehearsal);
        }
        self.dirty = true;
    }
}
