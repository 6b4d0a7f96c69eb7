//! What goes to the terminal for others: copied text (OSC 52) and notifications (OSC 9).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::domain::text::Clean;
use crate::runtime::redact::Redactor;

/// The most base64 bytes of one copy that terminals are known to take (xterm, "OSC 52", as tmux
/// and others limit it).
pub const COPY_BASE64_MAX: usize = 74_994;

/// Bytes of text that fit into that: three for every four.
const COPY_BYTES_MAX: usize = COPY_BASE64_MAX / 4 * 3;

/// Room for the line that says that the rest was cut.
const CUT_BYTES: usize = 64;

/// The longest notification, in characters.
const NOTIFICATION_CHARS_MAX: usize = 200;

/// The lines with every secret masked that is known, or looks like one. They are looked at
/// together, because a key may take many lines.
pub fn masked(lines: &[Clean], redactor: &Redactor) -> Vec<Clean> {
    let text: Vec<&str> = lines.iter().map(Clean::as_str).collect();
    redactor.text(&text.join("\n")).split('\n').map(Clean::new).collect()
}

/// As many lines as a terminal takes, and how many were cut; a last line says so.
pub fn fitting(mut lines: Vec<Clean>) -> (Vec<Clean>, usize) {
    let length = |line: &Clean| line.as_str().len() + 1;
    if lines.iter().map(length).sum::<usize>() <= COPY_BYTES_MAX {
        return (lines, 0);
    }
    let mut used = CUT_BYTES;
    let kept = lines
        .iter()
        .take_while(|line| {
            used += length(line);
            used <= COPY_BYTES_MAX
        })
        .count();
    let cut = lines.len() - kept;
    lines.truncate(kept);
    lines.push(format!("[cut here: {cut} more lines were not copied]").into());
    (lines, cut)
}

/// The bytes that ask a terminal to take the lines into its clipboard.
pub fn copy_bytes(lines: &[Clean]) -> Vec<u8> {
    let (lines, _) = fitting(lines.to_vec());
    let text: Vec<&str> = lines.iter().map(Clean::as_str).collect();
    let mut bytes = b"\x1b]52;c;".to_vec();
    bytes.extend(STANDARD.encode(text.join("\n")).bytes());
    bytes.extend(b"\x1b\\");
    bytes
}

/// The bytes that ask a terminal to show a notification.
pub fn notification_bytes(text: &Clean) -> Vec<u8> {
    // A semicolon begins a parameter in some terminals.
    let shown: String = text.as_str().chars().take(NOTIFICATION_CHARS_MAX).collect();
    let mut bytes = b"\x1b]9;".to_vec();
    bytes.extend(shown.replace(';', ",").bytes());
    bytes.extend(b"\x1b\\");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(bytes: &[u8]) -> String {
        let inner = bytes.strip_prefix(b"\x1b]52;c;").and_then(|rest| rest.strip_suffix(b"\x1b\\"));
        let inner = inner.expect("one OSC 52");
        assert!(inner.len() <= COPY_BASE64_MAX, "{}", inner.len());
        assert!(inner.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(byte)));
        String::from_utf8(STANDARD.decode(inner).expect("base64")).expect("UTF-8")
    }

    #[test]
    fn copies_are_whole_or_cut_at_a_line_and_say_so() {
        let check = |count: usize, length: usize, cut: bool| {
            let lines: Vec<Clean> = (0..count).map(|_| "x".repeat(length).into()).collect();
            let text = decoded(&copy_bytes(&lines));
            let kept = text.split('\n').filter(|line| line.len() == length).count();
            let told = format!("[cut here: {} more lines were not copied]", count - kept);
            assert_eq!(kept < count, cut, "{count} lines of {length}");
            assert_eq!(text.ends_with(&told), cut, "{count} lines of {length}");
            assert!(text.lines().all(|line| line.len() == length || line.starts_with("[cut")));
        };
        check(1, 10, false);
        check(1000, 55, false);
        check(1004, 55, false);
        check(1005, 55, true);
        check(5000, 55, true);
        check(20, 4000, true);
    }

    #[test]
    fn nothing_in_a_text_ends_the_sequence() {
        let nasty = Clean::new("a\x1b\\b\x07c\u{9c}d\x1b]0;title\x07 ; rest");
        let copied = copy_bytes(std::slice::from_ref(&nasty));
        assert_eq!(decoded(&copied), nasty.as_str());
        let shown = notification_bytes(&nasty);
        let inner = shown.strip_prefix(b"\x1b]9;").and_then(|rest| rest.strip_suffix(b"\x1b\\"));
        let inner = String::from_utf8(inner.expect("one OSC 9").to_vec()).expect("UTF-8");
        assert!(!inner.chars().any(char::is_control), "{inner:?}");
        assert!(!inner.contains(';'), "{inner}");
        let long = notification_bytes(&"y".repeat(4000).into());
        assert!(long.len() < 4 * NOTIFICATION_CHARS_MAX);
    }

    #[test]
    fn secrets_are_masked_also_across_lines() {
        let known = secrecy::SecretString::from("s3cr3t-canary".to_owned());
        let redactor = Redactor::new(&[known]);
        let lines: Vec<Clean> = [
            "password is s3cr3t-canary",
            "-----BEGIN PRIVATE KEY-----",
            "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC",
            "-----END PRIVATE KEY-----",
            "postgres://dr:hunter2@db/x",
        ]
        .map(Clean::from)
        .to_vec();
        let text: Vec<String> = masked(&lines, &redactor).iter().map(ToString::to_string).collect();
        let text = text.join("\n");
        for secret in ["s3cr3t-canary", "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC", "hunter2"] {
            assert!(!text.contains(secret), "{text}");
        }
    }
}
