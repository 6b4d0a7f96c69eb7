//! Two doubles of AWS on loopback: moto, which is strict with requests, and `MiniStack`,
//! which copies objects from bucket to bucket.

use std::net::TcpStream;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::objects::{Access, Bucket};
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

    /// A bucket of a region, as somebody who may do everything.
    pub fn bucket(&self, region: &str, name: &str) -> Bucket {
        let access = Access { url: &self.url(), region, user: "rig-admin", secret: "rig" };
        Bucket::open(&access, name)
    }
}
