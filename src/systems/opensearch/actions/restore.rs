//! Restores the indices from a snapshot, where they are not there or closed.

use hyper::Method;
use serde_json::{Value as Json, json};

use super::super::aside::newest;
use super::super::order::order;
use super::super::session::Session;
use super::super::settings::{OpenSearch, Snapshots};
use super::super::state::SideState;
use crate::domain::site::SystemSpec;
use crate::systems::kit::seat::check_target;
use crate::systems::kit::server::Written;
use crate::systems::kit::task::prelude::*;

const SNAPSHOT: Setting<String> = Setting::new(
    "snapshot",
    Kind::Word,
    "The snapshot's name; the newest one that succeeded if absent",
);

/// `opensearch.restore`.
pub(super) struct Restore;

impl Task for Restore {
    type On = OpenSearch;
    type With = Option<String>;
    const SPEC: ActionSpec = ActionSpec {
        name: "opensearch.restore",
        doc: "Restores the indices from a snapshot in the repository of `snapshots`; refuses while \
              one of them is open or copied here, and waits until every shard is back",
        verb: "restore",
        class: Class::X,
        guard: Guard::TypedVerb,
        fencing: Fencing::FencedByTarget,
        change: Change::None,
        reversal: "None: what a closed index held is replaced",
        permissions: &[
            "cluster:admin/snapshot/get, cluster:admin/snapshot/restore",
            "indices:admin/create, indices:data/write/index and indices:monitor/recovery on the \
             indices",
        ],
        needs_target: true,
        settings: &[SNAPSHOT.spec],
    };
    const RIGHTS: Rights = Rights::Act;

    fn with(fields: &Fields<'_>) -> Result<Option<String>, Fault> {
        let snapshot = SNAPSHOT.of(fields)?;
        let odd = |name: &String| !super::super::settings::is_plain(&name.to_lowercase());
        if snapshot.as_ref().is_some_and(odd) {
            return Err(fields.refuse("snapshot", "must be a name without spaces or slashes"));
        }
        Ok(snapshot)
    }

    fn check(
        table: &crate::domain::settings::Table,
        system: Option<&SystemSpec>,
    ) -> Result<(), Fault> {
        let fields = Fields::new(table, Self::SPEC.name);
        fields.know([SNAPSHOT.spec.name].into_iter());
        Self::with(&fields)?;
        fields.finish()?;
        check_target::<OpenSearch>(system, Self::RIGHTS)?;
        let Some(spec) = system else { return Ok(()) };
        let sides = Written::<OpenSearch>::both(spec)?;
        if sides.iter().flatten().all(|side| side.own.snapshots.is_none()) {
            let message =
                format!("system `{}` needs `snapshots = {{ repository = ... }}`", spec.id);
            return Err(Fault::new(spec.span, message));
        }
        Ok(())
    }

    async fn standing(at: &At<Self>) -> Result<Standing, Trouble> {
        let own = &at.seat.own;
        let session = own.open().await?;
        let state = own.state_on(&session).await?;
        let Some(wanted) = at.wanted(&session).await? else {
            return Ok(Standing::Unknown("there is no good snapshot".into()));
        };
        let listed = own.target.own.listed();
        let path = format!("/{listed}/_recovery?ignore_unavailable=true&allow_no_indices=true");
        let told = own.within(session.get(&path)).await?;
        Ok(at.judge(&state, &told, &wanted))
    }

    async fn foresee(at: &At<Self>) -> Foreseen {
        let seen = async {
            let session = at.seat.own.open().await?;
            let state = at.seat.own.state_on(&session).await?;
            let wanted = at.wanted(&session).await?;
            Ok(match (at.refusal(&state), wanted) {
                (Some(why), _) => vec![line('!', format!("it will be REFUSED: {why}"))],
                (None, None) => vec![line('!', "it will be REFUSED: there is no good snapshot")],
                (None, Some(wanted)) => {
                    let listed = at.seat.own.target.own.listed();
                    let (name, words) = (&at.seat.name, "as they were in snapshot");
                    vec![line('~', format!("{listed} of {name} {words} `{wanted}`"))]
                }
            })
        };
        (seen.await, "POST /_snapshot/<repository>/<snapshot>/_restore".to_owned())
    }

    async fn apply(at: &mut At<Self>, _execution: &Execution, output: &mut dyn Output) -> Applied {
        let (own, began) = (&at.seat.own, at.clock.now());
        let session = own.open().await.map_err(Trouble::before_sending)?;
        let state = own.state_on(&session).await.map_err(Trouble::before_sending)?;
        if let Some(why) = at.refusal(&state) {
            return Err(OperateError::Refused(why.into()));
        }
        let wanted = at.wanted(&session).await.map_err(Trouble::before_sending)?;
        let (Some(wanted), Some(kept)) = (wanted, at.kept()) else {
            return Err(OperateError::Refused("there is no good snapshot".into()));
        };
        // The newest may be another one by the time it is looked for.
        at.with = Some(wanted.clone());
        let path = format!("/_snapshot/{}/{wanted}/_restore", kept.repository);
        let own = &at.seat.own;
        let body = json!({ "indices": own.target.own.listed(), "include_global_state": false });
        let told = order(own, &session, (Method::POST, &path), Some(&body), output).await;
        told.map_err(Trouble::into_operate_error)?;
        at.wait(began, LOOK_EVERY * 5, output).await
    }
}

impl At<Restore> {
    fn kept(&self) -> Option<Snapshots> {
        self.seat.own.target.own.snapshots.clone()
    }

    /// The snapshot that is named, else the newest good one, if there is one.
    async fn wanted(&self, session: &Session) -> Result<Option<String>, Trouble> {
        if let Some(named) = &self.with {
            return Ok(Some(named.clone()));
        }
        let Some(kept) = self.kept() else {
            let message = format!("{} has no `snapshots`", self.seat.name);
            return Err(Trouble::unsent(TroubleKind::Ours, message));
        };
        let newest = self.seat.own.within(newest(session, &kept.repository)).await?;
        Ok(newest.map(|found| found.name).filter(|name| {
            // It becomes part of a path.
            super::super::settings::is_plain(&name.to_lowercase())
        }))
    }

    fn refusal(&self, state: &SideState) -> Option<String> {
        let name = &self.seat.name;
        if let Some(names) = state.which(|index| index.follows() == Some(true)) {
            return Some(format!("{names} of {name} copied from the other side"));
        }
        let open = state.which(|index| index.made.as_ref().is_some_and(|made| !made.closed))?;
        Some(format!("{open} of {name} open: close or delete them first"))
    }

    /// Whether every shard came from the snapshot, by the last recovery of each.
    fn judge(&self, state: &SideState, told: &Json, wanted: &str) -> Standing {
        let (name, repository) = (&self.seat.name, self.kept().map(|kept| kept.repository));
        for index in &state.indices {
            let shards = told[&index.name]["shards"].as_array();
            let is_back = |shard: &Json| {
                let source = &shard["source"];
                shard["type"] == "SNAPSHOT"
                    && shard["stage"] == "DONE"
                    && source["snapshot"] == wanted
                    && source["repository"].as_str() == repository.as_deref()
            };
            let primary = |shard: &&Json| shard["primary"] == true;
            let back =
                shards.map(|all| all.iter().filter(primary).filter(|it| is_back(it)).count());
            let shards = index.made.as_ref().map(|made| made.shards as usize);
            if back.is_none() || back != shards {
                let index = &index.name;
                let words = format!("`{index}` of {name} not restored from `{wanted}`");
                return Standing::NotDone(words.into());
            }
        }
        Standing::Done(format!("{name} restored from `{wanted}`").into())
    }
}
