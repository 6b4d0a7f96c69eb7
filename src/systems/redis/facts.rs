//! Every fact of a reading by name, and what each means.

use super::council::{Council, MOVING};
use super::judge::{View, follower_words};
use super::lag::span_s;
use super::sentinel::Word;
use super::state::{Beat, SideState};
use crate::domain::catalogue::{FactSpec, fact};
use crate::domain::reading::{Fact, FactValue, Writes};

/// The facts of a reading, for gates and docs.
pub(super) const FACTS: &[FactSpec] = &[
    fact("server_version", "the server's version"),
    fact("run_id", "another one after every start of the server"),
    fact("uptime", "time since the server started"),
    fact("replid", "the replication history that it writes or follows"),
    fact("offset", "bytes of that history: written on a primary, applied on a replica"),
    fact("replicas", "primary: states of its replicas, such as `replica online`, or `no replica`"),
    fact("follows", "replica: the address that it copies from, as it was told it"),
    fact("link_up", "replica: yes while something comes over its link; no lag"),
    fact("link_age", "replica: seconds since its primary was last heard; no lag"),
    fact("sync_in_progress", "replica: yes while it fetches the whole data set anew"),
    fact("writable", "yes when a write would succeed, as its role, settings and replicas say"),
    fact("failover_state", "`no-failover`, or how far a planned failover is"),
    fact("keys", "keys in the database"),
    fact("persistence", "`aof`, `rdb` (save points), both or `off`"),
    fact("save_failed", "yes when the last save to disk failed"),
    fact("empty_primary", "yes when the primary lost its keys, or lacks those its replica holds"),
    fact("diverged", "yes when the two sides' histories have split"),
    fact("heartbeat_age", "age of this side's own heartbeat, by this server's clock"),
    fact("last_replayed", "age of the other side's heartbeat as it arrived here"),
    fact(
        "last_replayed_unix_ms",
        "the other side's heartbeat as it arrived here, ms since 1970; stands still after a \
         promotion",
    ),
    fact("clock_unix_ms", "this server's clock, ms since 1970"),
    fact("connections", "open connections"),
    fact("memory_used", "used share of `maxmemory`, 0 to 1"),
    fact("sentinel_primary", "the address that more than half of the named sentinels tell clients"),
    fact("sentinels_agree", "yes when all that answer name the same address"),
    fact("sentinels_named", "sentinels that the site names"),
    fact("sentinels_answered", "of those, how many told their word in this look"),
    fact("sentinels_known", "sentinels that watch the primary, by the sentinels' own count"),
    fact("sentinel_quorum", "sentinels that must agree that the primary is down"),
    fact("sentinel_down", "`no`, `s_down` (one of them says so) or `o_down` (agreed)"),
    fact("sentinel_failover", "yes while the sentinels are failing over"),
    fact("other_primaries", "servers beside the two sides' own that say they are primaries"),
    fact("cluster_state", "cluster: `ok` when all nodes of the side that answer say so, or `fail`"),
    fact("nodes_answered", "cluster: how many of the side's nodes told something, `3 of 3`"),
    fact("slots_owned", "cluster: slots that the side's nodes own"),
    fact("slots_unserved", "cluster: slots without a living owner, in both regions"),
    fact("slots_lost", "cluster: slots all of whose copies are dead"),
    fact("slots_disputed", "cluster: slots of which nodes name different owners"),
    fact("worst_shard", "cluster: which of the copies here is furthest behind, and how far"),
];

/// How far a heartbeat may be ahead of the server's clock, in milliseconds.
const CLOCK_SLACK_MS: i64 = 2000;

/// Values by their names.
type Named = Vec<(&'static str, FactValue)>;

/// As facts of a reading.
pub(super) fn named(facts: Named) -> Vec<Fact> {
    facts.into_iter().map(|(name, value)| Fact { name: name.to_owned(), value }).collect()
}

/// The facts of one side.
pub(super) fn facts(view: &View<'_>) -> Vec<Fact> {
    let own = view.own;
    let mut facts = vec![
        ("server_version", FactValue::text(own.version.as_str())),
        ("run_id", FactValue::text(own.run_id.as_str())),
        ("uptime", FactValue::Seconds(own.uptime_s.max(0.0))),
        ("replid", FactValue::text(own.replid.as_str())),
        ("offset", FactValue::count(own.offset)),
    ];
    facts.extend(of_role(view));
    let writable = match view.writes() {
        Writes::Open => FactValue::Boolean(own.hindered().is_none()),
        Writes::Refused => FactValue::Boolean(false),
        Writes::Unknown => FactValue::unknown("it loads its data set or hands over"),
    };
    facts.extend([
        ("writable", writable),
        ("failover_state", FactValue::text(own.failover.as_str())),
        ("keys", FactValue::count(own.keys)),
        ("persistence", persistence(own)),
        ("save_failed", FactValue::Boolean(own.save_failed())),
        ("empty_primary", FactValue::Boolean(view.trap().is_some())),
        ("diverged", view.split().fact()),
    ]);
    facts.extend(of_beats(view));
    let clients = own.clients.map_or_else(|| FactValue::unknown("not told"), FactValue::Number);
    facts.push(("connections", clients));
    facts.extend(own.memory_used.map(|share| ("memory_used", FactValue::Share(share))));
    facts.extend(own.council.iter().flat_map(|council| of_sentinels(council, view)));
    named(facts)
}

fn of_role(view: &View<'_>) -> Named {
    let (Some(upstream), Some(link)) = (&view.own.upstream, view.link()) else {
        return vec![("replicas", FactValue::text(follower_words(view.own)))];
    };
    #[expect(clippy::cast_precision_loss, reason = "seconds are far below 2^52")]
    let age = upstream.silent_s.map(|seconds| FactValue::Seconds(seconds as f64));
    vec![
        ("follows", FactValue::text(format!("{}:{}", upstream.host, upstream.port))),
        ("link_up", link.up()),
        ("link_age", age.unwrap_or_else(|| FactValue::unknown("the link is down"))),
        ("sync_in_progress", FactValue::Boolean(upstream.syncing)),
    ]
}

fn of_sentinels(council: &Council, view: &View<'_>) -> Named {
    let (heard, agreed) = (council.heard(), council.agreed());
    let of_word = |told: fn(&Word) -> FactValue| {
        agreed.map_or_else(|| FactValue::unknown("no majority of them agrees"), told)
    };
    let alike = heard.iter().all(|(_, word)| word.primary == heard[0].1.primary);
    let moving = council.any_has(MOVING);
    let rivals = council.rivals(view.own, view.other).count();
    vec![
        ("sentinel_primary", of_word(|word| FactValue::text(word.primary.place()))),
        ("sentinels_agree", FactValue::Boolean(alike && !heard.is_empty())),
        ("sentinels_named", FactValue::count(council.words.len() as u64)),
        ("sentinels_answered", FactValue::count(heard.len() as u64)),
        ("sentinels_known", of_word(|word| FactValue::count(word.known))),
        ("sentinel_quorum", of_word(|word| FactValue::count(word.quorum))),
        ("sentinel_down", FactValue::text(council.down().unwrap_or("no"))),
        ("sentinel_failover", FactValue::Boolean(moving)),
        ("other_primaries", FactValue::count(rivals as u64)),
    ]
}

fn of_beats(view: &View<'_>) -> Named {
    let own = view.own;
    let age = |beat: &Beat| match (beat, own.clock_ms) {
        (Beat::At(at), Some(clock_ms)) => FactValue::Seconds(span_s(clock_ms, *at)),
        (Beat::At(_), None) => FactValue::unknown("the server told no time"),
        (Beat::Missing, _) => FactValue::unknown("no heartbeat was ever written or copied here"),
        (Beat::NotAsked, _) => FactValue::unknown("the site names no `heartbeat`"),
        (Beat::Unreadable(why), _) => FactValue::unknown(why.clone()),
    };
    #[expect(clippy::cast_precision_loss, reason = "milliseconds are below 2^52")]
    let number = |ms: i64| FactValue::Number(ms as f64);
    let theirs = own.beat(view.side.other());
    let ahead = |at: i64| own.clock_ms.is_none_or(|clock| at > clock + CLOCK_SLACK_MS);
    let replayed = match theirs {
        // It may be right, but a loss that it makes 0 may be anything.
        Beat::At(at) if ahead(*at) => {
            FactValue::unknown("the heartbeat is ahead of this server's clock")
        }
        Beat::At(at) => number(*at),
        Beat::Missing | Beat::NotAsked | Beat::Unreadable(_) => age(theirs),
    };
    let clock = own.clock_ms.map_or_else(|| FactValue::unknown("the server told no time"), number);
    vec![
        ("heartbeat_age", age(own.beat(view.side))),
        ("last_replayed", age(theirs)),
        ("last_replayed_unix_ms", replayed),
        ("clock_unix_ms", clock),
    ]
}

fn persistence(own: &SideState) -> FactValue {
    match (own.append_only, &own.config.save_points) {
        (true, Ok(true)) => FactValue::text("aof and rdb"),
        (true, _) => FactValue::text("aof"),
        (false, Ok(true)) => FactValue::text("rdb"),
        (false, Ok(false)) => FactValue::text("off"),
        (false, Err(why)) => FactValue::unknown(why.clone()),
    }
}
