//! A disk in memory that fails, tears and dies at any operation a test names.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use warroom::runtime::journal::reader::Segment;
use warroom::runtime::journal::store::{FolderStore, Sink, Store};

/// What happens at the named operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It fails without any effect, once.
    Refused,
    /// It takes effect in full and fails, once.
    Late,
    /// A write leaves half its bytes and fails, once; other operations are refused.
    Short,
    /// Every operation from here on is refused: a dead disk.
    Dead,
    /// Files are made from here on, and take no byte: a full disk.
    Full,
    /// Half its bytes, then the process is gone: no operation happens any more.
    Killed,
}

pub const FAULTS: [Fault; 5] =
    [Fault::Refused, Fault::Late, Fault::Short, Fault::Dead, Fault::Killed];

#[derive(Debug, Clone, Default)]
struct Disk {
    segments: BTreeMap<u32, File>,
    operations: usize,
    fault: Option<(usize, Fault)>,
}

#[derive(Debug, Clone, Default)]
struct File {
    bytes: Vec<u8>,
    synced: usize,
}

/// The disk; clones share it.
#[derive(Debug, Clone, Default)]
pub struct Memory(Arc<Mutex<Disk>>);

enum Turn {
    Works,
    Half(io::Error),
    Nothing(io::Error),
    All(io::Error),
}

impl Memory {
    fn disk(&self) -> MutexGuard<'_, Disk> {
        self.0.lock().unwrap()
    }

    /// A disk with the given segments, all durable.
    pub fn with(segments: &[Segment]) -> Self {
        let file =
            |segment: &Segment| File { bytes: segment.bytes.clone(), synced: segment.bytes.len() };
        let segments = segments.iter().map(|segment| (segment.number, file(segment))).collect();
        Self(Arc::new(Mutex::new(Disk { segments, ..Disk::default() })))
    }

    /// Counts operations anew and fails at the `number`-th, from 0.
    pub fn fail_at(&self, number: usize, fault: Fault) {
        let mut disk = self.disk();
        disk.operations = 0;
        disk.fault = Some((number, fault));
    }

    /// There is room again, and nothing fails any more.
    pub fn mend(&self) {
        self.disk().fault = None;
    }

    pub fn operations(&self) -> usize {
        self.disk().operations
    }

    /// What a reader sees: all that was written, or after a power cut only what was synced.
    pub fn segments(&self, power_cut: bool) -> Vec<Segment> {
        let kept = |file: &File| {
            let end = if power_cut { file.synced } else { file.bytes.len() };
            file.bytes[..end].to_vec()
        };
        let name = FolderStore::name;
        let disk = self.disk();
        let segment = |(number, file): (&u32, &File)| Segment {
            number: *number,
            name: name(*number),
            bytes: kept(file),
        };
        disk.segments.iter().map(segment).collect()
    }

    fn turn(disk: &mut Disk) -> Turn {
        let number = disk.operations;
        disk.operations += 1;
        let error = || io::Error::from(io::ErrorKind::StorageFull);
        match disk.fault {
            Some((at, Fault::Refused)) if number == at => Turn::Nothing(error()),
            Some((at, Fault::Late)) if number == at => Turn::All(error()),
            Some((at, Fault::Short | Fault::Killed)) if number == at => Turn::Half(error()),
            Some((at, Fault::Dead | Fault::Full)) if number >= at => Turn::Nothing(error()),
            Some((at, Fault::Killed)) if number > at => Turn::Nothing(error()),
            Some(_) | None => Turn::Works,
        }
    }
}

impl Store for Memory {
    fn create(&mut self, number: u32) -> io::Result<Box<dyn Sink>> {
        let mut disk = self.disk();
        let full = matches!(disk.fault, Some((_, Fault::Full)));
        let turn = if full { Turn::Works } else { Self::turn(&mut disk) };
        if matches!(turn, Turn::Nothing(_)) {
            return done(turn).map(|()| unreachable!());
        }
        if disk.segments.contains_key(&number) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        disk.segments.insert(number, File::default());
        drop(disk);
        done(turn)?;
        Ok(Box::new(MemorySink { memory: self.clone(), number }))
    }
}

struct MemorySink {
    memory: Memory,
    number: u32,
}

impl Sink for MemorySink {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut disk = self.memory.disk();
        let turn = Memory::turn(&mut disk);
        let written = match turn {
            Turn::Works | Turn::All(_) => bytes,
            Turn::Half(_) => &bytes[..bytes.len() / 2],
            Turn::Nothing(_) => &[],
        };
        disk.segments.get_mut(&self.number).unwrap().bytes.extend_from_slice(written);
        done(turn)
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut disk = self.memory.disk();
        let turn = Memory::turn(&mut disk);
        let file = disk.segments.get_mut(&self.number).unwrap();
        match turn {
            Turn::Works | Turn::All(_) => file.synced = file.bytes.len(),
            // Some of it reached the disk.
            Turn::Half(_) => file.synced = file.synced.midpoint(file.bytes.len()),
            Turn::Nothing(_) => {}
        }
        done(turn)
    }

    fn is_empty(&self) -> bool {
        self.memory.disk().segments.get(&self.number).is_some_and(|file| file.bytes.is_empty())
    }
}

fn done(turn: Turn) -> io::Result<()> {
    match turn {
        Turn::Works => Ok(()),
        Turn::Half(error) | Turn::Nothing(error) | Turn::All(error) => Err(error),
    }
}
