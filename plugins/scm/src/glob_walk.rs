//! Finding the files that match a pattern.

use std::{
    collections::{BTreeSet, HashSet},
    fs::DirEntry,
    io,
    path::{Path, PathBuf},
};

use tokio_util::sync::CancellationToken;

use crate::{
    glob_pattern::{GlobPattern, States},
    stamp::Stamp,
};

/// Folders that are looked into through links, at most: a link may lead to anything.
const MAX_LINKED_FOLDERS: usize = 10_000;

/// What a walk found.
#[derive(Debug, Default)]
pub(crate) struct Walk {
    /// The files that match, sorted.
    pub(crate) files: Vec<PathBuf>,
    /// The folders that were looked at, as they were before.
    pub(crate) directories: Vec<(PathBuf, Option<Stamp>)>,
    /// The links that decide what matches.
    pub(crate) links: Vec<PathBuf>,
    /// Folders that could not be looked at, or not whole.
    pub(crate) failures: Vec<(PathBuf, io::Error)>,
}

/// A folder that is to be looked at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Folder {
    /// As the pattern sees it.
    path: PathBuf,
    /// Where it really is.
    real: PathBuf,
    states: States,
}

/// A walk that is under way.
#[derive(Debug)]
struct Walker<'a> {
    pattern: &'a GlobPattern,
    real_base: Option<PathBuf>,
    pending: Vec<Folder>,
    /// Folders behind links wait until all others were looked at, so that a file that can be seen
    /// both ways is seen without a link.
    linked: BTreeSet<Folder>,
    seen_through_links: HashSet<(PathBuf, States)>,
    walk: Walk,
}

/// Every file below `from` that matches `pattern`; `from` is its base or a folder below it. Blocks;
/// ends early, with what was found until then, once it is cancelled.
///
/// Links are followed wherever they lead, except that a `**` never goes through a link to a folder
/// that the link is in, that no folder is looked into twice for the same, and that the kernel's own
/// file systems are never entered.
pub(crate) fn walk(pattern: &GlobPattern, from: &Path, cancelled: &CancellationToken) -> Walk {
    let mut walker = Walker {
        pattern,
        real_base: pattern.base().canonicalize().ok(),
        pending: Vec::new(),
        linked: BTreeSet::new(),
        seen_through_links: HashSet::new(),
        walk: Walk::default(),
    };
    match from.canonicalize() {
        Ok(real) => {
            let (path, states) = (from.to_path_buf(), pattern.states_of(from));
            walker.pending.push(Folder { path, real, states });
        }
        Err(error) => walker.walk.failures.push((from.to_path_buf(), error)),
    }
    while !cancelled.is_cancelled()
        && let Some(folder) = walker.next_folder()
    {
        walker.look_into(folder);
    }
    walker.walk.files.sort_unstable();
    walker.walk
}

/// Whether `path` is in a file system that the kernel makes up.
pub(crate) fn is_made_up(path: &Path) -> bool {
    path.starts_with("/proc") || path.starts_with("/sys")
}

impl Walker<'_> {
    fn next_folder(&mut self) -> Option<Folder> {
        loop {
            if let Some(folder) = self.pending.pop() {
                return Some(folder);
            }
            let folder = self.linked.pop_first()?;
            if self.is_known(&folder) {
                continue;
            }
            self.seen_through_links.insert((folder.real.clone(), folder.states));
            if self.seen_through_links.len() > MAX_LINKED_FOLDERS {
                let what = format!("more than {MAX_LINKED_FOLDERS} folders are behind links");
                self.walk.failures.push((folder.path, io::Error::other(what)));
                self.linked.clear();
                return None;
            }
            return Some(folder);
        }
    }

    /// Whether it was looked into for the same, by its own path or through another link.
    fn is_known(&self, folder: &Folder) -> bool {
        let by_own_path = self
            .real_base
            .as_ref()
            .and_then(|base| folder.real.strip_prefix(base).ok())
            .map(|below| self.pattern.states_of(&self.pattern.base().join(below)));
        by_own_path.is_some_and(|states| states.covers(folder.states))
            || self.seen_through_links.contains(&(folder.real.clone(), folder.states))
    }

    fn look_into(&mut self, folder: Folder) {
        if folder.states.is_dead() {
            return;
        }
        let stamp = Stamp::of(&folder.path);
        let entries = match std::fs::read_dir(&folder.path) {
            Ok(entries) => entries,
            Err(error) => {
                // What went since it was found is gone; the base, nobody found.
                let is_gone =
                    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory);
                if !is_gone || folder.path == self.pattern.base() {
                    self.walk.failures.push((folder.path, error));
                }
                return;
            }
        };
        for entry in entries {
            match entry {
                Ok(entry) => self.look_at(&folder, &entry),
                Err(error) => self.walk.failures.push((folder.path.clone(), error)),
            }
        }
        self.walk.directories.push((folder.path, stamp));
    }

    fn look_at(&mut self, folder: &Folder, entry: &DirEntry) {
        let name = entry.file_name();
        let states = self.pattern.step(folder.states, &name);
        if states.is_dead() {
            return;
        }
        let Ok(file_type) = entry.file_type() else { return };
        if file_type.is_symlink() {
            self.look_at_link(folder, entry.path(), states);
        } else if file_type.is_dir() {
            let below = Folder { path: entry.path(), real: folder.real.join(&name), states };
            if is_made_up(&below.real) {
                return;
            }
            if self.seen_through_links.is_empty() {
                self.pending.push(below);
            } else {
                self.linked.insert(below);
            }
        } else if self.pattern.is_final(states) {
            self.walk.files.push(entry.path());
        }
    }

    fn look_at_link(&mut self, folder: &Folder, path: PathBuf, states: States) {
        let real = match path.canonicalize() {
            Ok(real) => real,
            // To a file: reading it will say what is wrong.
            Err(_) if self.pattern.is_final(states) => {
                self.walk.links.push(path.clone());
                return self.walk.files.push(path);
            }
            Err(error) => {
                self.walk.links.push(path.clone());
                return self.walk.failures.push((path, error));
            }
        };
        if real.is_dir() {
            let is_cycle = folder.real.starts_with(&real) && self.pattern.has_any_depth(states);
            if !is_cycle && !is_made_up(&real) {
                self.walk.links.push(path.clone());
                self.linked.insert(Folder { path, real, states });
            }
        } else if self.pattern.is_final(states) {
            self.walk.links.push(path.clone());
            self.walk.files.push(path);
        }
    }
}
