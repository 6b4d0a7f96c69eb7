//! What an attempt started and what of it still runs, found again by what its runner recorded.
//!
//! A runner leads a session of its own, and what it starts stays in that session unless it leaves
//! it by `setsid(2)`. Linux tells every process's session and parent in `/proc` (`proc(5)`). One
//! that left and whose parent waits for it, as `setsid --wait` and some `sudo` do, is of it too;
//! one whose parent is gone is a daemon, and is not.
//! Where there is no `/proc`, only the runner's own process group can be asked for: a child in a
//! group of its own is not seen there. The same is so for processes of others where `/proc` hides
//! them (`hidepid`), and for a console in another process namespace than the runner.

use std::fs;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use rustix::process::{
    Pid, Signal, getpid, kill_process, kill_process_group, test_kill_process_group,
};

use super::folder::Spawned;
use crate::domain::run::event::Pressure;
use crate::domain::text::Clean;
use crate::domain::time::BootId;
use crate::runtime::clock::Timer;

/// How long what an attempt started may take to end after TERM, before KILL.
pub const GRACE: Duration = Duration::from_secs(5);

/// The time between two looks at who is left.
pub const LOOK_EVERY: Duration = Duration::from_millis(50);

/// How often KILL is sent to what is left: something may be started in between. What is still
/// there then waits for a disk, or belongs to somebody else.
const KILLS_MAX: u32 = 20;

/// Processes named before the rest is only counted.
const NAMED_MAX: usize = 6;

/// The processes of one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Group {
    leader: i32,
    /// When its leader was started, in ticks of the kernel; 0 where that is not known.
    started: u64,
}

/// One process that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    pid: i32,
    name: Clean,
    started: u64,
}

impl Group {
    /// The group that a runner recorded; none when the machine was started again since: nothing of
    /// it can run any more.
    pub fn recorded(spawned: &Spawned, boot: BootId) -> Option<Self> {
        let started = spawned.started.unwrap_or(0);
        (spawned.at.boot == boot).then_some(Self { leader: spawned.pid, started })
    }

    /// The group that this process leads.
    pub fn own() -> Self {
        let leader = own_number();
        let started = Stat::of(leader).map_or(0, |stat| stat.started);
        Self { leader, started }
    }

    /// A few characters that [`Group::of_code`] reads, while the machine runs.
    pub fn code(&self) -> String {
        format!("{}.{}", self.leader, self.started)
    }

    /// The group that such characters stand for.
    pub fn of_code(code: &str) -> Option<Self> {
        let (leader, started) = code.split_once('.')?;
        Some(Self { leader: leader.parse().ok()?, started: started.parse().ok()? })
    }

    /// When its leader was started, in ticks of the kernel; none where that is not known.
    pub fn started(&self) -> Option<u64> {
        (self.started > 0).then_some(self.started)
    }

    /// What of it runs now, without this process.
    pub fn members(&self) -> Vec<Member> {
        self.with(&[])
    }

    /// Its members, and what runs of those that were known to be of it.
    fn with(&self, known: &[Member]) -> Vec<Member> {
        // A process that is started while the list is read is missed only where its number is lower
        // than its parent's and that ends just then; it is in the next list.
        let first = self.look(known);
        if first.is_empty() { self.look(known) } else { first }
    }

    /// True when nothing of it but its leader runs.
    pub fn is_leader_alone(&self, members: &[Member]) -> bool {
        members.iter().all(|member| member.pid == self.leader)
    }

    /// What runs of it, and of what was known to be of it.
    fn look(&self, known: &[Member]) -> Vec<Member> {
        let Some(all) = processes() else { return self.look_without_list() };
        let leader = all.iter().find(|stat| stat.pid == self.leader);
        if leader.is_some_and(|leader| self.started > 0 && leader.started != self.started) {
            // A number is not given away while a group or a session has it: this is a stranger.
            return Vec::new();
        }
        let own = own_number();
        let in_session = |stat: &Stat| {
            let known = known.iter().any(|one| one.pid == stat.pid && one.started == stat.started);
            known || stat.group == self.leader || stat.session == self.leader
        };
        let (mut of_it, mut others): (Vec<Stat>, Vec<Stat>) = all
            .into_iter()
            .filter(|stat| stat.runs() && stat.started >= self.started)
            .partition(in_session);
        let mut first = 0;
        while first < of_it.len() {
            let parent = of_it[first].pid;
            let (children, rest) = others.into_iter().partition(|stat| stat.parent == parent);
            others = rest;
            of_it.extend::<Vec<Stat>>(children);
            first += 1;
        }
        of_it.into_iter().filter(|stat| stat.pid != own).map(Stat::member).collect()
    }

    fn look_without_list(&self) -> Vec<Member> {
        let alive =
            Pid::from_raw(self.leader).is_some_and(|group| test_kill_process_group(group).is_ok());
        let name = "and its process group".into();
        let all = Member { pid: self.leader, name, started: 0 };
        if alive && self.leader != own_number() { vec![all] } else { Vec::new() }
    }

    /// Ends what there is: TERM, [`GRACE`], then KILL. `note` is told what was sent to whom. Waits
    /// meanwhile.
    pub fn end(&self, mut note: impl FnMut(Pressure, &Clean)) {
        // Whoever loses its parent on the way is not let go.
        let mut known = Vec::new();
        let Some(told) = self.press(Signal::TERM, &mut known) else { return };
        note(Pressure::Term, &told);
        if gone_within(GRACE, || self.gather(&mut known).is_empty()) {
            return;
        }
        for round in 0..KILLS_MAX {
            let Some(told) = self.press(Signal::KILL, &mut known) else { return };
            if round == 0 {
                note(Pressure::Kill, &told);
            }
            sleep(LOOK_EVERY);
        }
    }

    /// Its members, and those of `known` that still run; they are known from then on.
    fn gather(&self, known: &mut Vec<Member>) -> Vec<Member> {
        let members = self.with(known);
        known.clone_from(&members);
        members
    }

    /// Signals each of them; to whom, none when nobody is there.
    fn press(&self, signal: Signal, known: &mut Vec<Member>) -> Option<Clean> {
        let members = self.gather(known);
        let refused: Vec<&Member> =
            members.iter().filter(|member| !Self::send(member, signal)).collect();
        let mut told = words(&members);
        if !refused.is_empty() {
            told = format!("{told}; not allowed for {}", named(refused.into_iter()));
        }
        (!members.is_empty()).then(|| told.into())
    }

    /// False when it may not be signalled by this user. That it has just ended is as good.
    fn send(member: &Member, signal: Signal) -> bool {
        let Some(pid) = Pid::from_raw(member.pid) else { return true };
        let sent = match Stat::of(member.pid) {
            Some(now) if now.started == member.started => kill_process(pid, signal),
            None if member.started == 0 => kill_process_group(pid, signal),
            Some(_) | None => Ok(()),
        };
        sent != Err(rustix::io::Errno::PERM)
    }
}

/// Looks until all are gone, or until the time is over, however long a look takes: a busy machine
/// is read slowly.
fn gone_within(time: Duration, mut is_gone: impl FnMut() -> bool) -> bool {
    let timer = Timer::start();
    while timer.passed() < time {
        sleep(LOOK_EVERY);
        if is_gone() {
            return true;
        }
    }
    false
}

/// `2 processes (4711 sh, 4712 sleep)`.
pub fn words(members: &[Member]) -> String {
    let count = members.len();
    let noun = if count == 1 { "process" } else { "processes" };
    format!("{count} {noun} ({})", named(members.iter()))
}

fn named<'a>(members: impl Iterator<Item = &'a Member>) -> String {
    let mut names: Vec<String> =
        members.map(|member| format!("{} {}", member.pid, member.name)).collect();
    let more = names.len().saturating_sub(NAMED_MAX);
    names.truncate(NAMED_MAX);
    if more > 0 {
        names.push(format!("{more} more"));
    }
    names.join(", ")
}

fn own_number() -> i32 {
    getpid().as_raw_nonzero().get()
}

/// What `/proc/<pid>/stat` says of a process.
#[derive(Debug, PartialEq, Eq)]
struct Stat {
    pid: i32,
    name: Clean,
    state: char,
    parent: i32,
    group: i32,
    session: i32,
    threads: u64,
    started: u64,
}

impl Stat {
    fn of(pid: i32) -> Option<Self> {
        // A name may be bytes that are no text.
        let bytes = fs::read(Path::new("/proc").join(pid.to_string()).join("stat")).ok()?;
        Self::parse(&String::from_utf8_lossy(&bytes))
    }

    /// `4711 (a name) S 1 4711 4711 ...`; the name may itself have brackets and spaces.
    fn parse(line: &str) -> Option<Self> {
        let (head, rest) = line.rsplit_once(") ")?;
        let (pid, name) = head.split_once(" (")?;
        let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
        // The manual counts from 1 and the number; these count from the state, which is its 3rd.
        Some(Self {
            pid: pid.parse().ok()?,
            name: name.into(),
            state: fields.first()?.chars().next()?,
            parent: fields.get(1)?.parse().ok()?,
            group: fields.get(2)?.parse().ok()?,
            session: fields.get(3)?.parse().ok()?,
            threads: fields.get(17)?.parse().ok()?,
            started: fields.get(19)?.parse().ok()?,
        })
    }

    /// False for what only waits to be taken note of. A program whose first thread has ended looks
    /// so too, while its other threads go on.
    fn runs(&self) -> bool {
        !matches!(self.state, 'Z' | 'X' | 'x') || self.threads > 1
    }

    fn member(self) -> Member {
        Member { pid: self.pid, name: self.name, started: self.started }
    }
}

/// Every process that can be seen; none where there is no list.
fn processes() -> Option<Vec<Stat>> {
    Stat::of(own_number())?;
    let entries = fs::read_dir("/proc").ok()?;
    let number = |entry: fs::DirEntry| entry.file_name().to_str()?.parse().ok();
    Some(entries.filter_map(Result::ok).filter_map(number).filter_map(Stat::of).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_process_list_is_read_whatever_the_name() {
        let rest = "S 1 40 41 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 3 0 987 1 1";
        for name in ["sh", "a b", ") S 1 1 1", "((", ""] {
            let stat = Stat::parse(&format!("42 ({name}) {rest}")).expect("a process");
            assert_eq!((stat.pid, stat.group, stat.session), (42, 40, 41), "{name}");
            assert_eq!((stat.state, stat.threads, stat.started), ('S', 3, 987), "{name}");
            assert_eq!(stat.name, Clean::new(name));
        }
        for broken in ["", "42", "42 (sh)", "42 (sh) S 1 2", "x (sh) S 1 2 3 4"] {
            assert_eq!(Stat::parse(broken), None, "{broken}");
        }
    }

    #[test]
    fn the_dead_do_not_run_but_a_program_without_its_first_thread_does() {
        let runs = |state: char, threads: u64| {
            let line = format!("4 (x) {state} 1 4 4 0 -1 0 1 0 0 0 0 0 0 0 20 0 {threads} 0 9 1");
            Stat::parse(&line).expect("a process").runs()
        };
        assert!(runs('S', 1) && runs('D', 1) && runs('T', 1) && runs('R', 9));
        assert!(!runs('Z', 1) && !runs('X', 1));
        assert!(runs('Z', 2));
    }

    #[test]
    fn a_number_that_was_given_away_is_nobodys() {
        let this = Group::own();
        let Some(started) = this.started() else { return };
        // Somebody else had this process's number before.
        let before = Group { leader: this.leader, started: started - 1 };
        assert_eq!(before.members(), []);
    }

    #[test]
    fn a_grace_is_a_time_however_slowly_the_list_is_read() {
        let slow = LOOK_EVERY * 4;
        let check = |gone_at: u32, looks_max: u32| {
            let mut looks = 0;
            let is_gone = gone_within(slow, || {
                sleep(slow);
                looks += 1;
                looks == gone_at
            });
            assert!(looks <= looks_max, "{looks}");
            assert_eq!(is_gone, gone_at == 1);
        };
        check(1, 1);
        check(9, 1);
    }

    #[test]
    fn many_are_counted() {
        let one = |pid| Member { pid, name: "sh".into(), started: 1 };
        assert_eq!(words(&[one(7)]), "1 process (7 sh)");
        let all: Vec<Member> = (1..=8).map(one).collect();
        assert_eq!(words(&all), "8 processes (1 sh, 2 sh, 3 sh, 4 sh, 5 sh, 6 sh, 2 more)");
    }
}
