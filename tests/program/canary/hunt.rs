//! Looks for the canaries in everything that came out, in every form a byte can take.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use super::site::CANARIES;

/// Characters at the end of an encoded secret that depend on what follows it.
const LAST: usize = 4;

fn percent(value: &str, keep: &str) -> String {
    value.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || keep.contains(char::from(byte)) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

/// A secret as it may be written.
fn forms(value: &str) -> BTreeSet<String> {
    let json = serde_json::to_string(value).expect("a text");
    let html = value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let mut texts = vec![
        value.to_owned(),
        json.trim_matches('"').to_owned(),
        html.clone(),
        html.replace('"', "&quot;").replace('\'', "&#39;"),
        percent(value, "-_.~"),
        percent(value, "-_.~!$&'()*+,;=:@/"),
        value.bytes().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}")),
        // Half of one is found too.
        value.chars().skip(9).collect(),
    ];
    for before in ["", "x", "xx"] {
        let padded = format!("{before}{value}");
        for engine in [&STANDARD, &STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
            let text = engine.encode(&padded);
            let text = text.trim_end_matches('=');
            // The first group mixes with what stood before.
            let begin = if before.is_empty() { 0 } else { 4 };
            texts.push(text[begin..text.len() - LAST].to_owned());
        }
    }
    texts.into_iter().collect()
}

/// Remembers what was looked at, so that looking at nothing is no success.
#[derive(Debug)]
pub struct Hunt {
    /// The kinds of place that had something in them, and how many bytes.
    pub kinds: BTreeMap<String, usize>,
    /// Where which canary was found.
    pub hits: Vec<String>,
    forms: Vec<(&'static str, String)>,
}

impl Hunt {
    /// One that has looked at nothing.
    pub fn new() -> Self {
        let all = CANARIES.iter().flat_map(|canary| {
            forms(canary.value).into_iter().map(|form| (canary.name, form)).collect::<Vec<_>>()
        });
        Self { kinds: BTreeMap::new(), hits: Vec::new(), forms: all.collect() }
    }

    /// Looks at what is in a place of some kind. Canaries are ASCII, so that bytes which are no
    /// text hide none.
    pub fn look(&mut self, kind: &str, place: &str, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        *self.kinds.entry(kind.to_owned()).or_default() += bytes.len();
        let text = String::from_utf8_lossy(bytes);
        for (name, form) in &self.forms {
            if let Some(at) = text.find(form.as_str()) {
                let begin = text.floor_char_boundary(at.saturating_sub(60));
                let end = text.ceil_char_boundary((at + form.len() + 20).min(text.len()));
                self.hits.push(format!("{name} in {kind}, {place}: {:?}", &text[begin..end]));
            }
        }
    }

    /// Looks at every file under a folder, and at its name, but for those that `skip` names.
    pub fn look_under(&mut self, folder: &Path, skip: &dyn Fn(&Path) -> bool) {
        let mut open = vec![folder.to_owned()];
        while let Some(folder) = open.pop() {
            for entry in fs::read_dir(&folder).expect("the folder is ours").flatten() {
                let path = entry.path();
                if skip(&path) {
                    continue;
                }
                self.look("name of a file", "its path", path.as_os_str().as_encoded_bytes());
                if path.is_dir() {
                    open.push(path);
                } else if path.is_file() {
                    let bytes = fs::read(&path).expect("the file is ours");
                    // Numbered files are of one kind.
                    let name = path.file_name().expect("a file").to_string_lossy();
                    let kind = name.replace(|letter: char| letter.is_ascii_digit(), "");
                    self.look(&format!("file {kind}"), &path.display().to_string(), &bytes);
                }
            }
        }
    }
}

/// A hunt that finds nothing in anything would find nothing in a leak either.
#[test]
fn a_hunt_finds_what_is_there() {
    for canary in CANARIES {
        for form in forms(canary.value) {
            let mut hunt = Hunt::new();
            hunt.look("text", "here", format!("so \u{e9}: {form}!").as_bytes());
            assert!(hunt.hits.iter().any(|hit| hit.starts_with(canary.name)), "{form}");
        }
    }
    let mut hunt = Hunt::new();
    hunt.look("text", "here", b"[redacted]");
    hunt.look("nothing", "there", b"");
    assert_eq!((hunt.hits.len(), hunt.kinds.len()), (0, 1));
}
