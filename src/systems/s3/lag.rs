//! How far a bucket's copy is behind: since the last canary before the first that is missing.
//!
//! Canaries are small and come at intervals: what was written after that one may be missing, so the
//! figure is up to one interval above the truth. A big object takes longer than a canary; where
//! `CloudWatch` tells the longest way of an object, the longer of the two counts. After an outage
//! canaries prove nothing until the source's objects of that time were asked for ([`Gap`]).

use super::canary::{Arrived, Canary, arrived, folder};
use super::coverage::left_out;
use super::gap::Gap;
use super::learned::Learned;
use super::settings::Own;
use super::state::State;
use crate::domain::ids::Side;
use crate::domain::reading::{Basis, Certainty, Lag, LagUnit};
use crate::domain::time::Stamp;

/// What a lag is measured from.
pub(super) struct Measure<'a> {
    /// When the look began.
    pub(super) at: Stamp,
    /// The side whose bucket is the source.
    pub(super) side: Side,
    /// The source, where that was read in the same look.
    pub(super) source: Option<&'a State>,
    /// Its copy.
    pub(super) copy: &'a State,
    /// The settings of the copy.
    pub(super) own: &'a Own,
    /// What earlier looks taught.
    pub(super) learned: &'a Learned,
}

/// Why nothing is measured, or by what.
pub(super) enum Found {
    /// By these canaries.
    Measured(Arrived),
    /// The source was not read in this look.
    Unread,
    /// No rule copies canaries.
    Uncovered,
    /// Others than canaries are not copied, or not there; why.
    NotAll(String),
    /// There are more than were read up to now.
    Reading,
    /// There is none, or the last one is so many seconds old.
    Ceased(Option<f64>),
}

impl Measure<'_> {
    /// How old a canary of the source is by the source's own clock.
    fn age_s(&self, one: Canary) -> Option<f64> {
        let now_ms = self.learned.clocks[self.side.index()].now_ms(self.at)?;
        Some(seconds(now_ms.saturating_sub(one.at_ms).max(0)))
    }

    /// An outage whose objects are not all known to be here.
    pub(super) fn gap(&self) -> Option<&Gap> {
        self.learned.gaps[self.side.index()].as_ref()
    }

    /// What the copy lacks of what was there before it was made, in words.
    pub(super) fn short(&self) -> Option<String> {
        Some(self.learned.short(self.side, self.copy)?.words(&self.own.bucket))
    }

    /// What the canaries of the source tell.
    pub(super) fn found(&self) -> Found {
        let Some(source) = self.source else { return Found::Unread };
        let folder = folder(&self.own.canary, self.side);
        if !source.rules_to(Some(&self.own.bucket)).any(|rule| rule.scope.covers(&folder)) {
            return Found::Uncovered;
        }
        if let Some(why) = left_out(source, &self.own.bucket, self.own) {
            return Found::NotAll(why);
        }
        if let Some(why) = self.short() {
            return Found::NotAll(why);
        }
        let at = self.side.index();
        let Some(found) = arrived(&source.canaries[at], &self.copy.canaries[at]) else {
            return Found::Reading;
        };
        match (found.until, found.missing, found.whole) {
            // What is missing is missing, however long ago the last one was written.
            (_, Some(_), _) => Found::Measured(found),
            (_, None, false) => Found::Reading,
            (None, None, true) => Found::Ceased(None),
            (Some(newest), None, true) => match self.age_s(newest) {
                Some(age_s) if !self.learned.pulses[at].has_ceased(age_s) => Found::Measured(found),
                age_s => Found::Ceased(age_s),
            },
        }
    }

    /// The lag.
    pub(super) fn lag(&self, found: &Found) -> Lag {
        let nothing = Lag::unknown(LagUnit::Objects, Basis::Heartbeat);
        let Found::Measured(found) = found else { return nothing };
        let gap = self.gap();
        let proves = |until: &Canary| gap.is_none_or(|gap| gap.is_after(until.at_ms));
        let (certainty, since) = match (found.until.filter(proves), found.missing) {
            (Some(until), _) => (Certainty::Known, until),
            // What came before it, of what was read or at all, may be missing too.
            (None, Some(missing)) => (Certainty::LowerBound, missing),
            (None, None) => return nothing,
        };
        let Some(age_s) = self.age_s(since) else { return nothing };
        let measured = self.source.and_then(|source| source.measured.as_ref());
        let now_ms = self.at.wall_ms;
        let pending = measured.and_then(|measured| measured.pending(now_ms).ok());
        let longest = measured.and_then(|measured| measured.latency_s(now_ms).ok());
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a count of operations, cut off at the ends of its type"
        )]
        let amount = pending.map(|pending| pending.ceil() as u64);
        Lag { seconds: Some(age_s.max(longest.unwrap_or(0.0))), amount, certainty, ..nothing }
    }
}

/// Milliseconds as seconds.
pub(super) fn seconds(ms: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 are below 2^52")]
    let seconds = ms as f64 / 1000.0;
    seconds
}
