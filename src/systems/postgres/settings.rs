//! What a site file says of a Postgres pair, beside where each side is and who reads or acts there.

use std::time::Duration;

use super::actions::rejoin::plan;
use crate::domain::setting::{Kind, Meant, Setting, SettingSpec};
use crate::domain::settings::{Fault, Fields, Table};
use crate::systems::kit::beating::BEATS_EVERY;
use crate::systems::kit::endpoint::{self, Endpoint};

/// The kind `postgres`.
#[derive(Debug, Clone, Copy)]
pub struct Postgres;

/// The most tables that may be listed.
pub(super) const TABLES_MAX: usize = 200;

/// The port.
pub(super) const PORT: Setting<u16> = endpoint::PORT.or("5432");

const DATABASE: Setting<String> =
    Setting::new("database", Kind::Word, "The database to connect to")
        .or("postgres")
        .example("\"lms\"");

const USER: Setting<String> =
    Setting::new("user", Kind::Word, "The user, where the secret does not name one");

/// What a rejoin needs, for the steps that leave it out.
const REJOIN: Setting<Table> = Setting::new(
    "rejoin",
    Kind::PartOf(plan::SETTINGS),
    "Settings of postgres.rewind and postgres.base_backup for this side, where a step leaves them \
     out",
);

const SSL_MODE: Setting<TlsMode> = Setting::new(
    "sslmode",
    Kind::Choice(&["disable", "prefer", "require", "verify-full"]),
    "`prefer` is TLS where offered, `require` and `verify-full` the same: TLS always. A \
     certificate is verified whenever TLS is used. Absent: `disable` for loopback and sockets, \
     else `verify-full`",
)
.of_pair();

const HEARTBEAT: Setting<Heartbeat> = Setting::new(
    "heartbeat",
    Kind::Table(&[BEAT_TABLE.spec, BEAT_COLUMN.spec, BEAT_EVERY.spec]),
    "A row that something of yours updates on the primary, or `warroom beat` does where `beat` is \
     written",
)
.of_pair()
.example("{ table = \"dr_heartbeat\" }");

const BEAT_TABLE: Setting<TableName> =
    Setting::new("table", Kind::Word, "The heartbeat's table").required();

const BEAT_COLUMN: Setting<String> =
    Setting::new("column", Kind::Word, "Its column of type `timestamptz`").or("ts");

const BEAT_EVERY: Setting<Duration> = Setting::new(
    "every",
    BEATS_EVERY,
    "How often it is written, by `warroom beat` each second if absent; learned from watching then. \
     One that is older than three times this measures nothing",
);

const TABLES: Setting<Vec<TableName>> = Setting::new(
    "schema_tables",
    Kind::Texts(TABLES_MAX),
    "Tables that must exist, such as `[\"users\", \"shop.orders\"]`",
)
.of_pair();

/// What may be written at the system or in `a` and `b`.
pub(super) const SETTINGS: &[SettingSpec] = &[
    endpoint::HOST.example_each("\"pg-{side}\"").spec,
    PORT.spec,
    DATABASE.spec,
    USER.spec,
    endpoint::READ
        .doc("The secret for watching; without it `user` connects unasked")
        .example("\"pg-read\"")
        .spec,
    endpoint::ACT.example("\"pg-act\"").spec,
    endpoint::BEAT.spec,
    REJOIN.spec,
    SSL_MODE.spec,
    endpoint::CA.spec,
    HEARTBEAT.spec,
    TABLES.spec,
];

/// When TLS is used. Wherever it is, the server's certificate is verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TlsMode {
    /// Never.
    Disable,
    /// Where the server offers it.
    Prefer,
    /// Always.
    Require,
}

impl Meant for TlsMode {
    fn read(spec: &SettingSpec, fields: &Fields<'_>) -> Result<Option<Self>, Fault> {
        Ok(<&str>::read(spec, fields)?.map(|word| match word {
            "disable" => Self::Disable,
            "prefer" => Self::Prefer,
            _ => Self::Require,
        }))
    }
}

/// A table by schema and name, both plain enough to be quoted without escapes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TableName {
    /// The schema, `public` where none is written.
    pub(super) schema: String,
    /// The name within it.
    pub(super) name: String,
}

impl TableName {
    /// `"public"."users"`.
    pub(super) fn quoted(&self) -> String {
        format!("\"{}\".\"{}\"", self.schema, self.name)
    }

    /// Reads `users` or `shop.orders`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (schema, name) = text.split_once('.').unwrap_or(("public", text));
        (is_plain(schema) && is_plain(name))
            .then(|| Self { schema: schema.to_owned(), name: name.to_owned() })
    }
}

fn is_plain(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    !text.is_empty() && text.len() <= 63 && text.chars().all(allowed)
}

impl Meant for TableName {
    fn read(spec: &SettingSpec, fields: &Fields<'_>) -> Result<Option<Self>, Fault> {
        let read =
            |name: String| Self::parse(&name).ok_or_else(|| not_a_table(fields, spec, &name));
        String::read(spec, fields)?.map(read).transpose()
    }
}

impl Meant for Vec<TableName> {
    fn read(spec: &SettingSpec, fields: &Fields<'_>) -> Result<Option<Self>, Fault> {
        let Some(names) = Vec::<String>::read(spec, fields)? else { return Ok(None) };
        let read =
            |name: &String| TableName::parse(name).ok_or_else(|| not_a_table(fields, spec, name));
        names.iter().map(read).collect::<Result<_, _>>().map(Some)
    }
}

fn not_a_table(fields: &Fields<'_>, spec: &SettingSpec, text: &str) -> Fault {
    let given: String = text.chars().take(80).collect();
    let rule = "letters, digits, `_` and `-`, with at most one `.` after the schema";
    let why = format!("holds `{given}`, which is not a table name: use {rule}");
    fields.refuse(spec.name, &why)
}

/// A heartbeat row to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Heartbeat {
    /// Where it is.
    pub(super) table: TableName,
    /// Its `timestamptz` column.
    pub(super) column: String,
    /// How often it is written, where the site says so.
    pub(super) every: Option<Duration>,
}

impl Meant for Heartbeat {
    fn read(spec: &SettingSpec, fields: &Fields<'_>) -> Result<Option<Self>, Fault> {
        let Some(table) = fields.table(spec.name)? else { return Ok(None) };
        let fields = Fields::new(table, format!("`{}`", spec.name));
        let column = BEAT_COLUMN.get(&fields)?;
        if !is_plain(&column) {
            return Err(not_a_table(&fields, &BEAT_COLUMN.spec, &column));
        }
        let (table, every) = (BEAT_TABLE.get(&fields)?, BEAT_EVERY.of(&fields)?);
        fields.finish()?;
        Ok(Some(Self { table, column, every }))
    }
}

/// One side's settings beside its address and secrets.
#[derive(Debug, Clone, PartialEq)]
pub struct Own {
    /// The database.
    pub(super) database: String,
    /// The user, where it is written here.
    pub(super) user: Option<String>,
    /// When TLS is used.
    pub(super) tls: TlsMode,
    /// What a rejoin of this side needs, read by its steps.
    pub(super) rejoin: Option<Table>,
    /// The heartbeat row, if there is one.
    pub(super) heartbeat: Option<Heartbeat>,
    /// Tables that must exist.
    pub(super) tables: Vec<TableName>,
}

impl Own {
    /// Reads them.
    pub(super) fn read(fields: &Fields<'_>, endpoint: &Endpoint) -> Result<Self, Fault> {
        let by_place = if endpoint.is_local() { TlsMode::Disable } else { TlsMode::Require };
        Ok(Self {
            database: DATABASE.get(fields)?,
            user: USER.of(fields)?,
            tls: SSL_MODE.of(fields)?.unwrap_or(by_place),
            rejoin: REJOIN.of(fields)?,
            heartbeat: HEARTBEAT.of(fields)?,
            tables: TABLES.of(fields)?.unwrap_or_default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::Side;
    use crate::systems::kit::server::Written;
    use crate::systems::kit::testing::spec;

    fn read(text: &str) -> Result<Written<Postgres>, Fault> {
        Written::one(&spec(text), Side::A)
    }

    #[test]
    fn hosts_ports_and_tls() {
        let check = |host: &str, want: (&str, u16, TlsMode)| {
            let side = read(&format!("a = {{ host = '{host}', read = 'r' }}")).unwrap();
            let Endpoint { host: found, port } = &side.endpoint;
            assert_eq!((found.as_str(), *port, side.own.tls), want, "{host}");
        };
        check("pg-a", ("pg-a", 5432, TlsMode::Require));
        check("pg-a:5433", ("pg-a", 5433, TlsMode::Require));
        check("127.0.0.1:7", ("127.0.0.1", 7, TlsMode::Disable));
        check("::1", ("::1", 5432, TlsMode::Disable));
        check("[2001:db8::1]:99", ("2001:db8::1", 99, TlsMode::Require));
        check("/run/postgresql", ("/run/postgresql", 5432, TlsMode::Disable));
        check("localhost", ("localhost", 5432, TlsMode::Disable));
    }

    #[test]
    fn refusals_say_what_to_do() {
        let check = |system: &str, a: &str, want: &str| {
            let fault = read(&format!("{system}\na = {{ {a} }}")).err().expect(want);
            assert!(fault.message.contains(want), "{}", fault.message);
        };
        check("", "host = 'x'", "needs `read`");
        check("", "read = 'x'", "needs `host`");
        check("", "host = '', read = 'x'", "is empty");
        check("", "host = 'x', red = 'x'", "did you mean `read`?");
        check("sslmode = 'requir'", "host = 'x', read = 'x'", "mean `require`?");
        check("ca = 'x.pem'", "host = 'x', read = 'x'", "absolute path");
        check("heartbeat = 't'", "host = 'x', read = 'x'", "must be a table");
        let none = "heartbeat = { table = 't', every = '0s' }";
        check(none, "host = 'x', read = 'x'", "`every` in `heartbeat`");
        check("", "host = 'x', read = 'x', beat = 'x'", "has `beat`, and no `heartbeat`");
        check("", "host = 'x', read = 'x', sslmode = 'require'", "write it beside `a` and `b`");
    }

    #[test]
    fn tables_are_plain_names() {
        let check = |text: &str, want: Option<&str>| {
            assert_eq!(TableName::parse(text).map(|table| table.quoted()).as_deref(), want);
        };
        check("users", Some("\"public\".\"users\""));
        check("shop.Orders", Some("\"shop\".\"Orders\""));
        check("a.b.c", None);
        check("x\"; drop", None);
        check("", None);
    }
}
