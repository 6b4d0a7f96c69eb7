//! How a simulated system stays silent: the words that a look at a dead region comes back with.

use super::chance::{Chance, whole};
use super::plan::{Nature, SystemPlan};
use crate::domain::ids::Side;
use crate::domain::reading::{LookError, LookErrorKind};

/// For so many seconds after a region's loss some connections hang before they are refused.
const HANGING_S_MAX: f64 = 9.0;

/// A look at a region that is gone for `gone_s` seconds.
pub fn gone(chance: Chance, system: &SystemPlan, side: Side, gone_s: f64) -> LookError {
    let hangs_s = chance.of("hangs").between(-3.0, HANGING_S_MAX);
    if gone_s < hangs_s {
        return LookError::new(LookErrorKind::Timeout, waiting(system.nature));
    }
    let words = refused(system.nature);
    let kind = chance.of("refusal").at(whole(gone_s / 20.0));
    let words = kind.pick(words).unwrap_or("no route to host");
    let place = side.key();
    LookError::new(LookErrorKind::Unreachable, format!("{}-{place}: {words}", system.id))
}

/// A look while our own network is down.
pub fn cut(chance: Chance, system: &SystemPlan, now_s: f64) -> LookError {
    let words = ["network is unreachable", "name server did not answer", "no route to host"];
    let words = chance.of("cut").at(whole(now_s / 5.0)).pick(&words).unwrap_or(words[0]);
    LookError::new(LookErrorKind::Unreachable, format!("{}: {words}", system.id))
}

/// A user's journey into a region that is gone.
pub fn no_login(chance: Chance, now_s: f64, side: Side) -> LookError {
    let words = [
        "login page did not load in time",
        "login did not finish in time",
        "connection reset while loading the course list",
    ];
    let words = chance.of("login").at(whole(now_s / 10.0)).pick(&words).unwrap_or(words[0]);
    LookError::new(LookErrorKind::Timeout, format!("{words} (users of {side})"))
}

fn waiting(nature: Nature) -> &'static str {
    match nature {
        Nature::Service => "no answer to GET /health in time",
        Nature::Store => "connected, but no answer to the query in time",
        Nature::Compute => "control plane did not answer in time",
        Nature::Traffic | Nature::Cache | Nature::Users => "no answer in time",
    }
}

fn refused(nature: Nature) -> &'static [&'static str] {
    match nature {
        Nature::Service => &[
            "connection refused",
            "connection reset by peer",
            "TLS handshake ended early",
            "no route to host",
        ],
        Nature::Store => {
            &["connection refused", "no route to host", "server closed the connection unexpectedly"]
        }
        Nature::Compute => {
            &["connection refused", "no route to host", "503 from the load balancer"]
        }
        Nature::Traffic | Nature::Cache | Nature::Users => &["no route to host"],
    }
}
