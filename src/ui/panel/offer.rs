//! What NEXT is made of: words, and keys that do now what is written beside them.

use crate::domain::runbook::Step;
use crate::domain::text::Clean;
use crate::ui::available::why_not_offered;
use crate::ui::command::Command;
use crate::ui::meant::meant;
use crate::ui::model::{Model, Panel};
use crate::ui::screen::{Access, Screen};
use crate::ui::update::{Facts, GUARDED_SIZE_MIN, back_leaves, steps_shown};
use crate::ui::widget::ink::NEXT;
use crate::ui::widget::row::{Row, cut, width_of, wrap};

use super::words;

/// Between two pieces.
const GAP: &str = "   ";

/// Words that would be cut shorter than this are left out.
const WORDS_MIN: usize = 12;

/// One piece of NEXT.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The command whose key stands before the text; none for words.
    pub command: Option<Command>,
    /// The key, as it is bound.
    key: String,
    /// What it does, or the words.
    pub text: String,
}

impl Piece {
    /// As it is written.
    #[must_use]
    pub fn written(&self) -> String {
        if self.key.is_empty() { self.text.clone() } else { format!("{} {}", self.key, self.text) }
    }
}

/// What to do now, piece by piece; a key is in it only when it is not refused now.
#[derive(Debug, Clone)]
pub struct Offers<'q, 'a> {
    screen: &'q Screen<'a>,
    pieces: Vec<Piece>,
}

impl<'q, 'a> Offers<'q, 'a> {
    /// None yet.
    #[must_use]
    pub fn of(screen: &'q Screen<'a>) -> Self {
        Self { screen, pieces: Vec::new() }
    }

    /// The pieces.
    #[must_use]
    pub fn pieces(self) -> Vec<Piece> {
        self.pieces
    }

    /// With words that name no key.
    #[must_use]
    pub fn say(mut self, text: impl Into<String>) -> Self {
        self.pieces.push(Piece { command: None, key: String::new(), text: text.into() });
        self
    }

    /// With a key of the open dialog, which is named as it is.
    #[must_use]
    pub fn press(mut self, command: Command, key: &str, text: impl Into<String>) -> Self {
        let (command, key, text) = (Some(command), key.to_owned(), text.into());
        self.pieces.push(Piece { command, key, text });
        self
    }

    /// With a key about the whole run, what leads there, or why there is none.
    #[must_use]
    pub fn run(self, command: Command, what: &str) -> Self {
        self.offer(command, None, what).unwrap_or_else(|(without, why)| without.say(why))
    }

    /// The same, and nothing where it is refused.
    #[must_use]
    pub fn also(self, command: Command, what: &str) -> Self {
        self.offer(command, None, what).unwrap_or_else(|(without, _)| without)
    }

    /// With a key about a step, what leads there, or why there is none.
    #[must_use]
    pub fn step(self, command: Command, step: &Step, what: &str) -> Self {
        self.offer(command, Some(step), what).unwrap_or_else(|(without, why)| {
            without.say(format!("\"{}\" waits: {why}", step.title))
        })
    }

    /// The same, and nothing where it is refused.
    #[must_use]
    pub fn also_step(self, command: Command, step: &Step, what: &str) -> Self {
        self.offer(command, Some(step), what).unwrap_or_else(|(without, _)| without)
    }

    /// With the card of a step, where Enter opens that one.
    #[must_use]
    pub fn card(self, step: &Step, what: &str) -> Self {
        let lit = !matches!(self.screen.model.focus, Panel::RegionA | Panel::RegionB);
        if lit && self.is_meant(step) { self.key(Command::Enter, what) } else { self }
    }

    fn is_meant(&self, step: &Step) -> bool {
        let screen = self.screen;
        meant(&Facts::of(screen), screen.model).is_some_and(|meant| meant.id == step.id)
    }

    /// With a key that is possible; it is named once, by what is said of it first.
    fn key(self, command: Command, text: &str) -> Self {
        if self.pieces.iter().any(|piece| piece.command == Some(command)) {
            return self;
        }
        let key = words::key(self.screen, command);
        self.press(command, &key, text)
    }

    /// The key itself; where it is refused now, the key or the words that lead to it.
    fn offer(
        self,
        command: Command,
        step: Option<&Step>,
        what: &str,
    ) -> Result<Self, (Self, Clean)> {
        let (screen, facts) = (self.screen, Facts::of(self.screen));
        let Some(why) = why_not_offered(command, &facts, screen.model, step) else {
            return match step.filter(|step| !self.is_meant(step)) {
                Some(step) => Ok(self.toward(step, what)),
                None => Ok(self.key(command, what)),
            };
        };
        // Whether it is refused for one reason only is asked with that reason gone.
        let large = Model { size: size_wanted(screen.model.size), ..screen.model.clone() };
        let armed = match screen.access {
            Access::Safe => Facts { access: Access::Armed, ..facts },
            Access::Armed | Access::ReadOnly => facts,
        };
        if why_not_offered(command, &armed, &large, step).is_some() {
            return Err((self, why));
        }
        if why_not_offered(command, &armed, screen.model, step).is_some() {
            let (columns, rows) = GUARDED_SIZE_MIN;
            return Ok(self.say(format!("enlarge the terminal to {columns}x{rows} to {what}")));
        }
        if let Some(step) = step.filter(|step| !self.is_meant(step)) {
            return Ok(self.toward(step, what));
        }
        match why_not_offered(Command::Arm, &facts, screen.model, None) {
            None => Ok(self.key(Command::Arm, &format!("arm this console, then {what}"))),
            Some(_) => Err((self, why)),
        }
    }

    /// The way to a step that is not the lit one.
    fn toward(self, step: &Step, what: &str) -> Self {
        let (facts, model) = (Facts::of(self.screen), self.screen.model);
        let cleared = Model {
            zoomed: false,
            selected: None,
            filter: crate::ui::model::Field::default(),
            ..model.clone()
        };
        let lit = |model: &Model| meant(&facts, model).map(|step| step.id.clone());
        if lit(&cleared).as_ref() == Some(&step.id)
            && let Some(left) = back_leaves(model)
        {
            return self.key(Command::Back, &format!("leaves the {left}, then {what}"));
        }
        let title = &step.title;
        let shown = |book| steps_shown(book, facts.run, model);
        let steps = facts.runbook.map(shown).unwrap_or_default();
        let place = |id| steps.iter().position(|step| Some(&step.id) == id);
        let (here, there) = (place(lit(model).as_ref()), place(Some(&step.id)));
        match here.zip(there).filter(|_| model.focus == Panel::Runbook) {
            Some((here, there)) => {
                let way = if there < here { Command::Up } else { Command::Down };
                self.key(way, &format!("to \"{title}\", then {what}"))
            }
            None => self.say(format!("select \"{title}\" to {what}")),
        }
    }
}

fn size_wanted((columns, rows): (u16, u16)) -> (u16, u16) {
    (columns.max(GUARDED_SIZE_MIN.0), rows.max(GUARDED_SIZE_MIN.1))
}

/// All of it.
#[must_use]
pub fn text(pieces: &[Piece]) -> String {
    pieces.iter().map(Piece::written).collect::<Vec<_>>().join(GAP)
}

/// All of it in lines of a width, no piece torn apart that fits into one.
#[must_use]
pub fn lines(pieces: &[Piece], width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for piece in pieces {
        let written = piece.written();
        match lines.last_mut() {
            Some(last) if width_of(last) + width_of(GAP) + width_of(&written) <= width => {
                last.push_str(GAP);
                last.push_str(&written);
            }
            _ => lines.extend(wrap(&written, width)),
        }
    }
    lines
}

/// As much as fits into `width`: the keys whole, the words cut where they must be.
#[must_use]
pub fn row(pieces: &[Piece], width: usize) -> Row {
    let gap = width_of(GAP);
    let whole = text(pieces);
    if width_of(&whole) <= width || pieces.len() < 2 {
        return Row::of(NEXT, cut(&whole, width));
    }
    let mut room = width;
    let mut kept: Vec<Option<String>> = vec![None; pieces.len()];
    let words_room = |index: usize| if index == 0 { WORDS_MIN + gap } else { 0 };
    let has_words = pieces[0].command.is_none();
    if has_words {
        room = room.saturating_sub(words_room(0));
    }
    for (index, piece) in pieces.iter().enumerate().filter(|(_, piece)| piece.command.is_some()) {
        let wanted = width_of(&piece.written());
        if wanted <= room {
            room = room.saturating_sub(wanted + gap);
            kept[index] = Some(piece.written());
        }
    }
    if has_words {
        room += words_room(0);
    }
    for (index, piece) in pieces.iter().enumerate().filter(|(_, piece)| piece.command.is_none()) {
        let wanted = width_of(&piece.text);
        let given = wanted.min(room.saturating_sub(if room == width { 0 } else { gap }));
        if given == wanted || given >= WORDS_MIN {
            room = room.saturating_sub(given + gap);
            kept[index] = Some(cut(&piece.text, given));
        }
    }
    let kept: Vec<String> = kept.into_iter().flatten().collect();
    let shown = if kept.is_empty() { whole } else { kept.join(GAP) };
    Row::of(NEXT, cut(&shown, width))
}
