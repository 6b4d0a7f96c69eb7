//! The terminal, set up and put back; a thread draws, so stuck output never stops the keys.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crossterm::event::{
    DisableBracketedPaste, DisableFocusChange, EnableBracketedPaste, EnableFocusChange, Event,
};
use crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
    SetTitle, disable_raw_mode, enable_raw_mode,
};
use crossterm::{cursor, queue};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use tokio::sync::{Notify, mpsc};

use crate::domain::text::Clean;
use crate::runtime::clipboard::{copy_bytes, notification_bytes};
use crate::runtime::{first_line, last_words};
use crate::ui::update::Input;

/// How long leaving waits for a terminal that does not take its bytes.
const LEAVE_TIMEOUT: Duration = Duration::from_millis(500);

/// Keys that may wait to be handled; more are dropped by the terminal's own reader.
const INPUT_QUEUE: usize = 256;

/// Keeps the terminal's own title aside, and puts it back (xterm, "Window manipulation", 22 and
/// 23); a terminal without them ignores both.
const KEEP_TITLE: &[u8] = b"\x1b[22;0t";
const PUT_TITLE_BACK: &[u8] = b"\x1b[23;0t";

/// What may wait for the thread that writes: a frame, the leaving, the end.
const WRITE_QUEUE: usize = 3;

/// Bytes collected for one frame.
#[derive(Debug, Clone, Default)]
pub struct FrameBytes(Arc<Mutex<Vec<u8>>>);

impl FrameBytes {
    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts bytes in the place of those that were here.
    fn replace(&self, bytes: Vec<u8>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = bytes;
    }
}

impl Write for FrameBytes {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Hands bytes to the thread that writes to the terminal, one frame at a time.
#[derive(Debug, Clone)]
pub struct TerminalWriter {
    bytes: FrameBytes,
    /// The last copy that the terminal did not take yet: only the newest counts, so that a
    /// terminal that takes nothing cannot be filled up by copying.
    copied: FrameBytes,
    notifies: bool,
    thread: SyncSender<Vec<u8>>,
    busy: Arc<AtomicBool>,
}

impl TerminalWriter {
    /// A writer where there is no terminal: what it is handed is let go.
    pub fn nowhere() -> Self {
        let (thread, _) = sync_channel(WRITE_QUEUE);
        let (bytes, copied) = (FrameBytes::default(), FrameBytes::default());
        Self { bytes, copied, notifies: false, thread, busy: Arc::default() }
    }

    /// True when the terminal took the last frame.
    pub fn is_ready(&self) -> bool {
        !self.busy.load(Ordering::Acquire)
    }

    /// Sets the title with the next bytes.
    pub fn title(&mut self, title: &str) {
        let _ = queue!(self.bytes, SetTitle(title));
        self.hand_over();
    }

    /// Rings once with the next bytes.
    pub fn bell(&mut self) {
        let _ = self.bytes.write_all(b"\x07");
        self.hand_over();
    }

    /// Leaves notifications out from now on.
    pub fn without_notifications(&mut self) {
        self.notifies = false;
    }

    /// Shows a notification with the next bytes, where they are allowed.
    pub fn notify(&mut self, text: &Clean) {
        if self.notifies {
            let _ = self.bytes.write_all(&notification_bytes(text));
            self.hand_over();
        }
    }

    /// Copies with the next bytes.
    pub fn copy(&mut self, lines: &[Clean]) {
        self.copied.replace(copy_bytes(lines));
        self.hand_over();
    }

    /// Hands over what was collected, if the thread is free; else it goes with the next bytes.
    pub fn hand_over(&mut self) {
        if !self.is_ready() {
            return;
        }
        let mut bytes = self.bytes.take();
        bytes.extend(self.copied.take());
        if bytes.is_empty() {
            return;
        }
        self.busy.store(true, Ordering::Release);
        if self.thread.try_send(bytes).is_err() {
            self.busy.store(false, Ordering::Release);
        }
    }
}

/// A terminal in full-screen mode; put back when dropped.
pub struct Fullscreen {
    /// Draws frames.
    pub terminal: Terminal<CrosstermBackend<FrameBytes>>,
    /// Hands them over.
    pub writer: TerminalWriter,
    /// Told when the terminal took a frame.
    pub drawn: Arc<Notify>,
    /// True when what the terminal shows is not known: the next frame is drawn whole.
    forgotten: bool,
    ended: Receiver<()>,
}

impl Fullscreen {
    /// Takes the terminal over.
    ///
    /// # Errors
    /// When standard input or output is not a terminal.
    pub fn enter() -> io::Result<Self> {
        first_line::clear();
        // With NO_COLOR set, crossterm 0.29 writes a bare reset that also drops bold and reverse;
        // the theme decides about colour instead.
        crossterm::style::force_color_output(true);
        let bytes = FrameBytes::default();
        let (thread, frames) = sync_channel(WRITE_QUEUE);
        let (end, ended) = sync_channel(1);
        let busy = Arc::new(AtomicBool::new(false));
        let drawn = Arc::new(Notify::new());
        let writer = TerminalWriter {
            bytes: bytes.clone(),
            copied: FrameBytes::default(),
            notifies: true,
            thread,
            busy: Arc::clone(&busy),
        };
        let told = Arc::clone(&drawn);
        std::thread::Builder::new().name("terminal".to_owned()).spawn(move || {
            write_frames(&frames, &busy, &told);
            let _ = end.send(());
        })?;
        let mut setup = bytes.clone();
        setup.write_all(KEEP_TITLE)?;
        queue!(setup, EnterAlternateScreen, EnableBracketedPaste, EnableFocusChange, cursor::Hide)?;
        let terminal = Terminal::new(CrosstermBackend::new(bytes))?;
        // Last, so that a failure before it leaves nothing to put back.
        enable_raw_mode()?;
        last_words::hold();
        Ok(Self { terminal, writer, drawn, forgotten: false, ended })
    }

    /// Says that what the terminal shows is no longer known.
    pub fn forget(&mut self) {
        self.forgotten = true;
    }

    /// Draws one frame and hands it over.
    ///
    /// # Errors
    /// When the terminal's size cannot be asked.
    pub fn draw(&mut self, paint: impl FnOnce(&mut ratatui::Frame<'_>)) -> io::Result<()> {
        queue!(self.writer.bytes, BeginSynchronizedUpdate)?;
        if std::mem::take(&mut self.forgotten) {
            // `clear` would ask the terminal where its cursor is, and wait for the answer.
            let size = self.terminal.size()?;
            self.terminal.resize(size.into())?;
        }
        self.terminal.draw(paint)?;
        queue!(self.writer.bytes, EndSynchronizedUpdate)?;
        self.writer.hand_over();
        Ok(())
    }
}

impl Drop for Fullscreen {
    fn drop(&mut self) {
        let mut out = FrameBytes::default();
        let _ = queue!(
            out,
            SetTitle(""),
            cursor::Show,
            DisableFocusChange,
            DisableBracketedPaste,
            LeaveAlternateScreen
        );
        let _ = out.write_all(PUT_TITLE_BACK);
        // A terminal that takes nothing must not keep us; its frame is lost, the mode is put back.
        let thread = &self.writer.thread;
        if thread.try_send(out.take()).and_then(|()| thread.try_send(Vec::new())).is_ok() {
            let _ = self.ended.recv_timeout(LEAVE_TIMEOUT);
        }
        let _ = disable_raw_mode();
        last_words::tell();
    }
}

/// Writes what it is handed until it is handed nothing.
fn write_frames(frames: &Receiver<Vec<u8>>, busy: &AtomicBool, drawn: &Notify) {
    let mut out = io::stdout();
    while let Ok(bytes) = frames.recv() {
        if bytes.is_empty() {
            return;
        }
        if out.write_all(&bytes).and_then(|()| out.flush()).is_err() {
            return;
        }
        busy.store(false, Ordering::Release);
        drawn.notify_one();
    }
}

/// What a terminal's event means to the console; none for mouse movements.
fn input_of(event: Event) -> Option<Input> {
    match event {
        Event::Key(key) => Some(Input::Key(key)),
        Event::Paste(text) => Some(Input::Paste(text)),
        Event::FocusGained => Some(Input::FocusGained),
        Event::FocusLost => Some(Input::FocusLost),
        Event::Resize(columns, rows) => Some(Input::Resize(columns, rows)),
        Event::Mouse(_) => None,
    }
}

/// Reads keys on a thread of its own and tells them.
///
/// # Errors
/// When the thread cannot be started.
pub fn read_input() -> io::Result<mpsc::Receiver<Input>> {
    let (tell, inputs) = mpsc::channel(INPUT_QUEUE);
    std::thread::Builder::new().name("keys".to_owned()).spawn(move || {
        while let Ok(event) = crossterm::event::read() {
            if let Some(input) = input_of(event)
                && tell.blocking_send(input).is_err()
            {
                return;
            }
        }
    })?;
    Ok(inputs)
}
