//! Connections to Redis: how one is opened, logged in, bounded in time and given up.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, RedisConnectionInfo, Value};
use secrecy::{ExposeSecret, SecretString};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use super::settings::SideSettings;
use super::trouble::{Question, Trouble, TroubleKind};
use super::wire::{Allowance, Tls, Wire};
use crate::domain::settings::Fault;
use crate::port::{Credential, Secrets};

/// Everything needed to connect to one side as one user.
#[derive(Clone)]
pub(super) struct Target {
    host: String,
    port: u16,
    database: i64,
    tls: Option<Tls>,
    password: Option<SecretString>,
    /// `redis-a:6379`.
    pub(super) place: String,
    /// The user that logs in; `default` where none is named, as the server calls it.
    pub(super) user: String,
    named: bool,
}

impl Target {
    /// The target of one side, as the user of `secret`.
    pub(super) fn new(
        side: &SideSettings,
        secret: Option<&str>,
        secrets: &dyn Secrets,
    ) -> Result<Self, Fault> {
        let credential = match secret {
            Some(name) => secrets.open(name).map_err(|why| Fault::new(side.span, why.as_str()))?,
            None => Credential::default(),
        };
        Ok(Self {
            host: side.host.clone(),
            port: side.port,
            database: side.database,
            tls: if side.tls { Some(Tls::new(side)?) } else { None },
            password: credential.secret,
            place: side.place(),
            named: credential.user.is_some(),
            user: credential.user.unwrap_or_else(|| "default".to_owned()),
        })
    }

    /// Opens a session within `limit`.
    pub(super) async fn connect(&self, limit: Duration) -> Result<Session, Trouble> {
        let shaking_hands = AtomicBool::new(false);
        tokio::time::timeout(limit, self.open(&shaking_hands)).await.unwrap_or_else(|_| {
            let trouble = Trouble::timeout(&self.place, limit.as_millis());
            if shaking_hands.load(Ordering::Relaxed) {
                // A server without TLS waits for the end of a line that never comes.
                let words = "when TLS was begun; if it does not speak TLS, set `tls = false`";
                return Err(Trouble::new(trouble.kind, format!("{trouble} {words}")));
            }
            Err(trouble)
        })
    }

    async fn open(&self, shaking_hands: &AtomicBool) -> Result<Session, Trouble> {
        let tls = match &self.tls {
            Some(tls) => {
                Some(tls.ready().await.map_err(|why| Trouble::new(TroubleKind::Ours, why))?)
            }
            None => None,
        };
        let allowance = Allowance::default();
        let failed = |error| Trouble::of_connecting(&error, &self.place);
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await.map_err(failed)?;
        shaking_hands.store(tls.is_some(), Ordering::Relaxed);
        let wire = Wire::over(stream, tls, allowance.clone()).await.map_err(failed)?;
        shaking_hands.store(false, Ordering::Relaxed);
        // Nothing is said by the driver itself: neither a name nor a password nor a database, so
        // that whatever the server answers to these is an answer to a question of ours.
        let info = RedisConnectionInfo::default().set_skip_set_lib_name();
        let config = AsyncConnectionConfig::new().set_response_timeout(None);
        let opened = MultiplexedConnection::new_with_config(&info, wire, config).await;
        let (connection, driver) = opened.map_err(|error| {
            Trouble::of(&error, &Question { place: &self.place, user: &self.user, words: &[] })
        })?;
        let session = Session {
            connection,
            driver: tokio::spawn(driver),
            allowance,
            place: self.place.clone(),
            user: self.user.clone(),
        };
        self.log_in(&session).await.map_err(|trouble| self.explain(trouble))?;
        Ok(session)
    }

    async fn log_in(&self, session: &Session) -> Result<(), Trouble> {
        if let Some(password) = &self.password {
            let password = password.expose_secret();
            if self.named {
                session.ask(&["AUTH", &self.user, password]).await?;
            } else {
                session.ask(&["AUTH", password]).await?;
            }
        }
        if self.database != 0 {
            session.ask(&["SELECT", &self.database.to_string()]).await?;
        }
        Ok(())
    }

    /// A server that speaks TLS only closes a connection that begins with anything else; one that
    /// wants a certificate of ours says so after the handshake, and closes it too.
    fn explain(&self, trouble: Trouble) -> Trouble {
        if trouble.kind != TroubleKind::Cut {
            return trouble;
        }
        let advice = match self.tls {
            None => "if it speaks TLS, set `tls = true`",
            Some(_) => "it may want a certificate of ours: set `tls-auth-clients optional` there",
        };
        let message = format!("{} closed the connection at the first word; {advice}", self.place);
        Trouble::new(TroubleKind::Unreachable, message)
    }
}

/// An open connection. Dropping it closes it.
pub(super) struct Session {
    connection: MultiplexedConnection,
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
    /// The answer to a command. Only as long as the caller waits: it has no deadline of its own.
    pub(super) async fn ask(&self, words: &[&str]) -> Result<Value, Trouble> {
        let (name, arguments) = words.split_first().unwrap_or((&"PING", &[]));
        self.allowance.renew(name);
        let mut command = redis::cmd(name);
        for argument in arguments {
            command.arg(*argument);
        }
        let asked = Question { place: &self.place, user: &self.user, words };
        command
            .query_async::<Value>(&mut self.connection.clone())
            .await
            .map_err(|error| Trouble::of(&error, &asked))
    }

    /// The text that a command answers; none where there is no such key.
    pub(super) async fn text(&self, words: &[&str]) -> Result<Option<String>, Trouble> {
        match self.ask(words).await? {
            Value::Nil => Ok(None),
            Value::Okay => Ok(Some("OK".to_owned())),
            Value::BulkString(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
            Value::SimpleString(text) => Ok(Some(text)),
            other => Err(self.garbage(words, &other)),
        }
    }

    /// The whole numbers that commands answer, sent all at once.
    pub(super) async fn numbers(&self, questions: &[[&str; 2]]) -> Result<Vec<i64>, Trouble> {
        let Some(first) = questions.first() else { return Ok(Vec::new()) };
        // One of each command is asked alone as well: a refusal of many tells no words.
        for words in questions.iter().take(2) {
            self.ask(words).await?;
        }
        self.allowance.renew(first[0]);
        let mut pipeline = redis::pipe();
        for words in questions {
            pipeline.cmd(words[0]).arg(words[1]);
        }
        let asked = Question { place: &self.place, user: &self.user, words: first };
        let answers: Vec<i64> = pipeline
            .query_async(&mut self.connection.clone())
            .await
            .map_err(|error| Trouble::of(&error, &asked))?;
        if answers.len() == questions.len() {
            Ok(answers)
        } else {
            let message = format!("{} answered not all that was asked", self.place);
            Err(Trouble::new(TroubleKind::Garbage, message))
        }
    }

    /// That an answer is of another kind than the command has.
    pub(super) fn garbage(&self, words: &[&str], found: &Value) -> Trouble {
        let kind = match found {
            Value::Nil => "nothing",
            Value::Int(_) => "a number",
            Value::BulkString(_) | Value::SimpleString(_) | Value::Okay => "a text",
            Value::Array(_) => "a list",
            _ => "something else",
        };
        let command = words.first().copied().unwrap_or_default();
        let message = format!("{} answered {kind} to {command}: is it Redis?", self.place);
        Trouble::new(TroubleKind::Garbage, message)
    }
}
