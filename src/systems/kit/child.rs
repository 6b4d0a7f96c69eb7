//! One child process: its own group, lines as they come, an end for certain.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};

use crate::domain::text::{LINE_BYTES_MAX, line_without_end};
use crate::domain::time::spoken_time;
use crate::systems::kit::trouble::{Trouble, TroubleKind};

/// The time between asking a child's group to end and ending it.
pub const GRACE: Duration = Duration::from_secs(5);

/// How long what is left in the pipes is read after the child's exit: a grandchild may keep them
/// open for ever.
const DRAIN: Duration = Duration::from_millis(100);

/// The most of a program's standard output that is remembered, in bytes.
const STDOUT_BYTES_MAX: usize = 64 * 1024;

/// Bytes read at a time.
const CHUNK_BYTES: usize = 8192;

/// What to start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    /// The program and its arguments; never read by a shell.
    pub argv: Vec<String>,
    /// Names of the variables it sees beside `PATH`.
    pub env: Vec<String>,
    /// Where it starts.
    pub cwd: Option<PathBuf>,
}

/// Where a line came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

/// How a child ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// By itself, with this code.
    Exit(i32),
    /// By a signal that was not ours.
    Signal(i32),
    /// By us, at its deadline.
    Deadline,
}

impl Start {
    /// Runs it until it ends or `deadline` and `grace` are over. `line` gets every line as it
    /// comes. Dropping the future ends the whole group at once. It finds `text` on its stdin, short
    /// enough to fit into a pipe at once, or nothing.
    ///
    /// # Errors
    /// When it cannot be started; nothing ran then.
    pub async fn run(
        &self,
        text: Option<&str>,
        deadline: Duration,
        grace: Duration,
        line: &mut (dyn FnMut(Stream, &str) + Send),
    ) -> Result<End, Trouble> {
        let mut child = self.spawn(text.is_some())?;
        let mut group = Group(child.id().and_then(|id| Pid::from_raw(id.cast_signed())));
        let mut out = Lines::new(child.stdout.take(), Stream::Out);
        let mut err = Lines::new(child.stderr.take(), Stream::Err);
        let fed = (child.stdin.take(), text);
        let waiting = async {
            if let (Some(mut pipe), Some(text)) = fed {
                // One that does not read to the end says so by its exit.
                let _ = pipe.write_all(text.as_bytes()).await;
            }
            ended(&mut child, &mut out, &mut err, line).await
        };
        let end = if let Ok(status) = tokio::time::timeout(deadline, waiting).await {
            // What it left running in its group is its own business: some commands start daemons.
            group.0 = None;
            end_of(&status)
        } else {
            group.signal(Signal::TERM);
            let gone = ended(&mut child, &mut out, &mut err, line);
            let _ = tokio::time::timeout(grace, gone).await;
            group.signal(Signal::KILL);
            group.0 = None;
            End::Deadline
        };
        let rest = async {
            while !(out.ended() && err.ended()) {
                next_lines(&mut out, &mut err, line).await;
            }
        };
        let _ = tokio::time::timeout(DRAIN, rest).await;
        out.flush(line);
        err.flush(line);
        Ok(end)
    }

    fn spawn(&self, fed: bool) -> Result<Child, Trouble> {
        let ours = |why: String| Trouble::unsent(TroubleKind::Ours, why);
        let Some((program, arguments)) = self.argv.split_first() else {
            return Err(ours("`argv` is empty".to_owned()));
        };
        let mut command = Command::new(program);
        command.args(arguments).env_clear();
        command.stdin(if fed { Stdio::piped() } else { Stdio::null() });
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        // The group of its own is what a deadline ends, grandchildren included.
        command.process_group(0).kill_on_drop(true);
        command.envs(std::env::var_os("PATH").map(|path| (OsString::from("PATH"), path)));
        for name in &self.env {
            let Some(value) = std::env::var_os(name) else {
                return Err(ours(format!("the environment variable `{name}` is not set")));
            };
            command.env(name, value);
        }
        if let Some(cwd) = &self.cwd {
            command.current_dir(cwd);
        }
        command.spawn().map_err(|error| ours(format!("failed to start `{program}`: {error}")))
    }
}

/// Ends the group when dropped, unless told that there is nothing to end.
struct Group(Option<Pid>);

impl Group {
    fn signal(&self, signal: Signal) {
        if let Some(group) = self.0 {
            // It may be gone already, which is as good.
            let _ = kill_process_group(group, signal);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}

fn end_of(status: &std::io::Result<ExitStatus>) -> End {
    use std::os::unix::process::ExitStatusExt as _;
    match status {
        Ok(status) => status
            .code()
            .map_or_else(|| End::Signal(status.signal().unwrap_or_default()), End::Exit),
        // Waiting can only fail when somebody else took the status.
        Err(_) => End::Signal(0),
    }
}

/// Passes lines on until the child has exited, even if its pipes stay open.
async fn ended(
    child: &mut Child,
    out: &mut Lines,
    err: &mut Lines,
    line: &mut (dyn FnMut(Stream, &str) + Send),
) -> std::io::Result<ExitStatus> {
    loop {
        tokio::select! {
            biased;
            status = child.wait() => return status,
            () = next_lines(out, err, line), if !(out.ended() && err.ended()) => {}
        }
    }
}

async fn next_lines(out: &mut Lines, err: &mut Lines, line: &mut (dyn FnMut(Stream, &str) + Send)) {
    tokio::select! {
        count = out.fill(), if !out.ended() => out.take(count, line),
        count = err.fill(), if !err.ended() => err.take(count, line),
    }
}

/// Splits one pipe into lines.
struct Lines {
    pipe: Option<Box<dyn AsyncRead + Send + Unpin>>,
    stream: Stream,
    chunk: Box<[u8; CHUNK_BYTES]>,
    /// The beginning of the line that has not ended.
    partial: Vec<u8>,
    /// True when there is more of it than is kept.
    too_long: bool,
}

impl Lines {
    fn new(pipe: Option<impl AsyncRead + Send + Unpin + 'static>, stream: Stream) -> Self {
        let pipe = pipe.map(|pipe| Box::new(pipe) as Box<dyn AsyncRead + Send + Unpin>);
        Self {
            pipe,
            stream,
            chunk: Box::new([0; CHUNK_BYTES]),
            partial: Vec::new(),
            too_long: false,
        }
    }

    fn ended(&self) -> bool {
        self.pipe.is_none()
    }

    /// Bytes that came; 0 at the end. May be dropped at any time without losing a byte.
    async fn fill(&mut self) -> usize {
        match &mut self.pipe {
            Some(pipe) => pipe.read(self.chunk.as_mut_slice()).await.unwrap_or(0),
            None => 0,
        }
    }

    fn take(&mut self, count: usize, line: &mut (dyn FnMut(Stream, &str) + Send)) {
        if count == 0 {
            self.pipe = None;
        }
        for index in 0..count {
            let byte = self.chunk[index];
            if byte == b'\n' {
                self.end_line(line);
            } else if self.partial.len() < LINE_BYTES_MAX {
                self.partial.push(byte);
            } else {
                self.too_long = true;
            }
        }
    }

    fn flush(&mut self, line: &mut (dyn FnMut(Stream, &str) + Send)) {
        if !self.partial.is_empty() {
            self.end_line(line);
        }
    }

    /// Passes a line on in one piece: two halves of a secret would not be known for one.
    fn end_line(&mut self, line: &mut (dyn FnMut(Stream, &str) + Send)) {
        let text = String::from_utf8_lossy(&self.partial);
        if self.too_long {
            line(self.stream, &line_without_end(&text));
        } else {
            line(self.stream, text.trim_end_matches('\r'));
        }
        self.partial.clear();
        self.too_long = false;
    }
}

/// `exit 3`, `was ended by signal 9`, `did not end within 3 s and was ended`.
pub fn end_text(end: End, deadline: Duration) -> String {
    match end {
        End::Exit(code) => format!("exit {code}"),
        End::Signal(signal) => format!("was ended by signal {signal}"),
        End::Deadline => format!("did not end within {} and was ended", spoken_time(deadline)),
    }
}

/// Bounded memory of what a program printed.
#[derive(Debug, Default)]
pub struct Capture {
    stdout: String,
    last_out: String,
    last_err: String,
}

impl Capture {
    /// Takes one line.
    pub fn add(&mut self, stream: Stream, line: &str) {
        if !line.trim().is_empty() {
            line.clone_into(match stream {
                Stream::Out => &mut self.last_out,
                Stream::Err => &mut self.last_err,
            });
        }
        if stream == Stream::Out && self.stdout.len() + line.len() < STDOUT_BYTES_MAX {
            self.stdout.push_str(line);
            self.stdout.push('\n');
        }
    }

    /// The beginning of what it printed to standard output.
    pub fn stdout(&self) -> &str {
        &self.stdout
    }

    /// `: the last complaint`, else the last line printed, or nothing when it printed none.
    pub fn last_words(&self) -> String {
        match (self.last_err.as_str(), self.last_out.as_str()) {
            ("", "") => String::new(),
            ("", line) | (line, _) => format!(": {line}"),
        }
    }
}
