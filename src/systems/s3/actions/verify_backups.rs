//! Holds the newest complete backups against what the site wants of them.

use super::super::backups::{Newest, newest, tenants};
use super::super::settings::{Backups, S3};
use crate::domain::ids::Side;
use crate::domain::settings::Table;
use crate::domain::site::SystemSpec;
use crate::systems::kit::seat::check_target;
use crate::systems::kit::server::Written;
use crate::systems::kit::task::prelude::*;

/// `s3.verify_backups`.
pub(super) struct VerifyBackups;

impl Task for VerifyBackups {
    type On = S3;
    type With = ();
    const SPEC: ActionSpec = ActionSpec {
        name: "s3.verify_backups",
        doc: "Finds the newest complete backup below the system's `backups` prefix, of each tenant \
              where there are tenants, and holds its age and size against what is written there",
        permissions: &["s3:ListBucket"],
        ..ActionSpec::LOOK
    };
    const RIGHTS: Rights = Rights::Read;

    fn with(_fields: &Fields<'_>) -> Result<(), Fault> {
        Ok(())
    }

    fn check(table: &Table, system: Option<&SystemSpec>) -> Result<(), Fault> {
        let fields = Fields::new(table, Self::SPEC.name);
        fields.finish()?;
        check_target::<S3>(system, Self::RIGHTS)?;
        let Some(spec) = system else { return Ok(()) };
        let sides = Written::<S3>::both(spec)?;
        let side = Side::BOTH.into_iter().find_map(|side| sides[side.index()].as_ref());
        if side.is_some_and(|side| side.own.backups.is_none()) {
            let why = format!("system `{}` needs `backups` for this step", spec.id);
            return Err(Fault::new(spec.span, why));
        }
        Ok(())
    }

    async fn standing(at: &At<Self>) -> Result<Standing, Trouble> {
        let name = &at.seat.name;
        let Some(wanted) = &at.seat.own.target.own.backups else {
            return Ok(Standing::Unknown("the site names no `backups`".into()));
        };
        let limit = at.deadline();
        let found = at.seat.own.within_limit(limit, Box::pin(at.find(wanted))).await?;
        let faults = found.faults(wanted, at.clock.now().wall_ms);
        if !faults.is_empty() {
            return Ok(Standing::NotDone(format!("{name}: {}", faults.join("; ")).into()));
        }
        let worst = found.worst().and_then(|(tenant, set)| Some((tenant, set.as_ref()?)));
        Ok(match worst {
            Some((tenant, set)) if wanted.tenants => {
                let (count, set) = (found.of.len(), &set.name);
                let words =
                    format!("each of {count} tenants has one, the oldest is {set} of {tenant}");
                Standing::Done(format!("{name}: complete backups: {words}").into())
            }
            Some((_, set)) => {
                let (set, files) = (&set.name, set.files);
                Standing::Done(format!("{name}: complete backup {set}, {files} files").into())
            }
            None => Standing::NotDone(format!("{name} has no complete backup").into()),
        })
    }

    async fn foresee(at: &At<Self>) -> Foreseen {
        let text = format!("{} is only read", at.seat.name);
        (Ok(vec![line('~', text)]), "ListObjectsV2 below `backups`".to_owned())
    }

    async fn apply(at: &mut At<Self>, _execution: &Execution, output: &mut dyn Output) -> Applied {
        as_seen(at.standing().await, "the backups could not be read", output)
    }
}

impl At<VerifyBackups> {
    async fn find(&self, wanted: &Backups) -> Result<Newest, Trouble> {
        let session = self.seat.own.open().await?;
        let mut found = Newest::default();
        for tenant in tenants(&session, wanted).await? {
            let set = newest(&session, wanted, &tenant, self.clock.now().wall_ms).await?;
            found.of.push((tenant, set));
        }
        Ok(found)
    }
}
