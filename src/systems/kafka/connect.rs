//! Kafka Connect: what it tells of MirrorMaker 2's connectors; how they are stopped and started.

use std::collections::BTreeMap;
use std::time::Duration;

use hyper::Method;
use serde_json::Value as Json;

use super::settings::{Kafka, Names};
use crate::domain::text::Clean;
use crate::domain::time::Stamp;
use crate::systems::kit::lately::Lately;
use crate::systems::kit::server::Target;
use crate::systems::kit::tls::Trust;
use crate::systems::kit::trouble::{Trouble, TroubleKind};
use crate::systems::kit::web::idle::Idle;
use crate::systems::kit::web::{As, Web};

/// The classes of MirrorMaker 2's connectors, by their last words.
const CLASSES: [(&str, Part); 3] = [
    ("MirrorSourceConnector", Part::Source),
    ("MirrorCheckpointConnector", Part::Checkpoint),
    ("MirrorHeartbeatConnector", Part::Heartbeat),
];

/// The most connectors and tasks that are read.
const LIST_MOST: usize = 1000;

/// What a connector does. They are stopped in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    /// Copies records.
    Source,
    /// Copies where consumer groups stand.
    Checkpoint,
    /// Writes heartbeats.
    Heartbeat,
}

/// One connector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Connector {
    pub(super) name: String,
    pub(super) part: Part,
    /// `RUNNING`, `PAUSED`, `STOPPED`, `FAILED` and more.
    pub(super) state: String,
    /// The states of its tasks.
    pub(super) tasks: Vec<String>,
    /// The first reason that a failed task tells.
    pub(super) why: Option<Clean>,
    /// What it copies of transactions, where it copies.
    pub(super) committed_only: bool,
}

impl Connector {
    /// True once nothing of it works any more.
    pub(super) fn is_stopped(&self) -> bool {
        self.state == "STOPPED" && self.tasks.is_empty()
    }

    /// Tasks that failed; the connector itself counts as one.
    pub(super) fn failed(&self) -> usize {
        let own = [&self.state];
        self.tasks.iter().chain(own).filter(|state| *state == "FAILED").count()
    }
}

/// What copies towards one side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Flow {
    /// The cluster that Connect keeps its own state in.
    pub(super) cluster: String,
    /// The connectors, in the order in which they are stopped.
    pub(super) connectors: Vec<Connector>,
    /// The next offset of the source that is to be copied, by topic and partition, as last kept:
    /// what was copied since then is not in it. Why not, where it could not be asked.
    pub(super) copied: Result<Offsets, Clean>,
}

/// Offsets by topic and partition.
pub(super) type Offsets = BTreeMap<(String, i32), i64>;

/// What Connect told lately. It keeps offsets for some seconds before it tells them itself.
#[derive(Default)]
struct Had {
    cluster: Lately<String>,
    copied: Lately<Offsets>,
}

impl Flow {
    /// Those that copy records.
    pub(super) fn sources(&self) -> impl Iterator<Item = &Connector> {
        self.connectors.iter().filter(|connector| connector.part == Part::Source)
    }

    /// True where something copies records, or would after a pause.
    pub(super) fn follows(&self) -> bool {
        self.sources().any(|connector| !connector.is_stopped())
    }
}

/// Connect of one side.
pub(super) struct Rest {
    web: Web,
    had: Had,
}

impl Rest {
    /// The one that the site names; none where it names none. It may read a file.
    pub(super) fn of(target: &Target<Kafka>) -> Option<Result<Self, Trouble>> {
        let written = target.own.connect.as_ref()?;
        let made = || {
            let ours = |why: String| Trouble::unsent(TroubleKind::Ours, why);
            let trust = Trust::of(written.ca.as_deref()).map_err(ours)?;
            let secret = target.secret.as_ref().filter(|_| written.login);
            let asks = As::of(Some(&target.user), secret)?;
            let web = Web::new(written.url.clone(), trust, asks).keeping(Idle::default());
            Ok(Self { web, had: Had::default() })
        };
        Some(made())
    }

    /// What copies towards this side, and how far that is.
    pub(super) async fn flow(
        &self,
        names: &Names,
        limit: Duration,
        at: Option<Stamp>,
    ) -> Result<Flow, Trouble> {
        let had = &self.had;
        let told = self.read("connectors?expand=status&expand=info", limit).await?;
        let cluster = had.cluster.or_ask(at, self.cluster(limit)).await?;
        let mut flow =
            Flow { cluster, connectors: connectors(&told, names), copied: Ok(BTreeMap::new()) };
        flow.connectors.sort_by_key(|connector| connector.part);
        let copied = had.copied.or_ask(at, self.copied(&flow, names, limit)).await;
        flow.copied = copied.map_err(|trouble| trouble.message);
        Ok(flow)
    }

    async fn cluster(&self, limit: Duration) -> Result<String, Trouble> {
        let about = self.read("", limit).await?;
        let cluster = about.get("kafka_cluster_id").and_then(Json::as_str);
        Ok(cluster.unwrap_or_default().to_owned())
    }

    async fn copied(
        &self,
        flow: &Flow,
        names: &Names,
        limit: Duration,
    ) -> Result<Offsets, Trouble> {
        let mut all = Offsets::new();
        for source in flow.sources() {
            let path = format!("connectors/{}/offsets", segment(&source.name));
            all.extend(copied(&self.read(&path, limit).await?, names));
        }
        Ok(all)
    }

    async fn read(&self, path: &str, limit: Duration) -> Result<Json, Trouble> {
        let answer = self.web.ask_within(limit, Method::GET, path, None).await?;
        if answer.status.is_success() && (answer.json.is_object() || answer.json.is_array()) {
            return Ok(answer.json);
        }
        Err(self.refusal(answer.status, &answer.json))
    }

    /// What it is called in sentences.
    pub(super) fn place(&self) -> String {
        format!("Connect at {}", self.web.place())
    }

    fn refusal(&self, status: hyper::StatusCode, json: &Json) -> Trouble {
        let place = self.web.place();
        // While a worker starts, and while the work is shared out anew.
        if matches!(status.as_u16(), 404 | 409) && json.get("error_code").is_none() {
            let words = format!("Connect at {place} is starting ({status})");
            return Trouble::new(TroubleKind::NotReady, words);
        }
        let why = json.get("message").and_then(Json::as_str).unwrap_or_default();
        self.web.refusal(status, &why.chars().take(200).collect::<String>())
    }

    /// Orders one connector to `stop`, `resume` or the like. An order that is repeated changes
    /// nothing.
    pub(super) async fn order(
        &self,
        connector: &str,
        order: &str,
        limit: Duration,
    ) -> Result<(), Trouble> {
        let path = format!("connectors/{}/{order}", segment(connector));
        let answer = self.web.ask_within(limit, Method::PUT, &path, None).await?;
        if answer.status.is_success() {
            return Ok(());
        }
        if answer.status.as_u16() == 409 {
            let words = "Connect shares its work out anew; it is asked again (409)";
            return Err(Trouble::new(TroubleKind::NotReady, words));
        }
        Err(self.refusal(answer.status, &answer.json))
    }
}

/// A name as a part of a path.
fn segment(name: &str) -> String {
    url::form_urlencoded::byte_serialize(name.as_bytes()).collect::<String>().replace('+', "%20")
}

/// The connectors of MirrorMaker 2 that copy from the other region to this one.
fn connectors(told: &Json, names: &Names) -> Vec<Connector> {
    let Some(entries) = told.as_object() else { return Vec::new() };
    let read = |(name, entry): (&String, &Json)| {
        let config = entry.pointer("/info/config")?;
        let text = |key: &str| config.get(key).and_then(Json::as_str);
        let class = text("connector.class")?;
        let part = CLASSES.iter().find(|(end, _)| class.ends_with(end))?.1;
        let (from, to) = (text("source.cluster.alias")?, text("target.cluster.alias")?);
        let flows = (Some(from), to) == (names.other.as_deref(), names.own.as_str());
        // Who writes heartbeats to the other region's cluster calls that its target.
        let beats = part == Part::Heartbeat && Some(to) == names.other.as_deref();
        if !(flows || beats) {
            return None;
        }
        let state = |json: &Json| json.get("state").and_then(Json::as_str).map(str::to_owned);
        let isolation = ["source.consumer.isolation.level", "consumer.isolation.level"];
        let isolation = isolation.into_iter().find_map(text);
        let tasks = entry.pointer("/status/tasks").and_then(Json::as_array);
        let tasks: Vec<&Json> = tasks.into_iter().flatten().take(LIST_MOST).collect();
        let whys = tasks.iter().filter_map(|task| task.get("trace").and_then(Json::as_str));
        let first_line = |trace: &str| trace.lines().next().unwrap_or_default().to_owned();
        Some(Connector {
            name: name.clone(),
            part,
            state: state(entry.pointer("/status/connector")?)?,
            tasks: tasks.iter().filter_map(|task| state(task)).collect(),
            why: whys.map(first_line).next().map(Clean::from),
            committed_only: isolation == Some("read_committed"),
        })
    };
    entries.iter().take(LIST_MOST).filter_map(read).collect()
}

/// The next offset to copy of each partition of the other region.
fn copied(told: &Json, names: &Names) -> Offsets {
    let entries = told.get("offsets").and_then(Json::as_array);
    let read = |entry: &Json| {
        let of = entry.get("partition")?;
        if of.get("cluster").and_then(Json::as_str) != names.other.as_deref() {
            return None;
        }
        let topic = of.get("topic")?.as_str()?.to_owned();
        let partition = i32::try_from(of.get("partition")?.as_i64()?).ok()?;
        let offset = entry.pointer("/offset/offset")?.as_i64()?;
        Some(((topic, partition), offset.checked_add(1)?))
    };
    entries.into_iter().flatten().filter_map(read).collect()
}
