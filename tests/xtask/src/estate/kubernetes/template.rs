//! What pods are made from: labels, containers, the mesh's proxy.

use super::Site;
use super::metadata::{entry, letters, map};
use crate::estate::claims;
use crate::estate::random::Random;
use crate::estate::truth::WorkloadTruth;
use serde_json::{Value, json};

/// The label that tells the workloads of one component apart.
const ROLE: &str = "vinterhavn.example/role";
/// The proxy that all clusters share the root of.
const TRUST_ROOT: &str = "5f1c2b7e9a03d48c6b5e0f7719ad24c3e86b90d1f25a7c3048be916dd20f83a7";

/// Labels of a workload and of its pods.
#[derive(Debug)]
pub(super) struct Labels {
    pub(super) own: Vec<(String, String)>,
    pub(super) pods: Vec<(String, String)>,
    /// Those of the pods that select them.
    pub(super) selector: Vec<(String, String)>,
}

/// The labels of `workload`, by which its component and its squad are found.
pub(super) fn labels(site: &Site<'_>, workload: &WorkloadTruth) -> Labels {
    let role = if workload.name.ends_with("-worker") { "worker" } else { "server" };
    let known = site.component(workload).map(|component| {
        let squad = workload.squad.as_deref().unwrap_or(&component.owner);
        claims::labels(&component.name, squad, &component.claim)
    });
    let unknown = || {
        let squad = workload.squad.iter().map(|squad| ("squad", squad.clone()));
        let name = ("app.kubernetes.io/name", workload.name.clone());
        std::iter::once(name).chain(squad).collect()
    };
    let labels: Vec<(&str, String)> = known.unwrap_or_else(unknown);
    let mut pods: Vec<(String, String)> =
        labels.into_iter().map(|(key, value)| entry(key, value)).collect();
    pods.push(entry(ROLE, role));
    let selects = |key: &str| key == "app" || key.starts_with("app.kubernetes.io/") || key == ROLE;
    let selector = pods.iter().filter(|(key, _)| selects(key)).cloned().collect();
    // Some teams label nothing but the pods.
    let is_bare = Random::of(&format!("bare/{}", workload.name)).happens(12);
    let own = pods
        .iter()
        .filter(|(key, _)| !(is_bare && key == "backstage.io/kubernetes-id"))
        .cloned()
        .collect();
    Labels { own, pods, selector }
}

/// Labels and annotations that the injector adds.
pub(super) fn mesh_labels(workload: &WorkloadTruth) -> Vec<(String, String)> {
    let kind = match workload.kind.as_str() {
        "CronJob" => "cronjob".to_owned(),
        other => other.to_lowercase(),
    };
    vec![
        entry("linkerd.io/control-plane-ns", "linkerd"),
        entry(&format!("linkerd.io/proxy-{kind}"), workload.name.clone()),
        entry("linkerd.io/workload-ns", workload.namespace.clone()),
    ]
}

/// See [`mesh_labels`].
pub(super) fn mesh_annotations(version: &str) -> Vec<(String, String)> {
    vec![
        entry("linkerd.io/created-by", format!("linkerd/proxy-injector {version}")),
        entry("linkerd.io/inject", "enabled"),
        entry("linkerd.io/proxy-version", version),
        entry("linkerd.io/trust-root-sha256", TRUST_ROOT),
    ]
}

/// Whether the proxy is a sidecar of Kubernetes' own sort.
pub(super) fn has_native_sidecar(version: &str) -> bool {
    version.starts_with("edge-26.11")
}

/// The name of the container that does the work.
pub(super) fn container_name(workload: &WorkloadTruth) -> &str {
    workload.component.as_deref().unwrap_or(&workload.name)
}

/// The container of a workload.
pub(super) fn container(site: &Site<'_>, workload: &WorkloadTruth) -> Value {
    let name = container_name(workload);
    let mut container = json!({
        "env": environment(site, workload),
        "image": format!("{}:{}", workload.image, workload.tag),
        "imagePullPolicy": "IfNotPresent",
        "name": name,
        "resources": {
            "limits": { "memory": "512Mi" },
            "requests": { "cpu": "100m", "memory": "256Mi" },
        },
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
    });
    if let (Some(port), Some(fields)) = (workload.port, container.as_object_mut()) {
        let name = if port == 9090 { "grpc" } else { "http" };
        fields.insert(
            "ports".to_owned(),
            json!([{ "containerPort": port, "name": name, "protocol": "TCP" }]),
        );
        fields.insert(
            "readinessProbe".to_owned(),
            json!({ "failureThreshold": 3, "periodSeconds": 10, "successThreshold": 1,
                "tcpSocket": { "port": port }, "timeoutSeconds": 1 }),
        );
    }
    container
}

/// Values of variables are nobody's business: Callboard must never show them.
fn environment(site: &Site<'_>, workload: &WorkloadTruth) -> Value {
    let mut variables = vec![
        json!({ "name": "CLUSTER", "value": site.cluster.name }),
        json!({ "name": "LOG_LEVEL", "value": "info" }),
    ];
    if Random::of(&format!("env/{}", workload.name)).happens(40) {
        let key = json!({ "secretKeyRef": { "key": "password", "name": "database" } });
        variables.push(json!({ "name": "DATABASE_PASSWORD", "valueFrom": key }));
    }
    variables.into()
}

/// The mesh's proxy beside it.
pub(super) fn proxy(version: &str) -> Value {
    let mut container = json!({
        "env": [
            { "name": "LINKERD2_PROXY_LOG", "value": "warn,linkerd=info" },
            { "name": "LINKERD2_PROXY_IDENTITY_TRUST_DOMAIN", "value": "cluster.local" },
        ],
        "image": format!("cr.l5d.io/linkerd/proxy:{version}"),
        "imagePullPolicy": "IfNotPresent",
        "name": "linkerd-proxy",
        "ports": [
            { "containerPort": 4143, "name": "linkerd-proxy", "protocol": "TCP" },
            { "containerPort": 4191, "name": "linkerd-admin", "protocol": "TCP" },
        ],
        "resources": {},
        "securityContext": {
            "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "runAsUser": 2102,
        },
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "FallbackToLogsOnError",
    });
    if has_native_sidecar(version)
        && let Some(fields) = container.as_object_mut()
    {
        fields.insert("restartPolicy".to_owned(), "Always".into());
    }
    container
}

/// What sends a pod's traffic to the proxy.
pub(super) fn init() -> Value {
    json!({
        "args": ["--incoming-proxy-port", "4143", "--outgoing-proxy-port", "4140",
            "--proxy-uid", "2102"],
        "image": "cr.l5d.io/linkerd/proxy-init:v2.4.3",
        "imagePullPolicy": "IfNotPresent",
        "name": "linkerd-init",
        "resources": {},
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "FallbackToLogsOnError",
    })
}

/// `spec.template` of a controller; the injector works on pods, so there is no proxy here.
pub(super) fn template(site: &Site<'_>, workload: &WorkloadTruth) -> Value {
    let labels = labels(site, workload);
    let mut metadata = json!({ "labels": map(&labels.pods) });
    if workload.component.is_some()
        && workload.proxy.is_none()
        && let Some(fields) = metadata.as_object_mut()
    {
        fields.insert("annotations".to_owned(), json!({ "linkerd.io/inject": "disabled" }));
    }
    let policy = if workload.is_job() { "OnFailure" } else { "Always" };
    json!({
        "metadata": metadata,
        "spec": {
            "containers": [container(site, workload)],
            "dnsPolicy": "ClusterFirst",
            "restartPolicy": policy,
            "schedulerName": "default-scheduler",
            "securityContext": {},
            "serviceAccountName": container_name(workload),
            "terminationGracePeriodSeconds": 30,
        },
    })
}

/// The hash of a workload's template.
pub(super) fn hash(workload: &WorkloadTruth) -> String {
    letters(
        &format!("{}/{}/{}:{}", workload.cluster, workload.key(), workload.image, workload.tag),
        10,
    )
}
