//! One look at one HTTP endpoint: from its settings to a reading.

use std::time::Duration;

use hyper::StatusCode;

use super::call::{Answer, Call, Ready};
use super::settings;
use crate::domain::reading::{Fact, FactValue, Health, Look, LookError, LookErrorKind, Reading};
use crate::domain::settings::{Fault, Fields, Table};
use crate::domain::time::{Stamp, spoken_time};
use crate::port::{Clock, Secrets};
use crate::systems::kit::each::Looked;
use crate::systems::kit::placeholders::Placeholders;
use crate::systems::kit::rule::{Rule, Words};
use crate::systems::kit::web::certificate;

/// What the parts of a rule on an answer are called.
pub const WORDS: Words = Words { code: "status", range: (100, 599), contains: "body_contains" };

/// An endpoint as written.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// The request.
    pub call: Call,
    expect: Rule,
    degraded: Option<Rule>,
}

impl Endpoint {
    /// Reads the settings of one side.
    ///
    /// # Errors
    /// When one is wrong or unknown.
    pub fn read(table: &Table, what: &str) -> Result<Self, Fault> {
        let fields = Fields::new(table, what);
        let endpoint = Self::of_fields(&fields, what, None)?;
        fields.finish()?;
        Ok(endpoint)
    }

    /// Reads the same settings where others stand beside them.
    ///
    /// # Errors
    /// When one is wrong.
    pub fn of_fields(
        fields: &Fields<'_>,
        what: &str,
        filler: Option<&Placeholders>,
    ) -> Result<Self, Fault> {
        let call = Call::read(fields, &settings::METHOD, filler, false)?;
        let expect =
            Rule::read(fields.table("expect")?, WORDS, &[200], &format!("`expect` of {what}"))?;
        let degraded = fields
            .table("degraded")?
            .map(|table| Rule::read(Some(table), WORDS, &[200], &format!("`degraded` of {what}")))
            .transpose()?;
        Ok(Self { call, expect, degraded })
    }

    /// Opens its secrets.
    ///
    /// # Errors
    /// When one cannot be opened.
    pub fn ready(self, secrets: &dyn Secrets) -> Result<ReadyEndpoint, Fault> {
        let ready = self.call.ready(secrets, true)?;
        Ok(ReadyEndpoint { ready, expect: self.expect, degraded: self.degraded })
    }
}

/// An endpoint that can be asked.
#[derive(Debug, Clone)]
pub struct ReadyEndpoint {
    /// The request.
    pub ready: Ready,
    expect: Rule,
    degraded: Option<Rule>,
}

impl Looked for ReadyEndpoint {
    /// Asks once and judges the answer.
    async fn look(&self, clock: &dyn Clock, deadline: Duration) -> Look {
        let at = clock.now();
        let answer = self.ready.ask(&Placeholders::default(), clock, deadline).await?;
        let code = i64::from(answer.status.as_u16());
        let head = headline(&answer);
        let health = match (&self.degraded, self.expect.judge(code, &answer.body)) {
            (Some(rule), _) if rule.judge(code, &answer.body).is_ok() => {
                Health::Degraded(format!("{head}, and it calls itself degraded").into())
            }
            (_, Ok(())) => Health::Up,
            (_, Err(_)) if refuses_us(answer.status) => {
                let message = format!("{head}: our credentials are not accepted here");
                return Err(LookError::new(LookErrorKind::Permission, message));
            }
            (_, Err(why)) => Health::Down(format!("{head}, {why}").into()),
        };
        Ok(reading(at, &answer, health))
    }
}

/// True for the statuses that speak of our rights and not of the peer's health.
pub fn refuses_us(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::UNAUTHORIZED
            | StatusCode::FORBIDDEN
            | StatusCode::PROXY_AUTHENTICATION_REQUIRED
    )
}

/// `503 Service Unavailable in 12 ms`.
pub fn headline(answer: &Answer) -> String {
    let reason = answer.status.canonical_reason().map(|text| format!(" {text}"));
    let elsewhere = if answer.points_elsewhere {
        " (it points to another host or too often, which is not followed)"
    } else {
        ""
    };
    let (code, took) = (answer.status.as_u16(), spoken_time(answer.took));
    format!("{code}{} in {took}{elsewhere}", reason.unwrap_or_default())
}

fn reading(at: Stamp, answer: &Answer, health: Health) -> Reading {
    let note = format!("{} in {}", answer.status.as_u16(), spoken_time(answer.took));
    let mut reading = Reading::new(at, health, note);
    reading.took_ms = u64::try_from(answer.took.as_millis()).ok();
    let mut fact = |name: &str, value| reading.facts.push(Fact { name: name.to_owned(), value });
    fact("status", FactValue::Number(f64::from(answer.status.as_u16())));
    fact("took", FactValue::Seconds(answer.took.as_secs_f64()));
    // At most 1 MiB, so it always fits.
    fact("size", FactValue::Number(f64::from(u32::try_from(answer.bytes).unwrap_or(u32::MAX))));
    if let Some(end_s) = answer.certificate_ends_s {
        let left = certificate::left(end_s, at.wall_ms.div_euclid(1000));
        fact("tls_expires_in", FactValue::Seconds(left.as_secs_f64()));
    }
    reading
}
