//! Looks again and again at the programs that run: what anybody may read of them, and what those
//! that a step or a probe starts were given.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use super::hunt::Hunt;
use crate::seat::{WARROOM, pass};

/// The time between two looks; the programs of the site take longer than a second.
const EVERY: Duration = Duration::from_millis(40);

/// Variables that a shell sets by itself.
const OF_SHELL: [&str; 4] = ["PWD", "OLDPWD", "SHLVL", "_"];

/// What was seen, each once.
#[derive(Debug, Default)]
struct Seen {
    consoles: BTreeSet<Vec<u8>>,
    runners: BTreeSet<Vec<u8>>,
    /// Arguments of what a step or a probe started.
    children: BTreeSet<Vec<u8>>,
    /// The variables that a step's program has.
    of_steps: BTreeSet<String>,
    /// The variables that a probe's program has.
    of_probes: BTreeSet<String>,
}

/// Looks until it is asked.
pub struct Watcher {
    over: Arc<AtomicBool>,
    thread: JoinHandle<Seen>,
}

impl Watcher {
    /// Begins to look for the programs of a test whose files are in `place`.
    pub fn begin(place: &Path) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let (theirs, place) = (Arc::clone(&over), place.to_owned());
        let thread = std::thread::spawn(move || {
            let mut seen = Seen::default();
            while !theirs.load(Ordering::Acquire) {
                look(&mut seen, &place);
                pass(EVERY);
            }
            seen
        });
        Self { over, thread }
    }

    /// Ends, and tells the hunt of everything that was seen.
    pub fn end(self, hunt: &mut Hunt) {
        self.over.store(true, Ordering::Release);
        let seen = self.thread.join().expect("it looks");
        let kinds = [
            ("arguments of a console", &seen.consoles),
            ("arguments of a runner", &seen.runners),
            ("arguments of what they start", &seen.children),
        ];
        for (kind, all) in kinds {
            for arguments in all {
                hunt.look(kind, "the process table", arguments);
            }
        }
        let mut check = |what: &str, names: &BTreeSet<String>, listed: &[&str]| {
            assert!(listed.iter().all(|name| names.contains(*name)), "{what}: {names:?}");
            let more = names.iter().map(String::as_str).filter(|name| {
                !listed.contains(name) && !OF_SHELL.contains(name) && *name != "PATH"
            });
            assert_eq!(more.collect::<Vec<_>>(), [""; 0], "{what} sees what it does not list");
            *hunt.kinds.entry(format!("environment of {what}")).or_default() += names.len();
        };
        check("a step's program", &seen.of_steps, &["CANARY_ACT", "CANARY_TOOL"]);
        check("a probe's program", &seen.of_probes, &["CANARY_TOOL"]);
    }
}

fn look(seen: &mut Seen, place: &Path) {
    for entry in fs::read_dir("/proc").expect("a process table").flatten() {
        let folder: PathBuf = entry.path();
        // Processes end while they are looked at.
        let Ok(arguments) = fs::read(folder.join("cmdline")) else { continue };
        let program = fs::read_link(folder.join("exe")).unwrap_or_default();
        let text = String::from_utf8_lossy(&arguments).into_owned();
        if program == Path::new(WARROOM) {
            let runs = text.split('\0').nth(1) == Some("runner");
            if runs { &mut seen.runners } else { &mut seen.consoles }.insert(arguments);
            continue;
        }
        let tells = text.contains(&place.join("canary/tell.sh").display().to_string());
        if !tells || text.contains(WARROOM) {
            continue;
        }
        seen.children.insert(arguments);
        let Ok(environment) = fs::read(folder.join("environ")) else { continue };
        let environment = String::from_utf8_lossy(&environment).into_owned();
        let names = environment.split('\0').filter_map(|entry| Some(entry.split_once('=')?.0));
        // What a shell of a step starts has what the step's shell has.
        let of_probe = text.split('\0').nth(2) == Some("probe");
        let of_step = text.split('\0').nth(1) == Some("-c");
        if of_probe {
            seen.of_probes.extend(names.map(str::to_owned));
        } else if of_step {
            seen.of_steps.extend(names.map(str::to_owned));
        }
    }
}
