//! What a fact is wanted to be, written like a gate's bound, and whether a value is that.

use crate::domain::reading::FactValue;
use crate::domain::runbook::{Amount, Bound, Exact};
use crate::domain::settings::{Fault, Fields, Value};

/// One bound on a fact.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted(Bound);

impl Wanted {
    /// Reads exactly one of `at_least`, `at_most` and `is`.
    ///
    /// # Errors
    /// When there is none or more than one, or its value is of the wrong kind.
    pub fn read(fields: &Fields<'_>) -> Result<Self, Fault> {
        let least = amount(fields, "at_least")?.map(Bound::AtLeast);
        let most = amount(fields, "at_most")?.map(Bound::AtMost);
        let exact = exact(fields)?.map(Bound::Is);
        let mut written = [least, most, exact].into_iter().flatten();
        if let (Some(bound), None) = (written.next(), written.next()) {
            Ok(Self(bound))
        } else {
            let message = "`with` of facts.wait needs one of `at_least`, `at_most` and `is`";
            Err(Fault::new(fields.span(), message))
        }
    }

    /// Whether the value is as wanted; none when that cannot be told.
    pub fn holds(&self, value: &FactValue) -> Option<bool> {
        self.0.holds(value).ok()
    }

    /// `at least 60s`, `at most 0.5`, `yes`.
    pub fn shown(&self) -> String {
        let words = self.0.words();
        words.strip_prefix("is ").unwrap_or(&words).to_owned()
    }
}

fn amount(fields: &Fields<'_>, key: &'static str) -> Result<Option<Amount>, Fault> {
    match fields.node(key).map(|node| &node.value) {
        Some(Value::Text(_)) => Ok(fields.duration(key)?.map(Amount::Time)),
        _ => Ok(fields.number(key, f64::MIN, f64::MAX)?.map(Amount::Number)),
    }
}

fn exact(fields: &Fields<'_>) -> Result<Option<Exact>, Fault> {
    let Some(node) = fields.node("is") else { return Ok(None) };
    match &node.value {
        Value::Boolean(yes) => Ok(Some(Exact::Boolean(*yes))),
        Value::Integer(number) => Ok(Some(Exact::Integer(*number))),
        Value::Text(word) => Ok(Some(Exact::Word(word.clone()))),
        Value::Float(_) | Value::List(_) | Value::Table(_) => {
            let message =
                "`is` in `with` of facts.wait must be true, false, a whole number or a word";
            Err(Fault::new(node.span, message))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::systems::kit::testing::table;

    #[test]
    fn values_are_held_against_bounds() {
        let check = |bound: &str, value: FactValue, want: Option<bool>| {
            let table = table(bound);
            let wanted = Wanted::read(&Fields::new(&table, "it")).expect("a bound");
            assert_eq!(wanted.holds(&value), want, "{bound} {value:?}");
        };
        check("at_least = '60s'", FactValue::Seconds(60.0), Some(true));
        check("at_least = '1m'", FactValue::Seconds(59.9), Some(false));
        check("at_most = 0.5", FactValue::Share(0.6), Some(false));
        check("at_most = 0", FactValue::Number(0.0), Some(true));
        check("at_most = 0", FactValue::Unknown("no data".into()), None);
        check("at_most = 0", FactValue::Text("0".into()), None);
        check("is = true", FactValue::Boolean(true), Some(true));
        check("is = true", FactValue::Boolean(false), Some(false));
        check("is = 3", FactValue::Number(3.0), Some(true));
        check("is = 'primary'", FactValue::Text("PRIMARY".into()), Some(true));
        check("is = 'primary'", FactValue::Unknown("primary".into()), None);
        check("is = 'yes'", FactValue::Boolean(true), None);
    }

    #[test]
    fn exactly_one_bound_is_wanted() {
        let check = |text: &str| {
            let table = table(text);
            assert!(Wanted::read(&Fields::new(&table, "it")).is_err(), "{text}");
        };
        check("");
        check("at_least = 1\nat_most = 2");
        check("is = 1.5");
        check("at_least = '60'");
    }
}
