//! One Connect worker and the three connectors of `MirrorMaker` 2 in it, asked over REST.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use super::super::program::Program;
use super::super::{DEADLINE, free_port, until};
use super::Options;
use super::broker::Broker;
use super::jvm;

/// The connectors of one direction.
pub const SOURCE: &str = "mm2-source";
/// The one that translates where groups stand.
pub const CHECKPOINT: &str = "mm2-checkpoint";
/// The one that writes heartbeats into the source cluster.
pub const HEARTBEAT: &str = "mm2-heartbeat";

/// The largest record that the tasks copy once they were cured.
const CURED_BYTES: &str = "4000000";

/// A worker, beside the cluster that it copies into. Dropping it kills it.
pub struct Connect {
    /// The program.
    pub program: Program,
    /// The port of its REST interface on 127.0.0.1.
    pub port: u16,
    home: std::path::PathBuf,
    from: Cluster,
    to: Cluster,
    options: Options,
}

/// A cluster as the connectors name it.
struct Cluster {
    alias: String,
    address: String,
}

impl Cluster {
    fn of(broker: &Broker) -> Self {
        Self { alias: broker.program.name.to_uppercase(), address: broker.address() }
    }
}

impl Connect {
    /// One that copies from one cluster to another and does not run yet.
    pub fn new(home: &Path, name: &str, from: &Broker, to: &Broker, options: &Options) -> Self {
        let connect = Self {
            program: Program::new(home, name),
            port: free_port("127.0.0.1"),
            home: home.to_owned(),
            from: Cluster::of(from),
            to: Cluster::of(to),
            options: options.clone(),
        };
        fs::write(connect.settings(), connect.properties()).unwrap();
        connect
    }

    /// Starts its process; see [`Self::until_up`].
    pub fn launch(&mut self) {
        let mut command = jvm::command(&self.home, 512, CONNECT_CLASS);
        command.arg(self.settings());
        self.program.start(command);
    }

    /// Waits until it answers.
    pub fn until_up(&mut self) {
        until(&format!("{} answers", self.program.name), DEADLINE, || {
            self.program.assert_runs();
            self.try_call("GET", "/connectors", None).is_ok_and(|(status, _)| status == 200)
        });
    }

    /// Starts it again with the connectors that it had, and waits until it answers.
    pub fn start(&mut self) {
        self.launch();
        self.until_up();
    }

    /// Makes the three connectors, or gives them their settings back, and waits until they run.
    pub fn configure(&self) {
        self.put(HEARTBEAT, &self.heartbeat());
        self.put(SOURCE, &self.source());
        self.put(CHECKPOINT, &self.checkpoint());
        self.until_running();
    }

    /// Waits until each connector runs, and the tasks of two of them: one that translates offsets
    /// has no task until there is a group.
    pub fn until_running(&self) {
        until("the connectors run", DEADLINE, || {
            let states = |name| self.states(name);
            let run = |states: &[String]| states.iter().all(|state| state == "RUNNING");
            let (source, heartbeat) = (states(SOURCE), states(HEARTBEAT));
            run(&source)
                && run(&heartbeat)
                && run(&states(CHECKPOINT))
                && source.len() > 1
                && heartbeat.len() > 1
        });
    }

    /// The state of a connector and then of each of its tasks; `GONE` where there is none.
    pub fn states(&self, name: &str) -> Vec<String> {
        let Ok((200, told)) = self.try_call("GET", &format!("/connectors/{name}/status"), None)
        else {
            return vec!["GONE".to_owned()];
        };
        let state = |of: &Value| of["state"].as_str().unwrap_or("NONE").to_owned();
        let tasks = told["tasks"].as_array().into_iter().flatten().map(state);
        std::iter::once(state(&told["connector"])).chain(tasks).collect()
    }

    /// The state of a connector alone.
    pub fn state(&self, name: &str) -> String {
        self.states(name).swap_remove(0)
    }

    /// Pauses a connector, and waits until it and its tasks are.
    pub fn pause(&self, name: &str) {
        self.tell("PUT", &format!("/connectors/{name}/pause"));
        self.until_all(name, "PAUSED");
    }

    /// Lets a connector go on, and waits until it and its tasks do.
    pub fn resume(&self, name: &str) {
        self.tell("PUT", &format!("/connectors/{name}/resume"));
        self.until_all(name, "RUNNING");
    }

    /// Lets all connectors go on that are paused or stopped; those that are gone are none.
    pub fn resume_all(&self) {
        for name in [SOURCE, CHECKPOINT, HEARTBEAT] {
            if matches!(self.state(name).as_str(), "PAUSED" | "STOPPED") {
                self.tell("PUT", &format!("/connectors/{name}/resume"));
            }
        }
    }

    /// Stops a connector, and waits until it has no task.
    pub fn stop(&self, name: &str) {
        self.tell("PUT", &format!("/connectors/{name}/stop"));
        until(&format!("{name} is stopped"), DEADLINE, || self.states(name) == ["STOPPED"]);
    }

    /// Starts the tasks of a connector again.
    pub fn restart(&self, name: &str) {
        self.tell("POST", &format!("/connectors/{name}/restart?includeTasks=true"));
    }

    /// Lets one task of the source fail, the other goes on: a record in one partition is larger
    /// than it may send. The topic takes it (`max.message.bytes` of at least 2,000,000).
    pub fn poison(&self, from: &Broker, topic: &str, partition: i32) {
        from.produce_large(topic, partition, 1_500_000);
        until("a task has failed", DEADLINE, || self.states(SOURCE).contains(&"FAILED".to_owned()));
    }

    /// Lets the source copy such records, too, and waits until it does.
    pub fn cure(&self) {
        let mut settings = self.source();
        settings["producer.override.max.request.size"] = CURED_BYTES.into();
        self.put(SOURCE, &settings);
        self.until_running();
    }

    /// The last offset that was copied of each partition of a topic, as REST tells it.
    pub fn offsets(&self, topic: &str) -> Vec<(i64, i64)> {
        let (_, told) = self.call("GET", &format!("/connectors/{SOURCE}/offsets"), None);
        let mut found: Vec<(i64, i64)> = told["offsets"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|entry| entry["partition"]["topic"] == topic)
            .map(|entry| {
                let partition = entry["partition"]["partition"].as_i64().unwrap();
                (partition, entry["offset"]["offset"].as_i64().unwrap())
            })
            .collect();
        found.sort_unstable();
        found
    }

    /// Gives a connector settings. A worker that is busy with a change says 409: asked again.
    pub fn put(&self, name: &str, settings: &Value) {
        let path = format!("/connectors/{name}/config");
        let mut last = String::new();
        let taken = super::super::comes_true(DEADLINE, || {
            match self.try_call("PUT", &path, Some(settings)) {
                Ok((200 | 201, _)) => return true,
                Ok((status, told)) => last = format!("{status} {told}"),
                Err(error) => last = error.to_string(),
            }
            false
        });
        assert!(taken, "{name}: {last}");
    }

    /// What it answers; panics where it does not.
    pub fn call(&self, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        self.try_call(method, path, body).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    fn tell(&self, method: &str, path: &str) {
        until(&format!("{method} {path}"), DEADLINE, || {
            let (status, told) = self.call(method, path, None);
            assert!(status < 300 || status == 409, "{path}: {status} {told}");
            status < 300
        });
    }

    fn until_all(&self, name: &str, state: &str) {
        until(&format!("{name} is {state}"), DEADLINE, || {
            let states = self.states(name);
            states.len() > 1 && states.iter().all(|found| found == state)
        });
    }

    fn try_call(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> std::io::Result<(u16, Value)> {
        let body = body.map(Value::to_string).unwrap_or_default();
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        // Of this version of HTTP every answer ends with the connection.
        write!(
            stream,
            "{method} {path} HTTP/1.0\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let status = answer.split(' ').nth(1).and_then(|word| word.parse().ok()).unwrap_or(0);
        let text = answer.split_once("\r\n\r\n").map_or("", |(_, text)| text);
        Ok((status, serde_json::from_str(text).unwrap_or(Value::Null)))
    }

    fn settings(&self) -> std::path::PathBuf {
        self.home.join(format!("{}.properties", self.program.name))
    }

    fn properties(&self) -> String {
        let (address, port, from) = (&self.to.address, self.port, &self.from.alias);
        let bytes = "org.apache.kafka.connect.converters.ByteArrayConverter";
        let storage: String = ["config", "offset", "status"]
            .map(|what| {
                format!(
                    "{what}.storage.topic=mm2-{what}s.{from}.internal\n\
                     {what}.storage.replication.factor=1\n"
                )
            })
            .concat();
        format!(
            "bootstrap.servers={address}\n\
             group.id=mm2-from-{from}\n\
             listeners=http://127.0.0.1:{port}\n\
             rest.advertised.host.name=127.0.0.1\n\
             key.converter={bytes}\n\
             value.converter={bytes}\n\
             {storage}\
             offset.storage.partitions=1\n\
             status.storage.partitions=1\n\
             offset.flush.interval.ms={}\n\
             plugin.discovery=service_load\n\
             scheduled.rebalance.max.delay.ms=0\n",
            self.options.flush.as_millis()
        )
    }

    /// The settings of the connector that copies.
    pub fn source(&self) -> Value {
        let mut settings = self.common("MirrorSourceConnector", &self.options.tasks.to_string());
        settings["topics"] = self.options.topics.as_str().into();
        settings["refresh.topics.interval.seconds"] = seconds(self.options.refresh);
        settings["sync.topic.configs.interval.seconds"] = "30".into();
        settings["sync.topic.acls.enabled"] = "false".into();
        settings["offset.lag.max"] = "100".into();
        settings["source.consumer.isolation.level"] = "read_committed".into();
        settings
    }

    fn checkpoint(&self) -> Value {
        let mut settings = self.common("MirrorCheckpointConnector", "1");
        settings["groups"] = self.options.groups.as_str().into();
        settings["refresh.groups.interval.seconds"] = seconds(self.options.refresh);
        settings["emit.checkpoints.interval.seconds"] = seconds(self.options.refresh);
        settings["sync.group.offsets.enabled"] = "true".into();
        settings["sync.group.offsets.interval.seconds"] = seconds(self.options.refresh);
        settings
    }

    /// Heartbeats come into the source by a connector of the other direction, whose records are
    /// sent there.
    fn heartbeat(&self) -> Value {
        json!({
            "connector.class": "org.apache.kafka.connect.mirror.MirrorHeartbeatConnector",
            "tasks.max": "1",
            "source.cluster.alias": self.to.alias,
            "target.cluster.alias": self.from.alias,
            "source.cluster.bootstrap.servers": self.to.address,
            "target.cluster.bootstrap.servers": self.from.address,
            "producer.override.bootstrap.servers": self.from.address,
            "heartbeats.topic.replication.factor": "1",
            "emit.heartbeats.interval.seconds": "1",
        })
    }

    fn common(&self, class: &str, tasks: &str) -> Value {
        json!({
            "connector.class": format!("org.apache.kafka.connect.mirror.{class}"),
            "tasks.max": tasks,
            "source.cluster.alias": self.from.alias,
            "target.cluster.alias": self.to.alias,
            "source.cluster.bootstrap.servers": self.from.address,
            "target.cluster.bootstrap.servers": self.to.address,
            "replication.factor": "1",
            "offset-syncs.topic.replication.factor": "1",
            "checkpoints.topic.replication.factor": "1",
            "heartbeats.topic.replication.factor": "1",
        })
    }
}

const CONNECT_CLASS: &str = "org.apache.kafka.connect.cli.ConnectDistributed";

/// A time as these settings have it: whole seconds, of which there is one at least.
fn seconds(time: Duration) -> Value {
    time.as_secs().max(1).to_string().into()
}
