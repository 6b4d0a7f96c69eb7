//! What the answers mean: figures that are fresh and of traffic, or why each is not known.

use std::time::Duration;

use super::query::Sample;
use super::settings::{Limits, Wanted};
use crate::domain::reading::{Fact, FactValue, Health, Reading};
use crate::domain::time::{Stamp, no_less, spoken_time};

/// How many times the service may have been missed before its figures are of the past.
const SCRAPES_MISSED_MAX: u32 = 3;

/// What the server answered to each query that is asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// Seconds since the newest sample, by the server's own clock.
    pub age: Sample,
    /// Requests a second.
    pub traffic: Option<Sample>,
    /// Failing of all requests.
    pub error_rate: Option<Sample>,
    /// Seconds that requests take.
    pub latency: Option<Sample>,
    /// Seconds that a replica is behind.
    pub lag: Option<Sample>,
    /// Seconds since that was sampled, where the query is a selector; of what is worked out, 0.
    pub lag_age: Option<Sample>,
    /// How long it took to be told all.
    pub took: Duration,
}

/// A figure, or why there is none.
type Figure<T = f64> = Result<T, String>;

/// How long requests take.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Latency {
    Is(f64),
    /// Above the highest bucket, which is this.
    AtLeast(f64),
}

/// All figures, as far as they are asked for.
struct Figures {
    age: Figure,
    /// Why nothing is told of now, where that is so.
    stale: Option<String>,
    traffic: Option<Figure>,
    error_rate: Option<Figure>,
    latency: Option<Figure<Latency>>,
    lag: Option<Figure>,
}

impl Figures {
    fn of(wanted: &Wanted, told: &Told) -> Self {
        let age = age(told);
        let fresh = age.clone().and_then(|age| fresh(age, wanted));
        // One after the other: what is not fresh says nothing, and what has no traffic little.
        let after = |earlier: &Figure, sample: &Option<Sample>, read: fn(&Sample) -> Figure| {
            let read = |sample| earlier.clone().and_then(|_| read(sample));
            sample.as_ref().map(read)
        };
        let lag_age = match told.lag_age {
            Some(Sample::Value(seconds)) => seconds + told.took.as_secs_f64(),
            // A figure that is no series has no time of its own.
            Some(Sample::Empty | Sample::Several(_) | Sample::Failed(_)) | None => 0.0,
        };
        let traffic = after(&fresh, &told.traffic, traffic);
        let flows = traffic.clone().unwrap_or_else(|| fresh.clone()).and_then(flows);
        let latency = after(&flows, &told.latency, latency_seconds);
        Self {
            stale: fresh.clone().err(),
            error_rate: after(&flows, &told.error_rate, error_rate),
            latency: latency.map(|told| told.and_then(|told| bounded(told, wanted.limits))),
            // It may have grown since by as much as its sample is old.
            lag: after(&fresh, &told.lag, lag).map(|lag| Ok(lag? + fresh.clone()?.max(lag_age))),
            traffic,
            age,
        }
    }

    /// Why figures are not known, each reason once.
    fn unknown(&self) -> Vec<String> {
        let latency = self.latency.clone().map(|told| match told {
            Ok(Latency::Is(seconds)) => Ok(seconds),
            Ok(Latency::AtLeast(top)) => Err(at_least(top)),
            Err(why) => Err(why),
        });
        let all = [self.traffic.clone(), self.error_rate.clone(), latency, self.lag.clone()];
        let mut reasons: Vec<String> = self.stale.iter().cloned().collect();
        for why in all.into_iter().flatten().filter_map(Result::err) {
            if !reasons.contains(&why) {
                reasons.push(why);
            }
        }
        reasons
    }

    /// What is too much, and whether it is so much that it is down.
    fn too_much(&self, limits: Limits) -> (Vec<String>, bool) {
        let over = |figure: f64, limit: Option<f64>| limit.is_some_and(|limit| figure > limit);
        let (mut reasons, mut down) = (Vec::new(), false);
        if let Some(Ok(rate)) = self.error_rate {
            down = over(rate, limits.down);
            if down || over(rate, limits.error_rate) {
                reasons.push(format!("{} of the requests fail", percent(rate)));
            }
        }
        let seconds = |limit: Option<Duration>| limit.map(|limit| limit.as_secs_f64());
        match self.latency {
            Some(Ok(Latency::Is(took))) if over(took, seconds(limits.latency)) => {
                reasons.push(format!("requests take {}", spoken(took)));
            }
            Some(Ok(Latency::AtLeast(top))) if limits.latency.is_some() => {
                reasons.push(format!("requests take {}", at_least(top)));
            }
            Some(Ok(_) | Err(_)) | None => {}
        }
        if let Some(Ok(behind)) = self.lag
            && over(behind, seconds(limits.lag))
        {
            reasons.push(format!("it is {} behind", no_less(behind)));
        }
        (reasons, down)
    }

    fn health(&self, limits: Limits) -> Health {
        let (reasons, down) = self.too_much(limits);
        let unknown = self.unknown();
        if down {
            Health::Down(reasons.join("; ").into())
        } else if !reasons.is_empty() {
            Health::Degraded(reasons.join("; ").into())
        } else if unknown.is_empty() {
            Health::Up
        } else {
            Health::Unknown(unknown.join("; ").into())
        }
    }

    fn facts(&self) -> Vec<Fact> {
        let of = |figure: &Figure, known: fn(f64) -> FactValue| match figure {
            Ok(figure) => known(*figure),
            Err(why) => FactValue::Unknown(why.as_str().into()),
        };
        let mut facts = Vec::new();
        let mut fact = |name: &str, value| facts.push(Fact { name: name.to_owned(), value });
        fact("sample_age", of(&self.age, FactValue::Seconds));
        if let Some(traffic) = &self.traffic {
            fact("traffic", of(traffic, FactValue::Number));
        }
        if let Some(rate) = &self.error_rate {
            fact("user_errors", of(rate, FactValue::Share));
        }
        match &self.latency {
            Some(Ok(Latency::Is(took))) => fact("latency", FactValue::Seconds(*took)),
            Some(Ok(Latency::AtLeast(top))) => {
                fact("latency", FactValue::Unknown(at_least(*top).into()));
            }
            Some(Err(why)) => fact("latency", FactValue::Unknown(why.as_str().into())),
            None => {}
        }
        if let Some(behind) = &self.lag {
            fact("lag_seconds", of(behind, FactValue::Seconds));
        }
        facts
    }

    fn note(&self) -> String {
        if self.stale.is_some() {
            return "no fresh samples".to_owned();
        }
        let mut parts = Vec::new();
        match self.traffic {
            Some(Ok(0.0)) => parts.push("no traffic".to_owned()),
            Some(Ok(rate)) => parts.push(format!("{rate:.1} requests/s")),
            Some(Err(_)) | None => {}
        }
        if let Some(Ok(rate)) = self.error_rate {
            parts.push(format!("{} fail", percent(rate)));
        }
        match self.latency {
            Some(Ok(Latency::Is(took))) => parts.push(format!("take {}", spoken(took))),
            Some(Ok(Latency::AtLeast(top))) => parts.push(format!("take {}", at_least(top))),
            Some(Err(_)) | None => {}
        }
        if let Some(Ok(behind)) = self.lag {
            parts.push(format!("{} behind", no_less(behind)));
        }
        if parts.is_empty() { "nothing is known".to_owned() } else { parts.join(", ") }
    }
}

/// The reading of what was told.
pub fn judge(wanted: &Wanted, told: &Told, at: Stamp) -> Reading {
    let figures = Figures::of(wanted, told);
    let mut reading = Reading::new(at, figures.health(wanted.limits), figures.note());
    reading.took_ms = u64::try_from(told.took.as_millis()).ok();
    reading.facts = figures.facts();
    reading
}

/// A value that is a number and no more than that. `none` says what it is where there is no series,
/// `nan` where it is no number.
fn number(name: &str, sample: &Sample, none: &str, nan: &str) -> Figure {
    match sample {
        Sample::Value(value) if value.is_nan() => Err(format!("`{name}` is no number: {nan}")),
        Sample::Value(value) => Ok(*value),
        Sample::Empty => Err(format!("`{name}` is empty: {none}")),
        Sample::Several(count) => {
            Err(format!("`{name}` answers {count} series; make one of them with `sum` or `max`"))
        }
        Sample::Failed(why) => Err(format!("`{name}` {why}")),
    }
}

/// The same of what cannot be less than nothing, nor endless.
fn amount(name: &str, sample: &Sample, none: &str, nan: &str) -> Figure {
    let value = number(name, sample, none, nan)?;
    if value < 0.0 {
        return Err(format!("`{name}` is negative ({value})"));
    }
    if value.is_infinite() {
        return Err(format!("`{name}` is endless: it divides by nothing"));
    }
    Ok(value)
}

/// By the end of the look, so that it is no less than the truth.
fn age(told: &Told) -> Figure {
    let none = "its last scrape failed, it has not been sampled for minutes, or this server has \
                no such series";
    let age = number("series", &told.age, none, "its samples have no time")?;
    if age < 0.0 {
        let why = "the newest sample of `series` is of the future: whoever writes its time has \
                   another clock than this server";
        return Err(why.to_owned());
    }
    Ok(age + told.took.as_secs_f64())
}

fn fresh(age: f64, wanted: &Wanted) -> Figure {
    let stale_after = wanted.scrape_every * SCRAPES_MISSED_MAX;
    if age <= stale_after.as_secs_f64() {
        return Ok(age);
    }
    Err(format!(
        "the newest sample of `series` is {} old, of one each {}: the service or the server does \
         not tell what is now",
        no_less(age),
        spoken_time(wanted.scrape_every)
    ))
}

fn traffic(sample: &Sample) -> Figure {
    let none = "no request was ever counted, or its selector matches nothing";
    amount("traffic", sample, none, "it divides nothing by nothing")
}

/// Without requests nothing is told of them: neither that they fail nor that they do not.
fn flows(traffic: f64) -> Figure {
    if traffic > 0.0 { Ok(traffic) } else { Err("no traffic: 0 requests/s".to_owned()) }
}

fn error_rate(sample: &Sample) -> Figure {
    let none = "where nothing fails there is no series of failing requests; write `or vector(0)` \
                behind the failing ones";
    let rate = amount("error_rate", sample, none, "no requests in its window")?;
    if rate > 1.0 {
        return Err(format!("`error_rate` is {rate}, and no share: divide by all requests"));
    }
    Ok(rate)
}

/// Endless above the only bucket.
fn latency_seconds(sample: &Sample) -> Figure {
    let value = number("latency", sample, "it matches nothing", "no requests in its window")?;
    if value < 0.0 { Err(format!("`latency` is negative ({value})")) } else { Ok(value) }
}

fn bounded(seconds: f64, limits: Limits) -> Figure<Latency> {
    match limits.latency_top.map(|top| top.as_secs_f64()) {
        Some(top) if seconds >= top => Ok(Latency::AtLeast(top)),
        _ if seconds.is_finite() => Ok(Latency::Is(seconds)),
        _ => Err("`latency` is above all buckets of its histogram".to_owned()),
    }
}

fn lag(sample: &Sample) -> Figure {
    amount("lag", sample, "nobody tells it", "whoever tells it does not know it")
}

/// `at least 2.5 s`.
fn at_least(top: f64) -> String {
    format!("at least {}", spoken(top))
}

/// A time that is never cut off downwards: `121 ms`, `1.1s`.
fn spoken(seconds: f64) -> String {
    let ms = upwards(seconds * 1000.0);
    if ms < 1000.0 { format!("{ms} ms") } else { no_less(seconds) }
}

/// A share that is never cut off downwards: `0.4 %`.
fn percent(share: f64) -> String {
    format!("{} %", upwards(share * 1000.0) / 10.0)
}

/// The next whole number, where it is more than computers' rounding away from one.
fn upwards(number: f64) -> f64 {
    // Or nothing would be written as less than nothing.
    (number - 1e-6).ceil() + 0.0
}
