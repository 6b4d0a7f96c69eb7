//! Keys in the dialogs of the status update and of T0.

use super::dialogs::After;
use super::{Facts, Wish, moves, refuse};
use crate::domain::moment::{check_t0, read_moment};
use crate::domain::run::intent::{Intent, REASON_CHARS_MIN};
use crate::domain::text::Clean;
use crate::domain::time::Stamp;
use crate::ui::available::why_not;
use crate::ui::command::Command;
use crate::ui::keymap::Key;
use crate::ui::model::{Field, Model, SetT0, T0Field};

/// The most rows that a status update is scrolled by.
const UPDATE_ROWS_MAX: usize = 60;

/// The word that confirms a new T0.
pub const T0_WORD: &str = "t0";

/// A key in the status update.
pub(super) fn press_update(
    field: &mut Field,
    scroll: &mut usize,
    key: Key,
    command: Option<Command>,
) -> After {
    match command {
        Some(Command::Enter) => {
            let sentence = Clean::new(field.text.trim());
            return After::Close(vec![Wish::Update { sentence }]);
        }
        Some(_) => moves::scroll_by(scroll, UPDATE_ROWS_MAX, 10, command),
        None => {
            field.press(key);
        }
    }
    After::Stay(Vec::new())
}

/// The T0 that was typed, when it may be set.
///
/// # Errors
/// A sentence that says what is wrong.
pub fn wanted_t0(typed: &SetT0, facts: &Facts<'_>) -> Result<Stamp, String> {
    let t0 = read_moment(&typed.time.text, facts.now)?;
    let run = facts.run;
    let known = [run.map(|run| run.opened.0), run.and_then(|run| run.clock).map(|clock| clock.t0)];
    check_t0(t0, known.into_iter().flatten(), facts.now)?;
    Ok(t0)
}

/// A key in the dialog that moves T0.
pub(super) fn press_t0(
    model: &mut Model,
    facts: &Facts<'_>,
    typed: &mut SetT0,
    key: Key,
    command: Option<Command>,
) -> After {
    match command {
        Some(Command::Enter) => return enter_t0(model, facts, typed),
        Some(Command::NextPanel) => {
            typed.at = match typed.at {
                T0Field::Time => T0Field::Reason,
                T0Field::Reason => T0Field::Word,
                T0Field::Word => T0Field::Time,
            };
        }
        Some(_) | None => {
            let field = match typed.at {
                T0Field::Time => &mut typed.time,
                T0Field::Reason => &mut typed.reason,
                T0Field::Word => &mut typed.word,
            };
            field.press(key);
        }
    }
    After::Stay(Vec::new())
}

/// Goes on to the first field that is not right; the last Enter counts only when all are.
fn enter_t0(model: &mut Model, facts: &Facts<'_>, typed: &mut SetT0) -> After {
    let stay = After::Stay(Vec::new());
    let at = typed.at;
    let t0 = match wanted_t0(typed, facts) {
        Ok(t0) => t0,
        Err(why) => {
            typed.at = T0Field::Time;
            refuse(model, facts.now, why);
            return stay;
        }
    };
    if typed.reason.length() < REASON_CHARS_MIN {
        typed.at = T0Field::Reason;
        if at != T0Field::Time {
            let text = format!("the reason needs at least {REASON_CHARS_MIN} characters");
            refuse(model, facts.now, text);
        }
        return stay;
    }
    if typed.word.text != T0_WORD {
        typed.at = T0Field::Word;
        if at == T0Field::Word {
            refuse(model, facts.now, format!("type exactly `{T0_WORD}`"));
        }
        return stay;
    }
    if at != T0Field::Word {
        typed.at = T0Field::Word;
        return stay;
    }
    if let Some(why) = why_not(Command::SetT0, facts, model) {
        refuse(model, facts.now, why);
        return stay;
    }
    let (reason, typed) = (Clean::new(typed.reason.text.trim()), typed.word.text.clone());
    After::Close(vec![Wish::Intent(Intent::SetT0 { t0, typed, reason })])
}
