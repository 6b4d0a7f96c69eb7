//! Every key that NEXT or the last row names is pressed on a copy: it must do what it says.

use std::collections::HashSet;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use warroom::domain::console::{Access, Rehearsal};
use warroom::domain::ids::StepId;
use warroom::domain::preview::{Preview, Standing};
use warroom::domain::runbook::Runbook;
use warroom::domain::time::Stamp;
use warroom::ui::available::guide;
use warroom::ui::command::Command;
use warroom::ui::dialog::abort_run::AbortRun;
use warroom::ui::dialog::asked::Ask;
use warroom::ui::dialog::card::Card;
use warroom::ui::dialog::choose::Choose;
use warroom::ui::dialog::declare::Declare;
use warroom::ui::dialog::evidence::Evidence;
use warroom::ui::dialog::form::{Form, Purpose};
use warroom::ui::dialog::go_no_go::GoNoGo;
use warroom::ui::dialog::help::Help;
use warroom::ui::dialog::ledger::Losses;
use warroom::ui::dialog::palette::Palette;
use warroom::ui::dialog::report::Report;
use warroom::ui::dialog::update::Update;
use warroom::ui::facts::Facts;
use warroom::ui::frame_text;
use warroom::ui::keymap::{Key, Keymap, Lookup};
use warroom::ui::model::{Guards, Model, Panel};
use warroom::ui::over::Dialog;
use warroom::ui::screen::Screen;
use warroom::ui::theme::Theme;
use warroom::ui::update::{Input, update};
use warroom::ui::widget::sheet::Fold;
use warroom::ui::wish::Wish;

use crate::fixture::{self, DIALOGS, MOMENTS};
use crate::picture;

/// The sizes at which a person sits.
const SIZES: [(u16, u16); 4] = [(160, 48), (120, 36), (80, 24), (60, 20)];

static THEME: LazyLock<Theme> = LazyLock::new(|| Theme::shipped("mono").expect("it is shipped"));

/// A key comes this long after what was before: no guard against haste is meant here.
const PAUSE: Duration = Duration::from_millis(400);

/// Between two letters of a word.
const LETTER: Duration = Duration::from_millis(40);

/// A key as a row names it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Named {
    key: String,
    text: String,
}

/// The keys that a drawn row names: a part of it begins with a key, and nothing else in it is one.
fn named(row: &str, gap: &str, keymap: &Keymap, faults: &mut Vec<String>) -> Vec<Named> {
    let mut found = Vec::new();
    for part in row.split(gap).map(str::trim).filter(|part| !part.is_empty()) {
        if part.starts_with("any key stops it") || part.ends_with("; any key stops it") {
            found.push(Named { key: "any".to_owned(), text: part.to_owned() });
            continue;
        }
        let (first, rest) = part.split_once(' ').unwrap_or((part, ""));
        let keys: Vec<&str> = match first {
            "up/down" => vec!["up", "down"],
            "pgup/pgdn" => vec!["page-up", "page-down"],
            "home/end" => vec!["home", "end"],
            "pgdn" => vec!["page-down"],
            "1-6" => vec!["1", "6"],
            key => vec![key],
        };
        let mut texts = vec![rest];
        if keys.iter().all(|key| is_bound(key, keymap)) && !rest.is_empty() {
            found.extend(
                keys.into_iter().map(|key| Named { key: key.to_owned(), text: rest.to_owned() }),
            );
        } else {
            texts = vec![part];
        }
        for word in texts.into_iter().flat_map(unquoted) {
            if is_key_in_prose(&word, keymap) {
                faults.push(format!("`{word}` is a key within the words `{part}`"));
            }
        }
    }
    found
}

fn is_bound(key: &str, keymap: &Keymap) -> bool {
    keymap.bindings().iter().any(|binding| binding.keys_text() == key)
}

/// Keys that are words, or names of a side, are left alone.
fn is_key_in_prose(word: &str, keymap: &Keymap) -> bool {
    const WORDS: [&str; 12] =
        ["a", "A", "?", ":", "up", "down", "left", "right", "home", "end", "space", "insert"];
    let digit = word.len() == 1 && word.chars().all(|letter| letter.is_ascii_digit());
    !digit && !WORDS.contains(&word) && is_bound(word, keymap)
}

/// The words outside of quotes; the unit after a number is none.
fn unquoted(text: &str) -> Vec<String> {
    let outside = text.split(['"', '`']).step_by(2).collect::<Vec<_>>().join(" ");
    let trim = |word: &str| word.trim_matches([',', '.', ';', '(', ')']).to_owned();
    let words: Vec<String> = outside.split(' ').map(trim).collect();
    let is_number = |word: &str| word.parse::<u64>().is_ok();
    let unit = |at: usize| at > 0 && is_number(&words[at - 1]);
    (0..words.len()).filter(|at| !unit(*at)).map(|at| words[at].clone()).collect()
}

/// True when a text speaks of this title, of none, or of one that begins as it does and is cut off.
fn is_of(text: &str, title: &str) -> bool {
    let named = text.split('"').nth(1);
    named.is_none_or(|named| match named.strip_suffix('…') {
        Some(begin) => title.starts_with(begin),
        None => named == title,
    })
}

/// Hands at a copy of what the screen remembers, in a world that stands still.
#[derive(Clone)]
struct Seat<'s> {
    screen: Screen<'s>,
    keymap: &'s Keymap,
    model: Model,
    now: Stamp,
    access: Access,
    rehearsal: Option<Rehearsal>,
    asked: usize,
    refused: Option<String>,
}

impl<'s> Seat<'s> {
    fn at(screen: &Screen<'s>, keymap: &'s Keymap, size: (u16, u16)) -> Self {
        Self {
            model: Model { size, notice: None, ..screen.model.clone() },
            now: screen.now,
            access: screen.access,
            rehearsal: screen.rehearsal.cloned(),
            screen: *screen,
            keymap,
            asked: 0,
            refused: None,
        }
    }

    /// What the guards and the notice remember is nothing that a key is for.
    fn model(&self) -> Model {
        Model { guards: Guards::default(), notice: None, ..self.model.clone() }
    }

    /// The screen without a guide: enough for whoever only presses.
    fn bare(&self) -> Screen<'_> {
        let (now, access, rehearsal) = (self.now, self.access, self.rehearsal.as_ref());
        let mut facts = Facts { rehearsal, keymap: self.keymap, ..self.screen.facts.with(access) };
        facts.context.known.now = now;
        Screen { facts, model: &self.model, guide: &[], ..self.screen }
    }

    fn input(&mut self, input: &Input) {
        let mut model = self.model.clone();
        let screen = self.bare();
        let open = screen.model.dialog.as_ref();
        let fold = open.map_or_else(Fold::default, |open| open.fold(&screen));
        let facts = Facts { fold, ..screen.facts };
        let wishes = update(&mut model, &facts, input);
        let refused = wishes.iter().find_map(|wish| match wish {
            Wish::Intent(intent) => facts.decides(intent).err(),
            _ => None,
        });
        let notice = model.notice.clone();
        let notice = notice.filter(|notice| notice.refusal && notice.at == self.now);
        self.refused = refused.or(notice.map(|notice| notice.text)).map(String::from);
        self.model = model;
        for wish in wishes {
            match wish {
                Wish::Rehearse { step, back } => {
                    let call = "as shown".into();
                    let acts_as = "anna".into();
                    let preview = Preview { changes: Vec::new(), call, acts_as };
                    let standing = Standing::NotDone("not so".into());
                    let at = self.now;
                    self.rehearsal = Some(Rehearsal { step, back, at, standing, preview });
                }
                Wish::Arm => (self.access, self.asked) = (Access::Armed, self.asked + 1),
                _ => self.asked += 1,
            }
        }
    }

    fn press(&mut self, key: &str, pause: Duration) {
        self.now = self.now.plus(pause);
        let key = Key::parse(key).expect("a key");
        self.input(&Input::Key(KeyEvent::new(key.code, KeyModifiers::NONE)));
    }

    fn types(&mut self, text: &str) {
        self.now = self.now.plus(PAUSE);
        for letter in text.chars() {
            self.now = self.now.plus(LETTER);
            self.input(&Input::Key(KeyEvent::new(KeyCode::Char(letter), KeyModifiers::NONE)));
        }
    }

    fn frame(&self) -> Vec<String> {
        let (columns, rows) = self.model.size;
        let bare = self.bare();
        let guide = guide(&bare.facts, &self.model);
        let screen = Screen { guide: &guide, ..bare };
        let buffer = picture::frame(&screen, &THEME, columns, rows);
        frame_text::text(&buffer).lines().map(str::to_owned).collect()
    }

    /// NEXT, the last row, and what is named in them.
    fn rows(&self, faults: &mut Vec<String>) -> (String, Vec<Named>) {
        let rows = self.frame();
        let [.., next, keys] = rows.as_slice() else { panic!("two rows: {rows:#?}") };
        let mut found = Vec::new();
        if let Some(told) = next.strip_prefix("NEXT ") {
            let at = told.find("u UPDATE").unwrap_or(told.len());
            for told in [&told[..at], &told[at..]] {
                found.extend(named(told, "   ", self.keymap, faults));
            }
        }
        let gap = if self.model.dialog.is_some() || self.model.filtering { "   " } else { "  " };
        found.extend(named(keys, gap, self.keymap, faults));
        (format!("{next}\n{keys}"), found)
    }
}

/// True when that dialog is open.
fn is_open<T: Dialog>(model: &Model) -> bool {
    model.over::<T>().is_some()
}

/// What was pressed and what came of it.
pub struct Pressed<'p> {
    pub before: &'p Model,
    pub after: &'p Model,
    /// True when something was asked of the rest of the program.
    pub asked: bool,
    pub plan: Option<&'p Runbook>,
    pub text: &'p str,
}

impl Pressed<'_> {
    /// True when the open dialog is about the step that the text names.
    fn is_about(&self, step: &StepId) -> bool {
        let found = self.plan.and_then(|plan| plan.step(step)).map(|step| step.title.as_str());
        found.is_none_or(|found| is_of(self.text, found))
    }

    /// True when the form of a command is open, for the step that was named.
    fn opened_form(&self, command: Command) -> bool {
        let Some(Form { purpose, .. }) = self.after.over() else { return false };
        let (of, step) = match purpose {
            Purpose::Retry(step, _) => (Command::Retry, step),
            Purpose::Skip(step) => (Command::Skip, step),
            Purpose::Attest(step) => (Command::Attest, step),
            Purpose::Resolve(step, _) => (Command::Resolve, step),
            Purpose::AbortStep(step) => (Command::AbortStep, step),
            _ => return false,
        };
        of == command && self.is_about(step)
    }

    /// Whether the command of the key did what it is for.
    pub fn did(&self, command: Command) -> bool {
        let after = self.after;
        let asks = |purpose| after.over() == Some(&Form::of(purpose));
        match command {
            Command::Help => is_open::<Help>(after),
            Command::Run | Command::Compensate => match after.over::<Card>() {
                Some(card) => card.confirming && self.is_about(&card.step),
                _ => self.asked,
            },
            Command::Enter if self.before.dialog.is_none() && !self.before.filtering => {
                match after.over::<Card>() {
                    Some(card) => self.is_about(&card.step),
                    None => is_open::<Evidence>(after),
                }
            }
            Command::Retry
            | Command::Skip
            | Command::Attest
            | Command::Resolve
            | Command::AbortStep => self.opened_form(command),
            Command::Note => {
                matches!(after.over(), Some(Form { purpose: Purpose::Note, .. }))
            }
            Command::Escalate => {
                matches!(after.over(), Some(Form { purpose: Purpose::Escalate(_), .. }))
            }
            Command::Declare => is_open::<Declare>(after),
            Command::AcceptLedger => is_open::<Losses>(after),
            Command::Choose => is_open::<Choose>(after),
            Command::AbortRun => is_open::<AbortRun>(after),
            Command::Close => asks(Purpose::Close),
            Command::Evidence => is_open::<Evidence>(after),
            Command::Readiness => is_open::<GoNoGo>(after),
            Command::Report => is_open::<Report>(after),
            Command::Update => is_open::<Update>(after),
            Command::Palette => is_open::<Palette>(after),
            Command::Arm => asks(Purpose::Arm) || self.asked,
            Command::Quit => asks(Purpose::Leave) || self.asked,
            Command::Hold | Command::Acknowledge | Command::VerifyNow | Command::Copy => self.asked,
            Command::Panel(number) => self.after.focus == Panel::ALL[usize::from(number) - 1],
            Command::Zoom => self.after.zoomed != self.before.zoomed,
            Command::Filter => self.after.filtering,
            // A list may be at its end already.
            Command::Up
            | Command::Down
            | Command::PageUp
            | Command::PageDown
            | Command::First
            | Command::Last => true,
            Command::NextPanel | Command::Enter | Command::Back => {
                self.asked || self.after != self.before
            }
            Command::Select | Command::SetT0 | Command::Replay(_) => false,
        }
    }
}

/// Presses every key that is named in a moment, at every size, unless one like it was tried before.
pub struct Presser {
    keymap: Keymap,
    known: Mutex<HashSet<u64>>,
    faults: Mutex<Vec<String>>,
    pressed: AtomicU64,
    spent: AtomicU64,
}

/// What tells one moment of an incident from another.
fn moment_of(screen: &Screen<'_>, hasher: &mut DefaultHasher) {
    (screen.access as u8, screen.model.dialog.is_some()).hash(hasher);
    let Some(run) = screen.run else { return };
    (run.stage as u8, run.mode as u8, run.is_held()).hash(hasher);
    (run.accepted.is_some(), run.restored.is_some(), run.in_hand.is_some()).hash(hasher);
    for step in &run.steps {
        (step.phase as u8, step.left.is_some(), step.untrue.is_some()).hash(hasher);
    }
}

impl Presser {
    pub fn new() -> Self {
        Self {
            keymap: Keymap::shipped("default").expect("it is shipped"),
            known: Mutex::default(),
            faults: Mutex::default(),
            pressed: AtomicU64::new(0),
            spent: AtomicU64::new(0),
        }
    }

    fn fault(&self, text: String) {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner).push(text);
    }

    /// The counts, once it is sure that nothing was refused and everything did what it says.
    pub fn checked(&self) -> (u64, usize, u64) {
        let faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n\n"));
        self.counts()
    }

    /// How many keys were pressed, in how many moments and milliseconds of work.
    fn counts(&self) -> (u64, usize, u64) {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).len();
        let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
        (load(&self.pressed), known, load(&self.spent))
    }

    fn is_new(&self, hash: u64) -> bool {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(hash)
    }

    /// Presses what is named now.
    pub fn press_all(&self, what: &str, screen: &Screen<'_>) {
        let mut hasher = DefaultHasher::new();
        moment_of(screen, &mut hasher);
        what.hash(&mut hasher);
        std::mem::discriminant(&screen.assessment.primary).hash(&mut hasher);
        screen.assessment.verdict.word().hash(&mut hasher);
        if !self.is_new(hasher.finish()) {
            return;
        }
        let began = Instant::now();
        for size in SIZES {
            self.press_each(what, &Seat::at(screen, &self.keymap, size), 0);
        }
        let spent = u64::try_from(began.elapsed().as_millis()).expect("short");
        self.spent.fetch_add(spent, Ordering::Relaxed);
    }

    fn press_each(&self, what: &str, seat: &Seat<'_>, depth: usize) {
        let mut faults = Vec::new();
        let (told, named) = seat.rows(&mut faults);
        for fault in faults {
            self.fault(format!("{what}: {fault}"));
        }
        // Rows that read alike name the same keys for the same step: one of them is enough.
        let mut hasher = DefaultHasher::new();
        (depth, seat.access as u8).hash(&mut hasher);
        seat.screen.run.map(|run| (run.stage as u8, run.mode as u8)).hash(&mut hasher);
        told.replace(|letter: char| letter.is_ascii_digit(), "#").hash(&mut hasher);
        seat.model.size.hash(&mut hasher);
        if !self.is_new(hasher.finish()) {
            return;
        }
        let before = seat.model();
        for Named { key, text } in named {
            let place = format!("{what}, {:?}: `{key} {text}` of\n{told}", before.size);
            let mut tried = seat.clone();
            self.pressed.fetch_add(1, Ordering::Relaxed);
            tried.asked = 0;
            if key == "any" {
                tried.press("x", PAUSE);
                if tried.model.dialog.is_some() {
                    self.fault(place);
                }
                continue;
            }
            tried.press(&key, PAUSE);
            if let Some(why) = &tried.refused {
                self.fault(format!("{place}\nrefused: {why}"));
                continue;
            }
            let pressed = [Key::parse(&key).expect("a key")];
            let Lookup::Command(command) = self.keymap.look(before.contexts(), &pressed) else {
                self.fault(format!("{place}\nis not bound here"));
                continue;
            };
            let (after, asked) = (tried.model(), tried.asked > 0);
            let plan = seat.screen.runbook;
            let came = Pressed { before: &before, after: &after, asked, plan, text: &text };
            if !came.did(command) {
                self.fault(format!("{place}\ncame to {:?}", after.dialog));
                continue;
            }
            if depth == 0 && after.dialog.is_some() {
                self.press_each(&format!("{what}, in {command:?}"), &tried, 1);
                let ended = if command.is_verb() { completes(tried) } else { Ok(()) };
                if let Err(why) = ended {
                    self.fault(format!("{place}\n{why}"));
                }
            }
        }
    }
}

/// Types what a dialog asks for, to its end.
fn completes(mut seat: Seat<'_>) -> Result<(), String> {
    seat.asked = 0;
    for _ in 0..12 {
        if seat.model.dialog.is_none() {
            break;
        }
        let card = seat.model.over::<Card>();
        if card.is_some_and(|card| card.window.is_some() || card.waits_until.is_some()) {
            return Ok(());
        }
        let frame = seat.frame();
        if frame.iter().any(|row| row.contains("to read, Enter is dead")) {
            seat.press("page-down", PAUSE);
            continue;
        }
        let exactly = frame.iter().find_map(|row| row.split("exactly:").nth(1));
        let exactly = exactly.map(|text| text.trim_matches([' ', '┃', '│', '|']).to_owned());
        let model = &seat.model;
        let at_reason = model.over::<Declare>().is_some_and(|open| open.0.asks() == Ask::Reason)
            || model.over::<AbortRun>().is_some_and(|open| open.typed.asks() == Ask::Reason);
        let reads = is_open::<Losses>(model);
        let asks_nothing =
            reads || is_open::<Choose>(model) || model.over() == Some(&Form::of(Purpose::Close));
        let unresolved =
            matches!(model.over(), Some(Form { purpose: Purpose::Resolve(_, None), .. }));
        match exactly {
            _ if asks_nothing => {}
            Some(text) if !at_reason => seat.types(&text),
            _ if unresolved => {
                seat.press("tab", PAUSE);
                seat.types("it was looked at");
            }
            _ => seat.types("it was looked at"),
        }
        seat.press("enter", if reads { PAUSE * 3 } else { PAUSE });
        if let Some(why) = seat.refused {
            // Readings grow old while the world stands still: that is no fault of a key.
            if why.contains("a gate wants at most") {
                return Ok(());
            }
            return Err(format!("{why}, when it was completed:\n{}", frame.join("\n")));
        }
    }
    let ended = seat.model.dialog.is_none() && seat.asked > 0;
    if ended { Ok(()) } else { Err("never came to an end".to_owned()) }
}

#[test]
fn every_key_that_is_named_in_a_made_up_moment_does_what_it_says() {
    let presser = Presser::new();
    for moment in MOMENTS.iter().chain(DIALOGS) {
        let fixture = fixture::of(moment.name).expect("the moment exists");
        if fixture.model.replay.is_some() {
            continue;
        }
        for access in [Access::ReadOnly, Access::Safe, Access::Armed] {
            let screen = Screen { facts: fixture.screen().facts.with(access), ..fixture.screen() };
            presser.press_all(&format!("{} {access:?}", moment.name), &screen);
        }
    }
    let (keys, moments, _) = presser.checked();
    assert!(keys > 1_000, "{keys} keys in {moments} moments");
}
