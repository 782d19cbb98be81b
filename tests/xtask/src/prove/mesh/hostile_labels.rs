//! Label values from a hostile cluster, on a real Prometheus: in queries, in answers, on pages.

use anyhow::Context;
use serde_json::{Value, json};

use super::{ground_truth::measured_by, topology, view};
use crate::{
    lab::{Client, Lab, Launch, Mesh, percent_encoded, wait_until},
    prove::outcome::{Figures, Outcome},
};

/// The hostile cluster.
const CLUSTER: &str = "aws-staging";

/// What only a hostile value holds, so that it is found wherever it comes through.
const MARK: &str = "evil";

/// Values as a proxy would have to be told them, escaped for a page of Prometheus.
const VALUES: [&str; 7] = [
    "<script>evil(1)</script>",
    r#"\"} or vector(1) # evil"#,
    "'; evil --",
    r"evil\nline\nbreak",
    "\u{202e}evil\u{2066}\u{200f}",
    "</text></svg><img src=x onerror=evil(2)>",
    r"{{evil}} ${evil} %s \\ evil",
];

/// How many series it floods.
const FLOOD: u32 = 100_000;

/// Markup that must not stand on a page as it is.
const MARKUP: [&str; 4] = ["<script>evil", "<img src=x", "</text></svg><img", "onerror=evil(2)>"];

/// Characters that turn text around.
const TURNING: [char; 3] = ['\u{202e}', '\u{2066}', '\u{200f}'];

/// Hostile values, and as many series.
pub(crate) fn hostile_labels(lab: &mut Lab) -> anyhow::Result<Outcome> {
    let callboard = lab.callboard()?;
    let room = lab.room("hostile-labels")?;
    let fleet = lab.fleet()?;
    let mesh = Mesh::start_with(&fleet.world, &room, |emulator| {
        let flood = (0..FLOOD).map(|number| call(&format!("flood-{number}"), "flood"));
        let values = VALUES.iter().flat_map(|value| [call(value, "a"), call("a", value)]);
        emulator.add(CLUSTER, values.chain(flood));
    })?;
    let config = measured_by(fleet, &room, |cluster| Ok(mesh.source(cluster)?.port()))?;
    let started = Launch::serve(&callboard, &room, &config)?.ready()?;
    let mut client = started.server.client();
    view::wait_all_live(&mut client)?;
    let limit = std::time::Duration::from_secs(100);
    let notice =
        wait_until("a notice of the budget", limit, std::time::Duration::from_secs(1), || {
            notice(&mut client)
        });
    let mut figures = Figures::default();
    match notice {
        Ok(notice) => figures.note(format!("notice {notice:?}")),
        Err(error) => figures.must("a notice of the budget", Some(format!("{error:#}"))),
    }
    let mut lost = Vec::new();
    for cluster in fleet.world.clusters.iter().filter(|cluster| cluster.name != CLUSTER) {
        let calls = topology::calls_of(&mut client, cluster.name)?;
        let seen = calls.known.keys().filter(|ends| ends.0.0 == cluster.name).count();
        let made = fleet.world.edges.iter().filter(|edge| edge.from.cluster == cluster.name);
        let expected = made.count();
        if seen != expected {
            lost.push(format!("{}: {seen} of {expected}", cluster.name));
        }
    }
    let problem = (!lost.is_empty()).then(|| lost.join("; "));
    figures.must("the other clusters' calls are whole", problem);
    let asked = mesh.source(CLUSTER)?.asked()?;
    let injected = asked.iter().find(|query| query.contains(MARK));
    figures.must(&format!("{} queries, none of theirs", asked.len()), injected.cloned());
    pages(&mut client, &mut figures)?;
    figures.note(format!("RSS {:.0} MB", started.server.process().peak_rss_mb()?));
    Ok(figures.outcome())
}

/// A series of calls from one to another.
fn call(from: &str, to: &str) -> String {
    format!(
        "response_total{{direction=\"outbound\",namespace=\"payments\",deployment=\"{from}\",\
         authority=\"{to}\",dst_namespace=\"payments\",dst_service=\"{to}\",\
         dst_deployment=\"{to}\",tls=\"true\",classification=\"success\"}}"
    )
}

/// What the coverage says of the hostile cluster.
fn notice(client: &mut Client) -> anyhow::Result<Option<String>> {
    let query = "{ topology(groupBy: CLUSTER) { coverage { cluster { name } reason } } }";
    let data = client.graphql(query, &json!({}))?;
    let coverage = data.pointer("/topology/coverage").and_then(Value::as_array);
    let is_hostile = |entry: &&Value| entry.pointer("/cluster/name") == Some(&json!(CLUSTER));
    let entry = coverage.context("no coverage")?.iter().find(is_hostile);
    let reason = entry.and_then(|entry| entry.get("reason")?.as_str());
    Ok(reason.filter(|reason| reason.contains("series")).map(str::to_owned))
}

/// The pages on which the values could stand, by workload and by cluster.
fn pages(client: &mut Client, figures: &mut Figures) -> anyhow::Result<()> {
    let paths = [
        "/mesh".to_owned(),
        "/clusters".to_owned(),
        format!("/clusters/{CLUSTER}"),
        format!("/mesh?group=workload&scope=cluster:{CLUSTER}"),
        format!("/mesh?group=workload&scope=cluster:{CLUSTER}&view=table"),
        format!("/mesh?scope={}", percent_encoded("cluster:<script>evil(1)</script>")),
        "/workloads/unknown".to_owned(),
    ];
    let mut problems = Vec::new();
    for path in paths {
        let page = client.get(&path)?;
        let html = String::from_utf8_lossy(&page.body);
        if page.status >= 500 {
            problems.push(format!("{path} answers {}", page.status));
        }
        problems.extend(
            MARKUP.iter().filter(|it| html.contains(**it)).map(|it| format!("{path} has {it}")),
        );
        if html.contains(TURNING) {
            problems.push(format!("{path} has marks that turn text around"));
        }
    }
    figures.must("pages hold text alone", (!problems.is_empty()).then(|| problems.join("; ")));
    Ok(())
}
