//! Which workload belongs to which entity, and why.

mod claim;
mod descriptor;
mod missing;
mod selector;
mod squad;
mod versions;

use std::{fmt, sync::Arc};

use callboard_model::EntityRef;
use callboard_plugin::{
    Cloud, ClusterName, ClusterPlace, Health, Observation, Workload, WorkloadKind,
};

pub(crate) use self::{
    claim::{Claim, Claimant, claim},
    descriptor::{labelled_system, scalar, unknown_descriptor},
    missing::{Sight, blindness, missing_components},
    squad::squad_of_labels,
    versions::version_matrix,
};
pub use self::{
    selector::{LabelSelector, SelectorError},
    squad::Squad,
    versions::{VersionCell, VersionMatrix, VersionRow},
};

/// By what a workload was found to belong to an entity; the strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PlacementRule {
    /// The entity's annotation `backstage.io/kubernetes-label-selector` matches the labels of the
    /// workload or of its pods.
    LabelSelector,
    /// The label `backstage.io/kubernetes-id` of the workload or of its pods is the entity's
    /// annotation of the same name or, where no entity has that, its name.
    KubernetesId,
    /// The label `app.kubernetes.io/name` is the entity's name.
    NameLabel,
    /// The label `app.kubernetes.io/instance` is the entity's name.
    InstanceLabel,
    /// The label `app.kubernetes.io/part-of` is the entity's name.
    PartOfLabel,
    /// Namespace and name are those of the entity.
    NamespaceAndName,
}

impl PlacementRule {
    /// Every rule, strongest first.
    pub const ALL: [Self; 6] = [
        Self::LabelSelector,
        Self::KubernetesId,
        Self::NameLabel,
        Self::InstanceLabel,
        Self::PartOfLabel,
        Self::NamespaceAndName,
    ];

    /// What was compared, in the words of Kubernetes and Backstage.
    pub const fn name(self) -> &'static str {
        match self {
            Self::LabelSelector => "backstage.io/kubernetes-label-selector",
            Self::KubernetesId => "backstage.io/kubernetes-id",
            Self::NameLabel => "app.kubernetes.io/name",
            Self::InstanceLabel => "app.kubernetes.io/instance",
            Self::PartOfLabel => "app.kubernetes.io/part-of",
            Self::NamespaceAndName => "namespace and name",
        }
    }
}

impl fmt::Display for PlacementRule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// A workload and whose it is.
#[derive(Debug, Clone, PartialEq)]
pub struct PlacedWorkload {
    /// The cluster.
    pub cluster: ClusterName,
    /// Where the cluster stands.
    pub place: ClusterPlace,
    /// The workload.
    pub workload: Arc<Workload>,
    /// The entity; `None` = unknown. Of several that claim it, the first by ref.
    pub entity: Option<EntityRef>,
    /// By what it was found; `None` = unknown.
    pub matched_by: Option<PlacementRule>,
    /// Who answers for it: the entity's owner, else what its labels name.
    pub squad: Option<Squad>,
    /// The other entities that claim it, ordered.
    pub also_claimed_by: Arc<[EntityRef]>,
    /// Whether its namespace belongs to the cluster itself or to its mesh.
    pub is_system: bool,
    /// How old that is: the state of its kind in the cluster.
    pub observation: Observation,
}

/// A cluster that cannot be looked into, so that nothing can be said of what runs there.
#[derive(Debug, Clone, PartialEq)]
pub struct BlindCluster {
    /// The cluster.
    pub cluster: ClusterName,
    /// Where it stands.
    pub place: ClusterPlace,
    /// Why.
    pub observation: Observation,
}

/// Where an entity runs.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EntityPlacements {
    /// One for each cluster and workload, by cluster in the order of the configuration, then by
    /// workload.
    pub placements: Vec<Arc<PlacedWorkload>>,
    /// Clusters where it may run too, but which cannot be looked into, and of which nothing of it
    /// is known from before.
    pub blind: Vec<BlindCluster>,
}

/// What is wrong with the placement of an entity.
#[derive(Debug, Clone, PartialEq)]
pub enum PlacementProblem {
    /// Another entity claims the same workload.
    Conflict {
        /// The workload.
        workload: Arc<PlacedWorkload>,
        /// The other entities, ordered.
        with: Arc<[EntityRef]>,
    },
    /// The annotation `backstage.io/kubernetes-label-selector` cannot be read.
    Selector {
        /// The annotation's text.
        text: Arc<str>,
        /// Why.
        error: SelectorError,
    },
    /// The annotation `backstage.io/kubernetes-cluster` names a cluster that is not configured.
    Cluster {
        /// The annotation's text.
        name: Arc<str>,
    },
}

impl fmt::Display for PlacementProblem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Conflict { workload, with } => {
                let others: Vec<&str> = with.iter().map(EntityRef::as_str).collect();
                write!(
                    formatter,
                    "workload {} in {} is also claimed by {}",
                    workload.workload.key,
                    workload.cluster,
                    others.join(", ")
                )
            }
            Self::Selector { text, error } => {
                write!(formatter, "the label selector {text:?} cannot be read: {error}")
            }
            Self::Cluster { name } => write!(formatter, "cluster {name:?} is not configured"),
        }
    }
}

/// Whether a component that says that it runs is really gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MissingVerdict {
    /// Every cluster where it may run was looked into, and it is in none.
    Missing,
    /// It was not found, but these clusters cannot be looked into; ordered as configured.
    Unknown {
        /// The clusters, with the reason.
        blind: Vec<(ClusterName, Arc<str>)>,
    },
}

/// A Component that says that it runs and was not found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingComponent {
    /// The Component.
    pub entity: EntityRef,
    /// Its owner.
    pub owner: Option<EntityRef>,
    /// The annotation by which it says so.
    pub annotation: &'static str,
    /// Whether that can be told.
    pub verdict: MissingVerdict,
}

/// Which workloads of system namespaces are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SystemNamespaces {
    /// All workloads, wherever they are.
    #[default]
    Included,
    /// Only those of other namespaces.
    Excluded,
    /// Only those of system namespaces.
    Only,
}

/// Which workloads are meant: all given fields hold. Texts compare without regard to case.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WorkloadFilter {
    /// The cluster.
    pub cluster: Option<Arc<str>>,
    /// The cloud.
    pub cloud: Option<Cloud>,
    /// The environment of the cluster.
    pub environment: Option<Arc<str>>,
    /// The namespace.
    pub namespace: Option<Arc<str>>,
    /// The squad: the label's value, or the Group's name or ref.
    pub squad: Option<Arc<str>>,
    /// The kind.
    pub kind: Option<WorkloadKind>,
    /// How it is.
    pub health: Option<Health>,
    /// Part of its name.
    pub name_contains: Option<Arc<str>>,
    /// See [`SystemNamespaces`].
    pub system: SystemNamespaces,
}

impl WorkloadFilter {
    /// Whether `placed` is meant.
    pub fn matches(&self, placed: &PlacedWorkload) -> bool {
        let workload = &placed.workload;
        let is_system_right = match self.system {
            SystemNamespaces::Included => true,
            SystemNamespaces::Excluded => !placed.is_system,
            SystemNamespaces::Only => placed.is_system,
        };
        is_system_right
            && same(self.cluster.as_deref(), Some(placed.cluster.as_str()))
            && same(self.environment.as_deref(), placed.place.environment.as_deref())
            && same(self.namespace.as_deref(), Some(&workload.key.namespace))
            && self.cloud.is_none_or(|cloud| placed.place.cloud == Some(cloud))
            && self.kind.is_none_or(|kind| workload.key.kind == kind)
            && self.health.is_none_or(|health| workload.health == health)
            && self.squad.as_deref().is_none_or(|squad| {
                placed.squad.as_ref().is_some_and(|found| found.is_called(squad))
            })
            && self
                .name_contains
                .as_deref()
                .is_none_or(|part| workload.key.name.to_lowercase().contains(&part.to_lowercase()))
    }
}

fn same(wanted: Option<&str>, found: Option<&str>) -> bool {
    wanted.is_none_or(|wanted| {
        found.is_some_and(|found| found.to_lowercase() == wanted.to_lowercase())
    })
}
