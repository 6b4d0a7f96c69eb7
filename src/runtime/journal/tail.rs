//! The cheap look at a journal's end: the last two lines alone can prove that a run was closed.

use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use super::format::{Framed, Record, Understood, read_frame, sha256, understand};
use super::store::SEGMENTS;
use crate::domain::run::event::Body;
use crate::domain::time::Stamp;
use crate::runtime::paths::open_file;

/// Bytes read of the end of the last segment that holds anything.
const TAIL_BYTES: u64 = 16 * 1024;

/// When the run was closed, where the journal's last line is the record that says so: whole, and
/// chained by its hash to the whole line before it. None says nothing: the journal must be read.
pub fn closed_at(dir: &Path) -> Option<Stamp> {
    proves_closed(&last_bytes(dir).ok()??)
}

/// The end of the last segment that holds anything, from the beginning of a line on.
fn last_bytes(dir: &Path) -> io::Result<Option<Vec<u8>>> {
    for number in SEGMENTS.in_folder(dir)?.into_iter().rev() {
        let mut file = open_file(&dir.join(SEGMENTS.name(number)))?;
        let size = file.metadata()?.len();
        if size == 0 {
            continue;
        }
        let from = size.saturating_sub(TAIL_BYTES);
        file.seek(SeekFrom::Start(from))?;
        let mut bytes = Vec::new();
        file.take(TAIL_BYTES).read_to_end(&mut bytes)?;
        if from > 0 {
            let line =
                bytes.iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |at| at + 1);
            bytes.drain(..line);
        }
        return Ok(Some(bytes));
    }
    Ok(None)
}

fn proves_closed(bytes: &[u8]) -> Option<Stamp> {
    let mut lines = bytes.split_inclusive(|byte| *byte == b'\n').rev();
    let (last, before) = (lines.next()?, lines.next()?);
    let (json, _) = (whole(last)?, whole(before)?);
    let record: Record<'_> = serde_json::from_slice(json).ok()?;
    let follows = record.prev == sha256(before);
    match understand(record).ok()? {
        Understood::Known(event) => {
            (follows && matches!(event.body, Body::Closed { .. })).then_some(event.at)
        }
        Understood::Skipped(_) | Understood::Critical(_) => None,
    }
}

/// The JSON of a line that is whole as stored.
fn whole(line: &[u8]) -> Option<&[u8]> {
    match read_frame(line) {
        Framed::Line { json, stored } if stored.len() == line.len() => Some(json),
        Framed::Line { .. } | Framed::Newer { .. } | Framed::Bad => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_alone_proves_only_what_it_proves() {
        let golden = include_bytes!("../../../tests/golden/j1-complete/journal-000001.log");
        let lines: Vec<&[u8]> = golden.split_inclusive(|byte| *byte == b'\n').collect();
        let [.., before, last] = lines.as_slice() else { panic!("a golden journal has lines") };
        let check = |bytes: &[u8], want: bool| {
            assert_eq!(proves_closed(bytes).is_some(), want, "{bytes:?}");
        };
        let two = [*before, *last].concat();
        check(golden, true);
        check(&two, true);
        check(last, false);
        check(b"", false);
        check(&lines[..lines.len() - 1].concat(), false);
        check(&[&lines[..lines.len() - 2], &lines[lines.len() - 1..]].concat().concat(), false);
        check(&[&two[..], b"J1 4"].concat(), false);
        check(&two[..two.len() - 1], false);
        for bit in 0..two.len() * 8 {
            let mut flipped = two.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            check(&flipped, false);
        }
    }
}
