//! Which Services select the pods of a workload.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use callboard_plugin::{LabelMap, Service, WorkloadKey, WorkloadKind};

use super::RuntimeIndex;

/// How many Services are looked at, and named, for one workload. A cluster that has more with
/// the same labels is not a cluster that anybody runs.
const MOST_SERVICES: usize = 256;

/// Services by the first label that they select.
#[derive(Debug, Default)]
pub(super) struct Selectors(HashMap<FirstLabel, BTreeSet<Arc<str>>>);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct FirstLabel {
    namespace: Arc<str>,
    key: Arc<str>,
    value: Arc<str>,
}

impl FirstLabel {
    fn of(service: &Service) -> Option<Self> {
        let (key, value) = service.selector.first_key_value()?;
        let namespace = Arc::clone(&service.key.namespace);
        Some(Self { namespace, key: Arc::clone(key), value: Arc::clone(value) })
    }
}

impl Selectors {
    pub(super) fn insert(&mut self, service: &Service) {
        if let Some(first) = FirstLabel::of(service) {
            self.0.entry(first).or_default().insert(Arc::clone(&service.key.name));
        }
    }

    pub(super) fn remove(&mut self, service: &Service) {
        let Some(first) = FirstLabel::of(service) else { return };
        if let Some(names) = self.0.get_mut(&first) {
            names.remove(&service.key.name);
            if names.is_empty() {
                self.0.remove(&first);
            }
        }
    }

    /// The Services that may select pods with these labels: those that select one of them first.
    fn candidates<'a>(
        &'a self,
        namespace: &'a Arc<str>,
        labels: &'a LabelMap,
    ) -> impl Iterator<Item = &'a Arc<str>> {
        labels.iter().flat_map(move |(key, value)| {
            let first = FirstLabel {
                namespace: Arc::clone(namespace),
                key: Arc::clone(key),
                value: Arc::clone(value),
            };
            self.0.get(&first).into_iter().flatten()
        })
    }
}

fn selects(service: &Service, labels: &LabelMap) -> bool {
    let mut wanted = service.selector.iter();
    !service.selector.is_empty() && wanted.all(|(key, value)| labels.get(key) == Some(value))
}

impl RuntimeIndex {
    /// The names of the Services that select pods with these labels, in order.
    pub(super) fn services_of(&self, namespace: &Arc<str>, labels: &LabelMap) -> Vec<Arc<str>> {
        let candidates = self.selectors.candidates(namespace, labels).take(MOST_SERVICES);
        let mut names: Vec<Arc<str>> = candidates
            .filter(|name| {
                let key = callboard_plugin::ServiceKey {
                    namespace: Arc::clone(namespace),
                    name: Arc::clone(name),
                };
                self.view.services.get(&key).is_some_and(|service| selects(service, labels))
            })
            .cloned()
            .collect();
        names.sort();
        names
    }

    /// The workloads whose pods a Service selects, as far as they were summed up; those that
    /// were not will look for themselves.
    pub(super) fn touch_selected(&mut self, service: &Service) {
        if service.selector.is_empty() {
            return;
        }
        let first = WorkloadKey {
            namespace: Arc::clone(&service.key.namespace),
            kind: WorkloadKind::Deployment,
            name: "".into(),
        };
        let of_namespace = self.view.workloads.range(first..);
        let of_namespace = of_namespace
            .take_while(|(key, _)| key.namespace == service.key.namespace)
            .filter(|(_, workload)| selects(service, &workload.pod_labels));
        self.dirty.extend(of_namespace.map(|(key, _)| key.clone()));
    }
}
