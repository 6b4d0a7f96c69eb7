//! Copies the documents of a leader's index to its follower, by sequence number, shard by shard.

use std::collections::BTreeSet;
use std::io;
use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value as Json, json};

use super::http::{self, Answer};
use super::state::{Board, Phase, State};

/// Documents that are copied at once.
const BATCH: usize = 1000;

/// The pause between two looks for more.
const PAUSE: Duration = Duration::from_millis(20);

/// How long a node may take for one part of a copy before it is tried again.
const LIMIT: Duration = Duration::from_secs(2);

/// How far each shard of an index has come on a node, by the shard's number.
pub fn checkpoints(port: u16, index: &str, limit: Duration) -> io::Result<Vec<i64>> {
    let target = format!("/{index}/_stats/docs?level=shards");
    let told = http::call(port, "GET", &target, b"", limit)?;
    let told = told.told();
    let shards = told["indices"][index]["shards"].as_object();
    let shards = shards.ok_or_else(|| io::Error::other(format!("{told}")))?;
    let mut found = vec![-1; shards.len()];
    for (shard, copies) in shards {
        let copies = copies.as_array().into_iter().flatten();
        let mut primaries = copies.filter(|copy| copy["routing"]["primary"] == true);
        let at = primaries.next().and_then(|copy| copy["seq_no"]["max_seq_no"].as_i64());
        let place = shard.parse::<usize>().ok().and_then(|shard| found.get_mut(shard));
        if let (Some(place), Some(at)) = (place, at) {
            *place = at;
        }
    }
    Ok(found)
}

/// The indices of a node that are no system's own.
pub fn indices(port: u16) -> Vec<String> {
    let told = http::call(port, "GET", "/_cat/indices?format=json&h=index", b"", LIMIT);
    let told = told.map_or(Json::Null, |told| told.told());
    let names = told.as_array().into_iter().flatten().filter_map(|row| row["index"].as_str());
    names.filter(|name| !name.starts_with('.')).map(str::to_owned).collect()
}

/// Makes the follower's index as the leader's is; tells how many shards that has.
pub fn prepare(leader: u16, from: &str, node: u16, index: &str) -> Result<usize, Answer> {
    let failed = |error: io::Error| Answer::error(500, "replication_exception", &error.to_string());
    let told = http::call(leader, "GET", &format!("/{from}"), b"", LIMIT).map_err(failed)?;
    if told.status != 200 {
        let reason = format!("no such index [{from}]");
        return Err(Answer::error(404, "index_not_found_exception", &reason));
    }
    let told = told.told();
    let own = &told[from]["settings"]["index"];
    let number = |name: &str| own[name].as_str().and_then(|text| text.parse::<usize>().ok());
    let (shards, replicas) =
        (number("number_of_shards").unwrap_or(1), number("number_of_replicas"));
    let body = json!({
        "settings": { "number_of_shards": shards, "number_of_replicas": replicas },
        "mappings": told[from]["mappings"],
    });
    let body = body.to_string().into_bytes();
    let made = http::call(node, "PUT", &format!("/{index}"), &body, Duration::from_secs(30));
    match made.map_err(failed)? {
        made if made.status == 200 => Ok(shards),
        refused => Err(refused),
    }
}

/// Copies until the index is followed no more; `number` is this start's.
pub fn run(board: &Board, node: u16, index: &str, number: u64) {
    loop {
        let Some((leader, from, here)) = next(board, index, number) else { return };
        let copied = (|| {
            let mut reached = Vec::new();
            for (shard, here) in here.iter().enumerate() {
                let here = copy((leader, &from), (node, index), shard, *here)?;
                reached.push(here);
                // What has arrived counts at once; what a first copy brought, once it is whole.
                let mut state = board.lock();
                let follow = state.follows.get_mut(index).filter(|it| it.number == number);
                if let Some(follow) = follow.filter(|it| it.phase != Phase::Bootstrapping) {
                    follow.here[shard] = here;
                }
            }
            io::Result::Ok(reached)
        })();
        let mut state = board.lock();
        let retry = state.orders.retry;
        let bootstraps = state.orders.bootstraps;
        if let Some(follow) = state.follows.get_mut(index).filter(|it| it.number == number) {
            follow.copying = false;
            if let Ok(reached) = &copied {
                let more: i64 = reached.iter().zip(&follow.here).map(|(to, from)| to - from).sum();
                let nearly = usize::try_from(more).is_ok_and(|more| more < BATCH);
                if follow.phase == Phase::Bootstrapping && !bootstraps && nearly {
                    follow.phase = Phase::Syncing;
                }
                follow.here.clone_from(reached);
            }
        }
        drop(state);
        board.changed.notify_all();
        board.pause(if copied.is_ok() { PAUSE } else { retry });
    }
}

/// Waits until something may be copied; none where it never may again.
fn next(board: &Board, index: &str, number: u64) -> Option<(u16, String, Vec<i64>)> {
    let mut state: MutexGuard<'_, State> = board.lock();
    loop {
        if state.over {
            return None;
        }
        let held = state.orders.held;
        let follow = state.follows.get_mut(index).filter(|follow| follow.number == number)?;
        let may = match follow.phase {
            Phase::Bootstrapping => true,
            Phase::Syncing => !held,
            Phase::Paused => false,
        };
        if may {
            follow.copying = true;
            return Some((follow.leader, follow.leader_index.clone(), follow.here.clone()));
        }
        state = board.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
    }
}

/// Copies what a shard has beyond `here`, one batch of it; tells how far it is copied then.
fn copy(from: (u16, &str), to: (u16, &str), shard: usize, here: i64) -> io::Result<i64> {
    let (leader, from) = from;
    // Whatever is counted now is found once it was refreshed.
    let there = checkpoints(leader, from, LIMIT)?.get(shard).copied().unwrap_or(-1);
    if there <= here {
        return Ok(here);
    }
    post(leader, &format!("/{from}/_refresh"), "")?;
    let query = json!({
        "size": BATCH, "sort": [{ "_seq_no": "asc" }], "seq_no_primary_term": true,
        "query": { "range": { "_seq_no": { "gt": here } } },
    });
    let target = format!("/{from}/_search?preference=_shards:{shard}");
    let found = post(leader, &target, &query.to_string())?;
    let hits = found["hits"]["hits"].as_array().cloned().unwrap_or_default();
    let mut lines: Vec<String> = Vec::new();
    for hit in &hits {
        let mut meta = json!({ "_id": hit["_id"] });
        if !hit["_routing"].is_null() {
            meta["routing"] = hit["_routing"].clone();
        }
        lines.push(format!("{}\n{}\n", json!({ "index": meta }), hit["_source"]));
    }
    if !lines.is_empty() {
        let told = post(to.0, &format!("/{}/_bulk", to.1), &lines.concat())?;
        if told["errors"] != false {
            return Err(io::Error::other(told.to_string()));
        }
    }
    let last = hits.last().and_then(|hit| hit["_seq_no"].as_i64()).unwrap_or(here);
    let is_all = hits.len() < BATCH;
    let steps = usize::try_from(last.max(there) - here).unwrap_or(0);
    if is_all && steps > hits.len() {
        // Numbers without a document: it was written again, or deleted.
        forget_deleted((leader, from), to, shard)?;
    }
    Ok(if is_all { last.max(there) } else { last })
}

/// Deletes in the follower's shard what the leader's has no more.
fn forget_deleted(from: (u16, &str), to: (u16, &str), shard: usize) -> io::Result<()> {
    post(to.0, &format!("/{}/_refresh", to.1), "")?;
    let count = |(port, index): (u16, &str)| {
        let told = post(port, &format!("/{index}/_count?preference=_shards:{shard}"), "")?;
        io::Result::Ok(told["count"].as_u64())
    };
    if count(to)? <= count(from)? {
        return Ok(());
    }
    let ids = |(port, index): (u16, &str)| {
        let query = json!({ "size": 10_000, "_source": false }).to_string();
        let target = format!("/{index}/_search?preference=_shards:{shard}");
        let told = post(port, &target, &query)?;
        let hits = told["hits"]["hits"].as_array().cloned().unwrap_or_default();
        let pairs = hits.iter().map(|hit| (hit["_id"].to_string(), hit["_routing"].to_string()));
        io::Result::Ok(pairs.collect::<BTreeSet<_>>())
    };
    let (there, here) = (ids(from)?, ids(to)?);
    let mut lines: Vec<String> = Vec::new();
    for (id, routing) in here.difference(&there) {
        let routing =
            if routing == "null" { String::new() } else { format!(",\"routing\":{routing}") };
        lines.push(format!("{{\"delete\":{{\"_id\":{id}{routing}}}}}\n"));
    }
    post(to.0, &format!("/{}/_bulk", to.1), &lines.concat()).map(drop)
}

fn post(port: u16, target: &str, body: &str) -> io::Result<Json> {
    let told = http::call(port, "POST", target, body.as_bytes(), LIMIT)?;
    match told.status {
        200 | 201 => Ok(told.told()),
        status => Err(io::Error::other(format!("{target}: {status} {}", told.told()))),
    }
}
