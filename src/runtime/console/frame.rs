//! What a frame may look at, gathered for one moment.

use ratatui::layout::Rect;

use std::time::Duration;

use super::{Console, DISK_SLOW_AFTER};
use crate::domain::console::{Access, OutputLine, TimelineRow};
use crate::domain::run::decide::Context;
use crate::domain::time::Stamp;
use crate::domain::verdict::Assessment;
use crate::runtime::desk::Desk;
use crate::ui::available;
use crate::ui::command::Command;
use crate::ui::dialog::report::Report;
use crate::ui::facts::Facts;
use crate::ui::laid::Laid;
use crate::ui::layout::reach;
use crate::ui::model::Model;
use crate::ui::screen::Screen;
use crate::ui::theme::Theme;
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
        &self.picture.assessment
    }

    /// True while another decision would be refused, because one is still being written.
    fn refuses_another(&self) -> bool {
        self.desk.is_deciding() || self.waiting.is_some() || self.opening.is_some()
    }

    /// How long the disk owes an answer, where that is longer than it may take.
    pub fn stalled(&self, now: Stamp) -> Option<Duration> {
        self.asked_disk.map(|at| now.since(at)).filter(|owed| *owed >= DISK_SLOW_AFTER)
    }

    pub(super) fn facts(&self, now: Stamp) -> Facts<'_> {
        let known = self.picture.known(now);
        Facts {
            context: Context { known, me: &self.me, access: self.access() },
            keymap: &self.keymap,
            runbooks: &self.picture.runbooks,
            acknowledged: &self.acknowledged,
            rehearsal: self.rehearsal.as_ref(),
            journal: &self.journal,
            recording: self.refuses_another(),
            stalled: self.stalled(now),
            unkept: self.unkept.as_ref(),
            output_rows: self.output.len(),
            timeline_rows: self.timeline.len(),
            report: self.laid.as_deref(),
            fold: Fold::default(),
        }
    }

    /// The first key of a command, as it is bound.
    pub(super) fn key(&self, command: Command) -> String {
        self.model.key(&self.keymap, command)
    }

    /// How far the open dialog can be scrolled, and must be before Enter counts in it.
    pub(super) fn fold(&mut self, now: Stamp) -> Fold {
        self.shown(now, reach)
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
        let Some(&Report { part, .. }) = self.model.over() else { return };
        let (Some(run), Some(runbook)) = (&self.picture.run, self.picture.runbook()) else {
            return;
        };
        let (columns, rows) = self.model.size;
        let width = inner_width(Rect::new(0, 0, columns, rows));
        self.laid = Some(Laid::renew(kept, (run, runbook, &self.picture.site), part, width));
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
        let mut facts = self.facts(now).with(access);
        // Who only looks asks no disk.
        facts.stalled = facts.stalled.filter(|_| access != Access::ReadOnly);
        let guide = available::guide(&facts, model);
        let output: &[OutputLine] = self.output.as_slices().0;
        let timeline: &[TimelineRow] = self.timeline.as_slices().0;
        let screen = Screen {
            facts,
            kind: self.picture.shown_run().map_or(self.kind, |run| run.kind),
            elsewhere: self.elsewhere.as_ref(),
            output,
            timeline,
            model,
            guide: &guide,
        };
        make(&screen)
    }
}
