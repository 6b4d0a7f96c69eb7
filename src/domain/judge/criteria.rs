//! The written go/no-go list for taking the standby into service, each line with its evidence.

use std::collections::BTreeSet;

use super::ask::{Ask, DIVERGED, List, MARKERS, Marker};
use super::scene::{Scene, Witness, age, state_words};
use crate::domain::ids::SystemId;
use crate::domain::ledger::{self, Ledger, LossVerdict};
use crate::domain::link::LinkState;
use crate::domain::reading::{Certainty, FactValue, LagUnit, Reading, Role, Writes};
use crate::domain::rules::View;
use crate::domain::rules::it_is_us::Reference;
use crate::domain::rules::split_brain::{self, Roles};
use crate::domain::snapshot::{Cell, CellState, trusted_lag};
use crate::domain::time::{Stamp, measured_time, no_less, whole_time};
use crate::domain::verdict::{Criterion, Met, Primary, Verdict};

/// The key of the criterion that is asked where no store is known.
pub const NO_STORE_KEY: &str = "losses";

/// The key of the criterion that a system has one primary; accepting it overrides the refusal to
/// act while there are two.
pub fn one_primary_key(system: &SystemId) -> String {
    format!("one_primary/{system}")
}

/// The criteria and their sum.
pub(super) fn criteria(
    scene: &Scene<'_>,
    primary: &Primary,
    reference: &Reference,
) -> (Vec<Criterion>, Verdict) {
    let standby = scene.standby();
    let as_of = match primary {
        Primary::Red { t0, .. } => Some(*t0),
        Primary::Healthy | Primary::Suspect { .. } | Primary::ItIsUs { .. } | Primary::Blind(_) => {
            None
        }
    };
    let losses =
        ledger::freeze(scene.site, scene.snapshot, scene.active, as_of.unwrap_or(scene.now));
    let mut list = List::default();
    if as_of.is_none() {
        unsettled(&mut list, scene);
    }
    if scene.views(standby).next().is_none() {
        let key = format!("systems/{}", standby.key());
        let ask = Ask::whole(key, format!("{standby} has systems"));
        list.add_store(ask, Met::Unknown, "the site names no system there");
    }
    let any_told = scene.views(standby).any(|view| scene.is_told(&view));
    for view in scene.views(standby) {
        let is_store = ledger::is_store(scene.snapshot, &view.system.id, standby);
        // What was never read may be a store, and a region of which nothing is read tells nothing.
        let matters = is_store || view.cell.last_reading.is_none() || !any_told;
        health(&mut list, &view, matters);
        if is_store {
            role(&mut list, &view, scene.snapshot.cell(&view.system.id, scene.active));
            lag(&mut list, &view, &losses, as_of);
        }
        link(&mut list, scene, &view);
        for one in MARKERS {
            marker(&mut list, scene, &view, one, as_of.is_some());
        }
        hindrance(&mut list, &view);
        capacity(&mut list, &view);
    }
    if losses.rows.is_empty() {
        // Nobody can say that nothing is lost: a doubt, which a person may accept.
        let ask = Ask::whole(NO_STORE_KEY.to_owned(), "what a failover would lose is known");
        list.add(ask, Met::Unknown, ledger::no_store(scene.site, scene.snapshot));
    }
    let stores: BTreeSet<SystemId> = losses.rows.into_iter().map(|row| row.system).collect();
    one_primary(&mut list, scene);
    list.0.extend(super::emptied::criteria(scene));
    // A primary that works is meant to take writes; fencing it is a step of the plan.
    if *primary != Primary::Healthy {
        fence(&mut list, scene, &stores);
    }
    us(&mut list, primary, reference);
    let verdict = Verdict::of(&list.0);
    (list.0, verdict)
}

/// What serves and failed its last look, while the primary is not lost: whether it will be lost is
/// not known yet, and nothing is well.
fn unsettled(list: &mut List, scene: &Scene<'_>) {
    for view in scene.serving_views() {
        let state = view.state();
        if matches!(state, CellState::Down(_)) {
            let ask = Ask::of("serves", &view, "serves", "healthy, or lost by its rules");
            let seen = scene
                .early(&view)
                .map_or(state_words(&state), |early| format!("DOWN, {}", early.why).into());
            list.add(ask.told_elsewhere(), Met::Unknown, seen);
        }
    }
}

fn health(list: &mut List, view: &View<'_>, matters: bool) {
    // Its looks and its rules are alarms by themselves.
    let ask = || Ask::of("healthy", view, "is healthy", "healthy").told_elsewhere();
    let state = view.state();
    let seen = match view.current() {
        Some(reading) => format!("{}, {}", state_words(&state), age(view.now, reading.at)),
        None => state_words(&state).to_string(),
    };
    let met = match state {
        CellState::Up => Met::Yes,
        CellState::Down(_) => Met::No,
        CellState::Unknown(_) | CellState::Stale(_) | CellState::NoData if matters => {
            return list.add_store(ask(), Met::Unknown, seen);
        }
        CellState::Degraded(_) => return list.add_known(ask(), seen),
        CellState::Unknown(_) | CellState::Stale(_) | CellState::NoData => Met::Unknown,
    };
    list.add(ask(), met, seen);
}

/// True for a store whose other side tells no role either, and told a lag.
fn has_no_roles(view: &View<'_>, other: Option<&Cell>) -> bool {
    let told = other.and_then(|cell| cell.last_reading.as_ref());
    other.is_some_and(|cell| cell.last_lag.is_some())
        && told.is_some_and(|reading| reading.role.is_none())
        && view.cell.last_lag.is_none()
}

fn role(list: &mut List, view: &View<'_>, other: Option<&Cell>) {
    let ask = Ask::of("role", view, "is a standby", "a standby");
    // Two primaries are an alarm by themselves.
    let source = other.and_then(|cell| cell.last_reading.as_ref()?.role);
    let ask = if source == Some(Role::Primary) { ask.told_elsewhere() } else { ask };
    match view.current() {
        None => list.add_store(ask, Met::Unknown, "its role cannot be read now"),
        Some(reading) => {
            let seen = |role: Role| format!("says {}, {}", role.word(), age(view.now, reading.at));
            match reading.role {
                Some(Role::Standby) => list.add_store(ask, Met::Yes, seen(Role::Standby)),
                Some(Role::Primary) => list.add_store(ask, Met::No, seen(Role::Primary)),
                // A store that has no roles, such as a bucket, told a lag instead.
                None if view.cell.last_lag.is_some() || has_no_roles(view, other) => {}
                None => list.add_store(ask, Met::Unknown, "it told no role"),
            }
        }
    }
}

/// The loss against the objective: by the live lag while the source is read, else by the ledger.
fn lag(list: &mut List, view: &View<'_>, losses: &Ledger, red_since: Option<Stamp>) {
    let asks = "would lose no more than its RPO";
    let ask = Ask::of("rpo", view, asks, "to lose no more than its RPO");
    let row = losses.row(&view.system.id);
    let Some(rpo_s) = row.and_then(|row| row.rpo_s) else {
        return list.add(ask, Met::Unknown, "its tier has no RPO");
    };
    let rpo = measured_time(rpo_s);
    if let Some((seconds_behind, lag_at, certainty)) = view.current().and_then(live_lag) {
        let waits = view.current().and_then(|told| told.lag.as_ref()?.unapplied()).is_some();
        let word = if waits { "not received" } else { "behind" };
        let behind = format!("{} {word}", no_less(seconds_behind));
        let read = age(view.now, lag_at);
        return if seconds_behind > rpo_s {
            list.add_store(ask, Met::No, format!("{behind}, RPO {rpo}, {read}"));
        } else if certainty == Certainty::Known {
            list.add_store(ask, Met::Yes, format!("{behind}, RPO {rpo}, {read}"));
        } else {
            let seen = format!("at least {behind}, RPO {rpo}, {read}: a lower bound");
            list.add(ask, Met::Unknown, seen);
        };
    }
    let known = row.and_then(|row| Some((row.loss_s?, row.last.as_ref()?, row.verdict)));
    let Some((loss_s, (at, _), verdict)) = known else {
        return list.add_store(ask, Met::Unknown, "UNKNOWN: no lag was ever known");
    };
    let loss = no_less(loss_s);
    let sample = at.ago(view.now);
    match (red_since, verdict) {
        (Some(_), LossVerdict::Pass | LossVerdict::Breach) => {
            let met = if verdict == LossVerdict::Pass { Met::Yes } else { Met::No };
            let seen =
                format!("would lose {loss} as of T0, RPO {rpo}, lag last known {sample} ago");
            list.add_store(ask, met, seen);
        }
        (None, LossVerdict::Pass) | (Some(_), LossVerdict::Unknown) => {
            let seen = format!("would lose up to {loss} by the lag known {sample} ago, RPO {rpo}");
            list.add(ask, Met::Unknown, seen);
        }
        (None, LossVerdict::Breach | LossVerdict::Unknown) => {
            let seen = format!("UNKNOWN: lag last known {sample} ago, RPO {rpo}");
            list.add_store(ask, Met::Unknown, seen);
        }
    }
}

/// A lag of the present reading: its seconds, or 0 where nothing at all is outstanding.
fn live_lag(reading: &Reading) -> Option<(f64, Stamp, Certainty)> {
    let lag = reading.lag.as_ref()?;
    if trusted_lag(reading).is_some() {
        // What has arrived is not lost, applied or not.
        return Some((lag.loss_seconds()?, reading.at, lag.certainty));
    }
    let counted = match lag.unit {
        LagUnit::Bytes | LagUnit::Records | LagUnit::Operations | LagUnit::Objects => lag.amount,
    };
    let link_is_dead = reading.link_state().is_some_and(|state| state.is_dead());
    let nothing = counted == Some(0) && lag.certainty == Certainty::Known && lag.seconds.is_none();
    (nothing && !link_is_dead).then_some((0.0, reading.at, Certainty::Known))
}

/// The standby's own view of its link: expected up while its source is read, a second witness when
/// it is not.
fn link(list: &mut List, scene: &Scene<'_>, view: &View<'_>) {
    let Some(reading) = view.current() else { return };
    let Some(state) = reading.link_state() else { return };
    let (from, read) = (scene.active, age(view.now, reading.at));
    let dead = match &state {
        LinkState::Silent(silent) => format!("nothing came for {}", whole_time(*silent)),
        LinkState::Up | LinkState::Down | LinkState::Unknown(_) => "its link is down".to_owned(),
    };
    if let Some(witness) = scene.witness(view) {
        let (met, seen) = match witness {
            Witness::Lost => (Met::Yes, format!("{dead} there too, {read}")),
            Witness::Receives => {
                let seen = format!("still receives from {from}, {read}, it may be our path");
                (Met::Unknown, seen)
            }
            Witness::HeardBefore(silent) => {
                let ago = whole_time(silent);
                let seen = format!("heard {from} {ago} ago, before that fell silent, {read}");
                (Met::Unknown, seen)
            }
        };
        let (asks, wanted) =
            (format!("sees the loss of {from}"), format!("to see the loss of {from}"));
        return list.add(Ask::of("witness", view, &asks, wanted), met, seen);
    }
    let has_source = scene.view(view.system, from).is_some();
    let (met, seen) = match state {
        LinkState::Up => (Met::Yes, format!("yes, {read}")),
        LinkState::Down | LinkState::Silent(_) => {
            let met = if has_source { Met::No } else { Met::Unknown };
            (met, format!("{dead}, {read}"))
        }
        LinkState::Unknown(why) => (Met::Unknown, format!("UNKNOWN ({why}), {read}")),
    };
    let (asks, wanted) = (format!("receives from {from}"), format!("to receive from {from}"));
    list.add(Ask::of("link", view, &asks, wanted), met, seen);
}

/// A fact that must not be yes, where the system tells it. `red` is true while the primary is lost.
fn marker(list: &mut List, scene: &Scene<'_>, view: &View<'_>, one: &Marker, red: bool) {
    let Some(reading) = view.current() else { return };
    let Some(value) = reading.fact(one.fact) else { return };
    let asks = format!("{}: {}", view.name(), one.asks);
    let ask = Ask { asks, ..Ask::of(one.fact, view, "", one.wanted) };
    let from = scene.active;
    let source = scene.view(view.system, from);
    let answers = |state: CellState| matches!(state, CellState::Up | CellState::Degraded(_));
    let silent = source.is_some_and(|source| !answers(source.state()));
    if red && silent && one.fact == DIVERGED && matches!(value, FactValue::Unknown(_)) {
        // A lost primary answers no comparison: that is no reason to be blind for ever.
        let seen = format!("{from} is silent, so they cannot be compared");
        return list.add(ask, Met::Unknown, seen);
    }
    let read = age(view.now, reading.at);
    let (met, seen) = match value {
        FactValue::Boolean(false) => (Met::Yes, format!("so it says, {read}")),
        FactValue::Boolean(true) => (Met::No, format!("{}, {read}", one.found)),
        FactValue::Number(_)
        | FactValue::Seconds(_)
        | FactValue::Share(_)
        | FactValue::Text(_)
        | FactValue::Unknown(_) => {
            (Met::Unknown, format!("{} {}, {read}", one.fact, value.shown()))
        }
    };
    list.add_store(ask, met, seen);
}

/// What would keep every write waiting after a promotion is a doubt: a setting ends it.
fn hindrance(list: &mut List, view: &View<'_>) {
    let Some(reading) = view.current() else { return };
    let Some(why) = &reading.hindered else { return };
    let seen = format!("{why}, {}", age(view.now, reading.at));
    list.add_known(Ask::of("hindered", view, "would take writes", "to take writes"), seen);
}

/// A warm standby below full size is a doubt, not a reason against: scaling it is a step.
fn capacity(list: &mut List, view: &View<'_>) {
    let Some(reading) = view.current() else { return };
    let Some(capacity) = reading.capacity else { return };
    let (ready, wanted) = (capacity.ready, capacity.wanted);
    let read = age(view.now, reading.at);
    let ask = Ask::of("capacity", view, "has its wanted capacity", "its full size");
    if ready >= wanted {
        list.add(ask, Met::Yes, format!("{ready} of {wanted} ready, {read}"));
    } else {
        let seen = format!("{ready} of {wanted} ready, {read}, scale it before traffic");
        list.add_known(ask, seen);
    }
}

/// One line a system that has two primaries, so that each is accepted by itself; else one for all.
fn one_primary(list: &mut List, scene: &Scene<'_>) {
    let mut is_well = true;
    for (system, pair) in scene.systems() {
        let id = &system.id;
        let (met, seen) = match split_brain::ask(pair, scene.snapshot) {
            Roles::Two(_) => (Met::No, "both sides are PRIMARY and not proven closed"),
            Roles::Rival(_) => (Met::No, "a server on neither side is PRIMARY"),
            Roles::MayBeRival(_) => (Met::Unknown, "another one was PRIMARY when last heard"),
            Roles::TwoLastSeen(_) => (Met::No, "both were PRIMARY when last read; one is silent"),
            Roles::OneServer(_) => (Met::No, "both names lead to the same server"),
            Roles::None | Roles::Fine => continue,
        };
        is_well = false;
        let ask = Ask::whole(one_primary_key(id), format!("{id} has one primary"));
        list.add(Ask { about: id.to_string(), wanted: "one primary".into(), ..ask }, met, seen);
    }
    if is_well {
        let ask = Ask::whole("one_primary".to_owned(), "no system has two primaries");
        list.add(ask, Met::Yes, "none is seen");
    }
}

/// Each store's old primary must tell that it takes no writes, or be closed by a fence that was
/// seen done; silence proves nothing.
fn fence(list: &mut List, scene: &Scene<'_>, stores: &BTreeSet<SystemId>) {
    let side = scene.active;
    let told = |view: &View<'_>| view.current().and_then(Reading::takes_writes);
    let by_run = |view: &View<'_>| scene.about.fenced.contains(&view.system.id);
    let is_fenced = |view: &View<'_>| match told(view) {
        Some(Writes::Refused) => true,
        Some(Writes::Open | Writes::Unknown) => false,
        None => by_run(view),
    };
    let of_stores = || scene.views(side).filter(|view| stores.contains(&view.system.id));
    let open: Vec<&str> =
        of_stores().filter(|view| !is_fenced(view)).map(|view| view.system.id.as_str()).collect();
    let ask = Ask::whole(format!("fenced/{}", side.key()), format!("{side} is fenced"));
    if open.is_empty() && !stores.is_empty() {
        let all_tell = of_stores().all(|view| told(&view).is_some());
        let how = if all_tell { "" } else { ": its fence was seen done, and nothing denies it" };
        list.add(ask, Met::Yes, format!("{side} accepts no writes{how}"));
    } else if stores.is_empty() {
        list.add(ask, Met::Unknown, format!("UNKNOWN: no store is known in {side}"));
    } else {
        let seen = format!("UNKNOWN: {side} may accept writes: {}", open.join(", "));
        list.add(ask, Met::Unknown, seen);
    }
}

fn us(list: &mut List, primary: &Primary, reference: &Reference) {
    let ask = Ask::whole("our_network".to_owned(), "it is not our own network");
    match (primary, reference) {
        (Primary::ItIsUs { .. }, _) => {
            list.add(ask, Met::No, "the reference and both regions are silent");
        }
        (_, Reference::Answers) => list.add(ask, Met::Yes, "the reference answers"),
        (_, Reference::Silent { why, .. }) => {
            list.add(ask, Met::Unknown, format!("the reference is silent: {why}"));
        }
        (_, Reference::NotConfigured) => {
            let seen = "no reference is configured: cannot tell our own network from theirs";
            list.add(ask, Met::Unknown, seen);
        }
        (_, Reference::CannotTell(why)) => {
            list.add(ask, Met::Unknown, format!("the reference is UNKNOWN: {why}"));
        }
    }
}
