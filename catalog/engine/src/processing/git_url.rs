//! What Backstage takes a URL of a source host apart into.
//!
//! Source: the npm package `git-url-parse` 15.0.0. Its guesses decide which placeholders Backstage
//! accepts, so that its peculiarities are kept, for raw hosts above all.

use url::Url;

/// The parts of a URL that points into a repository, as far as they can be guessed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct GitUrl {
    /// The host name, without port.
    pub(super) resource: String,
    /// Whom the repository belongs to.
    pub(super) owner: String,
    /// Its name.
    pub(super) name: String,
    /// Owner and name, as the host writes them.
    pub(super) full_name: String,
    /// The branch, tag or commit.
    pub(super) reference: String,
    /// The path below the root of the repository.
    pub(super) filepath: String,
}

impl GitUrl {
    /// Takes `text` apart; `None` where `git-url-parse` throws.
    pub(super) fn parse(text: &str) -> Option<Self> {
        const LONGEST: usize = 2048;
        if text.len() > LONGEST {
            return None;
        }
        let url = Url::parse(text).ok()?;
        let resource = url.host_str().unwrap_or_default().to_owned();
        let path = url.path();
        let name = path.strip_prefix('/').unwrap_or(path);
        let name = name.strip_suffix('/').unwrap_or(name);
        let name = decode_component(name.strip_suffix(".git").unwrap_or(name))?;
        let mut parts = Self {
            resource,
            owner: decode_component(url.username())?,
            name,
            full_name: String::new(),
            reference: String::new(),
            filepath: String::new(),
        };
        match source_of(&parts.resource).as_str() {
            "dev.azure.com" | "azure.com" | "visualstudio.com" => parts.guess_azure(&url),
            _ => parts.guess_by_markers(),
        }
        if parts.full_name.is_empty() {
            parts.full_name = join(&parts.owner, &parts.name);
        }
        parts.guess_bitbucket_server(&url);
        Some(parts)
    }

    fn guess_azure(&mut self, url: &Url) {
        let splits: Vec<&str> = self.name.split('/').collect();
        let (owner, name, full_name) = match splits.as_slice() {
            [_, owner, _, _, name] => (*owner, *name, format!("_git/{name}")),
            ["DefaultCollection", _, name] => {
                (*name, *name, format!("DefaultCollection/_git/{name}"))
            }
            [owner, _, name] => (*owner, *name, format!("{owner}/_git/{name}")),
            [first, owner, _, name] => (*owner, *name, format!("{first}/{owner}/_git/{name}")),
            _ => return,
        };
        let (owner, name) = (owner.to_owned(), name.to_owned());
        (self.owner, self.name, self.full_name) = (owner, name, full_name);
        for (key, value) in url.query_pairs() {
            match key.as_ref() {
                "path" => value.trim_start_matches('/').clone_into(&mut self.filepath),
                "version" => {
                    value.strip_prefix("GB").unwrap_or(&value).clone_into(&mut self.reference);
                }
                _ => {}
            }
        }
    }

    fn guess_by_markers(&mut self) {
        let splits: Vec<String> = self.name.split('/').map(str::to_owned).collect();
        let mut at = splits.len() - 1;
        if splits.len() >= 2 {
            at = name_index(&splits).unwrap_or(at);
            self.owner = splits.get(..at).unwrap_or_default().join("/");
            self.name = splits.get(at).cloned().unwrap_or_default();
        }
        let after = |offset: usize| splits.get(at + offset).map(String::as_str);
        let at = if after(1) == Some("-") { at + 1 } else { at };
        let after = |offset: usize| splits.get(at + offset).map(String::as_str);
        if matches!(after(1), Some("raw" | "src" | "blob" | "tree" | "edit")) && after(2).is_some()
        {
            after(2).unwrap_or_default().clone_into(&mut self.reference);
            self.filepath = splits.get(at + 3..).unwrap_or_default().join("/");
        }
    }

    fn guess_bitbucket_server(&mut self, url: &Url) {
        if let Some(owner) = self.owner.strip_prefix("scm/") {
            self.owner = owner.to_owned();
            self.full_name = join(&self.owner, &self.name);
        }
        let splits: Vec<&str> = url.path().split('/').collect();
        let found = splits.windows(4).position(|window| {
            matches!(window, [kind, _, "repos", _] if kind.ends_with("projects") || kind.ends_with("users"))
        });
        let Some(at) = found else { return };
        let part = |offset: usize| splits.get(at + offset).copied().unwrap_or_default();
        let tilde = if part(0).ends_with("users") { "~" } else { "" };
        self.owner = format!("{tilde}{}", part(1));
        part(3).clone_into(&mut self.name);
        self.full_name = join(&self.owner, &self.name);
        if matches!(part(4), "raw" | "browse") {
            self.filepath = splits.get(at + 5..).unwrap_or_default().join("/");
        }
        let reference = url.query_pairs().find(|(key, _)| key == "at");
        self.reference = reference.map(|(_, value)| value.into_owned()).unwrap_or_default();
    }
}

/// Where in the path the name of the repository stands, by the words that come after it.
fn name_index(splits: &[String]) -> Option<usize> {
    let after_repository =
        |word: &str| splits.iter().skip(2).position(|split| split == word).map(|index| index + 2);
    let (blob, tree) = (after_repository("blob"), after_repository("tree"));
    let marker = after_repository("-")
        .or(match (blob, tree) {
            (Some(blob), Some(tree)) => Some(blob.min(tree)),
            _ => blob,
        })
        .or_else(|| after_repository("issues"))
        .or(tree)
        .or_else(|| ["commit", "src", "raw", "edit"].into_iter().find_map(after_repository));
    marker.map(|marker| marker - 1)
}

/// The last parts of a host name: `github.com` of `www.github.com`.
fn source_of(resource: &str) -> String {
    let parts: Vec<&str> = resource.split('.').collect();
    if parts.len() > 2 { parts.get(1..).unwrap_or_default().join(".") } else { resource.to_owned() }
}

fn join(owner: &str, name: &str) -> String {
    match (owner.is_empty(), name.is_empty()) {
        (true, _) => name.to_owned(),
        (_, true) => owner.to_owned(),
        _ => format!("{owner}/{name}"),
    }
}

/// `decodeURIComponent`; `None` where it throws.
pub(super) fn decode_component(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        if *byte != b'%' {
            decoded.push(*byte);
            at += 1;
            continue;
        }
        let digits = text
            .get(at + 1..at + 3)
            .filter(|digits| digits.bytes().all(|d| d.is_ascii_hexdigit()))?;
        decoded.push(u8::from_str_radix(digits, 16).ok()?);
        at += 3;
    }
    String::from_utf8(decoded).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> (String, String, String) {
        let url = GitUrl::parse(text).unwrap();
        (url.full_name, url.reference, url.filepath)
    }

    #[test]
    fn urls_are_taken_apart_as_git_url_parse_does() {
        for (text, full_name, reference, filepath) in [
            ("https://github.com/o/r/blob/main/a/b.yaml", "o/r", "main", "a/b.yaml"),
            ("https://github.com/o/r/tree/main", "o/r", "main", ""),
            ("https://gitlab.com/g/s/r/-/blob/main/a.yaml", "g/s/r", "main", "a.yaml"),
            ("https://gitlab.com/g/s/r/-/raw/main/a.yaml", "g/s/r", "main", "a.yaml"),
            ("https://bitbucket.org/o/r/src/main/a.yaml", "o/r", "main", "a.yaml"),
            // a raw host has no word between repository and branch: only by luck is there one
            ("https://raw.githubusercontent.com/o/r/main/src/B/s.json", "o/r/main", "B", "s.json"),
            ("https://raw.githubusercontent.com/o/r/main/a.yaml", "o/r/main/a.yaml", "", ""),
            ("https://h.example/projects/P/repos/r/browse/a.yaml?at=main", "P/r", "main", "a.yaml"),
            (
                "https://dev.azure.com/org/project/_git/r?path=%2Fa.yaml&version=GBmain",
                "org/project/_git/r",
                "main",
                "a.yaml",
            ),
        ] {
            let expected = (full_name.to_owned(), reference.to_owned(), filepath.to_owned());
            assert_eq!(parts(text), expected, "{text}");
        }
    }

    #[test]
    fn what_git_url_parse_throws_at_is_none() {
        for text in ["/etc/passwd", "https://github.com/o/r/blob/main/%E0%A4%A"] {
            assert_eq!(GitUrl::parse(text), None, "{text}");
        }
    }
}
