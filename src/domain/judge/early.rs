//! Whether a system fails, and what failed its last look before anything that counts looks speaks.

use super::scene::Scene;
use crate::domain::rules::{Finding, View, ask, down, is_signal};
use crate::domain::site::RuleTest;
use crate::domain::snapshot::CellState;
use crate::domain::verdict::Signal;

impl<'a> Scene<'a> {
    /// What serves and failed its last look, before its rule has seen enough of it.
    pub(super) fn early_signals(&self) -> impl Iterator<Item = Signal> + use<'a> {
        let scene = *self;
        let ruled = self.serving_views().filter(move |view| scene.has_signal_rule(view));
        ruled.filter_map(move |view| scene.early(&view))
    }

    /// Whether a system fails: by one of its rules, or, without one, by its looks in a row.
    pub(super) fn fails(&self, view: &View<'_>) -> bool {
        let speaks = |test: &RuleTest| match test {
            RuleTest::Down { failures } => down::since(view, *failures).is_some(),
            test => matches!(ask(test, view), Finding::Speaks { .. }),
        };
        if self.has_signal_rule(view) {
            let mut signals = self.rules(&view.system.id).filter(|rule| is_signal(&rule.test));
            return signals.any(|rule| speaks(&rule.test));
        }
        down::since(view, down::FAILURES_WITHOUT_RULE).is_some()
    }

    /// A system whose last look failed while nothing that counts its looks speaks yet.
    pub(super) fn early(&self, view: &View<'_>) -> Option<Signal> {
        if !matches!(view.state(), CellState::Down(_)) || self.fails(view) {
            return None;
        }
        let wanted = self.rules(&view.system.id).find_map(|rule| match rule.test {
            RuleTest::Down { failures } => Some(failures),
            _ => None,
        });
        let without = (!self.has_signal_rule(view)).then_some(down::FAILURES_WITHOUT_RULE);
        Some(Signal {
            system: view.system.id.clone(),
            since: view.cell.first_failure.unwrap_or(self.now),
            why: down::so_far(view, wanted.or(without)),
            early: true,
        })
    }
}
