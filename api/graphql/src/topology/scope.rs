//! Which part of a topology is meant.

use async_graphql::{Enum, InputObject, OneofObject};
use callboard_plugin::ClusterName;
use callboard_topology as estate;

use crate::{error::FieldError, estate::Cloud, scalar::EntityRefScalar};

/// The most edges away from an entity.
const MAX_DEPTH: i32 = 10;

/// What the nodes of a topology are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "callboard_topology::TopologyGrouping")]
pub(crate) enum TopologyGrouping {
    /// Workloads.
    Workload,
    /// Entities; workloads without one stay themselves.
    Component,
    /// Systems; what belongs to none is together.
    System,
    /// Owners; what belongs to nobody is together.
    Squad,
    /// Clusters.
    Cluster,
    /// Clouds; clusters of which none is known are together.
    Cloud,
}

/// An entity and what is around it.
#[derive(Debug, Clone, InputObject)]
pub(crate) struct EntityScope {
    /// The entity.
    r#ref: EntityRefScalar,
    /// How many edges away from it, in either direction: 1 = its callers and callees. At most 10.
    #[graphql(default = 1)]
    depth: i32,
}

/// Which part of a topology is meant: everything that begins or ends in it.
#[derive(Debug, Clone, OneofObject)]
pub(crate) enum TopologyScope {
    /// An entity and what is around it.
    Entity(EntityScope),
    /// What is part of a System.
    System(EntityRefScalar),
    /// What a Group or a User answers for.
    Squad(EntityRefScalar),
    /// What runs in the cluster of this name.
    Cluster(String),
    /// What runs in the clusters of an environment, in any case.
    Environment(String),
    /// What runs in a cloud.
    Cloud(Cloud),
}

/// The scope as the estate takes it; everything, if none is given.
///
/// # Errors
///
/// [`FieldError::PageSize`] for a depth out of range, [`FieldError::UnknownCloud`].
pub(crate) fn checked(scope: Option<TopologyScope>) -> Result<estate::TopologyScope, FieldError> {
    Ok(match scope {
        None => estate::TopologyScope::Estate,
        Some(TopologyScope::Entity(EntityScope { r#ref, depth })) => {
            let error = FieldError::PageSize { argument: "depth", given: depth, limit: MAX_DEPTH };
            if depth > MAX_DEPTH {
                return Err(error);
            }
            let depth = u32::try_from(depth).map_err(|_| error)?;
            estate::TopologyScope::Entity { entity: r#ref.0, depth }
        }
        Some(TopologyScope::System(system)) => estate::TopologyScope::System(system.0),
        Some(TopologyScope::Squad(squad)) => estate::TopologyScope::Squad(squad.0),
        Some(TopologyScope::Cluster(name)) => {
            estate::TopologyScope::Cluster(ClusterName::new(&name))
        }
        Some(TopologyScope::Environment(environment)) => {
            estate::TopologyScope::Environment(environment.into())
        }
        Some(TopologyScope::Cloud(cloud)) => {
            estate::TopologyScope::Cloud(cloud.known().ok_or(FieldError::UnknownCloud)?)
        }
    })
}
