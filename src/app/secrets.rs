//! Opens secrets by the names a site gives them; a watching console opens only what it needs.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use secrecy::SecretString;

use crate::domain::settings::{Node, Table, Value};
use crate::domain::site::{SecretRef, SecretSource, Site};
use crate::domain::text::Clean;
use crate::port::{Credential, Secrets};

/// The largest secret, in bytes.
pub const SECRET_BYTES_MAX: u64 = 64 * 1024;

/// Reads an environment variable; tests bring their own.
pub type Environment = fn(&str) -> Option<String>;

/// The environment of this process.
pub fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Opens every secret of the site: only for a process that performs a step.
pub struct ActSecrets {
    refs: Vec<SecretRef>,
    dir: PathBuf,
    environment: Environment,
}

impl ActSecrets {
    /// The secrets of a site whose folder is `dir`.
    pub fn new(site: &Site, dir: &Path) -> Self {
        Self::with_environment(site, dir, environment)
    }

    /// As [`ActSecrets::new`], with another environment.
    pub fn with_environment(site: &Site, dir: &Path, environment: Environment) -> Self {
        Self { refs: site.secrets.clone(), dir: dir.to_owned(), environment }
    }

    /// Why each secret that cannot be opened cannot.
    pub fn missing(&self) -> Vec<Clean> {
        self.refs.iter().filter_map(|secret| self.open(&secret.name).err()).collect()
    }

    fn find(&self, name: &str) -> Result<Credential, String> {
        let found = self.refs.iter().find(|secret| secret.name == name);
        let secret = found.ok_or_else(|| format!("the site has no secret `{name}`"))?;
        let opened = match &secret.source {
            None => None,
            Some(SecretSource::Environment(variable)) => {
                let value = (self.environment)(variable).ok_or_else(|| {
                    format!("secret `{name}`: the environment variable {variable} is not set")
                })?;
                Some(value)
            }
            Some(SecretSource::File(path)) => Some(read_secret(name, &self.dir.join(path))?),
        };
        if opened.as_ref().is_some_and(String::is_empty) {
            return Err(format!("secret `{name}` is empty"));
        }
        Ok(Credential { user: secret.user.clone(), secret: opened.map(SecretString::from) })
    }
}

impl Secrets for ActSecrets {
    fn open(&self, name: &str) -> Result<Credential, Clean> {
        self.find(name).map_err(Clean::from)
    }
}

/// Opens only the secrets that watching needs; for all others it answers that it may not.
pub struct ReadSecrets {
    all: ActSecrets,
    readable: BTreeSet<String>,
}

impl ReadSecrets {
    /// The secrets that watching `site` needs; its folder is `dir`.
    pub fn new(site: &Site, dir: &Path) -> Self {
        Self::with_environment(site, dir, environment)
    }

    /// As [`ReadSecrets::new`], with another environment.
    pub fn with_environment(site: &Site, dir: &Path, environment: Environment) -> Self {
        let names = site.systems.iter().flat_map(|spec| &spec.secrets);
        let all = ActSecrets::with_environment(site, dir, environment);
        Self { all, readable: names.cloned().collect() }
    }

    /// The names that may be opened.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.readable.iter().map(String::as_str)
    }
}

impl Secrets for ReadSecrets {
    fn open(&self, name: &str) -> Result<Credential, Clean> {
        if self.readable.contains(name) {
            self.all.open(name)
        } else {
            let sentence = format!("secret `{name}` is not for watching: it is opened only to act");
            Err(sentence.into())
        }
    }
}

/// The values of the secrets that this process may open, to be masked wherever they would be shown;
/// those that cannot be opened are nowhere to be shown either.
pub fn known(site: &Site, dir: &Path, watches: bool) -> Vec<SecretString> {
    let all = ActSecrets::new(site, dir);
    let readable = watches.then(|| ReadSecrets::new(site, dir));
    let open = |name: &str| match &readable {
        Some(readable) => readable.open(name),
        None => all.open(name),
    };
    site.secrets.iter().filter_map(|secret| open(&secret.name).ok()?.secret).collect()
}

fn read_secret(name: &str, path: &Path) -> Result<String, String> {
    let shown = path.display();
    let failed = |error: std::io::Error| {
        format!("secret `{name}`: the file {shown} cannot be read: {error}")
    };
    // Opened first, then judged: what is read is what was judged.
    let file = File::open(path).map_err(failed)?;
    let about = file.metadata().map_err(failed)?;
    if !about.is_file() {
        return Err(format!("secret `{name}`: {shown} is not a file"));
    }
    let mode = about.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(format!(
            "secret `{name}`: others can read the file {shown} (mode {mode:04o}); \
             run `chmod 600 {shown}`"
        ));
    }
    let mut bytes = Vec::new();
    file.take(SECRET_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > SECRET_BYTES_MAX {
        return Err(format!("secret `{name}`: the file {shown} is longer than 64 KiB"));
    }
    let mut text = String::from_utf8(bytes)
        .map_err(|_| format!("secret `{name}`: the file {shown} is not UTF-8 text"))?;
    // Editors and `echo` end a file with a line break that is no part of the secret.
    let kept = text
        .strip_suffix('\n')
        .map_or(text.len(), |kept| kept.strip_suffix('\r').unwrap_or(kept).len());
    text.truncate(kept);
    Ok(text)
}

/// The names in a step's own list `env`.
pub fn listed_names(with: &Table) -> Vec<String> {
    let Some(Node { value: Value::List(names), .. }) = with.get("env") else {
        return Vec::new();
    };
    names
        .iter()
        .filter_map(|name| match &name.value {
            Value::Text(name) => Some(name.clone()),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use secrecy::ExposeSecret;

    use super::*;

    const CANARY: &str = "canary-5e3f";

    fn some(name: &str) -> Option<String> {
        match name {
            "SET" => Some(CANARY.to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        }
    }

    fn site(dir: &Path) -> ActSecrets {
        let reference = |name: &str, source| SecretRef {
            name: name.to_owned(),
            user: Some("anna".to_owned()),
            source,
        };
        let variable = |name: &str| Some(SecretSource::Environment(name.to_owned()));
        let file = |name: &str| Some(SecretSource::File(PathBuf::from(name)));
        ActSecrets {
            refs: vec![
                reference("set", variable("SET")),
                reference("unset", variable("UNSET")),
                reference("empty", variable("EMPTY")),
                reference("user", None),
                reference("good", file("good")),
                reference("open", file("open")),
                reference("gone", file("gone")),
                reference("folder", file(".")),
                reference("long", file("long")),
            ],
            dir: dir.to_owned(),
            environment: some,
        }
    }

    fn write(path: &Path, text: &str, mode: u32) {
        std::fs::write(path, text).expect("writable");
        std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).expect("ours");
    }

    #[test]
    fn secrets_are_opened_or_refused_with_a_sentence() {
        let dir = tempfile::tempdir().expect("a folder");
        write(&dir.path().join("good"), &format!("{CANARY}\n"), 0o600);
        write(&dir.path().join("open"), CANARY, 0o640);
        write(&dir.path().join("long"), &"x".repeat(65 * 1024), 0o600);
        let secrets = site(dir.path());
        let check = |name: &str, want: Result<Option<&str>, &str>| {
            let opened = secrets.open(name);
            assert!(!format!("{opened:?}").contains(CANARY), "{opened:?}");
            match (opened, want) {
                (Ok(credential), Ok(want)) => {
                    assert_eq!(credential.user.as_deref(), Some("anna"));
                    assert_eq!(credential.secret.as_ref().map(ExposeSecret::expose_secret), want);
                }
                (Err(sentence), Err(want)) => {
                    let sentence = sentence.to_string().replace(&*dir.path().to_string_lossy(), "");
                    assert_eq!(sentence, want);
                }
                (opened, want) => panic!("{name}: {opened:?}, not {want:?}"),
            }
        };
        check("set", Ok(Some(CANARY)));
        check("user", Ok(None));
        check("good", Ok(Some(CANARY)));
        check("other", Err("the site has no secret `other`"));
        check("unset", Err("secret `unset`: the environment variable UNSET is not set"));
        check("empty", Err("secret `empty` is empty"));
        check(
            "open",
            Err("secret `open`: others can read the file /open (mode 0640); run `chmod 600 /open`"),
        );
        let gone =
            "secret `gone`: the file /gone cannot be read: No such file or directory (os error 2)";
        check("gone", Err(gone));
        check("folder", Err("secret `folder`: /. is not a file"));
        check("long", Err("secret `long`: the file /long is longer than 64 KiB"));
    }

    #[test]
    fn watching_opens_only_what_it_needs() {
        let dir = tempfile::tempdir().expect("a folder");
        let readable = ["set".to_owned()].into();
        let watch = ReadSecrets { all: site(dir.path()), readable };
        assert!(watch.open("set").is_ok());
        let sentence = watch.open("good").expect_err("not for watching").to_string();
        assert_eq!(sentence, "secret `good` is not for watching: it is opened only to act");
        assert_eq!(watch.names().collect::<Vec<_>>(), ["set"]);
    }

    #[test]
    fn a_watcher_knows_only_the_secrets_of_watching() {
        let dir = tempfile::tempdir().expect("a folder");
        write(&dir.path().join("read"), "of-reading", 0o600);
        write(&dir.path().join("act"), "of-acting", 0o600);
        let text = r#"
schema = 1
name = "shop"
title = "Shop"
reference = ["https://ref.example/"]
red_needs_signals = 1
objectives.core = { rto = "1h", rpo = "5m" }
regions.a = { label = "A", starts_as = "primary" }
regions.b = { label = "B", starts_as = "standby" }
[systems.pg]
kind = "postgres"
objective = "core"
a = { host = "pg-a", database = "shop", read = "pg-read", act = "pg-act" }
b = { host = "pg-b", database = "shop", read = "pg-read", act = "pg-act" }
[secrets]
pg-read = { user = "r", password = { file = "read" } }
pg-act = { user = "w", password = { file = "act" } }
gone = { user = "g", password = { file = "gone" } }
[rules]
pg_down = { system = "pg", failures = 3 }
"#;
        let site = super::super::kinds::read_site(text).expect("a site");
        let check = |watches: bool, want: &[&str]| {
            let found = known(&site, dir.path(), watches);
            let found: Vec<&str> = found.iter().map(ExposeSecret::expose_secret).collect();
            assert_eq!(found, want);
        };
        check(true, &["of-reading"]);
        check(false, &["of-reading", "of-acting"]);
    }
}
