//! What runs in the clusters of the world.

use super::{Cluster, LinkMode, Place, REPLICAS, World, namespace, service};
use crate::lab::kubernetes::{Contents, Deployed, link, mirror_service};

/// Where other clusters' gateways are.
const GATEWAY: &str = "20.50.1.7";

impl World {
    /// What one cluster holds: every service with its pods, the mirrors of what it calls in other
    /// clusters, and Links to those.
    pub(crate) fn contents(&self, cluster: &Cluster) -> Contents {
        let calls = self.edges.iter().filter(|edge| edge.from.cluster == cluster.name);
        let mut mirrored: Vec<(&Place, LinkMode)> =
            calls.filter_map(|edge| Some((&edge.to, edge.mode?))).collect();
        mirrored.sort_unstable();
        mirrored.dedup_by_key(|(place, _)| (place.cluster, place.name.clone()));
        let mut targets: Vec<(&str, LinkMode)> =
            mirrored.iter().map(|(place, mode)| (place.cluster, *mode)).collect();
        targets.sort_unstable();
        targets.dedup();
        let of_mode = |mode| if mode == LinkMode::Gateway { Some(GATEWAY) } else { None };
        Contents {
            cloud: cluster.cloud,
            region: cluster.region,
            namespaces: (0..5).map(|number| namespace(number).to_owned()).collect(),
            deployed: (0..).zip(&self.services).map(|(number, _)| deployed(number)).collect(),
            links: targets.iter().map(|(target, mode)| link(target, of_mode(*mode))).collect(),
            services: mirrored
                .iter()
                .map(|(to, mode)| mirror_service(to.namespace, &to.name, to.cluster, *mode))
                .collect(),
        }
    }
}

/// A service as it is deployed in every cluster. Half of them are found by Backstage's label, the
/// rest by Kubernetes' own.
fn deployed(number: u32) -> Deployed {
    let name = service(number);
    let found_by = if number.is_multiple_of(2) {
        "backstage.io/kubernetes-id"
    } else {
        "app.kubernetes.io/name"
    };
    Deployed {
        namespace: namespace(number).to_owned(),
        tag: format!("1.{}.{}", number % 7, number % 3),
        replicas: REPLICAS,
        labels: vec![
            (found_by.to_owned(), name.clone()),
            ("app.kubernetes.io/instance".to_owned(), name.clone()),
            ("app.kubernetes.io/part-of".to_owned(), "bank".to_owned()),
            ("squad".to_owned(), format!("squad-{:02}", number % 20)),
        ],
        name,
    }
}
