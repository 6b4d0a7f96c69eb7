//! Keeps this process's memory to itself: it holds secrets.

use rustix::process::{Resource, Rlimit, setrlimit};

/// From here on this process leaves no core dump, and no other of the same user may read its
/// memory, its environment or its open files. Said before the first secret is opened; what it
/// starts may be looked at again, but leaves no core dump either.
pub fn keep() {
    // Lowering a limit cannot fail.
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    // A core limit of 0 does not keep a dump from a program that the kernel pipes it to; this does.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
}
