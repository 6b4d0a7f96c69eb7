//! From what the nodes of a cluster told to the reading of one side: whose the slots are, what of
//! them is lost, and how far the copies in the other region are behind.

use super::beside::{Beside, Member, Told, told};
use super::empty::trap;
use super::facts::{count, text, unknown};
use super::flow::{link, link_words};
use super::history::split;
use super::lag::{Measured, lag};
use super::map::{Map, Seen, Shard};
use super::nodes::{SLOTS, slot_words};
use super::settings::{Nodes, Redis};
use super::state::SideState;
use crate::domain::link::Link;
use crate::domain::reading::{
    Basis, Certainty, Fact, FactValue, Health, Held, HeldUnit, Lag, LagUnit, Reading, Role, Writes,
};
use crate::domain::text::Clean;
use crate::systems::kit::pulse::Pulse;
use crate::systems::kit::server::Sight;
use crate::systems::kit::split::Split;
use crate::systems::kit::trail::Trail;

/// One side of a cluster in one look.
struct View<'s> {
    sight: &'s Sight<'s, Redis>,
    own: &'s [Member],
    /// The other side's nodes, where that was read.
    other: Option<&'s [Member]>,
    map: Map<'s>,
}

/// The reading of one side.
pub(super) fn reading<'s>(
    sight: &'s Sight<'s, Redis>,
    nodes: &'s Nodes,
    own: &'s [Member],
) -> Reading {
    let other = sight.other.and_then(|other| match &other.beside {
        Beside::Cluster(members) => Some(members.as_slice()),
        Beside::Nothing | Beside::Sentinels(_) => None,
    });
    let seen = Seen { side: sight.side, own, other: other.unwrap_or_default(), nodes };
    let view = View { sight, own, other, map: Map::of(&seen) };
    let is_primary = view.map.is_primary(sight.side);
    let behind = (!is_primary).then(|| view.lag());
    let mine = view.map.owned_in(Some(sight.side));
    let note = match behind.as_ref().map(|lag| lag.amount) {
        None => format!("PRIMARY of {mine} slots, {} of {} nodes", told(own).count(), own.len()),
        Some(Some(bytes)) => format!("standby, {bytes} B behind"),
        Some(None) => "standby, lag UNKNOWN".to_owned(),
    };
    let mut reading = Reading::new(sight.at, view.health(is_primary), note);
    reading.took_ms = Some(sight.took_ms);
    reading.role = Some(if is_primary { Role::Primary } else { Role::Standby });
    reading.writes = Some(writes(own));
    reading.identity = Some(sight.own.identity());
    reading.hindered = view.hindered(is_primary).map(Clean::from);
    reading.link = view.link();
    reading.held = is_primary.then(|| view.held()).flatten();
    reading.facts = view.facts(behind.as_ref());
    reading.lag = behind;
    reading
}

/// Whether the nodes of a side take writes: each tells which slots it owns itself, whatever others
/// say of it. One that tells nothing may be open.
pub(super) fn writes(members: &[Member]) -> Writes {
    let owns = |told: &Told| told.table.iter().any(|row| row.is_myself && !row.slots.is_empty());
    if told(members).any(owns) {
        Writes::Open
    } else if members.iter().any(|member| member.told.is_err()) {
        Writes::Unknown
    } else {
        Writes::Refused
    }
}

impl<'s> View<'s> {
    /// The copies on this side of what is owned elsewhere, each with its owner's own word.
    fn pairs(&self) -> impl Iterator<Item = (&Shard<'s>, Option<&'s SideState>)> {
        let side = self.sight.side;
        self.map.elsewhere(side).map(move |shard| (shard, shard.best(side).map(|(_, node)| node)))
    }

    /// True for a standby that is alone: of what is owned elsewhere nothing can be told.
    fn is_alone(&self, is_primary: bool) -> bool {
        !is_primary && self.other.is_none()
    }

    fn lag(&self) -> Lag {
        let nothing = Lag::unknown(LagUnit::Bytes, Basis::Offset);
        let mut all = Lag {
            seconds: Some(0.0),
            amount: Some(0),
            certainty: Certainty::Known,
            ..nothing.clone()
        };
        let mut shards = 0;
        for (shard, copy) in self.pairs() {
            shards += 1;
            let one = copy.map_or_else(|| nothing.clone(), |copy| self.lag_of(shard, copy));
            all.seconds = all.seconds.zip(one.seconds).map(|(all, one)| all.max(one));
            all.amount = all.amount.zip(one.amount).map(|(all, one)| all.saturating_add(one));
            if one.certainty != Certainty::Known {
                all.certainty = Certainty::Unknown;
            }
        }
        if shards == 0 || self.map.unowned > 0 || self.map.disputed > 0 { nothing } else { all }
    }

    fn lag_of(&self, shard: &Shard<'_>, replica: &SideState) -> Lag {
        let (pulse, none) = (Pulse::default(), Trail::default());
        let trail = self.sight.learned.shards.get(&replica.replid).unwrap_or(&none);
        let (primary, source) = (shard.owner.told, self.sight.side.other());
        let mut lag = lag(&Measured { replica, primary, source, pulse: &pulse, trail });
        if primary.is_some_and(|primary| trap(source, primary, Some(replica)).is_some()) {
            lag.doubt();
        }
        lag
    }

    fn health(&self, is_primary: bool) -> Health {
        let reasons = self.reasons(is_primary);
        let all = usize::from(SLOTS);
        let refuses = is_primary && told(self.own).all(|told| !told.ok);
        let lost: Vec<&Shard> = self.map.shards.iter().filter(|shard| shard.is_lost()).collect();
        let down = if self.is_alone(is_primary) {
            None
        } else if let Some(first) = lost.first() {
            let slots = self.map.slots(Shard::is_lost);
            let which = slot_words(&first.owner.row.slots);
            Some(format!(
                "all copies of {slots} of {all} slots are dead ({which}): their data is LOST \
                 unless one of them comes back"
            ))
        } else if self.map.unowned > 0 {
            Some(format!("{} of {all} slots have no owner", self.map.unowned))
        } else {
            refuses.then(|| "cluster_state:fail: its nodes refuse to serve".to_owned())
        };
        match down {
            None => Health::lacking(reasons),
            Some(first) => {
                let all: Vec<String> = [first].into_iter().chain(reasons).collect();
                Health::Down(all.join("; ").into())
            }
        }
    }

    fn reasons(&self, is_primary: bool) -> Vec<String> {
        let (side, map) = (self.sight.side, &self.map);
        let mut reasons = Vec::new();
        let silent: Vec<_> =
            self.own.iter().filter_map(|member| member.told.as_ref().err()).collect();
        if let Some(first) = silent.first() {
            let (count, all) = (silent.len(), self.own.len());
            reasons.push(format!("{count} of {all} nodes tell nothing: {first}"));
        }
        if map.disputed > 0 {
            reasons.push(format!("its nodes disagree about who owns {} slots", map.disputed));
        }
        let headless = |has_copy: bool| {
            let lives = |shard: &Shard| shard.copies.iter().any(|copy| copy.lives) == has_copy;
            map.slots(|shard| !shard.owner.lives && !shard.is_lost() && lives(shard))
        };
        for (slots, what) in [
            (headless(true), "have no living master, a replica is to come"),
            (headless(false), "have no copy that answers"),
        ] {
            if slots > 0 && !self.is_alone(is_primary) {
                reasons.push(format!("{slots} slots {what}"));
            }
        }
        let stranger = map.shards.iter().find(|shard| shard.owner.stands.is_none());
        if let Some(stranger) = stranger {
            let (count, at) = (map.owned_in(None), &stranger.owner.row.at);
            reasons.push(format!(
                "{count} slots are owned in neither region, as by {at}: name it in `nodes`"
            ));
        }
        let there = map.owned_in(Some(side.other()));
        let own = map.owned_in(Some(side));
        if own > 0 && there > 0 {
            let other = side.other();
            reasons.push(format!("{side} owns {own} slots and {other} owns {there}"));
        }
        let data = |state: &SideState| state.identity().data;
        if self.sight.other.is_some_and(|other| data(other) != data(self.sight.own)) {
            reasons.push("A and B are not nodes of one cluster, or do not know it yet".to_owned());
        }
        reasons.extend(if is_primary { self.primary_reasons() } else { self.standby_reasons() });
        reasons
    }

    fn primary_reasons(&self) -> Vec<String> {
        let unsaved =
            |told: &Told| told.node.is_primary() && told.node.keeps_on_disk() == Some(false);
        let off = !self.sight.settings.unsaved && told(self.own).any(unsaved);
        let why = "persistence is off: a node that restarts is EMPTY, and its replica copies that";
        let mut reasons: Vec<String> = off.then(|| why.to_owned()).into_iter().collect();
        for shard in self.map.shards.iter().filter(|it| it.owner.stands == Some(self.sight.side)) {
            let copies = shard.copies.iter().filter_map(|copy| copy.told);
            let traps =
                copies.filter_map(|copy| trap(self.sight.side, shard.owner.told?, Some(copy)));
            let which = slot_words(&shard.owner.row.slots);
            reasons.extend(traps.map(|why| format!("{which}: {why}")));
        }
        reasons
    }

    fn standby_reasons(&self) -> Vec<String> {
        let mut reasons = Vec::new();
        if self.other.is_some() && told(self.own).all(|told| !told.ok) {
            reasons.push("cluster_state:fail: nobody is served".to_owned());
        }
        for (shard, copy) in self.pairs() {
            let (which, source) = (slot_words(&shard.owner.row.slots), shard.owner.told);
            let Some(copy) = copy else {
                reasons.push(format!("{which} have no copy here that answers"));
                continue;
            };
            reasons.extend(source.and_then(|source| {
                trap(self.sight.side, copy, Some(source)).map(|why| format!("{which}: {why}"))
            }));
            let is_dead = link(copy, source).is_some_and(|link| link.is_dead());
            // With the other side silent a dead link is what is to be expected of a good standby.
            if source.is_some() && (is_dead || copy.is_syncing()) {
                let words = link_words(copy, source);
                reasons.push(format!("replication of {which} does not run: {words}"));
            }
        }
        reasons
    }

    /// What a standby refuses with the rest of its cluster it takes once it has taken over.
    fn hindered(&self, is_primary: bool) -> Option<String> {
        if is_primary && told(self.own).all(|told| !told.ok) {
            return Some("cluster_state:fail".to_owned());
        }
        told(self.own).find_map(|told| told.node.hindered())
    }

    /// The worst of the links.
    fn link(&self) -> Option<Link> {
        let links = self.pairs().filter_map(|(shard, copy)| link(copy?, shard.owner.told));
        links.max_by_key(|link| (link.is_dead(), link.silent_ms))
    }

    /// How many keys the owners hold, where they all tell that.
    fn held(&self) -> Option<Held> {
        let one = |shard: &Shard<'_>| Some(shard.owner.told?.held()?.count);
        let count = self.map.shards.iter().map(one).sum::<Option<u64>>()?;
        let whole = self.map.is_whole_in(self.sight.side);
        whole.then_some(Held { count, unit: HeldUnit::Keys, loaded: None })
    }

    /// Whether any of the copies has left its owner's history.
    fn split(&self) -> Split {
        let side = self.sight.side;
        let mut found = Split::No;
        for (shard, copy) in self.pairs() {
            let owner = shard.owner.told;
            // Read later than its owner, a copy may hold more: it takes no writes of its own.
            let is_later = |copy: &&SideState| {
                let of_one = |owner: &SideState| owner.replid == copy.replid;
                owner.is_some_and(|owner| of_one(owner) && owner.offset < copy.offset)
            };
            match copy.filter(|copy| !is_later(copy)).map(|copy| split(side, copy, owner)) {
                Some(Split::Yes(why)) => return Split::Yes(why),
                Some(Split::No) => {}
                Some(unknown @ Split::Unknown(_)) => found = unknown,
                None => found = Split::Unknown("not every copy was read beside its owner".into()),
            }
        }
        found
    }

    fn facts(&self, behind: Option<&Lag>) -> Vec<Fact> {
        let (map, side) = (&self.map, self.sight.side);
        let slots = |number: usize| count(number as u64);
        let sum = told(self.own).filter(|told| told.node.is_primary() == behind.is_none());
        let keys = count(sum.map(|told| told.node.keys).sum());
        let up = self.link().map_or_else(|| unknown("it follows nobody"), |link| link.up());
        let hindered = self.hindered(behind.is_none()).is_some();
        let writable = match writes(self.own) {
            Writes::Unknown => unknown("not every node answers"),
            Writes::Open => FactValue::Boolean(!hindered),
            Writes::Refused => FactValue::Boolean(false),
        };
        let ok = if told(self.own).all(|told| told.ok) { "ok" } else { "fail" };
        // Of what is owned elsewhere, tables tell late or never that it is gone.
        let unread = self.other.is_none() && !map.is_whole_in(side);
        let told_slots = |number: usize| {
            if unread { unknown("the other side was not read") } else { slots(number) }
        };
        let headless = map.slots(|shard| !shard.owner.lives) + map.unowned;
        let answered = format!("{} of {}", told(self.own).count(), self.own.len());
        let mut facts = vec![
            ("server_version", text(&self.sight.own.version)),
            ("writable", writable),
            ("keys", keys),
            ("diverged", self.split().fact()),
            ("cluster_state", text(ok)),
            ("nodes_answered", text(&answered)),
            ("slots_owned", slots(map.owned_in(Some(side)))),
            ("slots_unserved", told_slots(headless)),
            ("slots_lost", told_slots(map.slots(Shard::is_lost))),
            ("slots_disputed", slots(map.disputed)),
        ];
        if behind.is_some() {
            facts.push(("link_up", up));
            facts.push(("worst_shard", self.worst()));
        }
        let fact = |(name, value): (&str, FactValue)| Fact { name: name.to_owned(), value };
        facts.into_iter().map(fact).collect()
    }

    /// The shard that is furthest behind.
    fn worst(&self) -> FactValue {
        let each = self.pairs().map(|(shard, copy)| {
            let behind = copy.and_then(|copy| self.lag_of(shard, copy).amount);
            // One of which nothing is known may be behind by any length.
            (behind.unwrap_or(u64::MAX), slot_words(&shard.owner.row.slots))
        });
        match each.max() {
            None => unknown("nothing is owned elsewhere"),
            Some((u64::MAX, which)) => unknown(&format!("{which}: not known how far behind")),
            Some((bytes, which)) => text(&format!("{which}: {bytes} B behind")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::beside::Told;
    use super::super::facts::FACTS;
    use super::super::learned::Learned;
    use super::super::nodes::table;
    use super::super::settings::Formation;
    use super::super::tests_support::{primary, replica};
    use super::*;
    use crate::domain::ids::Side;
    use crate::domain::time::{BootId, Stamp};
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
        Some(SideState { beside: Beside::Cluster(members.to_vec()), ..first })
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
            let Formation::Cluster(nodes) = &sight.settings.formation else { panic!("none") };
            let reading = reading(&sight, nodes, if side == Side::A { a } else { b });
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
        assert_eq!(here.held.map(|held| held.count), Some(20));
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
        check([moved, WELL, moved, moved], &[], true, both, ["8192 0 0 8192", "8192 0 0 8192"]);
        // A node of another region owns some.
        let strange = WELL.replace("n2 h:2@1", "n9 h:9@1").replace("slave n2", "slave n9");
        let name_it = "8192 slots are owned in neither region, as by h:9: name it in `nodes`";
        check([&strange; 4], &[2], true, [name_it; 2], ["8192 0 0 0", "0 0 0 0"]);
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
