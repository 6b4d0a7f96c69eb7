//! The one commander's seat of a site: on this machine, whoever the user, wherever state is kept.
//!
//! A lock in the state folder keeps out a second console of the same user. Another user, `sudo` or
//! another `XDG_STATE_HOME` has another state folder, so a live site is locked on the host too, by
//! what is acted on: the site's name with each address that is written for a side of a system. Two
//! copies of a site file collide as long as they have one such address in common, whatever else
//! was edited in one of them; a site of the same name with other servers does not. A step outlives
//! its console and that lock, so its runner tells of itself too ([`presence`]).

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use super::journal::format::sha256;
use super::journal::lock::Lock;
use super::paths::{StatePaths, create_folders};
use super::presence;
use crate::domain::settings::{Table, Value};
use crate::domain::site::Site;

/// Locks of the host that one console holds at most. The smallest hashes are taken: two sites that
/// have most of their addresses in common have some of these in common.
const HOST_LOCKS_MAX: usize = 16;

/// Why the seat was not taken.
#[derive(Debug, thiserror::Error)]
pub enum SeatError {
    /// Another console has it.
    #[error("another console commands site `{site}` on this machine{}: look on with \
        `warroom watch`", .who.as_ref().map(|who| format!(" ({who})")).unwrap_or_default())]
    Taken {
        /// The site.
        site: String,
        /// Its process and user, where they can be told.
        who: Option<String>,
    },
    /// A step that a console with another state folder began still works.
    #[error(
        "a step of site `{site}` that a console of another state folder began still works on \
        this machine: {who}; wait for its end, or take its run up where it was begun"
    )]
    Working {
        /// The site.
        site: String,
        /// Its processes.
        who: String,
    },
    /// A lock cannot be made.
    #[error("failed to lock site `{site}`: {source}")]
    Io {
        /// The site.
        site: String,
        /// The system's word.
        source: io::Error,
    },
}

/// The lock of the one commander, in the site's folder.
const COMMANDER: &str = "commander";

/// The seat; given up when dropped or killed.
#[derive(Debug)]
pub struct Seat {
    _folder: Lock,
    host: Vec<host::HostLock>,
    keys: BTreeSet<String>,
    runs: PathBuf,
}

impl Seat {
    /// Takes the seat. Only a live site is locked on the host: a simulation acts on nothing that
    /// two state folders could share.
    ///
    /// # Errors
    /// [`SeatError::Taken`] when another console has it; else when a lock cannot be made.
    pub fn take(paths: &StatePaths, site: &Site, live: bool) -> Result<Self, SeatError> {
        let failed = |source| SeatError::Io { site: site.name.clone(), source };
        let (mut host, mut keys) = (Vec::new(), BTreeSet::new());
        if live {
            lock_host(site, &mut host, &mut keys, &paths.runs())?;
        }
        let folder = paths.site(&site.name).map_err(io::Error::other).map_err(failed)?;
        create_folders(&folder).map_err(failed)?;
        let lock = Lock::try_take(&folder.join(COMMANDER)).map_err(failed)?;
        let taken = || SeatError::Taken { site: site.name.clone(), who: None };
        let folder = lock.ok_or_else(taken)?;
        Ok(Self { _folder: folder, host, keys, runs: paths.runs() })
    }

    /// Takes what another version of the site acts on as well, such as the one frozen with a run.
    ///
    /// # Errors
    /// As [`Seat::take`].
    pub fn also(&mut self, site: &Site) -> Result<(), SeatError> {
        if self.keys.is_empty() {
            return Ok(());
        }
        lock_host(site, &mut self.host, &mut self.keys, &self.runs)
    }
}

/// What of other state folders works on the site now, as far as this machine tells: a step, or a
/// console that commands it. None is no proof: such a run may be between two steps, or elsewhere.
/// The kernel's table has no folders, so what is said is what is known: the same name, and how much
/// of what is acted on is the same.
pub fn strangers(paths: &StatePaths, site: &Site) -> Option<String> {
    let keys = keys(site);
    if let Some(who) = presence::stranger(keys.iter(), &paths.runs()) {
        return Some(format!(
            "a run of ANOTHER state folder works on a site of this name, where this one acts: {who}"
        ));
    }
    let ours = paths.site(&site.name).map(|folder| folder.join(COMMANDER));
    if ours.is_ok_and(|lock| Lock::is_taken(&lock).unwrap_or(false)) {
        return None;
    }
    let held = keys.iter().filter(|key| presence::is_held(&host::name(key))).count();
    let console = "a console of ANOTHER state folder commands a site of this name";
    match (held, keys.len()) {
        (0, _) => None,
        _ if addresses(site).is_empty() => Some(format!("{console}; no address tells them apart")),
        (held, all) if held == all => Some(format!("{console} and these addresses")),
        (held, all) => {
            Some(format!("{console} and of {held} of these {all} addresses, so it is another one"))
        }
    }
}

fn lock_host(
    site: &Site,
    host: &mut Vec<host::HostLock>,
    held: &mut BTreeSet<String>,
    runs: &Path,
) -> Result<(), SeatError> {
    let keys = keys(site);
    if let Some(who) = presence::stranger(keys.iter(), runs) {
        return Err(SeatError::Working { site: site.name.clone(), who });
    }
    // In the order of their hashes: of two that want the same, one gets all of it.
    for key in keys {
        if !held.insert(key.clone()) {
            continue;
        }
        match host::HostLock::take(&key) {
            Ok(Some(lock)) => host.push(lock),
            Ok(None) => {
                return Err(SeatError::Taken { site: site.name.clone(), who: host::who(&key) });
            }
            Err(source) => return Err(SeatError::Io { site: site.name.clone(), source }),
        }
    }
    Ok(())
}

/// What a site acts on, as hashes: one for what is written for each side of each system, up to
/// [`HOST_LOCKS_MAX`].
pub fn keys(site: &Site) -> BTreeSet<String> {
    let key = |what: String| sha256(format!("warroom {} {what}", site.name).as_bytes()).hex();
    let all: BTreeSet<String> = addresses(site).into_iter().map(key).collect();
    let found: BTreeSet<String> = all.into_iter().take(HOST_LOCKS_MAX).collect();
    // Where no address is written, the name is all there is.
    if found.is_empty() { BTreeSet::from([key(String::new())]) } else { found }
}

/// What is written for each side of each system, where anything is.
fn addresses(site: &Site) -> Vec<String> {
    let sides = site.systems.iter().flat_map(|system| {
        let written = system.sides.iter().flatten().filter(|side| !side.entries.is_empty());
        written.map(|side| format!("{} {} {}", system.id, system.kind, table_text(side)))
    });
    sides.collect()
}

/// A table as one text: the order in which it was written and its places do not matter.
fn table_text(table: &Table) -> String {
    let mut entries: Vec<String> = table
        .entries
        .iter()
        .map(|(key, node)| format!("{:?} = {}", key.name, value_text(&node.value)))
        .collect();
    entries.sort();
    format!("{{{}}}", entries.join(", "))
}

fn value_text(value: &Value) -> String {
    match value {
        Value::Text(text) => format!("{text:?}"),
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Boolean(yes) => yes.to_string(),
        Value::List(nodes) => {
            let nodes: Vec<String> = nodes.iter().map(|node| value_text(&node.value)).collect();
            format!("[{}]", nodes.join(", "))
        }
        Value::Table(table) => table_text(table),
    }
}

/// The name of a user by the system's list, else the number.
pub fn user_name(uid: u32) -> String {
    let passwd = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let named = passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == uid.to_string()).then(|| name.to_owned())
    });
    named.unwrap_or_else(|| format!("uid {uid}"))
}

/// A name in the kernel's own table: no file that another user could make, link or delete, and
/// free the moment its holder dies. It reaches as far as the network namespace does.
#[cfg(target_os = "linux")]
mod host {
    use std::io;
    use std::os::linux::net::SocketAddrExt as _;
    use std::os::unix::net::{SocketAddr, UnixListener};

    use tokio::net::UnixStream;
    use tokio::runtime::Builder;

    use super::user_name;

    /// A held lock of the host.
    #[derive(Debug)]
    pub(super) struct HostLock {
        _name: UnixListener,
    }

    impl HostLock {
        pub(super) fn take(key: &str) -> io::Result<Option<Self>> {
            let address = SocketAddr::from_abstract_name(name(key))?;
            match UnixListener::bind_addr(&address) {
                Ok(listener) => Ok(Some(Self { _name: listener })),
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => Ok(None),
                Err(error) => Err(error),
            }
        }
    }

    /// The name of a lock.
    pub(super) fn name(key: &str) -> String {
        format!("warroom-{key}")
    }

    /// The process and the user that hold a lock, by the kernel's word.
    pub(super) fn who(key: &str) -> Option<String> {
        let runtime = Builder::new_current_thread().enable_io().build().ok()?;
        let told = runtime.block_on(async {
            let stream = UnixStream::connect(format!("\0{}", name(key))).await.ok()?;
            stream.peer_cred().ok()
        })?;
        let user = user_name(told.uid());
        Some(match told.pid() {
            Some(pid) if pid > 0 => format!("process {pid} of user {user}"),
            // A process of another container has no number here.
            Some(_) | None => format!("user {user}"),
        })
    }
}

/// A locked file in a folder that every user reaches. Weaker than a name of the kernel: whoever
/// made the file may delete it under a living console, and who holds it cannot be told.
#[cfg(any(test, not(target_os = "linux")))]
#[cfg_attr(target_os = "linux", expect(dead_code, reason = "only its tests run on Linux"))]
mod file {
    use std::fs::{File, OpenOptions};
    use std::io;
    use std::os::unix::fs::OpenOptionsExt as _;
    use std::path::Path;

    use rustix::fs::{FlockOperation, OFlags, flock};

    /// Sticky and open to all; not the folder of `TMPDIR`, which is each user's own.
    const FOLDER: &str = "/tmp";

    /// Everybody may lock it, nobody needs to write it.
    const MODE: u32 = 0o444;

    /// A held lock of the host.
    #[derive(Debug)]
    pub(super) struct HostLock {
        _file: File,
    }

    impl HostLock {
        pub(super) fn take(key: &str) -> io::Result<Option<Self>> {
            Self::take_in(Path::new(FOLDER), key)
        }

        pub(super) fn take_in(folder: &Path, key: &str) -> io::Result<Option<Self>> {
            let path = folder.join(format!("warroom-{key}"));
            let flags = i32::try_from(OFlags::NOFOLLOW.bits()).map_err(io::Error::other)?;
            let mut make = OpenOptions::new();
            make.write(true).create_new(true).mode(MODE).custom_flags(flags);
            let file = match make.open(&path) {
                Ok(file) => file,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    OpenOptions::new().read(true).custom_flags(flags).open(&path)?
                }
                Err(error) => return Err(error),
            };
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => Ok(Some(Self { _file: file })),
                Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
                Err(error) => Err(error.into()),
            }
        }
    }

    pub(super) fn name(key: &str) -> String {
        key.to_owned()
    }

    pub(super) fn who(_: &str) -> Option<String> {
        None
    }
}

#[cfg(not(target_os = "linux"))]
use file as host;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    use crate::domain::settings::{Key, Node, Span};
    use crate::domain::site::{Region, SystemSpec};
    use crate::stand;

    fn table(entries: &[(&str, &str)]) -> Table {
        let entry = |(name, text): &(&str, &str)| {
            let key = Key { name: (*name).to_owned(), span: Span::default() };
            // Where it stands in the file differs from copy to copy.
            let span = Span { start: name.len(), end: text.len() };
            (key, Node { span, value: Value::Text((*text).to_owned()) })
        };
        Table {
            span: Span::default(),
            entries: entries.iter().map(entry).collect(),
            ..Table::default()
        }
    }

    fn system(name: &str, sides: [Option<Table>; 2]) -> SystemSpec {
        SystemSpec { every: Duration::from_secs(5), sides, ..stand::system(name, "postgres") }
    }

    /// A site with a store at two addresses and a system that has none.
    fn site(name: &str, a: &str, b: &str) -> Site {
        let region =
            |starts_as_primary| Region { label: name.into(), aws_region: None, starts_as_primary };
        let side = |host: &str| Some(table(&[("host", host), ("database", "shop")]));
        Site {
            name: name.to_owned(),
            title: name.into(),
            regions: [region(true), region(false)],
            ..stand::site(vec![
                system("pg", [side(a), side(b)]),
                system("phone", [Some(Table::default()), Some(Table::default())]),
            ])
        }
    }

    #[test]
    fn copies_of_a_site_collide_and_other_sites_do_not() {
        let check = |what: &str, other: &Site, want: bool| {
            let one = keys(&site("shop", "pg-a", "pg-b"));
            assert_eq!(!one.is_disjoint(&keys(other)), want, "{what}");
        };
        let copy = || site("shop", "pg-a", "pg-b");
        check("a copy", &copy(), true);
        let mut other = copy();
        (other.red_needs_signals, other.systems[0].every) = (3, Duration::from_secs(9));
        check("other rules and times", &other, true);
        let mut other = copy();
        other.systems[0].sides[0].as_mut().unwrap().entries.reverse();
        check("written in another order", &other, true);
        let mut other = copy();
        other.systems.push(system("more", [Some(table(&[("host", "x")])), None]));
        check("a system more", &other, true);
        check("one side moved", &site("shop", "pg-a", "pg-c"), true);
        check("other servers", &site("shop", "pg-c", "pg-d"), false);
        check("another site on the same servers", &site("shop-test", "pg-a", "pg-b"), false);
        let bare = |name| Site { systems: Vec::new(), ..site(name, "", "") };
        assert!(!keys(&bare("shop")).is_disjoint(&keys(&bare("shop"))), "the name is all there is");
        assert!(keys(&bare("shop")).is_disjoint(&keys(&bare("other"))));
    }

    #[test]
    fn a_live_site_is_locked_on_the_host_whatever_the_state_folder() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let paths = |folder: &tempfile::TempDir| StatePaths::at(folder.path());
        // An address of its own, so that no other test is in the way.
        let site = site("shop", &format!("pg-{}", std::process::id()), "pg-b-of-this-test");
        let held = Seat::take(&paths(&one), &site, true).expect("it is free");
        let refused = Seat::take(&paths(&other), &site, true).expect_err("it is taken");
        let why = refused.to_string();
        assert!(why.contains("another console commands site `shop`"), "{why}");
        let me = format!("process {} of user", std::process::id());
        assert!(!cfg!(target_os = "linux") || why.contains(&me), "{why}");
        // A simulation is locked in its state folder only.
        let mut simulated = Seat::take(&paths(&other), &site, false).expect("nothing real");
        simulated.also(&site).expect("nothing real");
        assert!(Seat::take(&paths(&other), &site, false).is_err());
        drop((held, simulated));
        let mut again = Seat::take(&paths(&other), &site, true).expect("it is free again");
        again.also(&site).expect("its own");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_console_elsewhere_is_told_by_what_both_sites_share() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (mine, theirs) = (StatePaths::at(one.path()), StatePaths::at(other.path()));
        let name = format!("shop-{}", std::process::id());
        let held = Seat::take(&mine, &site(&name, "pg-a", "pg-b"), true).expect("it is free");
        let check = |site: &Site, want: Option<&str>| {
            let told = strangers(&theirs, site);
            let end = "a console of ANOTHER state folder commands a site of this name";
            assert_eq!(told, want.map(|want| format!("{end}{want}")));
        };
        check(&site(&name, "pg-a", "pg-b"), Some(" and these addresses"));
        let some = " and of 1 of these 2 addresses, so it is another one";
        check(&site(&name, "pg-a", "pg-c"), Some(some));
        check(&site(&name, "pg-c", "pg-d"), None);
        assert_eq!(strangers(&mine, &site(&name, "pg-a", "pg-b")), None, "its own");
        drop(held);
    }

    #[test]
    fn a_file_in_an_open_folder_is_locked_by_one_and_never_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let take = || file::HostLock::take_in(folder.path(), "0123");
        let held = take().unwrap().expect("it is free");
        assert!(take().unwrap().is_none());
        drop(held);
        assert!(take().unwrap().is_some());
        std::fs::rename(folder.path().join("warroom-0123"), folder.path().join("real")).unwrap();
        std::os::unix::fs::symlink("real", folder.path().join("warroom-0123")).unwrap();
        assert!(take().is_err());
    }
}
