//! What must be copied and is not, by the rules: of that canaries tell nothing.

use super::settings::Own;
use super::state::State;
use super::store::Scope;
use crate::domain::text::several;

/// The most that one sentence names.
const NAMED_MAX: usize = 3;

/// What the rules of a source that are on leave out of what must be copied to a bucket, in words;
/// nothing where they cover all of that, or where none leads there.
pub(super) fn left_out(source: &State, to: &str, own: &Own) -> Option<String> {
    let scopes: Vec<&Scope> = source.rules_to(Some(to)).map(|rule| &rule.scope).collect();
    let is_covered = |start: &str| scopes.iter().any(|scope| scope.covers(start));
    if scopes.is_empty() || is_covered("") {
        return None;
    }
    let Some(prefixes) = &own.prefixes else {
        let copied = named(scopes.iter());
        return Some(format!(
            "only {copied} are copied to {to}: copy all, or write in `prefixes` what must be"
        ));
    };
    let missing: Vec<_> = prefixes.iter().filter(|prefix| !is_covered(prefix)).collect();
    let names = named(missing.iter().map(|prefix| format!("`{prefix}`")));
    (!missing.is_empty()).then(|| format!("no rule that is on copies all of {names} to {to}"))
}

fn named<T: std::fmt::Display>(all: impl ExactSizeIterator<Item = T>) -> String {
    let more = all.len().saturating_sub(NAMED_MAX);
    let names: Vec<String> = all.take(NAMED_MAX).map(|one| one.to_string()).collect();
    let names = names.join(", ");
    if more == 0 { names } else { format!("{names} and {}", several(more as u64, "other")) }
}
