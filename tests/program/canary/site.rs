//! A site whose secrets are told by everything that gets hold of one.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::peers;

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

/// The secret that a person types where it does not belong.
pub const TYPED: &str = CANARIES[2].value;

/// The site and its plan, with marks for what is only known when the test runs.
const SITE: &str = include_str!("site.toml");
const PLAN: &str = include_str!("failover.toml");

/// Prints secrets.
const TELL: &str = include_str!("tell.sh");

/// A site on disk.
pub struct Site {
    /// Its folder.
    pub folder: PathBuf,
    /// The variables that a console needs.
    pub environment: Vec<(&'static str, &'static str)>,
}

/// Writes the site into `place`; its peers begin to listen.
pub fn write(place: &Path) -> Site {
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
        let _ = writeln!(secrets, "{name} = {{ user = \"{name}\", password = {source} }}");
    }
    let tell = folder.join("tell.sh");
    fs::write(&tell, TELL).expect("a script");
    let (tell, marker) = (tell.display().to_string(), place.join("marker").display().to_string());
    let ports = [
        ("@http@", peers::echo_http()),
        ("@postgres@", peers::echo_postgres()),
        ("@redis_a@", peers::echo_redis_errors()),
        ("@redis_b@", peers::echo_redis_facts()),
    ];
    let fill = |text: &str| {
        let text = ports
            .iter()
            .fold(text.to_owned(), |text, (mark, port)| text.replace(mark, &port.to_string()));
        text.replace("@tell@", &tell).replace("@marker@", &marker).replace("@secrets@", &secrets)
    };
    fs::write(folder.join("site.toml"), fill(SITE)).expect("a site");
    fs::write(folder.join("runbooks/failover.toml"), fill(PLAN)).expect("a plan");
    Site { folder, environment }
}
