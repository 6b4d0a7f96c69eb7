//! Two Kafka clusters with `MirrorMaker` 2 as a process of its own: no REST interface tells of it.

use std::fs;

use tempfile::TempDir;

use super::super::janitor::Janitor;
use super::super::program::Program;
use super::broker::Broker;
use super::{jvm, launch_clusters};

const CLASS: &str = "org.apache.kafka.connect.mirror.MirrorMaker";

/// Both clusters and the process that copies from A to B. Dropping it kills them.
pub struct Mirrored {
    /// The cluster that is copied from.
    pub a: Broker,
    /// The cluster that is copied to.
    pub b: Broker,
    /// What copies, and writes heartbeats to A.
    pub mirror: Program,
    // Both after what lives in the folder.
    _janitor: Janitor,
    home: TempDir,
}

impl Mirrored {
    /// Starts all; the topics are a pattern. What copies needs some seconds more until it does.
    pub fn start(topics: &str) -> Self {
        let (home, janitor, [mut a, mut b]) = launch_clusters();
        a.until_up();
        b.until_up();
        let mirror = Program::new(home.path(), "mirror");
        let mut pair = Self { a, b, mirror, _janitor: janitor, home };
        let path = pair.home.path().join("mirror.properties");
        fs::write(path, pair.properties(topics)).unwrap();
        pair.launch();
        pair
    }

    /// Starts what copies once more.
    pub fn launch(&mut self) {
        let mut command = jvm::command(self.home.path(), 512, CLASS);
        command.arg(self.home.path().join("mirror.properties"));
        self.mirror.start(command);
    }

    fn properties(&self, topics: &str) -> String {
        // A process that was killed is waited for no longer than its session lasts.
        let of_each: String = [("A", &self.a), ("B", &self.b)]
            .map(|(alias, broker)| {
                format!(
                    "{alias}.bootstrap.servers={}\n\
                     {alias}.consumer.isolation.level=read_committed\n\
                     {alias}.offset.flush.interval.ms=1000\n\
                     {alias}.session.timeout.ms=6000\n\
                     {alias}.heartbeat.interval.ms=2000\n\
                     {alias}.scheduled.rebalance.max.delay.ms=0\n\
                     {alias}.plugin.discovery=service_load\n",
                    broker.address()
                )
            })
            .concat();
        let copies: String = [
            "checkpoints.topic.",
            "heartbeats.topic.",
            "offset-syncs.topic.",
            "offset.storage.",
            "status.storage.",
            "config.storage.",
            "",
        ]
        .map(|what| format!("{what}replication.factor=1\n"))
        .concat();
        format!(
            "clusters=A,B\n\
             {of_each}\
             A->B.enabled=true\n\
             A->B.topics={topics}\n\
             B->A.enabled=false\n\
             {copies}\
             offset.storage.partitions=1\n\
             status.storage.partitions=1\n\
             tasks.max=2\n\
             plugin.discovery=service_load\n\
             emit.heartbeats.interval.seconds=1\n\
             emit.checkpoints.enabled=false\n\
             refresh.topics.interval.seconds=5\n\
             sync.topic.acls.enabled=false\n"
        )
    }
}
