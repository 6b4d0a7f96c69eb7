//! Files that a person wrote: how they are read, where their faults stand, what they name.

use std::fmt;
use std::path::{Path, PathBuf};

pub use crate::domain::settings::tree::parse;
use crate::domain::settings::{Fault, Node, Span, Table, Value};

/// The largest file a person writes that is read, in bytes.
pub const FILE_BYTES_MAX: u64 = 1 << 20;

/// A refusal with its file, line and column, such as
/// ``sites/lms/site.toml:12:8: `pgg` is not a system of this site; did you mean `pg`?``
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileFault {
    /// The file as it was named.
    pub path: PathBuf,
    /// Line, counted from 1.
    pub line: usize,
    /// Column in characters, counted from 1.
    pub column: usize,
    /// What is wrong and what to do.
    pub message: String,
}

impl FileFault {
    /// The fault of a file whose text is `text`.
    pub fn new(path: &Path, text: &str, fault: &Fault) -> Self {
        let (line, column) = fault.line_column(text);
        Self { path: path.to_owned(), line, column, message: fault.message.clone() }
    }

    /// A fault of a file as a whole.
    pub fn of_file(path: &Path, message: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line: 1, column: 1, message: message.into() }
    }
}

impl fmt::Display for FileFault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}:{}: {}", self.path.display(), self.line, self.column, self.message)
    }
}

impl std::error::Error for FileFault {}

/// Reads a file a person wrote; refuses what is too large or not UTF-8.
///
/// # Errors
/// One fault, at the first place that cannot be read.
pub fn read(path: &Path) -> Result<String, FileFault> {
    let failed = |error: &dyn fmt::Display| {
        FileFault::of_file(path, format!("the file cannot be read: {error}"))
    };
    let about = std::fs::metadata(path).map_err(|error| failed(&error))?;
    if !about.is_file() {
        return Err(FileFault::of_file(path, "this is not a file"));
    }
    if about.len() > FILE_BYTES_MAX {
        let message =
            format!("the file has {} bytes; at most {FILE_BYTES_MAX} are read", about.len());
        return Err(FileFault::of_file(path, message));
    }
    let bytes = std::fs::read(path).map_err(|error| failed(&error))?;
    String::from_utf8(bytes).map_err(|error| {
        let start = error.utf8_error().valid_up_to();
        let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
        let fault = Fault::new(Span { start, end: start }, "the file must be UTF-8 text");
        FileFault::new(path, &text, &fault)
    })
}

/// Where in the table, however deep, the text stands as a value.
pub fn find_text(table: &Table, text: &str) -> Option<Span> {
    fn find(node: &Node, text: &str) -> Option<Span> {
        match &node.value {
            Value::Text(found) => (found == text).then_some(node.span),
            Value::Table(table) => find_text(table, text),
            Value::List(items) => items.iter().find_map(|item| find(item, text)),
            Value::Integer(_) | Value::Float(_) | Value::Boolean(_) => None,
        }
    }
    table.entries.iter().find_map(|(_, node)| find(node, text))
}
