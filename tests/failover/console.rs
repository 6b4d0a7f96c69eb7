//! The program on a terminal of its own: keys go in, the screen is read as a person reads it.

use std::ffi::OsStr;
use std::io::{Read, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};

use crate::real::until;

/// Columns and rows of the terminal.
const SIZE: (u16, u16) = (160, 48);

/// Longer than the time in which a new dialog ignores keys (`guards::SETTLE`, 0.3 s).
const DIALOG_IS_READ: Duration = Duration::from_millis(350);

/// Longer than the time in which the same verb counts once (`guards::SAME_VERB`, 0.5 s).
const BETWEEN_VERBS: Duration = Duration::from_millis(550);

/// Slower than what is taken for a paste (`guards::BURST`: six keys in 150 ms).
const BETWEEN_LETTERS: Duration = Duration::from_millis(40);

/// The longest that the screen takes to answer a key.
const ANSWER: Duration = Duration::from_secs(5);

/// A running console. Dropping it kills it.
pub struct Console {
    child: Box<dyn Child + Send + Sync>,
    keys: Box<dyn Write + Send>,
    screen: Arc<Mutex<vt100::Parser>>,
    _master: Box<dyn MasterPty + Send>,
}

impl Console {
    /// Starts `warroom --site SITE --as anna` with its state below `state`.
    pub fn start(site: &Path, state: &Path, secrets: &[(&str, &str)]) -> Self {
        let (cols, rows) = SIZE;
        let size = PtySize { rows, cols, pixel_width: 0, pixel_height: 0 };
        let pty = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_warroom"));
        command.args(["--site".as_ref(), site.as_os_str(), OsStr::new("--as"), "anna".as_ref()]);
        command.cwd(site);
        command.env("XDG_STATE_HOME", state);
        command.env("TERM", "xterm-256color");
        command.env_remove("NO_COLOR");
        for (name, value) in secrets {
            command.env(name, value);
        }
        let child = pty.slave.spawn_command(command).unwrap();
        drop(pty.slave);
        let screen = Arc::new(Mutex::new(vt100::Parser::new(rows, cols, 0)));
        let (mut reader, seen) = (pty.master.try_clone_reader().unwrap(), Arc::clone(&screen));
        std::thread::spawn(move || {
            let mut bytes = [0; 8192];
            // The terminal's end is the console's.
            while let Ok(count @ 1..) = reader.read(&mut bytes) {
                seen.lock().unwrap().process(&bytes[..count]);
            }
        });
        let keys = pty.master.take_writer().unwrap();
        Self { child, keys, screen, _master: pty.master }
    }

    /// What stands on the screen.
    pub fn text(&self) -> String {
        self.screen.lock().unwrap().screen().contents()
    }

    /// Waits until the screen is as wanted; panics with the last screen after `limit`.
    pub fn until(&self, what: &str, limit: Duration, wanted: impl Fn(&str) -> bool) {
        let begin = Instant::now();
        until(what, limit * 2, || {
            let text = self.text();
            let good = wanted(&text);
            assert!(good || begin.elapsed() < limit, "{what}: not within {limit:?}:\n{text}");
            good
        });
    }

    /// Waits until the screen shows `words` within one row.
    pub fn until_shows(&self, words: &str, limit: Duration) {
        self.until(&format!("`{words}` on the screen"), limit, |text| text.contains(words));
    }

    /// Panics with the screen unless it shows `words` now.
    pub fn must_show(&self, words: &str) {
        let text = self.text();
        assert!(text.contains(words), "`{words}` is not on the screen:\n{text}");
    }

    fn send(&mut self, bytes: &str) {
        self.keys.write_all(bytes.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// Presses a verb's key: no sooner than a hand does after the one before.
    pub fn press(&mut self, key: char) {
        a_hand_waits(BETWEEN_VERBS);
        self.send(key.encode_utf8(&mut [0; 4]));
    }

    /// Presses a verb's key and reads the dialog that it opens.
    pub fn open(&mut self, key: char, title: &str) {
        self.press(key);
        self.until_shows(title, ANSWER);
        a_hand_waits(DIALOG_IS_READ);
    }

    /// Presses Enter.
    pub fn enter(&mut self) {
        a_hand_waits(BETWEEN_LETTERS);
        self.send("\r");
    }

    /// Presses Tab.
    pub fn tab(&mut self) {
        a_hand_waits(BETWEEN_LETTERS);
        self.send("\t");
    }

    /// Types into the field that has the cursor, seeing each letter arrive before the next.
    pub fn type_text(&mut self, text: &str) {
        for end in 1..=text.len() {
            a_hand_waits(BETWEEN_LETTERS);
            self.send(&text[end - 1..end]);
            self.until_shows(&format!("> {}_", &text[..end]), ANSWER);
        }
    }

    /// `kill -9`, and waits for its end.
    pub fn kill9(&mut self) {
        if let Some(pid) = self.child.process_id().and_then(|pid| Pid::from_raw(pid.cast_signed()))
        {
            // Already gone is what is wanted.
            let _ = kill_process(pid, Signal::KILL);
        }
        let _ = self.child.wait();
    }

    /// Waits until it has ended by itself.
    pub fn until_ended(&mut self) {
        let child = &mut self.child;
        until("the console ends", ANSWER, || child.try_wait().is_ok_and(|end| end.is_some()));
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        self.kill9();
    }
}

/// Lets time pass as a hand does between two keys. The console tells hands from pastes and slips
/// by time alone, so time itself is the condition here.
pub fn a_hand_waits(time: Duration) {
    let begin = Instant::now();
    until("time passes", time * 100, || begin.elapsed() >= time);
}
