//! Makes the target copy every index anew from the other side. Whatever it holds of them is erased.

use hyper::Method;
use serde_json::{Value as Json, json};

use super::super::lag::{Pace, lacking};
use super::super::order::order;
use super::super::session::Session;
use super::super::settings::OpenSearch;
use super::super::state::{Index, SideState};
use crate::domain::reading::{Role, Writes};
use crate::systems::kit::task::prelude::*;

const DISCARD: Setting<bool> = Setting::new(
    "discard",
    Kind::Boolean,
    "True to erase what the target holds of the indices; without it refused unless that is nothing",
)
.or("false");

const LEADER_ROLE: Setting<String> = Setting::new(
    "leader_role",
    Kind::Word,
    "The role that copying uses on the other side; needed where the security plugin is there",
);

const FOLLOWER_ROLE: Setting<String> =
    Setting::new("follower_role", Kind::Word, "The role that copying uses on the target");

/// `opensearch.follow`.
pub(super) struct Follow;

/// How it is wanted.
pub struct Wanted {
    discard: bool,
    roles: Option<(String, String)>,
}

impl Task for Follow {
    type On = OpenSearch;
    type With = Wanted;
    const SPEC: ActionSpec = ActionSpec {
        name: "opensearch.follow",
        doc: "Makes the target copy every index from the other side, which must lead and take \
              writes: the indices here are DELETED, started again as followers, and waited for \
              until they hold what the other side had",
        verb: "follow",
        class: Class::X,
        guard: Guard::TypedVerb,
        fencing: Fencing::IdempotentByKey,
        change: Change::Follow,
        reversal: "None: what only the target held is gone",
        permissions: &[
            "indices:admin/delete, indices:admin/plugins/replication/index/start and \
             /setup/validate, indices:data/write/plugins/replication/changes on the indices",
            "cluster:monitor/remote/info: whether the other side's cluster is reached",
        ],
        needs_target: true,
        settings: &[DISCARD.spec, LEADER_ROLE.spec, FOLLOWER_ROLE.spec],
    };
    const RIGHTS: Rights = Rights::ActOnPair;

    fn with(fields: &Fields<'_>) -> Result<Wanted, Fault> {
        let roles = match (LEADER_ROLE.of(fields)?, FOLLOWER_ROLE.of(fields)?) {
            (Some(leader), Some(follower)) => Some((leader, follower)),
            (None, None) => None,
            (_, Some(_)) => return Err(fields.refuse("follower_role", "needs `leader_role` too")),
            (Some(_), _) => return Err(fields.refuse("leader_role", "needs `follower_role` too")),
        };
        Ok(Wanted { discard: DISCARD.get(fields)?, roles })
    }

    async fn standing(at: &At<Self>) -> Result<Standing, Trouble> {
        let (name, from) = (&at.seat.name, &at.seat.other_region);
        // The leader first: what it has by then is wanted here.
        let source = at.seat.other_state().await;
        let (own, source) = at.seat.apart(at.seat.own.state().await, source);
        let own = own?;
        if let Some(names) = own.which(|it| it.follows() != Some(true)) {
            return Ok(Standing::NotDone(format!("{name}: {names} not copied").into()));
        }
        let source = match source {
            Err(why) => return Ok(Standing::Unknown(format!("{name} follows; {why}").into())),
            Ok(source) => source,
        };
        if !source.is_primary() {
            return Ok(Standing::NotDone(format!("{from} does not lead").into()));
        }
        let alias = &at.seat.own.target.own.alias;
        Ok(match lacking(&own, &source, alias, Pace::AsAsked) {
            Ok(0) => Standing::Done(format!("{name} holds what {from} had, and follows").into()),
            Ok(lacks) => Standing::NotDone(format!("{name} lacks {lacks} ops").into()),
            Err(why) => Standing::NotDone(format!("{name}: {why}").into()),
        })
    }

    async fn foresee(at: &At<Self>) -> Foreseen {
        let call = "DELETE /<index>, PUT _plugins/_replication/<index>/_start".to_owned();
        let seen = async {
            let session = at.seat.own.open().await?;
            let (own, source) = at.seat.states_on(&session).await;
            let own = own?;
            let refusal = at.refusal(&session, &own, &source).await;
            Ok(at.changes(&own, refusal))
        };
        (seen.await, call)
    }

    async fn apply(at: &mut At<Self>, _execution: &Execution, output: &mut dyn Output) -> Applied {
        let (own, began) = (&at.seat.own, at.clock.now());
        let session = own.open().await.map_err(Trouble::before_sending)?;
        let (state, source) = at.seat.states_on(&session).await;
        let state = state.map_err(Trouble::before_sending)?;
        if let Some(why) = at.refusal(&session, &state, &source).await {
            return Err(OperateError::Refused(why.into()));
        }
        let mut changed = false;
        for index in state.indices.iter().filter(|index| index.follows() != Some(true)) {
            at.begin(&session, index, &mut changed, output).await.map_err(|trouble| {
                if !changed {
                    return trouble.into_operate_error();
                }
                let words = format!("{trouble}; what was deleted and started before stays so");
                OperateError::Ambiguous(words.into())
            })?;
        }
        at.wait(began, LOOK_EVERY * 5, output).await
    }
}

impl At<Follow> {
    /// Deletes an index, where it is there, and starts to copy it.
    async fn begin(
        &self,
        session: &Session,
        index: &Index,
        changed: &mut bool,
        output: &mut dyn Output,
    ) -> Result<(), Trouble> {
        let (own, name) = (&self.seat.own, &index.name);
        if index.made.is_some() {
            let path = format!("/{name}");
            order(own, session, (Method::DELETE, &path), None, output).await?;
            *changed = true;
        }
        let path = format!("/_plugins/_replication/{name}/_start");
        let body = self.start(name);
        order(own, session, (Method::PUT, &path), Some(&body), output).await?;
        *changed = true;
        Ok(())
    }

    fn start(&self, index: &str) -> Json {
        let alias = &self.seat.own.target.own.alias;
        let mut body = json!({ "leader_alias": alias, "leader_index": index });
        if let Some((leader, follower)) = &self.with.roles {
            body["use_roles"] =
                json!({ "leader_cluster_role": leader, "follower_cluster_role": follower });
        }
        body
    }

    /// Why the target is not to copy from the other side as both stand.
    async fn refusal(
        &self,
        session: &Session,
        own: &SideState,
        source: &Told<OpenSearch>,
    ) -> Option<String> {
        let (name, from) = (&self.seat.name, &self.seat.other_region);
        let source = match source {
            Ok(source) => source,
            Err(why) => return Some(format!("nobody knows what would be copied: {why}")),
        };
        if source.role() != Some(Role::Primary) || source.writes() != Writes::Open {
            return Some(format!("{from} does not lead with its indices open for writes"));
        }
        if let Some(names) = source.which(|index| index.made.is_none()) {
            return Some(format!("{names} not in {from}: there is nothing to copy"));
        }
        if let Some(names) = own.which(|it| it.made.is_some() && it.follows().is_none()) {
            return Some(format!("{name}: whether {names} follow already is not told"));
        }
        let held = own.operations(|shard| shard.newest).unwrap_or(u64::MAX);
        let there = source.operations(|shard| shard.newest);
        let erased = own.which(|it| it.made.is_some() && it.follows() == Some(false));
        if let Some(names) = erased.filter(|_| held > 0) {
            if there == Some(0) {
                return Some(format!("{from} is EMPTY: copying it would erase {names} of {name}"));
            }
            if !self.with.discard {
                let words = "may hold what the other side lacks; export that, then set";
                return Some(format!("{names} of {name} {words} `discard = true`"));
            }
        }
        self.unreached(session).await
    }

    /// Why the target's cluster does not reach the other one, before anything is deleted for it.
    async fn unreached(&self, session: &Session) -> Option<String> {
        let alias = &self.seat.own.target.own.alias;
        match self.seat.own.within(session.get("/_remote/info")).await {
            Ok(told) if told[alias]["connected"] == true => None,
            Ok(told) if told[alias].is_object() => {
                Some(format!("the cluster called `{alias}` is not reached from {}", self.seat.name))
            }
            Ok(_) => {
                let words = "knows no cluster of that name; set `cluster.remote";
                Some(format!("`{alias}`: {} {words}.{alias}.seeds`", self.seat.name))
            }
            Err(trouble) => Some(format!("whether `{alias}` is reached is not told: {trouble}")),
        }
    }

    fn changes(&self, own: &SideState, refusal: Option<String>) -> Vec<PreviewLine> {
        let (name, from) = (&self.seat.name, &self.seat.other_region);
        if let Some(why) = refusal {
            return vec![line('!', format!("it will be REFUSED: {why}"))];
        }
        let mut lines = Vec::new();
        for index in own.indices.iter().filter(|index| index.follows() != Some(true)) {
            if index.made.is_some() {
                lines.push(line('-', format!("`{}` of {name} DELETED", index.name)));
            }
            lines.push(line('+', format!("`{}` copied anew from {from}", index.name)));
        }
        lines.push(line('~', format!("{name} writes -> REFUSED")));
        lines
    }
}
