//! What a rejoin is told: the old primary's files and programs, and whom it is to follow.

use super::machine::Machine;
use crate::domain::setting::{Kind, Meant, Setting, SettingSpec};
use crate::domain::settings::{Fault, Fields, Table};
use crate::systems::kit::endpoint::{Endpoint, NO_HOST, split_host};

/// The most words of a command line.
const WORDS_MAX: usize = 64;

const DATA: Setting<FullPath> =
    Setting::new("data", Kind::Word, "Full path of the data directory, on the target's machine")
        .required()
        .example("\"/var/lib/postgresql/15/main\"");

const USER: Setting<Plain> = Setting::new(
    "user",
    Kind::Word,
    "The role that the target replicates with; its password stands in a file",
)
.required()
.example("\"wr_follow\"");

const THROUGH: Setting<Vec<String>> = Setting::new(
    "through",
    Kind::Texts(WORDS_MAX),
    "What runs a program on the target's machine as the owner of the data, such as `[\"ssh\", \
     \"pg-a\"]`; without it they run here",
);

const BIN: Setting<FullPath> = Setting::new(
    "bin",
    Kind::Word,
    "Folder of pg_ctl and the others there, if they are not on its PATH",
)
.example("\"/usr/lib/postgresql/15/bin\"");

const ENV: Setting<Vec<String>> = Setting::new(
    "env",
    Kind::Texts(WORDS_MAX),
    "Names of environment variables that `through` sees beside PATH",
);

const SOURCE: Setting<String> = Setting::new(
    "source",
    Kind::Word,
    "`host:port` of the new primary as the target reaches it, if not as the site says",
);

const PASSFILE: Setting<FullPath> = Setting::new(
    "passfile",
    Kind::Word,
    "Full path of the password file there, `~/.pgpass` if absent",
);

const SSL_MODE: Setting<&str> = Setting::new(
    "sslmode",
    Kind::Choice(&["disable", "allow", "prefer", "require", "verify-ca", "verify-full"]),
    "TLS to the new primary, as libpq calls it",
);

const SLOT: Setting<Plain> = Setting::new(
    "slot",
    Kind::Word,
    "Replication slot on the new primary, made where it is missing",
)
.example("\"region_a\"");

const START: Setting<Vec<String>> = Setting::new(
    "start",
    Kind::Texts(WORDS_MAX),
    "What starts the server there, a list; else pg_ctl does",
);

const STOP: Setting<Vec<String>> = Setting::new(
    "stop",
    Kind::Texts(WORDS_MAX),
    "What stops the server there, a list; else pg_ctl does",
);

/// What may be written in `with`, or once for all plans in `rejoin` of the side that rejoins.
pub(in super::super::super) const SETTINGS: &[SettingSpec] = &[
    DATA.spec,
    USER.spec,
    THROUGH.spec,
    BIN.spec,
    ENV.spec,
    SOURCE.spec,
    PASSFILE.spec,
    SSL_MODE.spec,
    SLOT.spec,
    START.spec,
    STOP.spec,
];

/// A text that means itself to every program, also where `through` hands it to a shell.
struct Plain(String);

impl Meant for Plain {
    fn read(spec: &SettingSpec, fields: &Fields<'_>) -> Result<Option<Self>, Fault> {
        match String::read(spec, fields)? {
            Some(text) if !is_plain(&text) => {
                let why = "may hold letters, digits, `/`, `.`, `_` and `-` only";
                Err(fields.refuse(spec.name, why))
            }
            text => Ok(text.map(Self)),
        }
    }
}

/// The same, starting with a slash; without one at its end.
struct FullPath(String);

impl Meant for FullPath {
    fn read(spec: &SettingSpec, fields: &Fields<'_>) -> Result<Option<Self>, Fault> {
        match Plain::read(spec, fields)?.map(|Plain(text)| text) {
            Some(text) if !text.starts_with('/') || text.trim_end_matches('/').is_empty() => {
                Err(fields.refuse(spec.name, "must be the full path of a folder or file"))
            }
            text => Ok(text.map(|text| Self(text.trim_end_matches('/').to_owned()))),
        }
    }
}

/// A rejoin as written.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Where the programs run.
    pub(super) machine: Machine,
    /// The data directory, without a slash at its end.
    pub(super) data: String,
    /// The new primary as the target reaches it.
    source: Option<Endpoint>,
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
    /// Reads what stands in `with`, in `of_side` what that leaves out, and that the new primary is
    /// at `other` where nothing else is said.
    pub(super) fn read(
        name: &str,
        with: &Table,
        of_side: Option<&Table>,
        other: Option<&Endpoint>,
    ) -> Result<Self, Fault> {
        let mut merged = with.clone();
        for (key, node) in of_side.into_iter().flat_map(|table| &table.entries) {
            if merged.get(&key.name).is_none() {
                merged.entries.push((key.clone(), node.clone()));
            }
        }
        let fields = Fields::new(&merged, format!("`with` of {name}"));
        let mut plan = Self::of(&fields)?;
        fields.finish()?;
        let endpoint = plan.source.or_else(|| other.cloned());
        plan.source = endpoint.filter(|at| is_plain(&at.host) && !at.is_folder());
        if plan.source.is_none() {
            let why = "must be `host:port` of the new primary as the target reaches it";
            return Err(fields.refuse("source", why));
        }
        Ok(plan)
    }

    /// Reads what stands in one table.
    pub(super) fn of(fields: &Fields<'_>) -> Result<Self, Fault> {
        let path = |setting: &Setting<FullPath>| Ok::<_, Fault>(setting.of(fields)?.map(|at| at.0));
        let words = |setting: &Setting<Vec<String>>| {
            Ok::<_, Fault>(setting.of(fields)?.unwrap_or_default())
        };
        let endpoint = |text: String| {
            let (host, port) =
                split_host(&text).ok_or_else(|| fields.refuse(SOURCE.spec.name, NO_HOST))?;
            Ok(Endpoint { host, port: port.unwrap_or(5432) })
        };
        Ok(Self {
            data: DATA.get(fields)?.0,
            user: USER.get(fields)?.0,
            machine: Machine { through: words(&THROUGH)?, env: words(&ENV)?, bin: path(&BIN)? },
            source: SOURCE.of(fields)?.map(endpoint).transpose()?,
            passfile: path(&PASSFILE)?,
            sslmode: SSL_MODE.of(fields)?.map(str::to_owned),
            slot: SLOT.of(fields)?.map(|slot| slot.0),
            start: words(&START)?,
            stop: words(&STOP)?,
        })
    }

    /// Where the new primary is.
    pub(super) fn source(&self) -> (&str, u16) {
        self.source.as_ref().map_or(("", 0), |at| (&at.host, at.port))
    }

    /// What libpq reads from the environment of the programs: no password is among it.
    pub(super) fn variables(&self) -> Vec<String> {
        let passfile = self.passfile.iter().map(|path| format!("PGPASSFILE={path}"));
        let sslmode = self.sslmode.iter().map(|mode| format!("PGSSLMODE={mode}"));
        passfile.chain(sslmode).collect()
    }

    /// `-h pg-b -p 5432 -U repl -w`: how the copying programs connect, never asking.
    pub(super) fn connection(&self) -> [String; 7] {
        let (host, port) = self.source();
        ["-h", host, "-p", &port.to_string(), "-U", &self.user, "-w"].map(str::to_owned)
    }

    /// The lines that make a server follow the new primary, after those of its old
    /// `postgresql.auto.conf` that still hold. What made it follow or be fenced before goes: it
    /// refuses writes as a standby, and must take them at once when it is promoted one day.
    pub(super) fn standby_conf(&self, old: &str) -> String {
        let (host, port) = self.source();
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

/// True for a text that means itself to every program, also where `through` hands it to a shell.
fn is_plain(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    !text.is_empty() && !text.starts_with('-') && text.chars().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::Side;
    use crate::systems::kit::task::Task as _;
    use crate::systems::kit::testing::{spec, table};

    const SIDES: &str = "
        a = { host = 'pg-a', read = 'r', act = 'a', rejoin = { data = '/pg/', slot = 'dr' } }
        b = { host = 'pg-b:5433', read = 'r', act = 'a' }";

    fn read(with: &str) -> Result<Plan, String> {
        super::super::Rejoin::<true>::with_for(&table(with), (&spec(SIDES), Side::A))
            .map_err(|fault| fault.message)
    }

    #[test]
    fn a_plan_is_read_with_what_its_side_says() {
        let plan = read("user = 'repl'\nthrough = ['ssh', 'pg-a']").unwrap();
        assert_eq!((plan.data.as_str(), plan.slot.as_deref()), ("/pg", Some("dr")));
        assert_eq!(plan.source(), ("pg-b", 5433));
        let other = read("user = 'repl'\ndata = '/x'\nsource = 'b.internal'").unwrap();
        assert_eq!((other.data.as_str(), other.source().1), ("/x", 5432));
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
