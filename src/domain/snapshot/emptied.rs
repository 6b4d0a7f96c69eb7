//! Whether a side that held data lost it: at a restart, by copying, or by an order of a client.

use serde::{Deserialize, Serialize};

use super::{Cell, PAIR_AGE_MAX, Snapshot, earlier};
use crate::domain::ids::{Side, SystemId};
use crate::domain::reading::{Health, Held, Identity, Reading, Role};
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
}

impl Emptied {
    /// `B copied a source without its 500 keys`.
    pub fn words(&self, side: Side) -> String {
        let before = self.before;
        match self.how {
            Emptying::Restarted => format!("{side} came back EMPTY, without its {before}"),
            Emptying::Copied => format!("{side} copied a source without its {before}"),
            Emptying::Ordered => format!("{side} was told to drop its {before}"),
        }
    }

    /// A side without its data does not do its work, and to be level with it is no figure.
    fn mark(&self, reading: &mut Reading, now: Held) {
        let before = self.before;
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

impl Cell {
    /// Takes in how much a side holds, and judges a reading whose data is gone.
    pub(super) fn follow_data(&mut self, at: Stamp, reading: &mut Reading) {
        let (Some(held), Some(identity), Some(role)) =
            (reading.held, reading.identity.clone(), reading.role)
        else {
            return;
        };
        let seen = Whole { at, held, identity };
        let how = self.whole.as_ref().and_then(|whole| how(whole, &seen, role));
        let is_new = |known: &Emptied| known.how == Emptying::Ordered;
        if let (Some(how), Some(whole)) = (how, &self.whole)
            && self.emptied.as_ref().is_none_or(is_new)
        {
            self.emptied = Some(Emptied { at, before: whole.held, how });
        }
        let Some(emptied) = &self.emptied else {
            self.whole = Some(seen);
            return;
        };
        let gone = is_gone(held, emptied.before);
        if emptied.how == Emptying::Ordered {
            self.whole = Some(seen);
            // Filled again by those who emptied it.
            self.emptied.take_if(|_| !gone);
        } else if gone {
            emptied.mark(reading, held);
        }
    }

    /// Whether data that a restart or a copy took is gone here.
    pub fn lost_data(&self) -> Option<&Emptied> {
        self.emptied.as_ref().filter(|emptied| emptied.how != Emptying::Ordered)
    }
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

/// A side that copied everything back from one that never lost it is whole.
pub(super) fn mend(pair: &mut [Cell; 2]) {
    for side in Side::BOTH {
        let (own, other) = (&pair[side.index()], &pair[side.other().index()]);
        let (Some(emptied), None) = (own.lost_data(), &other.emptied) else { continue };
        let (Some(here), Some(there)) = (&own.last_reading, &other.last_reading) else { continue };
        let follows = (here.role, there.role) == (Some(Role::Standby), Some(Role::Primary))
            && own.last_error.is_none()
            && other.last_error.is_none()
            && data_of(here).is_some()
            && data_of(here) == data_of(there);
        if follows && here.held.is_some_and(|held| !is_gone(held, emptied.before)) {
            let cell = &mut pair[side.index()];
            (cell.emptied, cell.whole) = (None, None);
        }
    }
}

fn data_of(reading: &Reading) -> Option<&crate::domain::text::Clean> {
    reading.identity.as_ref().map(|identity| &identity.data)
}

impl Snapshot {
    /// The sides of a system whose data is gone, until a person has accepted that.
    pub fn emptied(&self, system: &SystemId) -> impl Iterator<Item = (Side, &Emptied)> {
        let pair = self.cells.get(system);
        Side::BOTH.into_iter().filter_map(move |side| {
            pair.and_then(|pair| Some((side, pair[side.index()].emptied.as_ref()?)))
        })
    }

    /// Takes what is there now for the data, where a person accepted what was seen, and when.
    pub(in crate::domain) fn end_emptied(&mut self, accepted: impl Fn(&SystemId) -> Option<Stamp>) {
        for (system, pair) in &mut self.cells {
            if pair.iter().all(|cell| cell.emptied.is_none()) {
                continue;
            }
            let Some(at) = accepted(system) else { continue };
            for cell in pair.iter_mut() {
                let seen_before = |emptied: &mut Emptied| earlier(emptied.at, at) == emptied.at;
                if cell.emptied.take_if(seen_before).is_some() {
                    cell.whole = None;
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
        let told = |(side, emptied): (Side, &Emptied)| (side, emptied.before.count, emptied.how);
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
}
