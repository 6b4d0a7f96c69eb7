//! What is left of an incident: a replay with the same last screen, reports that hold what was.

use std::fs;
use std::time::Duration;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use warroom::app::record::Record;
use warroom::commands::replay::Player;
use warroom::commands::report::format::Format;
use warroom::commands::report::render_all;
use warroom::commands::report::verify::verify;
use warroom::domain::report::Report;
use warroom::domain::time::Stamp;
use warroom::port::Clock;
use warroom::runtime::console::Console;
use warroom::runtime::desk::Desk;
use warroom::ui::keymap::Keymap;
use warroom::ui::theme::Theme;

use super::voyage::Voyage;

/// A console's screen as somebody sees it who only looks.
fn picture<D: Desk>(console: &mut Console<D>, now: Stamp) -> String {
    let theme = Theme::shipped("graphite").expect("it is shipped");
    let mut terminal = Terminal::new(TestBackend::new(160, 48)).expect("a terminal");
    terminal.draw(|frame| console.draw_watched(frame, &theme, now)).expect("it draws");
    let text = terminal.backend().to_string();
    format!("{text}\n{:?}", terminal.backend().buffer().content())
}

/// Shows the run again: its last screen is the one that was.
pub fn check_replay(what: &str, voyage: &mut Voyage) {
    voyage.rests(Duration::from_secs(5));
    let now = voyage.clock.now();
    let live = picture(&mut voyage.console, now);
    let folder = voyage.ends();
    let keymap = Keymap::shipped("default").expect("it is shipped");
    let mut player = Player::open(&folder, keymap, false).expect("the run can be shown");
    assert_eq!(player.entries(), voyage.records.len(), "{what}");
    assert!(player.gaps().is_empty() && player.damage().is_none(), "{what}: {:?}", player.gaps());
    player.go_to_end();
    let now = player.now();
    let again = picture(player.console(), now);
    assert!(live == again, "{what}: the last screen was\n{live}\nand is\n{again}");
}

/// Makes the report in every format; each is verified, and one changed byte of it or of the
/// journal is found.
pub fn check_report(what: &str, seed: u64, voyage: &Voyage) -> Report {
    let folder = voyage.run_folder.as_deref().expect("a run was opened");
    let source = Record::read(folder).expect("the run's folder is whole");
    for format in [Format::Md, Format::Html, Format::Json] {
        let file = render_all(&source, format).expect("it can be told").text.into_bytes();
        assert!(verify(&file, &source).is_ok(), "{what}: {format:?}");
        let mut changed = file.clone();
        let place = usize::try_from(seed.wrapping_mul(2_654_435_761)).expect("fits") % file.len();
        changed[place] ^= 1;
        assert!(verify(&changed, &source).is_err(), "{what}: {format:?}, byte {place}");
    }
    let file = render_all(&source, Format::Json).expect("it can be told").text.into_bytes();
    let journal = folder.join("journal-000001.log");
    let bytes = fs::read(&journal).expect("a journal");
    let mut changed = bytes.clone();
    // Not in the last line: that one, torn, is what a power cut leaves.
    let place = usize::try_from(seed.wrapping_mul(40_503)).expect("fits") % (bytes.len() / 2);
    changed[place] ^= 1;
    fs::write(&journal, changed).expect("it can be written");
    let found = Record::read(folder).map(|source| verify(&file, &source).is_err());
    assert!(found.unwrap_or(true), "{what}: byte {place} of the journal");
    fs::write(&journal, bytes).expect("it can be written");
    let run = voyage.run().expect("a run");
    let plan = &source.plan;
    let report = Report::of(run, plan, &source.site);
    for claim in report.claims() {
        for entry in &claim.entries {
            let known = usize::try_from(*entry).is_ok_and(|entry| entry <= voyage.records.len());
            assert!(known && *entry > 0, "{what}: {} names entry {entry}", claim.id);
        }
    }
    report
}
