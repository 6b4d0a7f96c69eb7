//! What a frame may look at, gathered for one moment.

use ratatui::layout::Rect;

use super::Console;
use crate::domain::time::Stamp;
use crate::domain::verdict::Assessment;
use crate::runtime::desk::Desk;
use crate::ui::available;
use crate::ui::laid::Laid;
use crate::ui::model::{Dialog, Model};
use crate::ui::panel::dialog;
use crate::ui::screen::{Access, OutputLine, Screen, TimelineRow};
use crate::ui::theme::Theme;
use crate::ui::update::Facts;
use crate::ui::view;
use crate::ui::widget::sheet::{Fold, inner_width};

impl<D: Desk> Console<D> {
    /// What the keys may do.
    pub fn access(&self) -> Access {
        match (self.desk.read_only(), self.armed) {
            (true, _) => Access::ReadOnly,
            (false, true) => Access::Armed,
            (false, false) => Access::Safe,
        }
    }

    /// What the readings mean.
    pub fn assessment(&self) -> &Assessment {
        &self.assessment
    }

    /// True while another decision would be refused, because one is still being written.
    fn refuses_another(&self) -> bool {
        self.desk.is_deciding() || self.waiting.is_some() || self.opening.is_some()
    }

    pub(super) fn facts(&self, now: Stamp) -> Facts<'_> {
        Facts {
            now,
            access: self.access(),
            me: &self.me,
            site: &self.site,
            runbooks: &self.runbooks,
            runbook: self.runbook(),
            run: self.shown_run(),
            assessment: &self.assessment,
            snapshot: &self.snapshot,
            ledger: &self.ledger,
            acknowledged: &self.acknowledged,
            rehearsal: self.rehearsal.as_ref(),
            journal: &self.journal,
            recording: self.refuses_another(),
            output_rows: self.output.len(),
            timeline_rows: self.timeline.len(),
            report: self.laid.as_deref(),
            fold: Fold::default(),
        }
    }

    /// What must be read of the open card before Enter counts.
    pub(super) fn fold(&mut self, now: Stamp) -> Fold {
        self.shown(now, dialog::fold)
    }

    /// Draws the frame of this moment.
    pub fn draw(&mut self, frame: &mut ratatui::Frame<'_>, theme: &Theme, now: Stamp) {
        self.shown(now, |screen| view::draw(frame, screen, theme));
    }

    /// Draws what a console shows that only looks, with nothing selected and no dialog: the same
    /// for a live console and for a replay of what it heard.
    pub fn draw_watched(&mut self, frame: &mut ratatui::Frame<'_>, theme: &Theme, now: Stamp) {
        let model = Model { ascii: self.model.ascii, ..Model::default() };
        self.shown_as(now, Access::ReadOnly, &model, |screen| view::draw(frame, screen, theme));
    }

    /// What is made of what a frame of this moment shows.
    pub fn shown<T>(&mut self, now: Stamp, make: impl FnOnce(&Screen<'_>) -> T) -> T {
        self.lay_report();
        let (access, model) = (self.access(), std::mem::take(&mut self.model));
        let made = self.shown_as(now, access, &model, make);
        self.model = model;
        made
    }

    /// Lays the report on the screen out, where it is another one than before; lets go of it once
    /// it is not read any more.
    pub(super) fn lay_report(&mut self) {
        let kept = self.laid.take();
        let Some(Dialog::Report { part, .. }) = &self.model.dialog else { return };
        let (Some(run), Some(runbook)) = (&self.run, self.runbook()) else { return };
        let (columns, rows) = self.model.size;
        let width = inner_width(Rect::new(0, 0, columns, rows));
        self.laid = Some(Laid::renew(kept, (run, runbook, &self.site), *part, width));
    }

    fn shown_as<T>(
        &mut self,
        now: Stamp,
        access: Access,
        model: &Model,
        make: impl FnOnce(&Screen<'_>) -> T,
    ) -> T {
        self.output.make_contiguous();
        self.timeline.make_contiguous();
        let facts = Facts { access, ..self.facts(now) };
        let guide = available::guide(&self.keymap, &facts, model);
        let output: &[OutputLine] = self.output.as_slices().0;
        let timeline: &[TimelineRow] = self.timeline.as_slices().0;
        let screen = Screen {
            now,
            kind: self.shown_run().map_or(self.kind, |run| run.kind),
            access,
            me: &self.me,
            site: &self.site,
            snapshot: &self.snapshot,
            assessment: &self.assessment,
            runbooks: &self.runbooks,
            runbook: self.runbook(),
            run: self.shown_run(),
            elsewhere: self.elsewhere.as_ref(),
            forecast: &self.forecast,
            ledger: &self.ledger,
            day: &self.memory.day,
            acknowledged: &self.acknowledged,
            rehearsal: self.rehearsal.as_ref(),
            output,
            timeline,
            journal: &self.journal,
            recording: self.refuses_another(),
            model,
            guide: &guide,
            report: self.laid.as_deref(),
        };
        make(&screen)
    }
}
