//! One look at one server: all queries beside each other, judged together.

use std::time::Duration;

use super::judge::{Told, judge};
use super::query::{Answered, Sample, ask, marked};
use super::settings::Wanted;
use crate::domain::reading::{Look, LookError};
use crate::domain::settings::Fault;
use crate::port::{Clock, Credential, Secrets};
use crate::systems::kit::each::Looked;
use crate::systems::kit::tls::Trust;
use crate::systems::kit::trouble::{Trouble, TroubleKind};
use crate::systems::kit::web::{As, Web};

/// How far apart the moments of a look's answers may be: several servers may share the work, each
/// with its clock.
const APART_MOST_S: f64 = 5.0;

/// A server that can be asked.
#[derive(Debug, Clone)]
pub struct Ready {
    wanted: Wanted,
    web: Web,
}

impl Wanted {
    /// Opens its secret and reads the authorities of `ca`. Opens no connection.
    ///
    /// # Errors
    /// When one cannot be had.
    pub fn ready(self, secrets: &dyn Secrets) -> Result<Ready, Fault> {
        let fault = |why: String| Fault::new(self.span, why);
        let trust = Trust::of(self.ca.as_deref()).map_err(fault)?;
        let credential = match &self.read {
            Some(name) => secrets.open(name).map_err(|why| fault(why.to_string()))?,
            None => Credential::default(),
        };
        let asks = As::of(credential.user.as_deref(), credential.secret.as_ref());
        let asks = asks.map_err(|trouble| fault(trouble.message.to_string()))?;
        Ok(Ready { web: Web::new(self.url.clone(), trust, asks), wanted: self })
    }
}

impl Ready {
    /// What it is called in sentences.
    pub fn place(&self) -> String {
        self.web.place()
    }

    async fn some(&self, query: Option<&String>) -> Result<Option<Answered>, Trouble> {
        match query {
            Some(query) => ask(&self.web, query).await.map(Some),
            None => Ok(None),
        }
    }

    async fn told(&self, clock: &dyn Clock) -> Result<Told, Trouble> {
        let (began, wanted) = (clock.now(), &self.wanted);
        // A sample's own time: that of the answer is the time of the query.
        let mark = format!("{}-{}", began.wall_ms, began.boot_ms);
        let age = marked(&format!("time() - max(timestamp({}))", wanted.series), &mark);
        let lag_age = wanted.lag.as_ref().map(|lag| format!("time() - min(timestamp({lag}))"));
        let (age, traffic, error_rate, latency, lag, lag_age) = tokio::try_join!(
            ask(&self.web, &age),
            self.some(wanted.traffic.as_ref()),
            self.some(wanted.error_rate.as_ref()),
            self.some(wanted.latency.as_ref()),
            self.some(wanted.lag.as_ref()),
            self.some(lag_age.as_ref()),
        )?;
        if matches!(age.sample, Sample::Value(_)) && age.mark.as_ref() != Some(&mark) {
            return Err(self.repeated("`series`"));
        }
        let of_now = |name: &str, answered: Option<Answered>| {
            let Some(answered) = answered else { return Ok(None) };
            match answered.at_s.zip(age.at_s) {
                Some((at_s, now_s)) if (at_s - now_s).abs() > APART_MOST_S => {
                    Err(self.repeated(name))
                }
                Some(_) | None => Ok(Some(answered.sample)),
            }
        };
        Ok(Told {
            traffic: of_now("`traffic`", traffic)?,
            error_rate: of_now("`error_rate`", error_rate)?,
            latency: of_now("`latency`", latency)?,
            lag: of_now("`lag`", lag)?,
            lag_age: of_now("the age of `lag`", lag_age)?,
            took: clock.now().since(began),
            age: age.sample,
        })
    }

    fn repeated(&self, what: &str) -> Trouble {
        let message = format!(
            "{} repeats an old answer for {what}: something before it keeps answers; ask \
             Prometheus itself",
            self.place()
        );
        Trouble::new(TroubleKind::Garbage, message)
    }
}

impl Looked for Ready {
    async fn look(&self, clock: &dyn Clock, limit: Duration) -> Look {
        let at = clock.now();
        let told = tokio::time::timeout(limit, self.told(clock)).await;
        let told = told.unwrap_or_else(|_| Err(Trouble::timeout(&self.place(), limit)));
        told.map(|told| judge(&self.wanted, &told, at)).map_err(LookError::from)
    }
}
