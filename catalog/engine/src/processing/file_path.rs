//! Paths of files, as texts.

use std::path::Path;

/// `target` beside the file `base`, with `.` and `..` taken out.
pub(super) fn beside(base: &str, target: &str) -> String {
    let folder = Path::new(base).parent().and_then(Path::to_str).unwrap_or_default();
    joined(folder, target)
}

/// `target` in `folder`, with `.` and `..` taken out.
pub(super) fn joined(folder: &str, target: &str) -> String {
    let is_absolute = folder.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(target.split('/')) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if is_absolute => {}
            _ => parts.push(part),
        }
    }
    format!("{}{}", if is_absolute { "/" } else { "" }, parts.join("/"))
}

/// The folder that holds all that `target` can mean, without a `/` at its end: for a pattern the one
/// above its first part with `*`, `?`, `[` or `{`.
pub(super) fn folder_of(target: &str) -> &str {
    let fixed = target.find(['*', '?', '[', '{']).and_then(|at| target.get(..at)).unwrap_or(target);
    folder_of_file(fixed)
}

/// The folder of the file `path`, without a `/` at its end.
pub(super) fn folder_of_file(path: &str) -> &str {
    path.rfind('/').and_then(|at| path.get(..at)).unwrap_or_default()
}

/// Whether `path`, without `.` and `..`, is below `folder`. Nothing counts as below the root of the
/// file system: that would be everything.
pub(super) fn is_below(path: &str, folder: &str) -> bool {
    !folder.is_empty() && path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_joined_as_node_joins_them() {
        for (base, target, joined) in [
            ("/srv/a/b.yaml", "./c.yaml", "/srv/a/c.yaml"),
            ("/srv/a/b.yaml", "../c/*.yaml", "/srv/c/*.yaml"),
            ("/b.yaml", "../../c.yaml", "/c.yaml"),
            ("a/b.yaml", "../../c.yaml", "../c.yaml"),
        ] {
            assert_eq!(beside(base, target), joined);
        }
    }

    #[test]
    fn the_folder_of_a_pattern_is_the_one_above_its_first_variable_part() {
        for (target, folder) in [
            ("/srv/a/b.yaml", "/srv/a"),
            ("/srv/*/b.yaml", "/srv"),
            ("/srv/a-*/b.yaml", "/srv"),
            ("/srv/**/b.yaml", "/srv"),
            ("/*.yaml", ""),
        ] {
            assert_eq!(folder_of(target), folder, "{target}");
        }
    }

    #[test]
    fn nothing_is_below_the_root_of_the_file_system() {
        assert!(is_below("/srv/a/b", "/srv/a"));
        assert!(!is_below("/srv/ab", "/srv/a"));
        assert!(!is_below("/srv/a", "/srv/a"));
        assert!(!is_below("/etc/passwd", ""));
    }
}
