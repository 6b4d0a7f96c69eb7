//! Compares the server that answers with the one that the screen showed.

use crate::domain::reading::Identity;
use crate::domain::text::Clean;

/// Lets the server through that is meant, or any where none is.
///
/// # Errors
/// The sentence for another one: `pg-b:5432/lms is another server than the screen showed: ...`.
pub fn only(meant: Option<&Identity>, met: &Identity, place: &str) -> Result<(), Clean> {
    match meant {
        Some(meant) if meant.server != met.server => Err(format!(
            "{place} is another server than the screen showed: expected {}, met {}; nothing was \
             done there",
            meant.server, met.server
        )
        .into()),
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_server_is_said_with_both_names() {
        let server = |server: &str| Identity { server: server.into(), data: "7".into() };
        let check = |meant: Option<&str>, met: &str, want: Result<(), &str>| {
            let found = only(meant.map(server).as_ref(), &server(met), "pg-a:5432/lms");
            assert_eq!(found, want.map_err(Clean::from));
        };
        check(None, "7 started x", Ok(()));
        check(Some("7 started x"), "7 started x", Ok(()));
        check(
            Some("7 started x"),
            "7 started y",
            Err("pg-a:5432/lms is another server than the screen showed: expected 7 started x, \
                 met 7 started y; nothing was done there"),
        );
    }
}
