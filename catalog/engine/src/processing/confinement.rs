//! What a placeholder may include: files of the same repository at the same branch, nothing else.
//!
//! Backstage compares host and repository, and gives up where it cannot tell them. The URL is read
//! with the credentials of the server, so that this is not enough (GHSA-qgvj-qcf8-xq73): whatever
//! leaves the repository, the branch or the folder is refused here as well.

use url::Url;

use super::{
    References,
    git_url::{GitUrl, decode_component},
    scm::{ScmHosts, ScmKind, host_with_port},
};

/// A placeholder points to something that it may not include. The text is Backstage's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Error: Placeholder may only reference files from the same repository as the entity")]
pub(super) struct OutsideRepository;

/// Decides whether the entity that was read from `base` may include `target`, an absolute URL.
///
/// A host without integration is reached without credentials and only if `backend.reading.allow`
/// names it: the reader decides.
pub(super) fn check(
    hosts: &ScmHosts,
    target: &str,
    base: &str,
    references: References,
) -> Result<(), OutsideRepository> {
    check_as_backstage(target, base)?;
    let Ok(target_url) = Url::parse(target) else { return Err(OutsideRepository) };
    // A descriptor on the disk of the server was put there by who runs it.
    let Ok(base_url) = Url::parse(base) else { return Ok(()) };
    if !matches!(target_url.scheme(), "http" | "https") {
        return Err(OutsideRepository);
    }
    // Another port of the host is no other host: it is compared with that of the descriptor.
    let is_same_name = target_url.host_str() == base_url.host_str();
    let base_is_ours = hosts.kind_of(base).is_some();
    let target_is_ours = hosts.kind_of(target).is_some()
        || is_raw_alias(hosts, &target_url)
        || (base_is_ours && is_same_name);
    match (base_is_ours, target_is_ours) {
        (_, false) if target_url.origin() != base_url.origin() => Ok(()),
        (false, false) => check_folder(&target_url, &base_url),
        (true, true) => {
            let is_gitea = hosts.kind_of(base) == Some(ScmKind::Gitea);
            let refs = |url: &GitUrl| reference(url, is_gitea);
            check_repository(&target_url, &base_url, references, refs)
        }
        _ => Err(OutsideRepository),
    }
}

/// `assertSameRepository`.
fn check_as_backstage(target: &str, base: &str) -> Result<(), OutsideRepository> {
    let (Some(target), Some(base)) = (GitUrl::parse(target), GitUrl::parse(base)) else {
        return Ok(());
    };
    let is_whole =
        |url: &GitUrl| !url.owner.is_empty() && !url.name.is_empty() && !url.filepath.is_empty();
    if !is_whole(&target) || !is_whole(&base) {
        return Ok(());
    }
    let is_same = target.resource == base.resource && target.full_name == base.full_name;
    if is_same { Ok(()) } else { Err(OutsideRepository) }
}

/// A host that serves the files of one of ours under another name.
fn is_raw_alias(hosts: &ScmHosts, url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let known = ["raw.", "api.", "codeload.", "media.", "gist."]
        .into_iter()
        .filter_map(|prefix| host.strip_prefix(prefix));
    let is_of_ours = |host: &str| hosts.kind_of(&format!("{}://{host}/", url.scheme())).is_some();
    known.into_iter().any(is_of_ours)
        || (host.ends_with(".githubusercontent.com") && is_of_ours("github.com"))
}

fn check_repository(
    target: &Url,
    base: &Url,
    references: References,
    reference: impl Fn(&GitUrl) -> String,
) -> Result<(), OutsideRepository> {
    let parts = |url: &Url| GitUrl::parse(url.as_str()).ok_or(OutsideRepository);
    let (target_parts, base_parts) = (parts(target)?, parts(base)?);
    let is_same = target.scheme() == base.scheme()
        && host_with_port(target) == host_with_port(base)
        && target.username() == base.username()
        && target.password() == base.password()
        && target_parts.full_name == base_parts.full_name
        && (references == References::Any || reference(&target_parts) == reference(&base_parts))
        && same_query(target, base)
        && is_plain_path(target.path())
        && is_plain_path(&target_parts.filepath)
        && !target_parts.filepath.is_empty();
    if is_same { Ok(()) } else { Err(OutsideRepository) }
}

/// The branch, tag or commit of `url`. Gitea says first which of the three it is, which
/// `git-url-parse` takes for the name: `/o/r/src/branch/main/a.yaml`.
fn reference(url: &GitUrl, is_gitea: bool) -> String {
    let is_type = matches!(url.reference.as_str(), "branch" | "tag" | "commit");
    match url.filepath.split('/').next() {
        Some(name) if is_gitea && is_type => format!("{}/{name}", url.reference),
        _ => url.reference.clone(),
    }
}

/// Below the folder that `base` stands in.
fn check_folder(target: &Url, base: &Url) -> Result<(), OutsideRepository> {
    let folder = base.path().rfind('/').and_then(|at| base.path().get(..=at)).unwrap_or("/");
    let is_below = target.origin() == base.origin()
        && target.username() == base.username()
        && target.path().starts_with(folder)
        && is_plain_path(target.path());
    if is_below { Ok(()) } else { Err(OutsideRepository) }
}

/// The query may name another branch or file, so that it must be the one of the descriptor; only
/// the path that Azure keeps in it is the target's own.
fn same_query(target: &Url, base: &Url) -> bool {
    let of = |url: &Url| -> Vec<(String, String)> {
        url.query_pairs().into_owned().filter(|(key, _)| key != "path").collect()
    };
    let paths = target.query_pairs().filter(|(key, _)| key == "path").count();
    let has_path = base.query_pairs().any(|(key, _)| key == "path");
    of(target) == of(base) && paths == usize::from(has_path)
}

/// No segment means something else once it is decoded, however often that is done.
fn is_plain_path(path: &str) -> bool {
    let slashes = path.matches('/').count();
    let mut decoded = path.to_owned();
    loop {
        let has_trick = decoded.contains(['\\', '\0'])
            || decoded.matches('/').count() != slashes
            || decoded.split('/').any(|segment| segment == "." || segment == "..");
        if has_trick {
            return false;
        }
        match decode_component(&decoded) {
            Some(next) if next != decoded => decoded = next,
            _ => return true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "https://github.com/o/r/tree/main/a/catalog-info.yaml";

    fn verdict(url: &str, base: &str) -> bool {
        let hosts = ScmHosts::new([("gitea.example:3000".to_owned(), ScmKind::Gitea)]);
        let Ok(target) = hosts.resolve(url, base) else { return false };
        check(&hosts, &target, base, References::Same).is_ok()
    }

    #[test]
    fn files_of_the_repository_may_be_included() {
        for url in [
            "./openapi.yaml",
            "../b/openapi.yaml",
            "/openapi.yaml",
            "a b.yaml",
            "https://github.com/o/r/blob/main/openapi.yaml",
            "https://github.com/o/r/tree/main/x/../openapi.yaml",
        ] {
            assert!(verdict(url, BASE), "{url}");
        }
    }

    #[test]
    fn nothing_else_of_the_host_may_be_included() {
        for url in [
            "../../other/secret.yaml",
            "../../../../../other-owner/repo/blob/main/secret.yaml",
            "https://github.com/o/other/blob/main/secret.yaml",
            "https://github.com/o/r/blob/other/secret.yaml",
            "https://github.com/o/r/raw/other/secret.yaml",
            "https://raw.githubusercontent.com/o/other/main/secret.yaml",
            "https://raw.githubusercontent.com/o/r/other/secret.yaml",
            "https://api.github.com/repos/o/other/contents/secret",
            "http://github.com/o/r/blob/main/secret.yaml",
            "https://user@github.com/o/r/blob/main/secret.yaml",
            "https://github.com:444/o/r/blob/main/secret.yaml",
            "./%2e%2e/%2e%2e/other/secret.yaml",
            "./%2e%2e%2f%2e%2e%2fsecret.yaml",
            "./%252e%252e%252fsecret.yaml",
            "./a%2fb.yaml",
            "..\\..\\other\\secret.yaml",
            "./a%5c..%5csecret.yaml",
            "https://github.com/o/r/blob/main/secret.yaml?ref=other",
            "file:///etc/passwd",
        ] {
            assert!(!verdict(url, BASE), "{url}");
        }
    }

    #[test]
    fn a_host_without_integration_is_left_to_the_reader() {
        assert!(verdict("https://petstore.example/v2/swagger.json", BASE));
    }

    #[test]
    fn a_descriptor_of_a_plain_server_includes_what_is_below_its_folder() {
        let base = "https://files.example/teams/a/catalog-info.yaml";
        assert!(verdict("./openapi.yaml", base));
        assert!(verdict("sub/openapi.yaml", base));
        for url in ["../b/secret", "%2e%2e/b/secret", "https://github.com/o/r/blob/main/x"] {
            assert!(!verdict(url, base), "{url}");
        }
    }

    #[test]
    fn other_hosts_of_sources_are_confined_too() {
        let base = "http://gitea.example:3000/o/r/src/branch/main/a/catalog-info.yaml";
        assert!(verdict("./openapi.yaml", base));
        assert!(!verdict("../../../../other/src/branch/main/secret.yaml", base));
        assert!(!verdict("http://gitea.example:3000/o/other/src/branch/main/x.yaml", base));
        assert!(verdict("http://gitea.example:3000/o/r/raw/branch/main/x.yaml", base));
        assert!(!verdict("http://gitea.example:3000/o/r/src/branch/other/x.yaml", base));
        assert!(!verdict("http://gitea.example:3000/o/r/src/tag/main/x.yaml", base));
        assert!(!verdict("../../other/x.yaml", base));
        let base = "https://gitlab.com/g/r/-/blob/main/catalog-info.yaml";
        assert!(verdict("./openapi.yaml", base));
        assert!(!verdict("../other/secret.yaml", base));
    }
}
