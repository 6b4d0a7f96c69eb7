//! A strict stand-in for the replication plugin: its answers, and its lies, as they were measured.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

use super::copier;
use super::http::{self, Answer, Asked, NODE_LIMIT};
use super::rights::matches;
use super::state::{Board, Follow, Orders, Phase, Rule};
use super::telling;

/// The answer where nothing is copied, or where it is said so.
const NOT_IN_PROGRESS: &str = "REPLICATION NOT IN PROGRESS";

/// The most of its patience for a leader that does not answer.
const LEADER_LIMIT: Duration = Duration::from_secs(120);

/// What becomes of a question.
pub enum Told {
    Answer(Answer),
    /// The connection is closed without one.
    Silence,
    PassOn,
}

/// The stand-in before one node.
pub struct StandIn {
    /// Where its node is asked.
    node: u16,
    ports: Vec<(u16, u16)>,
    board: Arc<Board>,
}

impl StandIn {
    /// One before `node`; ends with [`StandIn::end`].
    pub fn start(node: u16, ports: Vec<(u16, u16)>) -> Arc<Self> {
        let standin = Arc::new(Self { node, ports, board: Arc::new(Board::new()) });
        let follower = Arc::clone(&standin);
        std::thread::spawn(move || follower.follow_rules());
        standin
    }

    /// Nothing is copied any more.
    pub fn end(&self) {
        self.board.lock().over = true;
        self.board.changed.notify_all();
    }

    pub fn order(&self, change: impl FnOnce(&mut Orders)) {
        change(&mut self.board.lock().orders);
        self.board.changed.notify_all();
    }

    /// What the plugin answers, or what is not its to answer.
    pub fn answer(self: &Arc<Self>, asked: &Asked) -> Told {
        let parts: Vec<&str> = asked.path().split('/').filter(|part| !part.is_empty()).collect();
        let ["_plugins", "_replication", rest @ ..] = &parts[..] else {
            return self.guarded(asked, &parts);
        };
        // A node that is gone or hangs answers nothing, whatever the stand-in knows.
        if http::call(self.node, "GET", "/", b"", NODE_LIMIT).is_err() {
            return Told::Silence;
        }
        let body = asked.json();
        let answer = match (asked.method.as_str(), rest) {
            ("GET", ["follower_stats"]) => self.board.lock().follower_stats(),
            ("GET", ["autofollow_stats"]) => self.board.lock().autofollow_stats(),
            ("POST", ["_autofollow"]) => self.add_rule(&body),
            ("DELETE", ["_autofollow"]) => self.drop_rule(&body),
            ("GET", [index, "_status"]) => match self.status(index, asked.query()) {
                Some(answer) => answer,
                None => return Told::Silence,
            },
            ("PUT", [index, "_start"]) => self.begin(index, &body),
            ("POST", [index, "_pause"]) => self.pause(index),
            ("POST", [index, "_resume"]) => self.resume(index),
            ("POST", [index, "_stop"]) => match self.stop(index) {
                Some(answer) => answer,
                None => return Told::Silence,
            },
            (method, _) => {
                let reason =
                    format!("no handler found for uri [{}] and method [{method}]", asked.target);
                Answer::json(400, &json!({ "error": reason }))
            }
        };
        Told::Answer(answer)
    }

    /// What a copied index refuses.
    fn guarded(&self, asked: &Asked, parts: &[&str]) -> Told {
        let state = self.board.lock();
        let named = parts.first().copied().unwrap_or_default();
        let mut named = named.split(',').filter_map(|index| state.follows.get_key_value(index));
        let Some((index, follow)) = named.next() else { return Told::PassOn };
        let verb = parts.get(1).copied();
        let reads = asked.method == "GET" || matches!(verb, Some("_search" | "_mget" | "_count"));
        if reads {
            let data = matches!(verb, Some("_search" | "_mget" | "_count" | "_doc"));
            if data && follow.phase == Phase::Bootstrapping {
                let kind = "no_shard_available_action_exception";
                return Told::Answer(Answer::error(503, kind, &format!("[{index}] is restored")));
            }
            return Told::PassOn;
        }
        // Deleting is allowed, and so is what changes nothing.
        if verb.is_none() || verb == Some("_refresh") {
            return Told::PassOn;
        }
        let reason = format!(
            "index [{index}] blocked by: [FORBIDDEN/1000/index \
             read-only(cross-cluster-replication)];"
        );
        Told::Answer(Answer::error(403, "cluster_block_exception", &reason))
    }

    /// Adds what the plugin would have written into a node's own answer.
    pub fn amend(&self, asked: &Asked, answer: Answer) -> Answer {
        let amended = self.board.lock().amend(asked, answer);
        self.board.changed.notify_all();
        amended
    }

    /// Where the cluster that an alias names is asked; none where it names none.
    fn leader_of(&self, alias: &str) -> Option<u16> {
        let target = "/_cluster/settings?flat_settings=true";
        let told = http::call(self.node, "GET", target, b"", NODE_LIMIT).ok()?.told();
        let seed = &told["persistent"][format!("cluster.remote.{alias}.seeds")][0];
        let transport: u16 = seed.as_str()?.rsplit(':').next()?.parse().ok()?;
        self.ports.iter().find(|(of, _)| *of == transport).map(|(_, port)| *port)
    }

    fn status(&self, index: &str, query: &str) -> Option<Answer> {
        let not_in_progress = || Answer::json(200, &json!({ "status": NOT_IN_PROGRESS }));
        let (alias, leader, leader_index, phase) = {
            let mut state = self.board.lock();
            let Some(follow) = state.follows.get_mut(index) else {
                return Some(not_in_progress());
            };
            follow.looked += 1;
            let Follow { alias, leader, leader_index, phase, .. } = follow;
            (alias.clone(), *leader, leader_index.clone(), phase.clone())
        };
        if self.leader_of(&alias).is_none() {
            return Some(not_in_progress());
        }
        let word = match phase {
            Phase::Bootstrapping => "BOOTSTRAPPING",
            Phase::Syncing => "SYNCING",
            Phase::Paused => "PAUSED",
        };
        let mut told = json!({
            "status": word, "reason": "User initiated", "leader_alias": alias,
            "leader_index": leader_index, "follower_index": index,
        });
        if phase == Phase::Syncing {
            let there = match copier::checkpoints(leader, &leader_index, LEADER_LIMIT) {
                Ok(there) => there,
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return None,
                Err(_) => {
                    let reason = "failed to fetch replication status";
                    return Some(Answer::error(500, "replication_exception", reason));
                }
            };
            let state = self.board.lock();
            let follow = state.follows.get(index)?;
            telling::tell_syncing(&mut told, follow, index, &there, state.orders.late_shard);
        } else if phase == Phase::Bootstrapping {
            telling::tell_bootstrap(&mut told, self.board.lock().follows.get(index)?);
        }
        if !query.contains("verbose=true")
            && let Json::Object(fields) = &mut told
        {
            fields.remove("shard_replication_details");
        }
        Some(Answer::json(200, &told))
    }

    fn begin(self: &Arc<Self>, index: &str, body: &Json) -> Answer {
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        let (alias, leader_index) = (text("leader_alias"), text("leader_index"));
        let Some(leader) = self.leader_of(&alias) else {
            let reason = format!("no such remote cluster: [{alias}]");
            return Answer::error(404, "no_such_remote_cluster_exception", &reason);
        };
        let here = http::call(self.node, "HEAD", &format!("/{index}"), b"", NODE_LIMIT);
        if here.is_ok_and(|here| here.status == 200) {
            let reason =
                format!("Cant use same index again for replication. Delete the index:{index}");
            return Answer::error(400, "illegal_argument_exception", &reason);
        }
        let shards = match copier::prepare(leader, &leader_index, self.node, index) {
            Ok(shards) => shards,
            Err(answer) => return answer,
        };
        let number = {
            let mut state = self.board.lock();
            state.numbers += 1;
            let number = state.numbers;
            let here = vec![-1; shards];
            let (phase, began, looked) = (Phase::Bootstrapping, Instant::now(), 0);
            let follow = Follow {
                alias,
                leader_index,
                leader,
                phase,
                here,
                copying: false,
                number,
                began,
                looked,
            };
            state.bases.remove(index);
            state.follows.insert(index.to_owned(), follow);
            number
        };
        let (board, node, name) = (Arc::clone(&self.board), self.node, index.to_owned());
        std::thread::spawn(move || copier::run(&board, node, &name, number));
        acknowledged()
    }

    fn pause(&self, index: &str) -> Answer {
        let mut state = self.board.lock();
        match state.follows.get_mut(index).map(|follow| &mut follow.phase) {
            None => none_in_progress(index),
            Some(Phase::Bootstrapping) => {
                let reason = "Index is in restore phase currently for index";
                Answer::error(500, "replication_exception", &format!("{reason}: {index}"))
            }
            Some(Phase::Paused) => {
                let reason = format!("Index {index} is already paused");
                Answer::error(400, "illegal_argument_exception", &reason)
            }
            Some(phase) => {
                *phase = Phase::Paused;
                drop(self.board.settled(state, index));
                acknowledged()
            }
        }
    }

    fn resume(&self, index: &str) -> Answer {
        let mut state = self.board.lock();
        match state.follows.get_mut(index).map(|follow| &mut follow.phase) {
            None => none_in_progress(index),
            Some(phase) if *phase == Phase::Paused => {
                *phase = Phase::Syncing;
                self.board.changed.notify_all();
                acknowledged()
            }
            Some(_) => {
                let reason = format!("Replication on Index {index} is already running");
                Answer::error(400, "illegal_argument_exception", &reason)
            }
        }
    }

    /// Ends replication: closes the index, tells the leader, opens the index.
    fn stop(&self, index: &str) -> Option<Answer> {
        let mut state = self.board.lock();
        let Some(follow) = state.follows.get_mut(index) else {
            return Some(none_in_progress(index));
        };
        let (alias, number, takes) = (follow.alias.clone(), follow.number, state.orders.stop_takes);
        let call = |method: &str, target: String| {
            http::call(self.node, method, &target, b"", NODE_LIMIT).ok()
        };
        if state.follows[index].phase == Phase::Bootstrapping {
            state.follows.remove(index);
            drop(state);
            call("DELETE", format!("/{index}"))?;
            return Some(acknowledged());
        }
        if let Some(follow) = state.follows.get_mut(index) {
            // Nothing is copied into a closed index.
            follow.phase = Phase::Paused;
        }
        drop(self.board.settled(state, index));
        call("POST", format!("/{index}/_close"))?;
        self.board.pause(takes);
        if let Some(leader) = self.leader_of(&alias) {
            let told = http::call(leader, "GET", "/", b"", NODE_LIMIT);
            if told.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock) {
                return None;
            }
        }
        call("POST", format!("/{index}/_open?wait_for_active_shards=1"))?;
        let own = copier::checkpoints(self.node, index, NODE_LIMIT).ok()?;
        let mut state = self.board.lock();
        if state.follows.get(index).is_some_and(|follow| follow.number == number) {
            let follow = state.follows.remove(index)?;
            let bases = follow.here.iter().zip(own).map(|(here, own)| here - own).collect();
            state.bases.insert(index.to_owned(), bases);
        }
        Some(acknowledged())
    }

    fn add_rule(&self, body: &Json) -> Answer {
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        let (alias, name) = (text("leader_alias"), text("name"));
        let mut state = self.board.lock();
        if state.rules.iter().any(|rule| rule.alias == alias && rule.name == name) {
            let reason = format!("autofollow rule {alias}:{name} already exist");
            return Answer::error(500, "replication_exception", &reason);
        }
        state.rules.push(Rule { alias, name, pattern: text("pattern"), started: 0 });
        acknowledged()
    }

    fn drop_rule(&self, body: &Json) -> Answer {
        let is_it = |rule: &Rule| {
            body["leader_alias"] == rule.alias.as_str() && body["name"] == rule.name.as_str()
        };
        let mut state = self.board.lock();
        let before = state.rules.len();
        state.rules.retain(|rule| !is_it(rule));
        if state.rules.len() == before {
            let reason = "autofollow rule does not exist";
            return Answer::error(500, "replication_exception", reason);
        }
        acknowledged()
    }

    /// Follows every index of a leader that a rule names and that is not there.
    fn follow_rules(self: Arc<Self>) {
        loop {
            let mut state = self.board.lock();
            let began = Instant::now();
            loop {
                if state.over {
                    return;
                }
                let left = state.orders.autofollow_every.saturating_sub(began.elapsed());
                if left.is_zero() {
                    break;
                }
                state = self.board.wait(state, left);
            }
            let rules: Vec<(String, String)> =
                state.rules.iter().map(|rule| (rule.alias.clone(), rule.pattern.clone())).collect();
            drop(state);
            for (alias, pattern) in rules {
                let Some(leader) = self.leader_of(&alias) else { continue };
                let indices = copier::indices(leader);
                for index in indices.iter().filter(|index| matches(&pattern, index)) {
                    let body = json!({ "leader_alias": alias, "leader_index": index });
                    let begun = self.begin(index, &body).status == 200;
                    let mut state = self.board.lock();
                    let mut rules = state.rules.iter_mut();
                    if let Some(rule) = rules.find(|rule| begun && rule.alias == alias) {
                        rule.started += 1;
                    }
                }
            }
        }
    }
}

fn acknowledged() -> Answer {
    Answer::json(200, &json!({ "acknowledged": true }))
}

fn none_in_progress(index: &str) -> Answer {
    let reason = format!("No replication in progress for index:{index}");
    Answer::error(400, "illegal_argument_exception", &reason)
}
