//! Makes a server a replica of the other side. Whatever it holds that the other has not is erased.

use std::sync::Arc;
use std::time::Duration;

use super::super::flow::link_words;
use super::super::history::continues;
use super::super::settings::span_of;
use super::super::state::SideState;
use super::super::trouble::Trouble;
use super::seat::{LOOK_EVERY, Rights, Seat, Told, check_target, line};
use crate::domain::catalogue::{ActionSpec, Change, Class, Fencing, Guard, SettingSpec};
use crate::domain::preview::{Preview, PreviewLine, Standing};
use crate::domain::reading::Identity;
use crate::domain::run::commit::Execution;
use crate::domain::settings::{Fault, Fields, Table};
use crate::domain::site::SystemSpec;
use crate::domain::text::Clean;
use crate::port::{Action, Boxed, Clock, OperateError, Operator, OperatorSetup, Output};
use crate::systems::shared::wait::MARGIN;

const SPEC: ActionSpec = ActionSpec {
    name: "redis.replicate",
    doc: "Makes the target a replica of the other side with REPLICAOF: it takes no writes any \
          more, and what only it holds is ERASED; without `discard` refused unless that is nothing",
    verb: "replicate",
    class: Class::X,
    guard: Guard::TypedVerb,
    fencing: Fencing::IdempotentByKey,
    change: Change::Follow,
    reversal: "None: what only the target held is gone",
    permissions: &["ACL SETUSER <acting user> +replicaof +info +config|get"],
    needs_target: true,
    settings: &[
        SettingSpec {
            name: "discard",
            doc: "True to erase also what only the target holds",
            required: false,
        },
        SettingSpec {
            name: "host",
            doc: "The other side as the target reaches it, if that is not its `host`",
            required: false,
        },
        SettingSpec { name: "port", doc: "The port that goes with `host`", required: false },
    ],
};

/// `redis.replicate`.
pub(super) struct Replicate;

struct Wanted {
    discard: bool,
    host: Option<String>,
    port: Option<u16>,
}

fn read_wanted(with: &Table) -> Result<Wanted, Fault> {
    let fields = Fields::new(with, SPEC.name);
    let discard = fields.boolean("discard")?.unwrap_or(false);
    let host = fields.text("host")?.map(str::to_owned);
    let port = fields.integer("port", 1, 65_535)?.and_then(|port| u16::try_from(port).ok());
    fields.finish()?;
    let plain = |host: &String| !host.is_empty() && !host.contains(char::is_whitespace);
    if host.as_ref().is_some_and(|host| !plain(host)) {
        let message = "`host` must be a name or an address";
        return Err(Fault::new(span_of(with, "host"), message));
    }
    Ok(Wanted { discard, host, port })
}

impl Action for Replicate {
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
        let Some(other) = &seat.other else {
            let message = format!("{} has no other side to copy from", seat.name);
            return Err(Fault::new(setup.step.span, message));
        };
        let host = wanted.host.unwrap_or_else(|| other.written.host.clone());
        let port = wanted.port.unwrap_or(other.written.port);
        let (discard, deadline) = (wanted.discard, setup.step.timeout);
        Ok(Box::new(Follow { seat, discard, host, port, deadline, clock: setup.clock }))
    }
}

struct Follow {
    seat: Seat,
    discard: bool,
    host: String,
    port: u16,
    /// The step's time.
    deadline: Duration,
    clock: Arc<dyn Clock>,
}

impl Follow {
    fn call(&self) -> String {
        format!("REPLICAOF {} {}", self.host, self.port)
    }

    async fn standing(&self) -> Standing {
        let (name, from) = (&self.seat.name, &self.seat.other_region);
        let (own, source) = self.seat.states().await;
        let own = match own {
            Ok(own) => own,
            Err(trouble) => return Standing::Unknown(trouble.message),
        };
        if own.is_primary() {
            return Standing::NotDone(format!("{name} is PRIMARY, {} keys", own.keys).into());
        }
        let words = link_words(&own, None);
        match source {
            Err(why) => Standing::Unknown(format!("{name}: {words}; {why}").into()),
            Ok(source) if !source.is_primary() => {
                Standing::NotDone(format!("{from} is no primary").into())
            }
            Ok(source) if own.follows() && own.replid == source.replid => {
                Standing::Done(format!("{name} follows {from}, {words}").into())
            }
            Ok(_) => Standing::NotDone(format!("{name}: {words}").into()),
        }
    }

    /// What only the target holds; none where that is proven to be nothing.
    fn only_here(&self, own: &SideState, source: &SideState) -> Option<String> {
        let ahead = own.offset > source.offset;
        let proven = own.keys == 0
            || continues(source, own)
            || (!own.is_primary() && own.replid == source.replid && !ahead);
        (!proven).then(|| {
            format!("up to {} keys that {} may not have", own.keys, self.seat.other_region)
        })
    }

    /// Why the target is not to copy from the other side as both stand.
    fn refusal(&self, own: &SideState, source: &Told) -> Option<String> {
        let (name, from) = (&self.seat.name, &self.seat.other_region);
        let source = match source {
            Ok(source) => source,
            Err(why) => return Some(format!("nobody knows what would be copied: {why}")),
        };
        if !source.is_primary() {
            return Some(format!("{from} is a replica itself: there would be no primary"));
        }
        if source.loading {
            return Some(format!("{from} is loading its data set"));
        }
        // No word of a plan allows this: it is how all copies of a store are lost.
        if source.keys == 0 && own.keys > 0 {
            let keys = own.keys;
            return Some(format!("{from} is EMPTY: copying it would erase {keys} keys of {name}"));
        }
        let lost = self.only_here(own, source).filter(|_| !self.discard)?;
        Some(format!("{name} holds {lost}; export them, then set `discard = true`"))
    }

    async fn foresee(&self) -> Preview {
        let (own, source) = self.seat.states().await;
        let changes = match own {
            Ok(own) => self.changes(&own, &source),
            Err(trouble) => {
                vec![line('!', format!("{} cannot be seen: {trouble}", self.seat.name))]
            }
        };
        Preview { changes, call: self.call().into(), acts_as: self.seat.acts_as() }
    }

    fn changes(&self, own: &SideState, source: &Told) -> Vec<PreviewLine> {
        let (name, from) = (&self.seat.name, &self.seat.other_region);
        if let Some(why) = self.refusal(own, source) {
            return vec![line('!', format!("it will be REFUSED: {why}"))];
        }
        let source = source.as_ref().ok();
        let role = if own.is_primary() { "PRIMARY" } else { "replica" };
        let mut lines = vec![
            line('~', format!("{name} role {role} -> replica of {from}")),
            line('~', format!("{name} writes -> REFUSED")),
        ];
        match source.and_then(|source| self.only_here(own, source)) {
            Some(lost) => lines.push(line('-', format!("{name} ERASED: {lost}"))),
            None => lines.push(line('~', format!("{name} holds nothing that {from} lacks"))),
        }
        if source.is_some_and(|source| !continues(source, own) && source.replid != own.replid) {
            let keys = source.map_or(0, |source| source.keys);
            lines.push(line('+', format!("{keys} keys copied anew from {from}")));
        }
        lines
    }

    async fn follow(&self, output: &mut dyn Output) -> Result<Clean, OperateError> {
        let own = &self.seat.own;
        let began = self.clock.now();
        let session = own.open().await.map_err(Trouble::before_sending)?;
        let (state, source) = self.seat.states_on(&session).await;
        let state = state.map_err(Trouble::before_sending)?;
        if let Some(why) = self.refusal(&state, &source) {
            return Err(OperateError::Refused(why.into()));
        }
        output.line(&format!("{} at {}", self.call(), own.target.place));
        own.within(session.text(&["REPLICAOF", &self.host, &self.port.to_string()]))
            .await
            .map_err(Trouble::into_operate_error)?;
        let mut said = Clean::default();
        loop {
            let why = match self.standing().await {
                Standing::Done(words) => {
                    output.line(words.as_str());
                    return Ok(words);
                }
                Standing::NotDone(why) | Standing::Unknown(why) => why,
            };
            if why != said {
                output.line(why.as_str());
                said = why;
            }
            if self.clock.now().since(began) + LOOK_EVERY + MARGIN > self.deadline {
                let words = format!("ordered, but not done within the step's time: {said}");
                return Err(OperateError::Ambiguous(words.into()));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

impl Operator for Follow {
    fn identity(&mut self) -> Boxed<'_, Result<Option<Identity>, Clean>> {
        Box::pin(self.seat.identity())
    }

    fn check(&mut self) -> Boxed<'_, Standing> {
        Box::pin(self.standing())
    }

    fn preview(&mut self) -> Boxed<'_, Preview> {
        Box::pin(self.foresee())
    }

    fn apply<'a>(
        &'a mut self,
        _execution: &'a Execution,
        output: &'a mut dyn Output,
    ) -> Boxed<'a, Result<Clean, OperateError>> {
        Box::pin(self.follow(output))
    }
}
