//! The clusters' part of the wiring: watchers, metrics, mesh, and the estate that joins them.

use std::sync::Arc;

use callboard_auth::{AuthorizedEntitiesCatalog, StaticPolicy};
use callboard_catalog::{catalog_engine::CatalogEngine, entities_catalog::EntitiesCatalog};
use callboard_model::SystemClock;
use callboard_plugin::{MeshSource, RuntimeSource};
use callboard_plugin_kubernetes::{
    Budget, ClusterConfig as WatchedCluster, ClusterWatcher, Connection, Credentials,
};
use callboard_plugin_mesh::LinkerdMesh;
use callboard_topology::{
    AuthorizedTopology, CatalogFeed, ClusterSources, DependencyFacts, DependencyRecorder,
    EstateLoop, EstateOptions, SharedEstate,
};

use self::metrics::MetricsWiring;
use crate::{
    config::{ClusterConfig, ClustersConfig, KubernetesConfig, KubernetesCredentials},
    supervisor::Supervisor,
};

pub(crate) mod metrics;

/// What the estate is joined to.
#[derive(Debug)]
pub(crate) struct CatalogPorts<'a> {
    /// The engine, whose changes are followed.
    pub(crate) engine: &'a CatalogEngine,
    /// The catalog as callers may see it.
    pub(crate) catalog: AuthorizedEntitiesCatalog,
    /// Where observed calls are kept.
    pub(crate) facts: Arc<dyn DependencyFacts>,
}

/// Starts the watchers, meshes and the estate of `config` under `supervisor`.
///
/// # Errors
///
/// If outgoing requests cannot be made at all. A bad cluster is a fault of its own.
pub(crate) async fn start(
    config: &ClustersConfig,
    ports: CatalogPorts<'_>,
    supervisor: &mut Supervisor,
) -> anyhow::Result<AuthorizedTopology> {
    let mut wiring = MetricsWiring::new(config)?;
    let mut sources = Vec::new();
    for cluster in &config.clusters {
        sources.push(ClusterSources {
            name: cluster.name.clone(),
            place: cluster.place.clone(),
            mesh_names: Arc::default(),
            runtime: runtime(config, cluster, supervisor),
            mesh: mesh(cluster, &mut wiring, supervisor).await,
        });
    }
    Ok(estate(config, ports, sources, supervisor))
}

fn estate(
    config: &ClustersConfig,
    ports: CatalogPorts<'_>,
    sources: Vec<ClusterSources>,
    supervisor: &mut Supervisor,
) -> AuthorizedTopology {
    let catalog: Arc<dyn EntitiesCatalog> = ports.engine.catalog();
    let feed =
        CatalogFeed { catalog, notices: ports.engine.notices(), status: ports.engine.status() };
    let day = std::time::Duration::from_hours(24);
    let options =
        EstateOptions { unseen_after: day * config.unseen_after_days, ..EstateOptions::default() };
    let shared = Arc::new(SharedEstate::default());
    let recorder = Arc::new(DependencyRecorder::new(
        Arc::clone(&shared),
        Arc::clone(&ports.facts),
        ports.engine.status(),
        options,
        Arc::new(SystemClock),
    ));
    let estate =
        Arc::new(EstateLoop::new(sources, feed, ports.facts, options, Arc::clone(&shared)));
    supervisor.keep_running("estate", move |stop| {
        let estate = Arc::clone(&estate);
        async move { estate.run(stop).await }
    });
    supervisor.keep_running("facts of observed calls", move |stop| {
        let recorder = Arc::clone(&recorder);
        async move { recorder.run(stop).await }
    });
    AuthorizedTopology::new(shared, ports.catalog, Arc::new(StaticPolicy))
}

fn runtime(
    config: &ClustersConfig,
    cluster: &ClusterConfig,
    supervisor: &mut Supervisor,
) -> Arc<dyn RuntimeSource> {
    if let Err(reason) = &cluster.kubernetes {
        tracing::warn!(cluster.name = %cluster.name, "a cluster cannot be reached: {reason}");
    }
    let watcher = ClusterWatcher::new(watched(config, cluster), Arc::new(SystemClock));
    let source = watcher.source();
    supervisor.run(format!("watcher of {}", cluster.name), |stop| watcher.run(stop));
    source
}

/// A cluster as its watcher takes it. An entry that cannot be used is one that says so.
pub(crate) fn watched(config: &ClustersConfig, cluster: &ClusterConfig) -> WatchedCluster {
    WatchedCluster {
        name: cluster.name.clone(),
        place: cluster.place.clone(),
        connection: cluster.kubernetes.clone().map_or_else(Connection::Unusable, connection),
        allowed_exec: config.allowed_exec.clone().into(),
        budget: Budget::default(),
    }
}

fn connection(config: KubernetesConfig) -> Connection {
    match config {
        KubernetesConfig::Kubeconfig { file, context } => {
            Connection::Kubeconfig { path: file, context }
        }
        KubernetesConfig::InCluster => Connection::InCluster,
        KubernetesConfig::Snapshot(folder) => Connection::Snapshot(folder),
        KubernetesConfig::Address { url, ca_file, credentials } => Connection::Url {
            url: url.into(),
            ca_file,
            credentials: match credentials {
                KubernetesCredentials::None => Credentials::Anonymous,
                KubernetesCredentials::TokenFile(file) => Credentials::TokenFile(file),
                KubernetesCredentials::Certificate { certificate_file, key_file } => {
                    Credentials::ClientCertificate { certificate: certificate_file, key: key_file }
                }
            },
        },
    }
}

async fn mesh(
    cluster: &ClusterConfig,
    wiring: &mut MetricsWiring,
    supervisor: &mut Supervisor,
) -> Option<Arc<dyn MeshSource>> {
    let prometheus = cluster.prometheus.as_ref().filter(|_| cluster.mesh.is_some())?;
    let metrics = wiring.source(&cluster.name, prometheus).await;
    let mesh = LinkerdMesh::new(cluster.name.clone(), metrics, Arc::new(SystemClock));
    let running = mesh.clone();
    supervisor.run(format!("mesh of {}", cluster.name), |stop| running.run(stop));
    Some(Arc::new(mesh))
}
