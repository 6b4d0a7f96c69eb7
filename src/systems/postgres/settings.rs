//! What a site file says of a Postgres pair: where each side is, who reads it, who may act on it.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::domain::catalogue::SettingSpec;
use crate::domain::ids::Side;
use crate::domain::settings::{Fault, Fields, Node, Span, Table};
use crate::domain::site::SystemSpec;

/// The port of a server whose port is not written.
pub(super) const PORT_DEFAULT: u16 = 5432;

/// The database of a side whose database is not written.
const DATABASE_DEFAULT: &str = "postgres";

/// The most tables that `schema_tables` may list.
const TABLES_MAX: usize = 200;

/// What may be written at the system or in `a` and `b`, for the docs.
pub(super) const SETTINGS: &[SettingSpec] = &[
    SettingSpec {
        name: "host",
        doc: "In `a` and `b`: name, address, `host:port`, or the folder of a Unix socket",
        required: true,
    },
    SettingSpec { name: "port", doc: "In `a` and `b`: the port, 5432 if absent", required: false },
    SettingSpec {
        name: "database",
        doc: "In `a` and `b`: the database to connect to, `postgres` if absent",
        required: false,
    },
    SettingSpec {
        name: "user",
        doc: "In `a` and `b`: the user, if the secret does not name one",
        required: false,
    },
    SettingSpec {
        name: "read",
        doc: "In `a` and `b`: the secret for watching; without it `user` connects unasked",
        required: false,
    },
    SettingSpec {
        name: "act",
        doc: "In `a` and `b`: the secret for acting; never opened by `watch`",
        required: false,
    },
    SettingSpec {
        name: "rejoin",
        doc: "In `a` and `b`: settings of postgres.rewind and postgres.base_backup for this side, \
              where a step leaves them out",
        required: false,
    },
    SettingSpec {
        name: "sslmode",
        doc: "`disable`, `prefer` (TLS where offered), `require` or `verify-full` (the same: TLS \
              always). A certificate is verified whenever TLS is used. Default: `disable` for \
              loopback and sockets, else `verify-full`",
        required: false,
    },
    SettingSpec {
        name: "ca",
        doc: "Absolute path of a PEM file with the authorities to trust, instead of the machine's",
        required: false,
    },
    SettingSpec {
        name: "heartbeat",
        doc: "`{ table = \"dr_heartbeat\", column = \"ts\", every = \"1s\" }`: a row that \
              something of yours updates on the primary; it is only read. How often is learned \
              from watching if absent; one older than three times that measures nothing",
        required: false,
    },
    SettingSpec {
        name: "schema_tables",
        doc: "Tables that must exist, such as `[\"users\", \"shop.orders\"]`",
        required: false,
    },
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

/// One side as written.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct SideSettings {
    /// A name, an address or an absolute folder.
    pub(super) host: String,
    /// The port.
    pub(super) port: u16,
    /// The database.
    pub(super) database: String,
    /// The user, where it is written here.
    pub(super) user: Option<String>,
    /// The secret for watching.
    pub(super) read: Option<String>,
    /// The secret for acting.
    pub(super) act: Option<String>,
    /// When TLS is used.
    pub(super) tls: TlsMode,
    /// What a rejoin of this side needs, read by its steps.
    pub(super) rejoin: Option<Table>,
    /// Where it is written.
    pub(super) span: Span,
}

impl SideSettings {
    /// `pg-a:5432/lms`.
    pub(super) fn place(&self) -> String {
        format!("{}:{}/{}", self.host, self.port, self.database)
    }
}

/// All settings of one system.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Settings {
    /// Trust these authorities instead of the machine's.
    pub(super) ca: Option<PathBuf>,
    /// The heartbeat row, if there is one.
    pub(super) heartbeat: Option<Heartbeat>,
    /// Tables that must exist.
    pub(super) tables: Vec<TableName>,
    /// Region A and B.
    pub(super) sides: [Option<SideSettings>; 2],
}

impl Settings {
    /// Reads what is written.
    pub(super) fn read(spec: &SystemSpec) -> Result<Self, Fault> {
        let what = format!("system `{}`", spec.id);
        let fields = Fields::new(&spec.settings, what.clone());
        let mode = fields.choice("sslmode", &["disable", "prefer", "require", "verify-full"])?.map(
            |word| match word {
                "disable" => TlsMode::Disable,
                "prefer" => TlsMode::Prefer,
                _ => TlsMode::Require,
            },
        );
        let ca = fields.text("ca")?.map(PathBuf::from);
        if let Some(path) = &ca
            && !path.is_absolute()
        {
            let span = spec.settings.get("ca").map_or(spec.span, |node| node.span);
            return Err(Fault::new(span, format!("`ca` in {what} must be an absolute path")));
        }
        let heartbeat = fields.table("heartbeat")?.map(read_heartbeat).transpose()?;
        let tables = read_tables(&fields, "schema_tables")?;
        fields.finish()?;
        let side = |side: Side| {
            let table = spec.sides[side.index()].as_ref();
            table.map(|table| read_side(table, &what, side, mode)).transpose()
        };
        let sides = [side(Side::A)?, side(Side::B)?];
        if sides.iter().all(Option::is_none) {
            let message = format!("{what} needs `a` or `b` with a `host`");
            return Err(Fault::new(spec.span, message));
        }
        Ok(Self { ca, heartbeat, tables, sides })
    }
}

/// Reads a list of table names.
pub(super) fn read_tables(fields: &Fields<'_>, key: &'static str) -> Result<Vec<TableName>, Fault> {
    let texts = fields.texts(key)?;
    let span = match fields.node(key) {
        Some(Node { span, .. }) => *span,
        None => fields.span(),
    };
    if texts.len() > TABLES_MAX {
        let message = format!("`{key}` lists {} tables; at most {TABLES_MAX}", texts.len());
        return Err(Fault::new(span, message));
    }
    texts
        .into_iter()
        .map(|text| TableName::parse(text).ok_or_else(|| not_a_table(span, text)))
        .collect()
}

fn not_a_table(span: Span, text: &str) -> Fault {
    let given: String = text.chars().take(80).collect();
    let rule = "letters, digits, `_` and `-`, with at most one `.` after the schema";
    Fault::new(span, format!("`{given}` is not a table name: use {rule}"))
}

fn read_heartbeat(table: &Table) -> Result<Heartbeat, Fault> {
    let fields = Fields::new(table, "`heartbeat`");
    let name = fields.need_text("table")?;
    let found = TableName::parse(name).ok_or_else(|| not_a_table(table.span, name))?;
    let column = fields.text("column")?.unwrap_or("ts");
    if !is_plain(column) {
        return Err(not_a_table(table.span, column));
    }
    let every = fields.duration("every")?;
    fields.finish()?;
    Ok(Heartbeat { table: found, column: column.to_owned(), every })
}

fn read_side(
    table: &Table,
    what: &str,
    side: Side,
    mode: Option<TlsMode>,
) -> Result<SideSettings, Fault> {
    let fields = Fields::new(table, format!("side {side} of {what}"));
    let (host, port_of_host) = split_host(fields.need_text("host")?);
    let port = fields.integer("port", 1, 65_535)?.and_then(|port| u16::try_from(port).ok());
    if let (Some(Node { span, .. }), Some(_)) = (table.get("port"), port_of_host) {
        let message = format!("the port of side {side} of {what} is written twice");
        return Err(Fault::new(*span, message));
    }
    let text = |key: &'static str| Ok::<_, Fault>(fields.text(key)?.map(str::to_owned));
    let settings = SideSettings {
        port: port.or(port_of_host).unwrap_or(PORT_DEFAULT),
        database: text("database")?.unwrap_or_else(|| DATABASE_DEFAULT.to_owned()),
        user: text("user")?,
        read: text("read")?,
        act: text("act")?,
        rejoin: fields.table("rejoin")?.cloned(),
        tls: mode.unwrap_or(if is_local(&host) { TlsMode::Disable } else { TlsMode::Require }),
        host,
        span: table.span,
    };
    fields.finish()?;
    if settings.host.is_empty() {
        let node = table.get("host");
        let span = node.map_or(table.span, |node| node.span);
        return Err(Fault::new(span, format!("`host` of side {side} of {what} is empty")));
    }
    if settings.read.is_none() && settings.user.is_none() {
        let message = format!(
            "side {side} of {what} needs `read`, the name of a secret, or `user` where none is \
             asked"
        );
        return Err(Fault::new(table.span, message));
    }
    Ok(settings)
}

/// Splits `pg-a:5433`, `[::1]:5433`; leaves `::1`, `pg-a` and `/run/postgresql` whole.
pub(super) fn split_host(text: &str) -> (String, Option<u16>) {
    let text = text.trim();
    if text.starts_with('/') {
        return (text.to_owned(), None);
    }
    if let Some((host, rest)) = text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return (host.to_owned(), rest.strip_prefix(':').and_then(|port| port.parse().ok()));
    }
    match text.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') => match port.parse() {
            Ok(port) => (host.to_owned(), Some(port)),
            Err(_) => (text.to_owned(), None),
        },
        _ => (text.to_owned(), None),
    }
}

/// True for sockets and loopback: the traffic does not leave the machine.
fn is_local(host: &str) -> bool {
    host.starts_with('/')
        || host == "localhost"
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The span of a key, or of its table.
pub(super) fn span_of(table: &Table, key: &str) -> Span {
    table.get(key).map_or(table.span, |node| node.span)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::SystemId;
    use crate::domain::settings::{Key, Value};

    fn text_node(text: &str) -> Node {
        Node { span: Span::default(), value: Value::Text(text.to_owned()) }
    }

    fn table(entries: &[(&str, &str)]) -> Table {
        let entries = entries
            .iter()
            .map(|(key, text)| {
                (Key { name: (*key).to_owned(), span: Span::default() }, text_node(text))
            })
            .collect();
        Table { span: Span::default(), entries, ..Table::default() }
    }

    fn spec(system: &[(&str, &str)], a: &[(&str, &str)]) -> SystemSpec {
        SystemSpec {
            idle_standby: false,
            id: SystemId::new("pg").unwrap(),
            kind: "postgres".to_owned(),
            objective: None,
            every: Duration::from_secs(2),
            timeout: Duration::from_secs(2),
            settings: table(system),
            sides: [Some(table(a)), None],
            span: Span::default(),
        }
    }

    #[test]
    fn hosts_ports_and_tls() {
        let check = |host: &str, want: (&str, u16, TlsMode)| {
            let settings = Settings::read(&spec(&[], &[("host", host), ("read", "r")])).unwrap();
            let side = settings.sides[0].clone().unwrap();
            assert_eq!((side.host.as_str(), side.port, side.tls), want, "{host}");
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
        let check = |system: &[(&str, &str)], a: &[(&str, &str)], want: &str| {
            let fault = Settings::read(&spec(system, a)).unwrap_err();
            assert!(fault.message.contains(want), "{}", fault.message);
        };
        check(&[], &[("host", "x")], "needs `read`");
        check(&[], &[("read", "x")], "needs `host`");
        check(&[], &[("host", ""), ("read", "x")], "is empty");
        check(&[], &[("host", "x"), ("red", "x")], "did you mean `read`?");
        check(&[("sslmode", "requir")], &[("host", "x"), ("read", "x")], "mean `require`?");
        check(&[("ca", "x.pem")], &[("host", "x"), ("read", "x")], "absolute path");
        check(&[("heartbeat", "t")], &[("host", "x"), ("read", "x")], "must be a table");
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
