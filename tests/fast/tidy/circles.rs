//! Circles of files: none across folders, none in one folder of more than three files.

use std::collections::{BTreeMap, BTreeSet};

use super::source::Source;

/// The most files of a circle inside one folder.
const FILES_MAX: usize = 3;

/// The names that one file takes from another, by their places among the sources.
type Ties = BTreeMap<usize, BTreeMap<usize, BTreeSet<String>>>;

/// Every circle that is refused, with the names that tie it.
pub fn refused(sources: &[Source]) -> Vec<String> {
    let ties = ties(sources);
    let mut found: Vec<String> = rings(sources.len(), &ties)
        .into_iter()
        .filter(|ring| ring.len() > 1)
        .filter(|ring| ring.len() > FILES_MAX || !is_in_one_folder(sources, ring))
        .map(|ring| told(sources, &ties, &ring))
        .collect();
    found.sort();
    found
}

/// True where one folder holds all the files; `a.rs` beside the folder `a` belongs to that one too.
fn is_in_one_folder(sources: &[Source], ring: &BTreeSet<usize>) -> bool {
    let folders = |at: &usize| {
        let source = &sources[*at];
        let parent = source.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let own = source.path.strip_suffix(".rs").filter(|_| source.owns_folder);
        [Some(parent), own].into_iter().flatten().collect::<BTreeSet<&str>>()
    };
    let common = ring.iter().map(folders).reduce(|all, one| &all & &one);
    common.is_none_or(|common| !common.is_empty())
}

fn told(sources: &[Source], ties: &Ties, ring: &BTreeSet<usize>) -> String {
    let mut text = format!("{} files in a circle", ring.len());
    for from in ring {
        for (to, names) in ties.get(from).into_iter().flatten().filter(|(to, _)| ring.contains(to))
        {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let (from, to) = (&sources[*from].path, &sources[*to].path);
            text = format!("{text}\n    {from} -> {to}: {}", names.join(", "));
        }
    }
    text
}

/// What each file takes from each other one, its tests left out.
fn ties(sources: &[Source]) -> Ties {
    let modules: BTreeMap<Vec<String>, usize> =
        sources.iter().enumerate().map(|(at, source)| (source.module(), at)).collect();
    let mut ties = Ties::new();
    for (at, source) in sources.iter().enumerate() {
        let own = source.module();
        let mut aliases: BTreeMap<String, usize> = BTreeMap::new();
        let mut paths = source.paths();
        // Who may see a thing is no tie: `pub(super)`, `pub(in crate::room)`.
        let is_sight = |at: usize| {
            source.code[..at].ends_with(['(', ' ']) && {
                let before = source.code[..at].trim_end();
                before.ends_with("pub(") || before.ends_with("pub(in")
            }
        };
        paths.retain(|named| named.at < source.tests_begin() && !is_sight(named.at));
        // Paths from the root first: what they name may begin the others.
        paths.sort_by_key(|named| named.segments[0] != "crate");
        for named in paths {
            let (first, rest) = named.segments.split_first().expect("a path has segments");
            let (to, name) = if first == "crate" {
                let Some((to, length)) = module_of(&modules, rest) else { continue };
                if length == rest.len() {
                    aliases.insert(rest[length - 1].clone(), to);
                }
                (to, rest.get(length))
            } else if let Some(to) = aliases.get(first) {
                (*to, rest.first())
            } else {
                let child: Vec<String> = own.iter().chain([first]).cloned().collect();
                let Some(to) = modules.get(&child) else { continue };
                (*to, rest.first())
            };
            if to != at {
                let names = ties.entry(at).or_default().entry(to).or_default();
                names.extend(name.cloned());
            }
        }
    }
    ties
}

/// The file of the longest beginning of a path, and how many segments that took.
fn module_of(modules: &BTreeMap<Vec<String>, usize>, path: &[String]) -> Option<(usize, usize)> {
    (1..=path.len()).rev().find_map(|length| Some((*modules.get(&path[..length])?, length)))
}

/// The files that reach each other: each set of which every file reaches every other.
fn rings(count: usize, ties: &Ties) -> Vec<BTreeSet<usize>> {
    let reach: Vec<BTreeSet<usize>> = (0..count).map(|from| reached(from, ties)).collect();
    let mut seen: BTreeSet<usize> = BTreeSet::new();
    let mut found = Vec::new();
    for from in 0..count {
        if reach[from].contains(&from) && !seen.contains(&from) {
            let ring: BTreeSet<usize> =
                reach[from].iter().copied().filter(|to| reach[*to].contains(&from)).collect();
            seen.extend(&ring);
            found.push(ring);
        }
    }
    found
}

fn reached(from: usize, ties: &Ties) -> BTreeSet<usize> {
    let mut reached = BTreeSet::new();
    let mut open = vec![from];
    while let Some(at) = open.pop() {
        for to in ties.get(&at).into_iter().flat_map(BTreeMap::keys) {
            if reached.insert(*to) {
                open.push(*to);
            }
        }
    }
    reached
}
