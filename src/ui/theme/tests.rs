//! Shipped themes are read and readable; bad ones are refused with their place.

use super::check::{Limits, check};
use super::*;

fn parse_alone(text: &str) -> Result<Theme, Fault> {
    Theme::parse(text, SHIPPED)
}

#[test]
fn every_shipped_theme_is_readable() {
    let shipped = |name: &str, limits: Limits| {
        let theme = Theme::shipped(name).expect(name);
        assert_eq!(theme.name(), name);
        assert_eq!(check(&theme, limits), Vec::<String>::new(), "{name}");
    };
    for (name, _) in SHIPPED {
        shipped(name, Limits::ANY);
    }
    shipped("graphite", Limits { text: 4.7, apart: 17.0, ..Limits::ANY });
}

#[test]
fn the_check_finds_what_cannot_be_read() {
    let check = |tokens: &str, want: &str| {
        let text = format!("schema = 1\nname = \"x\"\ninherits = \"graphite\"\n[tokens]\n{tokens}");
        let theme = parse_alone(&text).expect(tokens);
        let found = super::check::check(&theme, Limits::ANY);
        assert!(found.iter().any(|line| line.contains(want)), "{tokens}: {found:?}");
    };
    check("\"ui.text\" = \"#444444\"", "`ui.text` on `ui.background` has a contrast of");
    check("\"ui.border\" = \"#30343a\"", "`ui.border` on `ui.surface` has a contrast of");
    check(
        "\"status.crit\" = { fg = \"#fff\", bg = \"#c99a20\" }",
        "`status.crit` on `status.crit`",
    );
    // Red and green of one brightness: the classic mistake.
    let classic = "\"status.ok\" = \"#55b055\"\n\"status.crit\" = \"#d08040\"";
    check(classic, "`status.ok` and `status.crit` are");
    check(classic, "apart for deutan eyes");
    // What is left where there are fewer colours.
    check(
        "\"ui.next\" = { fg = \"focus\", ansi16 = \"bright-white\" }",
        "with 16 colours on every",
    );
    check("\"ui.muted\" = { fg = \"muted\", ansi16 = \"black\" }", "with 16 colours on every");
    check("\"status.warn\" = { fg = \"amber\", ansi16 = \"default\" }", "look the same with 16");
    check("\"ui.text\" = \"#858585\"", "but needs 4.5 with 256 colours");
}

#[test]
fn meanings_fall_back_by_dots_and_by_base() {
    let head = "schema = 1\nname = \"x\"\n[palette]\nred = \"#ff0000\"\n[tokens]\n";
    let check = |tokens: &str, token: Token, want: Option<Color>| {
        let theme = parse_alone(&format!("{head}{tokens}")).expect(tokens);
        assert_eq!(theme.style(token).fg, want, "{tokens} {}", token.name());
    };
    let (red, blue) = (Some(Color::Rgb(255, 0, 0)), Some(Color::Rgb(0, 0, 255)));
    check("\"status.warn\" = \"red\"", Token::ConfirmWrong, red);
    check("\"status.warn\" = \"red\"\n\"confirm\" = \"#00f\"", Token::ConfirmWrong, blue);
    check("\"confirm\" = \"#00f\"\n\"confirm.wrong\" = \"red\"", Token::ConfirmWrong, red);
    check("\"confirm\" = \"#00f\"\n\"confirm.wrong\" = \"red\"", Token::ConfirmMatch, blue);
    check("\"ui.text\" = \"red\"", Token::Unknown, red);
    check("", Token::Unknown, None);
}

#[test]
fn depth_takes_colours_away_and_leaves_words() {
    let at = |depth: Depth, token: Token| {
        let style = Theme::shipped("graphite").expect("shipped").at(depth).style(token);
        (style.fg, style.bg)
    };
    assert_eq!(at(Depth::Colors16, Token::Crit), (Some(Color::White), Some(Color::Red)));
    let red = Some(Color::Indexed(160));
    assert_eq!(at(Depth::Colors256, Token::Crit), (Some(Color::Indexed(231)), red));
    assert_eq!(at(Depth::None, Token::Crit), (None, None));
    assert!(matches!(at(Depth::Colors256, Token::Warn), (Some(Color::Indexed(_)), None)));
    for token in Token::ALL {
        let style = Theme::shipped("mono").expect("shipped").style(*token);
        assert_eq!((style.fg, style.bg), (None, None), "mono has no colours: {}", token.name());
    }
}

#[test]
fn bad_themes_are_refused_with_their_place() {
    let check = |text: &str, at: (usize, usize), want: &str| {
        let fault = parse_alone(text).expect_err(text);
        assert_eq!(fault.message, want, "{text}");
        assert_eq!(fault.line_column(text), at, "{text}: {fault}");
    };
    let head = "schema = 1\nname = \"x\"\n";
    let with = |rest: &str| format!("{head}{rest}");
    check("name = \"x\"\n", (1, 1), "the theme needs `schema = 1`");
    check(
        &with("[tokens]\n\"status.wran\" = \"#fff\"\n"),
        (4, 1),
        "`status.wran` is not a token; did you mean `status.warn`?",
    );
    check(
        &with("[palette]\namber = \"#fa0\"\n[tokens]\n\"status.warn\" = { fg = \"ambr\" }\n"),
        (6, 24),
        "`ambr` is not a colour of the palette; did you mean `amber`?",
    );
    check(
        &with("[palette]\namber = \"yellowish\"\n"),
        (4, 9),
        "`yellowish` is not a colour; write it as \"#16181c\"",
    );
    check(
        &with("[tokens]\n\"status.warn\" = { mods = [\"blink\"] }\n"),
        (4, 26),
        "`blink` is not one of `mods`; known are bold, dim, italic, underline, reverse",
    );
    check(
        &with("[tokens]\n\"status.warn\" = { color = \"#fff\" }\n"),
        (4, 19),
        "`color` is not a key of token `status.warn`; known are fg, bg, mods, ansi16",
    );
    check(
        &with("inherits = \"grafite\"\n"),
        (3, 12),
        "`grafite` is not a theme; did you mean `graphite`?",
    );
    check(
        &with("[tokens]\n\"status.warn\" = { ansi16 = \"yelow\" }\n"),
        (4, 28),
        "`yelow` is not one of the 16 colours; did you mean `yellow`?",
    );
}

#[test]
fn a_circle_of_themes_is_refused() {
    let one = "schema = 1\nname = \"one\"\ninherits = \"two\"\n";
    let two = "schema = 1\nname = \"two\"\ninherits = \"one\"\n";
    let fault = Theme::parse(one, &[("one", one), ("two", two)]).expect_err("a circle");
    assert!(fault.message.contains("in a circle"), "{fault}");
    assert_eq!(fault.line_column(one), (3, 12));
}

#[test]
fn names_of_tokens_are_unique_and_bases_end() {
    for (index, token) in Token::ALL.iter().enumerate() {
        let of_the_name = Token::ALL.iter().filter(|other| other.name() == token.name());
        assert_eq!(of_the_name.count(), 1, "{}", token.name());
        assert_eq!(token.index(), index);
        let mut next = token.base();
        for _ in 0..Token::ALL.len() {
            next = next.and_then(Token::base);
        }
        assert_eq!(next, None, "{} has a base in a circle", token.name());
    }
}
