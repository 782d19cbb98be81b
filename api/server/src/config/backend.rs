//! `backend`.

use std::{path::Path, sync::Arc};

use callboard_auth::{AccessRestriction, StaticToken, StaticTokens};
use callboard_http::Cors;
use callboard_plugin::{AllowList, AllowedTarget};
use url::Url;

use super::{
    check::Findings, cors, database::DatabaseConfig, error::Problem, listen::Listen,
    section::Section,
};

/// The port of a Backstage backend.
pub(super) const DEFAULT_PORT: u16 = 7007;

/// `backend`.
#[derive(Debug, Clone)]
pub(crate) struct BackendConfig {
    /// Where clients reach it.
    pub(crate) base_url: Url,
    /// Where it listens.
    pub(crate) listen: Listen,
    /// The durable store.
    pub(crate) database: DatabaseConfig,
    /// `backend.reading.allow`.
    pub(crate) reading: AllowList,
    /// `backend.auth.externalAccess` of type `static`.
    pub(crate) external_access: StaticTokens,
    /// Which pages of other origins may call; `None` = none.
    pub(crate) cors: Option<Cors>,
    /// The subjects of tokens without `accessRestrictions`: they may do everything.
    pub(crate) unrestricted_subjects: Vec<String>,
}

impl BackendConfig {
    /// Reads it; `folder` is where the embedded database is, unless configured.
    pub(super) fn read(
        root: &Section<'_>,
        folder: &Path,
        findings: &mut Findings,
    ) -> Result<Self, url::ParseError> {
        let backend = root.at("backend");
        let listen = Listen::read(&backend.at("listen"), ":7007", DEFAULT_PORT, findings);
        let base_url = match backend.url("baseUrl") {
            Some(url) => url,
            None => Url::parse("http://localhost:7007")?,
        };
        let (external_access, unrestricted_subjects) = external_access(&backend, findings);
        Ok(Self {
            base_url,
            listen,
            database: DatabaseConfig::read(&backend.at("database"), folder, findings),
            reading: reading(&backend, findings),
            cors: cors::read(&backend, findings),
            external_access,
            unrestricted_subjects,
        })
    }
}

fn reading(backend: &Section<'_>, findings: &mut Findings) -> AllowList {
    let mut targets = Vec::new();
    for entry in backend.at("reading").items("allow") {
        let Some(host) = entry.text("host") else {
            complain(&entry, "host", "a host such as example.com or *.example.com", findings);
            continue;
        };
        match AllowedTarget::new(host, entry.texts("paths")) {
            Ok(target) => targets.push(target),
            Err(error) => complain(&entry, "host", &format!("a host: {error}"), findings),
        }
    }
    AllowList::new(targets)
}

fn external_access(backend: &Section<'_>, findings: &mut Findings) -> (StaticTokens, Vec<String>) {
    let mut tokens = Vec::new();
    let mut unrestricted = Vec::new();
    let mut refused = Vec::new();
    for entry in backend.at("auth").items("externalAccess") {
        match entry.text("type") {
            Some("static") => {}
            Some(kind @ ("legacy" | "jwks")) => {
                refused.push(format!("{} ({kind})", entry.path()));
                continue;
            }
            _ => {
                complain(&entry, "type", "static, legacy or jwks", findings);
                continue;
            }
        }
        let options = entry.at("options");
        let (Some(token), Some(subject)) = (options.text("token"), options.text("subject")) else {
            complain(&entry, "options", "a token and a subject", findings);
            continue;
        };
        let restrictions = access_restrictions(&entry, findings);
        if restrictions.is_none() {
            unrestricted.push(subject.to_owned());
        }
        match StaticToken::new(token, subject, restrictions.map(Arc::from)) {
            Ok(_) if subject.contains(char::is_whitespace) => {
                complain(&options, "subject", "a subject without blanks", findings);
            }
            Ok(token) => tokens.push(token),
            Err(_) => {
                let expected = "a token of at least 8 characters without blanks";
                complain(&options, "token", expected, findings);
            }
        }
    }
    if !refused.is_empty() {
        let refused = refused.join(", ");
        findings.warnings.push(format!(
            "external access of types legacy and jwks is refused, use static tokens: {refused}"
        ));
    }
    (StaticTokens::new(tokens), unrestricted)
}

/// `accessRestrictions`: `None` if there are none, which permits everything, as upstream.
fn access_restrictions(
    entry: &Section<'_>,
    findings: &mut Findings,
) -> Option<Vec<AccessRestriction>> {
    let list = entry.at("accessRestrictions");
    let node = list.node()?;
    if node.items().is_empty() {
        let expected = "at least one restriction, or no accessRestrictions for full access";
        findings.problems.push(Problem::new(list.path(), node, expected));
    }
    let mut restrictions = Vec::new();
    for item in entry.items("accessRestrictions") {
        let Some(plugin) = item.text("plugin") else {
            complain(&item, "plugin", "the name of a plugin", findings);
            continue;
        };
        let named: Vec<Box<str>> = item
            .texts("permission")
            .unwrap_or_default()
            .iter()
            .flat_map(|text| text.split([',', ' ']))
            .filter(|name| !name.is_empty())
            .map(Into::into)
            .collect();
        let permissions = match item.at("permissionAttribute").texts("action") {
            None => named,
            Some(actions) => {
                let actions: Vec<&str> =
                    actions.iter().flat_map(|text| text.split([',', ' '])).collect();
                let permitted = permissions_of(plugin, &actions);
                let chosen: Vec<Box<str>> = permitted
                    .into_iter()
                    .map(Box::from)
                    .filter(|name| named.is_empty() || named.contains(name))
                    .collect();
                // An empty list would mean every permission of the plugin.
                if chosen.is_empty() {
                    continue;
                }
                chosen
            }
        };
        let permissions = permissions.into_boxed_slice();
        restrictions.push(AccessRestriction { plugin: plugin.into(), permissions });
    }
    Some(restrictions)
}

/// The permissions of `plugin` that are for one of `actions`. Source: Backstage
/// `catalog-common/permissions.ts`.
fn permissions_of(plugin: &str, actions: &[&str]) -> Vec<&'static str> {
    const CATALOG: [(&str, &str); 8] = [
        ("catalog.entity.read", "read"),
        ("catalog.entity.create", "create"),
        ("catalog.entity.delete", "delete"),
        ("catalog.entity.refresh", "update"),
        ("catalog.location.read", "read"),
        ("catalog.location.create", "create"),
        ("catalog.location.delete", "delete"),
        ("catalog.location.analyze", "create"),
    ];
    let of_catalog = CATALOG.iter().filter(|_| plugin == "catalog");
    of_catalog.filter(|(_, action)| actions.contains(action)).map(|(name, _)| *name).collect()
}

/// Adds the problem of `key` in `section`, present or not. Never shows the value: it could be a
/// token.
fn complain(section: &Section<'_>, key: &str, expected: &str, findings: &mut Findings) {
    let at = section.at(key);
    let problem = match (at.node(), section.node()) {
        (Some(node), _) => Problem::concealed(at.path(), node, expected),
        (None, Some(parent)) => Problem::missing(at.path(), parent, expected),
        (None, None) => return,
    };
    findings.problems.push(problem);
}
