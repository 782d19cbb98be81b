//! What descriptors say against what happens, and clusters of one environment against each other.

use super::{Blindness, Dependency, Mode, PairTruth, Skew, Unobservable, WorkloadTruth};
use crate::estate::model::{Component, Declaration, Estate, Protocol};
use std::collections::{BTreeMap, BTreeSet};

/// Declared dependencies that do not happen, and happening ones that are not declared.
#[derive(Debug)]
pub(super) struct Drift {
    pub(super) undeclared: Vec<Dependency>,
    pub(super) dead: Vec<Dependency>,
    pub(super) unobservable: Vec<Unobservable>,
}

/// Pairs of components.
type Pairs<'a> = BTreeSet<(&'a str, &'a str)>;

/// The drift between the descriptors of `estate` and `calls` between `workloads`.
pub(super) fn all(estate: &Estate, workloads: &[WorkloadTruth], calls: &[PairTruth]) -> Drift {
    let observed = observed(workloads, calls);
    let declared_calls: Vec<_> =
        estate.calls.iter().filter(|call| call.declaration != Declaration::Hidden).collect();
    let mut declared: Pairs<'_> =
        declared_calls.iter().map(|call| (call.from.as_str(), call.to.as_str())).collect();
    let requested: Pairs<'_> = declared_calls
        .iter()
        .filter(|call| call.protocol != Some(Protocol::Events))
        .map(|call| (call.from.as_str(), call.to.as_str()))
        .collect();
    for component in &estate.components {
        let targets = component.depends_on.iter();
        let others = targets.filter_map(|target| target.strip_prefix("component:default/"));
        declared.extend(others.map(|other| (component.name.as_str(), other)));
    }
    let mut drift = Drift { undeclared: Vec::new(), dead: Vec::new(), unobservable: Vec::new() };
    for (from, to) in observed.difference(&declared) {
        drift.undeclared.push(Dependency { from: (*from).to_owned(), to: (*to).to_owned() });
    }
    let unused: Pairs<'_> = declared_calls
        .iter()
        .filter(|call| call.declaration == Declaration::Unused)
        .map(|call| (call.from.as_str(), call.to.as_str()))
        .collect();
    let component = |name: &str| estate.components.iter().find(|one| one.name == name);
    for (from, to) in declared.difference(&observed) {
        // What does not exist is a problem of the descriptor, not drift.
        let (Some(caller), Some(callee)) = (component(from), component(to)) else { continue };
        let (from, to) = ((*from).to_owned(), (*to).to_owned());
        let runs = |one: &Component| !one.placements.is_empty();
        let why = match () {
            () if !runs(caller) => Blindness::CallerRunsNowhere,
            () if !runs(callee) => Blindness::CalleeRunsNowhere,
            () if !requested.contains(&(from.as_str(), to.as_str())) => Blindness::Events,
            () if unused.contains(&(from.as_str(), to.as_str())) => {
                drift.dead.push(Dependency { from, to });
                continue;
            }
            () => Blindness::PublicName,
        };
        drift.unobservable.push(Unobservable { from, to, why });
    }
    drift
}

/// Pairs of components of which workloads call each other, as far as the mesh can tell.
fn observed<'a>(workloads: &'a [WorkloadTruth], calls: &'a [PairTruth]) -> Pairs<'a> {
    let components: BTreeMap<(&str, String), &str> = workloads
        .iter()
        .filter_map(|one| Some(((one.cluster.as_str(), one.key()), one.component.as_deref()?)))
        .collect();
    let component =
        |cluster: &'a str, key: &str| components.get(&(cluster, key.to_owned())).copied();
    let mut pairs = Pairs::new();
    for pair in calls.iter().filter(|pair| pair.mode != Mode::External) {
        let Some(there) = &pair.to else { continue };
        for edge in &pair.edges {
            let from = component(&pair.from, &edge.from);
            let to = edge.to.as_ref().and_then(|to| component(there, to));
            pairs.extend(from.zip(to));
        }
    }
    pairs
}

/// Where clusters of one environment run different images of a component.
pub(super) fn skews(estate: &Estate, workloads: &[WorkloadTruth]) -> Vec<Skew> {
    let mut images: BTreeMap<(&str, &str), Vec<[String; 3]>> = BTreeMap::new();
    for cluster in &estate.clusters {
        for one in workloads.iter().filter(|one| one.cluster == cluster.name) {
            let Some(component) = &one.component else { continue };
            let digits =
                one.digest.as_deref().map_or("", |digest| digest.trim_start_matches("sha256:"));
            let digits = digits.chars().take(12).collect();
            let image = [one.cluster.clone(), one.tag.clone(), digits];
            let list = images.entry((component, &cluster.environment)).or_default();
            if !list.contains(&image) {
                list.push(image);
            }
        }
    }
    let differ = |list: &Vec<[String; 3]>| {
        let kinds: BTreeSet<&[String]> = list.iter().filter_map(|one| one.get(1..)).collect();
        kinds.len() > 1
    };
    images.retain(|_, list| differ(list));
    images
        .into_iter()
        .map(|((component, environment), images)| Skew {
            component: component.to_owned(),
            environment: environment.to_owned(),
            images,
        })
        .collect()
}

/// Components that say they run, and run nowhere.
pub(super) fn missing(estate: &Estate) -> Vec<String> {
    let says = estate.components.iter().filter(|one| one.is_deployable());
    let nowhere = says.filter(|one| one.placements.is_empty());
    let mut names: Vec<String> = nowhere.map(|one| one.name.clone()).collect();
    names.sort();
    names
}
