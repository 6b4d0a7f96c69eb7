//! What a key of the open dialog would come to now, found by pressing it on a copy.

use crossterm::event::KeyCode;

use super::dialogs::{palette_opened, settle};
use crate::domain::run::decide::{may_open, permitted};
use crate::domain::site::SiteRole;
use crate::domain::text::Clean;
use crate::ui::command::Command;
use crate::ui::facts::Facts;
use crate::ui::keymap::Key;
use crate::ui::model::Model;
use crate::ui::over::Hand;
use crate::ui::wish::Wish;

/// Why a key of the open dialog would be refused now, by the dialog or by what decides on its wish;
/// none when it does something. Nothing is changed by asking.
pub fn why_not_here(command: Command, facts: &Facts<'_>, model: &Model) -> Option<Clean> {
    let mut copy = model.clone();
    copy.notice = None;
    let mut dialog = copy.dialog.take()?;
    if let Some(why) = palette_opened(&copy, command) {
        return Some(why.into());
    }
    let key = Key::plain(KeyCode::Null);
    let hand = &mut Hand { model: &mut copy, facts, key, command: Some(command) };
    let after = dialog.press(hand);
    let wishes = settle(after, &mut copy, facts, dialog);
    let still = copy.dialog == model.dialog;
    if still && copy.notice.is_none() && wishes.is_empty() {
        return Some("it does nothing here".into());
    }
    let refused = copy.notice.filter(|notice| notice.refusal).map(|notice| notice.text);
    refused.or_else(|| wishes.iter().find_map(|wish| why_not_granted(wish, facts)))
}

fn why_not_granted(wish: &Wish, facts: &Facts<'_>) -> Option<Clean> {
    let answer = match wish {
        Wish::Intent(intent) => return facts.decides(intent).err(),
        Wish::Open { index, .. } => {
            if let Err(why) = facts.settled() {
                return Some(why);
            }
            let plan = facts.runbooks.get(*index)?;
            may_open(facts.site, facts.me, plan, facts.assessment.active)
        }
        Wish::Arm => permitted(facts.site, facts.me, SiteRole::Commander, "arm"),
        Wish::Safe
        | Wish::Rehearse { .. }
        | Wish::StopWindow { .. }
        | Wish::VerifyNow
        | Wish::Leave
        | Wish::Copy
        | Wish::Update { .. }
        | Wish::Replay(_) => Ok(()),
    };
    answer.err().map(|why| why.to_string().into())
}
