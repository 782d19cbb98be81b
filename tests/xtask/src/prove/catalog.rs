//! The bars of the catalog, from descriptor to screen.

mod anonymous;
mod bad_input;
mod bomb;
mod conformance;
mod corpus;
mod crash;
mod database_restart;
mod demo;
mod freshness;
mod gadget;
mod ingest;
mod latency;
mod named_tests;
mod replicas;
mod restart;
mod scale;
mod throughput;

use super::row::{
    Measure::{EachDatabase, Once},
    Row,
};

/// The issue that sets these bars.
const ISSUE: u32 = 4;

/// Every row of the issue's table, in its order.
pub(crate) const ROWS: &[Row] = &[
    Row {
        id: "catalog.demo",
        issue: ISSUE,
        statement: "`cargo run --release -- demo` on a fresh clone",
        bar: "builds, SQLite, page and GraphQL answer, Ctrl-C ends it cleanly",
        measure: Once(demo::demo),
    },
    Row {
        id: "catalog.corpus",
        issue: ISSUE,
        statement: "`validate --format json` over real descriptors against the oracle",
        bar: "verdict, ref and relations the same for every document",
        measure: Once(corpus::corpus),
    },
    Row {
        id: "catalog.ingest-10k",
        issue: ISSUE,
        statement: "10,000 entities from an empty database to visible with all relations",
        bar: "≤ 3 s, ≤ 5 CPU-s with the database's, peak RSS ≤ 200 MB; kill -9: nothing missing",
        measure: EachDatabase(ingest::ten_thousand),
    },
    Row {
        id: "catalog.load-100k",
        issue: ISSUE,
        statement: "100,000 entities loaded",
        bar: "≤ 45 s, RSS ≤ 1.2 GB",
        measure: EachDatabase(ingest::hundred_thousand),
    },
    Row {
        id: "catalog.scale-100k",
        issue: ISSUE,
        statement: "cost of queries at 100,000 entities against 10,000",
        bar: "paged and by-name ≤ 2 ×, facets and counts ≤ 3 ×",
        measure: Once(scale::scale),
    },
    Row {
        id: "catalog.restart-10k",
        issue: ISSUE,
        statement: "restart with 10,000 entities to ready",
        bar: "≤ 0.5 s",
        measure: EachDatabase(restart::ten_thousand),
    },
    Row {
        id: "catalog.restart-100k",
        issue: ISSUE,
        statement: "restart with 100,000 entities to ready",
        bar: "≤ 4 s",
        measure: EachDatabase(restart::hundred_thousand),
    },
    Row {
        id: "catalog.freshness-10k",
        issue: ISSUE,
        statement: "one descriptor saved, new value from the API, at 10,000 entities",
        bar: "≤ 100 ms",
        measure: EachDatabase(freshness::ten_thousand),
    },
    Row {
        id: "catalog.freshness-100k",
        issue: ISSUE,
        statement: "one descriptor saved, new value from the API, at 100,000 entities",
        bar: "≤ 150 ms",
        measure: EachDatabase(freshness::hundred_thousand),
    },
    Row {
        id: "catalog.by-name-throughput",
        issue: ISSUE,
        statement: "by-name through REST, 32 connections, in turns with the trivial route",
        bar: "≥ 40 % of the trivial route with the same bytes",
        measure: Once(throughput::by_name),
    },
    Row {
        id: "catalog.graphql-latency-page",
        issue: ISSUE,
        statement: "page of 20 entities with owner and system, 200 requests a second",
        bar: "p99 ≤ 5 ms, ≤ 1 CPU-ms a request",
        measure: Once(latency::page),
    },
    Row {
        id: "catalog.graphql-latency-facets",
        issue: ISSUE,
        statement: "facets of kind, spec.type and relations.ownedBy, 200 requests a second",
        bar: "p99 ≤ 5 ms, ≤ 1 CPU-ms a request",
        measure: Once(latency::facets),
    },
    Row {
        id: "catalog.graphql-latency-search",
        issue: ISSUE,
        statement: "search by a word, 200 requests a second",
        bar: "p99 ≤ 5 ms, ≤ 1 CPU-ms a request",
        measure: Once(latency::search),
    },
    Row {
        id: "catalog.gadget",
        issue: ISSUE,
        statement: "kind Gadget from configuration alone",
        bar: "validated, related both ways, faceted and searched by REST and GraphQL",
        measure: Once(gadget::gadget),
    },
    Row {
        id: "catalog.index-naive",
        issue: ISSUE,
        statement: "the index answers as a naive scan does",
        bar: "0 differences in 100,000 random cases",
        measure: Once(named_tests::index_as_naive_scan),
    },
    Row {
        id: "catalog.kill-points",
        issue: ISSUE,
        statement: "kill -9 at 50 random moments of a load, then restart",
        bar: "the same final entities, uid apart; a served uid never changes",
        measure: EachDatabase(crash::kill_points),
    },
    Row {
        id: "catalog.database-restart",
        issue: ISSUE,
        statement: "database restarted under load",
        bar: "reads go on, ingestion back ≤ 5 s, nothing acknowledged lost",
        measure: Once(database_restart::database_restart),
    },
    Row {
        id: "catalog.two-replicas-kill",
        issue: ISSUE,
        statement: "two replicas on one PostgreSQL, the ingesting one killed",
        bar: "takeover ≤ 15 s, the other's writes visible ≤ 200 ms, both serve the same",
        measure: Once(replicas::killed),
    },
    Row {
        id: "catalog.two-replicas-stop",
        issue: ISSUE,
        statement: "two replicas on one PostgreSQL, the ingesting one stopped for 60 s",
        bar: "takeover ≤ 15 s, writes of the old one refused, both serve the same",
        measure: Once(replicas::stopped),
    },
    Row {
        id: "catalog.bad-input",
        issue: ISSUE,
        statement: "bad input of every sort",
        bar: "each an error on the right entity or Location, everything else served",
        measure: EachDatabase(bad_input::bad_input),
    },
    Row {
        id: "catalog.conformance",
        issue: ISSUE,
        statement: "the unmodified npm catalog client against a recording of the real server",
        bar: "0 differences outside mended.json",
        measure: Once(conformance::recording),
    },
    Row {
        id: "catalog.conformance-mutants",
        issue: ISSUE,
        statement: "the conformance runner against spoiled answers",
        bar: "every mutant is caught",
        measure: Once(conformance::mutants),
    },
    Row {
        id: "catalog.attacks-A04",
        issue: ISSUE,
        statement: "A04: addresses that must not be fetched",
        bar: "a named test with at least 6 variants",
        measure: Once(named_tests::a04),
    },
    Row {
        id: "catalog.attacks-A05",
        issue: ISSUE,
        statement: "A05: placeholders that leave their repository",
        bar: "a named test with at least 6 variants",
        measure: Once(named_tests::a05),
    },
    Row {
        id: "catalog.attacks-A06",
        issue: ISSUE,
        statement: "A06: Locations of kinds and types that are not allowed",
        bar: "a named test with at least 6 variants",
        measure: Once(named_tests::a06),
    },
    Row {
        id: "catalog.attacks-A09",
        issue: ISSUE,
        statement: "A09: links that run scripts",
        bar: "a named test with at least 6 variants",
        measure: Once(named_tests::a09),
    },
    Row {
        id: "catalog.attacks-A11",
        issue: ISSUE,
        statement: "A11: YAML bombs, in the release build",
        bar: "each ≤ 50 ms and ≤ 32 MiB over the file's size",
        measure: Once(bomb::bombs),
    },
    Row {
        id: "catalog.anonymous",
        issue: ISSUE,
        statement: "anonymous caller outside the demo",
        bar: "401 on every route that is not public, 404 on an unknown path",
        measure: Once(anonymous::anonymous),
    },
    Row {
        id: "catalog.test-fresh-clone",
        issue: ISSUE,
        statement: "`cargo xtask test` on a fresh clone",
        bar: "green; a real PostgreSQL is used; a missing peer is named",
        measure: Once(demo::test_on_fresh_clone),
    },
];
