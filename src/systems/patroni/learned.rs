//! What looks at a pair teach from one to the next: where the log stood when, who led, whose word
//! is old, who follows no more, and that two sides have both written.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::dates::Dates;
use super::lag::clock_s;
use super::split::split;
use super::state::{Member, SideState};
use crate::domain::ids::Side;
use crate::domain::time::Stamp;
use crate::systems::kit::server;
use crate::systems::kit::split::Split;
use crate::systems::kit::trail::Trail;

/// What looks have taught, as it is written down.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Learned {
    /// Where the primary's log stood when, by our clock: the servers' own clocks need not agree.
    pub(super) trail: Trail,
    /// Which side's leader had replayed more than it received.
    odd: [bool; 2],
    /// Members of each side that were primary when they were last heard: their names by their
    /// places.
    led: [BTreeMap<String, String>; 2],
    /// Replicas of each side that did not follow: their positions by their places.
    #[serde(default)]
    strayed: [BTreeMap<String, Option<u64>>; 2],
    #[serde(default)]
    dates: Dates,
    /// Two sides that both led, and were not proven to be of one history since: of which data, and
    /// the sentence.
    #[serde(default)]
    split: Option<(String, String)>,
}

impl server::Learned for Learned {
    fn recall(&mut self, earlier: Self) {
        *self = earlier;
    }
}

/// The history that the leader of a side writes, or wrote.
pub(super) fn history(side: &SideState, leader: &Member) -> String {
    format!("{}/{:?}/{}", side.system, leader.timeline, side.scope)
}

impl Learned {
    /// Learns from a look, and tells each side what was seen in the one before.
    pub(super) fn learn(&mut self, mut told: [Option<&mut SideState>; 2], at: Stamp) {
        for side in told.iter_mut().flatten() {
            for member in &mut side.members {
                let ago_ms = member.told_ago_ms;
                member.repeated_s =
                    ago_ms.and_then(|ago_ms| self.dates.hear(&member.place, ago_ms));
            }
        }
        let primaries = told.iter().flatten().filter(|told| told.location().is_some());
        let mut primaries = primaries.map(|told| &**told);
        // Two of them have no history in common that a lag could be measured in.
        if let (Some(side), None) = (primaries.next(), primaries.next())
            && let Some(primary) = side.primary().filter(|primary| primary.repeated_s.is_none())
            && let Some(location) = primary.location
        {
            // What it stood at was asked after the look began.
            self.trail.record(&history(side, primary), clock_s(at), location);
        }
        for (odd, told) in self.odd.iter_mut().zip(&mut told) {
            let Some(told) = told else { continue };
            let now = told.standby_leader().is_some_and(Member::replayed_more);
            told.odd_before = std::mem::replace(odd, now);
        }
        for (index, told) in told.iter_mut().enumerate() {
            let Some(told) = told else { continue };
            self.watch_primaries(index, told);
            self.watch_replicas(index, told);
        }
        if let [Some(a), Some(b)] = &told {
            self.watch_split(a, b);
        }
    }

    fn watch_primaries(&mut self, index: usize, told: &mut SideState) {
        let led = &mut self.led[index];
        for member in &told.members {
            if member.is_primary() {
                led.insert(member.place.clone(), member.name.clone());
            } else {
                led.remove(&member.place);
            }
        }
        let is_silent = |place: &&String| {
            let mut heard = told.members.iter();
            !heard.any(|one| one.place == **place || one.name == led[*place])
        };
        let name = |place: &String| format!("{} at {place}", led[place]);
        told.silent_primary = led.keys().find(is_silent).map(name);
    }

    /// A replica needs a moment after its leader has changed: it strays where it stands still.
    fn watch_replicas(&mut self, index: usize, told: &mut SideState) {
        let stray = |one: &&Member| told.strays(one).is_some();
        let now = told.members.iter().filter(stray).map(|one| (one.place.clone(), one.held()));
        let now: BTreeMap<_, _> = now.collect();
        let before = std::mem::replace(&mut self.strayed[index], now);
        let stands = |one: &&Member| before.get(&one.place) == Some(&one.held());
        let sentence = |one: &Member| {
            let leader = told.strays(one)?;
            let number =
                |member: &Member| member.timeline.map_or("?".to_owned(), |it| it.to_string());
            Some(format!(
                "{} does not follow its leader {}: it stands still on timeline {}, its leader \
                 on {}; what it holds may be another history",
                one.name,
                leader.name,
                number(one),
                number(leader)
            ))
        };
        told.astray = told.members.iter().filter(stands).filter_map(sentence).collect();
    }

    /// Two primaries of one system may have written each its own: that stays so until one of them
    /// is proven to have followed the other since.
    fn watch_split(&mut self, a: &SideState, b: &SideState) {
        let both_lead = a.primary().is_some() && b.primary().is_some();
        match split((&Side::A, a), (&Side::B, b)) {
            Split::Yes(why) if both_lead && a.system == b.system => {
                self.split = Some((a.system.clone(), why));
            }
            Split::No => self.split = None,
            Split::Yes(_) | Split::Unknown(_) => {}
        }
    }

    /// That two sides of these data have split, where both were seen to lead and nothing was proven
    /// since.
    pub(super) fn known_split(&self, system: &str) -> Option<String> {
        let (_, why) = self.split.as_ref().filter(|(of, _)| of == system)?;
        Some(format!("{why}, when that was last seen; nothing has proven one history since"))
    }
}
