//! Finds the site's folder: what was asked for, else the usual places.

use std::path::{Path, PathBuf};

/// Where a site may be named or found. All of it is asked by the caller.
#[derive(Debug, Clone, Default)]
pub struct Places {
    /// `--site`.
    pub asked: Option<PathBuf>,
    /// `$WARROOM_SITE`.
    pub environment: Option<PathBuf>,
    /// The working folder.
    pub here: PathBuf,
    /// `$XDG_CONFIG_HOME/warroom`.
    pub config: Option<PathBuf>,
}

/// The folder of the site: `--site` or `$WARROOM_SITE` (a folder, its `site.toml`, or a name under
/// `sites/` here or in the configuration), else this folder, else the only one under `sites/`.
///
/// # Errors
/// A few lines that say how to start.
pub fn find_site(places: &Places) -> Result<PathBuf, String> {
    let roots: Vec<PathBuf> = [Some(&places.here), places.config.as_ref()]
        .into_iter()
        .flatten()
        .map(|root| root.join("sites"))
        .collect();
    if let Some(asked) = places.asked.as_ref().or(places.environment.as_ref()) {
        return named(asked, places, &roots);
    }
    if is_site(&places.here) {
        return Ok(places.here.clone());
    }
    for root in &roots {
        match sites_in(root).as_slice() {
            [] => {}
            [only] => return Ok(only.clone()),
            several => {
                let names: Vec<String> = several.iter().map(|dir| name_of(dir)).collect();
                return Err(format!(
                    "there are several sites in {}: {}; say which with `--site NAME`",
                    root.display(),
                    names.join(", ")
                ));
            }
        }
    }
    Err("no site found\n\
         try the demo, which needs nothing:     warroom demo\n\
         begin your own from one that ships:    warroom init --from shop\n\
         name the folder of one that you have:  warroom --site DIR"
        .to_owned())
}

fn named(asked: &Path, places: &Places, roots: &[PathBuf]) -> Result<PathBuf, String> {
    let path = places.here.join(asked);
    if path.file_name().is_some_and(|name| name == "site.toml") && path.is_file() {
        return Ok(path.parent().unwrap_or(&places.here).to_owned());
    }
    if is_site(&path) {
        return Ok(path);
    }
    // A bare name may be meant; a path was looked for where it points.
    if asked.components().count() == 1
        && let Some(dir) = roots.iter().map(|root| root.join(asked)).find(|dir| is_site(dir))
    {
        return Ok(dir);
    }
    let known: Vec<String> =
        roots.iter().flat_map(|root| sites_in(root)).map(|dir| name_of(&dir)).collect();
    let hint = if known.is_empty() {
        "there is no `site.toml` in it; `warroom init --from shop` writes one to begin from, \
         `warroom demo` needs none"
            .to_owned()
    } else {
        format!("there is no `site.toml` in it; sites found are {}", known.join(", "))
    };
    Err(format!("`{}` is not a site: {hint}", asked.display()))
}

fn is_site(dir: &Path) -> bool {
    dir.join("site.toml").is_file()
}

fn name_of(dir: &Path) -> String {
    dir.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn sites_in(root: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(root) else { return Vec::new() };
    let mut found: Vec<PathBuf> = entries
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|dir| is_site(dir))
        .collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sites_are_found_in_the_usual_places() {
        let check = |files: &[&str], asked: Option<&str>, want: Result<&str, &str>| {
            let root = tempfile::tempdir().expect("a folder");
            for file in files {
                let path = root.path().join(file).join("site.toml");
                std::fs::create_dir_all(path.parent().expect("a folder")).expect("writable");
                std::fs::write(path, "").expect("writable");
            }
            let places = Places {
                asked: asked.map(PathBuf::from),
                environment: None,
                here: root.path().join("here"),
                config: Some(root.path().join("config")),
            };
            match (find_site(&places), want) {
                (Ok(found), Ok(want)) => assert_eq!(found, root.path().join(want)),
                (Err(told), Err(want)) => assert!(told.contains(want), "{told}"),
                (found, want) => panic!("{files:?} {asked:?}: {found:?}, not {want:?}"),
            }
        };
        check(&[], None, Err("warroom demo"));
        check(&[], None, Err("warroom init --from shop"));
        check(&["here"], None, Ok("here"));
        check(&["here/sites/lms"], None, Ok("here/sites/lms"));
        check(&["config/sites/lms"], None, Ok("config/sites/lms"));
        check(&["here/sites/a", "here/sites/b"], None, Err("several sites"));
        check(&["here/sites/a", "here/sites/b"], Some("b"), Ok("here/sites/b"));
        check(&["config/sites/b", "here"], Some("b"), Ok("config/sites/b"));
        check(&["here/x/y"], Some("x/y"), Ok("here/x/y"));
        check(&["here/x"], Some("x/site.toml"), Ok("here/x"));
        check(
            &["here/sites/a"],
            Some("c"),
            Err("`c` is not a site: there is no `site.toml` in it; \
               sites found are a"),
        );
    }
}
