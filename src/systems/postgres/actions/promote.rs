//! Makes the standby a primary. It cannot be undone.

use std::time::Duration;

use super::super::link::column;
use super::super::settings::Postgres;
use super::super::state::SideState;
use crate::domain::reading::Writes;
use crate::systems::kit::seat::Seat;
use crate::systems::kit::task::prelude::*;

const WAIT: Setting<Duration> = Setting::new(
    "wait",
    Kind::Time(1000, 86_400_000),
    "How long the server waits for its own promotion",
)
.or("60s");

/// `postgres.promote`.
pub(super) struct Promote;

impl Task for Promote {
    type On = Postgres;
    type With = Duration;
    const SPEC: ActionSpec = ActionSpec {
        name: "postgres.promote",
        doc: "Promotes the standby to primary with pg_promote",
        verb: "promote",
        class: Class::X,
        guard: Guard::TypedVerb,
        fencing: Fencing::FencedByTarget,
        change: Change::Promote,
        reversal: "None: the old primary is rewound or rebuilt from the new one",
        permissions: &["GRANT EXECUTE ON FUNCTION pg_promote(boolean, integer) TO the acting role"],
        needs_target: true,
        settings: &[WAIT.spec],
    };
    const RIGHTS: Rights = Rights::Act;

    fn with(fields: &Fields<'_>) -> Result<Duration, Fault> {
        WAIT.get(fields)
    }

    async fn standing(at: &At<Self>) -> Result<Standing, Trouble> {
        let SideState { in_recovery, timeline, .. } = at.seat.own.state().await?;
        let standby = || format!("standby on timeline {timeline}, in recovery");
        let words = if in_recovery { standby() } else { format!("PRIMARY on timeline {timeline}") };
        Ok(Standing::of(!in_recovery, words))
    }

    async fn foresee(at: &At<Self>) -> Foreseen {
        let (state, other) = tokio::join!(at.seat.own.state(), at.seat.other_state());
        let call = format!("select pg_promote(true, {})", at.with.as_secs());
        (state.map(|state| changes(&at.seat, &state, other)), call)
    }

    async fn apply(at: &mut At<Self>, _execution: &Execution, output: &mut dyn Output) -> Applied {
        // The statement outlives the server's own wait a little, the connection the statement.
        let statement_limit = at.with + Postgres::ANSWER_LIMIT;
        let limit = statement_limit + Postgres::ANSWER_LIMIT;
        let target = at.seat.own.target.answering_in(statement_limit);
        let (session, has_rival) =
            tokio::join!(target.connect(Postgres::ANSWER_LIMIT), at.has_rival());
        let session = session.map_err(Trouble::before_sending)?;
        if has_rival {
            return Err(rival(&at.seat.other_region));
        }
        output.line(&format!("asking {} to promote itself", at.seat.own.target.place));
        let call = format!("select pg_promote(true, {}) as promoted", at.with.as_secs());
        let asked = async { column::<bool>(&session.row(&call).await?, "promoted") };
        let promoted = at.seat.own.within_limit(limit, asked).await;
        if !promoted.map_err(Trouble::into_operate_error)? {
            let wait = at.with.as_secs();
            let message = format!(
                "{} did not finish its promotion within {wait} s; it goes on by itself",
                at.seat.own.target.place
            );
            return Err(Trouble::new(TroubleKind::Timeout, message).into_operate_error());
        }
        let words = match at.seat.own.state().await {
            Ok(state) => format!("PRIMARY on timeline {}", state.timeline),
            Err(trouble) => format!("promoted; then {trouble}"),
        };
        tell(words, output)
    }
}

impl At<Promote> {
    /// True when the other side answers, is not proven closed, and nothing is meant beside it.
    async fn has_rival(&self) -> bool {
        self.seat.alone
            && match self.seat.other_state().await {
                Ok(other) => other.writes() != Writes::Refused,
                Err(trouble) => trouble.kind == TroubleKind::OtherServer,
            }
    }
}

/// The lines of the preview: role, timeline, writes, the link, and what to beware of.
fn changes(seat: &Seat<Postgres>, state: &SideState, other: Told<Postgres>) -> Vec<PreviewLine> {
    let (name, from) = (&seat.name, &seat.other_region);
    if !state.in_recovery {
        let words = format!("{name} is PRIMARY already, on timeline {}", state.timeline);
        return vec![line('!', words)];
    }
    let timeline = state.timeline;
    let mut lines = vec![
        line('~', format!("{name} role replica -> PRIMARY")),
        line('~', format!("{name} timeline {timeline} -> {}", timeline + 1)),
        line('~', format!("{name} writes refused -> ACCEPTED")),
        line('-', format!("replication {from} -> {} REMOVED", seat.region)),
        line('!', format!("{from} can never rejoin without rewind or rebuild")),
    ];
    match other {
        Ok(other) if other.system != state.system => {
            lines.push(line('!', format!("{name} is not a replica of {from}: identifiers differ")));
        }
        Ok(other) if !other.in_recovery => {
            let missing = other.current_lsn.zip(state.held_lsn());
            let closed = other.writes() == Writes::Refused;
            let as_read = if closed { "" } else { ", as read now" };
            match missing.map(|(written, held)| written.saturating_sub(held)) {
                Some(0) => {
                    let words = format!("{name} has all that {from} has written{as_read}");
                    lines.push(line('~', words));
                }
                Some(bytes) => lines.push(line(
                    '!',
                    format!("{name} lacks {bytes} B that {from} has written, as read now"),
                )),
                None => {}
            }
            if !closed {
                lines.push(line('!', format!("{from} still accepts writes: TWO PRIMARIES")));
            }
        }
        Ok(_) => {}
        Err(trouble) => lines.push(line(
            '!',
            format!("{from} was not seen: it may still accept writes ({trouble})"),
        )),
    }
    let waits = state.held_lsn().zip(state.replay_lsn);
    if let Some(bytes) = waits.and_then(|(held, replayed)| held.checked_sub(replayed))
        && bytes > 0
    {
        let words = format!("{name} first replays {bytes} B that it has received");
        lines.push(line('~', words));
    }
    if state.replay_paused {
        lines.push(line('~', format!("{name} replay paused -> ended by the promotion")));
    }
    if !state.sync_names.is_empty() {
        let names = &state.sync_names;
        lines.push(line('!', format!("commits will wait for `{names}` until that is cleared")));
    }
    lines
}
