//! What may lie over the content: its keys, its drawing and its hints, asked of all in one way.

use std::any::Any;
use std::fmt::Debug;

use ratatui::layout::Rect;

use super::command::{Command, Context, Given};
use super::facts::Facts;
use super::field::Field;
use super::keymap::Key;
use super::model::Model;
use super::screen::Screen;
use super::widget::canvas::Canvas;
use super::widget::sheet::{self, Fold, Room, Sheet};
use super::wish::Wish;

/// What lies over the content. Header, banner, strip, NEXT and keys are never covered.
pub trait Dialog: Kept + Debug + Send {
    /// Takes a key, and the command that it means here.
    fn press(&mut self, hand: &mut Hand<'_>) -> After;

    /// What it shows.
    fn sheet(&self, screen: &Screen<'_>, room: Room) -> Sheet;

    /// What its keys do now.
    fn hints(&self, screen: &Screen<'_>) -> Hints;

    /// What kind of dialog it is for keys.
    fn manner(&self) -> Manner {
        Manner::ASKS
    }

    /// Its fields.
    fn typing(&mut self, _: &Facts<'_>) -> Vec<Typing<'_>> {
        Vec::new()
    }

    /// Takes what the palette was given for it: never into a field that confirms.
    fn fill(&mut self, given: &Given, facts: &Facts<'_>) {
        let Some(words) = &given.words else { return };
        let mut typing = self.typing(facts).into_iter();
        if let Some(free) = typing.find(|typing| matches!(typing.wants, Wants::Words)) {
            *free.field = Field::holding(words);
        }
    }

    /// Takes the passing of time.
    fn tick(&mut self, _: &mut Model, _: &Facts<'_>) -> After {
        After::STAY
    }

    /// True where it judges by itself whether the terminal shows enough of what it does.
    fn minds_size(&self) -> bool {
        false
    }

    /// True while something in it counts down.
    fn is_counting(&self) -> bool {
        false
    }

    /// True while it is about to act, so that any key stops it.
    fn is_stopped_by_any_key(&self) -> bool {
        false
    }

    /// How far it must be scrolled before Enter counts in it.
    fn fold(&self, _: &Screen<'_>) -> Fold {
        Fold::default()
    }

    /// Draws it over the content.
    fn draw(&self, canvas: &mut Canvas<'_>, content: Rect, screen: &Screen<'_>) {
        let whole = canvas.area();
        let room = Room::of(content, (whole.width, whole.height));
        let mut sheet = self.sheet(screen, room);
        sheet.scroll = sheet.scroll.max(screen.model.dialog_scroll);
        sheet::draw(canvas, content, &sheet);
    }
}

/// What makes a dialog a value like any other.
pub trait Kept: Any {
    /// Another one like it.
    fn copied(&self) -> Box<dyn Dialog>;

    /// True when the other one is of its kind and holds the same.
    fn is_same(&self, other: &dyn Any) -> bool;
}

impl<T: Dialog + Clone + PartialEq> Kept for T {
    fn copied(&self) -> Box<dyn Dialog> {
        Box::new(self.clone())
    }

    fn is_same(&self, other: &dyn Any) -> bool {
        other.downcast_ref() == Some(self)
    }
}

impl Clone for Box<dyn Dialog> {
    fn clone(&self) -> Self {
        (**self).copied()
    }
}

impl PartialEq for dyn Dialog {
    fn eq(&self, other: &Self) -> bool {
        self.is_same(other)
    }
}

impl dyn Dialog {
    /// The dialog as what it is, when it is that.
    pub fn as_a<T: Dialog>(&self) -> Option<&T> {
        let any: &dyn Any = self;
        any.downcast_ref()
    }

    /// True for a command that moves its first row: it does that to every dialog that has no list
    /// to choose from and keeps no place of its own.
    pub fn is_scrolled_by(&self, command: Command) -> bool {
        match self.manner().scrolls {
            Scrolls::Whole if self.has_field() => {
                // The ends are those of the field.
                command.is_scroll() && !matches!(command, Command::First | Command::Last)
            }
            Scrolls::Whole => command.is_scroll(),
            Scrolls::Pages => matches!(command, Command::PageUp | Command::PageDown),
            Scrolls::Itself => false,
        }
    }

    /// True when letters go into a field.
    pub fn has_field(&self) -> bool {
        self.manner().contexts == [Context::Field]
    }
}

/// What becomes of a dialog after a key.
#[derive(Debug)]
pub enum After {
    /// It stays.
    Stay(Vec<Wish>),
    /// It is closed.
    Close(Vec<Wish>),
    /// Another one takes its place.
    Instead(Box<dyn Dialog>),
    /// A command takes its place, unless it is refused.
    Obey(Command, Given),
}

impl After {
    /// It stays, and nothing is wished.
    pub const STAY: Self = Self::Stay(Vec::new());
}

/// What a key that was meant for what lies beneath could do in a dialog.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Care {
    /// Nothing: it is only read, or only writes.
    Read,
    /// Something, but whoever types on at once means this dialog: letters confirm nothing in it.
    Typed,
    /// Something: one key more could accept it.
    Answered,
}

/// What moves the first row that is seen of a dialog.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scrolls {
    /// All keys that move a list.
    Whole,
    /// Pages; the others choose in it.
    Pages,
    /// It moves itself.
    Itself,
}

/// What kind of dialog one is for keys.
#[derive(Debug, Clone, Copy)]
pub struct Manner {
    /// What a key that was meant for what lies beneath could do in it.
    pub care: Care,
    /// Whose keys count while it is open, the innermost first.
    pub contexts: &'static [Context],
    /// What moves the first row that is seen of it.
    pub scrolls: Scrolls,
}

impl Manner {
    /// Enter accepts it.
    pub const ASKS: Self =
        Self { care: Care::Answered, contexts: &[Context::Dialog], scrolls: Scrolls::Whole };
    /// It is only read.
    pub const READ: Self = Self { care: Care::Read, ..Self::ASKS };
    /// Enter accepts what was typed.
    pub const FIELD: Self = Self { contexts: &[Context::Field], ..Self::ASKS };

    /// The same where it moves itself, or only by pages.
    pub const fn scrolling(self, scrolls: Scrolls) -> Self {
        Self { scrolls, ..self }
    }
}

/// A hand on the keys of a dialog: what it pressed, what it may look at and change.
#[derive(Debug)]
pub struct Hand<'h> {
    /// What the screen remembers, without the dialog.
    pub model: &'h mut Model,
    /// What is known.
    pub facts: &'h Facts<'h>,
    /// The key.
    pub key: Key,
    /// The command that it means here.
    pub command: Option<Command>,
}

impl Hand<'_> {
    /// Tells why not; the dialog stays.
    pub fn refuse(&mut self, why: impl Into<String>) -> After {
        self.model.refuse(self.facts.now, why);
        After::STAY
    }

    /// True for the key that accepts.
    pub fn enters(&self) -> bool {
        self.command == Some(Command::Enter)
    }
}

/// What a field wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wants {
    /// Words of the person's own.
    Words,
    /// The name of something that is on the screen.
    Name,
    /// This text and no other, which confirms.
    Exactly(String),
}

/// A field of a dialog.
#[derive(Debug)]
pub struct Typing<'d> {
    /// What was typed.
    pub field: &'d mut Field,
    /// What it wants.
    pub wants: Wants,
    /// True when it has the cursor.
    pub active: bool,
}

impl<'d> Typing<'d> {
    /// A field that wants this, with the cursor or without.
    pub fn of(field: &'d mut Field, wants: Wants, active: bool) -> Self {
        Self { field, wants, active }
    }

    /// A field that wants a text exactly.
    pub fn exactly(field: &'d mut Field, text: &str, active: bool) -> Self {
        Self::of(field, Wants::Exactly(text.to_owned()), active)
    }
}

/// What the keys of a dialog do.
#[derive(Debug, Clone, Copy)]
pub struct Hints {
    /// What is typed, for the last row.
    pub typed: Option<&'static str>,
    /// What Enter does once all that is asked for is there; none where nothing is asked for.
    pub enter: Option<&'static str>,
    /// The same in the last row, where there is little room.
    pub enter_word: &'static str,
    /// True where what cannot be accepted is only read.
    pub reads_else: bool,
    /// What tab does; none where it does nothing.
    pub tab: Option<&'static str>,
    /// What moves in it.
    pub moves: &'static [&'static str],
    /// What esc does.
    pub esc: &'static str,
    /// What is about to happen, while any key stops it.
    pub counts: Option<&'static str>,
}

impl Hints {
    /// Of what is only read.
    pub const READ: Self = Self {
        typed: None,
        enter: None,
        enter_word: "accept",
        reads_else: false,
        tab: None,
        moves: &[],
        esc: "close",
        counts: None,
    };

    /// Of what Enter accepts.
    pub const fn ask(does: &'static str) -> Self {
        Self { enter: Some(does), esc: "leave, nothing happens", ..Self::READ }
    }

    /// The same where something is typed.
    pub const fn typed(does: &'static str) -> Self {
        Self { typed: Some("type"), ..Self::ask(does) }
    }
}
