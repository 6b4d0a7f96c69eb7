//! Recordings that are torn, damaged, bounded or not there, and journals that are damaged.

use std::fs;

use warroom::runtime::journal::store::FolderStore;
use warroom::runtime::recording::{Recorder, segment_name};

use super::stage::{Stage, end, player};

fn gaps(player: &warroom::commands::replay::Player) -> Vec<String> {
    player.gaps().iter().map(ToString::to_string).collect()
}

#[test]
fn a_run_without_a_recording_is_shown_from_its_journal() {
    let mut stage = Stage::new();
    stage.whole_run();
    let folder = stage.end_recording();
    let whole = end(&mut player(&folder));
    fs::remove_file(folder.join(segment_name(1))).expect("it was there");
    let mut player = player(&folder);
    assert_eq!(gaps(&player), ["readings not recorded"]);
    let shown = end(&mut player);
    assert_eq!(player.entry(), stage.records.len());
    assert_ne!(shown, whole);
    assert!(shown[0].contains("CLOSED: aborted"), "{}", shown[0]);
    assert!(!shown[0].contains("ok  no alarm"), "unknown is never healthy: {}", shown[0]);
}

#[test]
fn a_recording_cut_anywhere_costs_its_end_only() {
    let mut stage = Stage::new();
    stage.whole_run();
    let folder = stage.end_recording();
    let path = folder.join(segment_name(1));
    let bytes = fs::read(&path).expect("it is there");
    for part in 0..12 {
        let cut = bytes.len() * part / 12 + 7 * part;
        fs::write(&path, &bytes[..cut]).expect("it is written");
        let mut player = player(&folder);
        end(&mut player);
        assert_eq!(player.entry(), stage.records.len(), "cut at {cut}");
        assert_eq!(gaps(&player), ["readings not recorded"], "cut at {cut}");
    }
}

#[test]
fn a_damaged_recording_says_so_and_goes_on() {
    let mut stage = Stage::new();
    stage.whole_run();
    let folder = stage.end_recording();
    let path = folder.join(segment_name(1));
    let bytes = fs::read(&path).expect("it is there");
    for part in 1..12 {
        let mut damaged = bytes.clone();
        let at = bytes.len() * part / 12;
        damaged[at] ^= 0x20;
        fs::write(&path, &damaged).expect("it is written");
        let mut player = player(&folder);
        end(&mut player);
        assert_eq!(player.entry(), stage.records.len(), "at {at}");
        let gaps = gaps(&player);
        assert!(gaps.iter().any(|gap| gap.contains("damaged in 1 place")), "at {at}: {gaps:?}");
    }
}

#[test]
fn a_recording_has_a_bound_and_says_that_it_was_reached() {
    let mut stage = Stage::with(Recorder::patient().with_limit(60_000));
    stage.whole_run();
    let folder = stage.end_recording();
    let size = fs::metadata(folder.join(segment_name(1))).expect("it is there").len();
    assert!((50_000..61_000).contains(&size), "{size}");
    let mut player = player(&folder);
    end(&mut player);
    assert_eq!(player.entry(), stage.records.len());
    let gaps = gaps(&player);
    assert!(gaps.iter().any(|gap| gap.contains("more are not kept")), "{gaps:?}");
}

#[test]
fn a_damaged_journal_is_shown_up_to_the_damage() {
    let mut stage = Stage::new();
    stage.whole_run();
    let folder = stage.end_recording();
    let path = folder.join(FolderStore::name(1));
    let mut bytes = fs::read(&path).expect("it is there");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&path, &bytes).expect("it is written");
    let mut player = player(&folder);
    let damage = player.damage().expect("it is damaged").to_string();
    assert!(damage.contains("journal-000001.log line"), "{damage}");
    assert!(player.entries() > 1 && player.entries() < stage.records.len());
    let (last, count) = (end(&mut player), player.entries());
    assert_eq!(player.entry(), count);
    // Nothing is shown that rests on what is damaged.
    let after = &stage.records[count];
    assert!(player.now().since(after.at).is_zero(), "{}", last[0]);
    assert!(!last[2].contains("CLOSED"), "{}", last[0]);
}

#[test]
fn a_recording_is_private_and_never_in_the_way() {
    use std::os::unix::fs::PermissionsExt as _;
    let mut stage = Stage::new();
    stage.open_and_declare();
    let path = stage.folder().join(segment_name(1));
    let mode = fs::metadata(&path).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}
