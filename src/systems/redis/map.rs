//! Who owns the slots of a cluster, by the tables of all nodes that answered on both sides.

use std::collections::BTreeMap;

use super::beside::{Member, Told};
use super::nodes::{Row, SLOTS};
use super::settings::Nodes;
use super::state::SideState;
use crate::domain::ids::Side;
use crate::systems::kit::endpoint::Endpoint;

/// All slots, and who has them.
pub(super) struct Map<'a> {
    /// Those that own slots, with their copies.
    pub(super) shards: Vec<Shard<'a>>,
    /// Slots that nobody owns.
    pub(super) unowned: usize,
    /// Slots of which nodes name different owners.
    pub(super) disputed: usize,
}

/// A node that owns slots, and who copies from it.
pub(super) struct Shard<'a> {
    /// The owner: of several that are named, the one with the newest claim.
    pub(super) owner: Holder<'a>,
    /// How many slots it owns.
    pub(super) slots: usize,
    /// Its copies.
    pub(super) copies: Vec<Holder<'a>>,
}

/// A node that holds a shard's data.
pub(super) struct Holder<'a> {
    /// What is said of it.
    pub(super) row: &'a Row,
    /// Where it stands; none where the site does not say.
    pub(super) stands: Option<Side>,
    /// False where it is dead, or told nothing although it was asked.
    pub(super) lives: bool,
    /// True where most nodes say so, or do not reach it either.
    pub(super) dead: bool,
    /// What it told of itself.
    pub(super) told: Option<&'a SideState>,
}

/// What all tables say of a node.
struct Heard<'a> {
    /// The newest.
    row: &'a Row,
    /// How many call it dead.
    failed: usize,
    /// How many do, or do not reach it.
    doubted: usize,
}

/// What was seen of a cluster in one look.
pub(super) struct Seen<'a> {
    /// The side that looks.
    pub(super) side: Side,
    /// Its nodes.
    pub(super) own: &'a [Member],
    /// The other side's nodes; nothing where that was not read.
    pub(super) other: &'a [Member],
    /// What the site says of both.
    pub(super) nodes: &'a Nodes,
}

impl<'a> Seen<'a> {
    fn members(&self) -> impl Iterator<Item = (Side, &'a Member)> {
        let own = self.own.iter().map(|member| (self.side, member));
        own.chain(self.other.iter().map(|member| (self.side.other(), member)))
    }

    fn tellers(&self) -> impl Iterator<Item = (Side, &'a Told)> {
        self.members().filter_map(|(side, member)| Some((side, member.told.as_ref().ok()?)))
    }

    /// A node as it stands: where, whether it lives, and what it told.
    fn holder(&self, heard: &Heard<'a>) -> Holder<'a> {
        let row = heard.row;
        let most = |count: usize| count * 2 > self.tellers().count();
        let found = self.tellers().find(|(_, told)| told.id == row.id);
        let listed = |places: &[Endpoint]| places.iter().any(|at| row.is_at(&at.place()));
        let written = if listed(&self.nodes.here) {
            Some(self.side)
        } else {
            listed(&self.nodes.there).then(|| self.side.other())
        };
        let is_silent =
            self.members().any(|(_, member)| member.told.is_err() && row.is_at(&member.place));
        let dead = most(heard.failed) || (is_silent && most(heard.doubted));
        Holder {
            row,
            stands: found.map(|(side, _)| side).or(written),
            lives: !dead && !is_silent,
            dead,
            told: found.map(|(_, told)| &told.node),
        }
    }
}

impl<'a> Map<'a> {
    /// Draws it.
    pub(super) fn of(seen: &Seen<'a>) -> Self {
        let mut rows: BTreeMap<&str, Heard> = BTreeMap::new();
        let mut claims: Vec<Option<(u64, &str)>> = vec![None; usize::from(SLOTS)];
        let mut differs = vec![false; claims.len()];
        for (index, (_, told)) in seen.tellers().enumerate() {
            let mut told_of = vec![None; claims.len()];
            for row in &told.table {
                let none = Heard { row, failed: 0, doubted: 0 };
                let heard = rows.entry(&row.id).or_insert(none);
                if row.epoch > heard.row.epoch {
                    heard.row = row;
                }
                heard.failed += usize::from(row.failed);
                heard.doubted += usize::from(row.doubted);
                for slot in row.slots.iter().flat_map(|(from, to)| *from..=*to) {
                    told_of[usize::from(slot)] = Some((row.epoch, row.id.as_str()));
                }
            }
            for ((claim, told), differs) in claims.iter_mut().zip(told_of).zip(&mut differs) {
                let owner = |claim: Option<(u64, &'a str)>| claim.map(|(_, id)| id);
                *differs |= index > 0 && owner(*claim) != owner(told);
                *claim = (*claim).max(told);
            }
        }
        let mut owned: BTreeMap<&str, usize> = BTreeMap::new();
        for (_, id) in claims.iter().flatten() {
            *owned.entry(id).or_default() += 1;
        }
        let copies_of = |id: &str| {
            let copies = rows.values().filter(|one| one.row.copies.as_deref() == Some(id));
            copies.map(|heard| seen.holder(heard)).collect()
        };
        let shard = |(id, slots): (&str, usize)| {
            Some(Shard { owner: seen.holder(rows.get(id)?), slots, copies: copies_of(id) })
        };
        Self {
            unowned: claims.iter().filter(|claim| claim.is_none()).count(),
            disputed: differs.iter().filter(|differs| **differs).count(),
            shards: owned.into_iter().filter_map(shard).collect(),
        }
    }

    /// How many slots the nodes own that stand there.
    pub(super) fn owned_in(&self, stands: Option<Side>) -> usize {
        self.slots(|shard| shard.owner.stands == stands)
    }

    /// How many slots the shards have that are so.
    pub(super) fn slots(&self, is_so: impl Fn(&Shard<'a>) -> bool) -> usize {
        self.shards.iter().filter(|shard| is_so(shard)).map(|shard| shard.slots).sum()
    }

    /// True for the side that owns more of the slots; of two that own as many, one has to be.
    pub(super) fn is_primary(&self, side: Side) -> bool {
        let [own, other] = [side, side.other()].map(|side| self.owned_in(Some(side)));
        own > other || (own == other && own > 0 && side == Side::A)
    }

    /// True when every slot is owned by a living node of the side, and nobody says otherwise.
    pub(super) fn is_whole_in(&self, side: Side) -> bool {
        let here = |shard: &Shard| {
            let owner = &shard.owner;
            let says = owner.told.is_none_or(SideState::is_primary);
            owner.stands == Some(side) && owner.lives && says
        };
        self.slots(here) == usize::from(SLOTS) && self.disputed == 0
    }

    /// The shards whose owner does not stand on the side.
    pub(super) fn elsewhere(&self, side: Side) -> impl Iterator<Item = &Shard<'a>> {
        self.shards.iter().filter(move |shard| shard.owner.stands != Some(side))
    }
}

impl<'a> Shard<'a> {
    /// True where the data is gone unless a dead node comes back.
    pub(super) fn is_lost(&self) -> bool {
        self.owner.dead && self.copies.iter().all(|copy| copy.dead)
    }

    /// The best copy of it on a side that told of itself: one that follows, and has most.
    pub(super) fn best(&self, side: Side) -> Option<(&Row, &'a SideState)> {
        let here = self.copies.iter().filter(|copy| copy.stands == Some(side));
        let told = here.filter_map(|copy| Some((copy.row, copy.told?)));
        told.max_by_key(|(_, node)| (node.follows(), node.offset))
    }
}
