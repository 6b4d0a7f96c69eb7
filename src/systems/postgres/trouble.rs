//! What went wrong at a Postgres server, in plain sentences, for watchers and operators.

use std::error::Error as _;
use std::io;

use tokio_postgres::error::SqlState;

use crate::domain::reading::{LookError, LookErrorKind};
use crate::domain::text::Clean;
use crate::port::OperateError;

/// The kinds of failure that are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TroubleKind {
    /// No connection, or the server is starting or stopping.
    Unreachable,
    /// The connection went away after something was sent.
    Cut,
    /// No answer in time.
    Timeout,
    /// The credentials or the rights do not suffice.
    Permission,
    /// The server is read-only: a standby, or fenced.
    ReadOnly,
    /// A table or a function is not there.
    Missing,
    /// What we were told does not fit the server: TLS, its certificate, the database's name.
    Ours,
    /// The server answered with another error.
    Refused,
    /// The answer is not what was asked for.
    Garbage,
    /// Another server answers than the one that is meant: nothing was asked of it.
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

impl Trouble {
    /// A failure.
    pub(super) fn new(kind: TroubleKind, message: impl Into<Clean>) -> Self {
        Self { kind, message: message.into() }
    }

    /// No answer from `place` within `limit_ms`.
    pub(super) fn timeout(place: &str, limit_ms: u128) -> Self {
        Self::new(TroubleKind::Timeout, format!("{place} did not answer within {limit_ms} ms"))
    }

    /// What an error of the driver means, at `place`, for `user`. `connected` tells whether a
    /// session was already there, so that something may have been sent.
    pub(super) fn of(
        error: &tokio_postgres::Error,
        place: &str,
        user: &str,
        connected: bool,
    ) -> Self {
        if let Some(database) = error.as_db_error() {
            return Self::of_state(database.code(), database.message(), place, user);
        }
        let mut source = error.source();
        let mut detail = error.to_string();
        while let Some(cause) = source {
            if let Some(tls) = cause.downcast_ref::<rustls::Error>() {
                let message = format!("TLS with {place} failed: {tls}");
                return Self::new(TroubleKind::Ours, message);
            }
            if let Some(io) = cause.downcast_ref::<io::Error>() {
                if let Some(tls) = io.get_ref().and_then(|inner| inner.downcast_ref()) {
                    let tls: &rustls::Error = tls;
                    let message = format!("TLS with {place} failed: {tls}");
                    return Self::new(TroubleKind::Ours, message);
                }
                return Self::of_io(io, place, connected);
            }
            detail = format!("{detail}: {cause}");
            source = cause.source();
        }
        if detail.contains("TLS") {
            let message = format!("{place} does not speak TLS: {detail}; set `sslmode` to match");
            return Self::new(TroubleKind::Ours, message);
        }
        if error.is_closed() {
            let kind = if connected { TroubleKind::Cut } else { TroubleKind::Unreachable };
            return Self::new(kind, format!("{place} closed the connection"));
        }
        Self::new(TroubleKind::Garbage, format!("{place}: {detail}"))
    }

    fn of_io(error: &io::Error, place: &str, connected: bool) -> Self {
        if connected {
            return Self::new(
                TroubleKind::Cut,
                format!("the connection to {place} broke: {error}"),
            );
        }
        match error.kind() {
            io::ErrorKind::ConnectionRefused => {
                let message = format!("{place} refused the connection: nothing listens there");
                Self::new(TroubleKind::Unreachable, message)
            }
            io::ErrorKind::TimedOut => {
                Self::new(TroubleKind::Timeout, format!("{place} did not answer"))
            }
            _ => Self::new(TroubleKind::Unreachable, format!("{place} cannot be reached: {error}")),
        }
    }

    /// What an SQLSTATE means (Postgres manual, appendix A).
    fn of_state(state: &SqlState, said: &str, place: &str, user: &str) -> Self {
        let code = state.code();
        let (kind, message) = match code {
            "57P03" | "57P01" | "57P02" => {
                (TroubleKind::Unreachable, format!("{place} is not ready: {said}"))
            }
            "53300" => {
                (TroubleKind::Unreachable, format!("{place} has no connection left: {said}"))
            }
            "57014" => (TroubleKind::Timeout, format!("{place} stopped the query: {said}")),
            "42501" => {
                let advice = advice_for(said, user);
                (TroubleKind::Permission, format!("{place}: {said}; {advice}"))
            }
            "25006" => (TroubleKind::ReadOnly, format!("{place} refuses writes: {said}")),
            "3D000" => (TroubleKind::Ours, format!("{place}: {said}; correct `database`")),
            "42P01" | "42883" | "3F000" | "42703" => {
                (TroubleKind::Missing, format!("{place}: {said}"))
            }
            _ if code.starts_with("28") => (
                TroubleKind::Permission,
                format!("{place} refused user {user}: {said}; check the secret and pg_hba.conf"),
            ),
            _ => (TroubleKind::Refused, format!("{place}: {said} (SQLSTATE {code})")),
        };
        Self::new(kind, message)
    }

    /// As the outcome of a look.
    pub(super) fn into_look_error(self) -> LookError {
        let kind = match self.kind {
            TroubleKind::Unreachable | TroubleKind::Cut => LookErrorKind::Unreachable,
            TroubleKind::Timeout => LookErrorKind::Timeout,
            TroubleKind::Permission => LookErrorKind::Permission,
            // A view or function that is not there: a server older than 13, not a broken one.
            TroubleKind::Ours | TroubleKind::Missing => LookErrorKind::Ours,
            TroubleKind::ReadOnly
            | TroubleKind::Refused
            | TroubleKind::Garbage
            | TroubleKind::OtherServer => LookErrorKind::Garbage,
        };
        LookError::new(kind, self.message)
    }

    /// As the outcome of an attempt whose statement was sent: a lost answer is no answer.
    pub(super) fn into_operate_error(self) -> OperateError {
        match self.kind {
            TroubleKind::Permission => OperateError::Permission(self.message),
            TroubleKind::ReadOnly
            | TroubleKind::Missing
            | TroubleKind::Refused
            | TroubleKind::Ours
            | TroubleKind::OtherServer => OperateError::Refused(self.message),
            TroubleKind::Unreachable
            | TroubleKind::Cut
            | TroubleKind::Timeout
            | TroubleKind::Garbage => OperateError::Ambiguous(self.message),
        }
    }

    /// As the outcome of an attempt that could not even connect: nothing was sent.
    pub(super) fn before_sending(self) -> OperateError {
        match self.kind {
            TroubleKind::Permission => OperateError::Permission(self.message),
            TroubleKind::OtherServer => OperateError::Refused(self.message),
            TroubleKind::Unreachable
            | TroubleKind::Cut
            | TroubleKind::Timeout
            | TroubleKind::ReadOnly
            | TroubleKind::Missing
            | TroubleKind::Ours
            | TroubleKind::Refused
            | TroubleKind::Garbage => {
                OperateError::Refused(format!("{}; nothing was sent", self.message).into())
            }
        }
    }
}

/// What to grant, from what the server says is missing.
fn advice_for(said: &str, user: &str) -> String {
    if said.contains("function pg_promote") {
        format!("GRANT EXECUTE ON FUNCTION pg_promote(boolean, integer) TO {user}")
    } else if said.contains("function pg_reload_conf") {
        format!("GRANT EXECUTE ON FUNCTION pg_reload_conf() TO {user}")
    } else if said.contains("set parameter") {
        format!("GRANT ALTER SYSTEM ON PARAMETER default_transaction_read_only TO {user}")
    } else if said.contains("terminate") {
        format!("GRANT pg_signal_backend TO {user}")
    } else if said.contains("for table") {
        let table = said.rsplit("for table ").next().unwrap_or("");
        format!("GRANT the missing right on {table} TO {user}")
    } else {
        format!("GRANT the missing right to {user}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_become_kinds_and_sentences() {
        let check = |code: &str, said: &str, kind: TroubleKind, want: &str| {
            let found = Trouble::of_state(&SqlState::from_code(code), said, "pg-b", "op");
            assert_eq!(found.kind, kind, "{code}");
            assert!(found.message.as_str().contains(want), "{}", found.message);
        };
        check("57P03", "the database system is starting up", TroubleKind::Unreachable, "not ready");
        check(
            "42501",
            "permission denied for function pg_promote",
            TroubleKind::Permission,
            "GRANT EXECUTE ON FUNCTION pg_promote(boolean, integer) TO op",
        );
        check("28P01", "password authentication failed", TroubleKind::Permission, "user op");
        check("3D000", "database \"x\" does not exist", TroubleKind::Ours, "correct `database`");
        check("25006", "cannot execute INSERT", TroubleKind::ReadOnly, "refuses writes");
        check("57014", "canceling statement", TroubleKind::Timeout, "stopped the query");
        check("XX000", "odd", TroubleKind::Refused, "SQLSTATE XX000");
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
        check(TroubleKind::Permission, false);
        check(TroubleKind::ReadOnly, false);
        check(TroubleKind::Refused, false);
        check(TroubleKind::OtherServer, false);
    }
}
