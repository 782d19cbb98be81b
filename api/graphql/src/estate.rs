//! What runs, in the schema: clusters, workloads, placements.

mod cluster;
mod cluster_part;
mod entity_fields;
mod missing;
mod observation;
mod placement;
mod query;
mod subscription;
mod versions;
mod workload;
mod workload_list;
mod workload_part;

pub(crate) use self::{
    cluster::{Cluster, ClusterFilter},
    cluster_part::{Cloud, LinkMode, number},
    entity_fields::{ObservedFields, PlaceableFields, placement_problems},
    missing::{MissingComponent, MissingComponentConnection},
    observation::{Observation, ObservationState},
    placement::{BlindCluster, PlaceFilter, Placement, PlacementRule},
    query::EstateQuery,
    subscription::EstateSubscription,
    versions::VersionMatrix,
    workload::Workload,
    workload_list::{WorkloadConnection, WorkloadFilter},
    workload_part::{Autoscaler, Health, Image, Replicas, WarningEvent},
};
