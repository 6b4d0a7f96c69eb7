//! The runner's side: an operator that does what the environment says, well or badly.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use secrecy::SecretString;
use warroom::domain::ids::Side;
use warroom::domain::preview::{Preview, Standing};
use warroom::domain::run::commit::Execution;
use warroom::domain::run::event::{Mode, RunKind};
use warroom::domain::runbook::Direction;
use warroom::domain::text::{CLEAN_CHARS_MAX, Clean, LINE_BYTES_MAX};
use warroom::port::{Boxed, OperateError, Operator, Output};
use warroom::runtime::journal::format::sha256;
use warroom::runtime::runner::{Prepared, RunnerContext};

use crate::{ACT, PATIENCE, SECRET};

pub fn build(context: &RunnerContext) -> Result<Prepared, Clean> {
    let act = std::env::var(ACT).unwrap_or_default();
    if act == "hang in build" {
        mark(&context.attempt_dir, "building");
        loop {
            thread::park();
        }
    }
    if act == "refuse to build" {
        return Err("the token: s3cr3t-t0ken is not accepted".into());
    }
    assert_eq!((context.site.as_str(), context.runbook.as_str()), ("site text", "runbook text"));
    assert_eq!((context.kind, context.mode), (RunKind::Drill, Mode::Ungraceful));
    assert_eq!(context.direction, Direction { from: Side::A, to: Side::B });
    Ok(Prepared {
        timeout: match act.as_str() {
            "late" | "late check" | "late look" => Duration::from_millis(50),
            "late child" => Duration::from_secs(3),
            _ => PATIENCE,
        },
        proves: act == "already, to prove",
        secrets_known: vec![SecretString::from(SECRET)],
        keys: keys(&context.run_dir),
        operator: Box::new(Hands { act, folder: context.attempt_dir.clone() }),
    })
}

/// What stands for the site of a run: another one for each stage.
pub fn keys(run_dir: &Path) -> BTreeSet<String> {
    BTreeSet::from([sha256(run_dir.as_os_str().as_encoded_bytes()).hex()])
}

fn mark(folder: &Path, name: &str) {
    let mut file =
        fs::OpenOptions::new().create(true).append(true).open(folder.join(name)).unwrap();
    file.write_all(b"x").unwrap();
}

/// Says that it lives by a lock that it and all it starts hold, waits for `go`, and leaves a line.
const CHILD: &str = "exec 9>alive; flock -n 9 || exit 9; echo $$ > pid; touch up; \
                     until [ -e go ]; do sleep 0.01; done; echo 1 >> effects";

/// What is run in a shell, where that is what is done.
fn script_of(act: &str) -> Option<String> {
    Some(match act {
        "child" | "late child" => CHILD.to_owned(),
        "leaves" => format!("({CHILD}) & until [ -e up ]; do sleep 0.01; done"),
        "daemon" => "setsid sh -c 'exec 9>alive; flock 9; touch up; sleep 600' &".to_owned(),
        "polite" => {
            "trap 'touch termed; exit 0' TERM; touch up; while :; do sleep 0.02; done".to_owned()
        }
        "stubborn" => "trap '' TERM; exec 9>alive; flock 9; touch up; sleep 600".to_owned(),
        other => other.strip_prefix("sh: ")?.to_owned(),
    })
}

/// Lines and a message in which a secret lies across every place where a text may be cut.
fn cut_secrets(output: &mut dyn Output) -> String {
    let at = |bytes: usize| format!("{}{SECRET} and on", "x ".repeat(bytes / 2));
    for bytes in (CLEAN_CHARS_MAX - 2 * SECRET.len()..CLEAN_CHARS_MAX + 4).step_by(2) {
        output.line(&at(bytes));
    }
    for bytes in (LINE_BYTES_MAX - 2 * SECRET.len()..LINE_BYTES_MAX + 4).step_by(2) {
        output.line(&at(bytes));
    }
    at(CLEAN_CHARS_MAX - SECRET.len() / 2)
}

async fn wait_for(folder: &Path, name: &str) {
    while !folder.join(name).exists() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

struct Hands {
    act: String,
    folder: PathBuf,
}

impl Hands {
    /// As the commands of a plan are run: in a group of their own, ended when nobody waits.
    async fn run(&self, script: &str, output: &mut dyn Output) -> Result<Clean, OperateError> {
        let mut command = tokio::process::Command::new("sh");
        command.args(["-c", script]).current_dir(&self.folder).stdin(Stdio::null());
        let mut child = command.process_group(0).kill_on_drop(true).spawn().unwrap();
        let status = child.wait().await.unwrap();
        output.line(&format!("{status}"));
        if status.success() {
            return Ok("it ran".into());
        }
        Err(OperateError::Ambiguous(status.to_string().as_str().into()))
    }
}

/// Prints nowhere.
struct Nowhere;

impl Output for Nowhere {
    fn line(&mut self, _: &str) {}
}

impl Operator for Hands {
    fn check(&mut self) -> Boxed<'_, Standing> {
        Box::pin(async {
            match self.act.as_str() {
                "slow check" => {
                    mark(&self.folder, "checking");
                    wait_for(&self.folder, "go").await;
                    Standing::NotDone("still standby".into())
                }
                "look" | "late look" => {
                    mark(&self.folder, "checking");
                    // Whoever ends the program that looks has not told it anything.
                    let script = "touch up; while :; do sleep 0.02; done";
                    let _ = self.run(script, &mut Nowhere).await;
                    Standing::NotDone("still standby".into())
                }
                "already" | "already, to prove" => Standing::Done("it was promoted before".into()),
                "late check" | "hang in check" => {
                    mark(&self.folder, "checking");
                    std::future::pending().await
                }
                "blind" | "senseless" => Standing::Unknown("no answer".into()),
                _ => Standing::NotDone("still standby".into()),
            }
        })
    }

    fn senses(&self) -> bool {
        self.act != "senseless"
    }

    fn preview(&mut self) -> Boxed<'_, Preview> {
        Box::pin(async { Preview::default() })
    }

    fn apply<'a>(
        &'a mut self,
        execution: &'a Execution,
        output: &'a mut dyn Output,
    ) -> Boxed<'a, Result<Clean, OperateError>> {
        Box::pin(async move {
            mark(&self.folder, "acted");
            if let Some(script) = script_of(&self.act) {
                return self.run(&script, output).await;
            }
            match self.act.as_str() {
                "refused" => Err(OperateError::Refused("not a standby".into())),
                "permission" => Err(OperateError::Permission("no right to promote".into())),
                "ambiguous" => Err(OperateError::Ambiguous("the connection was cut".into())),
                "hang" | "late" => {
                    output.line("about to hang");
                    mark(&self.folder, "acting");
                    std::future::pending().await
                }
                "panic" => panic!("a fault"),
                "flood" => {
                    for number in 0..60_000 {
                        output.line(&format!("line {number} {}", "y".repeat(20)));
                    }
                    output.line(&"z".repeat(3_000_000));
                    output.line("the last line");
                    Ok("flooded".into())
                }
                "secret" => {
                    output.line(&format!("password is {SECRET}"));
                    output.line("Authorization: Bearer abcdefghijklmnop");
                    output.line("-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA7\nabc");
                    Ok(format!("logged in with {SECRET}").as_str().into())
                }
                "environment" => {
                    for (name, value) in std::env::vars() {
                        output.line(&format!("{name}={value}"));
                    }
                    Ok("printed".into())
                }
                "cut" => Ok(cut_secrets(output).as_str().into()),
                "orphan" => {
                    let child = Command::new("sh")
                        .args([
                            "-c",
                            "trap '' TERM; exec 9>alive; flock -n 9 || exit 1; touch up; \
                            while :; do sleep 1; done",
                        ])
                        .current_dir(&self.folder)
                        .spawn();
                    drop(child);
                    std::future::pending().await
                }
                _ => {
                    output.line(&format!("key {}", execution.key()));
                    Ok("promoted".into())
                }
            }
        })
    }
}
