//! `warroom init --from NAME`: writes a site that ships with the program, to be made one's own.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};

use super::args::InitArgs;
use super::exit::Exit;
use super::say::say;
use crate::app::kinds::read_site;
use crate::app::start::Usage;
use crate::domain::settings::unknown;
use crate::domain::site::{SecretSource, Site};
use crate::files::shipped::{SHIPPED, Shipped};

/// The mode of the written files: nothing in them is secret.
const FILE_MODE: u32 = 0o644;

/// Writes the site and says what is to be done next.
///
/// # Errors
/// When there is no such site, a file of it is there already, or the folder cannot be written.
pub fn run(args: &InitArgs) -> anyhow::Result<Exit> {
    let shipped = SHIPPED.iter().find(|one| one.name == args.from).ok_or_else(|| {
        let names = SHIPPED.iter().map(|one| one.name);
        Usage(unknown("a site that ships with the program", &args.from, names))
    })?;
    let usual = || Path::new("sites").join(shipped.name);
    let dir = args.dir.clone().unwrap_or_else(usual);
    let written = write(shipped, &dir)?;
    let mut wrote = vec![format!("{}: {}\n", shipped.name, shipped.doc)];
    wrote.extend(written.iter().map(|path| format!("wrote {}\n", path.display())));
    let site = read_site(shipped.files[0].1)
        .map_err(|fault| anyhow!("failed to read the shipped site: {fault}"))?;
    wrote.push(next_steps(&site, &dir));
    say(&wrote.concat())?;
    Ok(Exit::Ok)
}

/// Writes every file of the site below `dir`; none, when one of them is there already.
///
/// # Errors
/// [`Usage`] when a file is there; else when the folder cannot be written.
pub fn write(shipped: &Shipped, dir: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let paths: Vec<PathBuf> = shipped.files.iter().map(|(path, _)| dir.join(path)).collect();
    // `symlink_metadata` also finds a link that leads nowhere.
    if let Some(there) = paths.iter().find(|path| path.symlink_metadata().is_ok()) {
        let text = format!(
            "{} is there already, and nothing is ever overwritten: name another folder, \
             `warroom init --from {} DIR`",
            there.display(),
            shipped.name
        );
        return Err(Usage(text).into());
    }
    for (path, (_, text)) in paths.iter().zip(shipped.files) {
        let failed = || format!("failed to write {}", path.display());
        let parent = path.parent().unwrap_or(dir);
        std::fs::create_dir_all(parent).with_context(failed)?;
        let mut options = OpenOptions::new();
        let options = options.write(true).create_new(true).mode(FILE_MODE);
        let mut file = options.open(path).with_context(failed)?;
        file.write_all(text.as_bytes()).with_context(failed)?;
    }
    Ok(paths)
}

/// What a person does before the site can be trusted, in order.
fn next_steps(site: &Site, dir: &Path) -> String {
    let mut steps = vec![format!(
        "put your own people, hosts and names into {}",
        dir.join("site.toml").display()
    )];
    let (mut variables, mut files) = (Vec::new(), Vec::new());
    for secret in &site.secrets {
        match &secret.source {
            Some(SecretSource::Environment(name)) => variables.push(name.clone()),
            Some(SecretSource::File(path)) => files.push(dir.join(path).display().to_string()),
            None => {}
        }
    }
    if !variables.is_empty() {
        steps.push(format!("set {} where the console runs", variables.join(", ")));
    }
    if !files.is_empty() {
        let files = files.join(", ");
        steps.push(format!("write {files}: the secret alone, mode 0600, your own"));
    }
    let site = dir.display();
    steps.push(format!("warroom check --offline --site {site}   reads the files only"));
    steps.push(format!("warroom check --site {site}             reaches for everything"));
    steps.push(format!("warroom run failover --dry-run --site {site}"));
    steps.push(format!("warroom watch --site {site}"));
    let lines = steps.iter().enumerate();
    lines
        .fold("next\n".to_owned(), |text, (index, step)| format!("{text}  {}  {step}\n", index + 1))
}
