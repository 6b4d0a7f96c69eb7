//! Connections to Postgres: how one is set up, verified, bounded in time and given up.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use secrecy::ExposeSecret;
use tokio::task::JoinHandle;
use tokio_postgres::config::SslMode;
use tokio_postgres::{Client, Config, NoTls, Row};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::settings::{Settings, SideSettings, TlsMode};
use super::state::read_identity;
use super::trouble::{Trouble, TroubleKind};
use crate::domain::reading::Identity;
use crate::domain::settings::Fault;
use crate::port::{Credential, Secrets};
use crate::systems::shared::identity::another;
use crate::systems::shared::name;
use crate::systems::shared::roots::Trust;

/// How warroom calls itself in `pg_stat_activity`.
const APPLICATION_NAME: &str = "warroom";

/// Everything needed to connect to one side as one user.
#[derive(Clone)]
pub(super) struct Target {
    config: Config,
    tls: Option<Trust>,
    /// A name, an address or a folder.
    host: String,
    port: u16,
    /// The only server that may answer; any where none is told.
    meant: Option<Identity>,
    /// `pg-a:5432/lms`.
    pub(super) place: String,
    /// The user that connects.
    pub(super) user: String,
}

impl Target {
    /// The target of one side, as the user of `secret`, or as the side's `user` without one.
    pub(super) fn new(
        settings: &Settings,
        side: &SideSettings,
        secret: Option<&str>,
        secrets: &dyn Secrets,
    ) -> Result<Self, Fault> {
        let credential = match secret {
            Some(name) => secrets.open(name).map_err(|why| Fault::new(side.span, why.as_str()))?,
            None => Credential::default(),
        };
        let user = side.user.clone().or(credential.user).ok_or_else(|| {
            let message = format!("neither {} nor its secret names a user", side.place());
            Fault::new(side.span, message)
        })?;
        let mut config = Config::new();
        config
            .host(&side.host)
            .port(side.port)
            .dbname(&side.database)
            .user(&user)
            .application_name(APPLICATION_NAME)
            .ssl_mode(match side.tls {
                TlsMode::Disable => SslMode::Disable,
                TlsMode::Prefer => SslMode::Prefer,
                TlsMode::Require => SslMode::Require,
            });
        if let Some(secret) = &credential.secret {
            config.password(secret.expose_secret());
        }
        let tls = match side.tls {
            TlsMode::Disable => None,
            TlsMode::Prefer | TlsMode::Require => {
                let trust = Trust::of(settings.ca.as_deref());
                Some(trust.map_err(|why| Fault::new(side.span, why))?)
            }
        };
        let (host, port) = (side.host.clone(), side.port);
        Ok(Self { config, tls, host, port, meant: None, place: side.place(), user })
    }

    /// The same place, where only this server may answer.
    pub(super) fn meant_for(self, meant: Option<Identity>) -> Self {
        Self { meant, ..self }
    }

    /// Opens a session whose statements the server stops after `statement_limit`. Where a server is
    /// meant, another one that answers is asked for nothing but its identity.
    pub(super) async fn connect(
        &self,
        limit: Duration,
        statement_limit: Duration,
    ) -> Result<Session, Trouble> {
        let opening = async {
            // The driver's future is big, and every operator would carry it.
            let session = Box::pin(self.open(limit, statement_limit)).await?;
            if self.meant.is_some() {
                let met = read_identity(&session).await?;
                if let Some(why) = another(&self.place, self.meant.as_ref(), &met) {
                    let why = format!("{why}; nothing was done there");
                    return Err(Trouble::new(TroubleKind::OtherServer, why));
                }
            }
            Ok(session)
        };
        tokio::time::timeout(limit, opening)
            .await
            .unwrap_or_else(|_| Err(Trouble::timeout(&self.place, limit.as_millis())))
    }

    /// Tries the addresses of the name one after the other, so that the one that answered is known.
    async fn open(&self, limit: Duration, statement_limit: Duration) -> Result<Session, Trouble> {
        let mut config = self.config.clone();
        // Only the catalogue is searched, so that no table of a user can shadow a function.
        config.connect_timeout(limit).options(format!(
            "-c statement_timeout={} -c lock_timeout={} -c search_path=pg_catalog",
            statement_limit.as_millis(),
            statement_limit.as_millis()
        ));
        if self.host.starts_with('/') {
            return self.open_at(&config, None).await;
        }
        let unreachable = |why| {
            let message = format!("{} cannot be reached: {why}", self.place);
            Trouble::new(TroubleKind::Unreachable, message)
        };
        let mut last = unreachable("its name leads nowhere".into());
        for address in name::addresses(&self.host, limit).await.map_err(unreachable)? {
            let mut config = config.clone();
            config.hostaddr(address);
            match self.open_at(&config, Some(address)).await {
                Err(trouble) if trouble.kind == TroubleKind::Unreachable => last = trouble,
                opened => return opened,
            }
        }
        Err(last)
    }

    async fn open_at(&self, config: &Config, address: Option<IpAddr>) -> Result<Session, Trouble> {
        let trouble = |error| Trouble::of(&error, &self.place, &self.user, false);
        let (client, driver) = if let Some(trust) = &self.tls {
            let tls = trust.client(&[]).await;
            let tls = tls.map_err(|why| Trouble::new(TroubleKind::Ours, why))?;
            let tls = MakeRustlsConnect::new(tls);
            let (client, driver) = config.connect(tls).await.map_err(trouble)?;
            (client, tokio::spawn(async move { drop(driver.await) }))
        } else {
            let (client, driver) = config.connect(NoTls).await.map_err(trouble)?;
            (client, tokio::spawn(async move { drop(driver.await) }))
        };
        let peer = address.map(|address| SocketAddr::new(address, self.port));
        let (place, user) = (self.place.clone(), self.user.clone());
        Ok(Session { client, driver, peer, place, user })
    }

    /// Whether the name still leads to where a kept session goes.
    pub(super) async fn leads_to(&self, session: &Session, limit: Duration) -> name::Leads {
        match session.peer {
            Some(peer) => name::leads(&self.host, peer, limit).await,
            None => name::Leads::Here,
        }
    }
}

/// An open connection. Dropping it closes it.
pub(super) struct Session {
    client: Client,
    driver: JoinHandle<()>,
    /// The address that it goes to; none over a local socket.
    peer: Option<SocketAddr>,
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
        Trouble::of(error, &self.place, &self.user, true)
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
