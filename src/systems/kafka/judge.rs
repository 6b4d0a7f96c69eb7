//! What both sides told, put together: the part that each plays, what is wrong, how far it is
//! behind.

use std::time::Duration;

use super::connect::{Flow, Part};
use super::facts;
use super::lag::{Measured, Now, measure};
use super::learned::Copies;
use super::settings::Kafka;
use crate::domain::link::{Link, LinkWord};
use crate::domain::reading::{Health, Reading, Role, Writes};
use crate::systems::kit::server::Sight;

/// The most names that a sentence lists.
const NAMED_MOST: usize = 3;

/// The shortest silence after which nothing seems to be copied any more, in milliseconds:
/// MirrorMaker 2 shares its work out anew now and then.
const SILENCE_LEAST_MS: u64 = 10_000;

/// The age from which on heartbeats that came to a side were left by what copied there once:
/// MirrorMaker 2 shares its work out anew within seconds.
const LEFT_AFTER: Duration = Duration::from_secs(60);

/// One side in one look.
pub(super) type View<'a> = Sight<'a, Kafka>;

/// What copies towards this side, as far as that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Following {
    /// Something copies, or would after a pause.
    Yes,
    /// Nothing does.
    No,
    /// Nobody can tell.
    Unknown,
}

impl View<'_> {
    pub(super) fn copies(&self) -> &Copies {
        &self.learned.copies[self.side.index()]
    }

    /// Whether this side follows the other one.
    pub(super) fn following(&self) -> Following {
        let arrived = &self.copies().arrived;
        let follows = match &self.own.flow {
            Some(Ok(flow)) => Some(flow.follows()),
            Some(Err(_)) => self.copies().follows,
            // A process of its own tells nothing: it is known by what it brings.
            None if arrived.newest_ms().is_none() => Some(false),
            None if !arrived.has_ceased(self.at) => Some(true),
            // What ceased long ago was left by an earlier way back, where Connect does this work.
            None => (arrived.age(self.at) > Some(LEFT_AFTER) && self.works_by_connect())
                .then_some(false),
        };
        match follows {
            Some(true) => Following::Yes,
            Some(false) => Following::No,
            None => Following::Unknown,
        }
    }

    /// Whether Connect tells what copies the other way.
    fn works_by_connect(&self) -> bool {
        self.other.is_some_and(|other| matches!(other.flow, Some(Ok(_))))
    }

    /// How the copies are behind; none on a side that follows nobody.
    pub(super) fn measured(&self) -> Option<Measured> {
        if self.following() == Following::No {
            return None;
        }
        let Some(source) = self.other else {
            return Some(Measured::nothing("the other side was not read"));
        };
        let beats = &self.learned.beats[self.side.other().index()];
        let now_ms =
            beats.now_ms(self.at).map(|now_ms| Now { began_ms: now_ms, took_ms: self.took_ms });
        Some(measure(self.own, source, self.copies(), now_ms))
    }

    fn link(&self) -> Link {
        let says = match &self.own.flow {
            Some(Ok(flow)) => flow.word(),
            Some(Err(why)) => LinkWord::Unknown(why.clone()),
            None if self.settings.replicator.is_some() => {
                LinkWord::Unknown("MSK Replicator tells no state".into())
            }
            None => LinkWord::Unknown("MirrorMaker 2 is a process of its own".into()),
        };
        let arrived = &self.copies().arrived;
        let ms = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Link {
            says,
            silent_ms: arrived.age(self.at).map(ms),
            most_ms: ms(arrived.most()).max(SILENCE_LEAST_MS),
        }
    }

    fn troubles(&self, measured: Option<&Measured>) -> Vec<String> {
        let mut found = Vec::new();
        let own = self.own;
        if own.leaderless > 0 {
            found.push(format!("{} partitions have no leader", own.leaderless));
        }
        if !own.hidden.is_empty() {
            found.push(format!("no right to look at {}", named(&own.hidden)));
        }
        match &own.flow {
            Some(Err(why)) => found.push(format!("what copies to here cannot be told: {why}")),
            Some(Ok(flow)) => {
                if let Some(other) = self.other
                    && ![&own.cluster, &other.cluster].contains(&&flow.cluster)
                {
                    found.push("Connect works for a third cluster: correct `connect`".to_owned());
                }
                if flow.sources().any(|one| one.committed_only != own.watched.committed_only) {
                    let words = "what is copied of transactions is not what `isolation` says";
                    found.push(words.to_owned());
                }
                found.extend(flow.troubles());
            }
            None if self.following() == Following::Unknown => found.push(
                "whether anything copies to here is not known, the other region's heartbeats \
                 ceased: name the `connect` that does"
                    .to_owned(),
            ),
            None => {}
        }
        found.extend(measured.into_iter().flat_map(Measured::troubles));
        let remade = self.copies().remade();
        if !remade.is_empty() {
            let topics = named(&remade);
            found.push(format!("made anew at the source, what was copied before stays: {topics}"));
        }
        found.extend(self.held_troubles());
        let (lost, of) = self.copies().lost();
        if lost > 0 {
            found.push(format!(
                "{lost} records were thrown away before they were copied: {}",
                named(&of)
            ));
        }
        let (doubled, of) = self.copies().doubled();
        if doubled > 0 {
            found.push(format!("{doubled} records were copied twice: {}", named(&of)));
        }
        found.extend(self.group_troubles());
        if let Some(replicator) = &self.settings.replicator {
            found.extend(self.aside.replicator.troubles(&replicator.name, self.at.wall_ms));
        }
        found
    }

    /// What is wrong with the copies themselves.
    fn held_troubles(&self) -> Vec<String> {
        let (mut found, held) = (Vec::new(), &self.copies().held);
        let called = |topic: &str| self.settings.names.copy_of(topic).unwrap_or_default();
        let emptied: Vec<String> =
            held.emptied().map(|(topic, of)| format!("{} ({of} records)", called(topic))).collect();
        if !emptied.is_empty() {
            found.push(format!(
                "made anew here, or cut back: {}; what their source wrote before is gone here \
                 unless it is copied again",
                named(&emptied)
            ));
        }
        let (missing, of) = held.grave();
        if missing > 0 {
            let of: Vec<String> = of.into_iter().map(called).collect();
            found.push(format!(
                "{missing} records that their source still has are here no more: {}",
                named(&of)
            ));
        }
        found
    }

    fn group_troubles(&self) -> impl Iterator<Item = String> {
        let follows = self.following() != Following::No;
        let source = self.other.filter(|_| follows).map(|other| &other.groups);
        self.own.groups.iter().filter_map(move |(group, here)| {
            let there = source.and_then(|groups| groups.get(group)?.as_ref().ok());
            match here {
                Err(why) => Some(format!("group {group}: {why}")),
                Ok(here) if here.is_empty() && there.is_some_and(|there| !there.is_empty()) => {
                    Some(format!(
                        "group {group} has no offset here: it would begin where its own settings \
                         say, at worst with the first record (`sync.group.offsets.enabled`)"
                    ))
                }
                Ok(_) => None,
            }
        })
    }
}

impl Measured {
    fn troubles(&self) -> Vec<String> {
        let mut found = Vec::new();
        if !self.missing.is_empty() {
            found.push(format!(
                "not copied at all: {} (or DESCRIBE on the copy is missing here)",
                named(&self.missing)
            ));
        }
        if !self.unseen.is_empty() {
            found.push(format!(
                "copied to here and not seen at the source (deleted there, or DESCRIBE is \
                 missing): {}",
                named(&self.unseen)
            ));
        }
        if !self.nowhere.is_empty() {
            found.push(format!(
                "Connect keeps offsets of topics that neither region shows: {}; where they are \
                 deleted in both, and not hidden for want of DESCRIBE, take their offsets out: \
                 stop the connector, PATCH /connectors/<its name>/offsets with null for them",
                named(&self.nowhere)
            ));
        }
        if !self.taken.is_empty() {
            found.push(format!(
                "copies tell when records arrived, not when they were made: set \
                 `message.timestamp.type=CreateTime` here on {}",
                named(&self.taken)
            ));
        }
        found
    }
}

impl Flow {
    /// What Connect says of the copying.
    fn word(&self) -> LinkWord {
        let works = |state: &String| state == "RUNNING";
        let all = self.sources().all(|source| {
            works(&source.state) && !source.tasks.is_empty() && source.tasks.iter().all(works)
        });
        if self.follows() && all { LinkWord::Up } else { LinkWord::Down }
    }

    fn troubles(&self) -> Vec<String> {
        let mut found = Vec::new();
        for connector in &self.connectors {
            let (name, failed) = (&connector.name, connector.failed());
            if failed > 0 {
                let of = connector.tasks.len();
                let why = connector.why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
                found.push(format!("{name}: {failed} FAILED, {of} tasks{why}"));
            } else if connector.state == "PAUSED" {
                found.push(format!("{name} is PAUSED"));
            } else if connector.part == Part::Source
                && connector.tasks.is_empty()
                && !connector.is_stopped()
            {
                found.push(format!(
                    "{name} is {} without tasks: nothing is copied",
                    connector.state
                ));
            }
        }
        if let Err(why) = &self.copied
            && self.follows()
        {
            found.push(format!("how far copying is cannot be told: {why}"));
        }
        found
    }
}

/// The reading of one side.
pub(super) fn reading(view: &View<'_>) -> Reading {
    let measured = view.measured();
    let health = Health::lacking(view.troubles(measured.as_ref()));
    let note = format!("{} brokers, {} topics", view.own.brokers, view.own.topics.len());
    let mut reading = Reading::new(view.at, health, note);
    reading.took_ms = Some(view.took_ms);
    reading.identity = Some(view.own.identity());
    // A cluster takes writes whatever is copied to it.
    reading.writes = Some(Writes::Open);
    reading.role = match view.following() {
        Following::Yes => Some(Role::Standby),
        Following::No => Some(Role::Primary),
        Following::Unknown => None,
    };
    reading.link = (reading.role != Some(Role::Primary)).then(|| view.link());
    reading.facts = facts::of(view, measured.as_ref(), reading.link.as_ref());
    reading.lag = measured.map(|measured| measured.lag);
    reading
}

/// `orders, billing, users and 4 more`.
pub(super) fn named<T: AsRef<str>>(names: &[T]) -> String {
    let shown: Vec<&str> = names.iter().take(NAMED_MOST).map(AsRef::as_ref).collect();
    match names.len().saturating_sub(NAMED_MOST) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
