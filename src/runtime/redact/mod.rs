//! Masks secrets in text on its way to disk or screen: known values, then what looks like one.
//!
//! By type first: a secret is a `SecretString` and never printed by us. This is the second net,
//! for what programs and peers print. Text is held back to the end of its line, so that where it
//! was cut into pieces can make no difference.

mod forms;
mod patterns;

use secrecy::SecretString;

use crate::domain::text::{CUT_BYTES, LINE_BYTES_MAX, WITHHELD};

use self::forms::Forms;
use self::patterns::Patterns;

/// What stands in the place of a secret.
pub const MASK: &str = "[redacted]";

/// Masks a stream of text.
pub struct Redactor {
    forms: Forms,
    patterns: Patterns,
    /// The unfinished line.
    held: String,
    /// True while the rest of an overlong line is thrown away.
    withholding: bool,
}

impl Redactor {
    /// Masks these secrets in every form known, and what looks like a secret.
    pub fn new(known: &[SecretString]) -> Self {
        Self {
            forms: Forms::of(known),
            patterns: Patterns::default(),
            held: String::new(),
            withholding: false,
        }
    }

    /// Takes the next piece of the stream; what may be shown of the stream so far and was not yet
    /// returned, always whole lines.
    #[must_use = "what is returned is not returned again"]
    pub fn push(&mut self, piece: &str) -> String {
        let mut out = String::new();
        for part in piece.split_inclusive('\n') {
            self.hold(part.trim_end_matches('\n'));
            if part.ends_with('\n') {
                self.end_line(&mut out);
                out.push('\n');
            }
        }
        out
    }

    /// The rest, at the end of the stream.
    #[must_use = "what is returned is not returned again"]
    pub fn finish(&mut self) -> String {
        let mut out = String::new();
        self.end_line(&mut out);
        self.patterns.restart();
        out
    }

    /// Masks one text that is whole, such as a message.
    pub fn text(&self, text: &str) -> String {
        let mut patterns = Patterns::default();
        let lines = text.split('\n').map(|line| patterns.line(&self.forms.mask(line)));
        lines.collect::<Vec<_>>().join("\n")
    }

    /// Masks known secrets alone in a whole text: what a person typed is no program's output,
    /// and may speak of a password.
    pub fn known(&self, text: &str) -> String {
        text.split('\n').map(|line| self.forms.mask(line)).collect::<Vec<_>>().join("\n")
    }

    fn hold(&mut self, part: &str) {
        if self.withholding {
            return;
        }
        self.held.push_str(part);
        if self.held.len() > LINE_BYTES_MAX {
            let cut = self.held.floor_char_boundary(LINE_BYTES_MAX);
            self.held.truncate(cut);
            self.withholding = true;
        }
    }

    fn end_line(&mut self, out: &mut String) {
        let line = self.patterns.line(&self.forms.mask(&self.held));
        if self.withholding {
            let cut = line.floor_char_boundary(line.len().saturating_sub(CUT_BYTES));
            out.push_str(&line[..cut]);
            out.push_str(WITHHELD);
        } else {
            out.push_str(&line);
        }
        self.held.clear();
        self.withholding = false;
    }
}

#[cfg(test)]
mod tests;
