//! Keeps a reachable old primary from accepting writes, and lifts that again: the two actions.

use super::fencer::Fencer;
use super::seat::{Rights, check_target};
use crate::domain::catalogue::{ActionSpec, Change, Class, Fencing, Guard};
use crate::domain::settings::{Fault, Fields, Table};
use crate::domain::site::SystemSpec;
use crate::port::{Action, Operator, OperatorSetup};

const PERMISSIONS: &[&str] = &[
    "GRANT ALTER SYSTEM ON PARAMETER default_transaction_read_only TO the acting role \
     (PostgreSQL 15; before it a superuser)",
    "GRANT EXECUTE ON FUNCTION pg_reload_conf() TO the acting role",
    "GRANT pg_signal_backend, pg_monitor TO the acting role",
];

const FENCE: ActionSpec = ActionSpec {
    name: "postgres.fence",
    doc: "Makes a reachable old primary read-only by default and ends every session older than \
          that; done only when proven closed and nothing writes. A session can open its \
          transactions READ WRITE all the same: it is noticed and named, but this is no hard fence",
    verb: "fence",
    class: Class::I,
    guard: Guard::TypedTarget,
    fencing: Fencing::IdempotentByKey,
    change: Change::Fence,
    reversal: "By postgres.unfence",
    permissions: PERMISSIONS,
    needs_target: true,
    settings: &[],
};

const UNFENCE: ActionSpec = ActionSpec {
    name: "postgres.unfence",
    doc: "Lifts the fence of postgres.fence: new transactions may write again",
    verb: "unfence",
    class: Class::I,
    guard: Guard::TypedTarget,
    fencing: Fencing::IdempotentByKey,
    change: Change::Unfence,
    reversal: "By postgres.fence",
    permissions: PERMISSIONS,
    needs_target: true,
    settings: &[],
};

/// `postgres.fence`.
pub(super) struct Fence;

/// `postgres.unfence`.
pub(super) struct Unfence;

impl Action for Fence {
    fn spec(&self) -> &'static ActionSpec {
        &FENCE
    }

    fn check_settings(&self, with: &Table, system: Option<&SystemSpec>) -> Result<(), Fault> {
        Fields::new(with, FENCE.name).finish()?;
        check_target(system, Rights::Act)
    }

    fn operator(&self, setup: OperatorSetup<'_>) -> Result<Box<dyn Operator>, Fault> {
        Fencer::operator(&setup, true)
    }
}

impl Action for Unfence {
    fn spec(&self) -> &'static ActionSpec {
        &UNFENCE
    }

    fn check_settings(&self, with: &Table, system: Option<&SystemSpec>) -> Result<(), Fault> {
        Fields::new(with, UNFENCE.name).finish()?;
        check_target(system, Rights::Act)
    }

    fn operator(&self, setup: OperatorSetup<'_>) -> Result<Box<dyn Operator>, Fault> {
        Fencer::operator(&setup, false)
    }
}
