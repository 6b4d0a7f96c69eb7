//! Stops the copying to the other side: the rules that lead there are turned off, not deleted.

use super::super::settings::S3;
use super::super::state::State;
use super::rules::{put, switched, written};
use crate::systems::kit::task::prelude::*;

/// `s3.stop_replication`.
pub(super) struct Stop;

impl Task for Stop {
    type On = S3;
    type With = ();
    const SPEC: ActionSpec = ActionSpec {
        name: "s3.stop_replication",
        doc: "Turns off the target's rules that copy to the other side; what was written and not \
              copied by then stays uncopied",
        verb: "stop",
        class: Class::I,
        guard: Guard::TypedTarget,
        fencing: Fencing::IdempotentByKey,
        change: Change::StopReplication,
        reversal: "By s3.replicate on the other side; what was written meanwhile is not copied by \
                   that",
        permissions: &["s3:GetReplicationConfiguration", "s3:PutReplicationConfiguration"],
        needs_target: true,
        settings: &[],
    };
    const RIGHTS: Rights = Rights::Act;

    fn with(_fields: &Fields<'_>) -> Result<(), Fault> {
        Ok(())
    }

    async fn standing(at: &At<Self>) -> Result<Standing, Trouble> {
        Ok(at.judge(&at.seat.own.state().await?))
    }

    async fn foresee(at: &At<Self>) -> Foreseen {
        let (name, there) = (&at.seat.name, &at.seat.other_region);
        let lines = at.seat.own.state().await.map(|state| {
            let on = state.rules_to(at.to()).count();
            if on == 0 {
                return vec![line('~', format!("{name} has no rule that copies to {there}"))];
            }
            vec![
                line('-', format!("replication {} -> {there}: {on} rules OFF", at.seat.region)),
                line('!', format!("what {name} holds and {there} lacks stays missing there")),
            ]
        });
        (lines, "PutBucketReplication with the rules' Status Disabled".to_owned())
    }

    async fn apply(at: &mut At<Self>, _execution: &Execution, output: &mut dyn Output) -> Applied {
        let (own, began) = (&at.seat.own, at.clock.now());
        let session = own.open().await.map_err(Trouble::before_sending)?;
        let text = own.within(written(&session)).await.map_err(Trouble::before_sending)?;
        let to = at.to().unwrap_or_default();
        let Some(off) = text.and_then(|text| switched(&text, to, false)) else {
            let words =
                format!("{} has no rule that copies to {}", at.seat.name, at.seat.other_region);
            return tell(words, output);
        };
        output.line(&format!("rules to {to} are turned off at {}", own.target.place));
        own.within(put(&session, off)).await.map_err(Trouble::into_operate_error)?;
        match at.until_done(began, LOOK_EVERY, output).await {
            Ok(words) => tell(words, output),
            Err(said) => Err(OperateError::Ambiguous(format!("ordered, but: {said}").into())),
        }
    }
}

impl At<Stop> {
    fn to(&self) -> Option<&str> {
        self.seat.own.target.own.other_bucket()
    }

    fn judge(&self, state: &State) -> Standing {
        let (name, there) = (&self.seat.name, &self.seat.other_region);
        match (&state.rules, state.copies) {
            (Err(why), _) => Standing::Unknown(why.clone()),
            (Ok(_), Some(true)) => Standing::NotDone(format!("{name} is copied to {there}").into()),
            (Ok(_), Some(false) | None) => {
                Standing::Done(format!("{name} is copied to {there} by no rule").into())
            }
        }
    }
}
