//! The commands of Kafka's Java programs: bounded, and quick to start.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::super::find_program;
use super::super::peers::KAFKA;

/// Starts quickly on few cores rather than to run fast for long.
const OPTIONS: [&str; 4] =
    ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto", "-Xms64m"];

/// A command of one of Kafka's classes, with a bounded heap.
pub fn command(home: &Path, heap_mib: u32, class: &str) -> Command {
    let java = find_program("java").expect("`require` asked for what needs it");
    let mut command = Command::new(java);
    command
        .args(OPTIONS)
        .arg(format!("-Xmx{heap_mib}m"))
        .arg(format!("-Dlog4j.configuration=file:{}", home.join("log4j.properties").display()))
        .arg("-cp")
        .arg(KAFKA.home().join("libs/*"))
        .arg(class)
        .current_dir(home);
    command
}

/// Writes the settings of their logs.
pub fn write_log_settings(home: &Path) {
    let text = "log4j.rootLogger=WARN, out\n\
                log4j.appender.out=org.apache.log4j.ConsoleAppender\n\
                log4j.appender.out.layout=org.apache.log4j.PatternLayout\n\
                log4j.appender.out.layout.ConversionPattern=%d{HH:mm:ss,SSS} %p %c{1}: %m%n\n\
                log4j.logger.org.reflections=ERROR\n";
    fs::write(home.join("log4j.properties"), text).unwrap();
}
