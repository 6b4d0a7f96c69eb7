//! How a report is written.

use strum::{EnumString, IntoStaticStr, VariantArray};

/// The form of a report.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, EnumString, IntoStaticStr, VariantArray,
)]
#[strum(serialize_all = "lowercase")]
pub enum Format {
    /// Markdown.
    Md,
    /// One HTML file with its charts in it; nothing is loaded.
    Html,
    /// JSON, one claim a line.
    Json,
}

impl Format {
    /// Its name on the command line and in the seal.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// The format of a name.
    pub fn of_name(name: &str) -> Option<Self> {
        name.parse().ok()
    }
}
