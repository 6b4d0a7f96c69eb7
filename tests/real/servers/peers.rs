//! Servers that Debian has no package for: fetched or built once by a script, outside the tree.

use std::path::PathBuf;

/// One of them, made by the script of its name in `tests/real/peers`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// The script's name.
    pub script: &'static str,
    /// The folder that the script makes, named after the version that it is pinned to.
    pub folder: &'static str,
}

/// The two doubles of AWS, each in a Python environment.
pub const AWS: Peer = Peer { script: "aws", folder: "aws-5.2.5-1.5.33" };

/// Brokers, Connect and `MirrorMaker` 2, as jars.
pub const KAFKA: Peer = Peer { script: "kafka", folder: "kafka-3.9.1" };

/// A server of objects and its client, built from source.
pub const MINIO: Peer = Peer { script: "minio", folder: "minio-7aac2a2c5b7c-cf909e1063a9" };

/// Patroni with its clients of etcd and PostgreSQL, as a folder of Python packages.
pub const PATRONI: Peer = Peer { script: "patroni", folder: "patroni-4.1.5" };

/// Debian's Prometheus, unpacked and never installed.
pub const PROMETHEUS: Peer = Peer { script: "prometheus", folder: "prometheus-debian" };

impl Peer {
    /// Where it is, once it was made. A script gives the folder this name when all is in it.
    pub fn home(&self) -> PathBuf {
        all().join(self.folder)
    }

    /// Whether it was made.
    pub fn is_there(&self) -> bool {
        self.home().is_dir()
    }

    /// The command that makes it.
    pub fn made_by(&self) -> String {
        format!("tests/real/peers/{} {}", self.script, all().display())
    }
}

/// Where all of them are: as `tests/run` says, or where it keeps them by itself.
fn all() -> PathBuf {
    let from = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    from("WARROOM_PEERS").map_or_else(
        || {
            let cache = from("XDG_CACHE_HOME").map(PathBuf::from);
            let home = || PathBuf::from(from("HOME").unwrap_or_else(|| "/tmp".into()));
            cache.unwrap_or_else(|| home().join(".cache")).join("warroom/peers")
        },
        PathBuf::from,
    )
}
