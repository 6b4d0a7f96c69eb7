//! Every fact of a reading by name, and what each means.

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

/// The facts of one side.
pub(super) fn facts(view: &View<'_>) -> Vec<Fact> {
    let own = view.own;
    let mut facts = Facts(Vec::with_capacity(FACTS.len()));
    facts.add("server_version", text(&own.version));
    facts.add("run_id", text(&own.run_id));
    facts.add("uptime", FactValue::Seconds(own.uptime_s.max(0.0)));
    facts.add("replid", text(&own.replid));
    facts.add("offset", count(own.offset));
    facts.of_role(view);
    let writable = match view.writes() {
        Writes::Open => FactValue::Boolean(own.hindered().is_none()),
        Writes::Refused => FactValue::Boolean(false),
        Writes::Unknown => unknown("it loads its data set or hands over"),
    };
    facts.add("writable", writable);
    facts.add("failover_state", text(&own.failover));
    facts.add("keys", count(own.keys));
    facts.add("persistence", persistence(own));
    facts.add("save_failed", FactValue::Boolean(own.save_failed()));
    facts.add("empty_primary", FactValue::Boolean(view.trap().is_some()));
    facts.add("diverged", view.split().fact());
    facts.of_beats(view);
    let clients = own.clients.map_or_else(|| unknown("not told"), FactValue::Number);
    facts.add("connections", clients);
    if let Some(share) = own.memory_used {
        facts.add("memory_used", FactValue::Share(share));
    }
    facts.of_sentinels(view);
    facts.0
}

struct Facts(Vec<Fact>);

impl Facts {
    fn add(&mut self, name: &str, value: FactValue) {
        self.0.push(Fact { name: name.to_owned(), value });
    }

    fn of_role(&mut self, view: &View<'_>) {
        let own = view.own;
        let (Some(upstream), Some(link)) = (&own.upstream, view.link()) else {
            return self.add("replicas", text(&follower_words(own)));
        };
        self.add("follows", text(&format!("{}:{}", upstream.host, upstream.port)));
        self.add("link_up", link.up());
        #[expect(clippy::cast_precision_loss, reason = "seconds are far below 2^52")]
        let age = upstream.silent_s.map(|seconds| FactValue::Seconds(seconds as f64));
        self.add("link_age", age.unwrap_or_else(|| unknown("the link is down")));
        self.add("sync_in_progress", FactValue::Boolean(upstream.syncing));
    }

    fn of_sentinels(&mut self, view: &View<'_>) {
        let Some(council) = view.own.council() else { return };
        let (heard, none) = (council.heard(), || unknown("no majority of them agrees"));
        let agreed = council.agreed();
        let alike = heard.iter().all(|(_, word)| word.primary == heard[0].1.primary);
        let of_word = |told: fn(&Word) -> u64| agreed.map_or_else(none, |word| count(told(word)));
        let down = ["o_down", "s_down"].into_iter().find(|flag| council.any_has(flag));
        let primary = agreed.map_or_else(none, |word| text(&word.primary.place()));
        let rivals = council.rivals(view.own, view.other).count();
        self.add("sentinel_primary", primary);
        self.add("sentinels_agree", FactValue::Boolean(alike && !heard.is_empty()));
        self.add("sentinels_named", count(council.words.len() as u64));
        self.add("sentinels_answered", count(heard.len() as u64));
        self.add("sentinels_known", of_word(|word| word.known));
        self.add("sentinel_quorum", of_word(|word| word.quorum));
        self.add("sentinel_down", text(down.unwrap_or("no")));
        let moving = council.any_has("failover_in_progress");
        self.add("sentinel_failover", FactValue::Boolean(moving));
        self.add("other_primaries", count(rivals as u64));
    }

    fn of_beats(&mut self, view: &View<'_>) {
        let own = view.own;
        let age = |beat: &Beat| match (beat, own.clock_ms) {
            (Beat::At(at), Some(clock_ms)) => FactValue::Seconds(span_s(clock_ms, *at)),
            (Beat::At(_), None) => unknown("the server told no time"),
            (Beat::Missing, _) => unknown("no heartbeat was ever written or copied here"),
            (Beat::NotAsked, _) => unknown("the site names no `heartbeat`"),
            (Beat::Unreadable(why), _) => FactValue::Unknown(why.clone()),
        };
        let theirs = own.beat(view.side.other());
        self.add("heartbeat_age", age(own.beat(view.side)));
        self.add("last_replayed", age(theirs));
        let ahead = |at: i64| own.clock_ms.is_none_or(|clock| at > clock + CLOCK_SLACK_MS);
        let replayed = match theirs {
            // It may be right, but a loss that it makes 0 may be anything.
            Beat::At(at) if ahead(*at) => unknown("the heartbeat is ahead of this server's clock"),
            #[expect(clippy::cast_precision_loss, reason = "milliseconds are below 2^52")]
            Beat::At(at) => FactValue::Number(*at as f64),
            Beat::Missing | Beat::NotAsked | Beat::Unreadable(_) => age(theirs),
        };
        self.add("last_replayed_unix_ms", replayed);
        #[expect(clippy::cast_precision_loss, reason = "milliseconds are below 2^52")]
        let clock = own.clock_ms.map(|clock| FactValue::Number(clock as f64));
        self.add("clock_unix_ms", clock.unwrap_or_else(|| unknown("the server told no time")));
    }
}

fn persistence(own: &SideState) -> FactValue {
    match (own.append_only, &own.config.save_points) {
        (true, Ok(true)) => text("aof and rdb"),
        (true, _) => text("aof"),
        (false, Ok(true)) => text("rdb"),
        (false, Ok(false)) => text("off"),
        (false, Err(why)) => FactValue::Unknown(why.clone()),
    }
}

/// A fact that is not known, and why.
pub(super) fn unknown(why: &str) -> FactValue {
    FactValue::Unknown(why.into())
}

/// A word as a fact.
pub(super) fn text(text: &str) -> FactValue {
    FactValue::Text(text.into())
}

/// A count as a fact.
pub(super) fn count(number: u64) -> FactValue {
    #[expect(clippy::cast_precision_loss, reason = "counts that are shown are below 2^52")]
    let number = number as f64;
    FactValue::Number(number)
}
