//! Kafka's clusters, Connect and `MirrorMaker` 2 as they are fetched for the tests.

use std::process::Command;

use crate::servers::peers::KAFKA;
use crate::turns::{Group, turn};

#[test]
fn its_programs_start() {
    let Some(_turn) = turn(Group::Kafka) else { return };
    let output = Command::new("java")
        .arg("-cp")
        .arg(KAFKA.home().join("libs/*"))
        .args(["kafka.tools.StorageTool", "random-uuid"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
