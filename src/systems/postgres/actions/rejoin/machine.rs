//! Runs PostgreSQL's programs on the machine of a server: argv only, what they print line by line.

use std::time::Duration;

use crate::port::{OperateError, Output};
use crate::systems::kit::child::{Capture, End, GRACE, Start, end_text};

/// The longest that a program may take which only looks or touches one file.
const ASK_MAX: Duration = Duration::from_secs(30);

/// Where programs run.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Machine {
    /// What leads to the machine; nothing for this one.
    pub(super) through: Vec<String>,
    /// Names of the variables that it sees beside `PATH`.
    pub(super) env: Vec<String>,
    /// The folder of PostgreSQL's programs.
    pub(super) bin: Option<String>,
}

/// How a program ended.
pub(super) struct Answer {
    /// Its exit code.
    pub(super) code: i32,
    /// What it printed.
    pub(super) said: Capture,
}

impl Answer {
    /// What it printed, where it succeeded; else the error that its last words make.
    pub(super) fn succeeded<E>(self, failed: impl FnOnce(String) -> E) -> Result<Capture, E> {
        if self.code == 0 { Ok(self.said) } else { Err(failed(self.said.last_words())) }
    }
}

impl Machine {
    /// One of PostgreSQL's programs with its arguments and variables. Its words are English, so
    /// that they can be read here; every argument means itself to a shell too.
    pub(super) fn tool(&self, variables: &[String], name: &str, arguments: &[&str]) -> Vec<String> {
        let program = self.bin.as_ref().map_or(name.to_owned(), |bin| format!("{bin}/{name}"));
        let mut argv = vec!["env".to_owned(), "LC_ALL=C".to_owned()];
        argv.extend(variables.iter().cloned());
        argv.push(program);
        argv.extend(arguments.iter().map(|argument| (*argument).to_owned()));
        argv
    }

    /// Runs a program that is done in a moment, with a text on its stdin if there is one.
    pub(super) async fn ask(
        &self,
        argv: &[String],
        text: Option<&str>,
    ) -> Result<Answer, OperateError> {
        self.run(argv, text, ASK_MAX, None).await
    }

    /// Runs a program and passes on what it prints as it comes.
    pub(super) async fn tell(
        &self,
        argv: &[String],
        limit: Duration,
        output: &mut dyn Output,
    ) -> Result<Answer, OperateError> {
        output.line(&argv.join(" "));
        self.run(argv, None, limit, Some(output)).await
    }

    async fn run(
        &self,
        argv: &[String],
        text: Option<&str>,
        limit: Duration,
        mut output: Option<&mut dyn Output>,
    ) -> Result<Answer, OperateError> {
        let argv: Vec<String> = self.through.iter().chain(argv).cloned().collect();
        let name = argv.join(" ");
        let start = Start { argv, env: self.env.clone(), cwd: Some("/".into()) };
        let mut said = Capture::default();
        let mut line = |stream, line: &str| {
            said.add(stream, line);
            if let Some(output) = &mut output {
                output.line(line.trim());
            }
        };
        let end = start.run(text, limit, GRACE, &mut line).await;
        match end {
            Ok(End::Exit(code)) => Ok(Answer { code, said }),
            Ok(end) => Err(OperateError::Ambiguous(
                format!("`{name}` {}{}", end_text(end, limit), said.last_words()).into(),
            )),
            Err(trouble) => Err(OperateError::Refused(trouble.message)),
        }
    }
}
