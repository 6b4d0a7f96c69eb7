//! The steps `command.run`, `command.set` and `command.check`.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::plan::{WORDS, check_placeholders, filled, read_start};
use crate::domain::catalogue::{ActionSpec, Change, Class, Fencing, Guard};
use crate::domain::preview::{Preview, PreviewLine, Standing};
use crate::domain::run::commit::Execution;
use crate::domain::setting::{Kind, Setting};
use crate::domain::settings::{Fault, Fields, Table};
use crate::domain::site::SystemSpec;
use crate::domain::text::Clean;
use crate::domain::time::spoken_time;
use crate::port::{Action, Boxed, Clock, OperateError, Operator, OperatorSetup, Output};
use crate::systems::kit::child::{Capture, End, GRACE, Start, Stream, end_text};
use crate::systems::kit::placeholders::Placeholders;
use crate::systems::kit::rule::{Rule, integers};
use crate::systems::kit::wait::{PAUSE_MIN, Patience};

/// The longest that one run of a `check` may take.
const CHECK_TIMEOUT_MAX: Duration = Duration::from_secs(30);

/// What a check says of a command that has none: whoever finds an attempt open must ask a person.
const NO_CHECK: &str = "the step has no `check`, so nothing tells whether the command took effect";

/// The exit code by which a `check` says that it is not so.
const NOT_SO: i32 = 1;

/// All steps of the kind.
pub const ACTIONS: &[&dyn Action] = &[
    &CommandAction { spec: &RUN, needs: Needs::Program },
    &CommandAction { spec: &SET, needs: Needs::Both },
    &CommandAction { spec: &CHECK, needs: Needs::Check },
];

const ARGV: Setting<Vec<String>> = Setting::new(
    "argv",
    Kind::Texts(256),
    "The program and its arguments; may hold {from}, {to}, {from_label}, {to_label}, {step}, \
     {run}, {attempt}, {key}",
)
.required()
.example("[\"true\"]");

const CHECK_IF_ANY: Setting<Vec<String>> = Setting::new(
    "check",
    Kind::Texts(256),
    "A program that tells whether it is so: exit 0 yes, 1 no, else unknown; may hold the \
     placeholders except {run}, {attempt}, {key}",
);

const CHECK_NEEDED: Setting<Vec<String>> = CHECK_IF_ANY.required().example("[\"false\"]");

const ENV: Setting<Vec<String>> = Setting::new(
    "env",
    Kind::Texts(256),
    "Names of the environment variables both see beside PATH",
);

const CWD: Setting<PathBuf> = Setting::new("cwd", Kind::Path, "The folder both start in");

const SUCCESS: Setting<Table> = Setting::new(
    "success",
    Kind::Shape("a rule"),
    "What proves success: `exit` (0), `stdout_contains`, `json`",
);

const REFUSED: Setting<Table> = Setting::new(
    "refused",
    Kind::Shape("a whole number, or a list of them"),
    "Exit codes by which the command says that it changed nothing",
);

const PERMISSIONS: &[&str] = &["to run the program as the console's own user"];

static RUN: ActionSpec = ActionSpec {
    name: "command.run",
    doc: "Runs a program, once",
    verb: "run",
    class: Class::X,
    guard: Guard::TypedVerb,
    fencing: Fencing::NotFenced,
    change: Change::None,
    reversal: "By another command, if there is one; the plan says which",
    permissions: PERMISSIONS,
    needs_target: false,
    settings: &[ARGV.spec, CHECK_IF_ANY.spec, ENV.spec, CWD.spec, SUCCESS.spec, REFUSED.spec],
};

static SET: ActionSpec = ActionSpec {
    name: "command.set",
    doc: "Runs a program that sets an absolute state, looked at before and after",
    verb: "set",
    class: Class::I,
    guard: Guard::StopWindow,
    fencing: Fencing::NotFenced,
    change: Change::None,
    reversal: "By setting the former state with another command; the plan says which",
    permissions: PERMISSIONS,
    needs_target: false,
    settings: &[ARGV.spec, CHECK_NEEDED.spec, ENV.spec, CWD.spec, SUCCESS.spec, REFUSED.spec],
};

static CHECK: ActionSpec = ActionSpec {
    name: "command.check",
    doc: "Runs a looking program until it says yes or the step's time is over",
    permissions: PERMISSIONS,
    needs_target: false,
    settings: &[CHECK_NEEDED.spec, ENV.spec, CWD.spec],
    ..ActionSpec::LOOK
};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Needs {
    Program,
    Both,
    Check,
}

struct CommandAction {
    spec: &'static ActionSpec,
    needs: Needs,
}

/// The settings of a step.
struct Plan {
    program: Option<(Start, Rule, Vec<i64>)>,
    check: Option<Start>,
}

impl CommandAction {
    fn read(&self, with: &Table) -> Result<Plan, Fault> {
        let name = self.spec.name;
        let what = format!("`with` of {name}");
        let fields = Fields::new(with, what.as_str());
        let missing = |key: &str| {
            Fault::new(with.span, format!("{name} needs `{key}`, a list with the program first"))
        };
        let check = read_start(&fields, "check", &what)?;
        if let Some(check) = &check {
            check_placeholders(check, false, with.span)?;
        } else if self.needs != Needs::Program {
            return Err(missing("check"));
        }
        let program = if self.needs == Needs::Check {
            None
        } else {
            let start = read_start(&fields, "argv", &what)?.ok_or_else(|| missing("argv"))?;
            check_placeholders(&start, true, with.span)?;
            let success = fields.table("success")?;
            let success = Rule::read(success, WORDS, &[0], &format!("`success` of {what}"))?;
            let refused = integers(&fields, "refused", WORDS.range, &what)?.unwrap_or_default();
            Some((start, success, refused))
        };
        fields.finish()?;
        Ok(Plan { program, check })
    }
}

impl Action for CommandAction {
    fn spec(&self) -> &'static ActionSpec {
        self.spec
    }

    fn check_settings(&self, with: &Table, _system: Option<&SystemSpec>) -> Result<(), Fault> {
        self.read(with).map(drop)
    }

    fn operator(&self, setup: OperatorSetup<'_>) -> Result<Box<dyn Operator>, Fault> {
        let plan = self.read(setup.with)?;
        let filler = Placeholders::of_plan(&setup);
        Ok(Box::new(CommandOperator {
            program: plan.program,
            check: plan.check.map(|check| filled(&check, &filler)),
            filler,
            deadline: setup.step.timeout,
            clock: setup.clock,
        }))
    }
}

struct CommandOperator {
    program: Option<(Start, Rule, Vec<i64>)>,
    check: Option<Start>,
    filler: Placeholders,
    deadline: Duration,
    clock: Arc<dyn Clock>,
}

/// Exit 0 is done, 1 is not done, anything else does not tell.
async fn standing(check: Option<&Start>, deadline: Duration) -> Standing {
    let Some(check) = check else { return Standing::Unknown(NO_CHECK.into()) };
    let deadline = deadline.min(CHECK_TIMEOUT_MAX);
    let mut capture = Capture::default();
    let mut keep = |stream: Stream, line: &str| capture.add(stream, line);
    match check.run(None, deadline, PAUSE_MIN, &mut keep).await {
        Err(failure) => Standing::Unknown(failure.message),
        Ok(end) => {
            let text = format!("check: {}{}", end_text(end, deadline), capture.last_words());
            match end {
                End::Exit(0) => Standing::Done(text.into()),
                End::Exit(NOT_SO) => Standing::NotDone(text.into()),
                End::Exit(_) | End::Signal(_) | End::Deadline => Standing::Unknown(text.into()),
            }
        }
    }
}

/// The arguments as one line, those with spaces in quotes. For reading only.
fn shown(argv: &[String]) -> String {
    let quoted = argv.iter().map(|argument| {
        let plain = !argument.is_empty() && !argument.contains(char::is_whitespace);
        if plain { argument.clone() } else { format!("\"{argument}\"") }
    });
    quoted.collect::<Vec<String>>().join(" ")
}

impl CommandOperator {
    async fn run(
        &self,
        (start, success, refused): &(Start, Rule, Vec<i64>),
        execution: &Execution,
        output: &mut dyn Output,
    ) -> Result<Clean, OperateError> {
        let start = filled(start, &self.filler.with_attempt(execution));
        let began = self.clock.now();
        let mut capture = Capture::default();
        let mut line = |stream: Stream, line: &str| {
            capture.add(stream, line);
            output.line(line);
        };
        let end = match start.run(None, self.deadline, GRACE, &mut line).await {
            Ok(end) => end,
            Err(failure) => return Err(OperateError::Refused(failure.message)),
        };
        let took = spoken_time(self.clock.now().since(began));
        let said = capture.last_words();
        let End::Exit(code) = end else {
            let text = format!("the command {}{said}", end_text(end, self.deadline));
            return Err(OperateError::Ambiguous(text.into()));
        };
        let code = i64::from(code);
        match success.judge(code, capture.stdout()) {
            Ok(()) => Ok(format!("exit {code} in {took}").into()),
            Err(_) if refused.contains(&code) => {
                let text = format!("exit {code} in {took}, by which it says it changed nothing");
                Err(OperateError::Refused(format!("{text}{said}").into()))
            }
            // What a command did before it failed, it does not say.
            Err(why) => {
                Err(OperateError::Ambiguous(format!("exit {code} in {took}, {why}{said}").into()))
            }
        }
    }
}

impl Operator for CommandOperator {
    fn senses(&self) -> bool {
        self.check.is_some()
    }

    fn check(&mut self) -> Boxed<'_, Standing> {
        Box::pin(standing(self.check.as_ref(), self.deadline))
    }

    fn preview(&mut self) -> Boxed<'_, Preview> {
        let line = |mark, text: String| PreviewLine { mark, text: text.into() };
        let mut changes = Vec::new();
        let call = if let Some((start, ..)) = &self.program {
            let start = filled(start, &self.filler);
            changes.push(line('~', format!("`{}` is run", start.argv[0])));
            shown(&start.argv)
        } else {
            changes.push(line('~', "changes nothing, it only looks".to_owned()));
            self.check.as_ref().map(|check| shown(&check.argv)).unwrap_or_default()
        };
        match &self.check {
            Some(check) => changes.push(line('~', format!("looked at by {}", shown(&check.argv)))),
            None => changes
                .push(line('!', "nothing looks afterwards whether it took effect".to_owned())),
        }
        let acts_as = "the console's own user on this host".into();
        Box::pin(std::future::ready(Preview { changes, call: call.into(), acts_as }))
    }

    fn apply<'a>(
        &'a mut self,
        execution: &'a Execution,
        output: &'a mut dyn Output,
    ) -> Boxed<'a, Result<Clean, OperateError>> {
        Box::pin(async {
            if let Some(program) = &self.program {
                return self.run(program, execution, output).await;
            }
            let clock = Arc::clone(&self.clock);
            let patience = Patience { clock, pause: PAUSE_MIN, deadline: self.deadline };
            patience.until_done(output, self).await
        })
    }
}
