//! What the readings call for without anybody's wish: alarms on record, one bell each.

use std::time::Duration;

use super::Console;
use crate::domain::ids::Side;
use crate::domain::run::event::Body;
use crate::domain::run::observe::observed;
use crate::domain::site::SystemSpec;
use crate::domain::time::Stamp;
use crate::domain::verdict::{Alarm, Priority};
use crate::runtime::desk::Desk;
use crate::runtime::effect::Effect;

/// The longest time that a new console waits for the first word of every system.
const LOOK_AROUND_MAX: Duration = Duration::from_secs(10);

impl<D: Desk> Console<D> {
    /// Says what is seen: alarms raised and cleared, losses measured, restoration.
    pub(super) fn see(&mut self, now: Stamp) -> Vec<Effect<D::Role>> {
        let mut effects = Vec::new();
        let words = if self.has_looked_around(now) {
            self.changed_alarms(now, &mut effects)
        } else {
            Vec::new()
        };
        // What is seen is judged on what is on record, so that nothing is told twice.
        let observed = match (self.picture.open_run(), &self.picture.plan) {
            (Some(run), Some(plan)) if !self.desk.is_recording() => {
                let seen = observed(run, plan, &self.picture.site, &self.picture.snapshot, now);
                self.forecast_word().into_iter().chain(seen).collect()
            }
            _ => Vec::new(),
        };
        if self.picture.open_run().is_some() {
            let all = words.into_iter().chain(observed).collect();
            effects.extend(self.desk.say(self.picture.run.as_ref(), &self.own_name(), all));
        }
        effects.extend(self.ring_for_the_clock());
        effects.extend(self.new_title());
        effects
    }

    /// True once every system was heard of, or enough time has passed: what a console thinks after
    /// its first few looks is not worth a bell or a record.
    pub fn has_looked_around(&self, now: Stamp) -> bool {
        let heard = |system: &SystemSpec| {
            Side::BOTH.into_iter().any(|side| {
                let cell = self.picture.snapshot.cell(&system.id, side);
                let at = cell.and_then(|cell| cell.heard);
                at.is_some_and(|at| {
                    at.boot == self.started.boot && at.boot_ms >= self.started.boot_ms
                })
            })
        };
        now.since(self.started) >= LOOK_AROUND_MAX || self.picture.site.systems.iter().all(heard)
    }

    /// Urgent alarms that appeared or went, once each; rings once for a new one.
    fn changed_alarms(&mut self, now: Stamp, effects: &mut Vec<Effect<D::Role>>) -> Vec<Body> {
        let alarms = self.picture.assessment.alarms.iter();
        let urgent: Vec<Alarm> =
            alarms.filter(|alarm| alarm.priority == Priority::ActNow).cloned().collect();
        let mut words = Vec::new();
        // What is seen at the same moment rings once, for the worst of it.
        let first = urgent.iter().find(|alarm| !self.raised.contains_key(&alarm.key));
        effects.extend(first.map(|_| Effect::Bell));
        effects.extend(first.map(|alarm| self.notification(alarm)));
        for Alarm { key, sentence, .. } in &urgent {
            if !self.raised.contains_key(key) {
                self.raised.insert(key.clone(), sentence.clone());
                words.push((key.clone(), true, sentence.clone()));
            }
        }
        let gone: Vec<String> = self
            .raised
            .keys()
            .filter(|key| !urgent.iter().any(|alarm| alarm.key == **key))
            .cloned()
            .collect();
        for key in gone {
            if let Some(sentence) = self.raised.remove(&key) {
                self.acknowledged.retain(|other| *other != key);
                words.push((key, false, sentence));
            }
        }
        for (_, raised, sentence) in &words {
            if self.picture.open_run().is_none() {
                let text = if *raised {
                    sentence.to_string()
                } else {
                    format!("over or grouped: {sentence}")
                };
                self.write_row(now, "console", text);
            }
        }
        words
            .into_iter()
            .map(|(alarm, raised, sentence)| Body::Alarmed { alarm, raised, sentence })
            .collect()
    }
}
