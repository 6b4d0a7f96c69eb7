//! What the members of one side told in a look, as it came, and who of them leads.

use std::time::Duration;

use serde_json::Value as Json;

use super::settings::Own;
use crate::domain::reading::{Identity, Rival, Role, Writes};
use crate::domain::text::head;
use crate::domain::time::Stamp;
use crate::systems::kit::trouble::{Trouble, TroubleKind};

/// How many characters of a name, a word or a time are kept.
const WORD_CHARS_MAX: usize = 80;

/// The most members of a cluster's own list that are read.
const LISTED_MAX: usize = 64;

/// States of a server that does not run. Any other may be one that does, and hangs.
const NOT_RUNNING: [&str; 5] =
    ["stopped", "crashed", "start failed", "initializing new cluster", "creating replica"];

/// One member as it told of itself.
#[derive(Debug, Clone, Default, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own in the answer")]
pub(super) struct Member {
    /// Where it was asked: `pg-a1:8008`.
    pub(super) place: String,
    pub(super) name: String,
    /// `running`, `stopped` and so on.
    pub(super) state: String,
    /// `primary`, `standby_leader`, `replica`; of a server that does not run the one it had.
    pub(super) role: String,
    /// Which data it holds.
    pub(super) system: String,
    pub(super) server_version: Option<u64>,
    pub(super) version: String,
    pub(super) timeline: Option<u64>,
    /// Bytes of log that are safe on a primary's disk.
    pub(super) location: Option<u64>,
    /// Bytes of log received; as many as replayed where nothing is received at all.
    pub(super) received: Option<u64>,
    pub(super) replayed: Option<u64>,
    /// When the last replayed transaction was committed, by the clock of the server that did, and
    /// when this server was started, by its own; both written in its own zone of time.
    pub(super) replayed_at: Option<String>,
    pub(super) started: Option<String>,
    pub(super) replay_paused: bool,
    /// `streaming`, `in archive recovery`; none where nothing comes.
    pub(super) replication: Option<String>,
    /// Patroni is in maintenance: it changes nothing by itself.
    pub(super) paused: bool,
    /// No member has the leader's lock, as far as this one knows.
    pub(super) unlocked: bool,
    pub(super) failsafe: bool,
    pub(super) pending_restart: bool,
    /// When it last reached its DCS, in seconds since 1970.
    pub(super) dcs_seen_s: Option<u64>,
    /// How long ago it told all this, by its own clock and ours as it came; they need not agree.
    pub(super) told_ago_ms: Option<i64>,
    /// For how long its answer has been repeated, where that is longer than one takes.
    pub(super) repeated_s: Option<f64>,
}

impl Member {
    /// Reads `GET /patroni`; only a member of the cluster that is meant is one.
    pub(super) fn read(place: &str, told: &Json, own: &Own) -> Result<Self, Trouble> {
        let garbage = |what: &str| {
            let message = format!("{place} told no `{what}`: it is no Patroni");
            Trouble::new(TroubleKind::Garbage, message)
        };
        let word = |value: &Json| value.as_str().map(|text| head(text, WORD_CHARS_MAX));
        let need = |value: &Json, what: &str| word(value).ok_or_else(|| garbage(what));
        let scope = need(&told["patroni"]["scope"], "scope")?;
        if scope != own.scope {
            let message = format!("{place} is of the cluster `{scope}`, not of `{}`", own.scope);
            return Err(Trouble::new(TroubleKind::OtherServer, message));
        }
        let (xlog, is_set) = (&told["xlog"], |name: &str| told[name] == true);
        Ok(Self {
            place: place.to_owned(),
            name: need(&told["patroni"]["name"], "name")?,
            state: need(&told["state"], "state")?,
            role: need(&told["role"], "role")?,
            system: word(&told["database_system_identifier"]).unwrap_or_default(),
            server_version: told["server_version"].as_u64(),
            version: word(&told["patroni"]["version"]).unwrap_or_default(),
            timeline: told["timeline"].as_u64(),
            location: xlog["location"].as_u64(),
            received: xlog["received_location"].as_u64(),
            replayed: xlog["replayed_location"].as_u64(),
            replayed_at: word(&xlog["replayed_timestamp"]),
            started: word(&told["postmaster_start_time"]),
            replay_paused: xlog["paused"] == true,
            replication: word(&told["replication_state"]),
            paused: is_set("pause"),
            unlocked: is_set("cluster_unlocked"),
            failsafe: is_set("failsafe_mode_is_active"),
            pending_restart: is_set("pending_restart"),
            dcs_seen_s: told["dcs_last_seen"].as_u64(),
            told_ago_ms: None,
            repeated_s: None,
        })
    }

    /// True while its server may be at work; only one that says that it is not is none.
    fn may_run(&self) -> bool {
        !NOT_RUNNING.contains(&self.state.as_str())
    }

    /// True where it is out of recovery, or was when that was last known.
    pub(super) fn is_primary(&self) -> bool {
        self.may_run() && matches!(self.role.as_str(), "primary" | "master")
    }

    pub(super) fn is_standby_leader(&self) -> bool {
        self.may_run() && self.role == "standby_leader"
    }

    pub(super) fn is_running(&self) -> bool {
        matches!(self.state.as_str(), "running" | "streaming")
    }

    pub(super) fn streams(&self) -> bool {
        self.replication.as_deref() == Some("streaming")
    }

    /// Seconds since it reached its DCS, by our clock.
    pub(super) fn dcs_age_s(&self, at: Stamp) -> Option<f64> {
        let seen_ms = i64::try_from(self.dcs_seen_s?).ok()?.checked_mul(1000)?;
        #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 are below 2^52")]
        let age_s = at.wall_ms.saturating_sub(seen_ms).max(0) as f64 / 1000.0;
        Some(age_s)
    }

    /// Why what it tells may not be of now: it has not reached its DCS for longer than it may, or
    /// an answer of it is repeated.
    pub(super) fn old_word(&self, at: Stamp, dcs_silence: Duration) -> Option<String> {
        let name = &self.name;
        let repeated = self.repeated_s.map(|age_s| {
            format!("an answer of {name} is repeated: it is {age_s:.0} s old, by its own `Date`")
        });
        let silent = || {
            let silent_s = self.dcs_age_s(at).filter(|age_s| *age_s > dcs_silence.as_secs_f64())?;
            Some(format!("{name} last reached its DCS {silent_s:.0} s ago, by our clock"))
        };
        repeated.or_else(silent)
    }

    /// What would survive here if the source were gone.
    pub(super) fn held(&self) -> Option<u64> {
        self.received.max(self.replayed)
    }

    /// It says that it streams, and replayed what it was never sent: its source lacks it.
    pub(super) fn replayed_more(&self) -> bool {
        self.streams() && self.received.zip(self.replayed).is_some_and(|(had, did)| did > had)
    }

    /// True where it has replayed what was committed after `other` was started. Times that are
    /// written in two zones are not compared.
    fn replayed_since(&self, other: &Self) -> bool {
        // The day's own dashes are no zone: `2026-11-23 08:31:11.5+00:00`.
        let parts = |text: &'_ str| {
            let zone = text.char_indices().skip(11).find(|(_, sign)| matches!(*sign, '+' | '-'))?.0;
            text.split_at_checked(zone).map(|(time, zone)| (time.to_owned(), zone.to_owned()))
        };
        let both = self.replayed_at.as_deref().and_then(parts);
        let both = both.zip(other.started.as_deref().and_then(parts));
        both.is_some_and(|((replayed, zone), (started, here))| zone == here && replayed > started)
    }
}

/// One member as its cluster lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) name: String,
    /// `leader`, `standby_leader`, `replica`.
    pub(super) role: String,
    pub(super) state: String,
}

/// What a cluster says of its members, out of its DCS.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Listed {
    /// Each by its name.
    pub(super) members: Vec<Entry>,
    /// A switchover that is to come, by its time.
    pub(super) scheduled: Option<String>,
}

impl Listed {
    /// Reads `GET /cluster`.
    pub(super) fn read(told: &Json) -> Option<Self> {
        let word = |value: &Json| value.as_str().map(|text| head(text, WORD_CHARS_MAX));
        let members = told["members"].as_array()?.iter().take(LISTED_MAX);
        Some(Self {
            members: members
                .map(|one| {
                    let [role, state] =
                        ["role", "state"].map(|name| word(&one[name]).unwrap_or_default());
                    Some(Entry { name: word(&one["name"])?, role, state })
                })
                .collect::<Option<_>>()?,
            scheduled: word(&told["scheduled_switchover"]["at"]),
        })
    }
}

/// Everything one side told in one look.
#[derive(Debug, Clone, PartialEq)]
pub struct SideState {
    pub(super) scope: String,
    /// Which data the cluster holds.
    pub(super) system: String,
    /// Who answered; one at least.
    pub(super) members: Vec<Member>,
    /// Why the others told nothing.
    pub(super) silent: Vec<Trouble>,
    /// What the cluster says of itself, or why it says nothing.
    pub(super) listed: Result<Listed, Trouble>,
    /// True where its leader had replayed more than it received in the look before, too.
    pub(super) odd_before: bool,
    /// A member that is silent and was primary when it was last heard.
    pub(super) silent_primary: Option<String>,
    /// Replicas that follow their leader no more, each in a sentence.
    pub(super) astray: Vec<String>,
}

impl SideState {
    /// What the members told, as one; those of other data are none of them.
    pub(super) fn of(
        own: &Own,
        told: Vec<Result<Member, Trouble>>,
        listed: Result<Listed, Trouble>,
    ) -> Result<Self, Trouble> {
        let (mut members, mut silent) = (Vec::new(), Vec::new());
        for told in told {
            match told {
                Ok(member) => {
                    let known = members.iter().find(|one: &&Member| one.name == member.name);
                    if let Some(Member { name, place, .. }) = known {
                        let words = format!("{} leads to {name}, as {place} does", member.place);
                        silent.push(Trouble::new(TroubleKind::OtherServer, words));
                    } else {
                        members.push(member);
                    }
                }
                Err(trouble) => silent.push(trouble),
            }
        }
        let has_data = |one: &&Member| !one.system.is_empty();
        let first = leader_of(&members, listed.as_ref().ok()).filter(has_data);
        let first = first.or_else(|| members.iter().find(has_data));
        let Some(system) = first.map(|one| one.system.clone()) else {
            return Err(nobody(&members, &silent));
        };
        members.retain(|one| {
            let is_ours = one.system.is_empty() || one.system == system;
            if !is_ours {
                let words = format!("{} holds other data than its cluster", one.place);
                silent.push(Trouble::new(TroubleKind::OtherServer, words));
            }
            is_ours
        });
        let scope = own.scope.clone();
        let (odd_before, silent_primary, astray) = Default::default();
        Ok(Self { scope, system, members, silent, listed, odd_before, silent_primary, astray })
    }

    /// Which cluster told this.
    pub(super) fn identity(&self) -> Identity {
        let server = format!("{} of {}", self.scope, self.system);
        Identity { server: server.into(), data: self.system.as_str().into() }
    }

    /// Who leads, as those who answer tell it.
    pub(super) fn leader(&self) -> Option<&Member> {
        leader_of(&self.members, self.listed.as_ref().ok())
    }

    /// The leader of a standby cluster; none where any member is a primary.
    pub(super) fn standby_leader(&self) -> Option<&Member> {
        self.leader().filter(|leader| leader.is_standby_leader())
    }

    /// The leader where it is a primary.
    pub(super) fn primary(&self) -> Option<&Member> {
        self.leader().filter(|leader| leader.is_primary())
    }

    /// Another primary than its leader: seen, or silent since it was one. Who is silent may hang,
    /// and its server goes on.
    pub(super) fn rival(&self) -> Option<Rival> {
        let leader = self.leader()?;
        let primaries = self.members.iter().filter(|one| one.is_primary());
        let mut others = primaries.filter(|one| one.place != leader.place);
        let seen = others.next().map(|one| Rival::seen(format!("{} at {}", one.name, one.place)));
        let silent = |name: &String| Rival { place: name.as_str().into(), is_silent: true };
        seen.or_else(|| self.silent_primary.as_ref().map(silent))
    }

    /// The leader that a replica does not follow: it is on another timeline, or fed by nobody.
    pub(super) fn strays<'s>(&'s self, member: &Member) -> Option<&'s Member> {
        let is_replica = member.is_running() && member.role == "replica";
        let leader = self.leader().filter(|_| is_replica)?;
        let elsewhere = leader.location.or(leader.held()) != member.held();
        let parted = member.timeline.is_some() && member.timeline != leader.timeline;
        (parted || (member.replication.is_none() && elsewhere)).then_some(leader)
    }

    /// Where the log of its primary stands.
    pub(super) fn location(&self) -> Option<u64> {
        self.primary()?.location
    }

    /// The part it plays.
    pub(super) fn role(&self) -> Option<Role> {
        let leader = self.leader()?;
        Some(if leader.is_primary() { Role::Primary } else { Role::Standby })
    }

    /// Whether any member takes writes: closed is only what every member says of itself.
    pub(super) fn writes(&self) -> Writes {
        if self.members.iter().any(Member::is_primary) {
            Writes::Open
        } else if self.silent.is_empty() && self.unnamed().is_empty() {
            Writes::Refused
        } else {
            Writes::Unknown
        }
    }

    /// Members by the cluster's own word that told nothing.
    pub(super) fn unheard(&self) -> impl Iterator<Item = &Entry> {
        let listed = self.listed.iter().flat_map(|listed| &listed.members);
        listed.filter(|entry| self.member(&entry.name).is_none())
    }

    /// Those of them that are not asked. One that does not answer may be meant.
    pub(super) fn unnamed(&self) -> Vec<&str> {
        let unheard = self.unheard().filter(|_| self.silent.is_empty());
        unheard.map(|entry| entry.name.as_str()).collect()
    }

    /// True where a primary is seen, or may be at work unseen: one that holds the leader's lock, or
    /// that is not asked. A member that is only silent may be dead, as a side that is silent.
    pub(super) fn may_lead(&self) -> bool {
        let has_lock = || self.unheard().any(|entry| entry.role == "leader");
        self.writes() == Writes::Open || !self.unnamed().is_empty() || has_lock()
    }

    /// The member of a name, if it answered.
    pub(super) fn member(&self, name: &str) -> Option<&Member> {
        self.members.iter().find(|member| member.name == name)
    }

    /// True where a standby leader has replayed what was committed after the last of its cluster's
    /// servers was started. A server that was a primary was started anew to follow: none of them
    /// has committed anything since, so the one that they follow did. Who does not answer might
    /// have.
    pub(super) fn replayed_anothers(&self) -> bool {
        let all_told = self.silent.is_empty() && self.unnamed().is_empty();
        self.standby_leader()
            .filter(|_| all_told)
            .is_some_and(|leader| self.members.iter().all(|member| leader.replayed_since(member)))
    }

    /// True where some member says that it is in maintenance.
    pub(super) fn is_paused(&self) -> bool {
        self.members.iter().any(|member| member.paused)
    }
}

/// A primary before all, and rather the one that has the lock.
fn leader_of<'m>(members: &'m [Member], listed: Option<&Listed>) -> Option<&'m Member> {
    let primaries = || members.iter().filter(|member| member.is_primary());
    let mut entries = listed.into_iter().flat_map(|listed| &listed.members);
    let holder = entries.find(|entry| entry.role == "leader").map(|entry| &entry.name);
    primaries()
        .find(|member| Some(&member.name) == holder)
        .or_else(|| primaries().find(|member| !member.unlocked))
        .or_else(|| primaries().next())
        .or_else(|| members.iter().find(|member| member.is_standby_leader()))
}

/// Why nobody told what counts: what a person can do something about comes first.
fn nobody(members: &[Member], silent: &[Trouble]) -> Trouble {
    if let Some(member) = members.first() {
        let words = format!("{} has no data yet: it is {}", member.place, member.state);
        return Trouble::new(TroubleKind::NotReady, words);
    }
    let is_gone = |one: &&Trouble| {
        matches!(one.kind, TroubleKind::Unreachable | TroubleKind::Timeout | TroubleKind::Cut)
    };
    let kind = silent.iter().find(|one| !is_gone(one)).or(silent.first()).map(|one| one.kind);
    let words: Vec<&str> = silent.iter().map(|one| one.message.as_str()).collect();
    let trouble = Trouble::new(kind.unwrap_or(TroubleKind::Unreachable), words.join("; "));
    Trouble { unsent: silent.iter().all(|one| one.unsent), ..trouble }
}
