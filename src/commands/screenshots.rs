//! Writes pictures of the screens: the real widgets, a fixed clock, a fixed world.

use std::path::Path;

use anyhow::Context as _;

use crate::ui::fixture;
use crate::ui::screenshot;
use crate::ui::theme::Theme;

/// The sizes that are drawn: columns and rows.
pub const SIZES: [(u16, u16); 3] = [(160, 48), (120, 36), (80, 24)];

/// The themes that are drawn.
pub const THEMES: [&str; 2] = ["graphite", "mono"];

/// Writes one SVG and one TXT file per screen, size and theme into `out`.
///
/// # Errors
/// When the folder or a file cannot be written.
pub fn write(out: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(out).with_context(|| format!("failed to create {}", out.display()))?;
    for (name, text) in pictures() {
        let path = out.join(&name);
        std::fs::write(&path, text)
            .with_context(|| format!("failed to write {}", path.display()))?;
    }
    Ok(())
}

/// The pictures by file name. A theme has no say in the characters, so there is one text for all.
pub fn pictures() -> Vec<(String, String)> {
    let mut files = Vec::new();
    for name in SHOWN {
        let Some(fixture) = fixture::of(name) else { continue };
        for (width, height) in SIZES {
            for theme_name in THEMES {
                let Some(theme) = Theme::shipped(theme_name) else { continue };
                let buffer = screenshot::frame(&fixture.screen(), &theme, width, height);
                let file = format!("{name}_{width}x{height}_{theme_name}.svg");
                files.push((file, screenshot::svg(&buffer, name)));
                if theme_name == THEMES[0] {
                    let file = format!("{name}_{width}x{height}.txt");
                    files.push((file, screenshot::text(&buffer)));
                }
            }
        }
    }
    files
}

/// The moments that the README shows.
pub const SHOWN: [&str; 6] = ["healthy", "red", "ledger", "running", "confirm", "restored"];
