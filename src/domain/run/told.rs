//! What is told beside the steps: losses, tiers, criteria, forecasts, updates, aborts, clocks.

use std::collections::BTreeSet;
use std::time::Duration;

use super::event::{Body, RunEvent};
use super::misfit::Misfit;
use super::state::{Abort, AcceptedCriterion, Forecasted, Run};
use crate::domain::text::Clean;
use crate::domain::verdict::SPLIT_KEY;

impl Run {
    /// True where two primaries stood as the record ended: nothing is restored for good.
    pub fn stands_split(&self) -> bool {
        let mut standing = BTreeSet::new();
        for event in self.events.iter() {
            match &event.body {
                Body::Alarmed { alarm, raised: true, .. } if alarm.starts_with(SPLIT_KEY) => {
                    standing.insert(alarm);
                }
                Body::Alarmed { alarm, raised: false, .. } => {
                    standing.remove(alarm);
                }
                _ => {}
            }
        }
        !standing.is_empty()
    }

    /// Takes in a word that moves neither a step nor the run's stage.
    pub(super) fn take_told(&mut self, event: &RunEvent) -> Result<(), Misfit> {
        match &event.body {
            Body::AbortPlanned { back, stays } => {
                let stage = self.stage;
                let abort = self.abort.as_mut();
                let abort = abort.ok_or(Misfit::StageMove { seq: event.seq, stage })?;
                (abort.back, abort.stays) = (back.clone(), stays.clone());
            }
            Body::LossMeasured { system, seconds, how, .. } => {
                self.losses.retain(|(known, _, _)| known != system);
                self.losses.push((system.clone(), *seconds, how.clone()));
            }
            Body::LossReopened { system, .. } => {
                self.losses.retain(|(known, _, _)| known != system);
                self.reopened.insert(system.clone());
            }
            Body::TierRestored { tier, evidence } => {
                self.tiers.retain(|(known, ..)| known != tier);
                self.tiers.push((tier.clone(), event.at, evidence.clone()));
            }
            Body::CriterionAccepted { asks, evidence, reason, key } => {
                self.accepted_criteria.retain(|known| known.asks != *asks);
                self.accepted_criteria.push(AcceptedCriterion {
                    key: key.clone(),
                    asks: asks.clone(),
                    evidence: evidence.clone(),
                    reason: reason.clone(),
                    at: event.at,
                    by: event.by.clone(),
                });
            }
            Body::Forecasted { finish_p50_s, finish_p80_s, runs } => {
                self.forecasted = Some(Forecasted {
                    at: event.at,
                    finish_p50_s: *finish_p50_s,
                    finish_p80_s: *finish_p80_s,
                    runs: *runs,
                });
            }
            Body::Updated { number, .. } => self.updated = Some((event.at, *number)),
            Body::ClockDoubted { wall_ahead_ms, .. } => {
                let doubt = Duration::from_millis(*wall_ahead_ms);
                self.clock.iter_mut().for_each(|clock| clock.take_doubt(event.at, doubt));
            }
            _ => {}
        }
        Ok(())
    }

    /// The run is being given up from here on; the plan for it follows.
    pub(super) fn begin_abort(&mut self, event: &RunEvent, reason: &Clean) {
        self.abort = Some(Abort {
            since: event.at,
            by: event.by.clone(),
            reason: reason.clone(),
            back: Vec::new(),
            stays: Vec::new(),
        });
    }
}
