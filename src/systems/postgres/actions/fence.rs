//! Keeps a reachable old primary from accepting writes, and lifts that again: the two actions.

use super::super::settings::Postgres;
use crate::systems::kit::task::prelude::*;

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
    change: Change::Unfence,
    reversal: "By postgres.fence",
    ..FENCE
};

/// `postgres.fence`, or `postgres.unfence` where it is not `SET`.
pub(super) struct Fence<const SET: bool>;

impl<const SET: bool> Task for Fence<SET> {
    type On = Postgres;
    type With = ();
    const SPEC: ActionSpec = if SET { FENCE } else { UNFENCE };
    const RIGHTS: Rights = Rights::Act;

    fn with(_fields: &Fields<'_>) -> Result<(), Fault> {
        Ok(())
    }

    async fn standing(at: &At<Self>) -> Result<Standing, Trouble> {
        at.stands().await
    }

    async fn foresee(at: &At<Self>) -> Foreseen {
        let changes = at.gate_now().await.map(|gate| at.changes(&gate));
        (changes, format!("{}; select pg_reload_conf()", Self::CALL))
    }

    async fn apply(at: &mut At<Self>, _execution: &Execution, output: &mut dyn Output) -> Applied {
        at.set(output).await
    }
}
