//! What is said of the site: by `warroom status --json`, and by a screen, in the same few words.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::rig::Rig;
use super::servers::wall_ms;
use super::states::Store;
use crate::seat::WARROOM;

/// What stands where a screen says nothing that is known here.
const UNREADABLE: &str = "unreadable";

/// A figure of a lag: what it was rounded to and how much it may be more.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figure {
    pub seconds: f64,
    /// What rounding took away at most.
    pub cut: f64,
    /// It only says that the lag is no less.
    pub at_least: bool,
}

/// What is said at one moment, by anybody, in words that can be compared.
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    /// When this began to be true for whoever says it, and when it was said, by the wall clock.
    pub from: i64,
    pub at: i64,
    /// `healthy`, `suspect`, `red`, `it_is_us`, `blind`.
    pub primary: String,
    /// `GO`, `CAUTION`, `NO-GO`, `BLIND`; empty where it is not drawn.
    pub verdict: String,
    /// The first words of the first alarm, none where all is calm.
    pub alarm: String,
    /// `up`, `down`, `unknown`, `stale`, `no_data`, by store and side; none where it is not drawn.
    pub cells: Option<[[String; 2]; 2]>,
    /// The lag of each store where a figure stands for now; none where it is not drawn.
    pub lags: Option<[Option<Figure>; 2]>,
    /// Something is marked, in whatever way.
    pub marked: bool,
    /// Stores of which the standby is said to be 0 bytes behind.
    pub level: [bool; 2],
}

/// What each said differs in: the name of the field and its word.
pub type Word = (&'static str, String);

impl Said {
    /// True where everything works, and every lag is known.
    pub fn is_well(&self) -> bool {
        let up = |cells: &[[String; 2]; 2]| cells.as_flattened().iter().all(|cell| cell == "up");
        let known = |lags: &[Option<Figure>; 2]| lags.iter().all(Option::is_some);
        self.cells.as_ref().is_some_and(up) && self.lags.as_ref().is_some_and(known)
    }

    /// True where all could be read that is drawn.
    pub fn is_readable(&self) -> bool {
        ![&self.primary, &self.verdict].into_iter().any(|word| word == UNREADABLE)
    }

    /// The words to be compared, of what is drawn.
    pub fn words(&self) -> Vec<Word> {
        let mut words = vec![("primary", self.primary.clone()), ("alarm", self.alarm.clone())];
        if !self.verdict.is_empty() {
            words.push(("verdict", self.verdict.clone()));
        }
        if let Some(cells) = &self.cells {
            let names = [["pg in A", "pg in B"], ["cache in A", "cache in B"]];
            for (names, cells) in names.iter().zip(cells) {
                words.extend(names.iter().copied().zip(cells.iter().cloned()));
            }
        }
        if let Some(lags) = &self.lags {
            for (name, lag) in ["lag of pg", "lag of cache"].into_iter().zip(lags) {
                let word = if lag.is_some() { "a figure" } else { "UNKNOWN" };
                words.push((name, word.to_owned()));
            }
        }
        words
    }
}

/// As many words of an alarm are compared: what follows counts seconds.
const ALARM_WORDS: usize = 4;

/// The beginning of an alarm's sentence without what marks it, and without what it counts.
fn first_words(sentence: &str) -> String {
    let plain = sentence.trim_start_matches(|c: char| !c.is_alphabetic());
    let plain: String = plain.chars().filter(|c| !c.is_ascii_digit()).collect();
    let words = plain.split_whitespace().take(ALARM_WORDS);
    words.collect::<Vec<_>>().join(" ").trim_end_matches([':', ';', ',']).to_owned()
}

/// One `warroom status`.
pub fn status(rig: &Rig, state: &Path) -> Said {
    let from = wall_ms();
    let output = Command::new(WARROOM)
        .arg("--site")
        .arg(rig.site())
        .args(["status", "--json"])
        .env("XDG_STATE_HOME", state)
        .envs(Rig::secrets())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let at = wall_ms();
    let json: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        panic!("status: {error}: {}", String::from_utf8_lossy(&output.stderr))
    });
    let word = |path: &str| json.pointer(path).and_then(Value::as_str).unwrap_or("").to_owned();
    let cell = |store: Store, side: &str| &json["systems"][store.index()][side];
    let state_of = |store, side| {
        let state = cell(store, side)["state"].as_str().unwrap_or("").to_owned();
        // How badly it works is told by the alarms.
        if state == "degraded" { "up".to_owned() } else { state }
    };
    let standby = if word("/active_side") == "a" { "b" } else { "a" };
    let lag = |store| {
        let cell = cell(store, standby);
        let at_least = cell["lag_is_lower_bound"].as_bool() == Some(true);
        cell["lag_s"].as_f64().map(|seconds| Figure { seconds, cut: 0.0, at_least })
    };
    Said {
        from,
        at,
        primary: word("/primary/state"),
        verdict: word("/verdict/word").to_uppercase().replace('_', "-"),
        alarm: first_words(&word("/alarms/0/sentence")),
        cells: Some(Store::BOTH.map(|store| ["a", "b"].map(|side| state_of(store, side)))),
        lags: Some(Store::BOTH.map(lag)),
        marked: output.status.code() != Some(0),
        level: Store::BOTH.map(|store| {
            let note = cell(store, standby)["note"].as_str().unwrap_or("");
            note.contains(", 0 B behind") && cell(store, standby)["read_age_s"] == 0.0
        }),
    }
}

/// What a screen of 160 columns and 48 rows says; one that cannot be read says `unreadable`.
pub fn screen(text: &str, from: i64, at: i64) -> Said {
    let banner = text.lines().nth(1).unwrap_or("").trim();
    let alarm = if banner.starts_with("ok") {
        String::new()
    } else {
        first_words(banner.split("   ").next().unwrap_or(""))
    };
    let (primary, verdict, panels) = if text.contains("WHAT WE KNOW") {
        let head = text.lines().find(|line| line.contains("STANDBY "));
        ("red", head.and_then(|head| head.split(" is ").nth(1)), None)
    } else {
        let head = text.lines().find(|line| line.contains("READINESS "));
        let panels = panels(text);
        let primary = panels.as_ref().map_or(UNREADABLE, |panels| panels.0);
        (primary, head.and_then(|head| head.split("READINESS ").nth(1)), panels)
    };
    // The clocks of an incident take the place of the readiness.
    let missing = if text.contains("─ CLOCKS ") { "" } else { UNREADABLE };
    let verdict = verdict.and_then(|words| words.split_whitespace().next()).unwrap_or(missing);
    let marked = !alarm.is_empty() || verdict != "GO" || panels.as_ref().is_none_or(|it| it.3);
    let (cells, lags) = panels.map_or((None, None), |it| (Some(it.1), Some(it.2)));
    let (primary, verdict, level) = (primary.to_owned(), verdict.to_owned(), [false; 2]);
    Said { from, at, primary, verdict, alarm, cells, lags, marked, level }
}

/// The primary's state, the cells, the lags, and whether a cell is marked.
type Panels = (&'static str, [[String; 2]; 2], [Option<Figure>; 2], bool);

/// The three panels that stand side by side.
fn panels(text: &str) -> Option<Panels> {
    let mut lines = text.lines().skip_while(|line| !line.contains("3 REPLICATION"));
    let titles = lines.next()?;
    let words = [
        ("DOWN", "red"),
        ("SUSPECT", "suspect"),
        ("our own network", "it_is_us"),
        ("? blind", "blind"),
    ];
    let primary = words.iter().find(|(word, _)| titles.contains(word));
    let primary = primary.map_or("healthy", |(_, primary)| primary);
    let rows: Vec<[String; 3]> = lines
        .take_while(|line| line.starts_with('│'))
        .filter_map(|line| {
            let inner = line.trim().trim_start_matches('│').trim_end_matches('│');
            let parts: Vec<String> = inner.split("││").map(|part| part.trim().to_owned()).collect();
            parts.try_into().ok()
        })
        .collect();
    let row = |panel: usize, store: Store| {
        let is = |row: &&[String; 3]| row[panel].split(' ').next() == Some(store.name());
        Some(rows.iter().find(is)?[panel].split_once(' ')?.1.trim().to_owned())
    };
    let cell = |side, store| row(side, store).map(|text| cell_word(&text).to_owned());
    let [pg, cache] = Store::BOTH;
    let cells = [[cell(0, pg)?, cell(1, pg)?], [cell(0, cache)?, cell(1, cache)?]];
    // A store of which no lag was ever read has no row.
    let lags = Store::BOTH.map(|store| row(2, store).and_then(|text| lag_figure(&text)));
    let is_plain = |store| {
        [0, 1].iter().all(|side| row(*side, store).is_some_and(|text| text.starts_with("ok")))
    };
    Some((primary, cells, lags, !Store::BOTH.into_iter().all(is_plain)))
}

/// `ok standby follows`, `■1 DOWN last ok ...`, `? stale 40s`, `?  no data`.
fn cell_word(text: &str) -> &'static str {
    let starts =
        |word: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").starts_with(word);
    if starts("? stale") {
        "stale"
    } else if starts("? no data") {
        "no_data"
    } else if starts("?") {
        "unknown"
    } else if text.split_whitespace().nth(1) == Some("DOWN") {
        "down"
    } else {
        "up"
    }
}

/// `0.8s  5m00s ...`, `>= 12s`, `2m05s`; none for `UNKNOWN` and for `12s ?`, which is of a time
/// that is over.
fn lag_figure(text: &str) -> Option<Figure> {
    let (at_least, text) = match text.strip_prefix(">=") {
        Some(rest) => (true, rest.trim_start()),
        None => (false, text),
    };
    let mut words = text.split_whitespace();
    let (figure, next) = (words.next()?, words.next()?);
    if next == "?" {
        return None;
    }
    let (minutes, seconds) = figure.split_once('m').unwrap_or(("0", figure));
    let seconds = seconds.strip_suffix('s')?;
    // A tenth is rounded, whole seconds are cut.
    let cut = if seconds.contains('.') || seconds == "0" { 0.05 } else { 1.0 };
    let seconds = minutes.parse::<f64>().ok()? * 60.0 + seconds.parse::<f64>().ok()?;
    Some(Figure { seconds, cut, at_least })
}

#[test]
fn a_screen_is_read_as_it_is_drawn() {
    let cell = |text: &str, want: &str| assert_eq!(cell_word(text), want, "{text}");
    cell("ok standby, streaming", "up");
    cell("▲2 no replica is attached", "up");
    cell("■1 DOWN last ok 14:02:08Z, no route", "down");
    cell("? stale 40s PRIMARY takes writes", "stale");
    cell("?  no data", "no_data");
    cell("?  access denied", "unknown");
    let figure = |text: &str, want: Option<(f64, bool)>| {
        let found = lag_figure(text).map(|found| (found.seconds, found.at_least));
        assert_eq!(found, want, "{text}");
    };
    figure("0.7s  5m00s  ok        log position", Some((0.7, false)));
    figure(">= 12s  5m00s  ok        heartbeat", Some((12.0, true)));
    figure("2m05s  5m00s  ok        heartbeat", Some((125.0, false)));
    figure("1.8s ?  5m00s  ?         source silent", None);
    figure("UNKNOWN  5m00s  ?         never read", None);
    let path = |name| format!("{}/tests/screens/{name}_160x48.txt", env!("CARGO_MANIFEST_DIR"));
    for (name, primary, verdict) in
        [("healthy", "healthy", "GO"), ("stale", "blind", "BLIND"), ("red", "red", "CAUTION")]
    {
        let text = std::fs::read_to_string(path(name)).unwrap().replace("redis ", "cache ");
        let said = screen(&text, 0, 0);
        assert_eq!((said.primary.as_str(), said.verdict.as_str()), (primary, verdict));
        assert_eq!(said.alarm.is_empty(), name == "healthy", "{}", said.alarm);
        let lags = said.lags.unwrap_or_default().map(|lag| lag.is_some());
        assert_eq!(lags, [name == "healthy"; 2]);
    }
}
