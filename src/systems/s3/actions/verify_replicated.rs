//! Compares what was written lately: every such object of the other side must be in the target.

use std::collections::BTreeMap;
use std::time::Duration;

use super::super::settings::S3;
use super::super::store::{Object, Session, Wanted as List};
use crate::domain::time::spoken_time;
use crate::systems::kit::task::prelude::*;

/// The most pages of each side: 20,000 objects.
const PAGES_MAX: usize = 20;

/// By how much the time of a copy may be cut off.
const CUT_MS: i64 = 1_000;

const PREFIX: Setting<String> =
    Setting::new("prefix", Kind::Text, "What the keys begin with that are compared").or("");

const SINCE: Setting<Duration> = Setting::new(
    "since",
    Kind::Time(1000, 30 * 86_400_000),
    "Only objects that were written in so long a time are compared",
)
.or("15m");

const MISSING_AT_MOST: Setting<usize> =
    Setting::new("missing_at_most", Kind::Integer(0, 1_000_000), "How many may be missing").or("0");

/// `s3.verify_replicated`.
pub(super) struct VerifyReplicated;

/// What is compared.
pub struct Wanted {
    prefix: String,
    since: Duration,
    missing_at_most: usize,
}

impl Task for VerifyReplicated {
    type On = S3;
    type With = Wanted;
    const SPEC: ActionSpec = ActionSpec {
        name: "s3.verify_replicated",
        doc: "Lists both buckets below a prefix and says how many objects written lately on the \
              other side are not in the target; without the other side there is no proof",
        permissions: &["s3:ListBucket on both sides"],
        settings: &[PREFIX.spec, SINCE.spec, MISSING_AT_MOST.spec],
        ..ActionSpec::LOOK
    };
    const RIGHTS: Rights = Rights::Read;

    fn with(fields: &Fields<'_>) -> Result<Wanted, Fault> {
        Ok(Wanted {
            prefix: PREFIX.get(fields)?,
            since: SINCE.get(fields)?,
            missing_at_most: MISSING_AT_MOST.get(fields)?,
        })
    }

    async fn standing(at: &At<Self>) -> Result<Standing, Trouble> {
        let limit = at.deadline();
        at.seat.own.within_limit(limit, Box::pin(at.compare())).await
    }

    async fn foresee(at: &At<Self>) -> Foreseen {
        let text = format!("{} and {} are only read", at.seat.name, at.seat.other_region);
        let call = format!("ListObjectsV2 of `{}` in both buckets", at.with.prefix);
        (Ok(vec![line('~', text)]), call)
    }

    async fn apply(at: &mut At<Self>, _execution: &Execution, output: &mut dyn Output) -> Applied {
        as_seen(at.standing().await, "the objects could not be compared", output)
    }
}

impl At<VerifyReplicated> {
    async fn compare(&self) -> Result<Standing, Trouble> {
        let (name, from) = (&self.seat.name, &self.seat.other_region);
        let own = self.seat.own.open().await?;
        let no_proof = |why: &Trouble| {
            Standing::Unknown(format!("no proof possible: {from} is not read: {why}").into())
        };
        let states = self.seat.states_on(&own).await;
        states.0?;
        let source = match (states.1, self.seat.open_other().await) {
            (Ok(_), Ok(source)) => source,
            (Err(why), _) | (_, Err(why)) => return Ok(no_proof(&why)),
        };
        // The source first: what comes to it later is not looked for in the copy.
        let there = match self.list(&source).await {
            Ok(there) => there,
            Err(why) => return Ok(no_proof(&why)),
        };
        let here: BTreeMap<String, Object> =
            self.list(&own).await?.into_iter().map(|one| (one.key.clone(), one)).collect();
        let now_ms = source.clock.last_ms().unwrap_or_else(|| self.clock.now().wall_ms);
        let since_ms = i64::try_from(self.with.since.as_millis()).unwrap_or(i64::MAX);
        let lately = |one: &&Object| one.at_ms >= now_ms.saturating_sub(since_ms);
        let is_here = |one: &Object| {
            here.get(&one.key)
                .is_some_and(|copy| copy.size == one.size && copy.at_ms + CUT_MS >= one.at_ms)
        };
        let compared: Vec<&Object> = there.iter().filter(lately).collect();
        let missing: Vec<&&Object> = compared.iter().filter(|one| !is_here(one)).collect();
        let (prefix, since) = (&self.with.prefix, spoken_time(self.with.since));
        let what = format!("objects `{prefix}*` written in the last {since}");
        Ok(match missing.iter().min_by_key(|one| one.at_ms) {
            _ if compared.is_empty() => {
                Standing::NotDone(format!("{from} has no {what}: nothing is proven").into())
            }
            Some(first) if missing.len() > self.with.missing_at_most => {
                let (count, of, key) = (missing.len(), compared.len(), &first.key);
                let words = format!("{count} of {of} {what} are not in {name}, as `{key}`");
                Standing::NotDone(words.into())
            }
            _ => {
                let (count, of) = (compared.len() - missing.len(), compared.len());
                Standing::Done(format!("{count} of {of} {what} are in {name}").into())
            }
        })
    }

    async fn list(&self, session: &Session) -> Result<Vec<Object>, Trouble> {
        let prefix = self.with.prefix.as_str();
        let list = List { prefix, after: None, folders: false, pages: PAGES_MAX };
        let listed = session.list(list).await?;
        if listed.whole {
            return Ok(listed.objects);
        }
        let words =
            format!("there are more than 20,000 objects `{prefix}*`: name a longer `prefix`");
        Err(Trouble::new(TroubleKind::Ours, words))
    }
}
