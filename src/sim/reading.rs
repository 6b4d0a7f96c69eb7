//! What a look at a simulated system tells: the truth, as far as such a system could know it.

use std::time::Duration;

use super::acts::Act;
use super::chance::{Chance, whole};
use super::history::{per_second, position};
use super::plan::{Nature, SystemPlan, WorldPlan};
use super::silence;
use super::state::{RESOLVERS, TRAFFIC_SHARE_MIN, Trouble, WorldState, purged, since_last_turn};
use super::store::StoreState;
use crate::domain::catalogue::Change;
use crate::domain::catalogue::FactSpec;
use crate::domain::ids::Side;
use crate::domain::reading::{
    Basis, Certainty, Fact, FactValue, Health, Identity, Lag, Look, Reading, Role, Writes,
};
use crate::domain::time::{Stamp, short_time};

/// The facts of simulated systems, by nature.
pub const FACTS: &[FactSpec] = &[
    FactSpec { name: "status", doc: "service: the status it answers with" },
    FactSpec { name: "serving", doc: "service: yes when users are sent here and served" },
    FactSpec { name: "user_errors", doc: "service, users: share of failing requests, 0 to 1" },
    FactSpec { name: "writable", doc: "store: yes when it takes writes here" },
    FactSpec { name: "link_up", doc: "store: yes while copies arrive; told by the receiving side" },
    FactSpec {
        name: "last_replayed_unix_ms",
        doc: "store: when the last write copied here was made, ms since 1970",
    },
    FactSpec { name: "backlog", doc: "store: received and not yet applied, counted" },
    FactSpec { name: "schema", doc: "store: `same` when tables and indexes are as on the source" },
    FactSpec { name: "timeline", doc: "store: grows with every promotion of this side's history" },
    FactSpec { name: "share", doc: "traffic, users: share of users sent here, 0 to 1" },
    FactSpec { name: "resolvers", doc: "traffic: resolvers that answer with this side" },
    FactSpec { name: "ttl", doc: "traffic: how long resolvers keep an answer" },
    FactSpec { name: "ready", doc: "compute: ready units" },
    FactSpec { name: "desired", doc: "compute: units asked for" },
    FactSpec { name: "purged", doc: "cache: yes when emptied since users were sent here" },
];

/// One moment of a world, from which looks are made.
#[derive(Clone, Copy)]
pub struct Moment<'a> {
    /// What the world is made of.
    pub plan: &'a WorldPlan,
    /// What was done to it.
    pub acts: &'a [Act],
    /// The truth.
    pub state: &'a WorldState,
    /// When the look began.
    pub at: Stamp,
}

impl Moment<'_> {
    /// A look at one side of a system.
    ///
    /// # Errors
    /// When the region or our own network is gone.
    pub fn look(&self, system: &SystemPlan, named: Side) -> Look {
        let side = self.plan.leads(&system.id, named, self.state.now_s);
        let chance = Chance::new(self.plan.seed).of(system.id.as_str());
        let chance = chance.of(side.letter());
        if self.state.cut {
            return Err(silence::cut(chance, system, self.state.now_s));
        }
        // Name servers, edges and the users themselves are in neither region.
        let outside = matches!(system.nature, Nature::Traffic | Nature::Cache | Nature::Users);
        if !outside && !self.state.alive[side.index()] {
            let gone_s = self.plan.fail_after.map_or(0.0, |time| time.as_secs_f64());
            return Err(silence::gone(chance, system, side, self.state.now_s - gone_s));
        }
        let mut reading = match system.nature {
            Nature::Service => self.service(side),
            Nature::Store => self.store(system, side),
            Nature::Traffic => self.traffic(system, side),
            Nature::Compute => self.compute(system, side),
            Nature::Cache => self.cache(system, side),
            Nature::Users => return self.users(chance, side),
        };
        reading.took_ms = Some(took_ms(chance, system.nature, self.state.now_s));
        if system.nature == Nature::Service
            && let (Some(took_ms), Health::Up) = (reading.took_ms, &reading.health)
        {
            let warm = if self.state.share[side.index()] > 0.0 { "" } else { ", warm standby" };
            reading.note = format!("200 in {took_ms} ms{warm}").into();
        }
        Ok(reading)
    }

    fn service(&self, side: Side) -> Reading {
        let fenced = self.state.fenced[side.index()];
        let health = if fenced {
            Health::Degraded("fenced: answers 503 to users".into())
        } else {
            Health::Up
        };
        let errors = if self.state.share[side.index()] > 0.0 {
            FactValue::Share(self.state.user_errors(self.plan))
        } else {
            FactValue::Unknown("no users are sent here".into())
        };
        let facts = vec![
            fact("status", FactValue::Number(if fenced { 503.0 } else { 200.0 })),
            fact("serving", FactValue::Boolean(self.state.serves(self.plan, side))),
            fact("user_errors", errors),
        ];
        Reading { facts, ..Reading::new(self.at, health, "503, fenced") }
    }

    fn store(&self, system: &SystemPlan, side: Side) -> Reading {
        let mut reading = Reading::new(self.at, Health::Up, "");
        let Some(store) = self.state.store(&system.id) else { return reading };
        let open = store.open[side.index()];
        reading.writes = Some(if open { Writes::Open } else { Writes::Refused });
        reading.identity = Some(identity(self.plan, system, side, self.state.now_s));
        if !system.mirrored {
            self.replicated(&mut reading, system, store, side);
        }
        if receives(system, store, side) {
            reading.lag = Some(self.lag(system, store));
            reading.facts.push(fact("link_up", FactValue::Boolean(store.flows)));
            let backlog = self.backlog(system, store);
            reading.facts.push(fact("backlog", FactValue::Number(backlog)));
        }
        reading.facts.push(fact("writable", FactValue::Boolean(open)));
        reading.facts.push(fact("schema", FactValue::Text("same".into())));
        let (health, note) = self.store_health(system, store, side);
        reading.health = health;
        reading.note = note.into();
        reading
    }

    /// What only a store with a primary tells: its part, its writes and its place in its history.
    fn replicated(
        &self,
        reading: &mut Reading,
        system: &SystemPlan,
        store: &StoreState,
        side: Side,
    ) {
        let place = side.index();
        let held = &store.held[place];
        let primary = store.primary[place];
        reading.role = Some(if primary { Role::Primary } else { Role::Standby });
        let timeline = f64::from(held.history);
        reading.facts.push(fact("timeline", FactValue::Number(timeline)));
        if store.seeding.is_some() && side == store.replica() {
            return;
        }
        let at = |history, place_s| Some(position(self.plan, system, history, place_s));
        reading.end = at(held.history, held.end_s);
        reading.parted = held.parted.and_then(|(history, place_s)| at(history, place_s));
        let told = held.replayed_s.map_or_else(
            || FactValue::Unknown("nothing was ever copied here".into()),
            |replayed_s| {
                #[expect(clippy::cast_precision_loss, reason = "milliseconds are below 2^52")]
                let now_ms = self.at.wall_ms as f64;
                FactValue::Number((now_ms - (self.state.now_s - replayed_s) * 1000.0).floor())
            },
        );
        reading.facts.push(fact("last_replayed_unix_ms", told));
    }

    fn store_health(
        &self,
        system: &SystemPlan,
        store: &StoreState,
        side: Side,
    ) -> (Health, String) {
        let now_s = self.state.now_s;
        let degraded = |why: String| (Health::Degraded(why.as_str().into()), why);
        let receives = receives(system, store, side);
        if let Some(work) = store.promoting[side.index()] {
            let percent = work.share(now_s) * 100.0;
            return degraded(format!("promoting, {percent:.0} % of the log applied"));
        }
        if receives && let Some(work) = store.seeding {
            let percent = work.share(now_s) * 100.0;
            return degraded(format!("first copy from {}, {percent:.0} %", store.source));
        }
        if self.state.fenced[side.index()] {
            return (Health::Up, "fenced, read-only".to_owned());
        }
        if !receives {
            let note = if system.mirrored { "takes writes" } else { "accepts writes" };
            return (Health::Up, note.to_owned());
        }
        let source = store.source;
        if store.flows {
            return (Health::Up, format!("copies arrive from {source}"));
        }
        let ago = store.flow_ended_s.map_or(0.0, |ended_s| now_s - ended_s);
        let ago = short_time(Duration::from_secs_f64(ago.max(0.0)));
        if !store.linked && system.mirrored {
            return (Health::Up, format!("mirror from {source} stopped {ago} ago"));
        }
        let note = format!("no copies from {source} for {ago}");
        if self.state.alive[source.index()] {
            degraded(note)
        } else {
            // The replica itself is well: what is wrong is the other region.
            (Health::Up, note)
        }
    }

    /// A lag is a difference between two places: without the source there is none to tell.
    fn lag(&self, system: &SystemPlan, store: &StoreState) -> Lag {
        let known = self.state.alive == [true, true] && store.seeding.is_none();
        let seconds = (store.ahead_s * 1000.0).round() / 1000.0;
        let unknown = Lag::unknown(system.unit, Basis::Simulated);
        if !known {
            return unknown;
        }
        let amount = Some(whole((seconds * per_second(system.unit)).round()));
        Lag { seconds: Some(seconds), amount, certainty: Certainty::Known, ..unknown }
    }

    fn backlog(&self, system: &SystemPlan, store: &StoreState) -> f64 {
        let chance = Chance::new(self.plan.seed).of(system.id.as_str()).of("backlog");
        let now_s = self.state.now_s;
        let usual = |time_s: f64| chance.at(whole(time_s)).between(0.0, 40.0);
        if store.flows && self.state.share[store.source.index()] > 0.0 {
            return usual(now_s).floor();
        }
        let ended_s = store.flow_ended_s.unwrap_or(0.0);
        (usual(ended_s) - 8.0 * (now_s - ended_s)).max(0.0).floor()
    }

    fn traffic(&self, system: &SystemPlan, side: Side) -> Reading {
        let share = self.state.share[side.index()];
        let here = (share * f64::from(RESOLVERS)).round();
        let gone = share > 0.0 && !self.state.alive[side.index()];
        let health = if gone {
            Health::Degraded(
                format!("{:.0} % of users are sent to a dead region", share * 100.0).into(),
            )
        } else {
            Health::Up
        };
        let note = format!("{here:.0} of {RESOLVERS} resolvers answer {side}");
        let facts = vec![
            fact("share", FactValue::Share(share)),
            fact("resolvers", FactValue::Number(here)),
            fact("ttl", FactValue::Seconds(system.ttl_s)),
        ];
        Reading { facts, ..Reading::new(self.at, health, note) }
    }

    fn compute(&self, system: &SystemPlan, side: Side) -> Reading {
        let mut reading = Reading::new(self.at, Health::Up, "");
        let Some(units) = self.state.compute.get(&system.id) else { return reading };
        let units = units[side.index()];
        reading.capacity = Some(units.capacity());
        reading.facts = vec![
            fact("ready", FactValue::Number(units.ready.into())),
            fact("desired", FactValue::Number(units.asked.into())),
        ];
        reading.note = format!("{} of {} ready", units.ready, units.wanted).into();
        if units.ready < units.asked {
            let why = format!("{} of {} asked for are ready", units.ready, units.asked);
            reading.health = Health::Degraded(why.into());
        }
        reading
    }

    fn cache(&self, system: &SystemPlan, side: Side) -> Reading {
        let empty = purged(self.acts, system.id.as_str(), side, self.state.now_s);
        let begun = since_last_turn(self.acts, side)
            .any(|act| act.change == Change::Purge && act.side == side);
        let note = match (empty, begun) {
            (true, _) => "emptied, filling again",
            (false, true) => "purge on its way to the edges",
            (false, false) => "answers from the edge",
        };
        let facts = vec![fact("purged", FactValue::Boolean(empty))];
        Reading { facts, ..Reading::new(self.at, Health::Up, note) }
    }

    fn users(&self, chance: Chance, side: Side) -> Look {
        let share = self.state.share[side.index()];
        let percent = share * 100.0;
        let trouble = self.state.user_trouble(self.plan, side);
        if share <= 0.0 {
            let why = format!("no users are sent to {side}");
            let health = Health::Unknown(why.as_str().into());
            let facts = vec![fact("share", FactValue::Share(share))];
            return Ok(Reading { facts, ..Reading::new(self.at, health, why) });
        }
        let health = match &trouble {
            Some(Trouble::Gone) => return Err(silence::no_login(chance, self.state.now_s, side)),
            Some(Trouble::Fenced) => Health::Down(format!("{side} is fenced: 503").into()),
            Some(Trouble::ReadOnly(title)) => {
                Health::Down(format!("login fails: {title} in {side} is read-only").into())
            }
            Some(Trouble::Capacity(capacity)) => Health::Degraded(
                format!("slow: {} of {} units", capacity.ready, capacity.wanted).into(),
            ),
            None if share < TRAFFIC_SHARE_MIN => {
                Health::Degraded(format!("{percent:.0} % of users are sent here").into())
            }
            None => Health::Up,
        };
        let errors = self.state.user_errors(self.plan);
        let note = format!("{percent:.0} % of users, {:.0} % errors", errors * 100.0);
        let took_ms = Some(took_ms(chance, Nature::Users, self.state.now_s));
        let facts = vec![
            fact("share", FactValue::Share(share)),
            fact("user_errors", FactValue::Share(errors)),
        ];
        Ok(Reading { took_ms, facts, ..Reading::new(self.at, health, note) })
    }
}

/// The server of a store on a side: another one after its region came back.
pub fn identity(plan: &WorldPlan, system: &SystemPlan, side: Side, now_s: f64) -> Identity {
    let (seed, id, starts) = (plan.seed, &system.id, plan.starts(side, now_s));
    let place = side.key();
    Identity {
        server: format!("{seed}/{id}/{place} start {starts}").into(),
        data: format!("{seed}/{id}").into(),
    }
}

fn receives(system: &SystemPlan, store: &StoreState, side: Side) -> bool {
    side == store.replica() && (!store.primary[side.index()] || system.mirrored)
}

fn fact(name: &str, value: FactValue) -> Fact {
    Fact { name: name.to_owned(), value }
}

/// Answer times: mostly calm, a long tail.
fn took_ms(chance: Chance, nature: Nature, now_s: f64) -> u64 {
    let least = match nature {
        Nature::Service => 48.0,
        Nature::Users => 180.0,
        Nature::Store | Nature::Cache => 6.0,
        Nature::Traffic => 14.0,
        Nature::Compute => 32.0,
    };
    let draw = chance.of("took").at(whole(now_s)).share();
    whole(least * (1.0 + 0.8 * draw + 2.4 * draw.powi(12)))
}
