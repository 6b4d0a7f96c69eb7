//! What every dialog is made of.

pub(in crate::ui::dialog) use super::fields::{
    LEAD, exact, fact, leave_row, rule, words as words_field,
};
pub(in crate::ui::dialog) use super::keys::{PAGE, checked, read, too_short};
pub(in crate::ui::dialog) use crate::ui::command::Command;
pub(in crate::ui::dialog) use crate::ui::facts::Facts;
pub(in crate::ui::dialog) use crate::ui::field::Field;
pub(in crate::ui::dialog) use crate::ui::meant::scroll_by;
pub(in crate::ui::dialog) use crate::ui::model::Model;
pub(in crate::ui::dialog) use crate::ui::over::{
    After, Care, Dialog, Hand, Hints, Manner, Scrolls, Typing, Wants,
};
pub(in crate::ui::dialog) use crate::ui::panel::phrase;
pub(in crate::ui::dialog) use crate::ui::screen::Screen;
pub(in crate::ui::dialog) use crate::ui::widget::ink::{
    CRIT, FOCUS, INFO, Ink, MUTED, OK, SELECTION, STALE, TEXT, UNKNOWN, WARN,
};
pub(in crate::ui::dialog) use crate::ui::widget::row::{Row, hanging, paragraph, width_of, wrap};
pub(in crate::ui::dialog) use crate::ui::widget::sheet::{Room, Sheet};
pub(in crate::ui::dialog) use crate::ui::wish::Wish;
