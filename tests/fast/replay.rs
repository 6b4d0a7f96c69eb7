//! A run shown again: what was seen is what is seen, at every entry, forwards and backwards.

mod files;
mod keys;
mod stage;

use stage::{Stage, end, pictures, player, watched};
use warroom::commands::replay::Player;
use warroom::domain::console::JournalState;
use warroom::domain::run::event::Body;
use warroom::domain::run::state::Run;
use warroom::domain::text::Clean;
use warroom::runtime::console::Console;
use warroom::runtime::desk::CommanderDesk;
use warroom::runtime::journal::{head_words, read};
use warroom::runtime::recording::{Recording, What};
use warroom::ui::keymap::Keymap;
use warroom::ui::model::Model;
use warroom::ui::replay::{ReplayKey, Target};

#[test]
fn every_entry_shows_what_the_console_showed() {
    let mut stage = Stage::new();
    stage.whole_run();
    let last = stage.picture();
    let folder = stage.end_recording();
    let mut player = player(&folder);
    assert!(player.entries() > 12, "{}", player.entries());
    assert_eq!(player.gaps(), Vec::<Clean>::new());
    assert_eq!(player.damage(), None);
    let mut compared = 0;
    for (seq, picture) in &stage.pictures {
        player.seek(Target::Entry(*seq)).expect("it is an entry");
        assert_eq!(player.entry(), usize::try_from(*seq).expect("small"));
        let shown = pictures(&mut player);
        assert_eq!(shown, *picture, "entry {seq}:\n{}\nlive:\n{}", shown[0], picture[0]);
        compared += 1;
    }
    assert!(compared > 8, "{compared}");
    player.go_to_end();
    let shown = pictures(&mut player);
    assert_eq!(shown, last, "{}\nlive:\n{}", shown[0], last[0]);
    assert!(shown[0].contains("aborted"), "{}", shown[0]);
}

#[test]
fn seeking_equals_stepping_forwards_and_backwards() {
    let mut stage = Stage::new();
    stage.whole_run();
    let folder = stage.end_recording();
    let mut stepping = player(&folder);
    stepping.key(ReplayKey::Begin);
    let mut forwards = vec![pictures(&mut stepping)];
    while stepping.entry() < stepping.entries() {
        stepping.key(ReplayKey::Next);
        forwards.push(pictures(&mut stepping));
    }
    assert_eq!(forwards.len(), stepping.entries());
    for (index, forward) in forwards.iter().enumerate() {
        let mut fresh = player(&folder);
        let number = u64::try_from(index).expect("small") + 1;
        fresh.seek(Target::Entry(number)).expect("it is there");
        assert_eq!(pictures(&mut fresh), *forward, "entry {number}");
    }
    stepping.go_to_end();
    stepping.key(ReplayKey::Previous);
    for forward in forwards.iter().rev() {
        assert_eq!(pictures(&mut stepping), *forward, "entry {}", stepping.entry());
        stepping.key(ReplayKey::Previous);
    }
    assert_eq!(stepping.entry(), 1);
}

#[test]
fn playing_at_any_speed_ends_where_seeking_does() {
    let mut stage = Stage::new();
    stage.whole_run();
    let folder = stage.end_recording();
    let mut sought = player(&folder);
    let last = end(&mut sought);
    for speed in warroom::ui::replay::Speed::ALL {
        let mut playing = player(&folder);
        playing.play(speed);
        let mut frames = 0;
        while playing.is_playing() {
            playing.pass(std::time::Duration::from_millis(500));
            frames += 1;
            assert!(frames < 10_000, "{speed:?} never ends");
        }
        assert_eq!(pictures(&mut playing), last, "{speed:?}");
    }
}

#[test]
fn a_run_taken_up_again_is_shown_whole_with_its_gap() {
    let mut stage = Stage::new();
    stage.open_and_declare();
    let mut stage = stage.killed_and_resumed(90_000);
    stage.give_up_and_close();
    let last = stage.picture();
    let folder = stage.end_recording();
    let mut player = player(&folder);
    let gaps: Vec<String> = player.gaps().iter().map(ToString::to_string).collect();
    assert_eq!(gaps, ["no console of this run was open"]);
    for (seq, picture) in &stage.pictures {
        player.seek(Target::Entry(*seq)).expect("it is an entry");
        assert_eq!(pictures(&mut player), *picture, "entry {seq}");
    }
    player.go_to_end();
    assert_eq!(pictures(&mut player), last);
}

#[test]
fn golden_journals_are_shown_from_their_journal_alone() {
    for story in super::journal::stories::stories() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let back = read(&root.join("tests/golden").join(format!("j1-{}", story.name)))
            .expect("it is golden");
        let plan = super::journal::stories::runbook();
        let run = Run::replay(&plan, &back.events).expect("it fits").expect("it has a beginning");
        let heard = Recording::default();
        let keymap = Keymap::shipped("default").expect("it is shipped");
        let site = stage::site();
        let mut player =
            Player::assemble(site, plan.clone(), back.clone(), heard, keymap, Model::default());
        assert_eq!(player.gaps(), [Clean::new("readings not recorded")]);
        let shown = end(&mut player);
        assert_eq!(player.console().run(), Some(&run), "{}", story.name);
        assert_eq!(player.entries(), back.events.len());
        // A console that takes the run up at this moment shows the same.
        let mut parts = stage::parts(CommanderDesk::default(), back.kind);
        parts.run = Some((run, plan));
        parts.journal = JournalState::Ok { words: head_words(back.head) };
        let now = player.now();
        // Where the run ended, such a console knows which region serves.
        let serves = stage::serves(&back.events);
        parts.remembered = Some(stage::remembered(now, serves));
        let mut live = Console::new(parts, now);
        let live = watched(&mut live, now);
        assert_eq!(shown, live, "{}\nlive:\n{}", shown[0], live[0]);
    }
}

#[test]
fn what_the_recording_holds_is_what_was_heard() {
    let mut stage = Stage::new();
    stage.whole_run();
    // Long after the closing nothing is recorded any more.
    stage.ticks(60);
    let run = stage.run().expect("a run");
    let folder = stage.end_recording();
    let recording = warroom::runtime::recording::read(&folder, &run).expect("it is readable");
    assert_eq!(recording.damages, 0);
    let count =
        |which: fn(&What) -> bool| recording.takes.iter().filter(|take| which(&take.what)).count();
    assert_eq!(count(|what| matches!(what, What::Scene(..))), 1);
    assert_eq!(count(|what| matches!(what, What::End(_))), 1);
    assert_eq!(count(|what| matches!(what, What::Entry(_))), stage.records.len());
    let heard: Vec<What> = recording
        .takes
        .into_iter()
        .map(|take| take.what)
        .filter(|what| matches!(what, What::Heard { .. } | What::Reference { .. }))
        .collect();
    assert_eq!(heard.len(), stage.heard.len());
    for (read, told) in heard.iter().zip(&stage.heard) {
        let (read, told) = (read.event(), told.event());
        assert_eq!(format!("{read:?}"), format!("{told:?}"));
    }
    assert!(stage.has(|body| matches!(body, Body::Closed { .. })));
}
