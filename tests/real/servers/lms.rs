//! A learning platform in two regions: the world of the shop, a stream and objects beside it, and
//! the site folder that tells the console of all of them.

use std::time::Duration;

use serde_json::Value;
use warroom::systems::s3::{ACT_POLICY, WATCH_POLICY};

use super::kafka::broker::Door;
use super::kafka::connect::{CHECKPOINT, HEARTBEAT, SOURCE};
use super::kafka::load::{Arrived, Load as Records};
use super::kafka::{self, Options};
use super::minio;
use super::objects::{Load as Objects, Plan};
use super::world::World;
use super::{DEADLINE, until};

/// The topic of A's first days, that of B while it serves, and that of A afterwards.
pub const TOPICS: [&str; 3] = ["orders-first", "orders-second", "orders-third"];

/// Partitions of each.
const PARTITIONS: i32 = 2;

/// Records are written so often.
const RECORDS_PER_S: u32 = 50;

/// Objects are written this often, and a canary with every tenth.
const OBJECT_EVERY: Duration = Duration::from_millis(100);

/// Everything there is. Dropping it ends it.
pub struct Lms {
    /// Rows, keys, services and names, whose loads follow whichever side takes writes.
    pub world: World,
    /// Both clusters and what copies between them, from B to A not yet.
    pub stream: kafka::Pair,
    /// Both stores of objects, copied from A to B; a rule of B leads to A, and is off.
    pub objects: minio::Pair,
}

impl Lms {
    /// Starts all servers and writes the site folder.
    pub fn start() -> Self {
        let (world, stream, objects) = std::thread::scope(|scope| {
            let stream = scope.spawn(start_stream);
            let objects = scope.spawn(start_objects);
            (World::start_followed(), stream.join().unwrap(), objects.join().unwrap())
        });
        let lms = Self { world, stream, objects };
        lms.write_site();
        lms
    }

    /// Writes records to one of [`TOPICS`], in A or in B.
    pub fn write_records(&self, in_a: bool, topic: &str) -> Records {
        let broker = if in_a { &self.stream.a } else { &self.stream.b };
        Records::start(broker, topic, PARTITIONS, RECORDS_PER_S)
    }

    /// Writes objects below a prefix, and the canaries of that side.
    pub fn write_objects(&self, in_a: bool, prefix: &'static str) -> Objects {
        let (server, side) = if in_a { (&self.objects.a, 'a') } else { (&self.objects.b, 'b') };
        let canary = Some((OBJECT_EVERY * 10, format!("dr-canary/{side}/")));
        Objects::start(server.store(), Plan { every: OBJECT_EVERY, prefix, canary })
    }

    /// What is in a topic of A or B; of the other region's by the name of its copy.
    pub fn records(&self, in_a: bool, topic: &str) -> Arrived {
        let broker = if in_a { &self.stream.a } else { &self.stream.b };
        let mut arrived = Arrived::new(broker, topic, PARTITIONS);
        assert!(arrived.read_on(), "{topic} is read");
        arrived
    }

    /// `kill -9` to every process of region A.
    pub fn lose_a(&mut self) {
        self.world.lose_a();
        self.stream.a.program.kill9();
        self.stream.back.as_mut().expect("it was started").program.kill9();
        self.objects.a.program.kill9();
        // What kept objects from B is gone with it.
        self.objects.line.weather(super::proxy::Weather::Clear);
    }

    /// Region A comes back as it was.
    pub fn return_a(&mut self) {
        let back = self.stream.back.as_mut().expect("it was started");
        self.stream.a.launch();
        // It waits for its cluster by itself.
        back.launch();
        self.world.return_a();
        self.objects.a.start();
        self.stream.a.until_up();
        back.until_up();
    }

    /// Copies to A what was written to B while no rule led there, as the store itself does it.
    pub fn resync_objects_to_a(&self) {
        let rule = only_rule(&self.objects.b, "b/dst");
        let arn = rule["Destination"]["Bucket"].as_str().expect("it leads somewhere");
        self.objects.b.admin(&["replicate", "resync", "start", "b/dst", "--remote-bucket", arn]);
    }

    fn write_site(&self) {
        let connect = self.stream.back.as_ref().expect("it was started").port;
        let fill = |text: &str| {
            [
                ("@stream-a@", self.stream.a.port(Door::Sasl)),
                ("@stream-b@", self.stream.b.port(Door::Sasl)),
                ("@connect-a@", connect),
                ("@connect-b@", self.stream.connect.port),
                ("@objects-a@", self.objects.a.port),
                ("@objects-b@", self.objects.b.port),
            ]
            .iter()
            .fold(text.to_owned(), |text, (key, port)| text.replace(key, &port.to_string()))
        };
        let site = [include_str!("../site/site.toml"), include_str!("../site/lms.toml")].concat();
        self.world.write("site.toml", &fill(&site), 0o644);
        std::fs::remove_file(self.world.site().join("runbooks/planned.toml")).unwrap();
        let failover = include_str!("../site/lms-failover.toml");
        let failback = include_str!("../site/lms-failback.toml");
        for (name, text) in [("failover", failover), ("failback", failback)] {
            self.world.write(&format!("runbooks/{name}.toml"), text, 0o644);
        }
    }
}

/// The one rule of a bucket, as its administrator is told it.
fn only_rule(server: &minio::Server, bucket: &str) -> Value {
    let told = server.admin(&["replicate", "ls", bucket]);
    let told: Value = serde_json::from_str(&told).unwrap_or_else(|why| panic!("{why}: {told}"));
    told["rule"].clone()
}

fn start_stream() -> kafka::Pair {
    let (flush, refresh) = (Duration::from_secs(1), Duration::from_secs(2));
    let mut pair = kafka::Pair::start(&Options { tasks: 1, flush, refresh, ..Options::default() });
    let [first, second, third] = TOPICS;
    for (broker, topics) in [(&pair.a, [first, third].as_slice()), (&pair.b, &[second])] {
        for topic in topics {
            broker.create_topic(topic, PARTITIONS, &[]);
        }
        broker.create_topic("warroom-probe", 1, &[]);
    }
    pair.a.grant();
    pair.b.grant();
    let back = pair.start_back();
    for connector in [SOURCE, CHECKPOINT, HEARTBEAT] {
        back.stop(connector);
    }
    let there = |name: &str| pair.b.ends(name).is_some();
    until("A's topics are in B", DEADLINE, || {
        [first, third].iter().all(|topic| there(&kafka::Pair::remote(topic)))
    });
    pair
}

fn start_objects() -> minio::Pair {
    let pair = minio::Pair::start();
    for server in [&pair.a, &pair.b] {
        server.give("wr_read", &WATCH_POLICY.replace("BUCKET", server.bucket));
        server.give("wr_act", &ACT_POLICY.replace("BUCKET", server.bucket));
    }
    pair.b.replicate_to(&pair.a);
    let rule = only_rule(&pair.b, "b/dst");
    let id = rule["ID"].as_str().expect("it has a name");
    pair.b.admin(&["replicate", "update", "b/dst", "--id", id, "--state", "disable"]);
    pair
}
