//! The person who looks on at a replay: keys in, frames out, in the time that it really is.

use std::time::Duration;

use ratatui::Frame;

use super::{Player, drop_all};
use crate::domain::time::Stamp;
use crate::runtime::event::Event;
use crate::ui::model::Notice;
use crate::ui::replay::{Replay, ReplayWish};
use crate::ui::theme::Theme;
use crate::ui::update::Input;
use crate::ui::view::NOTICE_SHOWN;

impl Player {
    /// Takes in a key of the person who looks on. `real` is the time that it is.
    pub fn input(&mut self, input: Input, real: Stamp) {
        self.tell_model();
        drop_all(self.head.console.step(Event::Input(input), real));
        self.over = self.head.console.is_over();
        for wish in self.head.console.take_wishes() {
            match wish {
                ReplayWish::Key(key) => self.key(key),
                ReplayWish::Seek(target) => {
                    if let Err(why) = self.seek(target) {
                        let notice = Notice { at: real, text: why.into(), refusal: true };
                        self.head.console.model_mut().notice = Some(notice);
                    }
                }
            }
        }
    }

    /// Leaves.
    pub fn leave(&mut self) {
        self.over = true;
    }

    /// Draws the replayed moment. `real` is the time that it is.
    pub fn draw(&mut self, frame: &mut Frame<'_>, theme: &Theme, real: Stamp) {
        self.tell_model();
        let now = self.now();
        let model = self.head.console.model_mut();
        let kept = model.notice.take();
        // What is said to the person at the keys stands for real seconds, not for replayed ones.
        let fresh = kept.clone().filter(|notice| real.since(notice.at) < NOTICE_SHOWN);
        model.notice = fresh.map(|notice| Notice { at: now, ..notice });
        self.head.console.draw(frame, theme, now);
        self.head.console.model_mut().notice = kept;
    }

    /// Brings the screen's own memory up to date with where the replay stands.
    fn tell_model(&mut self) {
        let replay = Replay {
            playing: self.playing,
            speed: self.speed,
            entry: self.entry(),
            entries: self.entries(),
            gone: Duration::from_millis(self.offset),
            length: Duration::from_millis(self.reel.length()),
            gap: self.reel.gap_at(self.offset).map(|gap| gap.why.clone()),
            gaps: self.reel.gaps.len(),
            damage: self.damage.clone(),
            wishes: Vec::new(),
        };
        self.head.console.model_mut().replay = Some(replay);
    }
}
