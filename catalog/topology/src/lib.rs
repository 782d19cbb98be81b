//! What runs and who calls whom, joined to the catalog: placements, topology, drift.
//!
//! Pure functions over plain data, with one thin loop around them:
//!
//! - [`EstateLoop`] awaits changes of clusters, meshes and the catalog, rebuilds what changed and
//!   swaps an immutable [`EstatePicture`] into [`SharedEstate`].
//! - [`AuthorizedTopology`] is the only way from a transport to it: a [`TopologyReader`] answers
//!   as if nothing existed that its caller may not read.
//! - [`DependencyRecorder`] keeps daily facts of observed calls through the port
//!   [`DependencyFacts`], so that a restart forgets nothing.

mod authorized;
mod catalog_facts;
mod cluster;
mod dependency_facts;
mod dependency_history;
mod dependency_recorder;
mod drift;
mod estate;
mod estate_loop;
#[cfg(test)]
mod fixture;
mod placement;
mod reader;
mod topology;
mod visibility;

pub use authorized::AuthorizedTopology;
pub use catalog_facts::{CatalogFacts, EntityFacts, KubernetesAnnotations};
pub use cluster::{
    Cluster, ClusterLink, ClusterSourceKind, ClusterSourceState, ClusterSources, LinkGateway,
};
pub use dependency_facts::{
    DependencyFacts, DependencyPair, DependencyRecord, ObservedDependency, SeenPair,
};
pub use dependency_history::{DependencyHistory, Seen};
pub use dependency_recorder::DependencyRecorder;
pub use drift::{
    DeclaredBy, DependencyDrift, UndeclaredDependency, UnseenDependency, UnseenVerdict,
};
pub use estate::{EstateOptions, EstatePicture, SharedEstate};
pub use estate_loop::{CatalogFeed, EstateLoop};
pub use placement::{
    BlindCluster, EntityPlacements, LabelSelector, MissingComponent, MissingVerdict,
    PlacedWorkload, PlacementProblem, PlacementRule, SelectorError, Squad, SystemNamespaces,
    VersionCell, VersionMatrix, VersionRow, WorkloadFilter,
};
pub use reader::{TopologyReader, Traffic};
pub use topology::{
    Declared, EdgeId, Impact, ImpactedCaller, ImpactedSquad, NodeId, TlsState, Topology,
    TopologyBuilder, TopologyCoverage, TopologyEdge, TopologyGrouping, TopologyNode,
    TopologyNodeKind, TopologyPath, TopologyScope,
};
