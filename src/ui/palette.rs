//! The palette: which commands a typed text means, with arguments, best first. It opens what the
//! command's key opens and nothing more.

use nucleo_matcher::pattern::{AtomKind, CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use super::available::why_not;
use super::command::{Acts, COMMANDS, Command, CommandSpec, Given, Takes};
use super::facts::Facts;
use super::model::Model;
use crate::domain::ids::StepId;
use crate::domain::run::words;
use crate::domain::runbook::{Runbook, Step};
use crate::domain::text::Clean;

/// What a row does when it is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    /// What the command's key does, with these arguments.
    Do(Command, Given),
    /// Write this into the field.
    Complete(String),
}

/// One row of the palette.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaletteRow {
    /// The name as it is typed, or as it would be completed.
    pub name: String,
    /// What may follow.
    pub usage: &'static str,
    /// What it does.
    pub doc: Clean,
    /// The command.
    pub command: Command,
    /// Why it cannot be used now; none when it can.
    pub why_not: Option<Clean>,
    /// What Enter does.
    pub taken: Taken,
}

/// The rows that a typed text means, best first.
pub fn rows(text: &str, facts: &Facts<'_>, model: &Model) -> Vec<PaletteRow> {
    let row = |spec: &&'static CommandSpec| named(spec, facts, model);
    match spelled(text) {
        Some((spelling, rest)) => argued(spelling, rest, facts, model),
        None => search(text).iter().map(row).collect(),
    }
}

/// The commands whose name or words a text could mean, best first; all of them for no text.
pub fn search(text: &str) -> Vec<&'static CommandSpec> {
    let wanted = plain(text.trim());
    if wanted.is_empty() {
        // What only moves the eye has a key under every hand: it comes last.
        let (moves, others): (Vec<_>, Vec<_>) =
            COMMANDS.iter().partition(|spec| spec.acts == Acts::Moves);
        return others.into_iter().chain(moves).collect();
    }
    let mut fuzzy = scorer(&wanted, AtomKind::Fuzzy);
    let mut whole = scorer(&wanted, AtomKind::Substring);
    let mut found: Vec<(u32, &CommandSpec)> = COMMANDS
        .iter()
        .filter_map(|spec| {
            let name = plain(spec.name);
            let exact = u32::from(name == wanted) + u32::from(name.starts_with(&wanted));
            let by_name = fuzzy(&name).map(|score| score + 10_000 * (1 + exact));
            let rank = by_name.or_else(|| whole(spec.doc))?;
            Some((rank, spec))
        })
        .collect();
    found.sort_by_key(|(rank, _)| std::cmp::Reverse(*rank));
    found.into_iter().map(|(_, spec)| spec).collect()
}

/// How well texts match what is wanted; none for one that does not.
fn scorer(wanted: &str, kind: AtomKind) -> impl FnMut(&str) -> Option<u32> {
    let pattern = Pattern::new(wanted, CaseMatching::Ignore, Normalization::Smart, kind);
    let (mut matcher, mut buffer) = (Matcher::new(Config::DEFAULT), Vec::new());
    move |text| pattern.score(Utf32Str::new(text, &mut buffer), &mut matcher)
}

/// Names are searched in words, so that `t0 set` and `t0-set` are one.
fn plain(text: &str) -> String {
    text.to_lowercase().replace('-', " ")
}

/// The command whose name stands before arguments, and what follows it.
pub fn spelled(text: &str) -> Option<(&'static CommandSpec, &str)> {
    let text = text.trim_start();
    let follows = |spec: &'static CommandSpec| {
        let length = spec.typed.len();
        let (name, rest) = (text.get(..length)?, text.get(length..)?);
        let same = plain(name) == plain(spec.typed) && rest.starts_with(' ');
        (same && spec.takes != Takes::Nothing).then(|| (spec, rest.trim_start()))
    };
    COMMANDS.iter().find_map(follows)
}

fn named(spec: &'static CommandSpec, facts: &Facts<'_>, model: &Model) -> PaletteRow {
    // Of the panels each has a name of its own.
    let name = if spec.takes == Takes::Panel { spec.name } else { spec.typed };
    let usage = if spec.takes == Takes::Panel { "" } else { spec.usage };
    let taken = if spec.command == Command::Select {
        Taken::Complete(format!("{name} "))
    } else {
        Taken::Do(spec.command, Given::default())
    };
    PaletteRow {
        name: name.to_owned(),
        usage,
        doc: spec.doc.into(),
        command: spec.command,
        why_not: why_not(spec.command, facts, model),
        taken,
    }
}

/// The rows of a name with arguments: the steps that the text could mean, or the one line it is.
fn argued(
    spelling: &'static CommandSpec,
    rest: &str,
    facts: &Facts<'_>,
    model: &Model,
) -> Vec<PaletteRow> {
    let steps = match spelling.takes {
        Takes::Step | Takes::StepAndReason => meant_steps(rest, facts.runbook),
        _ => Vec::new(),
    };
    if !steps.is_empty() {
        return steps.into_iter().map(|step| of_step(spelling, step, facts, model)).collect();
    }
    let Ok((command, given)) = read(spelling, rest, facts.runbook) else { return Vec::new() };
    let doc = command.spec().map_or("", |spec| spec.doc);
    let why_not = match &given.step {
        Some(step) => about(command, step, facts, model),
        None => why_not(command, facts, model),
    };
    vec![PaletteRow {
        name: spelling.typed.to_owned(),
        usage: spelling.usage,
        doc: doc.into(),
        command,
        why_not,
        taken: Taken::Do(command, given),
    }]
}

/// The steps that a word which is not yet a step could mean; none once it is one, or once the
/// reason is being written.
fn meant_steps<'a>(rest: &str, runbook: Option<&'a Runbook>) -> Vec<&'a Step> {
    let Some(runbook) = runbook else { return Vec::new() };
    if runbook.meant(rest.trim_end()).is_some() || rest.trim_end().contains(' ') {
        return Vec::new();
    }
    let mut score = scorer(rest.trim(), AtomKind::Fuzzy);
    let scored = runbook.steps.iter().filter_map(|step| Some((score(step.id.as_str())?, step)));
    let mut found: Vec<(u32, &Step)> = scored.collect();
    found.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    found.into_iter().map(|(_, step)| step).collect()
}

fn of_step(
    spelling: &'static CommandSpec,
    step: &Step,
    facts: &Facts<'_>,
    model: &Model,
) -> PaletteRow {
    let name = format!("{} {}", spelling.typed, step.id);
    let taken = if spelling.takes == Takes::StepAndReason {
        Taken::Complete(format!("{name} "))
    } else {
        let given = Given { step: Some(step.id.clone()), ..Given::default() };
        Taken::Do(spelling.command, given)
    };
    PaletteRow {
        name,
        usage: if spelling.takes == Takes::StepAndReason { "REASON" } else { "" },
        doc: words::name(facts.runbook, &step.id).into(),
        command: spelling.command,
        why_not: about(spelling.command, &step.id, facts, model),
        taken,
    }
}

/// Why a command is not possible for a step that is named.
pub fn about(command: Command, step: &StepId, facts: &Facts<'_>, model: &Model) -> Option<Clean> {
    let named = facts.runbook.and_then(|runbook| runbook.step(step));
    super::available::why_not_step(command, facts, model, named)
}

/// Reads the arguments of a command.
///
/// # Errors
/// A sentence: what was expected, and an example.
pub fn read(
    spelling: &CommandSpec,
    rest: &str,
    runbook: Option<&Runbook>,
) -> Result<(Command, Given), String> {
    let rest = rest.trim();
    let mut given = Given::default();
    let words = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    match spelling.takes {
        Takes::Nothing => {}
        Takes::Words => given.words = words(rest),
        Takes::Panel => {
            let number = rest.parse().ok().filter(|number| (1..=6).contains(number));
            let number = number.ok_or_else(|| fault(spelling, "a number from 1 to 6", rest))?;
            return Ok((Command::Panel(number), given));
        }
        Takes::Step | Takes::StepAndReason => {
            let (name, reason) = rest.split_once(' ').unwrap_or((rest, ""));
            let known = runbook.and_then(|book| book.meant(name));
            let step = known
                .ok_or_else(|| fault(spelling, "a step of this runbook or its number", name))?;
            if spelling.takes == Takes::Step && !reason.is_empty() {
                return Err(fault(spelling, "a step and nothing after it", reason.trim()));
            }
            given.step = Some(step.id.clone());
            given.words = words(reason.trim());
        }
        Takes::MomentAndReason => {
            let (moment, reason) = rest.split_once(' ').unwrap_or((rest, ""));
            given.moment = words(moment);
            given.words = words(reason.trim());
        }
    }
    Ok((spelling.command, given))
}

fn fault(spelling: &CommandSpec, wanted: &str, found: &str) -> String {
    let CommandSpec { typed: words, example, .. } = spelling;
    let found = if found.is_empty() { "nothing".to_owned() } else { format!("`{found}`") };
    format!("`{words}` wants {wanted}, not {found}; for example: {example}")
}

/// Why a text means nothing.
pub fn nothing(text: &str, facts: &Facts<'_>) -> String {
    if let Some((spelling, rest)) = spelled(text)
        && let Err(why) = read(spelling, rest, facts.runbook)
    {
        return why;
    }
    format!("no command is called `{}`: esc leaves, ctrl-u empties the field", text.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_by_a_few_letters() {
        let check = |text: &str, want: &[&str]| {
            let found: Vec<&str> = search(text).into_iter().map(|spec| spec.name).collect();
            assert!(found.starts_with(want), "`{text}` found {found:?}");
        };
        check("run", &["run"]);
        check("arm", &["arm"]);
        check("note", &["note"]);
        check("ack", &["acknowledge"]);
        check("dec", &["declare"]);
        check("dclr", &["declare"]);
        check("DECLARE", &["declare"]);
        check("t0 set", &["t0-set"]);
        check("t0-s", &["t0-set"]);
        check("panel 4", &["panel-4"]);
        check("step", &["step", "abort-step"]);
        check("abort", &["abort-step", "abort-run"]);
        check("abrun", &["abort-run"]);
        check("stat", &["update"]);
        check("losses", &["accept-ledger"]);
        check("zzz", &[]);
        assert!(search("zzz").is_empty());
        assert_eq!(search("").len(), COMMANDS.len(), "no text shows every command");
        assert_eq!(search("  ").len(), COMMANDS.len());
        for spec in COMMANDS {
            let first = search(spec.name)[0];
            assert_eq!(first.name, spec.name, "the whole name is found first");
            let parts = spec.name.replace('-', " ");
            assert_eq!(search(&parts)[0].name, spec.name);
        }
    }

    #[test]
    fn a_name_before_a_blank_takes_arguments() {
        let check = |text: &str, want: Option<(&str, &str)>| {
            let found = spelled(text).map(|(spelling, rest)| (spelling.typed, rest));
            assert_eq!(found, want, "`{text}`");
        };
        check("note", None);
        check("note ", Some(("note", "")));
        check("note  two words ", Some(("note", "two words ")));
        check("notes are", None);
        check("t0 set 14:02Z why", Some(("t0 set", "14:02Z why")));
        check("T0-SET 14:02Z", Some(("t0 set", "14:02Z")));
        check("abort step x", Some(("abort-step", "x")));
        check("é", None);
        check("declaré x", None);
    }

    #[test]
    fn every_spelling_is_a_command_with_an_example_of_itself() {
        let takes = |spec: &&CommandSpec| spec.takes != Takes::Nothing;
        for spelling in COMMANDS.iter().filter(takes) {
            let (found, rest) = spelled(spelling.example).expect(spelling.example);
            assert_eq!(found, spelling);
            assert!(!rest.is_empty(), "{}", spelling.example);
        }
        for spec in
            COMMANDS.iter().filter(|spec| matches!(spec.command, Command::Select | Command::SetT0))
        {
            assert!(takes(&spec), "{}", spec.name);
        }
    }
}
