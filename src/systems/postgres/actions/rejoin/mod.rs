//! Makes a fenced or dead old primary a standby of the new one: by a rewind, or by a fresh copy.
//!
//! A stopped server has no process to compare with the one that the screen showed, and a started
//! one is another process. Before the act the running server is held against the shown one; from
//! the stop on it is the data that is compared, and that it is not the new primary's own.

mod machine;
pub(in super::super) mod plan;
mod verify;
mod work;

use std::time::Duration;

use super::super::link::Session;
use super::super::settings::Postgres;
use super::super::state::{NEEDS_MONITOR, SideState};
use crate::domain::ids::Side;
use crate::domain::reading::{Identity, Writes};
use crate::domain::settings::Table;
use crate::domain::site::SystemSpec;
use crate::domain::time::Stamp;
use crate::systems::kit::seat::check_target;
use crate::systems::kit::server::Written;
use crate::systems::kit::task::prelude::*;
use plan::Plan;

const PERMISSIONS: &[&str] = &[
    "to run PostgreSQL's programs on the target's machine as the owner of its data",
    "a role with LOGIN REPLICATION on the new primary, let in by its pg_hba.conf, with its \
     password in a password file on the target's machine",
    "GRANT pg_monitor TO the acting role on both sides",
];

const REWIND: ActionSpec = ActionSpec {
    name: "postgres.rewind",
    doc: "Makes an old primary a standby of the new one with pg_rewind: what it wrote alone is \
          DISCARDED; its configuration is kept, a fence in it is lifted",
    verb: "rewind",
    class: Class::X,
    guard: Guard::TypedVerb,
    fencing: Fencing::NotFenced,
    change: Change::Follow,
    reversal: "None: what the old primary wrote alone is gone",
    permissions: &[
        PERMISSIONS[0],
        PERMISSIONS[1],
        PERMISSIONS[2],
        "GRANT EXECUTE ON FUNCTION pg_ls_dir(text, boolean, boolean), pg_stat_file(text, boolean), \
         pg_read_binary_file(text), pg_read_binary_file(text, bigint, bigint, boolean) TO the \
         replicating role",
        "GRANT pg_checkpoint TO the acting role (PostgreSQL 15): else the new primary's next own \
         checkpoint is waited for",
    ],
    needs_target: true,
    settings: plan::SETTINGS,
};

const BASE_BACKUP: ActionSpec = ActionSpec {
    name: "postgres.base_backup",
    doc: "Makes an old primary a standby of the new one by a fresh copy beside its data, which is \
          moved aside and kept; its configuration is kept, a fence in it is lifted",
    verb: "rebuild",
    reversal: "None by itself: the old data is kept beside, as the outcome says",
    permissions: PERMISSIONS,
    ..REWIND
};

/// `postgres.rewind`: what differs is copied over the old primary's own data. Where it does not
/// rewind, `postgres.base_backup`: all is copied beside it, and put in its place.
pub(super) struct Rejoin<const REWINDS: bool>;

impl<const REWINDS: bool> Task for Rejoin<REWINDS> {
    type On = Postgres;
    type With = Plan;
    const SPEC: ActionSpec = if REWINDS { REWIND } else { BASE_BACKUP };
    const RIGHTS: Rights = Rights::ActAndAsk;

    fn with(fields: &Fields<'_>) -> Result<Plan, Fault> {
        Plan::of(fields)
    }

    fn with_for(table: &Table, (system, side): (&SystemSpec, Side)) -> Result<Plan, Fault> {
        let sides = Written::<Postgres>::both(system)?;
        let of_side = sides[side.index()].as_ref().and_then(|own| own.own.rejoin.as_ref());
        let other = sides[side.other().index()].as_ref().map(|other| &other.endpoint);
        Plan::read(Self::SPEC.name, table, of_side, other)
    }

    /// A plan must be complete for one side at least: which one rejoins is known only in a run.
    fn check(table: &Table, system: Option<&SystemSpec>) -> Result<(), Fault> {
        check_target::<Postgres>(system, Self::RIGHTS)?;
        let Some(system) = system else { return Ok(()) };
        let [a, b] = Side::BOTH.map(|side| Self::with_for(table, (system, side)));
        a.or(b).map(|_| ())
    }

    /// Who answers; while no server runs on the data that is meant, the one that was shown: it is
    /// the one that will be started there.
    async fn identity(at: &At<Self>) -> Result<Option<Identity>, Clean> {
        let met = at.seat.own.identity().await;
        match (met, &at.expected.target) {
            (Err(why), Some(shown)) => match at.data_of_a_stopped_server().await {
                Some(data) if data == shown.data.as_str() => Ok(Some(shown.clone())),
                Some(_) | None => Err(why),
            },
            (met, _) => met,
        }
    }

    async fn standing(at: &At<Self>) -> Result<Standing, Trouble> {
        let name = &at.seat.name;
        let target = match at.target_anew().await {
            Err(_) if at.data_of_a_stopped_server().await.is_some() => {
                return Ok(Standing::NotDone(format!("{name}: no server runs on its data").into()));
            }
            target => target?,
        };
        // Asked after the target, so that what the target holds is there by then: one that is
        // busy would otherwise seem to hold what was never written here.
        let source = at.seat.other_state().await?;
        Ok(follows(name, &at.seat.other_region, &target, &source))
    }

    async fn foresee(at: &At<Self>) -> Foreseen {
        let (target, source) = tokio::join!(at.target_anew(), at.seat.other_state());
        let (name, from, data) = (&at.seat.name, &at.seat.other_region, &at.with.data);
        let mut changes = Vec::new();
        match &target {
            Ok(target) if target.in_recovery => {}
            Ok(target) => {
                changes.push(line('~', format!("{name} role PRIMARY -> replica of {from}")));
                if target.writes() != Writes::Refused {
                    changes.push(line('!', format!("{name} still takes writes: fence it first")));
                }
            }
            Err(trouble) => changes.push(line('!', format!("{name} does not answer: {trouble}"))),
        }
        if let (Ok(target), Ok(source)) = (&target, &source) {
            changes.extend(dropped(from, target, source));
        }
        if let Err(trouble) = &source {
            changes.push(line('!', format!("{from} cannot be seen: {trouble}")));
        }
        changes.push(line('~', format!("{name} server on {data} stopped and started")));
        let call = if REWINDS {
            changes.push(line('!', format!("{data} is overwritten in place")));
            at.rewind_argv()
        } else {
            changes.push(line('+', format!("{data}.new-...: a copy as big as {from}'s data")));
            changes.push(line('~', format!("{data} is moved to {data}.before-... and kept")));
            at.copy_argv(&format!("{data}.new-..."))
        };
        let call: Vec<String> = at.with.machine.through.iter().chain(&call).cloned().collect();
        (Ok(changes), call.join(" "))
    }

    async fn apply(at: &mut At<Self>, execution: &Execution, output: &mut dyn Output) -> Applied {
        at.rejoin(execution, output).await
    }
}

impl<const REWINDS: bool> At<Rejoin<REWINDS>> {
    /// What is left of the step's time.
    fn left(&self, began: Stamp) -> Duration {
        self.deadline().saturating_sub(self.clock.now().since(began))
    }

    /// A session on the target after the act: the data and the place are compared, not the process.
    async fn open_anew(&self) -> Result<Session, Trouble> {
        let session = self.seat.own.open_any().await?;
        let met = self.seat.own.identity_on(&session).await?;
        let other = |why: &str| {
            let message = format!("{} {why}: {}", self.seat.own.target.place, met.server);
            Err(Trouble::new(TroubleKind::OtherServer, message))
        };
        if self.expected.target.as_ref().is_some_and(|shown| shown.data != met.data) {
            return other("holds another cluster than the screen showed");
        }
        if self.expected.other.as_ref().is_some_and(|shown| shown.server == met.server) {
            return other("is the other side's own server");
        }
        Ok(session)
    }

    async fn target_anew(&self) -> Result<SideState, Trouble> {
        self.seat.own.state_on(&self.open_anew().await?).await
    }
}

/// Whether `target` follows `source`, which was read after it.
fn follows(name: &str, from: &Clean, target: &SideState, source: &SideState) -> Standing {
    if source.identity() == target.identity() {
        let server = target.identity().server;
        return Standing::Unknown(format!("both names lead to one server: {server}").into());
    }
    let timelines = format!("timeline {} of {}", target.timeline, source.timeline);
    let is_ahead = target.held_lsn() > source.current_lsn;
    let not_done = if source.in_recovery {
        format!("{from} is no primary that could be followed")
    } else if target.system != source.system {
        format!("{name} holds another cluster than {from}")
    } else if !target.in_recovery {
        format!("{name} is a PRIMARY on {timelines}")
    } else if target.timeline == source.timeline && is_ahead {
        format!("{name} is a standby and holds what {from} never wrote, {timelines}")
    } else {
        match target.receiver.streaming() {
            Some(true) if target.timeline == source.timeline => {
                let words = format!("{name} follows {from} on timeline {}", source.timeline);
                return Standing::Done(words.into());
            }
            None => {
                let words = format!("{name} is a standby, {timelines}; {NEEDS_MONITOR}");
                return Standing::Unknown(words.into());
            }
            Some(_) => format!("{name} is a standby, not streaming, {timelines}"),
        }
    };
    Standing::NotDone(not_done.into())
}

/// What an old primary holds beyond the beginning of the new one's own history. One that is closed
/// goes on with records of its own, such as checkpoints; which of the bytes are commits tells only
/// who looked before the promotion, and that is the run.
fn dropped(from: &Clean, target: &SideState, source: &SideState) -> Option<PreviewLine> {
    let parted = source.parted_lsn()?;
    let bytes = target.end_lsn()?.checked_sub(parted).filter(|bytes| *bytes > 0)?;
    let text = if !target.in_recovery && target.writes() == Writes::Refused {
        format!(
            "up to {bytes} B of log that {from} lacks are DISCARDED, records of the closed server \
             itself among them; the run measured the loss: see LOSS"
        )
    } else {
        format!("{bytes} B of log that {from} lacks are DISCARDED")
    };
    Some(line('!', text))
}

#[cfg(test)]
mod tests {
    use super::super::super::state::Receiver;
    use super::super::super::tests_support::{fenced, primary, promoted, standby};
    use super::*;

    #[test]
    fn what_follows_is_told_from_what_cannot_be_told() {
        let check = |target: SideState, want: &str| {
            let said = match follows("pg in A", &"B".into(), &target, &promoted(1_000, 400)) {
                Standing::Done(seen) => format!("done: {seen}"),
                Standing::NotDone(seen) => format!("not done: {seen}"),
                Standing::Unknown(why) => format!("unknown: {why}"),
            };
            assert_eq!(said, want);
        };
        let held = |end| SideState { timeline: 2, ..standby(end, end) };
        let with = |receiver| SideState { receiver, ..held(900) };
        check(held(1_000), "done: pg in A follows B on timeline 2");
        check(
            held(1_001),
            "not done: pg in A is a standby and holds what B never wrote, timeline 2 of 2",
        );
        check(
            with(Receiver::None),
            "not done: pg in A is a standby, not streaming, timeline 2 of 2",
        );
        check(standby(500, 500), "not done: pg in A is a standby, not streaming, timeline 1 of 2");
        check(
            with(Receiver::Hidden),
            "unknown: pg in A is a standby, timeline 2 of 2; permission missing: need pg_monitor",
        );
        check(fenced(500, 400), "not done: pg in A is a PRIMARY on timeline 1 of 2");
    }

    #[test]
    fn what_a_closed_server_wrote_for_itself_is_not_called_lost() {
        let check = |target: SideState, source: SideState, want: Option<&str>| {
            let line = dropped(&"B".into(), &target, &source).map(|line| line.text);
            assert_eq!(line.as_ref().map(Clean::as_str), want);
        };
        check(fenced(400, 400), promoted(1_000, 400), None);
        check(
            fenced(500, 400),
            promoted(1_000, 400),
            Some(
                "up to 100 B of log that B lacks are DISCARDED, records of the closed server \
                 itself among them; the run measured the loss: see LOSS",
            ),
        );
        check(primary(500), promoted(1_000, 400), Some("100 B of log that B lacks are DISCARDED"));
        check(primary(500), primary(1_000), None);
    }
}
