//! Compares a sample of keys between the two sides: whether they are there, and how long they live.

use std::collections::BTreeSet;
use std::time::Duration;

use redis::Value;

use super::super::link::Session;
use super::super::meet::refuse_cluster;
use super::super::settings::Redis;
use crate::systems::kit::task::prelude::*;

const KEYS: Setting<String> =
    Setting::new("keys", Kind::Word, "The pattern of their names").required().example("\"auth:*\"");

const SAMPLE: Setting<usize> =
    Setting::new("sample", Kind::Integer(1, 5000), "How many keys are compared").or("200");

const TTL_WITHIN: Setting<Duration> =
    Setting::new("ttl_within", Kind::Time(0, u64::MAX), "How far apart remaining lives may be")
        .or("5s");

const MISSING_AT_MOST: Setting<usize> = Setting::new(
    "missing_at_most",
    Kind::Integer(0, 5000),
    "How many of the sample may be missing",
)
.or("0");

/// Keys that the server looks at for one answer of `SCAN`.
const SCAN_COUNT: &str = "500";

/// The most answers of `SCAN`: a rare prefix in a big store must not keep the server busy.
const SCANS_MAX: u32 = 1000;

/// Keys asked for at the same time.
const AT_ONCE: usize = 50;

/// The longest time for a whole comparison; what was compared by then counts.
const LIMIT: Duration = Duration::from_secs(4);

/// After this, a key that is on its way must have arrived.
const SECOND_LOOK_AFTER: Duration = Duration::from_millis(500);

/// `redis.verify_keys`.
pub(super) struct VerifyKeys;

/// What is compared, and how much may differ.
pub struct Wanted {
    pattern: String,
    sample: usize,
    ttl_within: Duration,
    missing_at_most: usize,
}

impl Task for VerifyKeys {
    type On = Redis;
    type With = Wanted;
    const SPEC: ActionSpec = ActionSpec {
        name: "redis.verify_keys",
        doc: "Compares a sample of the keys with a prefix between both sides by EXISTS and TTL; \
              where the other side does not answer it only looks that there are such keys, and \
              says so",
        verb: "verify",
        reversal: "Nothing to take back: it only reads",
        permissions: &["ACL SETUSER <watching user> +scan +exists +ttl +info +config|get ~auth:*"],
        settings: &[KEYS.spec, SAMPLE.spec, TTL_WITHIN.spec, MISSING_AT_MOST.spec],
        ..ActionSpec::LOOK
    };
    const RIGHTS: Rights = Rights::Read;

    fn with(fields: &Fields<'_>) -> Result<Wanted, Fault> {
        Ok(Wanted {
            pattern: KEYS.get(fields)?,
            sample: SAMPLE.get(fields)?,
            ttl_within: TTL_WITHIN.get(fields)?,
            missing_at_most: MISSING_AT_MOST.get(fields)?,
        })
    }

    async fn standing(at: &At<Self>) -> Result<Standing, Trouble> {
        let looked = tokio::time::timeout(LIMIT + LIMIT / 2, Box::pin(at.look())).await;
        looked.unwrap_or_else(|_| Err(Trouble::timeout(&at.seat.own.target.place, LIMIT)))
    }

    async fn foresee(at: &At<Self>) -> Foreseen {
        let text = format!("{} and {} are only read", at.seat.name, at.seat.other_region);
        let pattern = &at.with.pattern;
        let call = format!("SCAN ... MATCH {pattern} COUNT {SCAN_COUNT}; EXISTS and TTL of each");
        (Ok(vec![line('~', text)]), call)
    }

    async fn apply(at: &mut At<Self>, _execution: &Execution, output: &mut dyn Output) -> Applied {
        as_seen(at.standing().await, "the keys could not be read", output)
    }
}

/// A key's remaining life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Life {
    /// There is no such key.
    Gone,
    /// It does not expire.
    Forever,
    /// It lives for so many seconds.
    Seconds(i64),
}

impl Life {
    /// From what TTL answers.
    fn of_ttl(ttl: i64) -> Self {
        match ttl {
            -1 => Self::Forever,
            0.. => Self::Seconds(ttl),
            _ => Self::Gone,
        }
    }

    /// True when the two are the same but for `within` seconds.
    fn is_like(self, other: Self, within_s: i64) -> bool {
        match (self, other) {
            (Self::Seconds(one), Self::Seconds(other)) => (one - other).abs() <= within_s,
            (Self::Gone | Self::Forever | Self::Seconds(_), _) => self == other,
        }
    }
}

/// What a comparison found.
#[derive(Debug, Default)]
struct Found {
    compared: usize,
    missing: Vec<String>,
    unlike: Vec<String>,
    /// True when not every key with the prefix was in the sample.
    partial: bool,
}

impl At<VerifyKeys> {
    async fn look(&self) -> Result<Standing, Trouble> {
        let own = self.seat.own.open().await?;
        refuse_cluster(&own)?;
        let Some(bench) = &self.seat.other else { return self.look_alone(&own).await };
        let there = async {
            let source = bench.open().await?;
            Ok((bench.state_on(&source).await?, source))
        };
        let (here, there) = tokio::join!(self.seat.own.state_on(&own), bench.soon(there));
        let source = match there {
            Ok((state, source)) => self.seat.apart(here, Ok(state)).1.map(|_| source),
            Err(trouble) => Err(trouble),
        };
        let source = match source {
            Ok(source) => source,
            // Somebody answers: to say that nobody does would not be true.
            Err(trouble) if trouble.kind == TroubleKind::OtherServer => return Err(trouble),
            Err(_) => return self.look_alone(&own).await,
        };
        let (name, from) = (&self.seat.name, &self.seat.other_region);
        let (keys, partial) = self.sample(bench, &source).await?;
        let mut found = self.compare(&own, &source, keys).await?;
        if !found.missing.is_empty() || !found.unlike.is_empty() {
            // What was just written may be on its way, what just expired may be gone at one side.
            tokio::time::sleep(SECOND_LOOK_AFTER).await;
            let again: Vec<String> =
                found.missing.drain(..).chain(found.unlike.drain(..)).collect();
            let second = self.compare(&own, &source, again).await?;
            (found.missing, found.unlike) = (second.missing, second.unlike);
        }
        found.partial = partial;
        Ok(self.judge(&found, name, from.as_str()))
    }

    fn judge(&self, found: &Found, name: &str, from: &str) -> Standing {
        let pattern = &self.with.pattern;
        let of = if found.partial { "sampled keys" } else { "keys" };
        let compared = found.compared;
        if compared == 0 {
            return Standing::NotDone(format!("{from} has no key `{pattern}`").into());
        }
        let missing = found.missing.len();
        if missing > self.with.missing_at_most {
            let first = &found.missing[0];
            let words =
                format!("{missing} of {compared} {of} `{pattern}` are not in {name}, as `{first}`");
            return Standing::NotDone(words.into());
        }
        if let Some(first) = found.unlike.first() {
            let (unlike, within) = (found.unlike.len(), self.with.ttl_within.as_secs());
            let words = format!(
                "{unlike} of {compared} {of} `{pattern}` live more than {within} s longer or \
                 shorter in {name} than in {from}, as `{first}`"
            );
            return Standing::NotDone(words.into());
        }
        let words = format!(
            "{} of {compared} {of} `{pattern}` of {from} are in {name}, with the same life",
            compared - missing
        );
        Standing::Done(words.into())
    }

    /// Without the other side there is nothing to compare with; that there are keys is something.
    async fn look_alone(&self, own: &Session) -> Result<Standing, Trouble> {
        let (name, from) = (&self.seat.name, &self.seat.other_region);
        let pattern = &self.with.pattern;
        let (keys, partial) = self.sample(&self.seat.own, own).await?;
        let at_least = if partial { "at least " } else { "" };
        let mut forever = 0;
        for some in keys.chunks(AT_ONCE) {
            let lives = self.lives(own, some).await?;
            forever += lives.iter().filter(|life| **life == Life::Forever).count();
        }
        let count = keys.len();
        if count == 0 {
            let words = format!("{name} has no key `{pattern}`; {from} does not answer");
            return Ok(Standing::NotDone(words.into()));
        }
        let words = format!(
            "{name} has {at_least}{count} keys `{pattern}`, {forever} of them without an end; NOT \
             COMPARED: {from} does not answer"
        );
        Ok(Standing::Done(words.into()))
    }

    /// Keys with the prefix, and whether there may be more of them.
    async fn sample(
        &self,
        bench: &Bench<Redis>,
        session: &Session,
    ) -> Result<(Vec<String>, bool), Trouble> {
        let mut keys = BTreeSet::new();
        let mut cursor = "0".to_owned();
        for _ in 0..SCANS_MAX {
            let words = ["SCAN", &cursor, "MATCH", &self.with.pattern, "COUNT", SCAN_COUNT];
            let answer = bench.within(session.ask(&words)).await?;
            let Some((next, some)) = scanned(&answer) else {
                return Err(session.garbage(&words, &answer));
            };
            keys.extend(some);
            if keys.len() >= self.with.sample {
                let partial = keys.len() > self.with.sample || next != "0";
                return Ok((keys.into_iter().take(self.with.sample).collect(), partial));
            }
            if next == "0" {
                return Ok((keys.into_iter().collect(), false));
            }
            cursor = next;
        }
        Ok((keys.into_iter().collect(), true))
    }

    async fn compare(
        &self,
        own: &Session,
        source: &Session,
        keys: Vec<String>,
    ) -> Result<Found, Trouble> {
        let within_s = i64::try_from(self.with.ttl_within.as_secs()).unwrap_or(i64::MAX);
        let mut found = Found::default();
        for some in keys.chunks(AT_ONCE) {
            let (here, there) = tokio::join!(self.lives(own, some), self.lives(source, some));
            for (key, (here, there)) in some.iter().zip(here?.into_iter().zip(there?)) {
                match (here, there) {
                    // Gone where it was found: it expired or was deleted meanwhile.
                    (_, Life::Gone) => continue,
                    (Life::Gone, _) => found.missing.push(key.clone()),
                    _ if here.is_like(there, within_s) => {}
                    _ => found.unlike.push(key.clone()),
                }
                found.compared += 1;
            }
        }
        Ok(found)
    }

    /// The lives of some keys, asked all at once.
    async fn lives(&self, session: &Session, keys: &[String]) -> Result<Vec<Life>, Trouble> {
        let questions: Vec<[&str; 2]> =
            keys.iter().flat_map(|key| [["EXISTS", key.as_str()], ["TTL", key.as_str()]]).collect();
        let answers = session.numbers(&questions).await?;
        let life = |pair: &[i64]| if pair[0] == 0 { Life::Gone } else { Life::of_ttl(pair[1]) };
        Ok(answers.chunks_exact(2).map(life).collect())
    }
}

/// Cursor and keys of an answer of `SCAN`.
fn scanned(answer: &Value) -> Option<(String, Vec<String>)> {
    let Value::Array(parts) = answer else { return None };
    let [Value::BulkString(cursor), Value::Array(keys)] = parts.as_slice() else { return None };
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).ok();
    let key = |value: &Value| match value {
        Value::BulkString(bytes) => text(bytes),
        _ => None,
    };
    // A key that is no text cannot be asked for again; it is left out of the sample.
    Some((text(cursor)?, keys.iter().filter_map(key).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lives_are_compared() {
        let check = |one: i64, other: i64, want: bool| {
            let (one, other) = (Life::of_ttl(one), Life::of_ttl(other));
            assert_eq!(one.is_like(other, 5), want, "{one:?} {other:?}");
            assert_eq!(other.is_like(one, 5), want, "{other:?} {one:?}");
        };
        check(-1, -1, true);
        check(100, 105, true);
        check(100, 106, false);
        check(-1, 100, false);
        check(-2, -1, false);
        check(-2, 0, false);
    }

    #[test]
    fn scans_are_read() {
        let bulk = |text: &str| Value::BulkString(text.into());
        let odd = Value::BulkString(vec![0xff]);
        let keys = Value::Array(vec![bulk("auth:1"), odd, Value::Nil]);
        let answer = Value::Array(vec![bulk("17"), keys]);
        assert_eq!(scanned(&answer), Some(("17".to_owned(), vec!["auth:1".to_owned()])));
        assert_eq!(scanned(&Value::Array(vec![bulk("0")])), None);
        assert_eq!(scanned(&Value::Okay), None);
    }
}
