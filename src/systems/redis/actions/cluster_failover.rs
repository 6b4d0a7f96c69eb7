//! Makes the copies of a cluster in one region the owners of all slots: with the owners' help, or
//! without them.

use std::time::Duration;

use super::super::map::{Holder, Map, Shard};
use super::super::meet::{Met, node};
use super::super::nodes::SLOTS;
use super::super::settings::Redis;
use super::super::state::{SideState, read_identity};
use super::promote::ALLOW_EMPTY;
use super::way::{By, Way, give};
use crate::domain::time::Stamp;
use crate::systems::kit::task::prelude::*;

/// So long one node may take to be elected: a server gives it up after 5 s by itself.
const ELECTED_WITHIN: Duration = Duration::from_secs(6);

/// How often what came to nothing is ordered again. Who was elected a moment ago counts the votes
/// of then once more, finds that it was not meant, and goes back to be a replica.
const ROUNDS: u32 = 3;

pub(super) const HAND_OVER: ActionSpec = ActionSpec {
    name: "redis.cluster_failover",
    doc: "Hands the slots of a Redis Cluster over to the target's nodes with CLUSTER FAILOVER, one \
          shard after the other: each owner holds writes back until its replica has everything",
    verb: "failover",
    class: Class::I,
    guard: Guard::TypedTarget,
    fencing: Fencing::FencedByTarget,
    change: Change::HandOver,
    reversal: "By redis.cluster_failover to the other region",
    permissions: &[
        "ACL SETUSER <acting user> +cluster|failover +cluster|nodes +cluster|info +info \
         +config|get, at each node of the target",
    ],
    needs_target: true,
    settings: &[],
};

pub(super) const TAKE_OVER: ActionSpec = ActionSpec {
    name: "redis.cluster_takeover",
    doc: "Makes the target's nodes of a Redis Cluster the owners of all slots without the owners' \
          help: CLUSTER FAILOVER FORCE where most owners live and can agree, else TAKEOVER; what \
          only the old owners had is lost",
    verb: "takeover",
    class: Class::X,
    guard: Guard::TypedVerb,
    fencing: Fencing::IdempotentByKey,
    change: Change::Promote,
    reversal: "By redis.cluster_failover once the old owners follow; what only they had is lost",
    settings: &[ALLOW_EMPTY.spec],
    ..HAND_OVER
};

/// `redis.cluster_failover`, or `redis.cluster_takeover` where it is `FORCED`.
pub(super) struct ClusterFailover<const FORCED: bool>;

/// What one node is ordered to do.
struct Order {
    place: String,
    slots: String,
    behind: Option<u64>,
    how: Option<&'static str>,
}

fn order_of(how: Option<&'static str>) -> Vec<&'static str> {
    ["CLUSTER", "FAILOVER"].into_iter().chain(how).collect()
}

impl<const FORCED: bool> Way for ClusterFailover<FORCED> {
    type With = bool;
    const SPEC: ActionSpec = if FORCED { TAKE_OVER } else { HAND_OVER };
    const NEEDS_OTHER: bool = true;

    fn with(fields: &Fields<'_>) -> Result<bool, Fault> {
        if FORCED { ALLOW_EMPTY.get(fields) } else { Ok(false) }
    }

    fn judge(at: &At<By<Self>>, own: &SideState, other: &Told<Redis>) -> Standing {
        let Some(map) = at.map(own, other) else { return Standing::Unknown(NO_CLUSTER.into()) };
        let owned = map.owned_in(Some(at.seat.side));
        let words = format!("{} owns {owned} of {SLOTS} slots", at.seat.name);
        match map.disputed {
            0 => Standing::of(map.is_whole_in(at.seat.side), words),
            count => Standing::NotDone(format!("{words}, and nodes disagree about {count}").into()),
        }
    }

    fn refusal(at: &At<By<Self>>, own: &SideState, other: &Told<Redis>) -> Option<String> {
        at.orders(own, other).err()
    }

    fn changes(at: &At<By<Self>>, own: &SideState, other: &Told<Redis>) -> Vec<PreviewLine> {
        let (orders, from) = (at.orders(own, other).unwrap_or_default(), &at.seat.other_region);
        let one = |Order { place, slots, behind, .. }: &Order| {
            let behind = match behind {
                Some(bytes) if FORCED => format!("{bytes} B LOST"),
                Some(bytes) => format!("{bytes} B to come"),
                None => "what is LOST cannot be told".to_owned(),
            };
            line('~', format!("{slots}: {place} replica -> PRIMARY, {behind}"))
        };
        let mut lines: Vec<PreviewLine> = orders.iter().map(one).collect();
        let alone = "most owners are gone: TAKEOVER asks nobody, so let none of them come back and \
                     serve";
        lines.push(match orders.first().and_then(|order| order.how) {
            None if orders.is_empty() => line('!', format!("{} owns all already", at.seat.name)),
            None => line('~', "writes HELD BACK until each is over"),
            Some("TAKEOVER") => line('!', alone),
            Some(_) => line('!', format!("what only {from} has is lost")),
        });
        lines
    }

    fn call(at: &At<By<Self>>, own: &Told<Redis>, other: &Told<Redis>) -> String {
        let orders = own.as_ref().ok().and_then(|own| at.orders(own, other).ok());
        let orders = orders.unwrap_or_default();
        let places: Vec<&str> = orders.iter().map(|order| order.place.as_str()).collect();
        let how = orders.first().map_or(FORCED.then_some("FORCE"), |order| order.how);
        let call = order_of(how).join(" ");
        if places.is_empty() { call } else { format!("{call} at {}", places.join(", ")) }
    }

    async fn order(
        at: &mut At<By<Self>>,
        session: &Met,
        (mut own, mut other): (SideState, Told<Redis>),
        began: Stamp,
        output: &mut dyn Output,
    ) -> Applied {
        let ambiguous = |words: String| OperateError::Ambiguous(words.into());
        let mut is_begun = false;
        for _ in 0..ROUNDS {
            for order in at.orders(&own, &other).map_err(ambiguous)? {
                let silent = || Trouble::timeout(&order.place, Redis::ANSWER_LIMIT);
                let given = match node(session, &order.place) {
                    Some(node) => give(&at.seat.own, node, &order_of(order.how), output).await,
                    None => Err(silent().before_sending()),
                };
                given.map_err(|error| {
                    let before = format!("{error}; others were ordered before");
                    if is_begun { ambiguous(before) } else { error }
                })?;
                is_begun = true;
                at.until_owner(session, &order.place).await;
            }
            let from = at.clock.now();
            loop {
                let told = at.seat.states_on(session).await;
                own = told.0.map_err(|trouble| OperateError::Ambiguous(trouble.message))?;
                other = told.1;
                if let Standing::Done(words) = Self::judge(at, &own, &other) {
                    return tell(words, output);
                }
                if at.clock.now().since(from) > ELECTED_WITHIN || at.is_late(began) {
                    break;
                }
                tokio::time::sleep(LOOK_EVERY).await;
            }
            if at.is_late(began) {
                break;
            }
        }
        let (Standing::Done(said) | Standing::NotDone(said) | Standing::Unknown(said)) =
            Self::judge(at, &own, &other);
        Err(ambiguous(format!("ordered, and it came to nothing: {said}")))
    }
}

/// Why nothing is done where the site names one server.
const NO_CLUSTER: &str = "it is not written as a cluster: set `cluster = true`";

impl<const FORCED: bool> At<By<ClusterFailover<FORCED>>> {
    fn map<'s>(&self, own: &'s SideState, other: &'s Told<Redis>) -> Option<Map<'s>> {
        let nodes = self.seat.own.target.own.formation.nodes()?;
        let other = other.as_ref().map(|other| other.members.as_slice()).unwrap_or_default();
        Some(Map::of(self.seat.side, &own.members, other, nodes))
    }

    fn is_late(&self, began: Stamp) -> bool {
        self.clock.now().since(began) > self.deadline()
    }

    /// Waits a while for a node to be an owner: two that ask for votes at once get none.
    async fn until_owner(&self, session: &Met, place: &str) {
        let (began, own) = (self.clock.now(), &self.seat.own);
        while let Some(node) = node(session, place)
            && self.clock.now().since(began) < ELECTED_WITHIN
        {
            if own.within(read_identity(node)).await.is_ok_and(|(_, is_primary)| is_primary) {
                return;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// What is to be ordered, or why nothing is.
    fn orders(&self, own: &SideState, other: &Told<Redis>) -> Result<Vec<Order>, String> {
        let (side, name) = (self.seat.side, &self.seat.name);
        let map = self.map(own, other).ok_or_else(|| format!("{name}: {NO_CLUSTER}"))?;
        if map.unowned > 0 {
            return Err(format!("{} slots have no owner: no failover gives them one", map.unowned));
        }
        // Owners elect; of those that the site names only one that answers can be told to live.
        let can_vote = |owner: &Holder<'_>| {
            owner.lives() && (owner.node().is_some() || owner.stands.is_none())
        };
        let voters = map.shards.iter().filter(|shard| can_vote(&shard.owner)).count();
        let forced = if voters * 2 > map.shards.len() { "FORCE" } else { "TAKEOVER" };
        let order = |shard: &Shard<'_>| {
            let (slots, owner) = (shard.words(), &shard.owner);
            let Some((place, copy)) = shard.best(side) else {
                return Err(format!("{slots} have no copy in {name} that answers"));
            };
            if copy.is_syncing() {
                let what = format!("the whole data set of {slots}");
                return Err(format!("{place} fetches {what}: wait for that"));
            }
            let source = owner.node();
            let is_empty = copy.keys == 0 && source.is_none_or(|source| source.keys > 0);
            if FORCED && is_empty && !self.with {
                let allowed = "`allow_empty = true` promotes it all the same";
                return Err(format!("{place} holds no keys of {slots}; {allowed}"));
            }
            if !(FORCED || (owner.lives() && copy.follows())) {
                let at = &owner.row.at;
                return Err(format!(
                    "{place} does not follow {at}, the owner of {slots}, or that is dead: only \
                     redis.cluster_takeover goes on without it"
                ));
            }
            let behind = source.map(|source| source.offset.saturating_sub(copy.offset));
            let how = FORCED.then_some(forced);
            Ok(Order { place: place.to_owned(), slots, behind, how })
        };
        map.elsewhere(side).map(order).collect()
    }
}
