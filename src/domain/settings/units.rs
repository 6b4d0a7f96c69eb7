//! Times and sizes as a person writes them, always with their unit.

use std::time::Duration;

/// Reads `"1h30m"`, `"5s"`, `"500ms"`; none without a unit, none negative.
pub fn parse_duration(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    if rest.is_empty() {
        return None;
    }
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let count: u64 = rest[..digits].parse().ok()?;
        let after = &rest[digits..];
        let letters = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
        let unit_ms = match &after[..letters] {
            "ms" => 1,
            "s" => 1000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return None,
        };
        total = total.checked_add(Duration::from_millis(count.checked_mul(unit_ms)?))?;
        rest = after[letters..].trim_start();
    }
    Some(total)
}

/// `1d`, `90s`, `500ms`: a time as a person would write it in a file, in the largest whole unit.
pub fn written_duration(ms: u64) -> String {
    let units = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1000, "s"), (1, "ms")];
    let whole = units.iter().find(|(unit, _)| ms >= *unit && ms.is_multiple_of(*unit));
    whole.map_or_else(|| "0s".to_owned(), |(unit, name)| format!("{}{name}", ms / unit))
}

/// Reads `"64 KiB"`, `"1 MiB"`, `"512 B"`, `"2 GiB"`.
pub fn parse_size(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let count: u64 = text[..digits].parse().ok()?;
    let unit = match text[digits..].trim() {
        "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        "TiB" => 1 << 40,
        _ => return None,
    };
    count.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units() {
        let check = |text: &str, want_ms: Option<u64>| {
            assert_eq!(parse_duration(text), want_ms.map(Duration::from_millis), "{text}");
        };
        check("500ms", Some(500));
        check("1h30m", Some(5_400_000));
        check("2d", Some(172_800_000));
        check("5", None);
        check("", None);
        check("-5s", None);
        check("5 parsecs", None);
        check("99999999999999999999s", None);
    }

    #[test]
    fn sizes_have_units() {
        let check = |text: &str, want: Option<u64>| assert_eq!(parse_size(text), want, "{text}");
        check("64 KiB", Some(65_536));
        check("1MiB", Some(1_048_576));
        check("10", None);
        check("3 bananas", None);
    }
}
