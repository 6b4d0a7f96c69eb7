//! What one sentinel says of the primary that a site names, in its own words.

use std::collections::BTreeMap;

use redis::Value;

use super::link::Session;
use crate::domain::text::{Clean, head};
use crate::systems::kit::endpoint::Endpoint;
use crate::systems::kit::trouble::Trouble;

/// The longest word that is kept of an answer.
const WORD_CHARS_MAX: usize = 120;

/// The most replicas that are asked for their own word.
const REPLICAS_MAX: usize = 8;

/// One sentinel's word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// Which sentinel it is: no two have the same.
    pub(super) id: String,
    /// The address that it sends clients to.
    pub(super) primary: Endpoint,
    /// The run of the server there; none where it is sending clients elsewhere just now.
    pub(super) run_id: Option<String>,
    /// What it thinks of that server: `master,s_down,o_down,failover_in_progress`.
    pub(super) flags: String,
    /// Sentinels that it knows, itself among them.
    pub(super) known: u64,
    /// Sentinels that must agree that the primary is down.
    pub(super) quorum: u64,
    /// The newer the decision, the higher.
    pub(super) epoch: u64,
    /// Why they could agree on no failover now, if so.
    pub(super) stuck: Option<Clean>,
    /// Where it knows replicas.
    pub(super) replicas: Vec<Endpoint>,
    /// Replicas that it does not take for down.
    pub(super) ready: usize,
}

impl Word {
    /// True where it says so of the primary.
    pub(super) fn has(&self, flag: &str) -> bool {
        self.flags.split(',').any(|found| found == flag)
    }

    /// From the answers to `MASTER`, `GET-MASTER-ADDR-BY-NAME` and `REPLICAS`.
    fn of(id: String, master: &Value, at: &Value, replicas: &Value) -> Option<Self> {
        let master = fields(master)?;
        let Value::Array(at) = at else { return None };
        let [host, port] = at.as_slice() else { return None };
        let primary = Endpoint { host: text(host)?, port: text(port)?.parse().ok()? };
        let Value::Array(replicas) = replicas else { return None };
        let replicas: Vec<_> = replicas.iter().filter_map(fields).collect();
        let down = |flags: &str| flags.split(',').any(|flag| DOWN.contains(&flag));
        let number = |name: &str| master.get(name)?.parse::<u64>().ok();
        Some(Self {
            id,
            run_id: master
                .get("runid")
                .filter(|run| !run.is_empty() && address(&master).as_ref() == Some(&primary))
                .cloned(),
            flags: master.get("flags")?.clone(),
            known: number("num-other-sentinels")?.saturating_add(1),
            quorum: number("quorum")?,
            epoch: number("config-epoch")?,
            stuck: None,
            ready: replicas.iter().filter(|one| one.get("flags").is_some_and(|f| !down(f))).count(),
            replicas: replicas.iter().filter_map(address).take(REPLICAS_MAX).collect(),
            primary,
        })
    }
}

/// What a sentinel calls a server that cannot serve.
const DOWN: [&str; 3] = ["s_down", "o_down", "disconnected"];

/// Asks one sentinel for all that it says of the primary called `name`.
pub(super) async fn ask(session: &Session, name: &str) -> Result<Word, Trouble> {
    let asked = |what| ["SENTINEL", what, name];
    let (master, at) = (asked("MASTER"), asked("GET-MASTER-ADDR-BY-NAME"));
    let (replicas, usable) = (asked("REPLICAS"), asked("CKQUORUM"));
    let (id, told, found, listed, agreed) = tokio::join!(
        session.text(&["SENTINEL", "MYID"]),
        session.ask(&master),
        session.ask(&at),
        session.ask(&replicas),
        session.text(&usable),
    );
    let (told, id) = (told?, id?.unwrap_or_default());
    let word = Word::of(head(&id, WORD_CHARS_MAX), &told, &found?, &listed?);
    let word = word.ok_or_else(|| session.garbage(&master, &told))?;
    Ok(Word { stuck: agreed.err().map(|trouble| trouble.message), ..word })
}

fn address(fields: &BTreeMap<String, String>) -> Option<Endpoint> {
    Some(Endpoint { host: fields.get("ip")?.clone(), port: fields.get("port")?.parse().ok()? })
}

/// Names and values that stand one after the other.
fn fields(value: &Value) -> Option<BTreeMap<String, String>> {
    let Value::Array(items) = value else { return None };
    let texts: Vec<String> = items.iter().map(text).collect::<Option<_>>()?;
    Some(texts.chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect())
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::BulkString(bytes) => Some(head(&String::from_utf8_lossy(bytes), WORD_CHARS_MAX)),
        Value::SimpleString(text) => Some(head(text, WORD_CHARS_MAX)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WELL: &str = include_str!("../../../tests/kind/recorded/redis/sentinel_well.txt");
    const MOVING: &str = include_str!("../../../tests/kind/recorded/redis/sentinel_moving.txt");
    const DOWN: &str = include_str!("../../../tests/kind/recorded/redis/sentinel_down.txt");
    const ALONE: &str = include_str!("../../../tests/kind/recorded/redis/sentinel_alone.txt");

    /// What a real sentinel of 7.0.15 answered, each answer after its question.
    fn read(recorded: &str) -> Option<Word> {
        let part = |question: &str| {
            let (_, rest) = recorded.split_once(&format!("# sentinel {question}\n"))?;
            let lines = rest.lines().take_while(|line| !line.starts_with("# "));
            Some(lines.map(|line| Value::BulkString(line.into())).collect::<Vec<Value>>())
        };
        let mut replicas: Vec<Vec<Value>> = Vec::new();
        for value in part("replicas m1")? {
            if value == Value::BulkString("name".into()) {
                replicas.push(Vec::new());
            }
            replicas.last_mut()?.push(value);
        }
        let id = text(part("myid")?.first()?)?;
        let (master, at) = (part("master m1")?, part("get-master-addr-by-name m1")?);
        let replicas = replicas.into_iter().map(Value::Array).collect();
        Word::of(id, &Value::Array(master), &Value::Array(at), &Value::Array(replicas))
    }

    #[test]
    fn real_answers_are_read() {
        let check = |recorded: &str, port: u16, has: &[&str], ready: usize| {
            let word = read(recorded).expect("a word");
            assert_eq!(word.primary.place(), format!("127.0.0.1:{port}"));
            assert_eq!((word.known, word.quorum, word.ready), (3, 2, ready), "{word:?}");
            for flag in ["s_down", "o_down", "failover_in_progress"] {
                assert_eq!(word.has(flag), has.contains(&flag), "{flag} in {}", word.flags);
            }
            assert_eq!(word.replicas.len(), 1);
            word
        };
        let well = check(WELL, 23_200, &[], 1);
        assert_eq!(well.run_id.as_deref(), Some("742ca34b9cb4001caeec1837b9ca3035164c3e67"));
        assert_eq!(well.replicas[0].place(), "127.0.0.1:23201");
        check(MOVING, 23_200, &["failover_in_progress"], 1);
        let down = check(DOWN, 23_201, &["s_down", "o_down", "failover_in_progress"], 1);
        assert_eq!((down.run_id, down.epoch), (None, 1));
        // The quorum is gone, and the address still names the dead one.
        check(ALONE, 23_200, &["s_down", "o_down", "failover_in_progress"], 0);
    }

    #[test]
    fn answers_that_lie_are_no_word() {
        let check = |from: &str, to: &str, want: bool| {
            let changed = WELL.replacen(from, to, 1);
            assert_ne!(changed, WELL, "{from}");
            assert_eq!(read(&changed).is_some(), want, "{from} -> {to}");
        };
        check("flags\n", "flogs\n", false);
        check("quorum\n2\n", "quorum\nmany\n", false);
        check("config-epoch\n0\n", "config-epoch\n-1\n", false);
        check("num-other-sentinels\n", "others\n", false);
        let at = "get-master-addr-by-name m1\n127.0.0.1\n23200\n";
        check(at, &at.replace("23200", "99999"), false);
        check(at, &at.replace("127.0.0.1\n", ""), false);
        // It sends clients elsewhere than to the server that it asked.
        let elsewhere = WELL.replace(at, &at.replace("23200", "23201"));
        let word = read(&elsewhere).expect("a word");
        assert_eq!((word.primary.port, word.run_id), (23_201, None));
        // A replica of which it tells no address cannot be asked.
        let lost = WELL.replace("port\n23201\n", "port\nnone\n");
        assert!(read(&lost).expect("a word").replicas.is_empty());
        for odd in [Value::Nil, Value::Okay, Value::Int(1), Value::Array(vec![Value::Nil])] {
            assert_eq!(Word::of("1".to_owned(), &odd, &odd, &odd), None, "{odd:?}");
        }
    }
}
