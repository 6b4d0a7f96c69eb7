//! Makes the replica a primary. What the old primary alone had is lost by it.

use super::super::council::against_promoting;
use super::super::flow::link_words;
use super::super::history::split;
use super::super::settings::Redis;
use super::super::state::SideState;
use crate::systems::kit::split::Split;
use crate::systems::kit::task::prelude::*;

pub(super) const ALLOW_EMPTY: Setting<bool> = Setting::new(
    "allow_empty",
    Kind::Boolean,
    "True to promote a replica without keys, where the store may be empty",
)
.or("false");

const CALL: &str = "REPLICAOF NO ONE";

/// `redis.promote`.
pub(super) struct Promote;

impl Task for Promote {
    type On = Redis;
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
    const RIGHTS: Rights = Rights::Act;

    fn with(fields: &Fields<'_>) -> Result<bool, Fault> {
        ALLOW_EMPTY.get(fields)
    }

    async fn standing(at: &At<Self>) -> Result<Standing, Trouble> {
        let state = at.seat.own.state().await?;
        if state.loading {
            return Ok(Standing::Unknown("it is loading its data set".into()));
        }
        if state.is_primary() {
            return Ok(Standing::Done(primary_words(&state)));
        }
        let words = format!("standby, {}, {} keys", link_words(&state, None), state.keys);
        Ok(Standing::NotDone(words.into()))
    }

    async fn foresee(at: &At<Self>) -> Foreseen {
        let (state, other) = at.seat.states().await;
        (state.map(|state| at.changes(&state, &other)), CALL.to_owned())
    }

    async fn apply(at: &mut At<Self>, _execution: &Execution, output: &mut dyn Output) -> Applied {
        let own = &at.seat.own;
        let session = own.open().await.map_err(Trouble::before_sending)?;
        let (state, other) = at.seat.states_on(&session).await;
        let state = state.map_err(Trouble::before_sending)?;
        if state.is_primary() {
            return tell(format!("already so: {}", primary_words(&state)), output);
        }
        if let Some(why) = at.refusal(&state, other.as_ref().ok()) {
            return Err(OperateError::Refused(why.into()));
        }
        let is_closed = match &other {
            Ok(other) => !other.is_primary(),
            Err(trouble) => trouble.kind != TroubleKind::OtherServer,
        };
        if at.seat.alone && !is_closed {
            return Err(rival(&at.seat.other_region));
        }
        output.line(&format!("{CALL} at {}", own.target.place));
        own.within(session.text(&["REPLICAOF", "NO", "ONE"]))
            .await
            .map_err(Trouble::into_operate_error)?;
        let words = match own.state_on(&session).await {
            Ok(state) if state.is_primary() => primary_words(&state),
            Ok(_) => {
                let words = format!("{} took the order and is still a replica", own.target.place);
                return Err(OperateError::Ambiguous(words.into()));
            }
            Err(trouble) => format!("promoted; then {trouble}").into(),
        };
        tell(words, output)
    }
}

impl At<Promote> {
    /// The lines of the preview: role, history, writes, the link, and what to beware of.
    fn changes(&self, state: &SideState, other: &Told<Redis>) -> Vec<PreviewLine> {
        let (name, from) = (&self.seat.name, &self.seat.other_region);
        if state.is_primary() {
            return vec![line('!', format!("{name} is PRIMARY already, {} keys", state.keys))];
        }
        let mut lines = vec![
            line('~', format!("{name} role replica -> PRIMARY, {} keys", state.keys)),
            line('~', format!("{name} history {} -> a new one", short(&state.replid))),
            line('~', format!("{name} writes refused -> ACCEPTED")),
            line('-', format!("replication {from} -> {} REMOVED", self.seat.region)),
            line('!', format!("what only {from} has is lost when it becomes a replica")),
        ];
        if let Some(why) = self.refusal(state, other.as_ref().ok()) {
            lines.insert(0, line('!', format!("it will be REFUSED: {why}")));
        }
        match other {
            Err(why) => {
                let words = format!("{from} was not seen and may still take writes: {why}");
                lines.push(line('!', words));
            }
            Ok(other) if is_trap(state, other) => lines.push(line(
                '!',
                format!("{from} is EMPTY: this saves the {} keys of {name}", state.keys),
            )),
            Ok(other) if other.is_primary() => {
                lines.push(line('!', format!("{from} still takes writes: TWO PRIMARIES")));
            }
            Ok(_) => {}
        }
        if let Split::Yes(why) = split(self.seat.side, state, other.as_ref().ok()) {
            lines.push(line('!', why));
        }
        if state.keeps_on_disk() == Some(false) {
            let words = format!("{name} has persistence off: after a restart it will be EMPTY");
            lines.push(line('!', words));
        }
        lines
    }

    /// Why this replica is not to be promoted as it stands.
    fn refusal(&self, state: &SideState, other: Option<&SideState>) -> Option<String> {
        let (name, from) = (&self.seat.name, &self.seat.other_region);
        if state.keys == 0 && !self.with {
            let source = match other {
                Some(other) if other.keys > 0 => format!("{from} holds {} keys", other.keys),
                Some(_) => format!("{from} holds none either"),
                None => format!("{from} cannot be asked what it held"),
            };
            return Some(format!(
                "{name} is EMPTY and {source}; `allow_empty = true` promotes it all the same"
            ));
        }
        if let Some(why) = against_promoting(state, other) {
            return Some(format!("{name}: {why}"));
        }
        // Ending a copy from an empty primary is what saves the data.
        let saves = other.is_some_and(|other| is_trap(state, other));
        (state.is_syncing() && !saves).then(|| {
            format!("{name} fetches the whole data set: wait for that, or cut its link to {from}")
        })
    }
}

/// True when the source is a primary without keys while the replica has some.
fn is_trap(state: &SideState, other: &SideState) -> bool {
    other.is_primary() && other.keys == 0 && state.keys > 0
}

fn primary_words(state: &SideState) -> Clean {
    format!("PRIMARY of history {}, {} keys", short(&state.replid), state.keys).into()
}

/// The first letters of a history's name, as people compare them.
fn short(replid: &str) -> String {
    replid.chars().take(8).collect()
}
