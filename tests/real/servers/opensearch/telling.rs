//! What the stand-in tells: its answers' JSON, and what it adds to those of its node.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::http::{Answer, Asked};
use super::state::{Follow, Phase, State};

/// The setting by which the plugin marks an index that it copies.
const MARK: &str = "index.plugins.replication.follower.leader_index";

impl State {
    /// Adds what the plugin would have written into a node's own answer.
    pub fn amend(&mut self, asked: &Asked, answer: Answer) -> Answer {
        let path = asked.path();
        if asked.method == "DELETE" && answer.status == 200 {
            for index in path.trim_matches('/').split(',') {
                self.follows.remove(index);
                self.bases.remove(index);
            }
        }
        let is_state = path.starts_with("/_cluster/state");
        let (settings, stats) = (is_state || path.contains("_settings"), path.contains("_stats"));
        let nothing = self.follows.is_empty() && self.bases.is_empty();
        if answer.status != 200 || !(settings || stats) || nothing {
            return answer;
        }
        let mut told = answer.told();
        for (index, follow) in &self.follows {
            if settings && !self.orders.hides_mark {
                in_each(&mut told, index, &mut |found| {
                    if let Some(Json::Object(settings)) = found.get_mut("settings") {
                        settings.insert(MARK.to_owned(), json!(follow.leader_index));
                    }
                });
            }
            if is_state && path.contains("blocks") && asked.query().contains("blocks") {
                told["blocks"]["indices"][index]["1000"] = json!({
                    "description": "index read-only(cross-cluster-replication)",
                    "retryable": false,
                    "levels": ["write", "metadata_write"]
                });
            }
            if stats {
                count_shards(&mut told, index, &|_, shard| follow.here.get(shard).copied());
            }
        }
        for (index, bases) in self.bases.iter().filter(|_| stats) {
            count_shards(&mut told, index, &|own, shard| Some(own + bases.get(shard)?));
        }
        Answer::json(200, &told)
    }

    pub fn autofollow_stats(&self) -> Answer {
        let rules: Vec<Json> = self
            .rules
            .iter()
            .map(|rule| {
                json!({
                    "name": rule.name, "pattern": rule.pattern,
                    "num_success_start_replication": rule.started,
                    "num_failed_start_replication": 0, "num_failed_leader_calls": 0,
                    "failed_indices": [],
                })
            })
            .collect();
        let started: u64 = self.rules.iter().map(|rule| rule.started).sum();
        Answer::json(
            200,
            &json!({
                "num_success_start_replication": started, "num_failed_start_replication": 0,
                "num_failed_leader_calls": 0, "failed_indices": [], "autofollow_stats": rules,
            }),
        )
    }

    /// Which lies: both checkpoints are what arrived here.
    pub fn follower_stats(&self) -> Answer {
        let count =
            |phase: Phase| self.follows.values().filter(|follow| follow.phase == phase).count();
        let syncing = self.follows.iter().filter(|(_, follow)| follow.phase == Phase::Syncing);
        let here = |follow: &Follow| follow.here.iter().sum::<i64>();
        let stats: BTreeMap<&str, Json> = syncing
            .map(|(index, follow)| {
                let (here, fails) = (here(follow), 0);
                let told = json!({
                    "leader_checkpoint": here, "follower_checkpoint": here,
                    "failed_read_requests": fails,
                });
                (index.as_str(), told)
            })
            .collect();
        Answer::json(
            200,
            &json!({
                "num_syncing_indices": count(Phase::Syncing),
                "num_bootstrapping_indices": count(Phase::Bootstrapping),
                "num_paused_indices": count(Phase::Paused),
                "num_failed_indices": 0, "failed_read_requests": 0, "index_stats": stats,
            }),
        )
    }
}

pub fn tell_syncing(
    told: &mut Json,
    follow: &Follow,
    index: &str,
    there: &[i64],
    late_shard: bool,
) {
    let details = |there: i64, here: i64| {
        let mut told = json!({ "leader_checkpoint": there, "follower_checkpoint": here });
        told["seq_no"] = json!(here + 1);
        told
    };
    // Just after a start the last shard is missing, from the sums too.
    let shards = there.len().min(follow.here.len());
    let told_shards = if late_shard && shards > 1 { shards - 1 } else { shards };
    let pairs = there.iter().zip(&follow.here).take(told_shards);
    let sums = pairs.clone().fold((0, 0), |(all, had), (there, here)| (all + there, had + here));
    told["syncing_details"] = details(sums.0, sums.1);
    let each = pairs.enumerate().map(|(shard, (there, here))| {
        json!({
            "shard_id": format!("[{index}][{shard}]"),
            "syncing_task_details": details(*there, *here),
        })
    });
    told["shard_replication_details"] = each.collect();
}

/// What is to be copied grows at first, and is less at the end.
pub fn tell_bootstrap(told: &mut Json, follow: &Follow) {
    let total = if follow.looked < 4 { 2_000 * follow.looked } else { 5_000 };
    let running = u64::try_from(follow.began.elapsed().as_millis()).unwrap_or(u64::MAX);
    told["bootstrap_details"] = json!({
        "bytes_total": total, "bytes_recovered": total / 2, "bytes_percent": 50.0,
        "files_total": 10, "files_recovered": 5, "files_percent": 50.0,
        "start_time": 1_795_372_573_043_u64, "running_time": running,
    });
}

/// Does something to every object that is named so.
fn in_each(json: &mut Json, name: &str, change: &mut impl FnMut(&mut Json)) {
    let Json::Object(fields) = json else { return };
    for (key, value) in fields {
        if key == name {
            change(value);
        } else {
            in_each(value, name, change);
        }
    }
}

/// Counts the shards of an index as `count` does, from what its node says.
fn count_shards(told: &mut Json, index: &str, count: &dyn Fn(i64, usize) -> Option<i64>) {
    in_each(told, index, &mut |found| {
        let Some(Json::Object(shards)) = found.get_mut("shards") else { return };
        for (shard, copies) in shards {
            let Ok(shard) = shard.parse::<usize>() else { continue };
            for copy in copies.as_array_mut().into_iter().flatten() {
                let own = copy["seq_no"]["max_seq_no"].as_i64();
                if let Some(at) = own.and_then(|own| count(own, shard)) {
                    for name in ["max_seq_no", "local_checkpoint", "global_checkpoint"] {
                        copy["seq_no"][name] = json!(at);
                    }
                }
            }
        }
    });
}
