//! Programs that behave badly, and steps made of them.

use std::sync::{Arc, Mutex};

use super::actions::ACTIONS;
use super::*;
use crate::domain::preview::Standing;
use crate::domain::text::{Clean, LINE_BYTES_MAX, WITHHELD};
use crate::port::Action;
use crate::port::OperateError;
use crate::systems::kit::child::{GRACE, Start, Stream};
use crate::systems::kit::testing::{Lines, Stage, execution, probe_setup, spec, table};

const LONG: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(300);

fn shell(script: &str) -> Start {
    let argv = ["sh", "-c", script].map(str::to_owned).to_vec();
    Start { argv, env: Vec::new(), cwd: None }
}

async fn run(start: &Start, deadline: Duration, grace: Duration) -> (End, Vec<String>) {
    let mut lines = Vec::new();
    let mut keep = |stream: Stream, line: &str| lines.push(format!("{stream:?} {line}"));
    let end = start.run(None, deadline, grace, &mut keep).await.expect("it starts");
    (end, lines)
}

/// True while a process of this group exists. A zombie's group counts, so ask until it is reaped.
fn alive(group: i32) -> bool {
    let group = rustix::process::Pid::from_raw(group).expect("a group");
    rustix::process::test_kill_process_group(group).is_ok()
}

/// Waits until the group is gone; the test hangs and fails when it never is.
async fn gone(group: i32) {
    let gone = async {
        while alive(group) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(LONG, gone).await.expect("the group is gone");
}

#[tokio::test]
async fn ends_are_told_apart() {
    let check = async |script: &str, want: End, want_lines: &[&str]| {
        let (end, mut lines) = run(&shell(script), LONG, GRACE).await;
        // Two pipes have no order between them.
        lines.sort_by_key(|line| line.starts_with("Err"));
        assert_eq!((end, lines), (want, want_lines.iter().map(ToString::to_string).collect()));
    };
    check("exit 0", End::Exit(0), &[]).await;
    check("echo one; echo two >&2; exit 3", End::Exit(3), &["Out one", "Err two"]).await;
    check("printf 'no end'", End::Exit(0), &["Out no end"]).await;
    check("printf 'a\\r\\n\\377\\n'", End::Exit(0), &["Out a", "Out \u{fffd}"]).await;
    check("kill -9 $$", End::Signal(9), &[]).await;
    // Nothing to read, and nothing inherited but the path.
    check("cat; env | grep -v -e ^PWD -e ^SHLVL -e ^_ -e ^PATH; true", End::Exit(0), &[]).await;
}

#[tokio::test]
async fn an_exit_is_an_end_even_with_open_pipes() {
    // The grandchild holds both pipes; it is left alone, and the test itself ends it.
    let (end, lines) = run(&shell("sleep 600 & echo $$; exit 0"), LONG, GRACE).await;
    assert_eq!(end, End::Exit(0));
    let group = lines[0].trim_start_matches("Out ").parse().expect("the group's number");
    assert!(alive(group), "what a command leaves running is its own business");
    let pid = rustix::process::Pid::from_raw(group).expect("a group");
    rustix::process::kill_process_group(pid, rustix::process::Signal::KILL).expect("it is ours");
    gone(group).await;
}

#[tokio::test]
async fn a_deadline_ends_the_whole_group() {
    let check = async |script: &str, grace: Duration, want_line: &str| {
        let (end, lines) = run(&shell(script), SHORT, grace).await;
        assert_eq!(end, End::Deadline, "{script}");
        let group = lines[0].trim_start_matches("Out ").parse().expect("the group's number");
        assert_eq!(lines.get(1).map_or("", String::as_str), want_line, "{script}");
        gone(group).await;
    };
    // Ends when asked to, ends when made to, and its children with it.
    check("trap 'echo bye; exit 0' TERM; echo $$; sleep 600 & wait", LONG, "Out bye").await;
    check("trap '' TERM; echo $$; sleep 600; sleep 600", SHORT, "").await;
    check("echo $$; sleep 600 & trap '' TERM; sleep 600", SHORT, "").await;
}

#[tokio::test]
async fn dropping_ends_the_group() {
    let group = Arc::new(Mutex::new(None));
    let (seen, start) = (Arc::clone(&group), shell("echo $$; sleep 600"));
    let (sender, mut told) = tokio::sync::mpsc::unbounded_channel();
    let task = tokio::spawn(async move {
        let mut keep = |_: Stream, line: &str| {
            *seen.lock().expect("one at a time") = line.parse::<i32>().ok();
            let _ = sender.send(());
        };
        start.run(None, LONG, GRACE, &mut keep).await
    });
    told.recv().await.expect("it starts");
    task.abort();
    let group = group.lock().expect("one at a time").expect("its number");
    gone(group).await;
}

#[tokio::test]
async fn a_flood_is_bounded_and_ends() {
    let flood = shell("echo one; cat /dev/zero | tr '\\0' x");
    let (end, lines) = run(&flood, SHORT, SHORT).await;
    assert_eq!((end, lines.len()), (End::Deadline, 2));
    assert_eq!(lines[0], "Out one");
    assert!(lines[1].len() < LINE_BYTES_MAX && lines[1].ends_with(WITHHELD), "{}", lines[1].len());
    let flood = shell("yes 'a line' | head -c 1000000");
    let (end, lines) = run(&flood, LONG, SHORT).await;
    assert_eq!((end, lines.len()), (End::Exit(0), 142_858));
}

#[tokio::test]
async fn a_line_is_passed_on_in_one_piece() {
    // Two halves of a secret would not be known for one.
    for length in [4095, 4096, 4097, 9000, LINE_BYTES_MAX] {
        let (_, lines) = run(&shell(&format!("printf '%{length}s\\n' end")), LONG, SHORT).await;
        assert_eq!((lines.len(), lines[0].len()), (1, length + 4), "{length}");
    }
}

#[tokio::test]
async fn looks_become_readings() {
    let check = async |settings: &str, want: &str| {
        let spec = spec(&format!("timeout = '400ms'\nb = {{ {settings} }}"));
        let mut probe = Command.probe(probe_setup(&spec)).expect("right");
        let found = match probe.look().await.b.expect("B is there") {
            Ok(reading) => match &reading.health {
                Health::Up => format!("Up: {}", reading.note),
                Health::Degraded(why) => format!("Degraded: {why}"),
                Health::Down(why) => format!("Down: {why}"),
                Health::Unknown(why) => format!("Unknown: {why}"),
            },
            Err(error) => format!("{:?}: {error}", error.kind),
        };
        assert_eq!(found, want, "{settings}");
    };
    check("argv = ['true']", "Up: exit 0 in 12 ms").await;
    check("argv = ['false']", "Down: exit 1 in 12 ms, expected 0").await;
    let talks = "argv = ['sh', '-c', 'echo \"{\\\"ok\\\": false}\"; echo oh no >&2']";
    check(
        &format!("{talks}, success = {{ json = {{ '/ok' = true }} }}"),
        "Down: exit 0 in 12 ms, /ok is false, expected true: oh no",
    )
    .await;
    check(
        "argv = ['false'], degraded = { exit = 1 }",
        "Degraded: exit 1 in 12 ms, and it calls itself degraded",
    )
    .await;
    check("argv = ['sleep', '600']", "Timeout: `sleep` did not answer within 400 ms").await;
    check(
        "argv = ['/no/such'] ",
        "Ours: failed to start `/no/such`: No such file or directory (os error 2)",
    )
    .await;
    check(
        "argv = ['true'], env = ['WR_NO_SUCH']",
        "Ours: the environment variable `WR_NO_SUCH` is not set",
    )
    .await;
    check("argv = ['sh', '-c', 'kill -9 $$']", "Ours: `sh` was ended by signal 9").await;
}

fn action(name: &str) -> &'static dyn Action {
    ACTIONS.iter().copied().find(|action| action.spec().name == name).expect("it exists")
}

#[tokio::test]
async fn steps_look_before_and_after() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().display();
    let with = format!(
        "argv = ['sh', '-c', 'echo \"$1\" > $0/fence; echo set', '{path}', '{{from}} {{key}}']\n\
         check = ['test', '-e', '{path}/fence']"
    );
    let set = action("command.set");
    set.check_settings(&table(&with), None).expect("right");
    let stage = Stage::new(set.spec(), &with, None);
    let mut operator = set.operator(stage.setup()).expect("right");
    assert!(operator.senses());
    assert_eq!(operator.check().await, Standing::NotDone("check: exit 1".into()));
    let preview = operator.preview().await;
    assert!(preview.call.as_str().contains("\"a {key}\""), "{}", preview.call);
    let mut lines = Lines::default();
    let applied = operator.apply(&execution(), &mut lines).await;
    assert_eq!(applied, Ok("exit 0 in 12 ms".into()));
    assert_eq!(lines.0, ["set"]);
    assert_eq!(operator.check().await, Standing::Done("check: exit 0".into()));
    let written = std::fs::read_to_string(folder.path().join("fence")).expect("written");
    assert_eq!(written, "a run-1/the-step/1\n");
}

#[tokio::test]
async fn failures_say_what_they_prove() {
    let check = async |with: &str, want: OperateError| {
        let run = action("command.run");
        let stage = Stage::new(run.spec(), with, None);
        let mut operator = run.operator(stage.setup()).expect("right");
        let applied = operator.apply(&execution(), &mut Lines::default()).await;
        assert_eq!(applied, Err(want), "{with}");
    };
    let says = |text: &str| Clean::new(text);
    let fails = "argv = ['sh', '-c', 'echo half done; exit 3']";
    let ambiguous = says("exit 3 in 12 ms, expected 0: half done");
    check(fails, OperateError::Ambiguous(ambiguous)).await;
    let refused = says("exit 3 in 12 ms, by which it says it changed nothing: half done");
    check(&format!("{fails}\nrefused = [3, 4]"), OperateError::Refused(refused)).await;
    let lies = says("exit 0 in 12 ms, \"done\" is not in the answer");
    check("argv = ['true']\nsuccess = { stdout_contains = 'done' }", OperateError::Ambiguous(lies))
        .await;
    let never = says("failed to start `/no/such`: No such file or directory (os error 2)");
    check("argv = ['/no/such']", OperateError::Refused(never)).await;
    let hangs = says("the command did not end within 2 s and was ended");
    check("argv = ['sleep', '600']", OperateError::Ambiguous(hangs)).await;
}

#[tokio::test]
async fn checks_that_do_not_tell_are_unknown() {
    let check = async |with: &str, want: &str| {
        let run = action("command.run");
        let stage = Stage::new(run.spec(), &format!("argv = ['true']\n{with}"), None);
        let mut operator = run.operator(stage.setup()).expect("right");
        assert_eq!(operator.check().await, Standing::Unknown(want.into()), "{with}");
    };
    let no_check = "the step has no `check`, so nothing tells whether the command took effect";
    check("", no_check).await;
    check("check = ['sh', '-c', 'exit 2']", "check: exit 2").await;
    check("check = ['sh', '-c', 'kill -9 $$']", "check: was ended by signal 9").await;
    check("check = ['sleep', '600']", "check: did not end within 2 s and was ended").await;
}

#[tokio::test]
async fn check_waits_until_it_is_so() {
    let folder = tempfile::tempdir().expect("a folder");
    // Not so when asked first, so from the second time on.
    let script = "test -e $0/seen && exit 0; touch $0/seen; echo wait; exit 1";
    let path = folder.path().display();
    let with = format!("check = ['sh', '-c', '{script}', '{path}']");
    let looks = action("command.check");
    let stage = Stage::new(looks.spec(), &with, None);
    let mut operator = looks.operator(stage.setup()).expect("right");
    let mut lines = Lines::default();
    let applied = operator.apply(&execution(), &mut lines).await;
    assert_eq!(applied, Ok("check: exit 0".into()));
    assert_eq!(lines.0, ["check: exit 1: wait"]);
}

#[test]
fn wrong_settings_are_refused() {
    let check = |name: &str, with: &str, want: &str| {
        let refusal = action(name).check_settings(&table(with), None).map_err(|f| f.message);
        assert_eq!(refusal, Err(want.to_owned()), "{with}");
    };
    check("command.run", "", "command.run needs `argv`, a list with the program first");
    check(
        "command.set",
        "argv = ['x']",
        "command.set needs `check`, a list with the program first",
    );
    check(
        "command.run",
        "argv = ['fence {form}']",
        "`{form}` is not a placeholder; did you mean `{from}`?",
    );
    check(
        "command.set",
        "argv = ['x']\ncheck = ['y', '{run}']",
        "`{run}` is not known here, only while an attempt runs",
    );
    check(
        "command.check",
        "argv = ['x']\ncheck = ['y']",
        "`argv` is not a key of `with` of command.check; known are check, env, cwd",
    );
    check(
        "command.run",
        "argv = 'fence a'",
        "`argv` in `with` of command.run must be a list of texts, not a text",
    );
    check(
        "command.run",
        "argv = ['x']\ncwd = 'here'",
        "`cwd` in `with` of command.run must be an absolute path, starting with `/`",
    );
}
