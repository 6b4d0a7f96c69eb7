//! Makes the target a copy of the other side: that side's rules which lead here are turned on, and
//! one is made where there is none. The way back after a failover, and the end of a stop.

use super::super::coverage::left_out;
use super::super::settings::S3;
use super::super::state::State;
use super::rules::{added, put, switched, written};
use crate::systems::kit::seat::Seat;
use crate::systems::kit::task::prelude::*;

const DESTINATION: Setting<String> = Setting::new(
    "destination",
    Kind::Word,
    "ARN of the target's bucket for a new rule; `arn:aws:s3:::BUCKET` if absent. Other stores have \
     names of their own, such as `arn:minio:replication::ID:BUCKET`",
);

const ROLE: Setting<String> = Setting::new(
    "role",
    Kind::Word,
    "ARN of the role that copies, for a new rule; Amazon wants one",
);

const BOTH_WAYS: Setting<bool> = Setting::new(
    "both_ways",
    Kind::Boolean,
    "True where the target may go on copying to the other side; then no side is the primary",
)
.or("false");

/// `s3.replicate`.
pub(super) struct Replicate;

/// The rule that is wanted.
pub struct Wanted {
    destination: Option<String>,
    role: Option<String>,
    both_ways: bool,
}

impl Task for Replicate {
    type On = S3;
    type With = Wanted;
    const SPEC: ActionSpec = ActionSpec {
        name: "s3.replicate",
        doc: "Makes the target's bucket a copy of the other side's: turns on that side's rules \
              which lead here, or adds one. Objects that are there already are NOT copied by a new \
              rule: use S3 Batch Replication, or the store's own resync",
        verb: "replicate",
        class: Class::I,
        guard: Guard::TypedTarget,
        fencing: Fencing::IdempotentByKey,
        change: Change::Follow,
        reversal: "By s3.stop_replication at the same target",
        permissions: &[
            "on the other side: s3:GetReplicationConfiguration, s3:PutReplicationConfiguration",
            "iam:PassRole of `role`, at Amazon",
        ],
        needs_target: true,
        settings: &[DESTINATION.spec, ROLE.spec, BOTH_WAYS.spec],
    };
    const RIGHTS: Rights = Rights::ActOnBoth;

    fn with(fields: &Fields<'_>) -> Result<Wanted, Fault> {
        let (destination, role) = (DESTINATION.of(fields)?, ROLE.of(fields)?);
        let is_arn =
            |name: &Option<String>| name.as_ref().is_none_or(|arn| arn.starts_with("arn:"));
        for (setting, value) in [("destination", &destination), ("role", &role)] {
            if !is_arn(value) {
                return Err(fields.refuse(setting, "must be an ARN, beginning with `arn:`"));
            }
        }
        Ok(Wanted { destination, role, both_ways: BOTH_WAYS.get(fields)? })
    }

    async fn standing(at: &At<Self>) -> Result<Standing, Trouble> {
        let (own, source) = at.seat.states().await;
        let (own, name, from) = (own?, &at.seat.name, &at.seat.other_region);
        Ok(match source {
            Err(why) => Standing::Unknown(format!("{from} does not tell its rules: {why}").into()),
            Ok(source) => match (source.rules.as_ref().err(), source.copies, at.refusal(&own)) {
                (Some(why), ..) => Standing::Unknown(why.clone()),
                (None, Some(true), None) => {
                    let own = &at.seat.own.target.own;
                    let part = left_out(&source, &own.bucket, own);
                    let but = part.map(|part| format!(", but {part}")).unwrap_or_default();
                    Standing::Done(format!("{name} is a copy of {from} by its rules{but}").into())
                }
                (None, Some(true), Some(why)) => Standing::NotDone(why.into()),
                (None, Some(false) | None, _) => {
                    Standing::NotDone(format!("no rule of {from} copies to {name}").into())
                }
            },
        })
    }

    async fn foresee(at: &At<Self>) -> Foreseen {
        let (own, source) = at.seat.states().await;
        (own.map(|own| at.changes(&own, &source)), at.call())
    }

    fn by(at: &At<Self>) -> &Bench<S3> {
        at.seat.other.as_ref().unwrap_or(&at.seat.own)
    }

    async fn apply(at: &mut At<Self>, _execution: &Execution, output: &mut dyn Output) -> Applied {
        let began = at.clock.now();
        let (own, source) = at.seat.states().await;
        let own = own.map_err(Trouble::before_sending)?;
        let source = source.map_err(Trouble::before_sending)?;
        if let Some(why) = at.refusal(&own) {
            return Err(OperateError::Refused(why.into()));
        }
        if source.copies == Some(true) {
            return tell(format!("already so: {} is a copy by rule", at.seat.name), output);
        }
        let bench = Self::by(at);
        let session = bench.open().await.map_err(Trouble::before_sending)?;
        let text = bench.within(written(&session)).await.map_err(Trouble::before_sending)?;
        let bucket = &at.seat.own.target.own.bucket;
        let switched = text.as_deref().and_then(|text| switched(text, bucket, true));
        let wanted = if let Some(on) = switched {
            on
        } else if let Some(why) = at.lacks(&at.seat) {
            return Err(OperateError::Refused(why.into()));
        } else {
            let role = at.with.role.as_deref().unwrap_or_default();
            added(text.as_deref(), &at.destination(), role)
        };
        output.line(&format!("{} at {}", at.call(), bench.target.place));
        bench.within(put(&session, wanted)).await.map_err(Trouble::into_operate_error)?;
        match at.until_done(began, LOOK_EVERY, output).await {
            Ok(words) => {
                let from = &at.seat.other_region;
                tell(format!("{words}; what {from} held before is not copied by that"), output)
            }
            Err(said) => Err(OperateError::Ambiguous(format!("ordered, but: {said}").into())),
        }
    }
}

impl At<Replicate> {
    fn destination(&self) -> String {
        let bucket = &self.seat.own.target.own.bucket;
        self.with.destination.clone().unwrap_or_else(|| format!("arn:aws:s3:::{bucket}"))
    }

    fn call(&self) -> String {
        format!("PutBucketReplication with a rule to {} Enabled", self.destination())
    }

    /// What a new rule needs and nobody wrote.
    fn lacks(&self, seat: &Seat<S3>) -> Option<String> {
        let source = &seat.other.as_ref()?.target.own;
        let (from, is_amazon) = (&seat.other_region, source.at.endpoint.is_none());
        (is_amazon && self.with.role.is_none()).then(|| {
            format!(
                "{from} has no rule to here, and for a new one Amazon wants a role: write `role`"
            )
        })
    }

    /// Why the target is not to be a copy as it stands.
    fn refusal(&self, own: &State) -> Option<String> {
        let (name, from) = (&self.seat.name, &self.seat.other_region);
        if let Err(why) = &own.rules {
            return Some(format!("whether {name} copies to {from} is not known: {why}"));
        }
        (own.copies == Some(true) && !self.with.both_ways).then(|| {
            format!(
                "{name} copies to {from} itself: stop that with s3.stop_replication of {from} \
                 first, or set `both_ways = true`"
            )
        })
    }

    fn changes(&self, own: &State, source: &Told<S3>) -> Vec<PreviewLine> {
        let (name, from) = (&self.seat.name, &self.seat.other_region);
        let refused = |why: &str| vec![line('!', format!("it will be REFUSED: {why}"))];
        let source = match source {
            Ok(source) => source,
            Err(why) => return refused(why.message.as_str()),
        };
        let bucket = &self.seat.own.target.own.bucket;
        let is_there = source.rules.iter().flatten().any(|rule| rule.to == *bucket);
        let lacks = if is_there { None } else { self.lacks(&self.seat) };
        if let Some(why) = self.refusal(own).or(lacks) {
            return refused(&why);
        }
        let how = if is_there { "its rules are turned on" } else { "a rule is added" };
        vec![
            line('+', format!("replication {from} -> {}: {how}", self.seat.region)),
            line('!', format!("what {from} holds already is not copied to {name} by a new rule")),
            line(
                '~',
                format!("{name} goes on taking writes: a bucket that is a copy is not closed"),
            ),
        ]
    }
}
