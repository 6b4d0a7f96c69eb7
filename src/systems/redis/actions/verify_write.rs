//! Proves that the target accepts writes: writes one key and reads it back.

use std::time::Duration;

use super::super::settings::Redis;
use super::super::state::SideState;
use crate::domain::time::spoken_time;
use crate::systems::kit::task::prelude::*;

/// The longest prefix, in bytes.
const PREFIX_BYTES_MAX: usize = 128;

const PREFIX: Setting<String> =
    Setting::new("prefix", Kind::Text, "What the key begins with").or("warroom:probe:");

const FRESH_FOR: Setting<Duration> = Setting::new(
    "fresh_for",
    Kind::Time(1000, 86_400_000),
    "How long the key stays, and proves that writes work",
)
.or("15m");

/// `redis.verify_write`.
pub(super) struct VerifyWrite;

/// The key that is wanted.
pub struct Wanted {
    prefix: String,
    fresh_for: Duration,
}

impl Task for VerifyWrite {
    type On = Redis;
    type With = Wanted;
    const SPEC: ActionSpec = ActionSpec {
        name: "redis.verify_write",
        doc: "Writes one key on the target and reads it back; the key carries the replication \
              history, so that one copied from the old primary proves nothing, and expires by \
              itself",
        verb: "verify",
        class: Class::I,
        guard: Guard::StopWindow,
        fencing: Fencing::IdempotentByKey,
        change: Change::ProveWrite,
        reversal: "Nothing to take back: the key expires after `fresh_for`",
        permissions: &["ACL SETUSER <acting user> +set +get +info +config|get ~warroom:probe:*"],
        needs_target: true,
        settings: &[PREFIX.spec, FRESH_FOR.spec],
    };
    const RIGHTS: Rights = Rights::Act;

    fn with(fields: &Fields<'_>) -> Result<Wanted, Fault> {
        let (prefix, fresh_for) = (PREFIX.get(fields)?, FRESH_FOR.get(fields)?);
        if prefix.is_empty() || prefix.len() > PREFIX_BYTES_MAX {
            return Err(fields.refuse("prefix", "must have 1 to 128 bytes"));
        }
        Ok(Wanted { prefix, fresh_for })
    }

    async fn standing(at: &At<Self>) -> Result<Standing, Trouble> {
        let own = &at.seat.own;
        let session = own.open().await?;
        let key = at.key();
        let words = ["GET", &key];
        let (state, found) = tokio::join!(own.state_on(&session), own.within(session.text(&words)));
        Ok(at.judge(&state?, found?.as_deref()))
    }

    async fn foresee(at: &At<Self>) -> Foreseen {
        let (key, seconds) = (at.key(), at.with.fresh_for.as_secs());
        let text = format!("{} key `{key}` written, gone after {seconds} s", at.seat.name);
        (Ok(vec![line('~', text)]), format!("SET {key} ... EX {seconds}; GET {key}"))
    }

    async fn apply(at: &mut At<Self>, execution: &Execution, output: &mut dyn Output) -> Applied {
        let (id, limit) = (execution.key(), Redis::ANSWER_LIMIT * 2);
        tokio::time::timeout(limit, at.write(&id, output)).await.unwrap_or_else(|_| {
            Err(OperateError::Ambiguous("the write was not answered in time".into()))
        })
    }
}

impl At<VerifyWrite> {
    /// The step and the side, so that each has one key.
    fn key(&self) -> String {
        format!("{}{}:{}", self.with.prefix, self.step, self.seat.side)
    }

    fn judge(&self, state: &SideState, found: Option<&str>) -> Standing {
        let (name, fresh_for) = (&self.seat.name, spoken_time(self.with.fresh_for));
        let history = found.and_then(|value| value.split_once(' ')).map(|(replid, _)| replid);
        let (written, words) = match history {
            _ if !state.is_primary() => (false, format!("{name} is a standby, refuses writes")),
            None => (false, format!("no key was written to {name} in the last {fresh_for}")),
            Some(replid) if replid != state.replid => {
                (false, format!("the key in {name} is of another history: not written here"))
            }
            Some(_) => (true, format!("{name} took a write within the last {fresh_for}")),
        };
        Standing::of(written, words)
    }

    async fn write(&self, id: &str, output: &mut dyn Output) -> Applied {
        let own = &self.seat.own;
        let session = own.open().await.map_err(Trouble::before_sending)?;
        let state = own.state_on(&session).await.map_err(Trouble::before_sending)?;
        let value = format!("{} {id}", state.replid);
        let seconds = self.with.fresh_for.as_secs().to_string();
        let (began, key) = (self.clock.now(), self.key());
        let work = async {
            session.text(&["SET", &key, &value, "EX", &seconds]).await?;
            session.text(&["GET", &key]).await
        };
        let found = own.within(work).await.map_err(Trouble::into_operate_error)?;
        let took = self.clock.now().since(began);
        if found.as_deref() != Some(&value) {
            let message = format!("{} read back another value than was written", self.seat.name);
            return Err(OperateError::Ambiguous(message.into()));
        }
        let took = match took.as_millis() {
            0 => "less than 1 ms".to_owned(),
            ms => format!("{ms} ms"),
        };
        tell(format!("wrote and read back one key in {} in {took}", self.seat.name), output)
    }
}
