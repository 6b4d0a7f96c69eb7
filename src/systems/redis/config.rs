//! What one server's settings say, as far as the right to read them goes: none of it is guessed.

use super::link::Session;
use crate::domain::text::Clean;

/// The settings that a look asks for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Config {
    /// Whether there are save points, or why that is not known.
    pub(super) save_points: Result<bool, Clean>,
    /// Replicas without which it takes no write.
    pub(super) min_replicas: Option<u64>,
    /// Whether it takes no write after a save that failed.
    pub(super) stops_on_failed_save: Option<bool>,
    /// Seconds after which it says something to replicas to which nothing else is sent.
    pub(super) ping_s: Option<u64>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            save_points: Err("not asked".into()),
            min_replicas: None,
            stops_on_failed_save: None,
            ping_s: None,
        }
    }
}

impl Config {
    /// Asks for each by itself: older servers know no other way.
    pub(super) async fn read(session: &Session) -> Self {
        let (save, replicas, stops, ping) = tokio::join!(
            setting(session, "save"),
            setting(session, "min-replicas-to-write"),
            setting(session, "stop-writes-on-bgsave-error"),
            setting(session, "repl-ping-replica-period"),
        );
        let number = |told: Result<String, Clean>| told.ok()?.parse().ok();
        Self {
            save_points: save.map(|points| !points.is_empty()),
            min_replicas: number(replicas),
            stops_on_failed_save: stops.ok().map(|word| word == "yes"),
            ping_s: number(ping),
        }
    }
}

async fn setting(session: &Session, name: &str) -> Result<String, Clean> {
    let words = ["CONFIG", "GET", name];
    match session.ask(&words).await {
        Ok(redis::Value::Array(items)) => match items.as_slice() {
            [_, redis::Value::BulkString(value)] => Ok(String::from_utf8_lossy(value).into_owned()),
            _ => Err(format!("`{name}` is not a setting of this server").into()),
        },
        Ok(other) => Err(session.garbage(&words, &other).message),
        Err(trouble) => Err(trouble.message),
    }
}
