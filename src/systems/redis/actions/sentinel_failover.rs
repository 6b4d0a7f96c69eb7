//! Has the sentinels make another server the primary: that of the target, or, where they alone lead
//! to a region's server, any other than the one that was shown.

use super::super::council::Council;
use super::super::meet::open_sentinel;
use super::super::settings::Redis;
use super::super::state::SideState;
use crate::systems::kit::endpoint::Endpoint;
use crate::systems::kit::task::prelude::*;

/// How a sentinel calls a primary that it moves.
const MOVING: &str = "failover_in_progress";

const NONE_NAMED: &str = "the site names no `sentinels` here";

/// `redis.sentinel_failover`.
pub(super) struct SentinelFailover;

impl Task for SentinelFailover {
    type On = Redis;
    type With = ();
    const SPEC: ActionSpec = ActionSpec {
        name: "redis.sentinel_failover",
        doc: "Has the sentinels fail over: to the target's server, or, where they alone lead to \
              the server of the region, away from the one that was shown. The old primary takes \
              writes for some seconds more, and they are LOST: keep users from writing first",
        verb: "failover",
        class: Class::X,
        guard: Guard::TypedVerb,
        fencing: Fencing::FencedByTarget,
        change: Change::Promote,
        reversal: "By redis.sentinel_failover again; what the old primary took meanwhile is lost",
        permissions: &[
            "ACL SETUSER <acting user> +info +config|get",
            "at sentinels that know users: +sentinel|failover, and what watching needs there",
        ],
        needs_target: true,
        settings: &[],
    };
    const RIGHTS: Rights = Rights::Act;

    fn with(_fields: &Fields<'_>) -> Result<(), Fault> {
        Ok(())
    }

    async fn standing(at: &At<Self>) -> Result<Standing, Trouble> {
        let own = &at.seat.own;
        // Where the sentinels lead, another server is what is wanted.
        let session = if at.is_led() { own.open_any().await? } else { own.open().await? };
        let state = own.state_on(&session).await?;
        Ok(at.judge(&state))
    }

    async fn foresee(at: &At<Self>) -> Foreseen {
        let (state, other) = at.seat.states().await;
        let named = at.seat.own.target.own.formation.sentinels();
        let master = named.map_or("<master>", |named| named.master.as_str());
        let call = format!("SENTINEL FAILOVER {master}");
        (state.map(|state| at.changes(&state, other.as_ref().ok())), call)
    }

    async fn apply(at: &mut At<Self>, _execution: &Execution, output: &mut dyn Output) -> Applied {
        let (own, began) = (&at.seat.own, at.clock.now());
        let session = own.open().await.map_err(Trouble::before_sending)?;
        let (state, other) = at.seat.states_on(&session).await;
        let state = state.map_err(Trouble::before_sending)?;
        if let Standing::Done(words) = at.judge(&state) {
            return tell(format!("already so: {words}"), output);
        }
        if let Some(why) = at.refusal(&state) {
            return Err(OperateError::Refused(why.into()));
        }
        let is_closed = match &other {
            Ok(other) => !other.is_primary(),
            Err(trouble) => trouble.kind != TroubleKind::OtherServer,
        };
        if at.seat.alone && !is_closed {
            return Err(rival(&at.seat.other_region));
        }
        at.order(&state, output).await?;
        match at.until_done(began, LOOK_EVERY, output).await {
            Ok(words) => tell(words, output),
            Err(said) => {
                let words = format!("ordered, but not done within the step's time: {said}");
                Err(OperateError::Ambiguous(words.into()))
            }
        }
    }
}

impl At<SentinelFailover> {
    /// True where the sentinels alone say where the server is.
    fn is_led(&self) -> bool {
        self.seat.own.target.own.formation.sentinels().is_some_and(|named| named.lead)
    }

    fn judge(&self, state: &SideState) -> Standing {
        let name = &self.seat.name;
        let Some(council) = state.council() else { return Standing::Unknown(NONE_NAMED.into()) };
        let says = council.says();
        let Some(word) = council.agreed() else { return Standing::Unknown(says.into()) };
        if council.any_has(MOVING) {
            return Standing::NotDone("the sentinels are failing over".into());
        }
        let role = if state.is_primary() { "PRIMARY" } else { "a replica" };
        let at = state.at.as_ref().map_or_else(String::new, |at| format!(" at {}", at.place()));
        let words: Clean = format!("{name} is {role}{at}, {says}").into();
        if !state.is_primary() || !Council::means(word, state) {
            return Standing::NotDone(words);
        }
        let shown = self.expected.target.as_ref().filter(|_| self.is_led());
        match shown {
            None if self.is_led() => Standing::NotDone(words),
            None => Standing::Done(words),
            Some(shown) if !shown.is_other(&state.identity()) => Standing::NotDone(words),
            // It goes on where the one that was shown stopped.
            Some(shown) if shown.data.as_str() == state.replid_before => Standing::Done(words),
            Some(_) => Standing::Unknown(
                format!("{words}; it does not go on where the one that was shown stood").into(),
            ),
        }
    }

    /// Why the sentinels are not to be asked as all stands.
    fn refusal(&self, state: &SideState) -> Option<String> {
        let name = &self.seat.name;
        let Some(council) = state.council() else { return Some(NONE_NAMED.to_owned()) };
        let says = council.says();
        let Some(word) = council.agreed() else {
            let why = council.plight().join("; ");
            return Some(format!("{why}: nothing is done by the word of a few"));
        };
        let means = Council::means(word, state);
        if council.any_has(MOVING) {
            return Some("the sentinels are failing over already".to_owned());
        }
        if let Some(why) = &word.stuck {
            return Some(format!("a failover is not assured: {why}"));
        }
        match (self.is_led(), state.is_primary(), means) {
            (true, true, true) => {}
            (true, ..) => return Some(format!("{name} is no primary by its own word; {says}")),
            (false, true, _) => {
                return Some(format!("{name} is PRIMARY by its own word; {says}"));
            }
            (false, false, _) if !state.follows() => {
                return Some(format!("{name} follows nobody now: it lacks what it did not get"));
            }
            (false, false, _) => {}
        }
        let none = council.heard().iter().all(|(_, word)| word.ready == 0);
        none.then(|| "the sentinels know no replica that they would promote".to_owned())
    }

    fn changes(&self, state: &SideState, other: Option<&SideState>) -> Vec<PreviewLine> {
        let (name, from) = (&self.seat.name, &self.seat.other_region);
        if let Standing::Done(words) = self.judge(state) {
            return vec![line('!', format!("it is so already: {words}"))];
        }
        if let Some(why) = self.refusal(state) {
            return vec![line('!', format!("it will be REFUSED: {why}"))];
        }
        let ready = state.council().and_then(Council::agreed).map_or(0, |word| word.ready);
        let mut lines = if self.is_led() {
            let at = state.at.as_ref().map(Endpoint::place).unwrap_or_default();
            let to = format!("one of {ready} replicas, as the sentinels choose");
            vec![line('~', format!("{name} PRIMARY {at} -> {to}"))]
        } else {
            vec![
                line('~', format!("{name} role replica -> PRIMARY")),
                line('~', format!("{from} role PRIMARY -> replica of {name}")),
            ]
        };
        if !self.is_led() && ready > 1 {
            let words = format!("the sentinels choose among {ready} replicas: it may be another");
            lines.push(line('!', words));
        }
        if other.is_none_or(SideState::is_primary) || self.is_led() {
            let words = "the old primary takes writes for some seconds more: they are LOST";
            lines.push(line('!', words));
        }
        lines
    }

    /// Orders it, of one sentinel only: two that are asked would both move the primary.
    async fn order(&self, state: &SideState, output: &mut dyn Output) -> Result<(), OperateError> {
        let own = &self.seat.own;
        let none = || OperateError::Refused(NONE_NAMED.into());
        let named = own.target.own.formation.sentinels().ok_or_else(none)?;
        let heard = state.council().map(Council::heard).unwrap_or_default();
        let mut last = none();
        for (place, _) in heard {
            let Some(at) = named.places.iter().find(|at| at.place() == place) else { continue };
            let opened = open_sentinel(&own.target, at, named.login, Redis::ANSWER_LIMIT).await;
            let sentinel = match opened {
                Ok(sentinel) => sentinel,
                Err(trouble) => {
                    last = trouble.before_sending();
                    continue;
                }
            };
            output.line(&format!("SENTINEL FAILOVER {} at {place}", named.master));
            let words = ["SENTINEL", "FAILOVER", named.master.as_str()];
            let ordered = own.within(sentinel.text(&words)).await;
            return ordered.map(|_| ()).map_err(Trouble::into_operate_error);
        }
        Err(last)
    }
}
