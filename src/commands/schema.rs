//! JSON Schemas of what people write, made from the declarations that the readers read by.

use serde_json::{Map, Value as Json, json};

use crate::domain::setting::{Kind, SettingSpec};
use crate::files::kinds::Kinds;
use crate::port::System;

/// A time with its unit, as the readers take it.
const TIME: &str = "^\\s*(\\d+(ms|s|m|h|d)\\s*)+$";

/// A size with its unit, as the readers take it.
const SIZE: &str = "^\\s*\\d+ *(B|KiB|MiB|GiB|TiB)\\s*$";

/// `warroom schema systems`: the schema of `[systems]` in a site, and in `$defs` that of `with` for
/// every kind of step.
pub fn systems(kinds: Kinds) -> String {
    let names: Vec<&str> = kinds.systems.iter().map(|system| system.kind()).collect();
    let of_kinds: Vec<Json> = kinds.systems.iter().map(|system| of_kind(*system)).collect();
    let steps: Map<String, Json> = kinds
        .actions()
        .map(|(_, action)| (action.spec().name.to_owned(), table(action.spec().settings)))
        .collect();
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "systems of a warroom site",
        "type": "object",
        "additionalProperties": {
            "type": "object",
            "required": ["kind"],
            "properties": { "kind": { "enum": names } },
            "allOf": of_kinds,
        },
        "$defs": steps,
    });
    format!("{schema:#}\n")
}

fn of_kind(system: &dyn System) -> Json {
    let settings = system.settings();
    let in_sides: Vec<SettingSpec> =
        settings.iter().copied().filter(|setting| !setting.of_pair).collect();
    let side = json!({
        "type": "object",
        "properties": properties(&in_sides),
        "additionalProperties": false,
    });
    let mut known = properties(settings);
    let common = [
        ("kind", json!({})),
        ("objective", json!({ "type": "string" })),
        ("standby", json!({ "enum": ["warm", "idle"] })),
        ("every", json!({ "type": "string", "pattern": TIME })),
        ("timeout", json!({ "type": "string", "pattern": TIME })),
        ("a", side.clone()),
        ("b", side),
    ];
    known.extend(common.map(|(name, schema)| (name.to_owned(), schema)));
    // What must be written may stand beside the sides, or in each of them.
    let somewhere = json!({ "anyOf": [{ "required": ["a"] }, { "required": ["b"] }] });
    let needed = settings.iter().filter(|setting| setting.required).map(|setting| {
        let here = json!({ "required": [setting.name] });
        json!({ "anyOf": [here, { "properties": { "a": here, "b": here } }] })
    });
    json!({
        "if": { "properties": { "kind": { "const": system.kind() } } },
        "then": {
            "description": system.doc(),
            "properties": known,
            "additionalProperties": false,
            "allOf": std::iter::once(somewhere).chain(needed).collect::<Vec<Json>>(),
        },
    })
}

/// A table whose keys are all declared.
fn table(settings: &[SettingSpec]) -> Json {
    let needed: Vec<&str> =
        settings.iter().filter(|setting| setting.required).map(|setting| setting.name).collect();
    json!({
        "type": "object",
        "properties": properties(settings),
        "required": needed,
        "additionalProperties": false,
    })
}

fn properties(settings: &[SettingSpec]) -> Map<String, Json> {
    settings.iter().map(|setting| (setting.name.to_owned(), property(setting))).collect()
}

fn property(setting: &SettingSpec) -> Json {
    let mut schema = match setting.kind {
        Kind::Text => json!({ "type": "string" }),
        Kind::Word | Kind::Secret => json!({ "type": "string", "minLength": 1 }),
        Kind::Path => json!({ "type": "string", "pattern": "^/" }),
        Kind::Integer(least, most) => {
            json!({ "type": "integer", "minimum": least, "maximum": most })
        }
        Kind::Boolean => json!({ "type": "boolean" }),
        Kind::Time(..) => json!({ "type": "string", "pattern": TIME }),
        Kind::Size(..) => json!({ "type": "string", "pattern": SIZE }),
        Kind::Choice(names) => json!({ "enum": names }),
        Kind::Texts(most) => {
            json!({ "type": "array", "items": { "type": "string" }, "maxItems": most })
        }
        Kind::Table(settings) => table(settings),
        Kind::PartOf(settings) => json!({
            "type": "object",
            "properties": properties(settings),
            "additionalProperties": false,
        }),
        Kind::Shape(_) => json!({}),
    };
    schema["description"] = json!(format!("{} ({})", setting.doc, setting.words()));
    schema
}
