//! Whether a side that held data lost it: at a restart, by copying, or by an order of a client.

use serde::{Deserialize, Serialize};

use super::{Cell, PAIR_AGE_MAX, Snapshot, earlier};
use crate::domain::ids::{Side, SystemId};
use crate::domain::reading::{Health, Held, Identity, Part, Reading, Role};
use crate::domain::text::Clean;
use crate::domain::time::Stamp;

/// The fact that a side lost its data and nobody accepted that.
pub const EMPTIED: &str = "emptied";

/// The least that an order must have made go at once to be worth a word.
const ORDERED_LEAST: u64 = 100;

/// What a side held when it was last seen whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Whole {
    at: Stamp,
    held: Held,
    identity: Identity,
}

impl Whole {
    /// So much.
    pub fn held(&self) -> Held {
        self.held
    }
}

/// How a side lost its data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Emptying {
    /// Another server, or the same one after a start, takes writes there and has no data.
    Restarted,
    /// It took over another history that has no data.
    Copied,
    /// The server that held the data was told to drop it.
    Ordered,
}

/// That a side's data is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Emptied {
    /// When that was first seen.
    pub at: Stamp,
    /// What it held before.
    pub before: Held,
    /// How it went.
    pub how: Emptying,
    /// The part of the side that held it; none for all of it. Of several, the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<Clean>,
    /// How many other parts lost data in the same way.
    #[serde(default, skip_serializing_if = "is_none_more")]
    pub more: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_none_more(more: &usize) -> bool {
    *more == 0
}

impl Emptied {
    /// `B copied a source without its 500 keys`.
    pub fn words(&self, side: Side) -> String {
        let before = self.of_parts();
        match self.how {
            Emptying::Restarted => format!("{side} came back EMPTY, without its {before}"),
            Emptying::Copied => format!("{side} copied a source without its {before}"),
            Emptying::Ordered => format!("{side} was told to drop its {before}"),
        }
    }

    /// `500 keys`, `500 keys of slots 0-5460 and 2 more`.
    fn of_parts(&self) -> String {
        let of = self.part.iter().map(|part| format!(" of {part}"));
        let more = (self.more > 0).then(|| format!(" and {} more", self.more));
        [self.before.to_string()].into_iter().chain(of).chain(more).collect()
    }

    /// As one with those that lost their data in the same way.
    fn with(self, next: &Self) -> Self {
        let count = self.before.count.saturating_add(next.before.count);
        let before = Held { count, ..self.before };
        Self { at: earlier(self.at, next.at), before, more: self.more + 1 + next.more, ..self }
    }

    /// A side without its data does not do its work, and to be level with it is no figure.
    fn mark(&self, reading: &mut Reading, now: u64) {
        let now = Held { count: now, ..self.before };
        let before = self.of_parts();
        let (why, is_down) = match self.how {
            Emptying::Restarted => (format!("it came back EMPTY: {now}, {before} before"), true),
            Emptying::Copied => (format!("it copied EMPTINESS: {now}, {before} before"), false),
            Emptying::Ordered => return,
        };
        reading.health = match &reading.health {
            Health::Down(known) => Health::Down(format!("{why}; {known}").into()),
            Health::Up | Health::Unknown(_) if is_down => Health::Down(why.into()),
            Health::Degraded(known) if is_down => Health::Down(format!("{why}; {known}").into()),
            Health::Up | Health::Unknown(_) => Health::Degraded(why.into()),
            Health::Degraded(known) => Health::Degraded(format!("{why}; {known}").into()),
        };
        if let Some(lag) = &mut reading.lag {
            lag.doubt();
        }
    }
}

/// Those of one way as one: a side of many parts may lose them all at once.
fn as_one<'a>(all: impl Iterator<Item = &'a Emptied> + Clone) -> impl Iterator<Item = Emptied> {
    let ways = [Emptying::Restarted, Emptying::Copied, Emptying::Ordered];
    ways.into_iter().filter_map(move |how| {
        let mut same = all.clone().filter(|emptied| emptied.how == how);
        let first = same.next()?.clone();
        Some(same.fold(first, Emptied::with))
    })
}

/// What is remembered of data that is held in one place.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// What it held when it was last seen whole.
    #[serde(default)]
    pub whole: Option<Whole>,
    /// That its data is gone, until a person has accepted that.
    #[serde(default)]
    pub emptied: Option<Emptied>,
}

impl Kept {
    /// Takes in how much is held now; true where data that was there is gone.
    fn follow(&mut self, seen: Whole, role: Role, part: Option<&Clean>) -> bool {
        let (at, held) = (seen.at, seen.held);
        let how = self.whole.as_ref().and_then(|whole| how(whole, &seen, role));
        let is_new = |known: &Emptied| known.how == Emptying::Ordered;
        if let (Some(how), Some(whole)) = (how, &self.whole)
            && self.emptied.as_ref().is_none_or(is_new)
        {
            let (before, part) = (whole.held, part.cloned());
            self.emptied = Some(Emptied { at, before, how, part, more: 0 });
        }
        let Some(emptied) = &self.emptied else {
            self.whole = Some(seen);
            return false;
        };
        let gone = is_gone(held, emptied.before);
        if emptied.how == Emptying::Ordered {
            self.whole = Some(seen);
            // Filled again by those who emptied it.
            self.emptied.take_if(|_| !gone);
            return false;
        }
        gone
    }

    /// That data which a restart or a copy took is gone here.
    fn lost(&self) -> Option<&Emptied> {
        self.emptied.as_ref().filter(|emptied| emptied.how != Emptying::Ordered)
    }
}

impl Cell {
    /// Takes in how much a side holds, and judges a reading whose data is gone.
    pub(super) fn follow_data(&mut self, at: Stamp, reading: &mut Reading) {
        let mut gone: Vec<(Emptied, u64)> = Vec::new();
        for place in places(reading) {
            let Place { part, role, identity, held } = place;
            let kept = self.kept_at(part);
            let seen = Whole { at, held, identity: identity.clone() };
            if kept.follow(seen, role, part) {
                gone.extend(kept.emptied.clone().map(|emptied| (emptied, held.count)));
            }
        }
        self.forget_parts(reading);
        for emptied in as_one(gone.iter().map(|(emptied, _)| emptied)) {
            let same = gone.iter().filter(|(one, _)| one.how == emptied.how);
            emptied.mark(reading, same.map(|(_, now)| now).sum());
        }
    }

    /// Parts that are not there any more are forgotten once they are too many.
    fn forget_parts(&mut self, reading: &Reading) {
        if self.parts.len() > PARTS_MAX {
            let is_told = |name: &String| reading.parts.iter().any(|it| it.name.as_str() == name);
            self.parts.retain(|name, kept| kept.emptied.is_some() || is_told(name));
        }
    }

    /// What of its data is gone, until a person has accepted that.
    pub fn emptied(&self) -> impl Iterator<Item = &Emptied> + Clone {
        let parts = self.parts.values().filter_map(|kept| kept.emptied.as_ref());
        self.kept.emptied.iter().chain(parts)
    }

    /// Whether data that a restart or a copy took is gone here.
    pub fn lost_data(&self) -> Option<&Emptied> {
        self.emptied().find(|emptied| emptied.how != Emptying::Ordered)
    }

    fn kept_at(&mut self, part: Option<&Clean>) -> &mut Kept {
        match part {
            None => &mut self.kept,
            Some(part) => self.parts.entry(part.to_string()).or_default(),
        }
    }

    fn kept_of(&self, part: Option<&Clean>) -> Option<&Kept> {
        part.map_or(Some(&self.kept), |part| self.parts.get(part.as_str()))
    }

    fn all_kept(&mut self) -> impl Iterator<Item = &mut Kept> {
        [&mut self.kept].into_iter().chain(self.parts.values_mut())
    }
}

/// The most parts of a side that are remembered although they are not told any more.
const PARTS_MAX: usize = 64;

/// Where data is held, as a reading tells it: in the side as a whole, or in a part of it.
struct Place<'r> {
    part: Option<&'r Clean>,
    role: Role,
    identity: &'r Identity,
    held: Held,
}

fn places(reading: &Reading) -> Vec<Place<'_>> {
    let whole = || {
        let (role, identity, held) = (reading.role?, reading.identity.as_ref()?, reading.held?);
        Some(Place { part: None, role, identity, held })
    };
    let parts = reading.parts.iter().filter_map(|Part { name, role, identity, held }| {
        Some(Place { part: Some(name), role: *role, identity, held: (*held)? })
    });
    whole().into_iter().chain(parts).collect()
}

/// Less than half of it is there: a first write to an empty server makes it not whole.
fn is_gone(now: Held, before: Held) -> bool {
    now.unit == before.unit && now.count < before.count.div_ceil(2)
}

fn how(before: &Whole, now: &Whole, role: Role) -> Option<Emptying> {
    let same_server = before.identity.server == now.identity.server;
    // What was loaded since then is all that can be left of what was there.
    let loaded = now.held.loaded.filter(|_| !same_server || now.held.loaded != before.held.loaded);
    let left = now.held.count.min(loaded.unwrap_or(u64::MAX));
    if !is_gone(Held { count: left, ..now.held }, before.held) {
        return None;
    }
    match role {
        Role::Primary if !same_server => Some(Emptying::Restarted),
        Role::Standby if before.identity.data != now.identity.data => Some(Emptying::Copied),
        Role::Primary => {
            let at_once = now.at.boot == before.at.boot && now.at.since(before.at) <= PAIR_AGE_MAX;
            let nearly_all = now.held.count < before.held.count / 10;
            let told = before.held.count >= ORDERED_LEAST && nearly_all && at_once;
            told.then_some(Emptying::Ordered)
        }
        // What its source drops, it drops.
        Role::Standby => None,
    }
}

/// What copied everything back from where it was never lost is whole.
pub(super) fn mend(pair: &mut [Cell; 2]) {
    if pair.iter().all(|cell| cell.lost_data().is_none()) {
        return;
    }
    let told = |cell: &'_ Cell| cell.last_reading.clone().filter(|_| cell.last_error.is_none());
    let readings = [told(&pair[0]), told(&pair[1])];
    // Who has the data from the first, by its history.
    let mut sources: Vec<Clean> = Vec::new();
    for (cell, reading) in pair.iter().zip(&readings) {
        for Place { part, role, identity, .. } in reading.iter().flat_map(places) {
            let is_whole = cell.kept_of(part).is_some_and(|kept| kept.emptied.is_none());
            if role == Role::Primary && is_whole {
                sources.push(identity.data.clone());
            }
        }
    }
    for (cell, reading) in pair.iter_mut().zip(&readings) {
        for Place { part, role, identity, held } in reading.iter().flat_map(places) {
            let is_back = |emptied: &Emptied| !is_gone(held, emptied.before);
            let follows = role == Role::Standby && sources.contains(&identity.data);
            let kept =
                cell.kept_of(part).filter(|kept| follows && kept.lost().is_some_and(is_back));
            if kept.is_some() {
                *cell.kept_at(part) = Kept::default();
            }
        }
    }
}

impl Snapshot {
    /// The sides of a system whose data is gone, until a person has accepted that: each way in
    /// which it went as one.
    pub fn emptied(&self, system: &SystemId) -> impl Iterator<Item = (Side, Emptied)> {
        let pair = self.cells.get(system);
        Side::BOTH.into_iter().filter_map(move |side| Some((side, pair?))).flat_map(
            |(side, pair)| as_one(pair[side.index()].emptied()).map(move |emptied| (side, emptied)),
        )
    }

    /// Takes what is there now for the data, where a person accepted what was seen, and when.
    pub(in crate::domain) fn end_emptied(&mut self, accepted: impl Fn(&SystemId) -> Option<Stamp>) {
        for (system, pair) in &mut self.cells {
            if pair.iter().all(|cell| cell.emptied().next().is_none()) {
                continue;
            }
            let Some(at) = accepted(system) else { continue };
            for kept in pair.iter_mut().flat_map(Cell::all_kept) {
                let seen_before = |emptied: &mut Emptied| earlier(emptied.at, at) == emptied.at;
                if kept.emptied.take_if(seen_before).is_some() {
                    kept.whole = None;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::reading::HeldUnit;
    use crate::domain::rules::bench::{at, id};
    use crate::domain::run::event::Actor;
    use crate::domain::run::state::AcceptedCriterion;
    use Emptying::{Copied, Ordered, Restarted};
    use Side::{A, B};

    /// A look at a side: role, run, history and keys.
    type Saw = (u64, Side, Role, &'static str, &'static str, Option<u64>);

    fn hear(snapshot: &mut Snapshot, looks: &[Saw]) {
        for look in looks {
            hear_loaded(snapshot, *look, None);
        }
    }

    fn hear_loaded(snapshot: &mut Snapshot, look: Saw, loaded: Option<u64>) {
        let (second, side, role, server, data, keys) = look;
        let mut reading = Reading::new(at(second), Health::Up, "fine");
        let held = |count| Held { count, unit: HeldUnit::Keys, loaded };
        (reading.role, reading.held) = (Some(role), keys.map(held));
        reading.identity = Some(Identity { server: server.into(), data: data.into() });
        snapshot.record(&id("redis"), side, at(second), Ok(reading));
    }

    #[test]
    fn what_was_written_since_stands_for_nothing_of_before() {
        let check = |looks: &[(Saw, u64)], want: &[(Side, u64, Emptying)]| {
            let mut snapshot = Snapshot::default();
            for (look, loaded) in looks {
                hear_loaded(&mut snapshot, *look, Some(*loaded));
            }
            assert_eq!(told(&snapshot), want, "{looks:?}");
        };
        let a = |second, run, data, keys, loaded| ((second, A, P, run, data, Some(keys)), loaded);
        let b = |second, data, keys, loaded| ((second, B, S, "b1", data, Some(keys)), loaded);
        let before = [a(0, "a1", "h1", 500, 0), b(0, "h1", 500, 20)];
        check(&before, &[]);
        // Nobody looked for a minute, in which as many keys were written as had been there.
        let restarted = [&before[..], &[a(60, "a2", "h2", 700, 0)]].concat();
        check(&restarted, &[(A, 500, Restarted)]);
        let copied = [&restarted[..], &[b(60, "h2", 700, 90)]].concat();
        check(&copied, &[(A, 500, Restarted), (B, 500, Copied)]);
        // It read its snapshot, and its replica goes on without a copy.
        let read = [&before[..], &[a(60, "a2", "h2", 700, 490), b(60, "h2", 700, 20)]].concat();
        check(&read, &[]);
        // Roles changed hands: what each read long ago says nothing.
        let handed =
            [((60, B, P, "b1", "h3", Some(510)), 20), ((60, A, S, "a1", "h3", Some(510)), 0)];
        check(&[&before[..], &handed].concat(), &[]);
    }

    fn told(snapshot: &Snapshot) -> Vec<(Side, u64, Emptying)> {
        let told = |(side, emptied): (Side, Emptied)| (side, emptied.before.count, emptied.how);
        snapshot.emptied(&id("redis")).map(told).collect()
    }

    const P: Role = Role::Primary;
    const S: Role = Role::Standby;

    #[test]
    fn lost_data_is_noticed_whoever_looks() {
        let check = |looks: &[Saw], want: &[(Side, u64, Emptying)]| {
            let mut whole = Snapshot::default();
            hear(&mut whole, looks);
            assert_eq!(told(&whole), want, "{looks:?}");
            // Each look by a process of its own that remembers what the one before it kept.
            let mut kept = Snapshot::default();
            for look in looks {
                let mut next = Snapshot::default();
                next.remember_all(kept.without_histories());
                hear(&mut next, std::slice::from_ref(look));
                kept = next;
            }
            assert_eq!(told(&kept), want, "{looks:?}");
        };
        let a = |second, run, data, keys| (second, A, P, run, data, Some(keys));
        let b = |second, data, keys| (second, B, S, "b1", data, Some(keys));
        let before = [a(0, "a1", "h1", 500), b(0, "h1", 500)];
        check(&before, &[]);
        let restarted = [&before[..], &[a(2, "a2", "h2", 0)]].concat();
        check(&restarted, &[(A, 500, Restarted)]);
        let copied = [&restarted[..], &[b(4, "h2", 0)]].concat();
        let both = [(A, 500, Restarted), (B, 500, Copied)];
        check(&copied, &both);
        // While it loads or copies nothing is counted.
        let loading = (1, A, P, "a2", "h2", None);
        check(&[&before[..], &[loading, a(2, "a2", "h1", 500)]].concat(), &[]);
        check(&[&before[..], &[loading, a(2, "a2", "h2", 3)]].concat(), &[(A, 500, Restarted)]);
        // Writes resume, and it restarts once more: nobody said that this is the data.
        let more = [a(6, "a2", "h2", 900), b(6, "h2", 900), a(8, "a3", "h3", 0), b(9, "h3", 0)];
        check(&[&copied[..], &more[..2]].concat(), &both);
        check(&[&copied[..], &more].concat(), &both);
        // An order is told apart; a replica that follows it says nothing of its own.
        let flushed = [&before[..], &[a(2, "a1", "h1", 1), b(2, "h1", 1)]].concat();
        check(&flushed, &[(A, 500, Ordered)]);
        check(&[&flushed[..], &[a(4, "a1", "h1", 300)]].concat(), &[]);
        let flushed_then_lost = [&flushed[..], &[a(4, "a1", "h1", 40), a(6, "a2", "h2", 0)]];
        check(&flushed_then_lost.concat(), &[(A, 40, Restarted)]);
        check(&[&before[..], &[a(2, "a1", "h1", 100)]].concat(), &[]);
        check(&[&before[..], &[a(90, "a1", "h1", 0)]].concat(), &[]);
        // B never lost it, is promoted, and A copies it back.
        let back = [(4, B, P, "b1", "h3", Some(500)), (6, A, S, "a2", "h3", Some(500))];
        check(&[&restarted[..], &back[..1]].concat(), &[(A, 500, Restarted)]);
        check(&[&restarted[..], &back].concat(), &[]);
    }

    #[test]
    fn it_is_over_when_a_named_person_accepts_it() {
        let check = |key: &str, second: u64, is_over: bool| {
            let mut snapshot = Snapshot::default();
            let a = |second, run, data, keys| (second, A, P, run, data, Some(keys));
            hear(&mut snapshot, &[a(0, "a1", "h1", 500), a(10, "a2", "h2", 0)]);
            let accepted = AcceptedCriterion {
                asks: "redis kept its data".into(),
                evidence: "NOT MET".into(),
                reason: "the cache was meant to be dropped".into(),
                by: Actor { person: None, user: "anna".into(), host: "bastion".into() },
                at: at(second),
                key: key.to_owned(),
            };
            snapshot.take_accepted(&[accepted]);
            assert_eq!(told(&snapshot).is_empty(), is_over, "{key} {second}");
            // What is there now is the data; to lose it is news.
            hear(&mut snapshot, &[a(12, "a2", "h2", 4), a(14, "a3", "h3", 0)]);
            let want = if is_over { 4 } else { 500 };
            assert_eq!(told(&snapshot), [(A, want, Restarted)]);
        };
        check("emptied/redis", 11, true);
        check("emptied/redis", 9, false);
        check("emptied/pg", 11, false);
        check("one_primary/redis", 11, false);
        check("", 11, false);
    }

    #[test]
    fn what_is_gone_is_not_well_and_gives_no_lag() {
        let mut snapshot = Snapshot::default();
        let both = |second, run, data, keys| {
            let a = (second, A, P, run, data, Some(keys));
            [a, (second, B, S, "b1", data, Some(keys))]
        };
        hear(&mut snapshot, &both(0, "a1", "h1", 500));
        hear(&mut snapshot, &both(2, "a2", "h2", 3));
        let health = |snapshot: &Snapshot, side: Side| {
            let cell = snapshot.cell(&id("redis"), side).expect("it was heard");
            cell.last_reading.as_ref().expect("it told").health.clone()
        };
        assert!(
            matches!(health(&snapshot, A), Health::Down(why) if why.as_str().contains("EMPTY"))
        );
        assert!(matches!(health(&snapshot, B), Health::Degraded(_)));
        hear(&mut snapshot, &both(4, "a2", "h2", 400));
        assert_eq!(health(&snapshot, A), Health::Up);
        assert_eq!(told(&snapshot).len(), 2);
    }

    /// What a part tells: its name, role, run, history and keys.
    type Told = (&'static str, Role, &'static str, &'static str, u64);

    fn hear_parts(snapshot: &mut Snapshot, second: u64, side: Side, told: &[Told]) {
        let mut reading = Reading::new(at(second), Health::Up, "fine");
        let part = |(name, role, server, data, count): &Told| Part {
            name: (*name).into(),
            role: *role,
            identity: Identity { server: (*server).into(), data: (*data).into() },
            held: Some(Held { count: *count, unit: HeldUnit::Keys, loaded: None }),
        };
        reading.role = Some(if side == A { P } else { S });
        reading.identity = Some(Identity { server: side.to_string().into(), data: "c".into() });
        reading.parts = told.iter().map(part).collect();
        snapshot.record(&id("redis"), side, at(second), Ok(reading));
    }

    #[test]
    fn what_a_part_lost_is_not_hidden_by_the_others() {
        let check = |looks: &[(Side, &[Told])], want: &[(Side, u64, Emptying)], words: &str| {
            let (mut whole, mut kept) = (Snapshot::default(), Snapshot::default());
            for (second, (side, told)) in (0..).zip(looks) {
                hear_parts(&mut whole, second, *side, told);
                let mut next = Snapshot::default();
                let text = serde_json::to_string(&kept.without_histories()).unwrap();
                next.remember_all(serde_json::from_str(&text).unwrap());
                hear_parts(&mut next, second, *side, told);
                kept = next;
            }
            for snapshot in [&whole, &kept] {
                assert_eq!(told(snapshot), want, "{looks:?}");
                let system = id("redis");
                let all = snapshot.emptied(&system);
                let all: Vec<String> = all.map(|(side, emptied)| emptied.words(side)).collect();
                assert_eq!(all.join(", "), words);
            }
        };
        let a: [Told; 2] = [("p0 at a", P, "a1", "h0", 100), ("p1 at a", P, "a2", "h1", 900)];
        let b: [Told; 2] = [("p0 at b", S, "b1", "h0", 100), ("p1 at b", S, "b2", "h1", 900)];
        let before: [(Side, &[Told]); 2] = [(A, &a), (B, &b)];
        check(&before, &[], "");
        // One of them is started anew without its data, and its copy copies that.
        let (empty, copied) = (("p0 at a", P, "a9", "h9", 0), ("p0 at b", S, "b1", "h9", 0));
        let (a_lost, b_lost) = ([empty, a[1]], [copied, b[1]]);
        let lost: [(Side, &[Told]); 4] = [before[0], before[1], (A, &a_lost), (B, &b_lost)];
        let words = "A came back EMPTY, without its 100 keys of p0 at a";
        check(&lost[..3], &[(A, 100, Restarted)], words);
        let words = format!("{words}, B copied a source without its 100 keys of p0 at b");
        check(&lost, &[(A, 100, Restarted), (B, 100, Copied)], &words);
        // It is silent for a while, and then all of it is gone.
        let all = [empty, ("p1 at a", P, "a8", "h8", 5)];
        let words = "A came back EMPTY, without its 1000 keys of p0 at a and 1 more";
        let looks = [before[0], (A, &[]), (A, &all[..1]), (A, &all)];
        check(&looks, &[(A, 1000, Restarted)], words);
        // Its copy takes over with all that was there, and is copied back.
        let (took, back) = (("p0 at b", P, "b1", "h7", 100), ("p0 at a", S, "a9", "h7", 100));
        let (b_took, a_back) = ([took, b[1]], [back, a[1]]);
        let mended = [before[0], before[1], (A, &a_lost), (B, &b_took), (A, &a_back)];
        check(&mended, &[], "");
        // Without the data of one part the side is not well, and gives no figure.
        let mut snapshot = Snapshot::default();
        for (second, (side, told)) in (0..).zip(&lost) {
            hear_parts(&mut snapshot, second, *side, told);
        }
        let cell = |side| snapshot.cell(&id("redis"), side).unwrap();
        assert!(matches!(cell(A).last_reading.as_ref().unwrap().health, Health::Down(_)));
        assert!(matches!(cell(B).last_reading.as_ref().unwrap().health, Health::Degraded(_)));
        assert!(cell(B).lost_data().is_some());
    }
}
