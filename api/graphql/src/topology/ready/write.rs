//! Writing nodes and edges as JSON.

use std::{collections::HashMap, ops::Range, sync::Arc, time::SystemTime};

use callboard_model::EntityRef;
use callboard_plugin::{ClusterName, GoldenMetrics, LinkMode, Observation};
use callboard_topology as estate;
use serde::Serialize;

use super::{
    field::{ClusterField, EdgeField, EntityField, MetricsField, NodeField, ObservationField},
    plan::Plan,
};
use crate::{
    entity::{EntityNode, OwnerFields, Part},
    error::FieldError,
    estate::Cloud,
    node_id,
    scalar::Timestamp,
    scope::Scope,
    topology::metrics::{finite, is_measured},
};

/// Writes one list.
pub(super) struct Writer<'w> {
    scope: &'w Arc<Scope>,
    json: Vec<u8>,
    /// Nodes that were written, by plan and node: edges share them.
    nodes: HashMap<(usize, usize), Range<usize>>,
    /// Points in time that were written: edges share them, too.
    times: HashMap<SystemTime, Box<[u8]>>,
}

type Written = Result<(), FieldError>;

impl<'w> Writer<'w> {
    pub(super) fn new(scope: &'w Arc<Scope>) -> Self {
        let (nodes, times) = (HashMap::new(), HashMap::new());
        Self { scope, json: Vec::new(), nodes, times }
    }

    /// The text; `None` if it is none, which does not happen.
    pub(super) fn into_json(self) -> Option<String> {
        String::from_utf8(self.json).ok()
    }

    /// Writes a list of what `item` writes.
    pub(super) fn list<T>(
        &mut self,
        items: &[Arc<T>],
        mut item: impl FnMut(&mut Self, &Arc<T>) -> Written,
    ) -> Written {
        self.json.push(b'[');
        for (position, each) in items.iter().enumerate() {
            if position > 0 {
                self.json.push(b',');
            }
            item(self, each)?;
        }
        self.json.push(b']');
        Ok(())
    }

    fn object<F>(
        &mut self,
        plan: &Plan<F>,
        mut field: impl FnMut(&mut Self, &F) -> Written,
    ) -> Written {
        self.json.push(b'{');
        for (position, (key, asked)) in plan.0.iter().enumerate() {
            if position > 0 {
                self.json.push(b',');
            }
            self.json.extend_from_slice(key);
            field(self, asked)?;
        }
        self.json.push(b'}');
        Ok(())
    }

    /// Writes an edge.
    pub(super) fn edge(
        &mut self,
        plan: &Plan<EdgeField>,
        edge: &Arc<estate::TopologyEdge>,
    ) -> Written {
        self.object(plan, |writer, field| {
            match field {
                EdgeField::TypeName => writer.word("TopologyEdge"),
                EdgeField::Id => writer.word(&node_id::of_topology_edge(&edge.id)),
                EdgeField::From(plan) => return writer.node(plan, &edge.from),
                EdgeField::To(plan) => return writer.node(plan, &edge.to),
                EdgeField::Metrics(plan) => return writer.metrics(plan, &edge.metrics),
                EdgeField::Tls => writer.word(edge.tls.name()),
                EdgeField::TlsReason => writer.value(&edge.tls_reason.as_deref()),
                EdgeField::CrossesClusters => writer.value(&edge.crosses_clusters),
                EdgeField::Mode => writer.value(&edge.mode.map(mode_name)),
                EdgeField::Declared => writer.word(declared_name(edge.declared)),
                EdgeField::FirstSeen => writer.time(edge.first_seen),
                EdgeField::LastSeen => writer.time(edge.last_seen),
                EdgeField::Observation(plan) => return writer.observation(plan, &edge.observation),
            }
            Ok(())
        })
    }

    /// Writes a node, or copies what was written of it before.
    pub(super) fn node(
        &mut self,
        plan: &Plan<NodeField>,
        node: &Arc<estate::TopologyNode>,
    ) -> Written {
        let key = (std::ptr::from_ref(plan) as usize, Arc::as_ptr(node) as usize);
        if let Some(range) = self.nodes.get(&key) {
            self.json.extend_from_within(range.clone());
            return Ok(());
        }
        let start = self.json.len();
        self.object(plan, |writer, field| writer.node_field(field, node))?;
        self.nodes.insert(key, start..self.json.len());
        Ok(())
    }

    fn node_field(&mut self, field: &NodeField, node: &estate::TopologyNode) -> Written {
        match field {
            NodeField::TypeName => self.word("TopologyNode"),
            NodeField::Id => self.word(&node_id::of_topology_node(&node.id)),
            NodeField::Kind => self.word(node.kind.name()),
            NodeField::Label => self.value(&*node.label),
            NodeField::Entity(plan) => return self.entity(plan, node.entity.as_ref()),
            NodeField::Owner(plan) => return self.entity(plan, node.owner.as_ref()),
            NodeField::System(plan) => return self.entity(plan, node.system.as_ref()),
            NodeField::SquadName => self.value(&node.squad.as_ref().map(|squad| &*squad.name)),
            NodeField::Cluster(plan) => return self.cluster(plan, node.cluster.as_ref()),
            NodeField::Cloud => {
                self.value(&node.place.cloud.map(|cloud| Cloud::of(Some(cloud)).name()));
            }
            NodeField::Environment => self.value(&node.place.environment.as_deref()),
            NodeField::Reason => self.value(&node.reason.as_deref()),
            NodeField::IsSystem => self.value(&node.is_system),
        }
        Ok(())
    }

    fn entity(&mut self, plan: &Plan<EntityField>, entity_ref: Option<&EntityRef>) -> Written {
        let entity = entity_ref.map(|entity_ref| self.scope.entity(entity_ref)).transpose()?;
        let Some(entity) = entity.flatten() else {
            self.null();
            return Ok(());
        };
        self.object(plan, |writer, field| {
            writer.entity_field(field, &entity);
            Ok(())
        })
    }

    fn entity_field(&mut self, field: &EntityField, entity: &EntityNode) {
        let entity_ref = entity.entity_ref();
        match field {
            EntityField::TypeName => self.word(entity.kind().type_name()),
            EntityField::Id => self.word(&node_id::of_entity(entity_ref)),
            EntityField::Ref => self.value(entity_ref.as_str()),
            EntityField::Kind => self.head(entity, Part::Kind, Some(entity_ref.kind())),
            EntityField::Namespace => self.value(entity_ref.namespace()),
            EntityField::Name => self.head(entity, Part::Name, Some(entity_ref.name())),
            EntityField::Title => self.head(entity, Part::Title, None),
            EntityField::DisplayName => self.value(&OwnerFields(entity).name_for_people()),
        }
    }

    fn head(&mut self, entity: &EntityNode, part: Part, default: Option<&str>) {
        match entity.head_text(part) {
            Some(text) => self.value(&text),
            None => self.value(&default),
        }
    }

    fn cluster(&mut self, plan: &Plan<ClusterField>, name: Option<&ClusterName>) -> Written {
        let clusters = self.scope.clusters()?;
        let found = name.and_then(|name| clusters.iter().find(|found| found.name == *name));
        let Some(cluster) = found else {
            self.null();
            return Ok(());
        };
        self.object(plan, |writer, field| {
            match field {
                ClusterField::TypeName => writer.word("Cluster"),
                ClusterField::Id => writer.word(&node_id::of_cluster(&cluster.name)),
                ClusterField::Name => writer.value(cluster.name.as_str()),
                ClusterField::Cloud => writer.word(Cloud::of(cluster.place.cloud).name()),
                ClusterField::Region => writer.value(&cluster.place.region.as_deref()),
                ClusterField::Environment => writer.value(&cluster.place.environment.as_deref()),
                ClusterField::Version => writer.value(&cluster.version.as_deref()),
            }
            Ok(())
        })
    }

    fn metrics(&mut self, plan: &Plan<MetricsField>, metrics: &GoldenMetrics) -> Written {
        if !is_measured(metrics) {
            self.null();
            return Ok(());
        }
        self.object(plan, |writer, field| {
            let number = match field {
                MetricsField::TypeName => {
                    writer.word("GoldenMetrics");
                    return Ok(());
                }
                MetricsField::RequestsPerSecond => metrics.requests_per_second,
                MetricsField::SuccessRatio => metrics.success_ratio,
                MetricsField::LatencyP50 => metrics.latency_p50_ms,
                MetricsField::LatencyP95 => metrics.latency_p95_ms,
                MetricsField::LatencyP99 => metrics.latency_p99_ms,
                MetricsField::OpenConnections => metrics.open_connections,
                MetricsField::SecuredRatio => metrics.secured_ratio,
            };
            writer.value(&finite(number));
            Ok(())
        })
    }

    fn observation(&mut self, plan: &Plan<ObservationField>, observation: &Observation) -> Written {
        self.object(plan, |writer, field| {
            match field {
                ObservationField::TypeName => writer.word("Observation"),
                ObservationField::Source => writer.value(&*observation.source),
                ObservationField::ObservedAt => writer.time(observation.observed_at),
                ObservationField::State => writer.word(observation.state.name()),
                ObservationField::Reason => writer.value(&observation.reason.as_deref()),
                ObservationField::Since => writer.time(Some(observation.since)),
            }
            Ok(())
        })
    }

    fn time(&mut self, time: Option<SystemTime>) {
        let Some(time) = time else { return self.null() };
        let written = self.times.entry(time).or_insert_with(|| {
            let text = Timestamp(time).text();
            format!("\"{text}\"").into_bytes().into()
        });
        self.json.extend_from_slice(written);
    }

    /// A text of which it is known that JSON need not escape it.
    fn word(&mut self, word: &str) {
        self.json.push(b'"');
        self.json.extend_from_slice(word.as_bytes());
        self.json.push(b'"');
    }

    fn null(&mut self) {
        self.json.extend_from_slice(b"null");
    }

    /// Any text, number or truth value. Writing those to memory does not fail.
    fn value<T: Serialize + ?Sized>(&mut self, value: &T) {
        if serde_json::to_writer(&mut self.json, value).is_err() {
            self.null();
        }
    }
}

const fn mode_name(mode: LinkMode) -> &'static str {
    match mode {
        LinkMode::Gateway => "GATEWAY",
        LinkMode::Flat => "FLAT",
    }
}

const fn declared_name(declared: estate::Declared) -> &'static str {
    match declared {
        estate::Declared::Declared => "DECLARED",
        estate::Declared::Undeclared => "UNDECLARED",
        estate::Declared::NotApplicable => "NOT_APPLICABLE",
    }
}
