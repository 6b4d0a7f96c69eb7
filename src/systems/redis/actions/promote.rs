//! Makes the replica a primary. What the old primary alone had is lost by it.

use super::super::council::against_promoting;
use super::super::flow::link_words;
use super::super::history::split;
use super::super::meet::Met;
use super::super::settings::Redis;
use super::super::state::SideState;
use super::way::{By, Way, give};
use crate::domain::time::Stamp;
use crate::systems::kit::split::Split;
use crate::systems::kit::task::prelude::*;

pub(super) const ALLOW_EMPTY: Setting<bool> = Setting::new(
    "allow_empty",
    Kind::Boolean,
    "True to promote a replica without keys, where the store may be empty",
)
.or("false");

/// `redis.promote`.
pub(super) struct Promote;

impl Way for Promote {
    type With = bool;
    const SPEC: ActionSpec = ActionSpec {
        name: "redis.promote",
        doc: "Makes the replica a primary with REPLICAOF NO ONE; refuses while it fetches \
              everything anew, and one that holds no keys",
        verb: "promote",
        class: Class::X,
        guard: Guard::TypedVerb,
        fencing: Fencing::IdempotentByKey,
        change: Change::Promote,
        reversal: "None: redis.replicate makes the old primary follow, erasing what only it had",
        permissions: &["ACL SETUSER <acting user> +replicaof +info +config|get"],
        needs_target: true,
        settings: &[ALLOW_EMPTY.spec],
    };
    const NEEDS_OTHER: bool = false;

    fn with(fields: &Fields<'_>) -> Result<bool, Fault> {
        ALLOW_EMPTY.get(fields)
    }

    fn judge(_at: &At<By<Self>>, own: &SideState, _other: &Told<Redis>) -> Standing {
        if own.loading {
            return Standing::Unknown("it is loading its data set".into());
        }
        let role = if own.is_primary() {
            format!("PRIMARY of history {}", short(&own.replid))
        } else {
            format!("standby, {}", link_words(own, None))
        };
        Standing::of(own.is_primary(), format!("{role}, {} keys", own.keys))
    }

    /// Why this replica is not to be promoted as it stands.
    fn refusal(at: &At<By<Self>>, own: &SideState, other: &Told<Redis>) -> Option<String> {
        let (name, from, other) = (&at.seat.name, &at.seat.other_region, other.as_ref().ok());
        if own.keys == 0 && !at.with {
            let source = match other {
                Some(other) if other.keys > 0 => format!("{from} holds {} keys", other.keys),
                Some(_) => format!("{from} holds none either"),
                None => format!("{from} cannot be asked what it held"),
            };
            return Some(format!(
                "{name} is EMPTY and {source}; `allow_empty = true` promotes it all the same"
            ));
        }
        if let Some(why) = against_promoting(own, other) {
            return Some(format!("{name}: {why}"));
        }
        // Ending a copy from an empty primary is what saves the data.
        let saves = other.is_some_and(|other| is_trap(own, other));
        (own.is_syncing() && !saves).then(|| {
            format!("{name} fetches the whole data set: wait for that, or cut its link to {from}")
        })
    }

    /// The lines of the preview: role, history, writes, the link, and what to beware of.
    fn changes(at: &At<By<Self>>, own: &SideState, other: &Told<Redis>) -> Vec<PreviewLine> {
        let (name, from) = (&at.seat.name, &at.seat.other_region);
        let mut lines = vec![
            line('~', format!("{name} role replica -> PRIMARY, {} keys", own.keys)),
            line('~', format!("{name} history {} -> a new one", short(&own.replid))),
            line('~', format!("{name} writes refused -> ACCEPTED")),
            line('-', format!("replication {from} -> {} REMOVED", at.seat.region)),
            line('!', format!("what only {from} has is lost when it becomes a replica")),
        ];
        let mut beware = |words: String| lines.push(line('!', words));
        match other {
            Err(why) => beware(format!("{from} was not seen and may still take writes: {why}")),
            Ok(other) if is_trap(own, other) => {
                beware(format!("{from} is EMPTY: this saves the {} keys of {name}", own.keys));
            }
            Ok(other) if other.is_primary() => {
                beware(format!("{from} still takes writes: TWO PRIMARIES"));
            }
            Ok(_) => {}
        }
        if let Split::Yes(why) = split(at.seat.side, own, other.as_ref().ok()) {
            beware(why);
        }
        if own.keeps_on_disk() == Some(false) {
            beware(format!("{name} has persistence off: after a restart it will be EMPTY"));
        }
        lines
    }

    fn call(_at: &At<By<Self>>, _own: &Told<Redis>, _other: &Told<Redis>) -> String {
        "REPLICAOF NO ONE".to_owned()
    }

    async fn order(
        at: &mut At<By<Self>>,
        session: &Met,
        (_, other): (SideState, Told<Redis>),
        _began: Stamp,
        output: &mut dyn Output,
    ) -> Applied {
        let own = &at.seat.own;
        give(own, session, &["REPLICAOF", "NO", "ONE"], output).await?;
        match own.state_on(session).await.map(|state| Self::judge(at, &state, &other)) {
            Ok(Standing::Done(words)) => tell(words, output),
            Ok(_) => {
                let words = format!("{} took the order and is still a replica", own.target.place);
                Err(OperateError::Ambiguous(words.into()))
            }
            Err(trouble) => tell(format!("promoted; then {trouble}"), output),
        }
    }
}

/// True when the source is a primary without keys while the replica has some.
fn is_trap(state: &SideState, other: &SideState) -> bool {
    other.is_primary() && other.keys == 0 && state.keys > 0
}

/// The first letters of a history's name, as people compare them.
fn short(replid: &str) -> String {
    replid.chars().take(8).collect()
}
