//! In the place of `replicator.rs` where this program is built without Amazon's services: it is
//! refused by name, and tells nothing.

use std::sync::Arc;
use std::time::Duration;

use crate::domain::reading::Fact;
use crate::domain::setting::{Kind, Setting};
use crate::domain::settings::{Fault, Table};
use crate::domain::time::Stamp;
use crate::port::{Clock, Commons, Credential};

/// The setting that names it.
pub(super) const SETTING: Setting<Table> = Setting::new(
    "replicator",
    Kind::Table(&[]),
    "MSK Replicator that copies to this region; it needs a program that is built with `aws`",
);

/// There is none.
#[derive(Debug, Clone)]
pub(super) struct Replicator {
    pub(super) name: String,
}

impl Replicator {
    pub(super) fn read(table: &Table) -> Result<Self, Fault> {
        let why = "`replicator` needs a warroom that is built with the feature `aws`";
        Err(Fault::new(table.span, why.to_owned()))
    }

    pub(super) fn also_read(&mut self) -> Option<(&str, &mut Option<Credential>)> {
        None
    }

    pub(super) fn share(&mut self, _commons: &Commons) {}
}

/// Nothing.
#[derive(Debug, Default)]
pub struct Told;

impl Told {
    pub(super) async fn look(
        &mut self,
        _of: &Replicator,
        _clock: &Arc<dyn Clock>,
        _at: Stamp,
        _left: Duration,
    ) {
    }

    pub(super) fn facts(&self, _now_ms: i64) -> impl Iterator<Item = Fact> {
        std::iter::empty()
    }

    pub(super) fn troubles(&self, _name: &str, _now_ms: i64) -> impl Iterator<Item = String> {
        std::iter::empty()
    }
}
