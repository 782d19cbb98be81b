//! Which workload answers a call, in whichever cluster.

use std::sync::Arc;

use callboard_plugin::{CallTarget, LinkMode, MirroredService, ServiceKey, WorkloadKey};

use super::shape::{ClusterShape, ServiceShape};
use crate::placement::Sight;

/// How a target's cluster is found: by its place among the configured clusters.
pub(super) type ClusterIndex = usize;

/// What a call leads to.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Resolved {
    /// One of these workloads of a cluster, the likeliest first; never empty.
    Workloads { cluster: ClusterIndex, keys: Vec<WorkloadKey>, mode: Option<LinkMode> },
    /// One of these, in several clusters, and the mesh does not tell which.
    Spread { service: ServiceKey, candidates: Vec<(ClusterIndex, WorkloadKey)> },
    /// A host name.
    Host(Arc<str>),
    /// A Service, of a cluster as it is called there, of which no workload is found.
    Nothing {
        cluster_name: Arc<str>,
        service: ServiceKey,
        mode: Option<LinkMode>,
        reason: Arc<str>,
    },
}

/// Resolves the targets of calls that are made in one cluster.
pub(super) struct Resolver<'e> {
    clusters: &'e [Arc<ClusterShape>],
    at: ClusterIndex,
    here: &'e ClusterShape,
}

impl<'e> Resolver<'e> {
    /// For calls that are made in the cluster `at`; `None` if there is none.
    pub(super) fn new(clusters: &'e [Arc<ClusterShape>], at: ClusterIndex) -> Option<Self> {
        Some(Self { clusters, at, here: clusters.get(at)? })
    }

    /// What a call leads to.
    pub(super) fn resolve(&self, target: &CallTarget) -> Resolved {
        match target {
            CallTarget::Workload { key, service } => self.workload(key, service.as_ref()),
            CallTarget::Service(service) => self.only_service(service),
            CallTarget::RemoteService { target_cluster, service } => {
                self.remote(target_cluster, service, LinkMode::Gateway)
            }
            CallTarget::Authority(host) => Resolved::Host(Arc::clone(host)),
        }
    }

    /// The mesh names the workload; the Service tells in which cluster it is.
    fn workload(&self, key: &WorkloadKey, service: Option<&ServiceKey>) -> Resolved {
        let here = |cluster, mode| Resolved::Workloads { cluster, keys: vec![key.clone()], mode };
        let Some(service) = service else { return here(self.at, None) };
        let mirrors = self.mirrors(service);
        let [mirror] = &*mirrors else { return self.federated(key, service, &mirrors) };
        match self.cluster_called(&mirror.target_cluster) {
            Some(cluster) => here(cluster, Some(mirror.mode)),
            None => self.no_cluster(&mirror.target_cluster, &mirror.target, mirror.mode),
        }
    }

    /// A federated Service stands for Services of several clusters, perhaps of this one too.
    fn federated(
        &self,
        key: &WorkloadKey,
        service: &ServiceKey,
        mirrors: &[MirroredService],
    ) -> Resolved {
        let is_there = |at: &ClusterIndex| {
            self.clusters.get(*at).is_some_and(|cluster| cluster.workloads.contains_key(key))
        };
        let others = mirrors.iter().filter_map(|m| self.cluster_called(&m.target_cluster));
        let mut candidates: Vec<ClusterIndex> =
            std::iter::once(self.at).chain(others).filter(is_there).collect();
        candidates.sort_unstable();
        candidates.dedup();
        let workloads =
            |cluster, mode| Resolved::Workloads { cluster, keys: vec![key.clone()], mode };
        match &*candidates {
            _ if mirrors.is_empty() => workloads(self.at, None),
            [] => {
                let names: Vec<&str> = mirrors.iter().map(|m| &*m.target_cluster).collect();
                let reason = format!("workload {key} is in none of {}", names.join(", "));
                self.nothing(self.here.name.shared(), service, Some(LinkMode::Flat), reason)
            }
            [only] if *only == self.at => workloads(self.at, None),
            [only] => workloads(*only, Some(LinkMode::Flat)),
            _ => Resolved::Spread {
                service: service.clone(),
                candidates: candidates.iter().map(|at| (*at, key.clone())).collect(),
            },
        }
    }

    /// The mesh names only the Service.
    fn only_service(&self, service: &ServiceKey) -> Resolved {
        let mirrors = self.mirrors(service);
        match &*mirrors {
            [] => self.selected(self.at, service, None),
            [mirror] => self.remote(&mirror.target_cluster, &mirror.target, mirror.mode),
            several => {
                let reason = format!(
                    "Service {service} stands for {} clusters, and the mesh does not tell which answered",
                    several.len()
                );
                self.nothing(self.here.name.shared(), service, Some(LinkMode::Flat), reason)
            }
        }
    }

    fn remote(&self, cluster_name: &Arc<str>, service: &ServiceKey, mode: LinkMode) -> Resolved {
        match self.cluster_called(cluster_name) {
            Some(cluster) => self.selected(cluster, service, Some(mode)),
            None => self.no_cluster(cluster_name, service, mode),
        }
    }

    /// What a Service selects. Of several workloads the one that is called like the Service comes
    /// first, then by key.
    fn selected(&self, at: ClusterIndex, service: &ServiceKey, mode: Option<LinkMode>) -> Resolved {
        let Some(cluster) = self.clusters.get(at) else { return self.nowhere(service, mode) };
        let name = cluster.name.shared();
        let found = cluster.services.get(service);
        if let Some(ServiceShape { workloads, .. }) = found
            && !workloads.is_empty()
        {
            let mut keys = workloads.clone();
            keys.sort_by_key(|key| (key.name != service.name, key.clone()));
            return Resolved::Workloads { cluster: at, keys, mode };
        }
        let reason = match (found, &cluster.service_sight, &cluster.sight) {
            (Some(found), _, Sight::Whole) if found.has_selector => {
                format!("Service {service} in {name} selects no workload that runs")
            }
            (Some(found), _, Sight::Blind(reason)) if found.has_selector => {
                format!("the workloads of {name} cannot be seen: {reason}")
            }
            (Some(_), ..) => format!("Service {service} in {name} selects nothing"),
            (None, Sight::Whole, _) => format!("there is no Service {service} in {name}"),
            (None, Sight::Blind(reason), _) => {
                format!("the Services of {name} cannot be seen: {reason}")
            }
        };
        self.nothing(name, service, mode, reason)
    }

    /// What a Service mirrors. Where Services cannot be read, the name tells: a mirror is called
    /// `<service>-<target cluster>`. Source: Linkerd, `multicluster/service-mirror`.
    fn mirrors(&self, service: &ServiceKey) -> Arc<[MirroredService]> {
        if let Some(found) = self.here.services.get(service) {
            return Arc::clone(&found.mirrors);
        }
        if self.here.service_sight == Sight::Whole {
            return Arc::default();
        }
        let by_name = self.here.links.iter().find_map(|link| {
            let rest = service.name.strip_suffix(&*link.target_cluster)?;
            let name = rest.strip_suffix('-').filter(|name| !name.is_empty())?;
            let target =
                ServiceKey { namespace: Arc::clone(&service.namespace), name: name.into() };
            let target_cluster = Arc::clone(&link.target_cluster);
            Some(MirroredService { target_cluster, target, mode: link.mode })
        });
        by_name.into_iter().collect()
    }

    /// The configured cluster that a Link means: by its name, else by a name that it is given in
    /// the configuration, else by the name of the Link.
    pub(super) fn cluster_called(&self, name: &str) -> Option<ClusterIndex> {
        cluster_called(self.clusters, self.here, name)
    }

    fn no_cluster(&self, name: &Arc<str>, service: &ServiceKey, mode: LinkMode) -> Resolved {
        self.nothing(name, service, Some(mode), format!("cluster {name} is not configured"))
    }

    fn nowhere(&self, service: &ServiceKey, mode: Option<LinkMode>) -> Resolved {
        self.nothing(self.here.name.shared(), service, mode, "there is no such cluster".to_owned())
    }

    #[expect(clippy::unused_self, reason = "stands among the answers of the resolver")]
    fn nothing(
        &self,
        cluster_name: &Arc<str>,
        service: &ServiceKey,
        mode: Option<LinkMode>,
        reason: String,
    ) -> Resolved {
        Resolved::Nothing {
            cluster_name: Arc::clone(cluster_name),
            service: service.clone(),
            mode,
            reason: reason.into(),
        }
    }
}

/// See [`Resolver::cluster_called`].
pub(crate) fn cluster_called(
    clusters: &[Arc<ClusterShape>],
    here: &ClusterShape,
    name: &str,
) -> Option<usize> {
    let named = |name: &str| {
        let exact = clusters.iter().position(|cluster| cluster.name.as_str() == name);
        exact.or_else(|| clusters.iter().position(|cluster| cluster.is_called(name)))
    };
    named(name).or_else(|| {
        let mut links = here.links.iter().filter(|link| &*link.target_cluster == name);
        links.find_map(|link| named(&link.name))
    })
}
