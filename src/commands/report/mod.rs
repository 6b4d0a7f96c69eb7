//! The report of a run in three formats, made from its folder alone, sealed, and checked again.

pub(super) mod command;
pub mod format;
mod html;
mod json;
mod markdown;
pub mod page;
pub mod seal;
mod svg;
pub mod verify;

use self::format::Format;
use self::page::{Chain, Rendered};
use crate::app::record::{Record, RecordError};
use crate::domain::report::Report;
use crate::domain::run::commit::Hash;
use crate::domain::run::state::Run;

/// The report of a run as of an entry, in a format, sealed.
///
/// # Errors
/// When there is no such entry, or the events do not fit the plan.
pub fn render(record: &Record, entries: usize, format: Format) -> Result<Rendered, RecordError> {
    let Record { back, site, plan } = record;
    let events = back.events.get(..entries).ok_or(RecordError::Empty)?;
    let run = Run::replay(plan, events)?.ok_or(RecordError::Empty)?;
    let head = back.hashes.get(entries - 1).copied().unwrap_or(Hash::NONE);
    let report = Report::of(&run, plan, site);
    let chain = Chain { head, entries, damage: back.finding.damage() };
    let mut out = match format {
        Format::Md => markdown::write(&report, &chain),
        Format::Html => html::write(&report, &chain),
        Format::Json => json::write(&report, &chain),
    };
    seal::close(&mut out.text);
    Ok(out)
}

/// The report of everything that was read.
///
/// # Errors
/// When there is no event, or the events do not fit the plan.
pub fn render_all(record: &Record, format: Format) -> Result<Rendered, RecordError> {
    render(record, record.back.events.len(), format)
}
