//! One instant query and its answer: a figure, nothing, several, or why there is none.

use serde_json::Value as Json;

use crate::systems::kit::trouble::{Trouble, TroubleKind};
use crate::systems::kit::web::{Answer, Web};

/// How much of the server's own words a sentence repeats, in characters.
const SAID_CHARS_MAX: usize = 200;

/// What one query came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Sample {
    /// One value, which may be no number or endless.
    Value(f64),
    /// No series.
    Empty,
    /// So many series, of which none is meant more than the others.
    Several(usize),
    /// The server gave no value, or one that it doubts; why.
    Failed(String),
}

/// What was answered to one query.
#[derive(Debug, Clone, PartialEq)]
pub struct Answered {
    /// What it came to.
    pub sample: Sample,
    /// For which moment it was worked out, in seconds since 1970; none where there is no value.
    pub at_s: Option<f64>,
    /// The mark that it was asked with, where it comes back.
    pub mark: Option<String>,
}

/// The label that brings a look's mark back.
const MARK: &str = "warroom_look";

/// A query that brings back a mark beside its value: an answer that was kept from before has
/// another one.
pub fn marked(query: &str, mark: &str) -> String {
    format!("label_replace({query}, \"{MARK}\", \"{mark}\", \"\", \"\")")
}

/// Asks for what a query is now.
///
/// # Errors
/// Why the server gave no answer that says anything of the query.
pub async fn ask(web: &Web, query: &str) -> Result<Answered, Trouble> {
    let escaped: String = url::form_urlencoded::byte_serialize(query.as_bytes()).collect();
    let answer = web.get(&format!("api/v1/query?query={escaped}")).await?;
    read(&answer).ok_or_else(|| none(web, &answer))
}

/// Why an answer is none of Prometheus'.
fn none(web: &Web, answer: &Answer) -> Trouble {
    if !answer.status.is_success() {
        let trouble = web.refusal(answer.status, answer.said.trim());
        return match answer.status.as_u16() {
            404 => Trouble {
                message: format!("{}; is `url` the base of Prometheus?", trouble.message).into(),
                ..trouble
            },
            // It reads its log, or is about to end.
            503 => Trouble { kind: TroubleKind::NotReady, ..trouble },
            _ => trouble,
        };
    }
    let message = format!(
        "{} does not answer as Prometheus does; is `url` its base? It said: {}",
        web.place(),
        answer.said.trim()
    );
    Trouble::new(TroubleKind::Garbage, message)
}

/// What an answer says; none where Prometheus does not answer like that.
pub(super) fn read(answer: &Answer) -> Option<Answered> {
    let result = &answer.json["data"]["result"];
    // A scalar is a pair itself.
    let pair = if result[0]["value"].is_array() { &result[0]["value"] } else { result };
    let mark = result[0]["metric"][MARK].as_str().map(cut);
    Some(Answered { sample: sample(&answer.json)?, at_s: pair[0].as_f64(), mark })
}

fn sample(json: &Json) -> Option<Sample> {
    match json["status"].as_str()? {
        "success" => {}
        "error" => {
            let (kind, why) = (json["errorType"].as_str()?, json["error"].as_str()?);
            return Some(Sample::Failed(format!("is refused ({kind}): {}", cut(why))));
        }
        _ => return None,
    }
    if let Some(warning) = warning(json) {
        let why = format!("is answered in part only, with a warning: {}", cut(warning));
        return Some(Sample::Failed(why));
    }
    let (kind, result) = (json["data"]["resultType"].as_str()?, &json["data"]["result"]);
    let sample = match kind {
        "vector" => match result.as_array()?.as_slice() {
            [] => Sample::Empty,
            [one] => Sample::Value(value(&one["value"])?),
            several => Sample::Several(several.len()),
        },
        "scalar" => Sample::Value(value(result)?),
        "matrix" => Sample::Failed("is a range of time; ask for one figure".to_owned()),
        "string" => Sample::Failed("is a text; ask for a figure".to_owned()),
        _ => return None,
    };
    Some(sample)
}

/// A warning that doubts the figures. Some are hints on how a query is written.
fn warning(json: &Json) -> Option<&str> {
    let warnings = json["warnings"].as_array()?.iter().filter_map(Json::as_str);
    warnings.into_iter().find(|warning| !warning.starts_with("PromQL info:"))
}

/// The value of `[time, "value"]`; the time is that of the query.
fn value(pair: &Json) -> Option<f64> {
    pair[1].as_str()?.parse().ok()
}

fn cut(text: &str) -> String {
    text.chars().take(SAID_CHARS_MAX).collect()
}
