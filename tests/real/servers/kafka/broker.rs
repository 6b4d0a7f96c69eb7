//! One cluster of a single broker, which is its own controller, with every way in that there is.

use std::fs;
use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};

use super::super::postgres::{ACT_PASSWORD, BEAT_PASSWORD, PLAIN_PASSWORD, READ_PASSWORD};
use super::super::program::Program;
use super::super::{DEADLINE, free_port, until};
use super::client::TIMEOUT;
use super::jvm;

/// Users, beside the rigs that come in plainly and may do everything: each with its password, for
/// PLAIN and SCRAM-SHA-256 alike. None has a right until a test allows it.
pub const USERS: [(&str, &str); 4] = [
    ("wr_read", READ_PASSWORD),
    ("wr_act", ACT_PASSWORD),
    ("wr_plain", PLAIN_PASSWORD),
    ("wr_beat", BEAT_PASSWORD),
];

/// A way in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// Without a password, as one who may do everything.
    Plain,
    /// With a name: PLAIN, SCRAM-SHA-256, OAUTHBEARER with tokens that nobody signed.
    Sasl,
    /// Encrypted, and without a name: such a client may do everything, too.
    Tls,
    /// Encrypted, with a name.
    SaslTls,
}

/// One cluster. Dropping it kills it.
pub struct Broker {
    /// The program.
    pub program: Program,
    /// The authority of its certificate, which is for 127.0.0.1.
    pub ca: PathBuf,
    ports: [u16; 4],
    controller: u16,
    home: PathBuf,
}

impl Broker {
    /// One whose storage is not formatted yet.
    pub fn new(home: &Path, name: &str) -> Self {
        let broker = Self {
            program: Program::new(home, name),
            ca: home.join(format!("{name}-ca.pem")),
            ports: std::array::from_fn(|_| free_port("127.0.0.1")),
            controller: free_port("127.0.0.1"),
            home: home.to_owned(),
        };
        broker.write_certificate();
        fs::write(broker.settings(), broker.properties()).unwrap();
        broker
    }

    /// The port of a way in, on 127.0.0.1.
    pub fn port(&self, door: Door) -> u16 {
        self.ports[door as usize]
    }

    /// `127.0.0.1:<port>` of the way in of the rigs.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port(Door::Plain))
    }

    /// Settings of a client of the rigs.
    pub fn client(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", self.address());
        config.set_log_level(rdkafka::config::RDKafkaLogLevel::Emerg);
        config
    }

    /// Makes its storage, with a new cluster and the users in it; to be called while it is dead.
    pub fn format(&self) {
        let data = self.home.join(format!("{}.data", self.program.name));
        if data.exists() {
            fs::remove_dir_all(&data).unwrap();
        }
        let mut command = jvm::command(&self.home, 128, "kafka.tools.StorageTool");
        command.args(["format", "-t", &cluster_id(&self.program.name), "-c"]).arg(self.settings());
        for (user, password) in USERS {
            let credential = format!("SCRAM-SHA-256=[name={user},password={password}]");
            command.args(["--add-scram", &credential]);
        }
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(output.status.success(), "{}: {said}", self.program.name);
    }

    /// Starts its process; see [`Self::until_up`].
    pub fn launch(&mut self) {
        let mut command = jvm::command(&self.home, 256, "kafka.Kafka");
        command.arg(self.settings());
        self.program.start(command);
    }

    /// Waits until it answers.
    pub fn until_up(&mut self) {
        let consumer: BaseConsumer = self.client().create().unwrap();
        until(&format!("broker {} answers", self.program.name), DEADLINE, || {
            self.program.assert_runs();
            consumer.fetch_metadata(None, TIMEOUT).is_ok_and(|met| !met.brokers().is_empty())
        });
    }

    /// Starts it, or starts it again, and waits until it answers.
    pub fn start(&mut self) {
        self.launch();
        self.until_up();
    }

    fn settings(&self) -> PathBuf {
        self.home.join(format!("{}.properties", self.program.name))
    }

    fn write_certificate(&self) {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, format!("ca-{}", self.program.name));
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        fs::write(&self.ca, authority.pem()).unwrap();
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, self.program.name.as_str());
        let certificate = params.signed_by(&key, &authority).unwrap();
        fs::write(self.key_store(), key.serialize_pem() + &certificate.pem()).unwrap();
    }

    fn key_store(&self) -> PathBuf {
        self.home.join(format!("{}-server.pem", self.program.name))
    }

    fn properties(&self) -> String {
        let [plain, sasl, tls, sasl_tls] = self.ports;
        let controller = self.controller;
        let doors = format!(
            "PLAIN://127.0.0.1:{plain},SASL://127.0.0.1:{sasl},\
             TLS://127.0.0.1:{tls},SASLTLS://127.0.0.1:{sasl_tls}"
        );
        let passwords =
            USERS.map(|(user, password)| format!(" user_{user}=\"{password}\"")).concat();
        let security = "org.apache.kafka.common.security";
        let mechanisms: String = ["sasl", "sasltls"]
            .map(|door| {
                let door = format!("listener.name.{door}");
                format!(
                    "{door}.sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,OAUTHBEARER\n\
                     {door}.plain.sasl.jaas.config={security}.plain.PlainLoginModule \
                     required{passwords};\n\
                     {door}.scram-sha-256.sasl.jaas.config={security}.scram.ScramLoginModule \
                     required;\n\
                     {door}.oauthbearer.sasl.jaas.config=\
                     {security}.oauthbearer.OAuthBearerLoginModule required;\n"
                )
            })
            .concat();
        let home = self.home.display();
        let (name, keys) = (&self.program.name, self.key_store());
        let keys = keys.display();
        format!(
            "process.roles=broker,controller\n\
             node.id=1\n\
             controller.quorum.voters=1@127.0.0.1:{controller}\n\
             listeners={doors},CONTROLLER://127.0.0.1:{controller}\n\
             advertised.listeners={doors}\n\
             controller.listener.names=CONTROLLER\n\
             inter.broker.listener.name=PLAIN\n\
             listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAIN:PLAINTEXT,\
             SASL:SASL_PLAINTEXT,TLS:SSL,SASLTLS:SASL_SSL\n\
             authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer\n\
             super.users=User:ANONYMOUS\n\
             ssl.keystore.type=PEM\n\
             ssl.keystore.location={keys}\n\
             {mechanisms}\
             log.dirs={home}/{name}.data\n\
             {BOUNDED}"
        )
    }
}

/// One broker alone, and little of everything.
const BOUNDED: &str = "auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
group.initial.rebalance.delay.ms=0
log.retention.check.interval.ms=2000
log.segment.delete.delay.ms=1000
log.cleaner.dedupe.buffer.size=10485760
log.cleaner.threads=1
num.network.threads=2
num.io.threads=2
";

/// 16 bytes in 22 letters, which no other cluster has.
fn cluster_id(name: &str) -> String {
    let since = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
    let side = name.chars().next().unwrap();
    format!("warroom{side}{:013x}A", since.as_nanos() & 0x000f_ffff_ffff_ffff)
}
