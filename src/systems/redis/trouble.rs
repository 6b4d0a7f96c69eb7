//! What an error of a Redis server means, in plain sentences, for watchers and operators.

use std::io;

use redis::{ErrorKind, RedisError};

use crate::systems::kit::metered::TooLong;
use crate::systems::kit::trouble::{Trouble, TroubleKind, innermost, known_cause};

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
            ("config" | "cluster" | "sentinel", Some(what)) => {
                format!("+{name}|{}", what.to_ascii_lowercase())
            }
            _ => format!("+{name}"),
        }
    }
}

/// What an error means that came while a connection was opened: nothing was asked yet.
pub(super) fn of_connecting(error: &io::Error, place: &str) -> Trouble {
    known_cause(place, error)
        .unwrap_or_else(|| Trouble::unsent(TroubleKind::Unreachable, format!("{place}: {error}")))
}

/// [`of_connecting`] while hands are shaken: a server without TLS answers anything, or hangs up.
pub(super) fn of_handshake(error: &io::Error, place: &str) -> Trouble {
    let tls: Option<&rustls::Error> = error.get_ref().and_then(|inner| inner.downcast_ref());
    let trouble = of_connecting(error, place);
    if !matches!(tls, None | Some(rustls::Error::InvalidMessage(_))) {
        return trouble;
    }
    let message = format!("{trouble}; if it does not speak TLS, set `tls = false`");
    Trouble { message: message.into(), ..trouble }
}

/// What an error of the driver means.
pub(super) fn of_driver(error: &RedisError, asked: &Question<'_>) -> Trouble {
    let place = asked.place;
    if let Some(code) = error.code() {
        return of_code(code, error.detail().unwrap_or_default(), asked);
    }
    let detail = innermost(error);
    let all = format!("{error} {detail}");
    // The driver tells of an error of its stream by its words only.
    if all.contains(&TooLong.to_string()) {
        return Trouble::new(TroubleKind::Garbage, format!("{place}: {TooLong}"));
    }
    match error.kind() {
        ErrorKind::Io => Trouble::new(TroubleKind::Cut, format!("{place} closed the connection")),
        _ => Trouble::new(
            TroubleKind::Garbage,
            format!("{place} answered {} with what is not Redis", asked.command()),
        ),
    }
}

/// What an error reply means: its first word, and the rest.
fn of_code(code: &str, said: &str, asked: &Question<'_>) -> Trouble {
    use TroubleKind::{Missing, NotReady, Ours, Permission, ReadOnly, Refused};
    let (command, user) = (asked.command(), asked.user);
    let (kind, why) = match code {
        "NOPERM" => (Permission, missing_right(said, asked)),
        "WRONGPASS" => {
            (Permission, format!(" refused user {user}: wrong name or password; check the secret"))
        }
        "NOAUTH" => {
            (Permission, " wants a password; name a secret with `read` or `act`".to_owned())
        }
        "DENIED" => {
            (Permission, " is in protected mode: it answers only its own machine".to_owned())
        }
        "LOADING" => (NotReady, " is loading its data set and answers nothing yet".to_owned()),
        "MASTERDOWN" => (Refused, " has lost its primary and serves no stale data".to_owned()),
        "READONLY" => (ReadOnly, format!(" is a replica: it refuses writes ({command})")),
        "MISCONF" => (Refused, " refuses writes because it cannot save to disk".to_owned()),
        "NOREPLICAS" => {
            (Refused, " refuses writes: fewer replicas than min-replicas-to-write".to_owned())
        }
        "OOM" => (Refused, " refuses writes: its memory is used up (maxmemory)".to_owned()),
        "ERR" if said.starts_with("max number of clients") => {
            (NotReady, format!(" has no connection left: {said}"))
        }
        "ERR" if said.starts_with("unknown command") => {
            (Refused, format!(" does not know {command}: too old, or blocked by its provider"))
        }
        _ if command == "AUTH" => {
            (Permission, format!(" refused user {user}: {}", without_secrets(said)))
        }
        "ERR" if command == "SELECT" => (Ours, format!(": {said}; correct `database`")),
        // What follows only sentinels and nodes of clusters say.
        "INPROG" => (Refused, " is failing over already: wait for the end of that".to_owned()),
        "NOGOODSLAVE" => (
            Refused,
            " knows no replica that it would promote: is one well, and connected?".to_owned(),
        ),
        "NOQUORUM" => (Refused, format!(": {said}")),
        "ERR" if said.starts_with("No such master") => {
            let name = asked.words.get(2).copied().unwrap_or_default();
            (Missing, format!(" watches no `{name}`: correct `master`"))
        }
        "ERR" if said.starts_with("This instance has cluster support disabled") => {
            (Ours, " is no node of a cluster: correct `nodes`".to_owned())
        }
        _ => (Refused, format!(" refused {command}: {code} {said}")),
    };
    Trouble::new(kind, format!("{}{why}", asked.place))
}

/// The sentence for a missing right, with the rule that gives it.
fn missing_right(said: &str, asked: &Question<'_>) -> String {
    let (user, command) = (asked.user, asked.command());
    match asked.words.get(1) {
        Some(key) if said.contains("key") && command != "AUTH" => {
            format!(
                ": user {user} may not use key `{key}` with {command}; ACL SETUSER {user} ~{key}"
            )
        }
        _ => {
            let rule = asked.rule();
            format!(": user {user} may not use {command}; ACL SETUSER {user} {rule}")
        }
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
            let found = of_code(code, said, &asked);
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
        let refused = TroubleKind::Refused;
        let order = ["SENTINEL", "FAILOVER", "m1"];
        let inprog = "Failover already in progress";
        check(&order, "INPROG", inprog, refused, "failing over already");
        let good = "No suitable replica to promote";
        check(&order, "NOGOODSLAVE", good, refused, "knows no replica that it would promote");
        let quorum = "1 usable Sentinels. Not enough available Sentinels to reach the majority";
        check(&order, "NOQUORUM", quorum, refused, "1 usable Sentinels");
        let name = "No such master with that name";
        check(&order, "ERR", name, TroubleKind::Missing, "watches no `m1`: correct `master`");
        let rule = "this user has no permissions to run the 'sentinel|failover' command";
        check(&order, "NOPERM", rule, right, "ACL SETUSER wr +sentinel|failover");
        let off = "This instance has cluster support disabled";
        check(&["CLUSTER", "NODES"], "ERR", off, TroubleKind::Ours, "no node of a cluster");
        check(&["FAILOVER"], "ERR", "unknown command", TroubleKind::Refused, "does not know");
        check(&["FAILOVER"], "ERR", "not a replica.", TroubleKind::Refused, "not a replica");
    }
}
