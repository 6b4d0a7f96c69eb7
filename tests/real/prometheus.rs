//! Debian's Prometheus as it is fetched for the tests.

use std::process::Command;

use crate::servers::peers::PROMETHEUS;
use crate::turns::{Group, turn};

#[test]
fn its_program_starts() {
    let Some(_turn) = turn(Group::Prometheus) else { return };
    let program = PROMETHEUS.home().join("bin/prometheus");
    let output = Command::new(program).arg("--version").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
