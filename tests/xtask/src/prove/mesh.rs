//! The bars of clusters and mesh, from real API servers and a real Prometheus to GraphQL.

mod broken;
mod change;
mod cost;
mod demo;
mod grants;
mod ground_truth;
mod hostile;
mod hostile_labels;
mod nine_servers;
mod prometheus_faults;
mod relists;
mod rollout;
mod small;
mod snapshot;
mod topology;
mod view;

use super::row::{Measure::Once, Row};

/// The issue that sets these bars.
const ISSUE: u32 = 5;

/// Every row of the issue's table, in its order.
pub(crate) const ROWS: &[Row] = &[
    Row {
        id: "mesh.demo",
        issue: ISSUE,
        statement: "`demo` with nine recorded clusters against `examples/ground-truth.json`",
        bar: "placements, unknown and missing, calls, drift and path equal the truth; pages answer",
        measure: Once(demo::demo),
    },
    Row {
        id: "clusters.nine-servers",
        issue: ISSUE,
        statement: "nine real API servers with 2,250 Deployments and 27,000 pods",
        bar: "all placements ≤ 20 s after start, RSS ≤ 400 MB, ≤ 3 % of a core over 120 s at rest",
        measure: Once(nine_servers::nine_servers),
    },
    Row {
        id: "clusters.change",
        issue: ISSUE,
        statement: "a Deployment's image or ready count changes on a real server",
        bar: "in GraphQL and by subscription ≤ 500 ms",
        measure: Once(change::change),
    },
    Row {
        id: "clusters.rollout",
        issue: ISSUE,
        statement: "a rollout by real controllers and KWOK on a real server",
        bar: "new images and ready counts in GraphQL ≤ 500 ms after the server has them",
        measure: Once(rollout::rollout),
    },
    Row {
        id: "clusters.broken-servers",
        issue: ISSUE,
        statement: "API servers killed, hung, garbage, 401, 403, 1 B/s, another host's TLS; four at once",
        bar: "others unchanged, labelled ≤ 15 s with the reason, LIVE ≤ 10 s after repair, none gone",
        measure: Once(broken::broken),
    },
    Row {
        id: "clusters.relists",
        issue: ISSUE,
        statement: "relists, 410 Gone, a server restarted with an older resourceVersion",
        bar: "no burst of deletes; in the end equal to the server's objects, one by one",
        measure: Once(relists::relists),
    },
    Row {
        id: "clusters.hostile",
        issue: ISSUE,
        statement: "an endless list, a million pods, a gzip bomb, redirects to another host",
        bar: "RSS ≤ +64 MB, labelled as DESIGN defines, credentials never sent elsewhere",
        measure: Once(hostile::hostile),
    },
    Row {
        id: "mesh.ground-truth",
        issue: ISSUE,
        statement: "nine clusters, 250 services, 1,500 edges on real Prometheis",
        bar: "every edge once, none invented, rates within 5 %, p95 within a bucket, drift exact",
        measure: Once(ground_truth::ground_truth),
    },
    Row {
        id: "mesh.prometheus-faults",
        issue: ISSUE,
        statement: "a Prometheus dead, slow, answering 422, NaN, HTML, truncated with warnings",
        bar: "its calls keep value and age, the others stay fresh, never zero, never gone unsaid",
        measure: Once(prometheus_faults::prometheus_faults),
    },
    Row {
        id: "mesh.topology-cost",
        issue: ISSUE,
        statement: "the topology built anew; the whole estate by component through GraphQL",
        bar: "≤ 30 ms CPU; ≤ 10 CPU-ms a request",
        measure: Once(cost::cost),
    },
    Row {
        id: "mesh.hostile-labels",
        issue: ISSUE,
        statement: "quotes, newlines, markup, bidirectional marks and 100,000 series in labels",
        bar: "no injection into a query or a page; the series budget is enforced and shown",
        measure: Once(hostile_labels::hostile_labels),
    },
    Row {
        id: "clusters.grants",
        issue: ISSUE,
        statement: "grants as printed by `clusters rbac`, whole and each left out",
        bar: "enough for everything; a missing verb degrades its own kind alone and is named",
        measure: Once(grants::grants),
    },
    Row {
        id: "clusters.snapshot",
        issue: ISSUE,
        statement: "`clusters snapshot` of a real server and Prometheus, served again",
        bar: "the same answers, RECORDED; a truncated file is named and the rest is served",
        measure: Once(snapshot::snapshot),
    },
];
