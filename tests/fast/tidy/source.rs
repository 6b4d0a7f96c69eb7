//! Rust source as far as the tidy rules must understand it: code without texts, paths, functions.

use std::ops::Range;

/// One file.
pub struct Source {
    /// Relative to the root, with `/`.
    pub path: String,
    /// As written.
    pub text: String,
    /// As written, with comments, texts and characters blanked; same length, same lines.
    pub code: String,
    /// True when the whole file is built for tests only.
    pub only_tests: bool,
    /// True for `a.rs` beside a folder `a`.
    pub owns_folder: bool,
}

/// A path in the code, such as `crate::domain::ids::SystemId`, groups taken apart.
#[derive(Debug, PartialEq, Eq)]
pub struct Named {
    /// Where it begins.
    pub at: usize,
    /// Its segments.
    pub segments: Vec<String>,
}

impl Source {
    pub fn new(path: &str, text: &str) -> Self {
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
            code: strip(text),
            only_tests: false,
            owns_folder: false,
        }
    }

    /// The line of an offset, counted from 1.
    pub fn line_of(&self, at: usize) -> usize {
        self.text[..at].matches('\n').count() + 1
    }

    /// Where the file's own tests begin; its end when it has none.
    pub fn tests_begin(&self) -> usize {
        let outside = self.path.starts_with("tests/") || self.path.starts_with("benches/");
        if outside || self.only_tests {
            return 0;
        }
        // A `mod name;` or a lone function for tests does not end the code proper.
        let module = self.test_items().find(|(_, item)| item.contains('{'));
        module.map_or(self.code.len(), |(at, _)| at)
    }

    /// The modules marked `#[cfg(test)]`, each up to its `{` or `;`.
    fn test_items(&self) -> impl Iterator<Item = (usize, &str)> {
        const MARK: &str = "#[cfg(test)]";
        self.places(MARK).filter_map(|at| {
            let rest = &self.code[at + MARK.len()..];
            let item = &rest[..=rest.find(['{', ';'])?];
            item.split_whitespace().any(|word| word == "mod").then_some((at, item))
        })
    }

    /// Paths that begin the files of the modules declared here for tests only.
    pub fn test_files(&self) -> Vec<String> {
        let (folder, name) = self.path.rsplit_once('/').unwrap_or(("", &self.path));
        let stem = name.strip_suffix(".rs").unwrap_or(name);
        let own = ["mod", "lib", "main"].contains(&stem);
        let folder = if own { folder.to_owned() } else { format!("{folder}/{stem}") };
        let declared = self.test_items().filter_map(|(_, item)| {
            item.strip_suffix(';')?.split_whitespace().last().map(str::to_owned)
        });
        declared
            .flat_map(|name| [format!("{folder}/{name}.rs"), format!("{folder}/{name}/")])
            .collect()
    }

    /// Each `needle` in the code.
    pub fn places<'s>(&'s self, needle: &'s str) -> impl Iterator<Item = usize> + 's {
        self.code.match_indices(needle).map(|(at, _)| at)
    }

    /// The functions, each with its name and extent from `fn` to its closing brace.
    pub fn functions(&self) -> Vec<(String, Range<usize>)> {
        let mut found = Vec::new();
        for at in self.places("fn ") {
            if at > 0 && is_word(self.code.as_bytes()[at - 1]) {
                continue;
            }
            let rest = &self.code[at + 3..];
            let name: String =
                rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            // `;` in an array type would end a signature early, so brackets are skipped over.
            let mut depth = 0_i32;
            let body = rest.char_indices().find(|(_, character)| {
                depth += match character {
                    '(' | '[' => 1,
                    ')' | ']' => -1,
                    _ => 0,
                };
                depth <= 0 && matches!(character, '{' | ';')
            });
            if let Some((open, '{')) = body
                && let Some(end) = closing(&self.code, at + 3 + open)
                && !name.is_empty()
            {
                found.push((name, at..end + 1));
            }
        }
        found
    }

    /// How many modules written inside this file `at` stands in.
    fn inline_depth(&self, at: usize) -> usize {
        self.places("mod ")
            .filter(|start| *start == 0 || !is_word(self.code.as_bytes()[start - 1]))
            .filter_map(|start| {
                let end = self.code[start..].find(['{', ';'])? + start;
                let open = self.code[end..].starts_with('{').then_some(end)?;
                Some(open..closing(&self.code, open)?)
            })
            .filter(|range| range.contains(&at))
            .count()
    }

    /// The module of the file: `["systems", "http"]` for `src/systems/http/mod.rs`.
    pub fn module(&self) -> Vec<String> {
        let inner = self.path.strip_prefix("src/").unwrap_or(&self.path);
        let inner = inner.strip_suffix(".rs").unwrap_or(inner);
        inner
            .split('/')
            .filter(|part| !["mod", "lib", "main"].contains(part))
            .map(str::to_owned)
            .collect()
    }

    /// Every path in the code; those of this crate are told from its root, beginning with `crate`.
    pub fn paths(&self) -> Vec<Named> {
        let mut found = Vec::new();
        let bytes = self.code.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            let begins = is_word(bytes[at])
                && !bytes[at].is_ascii_digit()
                && (at == 0 || !is_word(bytes[at - 1]) && !self.code[..at].ends_with("::"));
            if begins {
                let length = read_path(&self.code[at..], at, &[], &mut found);
                at += length.max(1);
            } else {
                at += 1;
            }
        }
        for named in &mut found {
            self.tell_from_root(named);
        }
        found.retain(|named| named.segments.len() > 1);
        found
    }

    fn tell_from_root(&self, named: &mut Named) {
        let ups = named.segments.iter().take_while(|segment| *segment == "super").count();
        let selfs = usize::from(named.segments[0] == "self");
        if ups + selfs == 0 {
            return;
        }
        let mut module = self.module();
        // A module inside this file is one step deeper than the file.
        let inside = self.inline_depth(named.at);
        module.truncate(module.len().saturating_sub(ups.saturating_sub(inside)));
        let rest = named.segments.split_off(ups + selfs);
        named.segments = ["crate".to_owned()].into_iter().chain(module).chain(rest).collect();
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Reads one path, group by group; tells how many bytes it took.
fn read_path(code: &str, at: usize, before: &[String], found: &mut Vec<Named>) -> usize {
    let mut segments = before.to_vec();
    let mut read = 0;
    loop {
        let rest = &code[read..];
        let word = rest.bytes().take_while(|byte| is_word(*byte)).count();
        if word > 0 {
            segments.push(rest[..word].to_owned());
            read += word;
        } else if rest.starts_with('*') {
            segments.push("*".to_owned());
            read += 1;
        } else if rest.starts_with('{') && !segments.is_empty() {
            let end = closing(code, read).unwrap_or(code.len() - 1);
            let mut inner = read + 1;
            while inner < end {
                if is_word(code.as_bytes()[inner]) || code[inner..].starts_with('*') {
                    inner += read_path(&code[inner..end], at + inner, &segments, found).max(1);
                } else {
                    inner += 1;
                }
            }
            return end + 1;
        } else {
            break;
        }
        if !code[read..].starts_with("::") {
            break;
        }
        read += 2;
    }
    found.push(Named { at, segments });
    read
}

/// The brace that closes the one at `open`.
fn closing(code: &str, open: usize) -> Option<usize> {
    let mut depth = 0_i32;
    for (at, byte) in code.bytes().enumerate().skip(open) {
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

/// Blanks comments, texts and characters.
fn strip(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let length = comment(rest).or_else(|| raw_text(text, at)).or_else(|| quoted(rest));
        if let Some(length) = length {
            out.extend(rest[..length].bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }));
            at += length;
        } else {
            let character = rest.chars().next().unwrap_or(' ');
            let plain = if character.is_ascii() { character } else { ' ' };
            out.push(plain);
            out.extend(std::iter::repeat_n(' ', character.len_utf8() - 1));
            at += character.len_utf8();
        }
    }
    out
}

fn comment(rest: &str) -> Option<usize> {
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    if !rest.starts_with("/*") {
        return None;
    }
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        if rest[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return Some(at);
            }
        } else {
            at += rest[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    Some(rest.len())
}

fn raw_text(text: &str, at: usize) -> Option<usize> {
    let rest = &text[at..];
    let after_r = rest.strip_prefix("br").or_else(|| rest.strip_prefix('r'))?;
    if at > 0 && is_word(text.as_bytes()[at - 1]) {
        return None;
    }
    let hashes = after_r.bytes().take_while(|byte| *byte == b'#').count();
    let inner = after_r[hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let length = inner.find(&end).map_or(inner.len(), |found| found + end.len());
    Some(rest.len() - inner.len() + length)
}

fn quoted(rest: &str) -> Option<usize> {
    let quote = rest.chars().next().filter(|first| matches!(first, '"' | '\''))?;
    if quote == '\'' {
        // A lifetime has no closing quote right after one character.
        let mut characters = rest[1..].char_indices();
        let (_, first) = characters.next()?;
        let (next_at, next) = characters.next()?;
        if first != '\\' {
            return (next == '\'').then_some(1 + next_at + 1);
        }
    }
    let mut escaped = false;
    for (at, character) in rest.char_indices().skip(1) {
        if escaped {
            escaped = false;
        } else if character == '\\' {
            escaped = true;
        } else if character == quote {
            return Some(at + 1);
        }
    }
    Some(rest.len())
}
