//! What leaves the console for others: copies, status updates, notifications and the title.

use super::Console;
use crate::domain::console::JournalState;
use crate::domain::forecast::RtoState;
use crate::domain::ids::TierId;
use crate::domain::rhythm::next_number;
use crate::domain::run::intent::Intent;
use crate::domain::text::Clean;
use crate::domain::time::Stamp;
use crate::domain::verdict::{Alarm, Primary};
use crate::runtime::clipboard::{fitting, masked};
use crate::runtime::desk::Desk;
use crate::runtime::effect::Effect;
use crate::ui::{copy, update_text};

impl<D: Desk> Console<D> {
    /// Copies what the focused panel or the open dialog shows.
    pub(super) fn copy(&mut self, now: Stamp) -> Vec<Effect<D::Role>> {
        let lines = self.shown(now, copy::lines);
        let (effect, told) = self.handed(&lines);
        self.notice(now, told, false);
        vec![effect]
    }

    /// Copies a status update and puts it on record, where there is a run to record it in.
    pub(super) fn hand_over_update(
        &mut self,
        sentence: &Clean,
        now: Stamp,
    ) -> Vec<Effect<D::Role>> {
        let lines = self.shown(now, |screen| update_text::lines(screen, sentence.as_str()));
        let lines = masked(&lines, &self.redactor);
        let number = next_number(self.picture.open_run());
        let (effect, told) = self.handed(&lines);
        let mut effects = vec![effect];
        if self.picture.open_run().is_none() || self.desk.read_only() {
            let why = if self.desk.read_only() { "read only" } else { "no run is open" };
            self.notice(now, format!("status {told}; NOT recorded: {why}"), false);
            return effects;
        }
        match self.intend(&Intent::SendUpdate { lines }, now) {
            Ok(more) => {
                effects.extend(more);
                self.notice(now, format!("update {number} {told}, and goes on record"), false);
            }
            Err(why) => self.notice(now, format!("status {told}; NOT recorded: {why}"), true),
        }
        effects
    }

    /// The copy of some lines, secrets masked, and what is said of it.
    fn handed(&self, lines: &[Clean]) -> (Effect<D::Role>, String) {
        let (lines, cut) = fitting(masked(lines, &self.redactor));
        let count = lines.len() - usize::from(cut > 0);
        let rest = if cut > 0 { format!(", {cut} more were cut") } else { String::new() };
        (Effect::Copy(lines), format!("sent to terminal ({count} lines{rest})"))
    }

    /// Tells of a new urgent alarm: which region and since when, and no name of anything else.
    pub(super) fn notification(&self, alarm: &Alarm) -> Effect<D::Role> {
        let side = alarm.side.map(|side| format!("region {side}"));
        let place = side.unwrap_or_else(|| "here".to_owned());
        let what = match alarm.key.split('/').next().unwrap_or_default() {
            "red" => format!("primary {place} red"),
            "blind" => format!("primary {place} cannot be seen"),
            "split" => "two primaries".to_owned(),
            "us" => "our own network is silent".to_owned(),
            _ => format!("urgent alarm, {place}"),
        };
        let since = match (&self.picture.assessment.primary, alarm.since) {
            (Primary::Red { t0, .. }, _) if alarm.key.starts_with("red/") => Some(*t0),
            (_, since) => since,
        };
        let since = since
            .map_or_else(String::new, |at| format!(" since {}", at.utc().0.strftime("%H:%MZ")));
        self.notify(&format!("{what}{since}"))
    }

    fn notify(&self, what: &str) -> Effect<D::Role> {
        let kind = self.picture.run.as_ref().map_or(self.kind, |run| run.kind).badge();
        let chain = match &self.journal {
            JournalState::Ok { words } => format!(", journal {words}"),
            JournalState::None | JournalState::Failed(_) | JournalState::ReadOnly(_) => {
                String::new()
            }
        };
        let over = self.picture.site.override_words();
        let over = over.map_or_else(String::new, |words| format!(", {words}"));
        Effect::Notify(format!("warroom: {what} ({kind}{over}{chain})").into())
    }

    /// Rings and tells once when the objective is at risk, and once when it is breached.
    pub(super) fn ring_for_the_clock(&mut self) -> Vec<Effect<D::Role>> {
        let key = match self.picture.forecast.state {
            // A forecast that jumps over the risk is a risk that begins.
            RtoState::AtRisk | RtoState::WillMiss => "RTO at risk",
            RtoState::Breached => "RTO breached",
            RtoState::OnTrack
            | RtoState::Provisional
            | RtoState::Ready
            | RtoState::Met
            | RtoState::Missed
            | RtoState::Contested => return Vec::new(),
        };
        // Every tier that the clock comes to count has a bell of its own.
        let tier = self.picture.forecast.tier.as_ref().map_or("", TierId::as_str);
        if self.rung.insert(format!("{key} {tier}")) {
            vec![Effect::Bell, self.notify(key)]
        } else {
            Vec::new()
        }
    }

    /// `DRILL INC-7 T+23m ON TRACK`, when it changed.
    pub(super) fn new_title(&mut self) -> Option<Effect<D::Role>> {
        let open = self.picture.open_run();
        let what = match (open, self.picture.forecast.elapsed) {
            (Some(run), _) => run.id.to_string(),
            (None, Some(_)) => format!("{} RED", self.picture.site.name),
            (None, None) => self.picture.site.name.clone(),
        };
        let clock = self.picture.forecast.elapsed.map(|time| {
            let minutes = time.as_secs() / 60;
            match minutes / 60 {
                0 => format!(" T+{minutes}m"),
                hours => format!(" T+{hours}h{:02}m", minutes % 60),
            }
        });
        let clock = clock.unwrap_or_default();
        let kind = open.map_or(self.kind, |run| run.kind).badge();
        let over = if self.picture.site.stood_in().next().is_some() { " OVERRIDE" } else { "" };
        let state = self.picture.forecast.state.words();
        let title = format!("{kind}{over} {what}{clock} {state}");
        if title == self.title {
            return None;
        }
        self.title.clone_from(&title);
        Some(Effect::Title(title))
    }
}
