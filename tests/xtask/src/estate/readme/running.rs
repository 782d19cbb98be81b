//! The part of the README that tells what runs, and where to look.

use crate::estate::truth::{
    CallTruth, ClusterTruth, Dependency, LinkTruth, Mode, Tls, Truth, WorkloadTruth,
};
use crate::estate::vocabulary::TroubleKind;
use anyhow::Context as _;
use std::collections::{BTreeMap, BTreeSet};

/// Ways across clusters: where each begins, and the components on it.
const PATHS: &[(&str, &[&str])] = &[
    (
        "aws-prod-1",
        &[
            "web-bank-bff",
            "mortgage-origination",
            "household-economy",
            "income-verification",
            "account-aggregation",
        ],
    ),
    ("aws-prod-2", &["web-bank-bff", "transaction-history", "merchant-directory"]),
    ("gcp-prod-1", &["case-manager", "customer-profile", "address-lookup"]),
    ("gcp-prod-1", &["property-valuation", "property-register"]),
];

/// The blanks of the template that the truth fills in.
///
/// # Errors
///
/// If one of the ways worth following does not exist.
pub(crate) fn blanks(truth: &Truth) -> anyhow::Result<Vec<(&'static str, String)>> {
    let refused = |list: fn(&ClusterTruth) -> &Vec<String>| {
        let found = truth.clusters.iter().find(|cluster| !list(cluster).is_empty());
        found.map_or_else(String::new, |cluster| cluster.name.clone())
    };
    Ok(vec![
        ("{clusters}", clusters(truth)),
        ("{calls}", calls(truth)),
        ("{recorded}", truth.recorded_at.clone()),
        ("{forbidden}", refused(|cluster| &cluster.forbidden)),
        ("{absent}", refused(|cluster| &cluster.absent)),
        ("{dead}", dead(truth)),
        ("{skews}", truth.skews.len().to_string()),
        ("{skew_table}", skews(truth)),
        ("{rules}", rules(truth)),
        ("{missing_count}", truth.missing.len().to_string()),
        ("{missing}", ticked(truth.missing.iter())),
        ("{unknown_count}", truth.unknown_workloads.len().to_string()),
        ("{unknown}", unknown(truth)),
        ("{troubles}", troubles(truth)),
        ("{undeclared_count}", truth.undeclared.len().to_string()),
        ("{dead_count}", truth.dead.len().to_string()),
        ("{drift}", drift(truth)),
        ("{paths}", paths(truth)?),
        ("{plaintext}", plaintext(truth)),
    ])
}

fn ticked<'a>(names: impl Iterator<Item = &'a String>) -> String {
    names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn table(head: &str, rows: impl Iterator<Item = String>) -> String {
    let columns = head.matches('|').count().saturating_sub(1);
    let mut lines = vec![head.to_owned(), format!("|{}", "---|".repeat(columns))];
    lines.extend(rows);
    lines.join("\n")
}

fn clusters(truth: &Truth) -> String {
    let rows = truth.clusters.iter().map(|cluster| {
        let all: Vec<_> = truth.workloads(&cluster.name).collect();
        let components: BTreeSet<_> = all.iter().filter_map(|one| one.component.as_ref()).collect();
        let unknown = all.iter().filter(|one| one.component.is_none()).count();
        let pods: u64 = all.iter().filter_map(|one| one.replicas).sum();
        format!(
            "| `{}` | {} | {} | {} | {} | {} | {} | {} | {} |",
            cluster.name,
            cluster.cloud,
            cluster.region,
            cluster.environment,
            cluster.kubernetes,
            cluster.nodes,
            components.len(),
            unknown,
            pods
        )
    });
    let head = "| cluster | cloud | region | environment | Kubernetes | nodes | components | unknown workloads | pods |";
    table(head, rows)
}

fn count(truth: &Truth, wanted: impl Fn(Mode, &CallTruth) -> bool) -> usize {
    let pairs = truth.calls.iter();
    pairs.map(|pair| pair.edges.iter().filter(|edge| wanted(pair.mode, edge)).count()).sum()
}

fn calls(truth: &Truth) -> String {
    let of = |wanted: Mode| count(truth, |mode, _| mode == wanted);
    format!(
        "Workloads call each other along {} edges: {} within a cluster, {} through gateways and {} over flat networks. \
         {} more lead to public names, and {} workloads are called by something without a proxy.",
        of(Mode::Local) + of(Mode::Gateway) + of(Mode::Flat),
        of(Mode::Local),
        of(Mode::Gateway),
        of(Mode::Flat),
        of(Mode::External),
        truth.unmeshed_callers.len()
    )
}

fn dead(truth: &Truth) -> String {
    let is_dead = |link: &&LinkTruth| link.gateway.as_ref().is_some_and(|gateway| !gateway.alive);
    let links = truth.links.iter().filter(is_dead).map(|link| {
        let pairs = truth.calls.iter();
        let mut pairs =
            pairs.filter(|pair| pair.from == link.from && pair.to.as_ref() == Some(&link.to));
        let edges = pairs.next().map_or(0, |pair| pair.edges.len());
        format!("The gateway of `{}` does not answer `{}`: {edges} calls fail.", link.to, link.from)
    });
    links.collect::<Vec<_>>().join(" ")
}

fn skews(truth: &Truth) -> String {
    let production = truth.skews.iter().filter(|skew| skew.environment == "production");
    let rows = production.map(|skew| {
        let mut by_image: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
        for [cluster, tag, digest] in &skew.images {
            by_image.entry((tag, digest)).or_default().push(cluster);
        }
        let parts = by_image.iter().map(|((tag, _), clusters)| {
            let clusters: Vec<String> = clusters.iter().map(|one| format!("`{one}`")).collect();
            format!("{tag} in {}", clusters.join(", "))
        });
        format!("| `{}` | {} |", skew.component, parts.collect::<Vec<_>>().join("; "))
    });
    table("| component | images |", rows)
}

fn rules(truth: &Truth) -> String {
    let mut counts = BTreeMap::new();
    for component in &truth.components {
        *counts.entry(component.claim.rule).or_insert(0_usize) += 1;
    }
    let parts = counts.iter().map(|(rule, count)| format!("{count} by {}", rule.words()));
    parts.collect::<Vec<_>>().join(", ")
}

fn unknown(truth: &Truth) -> String {
    let mut places: BTreeMap<(&str, &str, &str, &str), Vec<&str>> = BTreeMap::new();
    for one in &truth.unknown_workloads {
        let squad = one.squad.as_deref().unwrap_or_default();
        let key = (one.namespace.as_str(), one.kind.as_str(), one.name.as_str(), squad);
        places.entry(key).or_default().push(&one.cluster);
    }
    let rows = places.iter().map(|((namespace, kind, name, squad), clusters)| {
        let clusters = match clusters.len() {
            all if all == truth.clusters.len() => "all".to_owned(),
            _ => clusters.join(", "),
        };
        format!("| `{namespace}` | {kind} `{name}` | {squad} | {clusters} |")
    });
    table("| namespace | workload | label `squad` | clusters |", rows)
}

fn troubles(truth: &Truth) -> String {
    let rows = truth.placements.iter().filter_map(|one| {
        let what = match one.trouble? {
            TroubleKind::CrashLoopBackOff => "ends again and again",
            TroubleKind::ImagePullBackOff => "has no image",
            TroubleKind::Unready => "does not become ready",
            TroubleKind::Stopped => "is stopped",
        };
        let (ready, all) = (one.ready.unwrap_or(0), one.replicas.unwrap_or(0));
        let component = one.component.as_deref().unwrap_or_default();
        Some(format!("| `{component}` | `{}` | {what} | {ready} of {all} |", one.cluster))
    });
    table("| component | cluster | what | ready |", rows)
}

fn drift(truth: &Truth) -> String {
    let arrow = |one: &Dependency| format!("`{}` → `{}`", one.from, one.to);
    let rows = (0..truth.undeclared.len().max(truth.dead.len())).map(|index| {
        let left = truth.undeclared.get(index).map(arrow).unwrap_or_default();
        let right = truth.dead.get(index).map(arrow).unwrap_or_default();
        format!("| {left} | {right} |")
    });
    table("| called, not declared | declared, not called |", rows)
}

fn paths(truth: &Truth) -> anyhow::Result<String> {
    let mut lines = Vec::new();
    for (start, components) in PATHS {
        let mut here = (*start).to_owned();
        let mut hops = Vec::new();
        for pair in components.windows(2) {
            let [from, to] = pair else { continue };
            let (there, words) = hop(truth, &here, from, to)
                .with_context(|| format!("{from} in {here} does not call {to}"))?;
            if hops.is_empty() {
                hops.push(format!("- `{from}` in `{here}`"));
            }
            hops.push(words);
            here = there;
        }
        lines.push(hops.join(" → "));
    }
    Ok(lines.join("\n"))
}

/// Where a call goes, and that in words.
fn hop(truth: &Truth, here: &str, from: &str, to: &str) -> Option<(String, String)> {
    let key = |cluster: &str, component: &str| {
        let all = truth.placements.iter().filter(|one| one.cluster == cluster);
        let own = all.filter(|one| one.component.as_deref() == Some(component));
        own.map(WorkloadTruth::key).collect::<Vec<_>>()
    };
    let callers = key(here, from);
    truth.calls.iter().filter(|pair| pair.from == here).find_map(|pair| {
        let there = pair.to.as_ref()?;
        let callees = key(there, to);
        let edge = pair.edges.iter().find(|edge| {
            callers.contains(&edge.from) && edge.to.as_ref().is_some_and(|to| callees.contains(to))
        })?;
        let tls = if edge.tls == Tls::Plaintext { ", not under TLS" } else { "" };
        let words = match pair.mode {
            Mode::Gateway => format!("`{to}` in `{there}` through its gateway{tls}"),
            Mode::Flat => format!("`{to}` in `{there}` over the flat network{tls}"),
            Mode::Local | Mode::External => format!("`{to}`{tls}"),
        };
        Some((there.clone(), words))
    })
}

fn plaintext(truth: &Truth) -> String {
    let mut targets: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for one in truth.placements.iter().filter(|one| one.component.is_some()) {
        if one.proxy.is_none() || one.meshed.is_some() {
            let component = one.component.as_deref().unwrap_or_default();
            targets.entry(component).or_default().insert(&one.cluster);
        }
    }
    let targets: Vec<String> = targets
        .iter()
        .map(|(component, clusters)| {
            let clusters: Vec<&str> = clusters.iter().copied().collect();
            format!("`{component}` ({})", clusters.join(", "))
        })
        .collect();
    format!(
        "{} edges are in plaintext and {} in part, because what they call has no proxy: {}. Behind a gateway that does not show: the caller's side ends there.",
        count(truth, |_, edge| edge.tls == Tls::Plaintext),
        count(truth, |_, edge| edge.tls == Tls::Mixed),
        targets.join(", ")
    )
}
