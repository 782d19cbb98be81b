//! A repository: its URLs and its files.

use std::fmt;

use url::Url;

use crate::processing::{
    git_url::GitUrl,
    scm::{ScmHosts, ScmKind},
};

/// The files of a checkout. Paths are relative to its root, with `/`.
pub trait RepositoryFiles: fmt::Debug {
    /// The content of a file; `None` if there is none of that name below the root.
    fn read(&self, path: &str) -> Option<Vec<u8>>;

    /// The paths that match a pattern with `*`, `**` and `?`, sorted.
    fn matching(&self, pattern: &str) -> Vec<String>;
}

/// The address of a repository, and how its hosts writes the URLs of files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepositoryUrl {
    root: String,
    full_name: String,
    kind: ScmKind,
    reference: String,
}

/// An address that is not one of a repository.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not the URL of a repository: expected https://<host>/<owner>/<name>")]
pub struct RepositoryUrlError(String);

impl RepositoryUrl {
    /// Reads `https://<host>/<owner>/<name>`, or the URL of a branch of it.
    ///
    /// # Errors
    ///
    /// [`RepositoryUrlError`] if there is no owner or no name in it.
    pub fn parse(text: &str, hosts: &ScmHosts) -> Result<Self, RepositoryUrlError> {
        let bad = || RepositoryUrlError(text.to_owned());
        let text = text.trim_end_matches('/');
        let text = text.strip_suffix(".git").unwrap_or(text);
        let url = Url::parse(text).map_err(|_| bad())?;
        let parts = GitUrl::parse(text).ok_or_else(bad)?;
        if parts.owner.is_empty() || parts.name.is_empty() {
            return Err(bad());
        }
        let root = format!("{}/{}", url.origin().ascii_serialization(), parts.full_name);
        let reference =
            if parts.reference.is_empty() { "main".to_owned() } else { parts.reference };
        let kind = hosts.kind_of(text).unwrap_or(ScmKind::Other);
        Ok(Self { root, full_name: parts.full_name, kind, reference })
    }

    /// The URL on which a person would see the file `path`.
    pub fn of_file(&self, path: &str) -> String {
        let word = match self.kind {
            ScmKind::Gitlab => "-/blob",
            ScmKind::Gitea => "src/branch",
            ScmKind::BitbucketCloud => "src",
            _ => "blob",
        };
        format!("{}/{word}/{}/{path}", self.root, self.reference)
    }

    /// The URL under which a reader gives the file of `url` out: GitHub's say `tree`.
    pub(super) fn read_as(&self, url: &str) -> String {
        if self.kind != ScmKind::Github {
            return url.to_owned();
        }
        url.replacen(&format!("{}/blob/", self.root), &format!("{}/tree/", self.root), 1)
    }

    /// The path that `url` means in this repository, at whatever branch; `None` if it is outside.
    pub(super) fn path_of(&self, url: &str) -> Option<String> {
        let parsed = Url::parse(url).ok()?;
        let parts = GitUrl::parse(url)?;
        let root = format!("{}/{}", parsed.origin().ascii_serialization(), parts.full_name);
        let is_inside = root == self.root && parts.full_name == self.full_name;
        if !is_inside || parts.filepath.is_empty() {
            return None;
        }
        match self.kind {
            // branch/main/…: git-url-parse takes the word for the branch
            ScmKind::Gitea => parts.filepath.split_once('/').map(|(_, path)| path.to_owned()),
            _ => Some(parts.filepath),
        }
    }

    /// The URL of the file `found` that a pattern matched: `target` with `found` for `pattern`.
    pub(super) fn beside(&self, target: &str, pattern: &str, found: &str) -> String {
        match target.strip_suffix(pattern) {
            Some(front) => format!("{front}{found}"),
            None => self.read_as(&self.of_file(found)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repository(text: &str) -> RepositoryUrl {
        RepositoryUrl::parse(text, &ScmHosts::default()).unwrap()
    }

    #[test]
    fn files_have_the_urls_of_their_host() {
        for (root, url) in [
            ("https://github.com/o/r", "https://github.com/o/r/blob/main/a/b.yaml"),
            ("https://github.com/o/r/tree/dev", "https://github.com/o/r/blob/dev/a/b.yaml"),
            ("https://gitlab.com/g/s/r.git", "https://gitlab.com/g/s/r/-/blob/main/a/b.yaml"),
        ] {
            assert_eq!(repository(root).of_file("a/b.yaml"), url);
        }
    }

    #[test]
    fn urls_of_every_branch_are_inside() {
        let repository = repository("https://github.com/o/r");
        for (url, path) in [
            ("https://github.com/o/r/tree/main/a/b.yaml", Some("a/b.yaml")),
            ("https://github.com/o/r/blob/v1/a%20b.yaml", Some("a b.yaml")),
            ("https://github.com/o/other/blob/v1/a.yaml", None),
            ("https://raw.githubusercontent.com/o/r/main/a.yaml", None),
            ("https://github.com/o/r", None),
        ] {
            assert_eq!(repository.path_of(url).as_deref(), path, "{url}");
        }
    }

    #[test]
    fn a_url_without_repository_is_refused() {
        let error = RepositoryUrl::parse("https://github.com", &ScmHosts::default()).unwrap_err();
        assert!(error.to_string().contains("https://github.com"));
    }
}
