//! The threads that probes and checks share; the keys and the journal have their own.

use std::io;

/// How many.
const WORKERS: usize = 2;

/// Starts them.
///
/// # Errors
/// When the system gives no threads.
pub fn start() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(WORKERS).enable_all().build()
}
