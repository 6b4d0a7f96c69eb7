//! Fills `{from}`, `{to}`, `{run}` and their like in a plan's texts, once, and refuses near misses.

use crate::domain::run::commit::Execution;
use crate::domain::settings::{Fault, Span};
use crate::port::OperatorSetup;

/// Known as soon as a run has a direction.
pub const OF_PLAN: [&str; 5] = ["from", "to", "from_label", "to_label", "step"];

/// Known only while an attempt is performed, so they cannot stand in a check.
pub const OF_ATTEMPT: [&str; 3] = ["run", "attempt", "key"];

/// The values of the placeholders.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Placeholders(Vec<(&'static str, String)>);

impl Placeholders {
    /// Those that are known before an attempt.
    pub fn of_plan(setup: &OperatorSetup<'_>) -> Self {
        let (from, to) = (setup.direction.from, setup.direction.to);
        Self(vec![
            ("from", from.letter().to_lowercase()),
            ("to", to.letter().to_lowercase()),
            ("from_label", setup.site.region(from).label.to_string()),
            ("to_label", setup.site.region(to).label.to_string()),
            ("step", setup.step.id.to_string()),
        ])
    }

    /// Values that stand for any run, for checking settings before there is one.
    pub fn sample() -> Self {
        Self(OF_PLAN.iter().map(|name| (*name, "a".to_owned())).collect())
    }

    /// Also those of an attempt.
    pub fn with_attempt(&self, execution: &Execution) -> Self {
        let mut all = self.0.clone();
        all.push(("run", execution.intent().run.to_string()));
        all.push(("attempt", execution.intent().attempt.to_string()));
        all.push(("key", execution.key()));
        Self(all)
    }

    /// The text with every known placeholder filled. What is filled in is not looked at again, and
    /// other braces stay as they are.
    pub fn fill(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(open) = rest.find('{') {
            out.push_str(&rest[..open]);
            rest = &rest[open..];
            let known = self.0.iter().find(|(name, _)| {
                rest[1..].strip_prefix(name).is_some_and(|after| after.starts_with('}'))
            });
            if let Some((name, value)) = known {
                out.push_str(value);
                rest = &rest[name.len() + 2..];
            } else {
                out.push('{');
                rest = &rest[1..];
            }
        }
        out.push_str(rest);
        out
    }
}

/// Refuses what was surely meant as a placeholder but is none, and those of an attempt where there
/// is no attempt. Other words in braces may be the text's own.
///
/// # Errors
/// When there is such a word, with the nearest placeholder.
pub fn check(text: &str, in_attempt: bool, span: Span) -> Result<(), Fault> {
    for part in text.split('{').skip(1) {
        let Some(word) = part.split_once('}').map(|(word, _)| word) else { continue };
        if OF_PLAN.contains(&word) {
            continue;
        }
        if OF_ATTEMPT.contains(&word) {
            if in_attempt {
                continue;
            }
            let message = format!("`{{{word}}}` is not known here, only while an attempt runs");
            return Err(Fault::new(span, message));
        }
        let near = OF_PLAN
            .iter()
            .chain(&OF_ATTEMPT)
            .find(|name| name.len() > 2 && one_slip_apart(word, name));
        if let Some(name) = near {
            let message = format!("`{{{word}}}` is not a placeholder; did you mean `{{{name}}}`?");
            return Err(Fault::new(span, message));
        }
    }
    Ok(())
}

/// True when one letter was swapped with its neighbour, mistyped, left out or typed too much.
fn one_slip_apart(one: &str, other: &str) -> bool {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    if one.len() != other.len() {
        let (long, short) = if one.len() > other.len() { (one, other) } else { (other, one) };
        let without = |skip: usize| -> Vec<char> { [&long[..skip], &long[skip + 1..]].concat() };
        return long.len() == short.len() + 1 && (0..long.len()).any(|skip| without(skip) == short);
    }
    let differing: Vec<usize> = (0..one.len()).filter(|at| one[*at] != other[*at]).collect();
    match differing.as_slice() {
        [_] => true,
        [a, b] => a + 1 == *b && one[*a] == other[*b] && one[*b] == other[*a],
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_filled_once() {
        let values = Placeholders(vec![("from", "{to}".to_owned()), ("to", "b".to_owned())]);
        let check = |text: &str, want: &str| assert_eq!(values.fill(text), want);
        check("fence {from} for {to}", "fence {to} for b");
        check("{print $1} {fromage} {", "{print $1} {fromage} {");
        check("{\"to\": \"{to}\"}", "{\"to\": \"b\"}");
    }

    #[test]
    fn slips_are_counted() {
        let check = |one: &str, want: bool| assert_eq!(one_slip_apart(one, "from"), want, "{one}");
        check("form", true);
        check("fro", true);
        check("fromm", true);
        check("frxm", true);
        check("from", false);
        check("mrof", false);
        check("fr", false);
        check("", false);
        check("füm", false);
    }

    #[test]
    fn near_misses_are_refused() {
        let refused = |text: &str, in_attempt: bool, want: Option<&str>| {
            let fault = check(text, in_attempt, Span::default()).err();
            assert_eq!(fault.map(|fault| fault.message).as_deref(), want, "{text}");
        };
        refused("{from} {to} {key}", true, None);
        refused("{print} {\"a\": 1}", true, None);
        refused("{form}", true, Some("`{form}` is not a placeholder; did you mean `{from}`?"));
        refused("{run}", false, Some("`{run}` is not known here, only while an attempt runs"));
    }
}
