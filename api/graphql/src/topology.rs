//! Who calls whom, in the schema.

mod change;
mod drift;
mod edge;
mod graph;
mod impact;
mod metrics;
mod node;
mod path;
mod ready;
mod scope;
mod traffic;

pub(crate) use self::{
    change::TopologyChange,
    drift::DependencyDrift,
    edge::TopologyEdge,
    graph::{Topology, checked_max_edges},
    impact::Impact,
    metrics::{GoldenMetrics, Window, window_or_default},
    node::TopologyNode,
    path::TopologyPath,
    ready::{TopologyEdges, TopologyNodes},
    scope::{TopologyGrouping, TopologyScope, checked as checked_scope},
    traffic::Traffic,
};
