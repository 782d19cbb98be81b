//! Global ids of nodes: opaque and versioned.

use std::sync::Arc;

use async_graphql::ID;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use callboard_model::EntityRef;
use callboard_plugin::{ClusterName, WorkloadKey, WorkloadKind};

/// Version 1 of each kind of node. Another kind of node takes another letter.
const ENTITY: &[u8] = b"\x01e";
const CLUSTER: &[u8] = b"\x01c";
const WORKLOAD: &[u8] = b"\x01w";
const TOPOLOGY_NODE: &[u8] = b"\x01n";
const TOPOLOGY_EDGE: &[u8] = b"\x01l";
/// The longest id that is read, in bytes.
const LIMIT_BYTES: usize = 4096;

/// What an id stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NodeId {
    /// An entity.
    Entity(EntityRef),
    /// A cluster.
    Cluster(ClusterName),
    /// A workload of a cluster.
    Workload(ClusterName, WorkloadKey),
    /// An end of calls.
    TopologyNode(callboard_topology::NodeId),
}

/// The id of an entity.
pub(crate) fn of_entity(entity_ref: &EntityRef) -> ID {
    ID(encoded(ENTITY, entity_ref.as_str()))
}

/// The id of a cluster.
pub(crate) fn of_cluster(cluster: &ClusterName) -> ID {
    ID(encoded(CLUSTER, cluster.as_str()))
}

/// The id of a workload.
pub(crate) fn of_workload(cluster: &ClusterName, key: &WorkloadKey) -> ID {
    let parts = [cluster.as_str(), &key.namespace, key.kind.name(), &key.name];
    ID(encoded(WORKLOAD, &parts.join("\0")))
}

/// The id of an end of calls.
pub(crate) fn of_topology_node(id: &callboard_topology::NodeId) -> String {
    encoded(TOPOLOGY_NODE, id.as_str())
}

/// The id of calls from one node to another. `node` does not take it.
pub(crate) fn of_topology_edge(id: &callboard_topology::EdgeId) -> String {
    encoded(TOPOLOGY_EDGE, id.as_str())
}

/// What an id stands for; `None` for ids that are not ours, which are answered like those of
/// things that do not exist.
pub(crate) fn decode(id: &str) -> Option<NodeId> {
    if id.len() > LIMIT_BYTES {
        return None;
    }
    let bytes = URL_SAFE_NO_PAD.decode(id).ok()?;
    let (kind, text) = bytes.split_at_checked(2)?;
    let text = std::str::from_utf8(text).ok()?;
    match kind {
        ENTITY => EntityRef::from_canonical(text).map(NodeId::Entity),
        CLUSTER => Some(NodeId::Cluster(ClusterName::new(text))),
        WORKLOAD => workload(text),
        TOPOLOGY_NODE => Some(NodeId::TopologyNode(callboard_topology::NodeId::new(text))),
        _ => None,
    }
}

fn encoded(kind: &[u8], text: &str) -> String {
    URL_SAFE_NO_PAD.encode([kind, text.as_bytes()].concat())
}

fn workload(text: &str) -> Option<NodeId> {
    let mut parts = text.split('\0');
    let mut part = || parts.next().map(Arc::from);
    let (cluster, namespace, kind, name): (Arc<str>, _, Arc<str>, _) =
        (part()?, part()?, part()?, part()?);
    let kind = WorkloadKind::ALL.into_iter().find(|known| known.name() == &*kind)?;
    let key = WorkloadKey { namespace, kind, name };
    parts.next().is_none().then(|| NodeId::Workload(ClusterName::new(&cluster), key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_stands_for_its_node_and_an_alien_one_for_nothing() {
        let entity_ref = EntityRef::new("component", "default", "a");
        assert_eq!(decode(&of_entity(&entity_ref)), Some(NodeId::Entity(entity_ref)));
        let cluster = ClusterName::new("aws-prod-1");
        assert_eq!(decode(&of_cluster(&cluster)), Some(NodeId::Cluster(cluster.clone())));
        let key = WorkloadKey {
            namespace: "bank".into(),
            kind: WorkloadKind::StatefulSet,
            name: "a".into(),
        };
        let id = of_workload(&cluster, &key);
        assert_eq!(decode(&id), Some(NodeId::Workload(cluster, key)));
        let node = callboard_topology::NodeId::new("component:component:default/a");
        assert_eq!(decode(&of_topology_node(&node)), Some(NodeId::TopologyNode(node)));
        let edge = "AWxhLT5i";
        for alien in [
            "",
            "x",
            "component:default/a",
            "AWU",
            "AWVjb21wb25lbnQ",
            "\u{0}",
            "____",
            "AXdhAGI",
            edge,
        ] {
            assert_eq!(decode(alien), None, "{alien:?}");
        }
    }
}
