//! Golden journals: what was once written is read for ever.

use std::fs;

use warroom::domain::run::event::Body;
use warroom::domain::run::state::Run;
use warroom::runtime::journal::{Finding, head_words, read};

use super::stories::{run_id, runbook, stories};
use super::tools::{golden, open, record, resume};

#[test]
fn golden_journals_are_read_as_they_were_meant() {
    for story in stories() {
        let dir = golden(&format!("j1-{}", story.name));
        if !dir.exists() {
            // A new one is made once, on request, and committed.
            assert!(std::env::var_os("WARROOM_NEW_GOLDEN").is_some(), "{} lacks", dir.display());
            let (journal, replies) = open(&dir, &story);
            for (ticket, body) in (1..).zip(&story.bodies) {
                record(&journal, &replies, ticket, body);
            }
            drop(journal);
            let (journal, read_back) = resume(&dir).unwrap();
            drop(journal);
            fs::write(dir.join("head"), head_words(read_back.head)).unwrap();
            fs::remove_file(dir.join("LOCK")).unwrap();
            fs::remove_dir(dir.join("attempts")).unwrap();
        }
        let read_back = read(&dir).unwrap();
        assert_eq!(read_back.finding, Finding::Whole, "{}", story.name);
        assert_eq!((read_back.kind, &read_back.run), (story.kind, &run_id()));
        let bodies: Vec<&Body> = read_back.events.iter().map(|event| &event.body).collect();
        let (last, told) = bodies.split_last().unwrap();
        assert!(matches!(last, Body::Resumed { .. }));
        assert_eq!(told, story.bodies.iter().collect::<Vec<_>>(), "{}", story.name);
        let run = Run::replay(&runbook(), &read_back.events).unwrap().unwrap();
        assert_eq!(run.stage.word(), story.ends, "{}", story.name);
        let words = fs::read_to_string(dir.join("head")).unwrap_or_default();
        assert_eq!(words.trim(), head_words(read_back.head), "{}", story.name);
    }
}

#[test]
fn the_golden_journals_have_every_word() {
    let mut words: Vec<String> = Vec::new();
    for story in stories() {
        let text =
            fs::read_to_string(golden(&format!("j1-{}", story.name)).join("journal-000001.log"));
        for line in text.unwrap().lines().chain(["\"word\":\"resumed\""]) {
            let from = line.find("\"word\":\"").map(|at| at + 8);
            words.extend(from.map(|from| line[from..].split('"').next().unwrap().to_owned()));
        }
    }
    words.sort();
    words.dedup();
    assert_eq!(words.len(), 34, "{words:?}");
}
