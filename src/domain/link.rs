//! A replica's link to its source: what the store says of it, and for how long nothing came.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::reading::{FactValue, Reading};
use super::text::Clean;

/// The fact by which a standby tells whether it still receives from its source.
pub const LINK_UP: &str = "link_up";

/// What a store says of the connection to its source. It says so until a timeout of its own ends,
/// so it is believed no longer than something comes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", content = "why", rename_all = "snake_case")]
pub enum LinkWord {
    /// It stands.
    Up,
    /// It does not.
    Down,
    /// It is not told; the reason.
    Unknown(Clean),
}

/// What a replica told of its link in one look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Its own word.
    pub says: LinkWord,
    /// Milliseconds since its source was last heard; none where that is not known.
    pub silent_ms: Option<u64>,
    /// The longest silence of a link that works, in milliseconds: three times as long as a source
    /// that has nothing to send is silent.
    pub most_ms: u64,
}

/// How a link is: the word of the store as far as its age allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkState {
    /// Something came lately.
    Up,
    /// It is said to stand, but nothing has come for longer than it ever takes.
    Silent(Duration),
    /// It does not stand.
    Down,
    /// Nobody can tell; the reason.
    Unknown(Clean),
}

impl Link {
    /// How it is.
    pub fn state(&self) -> LinkState {
        match (&self.says, self.silent_ms) {
            (LinkWord::Up, Some(silent)) if silent > self.most_ms => {
                LinkState::Silent(Duration::from_millis(silent))
            }
            (LinkWord::Up, _) => LinkState::Up,
            (LinkWord::Down, _) => LinkState::Down,
            (LinkWord::Unknown(why), _) => LinkState::Unknown(why.clone()),
        }
    }

    /// True where nothing comes over it.
    pub fn is_dead(&self) -> bool {
        self.state().is_dead()
    }

    /// The value of the fact [`LINK_UP`].
    pub fn up(&self) -> FactValue {
        match self.state() {
            LinkState::Up => FactValue::Boolean(true),
            LinkState::Silent(_) | LinkState::Down => FactValue::Boolean(false),
            LinkState::Unknown(why) => FactValue::Unknown(why),
        }
    }
}

impl LinkState {
    /// True where nothing comes over it.
    pub fn is_dead(&self) -> bool {
        matches!(self, Self::Silent(_) | Self::Down)
    }
}

impl Reading {
    /// How this side's link to its source is; none for what has none. A kind that tells no age is
    /// taken at its word.
    pub fn link_state(&self) -> Option<LinkState> {
        if let Some(link) = &self.link {
            return Some(link.state());
        }
        Some(match self.fact(LINK_UP)? {
            FactValue::Boolean(true) => LinkState::Up,
            FactValue::Boolean(false) => LinkState::Down,
            other => LinkState::Unknown(other.shown().into()),
        })
    }

    /// How long before this look the source was last heard over the link, where that is known.
    pub fn link_silent_for(&self) -> Option<Duration> {
        self.link.as_ref()?.silent_ms.map(Duration::from_millis)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_of_a_link_is_its_age() {
        let check = |says: LinkWord, silent_ms: Option<u64>, want: LinkState| {
            let link = Link { says, silent_ms, most_ms: 30_000 };
            assert_eq!(link.state(), want, "{link:?}");
            let up = link.up();
            match want {
                LinkState::Unknown(why) => assert_eq!(up, FactValue::Unknown(why)),
                state => assert_eq!(up, FactValue::Boolean(!state.is_dead())),
            }
        };
        check(LinkWord::Up, None, LinkState::Up);
        check(LinkWord::Up, Some(30_000), LinkState::Up);
        // It says `up` until its own timeout, a minute or so.
        check(LinkWord::Up, Some(36_000), LinkState::Silent(Duration::from_secs(36)));
        check(LinkWord::Down, Some(1), LinkState::Down);
        check(LinkWord::Unknown("no right".into()), None, LinkState::Unknown("no right".into()));
    }
}
