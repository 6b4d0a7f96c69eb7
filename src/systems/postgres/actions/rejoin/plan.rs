//! What a rejoin is told: the old primary's files and programs, and whom it is to follow.

use super::super::super::settings::{PORT_DEFAULT, Settings, span_of, split_host};
use super::machine::Machine;
use crate::domain::catalogue::SettingSpec;
use crate::domain::ids::Side;
use crate::domain::settings::{Fault, Fields, Table};
use crate::domain::site::SystemSpec;

const fn setting(name: &'static str, required: bool, doc: &'static str) -> SettingSpec {
    SettingSpec { name, doc, required }
}

/// What may be written in `with`, or once for all plans in `rejoin` of the side that rejoins.
pub(super) const SETTINGS: &[SettingSpec] = &[
    setting("data", true, "Full path of the data directory, on the target's machine"),
    setting(
        "user",
        true,
        "The role that the target replicates with; its password stands in a file",
    ),
    setting(
        "through",
        false,
        "What runs a program on the target's machine as the owner of the data, such as \
         `[\"ssh\", \"pg-a\"]`; without it they run here",
    ),
    setting("bin", false, "Folder of pg_ctl and the others there, if they are not on its PATH"),
    setting("env", false, "Names of environment variables that `through` sees beside PATH"),
    setting(
        "source",
        false,
        "`host:port` of the new primary as the target reaches it, if not as the site says",
    ),
    setting("passfile", false, "Full path of the password file there, `~/.pgpass` if absent"),
    setting("sslmode", false, "TLS to the new primary, as libpq calls it, such as `verify-full`"),
    setting("slot", false, "Replication slot on the new primary, made where it is missing"),
    setting("start", false, "What starts the server there, a list; else pg_ctl does"),
    setting("stop", false, "What stops the server there, a list; else pg_ctl does"),
];

/// The modes of TLS that libpq knows.
const SSL_MODES: &[&str] = &["disable", "allow", "prefer", "require", "verify-ca", "verify-full"];

/// A rejoin as written.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Plan {
    /// Where the programs run.
    pub(super) machine: Machine,
    /// The data directory, without a slash at its end.
    pub(super) data: String,
    /// The new primary as the target reaches it.
    pub(super) source: (String, u16),
    /// The replicating role.
    pub(super) user: String,
    /// Its password file.
    pub(super) passfile: Option<String>,
    /// TLS to the new primary.
    pub(super) sslmode: Option<String>,
    /// The slot on the new primary.
    pub(super) slot: Option<String>,
    /// What starts the server.
    pub(super) start: Vec<String>,
    /// What stops the server.
    pub(super) stop: Vec<String>,
}

impl Plan {
    /// Reads what stands in `with`, and in `rejoin` of the side for what that leaves out.
    pub(super) fn read(
        name: &str,
        with: &Table,
        system: &SystemSpec,
        side: Side,
    ) -> Result<Self, Fault> {
        let settings = Settings::read(system)?;
        let mut merged = with.clone();
        let of_side = settings.sides[side.index()].as_ref().and_then(|side| side.rejoin.as_ref());
        for (key, node) in of_side.into_iter().flat_map(|table| &table.entries) {
            if merged.get(&key.name).is_none() {
                merged.entries.push((key.clone(), node.clone()));
            }
        }
        let with = &merged;
        let fields = Fields::new(with, format!("`with` of {name}"));
        let plain = |key: &'static str| match fields.text(key)? {
            Some(text) if !is_plain(text) => Err(not_plain(with, key)),
            text => Ok(text.map(str::to_owned)),
        };
        let path = |key: &'static str| match plain(key)? {
            Some(text) if !text.starts_with('/') || text.trim_end_matches('/').is_empty() => {
                let message = format!("`{key}` must be the full path of a folder or file");
                Err(Fault::new(span_of(with, key), message))
            }
            text => Ok(text.map(|text| text.trim_end_matches('/').to_owned())),
        };
        let words = |key: &'static str| {
            let words = fields.texts(key)?.into_iter().map(str::to_owned);
            Ok::<Vec<String>, Fault>(words.collect())
        };
        // Asked for by name first, so that what must be written is said in the usual words.
        fields.need_text("data")?;
        fields.need_text("user")?;
        let (passfile, bin) = (path("passfile")?, path("bin")?);
        let sslmode = fields.choice("sslmode", SSL_MODES)?.map(str::to_owned);
        let plan = Self {
            machine: Machine { through: words("through")?, env: words("env")?, bin },
            data: path("data")?.unwrap_or_default(),
            source: source(&fields, with, &settings, side)?,
            user: plain("user")?.unwrap_or_default(),
            passfile,
            sslmode,
            slot: plain("slot")?,
            start: words("start")?,
            stop: words("stop")?,
        };
        fields.finish()?;
        Ok(plan)
    }

    /// What libpq reads from the environment of the programs: no password is among it.
    pub(super) fn variables(&self) -> Vec<String> {
        let passfile = self.passfile.iter().map(|path| format!("PGPASSFILE={path}"));
        let sslmode = self.sslmode.iter().map(|mode| format!("PGSSLMODE={mode}"));
        passfile.chain(sslmode).collect()
    }

    /// `-h pg-b -p 5432 -U repl -w`: how the copying programs connect, never asking.
    pub(super) fn connection(&self) -> [String; 7] {
        let (host, port) = &self.source;
        ["-h", host, "-p", &port.to_string(), "-U", &self.user, "-w"].map(str::to_owned)
    }

    /// The lines that make a server follow the new primary, after those of its old
    /// `postgresql.auto.conf` that still hold. What made it follow or be fenced before goes: it
    /// refuses writes as a standby, and must take them at once when it is promoted one day.
    pub(super) fn standby_conf(&self, old: &str) -> String {
        let (host, port) = &self.source;
        let mut conninfo = format!("host={host} port={port} user={}", self.user);
        for (name, value) in [("passfile", &self.passfile), ("sslmode", &self.sslmode)] {
            if let Some(value) = value {
                conninfo = format!("{conninfo} {name}={value}");
            }
        }
        let stays = |line: &&str| {
            let name = line.split(['=', ' ', '\t']).next().unwrap_or_default();
            !name.starts_with("recovery_target")
                && !["primary_conninfo", "primary_slot_name", "default_transaction_read_only"]
                    .contains(&name)
        };
        let slot = self.slot.as_ref().map(|slot| format!("primary_slot_name = '{slot}'"));
        let old = old.lines().filter(stays).map(str::to_owned);
        let lines = old.chain([format!("primary_conninfo = '{conninfo}'")]).chain(slot);
        lines.flat_map(|line| [line, "\n".to_owned()]).collect()
    }
}

fn source(
    fields: &Fields<'_>,
    with: &Table,
    settings: &Settings,
    side: Side,
) -> Result<(String, u16), Fault> {
    let written = fields.text("source")?.map(split_host);
    let written = written.map(|(host, port)| (host, port.unwrap_or(PORT_DEFAULT)));
    let other = settings.sides[side.other().index()].as_ref();
    let of_site = || other.map(|other| (other.host.clone(), other.port));
    match written.or_else(of_site) {
        Some((host, port)) if is_plain(&host) && !host.starts_with('/') => Ok((host, port)),
        Some(_) | None => {
            let message =
                "`source` must be `host:port` of the new primary as the target reaches it";
            Err(Fault::new(span_of(with, "source"), message))
        }
    }
}

/// True for a text that means itself to every program, also where `through` hands it to a shell.
fn is_plain(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    !text.is_empty() && !text.starts_with('-') && text.chars().all(allowed)
}

fn not_plain(table: &Table, key: &str) -> Fault {
    let message = format!("`{key}` may hold letters, digits, `/`, `.`, `_` and `-` only");
    Fault::new(span_of(table, key), message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::systems::shared::testing::{spec, table};

    const SIDES: &str = "
        a = { host = 'pg-a', read = 'r', act = 'a', rejoin = { data = '/pg/', slot = 'dr' } }
        b = { host = 'pg-b:5433', read = 'r', act = 'a' }";

    fn read(with: &str) -> Result<Plan, String> {
        Plan::read("postgres.rewind", &table(with), &spec(SIDES), Side::A)
            .map_err(|fault| fault.message)
    }

    #[test]
    fn a_plan_is_read_with_what_its_side_says() {
        let plan = read("user = 'repl'\nthrough = ['ssh', 'pg-a']").unwrap();
        assert_eq!((plan.data.as_str(), plan.slot.as_deref()), ("/pg", Some("dr")));
        assert_eq!(plan.source, ("pg-b".to_owned(), 5433));
        let other = read("user = 'repl'\ndata = '/x'\nsource = 'b.internal'").unwrap();
        assert_eq!((other.data.as_str(), other.source.1), ("/x", 5432));
        let check = |with: &str, want: &str| {
            let message = read(with).unwrap_err();
            assert!(message.contains(want), "{message}");
        };
        check("", "needs `user`");
        check("user = 'a b'", "letters, digits");
        check("user = 'repl'\ndata = 'pg'", "full path");
        check("user = 'repl'\ndata = '/'", "full path");
        check("user = 'repl'\ndata = '/a;b'", "letters, digits");
        check("user = 'repl'\nsource = '/run/postgresql'", "as the target reaches it");
        check("user = 'repl'\nsslmode = 'verify'", "sslmode");
        check("user = 'repl'\nslots = 'x'", "did you mean `slot`?");
    }

    #[test]
    fn a_standby_keeps_its_settings_and_loses_its_fence() {
        let plan =
            read("user = 'repl'\npassfile = '/etc/pgpass'\nsslmode = 'verify-full'").unwrap();
        let old = "# Do not edit this file manually!\n\
                   work_mem = '64MB'\n\
                   default_transaction_read_only = 'on'\n\
                   primary_conninfo = 'host=old password=hunter2'\n\
                   primary_slot_name = 'old'\n\
                   recovery_target_timeline = 'latest'\n";
        let want = "# Do not edit this file manually!\n\
                    work_mem = '64MB'\n\
                    primary_conninfo = 'host=pg-b port=5433 user=repl passfile=/etc/pgpass \
                    sslmode=verify-full'\n\
                    primary_slot_name = 'dr'\n";
        assert_eq!(plan.standby_conf(old), want);
    }
}
