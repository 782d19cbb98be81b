//! Clusters, and what components depend on.

use super::{Descriptors, entity, link};
use crate::estate::model::{Cluster, Estate, Resource};
use crate::estate::yaml::Yaml;

/// Who looks after the clusters.
const FLEET_OWNER: &str = "runtime";

/// Adds `shared/clusters.yaml` and `shared/resources.yaml`.
pub(super) fn add_shared(all: &mut Descriptors, estate: &Estate) {
    let clusters = "shared/clusters.yaml";
    all.comment(clusters, "The nine clusters. Names are those of the kubeconfig contexts.");
    estate.clusters.iter().for_each(|one| all.put(clusters, cluster(one)));
    let resources = "shared/resources.yaml";
    all.comment(resources, "What several systems use and no single repository declares.");
    let shared = estate.resources.iter().filter(|one| one.declared_by.is_none());
    shared.for_each(|one| all.put(resources, descriptor(one)));
}

fn cluster(cluster: &Cluster) -> Yaml {
    let name = &cluster.name;
    let login = match cluster.cloud.as_str() {
        "azure" => "aks",
        "gcp" => "google",
        _ => "aws",
    };
    let labels = Yaml::map()
        .with("vinterhavn.example/cloud", &cluster.cloud)
        .with("vinterhavn.example/region", &cluster.region)
        .with("vinterhavn.example/environment", &cluster.environment);
    let annotations = Yaml::map()
        .with("kubernetes.io/api-server", format!("https://api.{name}.vinterhavn.example"))
        .with("kubernetes.io/auth-provider", login)
        .with("grafana/dashboard-selector", "tags @> 'cluster'");
    let grafana = format!("https://grafana.{name}.vinterhavn.example");
    let metadata = Yaml::map()
        .with("name", name)
        .with("description", &cluster.about)
        .with("labels", labels)
        .with("annotations", annotations)
        .with("tags", vec![&cluster.cloud, &cluster.environment])
        .with("links", Yaml::List(vec![link(grafana, "Grafana", "dashboard")]));
    let spec = Yaml::map()
        .with("type", "kubernetes-cluster")
        .with("owner", FLEET_OWNER)
        .with("system", "runtime");
    entity("Resource", metadata, spec)
}

/// The descriptor of `resource`.
pub(super) fn descriptor(resource: &Resource) -> Yaml {
    let labels = resource.labels.iter().fold(Yaml::map(), |labels, (key, value)| {
        labels.with(&format!("vinterhavn.example/{key}"), value)
    });
    let metadata = Yaml::map()
        .with("name", &resource.name)
        .with_any("title", resource.title.as_deref().unwrap_or_default())
        .with("description", &resource.about)
        .with_any("labels", labels);
    let spec = Yaml::map()
        .with("type", &resource.kind)
        .with("owner", &resource.owner)
        .with_any("system", resource.system.as_deref().unwrap_or_default())
        .with_any("dependsOn", resource.depends_on.clone());
    entity("Resource", metadata, spec)
}
