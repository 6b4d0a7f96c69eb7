//! From what both sides told to the reading of one side: health, role, lag and every fact by name.

use std::time::Duration;

use super::diverged::split;
use super::facts::facts;
use super::lag::{Measured, lag};
use super::schema::Schema;
use super::state::{Beat, NEEDS_MONITOR, Receiver, SideState};
use super::stream;
use crate::domain::ids::Side;
use crate::domain::link::Link;
use crate::domain::reading::{Health, LagUnit, Position, Reading, Role, Writes};
use crate::domain::text::Clean;
use crate::domain::time::{Stamp, short_time};
use crate::systems::kit::pulse::Pulse;
use crate::systems::kit::split::Split;
use crate::systems::kit::trail::Trail;

/// Replay that has not moved for so many seconds, with log to replay, is told.
const WAITS_MOST_S: f64 = 10.0;

/// What is known when one side's reading is made.
pub(super) struct View<'a> {
    /// The side.
    pub(super) side: Side,
    /// What it told.
    pub(super) own: &'a SideState,
    /// What the other side told in the same look.
    pub(super) other: Option<&'a SideState>,
    /// Where the primary's log stood at past looks.
    pub(super) trail: &'a Trail,
    /// How often the heartbeat comes.
    pub(super) pulse: &'a Pulse,
    /// The shape of the database, or why it is not known.
    pub(super) schema: Result<&'a Schema, &'a Clean>,
    /// Why the name leads nowhere, where a kept connection told all this.
    pub(super) nameless: Option<&'a Clean>,
    /// The user that reads, for sentences.
    pub(super) user: &'a str,
}

impl View<'_> {
    /// The other side as the source of this one.
    fn source(&self) -> Option<&SideState> {
        self.other.filter(|other| !other.in_recovery)
    }

    /// The link of a standby.
    pub(super) fn link(&self) -> Option<Link> {
        stream::link(self.own, self.source(), self.trail)
    }

    /// What a standby's lag is measured from.
    fn measured<'a>(&'a self, link: Option<&'a Link>) -> Measured<'a> {
        let (standby, primary) = (self.own, self.source());
        Measured { standby, primary, link, trail: self.trail, pulse: self.pulse }
    }
}

/// The reading of one side.
pub(super) fn reading(at: Stamp, took_ms: u64, view: &View<'_>) -> Reading {
    let own = view.own;
    let role = if own.in_recovery { Role::Standby } else { Role::Primary };
    let link = view.link();
    let mut lag = link.as_ref().map(|link| lag(&view.measured(Some(link))));
    if let (Some(lag), Split::Yes(_)) = (&mut lag, split(view)) {
        lag.doubt();
    }
    let linked = stream::words(own, link.as_ref());
    let note = match &lag {
        None if own.writes() == Writes::Refused => {
            format!("PRIMARY, timeline {}, writes refused", own.timeline)
        }
        None => format!("PRIMARY, timeline {}, {}", own.timeline, sender_words(own)),
        Some(lag) => match (lag.amount, lag.unapplied_text()) {
            (Some(bytes), None) => format!("standby, {linked}, {bytes} B behind"),
            (Some(bytes), Some(waits)) => {
                format!("standby, {linked}, {bytes} B behind: {waits}")
            }
            (None, _) => format!("standby, {linked}, lag UNKNOWN"),
        },
    };
    let mut reading = Reading::new(at, Health::lacking(reasons(view)), note);
    reading.took_ms = Some(took_ms);
    reading.role = Some(role);
    reading.writes = Some(own.writes());
    reading.hindered = own.hindered().map(Clean::from);
    reading.identity = Some(own.identity());
    let position =
        |at: u64| Position { of: own.system.to_string().into(), at, unit: LagUnit::Bytes };
    reading.end = own.end_lsn().map(position);
    reading.parted = own.parted_lsn().map(position);
    reading.lag = lag;
    reading.link = link;
    reading.facts = facts(view);
    reading
}

/// Why the side does not work as it should.
fn reasons(view: &View<'_>) -> Vec<String> {
    let (own, side) = (view.own, view.side);
    let mut reasons = Vec::new();
    let foreign = view.other.is_some_and(|other| other.system != own.system);
    if foreign {
        let (replica, of) = if own.in_recovery || side == Side::B {
            (side, side.other())
        } else {
            (side.other(), side)
        };
        reasons.push(format!("{replica} is not a replica of {of}: system identifiers differ"));
    }
    if !foreign && let Split::Yes(sentence) = split(view) {
        reasons.push(sentence);
    }
    if let Some(why) = view.nameless {
        reasons.push(format!("{why}; it is read over a connection kept from before"));
    }
    if hidden(own) {
        reasons.push(format!("{NEEDS_MONITOR}; GRANT pg_monitor TO {}", view.user));
    }
    reasons.extend(if own.in_recovery { standby_reasons(view) } else { primary_reasons(view) });
    if own.slots_lost > 0 {
        reasons.push(format!("{} replication slot lost: rebuild its replica", own.slots_lost));
    }
    if let Beat::Unreadable(why) = &own.beat {
        reasons.push(format!("heartbeat cannot be read: {why}"));
    }
    if let Ok(schema) = view.schema {
        if schema.invalid_indexes > 0 {
            reasons.push(format!("{} invalid index", schema.invalid_indexes));
        }
        if !schema.missing.is_empty() {
            reasons.push(format!("missing table {}", schema.missing.join(", ")));
        }
    }
    reasons
}

fn standby_reasons(view: &View<'_>) -> Vec<String> {
    let own = view.own;
    let mut reasons = Vec::new();
    if own.replay_paused {
        reasons.push("replay is paused".to_owned());
    } else if own.waits_s >= WAITS_MOST_S {
        let waits = short_time(Duration::from_secs_f64(own.waits_s.min(1e9).floor()));
        reasons.push(format!("replay stands still for {waits}: a promotion waits for it"));
    }
    // With the other side silent a dead link is what is to be expected of a good standby.
    let link = view.link();
    let dead = link.as_ref().is_some_and(|link| link.state().is_dead());
    if view.source().is_some() && dead {
        let (source, state) = (view.side.other(), stream::words(own, link.as_ref()));
        reasons.push(format!("replication from {source} does not run: {state}"));
    }
    if let Some(age_s) = view.measured(link.as_ref()).ceased() {
        let age = short_time(Duration::from_secs_f64(age_s.clamp(0.0, 1e9).floor()));
        reasons.push(format!("the heartbeat stopped {age} ago: the lag is not measured by it"));
    }
    reasons
}

fn primary_reasons(view: &View<'_>) -> Vec<String> {
    let own = view.own;
    let mut reasons = Vec::new();
    let open = own.writers.why_open().unwrap_or_default();
    // Where the other side was promoted, refusing writes is what this one is for.
    let followed = view.other.is_some_and(|other| {
        !other.in_recovery && other.system == own.system && other.timeline > own.timeline
    });
    match own.writes() {
        Writes::Refused if followed => {}
        Writes::Refused => reasons.push("writes are refused by a fence".to_owned()),
        Writes::Open if own.writers.default_on => {
            reasons.push(format!("read-only by default, yet writes are open: {open}"));
        }
        Writes::Open => {}
        Writes::Unknown => {
            reasons.push(format!("whether writes are refused cannot be told: {open}"));
        }
    }
    reasons.extend(own.hindered());
    reasons
}

/// True when our rights do not show the replication's state. A missing right is not a missing
/// replica.
pub(super) fn hidden(own: &SideState) -> bool {
    own.receiver == Receiver::Hidden || own.senders.iter().any(|sender| sender.state.is_none())
}

pub(super) fn sender_words(own: &SideState) -> String {
    if own.senders.is_empty() {
        return "no replica".to_owned();
    }
    let words: Vec<String> = own
        .senders
        .iter()
        .map(|sender| match (&sender.state, &sender.sync) {
            (Some(state), Some(sync)) => format!("{state} {sync}"),
            (Some(state), None) => state.clone(),
            (None, _) => "UNKNOWN".to_owned(),
        })
        .collect();
    words.join(", ")
}

#[cfg(test)]
mod tests {
    use super::super::facts::FACTS;
    use super::super::tests_support::{fenced, primary, promoted, standby};
    use super::super::writers::Writers;
    use super::*;
    use crate::domain::reading::{Certainty, FactValue};
    use crate::domain::time::BootId;

    const AT: Stamp = Stamp { wall_ms: 0, boot_ms: 0, boot: BootId(1) };

    fn read(side: Side, own: &SideState, other: Option<&SideState>) -> Reading {
        let why = Clean::from("not read yet");
        let (trail, pulse) = (Trail::default(), Pulse::default());
        let view = View {
            side,
            own,
            other,
            trail: &trail,
            pulse: &pulse,
            schema: Err(&why),
            nameless: None,
            user: "wr_read",
        };
        reading(AT, 5, &view)
    }

    #[test]
    fn readings_tell_identity_writes_and_positions() {
        let check = |own: &SideState, want: (Writes, u64, Option<u64>), note: &str| {
            let found = read(Side::A, own, None);
            let at = |position: Option<Position>| {
                position.map(|position| {
                    assert_eq!((position.of.as_str(), position.unit), ("7", LagUnit::Bytes));
                    position.at
                })
            };
            let (end, parted) = (at(found.end).unwrap(), at(found.parted));
            assert_eq!((found.writes.unwrap(), end, parted), want);
            assert!(found.note.as_str().contains(note), "{}", found.note);
            let identity = found.identity.unwrap();
            assert_eq!(identity.data.as_str(), "7");
            assert_eq!(identity.server.as_str(), format!("7 started {}", own.started));
        };
        check(&primary(500), (Writes::Open, 500, None), "PRIMARY, timeline 1, streaming async");
        check(&standby(400, 300), (Writes::Refused, 400, None), "standby");
        check(&fenced(520, 500), (Writes::Refused, 520, None), "timeline 1, writes refused");
        check(&promoted(700, 500), (Writes::Open, 700, Some(500)), "PRIMARY, timeline 2");
        // After a crash the replay is its own recovery, not another server's history.
        let crashed = SideState { replay_lsn: Some(450), ..primary(500) };
        check(&crashed, (Writes::Open, 500, None), "PRIMARY");
    }

    fn why(reading: &Reading) -> String {
        match &reading.health {
            Health::Up => "up".to_owned(),
            Health::Degraded(why) | Health::Down(why) | Health::Unknown(why) => why.to_string(),
        }
    }

    #[test]
    fn health_names_its_reasons() {
        let check = |own: &SideState, other: Option<&SideState>, want: &str| {
            let found = why(&read(Side::B, own, other));
            assert!(found.contains(want), "{found} / {want}");
        };
        let (a, b) = (primary(500), standby(500, 500));
        check(&b, Some(&a), "up");
        check(&b, None, "up");
        let hidden = SideState { receiver: Receiver::Hidden, ..b.clone() };
        check(&hidden, Some(&a), "permission missing: need pg_monitor");
        let down = SideState { receiver: Receiver::None, ..b.clone() };
        check(&down, Some(&a), "replication from A does not run");
        check(&down, None, "up");
        check(&SideState { replay_paused: true, ..b.clone() }, Some(&a), "replay is paused");
        let waits = "replay stands still for 16s: a promotion waits for it";
        check(&SideState { waits_s: 16.4, ..b.clone() }, Some(&a), waits);
        check(&SideState { waits_s: 9.9, ..b.clone() }, Some(&a), "up");
        check(&SideState { system: 9, ..b.clone() }, Some(&a), "B is not a replica of A");
        check(&standby(600, 600), Some(&a), "histories have split");
        check(&promoted(600, 500), Some(&a), "A is on timeline 1, B on 2");
        check(&fenced(5, 5), None, "writes are refused");
        check(&fenced(5, 5), Some(&promoted(600, 5)), "up");
        let half = Writers { sessions: vec!["pid 7 app".to_owned()], ..fenced(5, 5).writers };
        check(&SideState { writers: half, ..primary(5) }, None, "writes are open: 1 session older");
        let waits = SideState { sync_names: "dr".into(), senders: Vec::new(), ..primary(5) };
        check(&waits, None, "commits wait for `dr`");
        check(&SideState { sync_names: "dr".into(), ..standby(5, 5) }, None, "up");
        check(&SideState { slots_lost: 1, ..primary(5) }, None, "slot lost");
    }

    #[test]
    fn readings_tell_role_and_lag_truly() {
        let (a, b) = (primary(500), standby(400, 300));
        let found = read(Side::B, &b, Some(&a));
        assert_eq!(found.role, Some(Role::Standby));
        assert_eq!(found.fact("replay_gap"), Some(&FactValue::Number(200.0)));
        assert_eq!(found.lag.as_ref().and_then(|lag| lag.amount), Some(200));
        let waits = "200 B behind: 100 B received, not replayed";
        assert!(found.note.as_str().ends_with(waits), "{}", found.note);
        assert_eq!(found.fact("receive_gap"), Some(&FactValue::Number(100.0)));
        let alone = read(Side::B, &b, None);
        let lag = alone.lag.clone().unwrap();
        assert_eq!((lag.seconds, lag.amount, lag.certainty), (None, None, Certainty::Unknown));
        assert!(matches!(alone.fact("replay_gap"), Some(FactValue::Unknown(_))));
        assert!(matches!(alone.fact("diverged"), Some(FactValue::Unknown(_))));
        let kept = SideState { replayed_at_s: Some(12.5), ..primary(500) };
        let promoted = read(Side::B, &kept, None);
        assert_eq!((promoted.role, promoted.lag.clone()), (Some(Role::Primary), None));
        assert_eq!(promoted.fact("last_replayed_unix_ms"), Some(&FactValue::Number(12_500.0)));
    }

    #[test]
    fn every_fact_is_documented() {
        let beat = SideState { beat: Beat::At(1.0), ..standby(1, 1) };
        for own in [primary(5), beat] {
            for fact in read(Side::A, &own, None).facts {
                assert!(FACTS.iter().any(|spec| spec.name == fact.name), "{}", fact.name);
            }
        }
    }
}
