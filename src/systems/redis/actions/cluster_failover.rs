//! Makes the copies of a cluster in one region the owners of all slots: with the owners' help, or
//! without them.

use std::time::Duration;

use super::super::beside::{Member, told};
use super::super::map::{Holder, Map, Seen};
use super::super::meet::{Met, members, node};
use super::super::nodes::{SLOTS, slot_words};
use super::super::settings::{Formation, Nodes, Redis};
use super::super::shards::writes;
use super::super::state::read_role;
use super::promote::ALLOW_EMPTY;
use crate::domain::reading::Writes;
use crate::domain::time::Stamp;
use crate::systems::kit::task::prelude::*;

/// The most orders that a preview lists.
const LISTED_MAX: usize = 12;

/// So long one node may take to be elected: a server gives it up after 5 s by itself.
const ELECTED_WITHIN: Duration = Duration::from_secs(6);

/// How often what came to nothing is ordered again. Who was elected a moment ago counts the votes
/// of then once more, finds that it was not meant, and goes back to be a replica.
const ROUNDS: u32 = 3;

const PERMISSIONS: &[&str] = &[
    "ACL SETUSER <acting user> +cluster|failover +cluster|nodes +cluster|info +info +config|get, \
     at each node of the target",
];

const HAND_OVER: ActionSpec = ActionSpec {
    name: "redis.cluster_failover",
    doc: "Hands the slots of a Redis Cluster over to the target's nodes with CLUSTER FAILOVER, one \
          shard after the other: each owner holds writes back until its replica has everything",
    verb: "failover",
    class: Class::I,
    guard: Guard::TypedTarget,
    fencing: Fencing::FencedByTarget,
    change: Change::HandOver,
    reversal: "By redis.cluster_failover to the other region",
    permissions: PERMISSIONS,
    needs_target: true,
    settings: &[],
};

const TAKE_OVER: ActionSpec = ActionSpec {
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
    permissions: PERMISSIONS,
    needs_target: true,
    settings: &[ALLOW_EMPTY.spec],
};

/// `redis.cluster_failover`, or `redis.cluster_takeover` where it is `FORCED`.
pub(super) struct ClusterFailover<const FORCED: bool>;

/// What both sides' nodes told.
struct Nodewise {
    own: Vec<Member>,
    other: Result<Vec<Member>, Trouble>,
}

/// What one node is ordered to do.
struct Order {
    place: String,
    slots: String,
    behind: Option<u64>,
    how: Option<&'static str>,
}

impl<const FORCED: bool> Task for ClusterFailover<FORCED> {
    type On = Redis;
    type With = bool;
    const SPEC: ActionSpec = if FORCED { TAKE_OVER } else { HAND_OVER };
    const RIGHTS: Rights = Rights::Act;

    fn with(fields: &Fields<'_>) -> Result<bool, Fault> {
        if FORCED { ALLOW_EMPTY.get(fields) } else { Ok(false) }
    }

    async fn standing(at: &At<Self>) -> Result<Standing, Trouble> {
        let session = at.seat.own.open().await?;
        Ok(at.judge(&at.seen(&session).await?))
    }

    async fn foresee(at: &At<Self>) -> Foreseen {
        let seen = async { at.seen(&at.seat.own.open().await?).await };
        match seen.await {
            Err(trouble) => (Err(trouble), At::<Self>::call(&[])),
            Ok(seen) => match at.orders(&seen) {
                Err(why) => (
                    Ok(vec![line('!', format!("it will be REFUSED: {why}"))]),
                    At::<Self>::call(&[]),
                ),
                Ok(orders) => (Ok(at.changes(&orders)), At::<Self>::call(&orders)),
            },
        }
    }

    async fn apply(at: &mut At<Self>, _execution: &Execution, output: &mut dyn Output) -> Applied {
        let (own, began) = (&at.seat.own, at.clock.now());
        let session = own.open().await.map_err(Trouble::before_sending)?;
        let seen = at.seen(&session).await.map_err(Trouble::before_sending)?;
        if let Standing::Done(words) = at.judge(&seen) {
            return tell(format!("already so: {words}"), output);
        }
        let is_closed = match &seen.other {
            Ok(members) => writes(members) == Writes::Refused,
            Err(trouble) => trouble.kind != TroubleKind::OtherServer,
        };
        let mut orders = at.orders(&seen).map_err(|why| OperateError::Refused(why.into()))?;
        if FORCED && at.seat.alone && !is_closed {
            return Err(rival(&at.seat.other_region));
        }
        for round in 1..=ROUNDS {
            at.give(&session, &orders, round, output).await?;
            let seen = match at.settled(&session, began).await? {
                Ok(words) => return tell(words, output),
                Err(seen) => seen,
            };
            let late = at.clock.now().since(began) > at.deadline();
            match at.orders(&seen) {
                Ok(more) if !late => orders = more,
                Ok(_) => break,
                Err(why) => return Err(OperateError::Ambiguous(why.into())),
            }
        }
        let said = match at.standing().await {
            Standing::Done(words) => return tell(words, output),
            Standing::NotDone(words) | Standing::Unknown(words) => words,
        };
        Err(OperateError::Ambiguous(format!("ordered, and it came to nothing: {said}").into()))
    }
}

impl Order {
    fn call(&self) -> String {
        self.how
            .map_or_else(|| "CLUSTER FAILOVER".to_owned(), |how| format!("CLUSTER FAILOVER {how}"))
    }
}

impl<const FORCED: bool> At<ClusterFailover<FORCED>> {
    /// What the target's nodes tell, and those of the other side if they do soon.
    async fn seen(&self, session: &Met) -> Result<Nodewise, Trouble> {
        let own = self.seat.own.within(members(session)).await?;
        let other = async {
            let session = self.seat.open_other().await?;
            let bench = self.seat.other.as_ref();
            let bench = bench.ok_or_else(|| Trouble::timeout("nobody", Redis::ANSWER_LIMIT))?;
            bench.soon(members(&session)).await
        };
        Ok(Nodewise { own, other: other.await })
    }

    fn map<'s>(&'s self, seen: &'s Nodewise) -> Map<'s> {
        static NOWHERE: Nodes = Nodes { here: Vec::new(), there: Vec::new() };
        let nodes = match &self.seat.own.target.own.formation {
            Formation::Cluster(nodes) => nodes,
            Formation::Alone | Formation::Watched(_) => &NOWHERE,
        };
        let other = seen.other.as_deref().unwrap_or_default();
        Map::of(&Seen { side: self.seat.side, own: &seen.own, other, nodes })
    }

    fn judge(&self, seen: &Nodewise) -> Standing {
        let (map, side) = (self.map(seen), self.seat.side);
        let owned = map.owned_in(Some(side));
        let words = format!("{} owns {owned} of {SLOTS} slots", self.seat.name);
        match map.disputed {
            0 => Standing::of(map.is_whole_in(side), words),
            disputed => {
                let words = format!("{words}, and nodes disagree about {disputed}");
                Standing::NotDone(words.into())
            }
        }
    }

    /// Orders one node after the other.
    async fn give(
        &self,
        session: &Met,
        orders: &[Order],
        round: u32,
        output: &mut dyn Output,
    ) -> Result<(), OperateError> {
        for (given, order) in orders.iter().enumerate() {
            output.line(&format!("{} at {}", order.call(), order.place));
            let words: Vec<&str> = ["CLUSTER", "FAILOVER"].into_iter().chain(order.how).collect();
            let ordered = match node(session, &order.place) {
                Some(node) => self.seat.own.within(node.text(&words)).await,
                None => Err(Trouble::timeout(&order.place, Redis::ANSWER_LIMIT)),
            };
            match ordered {
                Ok(_) => self.until_owner(session, &order.place).await,
                Err(trouble) if given == 0 && round == 1 => {
                    return Err(trouble.into_operate_error());
                }
                Err(trouble) => {
                    let words = format!("{trouble}; others were ordered before");
                    return Err(OperateError::Ambiguous(words.into()));
                }
            }
        }
        Ok(())
    }

    /// Looks a while whether all is owned here: what then holds, or what was seen last.
    async fn settled(
        &self,
        session: &Met,
        began: Stamp,
    ) -> Result<Result<Clean, Nodewise>, OperateError> {
        let (from, most) = (self.clock.now(), self.deadline());
        loop {
            let lost = |trouble: Trouble| OperateError::Ambiguous(trouble.message);
            let seen = self.seen(session).await.map_err(lost)?;
            let now = self.clock.now();
            let is_late = now.since(from) > ELECTED_WITHIN || now.since(began) > most;
            match self.judge(&seen) {
                Standing::Done(words) => return Ok(Ok(words)),
                Standing::NotDone(_) | Standing::Unknown(_) if is_late => return Ok(Err(seen)),
                Standing::NotDone(_) | Standing::Unknown(_) => tokio::time::sleep(LOOK_EVERY).await,
            }
        }
    }

    /// Waits a while for a node to be an owner: two that ask for votes at once get none.
    async fn until_owner(&self, session: &Met, place: &str) {
        let (began, own) = (self.clock.now(), &self.seat.own);
        while let Some(node) = node(session, place)
            && self.clock.now().since(began) < ELECTED_WITHIN
        {
            if own.within(read_role(node)).await.is_ok_and(|(_, primary)| primary) {
                return;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// What is to be ordered, or why nothing is.
    fn orders(&self, seen: &Nodewise) -> Result<Vec<Order>, String> {
        let (map, side, name) = (self.map(seen), self.seat.side, &self.seat.name);
        if map.unowned > 0 {
            return Err(format!("{} slots have no owner: no failover gives them one", map.unowned));
        }
        // Owners elect; of those that the site names only one that answers can be told to live.
        let can_vote =
            |owner: &Holder<'_>| owner.lives && (owner.told.is_some() || owner.stands.is_none());
        let voters = map.shards.iter().filter(|shard| can_vote(&shard.owner)).count();
        let forced = if voters * 2 > map.shards.len() { "FORCE" } else { "TAKEOVER" };
        let mut orders = Vec::new();
        for shard in map.elsewhere(side) {
            let slots = slot_words(&shard.owner.row.slots);
            let Some((row, copy)) = shard.best(side) else {
                return Err(format!("{slots} have no copy in {name} that answers"));
            };
            let is_it =
                |member: &&Member| told(std::slice::from_ref(*member)).any(|it| it.id == row.id);
            let place = seen.own.iter().find(is_it).map(|member| member.place.clone());
            let place = place.ok_or_else(|| format!("{slots} have no copy in {name}"))?;
            let source = shard.owner.told;
            if copy.is_syncing() {
                return Err(format!(
                    "{place} fetches the whole data set of {slots}: wait for that"
                ));
            }
            let is_empty = copy.keys == 0 && source.is_none_or(|source| source.keys > 0);
            if FORCED && is_empty && !self.with {
                let allowed = "`allow_empty = true` promotes it all the same";
                return Err(format!("{place} holds no keys of {slots}; {allowed}"));
            }
            let can_hand_over = shard.owner.lives && copy.follows();
            if !(FORCED || can_hand_over) {
                let at = &shard.owner.row.at;
                return Err(format!(
                    "{place} does not follow {at}, the owner of {slots}, or that is dead: only \
                     redis.cluster_takeover goes on without it"
                ));
            }
            let behind = source.map(|source| source.offset.saturating_sub(copy.offset));
            orders.push(Order { place, slots, behind, how: FORCED.then_some(forced) });
        }
        Ok(orders)
    }

    fn changes(&self, orders: &[Order]) -> Vec<PreviewLine> {
        let from = &self.seat.other_region;
        let one = |order: &Order| {
            let Order { place, slots, behind, .. } = order;
            let behind = match behind {
                Some(bytes) if FORCED => format!("{bytes} B LOST"),
                Some(bytes) => format!("{bytes} B to come"),
                None => "what is LOST cannot be told".to_owned(),
            };
            line('~', format!("{slots}: {place} replica -> PRIMARY, {behind}"))
        };
        let mut lines: Vec<PreviewLine> = orders.iter().take(LISTED_MAX).map(one).collect();
        let more = orders.len().saturating_sub(LISTED_MAX);
        if more > 0 {
            lines.push(line('~', format!("and {more} more shards")));
        }
        match orders.first().and_then(|order| order.how) {
            None if orders.is_empty() => {
                lines.push(line('!', format!("{} owns all already", self.seat.name)));
            }
            None => lines.push(line('~', "writes HELD BACK until each is over".to_owned())),
            Some("TAKEOVER") => {
                let words = "most owners are gone: TAKEOVER asks nobody, so let none of them come \
                             back and serve";
                lines.push(line('!', words));
            }
            Some(_) => lines.push(line('!', format!("what only {from} has is lost"))),
        }
        lines
    }

    fn call(orders: &[Order]) -> String {
        let places: Vec<&str> =
            orders.iter().take(LISTED_MAX).map(|order| order.place.as_str()).collect();
        match orders.first() {
            None if FORCED => "CLUSTER FAILOVER FORCE".to_owned(),
            None => "CLUSTER FAILOVER".to_owned(),
            Some(order) => format!("{} at {}", order.call(), places.join(", ")),
        }
    }
}
