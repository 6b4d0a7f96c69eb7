//! Connections to Postgres: how one is set up, verified and given up.

use std::net::SocketAddr;
use std::time::Duration;

use secrecy::ExposeSecret;
use tokio::task::JoinHandle;
use tokio_postgres::config::SslMode;
use tokio_postgres::{Client, Config, NoTls, Row};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::settings::Postgres;
use super::settings::TlsMode;
use super::trouble::of_driver;
use crate::systems::kit::server::Target;
use crate::systems::kit::trouble::{Trouble, TroubleKind};

/// How warroom calls itself in `pg_stat_activity`.
const APPLICATION_NAME: &str = "warroom";

/// Opens a session at one address.
pub(super) async fn connect(
    target: &Target<Postgres>,
    peer: Option<SocketAddr>,
    limit: Duration,
) -> Result<Session, Trouble> {
    let statement_ms = target.answers_in.unwrap_or(limit).as_millis();
    let mut config = Config::new();
    // Only the catalogue is searched, so that no table of a user can shadow a function.
    config
        .host(&target.endpoint.host)
        .port(target.endpoint.port)
        .dbname(&target.own.database)
        .user(&target.user)
        .application_name(APPLICATION_NAME)
        .connect_timeout(limit)
        .options(format!(
            "-c statement_timeout={statement_ms} -c lock_timeout={statement_ms} \
             -c search_path=pg_catalog"
        ))
        .ssl_mode(match target.own.tls {
            TlsMode::Disable => SslMode::Disable,
            TlsMode::Prefer => SslMode::Prefer,
            TlsMode::Require => SslMode::Require,
        });
    if let Some(secret) = &target.secret {
        config.password(secret.expose_secret());
    }
    if let Some(peer) = peer {
        config.hostaddr(peer.ip());
    }
    let (place, user) = (target.place.clone(), target.user.clone());
    let trouble = |error| of_driver(&error, &place, &user, false);
    let (client, driver) = if let Some(trust) = &target.trust {
        let tls = trust.config().await.map_err(|why| Trouble::unsent(TroubleKind::Ours, why))?;
        let tls = MakeRustlsConnect::new((*tls).clone());
        let (client, driver) = config.connect(tls).await.map_err(trouble)?;
        (client, tokio::spawn(async move { drop(driver.await) }))
    } else {
        let (client, driver) = config.connect(NoTls).await.map_err(trouble)?;
        (client, tokio::spawn(async move { drop(driver.await) }))
    };
    Ok(Session { client, driver, place, user })
}

/// An open connection. Dropping it closes it.
pub struct Session {
    client: Client,
    driver: JoinHandle<()>,
    place: String,
    user: String,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Session {
    /// True when the server has closed it.
    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// The rows of a query without parameters, in one round trip.
    pub(super) async fn rows(&self, sql: &str) -> Result<Vec<Row>, Trouble> {
        self.client.query_typed(sql, &[]).await.map_err(|error| self.trouble(&error))
    }

    /// The only row of a query.
    pub(super) async fn row(&self, sql: &str) -> Result<Row, Trouble> {
        let mut rows = self.rows(sql).await?;
        match (rows.pop(), rows.is_empty()) {
            (Some(row), true) => Ok(row),
            _ => Err(Trouble::new(
                TroubleKind::Garbage,
                format!("{} answered another number of rows than asked for", self.place),
            )),
        }
    }

    /// Runs statements that return nothing.
    pub(super) async fn run(&self, sql: &str) -> Result<(), Trouble> {
        self.client.batch_execute(sql).await.map_err(|error| self.trouble(&error))
    }

    /// The driver's client, for statements with parameters.
    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// What an error on this session means.
    pub(super) fn trouble(&self, error: &tokio_postgres::Error) -> Trouble {
        of_driver(error, &self.place, &self.user, true)
    }
}

/// A column of a row.
pub(super) fn column<'a, T>(row: &'a Row, name: &str) -> Result<T, Trouble>
where
    T: tokio_postgres::types::FromSql<'a>,
{
    row.try_get(name).map_err(|error| {
        Trouble::new(TroubleKind::Garbage, format!("column `{name}` cannot be read: {error}"))
    })
}
