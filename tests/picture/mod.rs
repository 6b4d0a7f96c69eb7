//! A frame in memory.

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use warroom::ui::screen::Screen;
use warroom::ui::theme::Theme;
use warroom::ui::view;

/// Draws a screen at a size into memory.
pub fn frame(screen: &Screen<'_>, theme: &Theme, width: u16, height: u16) -> Buffer {
    let Ok(mut terminal) = Terminal::new(TestBackend::new(width, height));
    let Ok(_) = terminal.draw(|frame| view::draw(frame, screen, theme));
    terminal.backend().buffer().clone()
}
