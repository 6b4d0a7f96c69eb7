//! Split brain: two primaries of one system that are not proven closed to writes.

use super::view::View;
use crate::domain::identity;
use crate::domain::ids::{Side, SystemId};
use crate::domain::reading::{Reading, Rival, Role};
use crate::domain::site::{Site, SystemSpec};
use crate::domain::snapshot::{Cell, Snapshot};
use crate::domain::time::Stamp;

/// What the two sides of a system say of their roles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Roles {
    /// Two primaries, none proven closed, as read just now; since when.
    Two(Stamp),
    /// One is a server that no side speaks for, as was last read; since when.
    Rival(Stamp),
    /// Such a one was primary and is silent: it may take writes; since when.
    MayBeRival(Stamp),
    /// There were two when they were last read, and one is silent now: not over; since when.
    TwoLastSeen(Stamp),
    /// Both names lead to one server; since when that is read.
    OneServer(Stamp),
    /// Both say that they follow: nobody takes writes.
    None,
    /// One of them is primary, or not enough is known. A fenced primary is no second one.
    Fine,
}

/// Asks the two sides of one system; a side where it is not is none.
pub fn ask(views: [Option<View<'_>>; 2], snapshot: &Snapshot) -> Roles {
    let roles = beside_each_other(views, snapshot);
    match (rival(&views), roles) {
        (Some((since, rival)), _) if !rival.is_silent => Roles::Rival(since),
        (Some((since, _)), Roles::None | Roles::Fine) => Roles::MayBeRival(since),
        (Some(_) | None, roles) => roles,
    }
}

fn beside_each_other(views: [Option<View<'_>>; 2], snapshot: &Snapshot) -> Roles {
    let [Some(a), Some(b)] = views else { return Roles::Fine };
    if let Some(since) = identity::one_server(snapshot, &a.system.id) {
        return Roles::OneServer(since);
    }
    let open = |view: &View<'_>| view.current().is_some_and(Reading::is_open_primary);
    match (snapshot.both_open_since(&a.system.id), [role(&a), role(&b)]) {
        (Some(since), _) if open(&a) && open(&b) => Roles::Two(since),
        (Some(since), _) => Roles::TwoLastSeen(since),
        (None, [Some(Role::Standby), Some(Role::Standby)]) => Roles::None,
        (None, _) => Roles::Fine,
    }
}

/// Since when a system has a primary that no side speaks for, and which.
pub fn rival<'a>(views: &[Option<View<'a>>; 2]) -> Option<(Stamp, &'a Rival)> {
    foremost(views.iter().flatten().map(|view| view.cell))
}

/// One that is seen counts before one that is silent, whichever side tells of it.
fn foremost<'a>(cells: impl Iterator<Item = &'a Cell>) -> Option<(Stamp, &'a Rival)> {
    cells.filter_map(Cell::rival).min_by_key(|(_, rival)| rival.is_silent)
}

/// The systems that have two primaries, or had when last read, and since when: until one side is
/// proven closed.
pub fn standing(site: &Site, snapshot: &Snapshot) -> Vec<(SystemId, Stamp)> {
    let since = |system: &SystemSpec| {
        let cells = Side::BOTH.iter().filter(|side| system.sides[side.index()].is_some());
        let cells = cells.filter_map(|side| snapshot.cell(&system.id, *side));
        let rival = foremost(cells).filter(|(_, rival)| !rival.is_silent).map(|(since, _)| since);
        let is_on_both = system.sides.iter().all(Option::is_some);
        rival.or_else(|| snapshot.both_open_since(&system.id).filter(|_| is_on_both))
    };
    let standing = |system: &SystemSpec| Some((system.id.clone(), since(system)?));
    site.systems.iter().filter_map(standing).collect()
}

/// The role that a side tells now.
pub fn role(view: &View<'_>) -> Option<Role> {
    view.current()?.role
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::reading::Writes;
    use crate::domain::rules::bench::{Saw, at, hear, id, system};

    #[test]
    fn boundaries() {
        use Saw::{Primary, Silent, Standby};
        let check = |a: &[(u64, Saw)], b: &[(u64, Saw)], now: u64, want: Roles| {
            let mut snapshot = Snapshot::default();
            let mut looks: Vec<_> = a.iter().map(|look| (look, Side::A)).collect();
            looks.extend(b.iter().map(|look| (look, Side::B)));
            looks.sort_by_key(|((second, _), _)| *second);
            for (look, side) in looks {
                hear(&mut snapshot, "pg", side, std::slice::from_ref(look));
            }
            let system = system("pg");
            let view = |side| {
                let cell = snapshot.cell(&id("pg"), side)?;
                Some(View { system: &system, side, cell, now: at(now) })
            };
            assert_eq!(ask(Side::BOTH.map(view), &snapshot), want, "{a:?} {b:?}");
        };
        check(&[(0, Primary)], &[(0, Standby)], 0, Roles::Fine);
        check(&[(0, Primary), (2, Silent)], &[(0, Standby), (4, Primary)], 4, Roles::Fine);
        check(&[(0, Primary), (2, Primary)], &[(0, Standby), (2, Primary)], 2, Roles::Two(at(2)));
        // The old primary comes back: seen at its first look.
        check(
            &[(0, Primary), (2, Silent), (30, Primary)],
            &[(0, Standby), (20, Primary), (30, Primary)],
            30,
            Roles::Two(at(30)),
        );
        // One that was primary and is silent is a doubt.
        let silent = [(0, Saw::Rival(Role::Primary, true))];
        check(&silent, &[(0, Standby)], 0, Roles::MayBeRival(at(0)));
        check(&silent, &[(0, Primary)], 0, Roles::Two(at(0)));
        // Whichever side tells of it: one that is seen counts before one that is silent.
        check(&silent, &[(0, Saw::Rival(Role::Standby, false))], 0, Roles::Rival(at(0)));
        // Silence does not end it, a side that follows does.
        let both = [(0, Primary), (2, Primary)];
        let then = |saw: Saw| [both.to_vec(), vec![(4, saw)]].concat();
        check(&then(Silent), &then(Primary), 4, Roles::TwoLastSeen(at(0)));
        check(&then(Standby), &then(Primary), 4, Roles::Fine);
        check(&both, &both, 20, Roles::TwoLastSeen(at(0)));
        // Nobody takes writes.
        check(&[(0, Standby)], &[(0, Standby)], 0, Roles::None);
        check(&[(0, Standby)], &[], 0, Roles::Fine);
        // A fenced primary beside the promoted one, as a planned run leaves them.
        let (open, closed) = (Saw::Writes(Writes::Open), Saw::Writes(Writes::Refused));
        check(&[(2, closed.clone())], &[(2, Primary)], 2, Roles::Fine);
        check(&[(2, open.clone())], &[(2, Primary)], 2, Roles::Two(at(2)));
        check(&[(2, Saw::Writes(Writes::Unknown))], &[(2, Primary)], 2, Roles::Two(at(2)));
        check(&[(0, open.clone()), (4, closed)], &[(0, Primary), (4, Primary)], 4, Roles::Fine);
        // Both looks came from one server: no pair, and no fence would help.
        let same = |writes| Saw::Server("one", writes);
        let one = same(Writes::Open);
        check(&[(2, one.clone())], &[(2, one)], 2, Roles::OneServer(at(2)));
        let other = Saw::Server("other", Writes::Open);
        check(&[(2, same(Writes::Open))], &[(2, other)], 2, Roles::Two(at(2)));
        // A third server takes writes beside a primary, whatever the other side is.
        let rival = [(0, Saw::Rival(Role::Primary, false))];
        check(&rival, &[(0, Standby)], 0, Roles::Rival(at(0)));
        check(&rival, &[(0, Primary)], 0, Roles::Rival(at(0)));
        check(&rival, &[(0, Silent)], 0, Roles::Rival(at(0)));
        check(&[(0, Saw::Rival(Role::Standby, false))], &[(0, Primary)], 0, Roles::Rival(at(0)));
        check(&[(0, Saw::Rival(Role::Standby, false))], &[(0, Standby)], 0, Roles::Rival(at(0)));
        // Silence does not end it, a reading that tells of none does.
        let then = |saw: Saw| [rival.to_vec(), vec![(4, saw)]].concat();
        check(&then(Silent), &[], 4, Roles::Rival(at(0)));
        check(&then(Primary), &[(4, Silent)], 4, Roles::Fine);
    }
}
