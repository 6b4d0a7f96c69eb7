//! A run as one line of time: its journal and what its console heard, merged in their order.

use std::time::Duration;

use crate::domain::run::event::{Body, RunEvent};
use crate::domain::text::Clean;
use crate::domain::time::Stamp;
use crate::runtime::recording::{Take, What};
use crate::ui::replay::Target;

/// After a pause of this length in what was heard, readings are said to be missing.
const QUIET_MAX_MS: u64 = 5000;

/// What is fed to the console.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Feed {
    /// The journal entry at this place.
    Entry(usize),
    /// Something that was heard.
    Take(Box<What>),
}

/// One thing that is fed, and when.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Item {
    /// The console's moment then.
    pub(super) at: Stamp,
    /// Milliseconds since the first item.
    pub(super) offset: u64,
    /// What.
    pub(super) feed: Feed,
}

/// Time for which readings are missing.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Gap {
    pub(super) from: u64,
    pub(super) to: u64,
    pub(super) why: Clean,
}

/// The whole of a run.
#[derive(Debug)]
pub(super) struct Reel {
    pub(super) items: Vec<Item>,
    pub(super) gaps: Vec<Gap>,
    /// For each entry, how many items stand up to it and what was judged of it.
    pub(super) stops: Vec<usize>,
    /// T0, as it was in the end.
    t0: Option<Stamp>,
}

impl Reel {
    /// Merges a journal with what was heard. Where an entry is not among what was heard, it stands
    /// at the moment of its record.
    pub(super) fn new(events: &[RunEvent], takes: Vec<Take>, damages: usize) -> Self {
        let mut reel = Self { items: Vec::new(), gaps: Vec::new(), stops: Vec::new(), t0: None };
        let mut entries = events.iter().enumerate().peekable();
        let (mut heard, mut ended) = (None, None);
        for Take { now, what } in takes {
            let (known, rests_on) = match &what {
                What::Scene(scene, _) => (scene.known, scene.known),
                What::Entry(seq) => (seq.saturating_sub(1), *seq),
                _ => (0, 0),
            };
            // What was seen after an entry that cannot be read any more is not shown without it.
            if rests_on > events.last().map_or(0, |event| event.seq) {
                break;
            }
            while let Some((index, event)) = entries.next_if(|(_, event)| event.seq <= known) {
                reel.push(event.at, Feed::Entry(index));
            }
            match what {
                What::Entry(seq) => {
                    if let Some((index, _)) = entries.next_if(|(_, event)| event.seq == seq) {
                        reel.push(now, Feed::Entry(index));
                    }
                }
                What::End(why) => ended = Some(why),
                what => {
                    let scene_after = match &what {
                        What::Scene(_, why) => heard.map(|from| (from, why.clone())),
                        _ => None,
                    };
                    reel.push(now, Feed::Take(Box::new(what)));
                    if let Some((from, why)) = scene_after {
                        let why = why.unwrap_or_else(|| "readings not recorded".into());
                        reel.gaps.push(Gap { from, to: reel.length(), why });
                    }
                    heard = Some(reel.length());
                    ended = None;
                }
            }
        }
        for (index, event) in entries {
            reel.push(event.at, Feed::Entry(index));
        }
        reel.find_gaps(heard, ended, damages);
        reel.find_stops();
        reel.t0 = last_t0(events);
        reel
    }

    /// Time never runs back here: where two clocks disagree, the later one counts.
    fn push(&mut self, at: Stamp, feed: Feed) {
        let (at, offset) = match self.items.last() {
            None => (at, 0),
            Some(last) => {
                let passed = u64::try_from(at.since(last.at).as_millis()).unwrap_or(u64::MAX);
                let at = if passed == 0 { last.at } else { at };
                (at, last.offset.saturating_add(passed))
            }
        };
        self.items.push(Item { at, offset, feed });
    }

    /// Gaps at both ends: before the first scene, and after the last thing heard.
    fn find_gaps(&mut self, heard: Option<u64>, ended: Option<Clean>, damages: usize) {
        let why = || "readings not recorded".into();
        let first = self.items.iter().position(|item| matches!(item.feed, Feed::Take(_)));
        match first {
            None => {
                self.gaps.push(Gap { from: 0, to: u64::MAX, why: why() });
                return;
            }
            Some(first) if self.items[first].offset > QUIET_MAX_MS => {
                self.gaps.insert(0, Gap { from: 0, to: self.items[first].offset, why: why() });
            }
            Some(_) => {}
        }
        let after = heard.unwrap_or(0);
        if self.length() > after + QUIET_MAX_MS {
            let why = ended.unwrap_or_else(why);
            self.gaps.push(Gap { from: after + 1, to: u64::MAX, why });
        }
        if damages > 0 {
            let why = format!("the recording is damaged in {damages} places").into();
            self.gaps.push(Gap { from: u64::MAX, to: u64::MAX, why });
        }
    }

    fn find_stops(&mut self) {
        let judged = |item: &Item| matches!(&item.feed, Feed::Take(what) if **what == What::Judged);
        for (index, item) in self.items.iter().enumerate() {
            if matches!(item.feed, Feed::Entry(_)) {
                let after = self.items[index + 1..]
                    .iter()
                    .take_while(|next| next.offset == item.offset && judged(next))
                    .count();
                self.stops.push(index + 1 + after);
            }
        }
    }

    /// From the first item to the last, in milliseconds.
    pub(super) fn length(&self) -> u64 {
        self.items.last().map_or(0, |item| item.offset)
    }

    /// Items up to and at this offset.
    pub(super) fn count_to(&self, offset: u64) -> usize {
        self.items.partition_point(|item| item.offset <= offset)
    }

    /// Entries among the first items.
    pub(super) fn entries_in(&self, count: usize) -> usize {
        let before = |stop: &usize| {
            let entry = self.items[..*stop].iter().rposition(|item| !is_take(item));
            entry.is_some_and(|entry| entry < count)
        };
        self.stops.partition_point(before)
    }

    /// Where an entry stands, counted from 1.
    pub(super) fn stop(&self, entry: usize) -> Option<(usize, u64)> {
        let count = *self.stops.get(entry.checked_sub(1)?)?;
        Some((count, self.items[count - 1].offset))
    }

    /// The moment at an offset.
    pub(super) fn moment(&self, offset: u64) -> Option<Stamp> {
        let before = self.count_to(offset).max(1);
        let item = self.items.get(before - 1)?;
        Some(item.at.plus(Duration::from_millis(offset.saturating_sub(item.offset))))
    }

    /// What is missing at an offset.
    pub(super) fn gap_at(&self, offset: u64) -> Option<&Gap> {
        self.gaps.iter().find(|gap| gap.from <= offset && offset < gap.to)
    }

    /// The offset of a target that is a moment.
    ///
    /// # Errors
    /// A sentence when the run has no such moment.
    pub(super) fn offset_of(&self, target: Target) -> Result<u64, String> {
        let first = self.items.first().ok_or("there is nothing to show")?;
        let offset = match target {
            Target::Entry(number) => {
                let entry = usize::try_from(number).unwrap_or(usize::MAX);
                let stop = self.stop(entry).map(|(_, offset)| offset);
                return stop.ok_or_else(|| format!("the last entry is #{}", self.stops.len()));
            }
            Target::Clock(clock) => {
                let t0 = self.t0.ok_or("this run was never declared: it has no T0")?;
                let clock = u64::try_from(clock.as_millis()).unwrap_or(u64::MAX);
                let to_t0 = u64::try_from(t0.since(first.at).as_millis()).unwrap_or(u64::MAX);
                let from_t0 = u64::try_from(first.at.since(t0).as_millis()).unwrap_or(u64::MAX);
                (to_t0.saturating_add(clock)).saturating_sub(from_t0)
            }
            Target::TimeOfDay(second) => {
                let begin = first.at.wall_ms;
                let wanted = begin.div_euclid(DAY_MS) * DAY_MS + i64::from(second) * 1000;
                // The beginning lies somewhere in its second.
                let wanted = if wanted + 999 < begin { wanted + DAY_MS } else { wanted };
                self.offset_of_wall(wanted)
            }
        };
        if offset > self.length() {
            let ends = self.items.last().map_or(first.at, |item| item.at);
            let (from, to) = (first.at.utc(), ends.utc());
            return Err(format!("what is recorded goes from {from} to {to}"));
        }
        Ok(offset)
    }

    /// The first offset at which the wall clock shows this or more.
    fn offset_of_wall(&self, wall_ms: i64) -> u64 {
        let next = self.items.iter().position(|item| item.at.wall_ms >= wall_ms);
        match next {
            None => u64::MAX,
            Some(0) => 0,
            Some(index) => {
                let (before, after) = (&self.items[index - 1], &self.items[index]);
                let passed = u64::try_from(wall_ms - before.at.wall_ms).unwrap_or(0);
                (before.offset + passed).min(after.offset)
            }
        }
    }
}

const DAY_MS: i64 = 86_400_000;

fn is_take(item: &Item) -> bool {
    matches!(item.feed, Feed::Take(_))
}

/// The T0 that counts in the end.
fn last_t0(events: &[RunEvent]) -> Option<Stamp> {
    events.iter().rev().find_map(|event| match &event.body {
        Body::Declared { t0, .. } | Body::T0Set { t0, .. } => Some(*t0),
        _ => None,
    })
}
