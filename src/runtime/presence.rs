//! That an attempt works on a site, told to every console of this machine, whoever its user.
//!
//! A console that shares the attempt's state folder finds it there. For any other one the runner,
//! and by inheritance all it starts, holds a name in the kernel's own table, which tells the
//! session that the attempt leads; also when the console that began it has gone. A daemon that left
//! this session may hold the name on, but it is no attempt: an attempt is over when nothing of its
//! session runs, here as everywhere.

#[cfg(target_os = "linux")]
pub use self::linux::{Presence, is_held, stranger};

/// There is no such table: nothing is held, and nobody is found.
#[cfg(not(target_os = "linux"))]
pub use self::none::{Presence, is_held, stranger};

#[cfg(not(target_os = "linux"))]
mod none {
    use std::collections::BTreeSet;
    use std::io;
    use std::path::Path;

    /// Nothing.
    #[derive(Debug)]
    pub struct Presence;

    impl Presence {
        /// Does nothing.
        ///
        /// # Errors
        /// Never.
        pub fn take(_: &BTreeSet<String>, _: &Path) -> io::Result<Self> {
            Ok(Self)
        }
    }

    /// Finds nothing.
    pub fn is_held(_: &str) -> bool {
        false
    }

    /// Finds nobody.
    pub fn stranger<'a>(_: impl Iterator<Item = &'a String>, _: &Path) -> Option<String> {
        None
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::collections::BTreeSet;
    use std::fs;
    use std::io;
    use std::os::linux::net::SocketAddrExt as _;
    use std::os::unix::fs::MetadataExt as _;
    use std::os::unix::net::{SocketAddr, UnixListener};
    use std::path::Path;

    use rustix::io::{FdFlags, fcntl_setfd};

    use crate::runtime::runner::group::{Group, words};

    /// Sockets with their names; the first character of a name of no file is told as `@`
    /// (`unix(7)`, `proc_pid_net(5)`).
    const TABLE: &str = "/proc/net/unix";

    /// A name takes 107 bytes at most (`unix(7)`), and a hash is one as long as this too.
    const KEY_LENGTH: usize = 40;

    /// The names held; given back when the last process that has them ends.
    #[derive(Debug)]
    pub struct Presence {
        _names: Vec<UnixListener>,
    }

    impl Presence {
        /// Tells that this process, which leads a session, works on what `keys` stand for; `runs`
        /// is the folder of runs that it belongs to.
        ///
        /// # Errors
        /// When a name cannot be held.
        pub fn take(keys: &BTreeSet<String>, runs: &Path) -> io::Result<Self> {
            let (group, place) = (Group::own(), place(runs)?);
            let hold = |key: &String| {
                let name = format!("{}{place}-{}", prefix(key), group.code());
                let listener = UnixListener::bind_addr(&SocketAddr::from_abstract_name(name)?)?;
                // It outlives this process in what it starts, as the attempt does.
                fcntl_setfd(&listener, FdFlags::empty())?;
                Ok(listener)
            };
            Ok(Self { _names: keys.iter().map(hold).collect::<io::Result<_>>()? })
        }
    }

    /// True when some process of this machine holds a name. Nobody is asked: a name that is asked
    /// often and never answers would be full at some time.
    pub fn is_held(name: &str) -> bool {
        let table = fs::read(TABLE).unwrap_or_default();
        let table = String::from_utf8_lossy(&table);
        let last = |line: &'_ str| line.split_ascii_whitespace().last().map(str::to_owned);
        table.lines().filter_map(last).any(|held| held.strip_prefix('@') == Some(name))
    }

    /// The processes of an attempt that works on what one of `keys` stands for and belongs to
    /// another folder of runs than `runs`.
    pub fn stranger<'a>(keys: impl Iterator<Item = &'a String>, runs: &Path) -> Option<String> {
        let table = String::from_utf8_lossy(&fs::read(TABLE).ok()?).into_owned();
        let own = place(runs).ok();
        let prefixes: Vec<String> = keys.map(|key| format!("@{}", prefix(key))).collect();
        table.lines().filter_map(|line| line.split_ascii_whitespace().last()).find_map(|name| {
            let told = prefixes.iter().find_map(|prefix| name.strip_prefix(prefix.as_str()))?;
            let (place, session) = told.split_once('-')?;
            let members = Group::of_code(session)?.members();
            let other = own.as_deref() != Some(place);
            (other && !members.is_empty()).then(|| words(&members))
        })
    }

    fn prefix(key: &str) -> String {
        format!("warroom-step-{}-", &key[..key.len().min(KEY_LENGTH)])
    }

    /// The folder itself, however it is reached.
    fn place(runs: &Path) -> io::Result<String> {
        let found = fs::metadata(runs)?;
        Ok(format!("{:x}.{:x}", found.dev(), found.ino()))
    }
}
