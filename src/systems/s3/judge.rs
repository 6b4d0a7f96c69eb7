//! From what both sides told to the reading of one side: health, role, lag and every fact by name.

use super::aside::Aside;
use super::canary::folder;
use super::facts::facts;
use super::gap::Gap;
use super::lag::{Found, Measure};
use super::learned::Learned;
use super::settings::Own;
use super::state::State;
use crate::domain::ids::Side;
use crate::domain::reading::{FactValue, Health, Reading, Role, Writes};
use crate::domain::text::several;
use crate::domain::time::Stamp;

/// What is known when one side's reading is made.
pub(super) struct View<'a> {
    /// When the look began.
    pub(super) at: Stamp,
    /// The side.
    pub(super) side: Side,
    /// What it told.
    pub(super) own: &'a State,
    /// What the other side told in the same look.
    pub(super) other: Option<&'a State>,
    /// Its settings.
    pub(super) settings: &'a Own,
    /// What earlier looks taught.
    pub(super) learned: &'a Learned,
    /// What is not asked in each look.
    pub(super) aside: &'a Aside,
}

impl View<'_> {
    /// Whether a side copies to the other: as told now, else as it was told last.
    fn copies(&self, side: Side) -> Option<bool> {
        let told = if side == self.side { Some(self.own) } else { self.other };
        told.and_then(|state| state.copies).or(self.learned.copies[side.index()])
    }

    /// Its part: the source of the only rule between the two, or where that leads. With rules both
    /// ways, or none, there is no such part.
    pub(super) fn role(&self) -> Option<Role> {
        match (self.copies(self.side), self.copies(self.side.other())) {
            (Some(true), Some(false) | None) => Some(Role::Primary),
            (Some(false), Some(true)) => Some(Role::Standby),
            // Nobody ever saw the other side: a copy says itself that it is one.
            (Some(false), None) if self.own.is_copy => Some(Role::Standby),
            (Some(true | false) | None, _) => None,
        }
    }

    /// What the canaries that the other side writes tell of this side's copy.
    pub(super) fn measure(&self) -> Measure<'_> {
        Measure {
            at: self.at,
            side: self.side.other(),
            source: self.other,
            copy: self.own,
            own: self.settings,
            learned: self.learned,
        }
    }

    /// How old its own newest canary is.
    pub(super) fn canary_age_s(&self) -> Option<f64> {
        let newest = self.own.canaries[self.side.index()].newest()?;
        let now_ms = self.learned.clocks[self.side.index()].now_ms(self.at)?;
        Some(super::lag::seconds((now_ms - newest.at_ms).max(0)))
    }
}

/// The reading of one side.
pub(super) fn reading(took_ms: u64, view: &View<'_>) -> Reading {
    let (role, measure) = (view.role(), view.measure());
    let found = measure.found();
    let lag = (role == Some(Role::Standby)).then(|| measure.lag(&found));
    let mut reading = Reading::new(view.at, health(view, role, &found), note(view, role, &found));
    reading.took_ms = Some(took_ms);
    reading.role = role;
    // A copy takes whatever is written to it: nothing here proves that anybody is kept out.
    reading.writes = Some(Writes::Open);
    reading.identity = Some(view.own.identity());
    reading.lag = lag;
    reading.facts = facts(view, &found);
    reading
}

fn note(view: &View<'_>, role: Option<Role>, found: &Found) -> String {
    let to = view.settings.other_bucket().unwrap_or("no other bucket");
    match role {
        Some(Role::Primary) => format!("PRIMARY, copied to {to}"),
        Some(Role::Standby) => {
            let unproven = view.measure().gap().is_some_and(Gap::is_over);
            let more = if unproven { ", those of an outage are still being counted" } else { "" };
            format!("standby, {}{more}", words(found))
        }
        None => match (view.copies(view.side), view.copies(view.side.other())) {
            (Some(true), Some(true)) => "rules copy both ways: no side is the primary".to_owned(),
            (Some(false), Some(false)) => "no rule copies either way".to_owned(),
            _ => "which side copies to which is not known".to_owned(),
        },
    }
}

/// `all canaries are here`, `3 canaries missing`, `lag UNKNOWN: ...`.
fn words(found: &Found) -> String {
    let unknown = |why: &str| format!("lag UNKNOWN: {why}");
    match found {
        Found::Measured(arrived) if arrived.missing.is_none() => "all canaries are here".to_owned(),
        Found::Measured(arrived) => {
            let (count, more) = (arrived.count as u64, if arrived.whole { "" } else { " or more" });
            format!("{} missing{more}", several(count, "canary").replace("canarys", "canaries"))
        }
        Found::Unread => unknown("the source is not read"),
        Found::Uncovered => unknown("no rule copies canaries"),
        Found::Reading => unknown("canaries are still being read"),
        Found::Ceased(None) => unknown("no canary is written"),
        Found::Ceased(Some(_)) => unknown("canaries ceased"),
    }
}

fn health(view: &View<'_>, role: Option<Role>, found: &Found) -> Health {
    let (own, settings) = (view.own, view.settings);
    let mut reasons = Vec::new();
    if view.other.is_some_and(|other| other.server == own.server) {
        reasons.push("A and B are one and the same bucket".to_owned());
    }
    if let Err(why) = &own.rules {
        reasons.push(format!("its rules cannot be read: {why}"));
    } else if (view.copies(view.side), view.copies(view.side.other())) == (Some(false), Some(false))
    {
        reasons.push("no rule copies either way: what is written here stays here".to_owned());
    }
    let versioning = view.aside.setup().map(|setup| &setup.versioning);
    if let Some(FactValue::Text(how)) = versioning
        && how.as_str() != "enabled"
        && settings.other_bucket().is_some()
    {
        reasons.push(format!("versioning is {how}: nothing is copied without it"));
    }
    match role {
        Some(Role::Primary) => reasons.extend(source_reasons(view)),
        Some(Role::Standby) => {
            if let Found::Measured(arrived) = found
                && arrived.until.is_none()
            {
                reasons.push("not one canary that was read has arrived".to_owned());
            }
        }
        None => {}
    }
    if let (Some(Ok(newest)), Some(wanted)) = (view.aside.backups(), &settings.backups) {
        reasons.extend(newest.faults(wanted, view.at.wall_ms));
    }
    Health::lacking(reasons)
}

/// What hinders a source in being copied, or its lag in being measured.
fn source_reasons(view: &View<'_>) -> Vec<String> {
    let (own, settings) = (view.own, view.settings);
    let mut reasons = Vec::new();
    let to = settings.other_bucket();
    let folder = folder(&settings.canary, view.side);
    let off =
        own.rules.iter().flatten().filter(|rule| !rule.is_enabled && Some(rule.to.as_str()) == to);
    reasons.extend(off.map(|rule| format!("rule {} to {} is off", rule.id, rule.to)));
    if !own.rules_to(to).any(|rule| rule.covers(&folder)) {
        reasons.push(format!("no rule copies `{folder}`: the lag is not measured"));
    }
    match &own.status {
        Some(Ok(Some(status))) if status == "FAILED" => {
            reasons.push("the newest canary could not be copied (FAILED)".to_owned());
        }
        Some(Err(why)) => {
            reasons.push(format!("what became of the newest canary cannot be read: {why}"));
        }
        Some(Ok(_)) | None => {}
    }
    let pulse = &view.learned.pulses[view.side.index()];
    match view.canary_age_s() {
        Some(age_s) if pulse.has_ceased(age_s) => {
            reasons.push(format!("its canaries ceased {age_s:.0} s ago: the lag is not measured"));
        }
        None if own.canaries[view.side.index()].whole => {
            let why = "and the lag is not measured: run `warroom beat` in its region";
            reasons.push(format!("nobody writes canaries to `{folder}`, {why}"));
        }
        Some(_) | None => {}
    }
    let measured = own.measured.as_ref().map(|measured| measured.failed(view.at.wall_ms));
    if let Some(Ok(failed)) = measured
        && failed > 0.0
    {
        reasons.push(format!("{failed:.0} operations failed to be copied in the last minute told"));
    }
    reasons
}
