//! The HTML report is one well-formed file that loads nothing and in which text is only text.

use strum::VariantArray as _;
use warroom::commands::report::format::Format;
use warroom::domain::run::event::Body;

use super::tale::{by_chance, given_up, valid, whole};
use super::text;

/// Follows every tag; the names of the elements and of their attributes.
fn well_formed(page: &str) -> Vec<(String, Vec<(String, String)>)> {
    let mut open: Vec<String> = Vec::new();
    let mut found = Vec::new();
    let mut rest = page.strip_prefix("<!doctype html>").expect("it says what it is");
    while let Some(at) = rest.find('<') {
        let before = &rest[..at];
        assert!(!before.contains('>') || open.last().is_some_and(|tag| tag == "style"), "{before}");
        entities(before);
        rest = &rest[at..];
        if let Some(comment) = rest.strip_prefix("<!--") {
            let (inside, after) = comment.split_once("-->").expect("a comment ends");
            assert!(!inside.contains("--"), "{inside}");
            rest = after;
            continue;
        }
        let (tag, after) = rest[1..].split_once('>').expect("a tag ends");
        rest = after;
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name), "before {}", &rest[..rest.len().min(80)]);
            continue;
        }
        let (tag, empty) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
        let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        assert!(name.bytes().all(|b| b.is_ascii_alphanumeric()), "`{name}`");
        if !empty {
            open.push(name.to_owned());
        }
        found.push((name.to_owned(), pairs(attributes)));
    }
    assert!(open.is_empty(), "{open:?} stay open");
    found
}

fn pairs(mut text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    while !text.trim().is_empty() {
        let (name, after) = text.trim_start().split_once("=\"").expect("a value in quotes");
        let (value, after) = after.split_once('"').expect("a value ends");
        entities(value);
        found.push((name.to_owned(), value.to_owned()));
        text = after;
    }
    found
}

fn entities(text: &str) {
    for part in text.split('&').skip(1) {
        let name = part.split(';').next().unwrap_or_default();
        assert!(["lt", "gt", "amp", "quot", "#39"].contains(&name), "&{name} in {text}");
    }
}

#[test]
fn the_page_is_well_formed_and_loads_nothing() {
    let chance = (0..20).map(|seed| by_chance(seed, valid()));
    for tale in [whole(), given_up()].into_iter().chain(chance) {
        let page = text(&tale, Format::Html);
        let elements = well_formed(&page);
        assert!(!page.contains("http:") && !page.contains("https:"), "an address");
        let mut names: Vec<&str> = Vec::new();
        for (name, attributes) in &elements {
            let loads = ["script", "link", "img", "iframe", "object", "embed", "base", "form"];
            assert!(!loads.contains(&name.as_str()), "<{name}>");
            for (attribute, value) in attributes {
                assert!(!attribute.starts_with("on") && attribute != "src", "{attribute}={value}");
                assert!(attribute != "href" || value.starts_with('#'), "{value}");
                if attribute == "id" {
                    names.push(value);
                }
            }
        }
        let targets = elements.iter().flat_map(|(_, attributes)| attributes);
        for (_, link) in targets.filter(|(name, _)| name == "href") {
            assert!(names.contains(&&link[1..]), "{link} leads nowhere");
        }
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all, "an id stands twice");
        assert_eq!(elements.iter().filter(|(name, _)| name == "svg").count(), 3);
        assert!(!page.contains("url(") && !page.contains("@import"), "a style that loads");
    }
}

#[test]
fn hostile_text_stays_text() {
    const HOSTILE: &str = "</title><script src=\"https://x.example/x.js\"></script>\
                           <img src=x onerror='a()'> --> | `a` [b](c) &amp; \
                           warroom-report schema=9";
    let mut tale = whole();
    tale.site.title = HOSTILE.into();
    tale.runbook.title = HOSTILE.into();
    for step in &mut tale.runbook.steps {
        step.title = HOSTILE.into();
    }
    tale.add(240, Body::Noted { text: HOSTILE.into() });
    let page = text(&tale, Format::Html);
    for (name, attributes) in well_formed(&page) {
        assert!(name != "script" && name != "img", "<{name}>");
        let on = attributes.iter().find(|(attribute, _)| attribute.starts_with("on"));
        assert_eq!(on, None);
    }
    assert!(page.contains("&lt;/title&gt;&lt;script src=&quot;"), "it is shown as it is");
    let plain = text(&tale, Format::Md);
    assert!(!plain.contains("<script") && !plain.contains("[b](c)") && !plain.contains("`a`"));
    assert_eq!(plain.matches("-->").count(), 1, "only the seal's comment ends");
    let json: serde_json::Value = serde_json::from_str(&text(&tale, Format::Json)).expect("JSON");
    assert_eq!(json["title"], HOSTILE);
    for &format in Format::VARIANTS {
        let source = tale.source();
        let report =
            warroom::commands::report::render_all(&source, format).expect("it is made").text;
        let done = warroom::commands::report::verify::verify(report.as_bytes(), &source);
        assert!(done.is_ok(), "{format:?} {done:?}");
    }
}

#[test]
fn json_keeps_its_form() {
    let report: serde_json::Value =
        serde_json::from_str(&text(&whole(), Format::Json)).expect("JSON");
    assert_eq!(report["schema"], 1);
    assert_eq!((&report["run"], &report["badge"]), (&"shop-1".into(), &"DRILL".into()));
    assert_eq!(report["chain"]["entries"], 26);
    let sections = report["sections"].as_array().expect("sections");
    let claims = sections.iter().flat_map(|section| section["claims"].as_array().expect("claims"));
    let total = claims.clone().find(|claim| claim["id"] == "clock.total").expect("the total");
    assert_eq!((&total["value"], &total["unit"]), (&210.0.into(), &"s".into()));
    assert_eq!((&total["text"], &total["entries"]), (&"00:03:30".into(), &vec![3, 24].into()));
    let people = claims.clone().find(|claim| claim["id"] == "people.cause").expect("for people");
    assert_eq!((&people["value"], &people["entries"]), (&().into(), &serde_json::json!([])));
    assert_eq!(report["timeline"].as_array().map(Vec::len), Some(26));
    assert_eq!(report["timeline"][2]["since_t0_s"], 75.0);
}
