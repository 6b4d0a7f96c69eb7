//! What a fault of ours says while the screen is up is kept, and told once the terminal is back.

use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Once, PoisonError};

use secrecy::{ExposeSecret, SecretString};

use crate::domain::text::mask_before_cuts;
use crate::runtime::redact::Redactor;

/// Faults kept; the first tell the cause, the rest follow from them.
const WORDS_MAX: usize = 16;

/// What stands before a fault.
const FAULT: &str = "warroom: a fault of the program: ";

static HOLDING: AtomicBool = AtomicBool::new(false);
static HOOK: Once = Once::new();
static WORDS: Mutex<Vec<String>> = Mutex::new(Vec::new());
static MASK: Mutex<Mask> = Mutex::new(Mask { known: Vec::new(), redactor: None });

/// What is masked.
struct Mask {
    known: Vec<SecretString>,
    /// What masks them; behind an `Arc`, so that the lock is never held while anything is done.
    redactor: Option<Arc<Redactor>>,
}

/// Masks these too in every fault that is told from here on, and in every text before it is cut: a
/// message may quote what was at hand.
pub fn know(secrets: &[SecretString]) {
    mask_before_cuts(masked);
    let mut mask = MASK.lock().unwrap_or_else(PoisonError::into_inner);
    let before = mask.known.len();
    for secret in secrets {
        if !mask.known.iter().any(|known| known.expose_secret() == secret.expose_secret()) {
            mask.known.push(secret.clone());
        }
    }
    if mask.known.len() > before {
        mask.redactor = Some(Arc::new(Redactor::new(&mask.known)));
    }
}

/// A text for standard error, with every secret masked that this process has opened so far, or that
/// looks like one.
pub fn masked(text: &str) -> String {
    let redactor = MASK.lock().unwrap_or_else(PoisonError::into_inner).redactor.clone();
    match redactor {
        Some(redactor) => redactor.text(text),
        None => Redactor::new(&[]).text(text),
    }
}

/// From here on no panic of any thread tells a secret.
pub fn mask() {
    HOOK.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let said = panic.to_string();
            let told = masked(&said);
            tracing::error!("{told}");
            if !HOLDING.load(Ordering::Acquire) {
                // What tells no secret is told as ever, with the way there where it is asked for.
                if told == said {
                    return usual(panic);
                }
                let _ = writeln!(std::io::stderr(), "{FAULT}{told}");
                return;
            }
            let mut words = WORDS.lock().unwrap_or_else(PoisonError::into_inner);
            if words.len() < WORDS_MAX {
                words.push(format!("{FAULT}{told}"));
            }
        }));
    });
}

/// From here on a panic of any thread is kept instead of being written over the screen.
pub fn hold() {
    mask();
    HOLDING.store(true, Ordering::Release);
}

/// Takes what was kept; from here on a panic is told at once again.
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
