//! Whether the histories of two servers have split, and the sentence that says so.

use super::judge::View;
use crate::domain::reading::FactValue;

/// Whether the two histories have split. Two primaries of one cluster on different timelines have;
/// so has a standby that holds more than its primary ever wrote, or is on a later timeline.
pub(super) fn diverged(view: &View<'_>) -> FactValue {
    let own = view.own;
    let unknown = |why: String| FactValue::Unknown(why.into());
    let Some(other) = view.other else {
        return unknown(format!("{} was not read", view.side.other()));
    };
    if other.system != own.system {
        return FactValue::Boolean(true);
    }
    let (standby, primary) = match (own.in_recovery, other.in_recovery) {
        (false, false) => return FactValue::Boolean(own.timeline != other.timeline),
        (true, true) => return unknown("there is no primary to compare with".to_owned()),
        (true, false) => (own, other),
        (false, true) => (other, own),
    };
    if standby.timeline > primary.timeline {
        return FactValue::Boolean(true);
    }
    if standby.timeline < primary.timeline {
        // A standby that streams is about to change its timeline; one that does not may have
        // written after the split.
        return match standby.receiver.streaming() {
            Some(true) => FactValue::Boolean(false),
            Some(false) | None => unknown(format!(
                "the standby is on timeline {}, the primary on {}, and the link is not up",
                standby.timeline, primary.timeline
            )),
        };
    }
    FactValue::Boolean(standby.held_lsn() > primary.current_lsn)
}

/// The sentence for two histories that have split.
pub(super) fn diverged_sentence(view: &View<'_>) -> String {
    let (own, side) = (view.own, view.side);
    match view.other {
        Some(other) if other.system == own.system && other.timeline != own.timeline => format!(
            "histories have split: {side} is on timeline {}, {} on {}",
            own.timeline,
            side.other(),
            other.timeline
        ),
        Some(_) | None => {
            "histories have split: the standby holds what its primary never wrote".to_owned()
        }
    }
}
