//! The machine's clocks, read here and nowhere else.

use std::fs;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rustix::time::{ClockId, clock_gettime};

use crate::domain::time::{BootId, Stamp};
use crate::port::Clock;

/// Where Linux tells which start of the machine this is (`proc(5)`, `random(4)`).
const BOOT_ID_FILE: &str = "/proc/sys/kernel/random/boot_id";

/// The wall clock and the time since boot of this machine.
///
/// On Linux the boot clock is `CLOCK_BOOTTIME`, which goes on while the machine sleeps, and the
/// kernel gives the boot id. Elsewhere it is `CLOCK_MONOTONIC`, which may stop in sleep, and the
/// boot id is always 0: after a restart of such a machine the boot clock starts again under the
/// same id, and lengths across the restart come out too short.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock {
    boot: BootId,
}

impl SystemClock {
    /// Reads which boot this is, once.
    pub fn new() -> Self {
        Self { boot: boot_id() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Stamp {
        Stamp { wall_ms: wall_ms(), boot_ms: boot_ms(), boot: self.boot }
    }
}

/// Tells how long something has taken, without the time in which the machine slept.
#[derive(Debug, Clone, Copy)]
pub struct Timer(Instant);

impl Timer {
    /// From now on.
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// How long that is by now.
    pub fn passed(self) -> Duration {
        self.0.elapsed()
    }
}

fn wall_ms() -> i64 {
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_millis()).unwrap_or(i64::MAX),
        Err(before) => {
            i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |before_ms| -before_ms)
        }
    }
}

#[cfg(target_os = "linux")]
const BOOT_CLOCK: ClockId = ClockId::Boottime;
#[cfg(not(target_os = "linux"))]
const BOOT_CLOCK: ClockId = ClockId::Monotonic;

fn boot_ms() -> u64 {
    let time = clock_gettime(BOOT_CLOCK);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let millis = u64::try_from(time.tv_nsec / 1_000_000).unwrap_or(0);
    seconds.saturating_mul(1000).saturating_add(millis)
}

/// The kernel's boot id; 0 where there is none.
fn boot_id() -> BootId {
    let text = fs::read_to_string(BOOT_ID_FILE).unwrap_or_default();
    let digits: String = text.chars().filter(char::is_ascii_hexdigit).collect();
    BootId(u128::from_str_radix(&digits, 16).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_clocks_go_forward_in_one_boot() {
        let clock = SystemClock::new();
        let (first, second) = (clock.now(), SystemClock::default().now());
        assert_eq!(first.boot, second.boot);
        assert!(second.boot_ms >= first.boot_ms);
        // Any machine that runs this was set after 2020.
        assert!(first.wall_ms > 1_577_836_800_000, "{first:?}");
        #[cfg(target_os = "linux")]
        assert_ne!(first.boot, BootId(0));
    }

    #[test]
    fn a_stamp_survives_the_journal_whole() {
        let now = SystemClock::new().now();
        let text = serde_json::to_string(&now).unwrap();
        assert_eq!(serde_json::from_str::<Stamp>(&text).unwrap(), now);
        // Through a value too: that is how a tagged word is read.
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(serde_json::from_value::<Stamp>(value).unwrap(), now);
    }
}
