//! Programs: run as a probe in both regions, run as steps; argv only, never a shell.

mod actions;
mod plan;

#[cfg(test)]
mod tests;

use std::time::Duration;

use crate::domain::catalogue::FactSpec;
use crate::domain::reading::{Fact, FactValue, Health, Look, LookError, LookErrorKind, Reading};
use crate::domain::settings::Fault;
use crate::domain::site::SystemSpec;
use crate::domain::time::spoken_time;
use crate::port::{About, Clock, Probe, ProbeSetup, System};
use crate::systems::kit::child::{Capture, End, end_text};
use crate::systems::kit::each::{EachSide, Looked};
use crate::systems::kit::sides::both_sides;
use crate::systems::kit::trouble::Trouble;
use plan::Program;

/// The time a probe that is over its timeout has for ending by itself.
const LOOK_GRACE: Duration = Duration::from_millis(100);

/// The kind `command`.
pub struct Command;

const FACTS: &[FactSpec] = &[
    FactSpec { name: "exit", doc: "the program's exit code, 0 to 255" },
    FactSpec { name: "took", doc: "the time from its start to its end" },
    FactSpec { name: "stdout", doc: "the first line that it printed" },
];

static ABOUT: About = About {
    kind: "command",
    doc: "Runs a program and judges its exit code and output",
    settings: plan::SETTINGS,
    facts: FACTS,
    permissions: &["to run the program as the console's own user"],
    grants: &[],
    actions: actions::ACTIONS,
    example_name: "queue",
    example_pace: ["10s", "2s"],
};

impl System for Command {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn secrets_to_watch(&self, spec: &SystemSpec) -> Result<Vec<String>, Fault> {
        both_sides(spec, Program::read).map(|_| Vec::new())
    }

    fn probe(&self, setup: ProbeSetup<'_>) -> Result<Box<dyn Probe>, Fault> {
        Ok(EachSide::boxed(&setup, both_sides(setup.spec, Program::read)?))
    }
}

impl Looked for Program {
    async fn look(&self, clock: &dyn Clock, limit: Duration) -> Look {
        look(self, clock, limit).await
    }
}

async fn look(program: &Program, clock: &dyn Clock, timeout: Duration) -> Look {
    let at = clock.now();
    let mut capture = Capture::default();
    let end = program
        .start
        .run(None, timeout, LOOK_GRACE, &mut |stream, line| capture.add(stream, line))
        .await?;
    let took = clock.now().since(at);
    let name = program.start.argv.first().map_or("", String::as_str);
    let code = match end {
        End::Exit(code) => code,
        End::Deadline => return Err(Trouble::timeout(&format!("`{name}`"), timeout).into()),
        // A program that breaks says nothing of what it should have looked at.
        End::Signal(_) => {
            let why = format!("`{name}` {}", end_text(end, timeout));
            return Err(LookError::new(LookErrorKind::Ours, why));
        }
    };
    let head = format!("exit {code} in {}", spoken_time(took));
    let said = capture.last_words();
    let judge = program.success.judge(code.into(), capture.stdout());
    let health = match (&program.degraded, judge) {
        (Some(rule), _) if rule.judge(code.into(), capture.stdout()).is_ok() => {
            Health::Degraded(format!("{head}, and it calls itself degraded{said}").into())
        }
        (_, Ok(())) => Health::Up,
        (_, Err(why)) => Health::Down(format!("{head}, {why}{said}").into()),
    };
    let mut reading = Reading::new(at, health, head);
    reading.took_ms = u64::try_from(took.as_millis()).ok();
    let mut fact = |name: &str, value| reading.facts.push(Fact { name: name.to_owned(), value });
    fact("exit", FactValue::Number(f64::from(code)));
    fact("took", FactValue::Seconds(took.as_secs_f64()));
    if let Some(line) = capture.stdout().lines().next() {
        fact("stdout", FactValue::Text(line.into()));
    }
    Ok(reading)
}
