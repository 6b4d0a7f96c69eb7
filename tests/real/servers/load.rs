//! A constant write load on one server, in its own process, that records what was acknowledged.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::postgres::Server;
use super::{DEADLINE, Killed, PYTHON, beside, until};

/// One write that the server acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Acknowledged {
    /// Its number, from 1 without gaps in the order of the writes.
    pub number: i64,
    /// When the acknowledgement came, milliseconds since 1970.
    pub wall_ms: i64,
}

impl Acknowledged {
    /// Reads a load's log.
    pub fn read(log: &Path) -> Vec<Self> {
        let text = fs::read_to_string(log).unwrap_or_default();
        // The last line may still be being written.
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        whole
            .lines()
            .map(|line| {
                let (number, wall_ms) = line.split_once(' ').unwrap();
                Self { number: number.parse().unwrap(), wall_ms: wall_ms.parse().unwrap() }
            })
            .collect()
    }
}

/// Writes rows one after another to table `load_rows` until it is dropped. While the server does
/// not answer it goes on trying; a row is only recorded once its commit was acknowledged.
pub struct Load {
    process: Killed,
    log: PathBuf,
}

impl Load {
    /// Makes the table and starts writing a row every `every_ms`.
    pub fn start(server: &Server, folder: &Path, every_ms: u32) -> Self {
        Self::start_as(server, &server.dsn(), folder, every_ms)
    }

    /// The same with a connection string of one's own, such as that of an ordinary role.
    pub fn start_as(server: &Server, dsn: &str, folder: &Path, every_ms: u32) -> Self {
        server.sql(
            "create table if not exists load_rows
               (number bigint primary key, at timestamptz not null default clock_timestamp())",
        );
        let log = folder.join("acknowledged");
        let process = Command::new(PYTHON)
            .arg(beside("load.py"))
            .args([dsn, log.to_str().unwrap(), &every_ms.to_string()])
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let load = Self { process: Killed(process), log };
        until("the load writes", DEADLINE, || !load.acknowledged().is_empty());
        load
    }

    /// What was acknowledged up to now.
    pub fn acknowledged(&self) -> Vec<Acknowledged> {
        Acknowledged::read(&self.log)
    }

    /// Waits for `more` further acknowledgements.
    pub fn until_more(&self, more: usize) {
        let before = self.acknowledged().len();
        until("the load goes on", DEADLINE, || self.acknowledged().len() >= before + more);
    }

    /// Ends the load.
    pub fn stop(&mut self) {
        self.process.kill();
    }

    /// The acknowledged commits that `server` does not have: what was lost.
    pub fn missing_in(&self, server: &Server) -> Vec<Acknowledged> {
        // Asked first: what is acknowledged later may be there or not.
        let mut all = self.acknowledged();
        let there: std::collections::BTreeSet<i64> = server
            .sql("select number from load_rows order by number")
            .lines()
            .map(|line| line.parse().unwrap())
            .collect();
        all.retain(|row| !there.contains(&row.number));
        all
    }
}
