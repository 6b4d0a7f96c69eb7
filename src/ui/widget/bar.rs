//! A share as a bar, and a few past values as a small curve.

/// `[████░░░░] 39 %` with `cells` cells between the brackets; more than the whole stays full.
pub fn bar(share: f64, cells: usize) -> String {
    let share = if share.is_finite() { share.max(0.0) } else { 0.0 };
    let full = (0..cells).filter(|cell| share_of(*cell, cells) < share.min(1.0)).count();
    let percent = (share * 100.0).floor().min(999.0);
    format!("[{}{}] {percent:.0} %", "█".repeat(full), "░".repeat(cells - full))
}

fn share_of(cell: usize, cells: usize) -> f64 {
    let number = |value: usize| f64::from(u32::try_from(value).unwrap_or(u32::MAX));
    (number(cell) + 0.5) / number(cells.max(1))
}

/// The last `cells` values as a curve from zero to `most`; a value that is not known is a space.
pub fn curve(values: &[Option<f64>], most: f64, cells: usize) -> String {
    const STEPS: [char; 7] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇'];
    let from = values.len().saturating_sub(cells);
    let shown = &values[from..];
    let mut text: String = " ".repeat(cells - shown.len());
    text.extend(shown.iter().map(|value| match value {
        None => ' ',
        Some(value) => {
            let level = (0_u8..6)
                .filter(|step| *value > most.max(f64::MIN_POSITIVE) * f64::from(step + 1) / 7.0)
                .count();
            STEPS[level]
        }
    }));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_show_their_share() {
        let check = |share: f64, want: &str| assert_eq!(bar(share, 4), want);
        check(0.0, "[░░░░] 0 %");
        check(0.5, "[██░░] 50 %");
        check(1.0, "[████] 100 %");
        check(2.5, "[████] 250 %");
        check(f64::NAN, "[░░░░] 0 %");
    }

    #[test]
    fn curves_leave_gaps_where_nothing_is_known() {
        assert_eq!(curve(&[Some(0.0), None, Some(7.0)], 7.0, 4), " ▁ ▇");
        assert_eq!(curve(&[Some(1.0); 9], 7.0, 2), "▁▁");
    }
}
