//! Which Services of other clusters a Service stands for, by Linkerd's labels and annotations.

use std::sync::Arc;

use callboard_plugin::{LinkMode, MirroredService, ServiceKey};

use crate::{bounded::Labels, intern::Interner};

const MIRRORED: &str = "mirror.linkerd.io/mirrored-service";
const MIRRORED_GATEWAY: &str = "mirror.linkerd.io/mirrored-gateway";
const CLUSTER: &str = "mirror.linkerd.io/cluster-name";
const REMOTE_FQ_NAME: &str = "mirror.linkerd.io/remote-svc-fq-name";
const REMOTE_DISCOVERY: &str = "multicluster.linkerd.io/remote-discovery";
const REMOTE_SERVICE: &str = "multicluster.linkerd.io/remote-service";

/// How many clusters a federated Service may name.
const MOST_MEMBERS: usize = 256;

/// What `key` mirrors: one Service, or each remote member of a federated one. The Service that
/// stands for another cluster's gateway mirrors nothing.
pub(super) fn mirrors(
    key: &ServiceKey,
    labels: &Labels,
    annotations: &Labels,
    interner: &mut Interner,
) -> Vec<MirroredService> {
    if labels.get(MIRRORED) != Some("true") || labels.get(MIRRORED_GATEWAY) == Some("true") {
        return Vec::new();
    }
    if let Some(members) = annotations.get(REMOTE_DISCOVERY) {
        return federated(key, members, interner);
    }
    if let Some(cluster) = labels.get(REMOTE_DISCOVERY) {
        let name = labels.get(REMOTE_SERVICE).or_else(|| unsuffixed(&key.name, cluster));
        let target = service(&key.namespace, name.unwrap_or(&key.name), interner);
        let target_cluster = interner.text(cluster);
        return vec![MirroredService { target_cluster, target, mode: LinkMode::Flat }];
    }
    let Some(cluster) = labels.get(CLUSTER) else { return Vec::new() };
    let target = annotations.get(REMOTE_FQ_NAME).and_then(|name| qualified(name, interner));
    let target = target.unwrap_or_else(|| {
        let name = unsuffixed(&key.name, cluster).unwrap_or(&key.name);
        service(&key.namespace, name, interner)
    });
    let target_cluster = interner.text(cluster);
    vec![MirroredService { target_cluster, target, mode: LinkMode::Gateway }]
}

/// `service@cluster,service@cluster`.
fn federated(key: &ServiceKey, members: &str, interner: &mut Interner) -> Vec<MirroredService> {
    let members = members.split(',').filter_map(|member| member.trim().split_once('@'));
    members
        .take(MOST_MEMBERS)
        .map(|(name, cluster)| MirroredService {
            target_cluster: interner.text(cluster),
            target: service(&key.namespace, name, interner),
            mode: LinkMode::Flat,
        })
        .collect()
}

/// `ledger.bank.svc.cluster.local`.
fn qualified(name: &str, interner: &mut Interner) -> Option<ServiceKey> {
    let mut parts = name.split('.');
    let (name, namespace) = (parts.next()?, parts.next()?);
    Some(ServiceKey { namespace: interner.text(namespace), name: interner.text(name) })
}

/// A mirror is called after its Service and the cluster.
fn unsuffixed<'a>(name: &'a str, cluster: &str) -> Option<&'a str> {
    name.strip_suffix(cluster)?.strip_suffix('-')
}

fn service(namespace: &Arc<str>, name: &str, interner: &mut Interner) -> ServiceKey {
    ServiceKey { namespace: Arc::clone(namespace), name: interner.text(name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(entries: &[(&str, &str)]) -> Labels {
        let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        Labels(entries.iter().map(owned).collect())
    }

    fn of(name: &str, own: &[(&str, &str)], notes: &[(&str, &str)]) -> Vec<String> {
        let key = ServiceKey { namespace: "bank".into(), name: name.into() };
        let found = mirrors(&key, &labels(own), &labels(notes), &mut Interner::default());
        let told =
            |one: &MirroredService| format!("{} {} {:?}", one.target_cluster, one.target, one.mode);
        found.iter().map(told).collect()
    }

    #[test]
    fn a_mirror_behind_a_gateway_names_its_service() {
        let own = [(MIRRORED, "true"), (CLUSTER, "azure-prod")];
        let notes = [(REMOTE_FQ_NAME, "ledger.core.svc.cluster.local")];
        assert_eq!(of("ledger-azure-prod", &own, &notes), ["azure-prod core/ledger Gateway"]);
        assert_eq!(of("ledger-azure-prod", &own, &[]), ["azure-prod bank/ledger Gateway"]);
    }

    #[test]
    fn a_mirror_on_a_flat_network_names_its_service() {
        let own = [
            (MIRRORED, "true"),
            (CLUSTER, "gcp"),
            (REMOTE_DISCOVERY, "gcp"),
            (REMOTE_SERVICE, "fx"),
        ];
        assert_eq!(of("fx-gcp", &own, &[]), ["gcp bank/fx Flat"]);
    }

    #[test]
    fn a_federated_service_names_every_remote_member() {
        let own = [(MIRRORED, "true")];
        let notes = [(REMOTE_DISCOVERY, "fx@gcp, fx@aws")];
        assert_eq!(of("fx-federated", &own, &notes), ["gcp bank/fx Flat", "aws bank/fx Flat"]);
    }

    #[test]
    fn a_gateway_and_a_plain_service_mirror_nothing() {
        let gateway = [(MIRRORED, "true"), (MIRRORED_GATEWAY, "true"), (CLUSTER, "gcp")];
        assert!(of("probe-gateway-gcp", &gateway, &[]).is_empty());
        assert!(of("ledger", &[("app", "ledger")], &[]).is_empty());
    }
}
