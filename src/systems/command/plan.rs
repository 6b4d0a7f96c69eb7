//! Programs as written in a site or a plan, and what is kept of what they print.

use std::path::PathBuf;

use crate::domain::setting::{Kind, Setting, SettingSpec};
use crate::domain::settings::{Fault, Fields, Span, Table};
use crate::systems::kit::child::Start;
use crate::systems::kit::placeholders::{self, Placeholders};
use crate::systems::kit::rule::{Rule, Words};

/// What the parts of a rule on a program are called.
pub const WORDS: Words = Words { code: "exit", range: (0, 255), contains: "stdout_contains" };

/// The most words of a program's call, and the most variables it sees.
const WORDS_MAX: usize = 256;

const ARGV: Setting<Vec<String>> = Setting::new(
    "argv",
    Kind::Texts(WORDS_MAX),
    "The program and its arguments; no shell reads them",
)
.required()
.example_each("[\"test\", \"-d\", \"/\"]");

const ENV: Setting<Vec<String>> = Setting::new(
    "env",
    Kind::Texts(WORDS_MAX),
    "Names of the environment variables it sees beside PATH",
);

const CWD: Setting<PathBuf> = Setting::new("cwd", Kind::Path, "The folder it starts in");

const SUCCESS: Setting<Table> = Setting::new(
    "success",
    Kind::Shape("a rule"),
    "When it is up: `exit` (0; one or a list), `stdout_contains`, `json` by pointer",
)
.example("{ exit = 0 }");

const DEGRADED: Setting<Table> = Setting::new(
    "degraded",
    Kind::Shape("a rule"),
    "When it is degraded; written like `success`, asked before it",
)
.example("{ exit = 1 }");

/// What may be written at the system or in `a` and `b`.
pub const SETTINGS: &[SettingSpec] = &[ARGV.spec, ENV.spec, CWD.spec, SUCCESS.spec, DEGRADED.spec];

/// A program and when it is content, as written at a system.
#[derive(Debug, Clone, PartialEq)]
pub struct Program {
    /// What to start.
    pub start: Start,
    /// When it is up.
    pub success: Rule,
    /// When it is degraded.
    pub degraded: Option<Rule>,
}

impl Program {
    /// Reads the settings of one side.
    ///
    /// # Errors
    /// When one is wrong or unknown.
    pub fn read(table: &Table, what: &str) -> Result<Self, Fault> {
        let fields = Fields::new(table, what);
        let start = read_start(&fields, "argv", what)?.ok_or_else(|| {
            Fault::new(table.span, format!("{what} needs `argv`, a list of texts"))
        })?;
        let rule = |key: &str, table| Rule::read(table, WORDS, &[0], &format!("`{key}` of {what}"));
        let success = rule("success", fields.table("success")?)?;
        let degraded = fields.table("degraded")?;
        let degraded = degraded.map(|table| rule("degraded", Some(table))).transpose()?;
        fields.finish()?;
        Ok(Self { start, success, degraded })
    }
}

/// Reads the program under `key` with `env` and `cwd`; none when `key` is not written.
///
/// # Errors
/// When a part is wrong.
pub fn read_start(
    fields: &Fields<'_>,
    key: &'static str,
    what: &str,
) -> Result<Option<Start>, Fault> {
    let argv: Vec<String> = fields.texts(key)?.into_iter().map(str::to_owned).collect();
    let env = ENV.of(fields)?.unwrap_or_default();
    let cwd = CWD.of(fields)?;
    if let Some(name) = env.iter().find(|name| name.is_empty() || name.contains(['=', '\0'])) {
        let name = name.replace('\0', "␀");
        let message = format!("`env` in {what} lists names of variables, and `{name}` is none");
        return Err(fields.fault("env", message));
    }
    if fields.node(key).is_none() {
        return Ok(None);
    }
    let broken = argv.first().is_none_or(String::is_empty)
        || argv.iter().any(|argument| argument.contains('\0'));
    if broken {
        let message = format!(
            "`{key}` in {what} must be a list of texts, the program first: [\"fence\", \"a\"]"
        );
        return Err(fields.fault(key, message));
    }
    Ok(Some(Start { argv, env, cwd }))
}

/// Refuses texts in `argv` that were meant as placeholders and are none.
///
/// # Errors
/// When there is one.
pub fn check_placeholders(start: &Start, in_attempt: bool, span: Span) -> Result<(), Fault> {
    start.argv.iter().try_for_each(|argument| placeholders::check(argument, in_attempt, span))
}

/// The same program with its placeholders filled.
pub fn filled(start: &Start, filler: &Placeholders) -> Start {
    let argv = start.argv.iter().map(|argument| filler.fill(argument)).collect();
    Start { argv, ..start.clone() }
}
