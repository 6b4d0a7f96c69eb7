//! Connections to Postgres: how one is set up, verified and given up.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use secrecy::ExposeSecret;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_postgres::config::SslMode;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{Client, Config, NoTls, Row};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::settings::Postgres;
use super::settings::TlsMode;
use super::trouble::of_driver;
use crate::systems::kit::metered::{Allowance, Metered};
use crate::systems::kit::server::Target;
use crate::systems::kit::trouble::{Trouble, TroubleKind, known_cause};

/// How warroom calls itself in `pg_stat_activity`.
const APPLICATION_NAME: &str = "warroom";

type Stream = Metered<TcpStream>;

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
    let (place, user) = (target.place.clone(), target.user.clone());
    let trouble = |error| of_driver(&error, &place, &user, false);
    let ours = |why: String| Trouble::unsent(TroubleKind::Ours, why);
    let failed = |error: io::Error| {
        known_cause(&place, &error)
            .unwrap_or_else(|| Trouble::unsent(TroubleKind::Unreachable, error.to_string()))
    };
    let Some(peer) = peer else {
        // A socket of this machine.
        let (client, driver) = config.connect(NoTls).await.map_err(trouble)?;
        let driver = tokio::spawn(async move { drop(driver.await) });
        return Ok(Session { client, driver, allowance: Allowance::default(), place, user });
    };
    let stream = TcpStream::connect(peer).await.map_err(failed)?;
    stream.set_nodelay(true).map_err(failed)?;
    let allowance = Allowance::default();
    // Certificates come with the login.
    allowance.renew();
    let stream = Metered { stream, allowance: allowance.clone() };
    let (client, driver) = if let Some(trust) = &target.trust {
        let mut tls = MakeRustlsConnect::new((*trust.config().await.map_err(ours)?).clone());
        let tls = MakeTlsConnect::<Stream>::make_tls_connect(&mut tls, &target.endpoint.host);
        let tls = tls.map_err(|error| ours(error.to_string()))?;
        let (client, driver) = config.connect_raw(stream, tls).await.map_err(trouble)?;
        (client, tokio::spawn(async move { drop(driver.await) }))
    } else {
        let (client, driver) = config.connect_raw(stream, NoTls).await.map_err(trouble)?;
        (client, tokio::spawn(async move { drop(driver.await) }))
    };
    Ok(Session { client, driver, allowance, place, user })
}

/// An open connection. Dropping it closes it.
pub struct Session {
    client: Client,
    driver: JoinHandle<()>,
    allowance: Allowance,
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
        self.client().query_typed(sql, &[]).await.map_err(|error| self.trouble(&error))
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
        self.client().batch_execute(sql).await.map_err(|error| self.trouble(&error))
    }

    /// The driver's client, for one statement: so much may be answered to it.
    pub(super) fn client(&self) -> &Client {
        self.allowance.renew();
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
