//! What a frame may look at, gathered for one moment.

use super::Console;
use crate::domain::time::Stamp;
use crate::runtime::desk::Desk;
use crate::ui::available;
use crate::ui::screen::{Access, OutputLine, Screen, TimelineRow};
use crate::ui::theme::Theme;
use crate::ui::update::Facts;
use crate::ui::view;

impl<D: Desk> Console<D> {
    /// What the keys may do.
    #[must_use]
    pub fn access(&self) -> Access {
        match (self.desk.read_only(), self.armed) {
            (true, _) => Access::ReadOnly,
            (false, true) => Access::Armed,
            (false, false) => Access::Safe,
        }
    }

    pub(super) fn facts(&self, now: Stamp) -> Facts<'_> {
        Facts {
            now,
            access: self.access(),
            site: &self.site,
            runbooks: &self.runbooks,
            runbook: self.runbook(),
            run: self.run.as_ref(),
            assessment: &self.assessment,
            snapshot: &self.snapshot,
            ledger: &self.ledger,
            acknowledged: &self.acknowledged,
            rehearsal: self.rehearsal.as_ref(),
            journal: &self.journal,
            output_rows: self.output.len(),
            timeline_rows: self.timeline.len(),
        }
    }

    /// Draws the frame of this moment.
    pub fn draw(&mut self, frame: &mut ratatui::Frame<'_>, theme: &Theme, now: Stamp) {
        let guide = available::guide(&self.keymap, &self.facts(now), &self.model);
        let output: &[OutputLine] = self.output.make_contiguous();
        let timeline: &[TimelineRow] = self.timeline.make_contiguous();
        let screen = Screen {
            now,
            kind: self.run.as_ref().map_or(self.kind, |run| run.kind),
            access: match (self.desk.read_only(), self.armed) {
                (true, _) => Access::ReadOnly,
                (false, true) => Access::Armed,
                (false, false) => Access::Safe,
            },
            me: &self.me,
            site: &self.site,
            snapshot: &self.snapshot,
            assessment: &self.assessment,
            runbooks: &self.runbooks,
            runbook: match (&self.run, &self.plan) {
                (Some(_), Some(plan)) => Some(plan),
                _ => self.runbooks.get(self.chosen),
            },
            run: self.run.as_ref(),
            forecast: &self.forecast,
            ledger: &self.ledger,
            day: &self.memory.day,
            acknowledged: &self.acknowledged,
            rehearsal: self.rehearsal.as_ref(),
            output,
            timeline,
            journal: &self.journal,
            model: &self.model,
            guide: &guide,
        };
        view::draw(frame, &screen, theme);
    }
}
