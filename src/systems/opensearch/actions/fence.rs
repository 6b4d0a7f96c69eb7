//! Keeps a side from taking writes to the indices, and lifts that again: the two actions.

use hyper::Method;
use serde_json::json;

use super::super::order::order;
use super::super::settings::OpenSearch;
use super::super::state::SideState;
use crate::domain::reading::Writes;
use crate::systems::kit::task::prelude::*;

const FENCE: ActionSpec = ActionSpec {
    name: "opensearch.fence",
    doc: "Blocks writes to every one of the indices on the target and waits until those under way \
          have ended; replication goes on, so that what was written arrives",
    verb: "fence",
    class: Class::I,
    guard: Guard::TypedTarget,
    fencing: Fencing::IdempotentByKey,
    change: Change::Fence,
    reversal: "opensearch.unfence",
    permissions: &["indices:admin/block/add on the indices", "cluster:monitor/state"],
    needs_target: true,
    settings: &[],
};

const UNFENCE: ActionSpec = ActionSpec {
    name: "opensearch.unfence",
    doc: "Lifts the block of opensearch.fence: the indices may be written to again",
    verb: "unfence",
    change: Change::Unfence,
    reversal: "opensearch.fence",
    permissions: &["indices:admin/settings/update on the indices", "cluster:monitor/state"],
    ..FENCE
};

/// `opensearch.fence`, or `opensearch.unfence` where it is not `SET`.
pub(super) struct Fence<const SET: bool>;

impl<const SET: bool> Task for Fence<SET> {
    type On = OpenSearch;
    type With = ();
    const SPEC: ActionSpec = if SET { FENCE } else { UNFENCE };
    const RIGHTS: Rights = Rights::Act;

    fn with(_fields: &Fields<'_>) -> Result<(), Fault> {
        Ok(())
    }

    async fn standing(at: &At<Self>) -> Result<Standing, Trouble> {
        Ok(at.stands(&at.seat.own.state().await?))
    }

    async fn foresee(at: &At<Self>) -> Foreseen {
        let name = &at.seat.name;
        let changes = at.seat.own.state().await.map(|state| match at.stands(&state) {
            Standing::Done(words) => vec![line('~', words)],
            Standing::NotDone(_) if SET => vec![line('~', format!("{name} writes -> REFUSED"))],
            Standing::NotDone(_) => vec![line('~', format!("{name} writes -> ACCEPTED"))],
            Standing::Unknown(why) => vec![line('!', format!("it will be REFUSED: {why}"))],
        });
        (changes, At::<Self>::call(&at.seat.own.target.own.listed()))
    }

    async fn apply(at: &mut At<Self>, _execution: &Execution, output: &mut dyn Output) -> Applied {
        let own = &at.seat.own;
        let session = own.open().await.map_err(Trouble::before_sending)?;
        let state = own.state_on(&session).await.map_err(Trouble::before_sending)?;
        match at.stands(&state) {
            Standing::Done(words) => return tell(format!("already so: {words}"), output),
            Standing::Unknown(why) => return Err(OperateError::Refused(why)),
            Standing::NotDone(_) => {}
        }
        let there: Vec<&str> = state.there().map(|(index, _)| index.name.as_str()).collect();
        let listed = there.join(",");
        let lifted = json!({ "index.blocks.write": null });
        let (path, body) = if SET {
            (format!("/{listed}/_block/write"), None)
        } else {
            (format!("/{listed}/_settings"), Some(&lifted))
        };
        let told = order(own, &session, (Method::PUT, &path), body, output).await;
        told.map_err(Trouble::into_operate_error)?;
        match own.state_on(&session).await.map(|state| at.stands(&state)) {
            Ok(Standing::Done(words)) => tell(words, output),
            Ok(Standing::NotDone(seen) | Standing::Unknown(seen)) => {
                Err(OperateError::Ambiguous(format!("ordered; then {seen}").into()))
            }
            Err(trouble) => Err(OperateError::Ambiguous(format!("ordered; then {trouble}").into())),
        }
    }
}

impl<const SET: bool> At<Fence<SET>> {
    fn call(listed: &str) -> String {
        if SET {
            format!("PUT /{listed}/_block/write")
        } else {
            format!("PUT /{listed}/_settings {{\"index.blocks.write\":null}}")
        }
    }

    fn stands(&self, state: &SideState) -> Standing {
        let name = &self.seat.name;
        if state.there().next().is_none() {
            return Standing::Unknown(format!("none of the indices is in {name}").into());
        }
        let blocked = state.which(|it| it.made.as_ref().is_some_and(|made| made.blocked));
        match (SET, state.writes()) {
            (true, Writes::Refused) => Standing::Done(format!("{name} takes no writes").into()),
            (true, Writes::Open) => Standing::NotDone(format!("{name} takes writes").into()),
            (true, Writes::Unknown) => {
                let words = "not every index tells whether it takes writes";
                Standing::Unknown(format!("{name}: {words}").into())
            }
            (false, _) => match blocked {
                Some(names) => Standing::NotDone(format!("{name}: {names} blocked").into()),
                None => Standing::Done(format!("nothing blocks writes in {name}").into()),
            },
        }
    }
}
