//! The exit codes that the program answers with.

use std::process::ExitCode;

/// How the program ends; numbers follow `sysexits.h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: all well.
    Ok,
    /// 1: something was found that a person should look at.
    Finding,
    /// 64: the command line is wrong.
    Usage,
    /// 69: something could not be reached.
    Unreachable,
    /// 70: a fault of this program.
    Internal,
    /// 75: may work later.
    TryLater,
    /// 77: a right is missing.
    NotPermitted,
    /// 78: a file that a person wrote is wrong.
    Configuration,
}

impl Exit {
    /// All, in the order of their numbers.
    pub const ALL: [Self; 8] = [
        Self::Ok,
        Self::Finding,
        Self::Usage,
        Self::Unreachable,
        Self::Internal,
        Self::TryLater,
        Self::NotPermitted,
        Self::Configuration,
    ];

    /// The number.
    pub fn number(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Finding => 1,
            Self::Usage => 64,
            Self::Unreachable => 69,
            Self::Internal => 70,
            Self::TryLater => 75,
            Self::NotPermitted => 77,
            Self::Configuration => 78,
        }
    }

    /// What it means.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Ok => "all well",
            Self::Finding => "a finding that a person should look at",
            Self::Usage => "the command line is wrong",
            Self::Unreachable => "something could not be reached",
            Self::Internal => "a fault of this program",
            Self::TryLater => "may work later",
            Self::NotPermitted => "a right is missing",
            Self::Configuration => "a file that a person wrote is wrong",
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.number())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_distinct() {
        let mut numbers: Vec<u8> = Exit::ALL.iter().map(|exit| exit.number()).collect();
        assert!(numbers.is_sorted());
        numbers.dedup();
        assert_eq!(numbers.len(), Exit::ALL.len());
    }
}
