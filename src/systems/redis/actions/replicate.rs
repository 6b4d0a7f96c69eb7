//! Makes a server a replica of the other side. Whatever it holds that the other has not is erased.

use super::super::council::against_following;
use super::super::flow::link_words;
use super::super::history::continues;
use super::super::settings::Redis;
use super::super::state::SideState;
use crate::systems::kit::task::prelude::*;

const DISCARD: Setting<bool> =
    Setting::new("discard", Kind::Boolean, "True to erase also what only the target holds")
        .or("false");

const HOST: Setting<String> = Setting::new(
    "host",
    Kind::Text,
    "The other side as the target reaches it, if that is not its `host`",
);

const PORT: Setting<u16> =
    Setting::new("port", Kind::Integer(1, 65_535), "The port that goes with `host`");

/// `redis.replicate`.
pub(super) struct Replicate;

/// The source that is wanted, where it is not as the site says.
pub struct Wanted {
    discard: bool,
    host: Option<String>,
    port: Option<u16>,
}

impl Task for Replicate {
    type On = Redis;
    type With = Wanted;
    const SPEC: ActionSpec = ActionSpec {
        name: "redis.replicate",
        doc: "Makes the target a replica of the other side with REPLICAOF: it takes no writes any \
              more, and what only it holds is ERASED; without `discard` refused unless that is \
              nothing",
        verb: "replicate",
        class: Class::X,
        guard: Guard::TypedVerb,
        fencing: Fencing::IdempotentByKey,
        change: Change::Follow,
        reversal: "None: what only the target held is gone",
        permissions: &["ACL SETUSER <acting user> +replicaof +info +config|get"],
        needs_target: true,
        settings: &[DISCARD.spec, HOST.spec, PORT.spec],
    };
    const RIGHTS: Rights = Rights::ActOnPair;

    fn with(fields: &Fields<'_>) -> Result<Wanted, Fault> {
        let host = HOST.of(fields)?;
        let plain = |host: &String| !host.is_empty() && !host.contains(char::is_whitespace);
        if host.as_ref().is_some_and(|host| !plain(host)) {
            return Err(fields.refuse("host", "must be a name or an address"));
        }
        Ok(Wanted { discard: DISCARD.get(fields)?, host, port: PORT.of(fields)? })
    }

    async fn standing(at: &At<Self>) -> Result<Standing, Trouble> {
        let (name, from) = (&at.seat.name, &at.seat.other_region);
        let (own, source) = at.seat.states().await;
        let own = own?;
        if own.is_primary() {
            return Ok(Standing::NotDone(format!("{name} is PRIMARY, {} keys", own.keys).into()));
        }
        let words = link_words(&own, None);
        Ok(match source {
            Err(why) => Standing::Unknown(format!("{name}: {words}; {why}").into()),
            Ok(source) if !source.is_primary() => {
                Standing::NotDone(format!("{from} is no primary").into())
            }
            Ok(source) if own.follows() && own.replid == source.replid => {
                Standing::Done(format!("{name} follows {from}, {words}").into())
            }
            Ok(_) => Standing::NotDone(format!("{name}: {words}").into()),
        })
    }

    async fn foresee(at: &At<Self>) -> Foreseen {
        let (own, source) = at.seat.states().await;
        (own.map(|own| at.changes(&own, &source)), at.call(source.as_ref().ok()))
    }

    async fn apply(at: &mut At<Self>, _execution: &Execution, output: &mut dyn Output) -> Applied {
        let (own, began) = (&at.seat.own, at.clock.now());
        let session = own.open().await.map_err(Trouble::before_sending)?;
        let (state, source) = at.seat.states_on(&session).await;
        let state = state.map_err(Trouble::before_sending)?;
        if let Some(why) = at.refusal(&state, &source) {
            return Err(OperateError::Refused(why.into()));
        }
        let source = source.as_ref().ok();
        output.line(&format!("{} at {}", at.call(source), own.target.place));
        let (host, port) = at.source(source);
        own.within(session.text(&["REPLICAOF", host, &port.to_string()]))
            .await
            .map_err(Trouble::into_operate_error)?;
        match at.until_done(began, LOOK_EVERY, output).await {
            Ok(words) => tell(words, output),
            Err(said) => {
                let words = format!("ordered, but not done within the step's time: {said}");
                Err(OperateError::Ambiguous(words.into()))
            }
        }
    }
}

impl At<Replicate> {
    /// The other side as the target reaches it: as the site says, or where sentinels led to it.
    fn source<'s>(&'s self, source: Option<&'s SideState>) -> (&'s str, u16) {
        let other = self.seat.other.as_ref().map(|other| &other.target);
        let is_led = other.is_some_and(|other| !other.own.formation.is_at_host());
        let met = source.filter(|_| is_led).and_then(|source| source.at.as_ref());
        let other = met.or(other.map(|other| &other.endpoint));
        let host = self.with.host.as_deref().or(other.map(|other| other.host.as_str()));
        let port = self.with.port.or(other.map(|other| other.port));
        (host.unwrap_or_default(), port.unwrap_or_default())
    }

    fn call(&self, source: Option<&SideState>) -> String {
        let (host, port) = self.source(source);
        format!("REPLICAOF {host} {port}")
    }

    /// What only the target holds; none where that is proven to be nothing.
    fn only_here(&self, own: &SideState, source: &SideState) -> Option<String> {
        let ahead = own.offset > source.offset;
        let proven = own.keys == 0
            || continues(source, own)
            || (!own.is_primary() && own.replid == source.replid && !ahead);
        (!proven).then(|| {
            format!("up to {} keys that {} may not have", own.keys, self.seat.other_region)
        })
    }

    /// Why the target is not to copy from the other side as both stand.
    fn refusal(&self, own: &SideState, source: &Told<Redis>) -> Option<String> {
        let (name, from) = (&self.seat.name, &self.seat.other_region);
        let source = match source {
            Ok(source) => source,
            Err(why) => return Some(format!("nobody knows what would be copied: {why}")),
        };
        if !source.is_primary() {
            return Some(format!("{from} is a replica itself: there would be no primary"));
        }
        if source.loading {
            return Some(format!("{from} is loading its data set"));
        }
        if let Some(why) = against_following(own) {
            return Some(format!("{name}: {why}"));
        }
        // No word of a plan allows this: it is how all copies of a store are lost.
        if source.keys == 0 && own.keys > 0 {
            let keys = own.keys;
            return Some(format!("{from} is EMPTY: copying it would erase {keys} keys of {name}"));
        }
        let lost = self.only_here(own, source).filter(|_| !self.with.discard)?;
        Some(format!("{name} holds {lost}; export them, then set `discard = true`"))
    }

    fn changes(&self, own: &SideState, source: &Told<Redis>) -> Vec<PreviewLine> {
        let (name, from) = (&self.seat.name, &self.seat.other_region);
        if let Some(why) = self.refusal(own, source) {
            return vec![line('!', format!("it will be REFUSED: {why}"))];
        }
        let source = source.as_ref().ok();
        let role = if own.is_primary() { "PRIMARY" } else { "replica" };
        let mut lines = vec![
            line('~', format!("{name} role {role} -> replica of {from}")),
            line('~', format!("{name} writes -> REFUSED")),
        ];
        match source.and_then(|source| self.only_here(own, source)) {
            Some(lost) => lines.push(line('-', format!("{name} ERASED: {lost}"))),
            None => lines.push(line('~', format!("{name} holds nothing that {from} lacks"))),
        }
        if source.is_some_and(|source| !continues(source, own) && source.replid != own.replid) {
            let keys = source.map_or(0, |source| source.keys);
            lines.push(line('+', format!("{keys} keys copied anew from {from}")));
        }
        lines
    }
}
