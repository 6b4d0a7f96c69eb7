//! From readings to one answer: is the primary lost, is it us, may the standby take over.
//!
//! How red is decided. A system speaks for the loss of its region when one of its own rules does
//! (down, error rate, p95, degraded for); a system without such a rule never does. With at least
//! `red_needs_signals` distinct systems:
//!
//! | reference | standby side | the primary is |
//! |---|---|---|
//! | answers | whatever it is | red |
//! | silent | no system answers | it is us |
//! | silent | answers, and tells that its link to the primary is down | red: a second witness |
//! | silent | answers | suspect, with an alarm that names the disagreement |
//! | none, or cannot be told | at least one fails, none answers | blind: it may be us |
//! | none, or cannot be told | anything else | red, with a doubt in the criteria |
//!
//! From the first failed look of a system with such a rule until the rule speaks, the primary is
//! suspect: never red, never well.

mod alarms;
mod ask;
mod criteria;
mod early;
mod emptied;
mod scene;

use std::collections::HashMap;

use self::scene::{Rules, Scene};
use super::ids::Side;
use super::reading::{Reading, Role};
use super::rules::it_is_us;
use super::rules::split_brain;
use super::site::Site;
use super::snapshot::Snapshot;
use super::time::Stamp;
use super::verdict::Assessment;
pub(super) use alarms::against;
pub use criteria::{NO_STORE_KEY, one_primary_key};
pub use emptied::emptied_key;
pub use scene::Subject;

/// The side that serves: exactly one side with stores that say PRIMARY now and are not closed to
/// writes, else exactly one that says PRIMARY at all; else the one that is
/// remembered; else the one that the site file starts with.
pub fn active(site: &Site, snapshot: &Snapshot, remembered: Option<Side>, now: Stamp) -> Side {
    told(site, snapshot, now).or(remembered).unwrap_or_else(|| site.starts_primary())
}

/// The side that serves by what the stores tell now; none where they do not tell one apart. A
/// store that one region alone has is primary for want of another, and tells nothing of the two.
pub fn told(site: &Site, snapshot: &Snapshot, now: Stamp) -> Option<Side> {
    let (rules, about) = (HashMap::new(), Side::A.into());
    let mut pairs = scene::pairs(site, snapshot, now);
    pairs.retain(|pair| pair.iter().all(Option::is_some));
    let (active, pairs) = (Side::A, pairs.as_slice());
    let scene = Scene { site, snapshot, pairs, rules: &rules, active, about: &about, now };
    let some = |side: Side, wanted: fn(&Reading) -> bool| {
        scene.views(side).any(|view| view.current().is_some_and(wanted))
    };
    let is_primary: fn(&Reading) -> bool = |told| told.role == Some(Role::Primary);
    // A fenced primary serves nobody while the other side has an open one.
    for wanted in [Reading::is_open_primary, is_primary] {
        match (some(Side::A, wanted), some(Side::B, wanted)) {
            (true, false) => return Some(Side::A),
            (false, true) => return Some(Side::B),
            (true, true) | (false, false) => {}
        }
    }
    None
}

/// What the readings mean at `now`, with `subject` as the side that serves or served.
pub fn judge(
    site: &Site,
    snapshot: &Snapshot,
    subject: impl Into<Subject>,
    now: Stamp,
) -> Assessment {
    let about = subject.into();
    let active = about.active;
    let mut rules: Rules<'_> = HashMap::new();
    for rule in &site.rules {
        rules.entry(&rule.system).or_default().push(rule);
    }
    let pairs = scene::pairs(site, snapshot, now);
    let scene = Scene { site, snapshot, pairs: &pairs, rules: &rules, active, about: &about, now };
    let reference = it_is_us::ask(site, snapshot, now);
    let primary = scene.primary(&reference);
    let split_brain = split_brain::standing(site, snapshot);
    let (criteria, verdict) = criteria::criteria(&scene, &primary, &reference);
    let alarms = alarms::alarms(&scene, &primary, &reference, &criteria);
    let standby_lost = scene.failing(active.other()).len() >= site.red_needs_signals.max(1);
    Assessment { active, primary, standby_lost, split_brain, alarms, criteria, verdict }
}

#[cfg(test)]
mod tests;
