//! Where one side of a system is: its address, asked anew each time, and how it is spoken to.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use crate::domain::setting::{Kind, Setting};
use crate::domain::settings::{Fault, Fields};
use crate::domain::text::Clean;
use crate::systems::kit::name;

/// Name, address or folder of a Unix socket.
pub const HOST: Setting<String> = Setting::new(
    "host",
    Kind::Word,
    "Name or address of the side, with `:port` where that is not written beside it",
)
.leads_to_hosts()
.required();

/// The port, where it is not written with the host; each kind has its own default.
pub const PORT: Setting<u16> =
    Setting::new("port", Kind::Integer(1, 65_535), "The port, if not the usual one");

/// The file of the authorities to trust.
pub const CA: Setting<PathBuf> = Setting::new(
    "ca",
    Kind::Path,
    "PEM file with the authorities to trust, instead of the machine's",
);

/// The secret for watching.
pub const READ: Setting<String> =
    Setting::new("read", Kind::Secret, "The secret for watching: user and password");

/// The secret for acting.
pub const ACT: Setting<String> =
    Setting::new("act", Kind::Secret, "The secret for acting; never opened by `watch`");

/// The secret for heartbeats.
pub const BEAT: Setting<String> = Setting::new(
    "beat",
    Kind::Secret,
    "The secret of `warroom beat`, which writes this region's heartbeat and nothing else",
);

/// The address of one side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// A name, an address, or the absolute folder of a Unix socket.
    pub host: String,
    /// The port.
    pub port: u16,
}

impl Endpoint {
    /// Reads `host` and `port`.
    ///
    /// # Errors
    /// When there is no host, or the port is written twice.
    pub fn read(fields: &Fields<'_>, port: &Setting<u16>) -> Result<Self, Fault> {
        let written = split_host(&HOST.get(fields)?);
        let (host, port_of_host) = written.ok_or_else(|| fields.refuse(HOST.spec.name, NO_HOST))?;
        let beside = port.get(fields)?;
        match port_of_host {
            Some(_) if fields.node("port").is_some() => {
                Err(fields.refuse("port", "is written twice"))
            }
            of_host => Ok(Self { host, port: of_host.unwrap_or(beside) }),
        }
    }

    /// Reads the addresses that a setting lists, each once; `port` is that of one without its own.
    ///
    /// # Errors
    /// When there is none, one is no address, or is there twice.
    pub fn list(
        fields: &Fields<'_>,
        setting: &Setting<Vec<String>>,
        port: u16,
    ) -> Result<Option<Vec<Self>>, Fault> {
        let Some(texts) = setting.of(fields)? else { return Ok(None) };
        let refuse = |why: &str| fields.refuse(setting.spec.name, why);
        let mut found: Vec<Self> = Vec::new();
        for text in &texts {
            let one = Self::of(text, port).filter(|one| !found.contains(one));
            let why = || format!("names `{text}` twice, or it is none: it {NO_HOST}");
            found.push(one.ok_or_else(|| refuse(&why()))?);
        }
        if found.is_empty() { Err(refuse("must name at least one")) } else { Ok(Some(found)) }
    }

    /// `pg-a`, `pg-a:5433`; none where that is no address of a network.
    pub fn of(text: &str, port: u16) -> Option<Self> {
        let (host, written) = split_host(text)?;
        let found = Self { host, port: written.unwrap_or(port) };
        (!found.is_folder()).then_some(found)
    }

    /// True for sockets and loopback: the traffic does not leave the machine.
    pub fn is_local(&self) -> bool {
        self.is_folder()
            || self.host == "localhost"
            || self.host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }

    /// True for the folder of a Unix socket.
    pub fn is_folder(&self) -> bool {
        self.host.starts_with('/')
    }

    /// `pg-a:5432`, `[::1]:5432`.
    pub fn place(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    /// The addresses that the host leads to now.
    ///
    /// # Errors
    /// A sentence when it leads nowhere or the resolver does not answer within `limit`.
    pub async fn addresses(&self, limit: Duration) -> Result<Vec<SocketAddr>, Clean> {
        let found = name::addresses(&self.host, limit).await?;
        Ok(found.into_iter().map(|address| SocketAddr::new(address, self.port)).collect())
    }

    /// Whether the host still leads to where a kept connection goes; one over a local socket does.
    pub async fn leads_to(&self, peer: Option<SocketAddr>, limit: Duration) -> name::Leads {
        match peer {
            Some(peer) => name::leads(&self.host, peer, limit).await,
            None => name::Leads::Here,
        }
    }
}

/// What a host must be, where it is none.
pub const NO_HOST: &str = "must be a name or an address, with `:` and a port of 1 to 65535 where \
                           it is written with it (`[2001:db8::1]:5432`)";

/// Splits `pg-a:5433`, `[::1]:5433`; leaves `::1`, `pg-a` and `/run/postgresql` whole. None where
/// what follows the host is no port: it must never be taken for the usual one.
pub fn split_host(text: &str) -> Option<(String, Option<u16>)> {
    let text = text.trim();
    let (host, rest) = match text.strip_prefix('[') {
        Some(inner) => {
            inner.split_once(']').filter(|(address, _)| address.parse::<Ipv6Addr>().is_ok())?
        }
        None if text.starts_with('/') || text.parse::<Ipv6Addr>().is_ok() => (text, ""),
        None => text.split_at(text.find(':').unwrap_or(text.len())),
    };
    let port = match rest.strip_prefix(':') {
        Some(port) => Some(port.parse().ok().filter(|port| *port > 0)?),
        None if rest.is_empty() => None,
        None => return None,
    };
    let odd = |character: char| character.is_whitespace() || character.is_control();
    (!host.is_empty() && !host.contains(odd)).then(|| (host.to_owned(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_split_and_written_again() {
        let check = |text: &str, want: (&str, Option<u16>), place: &str, local: bool| {
            let (host, port) = split_host(text).expect("a host");
            assert_eq!((host.as_str(), port), want, "{text}");
            let endpoint = Endpoint { host, port: port.unwrap_or(9) };
            assert_eq!((endpoint.place().as_str(), endpoint.is_local()), (place, local), "{text}");
        };
        check("pg-a", ("pg-a", None), "pg-a:9", false);
        check("pg-a:5433", ("pg-a", Some(5433)), "pg-a:5433", false);
        check("127.0.0.1:7", ("127.0.0.1", Some(7)), "127.0.0.1:7", true);
        check("::1", ("::1", None), "[::1]:9", true);
        check("[2001:db8::1]:99", ("2001:db8::1", Some(99)), "[2001:db8::1]:99", false);
        check("/run/postgresql", ("/run/postgresql", None), "/run/postgresql:9", true);
        check("localhost", ("localhost", None), "localhost:9", true);
        for wrong in [
            "",
            ":5432",
            "pg-a:",
            "pg-a:0",
            "pg-a:x",
            "pg a",
            "pg-a\u{7}",
            "[::g]:1",
            "[pg-a]:1",
            "pg-a:99999",
            "[::1]:x",
            "[::1",
            "[::1]5",
            "[]",
        ] {
            assert_eq!(split_host(wrong), None, "{wrong}");
        }
    }
}
