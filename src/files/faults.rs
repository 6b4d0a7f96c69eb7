//! What was found wrong in a file, and the version of the form that every file names.

use crate::domain::settings::{Fault, Fields, Span};

/// The version of the files that this program reads.
pub const SCHEMA: i64 = 1;

/// What was found wrong so far; reading goes on as long as it makes sense.
#[derive(Debug, Default)]
pub struct Faults(pub Vec<Fault>);

impl Faults {
    /// The value, or none after noting the fault.
    pub fn take<T>(&mut self, result: Result<T, Fault>) -> Option<T> {
        result.map_err(|fault| self.note(fault)).ok()
    }

    /// Notes a fault.
    pub fn add(&mut self, span: Span, message: impl Into<String>) {
        self.note(Fault::new(span, message));
    }

    /// What a step and its way back have in common is said once.
    fn note(&mut self, fault: Fault) {
        if !self.0.contains(&fault) {
            self.0.push(fault);
        }
    }
}

/// The first of some faults.
pub(super) fn first(faults: Vec<Fault>) -> Fault {
    faults.into_iter().next().unwrap_or_else(|| Fault::new(Span::default(), "the file is faulty"))
}

/// Refuses a file of another version.
pub(super) fn check_schema(fields: &Fields<'_>) -> Result<(), Fault> {
    match fields.integer("schema", i64::MIN, i64::MAX)? {
        Some(SCHEMA) => Ok(()),
        Some(other) => {
            let message = format!("`schema` is {other}; this program reads schema {SCHEMA}");
            Err(Fault::new(fields.node("schema").map_or(fields.span(), |node| node.span), message))
        }
        None => {
            let message = format!("the file needs `schema = {SCHEMA}`, the version of its form");
            Err(Fault::new(Span::default(), message))
        }
    }
}
