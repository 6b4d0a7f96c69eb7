//! What every panel is made of.

pub(in crate::ui::panel) use crate::ui::screen::Screen;
pub(in crate::ui::panel) use crate::ui::widget::ink::{
    BADGE_ARMED, BADGE_DRILL, BADGE_LIVE, BADGE_READONLY, BADGE_REPLAY, BADGE_SAFE, BADGE_SIM,
    CRIT, FOCUS, HELD, INFO, Ink, MUTED, NEXT, OK, PENDING, SELECTION, STALE, TEXT, UNKNOWN, WARN,
};
pub(in crate::ui::panel) use crate::ui::widget::row::{
    Row, as_many, cut, first_fit, fit, hanging, paragraph, width_of, wrap,
};
