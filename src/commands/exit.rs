//! The exit codes that the program answers with.

use std::process::ExitCode;

use strum::VariantArray;

/// How the program ends; numbers follow `sysexits.h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, VariantArray)]
#[repr(u8)]
pub enum Exit {
    /// 0: all well.
    Ok = 0,
    /// 1: something was found that a person should look at.
    Finding = 1,
    /// 64: the command line is wrong.
    Usage = 64,
    /// 69: something could not be reached.
    Unreachable = 69,
    /// 70: a fault of this program.
    Internal = 70,
    /// 75: may work later.
    TryLater = 75,
    /// 77: a right is missing.
    NotPermitted = 77,
    /// 78: a file that a person wrote is wrong.
    Configuration = 78,
}

impl Exit {
    /// The number.
    pub fn number(self) -> u8 {
        self as u8
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
        let mut numbers: Vec<u8> = Exit::VARIANTS.iter().map(|exit| exit.number()).collect();
        assert!(numbers.is_sorted());
        numbers.dedup();
        assert_eq!(numbers.len(), Exit::VARIANTS.len());
    }
}
