//! The questions, as PromQL. Their texts are stable: recordings are found by them.
//!
//! Nothing that a cluster says goes into a question; only the operator's matchers do, escaped.
//! Source of names and labels: linkerd2-proxy's metrics and the relabelling of linkerd-viz.

use std::time::Duration;

use callboard_plugin::{InstantQuery, LabelMatcher, MetricsWindow};

/// How many edges of one cluster are read.
const MAX_EDGES: usize = 10_000;

/// Who the proxy belongs to: the namespace, and one of the owners.
const OWNER: &str = "namespace,deployment,statefulset,daemonset,cronjob,k8s_job,replicaset";

/// Whom it talks to, as its discovery tells. The last three are of mirrors behind a gateway.
const TARGET: &str = "dst_namespace,dst_service,dst_deployment,dst_statefulset,dst_daemonset,\
    dst_cronjob,dst_k8s_job,dst_replicaset,\
    dst_target_cluster,dst_target_service,dst_target_service_namespace";

/// Whether under mutual TLS, and why not.
const TLS: &str = "tls,no_tls_reason";

/// What is seen of callers without an identity: neither the pod's own calls, nor the kubelet's
/// probes, nor those who read the proxy's metrics.
const UNMESHED: &str = "direction=\"inbound\",tls!=\"true\",client_id=\"\",\
    no_tls_reason!=\"loopback\",target_port!=\"4191\"";

/// No owner at all.
const OWNERLESS: &str = "deployment=\"\",statefulset=\"\",daemonset=\"\",cronjob=\"\",\
    k8s_job=\"\",replicaset=\"\"";

/// One question about the whole mesh of a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Question {
    /// Requests a second for each edge, by outcome and TLS; the client's side.
    Requests(MetricsWindow),
    /// Three quantiles of the latency of each edge; the client's side.
    Latencies(MetricsWindow),
    /// Requests a second of callers without an identity, for each workload that is called.
    UnmeshedCallers(MetricsWindow),
    /// TCP connections that are open now: of each edge, and of callers without an identity.
    Connections,
    /// Gateways to other clusters.
    Gateways,
    /// Why there may be no calls; asked when there are none.
    Presence,
}

impl Question {
    /// The questions of a window. What is true now is asked with the shortest.
    pub const fn of(window: MetricsWindow) -> &'static [Self] {
        match window {
            MetricsWindow::M5 => &[
                Self::Requests(MetricsWindow::M5),
                Self::Latencies(MetricsWindow::M5),
                Self::UnmeshedCallers(MetricsWindow::M5),
                Self::Connections,
                Self::Gateways,
                Self::Presence,
            ],
            MetricsWindow::H1 => &[
                Self::Requests(MetricsWindow::H1),
                Self::Latencies(MetricsWindow::H1),
                Self::UnmeshedCallers(MetricsWindow::H1),
            ],
            MetricsWindow::H24 => &[
                Self::Requests(MetricsWindow::H24),
                Self::Latencies(MetricsWindow::H24),
                Self::UnmeshedCallers(MetricsWindow::H24),
            ],
        }
    }

    /// The query, with its deadline and its budget of series.
    pub fn query(self, matchers: &[LabelMatcher]) -> InstantQuery {
        InstantQuery {
            promql: self.promql(matchers),
            deadline: self.deadline(),
            max_series: self.max_series(),
        }
    }

    fn promql(self, matchers: &[LabelMatcher]) -> String {
        match self {
            Self::Requests(window) => requests(window, matchers),
            Self::Latencies(window) => latencies(window, matchers),
            Self::UnmeshedCallers(window) => unmeshed_callers(window, matchers),
            Self::Connections => connections(matchers),
            Self::Gateways => gateways(matchers),
            Self::Presence => presence(matchers),
        }
    }

    const fn deadline(self) -> Duration {
        match self {
            Self::Requests(window) | Self::Latencies(window) | Self::UnmeshedCallers(window) => {
                match window {
                    MetricsWindow::M5 => Duration::from_secs(8),
                    MetricsWindow::H1 => Duration::from_secs(15),
                    MetricsWindow::H24 => Duration::from_secs(30),
                }
            }
            Self::Connections | Self::Gateways | Self::Presence => Duration::from_secs(8),
        }
    }

    /// An edge has one or two series of requests, three of latencies, one of connections.
    const fn max_series(self) -> usize {
        match self {
            Self::Requests(_) => 2 * MAX_EDGES,
            Self::Latencies(_) => 3 * MAX_EDGES,
            Self::UnmeshedCallers(_) | Self::Connections => MAX_EDGES,
            Self::Gateways => 1000,
            Self::Presence => 10,
        }
    }
}

/// The queries of a window, in the order in which they are asked: what a recording must hold.
pub fn queries(window: MetricsWindow, matchers: &[LabelMatcher]) -> Vec<InstantQuery> {
    Question::of(window).iter().map(|question| question.query(matchers)).collect()
}

/// The queries of every window.
pub fn all_queries(matchers: &[LabelMatcher]) -> Vec<InstantQuery> {
    MetricsWindow::ALL.iter().flat_map(|window| queries(*window, matchers)).collect()
}

/// `name{…}` with the operator's matchers first.
fn selector(name: &str, matchers: &[LabelMatcher], conditions: &str) -> String {
    let own = matchers.iter().map(ToString::to_string);
    let given = Some(conditions.to_owned()).filter(|conditions| !conditions.is_empty());
    let all: Vec<String> = own.chain(given).collect();
    format!("{name}{{{}}}", all.join(","))
}

/// Edges to what discovery knows, to names that it does not know, and to bare addresses: three
/// sets of labels, so that neither names nor addresses multiply the edges of Services.
fn requests(window: MetricsWindow, matchers: &[LabelMatcher]) -> String {
    let part = |target: &str, conditions: &str| {
        let conditions = format!("direction=\"outbound\",{conditions}");
        let series = selector("response_total", matchers, &conditions);
        let span = window.promql();
        format!("sum by ({OWNER},{target},classification,{TLS}) (rate({series}[{span}])) > 0")
    };
    [
        part(TARGET, "dst_namespace!=\"\""),
        part("authority", "dst_namespace=\"\",authority!=\"\""),
        part("target_ip", "dst_namespace=\"\",authority=\"\""),
    ]
    .join(" or ")
}

fn latencies(window: MetricsWindow, matchers: &[LabelMatcher]) -> String {
    let part = |quantile: &str, target: &str, conditions: &str| {
        let conditions = format!("direction=\"outbound\",{conditions}");
        let series = selector("response_latency_ms_bucket", matchers, &conditions);
        let span = window.promql();
        let buckets = format!("sum by (le,{OWNER},{target}) (rate({series}[{span}]))");
        // Nothing fell into the buckets of an edge without requests: NaN is not even 0.
        let latency = format!("histogram_quantile({quantile},{buckets}) >= 0");
        marked(&latency, "quantile", quantile)
    };
    let of = |quantile: &str| {
        [
            part(quantile, TARGET, "dst_namespace!=\"\""),
            part(quantile, "authority", "dst_namespace=\"\",authority!=\"\""),
        ]
        .join(" or ")
    };
    ["0.5", "0.95", "0.99"].map(of).join(" or ")
}

fn unmeshed_callers(window: MetricsWindow, matchers: &[LabelMatcher]) -> String {
    let conditions = format!("{UNMESHED},route_name!=\"probe\"");
    let series = selector("response_total", matchers, &conditions);
    let span = window.promql();
    format!("sum by ({OWNER},classification,{TLS}) (rate({series}[{span}])) > 0")
}

/// Of callers without an identity only connections that stay: a probe opens one for a moment.
fn connections(matchers: &[LabelMatcher]) -> String {
    let part = |target: &str, conditions: &str| {
        let conditions = format!("direction=\"outbound\",peer=\"dst\",{conditions}");
        let series = selector("tcp_open_connections", matchers, &conditions);
        format!("sum by (direction,{OWNER},{target},{TLS}) ({series}) > 0")
    };
    let unmeshed = format!("peer=\"src\",{UNMESHED}");
    let unmeshed = selector("tcp_open_connections", matchers, &unmeshed);
    let unmeshed = format!("sum by (direction,{OWNER},{TLS}) (min_over_time({unmeshed}[5m])) > 0");
    [
        part(TARGET, "dst_namespace!=\"\""),
        part("authority,target_ip", "dst_namespace=\"\""),
        unmeshed,
    ]
    .join(" or ")
}

/// A service mirror that is no longer the leader keeps its last word: of two that say different
/// things the worse counts.
fn gateways(matchers: &[LabelMatcher]) -> String {
    let alive = selector("gateway_alive", matchers, "");
    let enabled = selector("gateway_enabled", matchers, "");
    let probes = selector("gateway_probe_latency_ms_bucket", matchers, "");
    let by = "target_cluster_name";
    let alive = format!("min by ({by}) ({alive} unless ({enabled} == 0))");
    let latency = format!("histogram_quantile(0.95,sum by (le,{by}) (rate({probes}[5m]))) >= 0");
    let enabled = format!("max by ({by}) ({enabled})");
    [
        marked(&alive, "part", "alive"),
        marked(&latency, "part", "latency_p95_ms"),
        marked(&enabled, "part", "enabled"),
    ]
    .join(" or ")
}

/// What is scraped at all, how many series there are of proxies, and how many of them do not say
/// whose they are.
fn presence(matchers: &[LabelMatcher]) -> String {
    let count = |name: &str, conditions: &str, part: &str| {
        marked(&format!("count({})", selector(name, matchers, conditions)), "part", part)
    };
    let proxies = "__name__=~\"response_total|tcp_open_connections\"";
    [
        count("up", "", "up"),
        count("", proxies, "series"),
        count("", &format!("{proxies},{OWNERLESS}"), "ownerless"),
    ]
    .join(" or ")
}

/// `expression` with one more label, which tells the parts of an answer apart.
fn marked(expression: &str, label: &str, value: &str) -> String {
    format!("label_replace({expression},\"{label}\",\"{value}\",\"\",\"\")")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn promql(question: Question) -> String {
        question.query(&[]).promql
    }

    #[test]
    fn the_texts_are_those_of_the_recordings() {
        assert_eq!(
            promql(Question::UnmeshedCallers(MetricsWindow::H1)),
            "sum by (namespace,deployment,statefulset,daemonset,cronjob,k8s_job,replicaset,\
             classification,tls,no_tls_reason) (rate(response_total{direction=\"inbound\",\
             tls!=\"true\",client_id=\"\",no_tls_reason!=\"loopback\",target_port!=\"4191\",\
             route_name!=\"probe\"}[1h])) > 0"
        );
        let requests = promql(Question::Requests(MetricsWindow::M5));
        assert!(requests.starts_with(
            "sum by (namespace,deployment,statefulset,daemonset,cronjob,k8s_job,replicaset,\
             dst_namespace,dst_service,dst_deployment,dst_statefulset,dst_daemonset,dst_cronjob,\
             dst_k8s_job,dst_replicaset,dst_target_cluster,dst_target_service,\
             dst_target_service_namespace,classification,tls,no_tls_reason) \
             (rate(response_total{direction=\"outbound\",dst_namespace!=\"\"}[5m])) > 0 or sum by"
        ));
        let latencies = promql(Question::Latencies(MetricsWindow::H24));
        assert!(
            latencies.starts_with("label_replace(histogram_quantile(0.5,sum by (le,namespace,")
        );
        assert!(latencies.ends_with(",\"quantile\",\"0.99\",\"\",\"\")"));
    }

    #[test]
    fn every_selector_carries_the_matchers() {
        let matchers = [
            LabelMatcher { label: "cluster".into(), value: "aws-\"prod\"".into() },
            LabelMatcher { label: "replica".into(), value: "a".into() },
        ];
        for query in all_queries(&matchers) {
            let selectors = query.promql.matches('{').count();
            let carried = query.promql.matches("{cluster=\"aws-\\\"prod\\\"\",replica=\"a\"");
            assert_eq!(carried.count(), selectors, "{}", query.promql);
        }
    }

    #[test]
    fn a_window_needs_at_most_eight_queries_and_no_text_comes_twice() {
        let sets = MetricsWindow::ALL.map(|window| queries(window, &[]).len());
        // The last of the first is asked only where there are no calls.
        assert_eq!(sets, [6, 3, 3]);
        let mut texts: Vec<String> =
            all_queries(&[]).into_iter().map(|query| query.promql).collect();
        texts.sort();
        texts.dedup();
        assert_eq!(texts.len(), 12);
    }
}
