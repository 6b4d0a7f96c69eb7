//! Twenty forms of one secret, and patterns nobody told us, cut anywhere: none gets out.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use proptest::prelude::*;

use super::*;
use crate::domain::text::{CLEAN_CHARS_MAX, Clean, head, line_without_end};
use crate::runtime::last_words;

/// Has a quote, a slash, a plus, a percent sign, a space, an accent and an ampersand.
const SECRET: &str = "tr0ub4dor\"&/3+%\\ é<x>!'";
const SECRET_LINES: &str = "first-line-of-secret\nsecond-line-of-it\n";

fn known() -> Vec<SecretString> {
    vec![SECRET.into(), SECRET_LINES.into(), "abcd".into(), "cdef".into(), "xy".into()]
}

fn through(pieces: &[&str]) -> String {
    let mut redactor = Redactor::new(&known());
    let mut out: String = pieces.iter().map(|piece| redactor.push(piece)).collect();
    out.push_str(&redactor.finish());
    out
}

fn percent(value: &str) -> String {
    value.bytes().map(|byte| ["%", &format!("{byte:02X}")].concat()).collect()
}

/// Each form with the part of it that must not be seen.
fn canaries() -> Vec<(String, String)> {
    let json = serde_json::to_string(SECRET).expect("it is text");
    let json = json[1..json.len() - 1].to_owned();
    let hex = |upper: bool| -> String {
        SECRET
            .bytes()
            .map(|b| if upper { format!("{b:02X}") } else { format!("{b:02x}") })
            .collect()
    };
    let encoded = "tr0ub4dor%22%26%2F3%2B%25%5C%20%C3%A9%3Cx%3E%21%27";
    let mime = STANDARD.encode(SECRET_LINES);
    let same = |text: String| (text.clone(), text);
    vec![
        same(SECRET.to_owned()),
        same("first-line-of-secret".to_owned()),
        same("second-line-of-it".to_owned()),
        same(STANDARD.encode(SECRET)),
        same(URL_SAFE.encode(SECRET)),
        same(URL_SAFE_NO_PAD.encode(SECRET)),
        (STANDARD.encode(format!("user:{SECRET}")), STANDARD.encode(SECRET)[4..20].to_owned()),
        (
            STANDARD.encode(format!("u:{SECRET}!")),
            STANDARD.encode(format!("u:{SECRET}"))[4..20].into(),
        ),
        (STANDARD.encode(format!("us:{SECRET}")), STANDARD.encode(SECRET)[..20].to_owned()),
        same(mime),
        same(encoded.to_owned()),
        same(encoded.to_lowercase()),
        same(encoded.replace("%20", "+")),
        same(encoded.replace("%21", "!").replace("%27", "'")),
        same(json.clone()),
        same(json.replace('/', "\\/")),
        same(json.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")),
        same(json.replace('\\', "\\\\").replace('"', "\\\"")),
        same(hex(true)),
        same(hex(false)),
        same(SECRET.replace('\'', "'\\''")),
        // What nobody told us.
        ("AKIAIOSFODNN7EXAMPLE".to_owned(), "IOSFODNN7".to_owned()),
        ("ASIAIOSFODNN7EXAMPLE".to_owned(), "IOSFODNN7".to_owned()),
        ("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG".to_owned(), "wJalrXUt".to_owned()),
        ("{\"SecretAccessKey\": \"wJalrXUtnFEMI K7MDENG\"}".to_owned(), "K7MDENG".to_owned()),
        ("jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl".to_owned(), "eyJzdWI".to_owned()),
        ("postgres://anna:hunter2@db:5432/x".to_owned(), "hunter2".to_owned()),
        ("https://anna:hunter/2?#x@db/x".to_owned(), "hunter".to_owned()),
        ("redis://:hunter2@cache".to_owned(), "hunter2".to_owned()),
        ("Authorization: Basic dXNlcjpw".to_owned(), "dXNlcjpw".to_owned()),
        (
            "< authorization: AWS4-HMAC-SHA256 Credential=x, Signature=fe5f80".to_owned(),
            "fe5f".into(),
        ),
        ("{\"Authorization\":\"Bearer 0123456789abcdef\"}".to_owned(), "01234567".to_owned()),
        ("sent bearer 0123456789abcdef".to_owned(), "01234567".to_owned()),
        ("Set-Cookie: session=0123456789".to_owned(), "01234567".to_owned()),
        ("X-Vault-Token: hvs.CAES0123".to_owned(), "CAES0123".to_owned()),
        ("PGPASSWORD=hunter2 psql".to_owned(), "hunter2".to_owned()),
        ("password='hunter 2'".to_owned(), "hunter".to_owned()),
        (
            "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg\nkqhkiG9w0\n-----END PRIVATE KEY-----"
                .to_owned(),
            "kqhkiG9w0".to_owned(),
        ),
        ("x -----BEGIN EC PRIVATE KEY----- MHcCAQEEI".to_owned(), "MHcCAQEEI".to_owned()),
    ]
}

#[test]
fn no_form_gets_out_and_what_is_around_stays() {
    for (form, hidden) in canaries() {
        let out = through(&[&format!("before {form}"), "\nafter\n"]);
        assert!(!out.contains(&hidden), "{hidden:?} in {out:?}");
        assert!(out.starts_with("before ") && out.contains(MASK), "{out:?}");
        let whole = Redactor::new(&known()).text(&format!("before {form}"));
        assert!(!whole.contains(&hidden), "{hidden:?} in {whole:?}");
    }
    let percents = percent(SECRET);
    let out = through(&[&percents, "\n"]);
    assert!(!out.contains(&percents[30..60]), "{out}");
}

#[test]
fn plain_text_is_left_alone() {
    let check = |text: &str| assert_eq!(through(&[text]), text);
    check("promoted pg-b in 3.2 s\nlag 0.8 s\n");
    check("https://db.example:5432/x?y=z@w and anna@example.org\n");
    check("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n");
    check("the token was accepted, the password too\n");
    check("an unfinished line");
    check("\n\n  xy\n");
    // After a key has ended the text goes on.
    let out =
        through(&["-----BEGIN PRIVATE KEY-----\nMII\n-----END PRIVATE KEY----- and on\nmore\n"]);
    assert!(out.ends_with(" and on\nmore\n"), "{out}");
}

#[test]
fn overlapping_secrets_are_hidden_as_one() {
    assert_eq!(through(&["1abcdef2abcd3cdef4\n"]), "1[redacted]2[redacted]3[redacted]4\n");
    assert_eq!(through(&["1abcdabcdef2\n"]), "1[redacted][redacted]2\n");
}

#[test]
fn an_overlong_line_is_cut_and_cannot_cut_a_secret_in_two() {
    for offset in 0..40 {
        let line = format!(
            "{}{SECRET} and more\nnext\n",
            "x ".repeat(LINE_BYTES_MAX / 2 - 10 + offset / 2)
        );
        let out = through(&[&line[offset % 2..]]);
        assert!(!out.contains("tr0ub"), "{offset}");
        assert!(out.ends_with(" [the rest of this long line is withheld]\nnext\n"));
        assert!(out.len() < LINE_BYTES_MAX + 100);
    }
    let mut redactor = Redactor::new(&known());
    for _ in 0..1000 {
        assert_eq!(redactor.push(&"y".repeat(10_000)), "");
        assert!(redactor.held.len() <= LINE_BYTES_MAX + 10_000);
    }
}

/// Eight characters of it, or all of a shorter one, would be too much.
fn parts(hidden: &str) -> Vec<String> {
    let letters: Vec<char> = hidden.chars().collect();
    letters.windows(letters.len().min(8)).map(|part| part.iter().collect()).collect()
}

#[test]
fn no_part_of_a_secret_gets_out_where_a_text_is_cut() {
    last_words::know(&known());
    let tells_none = |what: &str, out: &str, hidden: &str| {
        for part in parts(hidden) {
            assert!(!out.contains(&part), "{what}: {part:?} of {hidden:?}");
        }
    };
    for (form, hidden) in canaries() {
        let length = form.chars().count();
        let stride = if length < 40 { 1 } else { 7 };
        for inside in (0..=length + 1).step_by(stride) {
            let text = |cut: usize| {
                let before: String = "x ".chars().cycle().take(cut - inside.min(cut)).collect();
                format!("{before} {form} and on")
            };
            let long = text(CLEAN_CHARS_MAX);
            tells_none("a cleaned text", Clean::new(&long).as_str(), &hidden);
            tells_none("a head", &head(&text(200), 200), &hidden);
            let long = text(LINE_BYTES_MAX);
            let beginning = &long[..long.floor_char_boundary(LINE_BYTES_MAX)];
            if inside % 11 == 0 {
                tells_none("a line", &line_without_end(beginning), &hidden);
            }
        }
    }
    // Masked it is far shorter, so that its own end comes into sight.
    let all = SECRET.repeat(LINE_BYTES_MAX / SECRET.len() + 1);
    for end in LINE_BYTES_MAX - SECRET.len()..LINE_BYTES_MAX {
        let beginning = &all[..all.floor_char_boundary(end)];
        tells_none("a line of secrets", &line_without_end(beginning), SECRET);
    }
}

#[test]
fn a_secret_with_controls_is_known_once_they_are_made_visible() {
    let redactor = Redactor::new(&["one\ttwo\u{1b}three".into()]);
    let said = Clean::new("it said one\ttwo\u{1b}three, no more");
    assert_eq!(redactor.text(said.as_str()), "it said [redacted], no more");
}

proptest! {
    #[test]
    fn where_the_text_is_cut_makes_no_difference(
        picks in proptest::collection::vec((0_usize..64, "[ a-z:=/\"\n]{0,12}"), 1..8),
        cuts in proptest::collection::vec(0_usize..2000, 0..12),
    ) {
        let canaries = canaries();
        let mut text = String::new();
        for (pick, around) in &picks {
            text.push_str(around);
            text.push(' ');
            text.push_str(&canaries[pick % canaries.len()].0);
            text.push('\n');
        }
        let mut cuts: Vec<usize> =
            cuts.iter().map(|cut| text.floor_char_boundary(cut % (text.len() + 1))).collect();
        cuts.extend([0, text.len()]);
        cuts.sort_unstable();
        let pieces: Vec<&str> = cuts.windows(2).map(|pair| &text[pair[0]..pair[1]]).collect();
        let out = through(&pieces);
        prop_assert_eq!(&out, &through(&[&text]));
        for (pick, _) in &picks {
            let hidden = &canaries[pick % canaries.len()].1;
            prop_assert!(!out.contains(hidden.as_str()), "{:?} in {:?}", hidden, out);
        }
    }

    #[test]
    fn a_known_secret_never_gets_out_of_any_text(
        secret in "[!-~]{8,40}", before in "[ -~]{0,40}", after in "[ -~]{0,40}",
    ) {
        let redactor = Redactor::new(&[secret.clone().into()]);
        let out = redactor.text(&format!("{before}{secret}{after}"));
        // What is around it may itself have it; the mask's own letters are not the secret's.
        prop_assert!(!out.contains(&secret), "{:?}", out);
        let encoded = redactor.text(&format!("{before}{}", STANDARD.encode(&secret)));
        prop_assert!(!encoded.contains(STANDARD.encode(&secret).trim_end_matches('=')));
    }
}
