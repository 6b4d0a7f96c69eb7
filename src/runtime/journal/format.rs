//! The journal's lines: `J1 <len> <crc32c> <json>`, each chained to the one before by its SHA-256.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::domain::ids::RunId;
use crate::domain::run::commit::Hash;
use crate::domain::run::event::{Actor, Body, RunEvent, RunKind};
use crate::domain::time::Stamp;

/// The longest line's JSON, in bytes; a longer record is refused before it is written.
pub const RECORD_BYTES_MAX: usize = 1024 * 1024;

/// The longest `J1 <len> <crc32c> `, in bytes.
const PREFIX_BYTES_MAX: usize = 3 + 8 + 9;

/// The first line of a segment: which run it belongs to and which line it goes on from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The segment's number, from 1.
    pub segment: u32,
    /// The run.
    pub run: RunId,
    /// How often the run was taken up; 1 at birth.
    pub epoch: u64,
    /// What the run is for.
    pub kind: RunKind,
    /// The number of the last record before this segment; 0 in the first.
    pub after: u64,
    /// When the segment was begun.
    pub at: Stamp,
    /// SHA-256 of the frozen site file, hex.
    pub site_sha256: Hash,
    /// SHA-256 of the frozen runbook file, hex.
    pub runbook_sha256: Hash,
    /// The hash of the last acknowledged line before this segment.
    pub prev: Hash,
}

impl Header {
    /// Before anything of a run is written: what its first segment says, but for the number.
    pub fn birth(run: &RunId, kind: RunKind, [site, runbook]: [&str; 2], at: Stamp) -> Self {
        Self {
            segment: 0,
            run: run.clone(),
            epoch: 1,
            kind,
            after: 0,
            at,
            site_sha256: sha256(site.as_bytes()),
            runbook_sha256: sha256(runbook.as_bytes()),
            prev: Hash::NONE,
        }
    }
}

/// A record as it is written.
#[derive(Debug, Serialize)]
struct Writing<'a> {
    seq: u64,
    run: &'a RunId,
    epoch: u64,
    kind: RunKind,
    crit: bool,
    at: Stamp,
    by: &'a Actor,
    body: &'a Body,
    prev: Hash,
}

/// A record as it is read, its body not understood yet.
#[derive(Debug, Deserialize)]
pub struct Record<'a> {
    /// Counts from 1 through all segments.
    pub seq: u64,
    /// The run.
    pub run: RunId,
    /// How often the run was taken up.
    pub epoch: u64,
    /// What the run is for.
    pub kind: RunKind,
    /// True when a reader that does not know the word must not go on.
    pub crit: bool,
    /// When it was recorded.
    pub at: Stamp,
    /// Who caused it.
    pub by: Actor,
    /// The word and what belongs to it.
    #[serde(borrow)]
    pub body: &'a RawValue,
    /// The hash of the line before.
    pub prev: Hash,
}

/// The word of a body that may be of a newer version.
#[derive(Debug, Deserialize)]
struct AnyBody {
    word: String,
}

/// What a record's body means to this version.
#[derive(Debug, PartialEq)]
pub enum Understood {
    /// A known word.
    Known(RunEvent),
    /// A word of a newer version that changes nothing here, kept as a note so that no number lacks.
    Skipped(RunEvent),
    /// A word of a newer version without which the state would be wrong; the word.
    Critical(String),
}

/// Why a record cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// It is larger than [`RECORD_BYTES_MAX`].
    #[error("the record has {0} bytes, more than {RECORD_BYTES_MAX} are not kept")]
    TooLong(usize),
    /// It would not be read back, such as a number that is not finite.
    #[error("the record would not be readable: {0}")]
    Unreadable(#[from] serde_json::Error),
}

/// The SHA-256 of bytes.
pub fn sha256(bytes: &[u8]) -> Hash {
    Hash(Sha256::digest(bytes).into())
}

/// The stored line of a JSON text, with its line break.
///
/// # Errors
/// When it is too long.
pub fn frame(json: &[u8]) -> Result<Vec<u8>, EncodeError> {
    if json.len() > RECORD_BYTES_MAX {
        return Err(EncodeError::TooLong(json.len()));
    }
    let prefix = format!("J1 {} {:08x} ", json.len(), crc32c::crc32c(json));
    Ok([prefix.as_bytes(), json, b"\n"].concat())
}

/// The stored line of a segment's header.
///
/// # Errors
/// When it cannot be put into JSON.
pub fn encode_header(header: &Header) -> Result<Vec<u8>, EncodeError> {
    frame(&serde_json::to_vec(header)?)
}

/// The stored line of the record that comes next where a header would say `next`, and the event as
/// every reader will read it from that line.
///
/// # Errors
/// When it is too long or would not be read back.
pub fn encode(
    next: &Header,
    at: Stamp,
    by: &Actor,
    body: &Body,
) -> Result<(Vec<u8>, RunEvent), EncodeError> {
    let Header { run, epoch, kind, prev, .. } = next;
    let (epoch, kind, prev) = (*epoch, *kind, *prev);
    let (seq, crit) = (next.after + 1, body.is_critical());
    let json = serde_json::to_vec(&Writing { seq, run, epoch, kind, crit, at, by, body, prev })?;
    let line = frame(&json)?;
    let record: Record<'_> = serde_json::from_slice(&json)?;
    let body = serde_json::from_str(record.body.get())?;
    Ok((line, RunEvent { seq: record.seq, at: record.at, by: record.by, body }))
}

/// Understands a record's body.
///
/// # Errors
/// When it is no body of any version.
pub fn understand(record: Record<'_>) -> Result<Understood, serde_json::Error> {
    let Record { seq, crit, at, by, body, .. } = record;
    if let Ok(body) = serde_json::from_str::<Body>(body.get()) {
        return Ok(Understood::Known(RunEvent { seq, at, by, body }));
    }
    let AnyBody { word } = serde_json::from_str(body.get())?;
    if crit {
        return Ok(Understood::Critical(word));
    }
    let text = format!("a newer warroom recorded `{word}`").into();
    Ok(Understood::Skipped(RunEvent { seq, at, by, body: Body::Noted { text } }))
}

/// What stands at one place of a segment.
#[derive(Debug, PartialEq, Eq)]
pub enum Framed<'a> {
    /// A whole line: its JSON, and the line as stored.
    Line {
        /// The JSON.
        json: &'a [u8],
        /// The line with its line break.
        stored: &'a [u8],
    },
    /// A whole line of a newer format.
    Newer {
        /// The format's number.
        format: u32,
    },
    /// Not a whole line.
    Bad,
}

/// Reads the line that begins at the start of `bytes`.
pub fn read_frame(bytes: &[u8]) -> Framed<'_> {
    match split_frame(bytes) {
        Some((1, json, stored)) => Framed::Line { json, stored },
        Some((format, _, _)) => Framed::Newer { format },
        None => Framed::Bad,
    }
}

/// True when a whole line stands anywhere in `bytes` after their first byte.
pub fn has_frame_after(bytes: &[u8]) -> bool {
    (1..bytes.len()).any(|from| bytes[from] == b'J' && split_frame(&bytes[from..]).is_some())
}

/// The format's number, the JSON and the stored line.
fn split_frame(bytes: &[u8]) -> Option<(u32, &[u8], &[u8])> {
    let window = &bytes[..bytes.len().min(PREFIX_BYTES_MAX)];
    let mut words = window.split(|byte| *byte == b' ');
    let (tag, length, crc) = (words.next()?, words.next()?, words.next()?);
    // Without a word after the third, the third may be cut.
    words.next()?;
    let format = decimal(tag.strip_prefix(b"J")?)?;
    let length_value = usize::try_from(decimal(length)?).ok()?;
    if length_value > RECORD_BYTES_MAX || crc.len() != 8 {
        return None;
    }
    let start = tag.len() + length.len() + crc.len() + 3;
    let end = start.checked_add(length_value)?;
    let json = bytes.get(start..end)?;
    let whole = bytes.get(end) == Some(&b'\n');
    let crc_agrees = crc == format!("{:08x}", crc32c::crc32c(json)).as_bytes();
    (whole && crc_agrees).then(|| (format, json, &bytes[..=end]))
}

/// A number written in the one way that this program writes it.
fn decimal(digits: &[u8]) -> Option<u32> {
    let plain = digits.len() <= 7 && digits.iter().all(u8::is_ascii_digit);
    let shortest = digits.len() == 1 || digits.first() != Some(&b'0');
    if !plain || !shortest {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_read_only_as_it_was_written() {
        let line = frame(b"{\"a\":1}").unwrap();
        let text = String::from_utf8(line.clone()).unwrap();
        assert!(text.starts_with("J1 7 ") && text.ends_with(" {\"a\":1}\n"), "{text}");
        let check = |given: &str, good: bool| {
            let framed = read_frame(given.as_bytes());
            assert_eq!(matches!(framed, Framed::Line { .. }), good, "{given:?} {framed:?}");
        };
        check(&text, true);
        check(&format!("{text}more"), true);
        check(&text[..text.len() - 1], false);
        check(&text.replace("J1 7", "J1 07"), false);
        check(&text.replace("J1 7", "J1 +7"), false);
        check(&text.replace("J1 7", "J1  7"), false);
        check(&text.to_uppercase().replace("{\"A\"", "{\"a\""), false);
        check("", false);
        check("J1", false);
        check(&"\0".repeat(64), false);
        let newer = text.replace("J1 ", "J2 ");
        assert_eq!(read_frame(newer.as_bytes()), Framed::Newer { format: 2 });
        assert!(has_frame_after(format!("x{text}").as_bytes()));
        assert!(!has_frame_after(text.as_bytes()));
    }

    #[test]
    fn too_long_is_refused() {
        assert!(frame(&vec![b' '; RECORD_BYTES_MAX]).is_ok());
        assert!(matches!(frame(&vec![b' '; RECORD_BYTES_MAX + 1]), Err(EncodeError::TooLong(_))));
    }
}
