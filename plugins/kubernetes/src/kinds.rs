//! The table of kinds: what is watched, how it is asked for, and how it is read.
//!
//! A new kind is a file below, a variant of [`Kind`], a row of [`TABLE`] and, where it shows
//! something new, a variant of [`crate::object::Object`] that the index knows.

mod cron_job;
mod daemon_set;
mod deployment;
mod event;
mod horizontal_pod_autoscaler;
mod job;
mod link;
mod metadata;
mod mirror;
mod namespace;
mod node;
mod pod;
mod replica_set;
mod service;
mod stateful_set;
mod template;

use std::cmp::Ordering;

use callboard_plugin::WorkloadKind;
use serde::de::DeserializeOwned;

use crate::{
    decode::{DecodeError, Page, decode_object, decode_page},
    intern::Interner,
    object::Object,
};

/// A watched kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Kind {
    Node,
    Namespace,
    Deployment,
    ReplicaSet,
    StatefulSet,
    DaemonSet,
    CronJob,
    Job,
    Pod,
    Service,
    HorizontalPodAutoscaler,
    Event,
    Link,
}

impl Kind {
    /// The kind of a workload.
    pub(crate) const fn of_workload(kind: WorkloadKind) -> Self {
        match kind {
            WorkloadKind::Deployment => Self::Deployment,
            WorkloadKind::StatefulSet => Self::StatefulSet,
            WorkloadKind::DaemonSet => Self::DaemonSet,
            WorkloadKind::CronJob => Self::CronJob,
            WorkloadKind::Job => Self::Job,
            WorkloadKind::ReplicaSet => Self::ReplicaSet,
            WorkloadKind::Pod => Self::Pod,
        }
    }
}

/// How an object's JSON becomes what is kept of it.
pub(crate) trait Lean {
    /// What is read of the JSON; all else is skipped as it passes.
    type Wire: DeserializeOwned;

    /// What is kept; `None` = nothing that is shown.
    fn object(wire: Self::Wire, interner: &mut Interner) -> Option<Object>;
}

/// How much of an object is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// All of it.
    Whole,
    /// Its metadata alone.
    Metadata,
}

/// Which versions of a group can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Versions {
    /// This one.
    Only(&'static str),
    /// Whichever is served, newest first.
    Newest,
}

impl Versions {
    /// The best of the served versions.
    pub(crate) fn choose<'a>(self, served: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
        let mut versions: Vec<&str> = served.collect();
        match self {
            Self::Only(version) => versions.retain(|served| *served == version),
            Self::Newest => versions.sort_by(|one, other| compare_versions(other, one)),
        }
        versions
    }
}

/// One row of the table.
pub(crate) struct KindRow {
    pub(crate) kind: Kind,
    /// Kubernetes' name.
    pub(crate) name: &'static str,
    /// The API group; empty for the core.
    pub(crate) group: &'static str,
    pub(crate) versions: Versions,
    /// The resource.
    pub(crate) plural: &'static str,
    pub(crate) form: Form,
    /// Which objects are asked for; `None` = all.
    pub(crate) field_selector: Option<&'static str>,
    /// How many are kept, the newest; `None` = all, up to the budget.
    pub(crate) newest: Option<usize>,
    /// Reads a page of a list.
    pub(crate) page: fn(&[u8], &mut Interner) -> Result<Page, DecodeError>,
    /// Reads one object.
    pub(crate) object: fn(&str, &mut Interner) -> Result<Option<Object>, DecodeError>,
}

impl std::fmt::Debug for KindRow {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.name)
    }
}

impl KindRow {
    const fn new<K: Lean>(
        kind: Kind,
        name: &'static str,
        group: &'static str,
        versions: Versions,
        plural: &'static str,
    ) -> Self {
        Self {
            kind,
            name,
            group,
            versions,
            plural,
            form: Form::Whole,
            field_selector: None,
            newest: None,
            page: decode_page::<K>,
            object: decode_object::<K>,
        }
    }

    /// The file of a snapshot folder, without its ending.
    pub(crate) fn file_stem(&self) -> String {
        if self.group.is_empty() {
            self.plural.to_owned()
        } else {
            format!("{}.{}", self.plural, self.group)
        }
    }

    /// `group/version` as objects carry it.
    pub(crate) fn api_version(&self, version: &str) -> String {
        if self.group.is_empty() { version.to_owned() } else { format!("{}/{version}", self.group) }
    }

    /// The path of the whole list.
    pub(crate) fn path(&self, version: &str) -> String {
        if self.group.is_empty() {
            format!("/api/{version}/{}", self.plural)
        } else {
            format!("/apis/{}/{version}/{}", self.group, self.plural)
        }
    }

    /// The version to name where none was discovered.
    pub(crate) const fn usual_version(&self) -> &'static str {
        match self.versions {
            Versions::Only(version) => version,
            Versions::Newest => "",
        }
    }
}

const V1: Versions = Versions::Only("v1");

/// Every watched kind, in the order in which they are shown.
pub(crate) static TABLE: [KindRow; 13] = [
    KindRow::new::<node::Nodes>(Kind::Node, "Node", "", V1, "nodes"),
    KindRow::new::<namespace::Namespaces>(Kind::Namespace, "Namespace", "", V1, "namespaces"),
    KindRow::new::<deployment::Deployments>(
        Kind::Deployment,
        "Deployment",
        "apps",
        V1,
        "deployments",
    ),
    KindRow {
        form: Form::Metadata,
        ..KindRow::new::<replica_set::ReplicaSets>(
            Kind::ReplicaSet,
            "ReplicaSet",
            "apps",
            V1,
            "replicasets",
        )
    },
    KindRow::new::<stateful_set::StatefulSets>(
        Kind::StatefulSet,
        "StatefulSet",
        "apps",
        V1,
        "statefulsets",
    ),
    KindRow::new::<daemon_set::DaemonSets>(Kind::DaemonSet, "DaemonSet", "apps", V1, "daemonsets"),
    KindRow::new::<cron_job::CronJobs>(Kind::CronJob, "CronJob", "batch", V1, "cronjobs"),
    KindRow::new::<job::Jobs>(Kind::Job, "Job", "batch", V1, "jobs"),
    KindRow::new::<pod::Pods>(Kind::Pod, "Pod", "", V1, "pods"),
    KindRow::new::<service::Services>(Kind::Service, "Service", "", V1, "services"),
    KindRow::new::<horizontal_pod_autoscaler::Autoscalers>(
        Kind::HorizontalPodAutoscaler,
        "HorizontalPodAutoscaler",
        "autoscaling",
        Versions::Only("v2"),
        "horizontalpodautoscalers",
    ),
    KindRow {
        field_selector: Some("type=Warning"),
        newest: Some(2000),
        ..KindRow::new::<event::Events>(Kind::Event, "Event", "", V1, "events")
    },
    KindRow::new::<link::Links>(
        Kind::Link,
        "Link",
        "multicluster.linkerd.io",
        Versions::Newest,
        "links",
    ),
];

/// Kubernetes' own order of versions: `v2`, `v1`, `v1beta2`, `v1beta1`, `v1alpha1`, then what has
/// another form by name. Source: Kubernetes, API overview, version priority.
fn compare_versions(one: &str, other: &str) -> Ordering {
    match (parsed_version(one), parsed_version(other)) {
        (Some(one), Some(other)) => one.cmp(&other),
        (Some(_), None) => Ordering::Greater,
        (None, Some(_)) => Ordering::Less,
        (None, None) => other.cmp(one),
    }
}

/// Stability, major and minor number: a version with a greater one is newer.
fn parsed_version(version: &str) -> Option<(u8, u32, u32)> {
    let rest = version.strip_prefix('v')?;
    let parts = |stability: u8, (major, minor): (&str, &str)| {
        Some((stability, major.parse().ok()?, minor.parse().ok()?))
    };
    if let Some(split) = rest.split_once("alpha") {
        return parts(0, split);
    }
    if let Some(split) = rest.split_once("beta") {
        return parts(1, split);
    }
    Some((2, rest.parse().ok()?, 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_kinds() {
        for (index, row) in TABLE.iter().enumerate() {
            assert_eq!(row.kind as usize, index, "{}", row.name);
        }
    }

    #[test]
    fn the_newest_version_comes_first() {
        let served = ["v1alpha1", "v1beta1", "v1", "v1alpha3", "v2", "odd", "v1beta2"];
        let chosen = Versions::Newest.choose(served.into_iter());
        assert_eq!(chosen, ["v2", "v1", "v1beta2", "v1beta1", "v1alpha3", "v1alpha1", "odd"]);
    }

    #[test]
    fn a_kind_of_one_version_takes_no_other() {
        assert!(Versions::Only("v2").choose(["v1"].into_iter()).is_empty());
    }

    #[test]
    fn secrets_and_config_maps_are_not_watched() {
        assert!(TABLE.iter().all(|row| !["secrets", "configmaps"].contains(&row.plural)));
    }
}
