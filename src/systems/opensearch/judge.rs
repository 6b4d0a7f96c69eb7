//! From what both sides told to the reading of one side: health, role, lag and every fact by name.

use super::lag::{Measured, ceased_s, span_s};
use super::settings::OpenSearch;
use super::state::{Copying, Index, SideState};
use crate::domain::catalogue::{FactSpec, fact};
use crate::domain::ids::Side;
use crate::domain::link::{LINK_UP, Link, LinkWord};
use crate::domain::loss::LAST_REPLAYED;
use crate::domain::reading::{
    Fact, FactValue, Health, LagUnit, Position, Reading, Role, WRITABLE, Writes,
};
use crate::domain::text::{Clean, several};
use crate::systems::kit::server::Sight;

/// The facts of a reading, for gates and docs.
pub(super) const FACTS: &[FactSpec] = &[
    fact("cluster", "the name of this side's cluster, as it calls itself"),
    fact("server_version", "the version of its software"),
    fact("cluster_status", "`green`, `yellow` or `red`, of the whole cluster"),
    fact("nodes", "the nodes of the whole cluster"),
    fact("unassigned_shards", "shards of the whole cluster that have no place"),
    fact("index_states", "how each index is copied, such as `books SYNCING, orders PAUSED`"),
    fact("shards_missing", "shards of the indices that told nothing of themselves"),
    fact("operations", "operations of the indices: written on a leader, arrived on a follower"),
    fact("replicas", "the fewest copies of a shard that one of the indices wants"),
    fact("writable", "yes when writes to every one of the indices would succeed"),
    fact("link_up", "follower: yes while its leader answers it; no lag"),
    fact("autofollow_rules", "rules by which new indices are followed here, asked each minute"),
    fact("snapshot_age", "age of the newest good snapshot in `snapshots`, asked each minute"),
    fact("snapshot", "the name of that snapshot"),
    fact("heartbeat_age", "age of this side's own heartbeat, by our clock"),
    fact("last_replayed", "age of the other side's heartbeat as it arrived here, by our clock"),
    fact(
        "last_replayed_unix_ms",
        "the other side's heartbeat as it arrived here, ms since 1970; stands still after a \
         promotion",
    ),
];

/// One side in one look.
pub(super) type View<'a> = Sight<'a, OpenSearch>;

/// The reading of one side.
pub(super) fn reading(view: &View<'_>) -> Reading {
    let (own, role) = (view.own, view.own.role());
    let follows = role == Some(Role::Standby);
    let behind = follows.then(|| view.measured());
    let lag = behind.as_ref().map(Measured::lag);
    let note = match (role, &lag) {
        (Some(Role::Primary), _) => {
            format!("PRIMARY, {}", several(own.indices.len(), "index").replace("indexs", "indices"))
        }
        (_, Some(lag)) => match lag.amount {
            Some(amount) => format!("standby, {amount} ops behind"),
            None => "standby, lag UNKNOWN".to_owned(),
        },
        (_, None) => "role UNKNOWN".to_owned(),
    };
    let mut reading = Reading::new(view.at, health(view, behind.as_ref()), note);
    reading.took_ms = Some(view.took_ms);
    reading.role = role;
    reading.writes = Some(own.writes());
    reading.hindered = view.hindered().map(Clean::from);
    reading.identity = Some(own.identity());
    (reading.end, reading.parted) = view.ends(role);
    reading.link = follows.then(|| link(own));
    reading.lag = lag;
    reading.facts = facts(view, &reading);
    reading
}

impl View<'_> {
    fn measured(&self) -> Measured<'_> {
        Measured {
            own: self.own,
            leader: self.other.filter(|other| other.is_primary() && other.root != self.own.root),
            from: self.side.other(),
            learned: self.learned,
            alias: &self.settings.alias,
            heartbeat: self.settings.heartbeat.as_deref(),
            at: self.at,
        }
    }

    /// Why no write can succeed although nothing forbids it.
    fn hindered(&self) -> Option<String> {
        let is_closed = |index: &Index| index.made.as_ref().is_some_and(|made| made.closed);
        let closed = self.own.which(is_closed).map(|names| format!("{names} closed"));
        let is_red = self.own.condition.as_ref().is_ok_and(|told| told.status == "red");
        closed.or_else(|| is_red.then(|| "the cluster is red: shards have no place".to_owned()))
    }

    /// Where its history ends, and where the one it followed ended when it was promoted.
    fn ends(&self, role: Option<Role>) -> (Option<Position>, Option<Position>) {
        let unit = LagUnit::Operations;
        let followed = self.learned.followed[self.side.index()].as_ref();
        let arrived = followed.map(|was| Position { of: was.of.as_str().into(), at: was.at, unit });
        match role {
            Some(Role::Primary) => {
                let at = self.own.operations(|shard| shard.newest);
                let of = self.own.history();
                (at.map(|at| Position { of: of.into(), at, unit }), arrived)
            }
            Some(Role::Standby) => {
                let is_read = self.own.operations(|shard| shard.complete).is_some();
                (arrived.filter(|_| is_read), None)
            }
            None => (None, None),
        }
    }
}

/// The link of a follower to its leader: as bad as the worst of its indices.
fn link(own: &SideState) -> Link {
    let mut says = LinkWord::Up;
    for (index, _) in own.there() {
        match &index.copying {
            Copying::Syncing(_) | Copying::Bootstrapping => {}
            Copying::LeaderGone | Copying::Paused(_) | Copying::Failed(_) => says = LinkWord::Down,
            Copying::Other(_) | Copying::Nothing | Copying::Untold(_) => {
                if says == LinkWord::Up {
                    says = LinkWord::Unknown(format!("`{}` does not tell", index.name).into());
                }
            }
        }
    }
    Link { says, silent_ms: None, most_ms: 0 }
}

fn health(view: &View<'_>, behind: Option<&Measured<'_>>) -> Health {
    let own = view.own;
    let condition = match &own.condition {
        Ok(condition) => condition,
        Err(why) => return Health::Unknown(why.clone()),
    };
    if own.there().next().is_none() {
        return Health::Degraded("none of the indices is there".into());
    }
    let mut reasons = Vec::new();
    let expected = if view.settings.may_be_yellow { "yellow" } else { "green" };
    let as_meant = match condition.status.as_str() {
        "green" => true,
        "yellow" => view.settings.may_be_yellow,
        _ => false,
    };
    if !as_meant {
        let shards = several(condition.unassigned, "shard");
        let words = format!("the cluster is {}, not {expected}", condition.status);
        reasons.push(format!("{words}: {shards} without a place"));
    }
    if view.other.is_some_and(|other| other.root.uuid == own.root.uuid) {
        reasons.push("A and B are one and the same cluster".to_owned());
    }
    reasons.extend(of_indices(view));
    if let Some(why) = &own.uncounted {
        reasons.push(format!("no sequence numbers, so no lag: {why}"));
    }
    let leads = view.other.is_some_and(|other| other.role() == Some(Role::Standby));
    match behind {
        // With the other side silent nothing can be known, and that is no fault of this one.
        Some(behind) if behind.leader.is_some() => reasons.extend(behind.behind().err()),
        None if leads => {
            let pulse = &view.learned.pulses[view.side.index()];
            if let Some(age_s) = ceased_s(own, view.side, pulse, view.at) {
                reasons.push(format!("its heartbeat ceased {age_s:.0} s ago"));
            }
        }
        Some(_) | None => {}
    }
    Health::lacking(reasons)
}

/// True for a primary beside another one, but for the one that serves beside one that is fenced:
/// after a switch that is as it should be, and the fenced side says that nothing is copied.
fn leads_beside(own: &SideState, other: &SideState) -> bool {
    let serves = own.writes() == Writes::Open && other.writes() == Writes::Refused;
    other.is_primary() && !serves
}

/// What is wrong with the indices, by name.
fn of_indices(view: &View<'_>) -> Vec<String> {
    let own = view.own;
    let mut reasons = Vec::new();
    let mut say = |names: Option<String>, words: &str| {
        reasons.extend(names.map(|names| format!("{names} {words}")));
    };
    say(own.which(|index| index.made.is_none()), "not there");
    say(own.which(|index| index.made.as_ref().is_some_and(|made| made.closed)), "closed");
    let of =
        |index: &Index, follows: bool| index.made.is_some() && index.follows() == Some(follows);
    let (follow, lead) = (own.which(|it| of(it, true)), own.which(|it| of(it, false)));
    if let (Some(follow), Some(lead)) = (&follow, &lead) {
        say(Some(format!("{follow} followed, {lead}")), "open here: it has no role");
    } else if follow.is_some() && view.other.is_some_and(|it| it.role() == Some(Role::Standby)) {
        say(Some("neither side".to_owned()), "leads: both follow");
    } else if lead.is_some() && view.other.is_some_and(|it| leads_beside(own, it)) {
        say(Some("neither side".to_owned()), "follows: nothing is copied");
    }
    say(own.which(|it| it.copying == Copying::Bootstrapping), "making their first copy");
    for index in &own.indices {
        let name = &index.name;
        match &index.copying {
            Copying::Paused(why) => reasons.push(format!("`{name}` is paused: {why}")),
            Copying::Failed(why) => reasons.push(format!("copying `{name}` failed: {why}")),
            Copying::Other(word) => reasons.push(format!("`{name}` is {word}")),
            // With its leader silent that is what is to be expected of a good follower.
            Copying::Untold(_) if view.other.is_none() && index.follows() == Some(true) => {}
            Copying::Untold(why) if index.made.is_some() => {
                reasons.push(format!("the copying of `{name}` is not told: {why}"));
            }
            Copying::Untold(_)
            | Copying::Syncing(_)
            | Copying::Bootstrapping
            | Copying::LeaderGone
            | Copying::Nothing => {}
        }
    }
    reasons.extend(view.learned.holdings[view.side.index()].lost());
    for beat in &own.beats {
        if let super::beats::Beat::Unreadable(why) = beat {
            reasons.push(format!("heartbeat cannot be read: {why}"));
        }
    }
    if let (Some(Ok(found)), Some(kept)) = (&view.aside.snapshot, &view.settings.snapshots) {
        let age_s = found.as_ref().map(|found| span_s(view.at.wall_ms, found.ended_ms));
        match (age_s, kept.at_most) {
            (None, _) => reasons.push(format!("no good snapshot in `{}`", kept.repository)),
            (Some(age_s), Some(most)) if age_s > most.as_secs_f64() => {
                reasons.push(format!("the newest snapshot is {:.1} h old", age_s / 3600.0));
            }
            (Some(_), _) => {}
        }
    }
    reasons
}

fn facts(view: &View<'_>, told: &Reading) -> Vec<Fact> {
    let own = view.own;
    let mut facts = Vec::with_capacity(FACTS.len());
    let mut add = |name: &str, value: FactValue| {
        facts.push(Fact { name: name.to_owned(), value });
    };
    let text = |text: &str| FactValue::Text(text.into());
    add("cluster", text(&own.root.name));
    add("server_version", text(&own.root.version));
    match &own.condition {
        Ok(condition) => {
            add("cluster_status", text(&condition.status));
            add("nodes", FactValue::count(condition.nodes));
            add("unassigned_shards", FactValue::count(condition.unassigned));
        }
        Err(why) => add("cluster_status", FactValue::Unknown(why.clone())),
    }
    let states = own.indices.iter().map(|index| {
        let word = if index.made.is_some() { index.copying.word() } else { "not there" };
        format!("{} {word}", index.name)
    });
    add("index_states", text(&states.collect::<Vec<_>>().join(", ")));
    let missing: usize =
        own.there().map(|(it, made)| (made.shards as usize).saturating_sub(it.shards.len())).sum();
    add("shards_missing", FactValue::count(missing as u64));
    let follows = told.role == Some(Role::Standby);
    let operations = own
        .operations(|shard| if follows { shard.complete } else { shard.newest })
        .map(FactValue::count);
    add(
        "operations",
        operations.unwrap_or_else(|| FactValue::unknown("not every shard told its numbers")),
    );
    let replicas = own.there().map(|(_, made)| made.replicas).min();
    add(
        "replicas",
        replicas.map_or_else(|| FactValue::unknown("no index"), |of| FactValue::count(of.into())),
    );
    add(
        WRITABLE,
        match own.writes() {
            Writes::Open => {
                FactValue::Boolean(own.indices.iter().all(|index| index.writes() == Writes::Open))
            }
            Writes::Refused => FactValue::Boolean(false),
            Writes::Unknown => FactValue::unknown("not every index tells whether it is copied"),
        },
    );
    if let Some(link) = &told.link {
        add(LINK_UP, link.up());
    }
    match &view.aside.rules {
        Some(Ok(rules)) if rules.is_empty() => add("autofollow_rules", text("none")),
        Some(Ok(rules)) => add("autofollow_rules", text(&rules.join(", "))),
        Some(Err(why)) => add("autofollow_rules", FactValue::Unknown(why.clone())),
        None => {}
    }
    match &view.aside.snapshot {
        Some(Ok(Some(found))) => {
            let age_s = span_s(view.at.wall_ms, found.ended_ms);
            add("snapshot_age", FactValue::Seconds(age_s));
            add("snapshot", text(&found.name));
        }
        Some(Ok(None)) => add("snapshot_age", FactValue::unknown("there is no good snapshot")),
        Some(Err(why)) => add("snapshot_age", FactValue::Unknown(why.clone())),
        None => {}
    }
    facts.extend(of_beats(view));
    facts
}

/// What the heartbeats tell, where the site names an index for them.
fn of_beats(view: &View<'_>) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut add = |name: &str, value: FactValue| {
        facts.push(Fact { name: name.to_owned(), value });
    };
    let beats = |side: Side| view.own.beats[side.index()].oldest();
    let age = |side: Side| {
        let age_s = beats(side).map(|at| FactValue::Seconds(span_s(view.at.wall_ms, at)));
        age_s.unwrap_or_else(|| FactValue::unknown("no heartbeat is there in whole"))
    };
    if view.settings.heartbeat.is_some() {
        add("heartbeat_age", age(view.side));
        add("last_replayed", age(view.side.other()));
        let arrived = beats(view.side.other()).and_then(|at| u64::try_from(at).ok());
        // One index alone says nothing of when the others stopped.
        let alone = view.settings.indices.len() == 1;
        let replayed = arrived.filter(|_| alone).map(FactValue::count);
        let why = "the heartbeat measures its own index only";
        add(LAST_REPLAYED, replayed.unwrap_or_else(|| FactValue::unknown(why)));
    }
    facts
}
