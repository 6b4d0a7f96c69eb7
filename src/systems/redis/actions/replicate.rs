//! Makes a server a replica of the other side. Whatever it holds that the other has not is erased.

use super::super::council::against_following;
use super::super::flow::link_words;
use super::super::history::continues;
use super::super::meet::Met;
use super::super::settings::Redis;
use super::super::state::SideState;
use super::way::{By, Way, give};
use crate::domain::time::Stamp;
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

impl Way for Replicate {
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
    const NEEDS_OTHER: bool = true;

    fn with(fields: &Fields<'_>) -> Result<Wanted, Fault> {
        let host = HOST.of(fields)?;
        let plain = |host: &String| !host.is_empty() && !host.contains(char::is_whitespace);
        if host.as_ref().is_some_and(|host| !plain(host)) {
            return Err(fields.refuse("host", "must be a name or an address"));
        }
        Ok(Wanted { discard: DISCARD.get(fields)?, host, port: PORT.of(fields)? })
    }

    fn judge(at: &At<By<Self>>, own: &SideState, source: &Told<Redis>) -> Standing {
        let (name, from, words) = (&at.seat.name, &at.seat.other_region, link_words(own, None));
        let (is_so, seen) = match source {
            _ if own.is_primary() => (false, format!("{name} is PRIMARY, {} keys", own.keys)),
            Err(why) => return Standing::Unknown(format!("{name}: {words}; {why}").into()),
            Ok(source) if !source.is_primary() => (false, format!("{from} is no primary")),
            Ok(source) if own.follows() && own.replid == source.replid => {
                (true, format!("{name} follows {from}, {words}"))
            }
            Ok(_) => (false, format!("{name}: {words}")),
        };
        Standing::of(is_so, seen)
    }

    /// Why the target is not to copy from the other side as both stand.
    fn refusal(at: &At<By<Self>>, own: &SideState, source: &Told<Redis>) -> Option<String> {
        let (name, from) = (&at.seat.name, &at.seat.other_region);
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
        let lost = at.only_here(own, source).filter(|_| !at.with.discard)?;
        Some(format!("{name} holds {lost}; export them, then set `discard = true`"))
    }

    fn changes(at: &At<By<Self>>, own: &SideState, source: &Told<Redis>) -> Vec<PreviewLine> {
        let (name, from) = (&at.seat.name, &at.seat.other_region);
        let Ok(source) = source else { return Vec::new() };
        let role = if own.is_primary() { "PRIMARY" } else { "replica" };
        let mut lines = vec![
            line('~', format!("{name} role {role} -> replica of {from}")),
            line('~', format!("{name} writes -> REFUSED")),
            match at.only_here(own, source) {
                Some(lost) => line('-', format!("{name} ERASED: {lost}")),
                None => line('~', format!("{name} holds nothing that {from} lacks")),
            },
        ];
        if !continues(source, own) && source.replid != own.replid {
            lines.push(line('+', format!("{} keys copied anew from {from}", source.keys)));
        }
        lines
    }

    fn call(at: &At<By<Self>>, _own: &Told<Redis>, source: &Told<Redis>) -> String {
        let (host, port) = at.source(source);
        format!("REPLICAOF {host} {port}")
    }

    async fn order(
        at: &mut At<By<Self>>,
        session: &Met,
        (_, source): (SideState, Told<Redis>),
        began: Stamp,
        output: &mut dyn Output,
    ) -> Applied {
        let (host, port) = at.source(&source);
        give(&at.seat.own, session, &["REPLICAOF", host, &port.to_string()], output).await?;
        at.wait(began, LOOK_EVERY, output).await
    }
}

impl At<By<Replicate>> {
    /// The other side as the target reaches it: as the site says, or where sentinels led to it.
    fn source<'s>(&'s self, source: &'s Told<Redis>) -> (&'s str, u16) {
        let other = self.seat.other.as_ref().map(|other| &other.target);
        let is_led = other.is_some_and(|other| other.own.formation.seeds().is_some());
        let met = source.as_ref().ok().filter(|_| is_led).and_then(|source| source.at.as_ref());
        let other = met.or(other.map(|other| &other.endpoint));
        let host = self.with.host.as_deref().or(other.map(|other| other.host.as_str()));
        let port = self.with.port.or(other.map(|other| other.port));
        (host.unwrap_or_default(), port.unwrap_or_default())
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
}
