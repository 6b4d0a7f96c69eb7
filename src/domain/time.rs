//! When something happened, on two clocks at once, and an RTO clock that no jump or crash bends.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use serde::{Deserialize, Serialize};

/// Which start of the machine a boot time counts from (Linux: `/proc/sys/kernel/random/boot_id`).
///
/// Written as 32 hex digits: a JSON number this long would not survive every reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct BootId(pub u128);

impl From<BootId> for String {
    fn from(boot: BootId) -> Self {
        format!("{:032x}", boot.0)
    }
}

impl TryFrom<String> for BootId {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        let digits = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        match u128::from_str_radix(&text, 16) {
            Ok(number) if digits => Ok(Self(number)),
            Ok(_) | Err(_) => Err("a boot id has 32 hex digits"),
        }
    }
}

/// The wall clock is doubted, or the boot clock, when one went this much further than the other.
pub const CLOCK_DOUBT: Duration = Duration::from_secs(5);

/// One moment, read once at the edge of the program and passed as an argument from there.
///
/// `boot_ms` is `CLOCK_BOOTTIME`, which goes on while the machine sleeps (`clock_gettime(2)`); it
/// is only comparable within one boot. `wall_ms` is comparable across boots and hosts but may jump.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// Milliseconds since 1970-01-01T00:00:00Z on the wall clock.
    pub wall_ms: i64,
    /// Milliseconds since boot, sleep included.
    pub boot_ms: u64,
    /// The boot that `boot_ms` counts from.
    pub boot: BootId,
}

impl Stamp {
    /// Time from `earlier` to this moment: by the boot clock within one boot, else by the wall
    /// clock. Never negative.
    pub fn since(self, earlier: Self) -> Duration {
        if self.boot == earlier.boot {
            Duration::from_millis(self.boot_ms.saturating_sub(earlier.boot_ms))
        } else {
            let ms = self.wall_ms.saturating_sub(earlier.wall_ms).max(0);
            Duration::from_millis(ms.unsigned_abs())
        }
    }

    /// True where something was never done, or was done so long ago.
    pub fn is_due(self, last: Option<Self>, every: Duration) -> bool {
        last.is_none_or(|last| self.since(last) >= every)
    }

    /// This moment as another process tells it, or `now` where it claims to be later than that.
    pub fn at_most(self, now: Self) -> Self {
        let later = if self.boot == now.boot {
            self.boot_ms > now.boot_ms
        } else {
            self.wall_ms > now.wall_ms
        };
        if later { now } else { self }
    }

    /// By how many milliseconds the wall clock went further than the boot clock since `earlier`;
    /// negative when it was set back, none in another boot.
    pub fn wall_ahead_ms(self, earlier: Self) -> Option<i64> {
        let boot = i64::try_from(self.boot_ms).ok()?.checked_sub_unsigned(earlier.boot_ms)?;
        let wall = self.wall_ms.checked_sub(earlier.wall_ms)?;
        wall.checked_sub(boot).filter(|_| self.boot == earlier.boot)
    }

    /// What may be missing from the time since `earlier`: the wall clock went so much further than
    /// the boot clock, which stands still while a virtual machine is paused from outside. The wall
    /// clock may as well have been set right, so this is a doubt and no correction.
    pub fn doubt(self, earlier: Self) -> Option<Duration> {
        let ahead = u64::try_from(self.wall_ahead_ms(earlier)?).ok().map(Duration::from_millis);
        ahead.filter(|ahead| *ahead >= CLOCK_DOUBT)
    }

    /// This moment moved forward by `by` on both clocks.
    pub fn plus(self, by: Duration) -> Self {
        let ms = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        Self {
            wall_ms: self.wall_ms.saturating_add(i64::try_from(ms).unwrap_or(i64::MAX)),
            boot_ms: self.boot_ms.saturating_add(ms),
            boot: self.boot,
        }
    }

    /// This moment moved back by `by` on both clocks.
    pub fn minus(self, by: Duration) -> Self {
        let ms = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        Self {
            wall_ms: self.wall_ms.saturating_sub(i64::try_from(ms).unwrap_or(i64::MAX)),
            boot_ms: self.boot_ms.saturating_sub(ms),
            boot: self.boot,
        }
    }

    /// The wall clock in UTC, by the calendar.
    pub fn utc(self) -> Utc {
        Utc::from_wall_ms(self.wall_ms)
    }

    /// How long ago this was at `now`, in whole seconds as a short time.
    pub fn ago(self, now: Self) -> String {
        whole_time(now.since(self))
    }
}

/// A moment of the wall clock in UTC, for the screen and the report. Displays `14:02:10Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Utc(pub DateTime);

impl Utc {
    /// The date and time of milliseconds since 1970. A wall clock beyond the years -9999 to 9999
    /// shows the end of them.
    pub fn from_wall_ms(wall_ms: i64) -> Self {
        let end = if wall_ms < 0 { Timestamp::MIN } else { Timestamp::MAX };
        Self(Offset::UTC.to_datetime(Timestamp::from_millisecond(wall_ms).unwrap_or(end)))
    }

    /// Milliseconds since 1970; none at the end of the calendar.
    pub fn wall_ms(self) -> Option<i64> {
        Offset::UTC.to_timestamp(self.0).ok().map(Timestamp::as_millisecond)
    }

    /// `2026-11-20`.
    pub fn date(self) -> String {
        self.0.date().to_string()
    }

    /// `2026-11-20 14:02:10Z`, for people.
    pub fn dated(self) -> String {
        format!("{} {self}", self.date())
    }

    /// `2026-11-20T14:02:10Z`.
    pub fn iso(self) -> String {
        format!("{}T{self}", self.date())
    }
}

impl fmt::Display for Utc {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.0.strftime("%H:%M:%SZ"))
    }
}

/// `00:23:41`, the form of every clock; hours go on past 99.
pub fn clock_text(time: Duration) -> String {
    let seconds = time.as_secs();
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds % 3600 / 60, seconds % 60)
}

/// Seconds between a finish, as clocks show it, and the deadline: what stands side by side adds up.
pub fn margin_s(rto: Duration, finish: Duration) -> f64 {
    rto.as_secs_f64() - Duration::from_secs(finish.as_secs()).as_secs_f64()
}

/// `0.8s`, `42s`, `3m11s`, `3h12m`, `5d4h`: a length of time in at most six characters.
pub fn short_time(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..10 if time.subsec_millis() >= 50 => format!("{:.1}s", time.as_secs_f64()),
        0..120 => format!("{seconds}s"),
        120..7200 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        7200..172_800 => format!("{}h{:02}m", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{}d{}h", seconds / 86_400, seconds % 86_400 / 3600),
    }
}

/// The same of whole seconds: what goes on by itself shows no tenths.
pub fn whole_time(time: Duration) -> String {
    short_time(Duration::from_secs(time.as_secs()))
}

/// Measured seconds as a short time; what is no length is shown as it is.
pub fn measured_time(seconds: f64) -> String {
    let length = Duration::try_from_secs_f64(seconds.max(0.0));
    length.map_or_else(|_| format!("{seconds} s"), short_time)
}

/// `12 ms`, `3 s`, `2.5 s`: a time as sentences about a server say it.
pub fn spoken_time(time: Duration) -> String {
    let ms = time.as_millis();
    match ms {
        0..1000 => format!("{ms} ms"),
        _ if ms.is_multiple_of(1000) => format!("{} s", ms / 1000),
        _ => format!("{:.1} s", time.as_secs_f64()),
    }
}

/// A lag or a loss in seconds as a short time: what is cut off is never less than the truth.
pub fn no_less(seconds: f64) -> String {
    short_time(Duration::try_from_secs_f64(cut_upwards(seconds)).unwrap_or(Duration::MAX))
}

/// Seconds as [`no_less`] shows them: with tenths, whole, or whole minutes.
pub fn cut_upwards(seconds: f64) -> f64 {
    const FUZZ: f64 = 1e-6;
    let up = |steps: f64| ((seconds * steps - FUZZ).ceil() / steps).max(0.0);
    match seconds {
        ..10.0 => up(10.0),
        10.0..7200.0 => up(1.0),
        _ => up(1.0 / 60.0),
    }
}

/// The clock of the recovery time objective: from T0 until the service is verified restored.
///
/// Within one boot it is the difference of two boot clocks, so neither sleep nor a wall-clock jump
/// moves it. Every recorded event is an anchor: after a reboot only the gap since the last anchor
/// rests on the wall clock.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RtoClock {
    /// The first failed probe of the series that turned the primary red.
    pub t0: Stamp,
    anchor: Stamp,
    at_anchor: Duration,
    /// The moment in this boot at which the wall clock was least ahead of the boot clock: from
    /// there on a doubt counts.
    base: Stamp,
    /// What is on record as doubted.
    doubted: Duration,
    /// Elapsed time when the clock stopped on verified restoration.
    pub stopped: Option<Duration>,
}

impl RtoClock {
    /// Starts at `t0`.
    pub fn starting(t0: Stamp) -> Self {
        let (at_anchor, doubted) = (Duration::ZERO, Duration::ZERO);
        Self { t0, anchor: t0, at_anchor, base: t0, doubted, stopped: None }
    }

    /// Moves the anchor to a recorded moment.
    pub fn observe(&mut self, at: Stamp) {
        self.at_anchor = self.running(at);
        self.anchor = at;
        if at.wall_ahead_ms(self.base).is_none_or(|ahead| ahead < 0) {
            self.base = at;
        }
    }

    /// Takes in a doubt that was recorded at `at`; what was counted when the clock stopped stays.
    pub fn take_doubt(&mut self, at: Stamp, doubt: Duration) {
        if self.stopped.is_none() {
            self.doubted += doubt;
        }
        self.base = at;
    }

    /// A doubt that is not on record yet: since when, and how much. `seen` is a moment since the
    /// last record: where the wall clock was set back in between, the doubt counts from there. None
    /// once the clock stopped.
    pub fn new_doubt(&self, seen: Stamp, now: Stamp) -> Option<(Stamp, Duration)> {
        let lower = seen.wall_ahead_ms(self.base).is_some_and(|ahead| ahead < 0);
        let since = if lower { seen } else { self.base };
        now.doubt(since).filter(|_| self.stopped.is_none()).map(|doubt| (since, doubt))
    }

    /// How much more than [`RtoClock::elapsed`] the wall clock says, where the two differ.
    pub fn doubt(&self, now: Stamp) -> Option<Duration> {
        let new = self.new_doubt(now, now).map_or(Duration::ZERO, |(_, doubt)| doubt);
        Some(self.doubted + new).filter(|doubt| !doubt.is_zero())
    }

    /// Stops the clock as of `at`. A clock stops once.
    pub fn stop(&mut self, at: Stamp) {
        if self.stopped.is_none() {
            self.stopped = Some(self.running(at));
        }
    }

    /// Time since T0, or the final figure once stopped.
    pub fn elapsed(&self, now: Stamp) -> Duration {
        self.stopped.unwrap_or_else(|| self.running(now))
    }

    fn running(&self, now: Stamp) -> Duration {
        self.at_anchor + now.since(self.anchor)
    }
}

/// A moment as mail and HTTP write it, `Fri, 20 Nov 2026 00:00:00 GMT`, in seconds since 1970.
pub fn seconds_of(written: &str) -> Option<i64> {
    let at = jiff::fmt::rfc2822::parse(written).ok()?;
    Some(at.timestamp().as_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MONDAY: BootId = BootId(1);
    const TUESDAY: BootId = BootId(2);

    fn stamp(wall_s: i64, boot_s: u64, boot: BootId) -> Stamp {
        Stamp { wall_ms: wall_s * 1000, boot_ms: boot_s * 1000, boot }
    }

    #[test]
    fn a_lag_is_cut_off_upwards() {
        let check = |seconds: f64, want: &str| assert_eq!(no_less(seconds), want);
        check(0.0, "0s");
        check(-1.0, "0s");
        check(0.31, "0.4s");
        check(0.3, "0.3s");
        check(9.96, "10s");
        check(11.02, "12s");
        check(119.5, "2m00s");
        check(7201.0, "2h01m");
        check(f64::MAX, &short_time(Duration::MAX));
    }

    #[test]
    fn times_are_said() {
        let check = |ms: u64, want: &str| assert_eq!(spoken_time(Duration::from_millis(ms)), want);
        check(12, "12 ms");
        check(3000, "3 s");
        check(2500, "2.5 s");
    }

    #[test]
    fn dates_are_civil() {
        let check = |wall_s: i64, want: &str| {
            assert_eq!(Utc::from_wall_ms(wall_s * 1000).iso(), want);
        };
        check(0, "1970-01-01T00:00:00Z");
        check(951_782_400, "2000-02-29T00:00:00Z");
        check(1_795_183_330, "2026-11-20T14:02:10Z");
        check(-1, "1969-12-31T23:59:59Z");
    }

    #[test]
    fn the_clock_survives_what_happens_to_clocks() {
        let check = |history: &[Stamp], want_s: u64| {
            let mut clock = RtoClock::starting(history[0]);
            for at in &history[1..] {
                clock.observe(*at);
            }
            let last = history[history.len() - 1];
            assert_eq!(clock.elapsed(last), Duration::from_secs(want_s), "{history:?}");
        };
        check(&[stamp(1000, 10, MONDAY), stamp(1060, 70, MONDAY)], 60);
        // The wall clock jumps a year ahead, and an hour back.
        check(&[stamp(1000, 10, MONDAY), stamp(31_537_000, 70, MONDAY)], 60);
        check(&[stamp(10_000, 10, MONDAY), stamp(6400, 70, MONDAY)], 60);
        // A reboot: the gap counts by the wall clock, what was before it by the boot clock.
        check(&[stamp(1000, 10, MONDAY), stamp(1060, 70, MONDAY), stamp(1180, 5, TUESDAY)], 180);
        // A wall jump before the reboot does not count twice.
        check(&[stamp(1000, 10, MONDAY), stamp(9060, 70, MONDAY), stamp(9090, 5, TUESDAY)], 90);
    }

    #[test]
    fn what_the_wall_clock_says_more_is_a_doubt_and_moves_no_clock() {
        // Moments (wall, boot) from T0 on, each an event; the last one is now. A `true` records
        // what is doubted then.
        let check = |history: &[(i64, u64, BootId, bool)], took_s: u64, doubt_s: u64| {
            let at = |(wall, boot, id, _): &(i64, u64, BootId, bool)| stamp(*wall, *boot, *id);
            let (first, last) = (&history[0], &history[history.len() - 1]);
            let mut clock = RtoClock::starting(at(first));
            for event in &history[1..] {
                let doubt = clock.new_doubt(at(event), at(event));
                clock.observe(at(event));
                if let Some((_, doubt)) = doubt.filter(|_| event.3) {
                    clock.take_doubt(at(event), doubt);
                }
            }
            let doubt = clock.doubt(at(last)).unwrap_or_default();
            assert_eq!(clock.elapsed(at(last)).as_secs(), took_s, "{history:?}");
            assert_eq!(doubt.as_secs(), doubt_s, "{history:?}");
        };
        let (mon, tue) = (MONDAY, TUESDAY);
        check(&[(1000, 10, mon, false), (1060, 70, mon, false)], 60, 0);
        // Paused for ten minutes: on record, or not yet.
        check(&[(1000, 10, mon, false), (1660, 70, mon, true)], 60, 600);
        check(&[(1000, 10, mon, false), (1660, 70, mon, false)], 60, 600);
        // Twice, once on record; many small pauses; less than is doubted.
        let twice = [(1000, 10, mon, false), (1660, 70, mon, true), (2320, 130, mon, false)];
        check(&twice, 120, 1200);
        let small = [(1000, 10, mon, false), (1013, 20, mon, true), (1026, 30, mon, true)];
        check(&small, 20, 6);
        check(&[(1000, 10, mon, false), (1014, 20, mon, true)], 10, 0);
        // Set back is no doubt, and hides none that comes after it.
        check(&[(9000, 10, mon, false), (5460, 70, mon, true)], 60, 0);
        let back = [(9000, 10, mon, false), (5460, 70, mon, true), (6120, 130, mon, true)];
        check(&back, 120, 600);
        // Across a reboot the wall clock counted; after it the doubt begins anew.
        check(&[(1000, 10, mon, false), (1180, 5, tue, true)], 180, 0);
        let after = [(1000, 10, mon, false), (1180, 5, tue, true), (1800, 25, tue, true)];
        check(&after, 200, 600);
    }

    #[test]
    fn lengths_are_short() {
        let check = |ms: u64, want: &str| assert_eq!(short_time(Duration::from_millis(ms)), want);
        check(0, "0s");
        check(800, "0.8s");
        check(42_000, "42s");
        check(191_000, "3m11s");
        check(11_520_000, "3h12m");
        check(446_400_000, "5d4h");
    }
}
