//! Where things are kept, and how a file or folder is made so that a power cut cannot take it back.

use std::env;
use std::ffi::OsStr;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt as _, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::domain::ids::{RunId, is_name};
use rustix::fs::{FlockOperation, OFlags, flock};

/// Only the owner may enter.
pub const FOLDER_MODE: u32 = 0o700;

/// Only the owner may read and write.
pub const FILE_MODE: u32 = 0o600;

/// Why the state folder cannot be named.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoStateFolder {
    /// Neither variable is set to an absolute path.
    #[error("failed to find the state folder: set XDG_STATE_HOME or HOME to an absolute path")]
    Unset,
    /// The site's name cannot name a folder.
    #[error("failed to name a folder for site `{0}`: use 1 to 64 of a-z, 0-9, `-`, `_` and `.`")]
    BadSite(String),
}

/// The state folder and what is in it. Making one creates nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatePaths {
    root: PathBuf,
}

impl StatePaths {
    /// `$XDG_STATE_HOME/warroom`, else `~/.local/state/warroom`, of this process.
    ///
    /// # Errors
    /// When neither variable holds an absolute path.
    pub fn of_process() -> Result<Self, NoStateFolder> {
        Self::of(env::var_os("XDG_STATE_HOME").as_deref(), env::var_os("HOME").as_deref())
    }

    /// The same from the two variables; relative paths are ignored (XDG base directories, "All
    /// paths set in these environment variables must be absolute").
    ///
    /// # Errors
    /// When neither is an absolute path.
    pub fn of(state_home: Option<&OsStr>, home: Option<&OsStr>) -> Result<Self, NoStateFolder> {
        let absolute =
            |path: Option<&OsStr>| path.map(PathBuf::from).filter(|path| path.is_absolute());
        let base = absolute(state_home)
            .or_else(|| absolute(home).map(|home| home.join(".local").join("state")))
            .ok_or(NoStateFolder::Unset)?;
        Ok(Self { root: base.join("warroom") })
    }

    /// A state folder at a given place.
    pub fn at(root: &Path) -> Self {
        Self { root: root.to_path_buf() }
    }

    /// The state folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where all runs are.
    pub fn runs(&self) -> PathBuf {
        self.root.join("runs")
    }

    /// Where one run is.
    pub fn run(&self, run: &RunId) -> PathBuf {
        self.runs().join(run.as_str())
    }

    /// Where one site's observations are.
    ///
    /// # Errors
    /// When the site's name cannot name a folder.
    pub fn site(&self, site: &str) -> Result<PathBuf, NoStateFolder> {
        if is_name(site) {
            Ok(self.root.join("sites").join(site))
        } else {
            Err(NoStateFolder::BadSite(site.chars().take(64).collect()))
        }
    }
}

/// True for an error that goes away once there is room on the disk.
pub fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// An error of a disk as a person needs it: of a full one, what to do.
pub fn disk_words(error: &io::Error) -> String {
    if is_full(error) {
        format!(
            "the disk is full ({error}): make room there; what runs goes on and keeps its result"
        )
    } else {
        error.to_string()
    }
}

/// Makes a folder and every missing one above it, 0700, each durable before the next. A folder that
/// is there already is left as it is.
///
/// # Errors
/// When one cannot be made or synced, or something that is no folder is in the way.
pub fn create_folders(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(parent) = folder.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        create_folders(parent)?;
    }
    match create_folder(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
        other => other,
    }
}

/// Makes one new folder, 0700, and makes it durable.
///
/// # Errors
/// When it is there already, or cannot be made or synced.
pub fn create_folder(folder: &Path) -> io::Result<()> {
    make_folder(folder)?;
    sync_folder(folder)?;
    folder.parent().map_or(Ok(()), sync_folder)
}

/// Makes one new folder, 0700. Its name is durable once the folder above it is synced.
///
/// # Errors
/// When it is there already or cannot be made.
pub fn make_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().mode(FOLDER_MODE).create(folder)
}

/// Makes a folder's list of names durable.
///
/// # Errors
/// When the folder cannot be opened or synced.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    File::open(folder)?.sync_all()
}

/// Makes a new file for writing, 0600, that must not be there yet and is never a link.
///
/// # Errors
/// When it is there already or cannot be made.
pub fn create_file(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(FILE_MODE)
        .custom_flags(no_follow())
        .open(path)
}

/// Opens a file for reading that must not be a link.
///
/// # Errors
/// When it is not there, is a link or cannot be read.
pub fn open_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).custom_flags(no_follow()).open(path)
}

/// At most so many bytes of a file that must not be a link; none where it is not there.
///
/// # Errors
/// When it is a link or cannot be read.
pub fn read_bounded(path: &Path, bytes_max: u64) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    match open_file(path) {
        Ok(file) => file.take(bytes_max).read_to_end(&mut bytes).map(|_| Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Files of one kind in a folder, counted: `journal-000001.log`.
#[derive(Debug, Clone, Copy)]
pub struct Numbered(pub &'static str);

impl Numbered {
    /// The name of a file.
    pub fn name(self, number: u32) -> String {
        format!("{}-{number:06}.log", self.0)
    }

    /// The numbers there are, in their order.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn in_folder(self, folder: &Path) -> io::Result<Vec<u32>> {
        let mut numbers = Vec::new();
        for entry in fs::read_dir(folder)? {
            let name = entry?.file_name();
            numbers.extend(name.to_str().and_then(|name| self.number_of(name)));
        }
        numbers.sort_unstable();
        Ok(numbers)
    }

    fn number_of(self, name: &str) -> Option<u32> {
        let digits = name.strip_prefix(self.0)?.strip_prefix('-')?.strip_suffix(".log")?;
        let number = digits.parse().ok()?;
        (self.name(number) == name).then_some(number)
    }
}

/// The flag by which a link is not followed.
pub fn no_follow() -> i32 {
    i32::try_from(OFlags::NOFOLLOW.bits()).expect("open flags are small numbers")
}

/// Writes a new file whole and makes it and its name durable.
///
/// # Errors
/// When it is there already, or cannot be written or synced.
pub fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_file(path, bytes)?;
    path.parent().map_or(Ok(()), sync_folder)
}

/// Writes a new file whole and makes it durable. Its name is durable once its folder is synced.
///
/// # Errors
/// When it is there already, or cannot be written or synced.
pub fn write_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = create_file(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// A new file beside the one whose place it takes once it is whole. Its name is its own, so that
/// two writers never meet in it, and it is locked while its writer lives: one that is not was left
/// by a writer that died.
pub struct Draft {
    file: File,
    next: PathBuf,
    path: PathBuf,
    placed: bool,
}

/// Drafts that this process began.
static DRAFTS: AtomicU64 = AtomicU64::new(0);

/// How often a draft is begun anew when another process took its file for a leftover: that can
/// only happen between making and locking it.
const DRAFT_TRIES: usize = 8;

impl Draft {
    /// Begins an empty file for the place of `path`, and takes away what dead writers left there.
    ///
    /// # Errors
    /// When it cannot be made or locked.
    pub fn of(path: &Path) -> io::Result<Self> {
        sweep(path);
        for _ in 0..DRAFT_TRIES {
            let next = draft_name(path);
            let file = create_file(&next)?;
            if flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok()
                && is_there(&next, &file)
            {
                return Ok(Self { file, next, path: path.to_owned(), placed: false });
            }
        }
        Err(io::Error::other("another process keeps taking the new file away"))
    }

    /// The file.
    pub fn file(&mut self) -> &mut File {
        &mut self.file
    }

    /// Puts it in its place in one move: a reader sees the old or the new, whole. Its name is
    /// durable once its folder is synced.
    ///
    /// # Errors
    /// When it cannot be moved.
    pub fn place(mut self) -> io::Result<File> {
        fs::rename(&self.next, &self.path)?;
        self.placed = true;
        self.file.try_clone()
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.placed {
            // What cannot be removed now is a leftover that a later writer takes away.
            let _ = fs::remove_file(&self.next);
        }
    }
}

/// What the names of drafts end with.
const DRAFT_END: &str = ".next";

fn draft_name(path: &Path) -> PathBuf {
    let number = DRAFTS.fetch_add(1, Ordering::Relaxed);
    let mut name = path.file_name().map(OsStr::to_os_string).unwrap_or_default();
    name.push(format!(".{}-{number}{DRAFT_END}", std::process::id()));
    path.with_file_name(name)
}

fn is_there(path: &Path, file: &File) -> bool {
    match (fs::symlink_metadata(path), file.metadata()) {
        (Ok(there), Ok(ours)) => (there.dev(), there.ino()) == (ours.dev(), ours.ino()),
        _ => false,
    }
}

/// Takes away drafts of `path` whose writers are dead. What fails is tried by the next writer.
fn sweep(path: &Path) {
    let Some(name) = path.file_name().and_then(OsStr::to_str) else { return };
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let Ok(entries) = fs::read_dir(folder.unwrap_or(Path::new("."))) else { return };
    for entry in entries.filter_map(Result::ok) {
        let other = entry.file_name();
        let rest = other.to_str().and_then(|other| other.strip_prefix(name));
        if rest.is_some_and(is_draft_end)
            && let Ok(file) = open_file(&entry.path())
            && flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok()
        {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// True for `.123-4.next`, and for `.next`, which an older version left.
fn is_draft_end(rest: &str) -> bool {
    let Some(numbers) = rest.strip_suffix(DRAFT_END) else { return false };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let own = numbers.strip_prefix('.').and_then(|numbers| numbers.split_once('-'));
    numbers.is_empty() || own.is_some_and(|(process, number)| digits(process) && digits(number))
}

/// Replaces a file's content in one move: a reader and a power cut see the old or the new, whole.
/// Of two writers at once the last one counts.
///
/// # Errors
/// When the new content cannot be written, synced or moved into place.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut draft = Draft::of(path)?;
    draft.file().write_all(bytes)?;
    draft.file().sync_all()?;
    draft.place()?;
    path.parent().map_or(Ok(()), sync_folder)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_state_folder_follows_the_variables() {
        let check = |state: Option<&str>, home: Option<&str>, want: Option<&str>| {
            let got = StatePaths::of(state.map(OsStr::new), home.map(OsStr::new));
            assert_eq!(got.ok().map(|paths| paths.root), want.map(PathBuf::from));
        };
        check(Some("/s"), Some("/h"), Some("/s/warroom"));
        check(None, Some("/h"), Some("/h/.local/state/warroom"));
        check(Some("relative"), Some("/h"), Some("/h/.local/state/warroom"));
        check(Some(""), Some(""), None);
        check(None, None, None);
    }

    #[test]
    fn a_site_cannot_leave_its_folder() {
        let paths = StatePaths::at(Path::new("/s"));
        assert_eq!(paths.site("lms").unwrap(), Path::new("/s/sites/lms"));
        for bad in ["..", "../x", "a/b", "", "A"] {
            assert!(paths.site(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn files_and_folders_are_private_and_never_links() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("a").join("b");
        create_folders(&folder).unwrap();
        create_folders(&folder).unwrap();
        assert_eq!(folder.metadata().unwrap().permissions().mode() & 0o777, FOLDER_MODE);
        assert!(create_folder(&folder).is_err());
        let file = folder.join("f");
        write_new(&file, b"one").unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, FILE_MODE);
        assert!(write_new(&file, b"two").is_err());
        replace(&file, b"three").unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"three");
        let link = folder.join("link");
        std::os::unix::fs::symlink(&file, &link).unwrap();
        assert!(open_file(&link).is_err());
        assert!(write_new(&link, b"four").is_err());
    }
    /// The names in a folder.
    fn names(folder: &Path) -> Vec<String> {
        let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
        let mut names: Vec<String> = names.map(|name| name.into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn two_writers_at_once_never_meet_and_the_last_one_counts() {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("f");
        let mut first = Draft::of(&file).unwrap();
        let mut second = Draft::of(&file).unwrap();
        first.file().write_all(b"first").unwrap();
        second.file().write_all(b"second").unwrap();
        second.place().unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"second");
        first.place().unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"first");
        // A great many of each: each replacing works, and what is read is always whole.
        std::thread::scope(|scope| {
            for letter in [b'a', b'b', b'c', b'd'] {
                let file = &file;
                scope.spawn(move || {
                    for length in 1..200 {
                        replace(file, &vec![letter; length]).unwrap();
                        let found = fs::read(file).unwrap();
                        assert!(found.windows(2).all(|two| two[0] == two[1]), "{found:?}");
                    }
                });
            }
        });
        assert_eq!(names(place.path()), ["f"]);
    }

    #[test]
    fn what_dead_writers_left_is_taken_away_and_nothing_else() {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("f");
        let lives = Draft::of(&file).unwrap();
        let kept = ["f.json.next", "f.1-.next", "f.1-2.next.old", "g.1-2.next", "f2.next"];
        for name in ["f.next", "f.1-2.next", "f.4194304-77.next"].iter().chain(&kept) {
            fs::write(place.path().join(name), "half").unwrap();
        }
        replace(&file, b"whole").unwrap();
        let own = lives.next.file_name().unwrap().to_str().unwrap().to_owned();
        let mut want: Vec<String> = kept.map(str::to_owned).into();
        want.extend(["f".to_owned(), own]);
        want.sort();
        assert_eq!(names(place.path()), want);
        drop(lives);
        assert_eq!(names(place.path()).len(), want.len() - 1, "a draft that came to nothing");
    }
}
