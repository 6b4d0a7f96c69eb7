//! Who owns the slots of a cluster, by the tables of all nodes that answered on both sides.

use std::collections::BTreeMap;

use super::members::{Member, told};
use super::nodes::{Row, SLOTS, slot_words};
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
    /// True where most nodes say that it is dead, or do not reach it either.
    pub(super) dead: bool,
    /// What it told of itself, where it was asked.
    member: Option<&'a Member>,
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

impl<'a> Map<'a> {
    /// Draws it of what the nodes of `side` told and those of the other one, which may be unread.
    pub(super) fn of(side: Side, own: &'a [Member], other: &'a [Member], nodes: &Nodes) -> Self {
        let tables: Vec<_> = told(own).chain(told(other)).map(|told| &told.table).collect();
        let mut rows: BTreeMap<&str, Heard> = BTreeMap::new();
        let mut claims: Vec<Option<(u64, &str)>> = vec![None; usize::from(SLOTS)];
        let mut disputed = vec![false; claims.len()];
        for (index, table) in tables.iter().enumerate() {
            let mut told_of = vec![None; claims.len()];
            for row in *table {
                let heard = rows.entry(&row.id).or_insert(Heard { row, failed: 0, doubted: 0 });
                if row.epoch > heard.row.epoch {
                    heard.row = row;
                }
                heard.failed += usize::from(row.failed);
                heard.doubted += usize::from(row.doubted);
                for slot in row.slots.iter().flat_map(|(from, to)| *from..=*to) {
                    told_of[usize::from(slot)] = Some((row.epoch, row.id.as_str()));
                }
            }
            for ((claim, told), disputed) in claims.iter_mut().zip(told_of).zip(&mut disputed) {
                *disputed |= index > 0 && claim.map(|(_, id)| id) != told.map(|(_, id)| id);
                *claim = (*claim).max(told);
            }
        }
        let most = |count: usize| count * 2 > tables.len();
        let holder = |heard: &Heard<'a>| {
            let row = heard.row;
            let here = own.iter().map(|member| (side, member));
            let mut all = here.chain(other.iter().map(|member| (side.other(), member)));
            let (found, member) = all.find(|(_, member)| member.is(row)).unzip();
            let is_at = |places: &[Endpoint]| places.iter().any(|at| row.is_at(&at.place()));
            let written = is_at(&nodes.here).then_some(side);
            let written = written.or_else(|| is_at(&nodes.there).then_some(side.other()));
            let is_silent = member.is_some_and(|member: &Member| member.told.is_err());
            let dead = most(heard.failed) || (is_silent && most(heard.doubted));
            Holder { row, stands: found.or(written), dead, member }
        };
        let mut owned: BTreeMap<&str, usize> = BTreeMap::new();
        claims.iter().flatten().for_each(|(_, id)| *owned.entry(id).or_default() += 1);
        let shard = |(id, slots): (&str, usize)| {
            let copies = rows.values().filter(|one| one.row.copies.as_deref() == Some(id));
            Shard { owner: holder(&rows[id]), slots, copies: copies.map(&holder).collect() }
        };
        Self {
            unowned: claims.iter().filter(|claim| claim.is_none()).count(),
            disputed: disputed.iter().filter(|disputed| **disputed).count(),
            shards: owned.into_iter().map(shard).collect(),
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
        let here = |Shard { owner, .. }: &Shard| {
            let says = owner.node().is_none_or(SideState::is_primary);
            owner.stands == Some(side) && owner.lives() && says
        };
        self.slots(here) == usize::from(SLOTS) && self.disputed == 0
    }

    /// The shards whose owner does not stand on the side.
    pub(super) fn elsewhere(&self, side: Side) -> impl Iterator<Item = &Shard<'a>> {
        self.shards.iter().filter(move |shard| shard.owner.stands != Some(side))
    }
}

impl<'a> Holder<'a> {
    /// False where it is dead, or told nothing although it was asked.
    pub(super) fn lives(&self) -> bool {
        !self.dead && self.member.is_none_or(|member| member.told.is_ok())
    }

    /// What it told of itself.
    pub(super) fn node(&self) -> Option<&'a SideState> {
        self.told().map(|(_, node)| node)
    }

    /// What it told of itself, with its place in the site.
    pub(super) fn told(&self) -> Option<(&'a str, &'a SideState)> {
        let member = self.member?;
        Some((member.place.as_str(), member.node()?))
    }
}

impl<'a> Shard<'a> {
    /// `slots 0-5460`.
    pub(super) fn words(&self) -> String {
        slot_words(&self.owner.row.slots)
    }

    /// True where the data is gone unless a dead node comes back.
    pub(super) fn is_lost(&self) -> bool {
        self.owner.dead && self.copies.iter().all(|copy| copy.dead)
    }

    /// The best copy of it on a side that told of itself, with its place: one that follows, and has
    /// most.
    pub(super) fn best(&self, side: Side) -> Option<(&'a str, &'a SideState)> {
        let here = self.copies.iter().filter(|copy| copy.stands == Some(side));
        here.filter_map(Holder::told).max_by_key(|(_, node)| (node.follows(), node.offset))
    }
}
