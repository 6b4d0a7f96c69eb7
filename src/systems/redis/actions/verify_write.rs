//! Proves that the target accepts writes: writes one key and reads it back.

use std::time::Duration;

use super::super::settings::Redis;
use super::super::state::SideState;
use crate::domain::catalogue::{ActionSpec, Change, Class, Fencing, Guard};
use crate::domain::preview::{Preview, Standing};
use crate::domain::run::commit::Execution;
use crate::domain::setting::{Kind, Setting};
use crate::domain::settings::{Fault, Fields};
use crate::domain::text::Clean;
use crate::domain::time::spoken_time;
use crate::port::{OperateError, Output};
use crate::systems::kit::seat::{Rights, line};
use crate::systems::kit::server::Server;
use crate::systems::kit::task::{At, Task};
use crate::systems::kit::trouble::Trouble;

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

    async fn standing(at: &At<Self>) -> Standing {
        match at.find().await {
            Ok((state, found)) => at.judge(&state, found.as_deref()),
            Err(trouble) => Standing::Unknown(trouble.message),
        }
    }

    async fn foresee(at: &At<Self>) -> Preview {
        let (key, seconds) = (at.key(), at.with.fresh_for.as_secs());
        let text = format!("{} key `{key}` written, gone after {seconds} s", at.seat.name);
        Preview {
            changes: vec![line('~', text)],
            call: format!("SET {key} ... EX {seconds}; GET {key}").into(),
            acts_as: at.seat.own.acts_as(),
        }
    }

    async fn apply(
        at: &At<Self>,
        execution: &Execution,
        output: &mut dyn Output,
    ) -> Result<Clean, OperateError> {
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

    async fn find(&self) -> Result<(SideState, Option<String>), Trouble> {
        let own = &self.seat.own;
        let session = own.open().await?;
        let key = self.key();
        let words = ["GET", &key];
        let (state, found) = tokio::join!(own.state_on(&session), own.within(session.text(&words)));
        Ok((state?, found?))
    }

    fn judge(&self, state: &SideState, found: Option<&str>) -> Standing {
        let name = &self.seat.name;
        let history = found.and_then(|value| value.split_once(' ')).map(|(replid, _)| replid);
        let words = match history {
            _ if !state.is_primary() => format!("{name} is a standby, refuses writes"),
            None => {
                format!(
                    "no key was written to {name} in the last {}",
                    spoken_time(self.with.fresh_for)
                )
            }
            Some(replid) if replid != state.replid => {
                format!("the key in {name} is of another history: not written here")
            }
            Some(_) => {
                let words = format!(
                    "{name} took a write within the last {}",
                    spoken_time(self.with.fresh_for)
                );
                return Standing::Done(words.into());
            }
        };
        Standing::NotDone(words.into())
    }

    async fn write(&self, id: &str, output: &mut dyn Output) -> Result<Clean, OperateError> {
        let own = &self.seat.own;
        let session = own.open().await.map_err(Trouble::before_sending)?;
        let state = own.state_on(&session).await.map_err(Trouble::before_sending)?;
        let value = format!("{} {id}", state.replid);
        let seconds = self.with.fresh_for.as_secs().to_string();
        let began = self.clock.now();
        let key = self.key();
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
        let words = format!("wrote and read back one key in {} in {took}", self.seat.name);
        output.line(&words);
        Ok(words.into())
    }
}
