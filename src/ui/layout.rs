//! How much fits into a terminal of a size, and where the content stands in it.

use ratatui::layout::Rect;

use super::panel::strip::Look;
use super::screen::Screen;
use super::widget::sheet::{Fold, Room, room};

/// How much fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// One line.
    Tiny,
    /// From 40x8: the worst thing, the clocks, the current step.
    Small,
    /// Narrow but high: panels above each other.
    Portrait,
    /// From 80x24.
    Compact,
    /// From 120x36.
    Medium,
    /// From 160x48.
    Large,
}

impl Class {
    /// What fits into a terminal of this size.
    pub fn of(width: u16, height: u16) -> Self {
        match (width, height) {
            (160.., 48..) => Self::Large,
            (120.., 36..) => Self::Medium,
            (80.., 24..) => Self::Compact,
            (40.., 24..) => Self::Portrait,
            (40.., 8..) => Self::Small,
            _ => Self::Tiny,
        }
    }

    /// How the strip looks in it.
    pub(super) fn strip(self, dialog: bool) -> Look {
        match (self, dialog) {
            (Self::Large, _) => Look::Five,
            (Self::Medium, false) => Look::Three,
            (Self::Portrait, false) => Look::Stack,
            (Self::Medium | Self::Portrait, true) | (Self::Compact | Self::Small, false) => {
                Look::Two
            }
            (Self::Compact | Self::Small, true) | (Self::Tiny, _) => Look::One,
        }
    }
}

pub(super) fn next_height(class: Class) -> u16 {
    if class == Class::Portrait { 2 } else { 1 }
}

pub(super) fn content(area: Rect, class: Class, strip_height: u16) -> Rect {
    let top = 2 + strip_height;
    let height = area.height.saturating_sub(top + next_height(class) + 1);
    Rect::new(area.x, area.y + top, area.width, height)
}

/// Where a dialog stands on a terminal of this size, while there is a sentence for the person.
pub fn dialog_content(screen: &Screen<'_>, (width, height): (u16, u16)) -> Rect {
    let class = Class::of(width, height);
    let strip = class.strip(true).height_on(screen);
    let content = content(Rect::new(0, 0, width, height), class, strip);
    Rect { height: content.height.saturating_sub(1), ..content }
}

/// How far the open dialog must be scrolled before Enter counts in it, and how far it can be.
pub fn reach(screen: &Screen<'_>) -> Fold {
    let Some(open) = &screen.model.dialog else { return Fold::default() };
    let content = dialog_content(screen, screen.model.size);
    let sheet = open.sheet(screen, Room::of(content, screen.model.size));
    let whole = Fold::of(sheet.body.len(), 0, room(content, sheet.foot.len()));
    Fold { last: open.fold(screen).last, ..whole }
}
