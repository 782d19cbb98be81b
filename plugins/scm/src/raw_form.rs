//! From the page of a file on a host of repositories to the file itself.

use url::Url;

use crate::integration::{Integration, IntegrationKind};

/// Where the file is that a `blob`, `tree` or `src` address shows; other addresses as they are.
///
/// | host | page | file |
/// |---|---|---|
/// | GitHub | `/o/r/blob/main/a.yaml` | `<rawBaseUrl>/o/r/main/a.yaml`; without one `<apiBaseUrl>/repos/o/r/contents/a.yaml?ref=main` |
/// | GitLab | `/g/p/-/blob/main/a.yaml`, `/g/p/blob/main/a.yaml` | `/g/p/-/raw/main/a.yaml` |
/// | Gitea | `/o/r/src/branch/main/a.yaml` | `/o/r/raw/branch/main/a.yaml` |
///
/// Source: Backstage `integration`, `getGithubFileFetchUrl` and its kin.
pub(crate) fn raw_form(integration: &Integration, url: &Url) -> Url {
    let parts: Vec<&str> = url.path().split('/').skip(1).collect();
    let raw = match integration.kind {
        IntegrationKind::GitHub => github(integration, &parts),
        IntegrationKind::GitLab => gitlab(&parts).map(|path| with_path(url, &path)),
        IntegrationKind::Gitea => gitea(&parts).map(|path| with_path(url, &path)),
    };
    let mut raw = raw.unwrap_or_else(|| url.clone());
    raw.set_fragment(None);
    raw
}

fn with_path(url: &Url, path: &str) -> Url {
    let mut url = url.clone();
    url.set_path(path);
    url.set_query(None);
    url
}

fn github(integration: &Integration, parts: &[&str]) -> Option<Url> {
    let [owner, name, "blob" | "tree" | "raw" | "edit" | "blame", reference @ ..] = parts else {
        return None;
    };
    if reference.len() < 2 {
        return None;
    }
    if let Some(base) = &integration.raw_base_url {
        return Some(below(base, &format!("{owner}/{name}/{}", reference.join("/"))));
    }
    let (branch, path) = reference.split_first()?;
    let api = match &integration.api_base_url {
        Some(api) => api.clone(),
        None => below(&integration.base_url, "api/v3"),
    };
    let mut url = below(&api, &format!("repos/{owner}/{name}/contents/{}", path.join("/")));
    let branch = percent_encoding::percent_decode_str(branch).decode_utf8().ok()?;
    url.query_pairs_mut().append_pair("ref", &branch);
    Some(url)
}

fn below(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}/{path}", base.path().trim_end_matches('/')));
    url
}

fn gitlab(parts: &[&str]) -> Option<String> {
    let is_page = |part: &&str| matches!(*part, "blob" | "tree" | "raw" | "edit");
    let dash = parts.iter().position(|part| *part == "-");
    let page = match dash {
        Some(dash) => parts.get(dash + 1).filter(|part| is_page(part)).map(|_| dash + 1)?,
        // A group and a project come first.
        None => parts.iter().skip(2).position(is_page)? + 2,
    };
    let project = parts.get(..dash.unwrap_or(page))?;
    let reference = parts.get(page + 1..).filter(|reference| reference.len() > 1)?;
    Some(format!("/{}/-/raw/{}", project.join("/"), reference.join("/")))
}

fn gitea(parts: &[&str]) -> Option<String> {
    let [owner, name, "src" | "raw", reference @ ..] = parts else { return None };
    Some(format!("/{owner}/{name}/raw/{}", reference.join("/")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(integration: &Integration, url: &str) -> String {
        raw_form(integration, &Url::parse(url).unwrap()).into()
    }

    #[test]
    fn github_pages_become_raw_files_or_contents() {
        let public = Integration::new(IntegrationKind::GitHub, "github.com").unwrap();
        for page in ["blob", "tree", "raw", "edit"] {
            assert_eq!(
                raw(
                    &public,
                    &format!("https://github.com/o/r/{page}/main/d/a%20b.yaml?plain=1#L3")
                ),
                "https://raw.githubusercontent.com/o/r/main/d/a%20b.yaml"
            );
        }
        assert_eq!(raw(&public, "https://github.com/o/r?x=1#y"), "https://github.com/o/r?x=1");
        let mut own = Integration::new(IntegrationKind::GitHub, "ghe.test").unwrap();
        assert_eq!(
            raw(&own, "https://ghe.test/o/r/blob/v1%2B2/d/a.yaml"),
            "https://ghe.test/api/v3/repos/o/r/contents/d/a.yaml?ref=v1%2B2"
        );
        own.raw_base_url = Url::parse("https://ghe.test/raw").ok();
        assert_eq!(
            raw(&own, "https://ghe.test/o/r/blob/main/a.yaml"),
            "https://ghe.test/raw/o/r/main/a.yaml"
        );
    }

    #[test]
    fn gitlab_pages_become_raw_files() {
        let gitlab = Integration::new(IntegrationKind::GitLab, "gitlab.com").unwrap();
        for page in [
            "g/s/p/-/blob/main/d/a.yaml",
            "g/s/p/blob/main/d/a.yaml",
            "g/s/p/-/tree/main/d/a.yaml?x",
        ] {
            assert_eq!(
                raw(&gitlab, &format!("https://gitlab.com/{page}")),
                "https://gitlab.com/g/s/p/-/raw/main/d/a.yaml"
            );
        }
        let other = "https://gitlab.com/g/p/-/jobs/1/artifacts/raw/a.yaml";
        assert_eq!(raw(&gitlab, other), other);
    }

    #[test]
    fn gitea_pages_become_raw_files() {
        let gitea = Integration::new(IntegrationKind::Gitea, "gitea.test:3000").unwrap();
        assert_eq!(
            raw(&gitea, "http://gitea.test:3000/o/r/src/branch/main/a.yaml"),
            "http://gitea.test:3000/o/r/raw/branch/main/a.yaml"
        );
    }
}
