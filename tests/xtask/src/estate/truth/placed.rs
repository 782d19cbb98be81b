//! Which workloads run in which cluster.

use super::{ClusterTruth, ComponentTruth, WorkloadTruth, rates};
use crate::estate::model::{Claim, Cluster, Component, Estate, Placement, Protocol, Rule};
use crate::estate::random::Random;
use crate::estate::vocabulary::{RunningWords, TroubleKind, WorkloadWords};
use anyhow::{Context as _, ensure};
use std::collections::{BTreeMap, BTreeSet};

/// How many pods a node takes.
const PODS_A_NODE: u64 = 42;

/// Everything that runs.
#[derive(Debug)]
pub(super) struct Placed {
    /// Workloads of components.
    pub(super) components: Vec<WorkloadTruth>,
    /// All others.
    pub(super) unknown: Vec<WorkloadTruth>,
    /// Nodes of each cluster.
    pub(super) nodes: BTreeMap<String, u64>,
}

/// The workloads of every cluster.
pub(super) fn all(estate: &Estate, words: &RunningWords) -> anyhow::Result<Placed> {
    check(estate, words)?;
    let mut placed = Placed { components: Vec::new(), unknown: Vec::new(), nodes: BTreeMap::new() };
    for cluster in &estate.clusters {
        let site = Site { estate, words, cluster };
        let mut known = Vec::new();
        for component in &estate.components {
            let here = component.placements.iter().find(|one| one.cluster == cluster.name);
            known.extend(
                here.into_iter().flat_map(|placement| site.workloads(component, placement)),
            );
        }
        let mut unknown: Vec<WorkloadTruth> =
            words.workloads.iter().filter_map(|one| site.unknown(one)).collect();
        let pods: u64 = known.iter().chain(&unknown).filter_map(|one| one.replicas).sum();
        let nodes = 3 + pods.div_ceil(PODS_A_NODE);
        for workload in known.iter_mut().chain(&mut unknown) {
            if workload.kind == "DaemonSet" {
                (workload.replicas, workload.ready) = (Some(nodes), Some(nodes));
            }
        }
        for list in [&mut known, &mut unknown] {
            list.sort_by_key(|one| (one.namespace.clone(), one.name.clone()));
        }
        placed.nodes.insert(cluster.name.clone(), nodes);
        placed.components.extend(known);
        placed.unknown.extend(unknown);
    }
    Ok(placed)
}

/// Every component that is named must be there; what is in a list of one environment, too.
fn check(estate: &Estate, words: &RunningWords) -> anyhow::Result<()> {
    let lists = [&words.unmeshed, &words.half_meshed, &words.behind, &words.retagged];
    let listed = lists.into_iter().flatten().flat_map(|(component, clusters)| {
        clusters.iter().map(move |cluster| (component.as_str(), cluster.as_str()))
    });
    let troubled = words.troubles.iter().map(|one| (one.component.as_str(), one.cluster.as_str()));
    for (name, cluster) in listed.chain(troubled) {
        let component = estate.components.iter().find(|one| one.name == name);
        let component = component.with_context(|| format!("no component {name}"))?;
        let runs = component.placements.iter().any(|one| one.cluster == cluster);
        ensure!(runs, "{name} does not run in {cluster}");
    }
    for name in words.workers.iter().chain(words.kinds.values().flatten()) {
        let component = estate.components.iter().find(|one| one.name == *name);
        let component = component.with_context(|| format!("no component {name}"))?;
        let found_by_name = component.claim.rule == Rule::NamespaceAndName;
        ensure!(!(found_by_name && words.workers.contains(name)), "{name} is found by its name");
    }
    Ok(())
}

/// One cluster, and what is known of it.
struct Site<'a> {
    estate: &'a Estate,
    words: &'a RunningWords,
    cluster: &'a Cluster,
}

impl Site<'_> {
    fn workloads(&self, component: &Component, placement: &Placement) -> Vec<WorkloadTruth> {
        let main = self.main(component, placement);
        let mut all = Vec::new();
        if self.words.workers.contains(&component.name) {
            all.push(WorkloadTruth {
                kind: "Deployment".to_owned(),
                name: format!("{}-worker", component.workload),
                service: None,
                port: None,
                autoscaler: None,
                trouble: None,
                meshed: None,
                ready: main.replicas,
                ..main.clone()
            });
        }
        all.push(main);
        all
    }

    fn main(&self, component: &Component, placement: &Placement) -> WorkloadTruth {
        let kind = self.kind(component);
        let is_job = matches!(kind, "CronJob" | "Job");
        let trouble = self
            .words
            .troubles
            .iter()
            .find(|one| one.component == component.name && one.cluster == self.cluster.name);
        let what = trouble.map(|one| one.what);
        let replicas = if what == Some(TroubleKind::Stopped) { 0 } else { placement.replicas };
        let ready = replicas.saturating_sub(trouble.map_or(0, |one| one.pods));
        let tag = if what == Some(TroubleKind::ImagePullBackOff) {
            format!("{}-rc.17", component.version)
        } else {
            self.tag(component)
        };
        let image = image(component);
        let salt = if self.lists(&self.words.retagged, component) { "again" } else { "" };
        let has_image = !(what == Some(TroubleKind::ImagePullBackOff) && ready == 0);
        let is_meshed = !self.lists(&self.words.unmeshed, component);
        let is_half = self.lists(&self.words.half_meshed, component);
        let port = self.port(component, is_job);
        WorkloadTruth {
            cluster: self.cluster.name.clone(),
            namespace: component.namespace.clone(),
            kind: kind.to_owned(),
            name: component.workload.clone(),
            component: Some(component.name.clone()),
            rule: Some(component.claim.rule),
            squad: Some(component.owner.clone()),
            digest: (has_image && !is_job && replicas > 0)
                .then(|| digest(&format!("{image}:{tag}{salt}"))),
            image,
            tag,
            replicas: (!is_job).then_some(replicas),
            ready: (!is_job).then_some(ready),
            trouble: what,
            proxy: is_meshed.then(|| self.proxy(&component.name)),
            meshed: is_half.then(|| replicas.div_ceil(2)),
            service: port.map(|_| component.name.clone()),
            port,
            autoscaler: self.autoscaler(component, kind, replicas),
        }
    }

    fn lists(&self, list: &BTreeMap<String, Vec<String>>, component: &Component) -> bool {
        list.get(&component.name).is_some_and(|clusters| clusters.contains(&self.cluster.name))
    }

    fn kind(&self, component: &Component) -> &str {
        let named = self.words.kinds.iter().find(|(_, names)| names.contains(&component.name));
        match (named, component.kind.as_str()) {
            (Some((kind, _)), _) => kind,
            (None, "job" | "data-pipeline") => "CronJob",
            _ => "Deployment",
        }
    }

    fn port(&self, component: &Component, is_job: bool) -> Option<u64> {
        let apis = self.estate.apis.iter().filter(|api| api.provider == component.name);
        let protocols: BTreeSet<&str> = apis.map(|api| api.protocol.word()).collect();
        let is_grpc = protocols.contains(Protocol::Grpc.word());
        (!is_job).then_some(if is_grpc { 9090 } else { 8080 })
    }

    /// The tag of this environment; a cluster that is behind runs the one before.
    fn tag(&self, component: &Component) -> String {
        let mut random = Random::of(&format!("tag/{}", component.name));
        let is_ahead = random.happens(40);
        let candidate = 1 + random.below(9);
        let mut version = Version::read(&component.version);
        if is_ahead && self.cluster.environment != "production" {
            version = version.next();
        }
        let is_behind = self.lists(&self.words.behind, component);
        match (is_behind, self.cluster.environment.as_str()) {
            (true, _) => version.previous().to_string(),
            (false, "development") => format!("{}-rc.{candidate}", version.next()),
            (false, _) => version.to_string(),
        }
    }

    /// Pods keep the proxy that they started with.
    fn proxy(&self, name: &str) -> String {
        let mut random = Random::of(&format!("proxy/{}/{name}", self.cluster.name));
        if random.happens(8) { "edge-25.8.5".to_owned() } else { self.cluster.linkerd.clone() }
    }

    fn autoscaler(&self, component: &Component, kind: &str, replicas: u64) -> Option<[u64; 2]> {
        let is_scaled = component.tier == 1 || self.words.autoscaled.contains(&component.name);
        let wanted = is_scaled && kind == "Deployment" && replicas > 0;
        (wanted && self.cluster.environment == "production")
            .then(|| [replicas.saturating_sub(2).max(2), replicas * 3])
    }

    fn unknown(&self, words: &WorkloadWords) -> Option<WorkloadTruth> {
        let cluster = self.cluster;
        let is_here = words.on.iter().any(|place| {
            [&cluster.name, &cluster.cloud, &cluster.environment].contains(&place)
                || place == "all"
                || (place == "linked" && cluster.linked)
        });
        let (image, tag) = words.image.rsplit_once(':')?;
        let tag = if tag == "edge" { &cluster.linkerd } else { tag };
        let is_job = matches!(words.kind.as_str(), "CronJob" | "Job");
        is_here.then(|| WorkloadTruth {
            cluster: cluster.name.clone(),
            namespace: words.namespace.clone(),
            kind: words.kind.clone(),
            name: words.name.clone(),
            component: None,
            rule: None,
            squad: words.squad.clone(),
            image: image.to_owned(),
            tag: tag.to_owned(),
            digest: (!is_job).then(|| digest(&format!("{image}:{tag}"))),
            replicas: (!is_job).then_some(words.replicas),
            ready: (!is_job).then_some(words.replicas),
            trouble: None,
            proxy: words.meshed.then(|| cluster.linkerd.clone()),
            meshed: None,
            service: words.port.map(|_| words.name.clone()),
            port: words.port,
            autoscaler: None,
        })
    }
}

fn image(component: &Component) -> String {
    format!("registry.vinterhavn.example/{}/{}", component.folder, component.name)
}

/// `sha256:` and 64 digits.
fn digest(image: &str) -> String {
    let digits = Random::of(&format!("digest/{image}")).digest();
    format!("sha256:{digits}")
}

/// `major.minor.patch`.
#[derive(Debug, Clone, Copy)]
struct Version([u64; 3]);

impl Version {
    fn read(text: &str) -> Self {
        let mut parts = text.split('.').map(|part| part.parse().unwrap_or(0));
        let mut part = || parts.next().unwrap_or(0);
        Self([part(), part(), part()])
    }

    const fn next(self) -> Self {
        let Self([major, minor, _]) = self;
        Self([major, minor + 1, 0])
    }

    const fn previous(self) -> Self {
        match self.0 {
            [0, 0, patch] => Self([0, 0, patch + 1]),
            [major, 0, patch] => Self([major - 1, 38, patch + 1]),
            [major, minor, patch] => Self([major, minor - 1, patch + 2]),
        }
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self([major, minor, patch]) = self;
        write!(formatter, "{major}.{minor}.{patch}")
    }
}

/// The clusters; `exports` are the Services that others may mirror.
pub(super) fn clusters(
    estate: &Estate,
    placed: &Placed,
    exports: &BTreeMap<String, BTreeSet<String>>,
) -> Vec<ClusterTruth> {
    let links = "links.multicluster.linkerd.io".to_owned();
    let cluster = |one: &Cluster| ClusterTruth {
        name: one.name.clone(),
        cloud: one.cloud.clone(),
        region: one.region.clone(),
        environment: one.environment.clone(),
        kubernetes: one.kubernetes.clone(),
        linkerd: one.linkerd.clone(),
        machine: one.machine.clone(),
        network: one.network.clone(),
        nodes: placed.nodes.get(&one.name).copied().unwrap_or_default(),
        forbidden: one.forbidden.clone(),
        absent: if one.linked { Vec::new() } else { vec![links.clone()] },
        exports: exports.get(&one.name).into_iter().flatten().cloned().collect(),
    };
    estate.clusters.iter().map(cluster).collect()
}

/// The components that could run.
pub(super) fn components(estate: &Estate) -> Vec<ComponentTruth> {
    let deployable = estate.components.iter().filter(|one| one.is_deployable());
    let component = |one: &Component| ComponentTruth {
        name: one.name.clone(),
        owner: one.owner.clone(),
        system: one.system.clone(),
        language: one.language.clone(),
        claim: Claim { ..one.claim.clone() },
    };
    let mut components: Vec<ComponentTruth> = deployable.map(component).collect();
    components.sort_by(|left, right| left.name.cmp(&right.name));
    components
}

/// The share of its pods that is ready.
pub(super) fn ready_share(workload: &WorkloadTruth) -> f64 {
    match (workload.ready, workload.replicas) {
        (Some(ready), Some(all)) if all > 0 => rates::ratio(ready, all),
        (Some(_), Some(_)) => 0.0,
        _ => 1.0,
    }
}
