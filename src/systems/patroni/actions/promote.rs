//! Makes a standby cluster one of its own. The other side can follow it, and not lead beside it.

use serde_json::json;

use super::super::order::{PAUSED, configure};
use super::super::session::Session;
use super::super::settings::Patroni;
use super::super::split::split;
use super::super::state::{Member, SideState};
use crate::domain::reading::Writes;
use crate::systems::kit::split::Split;
use crate::systems::kit::task::prelude::*;

const CALL: &str = "PATCH /config {\"standby_cluster\":null}";

/// `patroni.promote`.
pub(super) struct Promote;

impl Task for Promote {
    type On = Patroni;
    type With = ();
    const SPEC: ActionSpec = ActionSpec {
        name: "patroni.promote",
        doc: "Makes the standby cluster a primary: takes `standby_cluster` out of its \
              configuration and waits until a member leads and is out of recovery; usually 1 s, \
              after `loop_wait` (10 s) at most",
        verb: "promote",
        class: Class::X,
        guard: Guard::TypedVerb,
        fencing: Fencing::IdempotentByKey,
        change: Change::Promote,
        reversal: "None: patroni.demote makes the old primary follow, where it can",
        permissions: super::super::rights::CHANGES,
        needs_target: true,
        settings: &[],
    };
    const RIGHTS: Rights = Rights::Act;

    fn with(_fields: &Fields<'_>) -> Result<(), Fault> {
        Ok(())
    }

    async fn standing(at: &At<Self>) -> Result<Standing, Trouble> {
        let session = at.seat.own.open().await?;
        let state = at.seat.own.state_on(&session).await?;
        at.stands(&session, &state).await
    }

    async fn foresee(at: &At<Self>) -> Foreseen {
        let (state, other) = at.seat.states().await;
        (state.map(|state| at.changes(&state, &other)), CALL.to_owned())
    }

    async fn apply(at: &mut At<Self>, _execution: &Execution, output: &mut dyn Output) -> Applied {
        let began = at.clock.now();
        let session = at.seat.own.open().await.map_err(Trouble::before_sending)?;
        let (state, other) = at.seat.states_on(&session).await;
        let state = state.map_err(Trouble::before_sending)?;
        if let Ok(Standing::Done(words)) = at.stands(&session, &state).await {
            return tell(format!("already so: {words}"), output);
        }
        if let Some(why) = at.refusal(&state, &other) {
            return Err(OperateError::Refused(why.into()));
        }
        at.no_rival(&other, |other| !other.may_lead())?;
        let body = json!({ "standby_cluster": null });
        configure(at, (&session, &state), &body, began, output).await
    }
}

impl At<Promote> {
    /// A member out of recovery is a primary once it has the leader's lock, too: by `/primary`.
    async fn stands(&self, session: &Session, state: &SideState) -> Result<Standing, Trouble> {
        let name = &self.seat.name;
        let not = |words: String| Ok(Standing::NotDone(words.into()));
        let Some(leader) = state.primary() else {
            return not(match state.standby_leader() {
                Some(leader) => format!("{name} is a standby cluster, led by {}", leader.name),
                None => format!("no member of {name} leads"),
            });
        };
        let (who, timeline) = (&leader.name, leader.timeline.unwrap_or(0));
        let answer = self.seat.own.within(session.get(&leader.place, "/primary")).await?;
        if leader.is_running() && answer.status.is_success() {
            let words = format!("{name} is PRIMARY on timeline {timeline}, led by {who}");
            return Ok(Standing::Done(words.into()));
        }
        not(format!("{who} of {name} is out of recovery, and does not serve as a primary yet"))
    }

    /// Why this side is not to be promoted as it stands.
    fn refusal(&self, state: &SideState, other: &Told<Patroni>) -> Option<String> {
        let (name, from) = (&self.seat.name, &self.seat.other_region);
        if state.is_paused() {
            return Some(format!("{name} {PAUSED}"));
        }
        let Some(leader) = state.leader() else {
            return Some(format!("no member of {name} leads: there is nobody to promote"));
        };
        if leader.unlocked || leader.failsafe {
            return Some(format!("{name} has no DCS, or nobody has the leader's lock in it"));
        }
        let foreign = other.as_ref().is_ok_and(|other| other.system != state.system);
        foreign.then(|| format!("{name} holds other data than {from}: identifiers differ"))
    }

    fn changes(&self, state: &SideState, other: &Told<Patroni>) -> Vec<PreviewLine> {
        let (name, from) = (&self.seat.name, &self.seat.other_region);
        if let Some(leader) = state.primary() {
            return vec![line('!', format!("{name} is PRIMARY already, led by {}", leader.name))];
        }
        let mut lines = Vec::new();
        if let Some(why) = self.refusal(state, other) {
            lines.push(line('!', format!("it will be REFUSED: {why}")));
        }
        lines.push(line('~', format!("{name} standby cluster -> PRIMARY")));
        if let Some(timeline) = state.leader().and_then(|leader| leader.timeline) {
            lines.push(line('~', format!("{name} timeline {timeline} -> {}", timeline + 1)));
        }
        lines.push(line('~', format!("{name} writes refused -> ACCEPTED")));
        lines.push(line('-', format!("replication {from} -> {} REMOVED", self.seat.region)));
        match other {
            Err(why) => {
                let words = format!("{from} was not seen and may still take writes: {why}");
                lines.push(line('!', words));
            }
            Ok(other) => {
                if other.writes() != Writes::Refused {
                    lines.push(line('!', format!("{from} still takes writes: TWO PRIMARIES")));
                }
                if let Split::Yes(why) = split((name, state), (from, other)) {
                    lines.push(line('!', why));
                }
                let held = state.leader().and_then(Member::held);
                let lacks = other.location().zip(held);
                if let Some(bytes) = lacks.map(|(written, held)| written.saturating_sub(held)) {
                    let words = format!("{name} lacks {bytes} B that {from} has written, as read");
                    lines.push(line(if bytes == 0 { '~' } else { '!' }, words));
                }
            }
        }
        lines
    }
}
