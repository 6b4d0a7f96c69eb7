//! A site: two regions, the systems in them, the people, the objectives and the rules of alarm.

use std::path::PathBuf;
use std::time::Duration;

use super::ids::{PersonId, RuleId, Side, SystemId, TierId};
use super::objective::Objective;
use super::settings::{Key, Node, Span, Table, Value};
use super::text::{Clean, several};

/// Everything `site.toml` says, checked and resolved.
#[derive(Debug, Clone, PartialEq)]
pub struct Site {
    /// The site's short name, part of file names and run names.
    pub name: String,
    /// What people call it.
    pub title: Clean,
    /// Addresses outside both regions; when they are silent too, it is our own network.
    pub reference: Vec<String>,
    /// Distinct systems that must fail before the primary is red.
    pub red_needs_signals: usize,
    /// The people who may act.
    pub people: Vec<Person>,
    /// The tiers' objectives.
    pub objectives: Vec<Objective>,
    /// Regions A and B.
    pub regions: [Region; 2],
    /// The systems, in the order written.
    pub systems: Vec<SystemSpec>,
    /// Names of secrets and where they are to be found; never the secrets.
    pub secrets: Vec<SecretRef>,
    /// When a system's looks make an alarm.
    pub rules: Vec<RuleSpec>,
}

impl Site {
    /// The region on a side.
    pub fn region(&self, side: Side) -> &Region {
        &self.regions[side.index()]
    }

    /// Who may declare, in the order of the file.
    pub fn declarers(&self) -> Vec<&str> {
        let may = self.people.iter().filter(|person| person.may_declare);
        may.map(|person| person.id.as_str()).collect()
    }

    /// The system called `id`.
    pub fn system(&self, id: &SystemId) -> Option<&SystemSpec> {
        self.systems.iter().find(|system| system.id == *id)
    }

    /// The objective of `tier`.
    pub fn objective(&self, tier: &TierId) -> Option<&Objective> {
        self.objectives.iter().find(|objective| objective.tier == *tier)
    }

    /// The strictest RTO of the site: the one that the big clock counts against.
    pub fn rto(&self) -> Option<Duration> {
        self.objectives.iter().map(|objective| objective.rto).min()
    }

    /// The RPO of the tier of the system with this name; looks through all of them.
    pub fn rpo_of(&self, id: &SystemId) -> Option<Duration> {
        self.rpo(self.system(id)?)
    }

    /// The RPO of a system's tier.
    pub fn rpo(&self, system: &SystemSpec) -> Option<Duration> {
        self.objective(system.objective.as_ref()?).map(|objective| objective.rpo)
    }

    /// The systems of which something stands in for the provider.
    pub fn stood_in(&self) -> impl Iterator<Item = &SystemSpec> {
        self.systems.iter().filter(|system| system.is_stood_in())
    }

    /// `ENDPOINT OVERRIDE: 3 systems`, where there are such; what leaves for others says so too.
    pub fn override_words(&self) -> Option<String> {
        let count = self.stood_in().count();
        (count > 0).then(|| format!("ENDPOINT OVERRIDE: {}", several(count, "system")))
    }

    /// The side that the site file starts as primary.
    pub fn starts_primary(&self) -> Side {
        if self.regions[0].starts_as_primary { Side::A } else { Side::B }
    }

    /// The person called `id`.
    pub fn person(&self, id: &PersonId) -> Option<&Person> {
        self.people.iter().find(|person| person.id == *id)
    }
}

/// One region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Region {
    /// What people call it.
    pub label: Clean,
    /// The provider's identifier, where there is one.
    pub aws_region: Option<String>,
    /// True for the region that serves before any failover.
    pub starts_as_primary: bool,
}

/// What a person may do at a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SiteRole {
    /// Runs steps.
    Commander,
    /// Confirms another's irreversible step.
    Approver,
    /// Looks.
    Watcher,
}

/// One person of the site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Their name.
    pub id: PersonId,
    /// What they may do.
    pub roles: Vec<SiteRole>,
    /// True when they may declare a disaster.
    pub may_declare: bool,
}

/// One monitored thing, in both regions.
#[derive(Debug, Clone, PartialEq)]
pub struct SystemSpec {
    /// Its name.
    pub id: SystemId,
    /// Which adapter reads it.
    pub kind: String,
    /// The tier it serves.
    pub objective: Option<TierId>,
    /// The time between two looks.
    pub every: Duration,
    /// The longest one look may take.
    pub timeout: Duration,
    /// True when the system does not work on the standby side and is not meant to (`standby =
    /// "idle"`), such as a look through users' eyes: it is judged there only once it serves.
    pub idle_standby: bool,
    /// Everything else written at the system, for its adapter. Does not contain the keys above,
    /// nor `a` and `b`.
    pub settings: Table,
    /// What is written for region A and B; none where the system is not in that region.
    pub sides: [Option<Table>; 2],
    /// Names of the hosts that it leads to, as its adapter declares what is written.
    pub hosts: Vec<String>,
    /// Names of the secrets that watching it opens, as its adapter reads what is written.
    pub secrets: Vec<String>,
    /// Names of the secrets that write the heartbeat of region A and B, where it is written by us.
    pub secrets_to_beat: [Option<String>; 2],
    /// Addresses in region A and B that are used in the place of a provider's own, as its adapter
    /// reads what is written: what answers there is no production.
    pub stand_ins: [Option<Clean>; 2],
    /// Where the system is written.
    pub span: Span,
}

impl SystemSpec {
    /// True where something stands in for a provider.
    pub fn is_stood_in(&self) -> bool {
        self.stand_ins.iter().any(Option::is_some)
    }

    /// The same as if it were written nowhere: a fault that is found in it while another file is
    /// read must not point into that file.
    pub fn unplaced(&self) -> Self {
        let sides = self.sides.each_ref().map(|side| side.as_ref().map(unplaced));
        Self { settings: unplaced(&self.settings), sides, span: Span::default(), ..self.clone() }
    }
}

fn unplaced(table: &Table) -> Table {
    let entry = |(key, node): &(Key, Node)| {
        (Key { name: key.name.clone(), span: Span::default() }, unplaced_node(node))
    };
    Table {
        span: Span::default(),
        entries: table.entries.iter().map(entry).collect(),
        ..Table::default()
    }
}

fn unplaced_node(node: &Node) -> Node {
    let value = match &node.value {
        Value::Table(table) => Value::Table(unplaced(table)),
        Value::List(items) => Value::List(items.iter().map(unplaced_node).collect()),
        other => other.clone(),
    };
    Node { span: Span::default(), value }
}

/// Where a secret is to be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretRef {
    /// The name that systems refer to.
    pub name: String,
    /// The user that goes with it, where there is one.
    pub user: Option<String>,
    /// The place of the secret itself; none where only a user is needed.
    pub source: Option<SecretSource>,
}

/// A place where a secret is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretSource {
    /// An environment variable.
    Environment(String),
    /// A file, relative to the site's folder; readable by its owner only.
    File(PathBuf),
}

/// One rule of the site, by which looks become an alarm.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleSpec {
    /// Its name.
    pub id: RuleId,
    /// The system it is about.
    pub system: SystemId,
    /// What it asks.
    pub test: RuleTest,
}

/// What a rule asks of a system's looks.
#[derive(Debug, Clone, PartialEq)]
pub enum RuleTest {
    /// So many consecutive failed looks.
    Down {
        /// How many.
        failures: u32,
    },
    /// More than this share of looks failed in the window.
    ErrorRate {
        /// 0 to 1.
        over: f64,
        /// How far back.
        window: Duration,
        /// Fewer samples say nothing.
        min_samples: usize,
    },
    /// The 95th percentile of answer times in the window is over this.
    P95 {
        /// The limit.
        over: Duration,
        /// How far back.
        window: Duration,
        /// Fewer samples say nothing.
        min_samples: usize,
    },
    /// Degraded without a break for this long.
    DegradedFor {
        /// The time.
        time: Duration,
    },
    /// Known lag above this for so long.
    LagOver {
        /// The limit.
        over: Duration,
        /// How long.
        time: Duration,
    },
    /// Fewer ready units than this share of the wanted ones.
    CapacityUnder {
        /// 0 to 1.
        share: f64,
    },
}
