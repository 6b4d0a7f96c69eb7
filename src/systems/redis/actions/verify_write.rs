//! Proves that the target takes writes: writes one key that expires, and reads it back.

use std::sync::Arc;
use std::time::Duration;

use super::super::settings::span_of;
use super::super::state::SideState;
use super::super::trouble::Trouble;
use super::seat::{ANSWER_LIMIT, Rights, Seat, check_target, line, read_time};
use crate::domain::catalogue::{ActionSpec, Change, Class, Fencing, Guard, SettingSpec};
use crate::domain::preview::{Preview, Standing};
use crate::domain::reading::Identity;
use crate::domain::run::commit::Execution;
use crate::domain::settings::{Fault, Fields, Table};
use crate::domain::site::SystemSpec;
use crate::domain::text::Clean;
use crate::port::{Action, Boxed, Clock, OperateError, Operator, OperatorSetup, Output};
use crate::systems::shared::failure::span_text;

/// What keys begin with, unless `prefix` says otherwise.
const PREFIX_DEFAULT: &str = "warroom:probe:";

/// How long a key stays and proves anything.
const FRESH_DEFAULT: Duration = Duration::from_secs(15 * 60);

/// The longest prefix, in bytes.
const PREFIX_BYTES_MAX: usize = 128;

const SPEC: ActionSpec = ActionSpec {
    name: "redis.verify_write",
    doc: "Writes one key on the target and reads it back; the key carries the replication history, \
          so that one copied from the old primary proves nothing, and expires by itself",
    verb: "verify",
    class: Class::I,
    guard: Guard::StopWindow,
    fencing: Fencing::IdempotentByKey,
    change: Change::ProveWrite,
    reversal: "Nothing to take back: the key expires after `fresh_for`",
    permissions: &["ACL SETUSER <acting user> +set +get +info +config|get ~warroom:probe:*"],
    needs_target: true,
    settings: &[
        SettingSpec {
            name: "prefix",
            doc: "What the key begins with, `warroom:probe:` if absent",
            required: false,
        },
        SettingSpec {
            name: "fresh_for",
            doc: "How long the key stays, and proves that writes work, 15m if absent",
            required: false,
        },
    ],
};

/// `redis.verify_write`.
pub(super) struct VerifyWrite;

struct Wanted {
    prefix: String,
    fresh_for: Duration,
}

fn read_wanted(with: &Table) -> Result<Wanted, Fault> {
    let fields = Fields::new(with, SPEC.name);
    let prefix = fields.text("prefix")?.unwrap_or(PREFIX_DEFAULT);
    if prefix.is_empty() || prefix.len() > PREFIX_BYTES_MAX {
        let message = "`prefix` must have 1 to 128 bytes";
        return Err(Fault::new(span_of(with, "prefix"), message));
    }
    let fresh_for = read_time(with, &fields, "fresh_for", FRESH_DEFAULT)?;
    fields.finish()?;
    Ok(Wanted { prefix: prefix.to_owned(), fresh_for })
}

impl Action for VerifyWrite {
    fn spec(&self) -> &'static ActionSpec {
        &SPEC
    }

    fn check_settings(&self, with: &Table, system: Option<&SystemSpec>) -> Result<(), Fault> {
        read_wanted(with)?;
        check_target(system, Rights::Act)
    }

    fn operator(&self, setup: OperatorSetup<'_>) -> Result<Box<dyn Operator>, Fault> {
        let wanted = read_wanted(setup.with)?;
        let seat = Seat::new(&setup, Rights::Act)?;
        let key = format!("{}{}:{}", wanted.prefix, setup.step.id, seat.side);
        Ok(Box::new(Writer { seat, fresh_for: wanted.fresh_for, key, clock: setup.clock }))
    }
}

struct Writer {
    seat: Seat,
    fresh_for: Duration,
    /// The step and the side, so that each has one key.
    key: String,
    clock: Arc<dyn Clock>,
}

impl Writer {
    async fn standing(&self) -> Standing {
        match self.find().await {
            Ok((state, found)) => self.judge(&state, found.as_deref()),
            Err(trouble) => Standing::Unknown(trouble.message),
        }
    }

    async fn find(&self) -> Result<(SideState, Option<String>), Trouble> {
        let own = &self.seat.own;
        let session = own.open().await?;
        let words = ["GET", &self.key];
        let (state, found) = tokio::join!(own.state_on(&session), own.within(session.text(&words)));
        Ok((state?, found?))
    }

    fn judge(&self, state: &SideState, found: Option<&str>) -> Standing {
        let name = &self.seat.name;
        let history = found.and_then(|value| value.split_once(' ')).map(|(replid, _)| replid);
        let words = match history {
            _ if !state.is_primary() => format!("{name} is a standby, refuses writes"),
            None => {
                format!("no key was written to {name} in the last {}", span_text(self.fresh_for))
            }
            Some(replid) if replid != state.replid => {
                format!("the key in {name} is of another history: not written here")
            }
            Some(_) => {
                let words =
                    format!("{name} took a write within the last {}", span_text(self.fresh_for));
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
        let seconds = self.fresh_for.as_secs().to_string();
        let began = self.clock.now();
        let work = async {
            session.text(&["SET", &self.key, &value, "EX", &seconds]).await?;
            session.text(&["GET", &self.key]).await
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

    fn foresee(&self) -> Preview {
        let (key, seconds) = (&self.key, self.fresh_for.as_secs());
        let text = format!("{} key `{key}` written, gone after {seconds} s", self.seat.name);
        Preview {
            changes: vec![line('~', text)],
            call: format!("SET {key} ... EX {seconds}; GET {key}").into(),
            acts_as: self.seat.acts_as(),
        }
    }
}

impl Operator for Writer {
    fn identity(&mut self) -> Boxed<'_, Result<Option<Identity>, Clean>> {
        Box::pin(self.seat.identity())
    }

    fn check(&mut self) -> Boxed<'_, Standing> {
        Box::pin(self.standing())
    }

    fn preview(&mut self) -> Boxed<'_, Preview> {
        Box::pin(async { self.foresee() })
    }

    fn apply<'a>(
        &'a mut self,
        execution: &'a Execution,
        output: &'a mut dyn Output,
    ) -> Boxed<'a, Result<Clean, OperateError>> {
        let limit = ANSWER_LIMIT * 2;
        Box::pin(async move {
            let id = execution.key();
            tokio::time::timeout(limit, self.write(&id, output)).await.unwrap_or_else(|_| {
                Err(OperateError::Ambiguous("the write was not answered in time".into()))
            })
        })
    }
}
