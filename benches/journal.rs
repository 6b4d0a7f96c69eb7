//! What an acknowledged record costs, against the bare write and sync of the same bytes.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use divan::Bencher;
use warroom::domain::catalogue::{Class, Fencing};
use warroom::domain::ids::{RunId, StepId};
use warroom::domain::run::commit::Hash;
use warroom::domain::run::event::{Actor, Body, Purpose, RunKind};
use warroom::port::Clock as _;
use warroom::runtime::clock::SystemClock;
use warroom::runtime::journal::format::{Header, encode};
use warroom::runtime::journal::store::FolderStore;
use warroom::runtime::journal::writer::Writer;

/// Records of each kind in the comparison.
const ROUNDS: usize = 2000;

fn main() {
    compare();
    divan::main();
}

fn actor() -> Actor {
    Actor { person: None, user: "anna".into(), host: "laptop".into() }
}

fn intent() -> Body {
    Body::Intended {
        step: StepId::new("promote-pg").expect("it is a name"),
        attempt: 1,
        purpose: Purpose::Forward,
        action: "postgres.promote".to_owned(),
        class: Class::X,
        fencing: Fencing::FencedByTarget,
        gates: Vec::new(),
        call: "select pg_promote(true, 60)".into(),
        warrant: None,
    }
}

fn birth() -> Header {
    let run = RunId::new("bench").expect("it is a name");
    Header::birth(&run, RunKind::Drill, ["site", "runbook"], SystemClock::new().now())
}

fn writer(folder: &Path) -> Writer {
    Writer::begin(Box::new(FolderStore::new(folder)), birth(), 0).expect("the folder is new")
}

fn line() -> Vec<u8> {
    let next = Header { after: 999, prev: Hash([7; 32]), ..birth() };
    encode(&next, SystemClock::new().now(), &actor(), &intent()).expect("it is small").0
}

fn bare(folder: &Path) -> File {
    OpenOptions::new().create(true).append(true).open(folder.join("bare")).expect("it is ours")
}

/// Journal and bare writes in turn, on the same disk in the same seconds, so that the ratio is of
/// the journal and not of the disk's mood.
fn compare() {
    let place = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let (clock, by, body, line) = (SystemClock::new(), actor(), intent(), line());
    let (mut writer, mut bare) = (writer(place.path()), bare(place.path()));
    let (mut journal_took, mut bare_took) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        journal_took.push(timed(|| {
            writer.append(clock.now(), &by, &body).expect("the disk takes it");
        }));
        bare_took.push(timed(|| {
            bare.write_all(&line).and_then(|()| bare.sync_data()).expect("the disk takes it");
        }));
    }
    println!("{ROUNDS} records of {} bytes, journal / bare write and fdatasync", line.len());
    for percent in [50, 99] {
        let (journal, bare) = (rank(&mut journal_took, percent), rank(&mut bare_took, percent));
        let ratio = journal.as_secs_f64() / bare.as_secs_f64();
        println!("p{percent}: {journal:?} / {bare:?} = {ratio:.2}");
    }
}

fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

fn rank(took: &mut [Duration], percent: usize) -> Duration {
    took.sort_unstable();
    took[(took.len() * percent / 100).min(took.len() - 1)]
}

#[divan::bench]
fn append(bencher: Bencher) {
    let place = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let (mut writer, clock, by, body) =
        (writer(place.path()), SystemClock::new(), actor(), intent());
    bencher.bench_local(|| writer.append(clock.now(), &by, &body).expect("the disk takes it"));
}

#[divan::bench]
fn encode_only() -> Vec<u8> {
    line()
}
