//! Looks for the canaries in everything that came out, in every form a byte can take.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use crate::site::CANARIES;

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
fn forms(value: &str) -> Vec<Vec<u8>> {
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
    texts.into_iter().map(String::into_bytes).collect()
}

/// Counts what was looked at, so that looking at nothing is no success.
#[derive(Debug, Default)]
pub struct Hunt {
    /// Places looked at.
    pub places: usize,
    /// Bytes looked at.
    pub bytes: usize,
    /// Where which canary was found.
    pub hits: Vec<String>,
}

impl Hunt {
    /// Looks at bytes.
    pub fn look(&mut self, place: &str, bytes: &[u8]) {
        self.places += 1;
        self.bytes += bytes.len();
        for canary in CANARIES {
            for form in forms(canary.value) {
                if let Some(at) = bytes.windows(form.len()).position(|part| part == form) {
                    let begin = at.saturating_sub(60);
                    let end = (at + form.len() + 20).min(bytes.len());
                    let seen = String::from_utf8_lossy(&bytes[begin..end]).into_owned();
                    self.hits.push(format!("{} in {place}: {seen:?}", canary.name));
                }
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
                if path.is_dir() {
                    open.push(path);
                } else if path.is_file() {
                    let bytes = fs::read(&path).expect("the file is ours");
                    self.look(&path.display().to_string(), &bytes);
                    self.look("a file's name", path.as_os_str().as_encoded_bytes());
                }
            }
        }
    }
}
