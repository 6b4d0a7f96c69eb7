//! What NEXT is made of: words, and keys that do now what is written beside them.

use super::prelude::*;
use crate::domain::runbook::Step;
use crate::domain::text::Clean;
use crate::ui::available::{GUARDED_SIZE_MIN, why_not_offered};
use crate::ui::command::Command;
use crate::ui::meant::{meant, steps_shown};
use crate::ui::model::{Model, Panel};
use crate::ui::update::moves::back_leaves;

use super::phrase;

/// Between two pieces.
pub const GAP: &str = "   ";

/// What is cut shorter than this says nothing.
const LEAST: usize = 12;

/// The same of a key and what it does: the key says nothing without.
const LEAST_OF_KEY: usize = 20;

/// What becomes of a piece where not all of them fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Weight {
    /// What is and what to do: it stays, and may lose its end.
    Said,
    /// What can be done instead: whole, or left out after all hints.
    Choice,
    /// What helps: left out first.
    Hint,
}

/// One piece of NEXT.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The command whose key stands before the text; none for words.
    pub command: Option<Command>,
    /// The key, as it is bound.
    key: String,
    /// What it does, or the words.
    pub text: String,
    weight: Weight,
    /// Cells at its beginning that must be seen.
    least: usize,
}

impl Piece {
    fn new(command: Option<Command>, key: &str, text: String, weight: Weight) -> Self {
        let mut piece = Self { command, key: key.to_owned(), text, weight, least: LEAST };
        if command.is_some() {
            let first = width_of(piece.written().split(',').next().unwrap_or_default());
            piece.least = LEAST_OF_KEY.min(first + width_of("…"));
        }
        piece
    }

    /// Cells that it takes at least where it is shown.
    fn takes(&self) -> usize {
        let whole = width_of(&self.written());
        if self.weight == Weight::Said { whole.min(self.least) } else { whole }
    }

    /// As it is written.
    pub fn written(&self) -> String {
        if self.key.is_empty() { self.text.clone() } else { format!("{} {}", self.key, self.text) }
    }
}

/// What to do now, piece by piece; a key is in it only when it is not refused now.
#[derive(Debug, Clone)]
pub struct Offers<'a> {
    screen: &'a Screen<'a>,
    pieces: Vec<Piece>,
}

impl<'a> Offers<'a> {
    /// None yet.
    pub fn of(screen: &'a Screen<'a>) -> Self {
        Self { screen, pieces: Vec::new() }
    }

    /// The pieces.
    pub fn pieces(self) -> Vec<Piece> {
        self.pieces
    }

    /// With words that name no key.
    pub fn say(mut self, text: impl Into<String>) -> Self {
        self.pieces.push(Piece::new(None, "", text.into(), Weight::Said));
        self
    }

    /// The same: `first` is seen whole however small the room, `rest` may be cut.
    pub fn say_first(mut self, first: &str, rest: &str) -> Self {
        let least = width_of(first) + width_of("…");
        let piece = Piece::new(None, "", format!("{first}{rest}"), Weight::Said);
        self.pieces.push(Piece { least, ..piece });
        self
    }

    /// With a key of the open dialog, which is named as it is.
    pub fn press(mut self, command: Command, key: &str, text: impl Into<String>) -> Self {
        self.pieces.push(Piece::new(Some(command), key, text.into(), Weight::Said));
        self
    }

    /// The same, left out where there is no room.
    pub fn press_or_not(self, command: Command, key: &str, text: impl Into<String>) -> Self {
        let from = self.pieces.len();
        self.press(command, key, text).weighing(from, Weight::Choice)
    }

    /// The pieces from `from` on as what they weigh.
    fn weighing(mut self, from: usize, weight: Weight) -> Self {
        self.pieces.iter_mut().skip(from).for_each(|piece| piece.weight = weight);
        self
    }

    /// With a key about the whole run, what leads there, or why there is none.
    pub fn run(self, command: Command, what: &str) -> Self {
        self.offer(command, None, what).unwrap_or_else(|(without, why)| without.say(why))
    }

    /// The same, and nothing where it is refused.
    pub fn also(self, command: Command, what: &str) -> Self {
        let from = self.pieces.len();
        let offers = self.offer(command, None, what).unwrap_or_else(|(without, _)| without);
        offers.weighing(from, Weight::Choice)
    }

    /// With a key about a step, what leads there, or why there is none.
    pub fn step(self, command: Command, step: &Step, what: &str) -> Self {
        self.offer(command, Some(step), what).unwrap_or_else(|(without, why)| {
            without.say(format!("\"{}\" waits: {why}", step.title))
        })
    }

    /// The same, and nothing where it is refused.
    pub fn also_step(self, command: Command, step: &Step, what: &str) -> Self {
        let from = self.pieces.len();
        let offers = self.offer(command, Some(step), what).unwrap_or_else(|(without, _)| without);
        offers.weighing(from, Weight::Choice)
    }

    /// With the card of a step, where Enter opens that one.
    pub fn card(self, step: &Step, what: &str) -> Self {
        let lit = !matches!(self.screen.model.focus, Panel::RegionA | Panel::RegionB);
        let from = self.pieces.len();
        let offers = if lit && self.is_meant(step) { self.key(Command::Enter, what) } else { self };
        offers.weighing(from, Weight::Hint)
    }

    /// The lit step, on which the keys act.
    pub fn lit(&self) -> Option<&'a Step> {
        meant(self.screen, self.screen.model)
    }

    fn is_meant(&self, step: &Step) -> bool {
        self.lit().is_some_and(|meant| meant.id == step.id)
    }

    /// With a key that is possible; it is named once, by what is said of it first.
    fn key(self, command: Command, text: &str) -> Self {
        if self.pieces.iter().any(|piece| piece.command == Some(command)) {
            return self;
        }
        let key = phrase::key(self.screen, command);
        self.press(command, &key, text)
    }

    /// The key itself; where it is refused now, the key or the words that lead to it.
    fn offer(
        self,
        command: Command,
        step: Option<&Step>,
        what: &str,
    ) -> Result<Self, (Self, Clean)> {
        let (screen, facts) = (self.screen, self.screen.facts);
        let Some(why) = why_not_offered(command, &facts, screen.model, step) else {
            return match step.filter(|step| !self.is_meant(step)) {
                Some(step) => Ok(self.toward(step, what)),
                None => Ok(self.key(command, what)),
            };
        };
        // Whether it is refused for one reason only is asked with that reason gone.
        let large = Model { size: size_wanted(screen.model.size), ..screen.model.clone() };
        let armed = facts.armed();
        if why_not_offered(command, &armed, &large, step).is_some() {
            return Err((self, why));
        }
        if why_not_offered(command, &armed, screen.model, step).is_some() {
            let (columns, rows) = GUARDED_SIZE_MIN;
            let enlarge = format!("enlarge the terminal to {columns}x{rows}");
            return Ok(self.say_first(&enlarge, &format!(" to {what}")));
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
        let (facts, model) = (self.screen.facts, self.screen.model);
        let cleared = Model {
            zoomed: false,
            selected: None,
            filter: crate::ui::field::Field::default(),
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
pub fn text(pieces: &[Piece]) -> String {
    pieces.iter().map(Piece::written).collect::<Vec<_>>().join(GAP)
}

/// All of it in lines of a width, no piece torn apart that fits into one.
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

/// As much as fits into `width`. Where not all does, hints go first, then the ends of what is said,
/// then what can be done instead.
pub fn row(pieces: &[Piece], width: usize) -> Row {
    let mut kept: Vec<&Piece> = pieces.iter().collect();
    let gaps = |count: usize| width_of(GAP) * count.saturating_sub(1);
    let whole = |kept: &[&Piece]| -> usize {
        kept.iter().map(|piece| width_of(&piece.written())).sum::<usize>() + gaps(kept.len())
    };
    if whole(&kept) > width {
        kept.retain(|piece| piece.weight != Weight::Hint);
    }
    let least = |kept: &[&Piece]| -> usize {
        kept.iter().map(|piece| piece.takes()).sum::<usize>() + gaps(kept.len())
    };
    while kept.len() > 1 && least(&kept) > width {
        let last = kept.iter().rposition(|piece| piece.weight == Weight::Choice);
        kept.remove(last.unwrap_or(kept.len() - 1));
    }
    let mut room = width.saturating_sub(least(&kept));
    let shown: Vec<String> = kept
        .into_iter()
        .map(|piece| {
            let written = piece.written();
            let more = room.min(width_of(&written).saturating_sub(piece.takes()));
            room -= more;
            cut(&written, piece.takes() + more)
        })
        .collect();
    Row::of(NEXT, cut(&shown.join(GAP), width))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cut_off_is_a_hint_then_an_end_then_a_choice() {
        let fixture = crate::ui::fixture::of("running").expect("the moment exists");
        let screen = fixture.screen();
        let offers = Offers::of(&screen)
            .say_first("works 12s, about 28s left", ", usually 40s: \"fence\"")
            .press(Command::Run, "r", "run \"scale the standby\" meanwhile")
            .press(Command::AbortStep, "X", "abort it")
            .weighing(2, Weight::Choice)
            .press(Command::Enter, "enter", "read its card")
            .weighing(3, Weight::Hint);
        let check = |width: usize, want: &str| {
            let found = row(&offers.clone().pieces(), width).text();
            assert_eq!(found, want, "{width}");
        };
        let run = "r run \"scale the standby\" meanwhile";
        let told = "works 12s, about 28s left, usually 40s: \"fence\"";
        check(120, &format!("{told}   {run}   X abort it   enter read its card"));
        check(100, &format!("{told}   {run}   X abort it"));
        check(
            80,
            "works 12s, about 28s left, usually 40s: \"fe…   r run \"scale the st…   X abort it",
        );
        check(62, "works 12s, about 28s left…   r run \"scale the st…   X abort it");
        check(54, "works 12s, about 28s left, usu…   r run \"scale the st…");
        check(26, "works 12s, about 28s left…");
    }
}
