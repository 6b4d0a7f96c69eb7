//! What may be written of an HTTP endpoint and of a request that is a step.

use std::path::PathBuf;

use crate::domain::setting::{Kind, Setting, SettingSpec};
use crate::domain::settings::Table;
use crate::systems::kit::endpoint;

/// Methods that may be written.
const METHODS: Kind = Kind::Choice(&["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]);

/// What to ask.
pub const URL: Setting<String> = Setting::new(
    "url",
    Kind::Word,
    "What to ask, `https://` or `http://`, without user or password",
)
.leads_to_hosts()
.required()
.example_each("\"http://127.0.0.1:9/health\"");

/// The method of a look.
pub const METHOD: Setting<&str> = Setting::new("method", METHODS, "How it is asked").or("GET");

/// Lines of the request.
pub const HEADERS: Setting<Table> = Setting::new(
    "headers",
    Kind::Shape("a table of texts and secrets"),
    "Lines: a text, `{ secret = \"name\", prefix = \"Bearer \" }` or `{ basic = \"name\" }`",
);

/// The body of the request.
pub const BODY: Setting<String> = Setting::new("body", Kind::Text, "What to send with it");

/// The authorities to trust.
pub const CA: Setting<PathBuf> = endpoint::CA;

const EXPECT: Setting<Table> = Setting::new(
    "expect",
    Kind::Shape("a rule"),
    "When it is up: `status` (200; one or a list), `json` by pointer, `body_contains`",
)
.example("{ status = 200, json = { \"/status\" = \"up\" } }");

const DEGRADED: Setting<Table> = Setting::new(
    "degraded",
    Kind::Shape("a rule"),
    "When it is degraded; written like `expect`, asked before it",
)
.example("{ json = { \"/status\" = \"degraded\" } }");

/// The settings of an endpoint that is watched.
pub const OF_SYSTEM: &[SettingSpec] =
    &[URL.spec, METHOD.spec, HEADERS.spec, BODY.spec, CA.spec, EXPECT.spec, DEGRADED.spec];

const URL_OF_STEP: Setting<String> = Setting::new(
    "url",
    Kind::Word,
    "What to ask; may hold {from}, {to}, {from_label}, {to_label}, {step}",
)
.required()
.example("\"http://127.0.0.1:9/announce\"");

/// The method of a step.
pub const METHOD_OF_STEP: Setting<&str> =
    Setting::new("method", METHODS, "How it is asked").or("POST").example("\"POST\"");

const HEADERS_OF_STEP: Setting<Table> = Setting::new(
    "headers",
    Kind::Shape("a table of texts and secrets"),
    "As for the kind `http`; texts may also hold {run}, {attempt}, {key}",
);

const BODY_OF_STEP: Setting<String> =
    Setting::new("body", Kind::Text, "What to send; may hold the same placeholders as headers");

const SUCCESS: Setting<Table> = Setting::new(
    "success",
    Kind::Shape("a rule"),
    "What proves success: `status`, `json`, `body_contains`",
);

const CHECK: Setting<Table> = Setting::new(
    "check",
    Kind::Shape("a table"),
    "Tells whether it is so; written like a system of the kind `http`, with its `expect`",
);

/// The settings of a request that is a step.
pub const OF_STEP: &[SettingSpec] = &[
    URL_OF_STEP.spec,
    METHOD_OF_STEP.spec,
    HEADERS_OF_STEP.spec,
    BODY_OF_STEP.spec,
    CA.spec,
    SUCCESS.spec,
    CHECK.spec,
];
