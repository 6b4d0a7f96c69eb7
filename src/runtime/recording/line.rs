//! The lines of a recording: framed like the journal's, but not chained, and short where they can.
//!
//! A segment begins with a `begin` line and a scene: several lines, ended by `set`. Every other
//! line carries the console's own moment. A look equal to the side's last one is told as `same`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::take::{Seen, Take, What};
use crate::domain::console::{OutputLine, Rehearsal, TimelineRow};
use crate::domain::ids::{RunId, Side, StepId, SystemId};
use crate::domain::pace::Paces;
use crate::domain::reading::Look;
use crate::domain::snapshot::{Cell, Snapshot};
use crate::domain::text::Clean;
use crate::domain::time::{BootId, Stamp};
use crate::runtime::console::scene::Scene;
use crate::runtime::journal::format::{EncodeError, frame};

/// Rows of a timeline or of output in one line.
const ROWS_PER_LINE: usize = 200;

/// The format that this version writes and reads.
pub(super) const FORMAT: u32 = 1;

/// A moment: both clocks, and the boot where it is not the segment's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Moment(
    i64,
    u64,
    #[serde(default, skip_serializing_if = "Option::is_none")] Option<BootId>,
);

impl Moment {
    fn of(at: Stamp, boot: BootId) -> Self {
        Self(at.wall_ms, at.boot_ms, (at.boot != boot).then_some(at.boot))
    }

    pub(super) fn stamp(self, boot: BootId) -> Stamp {
        Stamp { wall_ms: self.0, boot_ms: self.1, boot: self.2.unwrap_or(boot) }
    }
}

/// A look as it is written.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum KeptLook {
    /// As the side's last one; when it began, if not with the whole look, and how long it took.
    Same(Option<Moment>, Option<u64>),
    /// In full.
    New(Box<Look>),
}

/// One line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Line {
    Begin {
        format: u32,
        run: RunId,
        segment: u32,
        boot: BootId,
    },
    Scene {
        n: Moment,
        scene: Box<Scene>,
        why: Option<Clean>,
    },
    Cell {
        system: SystemId,
        side: Side,
        cell: Box<Cell>,
    },
    Alone {
        reference: Box<Cell>,
    },
    Rows {
        rows: Vec<TimelineRow>,
    },
    Printed {
        lines: Vec<OutputLine>,
    },
    Set,
    Heard {
        n: Moment,
        s: SystemId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<Moment>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        a: Option<KeptLook>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        b: Option<KeptLook>,
    },
    Reference {
        n: Moment,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<Moment>,
        look: KeptLook,
    },
    Output {
        n: Moment,
        step: StepId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<Moment>,
        lines: Vec<Clean>,
    },
    Rehearsed {
        n: Moment,
        dry: Box<Rehearsal>,
    },
    Paced {
        n: Moment,
        paces: Box<Paces>,
    },
    Entry {
        n: Moment,
        seq: u64,
    },
    Failed {
        n: Moment,
        why: Clean,
    },
    Tick {
        n: Moment,
    },
    Judged {
        n: Moment,
    },
    End {
        n: Moment,
        why: Clean,
    },
}

/// Whose look it is: a system's on a side, or the reference's.
pub(super) type Place = Option<(SystemId, usize)>;

/// What the last looks of a segment told: both ends of it keep the same.
#[derive(Debug, Default)]
pub(super) struct Last(BTreeMap<Place, Seen>);

impl Last {
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// Reads a look as it was written; none when it is like one that is not there.
    pub(super) fn read(
        &mut self,
        place: Place,
        told: KeptLook,
        at: Stamp,
        boot: BootId,
    ) -> Option<Seen> {
        match told {
            KeptLook::Same(own, took_ms) => {
                let own = own.map_or(at, |own| own.stamp(boot));
                self.0.get(&place).map(|known| known.again(own, took_ms))
            }
            KeptLook::New(look) => {
                let seen = Seen::whole(*look);
                self.0.insert(place, seen.clone());
                Some(seen)
            }
        }
    }

    fn write(&mut self, place: Place, seen: &Seen, at: Stamp, boot: BootId) -> KeptLook {
        if self.0.get(&place).is_some_and(|known| known.tells_the_same(seen)) {
            let (own, took_ms) = seen.moment().unzip();
            let own = own.filter(|own| *own != at).map(|own| Moment::of(own, boot));
            return KeptLook::Same(own, took_ms.flatten());
        }
        self.0.insert(place, seen.clone());
        KeptLook::New(Box::new(seen.look()))
    }
}

/// Turns takes into the bytes of one segment.
#[derive(Debug)]
pub(super) struct Scribe {
    boot: BootId,
    last: Last,
}

impl Scribe {
    /// A scribe for a new segment, and the segment's first line.
    pub(super) fn begin(
        run: &RunId,
        segment: u32,
        boot: BootId,
    ) -> Result<(Self, Vec<u8>), EncodeError> {
        let line = Line::Begin { format: FORMAT, run: run.clone(), segment, boot };
        Ok((Self { boot, last: Last::default() }, encode(&line)?))
    }

    /// The lines of one take.
    pub(super) fn write(&mut self, take: &Take) -> Result<Vec<u8>, EncodeError> {
        let boot = self.boot;
        let n = Moment::of(take.now, boot);
        let other = |at: Stamp| (at != take.now).then(|| Moment::of(at, boot));
        let line = match &take.what {
            What::Scene(scene, why) => return self.scene(n, scene, why.clone()),
            What::Heard { system, at, looks } => {
                let mut told = |side: Side| {
                    let seen = looks[side.index()].as_ref()?;
                    Some(self.last.write(Some((system.clone(), side.index())), seen, *at, boot))
                };
                let (a, b) = (told(Side::A), told(Side::B));
                Line::Heard { n, s: system.clone(), at: other(*at), a, b }
            }
            What::Reference { at, look } => {
                let look = self.last.write(None, look, *at, boot);
                Line::Reference { n, at: other(*at), look }
            }
            What::Output { step, at, lines } => {
                let (step, at) = (step.clone(), at.map(|at| Moment::of(at, boot)));
                Line::Output { n, step, at, lines: lines.clone() }
            }
            What::Rehearsed(dry) => Line::Rehearsed { n, dry: dry.clone() },
            What::Paced(pace) => Line::Paced { n, paces: pace.clone() },
            What::Entry(seq) => Line::Entry { n, seq: *seq },
            What::Failed(why) => Line::Failed { n, why: why.clone() },
            What::Tick => Line::Tick { n },
            What::Judged => Line::Judged { n },
            What::End(why) => Line::End { n, why: why.clone() },
        };
        encode(&line)
    }

    /// A scene in pieces, none of which outgrows a line.
    fn scene(
        &mut self,
        n: Moment,
        scene: &Scene,
        why: Option<Clean>,
    ) -> Result<Vec<u8>, EncodeError> {
        self.last.forget();
        let mut bare = scene.clone();
        let snapshot = std::mem::take(&mut bare.snapshot);
        let rows = std::mem::take(&mut bare.timeline);
        let lines = std::mem::take(&mut bare.output);
        bare.snapshot = snapshot.without_histories();
        let bare = Line::Scene { n, scene: Box::new(bare), why };
        let mut bytes = encode(&bare)?;
        for (system, side, cell) in snapshot.cells() {
            let cell = Box::new(cell.clone());
            bytes.extend(encode(&Line::Cell { system: system.clone(), side, cell })?);
        }
        let reference = Box::new(snapshot.reference.clone());
        bytes.extend(encode(&Line::Alone { reference })?);
        for rows in rows.chunks(ROWS_PER_LINE) {
            bytes.extend(encode(&Line::Rows { rows: rows.to_vec() })?);
        }
        for lines in lines.chunks(ROWS_PER_LINE) {
            bytes.extend(encode(&Line::Printed { lines: lines.to_vec() })?);
        }
        bytes.extend(encode(&Line::Set)?);
        Ok(bytes)
    }
}

/// Puts a scene together again.
#[derive(Debug)]
pub(super) struct Setting {
    now: Stamp,
    scene: Box<Scene>,
    why: Option<Clean>,
    whole: Snapshot,
}

impl Setting {
    pub(super) fn begin(now: Stamp, scene: Box<Scene>, why: Option<Clean>) -> Self {
        Self { now, scene, why, whole: Snapshot::default() }
    }

    /// Takes in a piece; false when the line is none.
    pub(super) fn take(&mut self, line: Line) -> bool {
        match line {
            Line::Cell { system, side, cell } => self.whole.remember(&system, side, *cell),
            Line::Alone { reference } => self.whole.reference = *reference,
            Line::Rows { rows } => self.scene.timeline.extend(rows),
            Line::Printed { lines } => self.scene.output.extend(lines),
            _ => return false,
        }
        true
    }

    pub(super) fn finish(mut self) -> Take {
        let bare = std::mem::take(&mut self.scene.snapshot);
        // The cells are whole already; what is kept beside them comes with the bare ones.
        self.whole.remember_all(bare);
        self.scene.snapshot = self.whole;
        Take { now: self.now, what: What::Scene(self.scene, self.why) }
    }
}

fn encode(line: &Line) -> Result<Vec<u8>, EncodeError> {
    frame(&serde_json::to_vec(line)?)
}
