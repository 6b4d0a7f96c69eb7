//! What looks like a secret although nobody told us: keys, tokens, passwords in addresses.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::MASK;

/// Each pattern hides its group `hide`, or all of it where it has none.
const PATTERNS: [&str; 9] = [
    // AWS access key ids, as documented under "Understanding unique ID prefixes" of IAM.
    r"\b(?:A3T[A-Z0-9]|ABIA|ACCA|AGPA|AIDA|AIPA|AKIA|ANPA|ANVA|APKA|AROA|ASCA|ASIA)[A-Z0-9]{12,}\b",
    // Secret keys, passwords and tokens by the name before them: `aws_secret_access_key = ...`.
    concat!(
        r#"(?i)(?:secret_?access_?key|session_?token|security_?token|client_?secret|api_?key|"#,
        r#"access_?token|refresh_?token|private_?key|passw(?:or)?d|passphrase|pgpassword|"#,
        r#"secret|token|credential|signature)["']?\s*(?::|=>?)\s*"#,
        r#"(?P<hide>"(?:\\.|[^"\\])*"?|'[^']*'?|[^\s,;&"']+)"#
    ),
    // JSON Web Tokens, RFC 7519: three base64url parts, the first two are JSON objects.
    r"\beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]*)*",
    // The password of a URL, RFC 3986 section 3.2.1.
    r"(?i)\b[a-z][a-z0-9+.-]*://[^\s/?#:@]*:(?P<hide>[^\s/?#]+)@",
    // The same with a password that has the separators unescaped; digits alone are a port.
    r"(?i)\b[a-z][a-z0-9+.-]*://[^\s/?#:@]*:(?P<hide>[0-9]*[^\s0-9@/?#][^\s@]*)@",
    // Authorization and its relatives, RFC 9110 section 11.6.2: all that follows.
    r#"(?i)\b(?:proxy-)?authorization["']?\s*[:=]\s*["']?(?P<hide>[^"'\r\n]+)"#,
    r#"(?i)\b(?:set-)?cookie["']?\s*[:=]\s*["']?(?P<hide>[^"'\r\n]+)"#,
    concat!(
        r#"(?i)\bx-(?:amz-security-token|api-key|auth-token|vault-token)["']?\s*[:=]"#,
        r#"\s*["']?(?P<hide>[^\s"']+)"#
    ),
    // A scheme and its token wherever they stand.
    r"(?i)\b(?:bearer|basic)\s+(?P<hide>[A-Za-z0-9._~+/=-]{8,})",
];

static COMPILED: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    let compile = |pattern: &&str| Regex::new(pattern).expect("the patterns are tested");
    PATTERNS.iter().map(compile).collect()
});

/// `-----BEGIN ... PRIVATE KEY-----`, RFC 7468, also PGP's with ` BLOCK`.
const KEY_BEGIN: &str = r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----";
const KEY_END: &str = r"-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----";

static KEY: LazyLock<(Regex, Regex)> = LazyLock::new(|| {
    let compile = |pattern: &str| Regex::new(pattern).expect("the patterns are tested");
    (compile(KEY_BEGIN), compile(KEY_END))
});

/// Lines after which a private key that never ends is given up: 64 KiB of base64.
const KEY_LINES_MAX: u32 = 1024;

/// Masks line after line; remembers being inside a private key.
#[derive(Debug, Default)]
pub struct Patterns {
    /// Lines of the private key so far; none outside of one.
    key_lines: Option<u32>,
}

impl Patterns {
    /// Forgets an unfinished private key.
    pub fn restart(&mut self) {
        self.key_lines = None;
    }

    /// The next line, masked.
    pub fn line(&mut self, line: &str) -> String {
        let line = self.without_keys(line);
        COMPILED.iter().fold(line, |line, pattern| {
            if !pattern.is_match(&line) {
                return line;
            }
            pattern.replace_all(&line, masked).into_owned()
        })
    }

    fn without_keys(&mut self, line: &str) -> String {
        let (begin, end) = &*KEY;
        let mut out = String::with_capacity(line.len());
        let mut rest = line;
        loop {
            if let Some(lines) = self.key_lines {
                if let Some(found) = end.find(rest) {
                    self.key_lines = None;
                    out.push_str(MASK);
                    rest = &rest[found.end()..];
                } else {
                    self.key_lines = (lines < KEY_LINES_MAX).then_some(lines + 1);
                    out.push_str(MASK);
                    return out;
                }
            } else if let Some(found) = begin.find(rest) {
                self.key_lines = Some(0);
                out.push_str(&rest[..found.start()]);
                rest = &rest[found.end()..];
            } else {
                out.push_str(rest);
                return out;
            }
        }
    }
}

fn masked(found: &Captures<'_>) -> String {
    let whole = &found[0];
    let Some(hide) = found.name("hide") else { return MASK.to_owned() };
    let start = hide.start() - found.get_match().start();
    let end = start + hide.len();
    [&whole[..start], MASK, &whole[end..]].concat()
}
