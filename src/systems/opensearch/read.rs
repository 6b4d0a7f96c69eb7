//! Asks a cluster for all that a look wants, at once, and reads its answers.

use std::collections::BTreeMap;

use hyper::StatusCode;
use serde_json::Value as Json;
use tokio::task::JoinSet;

use super::beats::{self, Beat};
use super::session::{Session, why};
use super::settings::Own;
use super::state::{Condition, Copying, Index, Made, Shard, SideState};
use crate::domain::text::{Clean, head};
use crate::domain::time::Stamp;
use crate::systems::kit::trouble::{Trouble, TroubleKind};
use crate::systems::kit::web::Answer;

/// How many characters of a word or a reason are kept.
const WORD_CHARS_MAX: usize = 120;

/// The setting by which the plugin marks an index that it copies.
const MARK: &str = "index.plugins.replication.follower.leader_index";

/// The number of the block by which the plugin keeps writes from such an index.
const BLOCK: &str = "1000";

/// The answer of a follower that cannot ask its leader.
const LEADER_GONE: &str = "failed to fetch replication status";

/// Blocks of an index that keep writes out.
const WRITE_BLOCKS: [&str; 3] =
    ["index.blocks.write", "index.blocks.read_only", "index.blocks.read_only_allow_delete"];

/// Asks everything; one who watches asks for both heartbeats too, and says when.
pub(super) async fn state(
    session: &Session,
    own: &Own,
    at: Option<Stamp>,
) -> Result<SideState, Trouble> {
    let kept = async {
        let made = metadata(session, own).await?;
        let beats = match own.heartbeat.as_deref().filter(|_| at.is_some()) {
            Some(name) => beats::read(session, name, made.get(name)).await,
            None => [Beat::NotAsked, Beat::NotAsked],
        };
        Ok::<_, Trouble>((made, beats))
    };
    let root = async {
        let Some(at) = at else { return Ok(session.root.clone()) };
        session.lately.root.or_ask(Some(at), session.who()).await
    };
    let listed = own.listed();
    let counts = format!(
        "/{listed}/_stats/docs?level=shards&ignore_unavailable=true&filter_path=indices.*.shards.\
         *.seq_no,indices.*.shards.*.routing.primary,_shards.failed"
    );
    let (root, kept, condition, counts, copying) = tokio::join!(
        root,
        kept,
        session.lately.condition.or_ask(at, condition(session)),
        session.get(&counts),
        copying(session, &own.indices)
    );
    let (root, (mut made, beats)) = (root?, kept?);
    let (counts, uncounted) = match counts {
        Ok(counts) => (counts, None),
        Err(trouble) => (Json::Null, Some(trouble.message)),
    };
    let mut told = copying.into_iter();
    let indices = own.indices.iter().map(|name| {
        let (copying, alias) = told.next().unwrap_or_else(|| (untold("not asked"), None));
        let (made, shards) = (made.remove(name), shards_of(&counts, name));
        Index { name: name.clone(), made, copying, alias, shards }
    });
    Ok(SideState {
        root,
        condition: condition.map_err(|trouble| trouble.message),
        indices: indices.collect(),
        uncounted,
        beats,
    })
}

/// How the indices are made and kept, by name; one that is not there has no entry.
pub(super) async fn metadata(
    session: &Session,
    own: &Own,
) -> Result<BTreeMap<String, Made>, Trouble> {
    let path = format!(
        "/_cluster/state/metadata,blocks/{}?flat_settings=true&filter_path=metadata.indices.\
         *.state,metadata.indices.*.settings,metadata.indices.*.routing_num_shards,blocks",
        own.listed()
    );
    let told = session.get(&path).await?;
    let all = own.indices.iter().filter_map(|name| {
        let found = &told["metadata"]["indices"][name];
        found.is_object().then(|| Some((name.clone(), made_of(found, &told["blocks"], name)?)))
    });
    let all: Option<BTreeMap<String, Made>> = all.collect();
    all.ok_or_else(|| {
        let message = format!("{} told of an index without its shards", session.place);
        Trouble::new(TroubleKind::Garbage, message)
    })
}

fn made_of(found: &Json, blocks: &Json, name: &str) -> Option<Made> {
    let settings = &found["settings"];
    let number = |name: &str| settings[name].as_str().and_then(|text| text.parse::<u32>().ok());
    let own = &blocks["indices"][name];
    let keeps_writes = |block: &Json| {
        let levels = block["levels"].as_array().into_iter().flatten();
        levels.into_iter().any(|level| level == "write")
    };
    let blocks_of = |blocks: &Json| {
        let blocks = blocks.as_object().into_iter().flatten();
        blocks.filter(|(number, block)| *number != BLOCK && keeps_writes(block)).count() > 0
    };
    let is_set = |name: &&str| settings[*name] == "true";
    let shards = number("index.number_of_shards")?;
    let routing = found["routing_num_shards"].as_u64().and_then(|told| u32::try_from(told).ok());
    let uuid = settings["index.uuid"].as_str().unwrap_or_default();
    Some(Made {
        uuid: head(uuid, WORD_CHARS_MAX),
        closed: found["state"] == "close",
        blocked: WRITE_BLOCKS.iter().any(is_set) || blocks_of(own) || blocks_of(&blocks["global"]),
        marked: settings[MARK].is_string() || own[BLOCK].is_object(),
        shards,
        routing_shards: routing.unwrap_or(shards),
        replicas: number("index.number_of_replicas").unwrap_or(0),
    })
}

async fn condition(session: &Session) -> Result<Condition, Trouble> {
    let path = "/_cluster/health?filter_path=status,number_of_nodes,unassigned_shards";
    condition_of(&session.get(path).await?)
        .ok_or_else(|| Trouble::new(TroubleKind::Garbage, "its health told no status"))
}

fn condition_of(told: &Json) -> Option<Condition> {
    Some(Condition {
        status: head(told["status"].as_str()?, WORD_CHARS_MAX),
        nodes: told["number_of_nodes"].as_u64()?,
        unassigned: told["unassigned_shards"].as_u64()?,
    })
}

/// How far the primary copies of an index's shards have come.
fn shards_of(counts: &Json, name: &str) -> BTreeMap<u32, Shard> {
    let shards = counts["indices"][name]["shards"].as_object().into_iter().flatten();
    let told = shards.filter_map(|(number, copies)| {
        let mut copies = copies.as_array()?.iter();
        let copy = copies.find(|copy| copy["routing"]["primary"] == true)?;
        let at = |name: &str| copy["seq_no"][name].as_i64();
        let shard = Shard { newest: at("max_seq_no")?, complete: at("local_checkpoint")? };
        Some((number.parse().ok()?, shard))
    });
    told.collect()
}

/// What the cluster tells of the copying of each index, in their order. Each is asked by itself,
/// and given up before the look is: one that asks a leader that hangs does not answer.
async fn copying(session: &Session, indices: &[String]) -> Vec<(Copying, Option<String>)> {
    let mut asked = JoinSet::new();
    for (place, name) in indices.iter().enumerate() {
        let path = format!("/_plugins/_replication/{name}/_status?verbose=true");
        let session = session.clone();
        asked.spawn(async move {
            let limit = session.side_limit;
            let answer = session.ask(hyper::Method::GET, &path, None);
            let told = match tokio::time::timeout(limit, answer).await {
                Ok(Ok(answer)) => copying_of(&session, &answer),
                Ok(Err(trouble)) => (Copying::Untold(trouble.message), None),
                Err(_) => (Copying::Untold(Trouble::timeout(&session.place, limit).message), None),
            };
            (place, told)
        });
    }
    let mut told = vec![(untold("not told"), None); indices.len()];
    while let Some(ended) = asked.join_next().await {
        if let Ok((place, one)) = ended {
            told[place] = one;
        }
    }
    told
}

fn untold(why: &str) -> Copying {
    Copying::Untold(why.into())
}

fn copying_of(session: &Session, answer: &Answer) -> (Copying, Option<String>) {
    let told = &answer.json;
    if answer.status == StatusCode::OK {
        return word_of(told);
    }
    let (kind, reason) = why(told);
    let copying = match answer.status {
        StatusCode::NOT_FOUND if kind == "index_not_found_exception" => Copying::Nothing,
        StatusCode::INTERNAL_SERVER_ERROR if reason.contains(LEADER_GONE) => Copying::LeaderGone,
        StatusCode::BAD_REQUEST if reason.contains("no handler found") => {
            untold("the plugin for replication is not installed")
        }
        _ => Copying::Untold(session.refused(answer).message),
    };
    (copying, None)
}

/// What a status means, and what it calls its leader's cluster.
fn word_of(told: &Json) -> (Copying, Option<String>) {
    let reason =
        || Clean::from(head(told["reason"].as_str().unwrap_or("no reason"), WORD_CHARS_MAX));
    let alias = told["leader_alias"].as_str().map(|alias| head(alias, WORD_CHARS_MAX));
    let copying = match told["status"].as_str() {
        Some("SYNCING") => Copying::Syncing(checkpoints(&told["shard_replication_details"])),
        Some("BOOTSTRAPPING" | "BOOTSTRAPING") => Copying::Bootstrapping,
        Some("PAUSED") => Copying::Paused(reason()),
        Some("FAILED") => Copying::Failed(reason()),
        Some("REPLICATION NOT IN PROGRESS" | "STOPPED") => Copying::Nothing,
        Some(other) if !other.is_empty() => Copying::Other(head(other, WORD_CHARS_MAX).into()),
        Some(_) | None => untold("its status is no word"),
    };
    (copying, alias)
}

/// The checkpoints of the shards that are told, at the leader and here.
fn checkpoints(details: &Json) -> BTreeMap<u32, (i64, i64)> {
    let each = details.as_array().into_iter().flatten().filter_map(|one| {
        // `[books][0]`
        let (_, shard) = one["shard_id"].as_str()?.rsplit_once('[')?;
        let at = |name: &str| one["syncing_task_details"][name].as_i64();
        let (there, here) = (at("leader_checkpoint")?, at("follower_checkpoint")?);
        Some((shard.strip_suffix(']')?.parse().ok()?, (there, here)))
    });
    each.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_word_of_a_status_is_read() {
        let check = |told: Json, want: Copying| assert_eq!(word_of(&told).0, want, "{told}");
        let details = |shard: u32, there: i64, here: i64| {
            json!({
                "shard_id": format!("[books][{shard}]"),
                "syncing_task_details": {
                    "leader_checkpoint": there, "follower_checkpoint": here, "seq_no": here + 1
                }
            })
        };
        let both = json!([details(0, 20, 19), details(1, -1, -1)]);
        let syncing = json!({
            "status": "SYNCING", "reason": "User initiated", "leader_alias": "east",
            "leader_index": "books", "follower_index": "books",
            "syncing_details": { "leader_checkpoint": 19, "follower_checkpoint": 18, "seq_no": 19 },
            "shard_replication_details": both
        });
        check(syncing.clone(), Copying::Syncing([(0, (20, 19)), (1, (-1, -1))].into()));
        assert_eq!(word_of(&syncing).1.as_deref(), Some("east"));
        // What is summed up alone tells of no shard.
        check(json!({ "status": "SYNCING" }), Copying::Syncing(BTreeMap::new()));
        check(json!({ "status": "BOOTSTRAPPING" }), Copying::Bootstrapping);
        check(json!({ "status": "BOOTSTRAPING" }), Copying::Bootstrapping);
        let paused = json!({ "status": "PAUSED", "reason": "User initiated" });
        check(paused, Copying::Paused("User initiated".into()));
        check(json!({ "status": "FAILED" }), Copying::Failed("no reason".into()));
        check(json!({ "status": "REPLICATION NOT IN PROGRESS" }), Copying::Nothing);
        check(json!({ "status": "RUNNING" }), Copying::Other("RUNNING".into()));
        check(json!({}), untold("its status is no word"));
        check(json!({ "status": 7 }), untold("its status is no word"));
    }

    #[test]
    fn blocks_marks_and_closed_indices_are_seen() {
        let check = |found: Json, blocks: Json, want: (bool, bool, bool)| {
            let mut found = found;
            found["settings"]["index.number_of_shards"] = json!("2");
            let made = made_of(&found, &blocks, "books").expect("it has shards");
            assert_eq!((made.closed, made.blocked, made.marked), want, "{found} {blocks}");
        };
        let open = || json!({ "state": "open", "settings": {} });
        let write = json!({ "description": "x", "levels": ["write"] });
        check(open(), json!(null), (false, false, false));
        check(json!({ "state": "close", "settings": {} }), json!(null), (true, false, false));
        let mut fenced = open();
        fenced["settings"]["index.blocks.write"] = json!("true");
        check(fenced, json!(null), (false, true, false));
        check(open(), json!({ "indices": { "books": { "8": write } } }), (false, true, false));
        check(open(), json!({ "global": { "6": write } }), (false, true, false));
        check(open(), json!({ "indices": { "books": { "1000": write } } }), (false, false, true));
        check(open(), json!({ "indices": { "other": { "8": write } } }), (false, false, false));
        let mut marked = open();
        marked["settings"][MARK] = json!("books");
        check(marked, json!(null), (false, false, true));
        assert_eq!(made_of(&open(), &json!(null), "books"), None);
    }

    #[test]
    fn only_whole_counts_of_primaries_are_read() {
        let copy = |primary: bool, newest: i64, complete: Option<i64>| {
            let numbers = json!({ "max_seq_no": newest, "local_checkpoint": complete });
            json!({ "routing": { "primary": primary }, "seq_no": numbers })
        };
        let shards = json!({
            "0": [copy(false, 9, Some(9)), copy(true, 7, Some(5))],
            "1": [copy(true, 3, None)],
            "2": []
        });
        let counts = json!({ "indices": { "books": { "shards": shards } } });
        let want = [(0, Shard { newest: 7, complete: 5 })].into();
        assert_eq!(shards_of(&counts, "books"), want);
        assert_eq!(shards_of(&counts, "other"), BTreeMap::new());
    }
}
