//! What a simulated world is made of: its systems by nature, and when which region is lost.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantNames};

use crate::domain::catalogue::Change;
use crate::domain::ids::{Side, SystemId};
use crate::domain::reading::LagUnit;
use crate::domain::setting::{Kind, Setting, SettingSpec};
use crate::domain::settings::{Fault, Fields};
use crate::domain::site::{Site, SystemSpec};

/// The name of this kind in site files.
pub const KIND: &str = "sim";

/// How a simulated system behaves.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    EnumString,
    IntoStaticStr,
    VariantNames,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Nature {
    /// Answers requests; a warm standby answers too.
    Service,
    /// Holds data and is copied to the other side.
    Store,
    /// Sends users to one side or the other.
    Traffic,
    /// Units that run the services.
    Compute,
    /// Copies of answers near the users.
    Cache,
    /// What users get, end to end.
    Users,
}

impl Nature {
    /// Its word in a site file.
    pub fn word(self) -> &'static str {
        self.into()
    }

    /// The nature of a system to which these things can be done.
    pub fn of_changes(changes: impl IntoIterator<Item = Change>) -> Self {
        let told = changes.into_iter().find_map(|change| match change {
            Change::Promote
            | Change::HandOver
            | Change::StopReplication
            | Change::Follow
            | Change::ProveWrite => Some(Self::Store),
            Change::Scale => Some(Self::Compute),
            Change::ShiftTraffic => Some(Self::Traffic),
            Change::Purge => Some(Self::Cache),
            Change::Fence | Change::Unfence | Change::Notify | Change::Check | Change::None => None,
        });
        told.unwrap_or(Self::Service)
    }
}

/// One simulated system.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SystemPlan {
    /// Its name.
    pub id: SystemId,
    /// How it behaves.
    pub nature: Nature,
    /// What people call it.
    pub title: String,
    /// In which regions it is.
    pub sides: [bool; 2],
    /// Store: seconds that the standby is usually behind.
    pub lag_s: f64,
    /// Store: what its lag is counted in.
    pub unit: LagUnit,
    /// Store: true when both sides are always writable and only copies flow (streams, objects).
    pub mirrored: bool,
    /// Store: seconds a promotion takes; none is 20 to 60.
    pub promote_s: Option<f64>,
    /// Compute: units wanted for full service.
    pub wanted: u32,
    /// Compute: units that run on the standby side.
    pub standby: u32,
    /// Traffic: seconds for which resolvers keep an answer.
    pub ttl_s: f64,
}

const WORLD: Setting<String> = Setting::new("world", Kind::Word, "folder of the simulated world")
    .required()
    .example("\"world\"");

const NATURE: Setting<&str> =
    Setting::new("nature", Kind::Choice(Nature::VARIANTS), "how it behaves")
        .required()
        .example("\"store\"");

const TITLE: Setting<String> =
    Setting::new("title", Kind::Text, "what people call it, such as `PostgreSQL`")
        .example("\"PostgreSQL\"");

const LAG: Setting<Duration> = Setting::new(
    "lag",
    Kind::Time(0, u64::MAX),
    "store: time that the standby is usually behind, such as `800ms`",
)
.example("\"800ms\"");

const UNIT: Setting<&str> = Setting::new(
    "unit",
    Kind::Choice(&["bytes", "records", "operations", "objects"]),
    "store: what its lag is counted in",
)
.or("bytes");

const MIRRORED: Setting<bool> = Setting::new(
    "mirrored",
    Kind::Boolean,
    "store: true when it needs no promotion (streams, objects)",
)
.or("false");

const PROMOTE: Setting<Duration> = Setting::new(
    "promote",
    Kind::Time(0, u64::MAX),
    "store: time a promotion takes; 20 to 60 s when not written",
);

const WANTED: Setting<u32> =
    Setting::new("wanted", Kind::Integer(0, 1000), "compute: units for full service");

const REPLICAS: Setting<u32> =
    Setting::new("replicas", Kind::Integer(0, 1000), "compute: units that run on the standby side");

const TTL: Setting<Duration> = Setting::new(
    "ttl",
    Kind::Time(0, u64::MAX),
    "traffic: time for which resolvers keep an answer",
);

/// The settings of a simulated system, as the docs list them.
pub const SETTINGS: &[SettingSpec] = &[
    WORLD.spec,
    NATURE.spec,
    TITLE.spec,
    LAG.spec,
    UNIT.spec,
    MIRRORED.spec,
    PROMOTE.spec,
    WANTED.spec,
    REPLICAS.spec,
    TTL.spec,
];

impl SystemPlan {
    /// A system of a nature with the usual figures, in the regions of its spec.
    pub fn usual(spec: &SystemSpec, nature: Nature) -> Self {
        Self {
            id: spec.id.clone(),
            nature,
            title: spec.id.to_string(),
            sides: [spec.sides[0].is_some(), spec.sides[1].is_some()],
            lag_s: 1.0,
            unit: LagUnit::Bytes,
            mirrored: false,
            promote_s: None,
            wanted: 10,
            standby: 2,
            ttl_s: 60.0,
        }
    }

    /// Reads the settings of a system of kind `sim`, and the folder of its world.
    ///
    /// # Errors
    /// When a setting is missing, unknown or out of range, with its place.
    pub fn of_sim(spec: &SystemSpec) -> Result<(PathBuf, Self), Fault> {
        let fields = Fields::new(&spec.settings, format!("system `{}`", spec.id));
        if spec.sides == [None, None] {
            let message = format!("system `{}` is in neither region", spec.id);
            return Err(Fault::new(spec.span, message));
        }
        let world = PathBuf::from(WORLD.get(&fields)?);
        let nature = NATURE.get(&fields)?.parse().unwrap_or(Nature::Service);
        let usual = Self::usual(spec, nature);
        let seconds = |time: Option<Duration>| time.map(|time| time.as_secs_f64());
        let plan = Self {
            title: TITLE.of(&fields)?.unwrap_or(usual.title),
            lag_s: seconds(LAG.of(&fields)?).unwrap_or(usual.lag_s),
            unit: match UNIT.get(&fields)? {
                "records" => LagUnit::Records,
                "operations" => LagUnit::Operations,
                "objects" => LagUnit::Objects,
                _ => LagUnit::Bytes,
            },
            mirrored: MIRRORED.get(&fields)?,
            promote_s: seconds(PROMOTE.of(&fields)?),
            wanted: WANTED.of(&fields)?.unwrap_or(usual.wanted),
            standby: REPLICAS.of(&fields)?.unwrap_or(usual.standby),
            ttl_s: seconds(TTL.of(&fields)?).unwrap_or(usual.ttl_s),
            ..usual
        };
        fields.finish()?;
        for (side, table) in Side::BOTH.into_iter().zip(&spec.sides) {
            if let Some(table) = table {
                let place = side.key();
                Fields::new(table, format!("`{place}` of system `{}`", spec.id)).finish()?;
            }
        }
        Ok((world, plan))
    }
}

/// A name of a system that leads to the server of the other side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Astray {
    /// The system.
    pub system: SystemId,
    /// The side whose name it is.
    pub side: Side,
    /// From when, since the world began.
    pub from: Duration,
    /// Until when, since the world began.
    pub until: Duration,
}

/// What happens in a world by itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WorldPlan {
    /// The seed of all chance.
    pub seed: u64,
    /// The side that serves at first.
    pub primary: Side,
    /// The side that is lost.
    pub dies: Side,
    /// When it is lost, since the world began; none is never.
    pub fail_after: Option<Duration>,
    /// When it comes back, since the world began; none is never.
    pub returns_after: Option<Duration>,
    /// From when to when our own network is down: nothing answers, the reference neither.
    pub we_are_cut: Option<(Duration, Duration)>,
    /// Names that lead to the other side's server for a while.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub astray: Vec<Astray>,
    /// Its systems.
    pub systems: Vec<SystemPlan>,
}

impl WorldPlan {
    /// A world of the site's systems in which nothing fails; systems of other kinds are services.
    ///
    /// # Errors
    /// When a system of kind `sim` has a wrong setting.
    pub fn of_site(site: &Site, seed: u64) -> Result<Self, Fault> {
        Self::of_systems(&site.systems, site.starts_primary(), seed)
    }

    /// A world of these systems in which nothing fails.
    ///
    /// # Errors
    /// When a system of kind `sim` has a wrong setting.
    pub fn of_systems(specs: &[SystemSpec], primary: Side, seed: u64) -> Result<Self, Fault> {
        let plan = |spec: &SystemSpec| {
            if spec.kind == KIND {
                SystemPlan::of_sim(spec).map(|(_, plan)| plan)
            } else {
                Ok(SystemPlan::usual(spec, Nature::Service))
            }
        };
        Ok(Self {
            seed,
            primary,
            dies: primary,
            fail_after: None,
            returns_after: None,
            we_are_cut: None,
            astray: Vec::new(),
            systems: specs.iter().map(plan).collect::<Result<_, _>>()?,
        })
    }

    /// The system called `id`.
    pub fn system(&self, id: &SystemId) -> Option<&SystemPlan> {
        self.systems.iter().find(|system| system.id == *id)
    }

    /// The longest time for which resolvers keep an answer, in seconds.
    pub fn ttl_s(&self) -> f64 {
        let traffic = self.systems.iter().filter(|system| system.nature == Nature::Traffic);
        traffic.map(|system| system.ttl_s).reduce(f64::max).unwrap_or(60.0)
    }

    /// Whether a side's machines run at a time since the world began.
    pub fn alive(&self, side: Side, time_s: f64) -> bool {
        let over = |time: Option<Duration>| time.is_some_and(|time| time_s >= time.as_secs_f64());
        side != self.dies || !over(self.fail_after) || over(self.returns_after)
    }

    /// The side whose server answers under the name of `side`, at a time since the world began.
    pub fn leads(&self, system: &SystemId, side: Side, time_s: f64) -> Side {
        let gone = self.astray.iter().any(|name| {
            let hours = name.from.as_secs_f64()..name.until.as_secs_f64();
            name.system == *system && name.side == side && hours.contains(&time_s)
        });
        if gone { side.other() } else { side }
    }

    /// How often a side's machines were started by a time since the world began.
    pub fn starts(&self, side: Side, time_s: f64) -> u32 {
        let back = self.returns_after.is_some_and(|time| time_s >= time.as_secs_f64());
        if side == self.dies && self.fail_after.is_some() && back { 2 } else { 1 }
    }

    /// Whether our own network is down at a time since the world began.
    pub fn cut(&self, time_s: f64) -> bool {
        self.we_are_cut
            .is_some_and(|(from, to)| (from.as_secs_f64()..to.as_secs_f64()).contains(&time_s))
    }
}
