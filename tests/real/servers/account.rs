//! The account that servers run as: Postgres refuses to run as root.

use std::ffi::OsStr;
use std::os::unix::fs::chown;
use std::path::Path;
use std::process::Command;

/// Accounts to run as when the tests run as root, best first.
const ACCOUNTS: [&str; 2] = ["postgres", "nobody"];

/// An account of `/etc/passwd`.
struct Account {
    user: u32,
    group: u32,
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

fn unprivileged() -> Account {
    let passwd = std::fs::read_to_string("/etc/passwd").unwrap();
    let find = |name: &str| {
        passwd.lines().find_map(|line| {
            let fields: Vec<&str> = line.split(':').collect();
            (fields.len() > 3 && fields[0] == name).then(|| Account {
                user: fields[2].parse().unwrap(),
                group: fields[3].parse().unwrap(),
            })
        })
    };
    ACCOUNTS.iter().find_map(|name| find(name)).expect("there is always `nobody`")
}

/// A command that runs `program` without root's rights, in `folder`.
pub fn command(program: impl AsRef<OsStr>, folder: &Path) -> Command {
    let mut command = if is_root() {
        let account = unprivileged();
        let mut command = Command::new("setpriv");
        command
            .arg(format!("--reuid={}", account.user))
            .arg(format!("--regid={}", account.group))
            .args(["--clear-groups", "--"])
            .arg(program);
        command
    } else {
        Command::new(program)
    };
    command.current_dir(folder).env("HOME", folder).env("LC_ALL", "C").env("TZ", "UTC");
    command
}

/// Gives a file or folder to the servers' account.
pub fn give(path: &Path) {
    if is_root() {
        let account = unprivileged();
        chown(path, Some(account.user), Some(account.group)).unwrap();
    }
}
