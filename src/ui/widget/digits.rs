//! Big clock digits: five rows of blocks, three rows of half blocks, or three rows of ASCII lines.

/// How the digits are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// Five rows, five cells a digit.
    Five,
    /// Three rows, three cells a digit.
    Three,
}

/// Five rows of three dots for each digit, the highest bit left.
const DOTS: [[u8; 5]; 10] = [
    [7, 5, 5, 5, 7],
    [6, 2, 2, 2, 7],
    [7, 1, 7, 4, 7],
    [7, 1, 3, 1, 7],
    [5, 5, 7, 1, 1],
    [7, 4, 7, 1, 7],
    [7, 4, 7, 5, 7],
    [7, 1, 1, 1, 1],
    [7, 5, 7, 5, 7],
    [7, 5, 7, 1, 7],
];

/// Three rows of lines for each digit.
const LINES: [[&str; 3]; 10] = [
    [" _ ", "| |", "|_|"],
    ["   ", "  |", "  |"],
    [" _ ", " _|", "|_ "],
    [" _ ", " _|", " _|"],
    ["   ", "|_|", "  |"],
    [" _ ", "|_ ", " _|"],
    [" _ ", "|_ ", "|_|"],
    [" _ ", "  |", "  |"],
    [" _ ", "|_|", "|_|"],
    [" _ ", "|_|", " _|"],
];

fn lit(digit: usize, row: usize, column: usize) -> bool {
    DOTS[digit].get(row).is_some_and(|dots| dots & (4 >> column) != 0)
}

/// The rows of a clock text such as `00:23:41`; a character that is no digit and no colon is blank.
pub fn rows(text: &str, size: Size, ascii: bool) -> Vec<String> {
    let count = match size {
        Size::Five => 5,
        Size::Three => 3,
    };
    let mut rows = vec![String::new(); count];
    for (index, character) in text.chars().enumerate() {
        for (number, row) in rows.iter_mut().enumerate() {
            if index > 0 {
                row.push(' ');
            }
            row.push_str(&part(character, number, size, ascii));
        }
    }
    rows
}

fn part(character: char, row: usize, size: Size, ascii: bool) -> String {
    let Some(digit) = character.to_digit(10).map(|digit| digit as usize) else {
        let colon = character == ':';
        return match size {
            Size::Five if colon && (row == 1 || row == 3) => "█",
            Size::Three if colon && row == 1 => ":",
            Size::Five | Size::Three => " ",
        }
        .to_owned();
    };
    match size {
        Size::Three if ascii => LINES[digit][row].to_owned(),
        Size::Three => (0..3)
            .map(|column| match (lit(digit, row * 2, column), lit(digit, row * 2 + 1, column)) {
                (true, true) => '█',
                (true, false) => '▀',
                (false, true) => '▄',
                (false, false) => ' ',
            })
            .collect(),
        Size::Five => {
            let [left, middle, right] = [0, 1, 2].map(|column| lit(digit, row, column));
            // A bar between two dots is drawn through; a dot of its own stays one cell wide.
            [left, left && middle, middle, middle && right, right]
                .map(|dot| if dot { '█' } else { ' ' })
                .into_iter()
                .collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_as_wide_as_they_say() {
        let check = |size, ascii, width: usize, height: usize| {
            let rows = rows("00:23:41", size, ascii);
            assert_eq!(rows.len(), height);
            for row in rows {
                assert_eq!(row.chars().count(), width, "{row}");
            }
        };
        check(Size::Five, false, 6 * 5 + 2 + 7, 5);
        check(Size::Three, false, 6 * 3 + 2 + 7, 3);
        check(Size::Three, true, 6 * 3 + 2 + 7, 3);
        assert_eq!(rows("4", Size::Three, false), ["█ █", "▀▀█", "  ▀"]);
    }
}
