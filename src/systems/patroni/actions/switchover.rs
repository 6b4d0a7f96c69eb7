//! Hands the lead over to another member of the same cluster, which has everything.

use std::time::Duration;

use hyper::Method;
use serde_json::json;

use super::super::order::LOOK_EVERY;
use super::super::session::said;
use super::super::settings::Patroni;
use super::super::state::{Member, SideState};
use crate::systems::kit::task::prelude::*;

/// Patroni answers once it is over, and waits twice its `loop_wait` for that, 20 s at least.
const SWITCH_LIMIT: Duration = Duration::from_secs(60);

const CANDIDATE: Setting<String> =
    Setting::new("candidate", Kind::Word, "The member that is to lead, by its name");

const AWAY_FROM: Setting<String> = Setting::new(
    "away_from",
    Kind::Word,
    "The member that is to lead no more: whoever of the others holds most is to. Either this or \
     `candidate`",
)
.example("\"a1\"");

/// Who may be handed the lead.
const FOLLOWING: &str = "on the timeline of its leader";

/// `patroni.switchover`.
pub(super) struct Switchover;

/// Who is to lead.
pub enum Wanted {
    /// This member.
    Candidate(String),
    /// Any but this one.
    AwayFrom(String),
}

impl Task for Switchover {
    type On = Patroni;
    type With = Wanted;
    const SPEC: ActionSpec = ActionSpec {
        name: "patroni.switchover",
        doc: "Hands the lead over to another member of the target's own cluster; sessions of users \
              end, and nothing is lost; usually 3 to 5 s",
        verb: "switch over",
        class: Class::I,
        guard: Guard::TypedTarget,
        fencing: Fencing::FencedByTarget,
        change: Change::None,
        reversal: "By patroni.switchover to the former leader",
        permissions: super::super::rights::CHANGES,
        needs_target: true,
        settings: &[CANDIDATE.spec, AWAY_FROM.spec],
    };
    const RIGHTS: Rights = Rights::Act;

    fn with(fields: &Fields<'_>) -> Result<Wanted, Fault> {
        match (CANDIDATE.of(fields)?, AWAY_FROM.of(fields)?) {
            (Some(name), None) => Ok(Wanted::Candidate(name)),
            (None, Some(name)) => Ok(Wanted::AwayFrom(name)),
            (None, None) | (Some(_), Some(_)) => {
                let why = "name either `candidate`, who is to lead, or `away_from`, who is not to";
                Err(fields.fault("candidate", format!("{}: {why}", fields.what())))
            }
        }
    }

    async fn standing(at: &At<Self>) -> Result<Standing, Trouble> {
        Ok(at.stands(&at.seat.own.state().await?))
    }

    async fn foresee(at: &At<Self>) -> Foreseen {
        let name = &at.seat.name;
        let mut call = "POST /switchover".to_owned();
        let changes = at.seat.own.state().await.map(|state| match at.stands(&state) {
            Standing::Done(words) => vec![line('~', format!("already so: {words}"))],
            Standing::NotDone(_) | Standing::Unknown(_) => match at.picked(&state) {
                Err(why) => vec![line('!', format!("it will be REFUSED: {why}"))],
                Ok((leader, next)) => {
                    let (from, to) = (&leader.name, &next.name);
                    call = format!("POST /switchover {}", body(leader, next));
                    vec![
                        line('~', format!("{name} led by {from} -> {to}")),
                        line('!', format!("every session with {from} ends, writes wait meanwhile")),
                    ]
                }
            },
        });
        (changes, call)
    }

    async fn apply(at: &mut At<Self>, _execution: &Execution, output: &mut dyn Output) -> Applied {
        let began = at.clock.now();
        let session = at.seat.own.open().await.map_err(Trouble::before_sending)?;
        let state = at.seat.own.state_on(&session).await.map_err(Trouble::before_sending)?;
        if let Standing::Done(words) = at.stands(&state) {
            return tell(format!("already so: {words}"), output);
        }
        let picked = at.picked(&state).map_err(|why| OperateError::Refused(why.into()))?;
        let (place, body) = (&picked.0.place, body(picked.0, picked.1));
        let limit = at.deadline().min(SWITCH_LIMIT);
        let order = (Method::POST, "/switchover", limit);
        match session.order(place, order, &body, output).await {
            Ok(answer) => output.line(said(&answer)),
            Err(trouble) => return at.looked_again(trouble).await,
        }
        at.wait(began, LOOK_EVERY, output).await
    }
}

fn body(leader: &Member, next: &Member) -> serde_json::Value {
    json!({ "leader": leader.name, "candidate": next.name })
}

/// Patroni's own words for an order that it gave up, or never began.
fn gave_up(trouble: &Trouble) -> bool {
    let says = |words| trouble.message.as_str().contains(words);
    says("Switchover failed") || says("failed to write failover key")
}

impl At<Switchover> {
    fn stands(&self, state: &SideState) -> Standing {
        let name = &self.seat.name;
        let Some(leader) = state.leader() else {
            return Standing::Unknown(format!("no member of {name} leads").into());
        };
        let is_so = match &self.with {
            Wanted::Candidate(wanted) => leader.name == *wanted,
            Wanted::AwayFrom(unwanted) => leader.name != *unwanted,
        };
        let serves = leader.is_running() && !leader.unlocked;
        Standing::of(is_so && serves, format!("{name} is led by {}", leader.name))
    }

    /// Who leads and who is to, or why that cannot be.
    fn picked<'s>(&self, state: &'s SideState) -> Result<(&'s Member, &'s Member), String> {
        let name = &self.seat.name;
        let leader = state.leader().ok_or_else(|| format!("no member of {name} leads"))?;
        // One that stands on another timeline may hold most, of another history.
        let may_lead = |member: &&Member| {
            let is_other = member.is_running() && member.name != leader.name;
            is_other && member.timeline == leader.timeline
        };
        let next = match &self.with {
            Wanted::Candidate(wanted) => state.member(wanted).filter(may_lead),
            Wanted::AwayFrom(_) => {
                let others = state.members.iter().filter(may_lead);
                others.max_by_key(|member| (member.streams(), member.held()))
            }
        };
        let nobody = || match &self.with {
            Wanted::Candidate(wanted) => {
                format!("{name} has no member `{wanted}` that runs {FOLLOWING}")
            }
            Wanted::AwayFrom(unwanted) => {
                format!("{name} has no member that runs {FOLLOWING} but {unwanted}")
            }
        };
        next.map(|next| (leader, next)).ok_or_else(nobody)
    }

    /// What came of an order that was not answered as it should be: who leads now.
    async fn looked_again(&self, trouble: Trouble) -> Applied {
        match self.standing().await {
            Standing::Done(words) => {
                Ok(format!("{words}; the order was answered: {trouble}").into())
            }
            // Patroni's own word that it gave it up, and the leader is the one that led.
            Standing::NotDone(words) if gave_up(&trouble) => {
                Err(OperateError::Refused(format!("{trouble}; {words}").into()))
            }
            Standing::NotDone(_) | Standing::Unknown(_) => Err(trouble.into_operate_error()),
        }
    }
}
