//! What an error of a Postgres server means, in plain sentences, for watchers and operators.

use tokio_postgres::error::SqlState;

use crate::systems::kit::trouble::{Trouble, TroubleKind, innermost, known_cause, not_tls};

/// What an error of the driver means, at `place`, for `user`. `connected` tells whether a session
/// was already there, so that something may have been sent.
pub(super) fn of_driver(
    error: &tokio_postgres::Error,
    place: &str,
    user: &str,
    connected: bool,
) -> Trouble {
    if let Some(database) = error.as_db_error() {
        return of_state(database.code(), database.message(), place, user);
    }
    if let Some(known) = known_cause(place, error) {
        return match known.kind {
            TroubleKind::Unreachable if connected => Trouble::new(TroubleKind::Cut, known.message),
            _ => known,
        };
    }
    let detail = innermost(error);
    if detail.contains("TLS") {
        return not_tls(place);
    }
    if error.is_closed() {
        let kind = if connected { TroubleKind::Cut } else { TroubleKind::Unreachable };
        return Trouble::new(kind, format!("{place} closed the connection"));
    }
    Trouble::new(TroubleKind::Garbage, format!("{place}: {detail}"))
}

/// What an SQLSTATE means (Postgres manual, appendix A).
fn of_state(state: &SqlState, said: &str, place: &str, user: &str) -> Trouble {
    let code = state.code();
    let (kind, message) = match code {
        "57P03" | "57P01" | "57P02" => {
            (TroubleKind::Unreachable, format!("{place} is not ready: {said}"))
        }
        "53300" => (TroubleKind::Unreachable, format!("{place} has no connection left: {said}")),
        "57014" => (TroubleKind::Timeout, format!("{place} stopped the query: {said}")),
        "42501" => {
            let advice = advice_for(said, user);
            (TroubleKind::Permission, format!("{place}: {said}; {advice}"))
        }
        "25006" => (TroubleKind::ReadOnly, format!("{place} refuses writes: {said}")),
        "3D000" => (TroubleKind::Ours, format!("{place}: {said}; correct `database`")),
        // No table, function, schema, column or, for an upsert, unique constraint.
        "42P01" | "42883" | "3F000" | "42703" | "42P10" => {
            (TroubleKind::Missing, format!("{place}: {said}"))
        }
        _ if code.starts_with("28") => (
            TroubleKind::Permission,
            format!("{place} refused user {user}: {said}; check the secret and pg_hba.conf"),
        ),
        _ => (TroubleKind::Refused, format!("{place}: {said} (SQLSTATE {code})")),
    };
    Trouble::new(kind, message)
}

/// What the server calls a missing right, and the right.
const RIGHTS: [(&str, &str); 4] = [
    ("function pg_promote", "EXECUTE ON FUNCTION pg_promote(boolean, integer)"),
    ("function pg_reload_conf", "EXECUTE ON FUNCTION pg_reload_conf()"),
    ("set parameter", "ALTER SYSTEM ON PARAMETER default_transaction_read_only"),
    ("terminate", "pg_signal_backend"),
];

/// What to grant, from what the server says is missing.
fn advice_for(said: &str, user: &str) -> String {
    let known = RIGHTS.iter().find(|(word, _)| said.contains(word));
    match (known, said.rsplit_once("for table ")) {
        (Some((_, right)), _) => format!("GRANT {right} TO {user}"),
        (None, Some((_, table))) => format!("GRANT the missing right on {table} TO {user}"),
        (None, None) => format!("GRANT the missing right to {user}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_become_kinds_and_sentences() {
        let check = |code: &str, said: &str, kind: TroubleKind, want: &str| {
            let found = of_state(&SqlState::from_code(code), said, "pg-b", "op");
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
        check("42P10", "no unique constraint", TroubleKind::Missing, "no unique constraint");
        check("XX000", "odd", TroubleKind::Refused, "SQLSTATE XX000");
    }
}
