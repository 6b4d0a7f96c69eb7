//! What the program did and met, for whoever looks into a fault: bounded, masked, never waited for.

use std::env;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, channel, sync_channel};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::domain::text::Clean;
use crate::port::Clock as _;
use crate::runtime::clock::SystemClock;
use crate::runtime::last_words;
use crate::runtime::paths::{FILE_MODE, create_folders, no_follow};

/// What is written now, and what was before it; the names are those within the state folder.
const FILES: [&str; 2] = ["log", "log.old"];

/// Either file's length, in bytes, from which on the next begins.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Lines that may wait for the disk; of more it is only told how many there were.
const WAITING_MAX: usize = 1024;

/// How long an end waits for the disk.
const END_WAIT: Duration = Duration::from_millis(300);

/// What is kept where [`FILTER`] says nothing: our own doings, and what libraries warn of.
const USUAL: &str = "warn,warroom=info";

/// The variable that says what is kept.
pub const FILTER: &str = "WARROOM_LOG";

/// What waits for the disk.
enum Waiting {
    Line(String),
    /// Tell when all before this is written.
    End(std::sync::mpsc::Sender<()>),
}

static QUEUE: OnceLock<SyncSender<Waiting>> = OnceLock::new();

/// Keeps from here on what this process does and meets, in the state folder `root`; `what` is the
/// subcommand that it is.
///
/// # Errors
/// A sentence, when [`FILTER`] holds no filter.
pub fn start(root: PathBuf, what: &'static str) -> Result<(), String> {
    let wanted = env::var(FILTER).unwrap_or_else(|_| USUAL.to_owned());
    let filter: Targets = wanted.parse().map_err(|error| {
        format!("{FILTER} is no filter ({error}): write one such as `debug` or `{USUAL}`")
    })?;
    let (queue, waiting) = sync_channel(WAITING_MAX);
    let lost = Arc::new(AtomicU64::new(0));
    let lines = Lines { queue: queue.clone(), lost: Arc::clone(&lost) };
    let keep = move || {
        let shelf = Shelf { root, bytes_max: FILE_BYTES_MAX };
        serve(&shelf, &waiting, &lost);
    };
    // Without a thread, or in a process that keeps a log already, there is nothing to do about it.
    if std::thread::Builder::new().name("log".to_owned()).spawn(keep).is_ok() {
        let lines = tracing_subscriber::fmt::layer()
            .with_ansi(false)
            .with_timer(Stamped(SystemClock::new(), what))
            .with_writer(move || lines.clone());
        let _ = tracing_subscriber::registry().with(filter).with(lines).try_init();
        let _ = QUEUE.set(queue);
    }
    Ok(())
}

/// Gives what was told a moment to reach the disk.
pub fn end() {
    let (tell, done) = channel();
    if QUEUE.get().is_some_and(|queue| queue.try_send(Waiting::End(tell)).is_ok()) {
        let _ = done.recv_timeout(END_WAIT);
    }
}

/// When it was, and which process: several write into one file.
struct Stamped(SystemClock, &'static str);

impl FormatTime for Stamped {
    fn format_time(&self, out: &mut Writer<'_>) -> fmt::Result {
        let now = self.0.now();
        let (second, ms) = (now.utc().iso(), now.wall_ms.rem_euclid(1000));
        let (second, process) = (second.trim_end_matches('Z'), std::process::id());
        write!(out, "{second}.{ms:03}Z [{}:{process}]", self.1)
    }
}

/// Where lines are put; whoever writes them never waits.
#[derive(Clone)]
struct Lines {
    queue: SyncSender<Waiting>,
    lost: Arc<AtomicU64>,
}

impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line).into_owned();
        if let Err(TrySendError::Full(_)) = self.queue.try_send(Waiting::Line(text)) {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn serve(shelf: &Shelf, waiting: &Receiver<Waiting>, lost: &AtomicU64) {
    while let Ok(next) = waiting.recv() {
        // A disk that takes nothing takes no complaint about it either.
        let _ = match next {
            Waiting::Line(line) => shelf.put(&line),
            Waiting::End(done) => done.send(()).map_err(io::Error::other),
        };
        let count = lost.swap(0, Ordering::Relaxed);
        if count > 0 {
            let _ = shelf.put(&format!("{count} lines are missing here: the disk was too slow"));
        }
    }
}

/// Where the files are.
struct Shelf {
    root: PathBuf,
    bytes_max: u64,
}

impl Shelf {
    /// Adds a line, masked as a whole before it is cut.
    fn put(&self, line: &str) -> io::Result<()> {
        let line = format!("{}\n", Clean::new(&last_words::masked(line.trim_end())));
        let path = self.root.join(FILES[0]);
        let mut options = OpenOptions::new();
        options.append(true).create(true).mode(FILE_MODE).custom_flags(no_follow());
        let mut file = match options.open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                create_folders(&self.root)?;
                options.open(&path)?
            }
            opened => opened?,
        };
        // At once: other processes write between lines, never within one.
        file.write_all(line.as_bytes())?;
        if file.metadata()?.len() < self.bytes_max {
            return Ok(());
        }
        // Of several that find it full, one moves it, and only where it is still the one.
        flock(&file, FlockOperation::NonBlockingLockExclusive)?;
        if fs::metadata(&path)?.ino() == file.metadata()?.ino() {
            fs::rename(&path, self.root.join(FILES[1]))?;
        }
        Ok(())
    }
}

/// What is kept in the state folder `root`, oldest first; none where nothing was ever kept.
///
/// # Errors
/// When a file is there and cannot be read.
pub fn read(root: &Path) -> io::Result<Option<String>> {
    let open = |name: &str| match fs::symlink_metadata(root.join(name)) {
        // A pipe would be waited for.
        Ok(at) if !at.is_file() => Err(io::Error::other(format!("{name} is no file"))),
        Ok(_) => File::open(root.join(name)).map(Some),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    };
    // In this order none is missed that moves meanwhile, but one may be met twice.
    let [new, old] = [open(FILES[0])?, open(FILES[1])?];
    let inode = |file: &File| file.metadata().map(|file| file.ino());
    let old = match (&new, old) {
        (Some(new), Some(old)) if inode(new)? == inode(&old)? => None,
        (_, old) => old,
    };
    let mut text = None;
    for mut file in [old, new].into_iter().flatten() {
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        text.get_or_insert_with(String::new).push_str(&String::from_utf8_lossy(&bytes));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;

    use super::*;

    #[test]
    fn the_log_is_bounded_masked_and_shared() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().join("state").join("warroom");
        assert_eq!(read(&root).expect("nothing to read"), None);
        last_words::know(&[SecretString::from("wr-canary=log")]);
        let bytes_max = 10_000;
        let write = |writer: usize| {
            let shelf = Shelf { root: root.clone(), bytes_max };
            for count in 0..200 {
                let edge = "x".repeat(4090);
                let line = format!("writer {writer} line {count}: {edge}wr-canary=log\n\u{1b}[2J");
                // One that another moves at this moment is moved once.
                let _ = shelf.put(&line);
            }
        };
        std::thread::scope(|scope| {
            for writer in 0..4 {
                scope.spawn(move || write(writer));
            }
        });
        let text = read(&root).expect("a log").expect("something in it");
        assert!(!text.contains("wr-canary") && !text.contains('\u{1b}'), "{text:.9000}");
        assert!(text.lines().all(|line| line.starts_with("writer ")), "{text:.9000}");
        for name in FILES {
            // The last line may have filled the first, and the next begins another.
            let Ok(file) = fs::metadata(root.join(name)) else { continue };
            // The line that reached the bound, and those of who wrote before it was moved.
            assert!(file.len() < bytes_max + 4 * 8192, "{name} has {} bytes", file.len());
            assert_eq!(file.mode() & 0o777, FILE_MODE, "{name}");
        }
    }

    #[test]
    fn a_disk_that_hangs_holds_nobody_up_and_what_is_missing_is_told() {
        let folder = tempfile::tempdir().expect("a folder");
        let (queue, waiting) = sync_channel(2);
        let lost = Arc::new(AtomicU64::new(0));
        let mut lines = Lines { queue: queue.clone(), lost: Arc::clone(&lost) };
        for line in ["one\n", "two\n", "three\n", "four\n"] {
            lines.write_all(line.as_bytes()).expect("never waits");
        }
        drop((queue, lines));
        let shelf = Shelf { root: folder.path().to_owned(), bytes_max: FILE_BYTES_MAX };
        serve(&shelf, &waiting, &lost);
        let told = "one\n2 lines are missing here: the disk was too slow\ntwo\n";
        assert_eq!(read(folder.path()).expect("a log").as_deref(), Some(told));
    }
}
