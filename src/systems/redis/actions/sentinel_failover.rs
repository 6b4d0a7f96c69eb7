//! Has the sentinels make another server the primary: that of the target, or, where they alone lead
//! to a region's server, any other than the one that was shown.

use super::super::council::{Council, MOVING};
use super::super::meet::{Met, open_sentinel};
use super::super::sentinel;
use super::super::settings::{Redis, Sentinels};
use super::super::state::SideState;
use super::way::{By, Way, give};
use crate::domain::time::Stamp;
use crate::systems::kit::endpoint::Endpoint;
use crate::systems::kit::task::prelude::*;

const NONE_NAMED: &str = "the site names no `sentinels` here";

/// `redis.sentinel_failover`.
pub(super) struct SentinelFailover;

impl Way for SentinelFailover {
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
    const NEEDS_OTHER: bool = false;

    fn with(_fields: &Fields<'_>) -> Result<(), Fault> {
        Ok(())
    }

    /// Where the sentinels lead, another server is what is wanted.
    fn is_moved(at: &At<By<Self>>) -> bool {
        at.is_led()
    }

    fn judge(at: &At<By<Self>>, own: &SideState, _other: &Told<Redis>) -> Standing {
        let Some(council) = &own.council else { return Standing::Unknown(NONE_NAMED.into()) };
        let says = council.says();
        let Some(word) = council.agreed() else { return Standing::Unknown(says.into()) };
        if council.any_has(MOVING) {
            return Standing::NotDone("the sentinels are failing over".into());
        }
        let role = if own.is_primary() { "PRIMARY" } else { "a replica" };
        let place = own.at.as_ref().map_or_else(String::new, |at| format!(" at {}", at.place()));
        let words = format!("{} is {role}{place}, {says}", at.seat.name);
        let is_it = own.is_primary() && Council::means(word, own);
        if !at.is_led() {
            return Standing::of(is_it, words);
        }
        let shown = at.expected.target.as_ref();
        match shown.filter(|shown| is_it && shown.is_other(&own.identity())) {
            None => Standing::NotDone(words.into()),
            // It goes on where the one that was shown stopped.
            Some(shown) if shown.data.as_str() == own.replid_before => Standing::Done(words.into()),
            Some(_) => Standing::Unknown(
                format!("{words}; it does not go on where the one that was shown stood").into(),
            ),
        }
    }

    /// Why the sentinels are not to be asked as all stands.
    fn refusal(at: &At<By<Self>>, own: &SideState, other: &Told<Redis>) -> Option<String> {
        let name = &at.seat.name;
        let Some(council) = &own.council else { return Some(NONE_NAMED.to_owned()) };
        let says = council.says();
        let Some(word) = council.agreed() else {
            let why = council.plight().join("; ");
            return Some(format!("{why}: nothing is done by the word of a few"));
        };
        if council.any_has(MOVING) {
            return Some("the sentinels are failing over already".to_owned());
        }
        if let Some(why) = &word.stuck {
            return Some(format!("a failover is not assured: {why}"));
        }
        if !at.is_led() && !Council::watches(word, own, other.as_ref().ok()) {
            return Some(format!("{says}, and know neither {name} nor its primary: another group"));
        }
        let is_it = own.is_primary() && Council::means(word, own);
        match (at.is_led(), own.is_primary()) {
            (true, _) if !is_it => Some(format!("{name} is no primary by its own word; {says}")),
            (false, true) => Some(format!("{name} is PRIMARY by its own word; {says}")),
            (false, false) if !own.follows() => {
                Some(format!("{name} follows nobody now: it lacks what it did not get"))
            }
            (true, _) | (false, false) => {
                let none = council.heard().iter().all(|(_, word)| word.ready == 0);
                let words = "the sentinels know no replica that they would promote";
                none.then(|| words.to_owned())
            }
        }
    }

    fn changes(at: &At<By<Self>>, own: &SideState, other: &Told<Redis>) -> Vec<PreviewLine> {
        let (name, from) = (&at.seat.name, &at.seat.other_region);
        let ready = own.council.as_ref().and_then(Council::agreed).map_or(0, |word| word.ready);
        let mut lines = if at.is_led() {
            let place = own.at.as_ref().map(Endpoint::place).unwrap_or_default();
            let to = format!("one of {ready} replicas, as the sentinels choose");
            vec![line('~', format!("{name} PRIMARY {place} -> {to}"))]
        } else {
            vec![
                line('~', format!("{name} role replica -> PRIMARY")),
                line('~', format!("{from} role PRIMARY -> replica of {name}")),
            ]
        };
        if !at.is_led() && ready > 1 {
            let words = format!("the sentinels choose among {ready} replicas: it may be another");
            lines.push(line('!', words));
        }
        if at.is_led() || !other.as_ref().is_ok_and(|other| !other.is_primary()) {
            let words = "the old primary takes writes for some seconds more: they are LOST";
            lines.push(line('!', words));
        }
        lines
    }

    fn call(at: &At<By<Self>>, _own: &Told<Redis>, _other: &Told<Redis>) -> String {
        let master = at.named().map_or("<master>", |named| named.master.as_str());
        format!("SENTINEL FAILOVER {master}")
    }

    /// Of one sentinel only: two that are asked would both move the primary.
    async fn order(
        at: &mut At<By<Self>>,
        _session: &Met,
        (state, _): (SideState, Told<Redis>),
        began: Stamp,
        output: &mut dyn Output,
    ) -> Applied {
        let none = || OperateError::Refused(NONE_NAMED.into());
        let (own, named) = (&at.seat.own, at.named().ok_or_else(none)?);
        let heard = state.council.as_ref().map(Council::heard).unwrap_or_default();
        let mut opened = Err(none());
        for (place, word) in heard {
            let Some(at) = named.places.iter().find(|at| at.place() == place) else { continue };
            let session = open_sentinel(&own.target, at, named.login, Redis::ANSWER_LIMIT).await;
            opened = session.map_err(Trouble::before_sending);
            // Names may lead to the sentinels of another system by now.
            if let Ok(session) = &opened {
                let now = own.within(sentinel::ask(session, &named.master)).await;
                let now = now.map_err(Trouble::before_sending)?;
                if (&now.id, &now.primary) != (&word.id, &word.primary) {
                    let why =
                        format!("{place} is another sentinel than was asked: nothing is done");
                    return Err(OperateError::Refused(why.into()));
                }
                break;
            }
        }
        give(own, &opened?, &["SENTINEL", "FAILOVER", &named.master], output).await?;
        at.wait(began, LOOK_EVERY, output).await
    }
}

impl At<By<SentinelFailover>> {
    fn named(&self) -> Option<&Sentinels> {
        self.seat.own.target.own.formation.sentinels()
    }

    /// True where the sentinels alone say where the server is.
    fn is_led(&self) -> bool {
        self.named().is_some_and(|named| named.lead)
    }
}
