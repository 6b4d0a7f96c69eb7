//! A rule on an answer: its code (a status, an exit), values in its JSON, a text in its body.

use serde_json::Value as Json;

use crate::domain::settings::{Fault, Fields, Node, Table, Value};
use crate::domain::text::head;

/// How much of a peer's value a sentence repeats, in characters.
const SHOWN_CHARS_MAX: usize = 60;

/// What the parts of a rule are called where it is used.
#[derive(Debug, Clone, Copy)]
pub struct Words {
    /// The key of the code, such as `status`.
    pub code: &'static str,
    /// The smallest and largest code.
    pub range: (i64, i64),
    /// The key of the contained text, such as `body_contains`.
    pub contains: &'static str,
}

/// A rule as written; every part that is written must hold.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    codes: Vec<i64>,
    json: Vec<(String, Json)>,
    contains: Option<String>,
}

impl Rule {
    /// Reads a rule; `codes` are the allowed codes where none is written.
    ///
    /// # Errors
    /// When a part has the wrong type, a code is out of range, a pointer does not start with `/`.
    pub fn read(
        table: Option<&Table>,
        words: Words,
        codes: &[i64],
        what: &str,
    ) -> Result<Self, Fault> {
        let nothing = Table::default();
        let fields = Fields::new(table.unwrap_or(&nothing), what);
        let written = integers(&fields, words.code, words.range, what)?;
        let contains = fields.text(words.contains)?.map(str::to_owned);
        let mut json = Vec::new();
        if let Some(values) = fields.table("json")? {
            for (key, node) in &values.entries {
                if !key.name.starts_with('/') {
                    let message = format!(
                        "`{}` in `json` of {what} must be a JSON pointer such as \"/status\"",
                        key.name
                    );
                    return Err(Fault::new(key.span, message));
                }
                json.push((key.name.clone(), json_of(node)));
            }
        }
        fields.finish()?;
        Ok(Self { codes: written.unwrap_or_else(|| codes.to_vec()), json, contains })
    }

    /// Whether the rule allows this code.
    pub fn allows_code(&self, code: i64) -> bool {
        self.codes.is_empty() || self.codes.contains(&code)
    }

    /// Holds the rule against an answer.
    ///
    /// # Errors
    /// What differs: `expected 200`, or `/status is "down", expected "up"`.
    pub fn judge(&self, code: i64, body: &str) -> Result<(), String> {
        if !self.allows_code(code) {
            let codes: Vec<String> = self.codes.iter().map(ToString::to_string).collect();
            return Err(format!("expected {}", codes.join(" or ")));
        }
        if let Some(text) = &self.contains
            && !body.contains(text.as_str())
        {
            return Err(format!("\"{}\" is not in the answer", cut(text)));
        }
        if self.json.is_empty() {
            return Ok(());
        }
        let Ok(root) = serde_json::from_str::<Json>(body) else {
            return Err("the answer is not JSON".to_owned());
        };
        for (pointer, want) in &self.json {
            let want_text = cut(&want.to_string());
            match root.pointer(pointer) {
                None => return Err(format!("{pointer} is missing, expected {want_text}")),
                Some(found) if !same(found, want) => {
                    let found = cut(&found.to_string());
                    return Err(format!("{pointer} is {found}, expected {want_text}"));
                }
                Some(_) => {}
            }
        }
        Ok(())
    }
}

/// An optional whole number, or a list of them, each within `range`.
///
/// # Errors
/// When a value is not a whole number or is out of range.
pub fn integers(
    fields: &Fields<'_>,
    key: &'static str,
    (least, most): (i64, i64),
    what: &str,
) -> Result<Option<Vec<i64>>, Fault> {
    let Some(node) = fields.node(key) else { return Ok(None) };
    let single = std::slice::from_ref(node);
    let items = if let Value::List(items) = &node.value { items.as_slice() } else { single };
    let read = |item: &Node| match item.value {
        Value::Integer(number) if (least..=most).contains(&number) => Ok(number),
        Value::Integer(_)
        | Value::Text(_)
        | Value::Float(_)
        | Value::Boolean(_)
        | Value::List(_)
        | Value::Table(_) => {
            let message = format!(
                "`{key}` in {what} must be a whole number from {least} to {most}, or a list of them"
            );
            Err(Fault::new(item.span, message))
        }
    };
    items.iter().map(read).collect::<Result<Vec<i64>, Fault>>().map(Some)
}

fn json_of(node: &Node) -> Json {
    match &node.value {
        Value::Text(text) => Json::from(text.as_str()),
        Value::Integer(number) => Json::from(*number),
        Value::Float(number) => Json::from(*number),
        Value::Boolean(yes) => Json::from(*yes),
        Value::List(items) => items.iter().map(json_of).collect(),
        Value::Table(table) => table
            .entries
            .iter()
            .map(|(key, value)| (key.name.clone(), json_of(value)))
            .collect::<serde_json::Map<String, Json>>()
            .into(),
    }
}

/// Equal, where 1 and 1.0 are the same number.
fn same(found: &Json, want: &Json) -> bool {
    match (found.as_f64(), want.as_f64()) {
        (Some(found), Some(want)) => (found - want).abs() < f64::EPSILON,
        _ => found == want,
    }
}

fn cut(text: &str) -> String {
    if text.chars().count() <= SHOWN_CHARS_MAX {
        return text.to_owned();
    }
    format!("{}…", head(text, SHOWN_CHARS_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::systems::kit::testing::table;

    const HTTP: Words = Words { code: "status", range: (100, 599), contains: "body_contains" };

    #[test]
    fn answers_are_judged() {
        let check = |rule: &str, code: i64, body: &str, want: Result<(), &str>| {
            let rule = Rule::read(Some(&table(rule)), HTTP, &[200], "`expect`").expect("a rule");
            assert_eq!(rule.judge(code, body), want.map_err(str::to_owned), "{rule:?}");
        };
        check("", 200, "", Ok(()));
        check("", 204, "", Err("expected 200"));
        check("status = [200, 204]", 503, "", Err("expected 200 or 204"));
        check("status = 503", 503, "", Ok(()));
        check("body_contains = 'ok'", 200, "all ok", Ok(()));
        check("body_contains = 'ok'", 200, "bad", Err("\"ok\" is not in the answer"));
        let up = "json = { '/status' = 'up' }";
        check(up, 200, r#"{"status":"up"}"#, Ok(()));
        check(up, 200, r#"{"status":"down"}"#, Err("/status is \"down\", expected \"up\""));
        check(up, 200, r#"{"state":1}"#, Err("/status is missing, expected \"up\""));
        check(up, 200, "<html>", Err("the answer is not JSON"));
        check("json = { '/a/0' = 1 }", 200, r#"{"a":[1.0]}"#, Ok(()));
        check("json = { '/a' = [true] }", 200, r#"{"a":[true]}"#, Ok(()));
        let deep = "[".repeat(100_000);
        check(up, 200, &deep, Err("the answer is not JSON"));
    }

    #[test]
    fn wrong_rules_are_refused() {
        let check = |rule: &str, want: &str| {
            let fault = Rule::read(Some(&table(rule)), HTTP, &[200], "`expect`");
            assert_eq!(fault.map_err(|fault| fault.message), Err(want.to_owned()));
        };
        let range = "must be a whole number from 100 to 599, or a list of them";
        check("status = 99", &format!("`status` in `expect` {range}"));
        check("status = ['ok']", &format!("`status` in `expect` {range}"));
        check("statsu = 200", "`statsu` is not a key of `expect`; did you mean `status`?");
        check(
            "json = { status = 'up' }",
            "`status` in `json` of `expect` must be a JSON pointer such as \"/status\"",
        );
    }
}
