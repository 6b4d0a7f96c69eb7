//! The line that ends a report: which run and entry it is of, and a hash over all of its bytes.
//!
//! `warroom-report schema=1 format=md run=NAME entries=24 chain=HEX sha256=HEX`: `chain` is the
//! hash of the journal's line 24, `sha256` that of the whole file with its own 64 digits as zeros.

use crate::domain::report::SCHEMA;
use crate::runtime::journal::format::sha256;

use super::format::Format;
use super::page::Chain;

const MARK: &str = "warroom-report schema=";
const HASH: &str = " sha256=";
const DIGITS: usize = 64;

/// What the seal of a file says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seal {
    /// The form; only [`SCHEMA`] is understood.
    pub schema: u32,
    /// The format.
    pub format: Format,
    /// The run's name.
    pub run: String,
    /// The last entry it was made from.
    pub entries: u64,
    /// The hash of that entry's line, hex.
    pub chain: String,
    /// The hash over the file, hex.
    pub sha256: String,
    /// Where those digits stand.
    at: usize,
}

/// The seal's words, its own hash not known yet.
pub(super) fn words(run: &str, chain: &Chain, format: Format) -> String {
    let (entries, head, zeros) = (chain.entries, chain.head.hex(), "0".repeat(DIGITS));
    let format = format.name();
    format!("{MARK}{SCHEMA} format={format} run={run} entries={entries} chain={head}{HASH}{zeros}")
}

/// Puts the hash into the seal that the text ends with.
pub(super) fn close(text: &mut String) {
    let hash = sha256(text.as_bytes()).hex();
    if let Some(at) = text.rfind(HASH).map(|at| at + HASH.len()) {
        text.replace_range(at..at + DIGITS, &hash);
    }
}

/// The seal of a file; none when it has no whole one.
pub fn find(file: &[u8]) -> Option<Seal> {
    let start = file.windows(MARK.len()).rposition(|window| window == MARK.as_bytes())?;
    let text = file[start..].split(|byte| matches!(byte, b'\n' | b'"')).next()?;
    let text = std::str::from_utf8(text).ok()?;
    let mut values = text.split(' ').filter_map(|word| word.split_once('='));
    let mut value = |name: &str| {
        values.next().filter(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
    };
    let schema = value("schema")?.parse().ok()?;
    let format = Format::of_name(&value("format")?)?;
    let run = value("run")?;
    let entries = value("entries")?.parse().ok()?;
    let (chain, hash) = (value("chain")?, value("sha256")?);
    let at = start + text.find(HASH)? + HASH.len();
    (hash.len() == DIGITS).then_some(Seal { schema, format, run, entries, chain, sha256: hash, at })
}

impl Seal {
    /// True when the file is as it was written.
    pub fn holds(&self, file: &[u8]) -> bool {
        let mut bare = file.to_vec();
        let Some(digits) = bare.get_mut(self.at..self.at + DIGITS) else { return false };
        digits.fill(b'0');
        sha256(&bare).hex() == self.sha256
    }
}
