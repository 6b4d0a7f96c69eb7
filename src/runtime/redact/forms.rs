//! Every form in which a known secret may turn up: plain, base64, percent, JSON and hex.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret, SecretString};

use super::MASK;
use crate::domain::text::Clean;

/// Shorter secrets and lines of secrets are not looked for: they would mask every other word.
pub const SECRET_BYTES_MIN: usize = 4;

/// The columns at which programs break base64: PEM at 64, MIME at 76.
const BASE64_COLUMNS: [usize; 2] = [64, 76];

/// All forms of all known secrets.
pub struct Forms {
    forms: Vec<String>,
}

impl Forms {
    /// The forms of these secrets, and of each line of those that have several.
    pub fn of(known: &[SecretString]) -> Self {
        let mut forms = BTreeSet::new();
        for secret in known {
            let secret = secret.expose_secret();
            let lines = secret.lines().chain([secret, secret.trim()]);
            for value in lines.filter(|value| value.len() >= SECRET_BYTES_MIN) {
                add_forms(value, &mut forms);
            }
        }
        // Text is masked line by line, so a form with a line break can never be found.
        forms.retain(|form: &String| form.len() >= SECRET_BYTES_MIN && !form.contains('\n'));
        Self { forms: forms.into_iter().collect() }
    }

    /// The line with every known secret masked; overlapping ones as one.
    pub fn mask(&self, line: &str) -> String {
        let mut hidden: Vec<(usize, usize)> = Vec::new();
        for form in &self.forms {
            let mut from = 0;
            while let Some(found) = line.get(from..).and_then(|rest| rest.find(form.as_str())) {
                let start = from + found;
                hidden.push((start, start + form.len()));
                // The next one may overlap this one.
                from = line.ceil_char_boundary(start + 1);
            }
        }
        hidden.sort_unstable();
        let mut out = String::with_capacity(line.len());
        let mut shown = 0;
        for (start, end) in hidden {
            if start >= shown {
                out.push_str(&line[shown..start]);
                out.push_str(MASK);
            }
            shown = shown.max(end);
        }
        out.push_str(&line[shown..]);
        out
    }
}

fn add_forms(value: &str, forms: &mut BTreeSet<String>) {
    let json = serde_json::to_string(value).unwrap_or_default();
    let json = json.trim_start_matches('"').strip_suffix('"').unwrap_or_default().to_owned();
    forms.insert(json.replace('/', "\\/"));
    // As encoders write it that protect HTML.
    forms.insert(json.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026"));
    // JSON within JSON, as logs of requests have it.
    forms.insert(json.replace('\\', "\\\\").replace('"', "\\\""));
    forms.insert(json);
    forms.insert(value.replace('\'', "'\\''"));
    forms.insert(value.escape_default().to_string());
    for (upper, plus) in [(true, false), (false, false), (true, true), (false, true)] {
        forms.insert(percent(value, upper, plus, b"-._~"));
        forms.insert(percent(value, upper, plus, b"-_.!~*'()"));
        forms.insert(percent(value, upper, plus, b"*-._"));
    }
    for hex in [hex(value, true), hex(value, false)] {
        // Every byte encoded, as some encoders do.
        let pairs = hex.as_bytes().chunks(2).map(String::from_utf8_lossy);
        forms.insert(pairs.fold(String::new(), |out, pair| out + "%" + &pair));
        forms.insert(hex);
    }
    add_base64(value, forms);
    // As it stands in a sentence of ours, with its controls made visible.
    forms.insert(Clean::new(value).as_str().to_owned());
    forms.insert(value.to_owned());
}

/// Percent-encoding: letters, digits and `plain` stay (RFC 3986 section 2.3 and what forms and
/// scripts keep); a space is `%20` or `+`.
fn percent(value: &str, upper: bool, plus: bool, plain: &[u8]) -> String {
    let mut out = String::new();
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || plain.contains(&byte) {
            out.push(char::from(byte));
        } else if plus && byte == b' ' {
            out.push('+');
        } else if upper {
            let _ = write!(out, "%{byte:02X}");
        } else {
            let _ = write!(out, "%{byte:02x}");
        }
    }
    out
}

fn hex(value: &str, upper: bool) -> String {
    value.bytes().fold(String::new(), |mut out, byte| {
        let _ = if upper { write!(out, "{byte:02X}") } else { write!(out, "{byte:02x}") };
        out
    })
}

/// Base64 (RFC 4648), alone or within more bytes: the value may begin at any place of a group of
/// three, so the digits that its neighbours touch are left out.
fn add_base64(value: &str, forms: &mut BTreeSet<String>) {
    for shift in 0..3 {
        let mut bytes = vec![0; shift];
        bytes.extend_from_slice(value.as_bytes());
        for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
            let digits = engine.encode(&bytes);
            let start = (shift * 8).div_ceil(6);
            let end = bytes.len() * 8 / 6;
            let Some(core) = digits.get(start..end) else { continue };
            forms.insert(core.to_owned());
            // Broken into lines it is found piece by piece, if it begins where the lines do.
            for columns in
                BASE64_COLUMNS.into_iter().filter(|columns| shift == 0 && core.len() > *columns)
            {
                let pieces = core.as_bytes().chunks(columns);
                forms.extend(pieces.map(|piece| String::from_utf8_lossy(piece).into_owned()));
            }
        }
    }
}
