//! What the alarms of a side, and the last success of its job, come to.

use super::settings::{CloudWatch, Job};
use super::state::{Alarm, Is};
use crate::domain::catalogue::{FactSpec, fact};
use crate::domain::reading::{Fact, FactValue, Health, Reading};
use crate::domain::text::Clean;
use crate::domain::time::no_less;
use crate::systems::kit::aws::beside;
use crate::systems::kit::server::Sight;

/// The facts of a reading, for gates and docs.
pub(super) const FACTS: &[FactSpec] = &[
    fact("firing", "the names of `alarms` and `warnings` that fire, or `none`"),
    fact("undecided", "those that have no data to decide by, or that are not there, or `none`"),
    fact("job_age", "how long ago the job's last success is, at most: it is told by the hour"),
    beside::CREDENTIALS_LEFT,
    beside::ENDPOINT_OVERRIDE,
];

/// One side in one look.
pub(super) type View<'a> = Sight<'a, CloudWatch>;

impl View<'_> {
    fn those<'a>(&'a self, names: &'a [String], is: Is) -> Vec<(&'a str, &'a Alarm)> {
        let alarms = &self.own.told.alarms;
        let found = names.iter().filter_map(|name| Some((name.as_str(), alarms.get(name)?)));
        found.filter(|(_, alarm)| alarm.is == is).collect()
    }

    fn missing(&self) -> Vec<String> {
        let mut names = self.settings.named.all();
        names.retain(|name| !self.own.told.alarms.contains_key(name));
        names
    }

    /// `alarm lms-errors fires for 2m3s: Threshold Crossed`.
    fn fires(&self, (name, alarm): &(&str, &Alarm)) -> String {
        let since = alarm.since_ms.map(|at_ms| no_less(self.own.beside.age_s(at_ms)));
        let since = since.map(|age| format!(" for {age}")).unwrap_or_default();
        let reason = alarm.reason.as_str();
        format!("alarm {name} fires{since}{}{reason}", if reason.is_empty() { "" } else { ": " })
    }

    /// How long ago the job last succeeded, at most.
    fn job_age_s(&self, job: &Job) -> Result<f64, Clean> {
        let never = || format!("{} counted no success in the last 15 days", job.name).into();
        self.own.beside.point(0)?.map(|last| self.own.beside.age_s(last.at_ms)).ok_or_else(never)
    }
}

/// The reading of one side.
pub(super) fn reading(view: &View<'_>) -> Reading {
    let mut reading = Reading::new(view.at, health(view), note(view));
    reading.took_ms = Some(view.took_ms);
    reading.identity = Some(view.own.identity());
    reading.facts = facts(view);
    reading
}

fn note(view: &View<'_>) -> String {
    let named = &view.settings.named;
    let all = named.all();
    let quiet = view.those(&all, Is::Quiet).len();
    let alarms = format!("{quiet} of {} alarms quiet", all.len());
    let job = named.job.as_ref().map(|job| match view.job_age_s(job) {
        Ok(age_s) => format!("job {} ago at most", no_less(age_s)),
        Err(why) => format!("job UNKNOWN: {why}"),
    });
    let parts = (!all.is_empty()).then_some(alarms).into_iter().chain(job);
    parts.collect::<Vec<_>>().join(", ")
}

fn health(view: &View<'_>) -> Health {
    let named = &view.settings.named;
    let firing = view.those(&named.alarms, Is::Fires);
    if !firing.is_empty() {
        let words: Vec<String> = firing.iter().map(|alarm| view.fires(alarm)).collect();
        return Health::Down(words.join("; ").into());
    }
    let missing = view.missing().into_iter();
    let mut reasons: Vec<String> =
        missing.map(|name| format!("there is no alarm {name}")).collect();
    let warnings = view.those(&named.warnings, Is::Fires);
    reasons.extend(warnings.iter().map(|alarm| view.fires(alarm)));
    let all = named.all();
    let undecided = view.those(&all, Is::Undecided);
    reasons.extend(undecided.iter().map(|(name, _)| format!("alarm {name} has no data")));
    if let Some(job) = &named.job {
        match view.job_age_s(job) {
            Ok(age_s) if age_s <= job.at_most.as_secs_f64() => {}
            Ok(age_s) => {
                let name = &job.name;
                reasons.push(format!("{name}: the last success is {} old", no_less(age_s)));
            }
            Err(why) => reasons.push(why.to_string()),
        }
    }
    Health::lacking(reasons)
}

fn facts(view: &View<'_>) -> Vec<Fact> {
    let (named, all) = (&view.settings.named, view.settings.named.all());
    let mut facts = Vec::with_capacity(FACTS.len());
    let mut add = |name: &str, value| facts.push(Fact { name: name.to_owned(), value });
    let names = |is: Is| view.those(&all, is).into_iter().map(|(name, _)| name.to_owned());
    let listed = |names: Vec<String>| match names.as_slice() {
        [] => FactValue::text("none"),
        names => FactValue::text(names.join(", ")),
    };
    add("firing", listed(names(Is::Fires).collect()));
    add("undecided", listed(names(Is::Undecided).chain(view.missing()).collect()));
    if let Some(job) = &named.job {
        let age = view.job_age_s(job).map(FactValue::Seconds);
        add("job_age", age.unwrap_or_else(FactValue::Unknown));
    }
    facts
}
