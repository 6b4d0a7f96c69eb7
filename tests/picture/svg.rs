//! A frame as an SVG picture, for the README.

use std::fmt::Write as _;

use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr;

use warroom::ui::frame_text::line;

/// Pixels of one cell in the SVG.
const CELL: (usize, usize) = (8, 17);

/// The ground and the text where a theme uses the terminal's own colours.
const OWN: (&str, &str) = ("#16181c", "#d6d9de");

/// The frame as an SVG picture.
pub fn svg(buffer: &Buffer, title: &str) -> String {
    let area = buffer.area;
    let (wide, high) = (usize::from(area.width) * CELL.0, usize::from(area.height) * CELL.1);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {wide} {high}\" role=\"img\">\n\
         <title>{}</title>\n<style>text{{font:13.3px monospace;white-space:pre}}</style>\n\
         <rect width=\"{wide}\" height=\"{high}\" fill=\"{}\"/>\n",
        escaped(title),
        OWN.0
    );
    for y in area.top()..area.bottom() {
        for run in runs(buffer, y) {
            write_run(&mut out, &run, y);
        }
    }
    out.push_str("</svg>\n");
    out
}

/// Neighbouring cells that look the same.
struct Run {
    x: u16,
    cells: usize,
    text: String,
    look: (Color, Color, Modifier),
}

fn runs(buffer: &Buffer, y: u16) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (x, cell) in line(buffer, y) {
        let look = (cell.fg, cell.bg, cell.modifier);
        let cells = cell.symbol().width().max(1);
        match runs.last_mut() {
            Some(run) if run.look == look => {
                run.text.push_str(cell.symbol());
                run.cells += cells;
            }
            Some(_) | None => runs.push(Run { x, cells, text: cell.symbol().to_owned(), look }),
        }
    }
    runs
}

fn write_run(out: &mut String, run: &Run, y: u16) {
    let (mut fg, mut bg) = (css(run.look.0, OWN.1), css(run.look.1, OWN.0));
    let modifiers = run.look.2;
    if modifiers.contains(Modifier::REVERSED) {
        std::mem::swap(&mut fg, &mut bg);
    }
    let (left, top) = (usize::from(run.x) * CELL.0, usize::from(y) * CELL.1);
    let wide = run.cells * CELL.0;
    if bg != OWN.0 {
        let _ = writeln!(
            out,
            "<rect x=\"{left}\" y=\"{top}\" width=\"{wide}\" height=\"{}\" fill=\"{bg}\"/>",
            CELL.1
        );
    }
    if run.text.trim().is_empty() {
        return;
    }
    let mut more = String::new();
    if modifiers.contains(Modifier::BOLD) {
        more.push_str(" font-weight=\"bold\"");
    }
    if modifiers.contains(Modifier::UNDERLINED) {
        more.push_str(" text-decoration=\"underline\"");
    }
    for word in words(&run.text) {
        write_word(out, &word, (left, top), &fg, &more);
    }
}

/// Letters without a space between them, and how many cells into the run they begin.
struct Word<'t> {
    cell: usize,
    cells: usize,
    text: &'t str,
}

/// Each word is placed by itself, because not every program that shows SVG keeps runs of spaces or
/// fits a text to its length.
fn words(text: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let mut cell = 0;
    for part in text.split_inclusive(' ') {
        let word = part.trim_end_matches(' ');
        for (place, piece) in blocks_apart(word) {
            let cells = piece.width();
            words.push(Word { cell: cell + place, cells, text: piece });
        }
        cell += part.width();
    }
    words
}

/// Full blocks apart from the letters around them, with their places in cells.
fn blocks_apart(word: &str) -> Vec<(usize, &str)> {
    let mut pieces = Vec::new();
    let (mut start, mut cell) = (0, 0);
    for (at, letter) in word.char_indices() {
        let before = word[..at].chars().next_back();
        if before.is_some_and(|before| (before == BLOCK) != (letter == BLOCK)) {
            pieces.push((cell, &word[start..at]));
            cell += word[start..at].width();
            start = at;
        }
    }
    if start < word.len() {
        pieces.push((cell, &word[start..]));
    }
    pieces
}

/// A cell that is full: drawn as a rectangle, so that rows of it touch.
const BLOCK: char = '█';

fn write_word(out: &mut String, word: &Word<'_>, at: (usize, usize), fg: &str, more: &str) {
    let (left, wide) = (at.0 + word.cell * CELL.0, word.cells * CELL.0);
    let (top, high) = (at.1, CELL.1);
    let _ = if word.text.starts_with(BLOCK) {
        let place = format!("x=\"{left}\" y=\"{top}\" width=\"{wide}\" height=\"{high}\"");
        writeln!(out, "<rect {place} fill=\"{fg}\"/>")
    } else {
        let (base, text) = (top + high - 4, escaped(word.text));
        let place = format!("x=\"{left}\" y=\"{base}\" textLength=\"{wide}\"");
        writeln!(out, "<text {place} fill=\"{fg}\"{more}>{text}</text>")
    };
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The 16 colours as most terminals show them (xterm's defaults).
fn css(color: Color, own: &str) -> String {
    let named = match color {
        Color::Rgb(red, green, blue) => return format!("#{red:02x}{green:02x}{blue:02x}"),
        Color::Indexed(index) => return indexed(index),
        Color::Black => "#000000",
        Color::Red => "#cd0000",
        Color::Green => "#00cd00",
        Color::Yellow => "#cdcd00",
        Color::Blue => "#0000ee",
        Color::Magenta => "#cd00cd",
        Color::Cyan => "#00cdcd",
        Color::Gray => "#e5e5e5",
        Color::DarkGray => "#7f7f7f",
        Color::LightRed => "#ff0000",
        Color::LightGreen => "#00ff00",
        Color::LightYellow => "#ffff00",
        Color::LightBlue => "#5c5cff",
        Color::LightMagenta => "#ff00ff",
        Color::LightCyan => "#00ffff",
        Color::White => "#ffffff",
        Color::Reset => own,
    };
    named.to_owned()
}

/// The colour cube and the greys of 256 colours.
fn indexed(index: u8) -> String {
    const BASE: [Color; 16] = [
        Color::Black,
        Color::Red,
        Color::Green,
        Color::Yellow,
        Color::Blue,
        Color::Magenta,
        Color::Cyan,
        Color::Gray,
        Color::DarkGray,
        Color::LightRed,
        Color::LightGreen,
        Color::LightYellow,
        Color::LightBlue,
        Color::LightMagenta,
        Color::LightCyan,
        Color::White,
    ];
    let level = |part: u8| if part == 0 { 0 } else { 55 + 40 * part };
    match index {
        0..16 => css(BASE[usize::from(index)], OWN.1),
        16..232 => {
            let cube = index - 16;
            let (red, green, blue) = (level(cube / 36), level(cube / 6 % 6), level(cube % 6));
            format!("#{red:02x}{green:02x}{blue:02x}")
        }
        _ => {
            let grey = 8 + 10 * (index - 232);
            format!("#{grey:02x}{grey:02x}{grey:02x}")
        }
    }
}
