//! Holds what can be restored in a region against what the site wants.

use super::super::aside::Aside;
use super::super::settings::Rds;
use crate::domain::ids::Side;
use crate::domain::settings::Table;
use crate::domain::site::SystemSpec;
use crate::domain::time::no_less;
use crate::systems::kit::aws::beside::Beside;
use crate::systems::kit::seat::check_target;
use crate::systems::kit::server::Written;
use crate::systems::kit::task::prelude::*;

/// `rds.verify_backups`.
pub(super) struct VerifyBackups;

impl Task for VerifyBackups {
    type On = Rds;
    type With = ();
    const SPEC: ActionSpec = ActionSpec {
        name: "rds.verify_backups",
        doc: "Finds the newest moment to which either side's instance can be restored in this \
              region, by automated backups and copied snapshots, and holds its age against \
              `backup_at_most`",
        permissions: &["rds:DescribeDBInstanceAutomatedBackups, rds:DescribeDBSnapshots"],
        ..ActionSpec::LOOK
    };
    const RIGHTS: Rights = Rights::Read;

    fn with(_fields: &Fields<'_>) -> Result<(), Fault> {
        Ok(())
    }

    fn check(table: &Table, system: Option<&SystemSpec>) -> Result<(), Fault> {
        Fields::new(table, Self::SPEC.name).finish()?;
        check_target::<Rds>(system, Self::RIGHTS)?;
        let Some(spec) = system else { return Ok(()) };
        let sides = Written::<Rds>::both(spec)?;
        let mut written = Side::BOTH.into_iter().filter_map(|side| sides[side.index()].as_ref());
        if written.any(|side| side.own.named.backup_at_most.is_none()) {
            let why = format!("system `{}` needs `backup_at_most` for this step", spec.id);
            return Err(Fault::new(spec.span, why));
        }
        Ok(())
    }

    async fn standing(at: &At<Self>) -> Result<Standing, Trouble> {
        let (own, name) = (&at.seat.own, &at.seat.name);
        let Some(most) = own.target.own.named.backup_at_most else {
            return Ok(Standing::Unknown("the site names no `backup_at_most`".into()));
        };
        let (session, now) = (own.open().await?, at.clock.now());
        let mut aside = Aside::default();
        aside.look(&session, &own.target.own, now, at.deadline()).await;
        let unknown = |why: &str| Ok(Standing::Unknown(format!("{name}: {why}").into()));
        let at_ms = match aside.restorable_ms() {
            None => return unknown("Amazon did not tell its backups in time"),
            Some(Err(why)) => return unknown(why.as_str()),
            Some(Ok(None)) => {
                let words = format!("{name}: there is no backup in this region");
                return Ok(Standing::NotDone(words.into()));
            }
            Some(Ok(Some(at_ms))) => *at_ms,
        };
        let age_s = Beside::ask(&session.desk, &[], now, false).await.age_s(at_ms);
        let words = format!("{name}: restorable as it was {} ago", no_less(age_s));
        Ok(Standing::of(age_s <= most.as_secs_f64(), words))
    }

    async fn foresee(at: &At<Self>) -> Foreseen {
        let text = format!("{} is only read", at.seat.name);
        (
            Ok(vec![line('~', text)]),
            "DescribeDBInstanceAutomatedBackups, DescribeDBSnapshots".to_owned(),
        )
    }

    async fn apply(at: &mut At<Self>, _execution: &Execution, output: &mut dyn Output) -> Applied {
        as_seen(at.standing().await, "the backups could not be read", output)
    }
}
