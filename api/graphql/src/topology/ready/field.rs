//! The plain fields of what a topology is made of.

use super::plan::{PlainField, Plan, Selections};

/// A plain field of `TopologyEdge`.
#[derive(Debug)]
pub(super) enum EdgeField {
    TypeName,
    Id,
    From(Plan<NodeField>),
    To(Plan<NodeField>),
    Metrics(Plan<MetricsField>),
    Tls,
    TlsReason,
    CrossesClusters,
    Mode,
    Declared,
    FirstSeen,
    LastSeen,
    Observation(Plan<ObservationField>),
}

impl PlainField for EdgeField {
    const TYPES: &'static [&'static str] = &["TopologyEdge"];

    fn of(name: &str, inner: &Selections<'_>) -> Option<Self> {
        Some(match name {
            "__typename" => Self::TypeName,
            "id" => Self::Id,
            "from" => Self::From(inner.plan()?),
            "to" => Self::To(inner.plan()?),
            "metrics" => Self::Metrics(inner.plan()?),
            "tls" => Self::Tls,
            "tlsReason" => Self::TlsReason,
            "crossesClusters" => Self::CrossesClusters,
            "mode" => Self::Mode,
            "declared" => Self::Declared,
            "firstSeen" => Self::FirstSeen,
            "lastSeen" => Self::LastSeen,
            "observation" => Self::Observation(inner.plan()?),
            _ => return None,
        })
    }
}

/// A plain field of `TopologyNode`.
#[derive(Debug)]
pub(super) enum NodeField {
    TypeName,
    Id,
    Kind,
    Label,
    Entity(Plan<EntityField>),
    Owner(Plan<EntityField>),
    System(Plan<EntityField>),
    SquadName,
    Cluster(Plan<ClusterField>),
    Cloud,
    Environment,
    Reason,
    IsSystem,
}

impl PlainField for NodeField {
    const TYPES: &'static [&'static str] = &["TopologyNode", "Node"];

    fn of(name: &str, inner: &Selections<'_>) -> Option<Self> {
        Some(match name {
            "__typename" => Self::TypeName,
            "id" => Self::Id,
            "kind" => Self::Kind,
            "label" => Self::Label,
            "entity" => Self::Entity(inner.plan()?),
            "owner" => Self::Owner(inner.plan()?),
            "system" => Self::System(inner.plan()?),
            "squadName" => Self::SquadName,
            "cluster" => Self::Cluster(inner.plan()?),
            "cloud" => Self::Cloud,
            "environment" => Self::Environment,
            "reason" => Self::Reason,
            "isSystem" => Self::IsSystem,
            _ => return None,
        })
    }
}

/// A plain field of an entity, whichever its type.
#[derive(Debug)]
pub(super) enum EntityField {
    TypeName,
    Id,
    Ref,
    Kind,
    Namespace,
    Name,
    Title,
    DisplayName,
}

impl PlainField for EntityField {
    const TYPES: &'static [&'static str] = &["Entity", "Node"];

    fn of(name: &str, inner: &Selections<'_>) -> Option<Self> {
        if !inner.is_empty() {
            return None;
        }
        Some(match name {
            "__typename" => Self::TypeName,
            "id" => Self::Id,
            "ref" => Self::Ref,
            "kind" => Self::Kind,
            "namespace" => Self::Namespace,
            "name" => Self::Name,
            "title" => Self::Title,
            "displayName" => Self::DisplayName,
            _ => return None,
        })
    }
}

/// A plain field of `Cluster`.
#[derive(Debug)]
pub(super) enum ClusterField {
    TypeName,
    Id,
    Name,
    Cloud,
    Region,
    Environment,
    Version,
}

impl PlainField for ClusterField {
    const TYPES: &'static [&'static str] = &["Cluster", "Node"];

    fn of(name: &str, inner: &Selections<'_>) -> Option<Self> {
        if !inner.is_empty() {
            return None;
        }
        Some(match name {
            "__typename" => Self::TypeName,
            "id" => Self::Id,
            "name" => Self::Name,
            "cloud" => Self::Cloud,
            "region" => Self::Region,
            "environment" => Self::Environment,
            "version" => Self::Version,
            _ => return None,
        })
    }
}

/// A field of `GoldenMetrics`.
#[derive(Debug)]
pub(super) enum MetricsField {
    TypeName,
    RequestsPerSecond,
    SuccessRatio,
    LatencyP50,
    LatencyP95,
    LatencyP99,
    OpenConnections,
    SecuredRatio,
}

impl PlainField for MetricsField {
    const TYPES: &'static [&'static str] = &["GoldenMetrics"];

    fn of(name: &str, _: &Selections<'_>) -> Option<Self> {
        Some(match name {
            "__typename" => Self::TypeName,
            "requestsPerSecond" => Self::RequestsPerSecond,
            "successRatio" => Self::SuccessRatio,
            "latencyP50Ms" => Self::LatencyP50,
            "latencyP95Ms" => Self::LatencyP95,
            "latencyP99Ms" => Self::LatencyP99,
            "openConnections" => Self::OpenConnections,
            "securedRatio" => Self::SecuredRatio,
            _ => return None,
        })
    }
}

/// A field of `Observation`.
#[derive(Debug)]
pub(super) enum ObservationField {
    TypeName,
    Source,
    ObservedAt,
    State,
    Reason,
    Since,
}

impl PlainField for ObservationField {
    const TYPES: &'static [&'static str] = &["Observation"];

    fn of(name: &str, _: &Selections<'_>) -> Option<Self> {
        Some(match name {
            "__typename" => Self::TypeName,
            "source" => Self::Source,
            "observedAt" => Self::ObservedAt,
            "state" => Self::State,
            "reason" => Self::Reason,
            "since" => Self::Since,
            _ => return None,
        })
    }
}
