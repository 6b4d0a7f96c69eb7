//! A constant load of documents on one node that remembers what was acknowledged.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::json;

use super::super::load::Acknowledged;
use super::http;
use super::{DEADLINE, Node, until};

/// How long one write is waited for.
const WRITE_LIMIT: Duration = Duration::from_secs(2);

/// More documents than one search may tell.
const FOUND_MAX: usize = 10_000;

/// Milliseconds since 1970.
pub fn now_ms() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(now.as_millis()).unwrap()
}

/// Writes documents `1`, `2`, ... one after another until it is dropped; a document is remembered
/// once the node acknowledged it. While the node does not answer it goes on trying.
pub struct Load {
    acknowledged: Arc<Mutex<Vec<Acknowledged>>>,
    over: Arc<AtomicBool>,
    writer: Option<JoinHandle<()>>,
}

impl Load {
    /// Starts writing a document every so often to an index, at a port of a node or of its gate.
    pub fn start(port: u16, index: &str, every: Duration) -> Self {
        let acknowledged: Arc<Mutex<Vec<Acknowledged>>> = Arc::default();
        let over = Arc::new(AtomicBool::new(false));
        let (told, ends, index) = (Arc::clone(&acknowledged), Arc::clone(&over), index.to_owned());
        let writer = std::thread::spawn(move || {
            let mut number = 0;
            while !ends.load(Ordering::Relaxed) {
                number += 1;
                let body = json!({ "number": number, "at_ms": now_ms() }).to_string();
                let target = format!("/{index}/_doc/{number}");
                let wrote = http::call(port, "PUT", &target, body.as_bytes(), WRITE_LIMIT);
                if wrote.is_ok_and(|wrote| wrote.status == 201 || wrote.status == 200) {
                    let one = Acknowledged { number, wall_ms: now_ms() };
                    told.lock().unwrap_or_else(PoisonError::into_inner).push(one);
                }
                std::thread::park_timeout(every);
            }
        });
        let load = Self { acknowledged, over, writer: Some(writer) };
        load.until_more(1);
        load
    }

    /// What was acknowledged up to now.
    pub fn acknowledged(&self) -> Vec<Acknowledged> {
        self.acknowledged.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits for `more` further acknowledgements.
    pub fn until_more(&self, more: usize) {
        let before = self.acknowledged().len();
        until("the load of documents goes on", DEADLINE, || {
            self.acknowledged().len() >= before + more
        });
    }

    /// Ends the load.
    pub fn stop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(writer) = self.writer.take() {
            writer.thread().unpark();
            writer.join().expect("it does not panic");
        }
    }

    /// The acknowledged documents that `node` does not have: what would be lost.
    pub fn missing_in(&self, node: &Node, index: &str) -> Vec<Acknowledged> {
        missing_in(&self.acknowledged(), node, index)
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Those of some acknowledged documents that `node` does not have.
pub fn missing_in(all: &[Acknowledged], node: &Node, index: &str) -> Vec<Acknowledged> {
    node.ask("POST", &format!("/{index}/_refresh"), &serde_json::Value::Null);
    let query = json!({ "size": FOUND_MAX, "_source": false });
    let told = node.ask("POST", &format!("/{index}/_search"), &query);
    let hits = told["hits"]["hits"].as_array().unwrap();
    assert!(hits.len() < FOUND_MAX, "more documents than are told");
    let there: BTreeSet<i64> =
        hits.iter().filter_map(|hit| hit["_id"].as_str()?.parse().ok()).collect();
    all.iter().filter(|one| !there.contains(&one.number)).copied().collect()
}
