//! Every fact of a reading by name, and what each means.

use super::diverged::split;
use super::judge::{View, hidden, sender_words};
use super::schema::Schema;
use super::state::{Beat, NEEDS_MONITOR, Receiver, SideState};
use crate::domain::catalogue::{FactSpec, fact};
use crate::domain::link::Link;
use crate::domain::reading::{Fact, FactValue, Writes};
use crate::domain::text::Clean;

/// The facts of a reading, for gates and docs.
pub(super) const FACTS: &[FactSpec] = &[
    fact("in_recovery", "yes on a standby, no on a primary; the only source of the role"),
    fact("timeline", "number of the timeline; grows by one at every promotion"),
    fact("system_identifier", "the cluster's identity, equal on a primary and its replicas"),
    fact("server_version", "the server's version"),
    fact("server_address", "address and port as the server itself tells them"),
    fact("wal_receiver", "standby: `streaming`, `stopped`, another state, or `none`"),
    fact("link_up", "standby: yes while its own receiver streams and is not silent for too long"),
    fact("link_silent_for", "standby: seconds since the other side was last heard"),
    fact("sender", "primary: state of its replicas, such as `streaming async`, or `none`"),
    fact("replay_paused", "standby: yes while replay is paused"),
    fact("receive_lsn", "log position received"),
    fact("replay_lsn", "log position replayed"),
    fact("current_lsn", "primary: log position written"),
    fact("replay_gap", "standby: bytes of the primary's log that are not replayed yet"),
    fact("receive_gap", "standby: bytes of the primary's log that have not arrived yet"),
    fact("last_replayed", "age of the last replayed transaction; grows on an idle primary"),
    fact(
        "last_replayed_unix_ms",
        "commit time of the last replayed transaction, ms since 1970; kept after a promotion",
    ),
    fact("heartbeat_age", "age of the heartbeat row, by this side's clock"),
    fact("slots_retained", "bytes of log kept back for replicas"),
    fact("slot_lost", "yes when a replica's slot was lost: it must be rebuilt"),
    fact("archive_age", "age of the newest archived segment"),
    fact(
        "writable",
        "yes when a session could write, new or old; no when proven that none can, or when every \
         commit waits for a replica that is not there",
    ),
    fact("connections", "open connections"),
    fact("connections_free", "share of `max_connections` that is free, 0 to 1"),
    fact("synchronous_standby_names", "standbys that commits wait for"),
    fact("diverged", "yes when the two sides' histories have split"),
    fact("clock_unix_ms", "this server's clock, ms since 1970"),
    fact("clock_skew", "seconds between the two servers' clocks, give or take the answer time"),
    fact("schema_fingerprint", "md5 over columns, indexes and constraints; renewed once a minute"),
    fact("invalid_indexes", "indexes that no query may use; renewed once a minute"),
    fact("tables_missing", "how many of `schema_tables` do not exist; renewed once a minute"),
];

/// The facts of one side.
pub(super) fn facts(view: &View<'_>) -> Vec<Fact> {
    let own = view.own;
    let mut facts = Facts(Vec::with_capacity(FACTS.len()));
    facts.add("in_recovery", FactValue::Boolean(own.in_recovery));
    facts.add("timeline", FactValue::Number(f64::from(own.timeline)));
    facts.add("system_identifier", FactValue::text(own.system.to_string()));
    facts.add("server_version", FactValue::text(own.version.clone()));
    let address = own.address.as_deref().map(FactValue::text);
    facts.add(
        "server_address",
        address.unwrap_or_else(|| FactValue::unknown("a local socket has none")),
    );
    if own.in_recovery {
        facts.of_standby(own, view.link().as_ref());
        facts.add("replay_gap", gap(view, own.replay_lsn));
        facts.add("receive_gap", gap(view, own.held_lsn()));
    } else {
        facts.of_primary(own);
    }
    facts.of_replay(own);
    facts.of_keeping(own);
    facts.add("writable", writable(own));
    facts.of_connections(own);
    facts.add("diverged", split(view).fact());
    facts.add("clock_unix_ms", FactValue::Number((own.clock_s * 1000.0).ceil()));
    let skew = view.other.map(|other| (own.clock_s - other.clock_s).abs());
    facts.add("clock_skew", seconds(skew, "the other side was not read"));
    facts.of_schema(view.schema);
    facts.0
}

struct Facts(Vec<Fact>);

impl Facts {
    fn add(&mut self, name: &str, value: FactValue) {
        self.0.push(Fact { name: name.to_owned(), value });
    }

    fn of_standby(&mut self, own: &SideState, link: Option<&Link>) {
        let (state, silent_s) = match &own.receiver {
            Receiver::None => (FactValue::text("none"), None),
            Receiver::Hidden => (FactValue::unknown(NEEDS_MONITOR), None),
            Receiver::Seen { status, silent_s, .. } => {
                (FactValue::text(status.as_str()), *silent_s)
            }
        };
        self.add("wal_receiver", state);
        self.add("link_up", link.map_or_else(|| FactValue::unknown("it has none"), Link::up));
        self.add("link_silent_for", seconds(silent_s, "there is no link to listen to"));
        self.add("replay_paused", FactValue::Boolean(own.replay_paused));
    }

    fn of_primary(&mut self, own: &SideState) {
        let sender = if own.senders.is_empty() {
            FactValue::text("none")
        } else if hidden(own) {
            FactValue::unknown(NEEDS_MONITOR)
        } else {
            FactValue::text(sender_words(own))
        };
        self.add("sender", sender);
        self.add("current_lsn", position(own.current_lsn, "not told"));
        self.add("synchronous_standby_names", FactValue::Text(own.sync_names.clone()));
    }

    fn of_replay(&mut self, own: &SideState) {
        const NEVER: &str = "no transaction was ever replayed";
        self.add("receive_lsn", position(own.receive_lsn, "nothing was ever received"));
        self.add("replay_lsn", position(own.replay_lsn, "nothing was ever replayed"));
        let replayed = own.replayed_at_s;
        self.add("last_replayed", seconds(replayed.map(|at_s| own.clock_s - at_s), NEVER));
        let unix_ms = replayed.map(|at_s| (at_s * 1000.0).floor());
        self.add("last_replayed_unix_ms", number(unix_ms, NEVER));
        match &own.beat {
            Beat::NotAsked => {}
            Beat::Unreadable(why) => self.add("heartbeat_age", FactValue::Unknown(why.clone())),
            Beat::At(at_s) => self.add("heartbeat_age", seconds(Some(own.clock_s - at_s), "")),
        }
    }

    /// Slots and the archive.
    fn of_keeping(&mut self, own: &SideState) {
        self.add("slots_retained", FactValue::Number(own.slots_retained.unwrap_or(0.0)));
        self.add("slot_lost", FactValue::Boolean(own.slots_lost > 0));
        let age = own.archive_age_s.map_or_else(FactValue::unknown, FactValue::Seconds);
        self.add("archive_age", age);
    }

    fn of_connections(&mut self, own: &SideState) {
        self.add("connections", number(own.connections, "not told"));
        let free = own.connections.zip(own.connections_max).filter(|(_, most)| *most > 0.0);
        let share = free.map(|(open, most)| FactValue::Share((1.0 - open / most).clamp(0.0, 1.0)));
        self.add("connections_free", share.unwrap_or_else(|| FactValue::unknown("not told")));
    }

    fn of_schema(&mut self, schema: Result<&Schema, &Clean>) {
        match schema {
            Ok(schema) => {
                let fingerprint = FactValue::text(schema.fingerprint.as_str());
                self.add("schema_fingerprint", fingerprint);
                #[expect(clippy::cast_precision_loss, reason = "counts are small")]
                let counts = (schema.invalid_indexes as f64, schema.missing.len() as f64);
                self.add("invalid_indexes", FactValue::Number(counts.0));
                self.add("tables_missing", FactValue::Number(counts.1));
            }
            Err(why) => {
                for name in ["schema_fingerprint", "invalid_indexes", "tables_missing"] {
                    self.add(name, FactValue::Unknown(why.clone()));
                }
            }
        }
    }
}

fn seconds(value: Option<f64>, why: &str) -> FactValue {
    value.map_or_else(|| FactValue::unknown(why), |seconds| FactValue::Seconds(seconds.max(0.0)))
}

fn number(value: Option<f64>, why: &str) -> FactValue {
    value.map_or_else(|| FactValue::unknown(why), FactValue::Number)
}

fn position(lsn: Option<u64>, why: &str) -> FactValue {
    lsn.map_or_else(|| FactValue::unknown(why), |lsn| FactValue::text(lsn_text(lsn)))
}

fn writable(own: &SideState) -> FactValue {
    match own.writes() {
        Writes::Open if own.hindered().is_some() => FactValue::Boolean(false),
        Writes::Open => FactValue::Boolean(true),
        Writes::Refused => FactValue::Boolean(false),
        Writes::Unknown => FactValue::unknown(own.writers.why_open().unwrap_or_default()),
    }
}

/// How far the primary's log goes beyond a position.
fn gap(view: &View<'_>, until: Option<u64>) -> FactValue {
    let primary = view.other.filter(|other| !other.in_recovery && other.system == view.own.system);
    let current = primary.and_then(|primary| primary.current_lsn);
    match (current, until) {
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52 bytes apart")]
        (Some(current), Some(until)) => FactValue::Number(current.saturating_sub(until) as f64),
        (None, _) | (_, None) => FactValue::unknown("the source side was not read"),
    }
}

/// A log position as the server writes it: two hex numbers of 32 bits.
fn lsn_text(lsn: u64) -> String {
    format!("{:X}/{:X}", lsn >> 32, lsn & 0xFFFF_FFFF)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_written_as_the_server_does() {
        assert_eq!(lsn_text(0x1_0030_2958), "1/302958");
    }
}
