//! What people did to the simulated world: an append-only file, one line an act, whole or ignored.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;
use std::time::Duration;

use crate::domain::catalogue::Change;
use crate::domain::ids::{Side, is_name};

/// The most acts that are read back: a world with more was not made by hand.
pub const ACTS_MAX: usize = 10_000;

/// The longest acts file that is read, in bytes.
const FILE_BYTES_MAX: u64 = 4 << 20;

/// The last word of every whole line; a torn line has lost it.
const END: &str = ".";

/// One act: when, what, to what, where, how much.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// Milliseconds since the world began.
    pub elapsed_ms: u64,
    /// What was done.
    pub change: Change,
    /// The system; for acts without one the name of the step.
    pub system: String,
    /// The side it was done to.
    pub side: Side,
    /// Units wanted or percent of users, for the deeds that have an amount.
    pub amount: u32,
}

impl Act {
    /// When it was done, as a length of time since the world began.
    pub fn at(&self) -> Duration {
        Duration::from_millis(self.elapsed_ms)
    }

    /// The line without its line break: `61250 scale pods b 10 .`
    pub fn line(&self) -> String {
        let Self { elapsed_ms, change, system, side, amount } = self;
        let side = side.key();
        format!("{elapsed_ms} {} {system} {side} {amount} {END}", change.word())
    }

    /// Reads one line; none when it is torn or not an act.
    pub fn parse(line: &str) -> Option<Self> {
        let mut words = line.split(' ');
        let elapsed_ms = words.next()?.parse().ok()?;
        let change = Change::of_word(words.next()?)?;
        let system = words.next().filter(|name| is_name(name))?.to_owned();
        let side = match words.next()? {
            "a" => Side::A,
            "b" => Side::B,
            _ => return None,
        };
        let amount = words.next()?.parse().ok()?;
        let whole = words.next() == Some(END) && words.next().is_none();
        whole.then_some(Self { elapsed_ms, change, system, side, amount })
    }
}

/// All whole acts of a text, in the order of their time.
pub fn parse_all(text: &str) -> Vec<Act> {
    // A line counts only with its line break: the last one may be torn.
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    let mut acts: Vec<Act> = whole.lines().filter_map(Act::parse).take(ACTS_MAX).collect();
    acts.sort_by_key(|act| act.elapsed_ms);
    acts
}

/// Reads the acts file; a file that is not there yet has none.
///
/// # Errors
/// When the file is there and cannot be read.
pub fn read(path: &Path) -> io::Result<Vec<Act>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut bytes = Vec::new();
    file.take(FILE_BYTES_MAX).read_to_end(&mut bytes)?;
    Ok(parse_all(&String::from_utf8_lossy(&bytes)))
}

/// How an append failed.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// Nothing was written.
    #[error("failed to open the acts of the simulated world: {0}")]
    NotWritten(#[source] io::Error),
    /// The line may or may not be there.
    #[error("failed to make an act of the simulated world durable: {0}")]
    Unsure(#[source] io::Error),
}

/// Adds one act by a single write at the end of the file, and makes it durable.
///
/// # Errors
/// When the file cannot be opened, written or synced; the variants tell whether the act may count.
pub fn append(path: &Path, act: &Act) -> Result<(), AppendError> {
    let mut file = OpenOptions::new()
        .read(true)
        .append(true)
        .create(true)
        .open(path)
        .map_err(AppendError::NotWritten)?;
    let mut before = Vec::new();
    (&mut file).take(FILE_BYTES_MAX).read_to_end(&mut before).map_err(AppendError::NotWritten)?;
    // After a torn line the new one must not be glued to its remains.
    let torn = before.last().is_some_and(|byte| *byte != b'\n');
    let line = format!("{}{}\n", if torn { "\n" } else { "" }, act.line());
    file.write_all(line.as_bytes()).map_err(AppendError::Unsure)?;
    file.sync_data().map_err(AppendError::Unsure)
}

#[cfg(test)]
mod tests {
    use strum::VariantArray as _;

    use super::*;

    fn act(elapsed_ms: u64, change: Change, system: &str, amount: u32) -> Act {
        Act { elapsed_ms, change, system: system.to_owned(), side: Side::B, amount }
    }

    #[test]
    fn every_change_reads_back() {
        for &change in Change::VARIANTS {
            let written = act(61_250, change, "pg", 10);
            assert_eq!(Act::parse(&written.line()), Some(written));
        }
        assert_eq!(act(61_250, Change::Scale, "pods", 10).line(), "61250 scale pods b 10 .");
    }

    #[test]
    fn a_line_cut_anywhere_is_ignored() {
        let first = act(5, Change::Fence, "fence-a", 0);
        let second = act(61_250, Change::Scale, "pods", 10);
        let whole = format!("{}\n{}\n", first.line(), second.line());
        let start = first.line().len() + 1;
        for cut in start..whole.len() {
            assert_eq!(parse_all(&whole[..cut]), std::slice::from_ref(&first), "cut at {cut}");
        }
        assert_eq!(parse_all(&whole), [first, second]);
    }

    #[test]
    fn an_act_after_a_torn_one_counts() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let path = folder.path().join("acts");
        let line = act(61_250, Change::Scale, "pods", 10).line();
        let next = act(70_000, Change::Purge, "cdn", 0);
        for cut in 0..=line.len() {
            std::fs::write(&path, &line[..cut]).expect("the torn line is written");
            append(&path, &next).expect("the act is appended");
            let acts = read(&path).expect("the acts are read");
            let whole = usize::from(cut == line.len());
            assert_eq!(acts.len(), 1 + whole, "cut at {cut}");
            assert_eq!(acts.last(), Some(&next), "cut at {cut}");
        }
    }

    #[test]
    fn what_is_not_an_act_is_skipped() {
        let check = |line: &str| assert_eq!(Act::parse(line), None, "{line}");
        check("");
        check("now promote pg b 0 .");
        check("5 explode pg b 0 .");
        check("5 promote ../pg b 0 .");
        check("5 promote pg c 0 .");
        check("5 promote pg b -1 .");
        check("5 promote pg b 0 . .");
    }
}
