//! The keys of a replay, and what it answers to keys that would act.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use warroom::commands::replay::Player;
use warroom::domain::time::{BootId, Stamp};
use warroom::ui::replay::Speed;
use warroom::ui::theme::Theme;
use warroom::ui::update::Input;

use super::stage::{Stage, player};

/// A person at a replay; the time that it is has nothing to do with the replayed one.
struct Seat {
    player: Player,
    real: Stamp,
}

impl Seat {
    fn new(player: Player) -> Self {
        Self { player, real: Stamp { wall_ms: 1, boot_ms: 1, boot: BootId(99) } }
    }

    fn press(&mut self, code: KeyCode) {
        self.real.boot_ms += 400;
        let key = KeyEvent::new(code, KeyModifiers::NONE);
        self.player.input(Input::Key(key), self.real);
    }

    fn types(&mut self, text: &str) {
        for letter in text.chars() {
            self.press(KeyCode::Char(letter));
        }
    }

    fn screen(&mut self, columns: u16, rows: u16) -> String {
        let theme = Theme::shipped("mono").expect("it is shipped");
        let mut terminal = Terminal::new(TestBackend::new(columns, rows)).expect("a terminal");
        let real = self.real;
        terminal.draw(|frame| self.player.draw(frame, &theme, real)).expect("it draws");
        terminal.backend().to_string()
    }
}

fn seat() -> Seat {
    let mut stage = Stage::new();
    stage.whole_run();
    let folder = stage.end_recording();
    Seat::new(player(&folder))
}

#[test]
fn the_screen_says_that_it_is_a_replay() {
    let mut seat = seat();
    for (columns, rows) in [(40, 24), (80, 24), (120, 36), (160, 48)] {
        let screen = seat.screen(columns, rows);
        assert!(screen.contains("[REPLAY]"), "{screen}");
        assert!(!screen.contains("[READ-ONLY]") && !screen.contains("[SAFE]"), "{screen}");
        assert!(screen.contains("REPLAY paused"), "{screen}");
        if columns >= 80 {
            assert!(screen.contains("replayed 1"), "{screen}");
            assert!(screen.contains("entry 1 of "), "{screen}");
        }
    }
}

#[test]
fn keys_move_in_time() {
    let mut seat = seat();
    let last = seat.player.entries();
    seat.press(KeyCode::Char('n'));
    assert_eq!(seat.player.entry(), 2);
    seat.press(KeyCode::Right);
    assert_eq!(seat.player.entry(), 3);
    seat.press(KeyCode::Char('N'));
    seat.press(KeyCode::Left);
    assert_eq!(seat.player.entry(), 1);
    seat.press(KeyCode::Left);
    assert_eq!(seat.player.entry(), 1);
    seat.press(KeyCode::End);
    assert_eq!(seat.player.entry(), last);
    seat.press(KeyCode::Char('n'));
    assert_eq!(seat.player.entry(), last);
    seat.press(KeyCode::Home);
    assert_eq!(seat.player.entry(), 1);
    let begin = seat.player.now();
    seat.press(KeyCode::Char(']'));
    assert_eq!(seat.player.now().since(begin).as_secs(), 60);
    seat.press(KeyCode::Char('['));
    assert_eq!(seat.player.now(), begin);
    seat.press(KeyCode::Char('>'));
    assert!(seat.player.now().since(begin).as_millis() > 0 || seat.player.entry() == 2);
    seat.press(KeyCode::Char(' '));
    assert!(seat.player.is_playing());
    for _ in Speed::ALL {
        seat.press(KeyCode::Char('+'));
    }
    assert!(seat.screen(120, 36).contains("playing max"), "{}", seat.screen(120, 36));
    seat.press(KeyCode::Char('-'));
    assert!(seat.screen(120, 36).contains("playing x60"), "{}", seat.screen(120, 36));
    seat.press(KeyCode::Char(' '));
    assert!(!seat.player.is_playing());
    seat.press(KeyCode::Char('q'));
    assert!(seat.player.is_over(), "an open run does not keep a replay");
}

#[test]
fn seeking_is_typed_and_refused_with_a_sentence() {
    let mut seat = seat();
    let check = |seat: &mut Seat, text: &str, entry: Option<usize>, says: &str| {
        seat.press(KeyCode::Esc);
        seat.press(KeyCode::Char('s'));
        seat.types(text);
        seat.press(KeyCode::Enter);
        if let Some(entry) = entry {
            assert_eq!(seat.player.entry(), entry, "{text}");
        }
        let screen = seat.screen(120, 36);
        assert!(screen.contains(says), "{text}: {screen}");
    };
    check(&mut seat, "#3", Some(3), "entry 3 of");
    check(&mut seat, "T+00:40", None, "T+00:00:40");
    check(&mut seat, "#900", None, "the last entry is #");
    check(&mut seat, "T+99:59", None, "what is recorded goes from");
    check(&mut seat, "soon", None, "write T+MM:SS");
    seat.press(KeyCode::Esc);
    let moment = seat.player.now().utc().to_string();
    check(&mut seat, "#1", Some(1), "entry 1 of");
    check(&mut seat, &moment, None, &format!("replayed {moment}"));
}

#[test]
fn the_rest_of_the_screen_works_as_in_watch_and_nothing_acts() {
    let mut seat = seat();
    seat.press(KeyCode::End);
    seat.press(KeyCode::Char('6'));
    seat.press(KeyCode::Char('z'));
    let zoomed = seat.screen(120, 36);
    assert!(zoomed.contains("OPENED demo-"), "{zoomed}");
    seat.press(KeyCode::Char('z'));
    seat.press(KeyCode::Char('i'));
    let evidence = seat.screen(120, 36);
    assert!(evidence.contains("EVIDENCE"), "{evidence}");
    seat.press(KeyCode::Esc);
    seat.press(KeyCode::Char('4'));
    seat.press(KeyCode::Enter);
    assert!(seat.screen(120, 36).contains("STEP 1 Fence region A (fence-a)"));
    seat.press(KeyCode::Esc);
    for verb in
        ['r', 'R', 'D', 'A', 'L', 'E', 'W', 'K', 'U', 'm', 't', 'a', 'o', '!', 'X', 'v', 'c', 'u']
    {
        seat.press(KeyCode::Char(verb));
        let screen = seat.screen(120, 36);
        assert!(screen.contains("replay"), "{verb}: {screen}");
        assert!(screen.contains("refused: "), "{verb}: {screen}");
    }
    seat.press(KeyCode::Char('?'));
    let help = seat.screen(160, 48);
    assert!(help.contains("to the next journal entry"), "{help}");
    seat.press(KeyCode::Esc);
    // What was said stands for ten real seconds.
    seat.press(KeyCode::Char('r'));
    assert!(seat.screen(120, 36).contains("refused: "));
    seat.real.boot_ms += 11_000;
    assert!(!seat.screen(120, 36).contains("refused: "));
}
