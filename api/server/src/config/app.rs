//! `app`, `organization` and `permission`.

use url::Url;

use super::section::Section;

/// `app`.
#[derive(Debug, Clone)]
pub(crate) struct AppConfig {
    /// The name of the portal.
    pub(crate) title: String,
    /// Where people find it.
    pub(crate) base_url: Url,
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

impl AppConfig {
    pub(super) fn read(root: &Section<'_>, backend_base_url: &Url) -> Self {
        let app = root.at("app");
        Self {
            title: app.text("title").unwrap_or("Callboard").to_owned(),
            base_url: app.url("baseUrl").unwrap_or_else(|| backend_base_url.clone()),
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
