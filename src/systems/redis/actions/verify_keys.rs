//! Compares a sample of keys between the two sides: whether they are there, and how long they live.

use std::collections::BTreeSet;
use std::time::Duration;

use redis::Value;

use super::super::link::Session;
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
        doc: "Compares a sample of the keys with a prefix between both sides by TTL; \
              where the other side does not answer it only looks that there are such keys, and \
              says so",
        verb: "verify",
        reversal: "Nothing to take back: it only reads",
        permissions: &["ACL SETUSER <watching user> +scan +ttl +info +config|get ~auth:*"],
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
        let call = format!("SCAN ... MATCH {pattern} COUNT {SCAN_COUNT}; TTL of each");
        (Ok(vec![line('~', text)]), call)
    }

    async fn apply(at: &mut At<Self>, _execution: &Execution, output: &mut dyn Output) -> Applied {
        as_seen(at.standing().await, "the keys could not be read", output)
    }
}

/// What TTL answers of a key that is not there, and of one that does not expire; else it is the
/// seconds that are left.
const GONE: i64 = -2;
const FOREVER: i64 = -1;

/// True when two lives are the same but for `within_s` seconds.
fn is_like(one: i64, other: i64, within_s: i64) -> bool {
    one == other || (one >= 0 && other >= 0 && (one - other).abs() <= within_s)
}

/// What a comparison found.
#[derive(Debug, Default)]
struct Found {
    compared: usize,
    missing: Vec<String>,
    unlike: Vec<String>,
}

impl At<VerifyKeys> {
    async fn look(&self) -> Result<Standing, Trouble> {
        let own = self.seat.own.open().await?;
        let Some(bench) = &self.seat.other else { return self.look_alone(&own).await };
        let there = async {
            let source = bench.open().await?;
            Ok((bench.state_on(&source).await?, source))
        };
        let (here, there) = tokio::join!(self.seat.own.state_on(&own), bench.soon(there));
        let source = match there {
            Ok((state, source)) => self.seat.apart(here, Ok(state)).1.map(|_| source)?,
            // Somebody answers: to say that nobody does would not be true.
            Err(trouble) if trouble.kind == TroubleKind::OtherServer => return Err(trouble),
            Err(_) => return self.look_alone(&own).await,
        };
        let (keys, partial) = self.sample(bench, &source).await?;
        let mut found = self.compare(&own, &source, keys).await?;
        if !found.missing.is_empty() || !found.unlike.is_empty() {
            // What was just written may be on its way, what just expired may be gone at one side.
            tokio::time::sleep(SECOND_LOOK_AFTER).await;
            let again = [found.missing, found.unlike].concat();
            found = Found { compared: found.compared, ..self.compare(&own, &source, again).await? };
        }
        let of = if partial { "sampled keys" } else { "keys" };
        Ok(self.judge(&found, of))
    }

    fn judge(&self, Found { compared, missing, unlike }: &Found, of: &str) -> Standing {
        let (name, from) = (&self.seat.name, &self.seat.other_region);
        let (pattern, within) = (&self.with.pattern, self.with.ttl_within.as_secs());
        let (count, apart) = (missing.len(), unlike.len());
        let lacking = missing.first().filter(|_| count > self.with.missing_at_most);
        let (is_so, words) = match (lacking, unlike.first()) {
            _ if *compared == 0 => (false, format!("{from} has no key `{pattern}`")),
            (Some(first), _) => {
                let what = format!("{count} of {compared} {of} `{pattern}`");
                (false, format!("{what} are not in {name}, as `{first}`"))
            }
            (None, Some(first)) => (
                false,
                format!(
                    "{apart} of {compared} {of} `{pattern}` live more than {within} s longer or \
                     shorter in {name} than in {from}, as `{first}`"
                ),
            ),
            (None, None) => {
                let what = format!("{} of {compared} {of} `{pattern}`", compared - count);
                (true, format!("{what} of {from} are in {name}, with the same life"))
            }
        };
        Standing::of(is_so, words)
    }

    /// Without the other side there is nothing to compare with; that there are keys is something.
    async fn look_alone(&self, own: &Session) -> Result<Standing, Trouble> {
        let (name, from, pattern) = (&self.seat.name, &self.seat.other_region, &self.with.pattern);
        let (keys, partial) = self.sample(&self.seat.own, own).await?;
        let lives = own.numbers("TTL", &keys).await?;
        let forever = lives.into_iter().filter(|life| *life == FOREVER).count();
        let (count, at_least) = (keys.len(), if partial { "at least " } else { "" });
        let words = if keys.is_empty() {
            format!("{name} has no key `{pattern}`; {from} does not answer")
        } else {
            format!(
                "{name} has {at_least}{count} keys `{pattern}`, {forever} of them without an end; \
                 NOT COMPARED: {from} does not answer"
            )
        };
        Ok(Standing::of(!keys.is_empty(), words))
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
            cursor = next;
            if cursor == "0" || keys.len() >= self.with.sample {
                break;
            }
        }
        let partial = cursor != "0" || keys.len() > self.with.sample;
        Ok((keys.into_iter().take(self.with.sample).collect(), partial))
    }

    async fn compare(
        &self,
        own: &Session,
        source: &Session,
        keys: Vec<String>,
    ) -> Result<Found, Trouble> {
        let within_s = i64::try_from(self.with.ttl_within.as_secs()).unwrap_or(i64::MAX);
        let (here, there) = tokio::join!(own.numbers("TTL", &keys), source.numbers("TTL", &keys));
        let (here, there) = (here?, there?);
        let mut found = Found::default();
        for ((key, here), there) in keys.into_iter().zip(here).zip(there) {
            // Gone where it was found: it expired or was deleted meanwhile.
            if there == GONE {
                continue;
            }
            found.compared += 1;
            if here == GONE {
                found.missing.push(key);
            } else if !is_like(here, there, within_s) {
                found.unlike.push(key);
            }
        }
        Ok(found)
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
            assert_eq!(is_like(one, other, 5), want, "{one:?} {other:?}");
            assert_eq!(is_like(other, one, 5), want, "{other:?} {one:?}");
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
