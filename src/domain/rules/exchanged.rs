//! Exchanged: another server answers under a name than before, or the same one was started anew.

use std::time::Duration;

use super::view::{Finding, View};

/// How long that is news.
pub const NEWS_FOR: Duration = Duration::from_secs(600);

/// Speaks for a while since the first look that another server answered.
pub fn ask(view: &View<'_>) -> Finding {
    let Some(since) = view.cell.exchanged else { return Finding::Quiet };
    if since.boot != view.now.boot || view.now.since(since) > NEWS_FOR {
        return Finding::Quiet;
    }
    let why = "another server answers under this name than before, or it was started anew";
    Finding::Speaks { since, why: why.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::reading::Writes;
    use crate::domain::rules::bench::{Saw, at, cell, word};

    #[test]
    fn boundaries() {
        use Saw::{Silent, Up};
        let check = |looks: &[(u64, Saw)], now: u64, want: &str| {
            assert_eq!(word(&cell(looks), at(now), ask), want, "{looks:?}");
        };
        let one = |name| Saw::Server(name, Writes::Open);
        check(&[], 0, "quiet");
        check(&[(0, one("one")), (2, one("one"))], 2, "quiet");
        check(&[(0, Up), (2, one("one"))], 2, "quiet");
        check(&[(0, one("one")), (2, one("other"))], 4, "since 2");
        check(&[(0, one("one")), (2, Silent), (4, one("other")), (6, one("other"))], 6, "since 4");
        check(&[(0, one("one")), (2, one("other"))], 602, "since 2");
        check(&[(0, one("one")), (2, one("other"))], 603, "quiet");
    }
}
