//! Reads a recording back as far as it can be read: it is evidence of a screen, so damage costs
//! what is damaged and no more.

use std::io::{self, Read as _};
use std::path::Path;

use super::line::{FORMAT, Last, Line, Moment, Setting};
use super::take::{Take, What};
use super::{RECORDING_BYTES_MAX, SEGMENTS, segment_name};
use crate::domain::ids::RunId;
use crate::domain::time::BootId;
use crate::runtime::journal::format::{Framed, read_frame};
use crate::runtime::paths::open_file;

/// The beginning of every line.
const MARK: &[u8] = b"J1 ";

/// A recording as read back.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Recording {
    /// Everything that could be read, in order.
    pub takes: Vec<Take>,
    /// Places at which bytes could not be read, the torn end of a segment not counted.
    pub damages: usize,
}

/// Reads the recording of a run's folder; an empty one when there is none.
///
/// # Errors
/// When the folder or a segment cannot be read at all.
pub fn read(folder: &Path, run: &RunId) -> io::Result<Recording> {
    let mut recording = Recording::default();
    let mut left = RECORDING_BYTES_MAX * 2;
    for number in SEGMENTS.in_folder(folder)? {
        let mut bytes = Vec::new();
        let file = open_file(&folder.join(segment_name(number)))?;
        let read = file.take(left).read_to_end(&mut bytes)?;
        left = left.saturating_sub(u64::try_from(read).unwrap_or(u64::MAX));
        recording.take_segment(&bytes, run);
    }
    Ok(recording)
}

impl Recording {
    fn take_segment(&mut self, bytes: &[u8], run: &RunId) {
        let mut reading = Reading::default();
        let mut rest = bytes;
        while !rest.is_empty() {
            if let Framed::Line { json, stored } = read_frame(rest) {
                rest = &rest[stored.len()..];
                match serde_json::from_slice::<Line>(json) {
                    Ok(Line::Begin { format, run: of, boot, .. }) => {
                        if format != FORMAT || of != *run {
                            self.damages += 1;
                            return;
                        }
                        reading.boot = Some(boot);
                    }
                    Ok(line) => self.takes.extend(reading.take(line)),
                    // A line of a newer version: what it says is not known here.
                    Err(_) => {
                        reading.last.forget();
                        self.damages += 1;
                    }
                }
                continue;
            }
            let Some(next) = next_line(rest) else { return };
            // What a damaged look told, later ones may be like: they are not known either.
            reading.last.forget();
            self.damages += 1;
            rest = next;
        }
    }
}

/// What follows from the next place where a whole line stands.
fn next_line(rest: &[u8]) -> Option<&[u8]> {
    let is_line = |at: &usize| matches!(read_frame(&rest[*at..]), Framed::Line { .. });
    let at = (1..rest.len()).filter(|at| rest[*at..].starts_with(MARK)).find(is_line)?;
    Some(&rest[at..])
}

/// One segment being read.
#[derive(Debug, Default)]
struct Reading {
    boot: Option<BootId>,
    last: Last,
    setting: Option<Setting>,
}

impl Reading {
    /// The take that a line completes.
    fn take(&mut self, line: Line) -> Option<Take> {
        let boot = self.boot?;
        let take = |n: Moment, what| Some(Take { now: n.stamp(boot), what });
        match line {
            Line::Begin { .. } => None,
            Line::Scene { n, scene, why } => {
                self.last.forget();
                self.setting = Some(Setting::begin(n.stamp(boot), scene, why));
                None
            }
            Line::Set => self.setting.take().map(Setting::finish),
            Line::Heard { n, s: system, at, a, b } => {
                let at = at.unwrap_or(n).stamp(boot);
                let mut seen = |side, told: Option<_>| match told {
                    None => Some(None),
                    Some(told) => {
                        self.last.read(Some((system.clone(), side)), told, at, boot).map(Some)
                    }
                };
                // A look that is like one that was lost is lost too.
                let looks = [seen(0, a)?, seen(1, b)?];
                take(n, What::Heard { system, at, looks })
            }
            Line::Reference { n, at, look } => {
                let at = at.unwrap_or(n).stamp(boot);
                let look = self.last.read(None, look, at, boot)?;
                take(n, What::Reference { at, look })
            }
            Line::Output { n, step, at, lines } => {
                let at = at.map(|at| at.stamp(boot));
                take(n, What::Output { step, at, lines })
            }
            Line::Rehearsed { n, dry } => take(n, What::Rehearsed(dry)),
            Line::Paced { n, paces } => take(n, What::Paced(paces)),
            Line::Entry { n, seq } => take(n, What::Entry(seq)),
            Line::Failed { n, why } => take(n, What::Failed(why)),
            Line::Tick { n } => take(n, What::Tick),
            Line::Judged { n } => take(n, What::Judged),
            Line::End { n, why } => take(n, What::End(why)),
            piece @ (Line::Cell { .. }
            | Line::Alone { .. }
            | Line::Rows { .. }
            | Line::Printed { .. }) => {
                if let Some(setting) = &mut self.setting {
                    setting.take(piece);
                }
                None
            }
        }
    }
}
