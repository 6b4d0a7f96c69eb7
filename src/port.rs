//! The one door between console and world: what a system offers to be watched and acted on.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use secrecy::SecretString;

use crate::domain::catalogue::{ActionSpec, FactSpec};
use crate::domain::ids::Side;
use crate::domain::preview::{Preview, Standing};
use crate::domain::reading::{Identity, Look, LookError};
use crate::domain::run::commit::Execution;
use crate::domain::runbook::{Direction, Step};
use crate::domain::setting::{SettingSpec, example_lines};
use crate::domain::settings::{Fault, Table};
use crate::domain::site::{Site, SystemSpec};
use crate::domain::spending::Round;
use crate::domain::text::Clean;
use crate::domain::time::Stamp;

/// A future that can be kept in a list with others.
pub type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The time, asked only here so that tests and the simulator can bring their own.
pub trait Clock: Send + Sync {
    /// Both clocks, read together.
    fn now(&self) -> Stamp;
}

/// A user and a secret, opened by name.
#[derive(Debug, Clone, Default)]
pub struct Credential {
    /// The user that goes with it.
    pub user: Option<String>,
    /// The secret itself.
    pub secret: Option<SecretString>,
}

/// Opens secrets by the names that the site gives them.
pub trait Secrets: Send + Sync {
    /// The credential called `name`.
    ///
    /// # Errors
    /// A sentence when there is none, or when it cannot be opened.
    fn open(&self, name: &str) -> Result<Credential, Clean>;
}

/// What the probes of one console share, each thing by its type: what many systems would ask of one
/// place is asked once for all of them.
#[derive(Clone, Default)]
pub struct Commons(Arc<Mutex<HashMap<TypeId, Arc<dyn Any + Send + Sync>>>>);

impl Commons {
    /// The one of its type, made when it is wanted first.
    ///
    /// # Panics
    /// Never: what is kept by a type is of that type.
    pub fn of<T: Default + Send + Sync + 'static>(&self) -> Arc<T> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let one = all.entry(TypeId::of::<T>()).or_insert_with(|| Arc::new(T::default()));
        Arc::clone(one).downcast().expect("it is kept by its type")
    }
}

/// What the probes of one console ask of those who charge for questions, counted as it is sent; a
/// part of what they share.
#[derive(Debug, Default)]
pub struct Spent(Mutex<Round>);

impl Spent {
    /// Tells it something, or asks it.
    pub fn with<T>(&self, tell: impl FnOnce(&mut Round) -> T) -> T {
        tell(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What a probe is built from. `watch` hands over secrets that open only what reading needs.
#[derive(Clone)]
pub struct ProbeSetup<'a> {
    /// The system as written.
    pub spec: &'a SystemSpec,
    /// Opens secrets for reading.
    pub secrets: &'a dyn Secrets,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// What it shares with the others.
    pub commons: Commons,
}

impl<'a> ProbeSetup<'a> {
    /// For one that shares nothing.
    pub fn alone(spec: &'a SystemSpec, secrets: &'a dyn Secrets, clock: &Arc<dyn Clock>) -> Self {
        Self { spec, secrets, clock: Arc::clone(clock), commons: Commons::default() }
    }
}

/// What both sides of a system told; none where the system is not in that region.
#[derive(Debug, Clone, PartialEq)]
pub struct Looks {
    /// Region A.
    pub a: Option<Look>,
    /// Region B.
    pub b: Option<Look>,
}

impl Looks {
    /// The look of a side.
    pub fn side(&self, side: Side) -> Option<&Look> {
        match side {
            Side::A => self.a.as_ref(),
            Side::B => self.b.as_ref(),
        }
    }
}

/// Looks at both sides of one system. A probe changes nothing.
pub trait Probe: Send {
    /// Looks once at both sides at the same time. Answers within the system's timeout whatever the
    /// peer does; a lag is only ever told when both sides were read in this look.
    fn look(&mut self) -> Boxed<'_, Looks>;
    /// Has the next look ask for everything: something was done, and what was told lately may be
    /// untrue by now. All probes hear of one step under the same number.
    fn anew(&mut self, _step: u64) {}
    /// What its looks have taught it that a single look does not tell, in a form of its own: a few
    /// thousand bytes at most. None for a probe that learns nothing.
    fn learned(&self) -> Option<String> {
        None
    }
    /// Goes on from what an earlier probe of the same system had learned, in this process or in
    /// another. What it cannot read it leaves.
    fn recall(&mut self, learned: &str) {
        let _ = learned;
    }
}

/// What a heartbeat writer is built from.
#[derive(Clone)]
pub struct BeatSetup<'a> {
    /// The system as written.
    pub spec: &'a SystemSpec,
    /// The region whose heartbeat it is.
    pub side: Side,
    /// Opens secrets for heartbeats.
    pub secrets: &'a dyn Secrets,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// What one heartbeat came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Beat {
    /// It is written.
    Written,
    /// This side takes no writes, as it should be on a standby: there was nothing to write.
    Standby(Clean),
}

/// Writes what a lag is measured by, in one region, and nothing else.
pub trait Beater: Send {
    /// What it writes, where and as whom, in a few words.
    fn what(&self) -> Clean;
    /// How often it is to be written.
    fn every(&self) -> Duration;
    /// The longest time that one takes.
    fn limit(&self) -> Duration;
    /// Writes it once. Answers within its limit whatever the store does.
    fn beat(&mut self) -> Boxed<'_, Result<Beat, LookError>>;
}

/// What a kind of system says of itself: docs, help, checks and the contract test are made from it.
pub struct About {
    /// Its unique name, written as `kind` in a site file.
    pub kind: &'static str,
    /// One sentence of what it watches.
    pub doc: &'static str,
    /// The settings it reads, at the system or in `a` and `b`. Every peer in their examples is
    /// `127.0.0.1:9`, or has a separate `port = 9`: the contract test puts a hostile peer's port in
    /// the place of both.
    pub settings: &'static [SettingSpec],
    /// The facts of its readings, beside those every system has.
    pub facts: &'static [FactSpec],
    /// Rights that watching needs.
    pub permissions: &'static [&'static str],
    /// What an administrator gives to be watched and operated with the least rights: for what, and
    /// the server's own words.
    pub grants: &'static [(&'static str, &'static str)],
    /// The actions it brings to the catalogue.
    pub actions: &'static [&'static dyn Action],
    /// What a system of this kind is called in the example.
    pub example_name: &'static str,
    /// How often it is looked at in the example, and how long a look may take.
    pub example_pace: [&'static str; 2],
}

/// A kind of system: how to watch it, and what can be done with it.
pub trait System: Send + Sync {
    /// What it says of itself.
    fn about(&self) -> &'static About;
    /// Names of the secrets that watching opens.
    ///
    /// # Errors
    /// When the settings are wrong; also the check that a site file's settings are right, done
    /// without opening a connection or a secret.
    fn secrets_to_watch(&self, spec: &SystemSpec) -> Result<Vec<String>, Fault>;
    /// Addresses that the site names in the place of a provider's own, per region: what answers
    /// there is no production, and is never to look like it.
    ///
    /// # Errors
    /// When the settings are wrong.
    fn stand_ins(&self, _spec: &SystemSpec) -> Result<[Option<Clean>; 2], Fault> {
        Ok([None, None])
    }
    /// Builds the probe of one system. Opens no connection.
    ///
    /// # Errors
    /// When a setting is wrong or a secret cannot be opened.
    fn probe(&self, setup: ProbeSetup<'_>) -> Result<Box<dyn Probe>, Fault>;
    /// The name of the secret that writes this region's heartbeat; none where the site names none.
    ///
    /// # Errors
    /// When the settings are wrong.
    fn secret_to_beat(&self, _spec: &SystemSpec, _side: Side) -> Result<Option<String>, Fault> {
        Ok(None)
    }
    /// Builds the writer of one region's heartbeat. Opens no connection.
    ///
    /// # Errors
    /// When a setting is wrong, a secret cannot be opened, or the kind has no heartbeat.
    fn beater(&self, setup: BeatSetup<'_>) -> Result<Box<dyn Beater>, Fault> {
        let why = format!("systems of kind `{}` have no heartbeat to write", self.kind());
        Err(Fault::new(setup.spec.span, why))
    }

    /// Its unique name.
    fn kind(&self) -> &'static str {
        self.about().kind
    }
    /// One sentence of what it watches.
    fn doc(&self) -> &'static str {
        self.about().doc
    }
    /// The settings it reads.
    fn settings(&self) -> &'static [SettingSpec] {
        self.about().settings
    }
    /// The facts of its readings.
    fn facts(&self) -> &'static [FactSpec] {
        self.about().facts
    }
    /// The actions it brings.
    fn actions(&self) -> &'static [&'static dyn Action] {
        self.about().actions
    }
    /// A working example of a system of this kind, as it stands in a site file.
    fn example(&self) -> String {
        let About { kind, settings, example_name: name, example_pace: [every, timeout], .. } =
            self.about();
        let (once, [a, b]) = example_lines(settings);
        format!(
            "[systems.{name}]\nkind = \"{kind}\"\nevery = \"{every}\"\ntimeout = \"{timeout}\"\n\
             {once}a = {a}\nb = {b}\n"
        )
    }
}

/// The servers that an operator is meant for, as the screen showed them. Where one is told, another
/// server that answers under its name is not acted on, and what it says proves nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expected {
    /// The target.
    pub target: Option<Identity>,
    /// The other side of the target's system.
    pub other: Option<Identity>,
    /// True when a promotion is meant only while no primary there may take writes.
    pub alone: bool,
}

/// What an operator is built from.
#[derive(Clone)]
pub struct OperatorSetup<'a> {
    /// The site.
    pub site: &'a Site,
    /// The step.
    pub step: &'a Step,
    /// The action's settings: the step's `with`, or its compensation's.
    pub with: &'a Table,
    /// The target system and side, where the step has one.
    pub target: Option<(&'a SystemSpec, Side)>,
    /// Which servers are meant.
    pub expected: Expected,
    /// Which way the run goes.
    pub direction: Direction,
    /// Opens secrets, also those for acting.
    pub secrets: &'a dyn Secrets,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// A kind of step.
pub trait Action: Send + Sync {
    /// What it is.
    fn spec(&self) -> &'static ActionSpec;
    /// A working `with` for a step of this kind, as TOML; empty where nothing must be written.
    fn example(&self) -> String {
        example_lines(self.spec().settings).0
    }
    /// Checks the settings without opening anything; `system` is the target as written.
    ///
    /// # Errors
    /// When a setting is wrong, with its place.
    fn check_settings(&self, with: &Table, system: Option<&SystemSpec>) -> Result<(), Fault>;
    /// Builds the operator of one step. Opens no connection.
    ///
    /// # Errors
    /// When a setting is wrong or a secret cannot be opened.
    fn operator(&self, setup: OperatorSetup<'_>) -> Result<Box<dyn Operator>, Fault>;
}

/// How an attempt failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OperateError {
    /// The target refused: nothing was changed.
    #[error("{0}")]
    Refused(Clean),
    /// A right is missing: nothing was changed.
    #[error("{0}")]
    Permission(Clean),
    /// It may or may not have taken effect.
    #[error("{0}")]
    Ambiguous(Clean),
}

/// What an attempt came to: in a sentence, what was done and seen.
pub type Applied = Result<Clean, OperateError>;

/// Takes the lines an attempt prints. Lines are redacted and bounded behind this door.
pub trait Output: Send {
    /// Adds a line.
    fn line(&mut self, line: &str);
}

/// Performs one step. Always asked first whether it is already so.
pub trait Operator: Send {
    /// False when nothing can tell whether the effect is there (a command without a `check`): then
    /// `check` always answers unknown, the first attempt may start all the same, and after one of
    /// unknown outcome only a person decides.
    fn senses(&self) -> bool {
        true
    }
    /// The server that answers now under the target's name, asked anew; none for a kind whose
    /// readings tell no identity. Asked before anything else, and compared with the one that the
    /// screen showed.
    ///
    /// # Errors
    /// A sentence when it cannot be told.
    fn identity(&mut self) -> Boxed<'_, Result<Option<Identity>, Clean>> {
        Box::pin(async { Ok(None) })
    }
    /// Looks whether the step's effect is there. Changes nothing.
    fn check(&mut self) -> Boxed<'_, Standing>;
    /// Says what `apply` would do. Changes nothing.
    fn preview(&mut self) -> Boxed<'_, Preview>;
    /// Does it, once. The execution proves that the attempt is on record.
    fn apply<'a>(
        &'a mut self,
        execution: &'a Execution,
        output: &'a mut dyn Output,
    ) -> Boxed<'a, Applied>;
}
