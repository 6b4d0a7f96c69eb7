//! The rules that what is shown is held against, and what a case came to.

use std::fmt::{self, Write as _};

use super::said::{Figure, Said, Word};
use super::servers::{Seen, Truth};
use super::states::{Beats, Calm, Figure as Shows, State, Store};

/// A store is looked at this often, and a look may take as long.
pub const EVERY_S: f64 = 1.0;

/// A screen shows what was heard at most so long ago: a look's wait, the look, and the drawing.
pub const SHOWN_MS: i64 = 2_500;

/// Whoever says something so much earlier or later than another says the same: the looks of three
/// programs do not begin together, and a look at what is silent takes as long as it may.
const APART_MS: i64 = SHOWN_MS;

/// A heartbeat is written ten times a second, and a busy machine writes one late.
const BEAT_S: f64 = 0.3;

/// No lag is as long; the age of nothing is counted from 1970.
const AGES_S: f64 = 1e6;

/// Figures are drawn with tenths.
const DRAWN_S: f64 = 0.06;

/// A heartbeat that comes ten times a second has ceased when it is so old; a screen adds the time
/// since its last look.
const CEASED_S: f64 = warroom::systems::kit::pulse::AGE_LEAST.as_secs_f64() + EVERY_S;

/// What one case, or all of them, came to.
#[derive(Debug, Clone, Default)]
pub struct Counts {
    pub samples: usize,
    /// Figures and UNKNOWNs of stores, shown by anybody.
    pub figures: usize,
    pub unknown: usize,
    /// Seconds within which the truth was known, of all samples of a figure together.
    pub blur: f64,
    pub sampled: usize,
    /// The most that a figure was above the truth and below it, in seconds.
    pub above: f64,
    pub below: f64,
    /// Samples at which two did not say the same, as told and as counted by field.
    pub apart: usize,
    /// What must not be.
    pub faults: Vec<String>,
}

impl Counts {
    /// Adds another's.
    pub fn add(&mut self, other: &Self) {
        self.samples += other.samples;
        self.figures += other.figures;
        self.unknown += other.unknown;
        self.blur += other.blur;
        self.sampled += other.sampled;
        self.above = self.above.max(other.above);
        self.below = self.below.max(other.below);
        self.apart += other.apart;
        self.faults.extend_from_slice(&other.faults);
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = (self.figures + self.unknown).max(1);
        let unknown = self.unknown * 100 / all;
        #[expect(clippy::cast_precision_loss, reason = "a campaign has less than 2^52 samples")]
        let blur = self.blur / self.sampled.max(1) as f64;
        write!(
            out,
            "{} samples, {} figures, {unknown} % unknown, worst {:.1} s above and {:.1} s below \
             the truth, which is known to {blur:.1} s, {} disagreements, {} faults",
            self.samples,
            self.figures,
            self.above,
            self.below,
            self.apart,
            self.faults.len()
        )
    }
}

/// All that was said while a state was: samples of `status`, and what each screen showed.
pub struct Heard {
    pub status: Vec<Said>,
    pub console: Vec<Said>,
    pub watch: Vec<Said>,
    /// When it began, was there for all to see, had given every rule time to speak, and ended.
    pub begun: i64,
    pub made: i64,
    pub settled: i64,
    pub ended: i64,
    /// The first screen that could not be read.
    pub puzzle: String,
}

/// Judges a whole case.
pub fn judge(state: &State, beats: bool, heard: &Heard, seen: [&Seen; 2]) -> Counts {
    let mut counts = Counts { samples: heard.status.len(), ..Counts::default() };
    let speakers =
        [("status", &heard.status), ("console", &heard.console), ("watch", &heard.watch)];
    for store in Store::BOTH {
        for (who, said) in speakers {
            for one in said {
                lag(&mut counts, state, (store, beats), (who, one), heard, seen[store.index()]);
            }
        }
    }
    for one in &heard.status {
        level(&mut counts, one, seen);
        same(&mut counts, one, heard);
    }
    if state.calm != Calm::May {
        calm(&mut counts, state.calm, heard);
    }
    counts
}

/// A figure is true, or there is none.
fn lag(
    counts: &mut Counts,
    state: &State,
    (store, beats): (Store, bool),
    (who, said): (&str, &Said),
    heard: &Heard,
    seen: &Seen,
) {
    let Some(lags) = &said.lags else { return };
    let Some(shown) = lags[store.index()] else {
        counts.unknown += 1;
        return;
    };
    counts.figures += 1;
    let truth = seen.lag(said.from, said.at);
    // What a screen shows may be older, and the truth of all that time is taken; a side that holds
    // nothing has no newest write.
    if who == "status" && truth.most < AGES_S {
        counts.sampled += 1;
        counts.blur += truth.most - truth.least;
    }
    let at = (said.at - heard.begun) / 100;
    let mut fault = |what: &str| {
        let begin = format!("{who}: lag of {} is {:.1} s", store.name(), shown.seconds);
        counts.faults.push(format!(
            "{begin}{}, {what} {:.1} to {:.1} s, {}.{} s after it began",
            if shown.at_least { " or more" } else { "" },
            truth.least,
            truth.most,
            at / 10,
            at.abs() % 10
        ));
    };
    let in_it = said.from > heard.made && said.at < heard.ended && state.of.has(store);
    if state.figure == Shows::No && in_it {
        fault("and there is none; by the rows");
    }
    let (below, above) = distance(shown, truth, beats);
    if below > 0.0 {
        fault("below the truth of");
    }
    if above > EVERY_S + if state.ceases { CEASED_S } else { 0.0 } {
        fault("more than a period above the truth of");
    }
    counts.below = counts.below.max(below);
    counts.above = counts.above.max(above);
}

/// Who is said to be 0 bytes behind has all that was written.
fn level(counts: &mut Counts, said: &Said, seen: [&Seen; 2]) {
    for store in Store::BOTH {
        let truth = seen[store.index()].lag(said.from, said.at);
        if said.level[store.index()] && truth.least > EVERY_S {
            let (name, least) = (store.name(), truth.least);
            counts.faults.push(format!("status: {name} is 0 B behind, truly {least:.1} s"));
        }
    }
}

/// How far a figure is below and above the truth.
fn distance(shown: Figure, truth: Truth, beats: bool) -> (f64, f64) {
    let slack = DRAWN_S + if beats { BEAT_S } else { 0.0 };
    let above = (shown.seconds - truth.most - slack).max(0.0);
    let below = (truth.least - shown.seconds - shown.cut - slack).max(0.0);
    (if shown.at_least { 0.0 } else { below }, above)
}

/// What `status` says, each screen said within a period of it, and the screens each other.
fn same(counts: &mut Counts, status: &Said, heard: &Heard) {
    let near = |said: &[Said]| -> Vec<Vec<Word>> {
        let (begin, end) = (status.from - APART_MS, status.at + APART_MS);
        let inside = said.iter().filter(|one| (begin..=end).contains(&one.at));
        inside.map(Said::words).collect()
    };
    let (console, watch) = (near(&heard.console), near(&heard.watch));
    let told = vec![status.words()];
    let pairs = [
        ("status", &told, "console", &console),
        ("status", &told, "watch", &watch),
        ("console", &console, "watch", &watch),
    ];
    let mut apart = false;
    for (one, of_one, other, of_other) in pairs {
        let mut names: Vec<&str> = of_one.iter().flatten().map(|(name, _)| *name).collect();
        names.sort_unstable();
        names.dedup();
        for name in names {
            let words = |all: &[Vec<Word>]| -> Vec<String> {
                let of = all.iter().flatten().filter(|(known, _)| *known == name);
                let mut words: Vec<String> = of.map(|(_, word)| word.clone()).collect();
                words.sort_unstable();
                words.dedup();
                words
            };
            let (mine, theirs) = (words(of_one), words(of_other));
            // Not drawn by the other one: there is nothing to compare.
            if theirs.is_empty() || mine.iter().any(|word| theirs.contains(word)) {
                continue;
            }
            apart = true;
            counts.faults.push(format!("{name}: {one} says {mine:?}, {other} {theirs:?}"));
        }
    }
    counts.apart += usize::from(apart);
}

/// Where something is wrong, nobody says that all is well.
fn calm(counts: &mut Counts, calm: Calm, heard: &Heard) {
    let inside = |said: &&Said| said.from >= heard.settled && said.at < heard.ended;
    for (who, all) in
        [("status", &heard.status), ("console", &heard.console), ("watch", &heard.watch)]
    {
        for said in all.iter().filter(inside) {
            if !said.marked {
                counts.faults.push(format!("{who}: all is well where something is wrong"));
            } else if calm == Calm::Alarm && said.alarm.is_empty() {
                counts.faults.push(format!("{who}: no alarm where there should be one"));
            }
        }
    }
}

/// When each said something else than before: seconds since the state began.
#[expect(clippy::cast_precision_loss, reason = "a case takes minutes")]
pub fn story(heard: &Heard) -> String {
    let mut lines = Vec::new();
    let speakers =
        [("status", &heard.status), ("console", &heard.console), ("watch", &heard.watch)];
    for (who, said) in speakers {
        let mut before: Vec<Word> = Vec::new();
        for one in said {
            let words = one.words();
            let new = words.iter().filter(|word| !before.contains(word));
            let new: Vec<String> = new.map(|(name, word)| format!("{name} {word:?}")).collect();
            if !new.is_empty() {
                lines.push((one.at, format!("{who:<7} {}", new.join(", "))));
            }
            before = words;
        }
    }
    for (at, what) in [(heard.made, "MADE"), (heard.settled, "SETTLED"), (heard.ended, "ENDED")] {
        lines.push((at, what.to_owned()));
    }
    lines.sort();
    lines.iter().fold(String::new(), |mut all, (at, text)| {
        let _ = writeln!(all, "    {:6.1} {text}", (*at - heard.begun) as f64 / 1000.0);
        all
    })
}

/// True when a case of a state makes sense.
pub fn has_case(state: &State, beats: bool) -> bool {
    beats || state.beats == Beats::Either
}

/// Faults of a kind together: how often, and the first of them.
pub fn summed(faults: &[String]) -> Vec<String> {
    let kind = |fault: &str| {
        fault.chars().filter(|c| !c.is_ascii_digit() && *c != '.' && *c != '-').collect::<String>()
    };
    let mut kinds: Vec<(String, usize, &String)> = Vec::new();
    for fault in faults {
        let of = kind(fault);
        match kinds.iter_mut().find(|(known, ..)| *known == of) {
            Some((_, count, _)) => *count += 1,
            None => kinds.push((of, 1, fault)),
        }
    }
    kinds.into_iter().map(|(_, count, fault)| format!("{count} x {fault}")).collect()
}

#[test]
fn a_figure_is_held_against_the_least_and_the_most() {
    let check = |seconds: f64, at_least: bool, (least, most): (f64, f64), want: (f64, f64)| {
        let shown = Figure { seconds, cut: 0.0, at_least };
        let (below, above) = distance(shown, Truth { least, most }, false);
        assert_eq!(((below * 10.0).round(), (above * 10.0).round()), want);
    };
    check(1.0, false, (0.8, 1.2), (0.0, 0.0));
    check(0.0, false, (5.0, 6.0), (49.0, 0.0));
    check(0.0, true, (5.0, 6.0), (0.0, 0.0));
    check(9.0, false, (5.0, 6.0), (0.0, 29.0));
    check(9.0, true, (5.0, 6.0), (0.0, 29.0));
}
