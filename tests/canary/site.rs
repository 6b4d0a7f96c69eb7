//! A site whose secrets are told by everything that gets hold of one.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// A secret of the site and where it is kept.
pub struct Canary {
    /// What must be found nowhere.
    pub value: &'static str,
    /// Its name in the site file.
    pub name: &'static str,
    /// The environment variable that holds it; none for one in a file.
    pub variable: Option<&'static str>,
}

/// All of them. The odd characters look different in every encoding.
pub const CANARIES: [Canary; 4] = [
    Canary { value: "wr-canary/web+A1\"q&k", name: "web", variable: Some("CANARY_WEB") },
    Canary { value: "wr-canary pg'B2%\\x<y>", name: "pg", variable: None },
    Canary { value: "wr-canary=tool;C3$HOME", name: "tool", variable: Some("CANARY_TOOL") },
    Canary { value: "wr-canary:act~D4@host#z", name: "act", variable: Some("CANARY_ACT") },
];

/// Prints a secret in every form, whole and in pieces with time between them.
const TELL: &str = r#"
for secret in "$CANARY_TOOL" "$CANARY_ACT"; do
  printf 'raw: %s\n' "$secret"
  printf 'again: %s%s\n' "$secret" "$secret" >&2
  printf 'base64: %s\n' "$(printf '%s' "$secret" | base64 -w0)"
  printf 'basic: %s\n' "$(printf 'user:%s' "$secret" | base64 -w0)"
  printf 'url: https://user:%s@db.example/x?token=%s\n' "$secret" "$secret"
  half=$(printf '%s' "$secret" | cut -c1-9)
  printf 'cut: %s' "$half"; sleep 0.4; printf '%s\n' "${secret#"$half"}"
done
env | sort
"#;

/// A site on disk.
pub struct Site {
    /// Its folder.
    pub folder: PathBuf,
    /// The variables that a console needs.
    pub environment: Vec<(&'static str, &'static str)>,
}

/// Writes the site into `place`, looking at these ports.
pub fn write(place: &Path, http: u16, postgres: u16) -> Site {
    let folder = place.join("canary");
    fs::create_dir_all(folder.join("runbooks")).expect("a folder");
    let mut secrets = String::new();
    let mut environment = Vec::new();
    for Canary { value, name, variable } in CANARIES {
        let source = if let Some(variable) = variable {
            environment.push((variable, value));
            format!("{{ env = \"{variable}\" }}")
        } else {
            let path = folder.join(name);
            fs::write(&path, value).expect("a secret file");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("its mode");
            format!("{{ file = \"{name}\" }}")
        };
        secrets.push_str(&format!("{name} = {{ user = \"{name}\", password = {source} }}\n"));
    }
    let tell = folder.join("tell.sh");
    fs::write(&tell, TELL).expect("a script");
    let (tell, marker) = (tell.display(), place.join("marker").display().to_string());
    let site = format!(
        r#"schema = 1
name = "canary"
title = "Everything tells"
red_needs_signals = 1
people.anna = {{ roles = ["commander"], may_declare = true }}
objectives.core = {{ rto = "10m", rpo = "5m" }}
regions.a = {{ label = "Region A", starts_as = "primary" }}
regions.b = {{ label = "Region B", starts_as = "standby" }}

[systems.gateway]
kind = "http"
objective = "core"
every = "1s"
timeout = "1s"
headers = {{ Authorization = {{ secret = "web", prefix = "Bearer " }} }}
expect = {{ status = 200, json = {{ "/status" = "up" }}, body_contains = "all is well" }}
a = {{ url = "http://127.0.0.1:{http}/a" }}
b = {{ url = "http://127.0.0.1:{http}/b" }}

[systems.pg]
kind = "postgres"
objective = "core"
every = "1s"
timeout = "1s"
sslmode = "disable"
a = {{ host = "127.0.0.1", port = {postgres}, database = "x", read = "pg", act = "act" }}
b = {{ host = "127.0.0.1", port = {postgres}, database = "x", read = "pg", act = "act" }}

[systems.tool]
kind = "command"
objective = "core"
every = "2s"
timeout = "2s"
success = {{ exit = 0, stdout_contains = "never printed" }}
a = {{ argv = ["sh", "{tell}"], env = ["CANARY_TOOL"] }}
b = {{ argv = ["sh", "{tell}"], env = ["CANARY_TOOL"] }}

[secrets]
{secrets}
[rules]
gateway_down = {{ system = "gateway", failures = 2 }}
"#
    );
    let plan = format!(
        r#"schema = 1
name = "failover"
title = "Fail over while everything tells"
from = "a"
to = "b"
restored = [{{ system = "tool", in = "to", fact = "exit", is = 0 }}]

[[steps]]
id = "tell"
title = "Run a program that tells"
action = "command.set"
timeout = "20s"
compensation = {{ none = "what was told cannot be called back" }}
with = {{ argv = ["sh", "-c", "sh {tell}; touch {marker}"], check = ["test", "-f", "{marker}"], env = ["CANARY_TOOL", "CANARY_ACT"] }}

[[steps]]
id = "ask"
title = "Ask a peer that echoes"
action = "http.request"
timeout = "10s"
compensation = {{ none = "nothing was asked for" }}
with = {{ url = "http://127.0.0.1:{http}/do", headers = {{ Authorization = {{ secret = "act", prefix = "Bearer " }} }}, body = "please", success = {{ status = 200 }} }}

[[steps]]
id = "promote"
title = "Promote at a server that echoes"
action = "postgres.promote"
target = {{ system = "pg", in = "to" }}
timeout = "10s"
compensation = {{ none = "rebuild" }}
"#
    );
    fs::write(folder.join("site.toml"), site).expect("a site");
    fs::write(folder.join("runbooks/failover.toml"), plan).expect("a plan");
    Site { folder, environment }
}
