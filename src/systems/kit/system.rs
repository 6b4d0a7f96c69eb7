//! How a kind of server is a kind of system: its probe, its secrets, the writer of its heartbeat.

use super::beating::Beating;
use super::pair::PairProbe;
use super::server::{Server, Written};
use crate::domain::ids::Side;
use crate::domain::settings::Fault;
use crate::domain::site::SystemSpec;
use crate::domain::text::Clean;
use crate::port::{About, BeatSetup, Beater, Probe, ProbeSetup, System};

impl<S: Server> System for S {
    fn about(&self) -> &'static About {
        &S::ABOUT
    }

    fn secrets_to_watch(&self, spec: &SystemSpec) -> Result<Vec<String>, Fault> {
        let mut names: Vec<String> = Vec::new();
        for mut side in Written::<S>::both(spec)?.into_iter().flatten() {
            names.extend(S::also_read(&mut side.own).map(|(name, _)| name.to_owned()));
            names.extend(side.read);
        }
        names.sort();
        names.dedup();
        Ok(names)
    }

    fn stand_ins(&self, spec: &SystemSpec) -> Result<[Option<Clean>; 2], Fault> {
        S::stand_ins(spec)
    }

    fn probe(&self, setup: ProbeSetup<'_>) -> Result<Box<dyn Probe>, Fault> {
        Ok(Box::new(PairProbe::<S>::new(&setup)?))
    }

    fn secret_to_beat(&self, spec: &SystemSpec, side: Side) -> Result<Option<String>, Fault> {
        let [a, b] = Written::<S>::both(spec)?;
        let written = if side == Side::A { a } else { b };
        Ok(written.filter(|side| S::beats_every(&side.own).is_some()).and_then(|side| side.beat))
    }

    fn beater(&self, setup: BeatSetup<'_>) -> Result<Box<dyn Beater>, Fault> {
        Ok(Box::new(Beating::<S>::new(&setup)?))
    }
}
