//! Split brain: both sides of one system call themselves primary, or none does.

use super::View;
use crate::domain::reading::Role;
use crate::domain::snapshot::Snapshot;
use crate::domain::time::Stamp;

/// What the two sides of a system say of their roles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Roles {
    /// Both accept writes, as read just now; since when.
    Two(Stamp),
    /// Both did when they were last read, and one is silent now: not proven over; since when.
    TwoLastSeen(Stamp),
    /// Both say that they follow: nobody takes writes, or both probes reach the same side.
    None,
    /// One of them is primary, or not enough is known.
    Fine,
}

/// Asks the two sides of one system; a side where it is not is none.
#[must_use]
pub fn ask(views: [Option<View<'_>>; 2], snapshot: &Snapshot) -> Roles {
    let [Some(a), Some(b)] = views else { return Roles::Fine };
    let told = [role(&a), role(&b)];
    let since = snapshot.both_primary_since(&a.system.id);
    match (told, since) {
        ([Some(Role::Primary), Some(Role::Primary)], Some(since)) => Roles::Two(since),
        ([Some(Role::Primary), Some(Role::Primary)], None) => Roles::Two(a.now),
        ([Some(Role::Standby), Some(Role::Standby)], _) => Roles::None,
        ([Some(Role::Standby), _] | [_, Some(Role::Standby)], _) | (_, None) => Roles::Fine,
        ([None, _] | [_, None], Some(since)) => Roles::TwoLastSeen(since),
    }
}

/// The role that a side tells now.
#[must_use]
pub fn role(view: &View<'_>) -> Option<Role> {
    view.current()?.role
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::Side;
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
        // Silence does not end it, a side that follows does.
        let both = [(0, Primary), (2, Primary)];
        let then = |saw: Saw| [both.to_vec(), vec![(4, saw)]].concat();
        check(&then(Silent), &then(Primary), 4, Roles::TwoLastSeen(at(0)));
        check(&then(Standby), &then(Primary), 4, Roles::Fine);
        check(&both, &both, 20, Roles::TwoLastSeen(at(0)));
        // Nobody takes writes, or both probes reach the same side.
        check(&[(0, Standby)], &[(0, Standby)], 0, Roles::None);
        check(&[(0, Standby)], &[], 0, Roles::Fine);
    }
}
