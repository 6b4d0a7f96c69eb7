//! The real folder and thread: taken up, locked, damaged, empty.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use warroom::domain::run::event::RunEvent;
use warroom::runtime::journal::store::FolderStore;
use warroom::runtime::journal::writer::WriteError;
use warroom::runtime::journal::{Finding, Frozen, Journal, JournalError, read};

use super::stories::{RUNBOOK, SITE, Ticking, run_id, stories};
use super::tools::{open, record, resume};

#[test]
fn a_run_goes_on_where_another_console_left_it() {
    let place = tempfile::tempdir().unwrap();
    let story = &stories()[1];
    let dir = place.path().join("runs").join("one");
    let (journal, replies) = open(&dir, story);
    assert!(matches!(resume(&dir), Err(JournalError::Locked(_))));
    let mut events: Vec<RunEvent> =
        (1..).zip(&story.bodies).map(|(n, body)| record(&journal, &replies, n, body)).collect();
    // A watcher reads while it is open.
    assert_eq!(read(&dir).unwrap().events, events);
    drop(journal);
    let torn = dir.join(FolderStore::name(1));
    let before = [fs::read(&torn).unwrap(), b"J1 400 0123abcd {\"seq\"".to_vec()].concat();
    fs::write(&torn, &before).unwrap();
    let (journal, read_back) = resume(&dir).unwrap();
    assert_eq!(read_back.finding, Finding::TornTail { bytes: 22 });
    assert_eq!((read_back.epoch, read_back.events.len()), (2, events.len() + 1));
    drop(journal);
    assert_eq!(fs::read(&torn).unwrap(), before, "torn bytes are kept");
    let again = read(&dir).unwrap();
    assert_eq!((again.finding, again.head), (Finding::Whole, read_back.head));
    events.push(read_back.events.last().unwrap().clone());
    assert_eq!(again.events, events);
    assert_eq!((again.site.as_str(), again.runbook.as_str()), (SITE, RUNBOOK));
    // A run's folder is made once.
    let clock = Arc::new(Ticking::new());
    let frozen = Frozen { site: SITE, runbook: RUNBOOK };
    let taken = Journal::create(&dir, frozen, &run_id(), story.kind, clock, Box::new(|_| {}));
    assert!(matches!(taken, Err(JournalError::Io { .. })));
}

#[test]
fn a_damaged_run_can_be_read_but_not_taken_up() {
    let check = |spoil: fn(&Path)| {
        let place = tempfile::tempdir().unwrap();
        let dir = place.path().join("one");
        let story = &stories()[0];
        let (journal, replies) = open(&dir, story);
        for (ticket, body) in (1..).zip(&story.bodies) {
            record(&journal, &replies, ticket, body);
        }
        drop(journal);
        spoil(&dir);
        assert!(matches!(resume(&dir), Err(JournalError::ReadOnly(_))));
        let read_back = read(&dir).unwrap();
        assert!(matches!(read_back.finding, Finding::Damaged { .. }), "{:?}", read_back.finding);
        assert_eq!(fs::read_dir(&dir).unwrap().count(), 5, "nothing was added");
    };
    check(|dir| {
        let path = dir.join(FolderStore::name(1));
        let mut bytes = fs::read(&path).unwrap();
        bytes[3000] ^= 1;
        fs::write(&path, bytes).unwrap();
    });
    check(|dir| fs::write(dir.join("site.frozen"), "name = \"lmz\"\n").unwrap());
    check(|dir| fs::write(dir.join("runbook.frozen"), "").unwrap());
}

#[test]
fn a_folder_without_a_beginning_is_refused() {
    let place = tempfile::tempdir().unwrap();
    assert!(matches!(read(place.path()), Err(JournalError::Empty(_))));
    assert!(matches!(resume(place.path()), Err(JournalError::Empty(_))));
    assert!(matches!(resume(&place.path().join("none")), Err(JournalError::Io { .. })));
    // Begun, but killed before the run was opened.
    let dir = place.path().join("one");
    drop(open(&dir, &stories()[0]));
    assert!(matches!(resume(&dir), Err(JournalError::Write(WriteError::NothingOpened))));
}
