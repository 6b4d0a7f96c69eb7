//! Opens secrets by the names a site gives them; who watches or beats opens only what that needs.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use secrecy::SecretString;

use crate::domain::ids::Side;
use crate::domain::settings::{Node, Table, Value};
use crate::domain::site::{SecretRef, SecretSource, Site};
use crate::domain::text::Clean;
use crate::port::{Credential, Secrets};
use crate::systems::kit::endpoint::ACT;

/// The largest secret, in bytes.
pub const SECRET_BYTES_MAX: u64 = 64 * 1024;

/// Reads an environment variable; tests bring their own.
pub type Environment = fn(&str) -> Option<String>;

/// The environment of this process.
pub fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Where the secrets of a site are.
struct Shelf {
    refs: Vec<SecretRef>,
    dir: PathBuf,
    environment: Environment,
}

impl Shelf {
    fn new(site: &Site, dir: &Path, environment: Environment) -> Self {
        Self { refs: site.secrets.clone(), dir: dir.to_owned(), environment }
    }

    fn open(&self, name: &str) -> Result<Credential, Clean> {
        self.find(name).map_err(Clean::from)
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

/// Opens every secret of the site but those of heartbeats: only for a process that performs a step.
pub struct ActSecrets {
    all: Shelf,
    only_to_beat: BTreeSet<String>,
}

impl ActSecrets {
    /// The secrets of a site whose folder is `dir`.
    pub fn new(site: &Site, dir: &Path) -> Self {
        Self::with_environment(site, dir, environment)
    }

    /// As [`ActSecrets::new`], with another environment.
    pub fn with_environment(site: &Site, dir: &Path, environment: Environment) -> Self {
        Self { all: Shelf::new(site, dir, environment), only_to_beat: only_to_beat(site) }
    }

    /// Why each secret that cannot be opened cannot.
    pub fn missing(&self) -> Vec<Clean> {
        let opens = |secret: &&SecretRef| !self.is_only_to_beat(&secret.name);
        let refs = self.all.refs.iter().filter(opens);
        refs.filter_map(|secret| self.open(&secret.name).err()).collect()
    }

    /// True for a secret of heartbeats, which is opened by `warroom beat` alone and need not be on
    /// this machine.
    pub fn is_only_to_beat(&self, name: &str) -> bool {
        self.only_to_beat.contains(name)
    }
}

impl Secrets for ActSecrets {
    fn open(&self, name: &str) -> Result<Credential, Clean> {
        if self.is_only_to_beat(name) {
            let sentence =
                format!("secret `{name}` is for heartbeats: only `warroom beat` opens it");
            return Err(sentence.into());
        }
        self.all.open(name)
    }
}

/// The secrets that write heartbeats and neither watch nor act.
fn only_to_beat(site: &Site) -> BTreeSet<String> {
    let systems = || site.systems.iter();
    let tables = systems().flat_map(|spec| spec.sides.iter().flatten().chain([&spec.settings]));
    let acts = tables.filter_map(|table| match &table.get(ACT.spec.name)?.value {
        Value::Text(name) => Some(name.as_str()),
        _ => None,
    });
    let used: BTreeSet<&str> =
        systems().flat_map(|spec| &spec.secrets).map(String::as_str).chain(acts).collect();
    let beats = systems().flat_map(|spec| spec.secrets_to_beat.iter().flatten());
    beats.filter(|name| !used.contains(name.as_str())).cloned().collect()
}

/// Opens only the secrets that write one region's heartbeats; for all others it answers that it may
/// not.
pub struct BeatSecrets {
    all: Shelf,
    own: BTreeSet<String>,
}

impl BeatSecrets {
    /// The secrets of the heartbeats of region `side` of `site`; its folder is `dir`.
    pub fn new(site: &Site, dir: &Path, side: Side) -> Self {
        let own = site.systems.iter().filter_map(|spec| spec.secrets_to_beat[side.index()].clone());
        Self { all: Shelf::new(site, dir, environment), own: own.collect() }
    }

    /// What can be opened of it, to be masked wherever it would be shown.
    pub fn known(&self) -> Vec<SecretString> {
        self.own.iter().filter_map(|name| self.open(name).ok()?.secret).collect()
    }
}

impl Secrets for BeatSecrets {
    fn open(&self, name: &str) -> Result<Credential, Clean> {
        if self.own.contains(name) {
            self.all.open(name)
        } else {
            Err(format!("secret `{name}` writes no heartbeat of this region: it is not opened")
                .into())
        }
    }
}

/// Opens only the secrets that watching needs; for all others it answers that it may not.
pub struct ReadSecrets {
    all: Shelf,
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
        Self { all: Shelf::new(site, dir, environment), readable: names.cloned().collect() }
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

    fn shelf(dir: &Path) -> Shelf {
        let reference = |name: &str, source| SecretRef {
            name: name.to_owned(),
            user: Some("anna".to_owned()),
            source,
        };
        let variable = |name: &str| Some(SecretSource::Environment(name.to_owned()));
        let file = |name: &str| Some(SecretSource::File(PathBuf::from(name)));
        Shelf {
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
        let secrets = shelf(dir.path());
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
        let watch = ReadSecrets { all: shelf(dir.path()), readable };
        assert!(watch.open("set").is_ok());
        let sentence = watch.open("good").expect_err("not for watching").to_string();
        assert_eq!(sentence, "secret `good` is not for watching: it is opened only to act");
        assert_eq!(watch.names().collect::<Vec<_>>(), ["set"]);
    }

    #[test]
    fn who_watches_acts_or_beats_knows_the_secrets_of_that_alone() {
        let dir = tempfile::tempdir().expect("a folder");
        for (name, secret) in [("read", "of-reading"), ("act", "of-acting"), ("beat", "of-beating")]
        {
            write(&dir.path().join(name), secret, 0o600);
        }
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
heartbeat = { table = "dr_heartbeat" }
a = { host = "pg-a", database = "shop", read = "pg-read", act = "pg-act", beat = "pg-beat" }
b = { host = "pg-b", database = "shop", read = "pg-read", act = "pg-act", beat = "pg-act" }
[secrets]
pg-read = { user = "r", password = { file = "read" } }
pg-beat = { user = "h", password = { file = "beat" } }
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
        let check = |side: Side, opened: &str, want: &str, refused: [&str; 2]| {
            let beat = BeatSecrets::new(&site, dir.path(), side);
            let known = beat.known();
            let known: Vec<&str> = known.iter().map(ExposeSecret::expose_secret).collect();
            assert_eq!(known, [want]);
            assert!(beat.open(opened).is_ok());
            for name in refused {
                let sentence = beat.open(name).expect_err("it writes no heartbeat").to_string();
                assert!(sentence.contains("writes no heartbeat of this region"), "{sentence}");
            }
        };
        check(Side::A, "pg-beat", "of-beating", ["pg-read", "pg-act"]);
        check(Side::B, "pg-act", "of-acting", ["pg-read", "pg-beat"]);
        let act = ActSecrets::new(&site, dir.path());
        let sentence = act.open("pg-beat").expect_err("it is for heartbeats").to_string();
        assert_eq!(sentence, "secret `pg-beat` is for heartbeats: only `warroom beat` opens it");
        let missing: Vec<String> = act.missing().iter().map(ToString::to_string).collect();
        assert!(missing.len() == 1 && missing[0].contains("`gone`"), "{missing:?}");
    }
}
