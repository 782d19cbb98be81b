//! `app`, `organization`, `permission` and `auth`.

use std::path::PathBuf;

use callboard_model::{CompoundEntityRef, EntityRef, RefDefaults};
use url::Url;

use super::{check::Findings, error::Problem, section::Section};

/// `app`.
#[derive(Debug, Clone)]
pub(crate) struct AppConfig {
    /// The name of the portal.
    pub(crate) title: String,
    /// Where people find it.
    pub(crate) base_url: Url,
    /// A built Backstage front end, if one is to own `/`.
    pub(crate) package_dir: Option<PathBuf>,
}

/// `organization`.
#[derive(Debug, Clone, Default)]
pub(crate) struct OrganizationConfig {
    /// Its name.
    pub(crate) name: Option<String>,
}

/// `permission`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct PermissionConfig {
    /// Whether a policy decides; otherwise every signed-in caller reads everything.
    pub(crate) is_enabled: bool,
}

/// `auth`.
#[derive(Debug, Clone, Default)]
pub(crate) struct AuthConfig {
    /// `auth.environment`.
    pub(crate) environment: Option<String>,
    /// The names under `auth.providers`, as written.
    pub(crate) providers: Vec<String>,
    /// `auth.providers.guest`.
    pub(crate) guest: Option<GuestConfig>,
}

/// `auth.providers.guest`.
#[derive(Debug, Clone)]
pub(crate) struct GuestConfig {
    /// Who the guest is.
    pub(crate) user_entity_ref: EntityRef,
    /// What else the guest counts as.
    pub(crate) ownership_entity_refs: Vec<EntityRef>,
    /// Whether guests may come where this is not a development environment.
    pub(crate) is_allowed_outside_development: bool,
}

impl AppConfig {
    pub(super) fn read(root: &Section<'_>, backend_base_url: &Url) -> Self {
        let app = root.at("app");
        Self {
            title: app.text("title").unwrap_or("Callboard").to_owned(),
            base_url: app.url("baseUrl").unwrap_or_else(|| backend_base_url.clone()),
            package_dir: app.file("packageDir"),
        }
    }
}

impl OrganizationConfig {
    pub(super) fn read(root: &Section<'_>) -> Self {
        Self { name: root.at("organization").text("name").map(str::to_owned) }
    }
}

impl PermissionConfig {
    pub(super) fn read(root: &Section<'_>) -> Self {
        Self { is_enabled: root.at("permission").flag("enabled").unwrap_or(false) }
    }
}

impl AuthConfig {
    pub(super) fn read(root: &Section<'_>, findings: &mut Findings) -> Self {
        let auth = root.at("auth");
        let providers = auth.at("providers");
        let names: Vec<String> = providers.keys().into_iter().map(str::to_owned).collect();
        let guest = names
            .iter()
            .any(|name| name == "guest")
            .then(|| GuestConfig::read(&providers.at("guest"), findings));
        Self { environment: auth.text("environment").map(str::to_owned), providers: names, guest }
    }
}

impl GuestConfig {
    fn read(guest: &Section<'_>, findings: &mut Findings) -> Self {
        let user = guest.text("userEntityRef").and_then(|text| {
            let parsed = entity_ref(text, "user");
            if parsed.is_none() {
                complain(&guest.at("userEntityRef"), findings);
            }
            parsed
        });
        let ownership = guest.texts("ownershipEntityRefs").unwrap_or_default();
        let ownership_entity_refs: Vec<EntityRef> =
            ownership.iter().filter_map(|text| entity_ref(text, "group")).collect();
        if ownership_entity_refs.len() != ownership.len() {
            complain(&guest.at("ownershipEntityRefs"), findings);
        }
        Self {
            user_entity_ref: user.unwrap_or_else(|| EntityRef::new("user", "development", "guest")),
            ownership_entity_refs,
            is_allowed_outside_development: guest
                .flag("dangerouslyAllowOutsideDevelopment")
                .unwrap_or(false),
        }
    }
}

fn entity_ref(text: &str, kind: &str) -> Option<EntityRef> {
    let defaults = RefDefaults { kind: Some(kind), ..RefDefaults::default() };
    CompoundEntityRef::parse(text, defaults).ok().map(|parsed| parsed.canonical())
}

fn complain(section: &Section<'_>, findings: &mut Findings) {
    if let Some(node) = section.node() {
        let expected = "entity refs such as user:default/guest";
        findings.problems.push(Problem::new(section.path(), node, expected));
    }
}
