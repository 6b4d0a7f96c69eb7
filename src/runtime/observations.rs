//! The rolling file of what was seen, so that a console opened late knows since when it is red.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::journal::format::sha256;
use super::paths::{create_folders, read_bounded, replace};
use crate::domain::day::Day;
use crate::domain::ids::{Side, SystemId};
use crate::domain::ledger::Ledger;
use crate::domain::picture::{Outage, Picture};
use crate::domain::readiness::Spells;
use crate::domain::run::commit::Hash;
use crate::domain::run::subject::Served;
use crate::domain::snapshot::Snapshot;
use crate::domain::text::Clean;
use crate::domain::time::Stamp;
use crate::domain::verdict::T0Basis;

/// The file in a site's folder.
pub const OBSERVATIONS_FILE: &str = "observations.json";

/// The largest file that is read: a thousand systems with full histories.
pub const OBSERVATIONS_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// The file is written at most this often.
pub const KEEP_EVERY: Duration = Duration::from_secs(1);

/// The first words of the file: its format.
const MAGIC: &str = "warroom observations 1";

/// What a console remembers between its lives.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Observations {
    /// When it was written.
    pub saved: Stamp,
    /// Last good readings, first failures, last lags.
    pub snapshot: Snapshot,
    /// T0 as it stands while the primary is red and nothing was declared.
    pub red: Option<(Stamp, T0Basis)>,
    /// The expected losses as of that T0.
    pub ledger: Option<Ledger>,
    /// The region that serves, as it was last known.
    pub active: Option<Side>,
    /// When that was known; older files have none.
    #[serde(default)]
    pub active_at: Option<Stamp>,
    /// The figures of the last 24 hours.
    pub day: Day,
    /// Since when each go/no-go criterion has been as it is; older files have none.
    #[serde(default)]
    pub spells: Spells,
    /// What the probes have learned, each in its own form; older files have none.
    #[serde(default)]
    pub learned: Learned,
}

impl Observations {
    /// What is to be remembered of a picture.
    pub fn of(picture: &Picture, learned: Learned, now: Stamp) -> Self {
        let outage = picture.outage.as_ref();
        Self {
            saved: now,
            snapshot: picture.snapshot.without_histories(),
            red: outage.map(|outage| (outage.t0, outage.basis)),
            ledger: outage.map(|outage| outage.ledger.clone()),
            active: picture.served.map(|served| served.side),
            active_at: picture.served.map(|served| served.at),
            day: picture.day.clone(),
            spells: picture.spells.clone(),
            learned,
        }
    }

    /// Puts what was remembered into a picture; what the probes had learned is left.
    pub fn recall(self, picture: &mut Picture) -> Learned {
        picture.snapshot.remember_all(self.snapshot);
        picture.served =
            self.active.map(|side| Served { side, at: self.active_at.unwrap_or(self.saved) });
        picture.outage = self.red.zip(self.ledger).map(|((t0, basis), ledger)| Outage {
            t0,
            basis,
            ledger,
            detected: None,
        });
        (picture.day, picture.spells) = (self.day, self.spells);
        self.learned
    }
}

/// What the probes of a site's systems have learned, each in its own form.
pub type Learned = BTreeMap<SystemId, String>;

/// What the probes had learned by then; nothing on a first start.
pub fn learned(remembered: Option<&Observations>) -> Learned {
    remembered.map(|old| old.learned.clone()).unwrap_or_default()
}

/// What reading the file gave.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Loaded {
    /// What was remembered; none on a first start.
    pub observations: Option<Observations>,
    /// A sentence for the screen, when the file could not be used and was set aside.
    pub notice: Option<Clean>,
}

/// Reads what an earlier console remembered in a site's folder. A file that cannot be used is set
/// aside under another name and said, never fatal.
pub fn load(dir: &Path) -> Loaded {
    let path = dir.join(OBSERVATIONS_FILE);
    let read = read_bounded(&path, OBSERVATIONS_BYTES_MAX).map_err(|error| error.to_string());
    let read = read.and_then(|bytes| bytes.as_deref().map(decode).transpose());
    match read {
        Ok(observations) => Loaded { observations, notice: None },
        Err(why) => {
            let aside = path.with_extension("json.unusable");
            let moved = match fs::rename(&path, &aside) {
                Ok(()) => format!("it was set aside as {}", aside.display()),
                Err(error) => format!("setting it aside failed too: {error}"),
            };
            if let Some(observations) = put_back(&aside, &path) {
                return Loaded { observations: Some(observations), notice: None };
            }
            let notice = format!(
                "failed to use {}: {why}; {moved}; earlier readings and T0 are not known",
                path.display()
            );
            Loaded { observations: None, notice: Some(notice.as_str().into()) }
        }
    }
}

/// What was set aside, where that is what another console wrote in the meantime: it goes back to
/// its place, unless something newer is there already.
fn put_back(aside: &Path, path: &Path) -> Option<Observations> {
    let bytes = read_bounded(aside, OBSERVATIONS_BYTES_MAX).ok()??;
    let observations = decode(&bytes).ok()?;
    // A link is never made over a file that is there.
    let _ = fs::hard_link(aside, path);
    let _ = fs::remove_file(aside);
    Some(observations)
}

/// Reads the same without touching anything: what cannot be used is as if it were not there.
pub fn peek(dir: &Path) -> Option<Observations> {
    let bytes = read_bounded(&dir.join(OBSERVATIONS_FILE), OBSERVATIONS_BYTES_MAX).ok()??;
    decode(&bytes).ok()
}

/// The file: a line with format and checksum, then one line of JSON.
fn encode(observations: &Observations) -> io::Result<Vec<u8>> {
    let json = serde_json::to_vec(observations)?;
    let first = format!("{MAGIC} {}\n", sha256(&json).hex());
    Ok([first.as_bytes(), &json, b"\n"].concat())
}

/// The file as it will be read again. JSON has no word for a number that is not finite; a cell
/// that has one is left out, so that it cannot cost T0 and all the others.
fn encode_readable(mut observations: Observations) -> io::Result<Vec<u8>> {
    let bytes = encode(&observations)?;
    if decode(&bytes).is_ok() {
        return Ok(bytes);
    }
    let mut snapshot = Snapshot::default();
    for (system, side, cell) in observations.snapshot.cells() {
        if is_readable(cell) {
            snapshot.remember(system, side, cell.clone());
        }
    }
    if is_readable(&observations.snapshot.reference) {
        snapshot.reference = observations.snapshot.reference.clone();
    }
    observations.snapshot = snapshot;
    if !observations.ledger.as_ref().is_none_or(is_readable) {
        observations.ledger = None;
    }
    encode(&observations)
}

fn is_readable<T: Serialize + DeserializeOwned>(value: &T) -> bool {
    serde_json::to_vec(value).is_ok_and(|json| serde_json::from_slice::<T>(&json).is_ok())
}

fn decode(bytes: &[u8]) -> Result<Observations, String> {
    let foreign = || "it is not a file of observations of this version".to_owned();
    let end = bytes.iter().position(|byte| *byte == b'\n').ok_or_else(foreign)?;
    let first = std::str::from_utf8(&bytes[..end]).map_err(|_| foreign())?;
    let hash = first.strip_prefix(MAGIC).map(str::trim_start).ok_or_else(foreign)?;
    let hash = Hash::try_from(hash.to_owned()).map_err(|_| foreign())?;
    let json = bytes[end + 1..].strip_suffix(b"\n").ok_or("it is torn")?;
    if sha256(json) != hash {
        return Err("it is torn or was changed".to_owned());
    }
    serde_json::from_slice(json).map_err(|error| error.to_string())
}

/// Writes them once, in a site's folder, which is made if needed.
///
/// # Errors
/// When the folder or the file cannot be written.
pub fn save(dir: &Path, observations: Observations) -> io::Result<()> {
    create_folders(dir)?;
    replace(&dir.join(OBSERVATIONS_FILE), &encode_readable(observations)?)
}

/// What the thread and its owner share.
#[derive(Default)]
struct Desk {
    next: Option<Box<Observations>>,
    closing: bool,
    /// Why the last writing failed.
    failure: Option<Clean>,
}

/// Writes observations from a thread of its own, the newest only, at most once a second. Dropping
/// it writes what was kept last.
pub struct Keeper {
    shared: Arc<(Mutex<Desk>, Condvar)>,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    /// Begins to keep in a site's folder, which is made if needed.
    ///
    /// # Errors
    /// When the thread cannot be made.
    pub fn start(dir: &Path) -> io::Result<Self> {
        let shared = Arc::new((Mutex::new(Desk::default()), Condvar::new()));
        let (theirs, dir) = (Arc::clone(&shared), dir.to_path_buf());
        let thread =
            Builder::new().name("observations".to_owned()).spawn(move || serve(&theirs, &dir))?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Keeps these instead of what waits to be written. Never waits for the disk. Why the last
    /// writing failed.
    pub fn keep(&self, observations: Observations) -> Option<Clean> {
        let (desk, changed) = &*self.shared;
        let mut desk = lock(desk);
        desk.next = Some(Box::new(observations));
        changed.notify_all();
        desk.failure.clone()
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        lock(&self.shared.0).closing = true;
        self.shared.1.notify_all();
        if let Some(thread) = self.thread.take() {
            // A panic there was its own report.
            let _ = thread.join();
        }
    }
}

/// The desk holds whole values only, so it is as good after a panic elsewhere as before.
fn lock(desk: &Mutex<Desk>) -> MutexGuard<'_, Desk> {
    desk.lock().unwrap_or_else(PoisonError::into_inner)
}

fn serve(shared: &(Mutex<Desk>, Condvar), dir: &Path) {
    let (desk, changed) = shared;
    loop {
        let idle = |desk: &mut Desk| desk.next.is_none() && !desk.closing;
        let mut held = changed.wait_while(lock(desk), idle).unwrap_or_else(PoisonError::into_inner);
        let Some(observations) = held.next.take() else { return };
        drop(held);
        let written = save(dir, *observations);
        let mut held = lock(desk);
        held.failure = written.err().map(|error| {
            let path = dir.join(OBSERVATIONS_FILE);
            format!("failed to write {}: {error}", path.display()).into()
        });
        // What comes within the next second waits for its end; closing does not.
        let waited = changed.wait_timeout_while(held, KEEP_EVERY, |desk| !desk.closing);
        drop(waited);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::SystemId;
    use crate::domain::reading::{Basis, Certainty, Health, Lag, LagUnit, Reading};
    use crate::domain::time::BootId;

    fn at(hour: i64) -> Stamp {
        let boot = BootId(u128::MAX - 7);
        Stamp { wall_ms: hour * 3_600_000 + 5, boot_ms: hour.unsigned_abs() * 3_600_000, boot }
    }

    fn lag(seconds: f64) -> Lag {
        Lag {
            seconds: Some(seconds),
            amount: None,
            unit: LagUnit::Bytes,
            basis: Basis::Heartbeat,
            certainty: Certainty::Known,
            unreceived: None,
        }
    }

    fn some(hour: i64) -> Observations {
        let pg = SystemId::new("pg").unwrap();
        let mut snapshot = Snapshot::default();
        let mut reading = Reading::new(at(hour), Health::Up, "fine");
        reading.lag = Some(lag(0.25));
        snapshot.record(&pg, Side::B, at(hour), Ok(reading));
        let mut day = Day::default();
        day.count(&pg, Side::B, at(hour), Some(true), Some(&lag(0.25)));
        Observations {
            saved: at(hour),
            snapshot,
            red: Some((at(hour - 1), T0Basis::AtOrBefore)),
            ledger: Some(Ledger { as_of: at(hour - 1), rows: Vec::new() }),
            active: Some(Side::A),
            active_at: Some(at(hour)),
            day,
            spells: Spells::default(),
            learned: Learned::from([(pg, "{}".to_owned())]),
        }
    }

    #[test]
    fn what_was_kept_is_loaded() {
        let place = tempfile::tempdir().unwrap();
        let dir = place.path().join("sites").join("lms");
        assert_eq!(load(&dir), Loaded::default());
        let keeper = Keeper::start(&dir).unwrap();
        for hour in 1..100 {
            keeper.keep(some(hour));
        }
        assert_eq!(keeper.keep(some(100)), None);
        drop(keeper);
        let loaded = load(&dir);
        assert_eq!(loaded, Loaded { observations: Some(some(100)), notice: None });
    }

    #[test]
    fn what_cannot_be_kept_is_told() {
        let place = tempfile::NamedTempFile::new().unwrap();
        let keeper = Keeper::start(place.path()).unwrap();
        let why = std::iter::from_fn(|| Some(keeper.keep(some(1)))).find_map(|why| why).unwrap();
        assert!(why.as_str().starts_with("failed to write /"), "{why}");
    }

    #[test]
    fn a_number_that_json_cannot_say_costs_one_cell_only() {
        use crate::domain::reading::{Fact, FactValue};
        let place = tempfile::tempdir().unwrap();
        let mut bad = some(3);
        let mut reading = Reading::new(at(3), Health::Up, "odd");
        let value = FactValue::Number(f64::NAN);
        reading.facts.push(Fact { name: "rate".to_owned(), value });
        let odd = SystemId::new("odd").unwrap();
        bad.snapshot.record(&odd, Side::A, at(3), Ok(reading));
        let keeper = Keeper::start(place.path()).unwrap();
        keeper.keep(bad);
        drop(keeper);
        let loaded = load(place.path()).observations.unwrap();
        let pg = SystemId::new("pg").unwrap();
        assert_eq!(loaded.red, some(3).red);
        assert!(loaded.snapshot.cell(&pg, Side::B).unwrap().last_good.is_some());
        assert!(loaded.snapshot.cell(&odd, Side::A).is_none_or(|cell| cell.heard.is_none()));
    }

    #[test]
    fn a_torn_or_foreign_file_is_set_aside_and_said() {
        let whole = encode(&some(3)).unwrap();
        let check = |bytes: &[u8]| {
            let place = tempfile::tempdir().unwrap();
            let path = place.path().join(OBSERVATIONS_FILE);
            fs::write(&path, bytes).unwrap();
            let loaded = load(place.path());
            assert_eq!(loaded.observations, None);
            assert!(loaded.notice.unwrap().as_str().contains("set aside"));
            assert!(!path.exists());
            assert_eq!(fs::read(path.with_extension("json.unusable")).unwrap(), bytes);
            // The next one writes over nothing.
            assert_eq!(load(place.path()), Loaded::default());
        };
        check(b"");
        check(b"{}");
        check(&[0; 64]);
        for end in (0..whole.len()).step_by(97) {
            check(&whole[..end]);
        }
        let mut flipped = whole;
        let middle = flipped.len() / 2;
        flipped[middle] ^= 1;
        check(&flipped);
    }
    #[test]
    fn two_consoles_that_keep_at_once_lose_nothing_but_what_is_older() {
        let place = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for first in [0, 1] {
                let dir = place.path();
                scope.spawn(move || {
                    for hour in 1..40 {
                        let keeper = Keeper::start(dir).unwrap();
                        keeper.keep(some(hour * 2 + first));
                        drop(keeper);
                        // A console that starts meanwhile finds a whole file.
                        let loaded = load(dir);
                        assert_eq!(loaded.notice, None, "{hour}");
                        assert!(loaded.observations.is_some(), "{hour}");
                    }
                });
            }
        });
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
        // Told as unusable by one, replaced by another before it was set aside.
        let (path, aside) = (place.path().join("o"), place.path().join("o.unusable"));
        fs::write(&aside, encode(&some(3)).unwrap()).unwrap();
        assert_eq!(put_back(&aside, &path), Some(some(3)));
        assert!(path.exists() && !aside.exists());
        fs::write(&aside, "bad").unwrap();
        assert_eq!((put_back(&aside, &path), aside.exists()), (None, true));
    }
}
