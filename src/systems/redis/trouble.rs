//! What went wrong at a Redis server, in plain sentences, for watchers and operators.

use std::io;

use redis::{ErrorKind, RedisError};

use super::wire::TOO_LONG;
use crate::domain::reading::{LookError, LookErrorKind};
use crate::domain::text::Clean;
use crate::port::OperateError;
use crate::systems::shared::failure::{innermost, known_cause};

/// The kinds of failure that are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TroubleKind {
    /// No connection.
    Unreachable,
    /// The server answers that it is not ready to work: nothing was done.
    NotReady,
    /// The connection went away after something was sent.
    Cut,
    /// No answer in time.
    Timeout,
    /// The credentials or the rights do not suffice.
    Permission,
    /// The server is a replica and refuses writes.
    ReadOnly,
    /// What we were told does not fit the server: TLS, its certificate, the database.
    Ours,
    /// The server answered with another error: nothing was done.
    Refused,
    /// The answer is not what was asked for.
    Garbage,
    /// Another server than the one that is meant has its name.
    OtherServer,
}

/// A failure with its sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(super) struct Trouble {
    /// What kind.
    pub(super) kind: TroubleKind,
    /// One sentence.
    pub(super) message: Clean,
}

/// What was asked, of whom, by whom. The words after a command's name are never told: they may be
/// a password.
pub(super) struct Question<'a> {
    /// `redis-a:6379`.
    pub(super) place: &'a str,
    /// The user.
    pub(super) user: &'a str,
    /// The command.
    pub(super) words: &'a [&'a str],
}

impl Question<'_> {
    fn command(&self) -> &str {
        self.words.first().copied().unwrap_or("connecting")
    }

    /// The ACL rule that allows the command.
    fn rule(&self) -> String {
        let name = self.command().to_ascii_lowercase();
        match (name.as_str(), self.words.get(1)) {
            ("config", Some(what)) => format!("+config|{}", what.to_ascii_lowercase()),
            _ => format!("+{name}"),
        }
    }
}

impl Trouble {
    /// A failure.
    pub(super) fn new(kind: TroubleKind, message: impl Into<Clean>) -> Self {
        Self { kind, message: message.into() }
    }

    /// No answer from `place` within `limit_ms`.
    pub(super) fn timeout(place: &str, limit_ms: u128) -> Self {
        Self::new(TroubleKind::Timeout, format!("{place} did not answer within {limit_ms} ms"))
    }

    /// What an error means that came while a connection was opened: nothing was asked yet.
    pub(super) fn of_connecting(error: &io::Error, place: &str) -> Self {
        let not_tls = error
            .get_ref()
            .and_then(|inner| inner.downcast_ref())
            .is_some_and(|error| matches!(error, rustls::Error::InvalidMessage(_)));
        let ended = error.kind() == io::ErrorKind::UnexpectedEof;
        if not_tls || ended {
            let message = format!(
                "{place} does not answer in TLS; if it does not speak TLS, set `tls = false`"
            );
            return Self::new(TroubleKind::Ours, message);
        }
        match known_cause(place, error) {
            Some(failure) => {
                let kind = match failure.kind {
                    LookErrorKind::Unreachable => TroubleKind::Unreachable,
                    LookErrorKind::Timeout => TroubleKind::Timeout,
                    LookErrorKind::Garbage => TroubleKind::Garbage,
                    LookErrorKind::Permission => TroubleKind::Permission,
                    LookErrorKind::Ours => TroubleKind::Ours,
                };
                Self::new(kind, failure.sentence)
            }
            None => Self::new(TroubleKind::Unreachable, format!("{place}: {error}")),
        }
    }

    /// What an error of the driver means.
    pub(super) fn of(error: &RedisError, asked: &Question<'_>) -> Self {
        let place = asked.place;
        if let Some(code) = error.code() {
            return Self::of_code(code, error.detail().unwrap_or_default(), asked);
        }
        let detail = innermost(error);
        let all = format!("{error} {detail}");
        if all.contains(TOO_LONG) {
            return Self::new(TroubleKind::Garbage, format!("{place}: {TOO_LONG}"));
        }
        match error.kind() {
            ErrorKind::Io => Self::new(TroubleKind::Cut, format!("{place} closed the connection")),
            _ => Self::new(
                TroubleKind::Garbage,
                format!("{place} answered {} with what is not Redis", asked.command()),
            ),
        }
    }

    /// What an error reply means: its first word, and the rest.
    fn of_code(code: &str, said: &str, asked: &Question<'_>) -> Self {
        let Question { place, user, .. } = asked;
        let command = asked.command();
        let (kind, message) = match code {
            "NOPERM" => (TroubleKind::Permission, missing_right(said, asked)),
            "WRONGPASS" => (
                TroubleKind::Permission,
                format!("{place} refused user {user}: wrong name or password; check the secret"),
            ),
            "NOAUTH" => (
                TroubleKind::Permission,
                format!("{place} wants a password; name a secret with `read` or `act`"),
            ),
            "DENIED" => (
                TroubleKind::Permission,
                format!("{place} is in protected mode: it answers only its own machine"),
            ),
            "LOADING" => (
                TroubleKind::NotReady,
                format!("{place} is loading its data set and answers nothing yet"),
            ),
            "MASTERDOWN" => (
                TroubleKind::Refused,
                format!("{place} has lost its primary and serves no stale data"),
            ),
            "READONLY" => (
                TroubleKind::ReadOnly,
                format!("{place} is a replica: it refuses writes ({command})"),
            ),
            "MISCONF" => (
                TroubleKind::Refused,
                format!("{place} refuses writes because it cannot save to disk"),
            ),
            "NOREPLICAS" => (
                TroubleKind::Refused,
                format!("{place} refuses writes: fewer replicas than min-replicas-to-write"),
            ),
            "OOM" => (
                TroubleKind::Refused,
                format!("{place} refuses writes: its memory is used up (maxmemory)"),
            ),
            "ERR" if said.starts_with("max number of clients") => {
                (TroubleKind::NotReady, format!("{place} has no connection left: {said}"))
            }
            "ERR" if said.starts_with("unknown command") => (
                TroubleKind::Refused,
                format!("{place} does not know {command}: too old, or blocked by its provider"),
            ),
            _ if command == "AUTH" => (
                TroubleKind::Permission,
                format!("{place} refused user {user}: {}", without_secrets(said)),
            ),
            "ERR" if command == "SELECT" => {
                (TroubleKind::Ours, format!("{place}: {said}; correct `database`"))
            }
            _ => (TroubleKind::Refused, format!("{place} refused {command}: {code} {said}")),
        };
        Self::new(kind, message)
    }

    /// As the outcome of a look.
    pub(super) fn into_look_error(self) -> LookError {
        let kind = match self.kind {
            TroubleKind::Unreachable | TroubleKind::NotReady | TroubleKind::Cut => {
                LookErrorKind::Unreachable
            }
            TroubleKind::Timeout => LookErrorKind::Timeout,
            TroubleKind::Permission => LookErrorKind::Permission,
            TroubleKind::Ours => LookErrorKind::Ours,
            TroubleKind::ReadOnly
            | TroubleKind::Refused
            | TroubleKind::Garbage
            | TroubleKind::OtherServer => LookErrorKind::Garbage,
        };
        LookError::new(kind, self.message)
    }

    /// As the outcome of an attempt whose command was sent: a lost answer is no answer.
    pub(super) fn into_operate_error(self) -> OperateError {
        match self.kind {
            TroubleKind::Permission => OperateError::Permission(self.message),
            TroubleKind::ReadOnly
            | TroubleKind::Refused
            | TroubleKind::Ours
            | TroubleKind::NotReady => OperateError::Refused(self.message),
            TroubleKind::Unreachable
            | TroubleKind::Cut
            | TroubleKind::Timeout
            | TroubleKind::Garbage
            | TroubleKind::OtherServer => OperateError::Ambiguous(self.message),
        }
    }

    /// As the outcome of an attempt that did not come to its command: nothing was changed.
    pub(super) fn before_sending(self) -> OperateError {
        match self.kind {
            TroubleKind::Permission => OperateError::Permission(self.message),
            TroubleKind::Unreachable
            | TroubleKind::NotReady
            | TroubleKind::Cut
            | TroubleKind::Timeout
            | TroubleKind::ReadOnly
            | TroubleKind::Ours
            | TroubleKind::Refused
            | TroubleKind::Garbage
            | TroubleKind::OtherServer => {
                OperateError::Refused(format!("{}; nothing was sent", self.message).into())
            }
        }
    }
}

/// The sentence for a missing right, with the rule that gives it.
fn missing_right(said: &str, asked: &Question<'_>) -> String {
    let Question { place, user, words } = asked;
    match words.get(1) {
        Some(key) if said.contains("key") && asked.command() != "AUTH" => format!(
            "{place}: user {user} may not use key `{key}` with {}; ACL SETUSER {user} ~{key}",
            asked.command()
        ),
        _ => format!(
            "{place}: user {user} may not use {}; ACL SETUSER {user} {}",
            asked.command(),
            asked.rule()
        ),
    }
}

/// The server's words about a login, unless they might repeat what was sent.
fn without_secrets(said: &str) -> &str {
    if said.contains("without any password") {
        "it has no users or passwords; leave the secret out"
    } else {
        "it does not take this way of logging in"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_become_kinds_and_sentences() {
        let check = |words: &[&str], code: &str, said: &str, kind: TroubleKind, want: &str| {
            let asked = Question { place: "redis-b:6379", user: "wr", words };
            let found = Trouble::of_code(code, said, &asked);
            assert_eq!(found.kind, kind, "{code}");
            assert!(found.message.as_str().contains(want), "{}", found.message);
            assert!(!found.message.as_str().contains("hunter2"), "{}", found.message);
        };
        let right = TroubleKind::Permission;
        let command = "this user has no permissions to run the 'replicaof' command";
        let rule = "may not use REPLICAOF; ACL SETUSER wr +replicaof";
        check(&["REPLICAOF", "NO", "ONE"], "NOPERM", command, right, rule);
        let get = "this user has no permissions to run the 'config|get' command";
        check(&["CONFIG", "GET", "save"], "NOPERM", get, right, "+config|get");
        let key = "this user has no permissions to access one of the keys used as arguments";
        check(&["GET", "hb"], "NOPERM", key, right, "ACL SETUSER wr ~hb");
        let login = ["AUTH", "wr", "hunter2"];
        check(&login, "WRONGPASS", "invalid username-password pair", right, "user wr");
        let none = "AUTH hunter2 called without any password configured for the default user";
        check(&login, "ERR", none, right, "leave the secret out");
        check(&["AUTH", "hunter2"], "NOPERM", "no key for hunter2", right, "may not use AUTH");
        check(&["AUTH", "hunter2"], "ODD", "hunter2", right, "refused user wr");
        check(&["INFO"], "NOAUTH", "Authentication required.", right, "name a secret");
        check(&["INFO"], "LOADING", "", TroubleKind::NotReady, "loading its data set");
        check(&["GET", "x"], "MASTERDOWN", "", TroubleKind::Refused, "lost its primary");
        check(&["SET", "x"], "READONLY", "", TroubleKind::ReadOnly, "is a replica");
        check(&["SET", "x"], "MISCONF", "", TroubleKind::Refused, "cannot save to disk");
        check(&["SET", "x"], "NOREPLICAS", "", TroubleKind::Refused, "min-replicas-to-write");
        check(&["SELECT", "99"], "ERR", "out of range", TroubleKind::Ours, "correct `database`");
        check(&["FAILOVER"], "ERR", "unknown command", TroubleKind::Refused, "does not know");
        check(&["FAILOVER"], "ERR", "not a replica.", TroubleKind::Refused, "not a replica");
    }

    #[test]
    fn a_lost_answer_is_ambiguous_only_when_something_was_sent() {
        let check = |kind: TroubleKind, sent_is_ambiguous: bool| {
            let trouble = Trouble::new(kind, "x");
            let sent = matches!(trouble.clone().into_operate_error(), OperateError::Ambiguous(_));
            assert_eq!(sent, sent_is_ambiguous, "{kind:?}");
            assert!(!matches!(trouble.before_sending(), OperateError::Ambiguous(_)), "{kind:?}");
        };
        check(TroubleKind::Cut, true);
        check(TroubleKind::Timeout, true);
        check(TroubleKind::Unreachable, true);
        check(TroubleKind::Garbage, true);
        check(TroubleKind::OtherServer, true);
        check(TroubleKind::Permission, false);
        check(TroubleKind::ReadOnly, false);
        check(TroubleKind::Refused, false);
    }
}
