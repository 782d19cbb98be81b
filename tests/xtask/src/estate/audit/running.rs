//! Is the ground truth whole, does it agree with itself, and is there enough of everything to look
//! at?

use crate::estate::model::{Estate, Rule};
use crate::estate::truth::{Blindness, Mode, Tls, Truth, WorkloadTruth};
use crate::estate::vocabulary::TroubleKind;
use anyhow::ensure;
use std::collections::{BTreeMap, BTreeSet};

/// Checks the truth against itself and against what the estate promises.
///
/// # Errors
///
/// If a call leads from or to what does not run, a workload is there twice, or there is too little
/// of something. The text lists all.
pub(crate) fn audit(truth: &Truth, estate: &Estate) -> anyhow::Result<()> {
    let mut problems = contradictions(truth);
    let found = amounts(truth, estate);
    let few = found.iter().filter(|(_, there, least)| there < least);
    problems.extend(few.map(|(what, there, least)| format!("{there} {what}, not {least}")));
    problems.extend(gaps(truth));
    ensure!(problems.is_empty(), "the ground truth is not right:\n{}", problems.join("\n"));
    Ok(())
}

/// What there must be at least.
fn amounts(truth: &Truth, estate: &Estate) -> Vec<(&'static str, usize, usize)> {
    let placed: BTreeSet<&str> =
        truth.placements.iter().filter_map(|one| one.component.as_deref()).collect();
    let services = estate.components.iter().filter(|one| one.kind == "service");
    let services = services.filter(|one| placed.contains(one.name.as_str())).count();
    let edges = |wanted: &dyn Fn(Mode) -> bool| -> usize {
        let pairs = truth.calls.iter().filter(|pair| wanted(pair.mode));
        pairs.map(|pair| pair.edges.len()).sum()
    };
    let tls = |wanted: Tls| {
        let edges = truth.calls.iter().flat_map(|pair| &pair.edges);
        edges.filter(|edge| edge.tls == wanted).count()
    };
    let unknown = |has_squad: bool| {
        let all = truth.unknown_workloads.iter();
        all.filter(|one| one.squad.is_some() == has_squad).count()
    };
    let skews = |environment: &str| {
        truth.skews.iter().filter(|skew| skew.environment == environment).count()
    };
    vec![
        ("clusters", truth.clusters.len(), 9),
        ("components placed", placed.len(), 290),
        ("services placed", services, 250),
        ("edges", edges(&|mode| mode != Mode::External), 1_200),
        ("edges through gateways", edges(&|mode| mode == Mode::Gateway), 60),
        ("edges over flat networks", edges(&|mode| mode == Mode::Flat), 40),
        ("edges to public names", edges(&|mode| mode == Mode::External), 5),
        ("plaintext edges", tls(Tls::Plaintext), 40),
        ("mixed edges", tls(Tls::Mixed), 2),
        ("callers without a proxy", truth.unmeshed_callers.len(), 15),
        ("undeclared dependencies", truth.undeclared.len(), 25),
        ("dead declarations", truth.dead.len(), 30),
        ("unknown workloads with a squad", unknown(true), 20),
        ("unknown workloads without", unknown(false), 20),
        ("skews in production", skews("production"), 15),
        ("skews elsewhere", skews("staging").min(skews("development")), 2),
        ("missing components", truth.missing.len(), 5),
        ("refused kinds", truth.clusters.iter().flat_map(|one| &one.forbidden).count(), 1),
        ("absent kinds", truth.clusters.iter().flat_map(|one| &one.absent).count(), 1),
    ]
}

/// Rules, kinds and troubles of which there is no example.
fn gaps(truth: &Truth) -> Vec<String> {
    use TroubleKind::{CrashLoopBackOff, ImagePullBackOff, Stopped, Unready};
    let mut gaps = Vec::new();
    let rules: BTreeSet<Rule> = truth.placements.iter().filter_map(|one| one.rule).collect();
    if rules.len() < 6 {
        gaps.push(format!("workloads are found by {rules:?} alone"));
    }
    for kind in ["Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job"] {
        if !truth.placements.iter().any(|one| one.kind == kind) {
            gaps.push(format!("no component is a {kind}"));
        }
    }
    for trouble in [CrashLoopBackOff, ImagePullBackOff, Unready, Stopped] {
        if !truth.placements.iter().any(|one| one.trouble == Some(trouble)) {
            gaps.push(format!("nothing is in {trouble:?}"));
        }
    }
    let hidden = truth.unobservable.iter().filter(|one| one.why == Blindness::PublicName);
    gaps.extend(hidden.map(|one| format!("{} -> {} is seen nowhere", one.from, one.to)));
    gaps
}

/// Workloads by cluster and key.
type Workloads<'a> = BTreeMap<(&'a str, String), &'a WorkloadTruth>;

fn contradictions(truth: &Truth) -> Vec<String> {
    let mut problems = Vec::new();
    let mut workloads = Workloads::new();
    let mut services = BTreeSet::new();
    for workload in truth.placements.iter().chain(&truth.unknown_workloads) {
        let cluster = workload.cluster.as_str();
        if workloads.insert((cluster, workload.key()), workload).is_some() {
            problems.push(format!("{} is twice in {cluster}", workload.key()));
        }
        if let Some(service) = &workload.service {
            services.insert((cluster, format!("{}/{service}", workload.namespace)));
        }
    }
    let linked: BTreeSet<(&str, &str)> =
        truth.links.iter().map(|link| (link.from.as_str(), link.to.as_str())).collect();
    for pair in &truth.calls {
        let there = pair.to.as_deref();
        if there.is_some_and(|to| to != pair.from && !linked.contains(&(pair.from.as_str(), to))) {
            problems.push(format!("{} calls {there:?} without a link", pair.from));
        }
        let mut seen = BTreeSet::new();
        for edge in &pair.edges {
            let caller = workloads.get(&(pair.from.as_str(), edge.from.clone()));
            if caller.is_none_or(|caller| caller.proxy.is_none()) {
                problems.push(format!("nobody sees {} call from {}", edge.from, pair.from));
            }
            let callee = edge.to.as_ref().zip(there);
            if callee.is_some_and(|(to, there)| !workloads.contains_key(&(there, to.clone()))) {
                problems.push(format!("{:?} is called in {there:?} and not there", edge.to));
            }
            if !seen.insert((&edge.from, &edge.to, &edge.authority)) {
                problems.push(format!("{} calls {:?} twice", edge.from, edge.to));
            }
        }
    }
    for cluster in &truth.clusters {
        for export in &cluster.exports {
            if !services.contains(&(cluster.name.as_str(), export.clone())) {
                problems.push(format!("{} exports {export}, which is not there", cluster.name));
            }
        }
    }
    problems
}

/// Checks that the configuration of the example names every cluster and its folders.
///
/// # Errors
///
/// If it does not; the text names what is missing.
pub(crate) fn audit_configuration(truth: &Truth, configuration: &str) -> anyhow::Result<()> {
    for cluster in &truth.clusters {
        let name = &cluster.name;
        for line in [
            format!("- name: {name}"),
            format!("snapshot: ./clusters/{name}/kubernetes"),
            format!("snapshot: ./clusters/{name}/prometheus"),
        ] {
            let is_there = configuration.lines().any(|own| own.trim() == line);
            ensure!(is_there, "examples/app-config.yaml lacks `{line}`");
        }
    }
    Ok(())
}
