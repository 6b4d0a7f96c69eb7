//! One look at one server: all queries beside each other, judged together.

use std::time::Duration;

use super::judge::{Told, judge};
use super::query::{Sample, ask};
use super::settings::Wanted;
use crate::domain::reading::{Look, LookError};
use crate::domain::settings::Fault;
use crate::port::{Clock, Credential, Secrets};
use crate::systems::kit::each::Looked;
use crate::systems::kit::tls::Trust;
use crate::systems::kit::trouble::Trouble;
use crate::systems::kit::web::{As, Web};

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

    async fn some(&self, query: Option<&String>) -> Result<Option<Sample>, Trouble> {
        match query {
            Some(query) => ask(&self.web, query).await.map(Some),
            None => Ok(None),
        }
    }

    async fn told(&self, clock: &dyn Clock) -> Result<Told, Trouble> {
        let (began, wanted) = (clock.now(), &self.wanted);
        // A sample's own time: that of the answer is the time of the query.
        let age = format!("time() - max(timestamp({}))", wanted.series);
        let (age, traffic, error_rate, latency, lag) = tokio::try_join!(
            ask(&self.web, &age),
            self.some(wanted.traffic.as_ref()),
            self.some(wanted.error_rate.as_ref()),
            self.some(wanted.latency.as_ref()),
            self.some(wanted.lag.as_ref()),
        )?;
        let took = clock.now().since(began);
        Ok(Told { age, traffic, error_rate, latency, lag, took })
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
