//! What runs in one cluster, kept up to date object by object.
//!
//! Plain data without I/O or a clock. [`RuntimeIndex::apply`], [`RuntimeIndex::delete`] and
//! [`RuntimeIndex::reset`] take in what was read; [`RuntimeIndex::refresh`] sums up anew what
//! they touched and nothing else. A change costs its own size: an object that came again
//! unchanged costs a comparison.

mod bonds;
mod changes;
mod events;
mod place;
mod selectors;
mod summary;

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use callboard_plugin::{
    ClusterPlace, LabelMap, MeshLink, NodeSummary, Service, ServiceKey, Workload, WorkloadKey,
    WorkloadKind,
};
use imbl::OrdMap;

use crate::{
    kinds::Kind,
    object::{Controller, Name, Node, Object, OwnWorkload, Pod, ReplicaSet, ScaledWorkload},
};
use bonds::Bonds;
use events::Warnings;
use selectors::Selectors;

/// What the index shows. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct View {
    pub(crate) place: ClusterPlace,
    pub(crate) nodes: NodeSummary,
    pub(crate) namespaces: OrdMap<Arc<str>, Arc<LabelMap>>,
    pub(crate) workloads: OrdMap<WorkloadKey, Arc<Workload>>,
    pub(crate) services: OrdMap<ServiceKey, Arc<Service>>,
    pub(crate) links: Arc<[MeshLink]>,
}

/// How much there is of a kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Size {
    /// How many objects.
    pub(crate) objects: usize,
    /// What they weigh in memory, about.
    pub(crate) bytes: usize,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct RuntimeIndex {
    nodes: HashMap<Arc<str>, Node>,
    own: HashMap<WorkloadKey, OwnWorkload>,
    replica_sets: HashMap<Name, ReplicaSet>,
    pods: HashMap<Name, Pod>,
    autoscalers: HashMap<Name, ScaledWorkload>,
    /// The autoscalers of a workload; there should be one.
    scaled: HashMap<WorkloadKey, BTreeSet<Name>>,
    warnings: Warnings,
    links: HashMap<Name, MeshLink>,
    bonds: Bonds,
    selectors: Selectors,
    /// How many Services are mirrored from each cluster.
    mirrored: HashMap<Arc<str>, u32>,
    /// Kinds that were read as a whole at least once.
    complete: HashSet<Kind>,
    sizes: HashMap<Kind, Size>,
    dirty: HashSet<WorkloadKey>,
    nodes_changed: bool,
    links_changed: bool,
    view: View,
    is_changed: bool,
}

impl RuntimeIndex {
    /// Takes in an object as it is now.
    pub(crate) fn apply(&mut self, object: Object) {
        let size = self.sizes.entry(object.kind()).or_default();
        size.objects += 1;
        size.bytes += object.weight();
        let replaced = match object {
            Object::Node(node) => self.apply_node(&node).map(Object::Node),
            Object::Namespace(namespace) => self.apply_namespace(namespace),
            Object::Workload(workload) => self.apply_own(workload).map(Object::Workload),
            Object::ReplicaSet(set) => self.apply_replica_set(set).map(Object::ReplicaSet),
            Object::Pod(pod) => self.apply_pod(&pod).map(Object::Pod),
            Object::Service(service) => self.apply_service(service),
            Object::Autoscaler(scaled) => self.apply_autoscaler(scaled).map(Object::Autoscaler),
            Object::Event(event) => {
                self.touch_about(&event.about);
                self.warnings.insert(event).map(Object::Event)
            }
            Object::Link(link) => self.apply_link(link).map(Object::Link),
        };
        self.forget_size(replaced.as_ref());
    }

    /// Lets an object go.
    pub(crate) fn delete(&mut self, kind: Kind, name: &Name) {
        let gone = match kind {
            Kind::Node => self.delete_node(&name.name).map(Object::Node),
            Kind::Namespace => self.delete_namespace(&name.name),
            Kind::Deployment => self.delete_own(&name.workload(WorkloadKind::Deployment)),
            Kind::StatefulSet => self.delete_own(&name.workload(WorkloadKind::StatefulSet)),
            Kind::DaemonSet => self.delete_own(&name.workload(WorkloadKind::DaemonSet)),
            Kind::CronJob => self.delete_own(&name.workload(WorkloadKind::CronJob)),
            Kind::Job => self.delete_own(&name.workload(WorkloadKind::Job)),
            Kind::ReplicaSet => self.delete_replica_set(name).map(Object::ReplicaSet),
            Kind::Pod => self.delete_pod(name).map(Object::Pod),
            Kind::Service => self.delete_service(name),
            Kind::HorizontalPodAutoscaler => self.delete_autoscaler(name).map(Object::Autoscaler),
            Kind::Event => {
                let event = self.warnings.remove(name);
                if let Some(event) = &event {
                    self.touch_about(&event.about);
                }
                event.map(Object::Event)
            }
            Kind::Link => self.delete_link(name).map(Object::Link),
        };
        self.forget_size(gone.as_ref());
    }

    /// Replaces all objects of a kind: what is not among them is gone, what came again unchanged
    /// stays as it is.
    pub(crate) fn reset(&mut self, kind: Kind, objects: Vec<Object>) {
        let present: HashSet<Name> = objects.iter().map(Object::name).collect();
        for name in self.names(kind) {
            if !present.contains(&name) {
                self.delete(kind, &name);
            }
        }
        for object in objects {
            self.apply(object);
        }
        if self.complete.insert(kind) {
            self.touch_all();
        }
    }

    /// A kind that the cluster does not have, or no longer.
    pub(crate) fn forget(&mut self, kind: Kind) {
        for name in self.names(kind) {
            self.delete(kind, &name);
        }
        if self.complete.remove(&kind) {
            self.touch_all();
        }
    }

    /// Whether a kind was ever read as a whole.
    pub(crate) fn is_complete(&self, kind: Kind) -> bool {
        self.complete.contains(&kind)
    }

    /// How much there is of a kind.
    pub(crate) fn size(&self, kind: Kind) -> Size {
        self.sizes.get(&kind).copied().unwrap_or_default()
    }

    /// Sums up what was touched; says whether anything that shows has changed since the last
    /// time.
    pub(crate) fn refresh(&mut self) -> bool {
        for key in std::mem::take(&mut self.dirty) {
            match self.summary(&key) {
                Some(workload) if self.shows(&workload) => {}
                Some(workload) => {
                    self.view.workloads.insert(key, Arc::new(workload));
                    self.is_changed = true;
                }
                None => self.is_changed |= self.view.workloads.remove(&key).is_some(),
            }
        }
        if std::mem::take(&mut self.nodes_changed) {
            if self.is_complete(Kind::Node) {
                self.view.nodes = place::node_summary(self.nodes.values());
                self.view.place = place::place(self.nodes.values());
            }
            self.is_changed = true;
        }
        if std::mem::take(&mut self.links_changed) {
            self.view.links = self.shown_links().into();
            self.is_changed = true;
        }
        std::mem::take(&mut self.is_changed)
    }

    /// What was summed up last.
    pub(crate) fn view(&self) -> &View {
        &self.view
    }

    fn shows(&self, workload: &Workload) -> bool {
        self.view.workloads.get(&workload.key).is_some_and(|shown| **shown == *workload)
    }

    fn names(&self, kind: Kind) -> Vec<Name> {
        let own = |kind: WorkloadKind| {
            let keys = self.own.keys().filter(|key| key.kind == kind);
            keys.map(Name::of).collect()
        };
        match kind {
            Kind::Node => self.nodes.keys().map(Name::cluster_scoped).collect(),
            Kind::Namespace => self.view.namespaces.keys().map(Name::cluster_scoped).collect(),
            Kind::Deployment => own(WorkloadKind::Deployment),
            Kind::ReplicaSet => self.replica_sets.keys().cloned().collect(),
            Kind::StatefulSet => own(WorkloadKind::StatefulSet),
            Kind::DaemonSet => own(WorkloadKind::DaemonSet),
            Kind::CronJob => own(WorkloadKind::CronJob),
            Kind::Job => own(WorkloadKind::Job),
            Kind::Pod => self.pods.keys().cloned().collect(),
            Kind::Service => {
                let keys = self.view.services.keys().cloned();
                keys.map(|ServiceKey { namespace, name }| Name { namespace, name }).collect()
            }
            Kind::HorizontalPodAutoscaler => self.autoscalers.keys().cloned().collect(),
            Kind::Event => self.warnings.names(),
            Kind::Link => self.links.keys().cloned().collect(),
        }
    }

    fn forget_size(&mut self, gone: Option<&Object>) {
        if let Some(gone) = gone
            && let Some(size) = self.sizes.get_mut(&gone.kind())
        {
            size.objects = size.objects.saturating_sub(1);
            size.bytes = size.bytes.saturating_sub(gone.weight());
        }
    }

    fn touch(&mut self, key: WorkloadKey) {
        self.dirty.insert(key);
    }

    fn touch_all(&mut self) {
        self.dirty.extend(self.view.workloads.keys().cloned());
        self.dirty.extend(self.own.keys().cloned());
        self.nodes_changed = true;
        self.links_changed = true;
    }

    /// Finds anew which workload a controller belongs to.
    fn rebind(&mut self, controller: &Controller) {
        let parent = self.parent_of(controller);
        let before = self.bonds.rebind(controller, parent.clone());
        self.dirty.extend(parent);
        self.dirty.extend(before);
    }
}
#[cfg(test)]
mod tests;
