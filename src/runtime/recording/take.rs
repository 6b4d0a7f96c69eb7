//! What a console took in, as a recording keeps it and a replay gives it back.

use std::sync::Arc;

use crate::domain::console::Rehearsal;
use crate::domain::ids::{Side, StepId, SystemId};
use crate::domain::pace::Paces;
use crate::domain::reading::{Look, Reading};
use crate::domain::text::Clean;
use crate::domain::time::Stamp;
use crate::port::Looks;
use crate::runtime::console::scene::Scene;
use crate::runtime::event::Event;
use crate::runtime::journal::Reply;

/// One look, shared with those before it that told the same.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    look: Arc<Look>,
    /// When this look began and how long it took, where only that differs from `look`.
    own: Option<(Stamp, Option<u64>)>,
}

impl Seen {
    /// A look that stands for itself.
    pub fn whole(look: Look) -> Self {
        Self { look: Arc::new(look), own: None }
    }

    /// The same look again, at another moment.
    pub fn again(&self, at: Stamp, took_ms: Option<u64>) -> Self {
        Self { look: Arc::clone(&self.look), own: Some((at, took_ms)) }
    }

    /// The look.
    ///
    /// # Errors
    /// Those of the look itself: why it told nothing.
    pub fn look(&self) -> Look {
        let mut look = Look::clone(&self.look);
        if let (Ok(reading), Some((at, took_ms))) = (&mut look, self.own) {
            (reading.at, reading.took_ms) = (at, took_ms);
        }
        look
    }

    /// The moment and the time taken of a reading; none for a look that told nothing.
    pub fn moment(&self) -> Option<(Stamp, Option<u64>)> {
        let reading = self.look.as_ref().as_ref().ok()?;
        Some(self.own.unwrap_or((reading.at, reading.took_ms)))
    }

    /// True when both told the same, apart from the moment and the time it took.
    pub fn tells_the_same(&self, other: &Self) -> bool {
        match (self.look.as_ref(), other.look.as_ref()) {
            (Ok(one), Ok(two)) => {
                let (at, took_ms) = (one.at, one.took_ms);
                *one == Reading { at, took_ms, ..two.clone() }
            }
            (Err(one), Err(two)) => one == two,
            (Ok(_), Err(_)) | (Err(_), Ok(_)) => false,
        }
    }
}

/// What was taken in.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// Everything known at this moment; why what was before it may lack, where it may.
    Scene(Box<Scene>, Option<Clean>),
    /// A system was looked at.
    Heard {
        /// The system.
        system: SystemId,
        /// When the look began.
        at: Stamp,
        /// What the sides told, by [`Side::index`].
        looks: [Option<Seen>; 2],
    },
    /// A reference target was looked at.
    Reference {
        /// When the look began.
        at: Stamp,
        /// What it told.
        look: Seen,
    },
    /// A step printed.
    Output {
        /// The step.
        step: StepId,
        /// When, as its runner saw it; none where that is not known.
        at: Option<Stamp>,
        /// The lines.
        lines: Vec<Clean>,
    },
    /// A step was rehearsed.
    Rehearsed(Box<Rehearsal>),
    /// What earlier runs took became known.
    Paced(Box<Paces>),
    /// The journal recorded the entry of this number.
    Entry(u64),
    /// The journal could not record.
    Failed(Clean),
    /// Time passed.
    Tick,
    /// What was heard was judged.
    Judged,
    /// The recording ends here; why.
    End(Clean),
}

/// One thing that a console took in, and when.
#[derive(Debug, Clone, PartialEq)]
pub struct Take {
    /// The console's own moment.
    pub now: Stamp,
    /// What.
    pub what: What,
}

impl What {
    /// What of an event a replay needs; none where it changes nothing that an observer sees.
    pub fn of(event: &Event) -> Option<Self> {
        match event {
            Event::Heard { system, at, looks } => {
                let seen = |side| looks.side(side).cloned().map(Seen::whole);
                let looks = Side::BOTH.map(seen);
                Some(Self::Heard { system: system.clone(), at: *at, looks })
            }
            Event::Reference { at, look } => {
                Some(Self::Reference { at: *at, look: Seen::whole(Look::clone(look)) })
            }
            Event::Output { step, at, lines } => {
                Some(Self::Output { step: step.clone(), at: *at, lines: lines.clone() })
            }
            Event::Rehearsed(rehearsal) => Some(Self::Rehearsed(rehearsal.clone())),
            Event::Journal(reply) => match reply.as_ref() {
                Reply::Recorded { event, .. } => Some(Self::Entry(event.seq)),
                Reply::Failed { why, .. } => Some(Self::Failed(why.clone())),
                Reply::Rotated { .. } => None,
            },
            Event::Paced(pace) => Some(Self::Paced(pace.clone())),
            Event::Tick => Some(Self::Tick),
            Event::Signal(_)
            | Event::Input(_)
            | Event::Drawn
            | Event::RunOpened(_)
            | Event::RunRead(_)
            | Event::Elsewhere(_)
            | Event::Started { .. }
            | Event::Left { .. }
            | Event::Signalled { .. }
            | Event::CancelFailed { .. }
            | Event::Kept(_)
            | Event::RunnerEnded { .. }
            | Event::Learned { .. }
            | Event::Found { .. }
            | Event::Checked { .. } => None,
        }
    }

    /// The event that a replaying console takes in for it; none for what is no event.
    pub fn event(&self) -> Option<Event> {
        match self {
            Self::Heard { system, at, looks: [a, b] } => {
                let look = |seen: &Option<Seen>| seen.as_ref().map(Seen::look);
                let looks = Box::new(Looks { a: look(a), b: look(b) });
                Some(Event::Heard { system: system.clone(), at: *at, looks })
            }
            Self::Reference { at, look } => {
                Some(Event::Reference { at: *at, look: Box::new(look.look()) })
            }
            Self::Output { step, at, lines } => {
                Some(Event::Output { step: step.clone(), at: *at, lines: lines.clone() })
            }
            Self::Rehearsed(dry) => Some(Event::Rehearsed(dry.clone())),
            Self::Paced(pace) => Some(Event::Paced(pace.clone())),
            Self::Tick => Some(Event::Tick),
            Self::Scene(..) | Self::Entry(_) | Self::Failed(_) | Self::Judged | Self::End(_) => {
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::reading::{Health, Identity, LagUnit, Position, Writes};
    use crate::domain::time::BootId;

    fn at(boot_ms: u64) -> Stamp {
        Stamp { wall_ms: 0, boot_ms, boot: BootId(1) }
    }

    /// A replay must show a server that was fenced, replaced or promoted although all else is as
    /// it was.
    #[test]
    fn only_the_moment_may_differ_in_what_is_told_again() {
        let check = |same: bool, change: fn(&mut Reading)| {
            let first = Reading::new(at(1), Health::Up, "ok");
            let mut second = first.clone();
            second.at = at(2);
            second.took_ms = Some(3);
            change(&mut second);
            let [first, second] = [first, second].map(|reading| Seen::whole(Ok(reading)));
            assert_eq!(first.tells_the_same(&second), same, "{second:?}");
        };
        check(true, |_| {});
        check(false, |reading| reading.writes = Some(Writes::Refused));
        check(false, |reading| {
            reading.identity = Some(Identity { server: "a".into(), data: "d".into() });
        });
        check(false, |reading| {
            reading.end = Some(Position { of: "1".into(), at: 7, unit: LagUnit::Bytes });
        });
        check(false, |reading| {
            reading.parted = Some(Position { of: "1".into(), at: 7, unit: LagUnit::Bytes });
        });
    }
}
