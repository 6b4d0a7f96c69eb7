//! How far apart two colours look to the eye.

use super::color::Rgb;

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

/// A colour in linear light, each part from 0 to 1.
pub(super) type Linear = [f64; 3];

/// The sRGB transfer function (IEC 61966-2-1).
pub(super) fn linear(color: Rgb) -> Linear {
    [color.0, color.1, color.2].map(|part| {
        let part = f64::from(part) / 255.0;
        if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    })
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

#[cfg(test)]
pub(super) fn apart(one: Linear, other: Linear) -> f64 {
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
}
