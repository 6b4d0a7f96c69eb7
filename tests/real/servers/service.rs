//! The service of one region: an HTTP server that really reads and writes its local Postgres.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::postgres::Server;
use super::{DEADLINE, Killed, PYTHON, beside, until};

/// A service. `GET /health` writes and reads one row: 200 `{"status":"up"}` or 503 with the reason,
/// which on a standby is `"status":"standby"`. `GET /live` only reads: 200 `{"status":"up"}` on a
/// primary, 200 `{"status":"standby"}` on a standby. Every answer names the region.
pub struct Service {
    /// `127.0.0.1` or another loopback address, so that two regions can share a port.
    pub address: String,
    /// The port.
    pub port: u16,
    process: Killed,
}

impl Service {
    /// Starts it for `region` before `server`, whose table is made where the server can.
    pub fn start(region: &str, address: &str, port: u16, server: &Server) -> Self {
        if server.sql("select pg_is_in_recovery()") == "f" {
            server.sql(Self::TABLE_SQL);
        }
        let process = Command::new(PYTHON)
            .arg(beside("service.py"))
            .args([region, address, &port.to_string(), &server.dsn()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let service = Self { address: address.to_owned(), port, process: Killed(process) };
        until("the service listens", DEADLINE, || {
            TcpStream::connect((service.address.as_str(), port)).is_ok()
        });
        service
    }

    /// The table that `/health` writes to.
    pub const TABLE_SQL: &str = "create table if not exists service_rows
        (number bigserial primary key, region text not null,
         at timestamptz not null default now())";

    /// Status and body of a request.
    pub fn get(&self, path: &str) -> (u16, String) {
        let mut stream = TcpStream::connect((self.address.as_str(), self.port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        write!(stream, "GET {path} HTTP/1.0\r\nHost: {}\r\n\r\n", self.address).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        let body = answer.split_once("\r\n\r\n").unwrap().1.to_owned();
        (status, body)
    }

    /// Ends it: the region has no service any more.
    pub fn kill9(&mut self) {
        self.process.kill();
    }
}
