//! What one Redis server tells of itself in one look.

use super::config::Config;
use super::council::Council;
use super::info::{Follower, Info};
use super::link::Session;
use super::members::{Member, identity, writes};
use crate::domain::ids::Side;
use crate::domain::reading::{Held, HeldUnit, Identity, LagUnit, Position, Rival, Role, Writes};
use crate::domain::text::{Clean, head};
use crate::systems::kit::endpoint::Endpoint;
use crate::systems::kit::trouble::{Trouble, TroubleKind};

/// The longest identifier or word that is kept of an answer.
const WORD_CHARS_MAX: usize = 120;

/// A heartbeat key as it stands on one server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Beat {
    /// The site names no such key.
    NotAsked,
    /// The key is not there.
    Missing,
    /// Milliseconds since 1970, by the clock of whoever wrote it.
    At(i64),
    /// It could not be read, or is no such number.
    Unreadable(Clean),
}

impl Beat {
    /// The time, where there is one.
    pub(super) fn at(&self) -> Option<i64> {
        match self {
            Self::At(at) => Some(*at),
            Self::NotAsked | Self::Missing | Self::Unreadable(_) => None,
        }
    }
}

/// Where a replica gets its data from, and how that stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Upstream {
    /// The primary's address, as the replica was told it.
    pub(super) host: String,
    /// Its port.
    pub(super) port: u16,
    /// True while the link is up.
    pub(super) up: bool,
    /// Seconds since the primary was last heard; none when the link is down.
    pub(super) silent_s: Option<u64>,
    /// Seconds that the link has been down.
    pub(super) down_s: Option<u64>,
    /// True while the whole data set is being fetched anew.
    pub(super) syncing: bool,
    /// Bytes of it that have come, and of how many; none of a stream whose length nobody knows.
    pub(super) synced: (u64, Option<u64>),
    /// True as it should be: writes are refused.
    pub(super) read_only: bool,
}

/// What keeps a server from saving or from taking more.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Ills {
    /// The last snapshot to disk failed.
    pub(super) rdb_failed: bool,
    /// The last write to the append-only file failed.
    pub(super) aof_failed: bool,
    /// `maxmemory` is used up and nothing may be evicted.
    pub(super) is_full: bool,
}

/// One server.
#[derive(Debug, Clone, PartialEq)]
pub struct SideState {
    /// The version.
    pub(super) version: String,
    /// Another one after every start.
    pub(super) run_id: String,
    /// Seconds since its start.
    pub(super) uptime_s: f64,
    /// Its clock, milliseconds since 1970.
    pub(super) clock_ms: Option<i64>,
    /// True while it reads its data set from disk.
    pub(super) loading: bool,
    /// The replication history it writes or follows.
    pub(super) replid: String,
    /// The history before that, after a promotion.
    pub(super) replid_before: String,
    /// The first byte that belongs to this history and not to the one before.
    pub(super) split_offset: Option<u64>,
    /// Bytes of its history kept for replicas; none while it does not count what it writes.
    pub(super) backlog: Option<u64>,
    /// Written, on a primary; received and applied, on a replica.
    pub(super) offset: u64,
    /// Where it copies from; none on a primary.
    pub(super) upstream: Option<Upstream>,
    /// Replicas connected to it.
    pub(super) followers: Vec<Follower>,
    /// `no-failover`, or how far a planned failover is.
    pub(super) failover: String,
    /// Keys in the database.
    pub(super) keys: u64,
    /// What it suffers from.
    pub(super) ills: Ills,
    /// Replicas that count for `min-replicas-to-write`; told only where that is set.
    pub(super) good_replicas: Option<u64>,
    /// Keys that were read from a snapshot at the last start or full copy; told since Redis 7.
    /// None where an append-only file brings the rest.
    pub(super) loaded: Option<u64>,
    /// True while an append-only file is written.
    pub(super) append_only: bool,
    /// Its settings.
    pub(super) config: Config,
    /// Open connections.
    pub(super) clients: Option<f64>,
    /// Used part of `maxmemory`, where there is a limit.
    pub(super) memory_used: Option<f64>,
    /// The two regions' heartbeats as they stand here.
    pub(super) beats: [Beat; 2],
    /// The address that it was met at.
    pub(super) at: Option<Endpoint>,
    /// What its sentinels say, where it has some.
    pub(super) council: Option<Council>,
    /// The nodes of its cluster in its region, itself among them; none where it is of no cluster.
    pub(super) members: Vec<Member>,
}

impl SideState {
    /// Which server it is, or which nodes of which cluster.
    pub(super) fn identity(&self) -> Identity {
        match self.members.as_slice() {
            [] => identity_of(&self.run_id, &self.replid),
            members => identity(members),
        }
    }

    /// True where it is proven that it takes no writes by its role.
    pub(super) fn is_closed(&self) -> bool {
        match self.members.as_slice() {
            [] => !self.is_primary(),
            members => writes(members) == Writes::Refused,
        }
    }

    /// Where its history ends; none while it has none of its own, or does not count it.
    pub(super) fn end(&self) -> Option<Position> {
        let known = match &self.upstream {
            None => self.backlog.is_some(),
            Some(upstream) => !upstream.syncing,
        };
        (known && !self.loading).then(|| bytes_of(&self.replid, self.offset))
    }

    /// Where the history before this one ended here: on a promoted server what it had received, on
    /// one that handed over and follows now all that it had written.
    pub(super) fn parted(&self) -> Option<Position> {
        let split = self.split_offset.filter(|_| !self.loading)?;
        Some(bytes_of(&self.replid_before, split.checked_sub(1)?))
    }

    /// The role that it tells.
    pub(super) fn role(&self) -> Role {
        if self.upstream.is_some() { Role::Standby } else { Role::Primary }
    }

    /// True on a primary.
    pub(super) fn is_primary(&self) -> bool {
        self.upstream.is_none()
    }

    /// True while a replica fetches everything anew.
    pub(super) fn is_syncing(&self) -> bool {
        self.upstream.as_ref().is_some_and(|upstream| upstream.syncing)
    }

    /// True while a replica's link is up and it is not fetching everything.
    pub(super) fn follows(&self) -> bool {
        self.upstream.as_ref().is_some_and(|upstream| upstream.up && !upstream.syncing)
    }

    /// False when a restart would bring it back empty; none where that cannot be told.
    pub(super) fn keeps_on_disk(&self) -> Option<bool> {
        if self.append_only { Some(true) } else { self.config.save_points.as_ref().ok().copied() }
    }

    /// True when the last save to disk failed.
    pub(super) fn save_failed(&self) -> bool {
        self.ills.rdb_failed || self.ills.aof_failed
    }

    /// How much it holds. While it loads, copies or is cut off the count says nothing.
    pub(super) fn held(&self) -> Option<Held> {
        let settled = !self.loading && (self.is_primary() || self.follows());
        settled.then_some(Held { count: self.keys, unit: HeldUnit::Keys, loaded: self.loaded })
    }

    /// A primary that sentinels know and that is on neither side.
    pub(super) fn rival(&self, other: Option<&Self>) -> Option<Rival> {
        let rival = self.council.as_ref()?.rivals(self, other).next()?;
        Some(Rival::seen(rival.place.as_str()))
    }

    /// Why a write is refused for now, or would be once it is promoted, in its own settings' words.
    pub(super) fn hindered(&self) -> Option<String> {
        let wanted = self.config.min_replicas;
        // That it counts them tells that at least one is wanted.
        let lacks = self.good_replicas.filter(|good| *good < wanted.unwrap_or(1));
        if let Some(good) = lacks {
            let wanted = wanted.map_or_else(|| "more".to_owned(), |wanted| wanted.to_string());
            return Some(format!(
                "{good} replicas keep up, `min-replicas-to-write` wants {wanted}"
            ));
        }
        let saves = self.config.save_points == Ok(true);
        let stops = saves && self.config.stops_on_failed_save == Some(true);
        let why = if self.ills.aof_failed {
            "its append-only file cannot be written: it"
        } else if self.ills.rdb_failed && stops {
            "its last save failed, `stop-writes-on-bgsave-error`"
        } else if self.ills.is_full {
            "its memory is used up, `maxmemory-policy noeviction`"
        } else {
            return None;
        };
        Some(format!("{why} refuses writes"))
    }

    /// The heartbeat of a region as it stands here.
    pub(super) fn beat(&self, of: Side) -> &Beat {
        &self.beats[of.index()]
    }

    /// From the answer of `INFO`; the rest is filled in by the caller.
    pub(super) fn of_info(info: &Info<'_>, database: i64, place: &str) -> Result<Self, Trouble> {
        let missing = |name: &str| untold(place, name);
        let text = |name: &str| Some(word(info.text(name)?));
        let need = |name: &str| text(name).ok_or_else(|| missing(name));
        let role = need("role")?;
        let upstream = match role.as_str() {
            "master" => None,
            "slave" => Some(upstream(info).ok_or_else(|| missing("master_host"))?),
            _ => return Err(missing("role")),
        };
        let offset = if upstream.is_some() { "slave_repl_offset" } else { "master_repl_offset" };
        let used = info.number::<f64>("used_memory").zip(info.number::<f64>("maxmemory"));
        Ok(Self {
            version: need("redis_version")?,
            run_id: need("run_id")?,
            uptime_s: info.number("uptime_in_seconds").unwrap_or(0.0),
            clock_ms: info.number::<i64>("server_time_usec").map(|usec| usec / 1000),
            loading: info.yes("loading") && !info.yes("async_loading"),
            replid: need("master_replid")?,
            replid_before: text("master_replid2").unwrap_or_default(),
            // -1 where there was no history before.
            split_offset: info.number("second_repl_offset"),
            backlog: info
                .number("repl_backlog_histlen")
                .filter(|_| info.yes("repl_backlog_active")),
            offset: info.number(offset).ok_or_else(|| missing(offset))?,
            upstream,
            followers: info.followers(),
            failover: text("master_failover_state").unwrap_or_else(|| NO_FAILOVER.to_owned()),
            keys: info.keys(database).ok_or_else(|| missing("keys"))?,
            ills: Ills {
                rdb_failed: info.text("rdb_last_bgsave_status") == Some("err"),
                aof_failed: info.text("aof_last_write_status") == Some("err"),
                is_full: is_full(info),
            },
            good_replicas: info.number("min_slaves_good_slaves"),
            loaded: info.number("rdb_last_load_keys_loaded").filter(|_| !info.yes("aof_enabled")),
            append_only: info.yes("aof_enabled"),
            config: Config::default(),
            clients: info.number("connected_clients"),
            memory_used: used.filter(|(_, most)| *most > 0.0).map(|(used, most)| used / most),
            beats: [Beat::NotAsked, Beat::NotAsked],
            at: None,
            council: None,
            members: Vec::new(),
        })
    }
}

/// The state of a primary that no planned failover is under way at.
pub(super) const NO_FAILOVER: &str = "no-failover";

fn upstream(info: &Info<'_>) -> Option<Upstream> {
    Some(Upstream {
        host: word(info.text("master_host")?),
        port: info.number("master_port")?,
        up: info.text("master_link_status") == Some("up"),
        // -1 while the link is down.
        silent_s: info.number("master_last_io_seconds_ago"),
        down_s: info.number("master_link_down_since_seconds"),
        syncing: info.yes("master_sync_in_progress"),
        synced: (
            info.number("master_sync_read_bytes").unwrap_or(0),
            info.number("master_sync_total_bytes").filter(|total| *total > 0),
        ),
        read_only: info.text("slave_read_only") != Some("0"),
    })
}

/// What its replicas' buffers hold is not counted by the server either.
fn is_full(info: &Info<'_>) -> bool {
    let number = |name: &str| info.number::<u64>(name);
    let uncounted = number("mem_not_counted_for_evict").unwrap_or(0);
    let over = number("used_memory")
        .zip(number("maxmemory"))
        .is_some_and(|(used, most)| most > 0 && used.saturating_sub(uncounted) > most);
    over && info.text("maxmemory_policy") == Some("noeviction")
}

fn word(text: &str) -> String {
    head(text, WORD_CHARS_MAX)
}

fn identity_of(run_id: &str, replid: &str) -> Identity {
    Identity { server: format!("run {run_id}").into(), data: replid.into() }
}

fn bytes_of(replid: &str, at: u64) -> Position {
    Position { of: replid.into(), at, unit: LagUnit::Bytes }
}

/// Asks which server it is and whether it says that it is a primary, and nothing else.
pub(super) async fn read_identity(session: &Session) -> Result<(Identity, bool), Trouble> {
    let text = session.text(&["INFO"]).await?.unwrap_or_default();
    let info = Info::parse(&text);
    let told = |name: &str| info.text(name).map(word);
    match (told("run_id"), told("master_replid"), info.text("role")) {
        (Some(run_id), Some(replid), Some(role @ ("master" | "slave"))) => {
            Ok((identity_of(&run_id, &replid), role == "master"))
        }
        _ => Err(untold(session.place(), "run_id")),
    }
}

/// Asks everything at once. A right that is missing for one of the smaller questions must not hide
/// the rest.
pub(super) async fn read_state(
    session: &Session,
    database: i64,
    [a, b]: [Option<&str>; 2],
) -> Result<SideState, Trouble> {
    let (info, a, b, config) = tokio::join!(
        session.text(&["INFO"]),
        read_beat(session, a),
        read_beat(session, b),
        Box::pin(Config::read(session)),
    );
    let text = info?.unwrap_or_default();
    let state = SideState::of_info(&Info::parse(&text), database, session.place())?;
    Ok(SideState { beats: [a, b], config, ..state })
}

/// That `INFO` is not the one of a server that we know.
fn untold(place: &str, name: &str) -> Trouble {
    let message = format!("{place} told no `{name}` in INFO: is it Redis 6.2 or later?");
    Trouble::new(TroubleKind::Garbage, message)
}

async fn read_beat(session: &Session, key: Option<&str>) -> Beat {
    let Some(key) = key else { return Beat::NotAsked };
    match session.text(&["GET", key]).await {
        Ok(None) => Beat::Missing,
        Ok(Some(text)) => match text.trim().parse() {
            Ok(at) if at > 0 => Beat::At(at),
            _ => Beat::Unreadable(format!("`{key}` holds no milliseconds since 1970").into()),
        },
        Err(trouble) => Beat::Unreadable(trouble.message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVER: &str = "redis_version:7.0.15\r\nrun_id:r1\r\nuptime_in_seconds:60\r\n\
        server_time_usec:1795183330000123\r\nloading:0\r\naof_enabled:0\r\n\
        rdb_last_bgsave_status:ok\r\nconnected_clients:3\r\nused_memory:50\r\nmaxmemory:100\r\n\
        master_replid:h1\r\nmaster_replid2:h0\r\ndb0:keys=5,expires=0,avg_ttl=0\r\n";

    fn state(rest: &str) -> Result<SideState, Trouble> {
        SideState::of_info(&Info::parse(&format!("{SERVER}{rest}")), 0, "redis-a:6379")
    }

    #[test]
    fn a_replica_tells_its_own_offset_twice() {
        let primary = "role:master\r\nmaster_repl_offset:100972\r\nsecond_repl_offset:-1\r\n";
        let found = state(primary).unwrap();
        assert_eq!((found.role(), found.offset), (Role::Primary, 100_972));
        assert_eq!((found.keys, found.split_offset), (5, None));
        assert_eq!((found.clock_ms, found.memory_used), (Some(1_795_183_330_000), Some(0.5)));
        // What INFO calls the master's offset is, on a replica with a dead link, its own.
        let replica = "role:slave\r\nmaster_host:10.0.0.1\r\nmaster_port:6379\r\n\
            master_link_status:down\r\nmaster_last_io_seconds_ago:-1\r\n\
            master_link_down_since_seconds:7\r\nmaster_sync_in_progress:0\r\n\
            slave_repl_offset:50\r\nmaster_repl_offset:50\r\nslave_read_only:1\r\n";
        let found = state(replica).unwrap();
        assert_eq!((found.role(), found.offset), (Role::Standby, 50));
        let upstream = found.upstream.unwrap();
        assert_eq!((upstream.up, upstream.silent_s, upstream.down_s), (false, None, Some(7)));
        assert_eq!((upstream.host.as_str(), upstream.read_only), ("10.0.0.1", true));
    }

    #[test]
    fn what_is_missing_is_not_made_up() {
        let check = |rest: &str, want: &str| {
            let trouble = state(rest).expect_err(rest);
            assert_eq!(trouble.kind, TroubleKind::Garbage);
            assert!(trouble.message.as_str().contains(want), "{}", trouble.message);
        };
        check("", "told no `role`");
        check("role:sentinel\r\n", "told no `role`");
        check("role:master\r\n", "told no `master_repl_offset`");
        check("role:master\r\nmaster_repl_offset:x\r\n", "told no `master_repl_offset`");
        check("role:slave\r\nmaster_repl_offset:5\r\n", "told no `master_host`");
        check("role:master\r\nmaster_repl_offset:5\r\ndb0:odd\r\n", "told no `keys`");
    }
}
