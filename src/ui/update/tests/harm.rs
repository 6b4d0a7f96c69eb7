//! Rules 7 and 8: nothing runs by itself, and no single key, repeat or click does harm.

use crossterm::event::KeyCode;

use super::super::Input;
use super::bench::{Bench, STEPS, short};
use crate::domain::console::Access;
use crate::domain::run::intent::Intent;
use crate::ui::dialog::abort_run::AbortRun;
use crate::ui::dialog::asked::Ask;
use crate::ui::dialog::card::Card;
use crate::ui::dialog::declare::Declare;
use crate::ui::dialog::form::{Form, Purpose};
use crate::ui::dialog::palette::Palette;
use crate::ui::dialog::set_t0::SetT0;
use crate::ui::keymap::Key;
use crate::ui::model::Panel;
use crate::ui::wish::Wish;

/// Every key that a terminal can tell and a person might press.
fn every_key() -> Vec<Key> {
    let mut keys: Vec<Key> = (' '..='~').map(|letter| Key::plain(KeyCode::Char(letter))).collect();
    keys.extend(('a'..='z').map(|letter| Key { ctrl: true, ..Key::plain(KeyCode::Char(letter)) }));
    keys.extend(('a'..='z').map(|letter| Key { alt: true, ..Key::plain(KeyCode::Char(letter)) }));
    let named = [
        KeyCode::Enter,
        KeyCode::Esc,
        KeyCode::Tab,
        KeyCode::BackTab,
        KeyCode::Backspace,
        KeyCode::Delete,
        KeyCode::Insert,
        KeyCode::Up,
        KeyCode::Down,
        KeyCode::Left,
        KeyCode::Right,
        KeyCode::PageUp,
        KeyCode::PageDown,
        KeyCode::Home,
        KeyCode::End,
        KeyCode::Null,
    ];
    keys.extend(named.map(Key::plain));
    keys.extend((1..=12).map(|number| Key::plain(KeyCode::F(number))));
    keys
}

/// True for an act that one key may never cause. Guard 0 is one key by its class: it only looks.
fn harms(wish: &Wish) -> bool {
    match wish {
        Wish::Intent(Intent::Run { step, .. }) => step.as_str() != "look",
        // SAFE does not block it, and it wants its text all the same.
        Wish::Intent(Intent::AbortStep { .. }) => true,
        other => other.is_act(),
    }
}

/// Lines for the palette that lead to everything that a guard stands before.
const PALETTE_LINES: [&str; 22] = [
    "=run look",
    "=run scale",
    "=run dns",
    "=run promote",
    "=run gated",
    "=compensate done",
    "=skip dns nothing to do at all",
    "=retry failed it works now",
    "=attest hand",
    "=resolve unknown",
    "=abort-step running",
    "=abort-run it makes no sense",
    "=declare the region is dark",
    "=escalate the region is dark",
    "=t0 set 2026-11-20T13:50:00Z the page says so",
    "=accept-ledger",
    "=arm",
    "=close",
    "=choose",
    "=hold",
    "=quit",
    "=note hello",
];

/// Every state that a hand can reach without having typed what a guard asks for: the step that is
/// selected, and the keys that lead there.
fn states() -> Vec<(&'static str, Vec<&'static str>)> {
    let mut states = Vec::new();
    for step in STEPS {
        states.push((step, Vec::new()));
        // A key that opens nothing here leads to no other state.
        for key in ["enter", "r", "K", "R", "s", "m", "X", "U"] {
            let mut bench = Bench::at_step(Access::Armed, step);
            bench.script(&[key]);
            if bench.model.dialog.is_some() {
                states.push((step, vec![key]));
            }
        }
    }
    // These do not depend on the step.
    for key in ["?", "!", "L", "A", "o", "E", "W", "i", "p", "t", "q", "/", "z", "1", "5"] {
        states.push(("promote", vec![key]));
    }
    for key in [":", "u", "c"] {
        states.push(("dns", vec![key]));
    }
    // Whole lines in the palette, each one Enter away from what it opens.
    for line in PALETTE_LINES {
        states.push(("dns", vec![":", line]));
    }
    // Half-way in: text that is nearly right, a gate being broken, the other choice taken.
    states.push(("dns", vec!["r", "=dn"]));
    states.push(("promote", vec!["r", "=promote pg-"]));
    states.push(("gated", vec!["r", "tab"]));
    states.push(("gated", vec!["r", "tab", "=too short"]));
    states.push(("gated", vec!["enter", "tab"]));
    states.push(("unknown", vec!["U", "tab"]));
    states.push(("running", vec!["X", "=abort runnin"]));
    states.push(("dns", vec!["E", "=abort run"]));
    states.push(("dns", vec!["!", "tab"]));
    states.push(("dns", vec!["p", "enter"]));
    states
}

#[test]
fn no_single_key_pressed_two_hundred_times_does_harm() {
    let keys = every_key();
    for (step, way) in states() {
        for key in &keys {
            // In a field, one key held down is a text: no guard asks for one letter, and a reason
            // of one letter is a person's own. Enter is another key.
            let mut bench = Bench::at_step(Access::Armed, step);
            bench.script(&way);
            bench.wishes.clear();
            bench.access = Access::Armed;
            for press in 0..200u64 {
                // As a held key, as a nervous finger, as a slow one: every pace.
                bench.now += [30, 120, 400, 700][usize::try_from(press).expect("small") % 4];
                bench.tick();
                bench.press(*key);
                let harm: Vec<String> =
                    bench.wishes.iter().filter(|wish| harms(wish)).map(short).collect();
                assert!(harm.is_empty(), "{step} {way:?} {key} pressed {press} times: {harm:?}");
            }
        }
    }
}

/// A small generator, so that a failure can be repeated (Marsaglia, "Xorshift RNGs", 2003).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides as u64).expect("small")
    }
}

/// The words that the open dialog asks for.
fn apt_words(bench: &Bench) -> &'static str {
    let model = &bench.model;
    if model.over::<Palette>().is_some() {
        let at = usize::try_from(bench.now).expect("small") % PALETTE_LINES.len();
        return PALETTE_LINES[at].trim_start_matches('=');
    }
    if let Some(SetT0(asked)) = model.over() {
        return match asked.asks() {
            Ask::T0 => "2026-11-20T13:50:00Z",
            Ask::Reason => "a long enough reason",
            Ask::Word(word) => word,
        };
    }
    if let Some(card) = model.over::<Card>() {
        match card.step.as_str() {
            _ if card.at_reason => return "it is up, we looked",
            "promote" => return "promote pg-b",
            "dns" => return "dns",
            _ => {}
        }
    }
    if model.over::<Declare>().is_some_and(|open| open.0.asks() != Ask::Reason) {
        return "declare";
    }
    if model.over::<AbortRun>().is_some_and(|open| open.0.asks() != Ask::Reason) {
        return "abort run";
    }
    if let Some(Form { purpose: Purpose::AbortStep(_), .. }) = model.over() {
        return "abort running";
    }
    if let Some(Form { purpose: Purpose::Arm, .. }) = model.over() {
        return "arm";
    }
    "a long enough reason"
}

/// Inputs that know what dialogs ask for, so that they come far, between any others.
fn stir(bench: &mut Bench, dice: &mut Dice, keys: &[Key]) {
    const VERBS: &[&str] = &[
        "r", "r", "r", "R", "s", "m", "X", "U", "!", "K", "E", "D", "A", "L", "W", "a", "v", "t",
        ":", ":", "f2", "u", "c", "down", "up", "home", "end", "enter", "esc", "tab", "o", "q",
        "space", "p",
    ];
    bench.wait([1, 20, 100, 350, 600, 3000][dice.roll(6)]);
    match dice.roll(20) {
        0..6 if bench.model.dialog.is_some() => {
            bench.now += 400;
            for letter in apt_words(bench).chars() {
                bench.now += 60;
                bench.press(Key::plain(KeyCode::Char(letter)));
            }
            bench.press(Key::plain(KeyCode::Enter));
            bench.wait(if dice.roll(2) == 0 { 1 } else { 3100 });
        }
        0..12 => bench.key(VERBS[dice.roll(VERBS.len())]),
        12 => bench.input(&Input::Paste("promote pg-b\n".to_owned())),
        13 => bench.input(&[Input::FocusGained, Input::FocusLost][dice.roll(2)]),
        14 => {
            let size = [(120, 36), (120, 36), (80, 24), (40, 8), (1, 1)][dice.roll(5)];
            bench.input(&Input::Resize(size.0, size.1));
        }
        15 => bench.input(&Input::Click(Some(Panel::ALL[dice.roll(6)]))),
        _ => bench.press(keys[dice.roll(keys.len())]),
    }
}

#[test]
fn in_safe_a_hundred_thousand_inputs_run_nothing() {
    let keys = every_key();
    let mut dice = Dice(20_261_120);
    let mut opened = 0;
    for round in 0..100 {
        let stage = ["executing", "standby", "held", "none"][dice.roll(4)];
        let mut bench = Bench::new(Access::Safe, stage);
        for _ in 0..1000 {
            stir(&mut bench, &mut dice, &keys);
            // Arming is the one way out of SAFE; here nobody lets it happen.
            bench.access = Access::Safe;
            opened += usize::from(bench.model.dialog.is_some());
            // Making a step stop is possible in SAFE too, once its words were typed.
            let runs = |wish: &Wish| {
                wish.is_act() && !matches!(wish, Wish::Intent(Intent::AbortStep { .. }))
            };
            let acts: Vec<String> =
                bench.wishes.drain(..).filter(runs).map(|wish| short(&wish)).collect();
            assert!(acts.is_empty(), "round {round}: {acts:?}");
        }
    }
    assert!(opened > 10_000, "the inputs did come far: {opened}");
}

#[test]
fn a_console_that_only_looks_wishes_only_to_look() {
    let keys = every_key();
    let mut dice = Dice(7);
    let mut looked = 0;
    for _ in 0..20 {
        let mut bench = Bench::new(Access::ReadOnly, "executing");
        for _ in 0..1000 {
            stir(&mut bench, &mut dice, &keys);
            for wish in bench.wishes.drain(..) {
                // Copying and a status update that is not recorded are looking, too.
                let only_looks = matches!(
                    wish,
                    Wish::VerifyNow | Wish::Leave | Wish::Copy | Wish::Update { .. }
                );
                assert!(only_looks, "{}", short(&wish));
                looked += 1;
            }
        }
    }
    assert!(looked > 10, "the inputs did come far: {looked}");
}

#[test]
fn armed_random_inputs_act_only_as_guards_ask() {
    let keys = every_key();
    let mut dice = Dice(99);
    let mut runs = 0;
    for _ in 0..120 {
        let mut bench = Bench::new(Access::Armed, "executing");
        for _ in 0..1000 {
            stir(&mut bench, &mut dice, &keys);
            bench.access = Access::Armed;
            for wish in bench.wishes.drain(..) {
                let Wish::Intent(Intent::Run { step, typed, broken, call }) = &wish else {
                    continue;
                };
                runs += 1;
                match step.as_str() {
                    "dns" => assert_eq!(typed, "dns"),
                    "promote" => assert_eq!(typed, "promote pg-b"),
                    "gated" => assert!(broken.is_some(), "its gate does not hold"),
                    _ => {}
                }
                assert!(step.as_str() == "look" || !call.is_empty(), "without a dry run");
            }
        }
    }
    assert!(runs > 100, "the inputs did come far: {runs}");
}
