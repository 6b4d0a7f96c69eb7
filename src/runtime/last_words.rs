//! What a fault of ours says while the screen is up is kept, and told once the terminal is back.

use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, Once, PoisonError};

use secrecy::SecretString;

use crate::runtime::redact::Redactor;

/// Faults kept; the first tell the cause, the rest follow from them.
const WORDS_MAX: usize = 16;

static HOLDING: AtomicBool = AtomicBool::new(false);
static HOOK: Once = Once::new();
static WORDS: Mutex<Vec<String>> = Mutex::new(Vec::new());
static MASK: Mutex<Option<Redactor>> = Mutex::new(None);

/// Masks these in every fault that is told from here on: a message may quote what was at hand.
pub fn know(secrets: &[SecretString]) {
    *MASK.lock().unwrap_or_else(PoisonError::into_inner) = Some(Redactor::new(secrets));
}

fn masked(text: &str) -> String {
    match &*MASK.lock().unwrap_or_else(PoisonError::into_inner) {
        Some(redactor) => redactor.text(text),
        None => Redactor::new(&[]).text(text),
    }
}

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
                words.push(masked(&format!("warroom: a fault of the program: {panic}")));
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
        know(&[SecretString::from("wr-canary=panic")]);
        for _ in 0..WORDS_MAX + 2 {
            let quotes = || panic!("a made-up fault at https://u:wr-canary=panic@db/");
            let ended = std::thread::spawn(quotes).join();
            assert!(ended.is_err());
        }
        let words = take();
        let made_up = words.iter().filter(|word| word.contains("a made-up fault")).count();
        assert!(!words.iter().any(|word| word.contains("wr-canary")), "{words:?}");
        // Other tests may panic meanwhile.
        assert!(made_up > 0 && words.len() == WORDS_MAX, "{words:?}");
        assert!(words[0].starts_with("warroom: a fault of the program: "), "{}", words[0]);
    }
}
