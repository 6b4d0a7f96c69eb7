//! What one side told in one look.

use std::sync::atomic::Ordering;

use super::canary::{Canaries, Canary, folder, key, time_of};
use super::metrics::Measured;
use super::settings::{Own, S3};
use super::store::{Rule, Session, Wanted, is_stranger, is_untold};
use crate::domain::ids::Side;
use crate::domain::reading::Identity;
use crate::domain::text::Clean;
use crate::systems::kit::server::Target;
use crate::systems::kit::trouble::Trouble;

/// The most pages of canaries that are read in one look.
const PAGES_MAX: usize = 4;

/// What a side told.
#[derive(Debug, Clone)]
pub struct State {
    pub(super) server: Clean,
    /// When its bucket was made, in milliseconds since 1970, where that is told.
    pub(super) made_ms: Option<i64>,
    /// Of both sides together: whose objects these are.
    pub(super) data: Clean,
    /// The rules by which it is copied, or why they are not known.
    pub(super) rules: Result<Vec<Rule>, Clean>,
    /// The canaries of both regions that are in its bucket.
    pub(super) canaries: [Canaries; 2],
    /// What became of its own newest canary: a word, or nothing where no rule covers it.
    pub(super) status: Option<Result<Option<String>, Clean>>,
    /// True where the newest canary of the other side came here as a copy, by its own word.
    pub(super) is_copy: bool,
    /// The store's clock, to the second and never ahead.
    pub(super) clock_ms: Option<i64>,
    /// Whether a rule copies it to the other side's bucket; none where its rules are not known.
    pub(super) copies: Option<bool>,
    /// What `CloudWatch` told of its rules last.
    pub(super) measured: Option<Measured>,
}

impl State {
    pub(super) fn identity(&self) -> Identity {
        Identity { server: self.server.clone(), data: self.data.clone() }
    }

    /// The rules by which it is copied to a bucket and that are on.
    pub(super) fn rules_to<'a>(
        &'a self,
        bucket: Option<&'a str>,
    ) -> impl Iterator<Item = &'a Rule> + 'a {
        rules_to(self.rules.as_deref().unwrap_or_default(), bucket)
    }
}

/// Asks a side everything; its canaries too where `watched`.
pub(super) async fn read_state(
    session: &Session,
    target: &Target<S3>,
    watched: bool,
) -> Result<State, Trouble> {
    let own = &target.own;
    let (at, had) = (watched.then(|| target.clock.now()), &session.lately);
    let uncopied = |of: Side| &own.shared.uncopied[of.index()];
    let is_uncopied = |of: Side| uncopied(of).load(Ordering::Relaxed);
    // A copy is measured by its source's rules; those of the other side change rarely.
    let ruled = at.filter(|_| is_uncopied(own.side));
    // First: when it was made comes with the store's time, from which the first canaries count.
    let (made_ms, rules) = tokio::join!(
        had.made_ms.or_ask(at, session.made_ms()),
        had.rules.or_ask(ruled, async { known(session.rules().await) })
    );
    let (made_ms, rules) = (made_ms?, rules?);
    let copies = rules.as_ref().ok().map(|rules| rules_to(rules, own.other_bucket()).count() > 0);
    uncopied(own.side).store(copies == Some(false), Ordering::Relaxed);
    let listed = async |of: Side| {
        let listing = canaries(session, own, of, watched);
        if is_uncopied(of) {
            return had.canaries[of.index()].or_ask(at, listing).await;
        }
        listing.await
    };
    let (a, b) = tokio::join!(listed(Side::A), listed(Side::B));
    let canaries = [a?, b?];
    let fate = async |of: Side| {
        let Some(newest) = canaries[of.index()].newest().filter(|_| watched) else {
            return Ok(None);
        };
        let key = key(&own.canary, of, newest.name_ms);
        let ask = async { known(session.status(&key).await).map(Some) };
        had.fates[of.index()].or_ask(at, ask).await
    };
    let (status, copied) = tokio::join!(fate(own.side), fate(own.side.other()));
    let measured = own.shared.measured[own.side.index()].lock();
    Ok(State {
        server: session.server(made_ms),
        made_ms,
        data: data(own),
        rules,
        canaries,
        status: status?,
        is_copy: matches!(copied, Ok(Some(Ok(Some(status)))) if status == "REPLICA"),
        clock_ms: session.clock.last_ms(),
        copies,
        measured: measured.ok().and_then(|last| last.clone()),
    })
}

/// The rules by which a bucket is copied to another and that are on.
fn rules_to<'a>(rules: &'a [Rule], bucket: Option<&'a str>) -> impl Iterator<Item = &'a Rule> {
    rules.iter().filter(move |rule| rule.is_enabled && Some(rule.to.as_str()) == bucket)
}

/// The pair, whichever side tells.
pub(super) fn data(own: &Own) -> Clean {
    let named: Vec<&str> = own.buckets.iter().flatten().map(String::as_str).collect();
    named.join(" and ").into()
}

/// A missing right, and what a store does not know, are answers; that it does not answer is not.
fn known<T>(told: Result<T, Trouble>) -> Result<Result<T, Clean>, Trouble> {
    match told {
        Ok(told) => Ok(Ok(told)),
        Err(trouble) if is_untold(&trouble) && !is_stranger(&trouble) => Ok(Err(trouble.message)),
        Err(trouble) => Err(trouble),
    }
}

/// The time from which on a region's canaries are listed, the same in both buckets.
fn begin(own: &Own, of: Side, now_ms: i64) -> i64 {
    let (from_ms, first) = (&own.shared.from_ms[of.index()], (now_ms - own.window_ms()).max(1));
    match from_ms.compare_exchange(0, first, Ordering::Relaxed, Ordering::Relaxed) {
        Ok(_) => first,
        Err(from_ms) => from_ms,
    }
}

/// The canaries of a region from where they are all known to have arrived. Where they are not
/// wanted, one key is: whether the bucket may be listed.
async fn canaries(
    session: &Session,
    own: &Own,
    of: Side,
    watched: bool,
) -> Result<Canaries, Trouble> {
    if !watched && of != own.side {
        return Ok(Canaries::default());
    }
    let from_ms = begin(own, of, session.clock.last_ms().unwrap_or(0));
    let folder = folder(&own.canary, of);
    let after = key(&own.canary, of, from_ms - 1);
    let pages = if watched { PAGES_MAX } else { 1 };
    let wanted = Wanted { prefix: &folder, after: Some(&after), folders: false, pages };
    let listed = session.list(wanted).await?;
    let canary = |object: &super::store::Object| {
        Some(Canary { name_ms: time_of(&folder, &object.key)?, at_ms: object.at_ms })
    };
    let mut list: Vec<Canary> = listed.objects.iter().filter_map(canary).collect();
    // Stores list in order; the comparison must not rest on that.
    list.sort_unstable_by_key(|one| one.name_ms);
    Ok(Canaries { from_ms, list, whole: listed.whole })
}
