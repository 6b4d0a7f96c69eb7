//! What a fault of ours says while the screen is up is kept, and told once the terminal is back.

use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, Once, PoisonError};

/// Faults kept; the first tell the cause, the rest follow from them.
const WORDS_MAX: usize = 16;

static HOLDING: AtomicBool = AtomicBool::new(false);
static HOOK: Once = Once::new();
static WORDS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// From here on a panic of any thread is kept instead of being written over the screen.
pub fn hold() {
    HOOK.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !HOLDING.load(Ordering::Acquire) {
                return usual(panic);
            }
            let mut words = WORDS.lock().unwrap_or_else(PoisonError::into_inner);
            if words.len() < WORDS_MAX {
                words.push(format!("warroom: a fault of the program: {panic}"));
            }
        }));
    });
    HOLDING.store(true, Ordering::Release);
}

/// Takes what was kept; from here on a panic is told at once again.
#[must_use]
pub fn take() -> Vec<String> {
    HOLDING.store(false, Ordering::Release);
    std::mem::take(&mut *WORDS.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Writes what was kept to standard error.
pub fn tell() {
    for word in take() {
        // Nobody can be told that nobody can be told.
        let _ = writeln!(std::io::stderr(), "{word}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_kept_and_told_later() {
        hold();
        for _ in 0..WORDS_MAX + 2 {
            let ended = std::thread::spawn(|| panic!("a made-up fault")).join();
            assert!(ended.is_err());
        }
        let words = take();
        let made_up = words.iter().filter(|word| word.contains("a made-up fault")).count();
        // Other tests may panic meanwhile.
        assert!(made_up > 0 && words.len() == WORDS_MAX, "{words:?}");
        assert!(words[0].starts_with("warroom: a fault of the program: "), "{}", words[0]);
    }
}
