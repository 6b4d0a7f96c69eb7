//! Looking: what was heard goes into the snapshot, and the tick looks at what time alone changes.

use std::time::Duration;

use super::{Console, IDLE_SAFE_AFTER};
use crate::domain::console::JournalState;
use crate::domain::ids::{Side, SystemId};
use crate::domain::reading::{Health, Look};
use crate::domain::run::event::Body;
use crate::domain::time::{CLOCK_DOUBT, RtoClock, Stamp, short_time};
use crate::port::Looks;
use crate::runtime::desk::Desk;
use crate::runtime::effect::Effect;
use crate::runtime::observations::Observations;

/// The least time between two writings of the observation file.
const KEEP_AFTER: Duration = Duration::from_secs(2);

/// A gap between two ticks that means that the machine slept or the process was stopped.
const SLEPT_AFTER: Duration = Duration::from_secs(30);

impl<D: Desk> Console<D> {
    pub(super) fn heard(&mut self, system: &SystemId, at: Stamp, looks: Looks) {
        for (side, look) in [(Side::A, looks.a), (Side::B, looks.b)] {
            if let Some(look) = look {
                self.count(system, side, at, &look);
                self.picture.snapshot.record(system, side, at, look);
                let cell = self.picture.snapshot.cell(system, side);
                if cell.is_some_and(|cell| cell.exchanged == Some(at)) {
                    let what = "another server answers than before, or it was started anew";
                    self.write_row(at, "console", format!("{system} in {side}: {what}"));
                }
            }
        }
        self.judge_due = true;
        self.keep_due = true;
    }

    /// Keeps what a probe has learned for those that come after it.
    pub(super) fn learned(&mut self, system: SystemId, learned: String) {
        self.learned.insert(system, learned);
        self.keep_due = true;
    }

    /// For the figures of the last 24 hours.
    fn count(&mut self, system: &SystemId, side: Side, at: Stamp, look: &Look) {
        let (good, lag) = match look {
            Ok(reading) => match reading.health {
                Health::Up | Health::Degraded(_) => (Some(true), reading.lag.as_ref()),
                Health::Down(_) => (Some(false), None),
                Health::Unknown(_) => (None, None),
            },
            Err(error) => (error.counts_as_failure().then_some(false), None),
        };
        self.picture.day.count(system, side, at, good, lag);
    }

    pub(super) fn tick(&mut self, now: Stamp) -> Vec<Effect<D::Role>> {
        self.notice_gaps(now);
        let mut effects = self.ui_tick(now);
        self.judge_due = true;
        self.turn_safe_when_idle(now);
        effects.extend(self.desk.retry(self.picture.run.as_ref()));
        effects.extend(self.try_the_journal());
        effects.extend(self.sense(now));
        if self.keep_due && now.since(self.kept) >= KEEP_AFTER {
            self.keep_due = false;
            self.kept = now;
            effects.push(Effect::Keep(Box::new(Observations::of(
                &self.picture,
                self.learned.clone(),
                now,
            ))));
        }
        effects
    }

    /// A machine that slept and a wall clock that jumped are told: times on the screen moved.
    fn notice_gaps(&mut self, now: Stamp) {
        let last = std::mem::replace(&mut self.ticked, now);
        let passed = now.since(last);
        if passed >= SLEPT_AFTER {
            let text =
                format!("this console stood still for {}; the clock went on", short_time(passed));
            self.write_row(now, "console", text);
        }
        let jump_ms = now.wall_ahead_ms(last).unwrap_or(0);
        if now.wall_ahead_ms(self.lowest).is_none_or(|ahead| ahead < 0) {
            self.lowest = now;
        }
        // A clock that counts has a word of its own for a jump ahead: it goes on record.
        let told = jump_ms > 0 && self.counting().is_some();
        if !told && u128::from(jump_ms.unsigned_abs()) >= CLOCK_DOUBT.as_millis() {
            let text =
                format!("the wall clock jumped by {} s; T0 and the clock did not", jump_ms / 1000);
            self.write_row(now, "console", text);
        }
    }

    /// The clock of the open run, while it counts.
    fn counting(&self) -> Option<&RtoClock> {
        self.picture.open_run()?.clock.as_ref().filter(|clock| clock.stopped.is_none())
    }

    /// Puts on record that the wall clock went further than ours, before anything that is measured
    /// by it; also what happened while no console ran.
    pub(super) fn doubt_the_clock(&mut self, now: Stamp) -> Vec<Effect<D::Role>> {
        if self.doubting {
            return Vec::new();
        }
        let new = self.counting().and_then(|clock| clock.new_doubt(self.lowest, now));
        let Some((since, doubt)) = new else { return Vec::new() };
        self.doubting = true;
        let wall_ahead_ms = u64::try_from(doubt.as_millis()).unwrap_or(u64::MAX);
        self.say_own(Body::ClockDoubted { since, wall_ahead_ms })
    }

    /// While the journal cannot record, a word of our own tries it again once a tick, so that a
    /// disk with room again is noticed without anybody's wish.
    fn try_the_journal(&mut self) -> Vec<Effect<D::Role>> {
        let JournalState::Failed(why) = &self.journal else { return Vec::new() };
        if self.picture.open_run().is_none() || self.desk.is_recording() {
            return Vec::new();
        }
        let found = format!("the journal records again; it could not: {why}").into();
        self.say_own(Body::Resumed { found })
    }

    fn turn_safe_when_idle(&mut self, now: Stamp) {
        let running = self
            .picture
            .run
            .as_ref()
            .is_some_and(|run| run.steps.iter().any(|step| step.phase.is_open()));
        if self.armed && !running && now.since(self.touched) >= IDLE_SAFE_AFTER {
            self.armed = false;
            self.notice(now, "SAFE again: nobody touched the keys for 15 minutes", false);
        }
    }
}
