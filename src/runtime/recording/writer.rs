//! The thread that writes a recording: bounded, and a segment that failed is left as it is.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, TryRecvError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::fs::statvfs;

use super::line::Scribe;
use super::take::{Take, What};
use super::{SEGMENTS, segment_name};
use crate::domain::ids::RunId;
use crate::domain::text::Clean;
use crate::domain::time::Stamp;
use crate::runtime::paths::create_file;

/// The most segments of one run: a disk that fails for ever must not fill a folder for ever.
const SEGMENTS_MAX: u32 = 1000;

/// What the thread and the console share.
#[derive(Debug, Default)]
pub(super) struct Shared(Mutex<Words>);

#[derive(Debug, Default)]
struct Words {
    /// Why nothing is written until the next scene.
    broken: Option<Clean>,
    /// What the screen has to say.
    trouble: Option<Clean>,
    /// True once it has said something: it says so once.
    told: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Words> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_broken(&self) -> bool {
        self.lock().broken.is_some()
    }

    /// Takes the reason back: a scene follows.
    pub(super) fn mend(&self) -> Option<Clean> {
        self.lock().broken.take()
    }

    /// What the screen has to say, once.
    pub(super) fn trouble(&self) -> Option<Clean> {
        let mut words = self.lock();
        if words.told { None } else { words.trouble.take().inspect(|_| words.told = true) }
    }

    pub(super) fn tell(&self, why: Clean) {
        self.lock().trouble.get_or_insert(why);
    }

    fn fail(&self, why: Clean) {
        self.tell(why.clone());
        self.lock().broken = Some(why);
    }
}

/// Room that is left to the journal and the attempts: evidence gives way to the record.
const DISK_RESERVE_BYTES: u64 = 64 * 1024 * 1024;

/// Bytes written between two looks at the room on the disk.
const LOOK_AT_ROOM_EVERY: u64 = 256 * 1024;

/// The segment being written.
struct Sheet {
    file: BufWriter<File>,
    scribe: Scribe,
}

/// Writes what it is sent until nothing more can come.
pub(super) struct Writer {
    folder: PathBuf,
    limit: u64,
    written: u64,
    shared: Arc<Shared>,
    sheet: Option<Sheet>,
    full: bool,
    reserve: u64,
    /// Bytes written since the room on the disk was looked at.
    unseen: u64,
}

impl Writer {
    pub(super) fn new(folder: &Path, limit: u64, shared: Arc<Shared>) -> Self {
        let folder = folder.to_owned();
        let (written, unseen, reserve) = (0, 0, DISK_RESERVE_BYTES);
        Self { folder, limit, written, shared, sheet: None, full: false, reserve, unseen }
    }

    /// Whether the disk has room for more than the journal may need.
    fn see_room(&mut self) -> io::Result<()> {
        self.unseen = 0;
        let disk = statvfs(&self.folder)?;
        if disk.f_bavail.saturating_mul(disk.f_frsize) >= self.reserve {
            return Ok(());
        }
        Err(io::Error::other("the disk is nearly full, the rest is kept for the journal"))
    }

    pub(super) fn serve(mut self, takes: &Receiver<Take>) {
        loop {
            let take = match takes.try_recv() {
                Ok(take) => take,
                Err(TryRecvError::Disconnected) => break,
                Err(TryRecvError::Empty) => {
                    self.flush();
                    match takes.recv() {
                        Ok(take) => take,
                        Err(_) => break,
                    }
                }
            };
            self.write(&take);
        }
        self.flush();
    }

    fn flush(&mut self) {
        if let Some(sheet) = &mut self.sheet
            && let Err(error) = sheet.file.flush()
        {
            self.give_up(&error.to_string());
        }
    }

    fn give_up(&mut self, why: &str) {
        // What the buffer still holds goes with it: the bytes on the disk end somewhere in a line.
        if let Some(sheet) = self.sheet.take() {
            let _ = sheet.file.into_parts();
        }
        self.shared.fail(format!("failed to write the recording: {why}").into());
    }

    fn write(&mut self, take: &Take) {
        if self.full {
            return;
        }
        if let What::Scene(..) = take.what
            && self.sheet.is_none()
            && let Err(error) = self.begin(take.now)
        {
            self.give_up(&error.to_string());
            return;
        }
        let Some(sheet) = &mut self.sheet else { return };
        let bytes = match sheet.scribe.write(take) {
            Ok(bytes) => bytes,
            // One take that cannot be kept, such as a scene larger than a line.
            Err(error) => return self.shared.tell(error.to_string().into()),
        };
        let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if self.written.saturating_add(size) > self.limit {
            self.fill(take.now);
            return;
        }
        self.written += size;
        self.unseen += size;
        if self.unseen >= LOOK_AT_ROOM_EVERY
            && let Err(error) = self.see_room()
        {
            return self.give_up(&error.to_string());
        }
        let Some(sheet) = &mut self.sheet else { return };
        if let Err(error) = sheet.file.write_all(&bytes) {
            self.give_up(&error.to_string());
        }
    }

    /// The recording has all the room that it gets.
    fn fill(&mut self, now: Stamp) {
        self.full = true;
        let why: Clean = format!("it has {} bytes, more are not kept", self.written).into();
        let end = Take { now, what: What::End(why.clone()) };
        if let Some(sheet) = &mut self.sheet
            && let Ok(bytes) = sheet.scribe.write(&end)
        {
            let _ = sheet.file.write_all(&bytes);
        }
        self.flush();
        self.shared.tell(why);
    }

    /// Begins the next segment; those of earlier consoles count against the bound.
    fn begin(&mut self, now: Stamp) -> io::Result<()> {
        self.see_room()?;
        let (mut last, mut size) = (0, 0);
        for number in SEGMENTS.in_folder(&self.folder)? {
            last = number;
            size += fs::symlink_metadata(self.folder.join(segment_name(number)))?.len();
        }
        if last >= SEGMENTS_MAX {
            return Err(io::Error::other(format!("it has {last} segments already")));
        }
        let run = self.folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let run = RunId::new(run).map_err(|_| io::Error::other("the folder is not a run's"))?;
        let (scribe, first) = Scribe::begin(&run, last + 1, now.boot).map_err(io::Error::other)?;
        let mut file = BufWriter::new(create_file(&self.folder.join(segment_name(last + 1)))?);
        file.write_all(&first)?;
        self.written = size + u64::try_from(first.len()).unwrap_or(0);
        self.sheet = Some(Sheet { file, scribe });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::BootId;
    use crate::runtime::console::scene::Scene;
    use crate::runtime::recording::{Recording, read};

    fn at(seconds: u32) -> Stamp {
        let ms = u64::from(seconds) * 1000;
        Stamp { wall_ms: i64::from(seconds) * 1000, boot_ms: ms, boot: BootId(1) }
    }

    fn scene(seconds: u32, why: Option<&str>) -> Take {
        let json = serde_json::json!({
            "at": at(seconds), "started": at(0), "ticked": at(0), "known": 0,
            "me": {"person": null, "user": "anna", "host": "laptop"},
            "snapshot": crate::domain::snapshot::Snapshot::default(),
            "red": null, "ledger": null, "active": null,
            "day": crate::domain::day::Day::default(),
            "acknowledged": [], "raised": {}, "failed": null, "dry": null,
            "timeline": [], "output": [],
        });
        let scene: Scene = serde_json::from_value(json).unwrap();
        let why = why.map(Clean::from);
        Take { now: at(seconds), what: What::Scene(Box::new(scene), why) }
    }

    fn tick(seconds: u32) -> Take {
        Take { now: at(seconds), what: What::Tick }
    }

    fn read_back(folder: &Path) -> Recording {
        read(folder, &RunId::new("shop-20261120-140210").unwrap()).unwrap()
    }

    #[test]
    fn a_disk_that_fails_is_told_once_and_tried_again() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("shop-20261120-140210");
        let shared = Arc::new(Shared::default());
        let mut writer = Writer::new(&folder, 1 << 20, Arc::clone(&shared));
        writer.write(&scene(1, None));
        assert!(shared.is_broken());
        assert!(shared.trouble().unwrap().as_str().starts_with("failed to write the recording"));
        writer.write(&tick(2));
        fs::create_dir(&folder).unwrap();
        assert!(shared.mend().is_some());
        writer.write(&scene(3, Some("it failed")));
        writer.write(&tick(4));
        writer.flush();
        assert!(!shared.is_broken());
        shared.tell("again".into());
        assert_eq!(shared.trouble(), None, "it is said once");
        assert_eq!(read_back(&folder).takes, [scene(3, Some("it failed")), tick(4)]);
        // A segment that failed is left as it is: the next one has a name of its own.
        writer.give_up("a test");
        writer.write(&scene(5, None));
        writer.flush();
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 2);
        let takes = [scene(3, Some("it failed")), tick(4), scene(5, None)];
        assert_eq!(read_back(&folder).takes, takes);
    }

    #[test]
    fn the_last_room_of_a_disk_is_the_journals() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("shop-20261120-140210");
        fs::create_dir(&folder).unwrap();
        let shared = Arc::new(Shared::default());
        let mut writer = Writer::new(&folder, 1 << 30, Arc::clone(&shared));
        writer.reserve = 0;
        writer.write(&scene(1, None));
        assert!(!shared.is_broken());
        // The disk fills while it is written.
        writer.reserve = u64::MAX;
        for second in 0.. {
            writer.write(&tick(second));
            if shared.is_broken() {
                break;
            }
            assert!(writer.unseen < LOOK_AT_ROOM_EVERY, "it was not noticed");
        }
        assert!(shared.trouble().unwrap().as_str().contains("kept for the journal"));
        assert!(shared.mend().is_some());
        writer.write(&scene(2, None));
        assert!(shared.is_broken(), "no new segment either");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
        assert_eq!(read_back(&folder).takes.first(), Some(&scene(1, None)));
    }

    #[test]
    fn the_bound_counts_all_segments() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("shop-20261120-140210");
        fs::create_dir(&folder).unwrap();
        let limit = 4096;
        for _ in 0..3 {
            let shared = Arc::new(Shared::default());
            let mut writer = Writer::new(&folder, limit, Arc::clone(&shared));
            writer.write(&scene(1, None));
            for second in 0..200 {
                writer.write(&tick(second));
            }
            writer.flush();
            assert!(shared.trouble().unwrap().as_str().contains("more are not kept"));
        }
        let sizes = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().metadata().unwrap());
        let size: u64 = sizes.map(|metadata| metadata.len()).sum();
        // Each console says in a line that it was reached.
        assert!(size < limit + 3 * 300, "{size}");
    }
}
