//! Stops the copying into the target: the other side's rules that lead here are turned off, not
//! deleted.

use super::super::settings::S3;
use super::rules::{put, switched, written};
use crate::systems::kit::task::prelude::*;

/// `s3.stop_replication`.
pub(super) struct Stop;

impl Task for Stop {
    type On = S3;
    type With = ();
    const SPEC: ActionSpec = ActionSpec {
        name: "s3.stop_replication",
        doc: "Turns off the other side's rules that copy to the target, while that side answers; \
              what was written there and not copied by then stays uncopied",
        verb: "stop",
        class: Class::I,
        guard: Guard::StopWindow,
        fencing: Fencing::IdempotentByKey,
        change: Change::StopReplication,
        reversal: "By s3.replicate at the same target",
        permissions: &[
            "on the other side: s3:GetReplicationConfiguration, s3:PutReplicationConfiguration",
        ],
        needs_target: true,
        settings: &[],
    };
    const RIGHTS: Rights = Rights::ActOnBoth;

    fn with(_fields: &Fields<'_>) -> Result<(), Fault> {
        Ok(())
    }

    async fn standing(at: &At<Self>) -> Result<Standing, Trouble> {
        let (own, source) = at.seat.states().await;
        own?;
        let (name, from) = (&at.seat.name, &at.seat.other_region);
        let unread = |why: &Clean| {
            Standing::Unknown(format!("{from} does not tell its rules: {why}").into())
        };
        Ok(match source {
            Err(why) => unread(&why.message),
            Ok(source) => match (&source.rules, source.copies) {
                (Err(why), _) => unread(why),
                (Ok(_), Some(true)) => {
                    Standing::NotDone(format!("{name} is a copy of {from}").into())
                }
                (Ok(_), Some(false) | None) => {
                    Standing::Done(format!("no rule of {from} copies to {name}").into())
                }
            },
        })
    }

    async fn foresee(at: &At<Self>) -> Foreseen {
        let (own, source) = at.seat.states().await;
        let (name, from) = (&at.seat.name, &at.seat.other_region);
        let lines = own.map(|_| match source {
            Err(why) => vec![line('!', format!("it will be REFUSED: {why}"))],
            Ok(source) => match source.rules_to(Some(at.bucket())).count() {
                0 => vec![line('~', format!("no rule of {from} copies to {name}"))],
                on => vec![
                    line('-', format!("replication {from} -> {}: {on} rules OFF", at.seat.region)),
                    line('!', format!("what {from} holds and {name} lacks stays missing there")),
                ],
            },
        });
        (lines, "PutBucketReplication with the rules' Status Disabled".to_owned())
    }

    fn by(at: &At<Self>) -> &Bench<S3> {
        at.seat.other.as_ref().unwrap_or(&at.seat.own)
    }

    async fn apply(at: &mut At<Self>, _execution: &Execution, output: &mut dyn Output) -> Applied {
        let began = at.clock.now();
        let (own, source) = at.seat.states().await;
        own.map_err(Trouble::before_sending)?;
        source.map_err(Trouble::before_sending)?;
        let bench = Self::by(at);
        let session = bench.open().await.map_err(Trouble::before_sending)?;
        let text = bench.within(written(&session)).await.map_err(Trouble::before_sending)?;
        let Some(off) = text.and_then(|text| switched(&text, at.bucket(), false)) else {
            let words = format!("no rule of {} copies to {}", at.seat.other_region, at.seat.name);
            return tell(words, output);
        };
        output.line(&format!("rules to {} are turned off at {}", at.bucket(), bench.target.place));
        bench.within(put(&session, off)).await.map_err(Trouble::into_operate_error)?;
        match at.until_done(began, LOOK_EVERY, output).await {
            Ok(words) => tell(words, output),
            Err(said) => Err(OperateError::Ambiguous(format!("ordered, but: {said}").into())),
        }
    }
}

impl At<Stop> {
    /// The target's bucket, to which nothing is to be copied.
    fn bucket(&self) -> &str {
        &self.seat.own.target.own.bucket
    }
}
