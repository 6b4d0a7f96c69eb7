//! What the screen of a replay remembers, and what its keys ask for; nothing in it can act.

use std::time::Duration;

use crate::domain::text::Clean;

/// What a key of a replay asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReplayKey {
    /// Play, or pause.
    Play,
    /// To the next journal entry.
    Next,
    /// To the journal entry before.
    Previous,
    /// Play faster.
    Faster,
    /// Play slower.
    Slower,
    /// One minute back.
    MinuteBack,
    /// One minute on.
    MinuteOn,
    /// To the first entry.
    Begin,
    /// To the end of what is recorded.
    End,
    /// Over the time in which nothing is on record, to just before the next entry.
    SkipIdle,
    /// To a moment or an entry that is typed.
    Seek,
}

/// Where to seek to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// So long after T0.
    Clock(Duration),
    /// Seconds of the UTC day, its first time after the beginning.
    TimeOfDay(u32),
    /// The journal entry of this number.
    Entry(u64),
}

impl Target {
    /// Reads `T+MM:SS`, `T+HH:MM:SS`, `HH:MM:SSZ` or `#SEQ`.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Some(number) = text.strip_prefix('#') {
            return whole(number).filter(|number| *number > 0).map(Self::Entry);
        }
        if let Some(clock) = text.strip_prefix("T+").or_else(|| text.strip_prefix("t+")) {
            let seconds = match *parts(clock)?.as_slice() {
                [minutes, seconds] if seconds < 60 => minutes * 60 + seconds,
                [hours, minutes, seconds] if minutes < 60 && seconds < 60 => {
                    hours * 3600 + minutes * 60 + seconds
                }
                _ => return None,
            };
            return Some(Self::Clock(Duration::from_secs(seconds)));
        }
        let of_day = text.strip_suffix(['Z', 'z'])?;
        match *parts(of_day)?.as_slice() {
            [hours, minutes, seconds] if hours < 24 && minutes < 60 && seconds < 60 => {
                u32::try_from(hours * 3600 + minutes * 60 + seconds).ok().map(Self::TimeOfDay)
            }
            _ => None,
        }
    }

    /// How a target is written, for refusals and help.
    pub const FORMS: &'static str = "T+MM:SS, T+HH:MM:SS, HH:MM:SSZ or #ENTRY";
}

/// Numbers between colons.
fn parts(text: &str) -> Option<Vec<u64>> {
    text.split(':').map(whole).collect()
}

/// A short number of digits only.
fn whole(text: &str) -> Option<u64> {
    let plain = (1..=6).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if plain { text.parse().ok() } else { None }
}

/// One wish of the person at a replay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplayWish {
    /// A key.
    Key(ReplayKey),
    /// Go there.
    Seek(Target),
}

/// How fast a replay plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speed {
    /// So many times as fast as it was.
    Times(u32),
    /// From entry to entry, without the time between.
    Max,
}

impl Speed {
    /// All, slowest first.
    pub const ALL: [Self; 7] = [
        Self::Times(1),
        Self::Times(2),
        Self::Times(5),
        Self::Times(10),
        Self::Times(30),
        Self::Times(60),
        Self::Max,
    ];

    /// Reads `1`, `30` or `max`.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|speed| speed.word().trim_start_matches('x') == text)
    }

    /// `x10` or `max`.
    pub fn word(self) -> String {
        match self {
            Self::Times(times) => format!("x{times}"),
            Self::Max => "max".to_owned(),
        }
    }

    /// The next faster one, or this.
    pub fn faster(self) -> Self {
        Self::ALL.into_iter().skip_while(|speed| *speed != self).nth(1).unwrap_or(self)
    }

    /// The next slower one, or this.
    pub fn slower(self) -> Self {
        Self::ALL.into_iter().take_while(|speed| *speed != self).last().unwrap_or(self)
    }
}

/// Where a replay stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replay {
    /// True while it plays.
    pub playing: bool,
    /// How fast.
    pub speed: Speed,
    /// Journal entries shown so far.
    pub entry: usize,
    /// Journal entries in all.
    pub entries: usize,
    /// Time since the beginning of what is recorded.
    pub gone: Duration,
    /// The length of what is recorded.
    pub length: Duration,
    /// What is missing at this moment, such as `readings not recorded`.
    pub gap: Option<Clean>,
    /// How many times readings are missing in the whole of it.
    pub gaps: usize,
    /// Why the journal ends where it does, when it is not whole.
    pub damage: Option<Clean>,
    /// What the keys asked for and the player has not done yet.
    pub wishes: Vec<ReplayWish>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_read_as_people_write_them() {
        let check = |text: &str, want: Option<Target>| {
            assert_eq!(Target::parse(text), want, "{text}");
        };
        let clock = |seconds| Some(Target::Clock(Duration::from_secs(seconds)));
        check("T+12:30", clock(750));
        check("t+00:00", clock(0));
        check(" T+90:00 ", clock(5400));
        check("T+01:02:03", clock(3723));
        check("14:02:10Z", Some(Target::TimeOfDay(50_530)));
        check("00:00:00z", Some(Target::TimeOfDay(0)));
        check("#31", Some(Target::Entry(31)));
        for bad in [
            "",
            "#",
            "#0",
            "#-1",
            "#x",
            "T+",
            "T+5",
            "T+1:60",
            "T+1:60:00",
            "T+1:2:3:4",
            "14:02Z",
            "24:00:00Z",
            "14:02:10",
            "T+9999999:00",
            "Z",
            "::Z",
        ] {
            check(bad, None);
        }
    }

    #[test]
    fn speeds_go_up_and_down_and_stop_at_their_ends() {
        let mut speed = Speed::Times(1);
        assert_eq!(speed.slower(), speed);
        let mut words = vec![speed.word()];
        while speed.faster() != speed {
            speed = speed.faster();
            words.push(speed.word());
        }
        assert_eq!(words, ["x1", "x2", "x5", "x10", "x30", "x60", "max"]);
        for word in words {
            assert_eq!(Speed::parse(word.trim_start_matches('x')).map(Speed::word), Some(word));
        }
        assert_eq!(Speed::Max.slower(), Speed::Times(60));
        assert_eq!(Speed::parse("3"), None);
    }
}
