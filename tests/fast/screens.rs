//! Every moment at every size, character by character, and the rules that hold on all of them.

use std::path::PathBuf;
use std::time::Duration;

use ratatui::buffer::Buffer;
use warroom::app::kinds::KINDS;
use warroom::domain::console::Access;
use warroom::domain::text::Clean;
use warroom::domain::time::clock_text;
use warroom::files::site;
use warroom::ui::dialog::card::Card;
use warroom::ui::frame_text;
use warroom::ui::over::Dialog;
use warroom::ui::theme::{Theme, Token};
use warroom::ui::update_text;
use warroom::ui::widget::digits::{self, Size};

use crate::fixture::{self, DIALOGS, MOMENTS};
use crate::{picture, svg};

/// Sizes from nothing to large, where no frame may panic nor lose the clock.
const ODD_SIZES: [(u16, u16); 16] = [
    (1, 1),
    (2, 1),
    (5, 1),
    (8, 2),
    (9, 3),
    (26, 1),
    (39, 7),
    (40, 8),
    (41, 23),
    (60, 24),
    (79, 24),
    (80, 23),
    (80, 24),
    (119, 36),
    (120, 35),
    (200, 60),
];

/// The sizes of the kept pictures.
const SIZES: [(u16, u16); 6] = [(160, 48), (120, 36), (80, 24), (40, 8), (30, 3), (48, 80)];

fn theme() -> Theme {
    Theme::shipped("graphite").expect("graphite is shipped")
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/screens")
}

/// Compares with the kept picture; `UPDATE=1` keeps the new one.
fn compare(name: &str, found: &str) -> Result<(), String> {
    let path = folder().join(format!("{name}.txt"));
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(folder()).expect("the folder of pictures can be made");
        std::fs::write(&path, found).expect("a picture can be written");
        return Ok(());
    }
    match std::fs::read_to_string(&path) {
        Ok(kept) if kept == found => Ok(()),
        Ok(_) => Err(format!("{name} changed:\n{found}")),
        Err(error) => Err(format!("{name} cannot be read: {error}")),
    }
}

fn draw(name: &str, width: u16, height: u16) -> Buffer {
    let mut fixture = fixture::of(name).expect("the moment exists");
    fixture.model.size = (width, height);
    picture::frame(&fixture.guided().screen(), &theme(), width, height)
}

#[test]
fn moments_look_as_kept() {
    let mut changed = Vec::new();
    for moment in MOMENTS.iter().chain(DIALOGS) {
        for (width, height) in SIZES {
            let text = frame_text::text(&draw(moment.name, width, height));
            let name = format!("{}_{width}x{height}", moment.name);
            changed.extend(compare(&name, &text).err());
        }
    }
    assert!(changed.is_empty(), "UPDATE=1 keeps the new pictures\n{}", changed.join("\n"));
}

/// The moments that the README shows, their sizes and themes.
const SHOWN: [&str; 6] = ["healthy", "red", "ledger", "running", "confirm", "restored"];
const SHOWN_SIZES: [(u16, u16); 3] = [(160, 48), (120, 36), (80, 24)];
const SHOWN_THEMES: [&str; 2] = ["graphite", "mono"];

/// The pictures in `screenshots/` are what the program draws today, byte for byte.
#[test]
fn the_pictures_are_what_the_program_draws() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("screenshots");
    let mut drawn = 0;
    for name in SHOWN {
        for (width, height) in SHOWN_SIZES {
            for theme in SHOWN_THEMES {
                let fixture = fixture::of(name).expect("the moment exists");
                let theme_file = Theme::shipped(theme).expect("it is shipped");
                let buffer = picture::frame(&fixture.screen(), &theme_file, width, height);
                let path = folder.join(format!("{name}_{width}x{height}_{theme}.svg"));
                let found = svg::svg(&buffer, name);
                drawn += 1;
                if std::env::var_os("UPDATE").is_some() {
                    std::fs::write(&path, found).expect("a picture can be written");
                    continue;
                }
                let kept = std::fs::read_to_string(&path).unwrap_or_default();
                assert!(kept == found, "{} is old: UPDATE=1 draws it anew", path.display());
            }
        }
    }
    let kept = std::fs::read_dir(&folder).expect("the folder exists").count();
    assert_eq!(kept, drawn, "screenshots/ holds a file that nothing draws");
}

#[test]
fn status_updates_read_as_kept() {
    let mut texts = String::new();
    for moment in MOMENTS {
        let fixture = fixture::of(moment.name).expect("the moment exists");
        texts.extend(["== ", moment.name, "\n"]);
        for line in update_text::lines(&fixture.screen(), "") {
            texts.extend([line.as_str(), "\n"]);
        }
    }
    assert_eq!(compare("status-updates", &texts), Ok(()), "UPDATE=1 keeps the new texts");
}

/// What leads to hosts in kinds of several shapes, each without a dot that would give it away.
const HOSTS: &str = r#"
schema = 1
name = "shop"
title = "Web shop"
red_needs_signals = 1
objectives.core = { rto = "1h", rpo = "5m" }
regions.a = { label = "Region A", starts_as = "primary" }
regions.b = { label = "Region B", starts_as = "standby" }
people.anna = { roles = ["commander"], may_declare = true }

[systems.cache]
kind = "redis"
sentinels = ["sentinel-1", "sentinel-2:26379"]
a = { host = "redis-a:6380" }
b = { host = "redis-b" }

[systems.sessions]
kind = "redis"
cluster = true
a = { nodes = ["node-1", "node-2:7001"] }
b = { nodes = ["node-3"] }

[systems.pg]
kind = "patroni"
a = { members = ["pg-a1", "pg-a2:8009"], scope = "east", serves_at = "vip-a:5432" }
b = { members = ["pg-b1"], scope = "west" }

[systems.web]
kind = "http"
a = { url = "http://web-a:8080/health" }
b = { url = "http://web-b/health" }

[rules]
down = { system = "web", failures = 3 }
"#;

#[test]
fn no_host_of_the_site_is_in_a_status_update() {
    let site = site::parse(HOSTS, KINDS).expect("the site is right");
    let mut fixture = fixture::of("healthy").expect("the moment exists");
    let hosts = site.systems.iter().flat_map(|system| system.hosts.clone()).collect();
    fixture.site.systems[0].hosts = hosts;
    let named = [
        "sentinel-1",
        "sentinel-2",
        "redis-a",
        "redis-b",
        "node-1",
        "node-2",
        "node-3",
        "pg-a1",
        "pg-a2",
        "vip-a",
        "pg-b1",
        "web-a",
        "web-b",
    ];
    for name in named {
        let sentence = format!("ask {name} and {name}:6379 of ({name})");
        let lines = update_text::lines(&fixture.screen(), &sentence);
        let found = lines.iter().map(Clean::as_str).collect::<Vec<_>>().join("\n");
        assert!(found.contains("NOTE ask [host] and [host]"), "{found}");
        assert!(!found.contains(name), "{found}");
    }
}

#[test]
fn a_healthy_site_has_no_colour_of_danger() {
    let fixture = fixture::of("healthy").expect("the moment exists");
    let theme = theme();
    let loud = [Token::Warn, Token::Crit].map(|token| theme.style(token));
    for (width, height) in SIZES {
        let buffer = picture::frame(&fixture.screen(), &theme, width, height);
        for (index, cell) in buffer.content().iter().enumerate() {
            let dangerous = loud.iter().any(|style| {
                let ground = style.bg.is_some() && Some(cell.bg) == style.bg;
                let letters = style.bg.is_none() && Some(cell.fg) == style.fg;
                ground || letters
            });
            // The badge of a live console is loud on purpose.
            let in_badge = index < "[LIVE]".len();
            let tiny = height < 8;
            assert!(!dangerous || in_badge || tiny, "{width}x{height} cell {index}");
        }
    }
}

/// True when the time since T0 can be read: as text, or as big digits.
fn shows_clock(text: &str, elapsed: Duration, width: u16, ascii: bool) -> bool {
    let clock = clock_text(elapsed);
    let drawn = [Size::Five, Size::Three].into_iter().any(|size| {
        let rows = digits::rows(&clock, size, false);
        rows.iter().all(|row| {
            let row = if ascii { row.replace('█', "#") } else { row.clone() };
            text.lines().any(|line| line.contains(row.trim()))
        })
    });
    let lines = digits::rows(&clock, Size::Three, true);
    let lined = ascii && lines.iter().all(|row| text.contains(row.trim_end()));
    let short = &clock[3..];
    let written = match width {
        0..5 => text.chars().next().is_some_and(|first| first != ' '),
        5..8 if elapsed.as_secs() >= 3600 => text.contains(&format!("h{}", &clock[3..5])),
        5..8 => text.contains(short),
        8.. => text.contains(&clock),
    };
    drawn || lined || written
}

#[test]
fn the_clock_is_in_every_frame_of_an_incident() {
    let theme = theme();
    for moment in MOMENTS.iter().chain(DIALOGS) {
        let fixture = fixture::of(moment.name).expect("the moment exists");
        let Some(elapsed) = fixture.forecast.elapsed else { continue };
        for (width, height) in ODD_SIZES.into_iter().chain(SIZES) {
            let text = frame_text::text(&picture::frame(&fixture.screen(), &theme, width, height));
            let seen = shows_clock(&text, elapsed, width, fixture.model.ascii);
            assert!(seen, "{} {width}x{height}\n{text}", moment.name);
        }
    }
}

#[test]
fn every_size_is_drawn_without_a_panic() {
    let theme = theme();
    for name in ["running", "confirm", "evidence", "wide", "red"] {
        let fixture = fixture::of(name).expect("the moment exists");
        for width in (1..100).step_by(7) {
            for height in (1..50).step_by(3) {
                let buffer = picture::frame(&fixture.screen(), &theme, width, height);
                assert_eq!(buffer.area.area(), u32::from(width) * u32::from(height));
            }
        }
    }
}

#[test]
fn the_fixed_rows_are_never_covered() {
    for moment in MOMENTS.iter().chain(DIALOGS) {
        for (width, height) in [(80, 24), (120, 36), (160, 48), (48, 80)] {
            let text = frame_text::text(&draw(moment.name, width, height));
            let lines: Vec<&str> = text.lines().collect();
            let place = format!("{} {width}x{height}\n{text}", moment.name);
            assert!(lines[0].starts_with("[LIVE]"), "header {place}");
            assert!(!lines[1].trim().is_empty(), "banner {place}");
            assert!(
                lines.iter().any(|line| line.starts_with("NEXT ") || line.starts_with("REPLAY ")),
                "next {place}"
            );
            assert!(!lines[usize::from(height) - 1].trim().is_empty(), "keys {place}");
        }
    }
}

#[test]
fn characters_are_the_same_in_every_theme_and_harmless() {
    let (graphite, mono) = (theme(), Theme::shipped("mono").expect("mono is shipped"));
    for moment in MOMENTS.iter().chain(DIALOGS) {
        let fixture = fixture::of(moment.name).expect("the moment exists");
        for (width, height) in SIZES {
            let one =
                frame_text::text(&picture::frame(&fixture.screen(), &graphite, width, height));
            let other = frame_text::text(&picture::frame(&fixture.screen(), &mono, width, height));
            assert_eq!(one, other, "{} {width}x{height}", moment.name);
            let harmful = one.chars().find(|found| found.is_control() && *found != '\n');
            assert_eq!(harmful, None, "{} {width}x{height}", moment.name);
        }
    }
}

#[test]
fn ascii_is_ascii() {
    for moment in MOMENTS.iter().chain(DIALOGS) {
        let mut fixture = fixture::of(moment.name).expect("the moment exists");
        fixture.model.ascii = true;
        for (width, height) in SIZES {
            let text =
                frame_text::text(&picture::frame(&fixture.screen(), &theme(), width, height));
            let other = text.chars().find(|found| !found.is_ascii());
            assert_eq!(other, None, "{} {width}x{height}\n{text}", moment.name);
        }
    }
}

#[test]
fn stale_is_never_healthy() {
    for (width, height) in SIZES {
        let text = frame_text::text(&draw("stale", width, height));
        let healthy = text
            .lines()
            .find(|line| line.split([' ', '│']).any(|word| word == "ok" || word == "GO"));
        assert_eq!(healthy, None, "{width}x{height}\n{text}");
    }
}

#[test]
fn exactly_one_step_is_current() {
    for name in ["running", "unknown", "failed", "held", "breached", "wide"] {
        for (width, height) in SIZES.into_iter().filter(|(_, height)| *height >= 8) {
            let text = frame_text::text(&draw(name, width, height));
            assert_eq!(text.matches(">[").count(), 1, "{name} {width}x{height}\n{text}");
        }
    }
}

#[test]
fn what_is_confirmed_is_in_sight() {
    let check = |name: &str, size: (u16, u16), wanted: &[&str]| {
        let text = frame_text::text(&draw(name, size.0, size.1));
        for part in wanted {
            assert!(text.contains(part), "{name} {size:?} wants `{part}`\n{text}");
        }
    };
    for size in [(80, 24), (120, 36), (160, 48)] {
        let counts = "9 of 12 characters match, paste is refused";
        check("confirm", size, &["promote pg-b", counts, "esc leave", "IRREVERSIBLE"]);
        check("window", size, &["STARTS IN 2 s, ANY KEY STOPS IT"]);
        check("glass", size, &["BREAK GLASS", "api fenced in A", "long enough"]);
        check("declare", size, &["declare", "8 of at least 10 characters", "Esc = back"]);
        check("resolve", size, &["(x) it took effect", "( ) it did not"]);
        check("ledger", size, &["UNKNOWN", "PASS", "Esc = back"]);
    }
    check("confirm", (40, 8), &["enlarge to 80x24"]);
    check("confirm", (48, 80), &["enlarge to 80x24"]);
}

#[test]
fn what_must_be_read_before_typing_stands_above_the_fold() {
    let mut cards = 0;
    for moment in MOMENTS.iter().chain(DIALOGS) {
        let mut fixture = fixture::of(moment.name).expect("the moment exists");
        let Some(card) = fixture.model.over::<Card>().cloned() else { continue };
        if !card.confirming {
            continue;
        }
        cards += 1;
        for size in [(80, 24), (120, 36), (160, 48)] {
            fixture.model.size = size;
            let fixture = fixture.clone().guided();
            assert_eq!(card.fold(&fixture.screen()).last, 0, "{} {size:?}", moment.name);
            let text = frame_text::text(&draw(moment.name, size.0, size.1));
            for part in ["~ pg in B role", "! pg in A can never", "LOSE ", "UNDO ", "last moment"] {
                assert!(text.contains(part), "{} wants {part}\n{text}", moment.name);
            }
        }
    }
    assert!(cards > 1, "{cards}");
}

#[test]
fn a_console_that_looks_names_no_act() {
    let mut fixture = fixture::of("red").expect("the moment exists");
    fixture.access = Access::ReadOnly;
    let open = fixture::of("readonly").expect("the moment exists");
    for fixture in [fixture.guided(), open] {
        for (width, height) in SIZES.into_iter().filter(|(_, height)| *height >= 24) {
            let buffer = picture::frame(&fixture.screen(), &theme(), width, height);
            let text = frame_text::text(&buffer);
            for act in
                ["X abort", "D declare", "D = the", "r run", "A arm", "a acknowledge", "space hold"]
            {
                assert!(!text.contains(act), "`{act}` {width}x{height}\n{text}");
            }
            assert!(text.contains("[READ-ONLY]"), "{width}x{height}\n{text}");
        }
    }
}
