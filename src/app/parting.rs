//! What is said as a commander's console is left: the run, how to come back, and its report.

use std::io::Write as _;
use std::path::Path;
use std::sync::mpsc::sync_channel;
use std::thread::Builder;
use std::time::Duration;

use super::start::Start;
use crate::domain::run::state::{Run, StepState};
use crate::domain::run::words;
use crate::runtime::last_words;

/// How long a terminal may take to take it; one that takes nothing keeps nobody.
const TELL_TIMEOUT: Duration = Duration::from_millis(500);

/// How a console was opened, and so how one comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// On a site.
    Site,
    /// By `warroom demo`, which finds its open run again.
    Demo,
}

/// Says it when it goes out of scope, after the screen did: also where the console ends by a fault.
pub(super) struct Parting {
    site: String,
    back: String,
    report: String,
    run: Option<Vec<String>>,
    loud: bool,
}

impl Parting {
    /// What will be said of a console on the site in `dir`; a watcher leaves nothing behind.
    pub(super) fn new(way: Way, dir: &Path, site: &str, start: &Start, watches: bool) -> Self {
        let called = std::env::args().next().unwrap_or_else(|| "warroom".to_owned());
        let state = std::env::var("XDG_STATE_HOME").ok();
        let place = dir.canonicalize().unwrap_or_else(|_| dir.to_owned());
        let program = program(&called, state.as_deref());
        Self {
            back: format!("{program}{}", options(way, &place, start)),
            report: format!("{program} report"),
            site: site.to_owned(),
            run: None,
            loud: !watches,
        }
    }

    /// Takes in how the run stands as the console is left.
    pub(super) fn note(&mut self, run: Option<&Run>) {
        self.run = Some(run.map_or_else(Vec::new, |run| self.lines(run)));
    }

    fn lines(&self, run: &Run) -> Vec<String> {
        let (id, site) = (&run.id, &self.site);
        let mut lines = vec![match &run.closed {
            Some((_, how)) => {
                format!("run {id} of site {site} is closed: {}", words::closing(how, None))
            }
            None => format!("run {id} of site {site} stays open ({})", run.stage.word()),
        }];
        let works = |state: &&StepState| state.phase.is_open();
        let works: Vec<&str> = run.steps.iter().filter(works).map(|s| s.id.as_str()).collect();
        if !works.is_empty() {
            lines.push(format!("still at work, without a console: {}", works.join(", ")));
        }
        if run.closed.is_none() {
            lines.push(format!("come back:  {}", self.back));
        }
        lines.push(format!("report:     {} {id}", self.report));
        lines
    }
}

impl Drop for Parting {
    fn drop(&mut self) {
        let lines = match self.run.take() {
            _ if !self.loud => return,
            Some(lines) => lines,
            // Nothing is known of the run any more, but where it is found.
            None => vec![
                "the console ended by a fault of its own; steps that were begun go on".to_owned(),
                format!("come back:  {}", self.back),
            ],
        };
        let text = lines.iter().fold(String::new(), |text, line| text + line + "\n");
        let text = last_words::masked(&text);
        let (tell, told) = sync_channel(1);
        let telling = Builder::new().name("parting".to_owned()).spawn(move || {
            let mut out = std::io::stdout();
            let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
            let _ = tell.send(());
        });
        if telling.is_ok() {
            let _ = told.recv_timeout(TELL_TIMEOUT);
        }
    }
}

/// The program as it was called, with the state folder where that is not the usual one.
fn program(called: &str, state: Option<&str>) -> String {
    let state = state.filter(|state| !state.is_empty());
    let state = state.map_or(String::new(), |dir| format!("XDG_STATE_HOME={} ", quoted(dir)));
    format!("{state}{}", quoted(called))
}

/// What leads to the same console again.
fn options(way: Way, dir: &Path, start: &Start) -> String {
    let mut text = match way {
        Way::Site => format!(" --site {}", quoted(&dir.display().to_string())),
        Way::Demo => " demo".to_owned(),
    };
    let named = [("as", &start.person), ("theme", &start.theme), ("keymap", &start.keymap)];
    for (name, value) in named {
        if let Some(value) = value {
            text = format!("{text} --{name} {}", quoted(value));
        }
    }
    for (name, given) in [("ascii", start.ascii), ("no-notify", !start.notify)] {
        if given {
            text = format!("{text} --{name}");
        }
    }
    text
}

/// A word as a shell reads it back.
fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-+:@%,=".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::run::event::RunKind;

    #[test]
    fn a_command_leads_back_as_it_was_called() {
        let start = |person: Option<&str>, ascii| Start {
            person: person.map(str::to_owned),
            ascii,
            notify: true,
            theme: None,
            keymap: None,
            kind: RunKind::Simulation,
            memory: None,
        };
        let check = |way, dir: &str, start: &Start, state: Option<&str>, want: &str| {
            let text =
                format!("{}{}", program("warroom", state), options(way, dir.as_ref(), start));
            assert_eq!(text, want);
        };
        check(Way::Site, "/s/shop", &start(None, false), None, "warroom --site /s/shop");
        check(
            Way::Site,
            "/my sites/it's",
            &start(Some("anna"), true),
            Some("/tmp/a b"),
            r"XDG_STATE_HOME='/tmp/a b' warroom --site '/my sites/it'\''s' --as anna --ascii",
        );
        check(Way::Demo, "/s", &start(Some("anna"), false), Some(""), "warroom demo --as anna");
    }
}
