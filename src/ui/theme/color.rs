//! Colours as numbers, and what is left of them on terminals that know fewer.

use std::sync::LazyLock;

use ratatui::style::Color;

use super::difference::{look, nearest};

/// How many colours the terminal knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// 16 million.
    TrueColor,
    /// The 256 of xterm.
    Colors256,
    /// The 16 of the terminal's own palette.
    Colors16,
    /// None: only bold, underline and reverse.
    None,
}

/// A colour of a theme.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rgb(pub u8, pub u8, pub u8);

/// The 16 colours by the names that `ansi16` uses, with the values xterm gives them by default
/// (`XTerm-col.ad`).
pub(super) const ANSI16: &[(&str, Color, Rgb)] = &[
    ("black", Color::Black, Rgb(0, 0, 0)),
    ("red", Color::Red, Rgb(205, 0, 0)),
    ("green", Color::Green, Rgb(0, 205, 0)),
    ("yellow", Color::Yellow, Rgb(205, 205, 0)),
    ("blue", Color::Blue, Rgb(0, 0, 238)),
    ("magenta", Color::Magenta, Rgb(205, 0, 205)),
    ("cyan", Color::Cyan, Rgb(0, 205, 205)),
    ("white", Color::Gray, Rgb(229, 229, 229)),
    ("bright-black", Color::DarkGray, Rgb(127, 127, 127)),
    ("bright-red", Color::LightRed, Rgb(255, 0, 0)),
    ("bright-green", Color::LightGreen, Rgb(0, 255, 0)),
    ("bright-yellow", Color::LightYellow, Rgb(255, 255, 0)),
    ("bright-blue", Color::LightBlue, Rgb(92, 92, 255)),
    ("bright-magenta", Color::LightMagenta, Rgb(255, 0, 255)),
    ("bright-cyan", Color::LightCyan, Rgb(0, 255, 255)),
    ("bright-white", Color::White, Rgb(255, 255, 255)),
];

/// The names that `ansi16` may use, beside `default`.
pub fn ansi16_names() -> impl Iterator<Item = &'static str> {
    ANSI16.iter().map(|(name, _, _)| *name)
}

/// One of the 16 colours by name.
pub fn ansi16(name: &str) -> Option<Color> {
    ANSI16.iter().find(|(known, _, _)| *known == name).map(|(_, color, _)| *color)
}

impl Rgb {
    /// Reads `#rgb` and `#rrggbb`.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#')?;
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let part = |from: usize, to: usize| u8::from_str_radix(&digits[from..to], 16).ok();
        match digits.len() {
            3 => Some(Self(part(0, 1)? * 17, part(1, 2)? * 17, part(2, 3)? * 17)),
            6 => Some(Self(part(0, 2)?, part(2, 4)?, part(4, 6)?)),
            _ => None,
        }
    }

    /// The colour that comes closest at this depth.
    pub fn at(self, depth: Depth) -> Option<Color> {
        match depth {
            Depth::TrueColor => Some(Color::Rgb(self.0, self.1, self.2)),
            Depth::Colors256 => Some(Color::Indexed(self.nearest_256())),
            Depth::Colors16 => ANSI16
                .iter()
                .min_by_key(|(_, _, value)| self.distance(*value))
                .map(|(_, color, _)| *color),
            Depth::None => None,
        }
    }

    fn distance(self, other: Self) -> u32 {
        let part = |a: u8, b: u8| u32::from(a.abs_diff(b)).pow(2);
        part(self.0, other.0) + part(self.1, other.1) + part(self.2, other.2)
    }

    /// Of the cube and the greys the one that looks most like it: by distance in numbers a red
    /// becomes an orange.
    fn nearest_256(self) -> u8 {
        static LOOKS: LazyLock<Vec<(u8, [f64; 3])>> =
            LazyLock::new(|| palette_256().map(|(at, rgb)| (at, look(rgb))).collect());
        nearest(look(self), &LOOKS).unwrap_or(16)
    }
}

/// The cube (16 to 231) and the greys (232 to 255) of xterm's `256colres.h`; the first 16 are the
/// user's and say nothing about their value.
pub(super) fn palette_256() -> impl Iterator<Item = (u8, Rgb)> {
    const LEVELS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    let cube = (0..216u8).map(|at| {
        let level = |place: u8| LEVELS[usize::from(place % 6)];
        (16 + at, Rgb(level(at / 36), level(at / 6), level(at)))
    });
    let greys = (0..24u8).map(|at| {
        let value = 8 + 10 * at;
        (232 + at, Rgb(value, value, value))
    });
    cube.chain(greys)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_passed_over_is_never_the_nearest() {
        use super::super::difference::ciede2000;
        let looks: Vec<_> = palette_256().map(|(at, rgb)| (at, look(rgb))).collect();
        for value in 0..4096_u32 {
            let part = |shift: u32| u8::try_from((value >> shift) & 15).expect("small") * 17;
            let own = Rgb(part(8), part(4), part(0));
            let far = |one: &(u8, [f64; 3])| ciede2000(look(own), one.1);
            let near = looks.iter().min_by(|one, other| far(one).total_cmp(&far(other)));
            assert_eq!(near.map(|(at, _)| *at), Some(own.nearest_256()), "{own:?}");
        }
    }

    #[test]
    fn colours_are_read_and_come_down() {
        let check = |text: &str, full: Rgb, at_256: u8, at_16: Color| {
            let read = Rgb::parse(text).expect(text);
            assert_eq!(read, full);
            assert_eq!(read.at(Depth::Colors256), Some(Color::Indexed(at_256)), "{text}");
            assert_eq!(read.at(Depth::Colors16), Some(at_16), "{text}");
            assert_eq!(read.at(Depth::None), None);
        };
        check("#fff", Rgb(255, 255, 255), 231, Color::White);
        check("#000000", Rgb(0, 0, 0), 16, Color::Black);
        check("#ff0000", Rgb(255, 0, 0), 196, Color::LightRed);
        check("#808080", Rgb(128, 128, 128), 244, Color::DarkGray);
        // Red stays red: 166 is orange.
        check("#c4302b", Rgb(196, 48, 43), 160, Color::Red);
        for bad in ["fff", "#ff", "#gggggg", "#12345é", "", "#"] {
            assert_eq!(Rgb::parse(bad), None, "{bad}");
        }
    }
}
