//! Who calls and what is called, read off the labels of a series.

use std::sync::Arc;

use callboard_plugin::{CallTarget, Sample, ServiceKey, WorkloadKey, WorkloadKind, foreign_text};

/// The longest name of a Kubernetes object.
const MAX_NAME_BYTES: usize = 253;

/// Labels of the proxy's owner, and of the owner that discovery tells, for each kind.
const OWNERS: [(&str, &str, WorkloadKind); 6] = [
    ("deployment", "dst_deployment", WorkloadKind::Deployment),
    ("statefulset", "dst_statefulset", WorkloadKind::StatefulSet),
    ("daemonset", "dst_daemonset", WorkloadKind::DaemonSet),
    ("cronjob", "dst_cronjob", WorkloadKind::CronJob),
    ("k8s_job", "dst_k8s_job", WorkloadKind::Job),
    ("replicaset", "dst_replicaset", WorkloadKind::ReplicaSet),
];

/// One meshed workload and what it calls.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Edge {
    pub(crate) client: WorkloadKey,
    pub(crate) target: CallTarget,
}

impl Edge {
    /// The edge of an outbound series; `None` if its labels name no workload or no target.
    pub(crate) fn of(sample: &Sample) -> Option<Self> {
        Some(Self { client: owner(sample)?, target: target(sample)? })
    }
}

/// The workload whose proxy gives the series.
pub(crate) fn owner(sample: &Sample) -> Option<WorkloadKey> {
    let namespace = name(sample, "namespace")?;
    let owner = |(label, _, kind): &(&str, &str, WorkloadKind)| {
        Some(WorkloadKey {
            namespace: Arc::clone(&namespace),
            kind: *kind,
            name: name(sample, label)?,
        })
    };
    OWNERS.iter().find_map(owner)
}

fn target(sample: &Sample) -> Option<CallTarget> {
    let namespace = name(sample, "dst_namespace");
    if let Some(remote) = remote_service(sample) {
        return Some(remote);
    }
    let Some(namespace) = namespace else { return authority(sample) };
    let service = name(sample, "dst_service")
        .map(|name| ServiceKey { namespace: Arc::clone(&namespace), name });
    let workload = OWNERS.iter().find_map(|(_, label, kind)| {
        Some(WorkloadKey {
            namespace: Arc::clone(&namespace),
            kind: *kind,
            name: name(sample, label)?,
        })
    });
    match (workload, service) {
        (Some(key), service) => Some(CallTarget::Workload { key, service }),
        (None, Some(service)) => Some(CallTarget::Service(service)),
        (None, None) => None,
    }
}

/// What a mirror behind a gateway stands for.
fn remote_service(sample: &Sample) -> Option<CallTarget> {
    let target_cluster = sample.label("dst_target_cluster")?;
    let service = ServiceKey {
        namespace: name(sample, "dst_target_service_namespace")?,
        name: name(sample, "dst_target_service")?,
    };
    Some(CallTarget::RemoteService { target_cluster: shown(target_cluster), service })
}

/// A name or an address that discovery does not know. A name of a Service may be one all the
/// same, for as long as discovery cannot be asked.
fn authority(sample: &Sample) -> Option<CallTarget> {
    let authority = sample.label("authority").or_else(|| sample.label("target_ip"))?;
    Some(
        service_name(authority)
            .map_or_else(|| CallTarget::Authority(shown(authority)), CallTarget::Service),
    )
}

/// The Service of `name.namespace.svc.domain:port`.
fn service_name(authority: &str) -> Option<ServiceKey> {
    let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
    let mut parts = host.splitn(4, '.');
    let (name, namespace, svc) = (parts.next()?, parts.next()?, parts.next()?);
    let is_service = svc == "svc" && is_name(name) && is_name(namespace);
    is_service.then(|| ServiceKey { namespace: namespace.into(), name: name.into() })
}

/// The value of a label that is the name of an object. What Kubernetes would not accept names
/// none.
fn name(sample: &Sample, label: &str) -> Option<Arc<str>> {
    sample.label(label).filter(|name| is_name(name)).map(Arc::clone)
}

fn is_name(text: &str) -> bool {
    let is_allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.');
    (1..=MAX_NAME_BYTES).contains(&text.len()) && text.bytes().all(is_allowed)
}

/// A text of the cluster that is no name of an object, fit for people.
pub(crate) fn shown(text: &Arc<str>) -> Arc<str> {
    let plain = foreign_text(text, MAX_NAME_BYTES);
    if plain == **text { Arc::clone(text) } else { plain.into() }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A series with labels as `a="b",c="d"`.
    pub(crate) fn sample(labels: &str, value: f64) -> Sample {
        let pair = |pair: &str| {
            let (name, value) = pair.split_once('=').unwrap();
            (name.trim().into(), value.trim_matches('"').into())
        };
        let mut labels: Vec<(Arc<str>, Arc<str>)> =
            labels.split(',').filter(|pair| !pair.trim().is_empty()).map(pair).collect();
        labels.sort();
        Sample { labels: labels.into(), value }
    }

    const WEB: &str = "namespace=bank,deployment=web";

    fn target_of(labels: &str) -> Option<CallTarget> {
        Edge::of(&sample(&format!("{WEB},{labels}"), 1.0)).map(|edge| edge.target)
    }

    fn workload(namespace: &str, kind: WorkloadKind, name: &str) -> WorkloadKey {
        WorkloadKey { namespace: namespace.into(), kind, name: name.into() }
    }

    fn service(namespace: &str, name: &str) -> ServiceKey {
        ServiceKey { namespace: namespace.into(), name: name.into() }
    }

    #[test]
    fn every_kind_of_owner_is_a_workload() {
        for (label, dst_label, kind) in OWNERS {
            let series = sample(&format!("namespace=bank,{label}=x"), 1.0);
            assert_eq!(owner(&series), Some(workload("bank", kind, "x")));
            let target = target_of(&format!("dst_namespace=ledger,dst_service=s,{dst_label}=y"));
            let key = workload("ledger", kind, "y");
            let expected = CallTarget::Workload { key, service: Some(service("ledger", "s")) };
            assert_eq!(target, Some(expected));
        }
    }

    #[test]
    fn a_gateway_leads_to_the_service_that_the_mirror_stands_for() {
        let labels = "dst_namespace=bank,dst_service=ledger-azure-prod,dst_target_cluster=azure-prod,\
                      dst_target_service=ledger,dst_target_service_namespace=bank,tls=true";
        let expected = CallTarget::RemoteService {
            target_cluster: "azure-prod".into(),
            service: service("bank", "ledger"),
        };
        assert_eq!(target_of(labels), Some(expected));
        let half = "dst_namespace=bank,dst_service=ledger-azure-prod,dst_target_cluster=azure-prod";
        let mirror = CallTarget::Service(service("bank", "ledger-azure-prod"));
        assert_eq!(target_of(half), Some(mirror));
    }

    #[test]
    fn a_flat_mirror_keeps_the_workload_and_the_service_that_was_called() {
        let labels = "dst_namespace=bank,dst_service=ledger-azure-prod,dst_deployment=ledger";
        let expected = CallTarget::Workload {
            key: workload("bank", WorkloadKind::Deployment, "ledger"),
            service: Some(service("bank", "ledger-azure-prod")),
        };
        assert_eq!(target_of(labels), Some(expected));
    }

    #[test]
    fn what_discovery_does_not_know_is_an_authority() {
        let authority = |text: &str| Some(CallTarget::Authority(text.into()));
        assert_eq!(
            target_of("authority=api.partner.example:443"),
            authority("api.partner.example:443")
        );
        assert_eq!(target_of("target_ip=203.0.113.9"), authority("203.0.113.9"));
        assert_eq!(target_of("authority=a.example,target_ip=1.2.3.4"), authority("a.example"));
        let known = CallTarget::Service(service("bank", "ledger"));
        for name in ["ledger.bank.svc.cluster.local:8080", "ledger.bank.svc:80", "ledger.bank.svc"]
        {
            assert_eq!(target_of(&format!("authority={name}")), Some(known.clone()), "{name}");
        }
        assert_eq!(target_of("authority=ledger.bank:80"), authority("ledger.bank:80"));
        assert_eq!(target_of(""), None);
    }

    #[test]
    fn what_is_no_name_of_an_object_names_none() {
        for name in ["a\"b", "a\nb", "<script>", "A", "a b", "a\u{202e}b", &"x".repeat(254)] {
            let mut series = sample("namespace=bank,deployment=x", 1.0);
            series.labels[0].1 = name.into();
            assert_eq!(owner(&series), None, "{name}");
        }
        let mut series = sample("namespace=bank,deployment=x,authority=x", 1.0);
        series.labels[0].1 = "a\u{202e}b\n<i>".into();
        let edge = Edge::of(&series).unwrap();
        assert_eq!(edge.target, CallTarget::Authority("a\u{fffd}b <i>".into()));
    }
}
