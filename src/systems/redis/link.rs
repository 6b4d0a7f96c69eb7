//! Connections to Redis: how one is opened, logged in, bounded in time and given up.

use std::net::SocketAddr;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, RedisConnectionInfo, Value};
use secrecy::ExposeSecret;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use super::settings::Redis;
use super::trouble::{Question, of_connecting, of_driver};
use super::wire::over;
use crate::systems::kit::metered::Allowance;
use crate::systems::kit::server::Target;
use crate::systems::kit::trouble::{Trouble, TroubleKind};

/// Opens a session at one address and logs in.
pub(super) async fn connect(
    target: &Target<Redis>,
    peer: Option<SocketAddr>,
    limit: Duration,
) -> Result<Session, Trouble> {
    let place = &target.place;
    let Some(peer) = peer else {
        let message = format!("{place} is no address: sockets of files are not spoken to");
        return Err(Trouble::unsent(TroubleKind::Ours, message));
    };
    let allowance = Allowance::default();
    let failed = |error| of_connecting(&error, place);
    let stream = TcpStream::connect(peer).await.map_err(failed)?;
    let wire = tokio::time::timeout(limit * 9 / 10, over(stream, target, &allowance));
    let wire = wire.await.unwrap_or_else(|_| {
        // A server without TLS waits for the end of a line that never comes.
        let words = "when TLS was begun; if it does not speak TLS, set `tls = false`";
        let trouble = Trouble::timeout(place, limit);
        Err(Trouble::new(trouble.kind, format!("{trouble} {words}")))
    })?;
    // Nothing is said by the driver itself: neither a name nor a password nor a database, so that
    // whatever the server answers to these is an answer to a question of ours.
    let info = RedisConnectionInfo::default().set_skip_set_lib_name();
    let config = AsyncConnectionConfig::new().set_response_timeout(None);
    let opened = MultiplexedConnection::new_with_config(&info, wire, config).await;
    let (connection, driver) = opened
        .map_err(|error| of_driver(&error, &Question { place, user: &target.user, words: &[] }))?;
    let session = Session {
        connection,
        driver: tokio::spawn(driver),
        allowance,
        place: place.clone(),
        user: target.user.clone(),
    };
    log_in(target, &session).await.map_err(|trouble| explain(target, trouble))?;
    Ok(session)
}

async fn log_in(target: &Target<Redis>, session: &Session) -> Result<(), Trouble> {
    if let Some(password) = &target.secret {
        let password = password.expose_secret();
        if target.user_is_named {
            session.ask(&["AUTH", &target.user, password]).await?;
        } else {
            session.ask(&["AUTH", password]).await?;
        }
    }
    if target.own.database != 0 {
        session.ask(&["SELECT", &target.own.database.to_string()]).await?;
    }
    Ok(())
}

/// A server that speaks TLS only closes a connection that begins with anything else; one that wants
/// a certificate of ours says so after the handshake, and closes it too.
fn explain(target: &Target<Redis>, trouble: Trouble) -> Trouble {
    if trouble.kind != TroubleKind::Cut {
        return trouble;
    }
    let advice = if target.own.tls {
        "it may want a certificate of ours: set `tls-auth-clients optional` there"
    } else {
        "if it speaks TLS, set `tls = true`"
    };
    let message = format!("{} closed the connection at the first word; {advice}", target.place);
    Trouble::new(TroubleKind::Unreachable, message)
}

/// Keys asked for at the same time.
const AT_ONCE: usize = 50;

/// An open connection. Dropping it closes it.
pub struct Session {
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
    /// What the server is called in sentences.
    pub(super) fn place(&self) -> &str {
        &self.place
    }

    /// The answer to a command. Only as long as the caller waits: it has no deadline of its own.
    pub(super) async fn ask(&self, words: &[&str]) -> Result<Value, Trouble> {
        let (name, arguments) = words.split_first().unwrap_or((&"PING", &[]));
        self.renew(name);
        let mut command = redis::cmd(name);
        for argument in arguments {
            command.arg(*argument);
        }
        let answer = command.query_async(&mut self.connection.clone()).await;
        answer.map_err(|error| of_driver(&error, &self.asked(words)))
    }

    /// Allows the answer to one more command.
    fn renew(&self, command: &str) {
        if matches!(command, "AUTH" | "SELECT") {
            self.allowance.renew_for_login();
        } else {
            self.allowance.renew();
        }
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

    /// The whole number that a command answers for each key, many asked at once.
    pub(super) async fn numbers(&self, name: &str, keys: &[String]) -> Result<Vec<i64>, Trouble> {
        let mut all = Vec::new();
        for some in keys.chunks(AT_ONCE) {
            let words = [name, &some[0]];
            // One is asked alone as well: a refusal of many tells no words.
            self.ask(&words).await?;
            self.renew(name);
            let mut pipeline = redis::pipe();
            for key in some {
                pipeline.cmd(name).arg(key);
            }
            let answers = pipeline.query_async(&mut self.connection.clone()).await;
            let told: Vec<i64> = answers.map_err(|error| of_driver(&error, &self.asked(&words)))?;
            if told.len() != some.len() {
                let message = format!("{} answered not all that was asked", self.place);
                return Err(Trouble::new(TroubleKind::Garbage, message));
            }
            all.extend(told);
        }
        Ok(all)
    }

    fn asked<'a>(&'a self, words: &'a [&'a str]) -> Question<'a> {
        Question { place: &self.place, user: &self.user, words }
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
