//! The tokens that widgets ask a theme for, by meaning; a colour is never named here.

use crate::ui::theme::Token;

/// A token of the theme.
pub type Ink = Token;

/// Ordinary text on the ground.
pub const TEXT: Ink = Token::Text;
/// Text that may be overlooked.
pub const MUTED: Ink = Token::Muted;
/// The line around a panel.
pub const BORDER: Ink = Token::Border;
/// The line around the panel that has the keys, and headings.
pub const FOCUS: Ink = Token::Focus;
/// The row that the keys act on.
pub const SELECTION: Ink = Token::Selection;
/// As it should be.
pub const OK: Ink = Token::Ok;
/// Worth knowing.
pub const INFO: Ink = Token::Info;
/// Act soon.
pub const WARN: Ink = Token::Warn;
/// Act now.
pub const CRIT: Ink = Token::Crit;
/// Older than allowed.
pub const STALE: Ink = Token::Stale;
/// Nothing is known.
pub const UNKNOWN: Ink = Token::Unknown;
/// Not yet.
pub const PENDING: Ink = Token::Pending;
/// Held by a person.
pub const HELD: Ink = Token::Held;
/// The badge of a live console.
pub const BADGE_LIVE: Ink = Token::BadgeLive;
/// The badge of a drill or a simulation.
pub const BADGE_DRILL: Ink = Token::BadgeDrill;
/// The badge of a console that blocks acts.
pub const BADGE_SAFE: Ink = Token::BadgeSafe;
/// The badge of a console that acts.
pub const BADGE_ARMED: Ink = Token::BadgeArmed;
/// The badge of a console that has no acts.
pub const BADGE_READONLY: Ink = Token::BadgeReadOnly;
/// The badge of a replay, and the moment that it shows.
pub const BADGE_REPLAY: Ink = Token::BadgeReadOnly;
/// The badge of a simulation.
pub const BADGE_SIM: Ink = Token::BadgeSim;
/// What to do now.
pub const NEXT: Ink = Token::Next;
/// The name of a key.
pub const KEY: Ink = Token::Key;
/// Text being typed.
pub const FIELD: Ink = Token::Field;
/// Typed text that is right so far.
pub const MATCH: Ink = Token::ConfirmMatch;
/// Typed text that is not right.
pub const WRONG: Ink = Token::ConfirmWrong;
/// The seconds in which any key stops it.
pub const WINDOW: Ink = Token::ConfirmWindow;
/// A rule that is being broken.
pub const BROKEN: Ink = Token::ConfirmBroken;
