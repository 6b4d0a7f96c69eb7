//! From what both sides told to the reading of one side: health, role, lag and every fact by name.

use std::time::Duration;

use super::lag::{Source, fenced, lag, link};
use super::settings::Patroni;
use super::split::split;
use super::state::{Entry, Member, SideState};
use crate::domain::catalogue::{FactSpec, fact};
use crate::domain::link::Link;
use crate::domain::reading::{
    Fact, FactValue, Health, LagUnit, Position, Reading, Role, WRITABLE, Writes,
};
use crate::domain::text::several;
use crate::systems::kit::server::Sight;
use crate::systems::kit::split::Split;

/// The facts of a reading, for gates and docs.
pub(super) const FACTS: &[FactSpec] = &[
    fact("scope", "what the cluster calls itself"),
    fact("system_identifier", "which data it holds; equal on a primary and its replicas"),
    fact("leader", "the member that leads"),
    fact("members", "every member that answers, such as `a1 primary running, a2 replica running`"),
    fact("members_silent", "how many of `members` told nothing, or are of another cluster"),
    fact("server_version", "the version of the leader's PostgreSQL, as a number"),
    fact("patroni_version", "the version of the leader's Patroni"),
    fact("timeline", "the leader's timeline; equal ones are no proof of one history"),
    fact("paused", "yes in maintenance: Patroni fails nothing over, promotes and demotes nobody"),
    fact("locked", "yes while some member has the leader's lock, as far as the leader knows"),
    fact("failsafe", "yes while a primary goes on without its DCS"),
    fact("dcs_age", "how long ago the leader reached its DCS, by our clock"),
    fact("pending_restart", "yes when a member waits for a restart to take its settings"),
    fact("scheduled_switchover", "when a switchover inside the cluster is to be"),
    fact("current_location", "primary: bytes of log that are safe on disk"),
    fact("received_location", "standby: bytes of log received"),
    fact("replayed_location", "standby: bytes of log replayed"),
    fact("replayed_at", "standby: when the last replayed transaction was committed"),
    fact(
        "replay_gap",
        "standby: bytes of the primary's log that are not replayed yet; of a fenced one's, too",
    ),
    fact("replay_paused", "standby: yes while replay is paused"),
    fact("replication_state", "standby: `streaming`, `in archive recovery` or `none`"),
    fact("link_up", "standby: yes while its leader says that it streams"),
    fact(
        "writable",
        "yes when a member is a primary that runs, no when every member says it is none",
    ),
    fact(
        "diverged",
        "yes when histories have split; no only once a later transaction was replayed",
    ),
];

/// One side in one look.
pub(super) type View<'a> = Sight<'a, Patroni>;

/// The reading of one side.
pub(super) fn reading(view: &View<'_>) -> Reading {
    let own = view.own;
    let standby = own.standby_leader();
    let split = view.split();
    let link = standby.map(link);
    let source = view.source(&split);
    let lag = standby.map(|leader| {
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of one look")]
        let took_s = view.took_ms as f64 / 1000.0;
        lag(leader, source.as_ref().ok().copied(), &view.learned.trail, (view.at, took_s))
    });
    let note = match (own.leader(), &lag) {
        (Some(leader), None) => format!("PRIMARY {}, {}", leader.name, timeline(leader)),
        (Some(leader), Some(lag)) => match lag.amount {
            Some(bytes) => format!("standby, {}, {bytes} B behind", replication(leader)),
            None => format!("standby, {}, lag UNKNOWN", replication(leader)),
        },
        (None, _) => "no leader, role UNKNOWN".to_owned(),
    };
    let mut reading = Reading::new(view.at, view.health(&split, link.as_ref()), note);
    reading.took_ms = Some(view.took_ms);
    reading.role = own.role();
    reading.writes = Some(own.writes());
    reading.identity = Some(own.identity());
    reading.rival = own.rival();
    let position = |at| Position { of: own.system.as_str().into(), at, unit: LagUnit::Bytes };
    reading.end = own.location().or(standby.and_then(Member::held)).map(position);
    let began = view.aside.parted.zip(own.primary().and_then(|primary| primary.timeline));
    let began = began.filter(|((timeline, _), now)| timeline == now).map(|((_, at), _)| at);
    reading.parted = began.map(position);
    reading.facts = view.facts(&split, source.as_ref(), link.as_ref());
    reading.lag = lag;
    reading.link = link;
    reading
}

fn timeline(leader: &Member) -> String {
    leader.timeline.map_or("timeline UNKNOWN".to_owned(), |number| format!("timeline {number}"))
}

fn replication(leader: &Member) -> &str {
    leader.replication.as_deref().unwrap_or("nothing received")
}

impl View<'_> {
    /// What the other side is as the source of this one; else why nothing can be measured from it.
    fn source(&self, split: &Split) -> Result<Source, String> {
        if let Split::Yes(why) = split {
            return Err(why.clone());
        }
        let other = self.other.ok_or("the source side was not read")?;
        let leader = other.leader().ok_or("the source side has no leader")?;
        if let Some(why) = leader.old_word(self.at, self.settings.dcs_silence) {
            return Err(why);
        }
        match (other.primary(), other.location()) {
            (Some(_), Some(end)) => Ok(Source { end, is_closed: false }),
            (Some(_), None) => Err("the source side told no position".to_owned()),
            (None, _) => fenced(self.own, other, self.learned),
        }
    }

    fn split(&self) -> Split {
        let told = match self.other {
            Some(other) => split((&self.side, self.own), (&self.side.other(), other)),
            None => Split::Unknown(format!("{} was not read", self.side.other())),
        };
        match (told, self.learned.known_split(&self.own.system)) {
            (Split::Unknown(_), Some(why)) => Split::Yes(why),
            (told, _) => told,
        }
    }

    fn health(&self, split: &Split, link: Option<&Link>) -> Health {
        let own = self.own;
        let mut reasons = Vec::new();
        let Some(leader) = own.leader() else {
            let members = of_members(own);
            return Health::Down(format!("no member leads: {}", members.join("; ")).into());
        };
        let primaries: Vec<&str> = own
            .members
            .iter()
            .filter(|one| one.is_primary())
            .map(|one| one.name.as_str())
            .collect();
        let mut say = |is_so: bool, words: String| reasons.extend(is_so.then_some(words));
        say(primaries.len() > 1, format!("TWO PRIMARIES in one cluster: {}", primaries.join(", ")));
        say(own.is_paused(), "in maintenance: Patroni fails nothing over".to_owned());
        let name = &leader.name;
        say(leader.failsafe, format!("{name} goes on without its DCS (failsafe)"));
        say(leader.unlocked, format!("{name} leads, and nobody has the leader's lock"));
        let silence = self.settings.dcs_silence;
        // A replica that has lost its DCS alone changes nothing.
        let most = |one: &Member| if one.place == leader.place { silence } else { Duration::MAX };
        let old = own.members.iter().filter_map(|one| one.old_word(self.at, most(one)));
        reasons.extend(old);
        let mut say = |is_so: bool, words: String| reasons.extend(is_so.then_some(words));
        if let Err(why) = &own.listed {
            say(true, format!("what the DCS holds is not told: {why}"));
        }
        say(leader.replay_paused, "replay is paused".to_owned());
        // With the other side silent a dead link is what is to be expected of a good standby.
        let leads = self.other.is_some_and(|other| other.primary().is_some());
        let dead = leads && link.is_some_and(Link::is_dead);
        say(dead, format!("nothing is received from {}", self.side.other()));
        let follows = self.other.is_some_and(|other| other.standby_leader().is_some());
        say(link.is_some() && follows, "neither side leads: both follow".to_owned());
        if let Split::Yes(why) = split {
            say(true, why.clone());
        }
        reasons.extend(of_members(own));
        Health::lacking(reasons)
    }

    fn facts(
        &self,
        split: &Split,
        source: Result<&Source, &String>,
        link: Option<&Link>,
    ) -> Vec<Fact> {
        let own = self.own;
        let mut facts = Vec::with_capacity(FACTS.len());
        let mut add = |name: &str, value: FactValue| {
            facts.push(Fact { name: name.to_owned(), value });
        };
        add("scope", FactValue::text(own.scope.as_str()));
        add("system_identifier", FactValue::text(own.system.as_str()));
        let each = own.members.iter();
        let each = each.map(|one| format!("{} {} {}", one.name, one.role, one.state));
        add("members", FactValue::text(each.collect::<Vec<_>>().join(", ")));
        add("members_silent", count(Some(own.silent.len() as u64)));
        add("paused", FactValue::Boolean(own.is_paused()));
        let waits = own.members.iter().any(|member| member.pending_restart);
        add("pending_restart", FactValue::Boolean(waits));
        let scheduled = own.listed.as_ref().map(|listed| listed.scheduled.as_deref());
        add(
            "scheduled_switchover",
            match scheduled {
                Ok(at) => FactValue::text(at.unwrap_or("none")),
                Err(why) => FactValue::unknown(why.message.clone()),
            },
        );
        add(
            WRITABLE,
            match own.writes() {
                Writes::Open => FactValue::Boolean(own.primary().is_some_and(Member::is_running)),
                Writes::Refused => FactValue::Boolean(false),
                Writes::Unknown => {
                    FactValue::unknown("not every member tells whether it takes writes")
                }
            },
        );
        add("diverged", split.fact());
        let Some(leader) = own.leader() else { return facts };
        add("leader", FactValue::text(leader.name.as_str()));
        add("server_version", count(leader.server_version));
        add("patroni_version", FactValue::text(leader.version.as_str()));
        add("timeline", count(leader.timeline));
        add("locked", FactValue::Boolean(!leader.unlocked));
        add("failsafe", FactValue::Boolean(leader.failsafe));
        let age = leader.dcs_age_s(self.at).map(FactValue::Seconds);
        add("dcs_age", age.unwrap_or_else(|| FactValue::unknown("not told")));
        if own.role() == Some(Role::Primary) {
            add("current_location", count(leader.location));
            return facts;
        }
        add("received_location", count(leader.received));
        add("replayed_location", count(leader.replayed));
        let replayed_at = leader.replayed_at.as_deref().map(FactValue::text);
        let never = || FactValue::unknown("nothing was replayed since the server was started");
        add("replayed_at", replayed_at.unwrap_or_else(never));
        let gap = source.map(|source| leader.replayed.map(|by| source.end.saturating_sub(by)));
        add("replay_gap", gap.map_or_else(|why| FactValue::unknown(why.as_str()), count));
        add("replay_paused", FactValue::Boolean(leader.replay_paused));
        add("replication_state", FactValue::text(leader.replication.as_deref().unwrap_or("none")));
        if let Some(link) = link {
            add("link_up", link.up());
        }
        facts
    }
}

/// What is wrong with the members, by name.
fn of_members(own: &SideState) -> Vec<String> {
    let mut reasons = Vec::new();
    for member in &own.members {
        let Member { name, state, .. } = member;
        if !member.is_running() {
            reasons.push(format!("{name} is {state}"));
        }
        if member.pending_restart {
            reasons.push(format!("{name} waits for a restart to take its settings"));
        }
    }
    reasons.extend(own.astray.iter().cloned());
    reasons.extend(own.silent.iter().map(ToString::to_string));
    let unnamed = own.unnamed();
    if !unnamed.is_empty() {
        let names = unnamed.join(", ");
        let (count, are) = (several(unnamed.len(), "member"), "not named in `members`");
        reasons.push(format!("{count} {are}, so not asked: {names}"));
    }
    let unheard = own.unheard();
    reasons.extend(unheard.map(|Entry { name, role, state }| {
        format!("{name} is {role} and {state}, by its cluster")
    }));
    if reasons.is_empty() && own.leader().is_none() {
        let all = own.members.iter().map(|one| format!("{} is a {}", one.name, one.role));
        reasons.extend(all);
    }
    reasons
}

fn count(number: Option<u64>) -> FactValue {
    number.map_or_else(|| FactValue::unknown("not told"), FactValue::count)
}
