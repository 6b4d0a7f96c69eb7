//! Ends the copying of every index: the follower takes writes, and what had not arrived is lost.

use std::time::Duration;

use hyper::{Method, StatusCode};
use serde_json::json;

use super::super::aside;
use super::super::order::{CHANGE_LIMIT, order};
use super::super::session::{Session, why};
use super::super::settings::OpenSearch;
use super::super::state::{Copying, Index, SideState};
use crate::domain::reading::Writes;
use crate::systems::kit::task::prelude::*;

/// The longest time that an index may take to end; with a leader that hangs it never does.
const STOP_LIMIT: Duration = Duration::from_secs(15);

const ALLOW_MISSING: Setting<bool> = Setting::new(
    "allow_missing",
    Kind::Boolean,
    "True to promote although not every one of the indices is there",
)
.or("false");

/// `opensearch.promote`.
pub(super) struct Promote;

impl Task for Promote {
    type On = OpenSearch;
    type With = bool;
    const SPEC: ActionSpec = ActionSpec {
        name: "opensearch.promote",
        doc: "Ends the copying of every index with `_stop`, after removing the rules of \
              `autofollow`; the leader's name is dropped first where it does not answer. Refuses \
              while a first copy is made: ending that deletes the index",
        verb: "promote",
        class: Class::X,
        guard: Guard::TypedVerb,
        fencing: Fencing::IdempotentByKey,
        change: Change::Promote,
        reversal: "None: opensearch.follow makes the old leader copy anew, erasing what it held",
        permissions: &[
            "indices:admin/plugins/replication/index/stop on the indices",
            "cluster:admin/plugins/replication/autofollow/update, where `autofollow` names rules",
            "cluster:admin/settings/update, to drop the name of a leader that does not answer",
            "indices:admin/open, indices:admin/settings/update on the indices",
        ],
        needs_target: true,
        settings: &[ALLOW_MISSING.spec],
    };
    const RIGHTS: Rights = Rights::Act;

    fn with(fields: &Fields<'_>) -> Result<bool, Fault> {
        ALLOW_MISSING.get(fields)
    }

    async fn standing(at: &At<Self>) -> Result<Standing, Trouble> {
        Ok(at.stands(&at.seat.own.state().await?))
    }

    async fn foresee(at: &At<Self>) -> Foreseen {
        let (state, other) = at.seat.states().await;
        let call = "POST _plugins/_replication/<index>/_stop, index by index".to_owned();
        (state.map(|state| at.changes(&state, &other)), call)
    }

    async fn apply(at: &mut At<Self>, _execution: &Execution, output: &mut dyn Output) -> Applied {
        let own = &at.seat.own;
        let session = own.open().await.map_err(Trouble::before_sending)?;
        let (state, other) = at.seat.states_on(&session).await;
        let state = state.map_err(Trouble::before_sending)?;
        if let Standing::Done(words) = at.stands(&state) {
            return tell(format!("already so: {words}"), output);
        }
        if let Some(why) = at.refusal(&state) {
            return Err(OperateError::Refused(why.into()));
        }
        at.no_rival(&other, |other| other.writes() == Writes::Refused)?;
        let mut work = Work { at, session: &session, leader_named: true, changed: false };
        match work.promote(&state, other.is_err(), output).await {
            Ok(words) => tell(words, output),
            Err(trouble) if !work.changed => Err(trouble.into_operate_error()),
            Err(trouble) => {
                let words = format!("{trouble}; what was done before stays done");
                Err(OperateError::Ambiguous(words.into()))
            }
        }
    }
}

fn is_closed_index(index: &Index) -> bool {
    index.made.as_ref().is_some_and(|made| made.closed)
}

fn is_blocked(index: &Index) -> bool {
    index.made.as_ref().is_some_and(|made| made.blocked)
}

impl At<Promote> {
    fn stands(&self, state: &SideState) -> Standing {
        let name = &self.seat.name;
        let not = |names: String, words: &str| {
            Standing::NotDone(format!("{name}: {names} {words}").into())
        };
        let there = |index: &Index| index.made.is_some();
        if state.there().next().is_none() {
            return Standing::NotDone(format!("none of the indices is in {name}").into());
        }
        if let Some(names) = state.which(|it| there(it) && it.follows().is_none()) {
            let words = format!("{name}: whether {names} follow is not told");
            return Standing::Unknown(words.into());
        }
        if let Some(names) = state.which(|it| it.follows() == Some(true)) {
            return not(names, "copied from the other side");
        }
        if let Some(names) = state.which(|it| is_closed_index(it) || is_blocked(it)) {
            return not(names, "closed or blocked");
        }
        if let Some(names) = state.which(|it| !there(it)).filter(|_| !self.with) {
            return not(names, "not there");
        }
        let count = state.there().count();
        Standing::Done(format!("{name} is PRIMARY, {count} indices take writes").into())
    }

    /// Why this side is not to be promoted as it stands.
    fn refusal(&self, state: &SideState) -> Option<String> {
        let name = &self.seat.name;
        if state.there().next().is_none() {
            return Some(format!("none of the indices is in {name}"));
        }
        if let Some(names) = state.which(|it| it.copying == Copying::Bootstrapping) {
            let words = "making their first copy: to end that DELETES them; wait for it";
            return Some(format!("{name}: {names} {words}"));
        }
        let missing = state.which(|it| it.made.is_none()).filter(|_| !self.with)?;
        Some(format!("{missing} not in {name}; `allow_missing = true` promotes the rest"))
    }

    fn changes(&self, state: &SideState, other: &Told<OpenSearch>) -> Vec<PreviewLine> {
        let (name, from) = (&self.seat.name, &self.seat.other_region);
        if let Standing::Done(words) = self.stands(state) {
            return vec![line('!', format!("already so: {words}"))];
        }
        let mut lines = Vec::new();
        if let Some(why) = self.refusal(state) {
            lines.push(line('!', format!("it will be REFUSED: {why}")));
        }
        let settings = &self.seat.own.target.own;
        for rule in &settings.autofollow {
            lines.push(line('-', format!("rule `{rule}` of {name} REMOVED")));
        }
        if other.is_err() {
            let alias = &settings.alias;
            let words = "DROPPED: a leader that hangs would leave indices closed";
            lines.push(line('-', format!("the name `{alias}` in {name} {words}")));
        }
        for (index, _) in state.there().filter(|(index, _)| index.follows() != Some(false)) {
            let (index, word) = (&index.name, index.copying.word());
            lines.push(line('-', format!("replication of `{index}` ({word}) ENDED")));
        }
        lines.push(line('~', format!("{name} writes refused -> ACCEPTED")));
        if let Some(wanted) = settings.replicas {
            lines.push(line('~', format!("{name} replicas -> {wanted}")));
        }
        match other {
            Err(why) => {
                let words = format!("{from} was not seen and may still take writes: {why}");
                lines.push(line('!', words));
            }
            Ok(other) if other.writes() != Writes::Refused => {
                lines.push(line('!', format!("{from} still takes writes: TWO PRIMARIES")));
            }
            Ok(_) => {}
        }
        lines.push(line('!', format!("what had not arrived from {from} is lost")));
        lines
    }
}

/// A promotion under way.
struct Work<'a> {
    at: &'a At<Promote>,
    session: &'a Session,
    /// Whether the cluster still has a name for its leader.
    leader_named: bool,
    /// Whether anything was changed.
    changed: bool,
}

impl Work<'_> {
    async fn promote(
        &mut self,
        state: &SideState,
        leader_silent: bool,
        output: &mut dyn Output,
    ) -> Result<Clean, Trouble> {
        let (own, settings) = (&self.at.seat.own, &self.at.seat.own.target.own);
        for rule in &settings.autofollow {
            self.remove(rule, output).await?;
        }
        if leader_silent {
            self.forget_leader(output).await;
        }
        // One that does not tell is ended too: where nothing is copied, that does no harm.
        for (index, _) in state.there().filter(|(index, _)| index.follows() != Some(false)) {
            self.stop(&index.name, output).await?;
        }
        let state = own.state_on(self.session).await?;
        for index in state.indices.iter().filter(|index| is_closed_index(index)) {
            let path = format!("/{}/_open", index.name);
            order(own, self.session, (Method::POST, &path), None, output).await?;
            self.changed = true;
        }
        for (index, made) in state.there() {
            let mut wanted = serde_json::Map::new();
            if made.blocked {
                wanted.insert("index.blocks.write".to_owned(), json!(null));
            }
            if let Some(replicas) = settings.replicas.filter(|of| u32::from(*of) != made.replicas) {
                wanted.insert("index.number_of_replicas".to_owned(), json!(replicas));
            }
            if !wanted.is_empty() {
                let path = format!("/{}/_settings", index.name);
                let body = wanted.into();
                order(own, self.session, (Method::PUT, &path), Some(&body), output).await?;
                self.changed = true;
            }
        }
        match self.at.stands(&own.state_on(self.session).await?) {
            Standing::Done(words) => Ok(words),
            Standing::NotDone(seen) | Standing::Unknown(seen) => {
                Err(Trouble::new(TroubleKind::Garbage, format!("all was ordered; then {seen}")))
            }
        }
    }

    /// Removes a rule. One that is not there, by the cluster's own list, is removed.
    async fn remove(&mut self, rule: &str, output: &mut dyn Output) -> Result<(), Trouble> {
        let own = &self.at.seat.own;
        let path = "/_plugins/_replication/_autofollow";
        let body = json!({ "leader_alias": own.target.own.alias, "name": rule });
        let removed = order(own, self.session, (Method::DELETE, path), Some(&body), output).await;
        if let Err(trouble) = removed {
            let left = own.within(aside::rules(self.session)).await;
            if left.map_or(true, |left| left.iter().any(|name| name == rule)) {
                return Err(trouble);
            }
            output.line(&format!("rule `{rule}` is not there"));
        }
        self.changed = true;
        Ok(())
    }

    /// Takes the leader's name away: to end a copy asks a leader that hangs, and never ends.
    async fn forget_leader(&mut self, output: &mut dyn Output) {
        let alias = &self.at.seat.own.target.own.alias;
        let body = json!({ "persistent": { format!("cluster.remote.{alias}.seeds"): null } });
        let path = "/_cluster/settings";
        output.line(&format!("the name `{alias}` is dropped: its cluster does not answer"));
        let put = (Method::PUT, path);
        match order(&self.at.seat.own, self.session, put, Some(&body), output).await {
            Ok(_) => {
                self.changed = true;
                let words = "set again before this side follows anew";
                output.line(&format!("`cluster.remote.{alias}.seeds` must be {words}"));
            }
            // A managed cluster keeps its names elsewhere: the rest is tried all the same.
            Err(trouble) => output.line(&format!("the name stays: {trouble}")),
        }
        self.leader_named = false;
    }

    /// Ends the copying of an index. An answer that does not come is looked for in how it stands.
    async fn stop(&mut self, index: &str, output: &mut dyn Output) -> Result<(), Trouble> {
        let own = &self.at.seat.own;
        let path = format!("/_plugins/_replication/{index}/_stop");
        loop {
            output.line(&format!("POST {path} at {}", own.target.place));
            let body = json!({});
            let limit = if self.leader_named { STOP_LIMIT } else { CHANGE_LIMIT };
            let asked = self.session.ask(Method::POST, &path, Some(&body));
            let trouble = match own.within_limit(limit, asked).await {
                Ok(answer) if answer.status.is_success() => break,
                Ok(answer) => {
                    let over = answer.status == StatusCode::BAD_REQUEST
                        && why(&answer.json).1.contains("No replication in progress");
                    if over {
                        break;
                    }
                    self.session.refused(&answer)
                }
                Err(trouble) => trouble,
            };
            let lost = matches!(trouble.kind, TroubleKind::Timeout | TroubleKind::Cut);
            self.changed |= lost;
            let state = own.state_on(self.session).await?;
            if state.index(index).is_some_and(|found| found.follows() == Some(false)) {
                output.line(&format!("{trouble}; looked again: `{index}` is not copied any more"));
                break;
            }
            if !lost || !self.leader_named {
                return Err(trouble);
            }
            output.line(&format!("{trouble}; looked again: `{index}` is still copied"));
            self.forget_leader(output).await;
        }
        self.changed = true;
        Ok(())
    }
}
