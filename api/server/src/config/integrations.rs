//! `integrations`.

use callboard_catalog::processing::ScmKind;
use callboard_plugin_scm::{Integration, IntegrationCredentials, IntegrationKind};

use super::{check::Findings, error::Problem, section::Section};

/// Reads the hosts of `github`, `gitlab` and `gitea`; github.com and gitlab.com are there also
/// unconfigured, as upstream, without credentials.
pub(super) fn read(root: &Section<'_>, findings: &mut Findings) -> Vec<Integration> {
    let section = root.at("integrations");
    let kinds = [
        ("github", IntegrationKind::GitHub),
        ("gitlab", IntegrationKind::GitLab),
        ("gitea", IntegrationKind::Gitea),
    ];
    let mut integrations = Vec::new();
    for (key, kind) in kinds {
        for entry in section.items(key) {
            integrations.extend(integration(&entry, kind, findings));
        }
    }
    let defaults =
        [(IntegrationKind::GitHub, "github.com"), (IntegrationKind::GitLab, "gitlab.com")];
    for (kind, host) in defaults {
        if !integrations.iter().any(|known: &Integration| known.host == host) {
            integrations.extend(Integration::new(kind, host));
        }
    }
    integrations
}

/// Every host of `integrations` and what runs there, also of those kinds that are not read yet:
/// links to their pages are made all the same.
pub(super) fn source_hosts(root: &Section<'_>) -> Vec<(String, ScmKind)> {
    let section = root.at("integrations");
    let kinds = [
        ("github", ScmKind::Github, Some("github.com")),
        ("gitlab", ScmKind::Gitlab, Some("gitlab.com")),
        ("gitea", ScmKind::Gitea, None),
        ("azure", ScmKind::Azure, Some("dev.azure.com")),
        ("bitbucketCloud", ScmKind::BitbucketCloud, Some("bitbucket.org")),
        ("bitbucketServer", ScmKind::BitbucketServer, None),
        ("bitbucket", ScmKind::BitbucketServer, None),
        ("gerrit", ScmKind::Other, None),
        ("harness", ScmKind::Other, None),
    ];
    let mut hosts = Vec::new();
    for (key, kind, default) in kinds {
        for entry in section.items(key) {
            let Some(host) = entry.text("host").or(default) else { continue };
            let kind = if host == "bitbucket.org" { ScmKind::BitbucketCloud } else { kind };
            hosts.push((host.to_ascii_lowercase(), kind));
        }
    }
    hosts
}

fn integration(
    entry: &Section<'_>,
    kind: IntegrationKind,
    findings: &mut Findings,
) -> Option<Integration> {
    let expected = "a host such as git.example.com or git.example.com:8443";
    let host = match (kind, entry.text("host")) {
        (_, Some(host)) => host,
        (IntegrationKind::GitHub, None) => "github.com",
        (IntegrationKind::GitLab, None) => "gitlab.com",
        (IntegrationKind::Gitea, None) => {
            let path = format!("{}.host", entry.path());
            findings
                .problems
                .extend(entry.node().map(|node| Problem::missing(&path, node, expected)));
            return None;
        }
    };
    let Ok(mut integration) = Integration::new(kind, host) else {
        let at = entry.at("host");
        findings.problems.extend(at.node().map(|node| Problem::new(at.path(), node, expected)));
        return None;
    };
    if let Some(url) = entry.url("baseUrl") {
        integration.base_url = url;
    }
    integration.api_base_url = entry.url("apiBaseUrl").or(integration.api_base_url);
    integration.raw_base_url = entry.url("rawBaseUrl").or(integration.raw_base_url);
    integration.credentials = credentials(entry);
    Some(integration)
}

fn credentials(entry: &Section<'_>) -> Option<IntegrationCredentials> {
    if let Some(token) = entry.secret("token") {
        return Some(IntegrationCredentials::Token(token));
    }
    let password = entry.secret("password")?;
    Some(match entry.text("username") {
        Some(username) => IntegrationCredentials::Basic { username: username.to_owned(), password },
        None => IntegrationCredentials::Token(password),
    })
}
