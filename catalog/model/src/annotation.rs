//! Keys of well-known annotations.
//!
//! Source: Backstage catalog-model 1.10.1 and its `well-known-annotations.md`.

/// Where the entity was read from, as `<type>:<target>`. Always set, never by the descriptor.
pub const MANAGED_BY_LOCATION: &str = "backstage.io/managed-by-location";
/// The location that was registered or configured and led to the entity, as `<type>:<target>`.
pub const MANAGED_BY_ORIGIN_LOCATION: &str = "backstage.io/managed-by-origin-location";
/// A URL on which a person can look at the descriptor.
pub const VIEW_URL: &str = "backstage.io/view-url";
/// A URL on which a person can edit the descriptor.
pub const EDIT_URL: &str = "backstage.io/edit-url";
/// The folder of the sources, as `url:<folder>/`.
pub const SOURCE_LOCATION: &str = "backstage.io/source-location";
/// `"true"` on an entity that nothing refers to any more.
pub const ORPHAN: &str = "backstage.io/orphan";
/// Where the documentation of the entity stands, such as `dir:.`.
pub const TECHDOCS_REF: &str = "backstage.io/techdocs-ref";
/// The entity whose documentation this entity shows.
pub const TECHDOCS_ENTITY: &str = "backstage.io/techdocs-entity";
/// The page of the documentation at which this entity starts.
pub const TECHDOCS_ENTITY_PATH: &str = "backstage.io/techdocs-entity-path";
/// The value of the label `backstage.io/kubernetes-id` on the workloads of the entity.
pub const KUBERNETES_ID: &str = "backstage.io/kubernetes-id";
/// The namespace of the workloads.
pub const KUBERNETES_NAMESPACE: &str = "backstage.io/kubernetes-namespace";
/// A label selector that finds the workloads.
pub const KUBERNETES_LABEL_SELECTOR: &str = "backstage.io/kubernetes-label-selector";
/// The repository of the entity on GitHub, as `owner/name`.
pub const GITHUB_PROJECT_SLUG: &str = "github.com/project-slug";
/// The team on GitHub that a Group stands for.
pub const GITHUB_TEAM_SLUG: &str = "github.com/team-slug";
/// The account on GitHub of a User.
pub const GITHUB_USER_LOGIN: &str = "github.com/user-login";
/// The repository of the entity on GitLab.
pub const GITLAB_PROJECT_SLUG: &str = "gitlab.com/project-slug";

/// What a `javascript:` view or edit URL is replaced with when an entity is stitched.
pub const REJECTED_URL: &str = "https://backstage.io/annotation-rejected-for-security-reasons";
