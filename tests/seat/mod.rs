//! A person at a real terminal: starts the binary in a pseudo-terminal, presses and reads.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};

/// The binary under test.
pub const WARROOM: &str = env!("CARGO_BIN_EXE_warroom");

/// How long anything may take to show before the test fails.
pub const PATIENCE: Duration = Duration::from_secs(90);

/// The time between two typed characters: six within 150 ms are not typed by a hand.
const HAND: Duration = Duration::from_millis(40);

/// The time between a dialog and the first key in it: what comes within 300 ms is not meant for it.
pub const READING: Duration = Duration::from_millis(350);

/// Longer than the time in which the same verb counts once (0.5 s).
const BETWEEN_VERBS: Duration = Duration::from_millis(550);

/// The longest that the screen takes to answer a key.
const ANSWER: Duration = Duration::from_secs(5);

/// The size of most tests' terminal: columns and rows.
pub const WIDE: (u16, u16) = (160, 48);

/// The smallest size that the emulator can do; a smaller terminal is the corner of it.
const EMULATED_MIN: (u16, u16) = (8, 4);

/// What the terminal was told so far.
struct Heard {
    parser: vt100::Parser,
    bytes: Vec<u8>,
    /// When the end of a frame was told, each time.
    frames: Vec<Instant>,
    /// A frame whose end was not told yet: a terminal with synchronized output shows it whole.
    pending: Vec<u8>,
    /// Nobody reads the terminal while this is false.
    listening: bool,
    over: bool,
    /// The window is being closed: the reader lets go of it.
    closing: bool,
}

impl Heard {
    fn takes(&mut self, bytes: &[u8]) {
        let now = Instant::now();
        self.bytes.extend_from_slice(bytes);
        self.pending.extend_from_slice(bytes);
        let end = b"\x1b[?2026l";
        if self.pending.windows(end.len()).any(|part| part == end) {
            self.frames.push(now);
        }
        let last = |mark: &[u8]| self.pending.windows(mark.len()).rposition(|part| part == mark);
        let open = match (last(b"\x1b[?2026h"), last(end)) {
            (Some(begin), end) if end.is_none_or(|end| end < begin) && !bytes.is_empty() => begin,
            _ => self.pending.len(),
        };
        let rest = self.pending.split_off(open);
        let whole = std::mem::replace(&mut self.pending, rest);
        self.parser.process(&whole);
    }
}

/// What the reading thread and the test share.
type Ear = Arc<(Mutex<Heard>, Condvar)>;

/// How a seat is taken.
#[derive(Debug, Clone)]
pub struct Start<'a> {
    /// What is started; the binary itself, or a tracer before it.
    pub program: &'a [&'a str],
    /// Its arguments.
    pub arguments: &'a [&'a str],
    /// Variables beside the few that every console gets.
    pub environment: &'a [(&'a str, &'a str)],
    /// Columns and rows.
    pub size: (u16, u16),
}

impl Default for Start<'_> {
    fn default() -> Self {
        Self { program: &[WARROOM], arguments: &[], environment: &[], size: WIDE }
    }
}

/// One console in one terminal.
pub struct Seat {
    child: Box<dyn Child + Send + Sync>,
    pid: Pid,
    master: Option<Box<dyn MasterPty + Send>>,
    keys: Option<Box<dyn Write + Send>>,
    ear: Ear,
    errors: PathBuf,
    /// The terminal's modes before the console had it.
    modes: String,
}

impl Seat {
    /// Starts a console whose state is kept in `place`.
    pub fn take(place: &Path, start: &Start<'_>) -> Self {
        let (cols, rows) = start.size;
        let size = PtySize { rows, cols, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("a pseudo-terminal");
        let errors = place.join("stderr");
        // A shell sends standard error elsewhere, so that a word there is told from the screen.
        let mut command = CommandBuilder::new("/bin/sh");
        command.args(["-c", "exec \"$@\" 2>>\"$WARROOM_TEST_STDERR\"", "sh"]);
        command.args(start.program.iter().chain(start.arguments));
        command.env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", place);
        command.env("XDG_STATE_HOME", place);
        command.env("TERM", "xterm-256color");
        command.env("COLORTERM", "truecolor");
        command.env("WARROOM_TEST_STDERR", &errors);
        start.environment.iter().for_each(|(name, value)| command.env(name, value));
        command.cwd(place);
        let modes = modes(pair.master.as_ref());
        let child = pair.slave.spawn_command(command).expect("the console starts");
        drop(pair.slave);
        let pid = child.process_id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        let heard = Heard {
            parser: vt100::Parser::new(rows, cols, 0),
            bytes: Vec::new(),
            frames: Vec::new(),
            pending: Vec::new(),
            listening: true,
            over: false,
            closing: false,
        };
        let ear: Ear = Arc::new((Mutex::new(heard), Condvar::new()));
        let mut reader = pair.master.try_clone_reader().expect("the terminal can be read");
        let theirs = Arc::clone(&ear);
        std::thread::spawn(move || {
            listen(reader.as_mut(), &theirs);
            drop(reader);
            let mut heard = theirs.0.lock().unwrap_or_else(PoisonError::into_inner);
            heard.over = true;
            theirs.1.notify_all();
        });
        let keys = pair.master.take_writer().expect("the terminal has keys");
        Self {
            child,
            pid: pid.expect("the console has a number"),
            master: Some(pair.master),
            keys: Some(keys),
            ear,
            errors,
            modes,
        }
    }

    /// Waits until the screen satisfies `seen`, and answers it.
    pub fn until(&self, what: &str, seen: impl Fn(&str) -> bool) -> String {
        self.until_within(what, PATIENCE, seen)
    }

    /// The same with a limit of its own.
    pub fn until_within(&self, what: &str, limit: Duration, seen: impl Fn(&str) -> bool) -> String {
        let (lock, told) = &*self.ear;
        let mut heard = lock.lock().unwrap_or_else(PoisonError::into_inner);
        let end = Instant::now() + limit;
        loop {
            let screen = heard.parser.screen().contents();
            if seen(&screen) {
                return screen;
            }
            let left = end.saturating_duration_since(Instant::now());
            let open = !left.is_zero() && !heard.over;
            assert!(open, "never seen within {limit:?}: {what}\n{screen}");
            let (next, _) = told.wait_timeout(heard, left).unwrap_or_else(PoisonError::into_inner);
            heard = next;
        }
    }

    /// Waits until the screen shows a text.
    pub fn shows(&self, text: &str) -> String {
        self.until(text, |screen| screen.contains(text))
    }

    /// The same with a limit of its own.
    pub fn shows_within(&self, text: &str, limit: Duration) -> String {
        self.until_within(text, limit, |screen| screen.contains(text))
    }

    /// Panics with the screen unless it shows a text now.
    pub fn must_show(&self, text: &str) {
        let screen = self.screen();
        assert!(screen.contains(text), "`{text}` is not on the screen:\n{screen}");
    }

    /// Waits until the screen does not show a text.
    pub fn hides(&self, text: &str) -> String {
        self.until(&format!("no {text}"), |screen| !screen.contains(text))
    }

    /// The screen as it is.
    pub fn screen(&self) -> String {
        self.heard(|heard| heard.parser.screen().contents())
    }

    /// Every byte told so far.
    pub fn bytes(&self) -> Vec<u8> {
        self.heard(|heard| heard.bytes.clone())
    }

    /// Waits for the frame after the first `known` ones, and answers when its end came and how many
    /// there are.
    pub fn frame_after(&self, known: usize) -> (Instant, usize) {
        let (lock, told) = &*self.ear;
        let heard = lock.lock().unwrap_or_else(PoisonError::into_inner);
        let missing = |heard: &mut Heard| !heard.over && heard.frames.len() <= known;
        let (heard, _) = told
            .wait_timeout_while(heard, PATIENCE, missing)
            .unwrap_or_else(PoisonError::into_inner);
        (*heard.frames.get(known).expect("a frame comes"), heard.frames.len())
    }

    /// How many frames were told.
    pub fn frames(&self) -> usize {
        self.heard(|heard| heard.frames.len())
    }

    /// What the terminal's modes are.
    pub fn terminal(&self) -> Modes {
        self.heard(|heard| {
            let screen = heard.parser.screen();
            Modes {
                alternate: screen.alternate_screen(),
                cursor_hidden: screen.hide_cursor(),
                paste_bracketed: screen.bracketed_paste(),
            }
        })
    }

    /// True when the terminal's line discipline is as it was before.
    pub fn line_is_as_before(&self) -> bool {
        self.master.as_deref().map(modes).as_ref() == Some(&self.modes)
    }

    fn heard<T>(&self, ask: impl FnOnce(&Heard) -> T) -> T {
        ask(&self.ear.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Sends bytes as they are; a terminal that is gone takes none.
    pub fn press(&mut self, bytes: &str) {
        if let Some(keys) = &mut self.keys {
            let _ = keys.write_all(bytes.as_bytes()).and_then(|()| keys.flush());
        }
    }

    /// Types at the pace of a hand, blindly: what stalls the console bunches the keys, and six at
    /// once are refused as a paste.
    pub fn types(&mut self, text: &str) {
        let mut buffer = [0; 4];
        for letter in text.chars() {
            pass(HAND);
            self.press(letter.encode_utf8(&mut buffer));
        }
    }

    /// Types into the field that has the cursor, seeing each letter arrive before the next; a tab
    /// goes on to the next field.
    pub fn types_seen(&mut self, text: &str) {
        for (field, part) in text.split('\t').enumerate() {
            if field > 0 {
                self.types("\t");
            }
            for (at, letter) in part.char_indices() {
                let end = at + letter.len_utf8();
                self.types(&part[at..end]);
                self.shows_within(&format!("> {}_", &part[..end]), ANSWER);
            }
        }
    }

    /// Presses a verb's key, once: no sooner than a hand does after the one before.
    pub fn verb(&mut self, key: &str) {
        pass(BETWEEN_VERBS);
        self.press(key);
    }

    /// Presses a verb's key, once, and reads the dialog that it opens.
    pub fn verb_opens(&mut self, key: &str, title: &str) {
        self.verb(key);
        self.shows_within(title, ANSWER);
        pass(READING);
    }

    /// Opens a dialog by a key, and reads its title before any other key.
    pub fn opens(&mut self, key: &str, title: &str) {
        // What it needs may not be there yet: a person presses again. Not before the answer to the
        // first press must have come, or the second one would be typed into the dialog.
        for _ in 0..6 {
            self.verb(key);
            if self.seen_within(ANSWER, title) {
                return pass(READING);
            }
        }
        panic!("{key} never opened {title}\n{}", self.screen());
    }

    /// True when the screen shows a text before some time is over.
    pub fn seen_within(&self, time: Duration, text: &str) -> bool {
        let (lock, told) = &*self.ear;
        let heard = lock.lock().unwrap_or_else(PoisonError::into_inner);
        let missing =
            |heard: &mut Heard| !heard.over && !heard.parser.screen().contents().contains(text);
        let (heard, _) =
            told.wait_timeout_while(heard, time, missing).unwrap_or_else(PoisonError::into_inner);
        heard.parser.screen().contents().contains(text)
    }

    /// True when the screen does not show a text any more before some time is over.
    pub fn gone_within(&self, time: Duration, text: &str) -> bool {
        let (lock, told) = &*self.ear;
        let heard = lock.lock().unwrap_or_else(PoisonError::into_inner);
        let shown =
            |heard: &mut Heard| !heard.over && heard.parser.screen().contents().contains(text);
        let (heard, _) =
            told.wait_timeout_while(heard, time, shown).unwrap_or_else(PoisonError::into_inner);
        !heard.parser.screen().contents().contains(text)
    }

    /// Changes the size of the terminal.
    pub fn resize(&self, cols: u16, rows: u16) {
        self.ear
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .parser
            .screen_mut()
            .set_size(rows.max(EMULATED_MIN.1), cols.max(EMULATED_MIN.0));
        let size = PtySize { rows, cols, pixel_width: 0, pixel_height: 0 };
        if let Some(master) = &self.master {
            master.resize(size).expect("the terminal has a size");
        }
    }

    /// Stops reading the terminal, or goes on.
    pub fn listens(&self, listening: bool) {
        self.ear.0.lock().unwrap_or_else(PoisonError::into_inner).listening = listening;
        self.ear.1.notify_all();
    }

    /// Signals the console.
    pub fn signal(&self, signal: Signal) {
        // Fails only when it has ended, which its end will tell.
        let _ = kill_process(self.pid, signal);
    }

    /// Its process number.
    pub fn number(&self) -> i32 {
        self.pid.as_raw_nonzero().get()
    }

    /// `kill -9`, and waits for its end.
    pub fn kill9(&mut self) {
        self.signal(Signal::KILL);
        self.ends();
    }

    /// Takes the terminal away, as a closed window does.
    pub fn close_window(&mut self) {
        let (lock, told) = &*self.ear;
        let mut heard = lock.lock().unwrap_or_else(PoisonError::into_inner);
        // The console draws each second, which wakes the reader.
        heard.closing = true;
        let _ = told.wait_timeout_while(heard, PATIENCE, |heard| !heard.over);
        self.keys = None;
        self.master = None;
    }

    /// True when the console has ended.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().is_ok_and(|status| status.is_some())
    }

    /// Waits for the end and answers the exit code.
    pub fn ends(&mut self) -> u32 {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("our own child") {
                self.drain();
                return status.exit_code();
            }
            assert!(Instant::now() < end, "it never ended\n{}", self.screen());
            pass(Duration::from_millis(5));
        }
    }

    /// Waits until everything that was told before the end was read.
    fn drain(&self) {
        self.listens(true);
        let (lock, told) = &*self.ear;
        let heard = lock.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = told.wait_timeout_while(heard, PATIENCE, |heard| !heard.over);
    }

    /// What was written to standard error.
    pub fn errors(&self) -> String {
        std::fs::read_to_string(&self.errors).unwrap_or_default()
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.listens(true);
        if !self.has_ended() {
            self.signal(Signal::KILL);
            let _ = self.child.wait();
        }
    }
}

/// What a console switches on in a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Modes {
    /// The alternate screen.
    pub alternate: bool,
    /// No cursor.
    pub cursor_hidden: bool,
    /// Bracketed paste.
    pub paste_bracketed: bool,
}

/// A terminal as a shell wants it.
pub const PLAIN: Modes = Modes { alternate: false, cursor_hidden: false, paste_bracketed: false };

fn modes(master: &(dyn MasterPty + Send)) -> String {
    format!("{:?}", master.get_termios())
}

/// Lets the time of a person's hand pass.
pub fn pass(time: Duration) {
    let end = Instant::now() + time;
    while let Some(left) = end.checked_duration_since(Instant::now()) {
        std::thread::park_timeout(left);
    }
}

/// Waits until a condition outside of the terminal holds.
pub fn until(what: &str, holds: impl Fn() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < end, "never: {what}");
        pass(Duration::from_millis(10));
    }
}

fn listen(reader: &mut dyn std::io::Read, ear: &Ear) {
    let (lock, told) = &**ear;
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let heard = lock.lock().unwrap_or_else(PoisonError::into_inner);
        drop(
            told.wait_while(heard, |heard| !heard.listening)
                .unwrap_or_else(PoisonError::into_inner),
        );
        // The end of a pseudo-terminal is an error on some systems.
        let count = reader.read(&mut buffer).unwrap_or(0);
        let mut heard = lock.lock().unwrap_or_else(PoisonError::into_inner);
        heard.takes(&buffer[..count]);
        told.notify_all();
        if count == 0 || heard.closing {
            return;
        }
    }
}
