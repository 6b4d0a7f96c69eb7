//! Makes a new replica of the other side under the site's name. What has that name is renamed first
//! and kept: Amazon can make no instance follow again that was promoted or lost its source, and
//! nothing is deleted here.

mod plan;

use std::error::Error;
use std::time::Duration;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::super::settings::Rds;
use super::super::state::{Instance, Instances};
use crate::domain::reading::{Identity, Writes};
use crate::domain::settings::Table;
use crate::domain::site::SystemSpec;
use crate::systems::kit::aws::arn::Arn;
use crate::systems::kit::aws::managed::{Session, check_meant};
use crate::systems::kit::aws::place::check_caller;
use crate::systems::kit::aws::trouble::{Asked, of_sdk};
use crate::systems::kit::seat::check_target;
use crate::systems::kit::server::Written;
use crate::systems::kit::task::prelude::*;
use crate::systems::kit::task::read;
use plan::{Next, Plan, SETTINGS, Scene, Wanted};

/// The shortest and the longest time between two looks at what takes hours.
const PAUSE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// `rds.replicate`.
pub(super) struct Replicate;

impl Task for Replicate {
    type On = Rds;
    type With = Wanted;
    const SPEC: ActionSpec = ActionSpec {
        name: "rds.replicate",
        doc: "Makes a new replica of the other side under the site's name with \
              CreateDBInstanceReadReplica, which takes hours; what has that name is renamed first \
              with ModifyDBInstance and kept, and nothing is deleted; its own backups begin with \
              rds.promote; done when Amazon says that it replicates",
        verb: "replicate",
        class: Class::X,
        guard: Guard::TypedVerb,
        fencing: Fencing::FencedByTarget,
        change: Change::Follow,
        reversal: "None by itself: the old instance is kept under another name until a person \
                   deletes it",
        permissions: &[
            "rds:DescribeDBInstances; rds:ModifyDBInstance, rds:CreateDBInstanceReadReplica of the \
             instance",
            "kms:DescribeKey, kms:CreateGrant of the `kms_key`, where one is written",
        ],
        needs_target: true,
        settings: SETTINGS,
    };
    const RIGHTS: Rights = Rights::ActOnPair;

    fn with(fields: &Fields<'_>) -> Result<Wanted, Fault> {
        Wanted::read(fields)
    }

    fn check(table: &Table, system: Option<&SystemSpec>) -> Result<(), Fault> {
        let with = read::<Self>(table)?;
        check_target::<Rds>(system, Self::RIGHTS)?;
        let Some(system) = system else { return Ok(()) };
        let sides = Written::<Rds>::both(system)?;
        let mut names = sides.iter().flatten().map(|side| &side.own.named.instance);
        let why = names.find_map(|name| with.too_long(name));
        why.map_or(Ok(()), |why| Err(Fault::new(table.span, why)))
    }

    /// Who has the site's name; while nobody has, what was shown: it is not touched by what is left
    /// to do.
    async fn identity(at: &At<Self>) -> Result<Option<Identity>, Clean> {
        let own = &at.seat.own;
        let met = async {
            let all = own.within(Instances::now(&own.open_any().await?)).await?;
            let Some(met) = all.get(at.plan().instance) else {
                return Ok(at.expected.target.clone());
            };
            check_meant(&own.target, &met.arn)?;
            Ok(Some(at.identity_of(&met)))
        };
        met.await.map_err(|trouble: Trouble| trouble.message)
    }

    async fn standing(at: &At<Self>) -> Result<Standing, Trouble> {
        let scene = at.scene_now().await?;
        let (name, kept_as) = (&at.seat.name, at.plan().kept_as());
        Ok(match at.plan().next(&scene) {
            Next::Nothing(words) => Standing::Done(words.into()),
            Next::Wait(words) | Next::Never(words) => Standing::NotDone(words.into()),
            Next::Unknown(why) => Standing::Unknown(why.into()),
            Next::Rename => {
                let status = scene.own.as_ref().map_or("", |own| own.status.as_str());
                let words = format!("{name} is no replica of {}, {status}", at.seat.other_region);
                Standing::NotDone(words.into())
            }
            Next::Create(_) => {
                let old = match &scene.kept {
                    Some(_) => format!("; the old one is kept as {kept_as}"),
                    None => String::new(),
                };
                Standing::NotDone(format!("there is no instance of {name}{old}").into())
            }
        })
    }

    async fn foresee(at: &At<Self>) -> Foreseen {
        let scene = at.scene_now().await;
        let call = at.call(scene.as_ref().ok());
        (scene.map(|scene| at.changes(&scene)), call)
    }

    async fn apply(at: &mut At<Self>, _execution: &Execution, output: &mut dyn Output) -> Applied {
        let began = at.clock.now();
        let session = at.seat.own.open_any().await.map_err(Trouble::before_sending)?;
        let (mut ordered, mut said) = (Ordered::default(), String::new());
        loop {
            let (scene, next) = match at.scene(&session, ordered.made).await {
                Ok(scene) => {
                    let next = at.plan().next(&scene);
                    (Some(scene), next)
                }
                // Of what takes hours one look may fail.
                Err(trouble) if !said.is_empty() => (None, Next::Wait(trouble.message.to_string())),
                Err(trouble) => return Err(trouble.before_sending()),
            };
            let words = match next {
                Next::Nothing(words) if said.is_empty() => {
                    return tell(format!("already so: {words}"), output);
                }
                Next::Nothing(words) => return tell(words, output),
                Next::Never(why) if !ordered.any() => {
                    return Err(OperateError::Refused(why.into()));
                }
                Next::Unknown(why) if said.is_empty() => {
                    return Err(OperateError::Refused(why.into()));
                }
                Next::Rename if !ordered.renamed => {
                    at.rename(&session, scene.as_ref(), output).await?;
                    ordered.renamed = true;
                    format!("{} is being renamed to {}", at.seat.name, at.plan().kept_as())
                }
                // Neither name may be told of for a moment.
                Next::Create(_) if ordered.renamed && is_lost(scene.as_ref()) => {
                    format!("{} is not told of yet", at.plan().kept_as())
                }
                Next::Create(source) if !ordered.made => {
                    let made = at.create(&session, scene.as_ref(), &source, output).await;
                    made.map_err(|error| ordered.after(error))?;
                    ordered.made = true;
                    format!("a replica of {source} is being made")
                }
                Next::Rename | Next::Create(_) => "Amazon does not tell of it yet".to_owned(),
                Next::Wait(words) | Next::Never(words) | Next::Unknown(words) => words,
            };
            if words != said {
                output.line(&words);
                said = words;
            }
            let waited = at.clock.now().since(began);
            let pause = (waited / 10).clamp(PAUSE.0, PAUSE.1);
            if waited + pause > at.deadline() {
                return Err(ordered.out_of_time(&said));
            }
            tokio::time::sleep(pause).await;
        }
    }
}

/// Whether what was renamed has neither name.
fn is_lost(scene: Option<&Scene>) -> bool {
    scene.is_none_or(|scene| scene.kept.is_none())
}

/// What was ordered by this attempt, and taken.
#[derive(Default)]
struct Ordered {
    renamed: bool,
    made: bool,
}

impl Ordered {
    fn any(&self) -> bool {
        self.renamed || self.made
    }

    /// An error of a later order, where an earlier one has changed something.
    fn after(&self, error: OperateError) -> OperateError {
        if self.any() {
            let words = format!("the old instance was renamed and is kept, but: {error}");
            return OperateError::Ambiguous(words.into());
        }
        error
    }

    fn out_of_time(&self, said: &str) -> OperateError {
        if self.any() {
            let words = format!("ordered, but not done within the step's time: {said}");
            return OperateError::Ambiguous(words.into());
        }
        let words = format!("nothing was ordered, and not done within the step's time: {said}");
        OperateError::Refused(words.into())
    }
}

impl At<Replicate> {
    fn plan(&self) -> Plan<'_> {
        let own = &self.seat.own.target.own;
        Plan {
            with: &self.with,
            name: &self.seat.name,
            from: self.seat.other_region.as_str(),
            instance: &own.named.instance,
            region: &own.at.region,
            alone: self.seat.alone,
        }
    }

    async fn scene_now(&self) -> Result<Scene, Trouble> {
        self.scene(&self.seat.own.open_any().await?, false).await
    }

    /// What both regions tell. What has the site's name must be what was shown, or have come in its
    /// place while that is kept; or be `ours`, made a moment ago.
    async fn scene(&self, session: &Session<Rds>, ours: bool) -> Result<Scene, Trouble> {
        let (own, plan) = (&self.seat.own, self.plan());
        let all = own.within(Instances::now(session));
        let (all, source) = tokio::join!(all, self.seat.other_state());
        let (all, source) = (all?, source.map(|state| state.told));
        let scene = Scene { own: all.get(plan.instance), kept: all.get(&plan.kept_as()), source };
        let Some(met) = &scene.own else { return Ok(scene) };
        check_meant(&own.target, &met.arn)?;
        let is_shown = |one: &Instance| self.is_shown(one);
        if !ours && !is_shown(met) && !scene.kept.as_ref().is_some_and(is_shown) {
            let shown = self.expected.target.as_ref();
            let why = self.identity_of(met).another(&self.seat.name, shown);
            let why = format!("{}; nothing is done to it", why.unwrap_or_default());
            return Err(Trouble::new(TroubleKind::OtherServer, why));
        }
        Ok(scene)
    }

    /// As readings tell it.
    fn identity_of(&self, instance: &Instance) -> Identity {
        let (Instance { arn, resource, .. }, own) = (instance, &self.seat.own.target.own);
        Identity { server: format!("{arn} {resource}").into(), data: own.pair.join(" and ").into() }
    }

    /// Whether this is what the screen showed, under whatever name it is now.
    fn is_shown(&self, instance: &Instance) -> bool {
        let shown = self.expected.target.as_ref().map(|shown| shown.server.as_str());
        shown.is_none_or(|shown| shown.rsplit(' ').next() == Some(instance.resource.as_str()))
    }

    async fn rename(
        &self,
        session: &Session<Rds>,
        scene: Option<&Scene>,
        output: &mut dyn Output,
    ) -> Result<(), OperateError> {
        let (plan, kept_as) = (self.plan(), self.plan().kept_as());
        let own = scene.and_then(|scene| scene.own.as_ref());
        self.check_account(session, own).await?;
        output.line(&format!("ModifyDBInstance: {} is renamed to {kept_as}", plan.instance));
        let order = session.once().modify_db_instance().db_instance_identifier(plan.instance);
        let order = order.new_db_instance_identifier(kept_as).apply_immediately(true);
        self.take("rds:ModifyDBInstance", Box::pin(order.send())).await
    }

    async fn create(
        &self,
        session: &Session<Rds>,
        scene: Option<&Scene>,
        source: &str,
        output: &mut dyn Output,
    ) -> Result<(), OperateError> {
        let (plan, with) = (self.plan(), &self.with);
        self.check_account(session, scene.and_then(|scene| scene.source.as_ref().ok())).await?;
        output.line(&format!("CreateDBInstanceReadReplica: {} of {source}", plan.instance));
        let order = session.once().create_db_instance_read_replica();
        let order = order
            .db_instance_identifier(plan.instance)
            .source_db_instance_identifier(source)
            .multi_az(with.multi_az)
            .set_db_instance_class(with.class.clone())
            .set_db_subnet_group_name(with.subnet_group.clone())
            .set_vpc_security_group_ids(with.security_groups.clone())
            .set_db_parameter_group_name(with.parameter_group.clone())
            .set_kms_key_id(with.kms_key.clone());
        self.take("rds:CreateDBInstanceReadReplica", Box::pin(order.send())).await
    }

    /// Refuses to order as somebody of another account than that of `instance`.
    async fn check_account(
        &self,
        session: &Session<Rds>,
        instance: Option<&Instance>,
    ) -> Result<(), OperateError> {
        let arn = instance.and_then(|instance| Arn::of(&instance.arn));
        let account = arn.map(|arn| arn.account).unwrap_or_default();
        let own = &self.seat.own;
        let met = own.within(check_caller(session.desk.config(), &own.target, account)).await;
        met.map_err(Trouble::before_sending)
    }

    /// Gives an order that takes this right.
    async fn take<T, E>(
        &self,
        right: &str,
        order: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    ) -> Result<(), OperateError>
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let own = &self.seat.own;
        let asked = Asked { place: &own.target.place, user: &own.target.user, right };
        let taken = async { order.await.map_err(|error| of_sdk(&error, &asked)) };
        own.within(taken).await.map(|_| ()).map_err(Trouble::into_operate_error)
    }

    /// What is asked of Amazon, as far as that is known.
    fn call(&self, scene: Option<&Scene>) -> String {
        let plan = self.plan();
        let source = scene.and_then(|scene| scene.source.as_ref().ok());
        let source = source.map_or_else(|| plan.from.to_owned(), |source| plan.source_of(source));
        let create = format!("CreateDBInstanceReadReplica {} of {source}", plan.instance);
        if scene.is_some_and(|scene| scene.own.is_none()) {
            return create;
        }
        format!("ModifyDBInstance {} to {}, {create}", plan.instance, plan.kept_as())
    }

    /// The lines of the preview.
    fn changes(&self, scene: &Scene) -> Vec<PreviewLine> {
        let (name, plan) = (&self.seat.name, self.plan());
        let (instance, from, kept_as) = (plan.instance, plan.from, plan.kept_as());
        let mut lines = Vec::new();
        match plan.next(scene) {
            Next::Nothing(words) => return vec![line('~', format!("already so: {words}"))],
            Next::Wait(words) => {
                return vec![line('~', format!("{words}: that is waited for, the rest follows"))];
            }
            Next::Never(why) | Next::Unknown(why) => {
                lines.push(line('!', format!("it will be REFUSED: {why}")));
            }
            Next::Rename | Next::Create(_) => {}
        }
        if let Some(own) = &scene.own {
            lines.extend([
                line('~', format!("{name}: {instance} is RENAMED to {kept_as} and reboots")),
                line('~', format!("{kept_as} is kept, and paid for, until a person deletes it")),
            ]);
            if own.writes() != Writes::Refused {
                let words = "still takes writes of whoever finds it: keep its users away";
                lines.push(line('!', format!("{kept_as} {words}")));
            }
        }
        lines.extend([
            line('+', format!("{instance}: a NEW replica of {from}, under the same address")),
            line('~', format!("{name} writes -> REFUSED")),
            line('!', "making it takes HOURS for much data; until then nothing follows"),
        ]);
        lines
    }
}
