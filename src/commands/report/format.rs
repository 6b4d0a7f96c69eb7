//! How a report is written.

/// The form of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Markdown.
    Md,
    /// One HTML file with its charts in it; nothing is loaded.
    Html,
    /// JSON, one claim a line.
    Json,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Md, Self::Html, Self::Json];

    /// Its name on the command line and in the seal.
    pub fn name(self) -> &'static str {
        match self {
            Self::Md => "md",
            Self::Html => "html",
            Self::Json => "json",
        }
    }

    /// The format of a name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }
}
