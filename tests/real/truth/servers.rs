//! The truth, asked of the servers themselves: what was committed at A and what is visible at B.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::time::SystemTime;

use super::rig::Rig;
use super::states::Store;
use crate::servers::load::Acknowledged;
use crate::servers::redis::ADMIN_PASSWORD;
use crate::servers::{DEADLINE, Killed, PYTHON, until};

/// A row and a key are written this often.
const WRITE_EVERY_MS: u32 = 25;

/// Milliseconds since 1970.
pub fn wall_ms() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    i64::try_from(since.as_millis()).unwrap()
}

/// Writes and looks until it is dropped.
pub struct Servers {
    process: Killed,
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
    folder: PathBuf,
}

impl Servers {
    /// Starts writing to the primaries and looking at all four.
    pub fn start(rig: &Rig, folder: &Path, beats: bool) -> Self {
        let ports = Store::BOTH.map(|store| [0, 1].map(|side| rig.port(store, side).to_string()));
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/real/truth/servers.py");
        let mut process = Command::new(PYTHON)
            .args([script, folder.to_str().unwrap()])
            .args(ports.as_flattened())
            .args([ADMIN_PASSWORD, &WRITE_EVERY_MS.to_string()])
            .arg(if beats { "beats" } else { "no-beats" })
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let commands = process.stdin.take().unwrap();
        let answers = BufReader::new(process.stdout.take().unwrap());
        let servers =
            Self { process: Killed(process), commands, answers, folder: folder.to_owned() };
        until("rows and keys are written", DEADLINE, || {
            Store::BOTH.iter().all(|store| servers.acknowledged(*store).len() > 20)
        });
        servers
    }

    /// Tells the writers something.
    pub fn tell(&mut self, command: &str) {
        writeln!(self.commands, "{command}").unwrap();
        let mut answer = String::new();
        self.answers.read_line(&mut answer).unwrap();
        assert_eq!(answer.trim(), "done", "{command}");
    }

    /// What a store acknowledged.
    pub fn acknowledged(&self, store: Store) -> Vec<Acknowledged> {
        Acknowledged::read(&self.folder.join(format!("acked-{}", store.name())))
    }

    /// Ends the writers; what they saw stays.
    pub fn stop(&mut self) {
        self.process.kill();
    }

    /// What is known of a store so far.
    pub fn seen(&self, store: Store) -> Seen {
        let sides = ["a", "b"].map(|side| {
            let log = self.folder.join(format!("seen-{}-{side}", store.name()));
            let text = std::fs::read_to_string(log).unwrap_or_default();
            let whole = text.rfind('\n').map_or("", |end| &text[..end]);
            whole.lines().map(Look::read).collect()
        });
        let [a, b] = sides;
        Seen { a, b, acknowledged: self.acknowledged(store) }
    }
}

/// One look at one server.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    asked: i64,
    answered: i64,
    /// The newest write there, by its own time; 0 where there is none.
    newest: i64,
}

impl Look {
    fn read(line: &str) -> Self {
        let mut words = line.split(' ').map(|word| word.parse::<i64>().unwrap());
        let mut next = || words.next().unwrap();
        let (asked, answered, _, newest) = (next(), next(), next(), next());
        Self { asked, answered, newest }
    }
}

/// All looks at both sides of a store.
pub struct Seen {
    a: Vec<Look>,
    b: Vec<Look>,
    acknowledged: Vec<Acknowledged>,
}

/// The least and the most that a lag truly was, in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Truth {
    pub least: f64,
    pub most: f64,
}

impl Seen {
    /// The lag of B behind A somewhere from `begin` to `end`, milliseconds since 1970: the newest
    /// write of A less the newest one in B. Neither side is known at every moment, so each is
    /// taken between the look that was answered before and the one that was asked after.
    pub fn lag(&self, begin: i64, end: i64) -> Truth {
        const STEP_MS: usize = 50;
        let moments = (begin..=end).step_by(STEP_MS).chain([end]);
        let none = Truth { least: f64::INFINITY, most: 0.0 };
        moments.map(|at| self.lag_at(at)).fold(none, |all, one| Truth {
            least: all.least.min(one.least),
            most: all.most.max(one.most),
        })
    }

    fn lag_at(&self, at: i64) -> Truth {
        let (a_least, a_most) = around(&self.a, at);
        let (b_least, b_most) = around(&self.b, at);
        // Where nobody looked afterwards, what was acknowledged is the most that there is.
        let acknowledged = self.acknowledged.partition_point(|one| one.wall_ms <= at);
        let last = acknowledged.checked_sub(1).map_or(0, |index| self.acknowledged[index].wall_ms);
        let a_most = a_most.unwrap_or(a_least.max(last)).min(at).max(a_least);
        let b_most = b_most.unwrap_or(b_least).min(a_most).max(b_least);
        Truth { least: seconds(a_least - b_most), most: seconds(a_most - b_least) }
    }
}

/// The least and the most that the newest write may have been: of the last look answered by then
/// and the first asked after it. What was emptied in between had both.
fn around(looks: &[Look], at: i64) -> (i64, Option<i64>) {
    let before = looks.partition_point(|look| look.answered <= at);
    let known = before.checked_sub(1).map_or(0, |index| looks[index].newest);
    let after = looks[before..].iter().find(|look| look.asked >= at).map(|look| look.newest);
    (after.map_or(known, |after| after.min(known)), after.map(|after| after.max(known)))
}

/// Seconds of milliseconds, never negative.
#[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 are below 2^52")]
pub fn seconds(milliseconds: i64) -> f64 {
    milliseconds.max(0) as f64 / 1000.0
}

#[test]
fn the_truth_lies_between_the_looks_around_a_moment() {
    let look = |asked, answered, newest| Look { asked, answered, newest };
    let wrote = |number, wall_ms| Acknowledged { number, wall_ms };
    let check = |a: &[Look], b: &[Look], at: i64, want: (f64, f64)| {
        let acknowledged = vec![wrote(1, 1_000), wrote(2, 2_000)];
        let seen = Seen { a: a.to_vec(), b: b.to_vec(), acknowledged };
        let truth = seen.lag(at, at);
        assert_eq!((truth.least, truth.most), want);
    };
    let a = [look(900, 1_000, 950), look(3_000, 3_100, 2_950)];
    let b = [look(900, 1_000, 940), look(3_000, 3_100, 940)];
    // B stands still: what A wrote meanwhile is all that is not known.
    check(&a, &b, 1_000, (0.01, 0.06));
    check(&a, &b, 2_000, (0.01, 1.06));
    check(&a, &b, 3_100, (2.01, 2.01));
    // A is dead, and nothing was acknowledged after the last look at it.
    check(&a[..1], &b, 3_100, (0.01, 1.06));
    // B has caught up somewhere in between.
    let caught = [look(900, 1_000, 940), look(3_000, 3_100, 2_950)];
    check(&a, &caught, 2_000, (0.0, 1.06));
    check(&a, &caught, 3_100, (0.0, 0.0));
    // B lost everything.
    let empty = [look(900, 1_000, 940), look(3_000, 3_100, 0)];
    check(&a, &empty, 3_100, (2.95, 2.95));
}
