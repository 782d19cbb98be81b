//! The hosts of sources, and how URLs on them are made from one another.
//!
//! Source: Backstage integration 2.2.0, `ScmIntegrations`.

use callboard_model::javascript;
use url::Url;

use super::git_url::{GitUrl, decode_component};

/// What kind of software a host of sources runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ScmKind {
    /// github.com or GitHub Enterprise.
    Github,
    /// gitlab.com or a GitLab of one's own.
    Gitlab,
    /// Gitea or Forgejo.
    Gitea,
    /// bitbucket.org.
    BitbucketCloud,
    /// A Bitbucket of one's own.
    BitbucketServer,
    /// Azure DevOps.
    Azure,
    /// A host that is known to hold sources, and nothing more.
    Other,
}

/// The hosts that the configuration names under `integrations`, with the ones that Backstage adds.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ScmHosts {
    /// Host with port, as it stands in URLs, and what runs there. The first match counts.
    hosts: Vec<(String, ScmKind)>,
}

impl Default for ScmHosts {
    /// The public hosts that Backstage knows without configuration.
    fn default() -> Self {
        Self::new([])
    }
}

/// A URL cannot be made from another.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum ResolveError {
    #[error("TypeError: Invalid URL")]
    InvalidUrl,
    #[error("Error: Invalid SCM URL: path traversal is not allowed in the URL")]
    Traversal,
}

impl ScmHosts {
    /// The hosts of the configuration, before the public ones.
    pub fn new(configured: impl IntoIterator<Item = (String, ScmKind)>) -> Self {
        let public = [
            ("dev.azure.com", ScmKind::Azure),
            ("bitbucket.org", ScmKind::BitbucketCloud),
            ("github.com", ScmKind::Github),
            ("gitlab.com", ScmKind::Gitlab),
        ];
        let public = public.into_iter().map(|(host, kind)| (host.to_owned(), kind));
        Self { hosts: configured.into_iter().chain(public).collect() }
    }

    /// What runs on the host of `url`, if it is one of ours.
    pub fn kind_of(&self, url: &str) -> Option<ScmKind> {
        let url = Url::parse(url).ok()?;
        let host = host_with_port(&url)?;
        self.hosts.iter().find(|(known, _)| *known == host).map(|(_, kind)| *kind)
    }

    /// The URL that `url` means in a file at `base`. A path that begins with `/` begins at the root
    /// of the repository.
    pub(super) fn resolve(&self, url: &str, base: &str) -> Result<String, ResolveError> {
        match self.kind_of(base) {
            Some(ScmKind::Github) => Ok(replace_github_type(&resolve_default(url, base)?, "tree")),
            Some(ScmKind::Azure) => resolve_azure(url, base),
            _ => resolve_default(url, base),
        }
    }

    /// The URL on which the file at `url` can be edited, if the host is one of ours.
    pub(super) fn edit_url(&self, url: &str) -> Option<String> {
        match self.kind_of(url)? {
            ScmKind::Github => Some(replace_github_type(url, "edit")),
            ScmKind::Gitlab => Some(replace_gitlab_type(url, "edit")),
            ScmKind::Gitea => gitea_edit_url(url),
            ScmKind::BitbucketCloud => bitbucket_edit_url(url),
            ScmKind::BitbucketServer => Some(url.split('?').next().unwrap_or(url).to_owned()),
            ScmKind::Azure => azure_edit_url(url),
            ScmKind::Other => Some(url.to_owned()),
        }
    }
}

/// `host`, or `host:port` where the port is not the one of the scheme.
pub(super) fn host_with_port(url: &Url) -> Option<String> {
    let host = url.host_str()?;
    Some(url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
}

/// `defaultScmResolveUrl`.
fn resolve_default(url: &str, base: &str) -> Result<String, ResolveError> {
    if Url::parse(url).is_ok() {
        return Ok(url.to_owned());
    }
    let base_url = Url::parse(base).map_err(|_| ResolveError::InvalidUrl)?;
    let mut resolved = if url.starts_with('/') {
        let parts = safe_git_url(base)?;
        let mut at_root = base_url.clone();
        let path = base_url.path();
        let keep = javascript::length(path).saturating_sub(javascript::length(&parts.filepath));
        let root = path.get(..keep).unwrap_or(path).trim_end_matches('/');
        at_root.set_path(&format!("{root}{url}"));
        at_root.set_fragment(base_url.fragment());
        at_root
    } else {
        base_url.join(url).map_err(|_| ResolveError::InvalidUrl)?
    };
    resolved.set_query(base_url.query());
    Ok(resolved.into())
}

/// `parseGitUrlSafe`.
fn safe_git_url(url: &str) -> Result<GitUrl, ResolveError> {
    let parts = GitUrl::parse(url).ok_or(ResolveError::InvalidUrl)?;
    let mut decoded = parts.filepath.clone();
    while let Some(next) = decode_component(&decoded) {
        if next == decoded {
            break;
        }
        decoded = next;
    }
    if decoded.split('/').any(|segment| segment == "." || segment == "..") {
        return Err(ResolveError::Traversal);
    }
    Ok(parts)
}

/// `//host/owner/repo/(blob|tree|edit)/` with another word. Source: `replaceGithubUrlType`.
fn replace_github_type(url: &str, word: &str) -> String {
    replace_type(url, "//", 3, word).unwrap_or_else(|| url.to_owned())
}

fn replace_gitlab_type(url: &str, word: &str) -> String {
    replace_type(url, "/-/", 0, word).unwrap_or_else(|| url.to_owned())
}

/// Replaces the first `blob`, `tree` or `edit` that stands `between` segments after `prefix`.
fn replace_type(url: &str, prefix: &str, between: usize, word: &str) -> Option<String> {
    url.match_indices(prefix).find_map(|(at, _)| {
        let start = at + prefix.len();
        let mut from = start;
        for _ in 0..between {
            let segment = url.get(from..)?.find('/').filter(|length| *length > 0)?;
            from += segment + 1;
        }
        let rest = url.get(from..)?;
        let old = ["blob/", "tree/", "edit/"].into_iter().find(|old| rest.starts_with(old))?;
        Some(format!("{}{word}/{}", url.get(..from)?, rest.get(old.len()..)?))
    })
}

fn gitea_edit_url(url: &str) -> Option<String> {
    let parsed = Url::parse(url).ok()?;
    let base = parsed.origin().ascii_serialization();
    let mut segments = url.strip_prefix(&base)?.split('/').skip(1);
    let (owner, name) = (segments.next()?, segments.next()?);
    let reference = segments.nth(2)?;
    let path = segments.collect::<Vec<_>>().join("/");
    Some(format!("{base}/{owner}/{name}/_edit/{reference}/{path}"))
}

fn bitbucket_edit_url(url: &str) -> Option<String> {
    let reference = GitUrl::parse(url)?.reference;
    let mut edit = Url::parse(url).ok()?;
    set_query(&mut edit, &[("mode", "edit"), ("at", &reference)]);
    Some(edit.into())
}

fn azure_edit_url(url: &str) -> Option<String> {
    let mut edit = Url::parse(url).ok()?;
    match query_value(&edit, "path").as_deref() {
        None | Some("" | "/") => Some(url.to_owned()),
        Some(_) => {
            set_query(&mut edit, &[("_a", "edit")]);
            Some(edit.into())
        }
    }
}

fn resolve_azure(url: &str, base: &str) -> Result<String, ResolveError> {
    if Url::parse(url).is_ok() {
        return Ok(url.to_owned());
    }
    let mut resolved = Url::parse(base).map_err(|_| ResolveError::InvalidUrl)?;
    let path = query_value(&resolved, "path").unwrap_or_default();
    let path = path.strip_prefix('/').unwrap_or(&path);
    let stand_in = Url::parse("https://a.example/").and_then(|root| root.join(path)?.join(url));
    let target = stand_in.map_err(|_| ResolveError::InvalidUrl)?;
    set_query(&mut resolved, &[("path", target.path())]);
    Ok(resolved.into())
}

fn query_value(url: &Url, key: &str) -> Option<String> {
    url.query_pairs().find(|(known, _)| known == key).map(|(_, value)| value.into_owned())
}

/// `URLSearchParams.set`: in place of the first of that name, or at the end.
fn set_query(url: &mut Url, changes: &[(&str, &str)]) {
    let mut pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    for (key, value) in changes {
        match pairs.iter_mut().find(|(known, _)| known == key) {
            Some((_, old)) => (*value).clone_into(old),
            None => pairs.push(((*key).to_owned(), (*value).to_owned())),
        }
    }
    url.query_pairs_mut().clear().extend_pairs(pairs);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts() -> ScmHosts {
        ScmHosts::new([("gitea.example:3000".to_owned(), ScmKind::Gitea)])
    }

    #[test]
    fn relative_urls_become_tree_urls_on_github() {
        let base = "https://github.com/o/r/blob/main/a/b.yaml";
        for (url, resolved) in [
            ("./c.yaml", "https://github.com/o/r/tree/main/a/c.yaml"),
            ("c.yaml", "https://github.com/o/r/tree/main/a/c.yaml"),
            ("../c.yaml", "https://github.com/o/r/tree/main/c.yaml"),
            ("/c.yaml", "https://github.com/o/r/tree/main/c.yaml"),
            ("./", "https://github.com/o/r/tree/main/a/"),
            ("https://github.com/x/y/blob/main/z", "https://github.com/x/y/tree/main/z"),
            ("./*/c.yaml", "https://github.com/o/r/tree/main/a/*/c.yaml"),
        ] {
            assert_eq!(hosts().resolve(url, base).as_deref(), Ok(resolved), "{url}");
        }
    }

    #[test]
    fn other_hosts_keep_the_word() {
        for (base, resolved) in [
            (
                "https://gitlab.com/o/r/-/blob/main/a.yaml",
                "https://gitlab.com/o/r/-/blob/main/c.yaml",
            ),
            (
                "http://gitea.example:3000/o/r/src/branch/main/a.yaml",
                "http://gitea.example:3000/o/r/src/branch/main/c.yaml",
            ),
            ("https://files.example/d/a.yaml?x=1", "https://files.example/d/c.yaml?x=1"),
        ] {
            assert_eq!(hosts().resolve("./c.yaml", base).as_deref(), Ok(resolved), "{base}");
        }
    }

    #[test]
    fn edit_urls_are_those_of_the_host() {
        for (url, edit) in [
            (
                "https://github.com/o/r/tree/main/a.yaml",
                Some("https://github.com/o/r/edit/main/a.yaml"),
            ),
            (
                "https://gitlab.com/o/r/-/blob/main/a.yaml",
                Some("https://gitlab.com/o/r/-/edit/main/a.yaml"),
            ),
            (
                "http://gitea.example:3000/o/r/src/branch/main/d/a.yaml",
                Some("http://gitea.example:3000/o/r/_edit/main/d/a.yaml"),
            ),
            ("https://files.example/a.yaml", None),
        ] {
            assert_eq!(hosts().edit_url(url).as_deref(), edit, "{url}");
        }
    }

    #[test]
    fn nothing_can_be_relative_to_a_path() {
        assert_eq!(hosts().resolve("./a", "/srv/b.yaml"), Err(ResolveError::InvalidUrl));
    }
}
