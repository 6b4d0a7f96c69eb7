//! A moment as a person types it, `14:02:10Z`, and the bounds within which T0 may be moved.

use std::str::FromStr;
use std::time::Duration;

use jiff::civil::{Date, Time};

use super::time::{BootId, Stamp, Utc};

/// T0 may be set to at most this long before the first thing that is known of the incident.
pub const T0_BEFORE_MAX: Duration = Duration::from_secs(24 * 3600);

/// What is expected, for sentences.
pub const MOMENT_FORM: &str = "a time in UTC such as 14:02:10Z or 2026-11-20T14:02:10Z";

/// Reads `14:02Z`, `14:02:10`, `14:02:10Z` or `2026-11-20T14:02:10Z`. A time without a date is the
/// one nearest to `now`, so that 23:58 typed shortly after midnight is yesterday's.
///
/// # Errors
/// A sentence that says what was expected.
pub fn read_moment(text: &str, now: Stamp) -> Result<Stamp, String> {
    let fault = || format!("`{text}` is no moment: write {MOMENT_FORM}");
    let bare = text.trim().trim_end_matches(['Z', 'z']);
    let (date, time) = match bare.split_once(['T', 't']) {
        Some((date, time)) => (Some(date), time),
        None => (None, bare),
    };
    let time = time_of(time).ok_or_else(fault)?;
    let on = |day: Date| Utc(day.to_datetime(time)).wall_ms();
    let today = now.utc().0.date();
    let nearest = || {
        let days = [today.yesterday(), Ok(today), today.tomorrow()];
        let away = |at: &i64| at.abs_diff(now.wall_ms);
        days.into_iter().flatten().filter_map(on).min_by_key(away)
    };
    let wall_ms = match date {
        Some(date) => date_of(date).and_then(on),
        None => nearest(),
    };
    Ok(at_wall(wall_ms.ok_or_else(fault)?, now))
}

/// The moment of a time of the wall clock, on the boot clock of `now` where it lies in this boot;
/// before that only the wall clock can tell how long ago it was.
fn at_wall(wall_ms: i64, now: Stamp) -> Stamp {
    let ahead = wall_ms.saturating_sub(now.wall_ms);
    match i64::try_from(now.boot_ms).ok().and_then(|boot| boot.checked_add(ahead)) {
        Some(boot_ms) if boot_ms >= 0 => {
            Stamp { wall_ms, boot_ms: boot_ms.unsigned_abs(), boot: now.boot }
        }
        Some(_) | None => Stamp { wall_ms, boot_ms: 0, boot: BootId(0) },
    }
}

fn number<N: FromStr>(text: &str, digits: usize) -> Option<N> {
    let right = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| right)
}

fn time_of(text: &str) -> Option<Time> {
    let mut parts = text.split(':');
    let (hour, minute) = (number(parts.next()?, 2)?, number(parts.next()?, 2)?);
    let second = parts.next().map_or(Some(0), |part| number(part, 2))?;
    Time::new(hour, minute, second, 0).ok().filter(|_| parts.next().is_none())
}

fn date_of(text: &str) -> Option<Date> {
    let mut parts = text.split('-');
    let (year, month) = (number(parts.next()?, 4)?, number(parts.next()?, 2)?);
    let day = number(parts.next()?, 2)?;
    Date::new(year, month, day).ok().filter(|_| parts.next().is_none())
}

/// Whether T0 may be moved to `t0`; `known` are moments at which something of the incident was
/// known.
///
/// # Errors
/// A sentence that says why not.
pub fn check_t0(
    t0: Stamp,
    known: impl IntoIterator<Item = Stamp>,
    now: Stamp,
) -> Result<(), &'static str> {
    if t0.wall_ms > now.wall_ms {
        return Err("T0 cannot be in the future");
    }
    let first = known.into_iter().map(|at| at.wall_ms).min().unwrap_or(now.wall_ms);
    let most = i64::try_from(T0_BEFORE_MAX.as_millis()).unwrap_or(i64::MAX);
    if t0.wall_ms < first.saturating_sub(most) {
        return Err("T0 cannot be more than 24 h before the first thing known of the incident");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-20T14:25:51Z, two hours after the machine was started.
    const NOW: Stamp = Stamp { wall_ms: 1_795_184_751_000, boot_ms: 7_200_000, boot: BootId(1) };

    #[test]
    fn moments_are_read_as_people_write_them() {
        let check = |text: &str, want: &str| {
            let found = read_moment(text, NOW).map(|at| at.utc().iso());
            assert_eq!(found.as_deref(), Ok(want), "{text}");
        };
        check("14:02:10Z", "2026-11-20T14:02:10Z");
        check(" 14:02:10 ", "2026-11-20T14:02:10Z");
        check("14:02Z", "2026-11-20T14:02:00Z");
        check("14:30:00Z", "2026-11-20T14:30:00Z");
        check("02:26:00Z", "2026-11-20T02:26:00Z");
        check("02:25:00Z", "2026-11-21T02:25:00Z");
        check("2026-11-19T23:58:00Z", "2026-11-19T23:58:00Z");
        check("2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z");
        let midnight = Stamp { wall_ms: 1_795_132_920_000, ..NOW };
        let found = read_moment("23:58:00Z", midnight).expect("a moment").utc().iso();
        assert_eq!(found, "2026-11-19T23:58:00Z");
        for bad in [
            "",
            "now",
            "14",
            "14:60:00Z",
            "24:00:00Z",
            "4:02:10Z",
            "14:02:10:10",
            "14:02:1O",
            "2026-02-30T14:02:10Z",
            "2026-13-01T14:02:10Z",
            "20261120T14:02:10Z",
            "-1:02:10Z",
            "+4:02:10Z",
        ] {
            let found = read_moment(bad, NOW);
            assert!(found.as_ref().is_err_and(|why| why.contains("14:02:10Z")), "{bad}: {found:?}");
        }
    }

    #[test]
    fn a_moment_counts_on_the_boot_clock_only_where_there_is_one() {
        let check = |text: &str, gone_s: u64, same_boot: bool| {
            let at = read_moment(text, NOW).expect(text);
            assert_eq!(NOW.since(at), Duration::from_secs(gone_s), "{text}");
            assert_eq!(at.boot == NOW.boot, same_boot, "{text}");
        };
        check("14:25:51Z", 0, true);
        check("12:25:51Z", 7200, true);
        check("12:25:50Z", 7201, false);
        check("2026-11-19T14:25:51Z", 86_400, false);
    }

    #[test]
    fn t0_has_bounds() {
        let check = |text: &str, known: &[&str], want: Result<(), &str>| {
            let at = |text: &str| read_moment(text, NOW).expect(text);
            let known = known.iter().map(|text| at(text));
            let found = check_t0(at(text), known, NOW);
            assert_eq!(found.is_ok(), want.is_ok(), "{text}");
            if let (Err(found), Err(want)) = (found, want) {
                assert!(found.contains(want), "{text}: {found}");
            }
        };
        check("14:25:51Z", &[], Ok(()));
        check("14:25:52Z", &[], Err("in the future"));
        check("14:02:10Z", &["14:02:30Z", "14:06:50Z"], Ok(()));
        check("2026-11-19T14:02:30Z", &["14:02:30Z", "14:06:50Z"], Ok(()));
        check("2026-11-19T14:02:29Z", &["14:06:50Z", "14:02:30Z"], Err("24 h before"));
    }
}
