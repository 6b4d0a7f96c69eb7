//! Maintenance: Patroni watches on, and fails nothing over by itself until it is resumed.

use serde_json::json;

use super::super::order::configure;
use super::super::settings::Patroni;
use super::super::state::SideState;
use crate::systems::kit::task::prelude::*;

const PAUSE: ActionSpec = ActionSpec {
    name: "patroni.pause",
    doc: "Puts the target's cluster into maintenance and waits until every member that answers \
          says so: Patroni fails nothing over, promotes and demotes nobody; usually 1 s",
    verb: "pause",
    class: Class::I,
    guard: Guard::StopWindow,
    fencing: Fencing::IdempotentByKey,
    change: Change::None,
    reversal: "patroni.resume",
    permissions: super::super::rights::CHANGES,
    needs_target: true,
    settings: &[],
};

const RESUME: ActionSpec = ActionSpec {
    name: "patroni.resume",
    doc: "Ends the maintenance of the target's cluster and waits until every member that answers \
          says so; usually 1 s",
    verb: "resume",
    reversal: "patroni.pause",
    ..PAUSE
};

/// `patroni.pause`, or `patroni.resume` where it is not `SET`.
pub(super) struct Maintenance<const SET: bool>;

impl<const SET: bool> Task for Maintenance<SET> {
    type On = Patroni;
    type With = ();
    const SPEC: ActionSpec = if SET { PAUSE } else { RESUME };
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
            Standing::Done(words) => vec![line('~', format!("already so: {words}"))],
            Standing::NotDone(_) | Standing::Unknown(_) if SET => {
                vec![line('~', format!("{name} automatic failover -> OFF until it is resumed"))]
            }
            Standing::NotDone(_) | Standing::Unknown(_) => {
                vec![line('~', format!("{name} automatic failover -> ON"))]
            }
        });
        (changes, format!("PATCH /config {}", body(SET)))
    }

    async fn apply(at: &mut At<Self>, _execution: &Execution, output: &mut dyn Output) -> Applied {
        let began = at.clock.now();
        let session = at.seat.own.open().await.map_err(Trouble::before_sending)?;
        let state = at.seat.own.state_on(&session).await.map_err(Trouble::before_sending)?;
        if let Standing::Done(words) = at.stands(&state) {
            return tell(format!("already so: {words}"), output);
        }
        configure(at, (&session, &state), &body(SET), began, output).await
    }
}

fn body(set: bool) -> serde_json::Value {
    json!({ "pause": set.then_some(true) })
}

impl<const SET: bool> At<Maintenance<SET>> {
    fn stands(&self, state: &SideState) -> Standing {
        let name = &self.seat.name;
        let word = |paused: bool| if paused { "in maintenance" } else { "not in maintenance" };
        let other: Vec<&str> = state
            .members
            .iter()
            .filter(|member| member.paused != SET)
            .map(|member| member.name.as_str())
            .collect();
        if other.is_empty() {
            return Standing::Done(format!("{name} is {}", word(SET)).into());
        }
        let words = format!("{name}: {} not yet {}", other.join(", "), word(SET));
        Standing::NotDone(words.into())
    }
}
