//! Two doubles of AWS on loopback: moto, which is strict with requests, and `MiniStack`,
//! which copies objects from bucket to bucket.
//!
//! What they prove of databases and caches, call by call, and what they cannot. Neither looks at
//! rights or signatures: that a policy is enough, and a wrong one told, is proven by neither.
//!
//! | call | of | proven | not proven |
//! |---|---|---|---|
//! | `DescribeDBInstances` | moto | what is asked, every field | how late it tells |
//! | `PromoteReadReplica` | moto, mended | one order, states in between | minutes, whole rows |
//! | `ModifyDBInstance`: new name | moto, mended | one name goes, the other comes | reboot, DNS |
//! | `CreateDBInstanceReadReplica` | moto, mended | one order, what is refused | keys, hours |
//! | `DescribeDBSnapshots`, `..Backups` | moto | what is asked and read | what can be restored |
//! | `DescribeDBClusters`, `..Global..` | `MiniStack` | who is the writer | states of a move |
//! | `SwitchoverGlobalCluster` | `MiniStack` | one order, the writer moves | that nothing is lost |
//! | `FailoverGlobalCluster` | `MiniStack` | one order, the writer moves | time, what is lost |
//! | `RemoveFromGlobalCluster` | `MiniStack` | one order, it stands alone | new addresses |
//! | `DescribeReplicationGroups` | moto | what is asked and read | how late it tells |
//! | `..GlobalReplicationGroup`, three | our own | parameters, roles | states, time |
//! | `GetMetricData`, `ListMetrics` | moto, CBOR | newest point, none is none | dimensions |
//! | `GetCallerIdentity` | both | another account is refused | who may do what |
//! | any, refused | `FaultProxy` | each code's sentence, what follows | that Amazon words it so |
//!
//! Mended and our own: `aws.py`, from Amazon's model and the words of its documentation.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Command, Stdio};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_cloudwatch::types::{Dimension, MetricDatum};
use aws_smithy_types::DateTime;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::objects::{Access, Bucket, now_ms};
use super::peers::AWS;
use super::{DEADLINE, Killed, beside, folder, free_port, until};

/// The account that a double answers for, whoever asks it.
pub const ACCOUNT: &str = "123456789012";

/// Which of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Double {
    /// Strict with requests; copies nothing.
    Moto,
    /// Copies objects; less strict.
    MiniStack,
}

/// A double that runs. Dropping it kills it.
pub struct Cloud {
    /// The port on 127.0.0.1, for every service and region.
    pub port: u16,
    // Killed before its folder goes.
    _process: Killed,
    _home: TempDir,
}

impl Cloud {
    /// Starts it, empty, and waits until it answers.
    pub fn start(which: Double) -> Self {
        let (home, port) = (folder(), free_port("127.0.0.1"));
        let log = std::fs::File::create(home.path().join("log")).unwrap();
        let python = |name: &str| Command::new(AWS.home().join(name).join("bin/python"));
        let mut command = match which {
            Double::Moto => {
                let mut command = python("moto");
                command.arg(beside("aws.py")).arg(port.to_string());
                command
            }
            Double::MiniStack => {
                let mut command = python("ministack");
                command.args(["-m", "ministack.app"]);
                command
            }
        };
        command
            .current_dir(home.path())
            .env("HOME", home.path())
            .env("TMPDIR", home.path())
            .envs([("BIND_HOST", "127.0.0.1"), ("GATEWAY_PORT", &port.to_string())])
            .envs([("MINISTACK_ACCOUNT_ID", ACCOUNT), ("MOTO_ACCOUNT_ID", ACCOUNT)])
            .env("S3_DATA_DIR", home.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log);
        let mut process = Killed(command.spawn().unwrap());
        until(&format!("{which:?} answers"), DEADLINE, || {
            let ended = process.0.try_wait().unwrap();
            let log = || std::fs::read_to_string(home.path().join("log")).unwrap_or_default();
            assert!(ended.is_none(), "{which:?} ended: {}", log());
            TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        Self { port, _process: process, _home: home }
    }

    /// Where it is, for clients.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What clients of a region are made from, as somebody who may do everything.
    pub fn config(&self, region: &str) -> SdkConfig {
        let credentials = Credentials::new("rig-admin", "rig", None, None, "rig");
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(region.to_owned()))
            .endpoint_url(self.url())
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .build()
    }

    /// `CloudWatch` of a region tells a value of so long ago.
    pub fn measure(
        &self,
        (region, namespace, name): (&str, &str, &str),
        of: &[(&str, &str)],
        (value, ago_s): (f64, i64),
    ) {
        let of =
            of.iter().map(|(name, value)| Dimension::builder().name(*name).value(*value).build());
        let datum = MetricDatum::builder()
            .metric_name(name)
            .timestamp(DateTime::from_millis(now_ms() - ago_s * 1000))
            .value(value)
            .set_dimensions(Some(of.collect()))
            .build();
        let client = aws_sdk_cloudwatch::Client::new(&self.config(region));
        let put = client.put_metric_data().namespace(namespace).metric_data(datum).send();
        Runtime::new().unwrap().block_on(put).unwrap();
    }

    /// Tells moto what Amazon has no call for, at `/rig/...`; its answer.
    pub fn tell(&self, path: &str, body: &serde_json::Value) -> serde_json::Value {
        let body = body.to_string();
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let head = format!("POST {path} HTTP/1.0\r\nHost: rig\r\nContent-Length");
        write!(stream, "{head}: {}\r\n\r\n{body}", body.len()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (_, told) = answer.split_once("\r\n\r\n").unwrap();
        serde_json::from_str(told).unwrap_or_else(|_| panic!("{answer}"))
    }

    /// A bucket of a region, as somebody who may do everything.
    pub fn bucket(&self, region: &str, name: &str) -> Bucket {
        let access = Access { url: &self.url(), region, user: "rig-admin", secret: "rig" };
        Bucket::open(&access, name)
    }
}
