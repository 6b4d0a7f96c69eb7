//! Two real name servers: an authoritative one whose zone can be updated, and a caching resolver.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::{DEADLINE, Killed, account, find_program, folder, free_port, until};

/// The zone.
pub const ZONE: &str = "warroom.test";

/// The key that updates are signed with (made for tests, worth nothing elsewhere).
const KEY: &str = "key \"update\" { algorithm hmac-sha256; \
    secret \"d2Fycm9vbS10ZXN0LWtleS1ub3RoaW5nLWVsc2U=\"; };\n";

/// Both servers. Dropping it kills them.
pub struct Dns {
    /// The authoritative server's port on 127.0.0.1.
    pub authority: u16,
    /// The caching resolver's port on 127.0.0.1.
    pub resolver: u16,
    /// The key file for `nsupdate -k`.
    pub key: PathBuf,
    _servers: [Killed; 2],
    _home: TempDir,
}

impl Dns {
    /// Starts both with one name `app.warroom.test` that leads to `address`.
    pub fn start(address: &str, ttl_s: u32) -> Self {
        let home = folder();
        let path = home.path();
        let (authority, resolver) = (free_port("127.0.0.1"), free_port("127.0.0.1"));
        let key = write(path, "update.key", KEY);
        let zone = write(
            path,
            "zone.db",
            &format!(
                "$TTL {ttl_s}\n@ SOA ns hostmaster 1 60 60 600 {ttl_s}\n@ NS ns\n\
                 ns A 127.0.0.1\napp A {address}\n"
            ),
        );
        let authoritative = format!(
            "{KEY}zone \"{ZONE}\" {{ type primary; file \"{}\"; \
             allow-update {{ key \"update\"; }}; }};\n",
            zone.display()
        );
        let caching = format!(
            "recursion yes; forward only; forwarders {{ 127.0.0.1 port {authority}; }}; \
             allow-query {{ any; }};"
        );
        let servers = [
            named(path, "authority", authority, "recursion no;", &authoritative),
            named(path, "resolver", resolver, &caching, ""),
        ];
        let dns = Self { authority, resolver, key, _servers: servers, _home: home };
        let name = format!("app.{ZONE}");
        for port in [authority, resolver] {
            until("the name server answers", DEADLINE, || ask(port, &name) == [address]);
        }
        dns
    }

    /// Lets `name` (within the zone) lead to `address`, as `nsupdate` does it.
    pub fn set(&self, name: &str, address: &str, ttl_s: u32) {
        let mut child = Command::new(find_program("nsupdate").unwrap())
            .arg("-k")
            .arg(&self.key)
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let script = self.script(name, address, ttl_s);
        child.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
        assert!(child.wait().unwrap().success(), "nsupdate failed");
    }

    /// What `nsupdate -k key` reads to let `name` lead to `address`.
    pub fn script(&self, name: &str, address: &str, ttl_s: u32) -> String {
        format!(
            "server 127.0.0.1 {}\nzone {ZONE}\nupdate delete {name}.{ZONE} A\n\
             update add {name}.{ZONE} {ttl_s} A {address}\nsend\n",
            self.authority
        )
    }

    /// Addresses of a full name, asked of the authoritative server.
    pub fn ask_authority(&self, name: &str) -> Vec<String> {
        ask(self.authority, name)
    }

    /// Addresses of a full name, asked of the caching resolver.
    pub fn ask_resolver(&self, name: &str) -> Vec<String> {
        ask(self.resolver, name)
    }
}

fn ask(port: u16, name: &str) -> Vec<String> {
    let output = Command::new(find_program("dig").unwrap())
        .args(["+short", "+tries=1", "+time=2", "-p", &port.to_string(), "@127.0.0.1", name])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().filter(|line| !line.starts_with(';')).map(str::to_owned).collect()
}

fn write(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    account::give(&path);
    path
}

fn named(home: &Path, name: &str, port: u16, options: &str, rest: &str) -> Killed {
    let shown = home.display();
    let conf = write(
        home,
        &format!("{name}.conf"),
        &format!(
            "options {{ directory \"{shown}\"; listen-on {{ 127.0.0.1; }}; \
             listen-on-v6 {{ none; }}; dnssec-validation no; pid-file none; \
             session-keyfile \"{shown}/{name}.session\"; {options} }};\ncontrols {{ }};\n{rest}"
        ),
    );
    let log = File::create(home.join(format!("{name}.log"))).unwrap();
    let child = account::command(find_program("named").unwrap(), home)
        .args(["-g", "-n", "1", "-p", &port.to_string(), "-c"])
        .arg(conf)
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap();
    Killed(child)
}
