//! Whether a theme can be read: contrast of text and lines, and states apart for every kind of eye.

use ratatui::style::Color;

use super::color::{Depth, Rgb};
use super::{Theme, Token};

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

/// A colour by how it looks to most eyes (CIELAB).
pub(super) fn look(color: Rgb) -> [f64; 3] {
    lab(linear(color))
}

/// Which of these looks most like `own` (CIEDE2000), the first of equals. Lightness alone never
/// tells more than the whole distance, by the largest weight that the formula gives it; a terminal
/// of 256 colours asks this for every colour of a theme before its first frame.
pub(super) fn nearest<N: Copy>(own: [f64; 3], among: &[(N, [f64; 3])]) -> Option<N> {
    const LIGHTNESS_WEIGHT_MAX: f64 = 1.75;
    let mut best: Option<(N, f64)> = None;
    for (name, other) in among {
        let least = (own[0] - other[0]).abs() / LIGHTNESS_WEIGHT_MAX;
        if best.is_some_and(|(_, known)| least > known) {
            continue;
        }
        let far = ciede2000(own, *other);
        if best.is_none_or(|(_, known)| far < known) {
            best = Some((*name, far));
        }
    }
    best.map(|(name, _)| name)
}

fn patch(theme: &Theme, token: Token) -> Option<Rgb> {
    let (fg, bg) = theme.colors(token);
    bg.or(fg)
}

/// A colour in linear light, each part from 0 to 1.
type Linear = [f64; 3];

/// The sRGB transfer function (IEC 61966-2-1).
fn linear(color: Rgb) -> Linear {
    [color.0, color.1, color.2].map(|part| {
        let part = f64::from(part) / 255.0;
        if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    })
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

/// CIE L*a*b* of linear sRGB under D65 (CIE 15:2004).
fn lab(light: Linear) -> [f64; 3] {
    let [red, green, blue] = light;
    let x = 0.412_456_4 * red + 0.357_576_1 * green + 0.180_437_5 * blue;
    let y = 0.212_672_9 * red + 0.715_152_2 * green + 0.072_175_0 * blue;
    let z = 0.019_333_9 * red + 0.119_192_0 * green + 0.950_304_1 * blue;
    let bend = |part: f64| {
        if part > 216.0 / 24_389.0 { part.cbrt() } else { (24_389.0 / 27.0 * part + 16.0) / 116.0 }
    };
    let (x, y, z) = (bend(x / 0.950_47), bend(y), bend(z / 1.088_83));
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

fn apart(one: Linear, other: Linear) -> f64 {
    ciede2000(lab(one), lab(other))
}

/// The colour difference of CIE 142-2001, after Sharma, Wu and Dalal, "The CIEDE2000
/// Color-Difference Formula: Implementation Notes" (2005).
pub(super) fn ciede2000(one: [f64; 3], other: [f64; 3]) -> f64 {
    let [l1, a1, b1] = one;
    let [l2, a2, b2] = other;
    let mean_c7 = f64::midpoint(a1.hypot(b1), a2.hypot(b2)).powi(7);
    let stretch = 1.5 - 0.5 * (mean_c7 / (mean_c7 + 25f64.powi(7))).sqrt();
    let (a1, a2) = (a1 * stretch, a2 * stretch);
    let (c1, c2) = (a1.hypot(b1), a2.hypot(b2));
    let hue = |a: f64, b: f64| {
        if a == 0.0 && b == 0.0 { 0.0 } else { b.atan2(a).to_degrees().rem_euclid(360.0) }
    };
    let (h1, h2) = (hue(a1, b1), hue(a2, b2));
    let grey = c1 * c2 == 0.0;
    let turn = match h2 - h1 {
        _ if grey => 0.0,
        turn if turn > 180.0 => turn - 360.0,
        turn if turn < -180.0 => turn + 360.0,
        turn => turn,
    };
    let (dl, dc) = (l2 - l1, c2 - c1);
    let dh = 2.0 * (c1 * c2).sqrt() * (turn.to_radians() / 2.0).sin();
    let (mean_l, mean_c) = (f64::midpoint(l1, l2), f64::midpoint(c1, c2));
    let mean_h = match h1 + h2 {
        sum if grey => sum,
        sum if (h1 - h2).abs() <= 180.0 => sum / 2.0,
        sum if sum < 360.0 => f64::midpoint(sum, 360.0),
        sum => f64::midpoint(sum, -360.0),
    };
    let wave = |factor: f64, shift: f64| (factor * mean_h + shift).to_radians().cos();
    let t = 1.0 - 0.17 * wave(1.0, -30.0) + 0.24 * wave(2.0, 0.0) + 0.32 * wave(3.0, 6.0)
        - 0.20 * wave(4.0, -63.0);
    let swing = 30.0 * (-((mean_h - 275.0) / 25.0).powi(2)).exp();
    let c7 = mean_c.powi(7);
    let turned = -(2.0 * (c7 / (c7 + 25f64.powi(7))).sqrt()) * (2.0 * swing).to_radians().sin();
    let off = (mean_l - 50.0).powi(2);
    let dl = dl / (1.0 + 0.015 * off / (20.0 + off).sqrt());
    let dc = dc / (1.0 + 0.045 * mean_c);
    let dh = dh / (1.0 + 0.015 * mean_c * t);
    (dl * dl + dc * dc + dh * dh + turned * dc * dh).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ciede2000_gives_the_published_figures() {
        // Sharma, Wu and Dalal (2005), table 1.
        let check = |one: [f64; 3], other: [f64; 3], want: f64| {
            let found = ciede2000(one, other);
            assert!((found - want).abs() < 0.0001, "{one:?} {other:?}: {found}, not {want}");
            assert!((ciede2000(other, one) - want).abs() < 0.0001);
        };
        check([50.0, 2.6772, -79.7751], [50.0, 0.0, -82.7485], 2.0425);
        check([50.0, 0.0, 0.0], [50.0, -1.0, 2.0], 2.3669);
        check([50.0, 2.5, 0.0], [50.0, 0.0, -2.5], 4.3065);
        check([50.0, 2.5, 0.0], [73.0, 25.0, -18.0], 27.1492);
        check([50.0, 2.5, 0.0], [58.0, 24.0, 15.0], 19.4535);
        check([60.2574, -34.0099, 36.2677], [60.4626, -34.1751, 39.4387], 1.2644);
        check([22.7233, 20.0904, -46.694], [23.0331, 14.973, -42.5619], 2.0373);
        check([2.0776, 0.0795, -1.135], [0.9033, -0.0636, -0.5514], 0.9082);
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
}
