//! The ends of calls.

use std::{borrow::Cow, fmt, sync::Arc};

use callboard_model::EntityRef;
use callboard_plugin::{ClusterName, ClusterPlace, WorkloadKey};

use crate::placement::Squad;

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TopologyNodeKind {
    /// A workload.
    Workload,
    /// An entity that runs, of whichever kind.
    Component,
    /// A System.
    System,
    /// A Group, a User, or a name that labels give.
    Squad,
    /// A cluster.
    Cluster,
    /// A cloud.
    Cloud,
    /// Something outside the mesh: a host name, or a caller without an identity of the mesh.
    External,
    /// Something that must be a workload and was not found; the reason says why.
    Unresolved,
}

impl TopologyNodeKind {
    /// The name on the wire, such as `WORKLOAD`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Workload => "WORKLOAD",
            Self::Component => "COMPONENT",
            Self::System => "SYSTEM",
            Self::Squad => "SQUAD",
            Self::Cluster => "CLUSTER",
            Self::Cloud => "CLOUD",
            Self::External => "EXTERNAL",
            Self::Unresolved => "UNRESOLVED",
        }
    }
}

/// Identifies a node. Stable between builds, restarts and replicas; the parts of a name are
/// separated by `/`, which is escaped within them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(Arc<str>);

impl NodeId {
    /// An id that was given out before.
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The shared text.
    pub fn shared(&self) -> &Arc<str> {
        &self.0
    }

    /// `<kind>:<part>/<part>…`.
    pub(crate) fn of_parts(kind: &str, parts: &[&str]) -> Self {
        let mut text = format!("{kind}:");
        for (at, part) in parts.iter().enumerate() {
            if at > 0 {
                text.push('/');
            }
            text.push_str(&escaped(part));
        }
        Self(text.into())
    }

    /// The node of a workload.
    pub(crate) fn of_workload(cluster: &ClusterName, key: &WorkloadKey) -> Self {
        let parts = [cluster.as_str(), &key.namespace, key.kind.name(), &key.name];
        Self::of_parts("workload", &parts)
    }

    /// The node of an entity, as `kind` (`component`, `system` or `squad`).
    pub(crate) fn of_entity(kind: &str, entity_ref: &EntityRef) -> Self {
        Self(format!("{kind}:{entity_ref}").into())
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

fn escaped(part: &str) -> Cow<'_, str> {
    if part.contains(['%', '/', '>']) {
        Cow::Owned(part.replace('%', "%25").replace('/', "%2F").replace('>', "%3E"))
    } else {
        Cow::Borrowed(part)
    }
}

/// An end of calls.
#[derive(Debug, Clone, PartialEq)]
pub struct TopologyNode {
    /// Identifies it.
    pub id: NodeId,
    /// What it is.
    pub kind: TopologyNodeKind,
    /// What a person calls it.
    pub label: Arc<str>,
    /// The entity that it is or belongs to: of a workload the one that it is placed at, of a
    /// group the System, Group or User.
    pub entity: Option<EntityRef>,
    /// The owner of that entity.
    pub owner: Option<EntityRef>,
    /// The System of that entity.
    pub system: Option<EntityRef>,
    /// Who answers for it: the owner, else what labels name.
    pub squad: Option<Squad>,
    /// The cluster that it is in; `None` for what is in none or in several.
    pub cluster: Option<ClusterName>,
    /// Where that cluster stands.
    pub place: ClusterPlace,
    /// The workload, where it is one.
    pub workload: Option<WorkloadKey>,
    /// Why it is unresolved, or why a caller has no identity.
    pub reason: Option<Arc<str>>,
    /// Whether its namespace belongs to the cluster itself or to its mesh.
    pub is_system: bool,
}

impl TopologyNode {
    /// A node of which nothing more is known.
    pub(crate) fn bare(id: NodeId, kind: TopologyNodeKind, label: Arc<str>) -> Self {
        Self {
            id,
            kind,
            label,
            entity: None,
            owner: None,
            system: None,
            squad: None,
            cluster: None,
            place: ClusterPlace::default(),
            workload: None,
            reason: None,
            is_system: false,
        }
    }
}
