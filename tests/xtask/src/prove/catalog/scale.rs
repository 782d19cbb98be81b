//! What a query costs at 100,000 entities against 10,000.

use std::time::Duration;

use crate::{
    lab::{
        Client, ClosedLoop, Database, Lab, Manifest, Stage, by_name_paths, closed_loop, gets,
        graphql_facets, graphql_pages, graphql_requests, percent_encoded, settle,
    },
    prove::outcome::{Figures, Outcome},
};

/// Few connections, so that nothing queues.
const LOAD: ClosedLoop = ClosedLoop { connections: 2, duration: Duration::from_secs(3) };

/// A query and how many times its cost at 10,000 entities it may have at 100,000.
struct Query {
    name: &'static str,
    bar: f64,
    requests: fn(&mut Client, &Manifest) -> anyhow::Result<Vec<Vec<u8>>>,
}

const QUERIES: &[Query] = &[
    Query {
        name: "by-name",
        bar: 2.0,
        requests: |client, manifest| {
            let paths = by_name_paths(manifest);
            Ok(gets(client, paths.iter().map(String::as_str)))
        },
    },
    Query {
        name: "first page",
        bar: 2.0,
        requests: |client, _| {
            let path = "/api/catalog/entities/by-query?filter=kind=component\
                &orderField=metadata.name,asc&limit=20";
            Ok(gets(client, [path]))
        },
    },
    Query {
        name: "page by cursor",
        bar: 2.0,
        requests: |client, _| {
            let first = "/api/catalog/entities/by-query?filter=kind=component\
                &orderField=metadata.name,asc&limit=20";
            let page = client.get_json(first)?;
            let cursor = page.pointer("/pageInfo/nextCursor").and_then(|it| it.as_str());
            let next = format!(
                "/api/catalog/entities/by-query?cursor={}&limit=20",
                percent_encoded(cursor.unwrap_or_default())
            );
            Ok(gets(client, [next.as_str()]))
        },
    },
    Query {
        name: "GraphQL page",
        bar: 2.0,
        requests: |client, _| {
            let bodies = graphql_pages(client)?;
            Ok(graphql_requests(client, &bodies))
        },
    },
    Query {
        name: "count",
        bar: 3.0,
        requests: |client, _| {
            let path = "/api/catalog/entities/by-query?filter=kind=component,spec.type=service\
                &limit=0";
            Ok(gets(client, [path]))
        },
    },
    Query {
        name: "facets",
        bar: 3.0,
        requests: |client, _| {
            let path = "/api/catalog/entity-facets?facet=kind&facet=spec.type";
            Ok(gets(client, [path]))
        },
    },
    Query {
        name: "facets under a filter",
        bar: 3.0,
        requests: |client, _| {
            let path = "/api/catalog/entity-facets?facet=metadata.tags&filter=kind=component";
            Ok(gets(client, [path]))
        },
    },
    Query {
        name: "GraphQL facets",
        bar: 3.0,
        requests: |client, _| {
            let bodies = graphql_facets(client)?;
            Ok(graphql_requests(client, &bodies))
        },
    },
];

/// Milliseconds of CPU a request, for each query.
pub(crate) fn scale(lab: &mut Lab) -> anyhow::Result<Outcome> {
    let small = costs(lab, 10)?;
    let large = costs(lab, 100)?;
    let mut figures = Figures::default();
    for ((query, small), large) in QUERIES.iter().zip(small).zip(large) {
        figures.at_most(query.name, large / small, query.bar, " ×");
        figures.note(format!("{large:.3} CPU-ms"));
    }
    Ok(figures.outcome())
}

fn costs(lab: &mut Lab, factor: u32) -> anyhow::Result<Vec<f64>> {
    let stage = Stage::empty(lab, Database::Sqlite, factor)?;
    let (started, mut client) = stage.serve_complete(factor)?;
    let process = started.server.process();
    settle(|| process.tree_cpu_seconds());
    let mut costs = Vec::new();
    for query in QUERIES {
        let requests = (query.requests)(&mut client, stage.estate.manifest())?;
        let cpu = || process.tree_cpu_seconds();
        let report = closed_loop(LOAD, started.server.url(), &requests, cpu)?;
        anyhow::ensure!(report.failures == 0, "{}: {} failures", query.name, report.failures);
        costs.push(report.cpu_ms());
    }
    Ok(costs)
}
