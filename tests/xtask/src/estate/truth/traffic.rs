//! Who truly calls whom: one edge for each pair of workloads.

use super::placed::{Placed, ready_share};
use super::rates::{self, CallShape};
use super::{
    CallTruth, Gateway, LinkTruth, Mode, PairTruth, Requests, Tls, UnmeshedTruth, WorkloadTruth,
};
use crate::estate::model::{Cluster, Component, Estate, Protocol};
use crate::estate::placement;
use crate::estate::random::Random;
use crate::estate::vocabulary::{CallerWords, RunningWords};
use anyhow::{Context as _, ensure};
use std::collections::{BTreeMap, BTreeSet};

/// What the proxy of a caller says of what has no proxy.
const NOT_MESHED: &str = "not_provided_by_service_discovery";
/// What the proxy of the called says of a caller without one.
const NO_TLS: &str = "no_tls_from_remote";
/// The Service of the brokers.
const BROKERS: &str = "kafka-brokers";

/// All calls, and what they need.
#[derive(Debug)]
pub(super) struct Traffic {
    pub(super) calls: Vec<PairTruth>,
    pub(super) links: Vec<LinkTruth>,
    pub(super) unmeshed: Vec<UnmeshedTruth>,
    /// Services that others may mirror, by cluster.
    pub(super) exports: BTreeMap<String, BTreeSet<String>>,
}

/// All calls between what is `placed`.
pub(super) fn all(
    estate: &Estate,
    words: &RunningWords,
    placed: &Placed,
) -> anyhow::Result<Traffic> {
    let mut network = Network::new(estate, words, placed);
    for route in placement::routes(estate) {
        let (from, to) = route.call;
        network.call(from, route.from_cluster, to, route.to_cluster)?;
    }
    for workload in &words.workloads {
        for to in &workload.calls {
            network.call_of_unknown(&workload.name, to)?;
        }
    }
    network.connect_to_brokers();
    let unmeshed = words.callers.iter().map(|caller| network.unmeshed(caller));
    let unmeshed = unmeshed.collect::<anyhow::Result<Vec<_>>>()?.into_iter().flatten().collect();
    let exports = network.exports();
    Ok(Traffic { links: network.links(&exports), calls: network.pairs(), unmeshed, exports })
}

/// One for each pod; jobs are done.
fn open_connections(caller: &WorkloadTruth) -> u64 {
    if caller.is_job() { 0 } else { caller.replicas.unwrap_or(1) }
}

/// The way from one cluster to another.
type Pair = (String, Option<String>);

struct Network<'a> {
    estate: &'a Estate,
    words: &'a RunningWords,
    clusters: BTreeMap<&'a str, &'a Cluster>,
    components: BTreeMap<&'a str, &'a Component>,
    /// Main workloads by cluster and component.
    mains: BTreeMap<(&'a str, &'a str), &'a WorkloadTruth>,
    unknown: &'a [WorkloadTruth],
    edges: BTreeMap<Pair, Vec<CallTruth>>,
}

impl<'a> Network<'a> {
    fn new(estate: &'a Estate, words: &'a RunningWords, placed: &'a Placed) -> Self {
        let mut mains = BTreeMap::new();
        for workload in &placed.components {
            if let Some(component) = &workload.component
                && !workload.name.ends_with("-worker")
            {
                mains.insert((workload.cluster.as_str(), component.as_str()), workload);
            }
        }
        Self {
            estate,
            words,
            clusters: estate.clusters.iter().map(|one| (one.name.as_str(), one)).collect(),
            components: estate.components.iter().map(|one| (one.name.as_str(), one)).collect(),
            mains,
            unknown: &placed.unknown,
            edges: BTreeMap::new(),
        }
    }

    fn main(&self, cluster: &str, component: &str) -> anyhow::Result<&'a WorkloadTruth> {
        let found = self.mains.get(&(cluster, component));
        found.copied().with_context(|| format!("{component} does not run in {cluster}"))
    }

    fn mode(&self, from: &str, to: &str) -> Mode {
        let is_linked = self.clusters.get(from).is_some_and(|cluster| cluster.linked);
        match () {
            () if from == to => Mode::Local,
            () if !is_linked => Mode::External,
            () if self.words.flat.contains(&format!("{from}>{to}")) => Mode::Flat,
            () => Mode::Gateway,
        }
    }

    /// Requests a second between two components in production, roughly.
    fn size(&self, from: &str, to: &str) -> f64 {
        let component = |name: &str| self.components.get(name);
        let is_job = component(from).is_some_and(|one| one.kind == "job");
        let is_first = |name: &str| component(name).is_some_and(|one| one.tier == 1);
        match () {
            () if is_job => 0.4,
            () if is_first(from) && is_first(to) => 40.0,
            () if is_first(from) || is_first(to) => 9.0,
            () => 1.6,
        }
    }

    fn call(&mut self, from: &str, here: &str, to: &str, there: &str) -> anyhow::Result<()> {
        let (caller, callee) = (self.main(here, from)?, self.main(there, to)?);
        let is_up = caller.is_job() || caller.ready != Some(0);
        if is_up && callee.replicas != Some(0) {
            ensure!(caller.proxy.is_some(), "{from} calls without a proxy in {here}");
            let size = self.size(from, to);
            self.edge(caller, callee, size);
        }
        Ok(())
    }

    fn call_of_unknown(&mut self, name: &str, to: &str) -> anyhow::Result<()> {
        for caller in self.unknown.iter().filter(|one| one.name == name) {
            let callee = self.main(&caller.cluster, to)?;
            ensure!(caller.proxy.is_some(), "{name} calls without a proxy");
            self.edge(caller, callee, 0.7);
        }
        Ok(())
    }

    fn edge(&mut self, caller: &WorkloadTruth, callee: &WorkloadTruth, size: f64) {
        let (here, there) = (caller.cluster.as_str(), callee.cluster.as_str());
        let mode = self.mode(here, there);
        let is_dead = self.words.dead_gateways.contains(&format!("{here}>{there}"));
        let place = self.clusters.get(here);
        let requests = rates::requests(&CallShape {
            from: caller.component.as_deref().unwrap_or(&caller.name),
            to: callee.component.as_deref().unwrap_or(&callee.name),
            cluster: here,
            size,
            share: rates::share(place.map_or("", |cluster| &cluster.environment)),
            distance: match mode {
                Mode::Local => 0.0,
                Mode::Flat => 6.0,
                Mode::Gateway => 11.0,
                Mode::External => 24.0,
            },
            // Behind a gateway that does not answer nobody is ready.
            ready: if is_dead { 0.0 } else { ready_share(callee) },
        });
        if mode == Mode::External {
            self.external(caller, there, requests);
            return;
        }
        let secured = if mode == Mode::Gateway { 1.0 } else { callee.meshed_share() };
        let tls = match secured {
            _ if is_dead => Tls::Unknown,
            _ if mode != Mode::Gateway && callee.ready == Some(0) => Tls::Unknown,
            share if share >= 1.0 => Tls::Secured,
            share if share > 0.0 => Tls::Mixed,
            _ => Tls::Plaintext,
        };
        let name = callee.service.as_deref().unwrap_or(&callee.name);
        let suffix = if mode == Mode::Local { String::new() } else { format!("-{there}") };
        self.edges.entry((here.to_owned(), Some(there.to_owned()))).or_default().push(CallTruth {
            from: caller.key(),
            to: Some(callee.key()),
            service: Some(format!("{}/{name}{suffix}", callee.namespace)),
            authority: None,
            requests: Some(requests),
            connections: if tls == Tls::Unknown { 0 } else { open_connections(caller) },
            is_daily: caller.is_job(),
            tls,
            secured: (tls == Tls::Mixed).then_some(secured),
            reason: matches!(tls, Tls::Mixed | Tls::Plaintext).then(|| NOT_MESHED.to_owned()),
        });
    }

    /// One edge for everything that a workload asks of another cluster's front door.
    fn external(&mut self, caller: &WorkloadTruth, there: &str, requests: Requests) {
        let authority = format!("api.{there}.vinterhavn.example:443");
        let from = caller.key();
        let edges = self.edges.entry((caller.cluster.clone(), None)).or_default();
        let same = |edge: &&mut CallTruth| {
            edge.from == from && edge.authority.as_ref() == Some(&authority)
        };
        if let Some(found) = edges.iter_mut().find(same).and_then(|edge| edge.requests.as_mut()) {
            found.rps = rates::rounded(found.rps + requests.rps);
            return;
        }
        edges.push(CallTruth {
            from,
            to: None,
            service: None,
            authority: Some(authority),
            requests: Some(requests),
            connections: open_connections(caller),
            is_daily: caller.is_job(),
            tls: Tls::Plaintext,
            secured: None,
            reason: Some(NOT_MESHED.to_owned()),
        });
    }

    /// Everything of tier 1 that publishes or hears events keeps connections to the brokers of its
    /// cluster; the proxy sees bytes, no requests.
    fn connect_to_brokers(&mut self) {
        let is_events = |protocol| protocol == Some(Protocol::Events);
        let hears = self.estate.calls.iter().filter(|call| is_events(call.protocol));
        let publishes = self.estate.apis.iter().filter(|api| is_events(Some(api.protocol)));
        let mut users: BTreeSet<&str> = hears.map(|call| call.from.as_str()).collect();
        users.extend(publishes.map(|api| api.provider.as_str()));
        users.retain(|name| self.components.get(name).is_some_and(|one| one.tier == 1));
        for brokers in self.unknown.iter().filter(|one| one.name == BROKERS) {
            let here = brokers.cluster.as_str();
            let callers = users.iter().filter_map(|name| self.mains.get(&(here, *name)));
            let meshed = callers.filter(|caller| caller.proxy.is_some() && !caller.is_job());
            let edges = meshed.map(|caller| CallTruth {
                from: caller.key(),
                to: Some(brokers.key()),
                service: Some(format!("{}/{BROKERS}", brokers.namespace)),
                authority: None,
                requests: None,
                connections: open_connections(caller) * 3,
                is_daily: false,
                tls: Tls::Secured,
                secured: None,
                reason: None,
            });
            let edges: Vec<CallTruth> = edges.collect();
            self.edges.entry((here.to_owned(), Some(here.to_owned()))).or_default().extend(edges);
        }
    }

    fn unmeshed(&self, words: &CallerWords) -> anyhow::Result<Vec<UnmeshedTruth>> {
        let is_here = |cluster: &&Cluster| {
            words.on.iter().any(|place| *place == cluster.name || *place == cluster.cloud)
        };
        let mut all = Vec::new();
        for cluster in self.estate.clusters.iter().filter(is_here) {
            for to in &words.to {
                // A second production cluster does not run everything.
                let Some(callee) = self.mains.get(&(cluster.name.as_str(), to.as_str())) else {
                    continue;
                };
                ensure!(callee.proxy.is_some(), "nobody sees who calls {to}");
                let mut random = Random::of(&format!("unmeshed/{}/{to}", cluster.name));
                let busy = f64::from(u32::try_from(60 + random.below(60))?) / 100.0;
                let share = rates::share(&cluster.environment);
                all.push(UnmeshedTruth {
                    cluster: cluster.name.clone(),
                    to: callee.key(),
                    reason: NO_TLS.to_owned(),
                    rps: rates::rounded(words.rps * busy * share),
                    success: 0.998,
                    who: words.name.clone(),
                });
            }
        }
        ensure!(!all.is_empty(), "{} calls nobody", words.name);
        Ok(all)
    }

    /// What is called from elsewhere.
    fn exports(&self) -> BTreeMap<String, BTreeSet<String>> {
        let mut exports: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for ((from, to), edges) in &self.edges {
            let Some(to) = to.as_ref().filter(|to| *to != from) else { continue };
            let suffix = format!("-{to}");
            let services = edges.iter().filter_map(|edge| edge.service.as_deref());
            let own = services.filter_map(|service| service.strip_suffix(&suffix));
            exports.entry(to.clone()).or_default().extend(own.map(str::to_owned));
        }
        exports
    }

    fn links(&self, exports: &BTreeMap<String, BTreeSet<String>>) -> Vec<LinkTruth> {
        let mut links = Vec::new();
        for from in self.estate.clusters.iter().filter(|one| one.linked) {
            for to in self.estate.clusters.iter().filter(|one| one.linked) {
                let key = (from.name.clone(), Some(to.name.clone()));
                let is_flat = self.words.flat.contains(&format!("{}>{}", from.name, to.name));
                if from.name == to.name || !(self.edges.contains_key(&key) || is_flat) {
                    continue;
                }
                let mode = self.mode(&from.name, &to.name);
                let mut random = Random::of(&format!("link/{}/{}", from.name, to.name));
                let alive =
                    !self.words.dead_gateways.contains(&format!("{}>{}", from.name, to.name));
                let p95 = f64::from(u32::try_from(80 + random.below(340)).unwrap_or(80)) / 10.0;
                links.push(LinkTruth {
                    from: from.name.clone(),
                    to: to.name.clone(),
                    mode,
                    gateway: (mode == Mode::Gateway).then(|| Gateway {
                        address: format!("gateway.{}.vinterhavn.example", to.name),
                        alive,
                        p95: alive.then_some(p95),
                    }),
                    mirrored_services: (exports.get(&to.name).map_or(0, BTreeSet::len)
                        + self.federated(&from.name, &to.name))
                        as u64,
                });
            }
        }
        links
    }

    /// How many Services two clusters offer together.
    fn federated(&self, from: &String, to: &String) -> usize {
        let members = self.words.federated.values();
        members.filter(|members| members.contains(from) && members.contains(to)).count()
    }

    fn pairs(self) -> Vec<PairTruth> {
        let order = |name: &str| self.estate.clusters.iter().position(|one| one.name == name);
        let mode =
            |from: &str, to: Option<&String>| to.map_or(Mode::External, |to| self.mode(from, to));
        let modes: Vec<Mode> =
            self.edges.keys().map(|(from, to)| mode(from, to.as_ref())).collect();
        let mut pairs: Vec<PairTruth> = self
            .edges
            .into_iter()
            .zip(modes)
            .map(|(((from, to), mut edges), mode)| {
                let key =
                    |edge: &CallTruth| (edge.from.clone(), edge.to.clone(), edge.authority.clone());
                edges.sort_by_key(key);
                PairTruth { from, to, mode, edges }
            })
            .collect();
        pairs.sort_by_key(|pair| (order(&pair.from), pair.to.as_deref().and_then(order)));
        pairs
    }
}
