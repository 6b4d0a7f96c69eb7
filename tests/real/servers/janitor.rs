//! Ends what a test leaves behind, however it ends: also when it is killed, or never drops a value.

use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Waits for the end of its input, which only the tests' process holds; then ends the processes
/// whose numbers stand in `*.pid` of its folder, and removes the folder.
const SCRIPT: &str = r#"trap '' HUP INT TERM
cat >/dev/null
for file in "$1"/*.pid; do
    [ -f "$file" ] && kill -9 "$(cat "$file")"
done
# One that is being ended may still make a file.
for _ in 1 2 3 4 5; do
    rm -rf -- "$1" && break
    sleep 0.2
done"#;

/// One that waits. A value in a static is never dropped; this cleans up behind it all the same.
pub struct Janitor(Child);

impl Janitor {
    /// For the servers that live in `folder`.
    pub fn of(folder: &Path) -> Self {
        let child = Command::new("sh")
            .args(["-c", SCRIPT, "janitor"])
            .arg(folder)
            // Away from the terminal's keys, which end the tests.
            .process_group(0)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self(child)
    }
}

impl Drop for Janitor {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        // It ends with its input.
        let _ = self.0.wait();
    }
}
