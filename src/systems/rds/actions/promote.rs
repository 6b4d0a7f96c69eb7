//! Makes the replica an instance of its own. It reboots, and cannot be made a replica again.

use super::super::settings::Rds;
use super::super::state::Instance;
use crate::domain::reading::{Role, Writes};
use crate::systems::kit::aws::managed::{Session, order_and_wait};
use crate::systems::kit::aws::trouble::{Asked, of_sdk};
use crate::systems::kit::server::Target;
use crate::systems::kit::task::prelude::*;

const RETENTION: Setting<i64> = Setting::new(
    "backup_retention_days",
    Kind::Integer(1, 35),
    "For how many days backups of the new primary are kept; Amazon's own default is one day",
)
.or("7");

/// `rds.promote`.
pub(super) struct Promote;

impl Task for Promote {
    type On = Rds;
    type With = i32;
    const SPEC: ActionSpec = ActionSpec {
        name: "rds.promote",
        doc: "Promotes the read replica with PromoteReadReplica; it reboots, takes minutes, and is \
              done when Amazon names no source any more and it is available",
        verb: "promote",
        class: Class::X,
        guard: Guard::TypedVerb,
        fencing: Fencing::FencedByTarget,
        change: Change::Promote,
        reversal: "None: rds.replicate makes a new replica in the old region, which takes hours",
        permissions: &["rds:DescribeDBInstances, rds:PromoteReadReplica of the instance"],
        needs_target: true,
        settings: &[RETENTION.spec],
    };
    const RIGHTS: Rights = Rights::Act;

    fn with(fields: &Fields<'_>) -> Result<i32, Fault> {
        let days = RETENTION.get(fields)?;
        i32::try_from(days).map_err(|_| fields.refuse("backup_retention_days", "is too many"))
    }

    async fn standing(at: &At<Self>) -> Result<Standing, Trouble> {
        let instance = at.seat.own.state().await?.told;
        Ok(Standing::of(is_done(&instance), words(&instance)))
    }

    async fn foresee(at: &At<Self>) -> Foreseen {
        let (state, other) = tokio::join!(at.seat.own.state(), at.seat.other_state());
        let name = &at.seat.own.target.own.named.instance;
        let call = format!("PromoteReadReplica {name}, backups kept {} days", at.with);
        (state.map(|state| at.changes(&state.told, other)), call)
    }

    async fn apply(at: &mut At<Self>, _execution: &Execution, output: &mut dyn Output) -> Applied {
        let own = &at.seat.own;
        let session = own.open().await.map_err(Trouble::before_sending)?;
        let (state, other) = tokio::join!(own.state_on(&session), at.seat.other_state());
        let instance = state.map_err(Trouble::before_sending)?.told;
        if is_done(&instance) {
            return tell(format!("already so: {}", words(&instance)), output);
        }
        if let Some(why) = refusal(&instance) {
            return Err(OperateError::Refused(why.into()));
        }
        at.no_rival(&other, |other| other.told.writes() == Writes::Refused)?;
        let (config, arn) = (session.desk.config().clone(), instance.arn.clone());
        let order = order(session, own.target.clone(), at.with);
        order_and_wait(at, &config, &arn, ("PromoteReadReplica", order), output).await
    }
}

/// Amazon may say `available` for a while after the order: the source must be gone too.
fn is_done(instance: &Instance) -> bool {
    instance.role() == Role::Primary && instance.status == "available" && instance.links.is_empty()
}

fn words(instance: &Instance) -> String {
    let Instance { status, .. } = instance;
    match (&instance.source, instance.links.first()) {
        (Some(source), _) => format!("replica of {source}, {status}"),
        (None, Some(link)) => format!("{status}, replication {}", link.status),
        (None, None) => format!("PRIMARY, {status}"),
    }
}

async fn order(session: Session<Rds>, target: Target<Rds>, days: i32) -> Result<(), Trouble> {
    let right = "rds:PromoteReadReplica";
    let asked = Asked { place: &target.place, user: &target.user, right };
    let order = session.once().promote_read_replica();
    let order = order.db_instance_identifier(&target.own.named.instance);
    let told = Box::pin(order.backup_retention_period(days).send()).await;
    told.map(|_| ()).map_err(|error| of_sdk(&error, &asked))
}

/// Why Amazon would not promote it now.
fn refusal(instance: &Instance) -> Option<String> {
    match instance.status.as_str() {
        "available" if instance.source.is_none() => {
            Some("it is no replica, and Amazon still ends its replication: wait".to_owned())
        }
        "available" => None,
        status => Some(format!("the instance is {status}, and must be available: wait for that")),
    }
}

impl At<Promote> {
    /// The lines of the preview: role, writes, the link, and what to beware of.
    fn changes(&self, instance: &Instance, other: Told<Rds>) -> Vec<PreviewLine> {
        let (name, from) = (&self.seat.name, &self.seat.other_region);
        if is_done(instance) {
            return vec![line('!', format!("{name} is PRIMARY already"))];
        }
        let mut lines = Vec::new();
        lines.extend(refusal(instance).map(|why| line('!', format!("it will be REFUSED: {why}"))));
        lines.extend([
            line('~', format!("{name} role replica -> PRIMARY; it REBOOTS, which takes minutes")),
            line('~', format!("{name} writes refused -> ACCEPTED")),
            line('-', format!("replication {from} -> {} REMOVED for ever", self.seat.region)),
            line('!', format!("{from} can never follow again: rds.replicate takes hours")),
        ]);
        match other {
            Err(why) => {
                lines.push(line(
                    '!',
                    format!("{from} was not seen and may still take writes: {why}"),
                ));
            }
            Ok(other) if other.told.writes() != Writes::Refused => {
                lines.push(line('!', format!("{from} still takes writes: TWO PRIMARIES")));
            }
            Ok(_) => {}
        }
        if let Some(link) = instance.broken() {
            lines.push(line(
                '!',
                format!("its replication is {}: it lacks what came since", link.status),
            ));
        }
        lines
    }
}
