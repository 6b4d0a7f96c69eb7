//! From what the nodes of a cluster told to the reading of one side: whose the slots are, what of
//! them is lost, and how far the copies in the other region are behind. What holds an owner and its
//! copy together is judged as any pair is.

use std::collections::BTreeMap;

use super::facts::named;
use super::judge::{self, View};
use super::map::{Holder, Map, Shard};
use super::members::{Told, Twice, served_twice, told, writes};
use super::nodes::SLOTS;
use super::settings::Nodes;
use super::state::SideState;
use crate::domain::link::Link;
use crate::domain::reading::{
    Basis, Certainty, Fact, FactValue, Health, Lag, LagUnit, Part as DataPart, Reading, Role,
    Writes,
};
use crate::domain::text::Clean;

/// One side of a cluster in one look.
struct Part<'s> {
    sight: &'s View<'s>,
    map: Map<'s>,
    /// What both sides serve: then each is a primary, and speaks for itself alone.
    twice: Option<Twice>,
    is_primary: bool,
    /// The shards that this side owns, each with the reading of its owner.
    owned: Vec<Copied>,
    /// Those that are owned elsewhere, each with the reading of the best copy here.
    followed: Vec<Copied>,
}

/// A shard in words, and what its node on this side comes to beside the one on the other side; none
/// where it told nothing.
type Copied = (String, Option<Reading>);

/// The reading of one side.
pub(super) fn reading<'s>(sight: &'s View<'s>, nodes: &Nodes) -> Reading {
    let (side, own) = (sight.side, &sight.own.members);
    let other = sight.other.map(|other| other.members.as_slice()).unwrap_or_default();
    let (mut map, twice) = (Map::of(side, own, other, nodes), served_twice(own, other));
    if twice.is_some() {
        map = Map { disputed: map.disputed, ..Map::of(side, own, &[], nodes) };
    }
    let is_here = |shard: &&Shard<'_>| shard.owner.stands == Some(side);
    let copied = |shard: &Shard<'_>| {
        let best = |side| shard.best(side).map(|(_, node)| node);
        let owner = shard.owner.node();
        let (own, other) =
            if is_here(&shard) { (owner, best(side.other())) } else { (best(side), owner) };
        (shard.words(), own.map(|own| beside(sight, own, other)))
    };
    let part = Part {
        sight,
        twice,
        is_primary: twice.is_some() || map.is_primary(side),
        owned: map.shards.iter().filter(is_here).map(copied).collect(),
        followed: map.elsewhere(side).map(copied).collect(),
        map,
    };
    let behind = (!part.is_primary).then(|| part.lag());
    let mine = part.mine();
    let note = match behind.as_ref().map(|lag| lag.amount) {
        None => format!("PRIMARY of {mine} slots, {} of {} nodes", told(own).count(), own.len()),
        Some(Some(bytes)) => format!("standby, {bytes} B behind"),
        Some(None) => "standby, lag UNKNOWN".to_owned(),
    };
    let mut reading = Reading::new(sight.at, part.health(), note);
    reading.took_ms = Some(sight.took_ms);
    reading.role = Some(if part.is_primary { Role::Primary } else { Role::Standby });
    reading.writes = Some(writes(own));
    reading.identity = Some(sight.own.identity());
    reading.hindered = part.hindered();
    let links = part.followed.iter().filter_map(|(_, copy)| copy.as_ref()?.link.clone());
    reading.link = links.max_by_key(|link| (link.is_dead(), link.silent_ms));
    reading.parts = part.parts();
    reading.facts = part.facts(reading.link.as_ref().map(Link::up));
    reading.lag = behind;
    reading
}

/// What one node comes to beside the one that it copies from, or that copies from it.
fn beside(sight: &View<'_>, own: &SideState, other: Option<&SideState>) -> Reading {
    // Read later than its owner, a copy may hold more: it takes no writes of its own.
    let is_later = |copy: &SideState, owner: &SideState| {
        !copy.is_primary() && owner.replid == copy.replid && owner.offset < copy.offset
    };
    let other = other.filter(|other| !is_later(own, other) && !is_later(other, own));
    judge::reading(&View { own, other, ..*sight })
}

impl<'s> Part<'s> {
    /// What the side's nodes told.
    fn own(&self) -> impl Iterator<Item = &'s Told> {
        told(&self.sight.own.members)
    }

    /// How many slots the nodes of the side own.
    fn mine(&self) -> usize {
        let owned = || self.map.owned_in(Some(self.sight.side));
        self.twice.map_or_else(owned, |twice| twice.own)
    }

    /// True while all its nodes that answer say that the cluster does not work.
    fn refuses(&self) -> bool {
        self.own().all(|told| !told.ok)
    }

    /// True for a standby that is alone: of what is owned elsewhere nothing can be told.
    fn is_alone(&self) -> bool {
        !self.is_primary && self.sight.other.is_none()
    }

    /// The sum of what the copies here lack, and the longest time.
    fn lag(&self) -> Lag {
        let nothing = Lag::unknown(LagUnit::Bytes, Basis::Offset);
        let known = (Some(0.0), Some(0), Certainty::Known);
        let (mut seconds, mut amount, mut certainty) = known;
        for (_, copy) in &self.followed {
            let one = copy.as_ref().and_then(|copy| copy.lag.as_ref()).unwrap_or(&nothing);
            seconds = seconds.zip(one.seconds).map(|(all, one)| f64::max(all, one));
            amount = amount.zip(one.amount).map(|(all, one)| u64::saturating_add(all, one));
            if one.certainty != Certainty::Known {
                certainty = Certainty::Unknown;
            }
        }
        // Of what is owned here, an owner that is silent or loads has nothing that anybody knows.
        let serves = |owner: &Reading| !matches!(owner.health, Health::Down(_));
        let is_unread = |(_, owner): &Copied| !owner.as_ref().is_some_and(serves);
        let is_apart = self.map.unowned > 0 || self.map.disputed > 0;
        if self.followed.is_empty() || is_apart || self.owned.iter().any(is_unread) {
            return nothing;
        }
        Lag { seconds, amount, certainty, ..nothing }
    }

    fn health(&self) -> Health {
        let (all, unowned) = (SLOTS, self.map.unowned);
        let lost = self.map.slots(Shard::is_lost);
        let which = self.map.shards.iter().find(|shard| shard.is_lost()).map(Shard::words);
        let down = match which {
            _ if self.is_alone() => None,
            Some(which) => Some(format!(
                "all copies of {lost} of {all} slots are dead ({which}): their data is LOST \
                 unless one of them comes back"
            )),
            None if unowned > 0 => Some(format!("{unowned} of {all} slots have no owner")),
            None => (self.is_primary && self.refuses())
                .then(|| "cluster_state:fail: its nodes refuse to serve".to_owned()),
        };
        let reasons = self.reasons();
        match down {
            None => Health::lacking(reasons),
            Some(first) => {
                let all: Vec<String> = [first].into_iter().chain(reasons).collect();
                Health::Down(all.join("; ").into())
            }
        }
    }

    fn reasons(&self) -> Vec<String> {
        let (side, map, members) = (self.sight.side, &self.map, &self.sight.own.members);
        let mut reasons = Vec::new();
        reasons.extend(self.twice.map(|Twice { slots, .. }| {
            format!(
                "A and B are both primary of {slots} slots: what one takes the other lacks; fence \
                 one"
            )
        }));
        let mut silent = members.iter().filter_map(|member| member.told.as_ref().err());
        let (count, all) = (silent.clone().count(), members.len());
        let first = silent.next();
        reasons.extend(first.map(|why| format!("{count} of {all} nodes tell nothing: {why}")));
        if map.disputed > 0 {
            reasons.push(format!("its nodes disagree about who owns {} slots", map.disputed));
        }
        for (has_copy, what) in [
            (true, "have no living master, a replica is to come"),
            (false, "have no copy that answers"),
        ] {
            let slots = map.slots(|shard| {
                let lives = shard.copies.iter().any(Holder::lives);
                !shard.owner.lives() && !shard.is_lost() && lives == has_copy
            });
            if slots > 0 && !self.is_alone() {
                reasons.push(format!("{slots} slots {what}"));
            }
        }
        if let Some(stranger) = map.shards.iter().find(|shard| shard.owner.stands.is_none()) {
            let (count, at) = (map.owned_in(None), &stranger.owner.row.at);
            reasons.push(format!(
                "{count} slots are owned in neither region, as by {at}: name it in `nodes`"
            ));
        }
        let other = side.other();
        let [own, there] = [side, other].map(|side| map.owned_in(Some(side)));
        if own > 0 && there > 0 && self.twice.is_none() {
            reasons.push(format!("{side} owns {own} slots and {other} owns {there}"));
        }
        let data = |state: &SideState| state.identity().data;
        if self.sight.other.is_some_and(|other| data(other) != data(self.sight.own)) {
            reasons.push("A and B are not nodes of one cluster, or do not know it yet".to_owned());
        }
        if !self.is_primary && self.sight.other.is_some() && self.refuses() {
            reasons.push("cluster_state:fail: nobody is served".to_owned());
        }
        reasons.extend(self.of_shards());
        reasons
    }

    /// What is wrong with the nodes of shards here, the same words once.
    fn of_shards(&self) -> impl Iterator<Item = String> {
        let mut found: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for (which, node) in &self.followed {
            if node.is_none() {
                found.entry(" have no copy here that answers".to_owned()).or_default().push(which);
            }
        }
        for (which, node) in self.owned.iter().chain(&self.followed) {
            if let Some(Health::Degraded(why) | Health::Down(why) | Health::Unknown(why)) =
                node.as_ref().map(|node| &node.health)
            {
                found.entry(format!(": {why}")).or_default().push(which);
            }
        }
        found.into_iter().map(|(why, which)| format!("{}{why}", which.join(", ")))
    }

    /// What a standby refuses with the rest of its cluster it takes once it has taken over.
    fn hindered(&self) -> Option<Clean> {
        if self.is_primary && self.refuses() {
            return Some("cluster_state:fail".into());
        }
        self.own().find_map(|told| told.node.hindered()).map(Clean::from)
    }

    /// How much each node here holds of the shard that it owns or copies: of a sum nobody sees that
    /// one of them lost it.
    fn parts(&self) -> Vec<DataPart> {
        let of_shard = |shard: &Shard<'_>| {
            let words = shard.words();
            let holders = [&shard.owner].into_iter().chain(&shard.copies);
            let here = holders.filter(|holder| holder.stands == Some(self.sight.side));
            let part = |(place, node): (&str, &SideState)| DataPart {
                name: format!("{words} at {place}").into(),
                role: node.role(),
                identity: node.identity(),
                held: node.held(),
            };
            here.filter_map(Holder::told).map(part).collect::<Vec<_>>()
        };
        self.map.shards.iter().flat_map(of_shard).collect()
    }

    /// True where an owner is empty, and its copy is not.
    fn has_empty_owner(&self) -> bool {
        let mut all = self.owned.iter().chain(&self.followed).filter_map(|(_, node)| node.as_ref());
        all.any(|node| node.fact("empty_primary") == Some(&FactValue::Boolean(true)))
    }

    /// Whether any of the copies here has left its owner's history.
    fn diverged(&self) -> FactValue {
        let [yes, no] = [true, false].map(FactValue::Boolean);
        let unread = || FactValue::unknown("not every copy was read beside its owner");
        let told = |(_, copy): &Copied| copy.as_ref()?.fact("diverged").cloned();
        let all = self.followed.iter().map(|one| told(one).unwrap_or_else(unread));
        let doubts: Vec<FactValue> = all.filter(|told| *told != no).collect();
        if doubts.contains(&yes) { yes } else { doubts.into_iter().next().unwrap_or(no) }
    }

    fn facts(&self, link_up: Option<FactValue>) -> Vec<Fact> {
        let (map, side, members) = (&self.map, self.sight.side, &self.sight.own.members);
        let slots = |number: usize| FactValue::count(number as u64);
        let owners = self.own().filter(|told| told.node.is_primary()).map(|told| told.node.keys);
        let copies = map.elsewhere(side).filter_map(|shard| shard.best(side));
        // Of several copies of one shard each holds the same keys.
        let copied = copies.map(|(_, node)| node.keys);
        let keys: u64 = if self.is_primary { owners.sum() } else { copied.sum() };
        let writable = match writes(members) {
            Writes::Unknown => FactValue::unknown("not every node answers"),
            Writes::Open => FactValue::Boolean(self.hindered().is_none()),
            Writes::Refused => FactValue::Boolean(false),
        };
        // Of what is owned elsewhere, tables tell late or never that it is gone.
        let is_unread = self.sight.other.is_none() && !map.is_whole_in(side);
        let unread = || FactValue::unknown("the other side was not read");
        let told_slots = |number: usize| if is_unread { unread() } else { slots(number) };
        let headless = map.slots(|shard| !shard.owner.lives()) + map.unowned;
        let answered = format!("{} of {}", self.own().count(), members.len());
        let mut facts = vec![
            ("server_version", FactValue::text(self.sight.own.version.as_str())),
            ("writable", writable),
            ("keys", FactValue::count(keys)),
            ("empty_primary", FactValue::Boolean(self.has_empty_owner())),
            ("diverged", self.diverged()),
            ("cluster_state", FactValue::text(if self.refuses() { "fail" } else { "ok" })),
            ("nodes_answered", FactValue::text(answered)),
            ("slots_owned", slots(self.mine())),
            ("slots_unserved", told_slots(headless)),
            ("slots_lost", told_slots(map.slots(Shard::is_lost))),
            ("slots_disputed", slots(map.disputed)),
        ];
        if !self.is_primary {
            let nobody = || FactValue::unknown("it follows nobody");
            facts.push(("link_up", link_up.unwrap_or_else(nobody)));
            facts.push(("worst_shard", self.worst()));
        }
        named(facts)
    }

    /// The shard that is furthest behind.
    fn worst(&self) -> FactValue {
        let each = self.followed.iter().map(|(which, copy)| {
            let lag = copy.as_ref().and_then(|copy| copy.lag.as_ref());
            // One of which nothing is known may be behind by any length.
            (lag.and_then(|lag| lag.amount).unwrap_or(u64::MAX), which)
        });
        match each.max() {
            None => FactValue::unknown("nothing is owned elsewhere"),
            Some((u64::MAX, which)) => {
                FactValue::unknown(format!("{which}: not known how far behind"))
            }
            Some((bytes, which)) => FactValue::text(format!("{which}: {bytes} B behind")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::facts::FACTS;
    use super::super::learned::Learned;
    use super::super::members::{Member, Told};
    use super::super::nodes::table;
    use super::super::settings::Redis;
    use super::super::tests_support::{primary, replica};
    use super::*;
    use crate::domain::ids::Side;
    use crate::domain::time::{BootId, Stamp};
    use crate::systems::kit::server::Sight;
    use crate::systems::kit::server::Written;
    use crate::systems::kit::testing::spec;

    const SITE: &str = "cluster = true\npersistence = 'off'\n\
        a = { nodes = ['h:1', 'h:2'] }\nb = { nodes = ['h:3', 'h:4'] }";

    /// Two owners in A, a copy of each in B.
    const WELL: &str = "n1 h:1@1 master - 0 0 1 connected 0-8191\n\
        n2 h:2@1 master - 0 0 2 connected 8192-16383\n\
        n3 h:3@1 slave n1 0 0 1 connected\n\
        n4 h:4@1 slave n2 0 0 2 connected\n";

    /// A node that tells this table; the history of its shard tells the two apart.
    fn node(number: usize, table_text: &str, state: SideState, ok: bool) -> Member {
        let id = format!("n{number}");
        let mut rows = table(&table_text.replacen("master", "myself,master", 1)).unwrap();
        for row in &mut rows {
            row.is_myself = row.id == id;
        }
        let shard = (number - 1) % 2;
        let (run_id, replid) = (format!("r{number}"), format!("h{shard}"));
        let node = SideState { run_id, replid, ..state };
        Member { place: format!("h:{number}"), told: Ok(Told { id, ok, table: rows, node }) }
    }

    fn dead(number: usize) -> Member {
        Member { place: format!("h:{number}"), told: Err("it hangs".into()) }
    }

    fn side(members: &[Member]) -> Option<SideState> {
        let first = told(members).next()?.node.clone();
        Some(SideState { members: members.to_vec(), ..first })
    }

    fn readings(a: &[Member], b: &[Member]) -> [Option<Reading>; 2] {
        let sides = Written::<Redis>::both(&spec(SITE)).unwrap().map(Option::unwrap);
        let learned = Learned::new([None, None]);
        let states = [side(a), side(b)];
        Side::BOTH.map(|side| {
            let sight: Sight<'_, Redis> = Sight {
                at: Stamp { wall_ms: 0, boot_ms: 0, boot: BootId(1) },
                took_ms: 5,
                side,
                own: states[side.index()].as_ref()?,
                other: states[side.other().index()].as_ref(),
                settings: &sides[side.index()].own,
                user: "wr",
                learned: &learned,
                aside: &(),
                nameless: None,
            };
            let reading = reading(&sight, sight.settings.formation.nodes().unwrap());
            for fact in &reading.facts {
                assert!(FACTS.iter().any(|spec| spec.name == fact.name), "{}", fact.name);
            }
            Some(reading)
        })
    }

    /// All four, each with the table that it tells.
    fn four(tables: [&str; 4], ok: bool) -> [Vec<Member>; 2] {
        let [one, two, three, four] = tables;
        [
            vec![node(1, one, primary(500), ok), node(2, two, primary(900), ok)],
            vec![node(3, three, replica(500), ok), node(4, four, replica(880), ok)],
        ]
    }

    fn why(reading: &Reading) -> String {
        match &reading.health {
            Health::Up => "up".to_owned(),
            Health::Degraded(why) => format!("degraded: {why}"),
            Health::Down(why) => format!("down: {why}"),
            Health::Unknown(why) => format!("unknown: {why}"),
        }
    }

    fn figures(reading: &Reading) -> String {
        let facts = ["slots_owned", "slots_unserved", "slots_lost", "slots_disputed"];
        let shown = facts.map(|name| reading.fact(name).map_or_else(String::new, FactValue::shown));
        shown.join(" ")
    }

    #[test]
    fn each_side_tells_its_slots_and_how_far_its_copies_are() {
        let [a, b] = four([WELL; 4], true);
        let [here, there] = readings(&a, &b).map(Option::unwrap);
        assert_eq!([why(&here), why(&there)], ["up", "up"]);
        assert_eq!([here.role, there.role], [Some(Role::Primary), Some(Role::Standby)]);
        assert_eq!([here.writes, there.writes], [Some(Writes::Open), Some(Writes::Refused)]);
        assert_eq!([figures(&here), figures(&there)], ["16384 0 0 0", "0 0 0 0"]);
        let lag = there.lag.as_ref().unwrap();
        assert_eq!((lag.amount, lag.certainty), (Some(20), Certainty::Known));
        let worst = there.fact("worst_shard").map(FactValue::shown);
        assert_eq!(worst.as_deref(), Some("slots 8192-16383: 20 B behind"));
        let parts = |reading: &Reading| -> Vec<String> {
            let told = |part: &DataPart| {
                let (role, held) = (part.role.word(), part.held.unwrap());
                format!("{} {role} {} {held}", part.name, part.identity.server)
            };
            reading.parts.iter().map(told).collect()
        };
        let want = |role, [one, two]: [u8; 2]| {
            let role = Role::word(role);
            [("0-8191", one), ("8192-16383", two)]
                .map(|(slots, at)| format!("slots {slots} at h:{at} {role} run r{at} 10 keys"))
        };
        assert_eq!(parts(&here), want(Role::Primary, [1, 2]));
        assert_eq!(parts(&there), want(Role::Standby, [3, 4]));
        let identity = |reading: &Reading| reading.identity.clone().unwrap();
        assert_eq!(identity(&here).server.as_str(), "cluster nodes n1 n2");
        assert_eq!(identity(&there).data.as_str(), "cluster of 4 nodes, n1 among them");
    }

    #[test]
    fn a_side_that_is_not_read_makes_nothing_known() {
        let [_, b] = four([WELL; 4], true);
        let [_, there] = readings(&[dead(1), dead(2)], &b);
        let there = there.unwrap();
        assert_eq!((there.role, there.writes), (Some(Role::Standby), Some(Writes::Refused)));
        assert_eq!(
            there.lag.as_ref().map(|lag| (lag.amount, lag.certainty)),
            Some((None, Certainty::Unknown))
        );
        assert_eq!(why(&there), "up");
        let unread = "UNKNOWN (the other side was not read)";
        assert_eq!(figures(&there), format!("0 {unread} {unread} 0"));
        // One copy that hangs may be open, and nothing is known of its shard.
        let [a, mut b] = four([WELL; 4], true);
        b[1] = dead(4);
        let [_, there] = readings(&a, &b).map(Option::unwrap);
        assert_eq!(there.writes, Some(Writes::Unknown));
        assert_eq!(
            there.lag.as_ref().map(|lag| (lag.amount, lag.certainty)),
            Some((None, Certainty::Unknown))
        );
        assert!(
            why(&there).contains("slots 8192-16383 have no copy here that answers"),
            "{there:?}"
        );
    }

    #[test]
    fn what_is_lost_is_told_and_what_is_to_come_is_no_loss() {
        let check =
            |tables: [&str; 4], gone: &[usize], ok: bool, want: [&str; 2], slots: [&str; 2]| {
                let [mut a, mut b] = four(tables, ok);
                for number in gone {
                    let side = if *number < 3 { &mut a } else { &mut b };
                    side[(number - 1) % 2] = dead(*number);
                }
                let found = readings(&a, &b).map(Option::unwrap);
                for ((found, want), slots) in found.iter().zip(want).zip(slots) {
                    assert!(why(found).contains(want), "{} / {want}", why(found));
                    assert_eq!(figures(found), slots, "{}", why(found));
                }
            };
        // Killed a moment ago: the cluster says that all is well.
        let soon = "8192 slots have no living master, a replica is to come";
        check([WELL; 4], &[2], true, [soon; 2], ["16384 8192 0 0", "0 8192 0 0"]);
        // Both copies are silent, and the cluster does not say that they are dead.
        let silent = "degraded: 1 of 2 nodes tell nothing: it hangs; 8192 slots have no copy that";
        check([WELL; 4], &[2, 4], true, [silent; 2], ["16384 8192 0 0", "0 8192 0 0"]);
        let doubted = WELL
            .replace("h:2@1 master", "h:2@1 master,fail?")
            .replace("slave n2", "slave,fail? n2");
        let lost = "down: all copies of 8192 of 16384 slots are dead (slots 8192-16383): their \
                    data is LOST";
        let owned = ["16384 8192 8192 0", "0 8192 8192 0"];
        check([&doubted; 4], &[2, 4], false, [lost; 2], owned);
        let failed = doubted.replace("fail?", "fail");
        check([&failed; 4], &[2, 4], false, [lost; 2], owned);
        // Some slots have no owner.
        let unowned = WELL.replace("8192-16383", "8192-16000");
        let none = "down: 383 of 16384 slots have no owner";
        check([&unowned; 4], &[], false, [none; 2], ["16001 383 0 0", "0 383 0 0"]);
        let refused = ["down: cluster_state:fail", "degraded: cluster_state:fail"];
        check([WELL; 4], &[], false, refused, ["16384 0 0 0", "0 0 0 0"]);
        // The owner has dropped a slot, and nobody else knows.
        let dropped = WELL.replace("0-8191", "0-6 8-8191");
        let apart = "its nodes disagree about who owns 1 slots";
        check([&dropped, WELL, WELL, WELL], &[], true, [apart; 2], ["16384 0 0 1", "0 0 0 1"]);
        // One half has moved; the old owner is back, and does not know.
        let moved = "n1 h:1@1 master - 0 0 1 connected 0-8191\nn2 h:2@1 master - 0 0 2 connected\n\
            n3 h:3@1 slave n1 0 0 1 connected\nn4 h:4@1 master - 0 0 3 connected 8192-16383\n";
        let both = ["A owns 8192 slots and B owns 8192", "disagree about who owns 8192 slots"];
        check([moved, WELL, moved, moved], &[], false, both, ["8192 0 0 8192", "8192 0 0 8192"]);
        // A node of another region owns some.
        let strange = WELL.replace("n2 h:2@1", "n9 h:9@1").replace("slave n2", "slave n9");
        let name_it = "8192 slots are owned in neither region, as by h:9: name it in `nodes`";
        check([&strange; 4], &[2], true, [name_it; 2], ["8192 0 0 0", "0 0 0 0"]);
    }

    /// B's nodes as owners of all slots in a cluster of their own.
    const OWN_CLUSTER: &str = "n3 h:3@1 master - 0 0 9 connected 0-8191\n\
        n4 h:4@1 master - 0 0 8 connected 8192-16383\n";

    #[test]
    fn what_both_regions_serve_makes_two_primaries() {
        let check = |b: [(&str, SideState, bool); 2], is_open: bool, want: [&str; 2]| {
            let [a, _] = four([WELL; 4], true);
            let [three, four] = b;
            let b = [node(3, three.0, three.1, three.2), node(4, four.0, four.1, four.2)];
            let found = readings(&a, &b).map(Option::unwrap);
            for (found, want) in found.iter().zip(want) {
                let says = "A and B are both primary of ";
                assert_eq!(why(found).contains(says), is_open, "{}", why(found));
                assert_eq!(figures(found), want, "{}", why(found));
            }
            let [here, there] = found;
            let keys = here.fact("keys").map(FactValue::shown);
            assert_eq!((here.role, keys.as_deref()), (Some(Role::Primary), Some("20")));
            assert_eq!((here.is_open_primary(), there.is_open_primary()), (true, is_open));
            assert_eq!((here.lag, there.lag.is_none()), (None, is_open));
        };
        let own = |ok: bool| (OWN_CLUSTER, primary(700), ok);
        check([own(true), own(true)], true, ["16384 0 0 16384", "16384 0 0 16384"]);
        // One node alone has left, and took its slots or all of them with it.
        let moved = "n1 h:1@1 master - 0 0 1 connected 0-8191\nn2 h:2@1 master - 0 0 2 connected\n\
            n3 h:3@1 slave n1 0 0 1 connected\nn4 h:4@1 master - 0 0 3 connected 8192-16383\n";
        let copy = (WELL, replica(500), true);
        let two = ["16384 0 0 8192", "8192 0 0 8192"];
        check([copy.clone(), (moved, primary(700), true)], true, two);
        let all = "n4 h:4@1 master - 0 0 0 connected 0-16383\n";
        let two = ["16384 0 0 16384", "16384 0 0 16384"];
        check([copy.clone(), (all, primary(700), true)], true, two);
        // It says that it serves nobody: it has heard of the others, and gives way.
        let none = ["8192 0 0 8192", "8192 0 0 8192"];
        check([copy, (moved, primary(700), false)], false, none);
    }

    #[test]
    fn a_slot_whose_owner_is_silent_has_no_lag() {
        let moved = "n1 h:1@1 master - 0 0 1 connected 0-8191\nn2 h:2@1 slave n4 0 0 3 connected\n\
            n3 h:3@1 slave n1 0 0 1 connected\nn4 h:4@1 master - 0 0 3 connected 8192-16383\n";
        let check = |owner: Member, copy: Member, want: Option<u64>| {
            let a = [node(1, moved, primary(500), true), copy];
            let b = [node(3, moved, replica(480), true), owner];
            let [_, there] = readings(&a, &b).map(Option::unwrap);
            assert_eq!(there.role, Some(Role::Standby), "{}", why(&there));
            assert_eq!(there.lag.unwrap().amount, want, "{}", there.note);
        };
        let owner = || node(4, moved, primary(700), true);
        let copy = || node(2, moved, replica(700), true);
        check(owner(), copy(), Some(20));
        check(dead(4), copy(), None);
        check(dead(4), dead(2), None);
        let loads = SideState { loading: true, ..primary(700) };
        check(node(4, moved, loads, true), copy(), None);
    }

    #[test]
    fn an_empty_owner_with_a_full_copy_is_a_trap() {
        let [mut a, b] = four([WELL; 4], true);
        a[1] = node(2, WELL, SideState { keys: 0, ..primary(900) }, true);
        let found = readings(&a, &b).map(Option::unwrap);
        let wanted = [
            "slots 8192-16383: A is EMPTY while its replica B holds 10 keys",
            "slots 8192-16383: A is EMPTY: a full copy from it would erase the 10 keys of B",
        ];
        for (found, want) in found.iter().zip(wanted) {
            assert!(why(found).contains(want), "{}", why(found));
        }
        assert_eq!(found[1].lag.as_ref().map(|lag| lag.certainty), Some(Certainty::Unknown));
    }

    #[test]
    fn what_a_lost_region_refuses_is_no_fault_of_the_other() {
        let [a, b] = four([WELL; 4], false);
        let hindered = |reading: Option<Reading>| reading.and_then(|reading| reading.hindered);
        let found = readings(&a, &b).map(hindered);
        assert_eq!(found, [Some("cluster_state:fail".into()), None]);
        let [_, there] = readings(&[dead(1), dead(2)], &b);
        assert_eq!((why(there.as_ref().unwrap()).as_str(), hindered(there)), ("up", None));
    }

    #[test]
    fn a_node_tells_by_its_own_table_whether_it_is_open() {
        let owner = "n1 h:1@1 myself,master - 0 0 1 connected 0-16383\n";
        let copy =
            "n1 h:1@1 myself,slave n2 0 0 1 connected\nn2 h:2@1 master - 0 0 1 connected 0-5\n";
        let told = |text: &str| Member {
            place: "h:1".to_owned(),
            told: Ok(Told {
                id: "n1".to_owned(),
                ok: true,
                table: table(text).unwrap(),
                node: primary(5),
            }),
        };
        assert_eq!(writes(&[told(owner), dead(2)]), Writes::Open);
        assert_eq!(writes(&[told(copy)]), Writes::Refused);
        assert_eq!(writes(&[told(copy), dead(2)]), Writes::Unknown);
    }
}
