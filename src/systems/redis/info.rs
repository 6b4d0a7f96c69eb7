//! The answer of `INFO`, line by line.

use std::collections::BTreeMap;

/// One replica as its primary lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Follower {
    /// The address as the primary sees it.
    pub(super) host: String,
    /// The port it is reached at.
    pub(super) port: u16,
    /// `online`, or a state of a synchronization.
    pub(super) state: String,
    /// Seconds since it was last heard; a replica says something every second.
    pub(super) silent_s: Option<u64>,
}

/// Values by name.
pub(super) struct Info<'a>(BTreeMap<&'a str, &'a str>);

impl<'a> Info<'a> {
    /// Reads lines of `name:value`; other lines are headings.
    pub(super) fn parse(text: &'a str) -> Self {
        Self(text.lines().filter_map(|line| line.trim_end().split_once(':')).collect())
    }

    /// A text.
    pub(super) fn text(&self, name: &str) -> Option<&'a str> {
        self.0.get(name).copied()
    }

    /// A number of any kind.
    pub(super) fn number<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.text(name)?.parse().ok()
    }

    /// A yes or no, written `1` or `0`.
    pub(super) fn yes(&self, name: &str) -> bool {
        self.text(name) == Some("1")
    }

    /// How many keys a database has. One without keys is not listed.
    pub(super) fn keys(&self, database: i64) -> Option<u64> {
        match self.text(&format!("db{database}")) {
            None => Some(0),
            Some(words) => field(words, "keys")?.parse().ok(),
        }
    }

    /// The replicas that the server lists.
    pub(super) fn followers(&self) -> Vec<Follower> {
        let lines = self.0.iter().filter(|(name, _)| {
            name.strip_prefix("slave").is_some_and(|number| number.parse::<u32>().is_ok())
        });
        let follower = |words: &str| {
            Some(Follower {
                host: field(words, "ip")?.to_owned(),
                port: field(words, "port")?.parse().ok()?,
                state: field(words, "state")?.to_owned(),
                silent_s: field(words, "lag").and_then(|lag| lag.parse().ok()),
            })
        };
        lines.filter_map(|(_, words)| follower(words)).collect()
    }
}

/// A field of `a=1,b=2`.
fn field<'a>(words: &'a str, name: &str) -> Option<&'a str> {
    words.split(',').filter_map(|word| word.split_once('=')).find(|(key, _)| *key == name)?.1.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read() {
        let info = Info::parse(
            "# Replication\r\nrole:master\r\nconnected_slaves:1\r\n\
             slave0:ip=10.0.0.2,port=6380,state=online,offset=117,lag=0\r\nslave_x:1\r\n\
             master_host:::1\r\n\r\n# Keyspace\r\ndb0:keys=12,expires=3,avg_ttl=0\r\ndb1:odd\r\n",
        );
        assert_eq!(info.text("role"), Some("master"));
        assert_eq!(info.text("master_host"), Some("::1"));
        assert_eq!(info.number::<u64>("connected_slaves"), Some(1));
        assert_eq!(info.number::<u64>("role"), None);
        let follower = Follower {
            host: "10.0.0.2".to_owned(),
            port: 6380,
            state: "online".to_owned(),
            silent_s: Some(0),
        };
        assert_eq!(info.followers(), [follower]);
        assert_eq!([info.keys(0), info.keys(1), info.keys(2)], [Some(12), None, Some(0)]);
    }
}
