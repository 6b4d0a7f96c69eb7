//! Makes a side a standby cluster of the other one: as a fence before a planned promotion, and as
//! the way back, which is done only once it is proven.

use serde_json::{Value as Json, json};

use super::super::order::{PAUSED, configure};
use super::super::settings::Patroni;
use super::super::split::{WHAT_TO_DO, split};
use super::super::state::SideState;
use crate::domain::reading::Writes;
use crate::domain::settings::{Span, Table};
use crate::domain::site::SystemSpec;
use crate::systems::kit::seat::check_target;
use crate::systems::kit::server::Written;
use crate::systems::kit::split::Split;
use crate::systems::kit::task::prelude::*;
use crate::systems::kit::task::read;

const FENCE: ActionSpec = ActionSpec {
    name: "patroni.fence",
    doc: "Closes the target before a planned promotion of the other side: sets `standby_cluster`, \
          so that Patroni stops its PostgreSQL in good order and starts it as a standby; done when \
          every member says that it takes no writes; usually 5 s, after `loop_wait` at most",
    verb: "fence",
    class: Class::X,
    guard: Guard::TypedVerb,
    fencing: Fencing::IdempotentByKey,
    change: Change::Fence,
    reversal: "By patroni.promote in the same region",
    permissions: super::super::rights::CHANGES,
    needs_target: true,
    settings: &[],
};

const DEMOTE: ActionSpec = ActionSpec {
    name: "patroni.demote",
    doc: "Makes the target a standby cluster of the other side, which must lead: sets \
          `standby_cluster`, and is done only once the target has replayed what the other side \
          wrote since; refuses a target whose timeline is not older, which Patroni would not \
          rewind; usually 5 to 15 s, longer where it is rewound",
    verb: "demote",
    change: Change::Follow,
    reversal: "None: what only the target wrote is discarded where Patroni rewinds it",
    ..FENCE
};

/// `patroni.demote`, or `patroni.fence` where nothing is to be `PROVEN` yet.
pub(super) struct Follow<const PROVEN: bool>;

impl<const PROVEN: bool> Task for Follow<PROVEN> {
    type On = Patroni;
    type With = ();
    const SPEC: ActionSpec = if PROVEN { DEMOTE } else { FENCE };
    const RIGHTS: Rights = Rights::ActOnPair;

    fn with(_fields: &Fields<'_>) -> Result<(), Fault> {
        Ok(())
    }

    fn check(table: &Table, system: Option<&SystemSpec>) -> Result<(), Fault> {
        read::<Self>(table)?;
        check_target::<Patroni>(system, Self::RIGHTS)?;
        let Some(system) = system else { return Ok(()) };
        let sides = Written::<Patroni>::both(system)?;
        let one = sides.iter().flatten().find(|side| side.own.serves_at.is_none());
        one.map_or(Ok(()), |side| {
            let words = "needs `serves_at` in `a` and `b`: where the other region reaches its \
                         PostgreSQL";
            Err(Fault::new(side.span, format!("system `{}` {words}", system.id)))
        })
    }

    async fn standing(at: &At<Self>) -> Result<Standing, Trouble> {
        let goal = at.goal().await;
        let (own, source) = at.seat.states().await;
        Ok(at.stands(&own?, &source, goal))
    }

    async fn foresee(at: &At<Self>) -> Foreseen {
        let goal = at.goal().await;
        let (own, source) = at.seat.states().await;
        let call = at.body().map_or_else(|fault| fault.message, |body| body.to_string());
        (own.map(|own| at.changes(&own, &source, goal)), format!("PATCH /config {call}"))
    }

    async fn apply(at: &mut At<Self>, _execution: &Execution, output: &mut dyn Output) -> Applied {
        let began = at.clock.now();
        let body = at.body().map_err(|fault| OperateError::Refused(fault.message.into()))?;
        let session = at.seat.own.open().await.map_err(Trouble::before_sending)?;
        let goal = at.goal().await;
        let (state, source) = at.seat.states_on(&session).await;
        let state = state.map_err(Trouble::before_sending)?;
        if let Standing::Done(words) = at.stands(&state, &source, goal) {
            return tell(format!("already so: {words}"), output);
        }
        if let Some(why) = at.refusal(&state, &source) {
            return Err(OperateError::Refused(why.into()));
        }
        configure(at, (&session, &state), &body, began, output).await
    }
}

impl<const PROVEN: bool> At<Follow<PROVEN>> {
    /// What is set: where the other side is followed, and by which slot there.
    fn body(&self) -> Result<Json, Fault> {
        let other = self.seat.other.as_ref().map(|other| &other.target.own);
        let from = other.and_then(|other| other.serves_at.as_ref()).ok_or_else(|| {
            let words = format!("{} has no `serves_at`", self.seat.other_region);
            Fault::new(Span::default(), words)
        })?;
        let mut followed = json!({ "host": from.host, "port": from.port });
        if let Some(slot) = &self.seat.own.target.own.slot {
            followed["primary_slot_name"] = json!(slot);
        }
        Ok(json!({ "standby_cluster": followed }))
    }

    /// Where the log of the other side stands as a look for proof begins: what was replayed before
    /// proves nothing of now.
    async fn goal(&self) -> Option<u64> {
        if PROVEN { self.seat.other_state().await.ok()?.location() } else { None }
    }

    fn stands(&self, own: &SideState, source: &Told<Patroni>, goal: Option<u64>) -> Standing {
        let name = &self.seat.name;
        match (own.writes(), own.standby_leader()) {
            (Writes::Open, _) => {
                let who = own.primary().map_or("a member", |leader| leader.name.as_str());
                Standing::NotDone(format!("{name} takes writes: {who} is PRIMARY").into())
            }
            (Writes::Unknown, _) if !PROVEN => {
                let words = "not every member says that it takes no writes";
                Standing::Unknown(format!("{name}: {words}").into())
            }
            (_, None) => Standing::NotDone(format!("no member of {name} leads").into()),
            (_, Some(_)) if PROVEN => self.follows(own, source, goal),
            (_, Some(leader)) => {
                let words = format!("{name} takes no writes: {} is a standby leader", leader.name);
                Standing::Done(words.into())
            }
        }
    }

    /// Whether a standby cluster holds what the other side wrote until this look began. That it
    /// streams, on the same timeline, is what a side says that has gone its own way, too.
    fn follows(&self, own: &SideState, source: &Told<Patroni>, goal: Option<u64>) -> Standing {
        let (name, from) = (&self.seat.name, &self.seat.other_region);
        let source = match source {
            Ok(source) => source,
            Err(why) => return Standing::Unknown(format!("{name}: not proven: {why}").into()),
        };
        let not = |why: &str| Standing::NotDone(format!("{name}: {why}").into());
        let (Some(primary), Some(leader), Some(goal)) =
            (source.primary(), own.standby_leader(), goal)
        else {
            return not(&format!("{from} is no primary that could be followed"));
        };
        let silence = self.seat.own.target.own.dcs_silence;
        if let Some(why) = primary.old_word(self.clock.now(), silence) {
            return Standing::Unknown(format!("{name}: not proven: {why}").into());
        }
        if let Split::Yes(why) = split((name, own), (from, source)) {
            return not(&format!("DIVERGED: {why}; {WHAT_TO_DO}"));
        }
        if !leader.streams() {
            let words = "a standby that receives nothing from";
            let hint = "is its slot there, and its address right? Its history may have split";
            return not(&format!("{words} {from}: not proven; {hint}: {WHAT_TO_DO}"));
        }
        if leader.replayed_more() || !own.replayed_anothers() {
            return not(&format!(
                "streams from {from}, which is no proof: nothing was replayed that was committed \
                 since the last of its members was started; each must answer, and something must \
                 be written in {from}"
            ));
        }
        let lacks = goal.saturating_sub(leader.replayed.unwrap_or(0));
        if lacks > 0 {
            let words = "that was written there as this look began is not replayed: not proven";
            return not(&format!("streams from {from}, and {lacks} B {words}"));
        }
        let at = leader.replayed_at.as_deref().unwrap_or_default();
        let words = format!(
            "{name} follows {from}: replayed what was committed there at {at}, and all that was \
             written there as this look began"
        );
        Standing::Done(words.into())
    }

    /// Why the target is not to follow as both stand.
    fn refusal(&self, own: &SideState, source: &Told<Patroni>) -> Option<String> {
        let (name, from) = (&self.seat.name, &self.seat.other_region);
        if own.is_paused() {
            return Some(format!("{name} {PAUSED}"));
        }
        let source = match source {
            Ok(source) => source,
            Err(why) => return Some(format!("nobody knows what would be followed: {why}")),
        };
        if source.system != own.system {
            return Some(format!("{name} and {from} hold different data: identifiers differ"));
        }
        if !PROVEN {
            return None;
        }
        let Some(primary) = source.primary() else {
            return Some(format!("{from} is no primary: there would be none"));
        };
        let leader = own.primary()?;
        (leader.timeline >= primary.timeline).then(|| {
            let timeline = |number: Option<u64>| number.unwrap_or(0);
            format!(
                "DIVERGED: {name} is a PRIMARY on timeline {}, {from} on {}: Patroni rewinds only \
                 an older one; {WHAT_TO_DO}",
                timeline(leader.timeline),
                timeline(primary.timeline)
            )
        })
    }

    fn changes(
        &self,
        own: &SideState,
        source: &Told<Patroni>,
        goal: Option<u64>,
    ) -> Vec<PreviewLine> {
        let (name, from) = (&self.seat.name, &self.seat.other_region);
        if let Standing::Done(words) = self.stands(own, source, goal) {
            return vec![line('~', format!("already so: {words}"))];
        }
        let mut lines = Vec::new();
        if let Some(why) = self.refusal(own, source) {
            lines.push(line('!', format!("it will be REFUSED: {why}")));
        }
        if let Some(leader) = own.primary() {
            let who = &leader.name;
            lines.push(line('~', format!("{name} role PRIMARY -> standby cluster of {from}")));
            lines
                .push(line('~', format!("{name} writes -> REFUSED; {who} is stopped and started")));
        }
        let leads = source.as_ref().is_ok_and(|source| source.primary().is_some());
        if leads && own.primary().is_some() {
            let words = "is DISCARDED where Patroni may rewind (`use_pg_rewind`)";
            lines.push(line('-', format!("what only {name} wrote {words}")));
        } else if !PROVEN {
            let words = "it has all once it has replayed what was written before the stop";
            lines.push(line('~', format!("{from} follows on: {words}")));
        }
        lines
    }
}
