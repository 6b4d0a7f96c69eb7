//! When which part of an attempt's output was printed: stamps beside it, no more than a bound.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::domain::time::Stamp;
use crate::port::Clock;
use crate::runtime::clock::SystemClock;
use crate::runtime::paths::{Draft, create_file, read_bounded};

/// Stamps kept of one attempt. Past that, those that stand close to the one before give way.
pub const STAMPS_MAX: usize = 1024;

/// What is printed within this time of a stamp shares it, in milliseconds; more where stamps had to
/// give way.
const APART_MS: u64 = 100;

/// The longest stamp in bytes: a number, three in the stamp, and their names.
const STAMP_BYTES_MAX: usize = 192;

/// From where in the output on, and when.
type Mark = (u64, Stamp);

/// Writes the stamps, a line each. A failing disk costs them, never the outcome.
pub(super) struct Times {
    path: PathBuf,
    /// None after an error; giving way tries again.
    file: Option<File>,
    marks: Vec<Mark>,
    apart_ms: u64,
    clock: SystemClock,
}

impl Times {
    /// Makes the empty file.
    pub(super) fn create(path: PathBuf, clock: SystemClock) -> io::Result<Self> {
        let file = Some(create_file(&path)?);
        Ok(Self { path, file, marks: Vec::new(), apart_ms: APART_MS, clock })
    }

    /// What is printed from `offset` on is printed now.
    pub(super) fn note(&mut self, offset: u64) {
        self.note_at(offset, self.clock.now());
    }

    fn note_at(&mut self, offset: u64, now: Stamp) {
        if self.marks.last().is_some_and(|(_, last)| !is_apart(*last, now, self.apart_ms)) {
            return;
        }
        self.marks.push((offset, now));
        if self.marks.len() > STAMPS_MAX {
            self.give_way();
            self.file = self.rewrite().ok();
        } else if let Some(file) = &mut self.file {
            let written = line(&(offset, now)).and_then(|line| file.write_all(&line));
            if written.is_err() {
                self.file = None;
            }
        }
    }

    /// Drops the stamps that follow closely on another one, until half of the room is free. One
    /// after a long silence always stays.
    fn give_way(&mut self) {
        while self.marks.len() > STAMPS_MAX / 2 {
            self.apart_ms = self.apart_ms.saturating_mul(2);
            let (apart_ms, mut last) = (self.apart_ms, None::<Stamp>);
            self.marks.retain(|(_, at)| {
                let stays = last.is_none_or(|last| is_apart(last, *at, apart_ms));
                last = if stays { Some(*at) } else { last };
                stays
            });
        }
    }

    fn rewrite(&self) -> io::Result<File> {
        let mut draft = Draft::of(&self.path)?;
        let lines: io::Result<Vec<Vec<u8>>> = self.marks.iter().map(line).collect();
        draft.file().write_all(&lines?.concat())?;
        draft.place()
    }

    /// Makes them durable.
    pub(super) fn finish(&self) {
        if let Some(file) = &self.file {
            let _ = file.sync_all();
        }
    }
}

/// True when `now` is far enough from `last`; a clock that went back is no reason to keep both.
fn is_apart(last: Stamp, now: Stamp, apart_ms: u64) -> bool {
    now.boot != last.boot || now.boot_ms.saturating_sub(last.boot_ms) >= apart_ms
}

fn line(mark: &Mark) -> io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(mark)?;
    line.push(b'\n');
    Ok(line)
}

/// The stamps of an attempt's output.
#[derive(Debug, Default)]
pub(super) struct Noted(Vec<Mark>);

impl Noted {
    /// Reads them, also while they are written: a line that is not whole, or does not go on from
    /// the one before, is passed over. None are there from earlier versions.
    pub(super) fn read(path: &Path) -> Self {
        // One that did not give way yet is one too many for a moment.
        let most = ((STAMPS_MAX + 1) * STAMP_BYTES_MAX) as u64;
        let bytes = read_bounded(path, most).ok().flatten().unwrap_or_default();
        let mut marks: Vec<Mark> = Vec::new();
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            let Some(line) = line.strip_suffix(b"\n") else { continue };
            let Ok(mark) = serde_json::from_slice::<Mark>(line) else { continue };
            if marks.last().is_none_or(|(offset, _)| *offset <= mark.0) {
                marks.push(mark);
            }
        }
        Self(marks)
    }

    /// When what begins at `offset` was printed.
    pub(super) fn at(&self, offset: u64) -> Option<Stamp> {
        let after = self.0.partition_point(|(from, _)| *from <= offset);
        self.0.get(after.checked_sub(1)?).map(|(_, at)| *at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::BootId;

    fn at(boot_ms: u64) -> Stamp {
        Stamp { wall_ms: 1_790_000_000_000, boot_ms, boot: BootId(u128::MAX) }
    }

    fn told(marks: &[(u64, u64)], cut: usize, more: &str) -> Noted {
        let place = tempfile::tempdir().expect("a folder");
        let path = place.path().join("out.times");
        let mut times = Times::create(path.clone(), SystemClock::new()).expect("writable");
        for (offset, ms) in marks {
            times.note_at(*offset, at(*ms));
        }
        times.finish();
        let mut bytes = std::fs::read(&path).expect("readable");
        assert!(bytes.len() <= STAMPS_MAX * STAMP_BYTES_MAX, "{}", bytes.len());
        bytes.truncate(bytes.len() - cut);
        bytes.extend(more.as_bytes());
        std::fs::write(&path, bytes).expect("writable");
        Noted::read(&path)
    }

    #[test]
    fn each_byte_has_the_moment_in_which_it_was_printed() {
        let check = |marks: &[(u64, u64)], cut, more, offset, want: Option<u64>| {
            let seen = told(marks, cut, more).at(offset).map(|at| at.boot_ms);
            assert_eq!(seen, want, "{marks:?} {more:?} {offset}");
        };
        let three = [(0, 1000), (10, 1050), (20, 5000), (30, 9000)];
        check(&three, 0, "", 0, Some(1000));
        // Within a tenth of a second it is the same moment.
        check(&three, 0, "", 10, Some(1000));
        check(&three, 0, "", 25, Some(5000));
        check(&three, 0, "", 4000, Some(9000));
        // Half a line, nonsense and what goes back are passed over.
        check(&three, 3, "", 4000, Some(5000));
        check(&three, 0, "[40,{\"wall", 4000, Some(9000));
        check(&three, 0, "what\n\n[[]]\n", 4000, Some(9000));
        check(&three, 0, "[3,{\"wall_ms\":0,\"boot_ms\":1,\"boot\":\"0\"}]\n", 4000, Some(9000));
        check(&[], 0, "", 0, None);
    }

    #[test]
    fn a_flood_of_moments_gives_way_and_a_silence_is_never_skipped() {
        let mut marks: Vec<(u64, u64)> = (0..20_000).map(|n| (n * 10, n * 100)).collect();
        let last = marks.len() as u64;
        marks.push((last * 10, 90_000_000));
        let noted = told(&marks, 0, "");
        assert!(noted.0.len() <= STAMPS_MAX);
        for (offset, printed) in &marks {
            let shown = noted.at(*offset).expect("it has a moment").boot_ms;
            assert!(shown <= *printed && printed - shown < 6_400, "{offset}: {shown}, {printed}");
        }
        assert_eq!(noted.at(last * 10).map(|at| at.boot_ms), Some(90_000_000));
    }
}
