//! Says lines on standard output without ever waiting for whoever reads them, or does not.

use std::io::{self, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

use crate::runtime::beats::Tell;

/// Lines that may wait for the reader; of more it is only told how many there were.
const WAITING_MAX: usize = 256;

/// What takes lines from here on. Where nobody takes them on, full disk or dead pipe, they are lost
/// and all else goes on.
///
/// # Errors
/// When the system gives no thread.
pub fn start() -> io::Result<Tell> {
    let (queue, waiting) = sync_channel(WAITING_MAX);
    let lost = Arc::new(AtomicU64::new(0));
    let told = Arc::clone(&lost);
    std::thread::Builder::new().name("teller".to_owned()).spawn(move || serve(&waiting, &told))?;
    Ok(Arc::new(move |line: &str| put(&queue, &lost, line)))
}

fn put(queue: &SyncSender<String>, lost: &AtomicU64, line: &str) {
    if let Err(TrySendError::Full(_)) = queue.try_send(format!("{line}\n")) {
        lost.fetch_add(1, Ordering::Relaxed);
    }
}

fn serve(waiting: &Receiver<String>, lost: &AtomicU64) {
    for line in waiting {
        let _ = say(&line);
        let count = lost.swap(0, Ordering::Relaxed);
        if count > 0 {
            let _ = say(&format!("{count} lines are missing here: nobody took them\n"));
        }
    }
}

fn say(text: &str) -> io::Result<()> {
    let mut out = io::stdout();
    out.write_all(text.as_bytes()).and_then(|()| out.flush())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_that_takes_nothing_costs_lines_and_no_time() {
        let (queue, waiting) = sync_channel(2);
        let lost = AtomicU64::new(0);
        for number in 0..5 {
            put(&queue, &lost, &number.to_string());
        }
        assert_eq!(lost.load(Ordering::Relaxed), 3);
        assert_eq!(waiting.try_iter().collect::<Vec<_>>(), ["0\n", "1\n"]);
        drop(waiting);
        put(&queue, &lost, "dead");
        assert_eq!(lost.load(Ordering::Relaxed), 3);
    }
}
