//! Whether a theme can be read: contrast of text and lines, and states apart for every kind of eye.

use ratatui::style::Color;

use super::color::{ANSI16, Depth, Rgb, palette_256};
use super::difference::{Linear, apart, linear};
use super::{Look, Modifier, Paint, Theme, Token};

/// What a theme is held to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// The least contrast of text with what it stands on (WCAG 2.2, 1.4.3).
    pub text: f64,
    /// The least contrast of lines (WCAG 2.2, 1.4.11).
    pub lines: f64,
    /// The least CIEDE2000 distance between ok, warn and crit, for every kind of colour vision.
    pub apart: f64,
}

impl Limits {
    /// What any theme is held to.
    pub const ANY: Self = Self { text: 4.5, lines: 3.0, apart: 15.0 };
}

impl Theme {
    /// The colours of a token, for the check; none where the terminal's own are used.
    fn colors(&self, token: Token) -> (Option<Rgb>, Option<Rgb>) {
        let rgb = |paint: Option<Paint>| match paint {
            Some(Paint::Is(rgb)) => Some(rgb),
            Some(Paint::Default) | None => None,
        };
        self.looks.get(token.index()).map_or((None, None), |look| (rgb(look.fg), rgb(look.bg)))
    }

    /// The theme as its colours are left at a depth, for the check.
    fn left_at(&self, depth: Depth) -> Self {
        let left = |paint: Option<Paint>| match paint? {
            Paint::Default => Some(Paint::Default),
            Paint::Is(rgb) => Some(rgb.left_at(depth).map_or(Paint::Default, Paint::Is)),
        };
        let looks = self.looks.iter();
        let looks =
            looks.map(|look| Look { fg: left(look.fg), bg: left(look.bg), ..*look }).collect();
        Self { looks, ..self.clone() }
    }

    fn mods(&self, token: Token) -> Modifier {
        self.looks.get(token.index()).map_or(Modifier::empty(), |look| look.mods)
    }
}

impl Rgb {
    /// What is left of it at this depth; none where the terminal's own colours are used.
    fn left_at(self, depth: Depth) -> Option<Self> {
        match self.at(depth)? {
            Color::Indexed(at) => palette_256().find(|(own, _)| *own == at).map(|(_, rgb)| rgb),
            other => Self::of(other),
        }
    }

    /// The value of a colour by the names that `ansi16` uses, or of a true one.
    fn of(color: Color) -> Option<Self> {
        match color {
            Color::Rgb(red, green, blue) => Some(Self(red, green, blue)),
            other => ANSI16.iter().find(|(_, known, _)| *known == other).map(|(_, _, rgb)| *rgb),
        }
    }
}

impl Token {
    /// True for lines that are not read: they need less contrast.
    fn is_line(self) -> bool {
        matches!(self, Self::Border | Self::Focus)
    }

    /// True for grounds, which have no text of their own.
    fn is_ground(self) -> bool {
        matches!(self, Self::Background | Self::Surface | Self::Selection)
    }
}

/// What is wrong with a theme, one sentence each; nothing for a good one. It is looked at in true
/// colour, and as it is left with 256 and with 16 colours.
pub fn check(theme: &Theme, limits: Limits) -> Vec<String> {
    let mut wrong = Vec::new();
    for depth in [Depth::TrueColor, Depth::Colors256] {
        let left = theme.left_at(depth);
        let mut found = Vec::new();
        check_contrast(&left, limits, &mut found);
        check_states(&left, limits, &mut found);
        let at = if depth == Depth::TrueColor { "" } else { " with 256 colours" };
        wrong.extend(found.into_iter().map(|text| format!("{text}{at}")));
    }
    check_16(theme, limits, &mut wrong);
    wrong
}

/// With 16 colours the ground may be the terminal's own, dark or light: what stands on it must be
/// read on both, and the states must not look the same.
fn check_16(theme: &Theme, limits: Limits, wrong: &mut Vec<String>) {
    let shown = theme.clone().at(Depth::Colors16);
    let value = |color: Option<Color>| color.and_then(Rgb::of);
    let ground = value(shown.style(Token::Background).bg);
    let grounds = ground.map_or(vec![Rgb(0, 0, 0), Rgb(255, 255, 255)], |own| vec![own]);
    for token in Token::ALL.iter().copied().filter(|token| !token.is_ground()) {
        let style = shown.style(token);
        let Some(fg) = value(style.fg) else { continue };
        let under = value(style.bg).map_or(grounds.clone(), |own| vec![own]);
        if under.into_iter().any(|ground| contrast(fg, ground) < limits.lines) {
            let name = token.name();
            wrong.push(format!(
                "`{name}` cannot be read with 16 colours on every ground: say it in `ansi16`, with \
                 `default` or a ground of its own"
            ));
        }
    }
    let states = [Token::Ok, Token::Info, Token::Warn, Token::Crit, Token::Stale];
    let has_colours = states.iter().any(|token| shown.style(*token).fg.is_some());
    for (index, one) in states.iter().enumerate().filter(|_| has_colours) {
        for other in &states[index + 1..] {
            if shown.style(*one) == shown.style(*other) {
                let (one, other) = (one.name(), other.name());
                wrong.push(format!("`{one}` and `{other}` look the same with 16 colours"));
            }
        }
    }
}

fn check_contrast(theme: &Theme, limits: Limits, wrong: &mut Vec<String>) {
    let grounds = [Token::Background, Token::Surface, Token::Selection];
    let ground = |token: Token| theme.colors(token).1;
    for token in Token::ALL.iter().copied().filter(|token| !token.is_ground()) {
        let (fg, bg) = theme.colors(token);
        let own = bg.map(|color| vec![(token, color)]);
        let under = own.unwrap_or_else(|| {
            let seen = if token.is_line() { &grounds[..2] } else { &grounds[..] };
            seen.iter().filter_map(|place| Some((*place, ground(*place)?))).collect()
        });
        let least = if token.is_line() { limits.lines } else { limits.text };
        // A token that gives only a ground is written on in the colour of text.
        let Some(fg) = fg.or_else(|| bg.and(theme.colors(Token::Text).0)) else { continue };
        for (place, color) in under {
            let found = contrast(fg, color);
            if found < least {
                let (name, place) = (token.name(), place.name());
                wrong.push(format!(
                    "`{name}` on `{place}` has a contrast of {found:.1}, but needs {least:.1}"
                ));
            }
        }
    }
}

fn check_states(theme: &Theme, limits: Limits, wrong: &mut Vec<String>) {
    let states = [Token::Ok, Token::Warn, Token::Crit];
    for (index, one) in states.iter().enumerate() {
        for other in &states[index + 1..] {
            // What the eye meets first is the ground where there is one, else the letters.
            let (Some(a), Some(b)) = (patch(theme, *one), patch(theme, *other)) else {
                if theme.mods(*one) == theme.mods(*other) {
                    let (one, other) = (one.name(), other.name());
                    wrong.push(format!("`{one}` and `{other}` look the same"));
                }
                continue;
            };
            for vision in VISIONS {
                let found = apart(vision.seen(a), vision.seen(b));
                if found < limits.apart {
                    let (one, other, name) = (one.name(), other.name(), vision.name);
                    let least = limits.apart;
                    wrong.push(format!(
                        "`{one}` and `{other}` are {found:.1} apart for {name} eyes, \
                         but need {least:.0}"
                    ));
                }
            }
        }
    }
}

fn patch(theme: &Theme, token: Token) -> Option<Rgb> {
    let (fg, bg) = theme.colors(token);
    bg.or(fg)
}

/// The contrast of WCAG 2.2: from 1 to 21.
fn contrast(one: Rgb, other: Rgb) -> f64 {
    let luminance = |color: Rgb| {
        let [red, green, blue] = linear(color);
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    };
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

/// One kind of colour vision as a matrix on linear light.
struct Vision {
    name: &'static str,
    matrix: [[f64; 3]; 3],
}

/// Normal vision, and the dichromacies at severity 1.0 of Machado, Oliveira and Fernandes,
/// "A Physiologically-based Model for Simulation of Color Vision Deficiency" (2009), table 1.
const VISIONS: &[Vision] = &[
    Vision { name: "most", matrix: [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]] },
    Vision {
        name: "protan",
        matrix: [
            [0.152_286, 1.052_583, -0.204_868],
            [0.114_503, 0.786_281, 0.099_216],
            [-0.003_882, -0.048_116, 1.051_998],
        ],
    },
    Vision {
        name: "deutan",
        matrix: [
            [0.367_322, 0.860_646, -0.227_968],
            [0.280_085, 0.672_501, 0.047_413],
            [-0.011_820, 0.042_940, 0.968_881],
        ],
    },
    Vision {
        name: "tritan",
        matrix: [
            [1.255_528, -0.076_749, -0.178_779],
            [-0.078_411, 0.930_809, 0.147_602],
            [0.004_733, 0.691_367, 0.303_900],
        ],
    },
];

impl Vision {
    fn seen(&self, color: Rgb) -> Linear {
        let light = linear(color);
        self.matrix.map(|row| {
            let sum: f64 = row.iter().zip(light).map(|(weight, part)| weight * part).sum();
            sum.clamp(0.0, 1.0)
        })
    }
}

#[test]
fn contrast_gives_known_figures() {
    let check = |one: &str, other: &str, want: f64| {
        let read = |text| Rgb::parse(text).expect("a colour");
        let found = contrast(read(one), read(other));
        assert!((found - want).abs() < 0.01, "{one} {other}: {found}");
    };
    check("#000", "#fff", 21.0);
    check("#777777", "#ffffff", 4.48);
    check("#fff", "#fff", 1.0);
}
