//! Which pods a controller made, and which workload a controller belongs to.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use callboard_plugin::{WorkloadKey, WorkloadKind};

use super::RuntimeIndex;
use crate::object::{Controller, Name, Pod};

/// Pods by controller and controllers by workload.
#[derive(Debug, Default)]
pub(super) struct Bonds {
    /// The names of a controller's pods, which share its namespace.
    pods: HashMap<Controller, BTreeSet<Arc<str>>>,
    parents: HashMap<Controller, WorkloadKey>,
    children: HashMap<WorkloadKey, BTreeSet<Controller>>,
}

impl Bonds {
    /// Adds a pod; says whether it is the controller's first.
    pub(super) fn add(&mut self, controller: &Controller, pod: &Arc<str>) -> bool {
        let pods = self.pods.entry(controller.clone()).or_default();
        pods.insert(Arc::clone(pod)) && pods.len() == 1
    }

    /// Takes a pod away; says whether it was the controller's last.
    pub(super) fn remove(&mut self, controller: &Controller, pod: &Arc<str>) -> bool {
        let Some(pods) = self.pods.get_mut(controller) else { return false };
        pods.remove(pod);
        if pods.is_empty() {
            self.pods.remove(controller);
            return true;
        }
        false
    }

    /// Sets a controller's workload; gives the one that it had before, if that is another.
    pub(super) fn rebind(
        &mut self,
        controller: &Controller,
        parent: Option<WorkloadKey>,
    ) -> Option<WorkloadKey> {
        if self.parents.get(controller) == parent.as_ref() {
            return None;
        }
        let before = self.parents.remove(controller);
        if let Some(before) = &before
            && let Some(children) = self.children.get_mut(before)
        {
            children.remove(controller);
            if children.is_empty() {
                self.children.remove(before);
            }
        }
        if let Some(parent) = parent {
            self.children.entry(parent.clone()).or_default().insert(controller.clone());
            self.parents.insert(controller.clone(), parent);
        }
        before
    }

    /// The workload of a controller.
    pub(super) fn parent(&self, controller: &Controller) -> Option<&WorkloadKey> {
        self.parents.get(controller)
    }

    /// The controllers of a workload.
    pub(super) fn children(&self, key: &WorkloadKey) -> impl Iterator<Item = &Controller> {
        self.children.get(key).into_iter().flatten()
    }

    /// The names of a controller's pods.
    pub(super) fn pods(&self, controller: &Controller) -> impl Iterator<Item = &Arc<str>> {
        self.pods.get(controller).into_iter().flatten()
    }
}

impl RuntimeIndex {
    pub(super) fn apply_pod(&mut self, pod: &Pod) -> Option<Pod> {
        let before = self.pods.insert(pod.name.clone(), pod.clone());
        if before.as_ref() == Some(pod) {
            return before;
        }
        if let Some(before) = &before
            && before.controller != pod.controller
        {
            self.unbind(before);
        }
        match &pod.controller {
            Some(controller) => {
                if self.bonds.add(controller, &pod.name.name) {
                    self.rebind(controller);
                }
            }
            None => self.touch(pod.name.workload(WorkloadKind::Pod)),
        }
        self.touch_workload_of(pod);
        before
    }

    pub(super) fn delete_pod(&mut self, name: &Name) -> Option<Pod> {
        let pod = self.pods.remove(name)?;
        self.touch_workload_of(&pod);
        self.unbind(&pod);
        Some(pod)
    }

    fn unbind(&mut self, pod: &Pod) {
        match &pod.controller {
            Some(controller) => {
                if self.bonds.remove(controller, &pod.name.name) {
                    self.rebind(controller);
                }
            }
            None => self.touch(pod.name.workload(WorkloadKind::Pod)),
        }
    }

    fn touch_workload_of(&mut self, pod: &Pod) {
        if let Some(key) = self.workload_of(pod) {
            self.touch(key);
        }
    }

    /// The workload that a pod counts for.
    pub(super) fn workload_of(&self, pod: &Pod) -> Option<WorkloadKey> {
        match &pod.controller {
            Some(controller) => self.bonds.parent(controller).cloned(),
            None => Some(pod.name.workload(WorkloadKind::Pod)),
        }
    }

    /// The workload of a controller; `None` = there is neither the controller nor a pod of it.
    pub(super) fn parent_of(&self, controller: &Controller) -> Option<WorkloadKey> {
        let key =
            |kind, name: &Arc<str>| Name::new(&controller.name.namespace, name).workload(kind);
        let itself = controller.name.workload(controller.kind);
        let is_there = self.bonds.pods(controller).next().is_some();
        match controller.kind {
            WorkloadKind::ReplicaSet => match self.replica_sets.get(&controller.name) {
                Some(set) => Some(match &set.deployment {
                    Some(deployment) => key(WorkloadKind::Deployment, deployment),
                    None => itself,
                }),
                None if is_there => Some(match self.deployment_hint(controller) {
                    Some(deployment) => key(WorkloadKind::Deployment, &deployment),
                    None => itself,
                }),
                None => None,
            },
            WorkloadKind::Job => match self.own.get(&itself) {
                Some(job) => Some(match &job.cron_job {
                    Some(cron_job) => key(WorkloadKind::CronJob, cron_job),
                    None => itself,
                }),
                None => is_there.then_some(itself),
            },
            _ => is_there.then_some(itself),
        }
    }

    fn deployment_hint(&self, controller: &Controller) -> Option<Arc<str>> {
        let pod = self.pods_of(controller).next()?;
        pod.deployment.clone()
    }

    /// The pods of a controller.
    pub(super) fn pods_of<'a>(
        &'a self,
        controller: &'a Controller,
    ) -> impl Iterator<Item = &'a Pod> {
        self.bonds
            .pods(controller)
            .filter_map(|pod| self.pods.get(&Name::new(&controller.name.namespace, pod)))
    }
}
