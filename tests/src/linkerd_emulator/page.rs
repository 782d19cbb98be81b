//! What the proxies of one cluster say.

use super::series::{Growth, Labels, Series};
use crate::ground_truth::{
    GroundTruth, LATENCY_BUCKETS_MS, TrueCall, TrueLink, TrueLinkMode, TrueService, TrueTarget,
    TrueTraffic, TrueUnmeshedCaller,
};

/// The identity of everything that a gateway lets in.
const GATEWAY_IDENTITY: &str =
    "linkerd-gateway.linkerd-multicluster.serviceaccount.identity.linkerd.cluster.local";

/// Shares of the answers up to p50's bucket, up to p95's, and beyond.
const UP_TO_P50: f64 = 0.6;
const UP_TO_P95: f64 = 0.97;

/// All series of a cluster: what its callers' proxies count, what its callees' proxies count of
/// the same calls, what comes from outside of the mesh, what disturbs, and its links.
pub fn page_of(truth: &GroundTruth, cluster: &str) -> Vec<Series> {
    let mut page = Page { truth, series: Vec::new() };
    for call in &truth.calls {
        if call.cluster == cluster {
            page.outbound(call);
        }
        let callee = call.target.other_cluster().unwrap_or(&call.cluster);
        if callee == cluster {
            page.inbound(call);
        }
    }
    for caller in truth.unmeshed_callers.iter().filter(|caller| caller.cluster == cluster) {
        page.unmeshed(caller);
    }
    let here = |service: &&TrueService| {
        service.meshed && service.clusters.iter().any(|place| place == cluster)
    };
    for service in truth.services.iter().filter(here) {
        page.noise(service);
    }
    for link in truth.links.iter().filter(|link| link.from == cluster) {
        page.link(link);
    }
    page.series
}

struct Page<'a> {
    truth: &'a GroundTruth,
    series: Vec<Series>,
}

impl Page<'_> {
    fn outbound(&mut self, call: &TrueCall) {
        let Some(client) = self.truth.service(&call.client) else { return };
        let target = self.target_labels(call);
        for pod in 0..client.pods {
            let labels = owner(client, pod).with("direction", "outbound").and(&target);
            self.traffic(&labels, &call.traffic, f64::from(client.pods));
            let connections = f64::from(call.connections) / f64::from(client.pods);
            for peer in ["src", "dst"] {
                let labels = labels.clone().with("peer", peer);
                self.push(&labels, "tcp_open_connections", Growth::Constant(connections));
            }
        }
    }

    /// What the destination controller tells of a target, and TLS.
    fn target_labels(&self, call: &TrueCall) -> Labels {
        let tls = |server: &str| match &call.insecure {
            None => Labels::default().with("tls", "true").with("server_id", server),
            Some(reason) => {
                Labels::default().with("tls", "no_identity").with("no_tls_reason", reason)
            }
        };
        let service = call.target.service().and_then(|name| self.truth.service(name));
        match (&call.target, service) {
            (TrueTarget::External { authority }, _) => {
                let is_address = authority.bytes().all(|byte| !byte.is_ascii_alphabetic());
                let name = if is_address { "" } else { authority };
                let address = if is_address { authority } else { "198.51.100.7" };
                let labels = Labels::default().with("authority", name).with("target_ip", address);
                labels.with("target_port", "443").and(&tls(""))
            }
            (TrueTarget::Local { .. }, Some(service)) => {
                let name = service.service_key().name;
                pod_target(service, &name).and(&tls(&identity(service)))
            }
            (TrueTarget::Federated { .. }, Some(service)) => {
                let name = service.federated_key().name;
                pod_target(service, &name).and(&tls(&identity(service)))
            }
            (TrueTarget::Remote { cluster, .. }, Some(service)) => {
                let name = service.mirror_key(cluster).name;
                if self.is_gateway(call) {
                    gateway_target(service, &name, cluster).and(&tls(GATEWAY_IDENTITY))
                } else {
                    pod_target(service, &name).and(&tls(&identity(service)))
                }
            }
            (_, None) => Labels::default(),
        }
    }

    fn inbound(&mut self, call: &TrueCall) {
        let service = call.target.service().and_then(|name| self.truth.service(name));
        let client = self.truth.service(&call.client);
        let (Some(service), Some(client)) = (service, client) else { return };
        if !service.meshed {
            return;
        }
        let is_gateway = self.is_gateway(call);
        let client_id = if is_gateway { GATEWAY_IDENTITY.to_owned() } else { identity(client) };
        let tls = match call.insecure {
            None => Labels::default().with("tls", "true").with("client_id", &client_id),
            Some(_) => unmeshed_tls(),
        };
        self.received(service, &tls, &call.traffic, call.connections);
        if is_gateway {
            self.passed_on(service, call);
        }
    }

    /// The gateway is a client of its own cluster's services.
    fn passed_on(&mut self, service: &TrueService, call: &TrueCall) {
        let gateway = Labels::default()
            .with("namespace", "linkerd-multicluster")
            .with("deployment", "linkerd-gateway")
            .with("pod", "linkerd-gateway-5d9c-0")
            .with("caller", &call.client)
            .with("caller_cluster", &call.cluster);
        let tls = Labels::default().with("tls", "true").with("server_id", &identity(service));
        let target = pod_target(service, &service.service_key().name).and(&tls);
        let labels = gateway.with("direction", "outbound").and(&target);
        self.traffic(&labels, &call.traffic, 1.0);
    }

    fn unmeshed(&mut self, caller: &TrueUnmeshedCaller) {
        if let Some(service) = self.truth.service(&caller.service) {
            self.received(service, &unmeshed_tls(), &caller.traffic, caller.connections);
        }
    }

    fn received(
        &mut self,
        service: &TrueService,
        tls: &Labels,
        traffic: &TrueTraffic,
        connections: u32,
    ) {
        // Each caller is a series of its own, as the addresses of pods make them.
        let caller = self.series.len().to_string();
        for pod in 0..service.pods {
            let labels = owner(service, pod)
                .with("direction", "inbound")
                .with("target_port", "8080")
                .with("authority", &authority(service, &service.name))
                .with("target_addr", &caller)
                .and(tls);
            self.outcomes(&labels, traffic, f64::from(service.pods));
            let each = f64::from(connections) / f64::from(service.pods);
            let labels = labels.with("peer", "src");
            self.push(&labels, "tcp_open_connections", Growth::Constant(each));
        }
    }

    /// Series that are no calls: probes, the scrape itself, a pod that calls itself, and an edge
    /// on which nothing goes.
    fn noise(&mut self, service: &TrueService) {
        let inbound = owner(service, 0).with("direction", "inbound");
        let few = TrueTraffic::Http {
            requests_per_second: 0.3,
            success_ratio: 1.0,
            latency_buckets: [0, 1, 6],
        };
        let from_outside = inbound.clone().with("target_port", "8080").and(&unmeshed_tls());
        self.outcomes(&from_outside.clone().with("route_name", "probe"), &few, 1.0);
        let admin = inbound.clone().with("target_port", "4191").and(&unmeshed_tls());
        self.outcomes(&admin, &few, 1.0);
        let admin = admin.with("peer", "src");
        self.push(&admin, "tcp_open_connections", Growth::Constant(1.0));
        let own = inbound.with("target_port", "8080").with("tls", "no_identity");
        self.outcomes(&own.with("no_tls_reason", "loopback"), &few, 1.0);
        let silent = TrueTraffic::Http {
            requests_per_second: 0.0,
            success_ratio: 1.0,
            latency_buckets: [0, 1, 6],
        };
        let idle = owner(service, 0)
            .with("direction", "outbound")
            .with("dst_namespace", "idle")
            .with("dst_service", "idle")
            .with("dst_deployment", "idle")
            .with("tls", "true");
        self.traffic(&idle, &silent, 1.0);
        let idle = idle.with("peer", "dst");
        self.push(&idle, "tcp_open_connections", Growth::Constant(0.0));
    }

    fn link(&mut self, link: &TrueLink) {
        if link.mode == TrueLinkMode::Flat {
            return;
        }
        let labels = Labels::default()
            .with("namespace", "linkerd-multicluster")
            .with("pod", "linkerd-service-mirror-0")
            .with("target_cluster_name", &link.to);
        let alive = f64::from(u8::from(link.alive));
        self.push(&labels, "gateway_alive", Growth::Constant(alive));
        self.push(&labels, "gateway_enabled", Growth::Constant(1.0));
        self.buckets(&labels, "gateway_probe_latency_ms_bucket", 0.3, |bucket| {
            if bucket < link.latency_bucket { 0.0 } else { 1.0 }
        });
    }

    /// Requests and latencies.
    fn traffic(&mut self, labels: &Labels, traffic: &TrueTraffic, pods: f64) {
        self.outcomes(labels, traffic, pods);
        let TrueTraffic::Http { requests_per_second, latency_buckets, .. } = traffic else {
            return;
        };
        let [p50, p95, p99] = *latency_buckets;
        let rate = requests_per_second / pods;
        self.buckets(labels, "response_latency_ms_bucket", rate, |bucket| match bucket {
            all if all >= p99 => 1.0,
            most if most >= p95 => UP_TO_P95,
            half if half >= p50 => UP_TO_P50,
            _ => 0.0,
        });
    }

    fn outcomes(&mut self, labels: &Labels, traffic: &TrueTraffic, pods: f64) {
        let TrueTraffic::Http { requests_per_second, success_ratio, .. } = traffic else { return };
        let rate = requests_per_second / pods;
        self.push(labels, "request_total", Growth::PerSecond(rate));
        let outcomes =
            [("success", "200", *success_ratio), ("failure", "503", 1.0 - success_ratio)];
        for (classification, status, share) in outcomes {
            let labels =
                labels.clone().with("status_code", status).with("classification", classification);
            self.push(&labels, "response_total", Growth::PerSecond(rate * share));
        }
    }

    /// A histogram of which so much lies up to each bucket. Only the buckets at which that changes
    /// are told, and those just below: the others would add nothing but weight.
    fn buckets(&mut self, labels: &Labels, name: &str, rate: f64, up_to: impl Fn(usize) -> f64) {
        let is_step = |bucket: usize| up_to(bucket) > bucket.checked_sub(1).map_or(0.0, &up_to);
        for (bucket, bound) in LATENCY_BUCKETS_MS.iter().enumerate() {
            if !is_step(bucket) && !is_step(bucket + 1) {
                continue;
            }
            let labels = labels.clone().with("le", &bound.to_string());
            self.push(&labels, name, Growth::PerSecond(rate * up_to(bucket)));
        }
        self.push(&labels.clone().with("le", "+Inf"), name, Growth::PerSecond(rate));
    }

    fn push(&mut self, labels: &Labels, name: &str, growth: Growth) {
        self.series.push(labels.series(name, growth));
    }

    fn is_gateway(&self, call: &TrueCall) -> bool {
        let TrueTarget::Remote { cluster, .. } = &call.target else { return false };
        let link = self.truth.link(&call.cluster, cluster);
        link.is_some_and(|link| link.mode == TrueLinkMode::Gateway)
    }
}

/// What relabelling makes of the labels of a pod.
fn owner(service: &TrueService, pod: u32) -> Labels {
    Labels::default()
        .with("namespace", &service.namespace)
        .with(&service.owner_label(), &service.workload)
        .with("pod", &format!("{}-{pod}", service.workload))
        .with("app", &service.name)
}

/// What the destination controller says of a pod behind a Service.
fn pod_target(service: &TrueService, name: &str) -> Labels {
    Labels::default()
        .with("authority", &authority(service, name))
        .with("target_port", "8080")
        .with("dst_control_plane_ns", "linkerd")
        .with("dst_namespace", &service.namespace)
        .with("dst_service", name)
        .with(&format!("dst_{}", service.owner_label()), &service.workload)
        .with("dst_pod", &format!("{}-0", service.workload))
        .with("dst_serviceaccount", &service.workload)
}

/// What it says of a gateway: not which workload is behind it.
fn gateway_target(service: &TrueService, name: &str, cluster: &str) -> Labels {
    Labels::default()
        .with("authority", &authority(service, name))
        .with("target_addr", "20.50.1.7:4143")
        .with("target_port", "4143")
        .with("dst_namespace", &service.namespace)
        .with("dst_service", name)
        .with("dst_target_cluster", cluster)
        .with("dst_target_service", &service.name)
        .with("dst_target_service_namespace", &service.namespace)
}

fn authority(service: &TrueService, name: &str) -> String {
    format!("{name}.{}.svc.cluster.local:8080", service.namespace)
}

fn identity(service: &TrueService) -> String {
    let TrueService { workload, namespace, .. } = service;
    format!("{workload}.{namespace}.serviceaccount.identity.linkerd.cluster.local")
}

fn unmeshed_tls() -> Labels {
    Labels::default().with("tls", "no_identity").with("no_tls_reason", "no_tls_from_remote")
}
