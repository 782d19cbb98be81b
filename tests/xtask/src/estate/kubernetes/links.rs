//! Links of the mesh to other clusters.

use super::Site;
use super::metadata::{Identity, age, entry};
use super::services::MULTICLUSTER;
use crate::estate::truth::LinkTruth;
use serde_json::{Map, Value, json};

/// The label of Services that may be mirrored.
const EXPORTED: &str = "mirror.linkerd.io/exported";

/// Every Link from this cluster.
pub(super) fn links(site: &Site<'_>) -> Vec<Value> {
    let own = site.truth.links.iter().filter(|link| link.from == site.cluster.name);
    own.map(|link| object(site, link)).collect()
}

fn object(site: &Site<'_>, link: &LinkTruth) -> Value {
    let identity = Identity {
        kind: "Link",
        namespace: MULTICLUSTER,
        name: &link.to,
        annotations: vec![entry(
            "linkerd.io/created-by",
            format!("linkerd/cli {}", site.cluster.linkerd),
        )],
        age: age(&format!("link/{}/{}", link.from, link.to), 100, 400),
        ..Identity::default()
    };
    json!({ "metadata": identity.metadata(site), "spec": spec(link), "status": status(site, link) })
}

fn spec(link: &LinkTruth) -> Value {
    let mut spec = Map::new();
    let mut put = |key: &str, value: Value| spec.insert(key.to_owned(), value);
    put("clusterCredentialsSecret", format!("cluster-credentials-{}", link.to).into());
    put(
        "federatedServiceSelector",
        json!({ "matchLabels": { "mirror.linkerd.io/federated": "member" } }),
    );
    // A flat network takes whatever is exported; gateways carry what asks for them.
    if let Some(gateway) = &link.gateway {
        put("gatewayAddress", gateway.address.clone().into());
        let identity =
            "linkerd-gateway.linkerd-multicluster.serviceaccount.identity.linkerd.cluster.local";
        put("gatewayIdentity", identity.into());
        put("gatewayPort", "4143".into());
        put(
            "probeSpec",
            json!({ "failureThreshold": "3", "path": "/ready", "period": "3s",
                    "port": "4191", "timeout": "30s" }),
        );
        put("remoteDiscoverySelector", json!({ "matchLabels": { EXPORTED: "remote-discovery" } }));
        put("selector", json!({ "matchLabels": { EXPORTED: "true" } }));
    } else {
        let all =
            json!({ "key": EXPORTED, "operator": "In", "values": ["true", "remote-discovery"] });
        put("remoteDiscoverySelector", json!({ "matchExpressions": [all] }));
    }
    put("targetClusterDomain", "cluster.local".into());
    put("targetClusterLinkerdNamespace", "linkerd".into());
    put("targetClusterName", link.to.clone().into());
    Value::Object(spec)
}

fn status(site: &Site<'_>, link: &LinkTruth) -> Value {
    let target = site.truth.clusters.iter().find(|cluster| cluster.name == link.to);
    let exports = target.into_iter().flat_map(|cluster| &cluster.exports);
    let mirrored = exports.filter_map(|path| {
        let (namespace, name) = path.split_once('/')?;
        Some(json!({
            "conditions": [{
                "lastTransitionTime": site.before(age("mirrored", 20, 60)),
                "localRef": { "group": "", "kind": "Service", "name": format!("{name}-{}", link.to),
                    "namespace": namespace },
                "message": "",
                "reason": "Mirrored",
                "status": "True",
                "type": "Mirrored",
            }],
            "controllerName": "linkerd.io/service-mirror",
            "remoteRef": { "group": "", "kind": "Service", "name": name, "namespace": namespace },
        }))
    });
    json!({ "mirrorServices": mirrored.collect::<Vec<_>>() })
}
