//! Which folders are watched for which targets, and which targets a change concerns.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    ffi::OsString,
    io, mem,
    path::{Component, Path, PathBuf},
    sync::Arc,
};

use notify::{ErrorKind, INotifyWatcher, RecursiveMode, Watcher as _};

use tokio_util::sync::CancellationToken;

use crate::{
    file_watcher::Registration,
    glob_pattern::GlobPattern,
    glob_walk::{Walk, walk},
    stamp::Stamp,
};

/// Links that are followed on the way to one file.
const MAX_LINKS: usize = 40;

/// What happened at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// The file has other content.
    Content,
    /// Something came, went or got another name.
    Structure,
}

/// A change that the kernel reported, by the real path.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Happening {
    /// Where.
    pub(crate) path: PathBuf,
    /// What.
    pub(crate) kind: Kind,
}

/// A folder that a pattern looks at, by the path that the pattern sees.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct PatternFolder {
    target: Arc<str>,
    path: PathBuf,
}

/// See the module. Every method blocks.
#[derive(Debug)]
pub(crate) struct WatchedFiles {
    notifier: Option<INotifyWatcher>,
    /// Real paths: files, links on the way to them, and the first part that is missing.
    ways: BTreeMap<PathBuf, BTreeSet<Arc<str>>>,
    /// Real paths of folders.
    pattern_folders: HashMap<PathBuf, BTreeSet<PatternFolder>>,
    patterns: HashMap<Arc<str>, Arc<GlobPattern>>,
    targets: HashSet<Arc<str>>,
    watched: BTreeSet<PathBuf>,
    polled: BTreeMap<Arc<str>, Stamps>,
    has_warned: bool,
}

/// What a polled target looked like: of a pattern, each folder and file.
type Stamps = BTreeMap<PathBuf, Option<Stamp>>;

impl WatchedFiles {
    /// Nothing yet. Without a notifier everything is polled.
    pub(crate) fn new(notifier: Option<INotifyWatcher>) -> Self {
        Self {
            notifier,
            ways: BTreeMap::new(),
            pattern_folders: HashMap::new(),
            patterns: HashMap::new(),
            targets: HashSet::new(),
            watched: BTreeSet::new(),
            polled: BTreeMap::new(),
            has_warned: false,
        }
    }

    /// Whether [`WatchedFiles::poll`] has anything to look at.
    pub(crate) fn is_polling(&self) -> bool {
        !self.polled.is_empty()
    }

    /// Takes over new targets; gives those that changed since they were read.
    pub(crate) fn register(&mut self, new: Vec<(Arc<str>, Registration)>) -> BTreeSet<Arc<str>> {
        let mut changed = BTreeSet::new();
        for (target, registration) in new {
            self.targets.insert(Arc::clone(&target));
            let stamps: Stamps = match registration {
                Registration::File { stamp } => {
                    self.watch_way(&target, Path::new(&*target));
                    [(PathBuf::from(&*target), stamp)].into()
                }
                Registration::Pattern { pattern, directories, links, files } => {
                    self.patterns.insert(Arc::clone(&target), Arc::clone(&pattern));
                    self.watch_way(&target, pattern.base());
                    self.watch_links(&target, &links);
                    for (directory, _) in &directories {
                        self.watch_pattern_folder(&target, directory);
                    }
                    directories.into_iter().chain(files).collect()
                }
            };
            // What changed between the read and the watch was not noticed.
            let missed = stamps.iter().filter(|(path, stamp)| Stamp::of(path) != **stamp);
            let missed: Vec<&PathBuf> = missed.map(|(path, _)| path).collect();
            if !missed.is_empty() {
                self.targets_among(&target, missed, &mut changed);
                if let Some(pattern) = self.patterns.get(&target).cloned() {
                    // There may be folders that the read did not see.
                    let files = self.watch_pattern(&target, &pattern, pattern.base());
                    changed.extend(files.iter().map(|path| Arc::from(path.to_string_lossy())));
                }
            }
            if let Some(polled) = self.polled.get_mut(&target) {
                *polled = stamps;
            }
        }
        changed
    }

    /// The targets that these changes concern. Watches follow the files.
    pub(crate) fn changed_by(&mut self, happenings: HashSet<Happening>) -> BTreeSet<Arc<str>> {
        let mut changed = BTreeSet::new();
        let mut moved = BTreeSet::new();
        for Happening { path, kind } in happenings {
            changed.extend(self.ways.get(&path).into_iter().flatten().cloned());
            if kind == Kind::Structure {
                moved.extend(self.ways.get(&path).into_iter().flatten().cloned());
                let below = self.ways.range(path.clone()..);
                let below = below.take_while(|(way, _)| way.starts_with(&path));
                moved.extend(below.flat_map(|(_, targets)| targets).cloned());
                self.forget_folders(&path);
            }
            self.changed_in_pattern(&path, kind, &mut changed);
        }
        for target in &moved {
            let path = match self.patterns.get(target) {
                Some(pattern) => pattern.base().to_path_buf(),
                None => PathBuf::from(&**target),
            };
            self.watch_way(target, &path);
            if let Some(pattern) = self.patterns.get(target).cloned() {
                self.watch_pattern(target, &pattern, pattern.base());
            }
        }
        changed.extend(moved);
        changed
    }

    fn changed_in_pattern(&mut self, path: &Path, kind: Kind, changed: &mut BTreeSet<Arc<str>>) {
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return };
        let Some(folders) = self.pattern_folders.get(folder) else { return };
        for PatternFolder { target, path: folder } in folders.clone() {
            let Some(pattern) = self.patterns.get(&target).cloned() else { continue };
            let path = folder.join(name);
            if pattern.is_match(&path) {
                changed.insert(path.to_string_lossy().into());
                changed.insert(Arc::clone(&target));
            }
            if pattern.states_of(&path).is_dead() {
                continue;
            }
            if path.is_dir() {
                // It came, or may be read now, or no more.
                self.watch_pattern(&target, &pattern, &path);
                changed.insert(target);
            } else if kind == Kind::Structure {
                changed.insert(target);
            }
        }
    }

    /// Everything may have changed.
    pub(crate) fn everything(&mut self) -> BTreeSet<Arc<str>> {
        let targets: Vec<Arc<str>> = self.targets.iter().cloned().collect();
        let mut changed: BTreeSet<Arc<str>> = targets.iter().cloned().collect();
        for target in targets {
            match self.patterns.get(&target).cloned() {
                Some(pattern) => {
                    self.watch_way(&target, pattern.base());
                    let files = self.watch_pattern(&target, &pattern, pattern.base());
                    let text = |path: &PathBuf| path.to_string_lossy().into();
                    changed.extend(files.iter().map(text));
                }
                None => self.watch_way(&target, Path::new(&*target)),
            }
        }
        changed
    }

    /// Looks at what is polled.
    pub(crate) fn poll(&mut self) -> BTreeSet<Arc<str>> {
        let mut changed = BTreeSet::new();
        let targets: Vec<Arc<str>> = self.polled.keys().cloned().collect();
        for target in targets {
            let now = self.stamps_of(&target);
            let Some(before) = self.polled.get_mut(&target) else { continue };
            if *before == now {
                continue;
            }
            let before = mem::replace(before, now.clone());
            let paths: BTreeSet<&PathBuf> = before.keys().chain(now.keys()).collect();
            let differ = paths.into_iter().filter(|path| before.get(*path) != now.get(*path));
            self.targets_among(&target, differ, &mut changed);
        }
        changed
    }

    /// What a polled target looks like now.
    fn stamps_of(&self, target: &Arc<str>) -> Stamps {
        let stamped = |path: PathBuf| {
            let stamp = Stamp::of(&path);
            (path, stamp)
        };
        match self.patterns.get(target) {
            Some(pattern) => {
                let found = walk(pattern, pattern.base(), &CancellationToken::new());
                found.directories.into_iter().chain(found.files.into_iter().map(stamped)).collect()
            }
            None => [stamped(PathBuf::from(&**target))].into(),
        }
    }

    /// Adds `target`, of which `paths` changed, and those of them that are targets themselves or
    /// match it: folders of a pattern are neither.
    fn targets_among<'path>(
        &self,
        target: &Arc<str>,
        paths: impl IntoIterator<Item = &'path PathBuf>,
        changed: &mut BTreeSet<Arc<str>>,
    ) {
        let pattern = self.patterns.get(target);
        for path in paths {
            let text: Arc<str> = path.to_string_lossy().into();
            let is_match = pattern.is_some_and(|pattern| pattern.is_match(path));
            if is_match || self.targets.contains(&text) {
                changed.insert(text);
            }
        }
        changed.insert(Arc::clone(target));
    }

    /// Watches what links lead to, and the links themselves.
    fn watch_links(&mut self, target: &Arc<str>, links: &[PathBuf]) {
        for link in links {
            self.watch_way(target, link);
        }
    }

    /// Watches the folder of `path`, or what there is of the way to it.
    fn watch_way(&mut self, target: &Arc<str>, path: &Path) {
        let way = Way::to(path);
        for point in way.points {
            self.ways.entry(point).or_default().insert(Arc::clone(target));
        }
        for folder in way.folders {
            self.watch_folder(target, &folder);
        }
    }

    /// Watches the folders of `pattern` at and below `from`; gives the files that match there.
    fn watch_pattern(
        &mut self,
        target: &Arc<str>,
        pattern: &Arc<GlobPattern>,
        from: &Path,
    ) -> Vec<PathBuf> {
        loop {
            let Walk { directories, links, files, .. } =
                walk(pattern, from, &CancellationToken::new());
            self.watch_links(target, &links);
            let watch =
                |(directory, _): &(PathBuf, _)| self.watch_pattern_folder(target, directory);
            // A folder that was made after its parent was looked at and before that was watched
            // would be missed: once no folder is new, none is.
            if directories.iter().map(watch).filter(|is_new| *is_new).count() == 0 {
                return files;
            }
        }
    }

    /// Says whether the folder was not watched before.
    fn watch_pattern_folder(&mut self, target: &Arc<str>, path: &Path) -> bool {
        let Ok(real) = path.canonicalize() else { return false };
        let folder = PatternFolder { target: Arc::clone(target), path: path.to_path_buf() };
        self.pattern_folders.entry(real.clone()).or_default().insert(folder);
        self.watch_folder(target, &real)
    }

    /// Says whether the kernel tells of the folder from now on, and did not before.
    fn watch_folder(&mut self, target: &Arc<str>, folder: &Path) -> bool {
        if self.watched.contains(folder) {
            return false;
        }
        let Some(notifier) = &mut self.notifier else {
            self.poll_from_now(target);
            return false;
        };
        match notifier.watch(folder, RecursiveMode::NonRecursive) {
            Ok(()) => return self.watched.insert(folder.to_path_buf()),
            // It went in this moment: the folder above it says so.
            Err(error) if is_gone(&error.kind) => {}
            Err(error) => {
                if !self.has_warned {
                    self.has_warned = true;
                    let error: &dyn std::error::Error = &error;
                    tracing::warn!(
                        error,
                        path = %folder.display(),
                        "some files are looked at every few seconds: they cannot be watched \
                         (perhaps fs.inotify.max_user_watches is too low)"
                    );
                }
                self.poll_from_now(target);
            }
        }
        false
    }

    fn poll_from_now(&mut self, target: &Arc<str>) {
        if !self.polled.contains_key(target) {
            let stamps = self.stamps_of(target);
            self.polled.insert(Arc::clone(target), stamps);
        }
    }

    /// Forgets the watches at and below `path`, which went or became another.
    fn forget_folders(&mut self, path: &Path) {
        let below: Vec<PathBuf> = self
            .watched
            .range(path.to_path_buf()..)
            .take_while(|folder| folder.starts_with(path))
            .cloned()
            .collect();
        for folder in below {
            self.watched.remove(&folder);
            if let Some(notifier) = &mut self.notifier {
                // Usually the kernel has forgotten it already.
                let _gone = notifier.unwatch(&folder);
            }
        }
    }
}

fn is_gone(kind: &ErrorKind) -> bool {
    match kind {
        ErrorKind::PathNotFound => true,
        ErrorKind::Io(error) => {
            matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
        }
        _ => false,
    }
}

/// The way to a file, link by link.
#[derive(Debug, Default)]
struct Way {
    /// Real paths that decide what the file is: each link, and the file or the first missing part.
    points: Vec<PathBuf>,
    /// The real folders that hold them.
    folders: Vec<PathBuf>,
}

impl Way {
    fn to(path: &Path) -> Self {
        let mut way = Self::default();
        let mut current = PathBuf::from("/");
        let mut rest: Vec<OsString> = names(path);
        let mut links = 0;
        while let Some(name) = rest.pop() {
            if name == ".." {
                current.pop();
                continue;
            }
            let next = current.join(&name);
            let link = match std::fs::symlink_metadata(&next) {
                Err(_) => {
                    way.point(next, current);
                    return way;
                }
                Ok(metadata) if metadata.is_symlink() => std::fs::read_link(&next).ok(),
                Ok(_) => None,
            };
            match link {
                Some(target) if links < MAX_LINKS => {
                    links += 1;
                    way.point(next, current.clone());
                    if target.is_absolute() {
                        current = PathBuf::from("/");
                    }
                    rest.extend(names(&target));
                }
                _ if rest.is_empty() => way.point(next, current.clone()),
                _ => current = next,
            }
        }
        way
    }

    fn point(&mut self, point: PathBuf, folder: PathBuf) {
        self.points.push(point);
        self.folders.push(folder);
    }
}

/// The names of `path`, last first.
fn names(path: &Path) -> Vec<OsString> {
    let names = path.components().rev().filter_map(|component| match component {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        _ => None,
    });
    names.collect()
}
