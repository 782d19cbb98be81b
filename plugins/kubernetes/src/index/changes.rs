//! How each kind's objects come into the index and leave it.

use std::sync::Arc;

use callboard_plugin::{MeshLink, Service, ServiceKey, WorkloadKey, WorkloadKind};

use super::RuntimeIndex;
use crate::object::{
    About, Controller, Name, Namespace, Node, Object, OwnWorkload, ReplicaSet, ScaledWorkload,
};

impl RuntimeIndex {
    pub(super) fn apply_node(&mut self, node: &Node) -> Option<Node> {
        let before = self.nodes.insert(Arc::clone(&node.name), node.clone());
        self.nodes_changed |= before.as_ref() != Some(node);
        before
    }

    pub(super) fn delete_node(&mut self, name: &str) -> Option<Node> {
        let gone = self.nodes.remove(name)?;
        self.nodes_changed = true;
        Some(gone)
    }

    pub(super) fn apply_namespace(&mut self, namespace: Namespace) -> Option<Object> {
        let Namespace { name, labels } = namespace;
        let before = self.view.namespaces.insert(Arc::clone(&name), Arc::clone(&labels));
        self.is_changed |= before.as_ref() != Some(&labels);
        before.map(|labels| Object::Namespace(Namespace { name, labels }))
    }

    pub(super) fn delete_namespace(&mut self, name: &Arc<str>) -> Option<Object> {
        let labels = self.view.namespaces.remove(name)?;
        self.is_changed = true;
        Some(Object::Namespace(Namespace { name: Arc::clone(name), labels }))
    }

    pub(super) fn apply_own(&mut self, workload: OwnWorkload) -> Option<OwnWorkload> {
        let key = workload.key.clone();
        let before = self.own.insert(key.clone(), workload);
        if before.as_ref() == self.own.get(&key) {
            return before;
        }
        self.touch_own(&key);
        before
    }

    pub(super) fn delete_own(&mut self, key: &WorkloadKey) -> Option<Object> {
        let gone = self.own.remove(key)?;
        self.touch_own(key);
        Some(Object::Workload(gone))
    }

    /// A Job may belong to a CronJob.
    fn touch_own(&mut self, key: &WorkloadKey) {
        if key.kind == WorkloadKind::Job {
            self.rebind(&Controller { kind: WorkloadKind::Job, name: Name::of(key) });
        }
        self.touch(key.clone());
    }

    pub(super) fn apply_replica_set(&mut self, set: ReplicaSet) -> Option<ReplicaSet> {
        let name = set.name.clone();
        let before = self.replica_sets.insert(name.clone(), set);
        if before.as_ref() != self.replica_sets.get(&name) {
            self.touch_replica_set(name);
        }
        before
    }

    pub(super) fn delete_replica_set(&mut self, name: &Name) -> Option<ReplicaSet> {
        let gone = self.replica_sets.remove(name)?;
        self.touch_replica_set(name.clone());
        Some(gone)
    }

    fn touch_replica_set(&mut self, name: Name) {
        self.rebind(&Controller { kind: WorkloadKind::ReplicaSet, name });
    }

    pub(super) fn apply_service(&mut self, service: Service) -> Option<Object> {
        let before = self.view.services.get(&service.key).cloned();
        if before.as_deref() == Some(&service) {
            return before.map(|before| Object::Service(Service::clone(&before)));
        }
        if let Some(before) = &before {
            self.detach_service(before);
        }
        self.selectors.insert(&service);
        self.touch_selected(&service);
        self.count_mirrors(&service, u32::saturating_add);
        self.view.services.insert(service.key.clone(), Arc::new(service));
        self.is_changed = true;
        before.map(|before| Object::Service(Service::clone(&before)))
    }

    pub(super) fn delete_service(&mut self, name: &Name) -> Option<Object> {
        let Name { namespace, name } = name.clone();
        let gone = self.view.services.remove(&ServiceKey { namespace, name })?;
        self.detach_service(&gone);
        self.is_changed = true;
        Some(Object::Service(Service::clone(&gone)))
    }

    fn detach_service(&mut self, service: &Service) {
        self.selectors.remove(service);
        self.touch_selected(service);
        self.count_mirrors(service, u32::saturating_sub);
    }

    fn count_mirrors(&mut self, service: &Service, step: fn(u32, u32) -> u32) {
        for mirror in service.mirrors.iter() {
            let count = self.mirrored.entry(Arc::clone(&mirror.target_cluster)).or_default();
            *count = step(*count, 1);
            self.links_changed = true;
        }
    }

    pub(super) fn apply_autoscaler(&mut self, scaled: ScaledWorkload) -> Option<ScaledWorkload> {
        let name = scaled.name.clone();
        let target = scaled.target.clone();
        let before = self.autoscalers.insert(name.clone(), scaled);
        if before.as_ref() == self.autoscalers.get(&name) {
            return before;
        }
        if let Some(before) = &before {
            self.detach_autoscaler(before);
        }
        if let Some(target) = target {
            self.scaled.entry(target.clone()).or_default().insert(name);
            self.touch(target);
        }
        before
    }

    pub(super) fn delete_autoscaler(&mut self, name: &Name) -> Option<ScaledWorkload> {
        let gone = self.autoscalers.remove(name)?;
        self.detach_autoscaler(&gone);
        Some(gone)
    }

    fn detach_autoscaler(&mut self, scaled: &ScaledWorkload) {
        let Some(target) = &scaled.target else { return };
        if let Some(names) = self.scaled.get_mut(target) {
            names.remove(&scaled.name);
            if names.is_empty() {
                self.scaled.remove(target);
            }
        }
        self.touch(target.clone());
    }

    pub(super) fn apply_link(&mut self, link: MeshLink) -> Option<MeshLink> {
        let name = Name::new(&link.namespace, &link.name);
        self.links_changed = true;
        self.links.insert(name, link)
    }

    pub(super) fn delete_link(&mut self, name: &Name) -> Option<MeshLink> {
        self.links_changed = true;
        self.links.remove(name)
    }

    /// The Links in order, with what is mirrored through them counted.
    pub(super) fn shown_links(&self) -> Vec<MeshLink> {
        let is_known = self.is_complete(crate::kinds::Kind::Service);
        let counted = |link: &MeshLink| {
            let count = self.mirrored.get(&link.target_cluster).copied().unwrap_or_default();
            MeshLink { mirrored_services: is_known.then_some(count), ..link.clone() }
        };
        let mut links: Vec<MeshLink> = self.links.values().map(counted).collect();
        links.sort_by(|one, other| {
            (&one.target_cluster, &one.name, &one.namespace).cmp(&(
                &other.target_cluster,
                &other.name,
                &other.namespace,
            ))
        });
        links
    }

    /// The workload that an event is about.
    pub(super) fn touch_about(&mut self, about: &About) {
        let known = WorkloadKind::ALL.into_iter().find(|kind| kind.name() == &*about.kind);
        let key = match known {
            Some(WorkloadKind::Pod) => {
                self.pods.get(&about.name).and_then(|pod| self.workload_of(pod))
            }
            Some(kind @ (WorkloadKind::ReplicaSet | WorkloadKind::Job)) => {
                let name = about.name.clone();
                self.bonds.parent(&Controller { kind, name }).cloned()
            }
            Some(kind) => Some(about.name.workload(kind)),
            None => self.autoscalers.get(&about.name).and_then(|scaled| scaled.target.clone()),
        };
        self.dirty.extend(key);
    }
}
