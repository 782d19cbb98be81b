//! `callboard clusters`: looking at clusters without serving them.

use std::{fmt::Write as _, path::Path, process::ExitCode};

use anyhow::{Context as _, bail};
use callboard_model::SystemClock;
use callboard_plugin::{MetricsSource as _, MetricsWindow};
use callboard_plugin_kubernetes::{
    ClusterAccess, KindAccess, RecordedKind, check_access, cluster_role, record_snapshot,
};

use crate::{
    cli::{ClustersCheckArgs, ClustersCommand, ClustersSnapshotArgs},
    cluster_wiring::{self, metrics::MetricsWiring},
    config::{self, ClusterConfig, ClustersConfig, ProcessSurroundings, PrometheusConfig},
    output,
};

/// Runs a subcommand.
pub(super) async fn run(command: ClustersCommand) -> anyhow::Result<ExitCode> {
    match command {
        ClustersCommand::Check(arguments) => check(arguments).await,
        ClustersCommand::Snapshot(arguments) => snapshot(arguments).await,
        ClustersCommand::Rbac { name } => {
            print(&cluster_role(&name))?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn print(text: &str) -> anyhow::Result<()> {
    output::print(text.trim_end())
}

async fn check(arguments: ClustersCheckArgs) -> anyhow::Result<ExitCode> {
    let config = config::load(&arguments.config.files, &ProcessSurroundings)?.config.clusters;
    if config.clusters.is_empty() {
        bail!("the configuration names no clusters: set callboard.clusters");
    }
    for name in &arguments.names {
        find(&config, name)?;
    }
    let is_meant = |cluster: &&ClusterConfig| {
        let names = &arguments.names;
        names.is_empty() || names.iter().any(|name| name == cluster.name.as_str())
    };
    let mut wiring = MetricsWiring::new(&config)?;
    let mut works = true;
    for cluster in config.clusters.iter().filter(is_meant) {
        let watched = cluster_wiring::watched(&config, cluster);
        let access = check_access(&watched, &SystemClock).await;
        works &= access.is_complete();
        let kubernetes = access_report(&access);
        let metrics = metrics_report(cluster, &mut wiring).await;
        works &= metrics.is_ok();
        let metrics = metrics.unwrap_or_else(|reason| reason);
        print(&format!("{}\n{kubernetes}  prometheus: {metrics}\n", cluster.name))?;
    }
    Ok(if works { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn access_report(access: &ClusterAccess) -> String {
    let mut report = String::new();
    let version = access.version.as_deref().unwrap_or("of an unknown version");
    match &access.failure {
        Some(reason) => push(&mut report, format_args!("  kubernetes: {reason}\n")),
        None => push(&mut report, format_args!("  kubernetes {version}\n")),
    }
    for kind in &access.kinds {
        push(&mut report, format_args!("    {}\n", kind_line(kind)));
    }
    report
}

fn kind_line(kind: &KindAccess) -> String {
    let mut line = format!("{:<12} {:<24} {}", kind.state.name(), kind.kind, kind.api_version);
    if let Some(objects) = kind.objects {
        push(&mut line, format_args!(", {objects} objects"));
    }
    if let Some(reason) = &kind.reason {
        push(&mut line, format_args!(": {reason}"));
    }
    if !kind.missing_grants.is_empty() {
        let verbs: Vec<&str> = kind.missing_grants.iter().map(|grant| &*grant.verb).collect();
        push(&mut line, format_args!("; missing grants: {}", verbs.join(", ")));
    }
    line
}

/// Writing to a text cannot fail.
fn push(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    let _written = text.write_fmt(arguments);
}

async fn metrics_report(
    cluster: &ClusterConfig,
    wiring: &mut MetricsWiring,
) -> Result<String, String> {
    let Some(prometheus) = &cluster.prometheus else {
        return Ok("none is configured".to_owned());
    };
    let source = wiring.source(&cluster.name, prometheus).await;
    let queries = callboard_plugin_mesh::queries(MetricsWindow::M5, source.matchers());
    let mut series = 0_usize;
    for query in &queries {
        let answer =
            source.instant(query).await.map_err(|error| cluster_wiring::metrics::chain(&error))?;
        series += answer.samples.len() + answer.dropped_series;
    }
    Ok(match series {
        0 => {
            "answers, and has no series of the mesh: is it scraped, with linkerd-viz's relabelling?"
                .to_owned()
        }
        _ => format!("answers {} queries with {series} series", queries.len()),
    })
}

async fn snapshot(arguments: ClustersSnapshotArgs) -> anyhow::Result<ExitCode> {
    let config = config::load(&arguments.config.files, &ProcessSurroundings)?.config.clusters;
    let cluster = find(&config, &arguments.name)?;
    let watched = cluster_wiring::watched(&config, cluster);
    let folder = arguments.folder.join("kubernetes");
    let kinds = record_snapshot(&watched, &folder, &SystemClock).await?;
    print(&kinds.iter().map(recorded_line).collect::<String>())?;
    let is_whole = record_metrics(&config, cluster, &arguments.folder).await?;
    Ok(if is_whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn recorded_line(kind: &RecordedKind) -> String {
    let reason = kind.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    format!("{:<12} {:<24} {} objects{reason}\n", kind.state.name(), kind.kind, kind.objects)
}

/// Whether every query was answered.
async fn record_metrics(
    config: &ClustersConfig,
    cluster: &ClusterConfig,
    folder: &Path,
) -> anyhow::Result<bool> {
    let address = match &cluster.prometheus {
        Some(Ok(PrometheusConfig::Live(address))) => address,
        Some(Ok(PrometheusConfig::Snapshot(_))) => {
            print("prometheus   is a recording already")?;
            return Ok(true);
        }
        Some(Err(reason)) => bail!("{reason}"),
        None => {
            print("prometheus   none is configured")?;
            return Ok(true);
        }
    };
    let source =
        MetricsWiring::new(config)?.live(&cluster.name, address).map_err(anyhow::Error::msg)?;
    let queries = callboard_plugin_mesh::all_queries(source.matchers());
    let recorded =
        callboard_plugin_telemetry::record(&source, &queries, &folder.join("prometheus")).await?;
    print(&format!("prometheus   {} answers", recorded.answers))?;
    for failed in &recorded.failed {
        print(&format!("prometheus   not recorded: {}: {}", failed.error, failed.promql))?;
    }
    Ok(recorded.failed.is_empty())
}

fn find<'a>(config: &'a ClustersConfig, name: &str) -> anyhow::Result<&'a ClusterConfig> {
    let names: Vec<&str> = config.clusters.iter().map(|cluster| cluster.name.as_str()).collect();
    let found = config.clusters.iter().find(|cluster| cluster.name.as_str() == name);
    found.with_context(|| match names.as_slice() {
        [] => "the configuration names no clusters: set callboard.clusters".to_owned(),
        names => format!("no cluster is called {name}; there are {}", names.join(", ")),
    })
}
