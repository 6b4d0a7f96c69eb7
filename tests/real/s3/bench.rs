//! The pair of the `s3` tests as a system of a site, with users who have just the rights of the
//! docs.

use std::time::Duration;

use warroom::domain::settings::{Table, Value};
use warroom::domain::site::SystemSpec;
use warroom::systems::s3::{ACT_POLICY, WATCH_POLICY};

use crate::kind::Rig;
pub use crate::kind::hands::*;
use crate::servers::minio::{Pair, Server};
use crate::servers::objects::Plan;
use crate::stand;

/// The time between two canaries of the tests.
pub const CANARY_EVERY: Duration = Duration::from_secs(1);

impl Rig for Pair {
    fn ports(&self) -> [u16; 2] {
        [self.a.port, self.b.port]
    }

    fn commands_in(asked: &[u8]) -> usize {
        String::from_utf8_lossy(asked).matches(" HTTP/1.1\r\n").count()
    }

    fn system_at(ports: [u16; 2], read: &str, act: &str, settings: Table) -> SystemSpec {
        let urls = ports.map(|port| format!("http://127.0.0.1:{port}"));
        system_of([("src", &urls[0]), ("dst", &urls[1])], read, act, settings)
    }
}

/// Two buckets as a system of a site, each with the URL that it is reached by.
pub fn system_of(
    places: [(&str, &str); 2],
    read: &str,
    act: &str,
    mut settings: Table,
) -> SystemSpec {
    let side = |(bucket, url): (&str, &str)| {
        table(vec![
            ("bucket", text(bucket)),
            ("endpoint", text(url)),
            ("read", text(read)),
            ("act", text(act)),
        ])
    };
    let usual = table(vec![("region", text("us-east-1")), ("canary_every", text("1s"))]);
    let is_new = |name: &str| settings.get(name).is_none();
    let more: Vec<_> =
        usual.entries.into_iter().filter(|(key, _)| is_new(key.name.as_str())).collect();
    settings.entries.extend(more);
    SystemSpec {
        every: Duration::from_secs(2),
        timeout: Duration::from_secs(5),
        settings,
        sides: places.map(|place| Some(side(place))),
        ..stand::system("objects", "s3")
    }
}

/// The pair as a system, watched and acted on with the rights of the docs.
pub fn system(pair: &Pair, settings: Vec<(&str, Value)>) -> SystemSpec {
    for server in [&pair.a, &pair.b] {
        rights(server);
    }
    pair.system("read", "act", table(settings))
}

/// Gives a server's users what the docs say.
pub fn rights(server: &Server) {
    server.give("wr_read", &WATCH_POLICY.replace("BUCKET", server.bucket));
    server.give("wr_act", &ACT_POLICY.replace("BUCKET", server.bucket));
}

/// Twenty objects a second, and the canaries of region A.
pub fn plan() -> Plan {
    let canary = Some((CANARY_EVERY, "dr-canary/a/".to_owned()));
    Plan { every: Duration::from_millis(50), prefix: "data/", canary }
}
