//! Makes up a truth of a given size.

use std::collections::BTreeSet;

use super::{
    GroundTruth, TrueCall, TrueCluster, TrueDependency, TrueLink, TrueLinkMode, TrueService,
    TrueTarget, TrueTraffic, TrueUnmeshedCaller,
};

/// How much of everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TruthSize {
    /// Clusters, at most nine.
    pub clusters: usize,
    /// Services; each runs in about half of the clusters.
    pub services: usize,
    /// Calls, all of them.
    pub calls: usize,
    /// Calls between clusters, half through gateways, half from pod to pod.
    pub across: usize,
    /// Calls without TLS; half of them to services without proxies.
    pub plaintext: usize,
    /// Calls to what is outside.
    pub external: usize,
    /// Calls without requests.
    pub tcp: usize,
    /// Callers without a proxy.
    pub unmeshed_callers: usize,
    /// Dependencies that are seen and not declared.
    pub undeclared: usize,
    /// Dependencies that are declared and never seen.
    pub dead: usize,
    /// Pods of a workload, at most.
    pub pods: u32,
}

impl TruthSize {
    /// Nine clusters of a bank.
    pub const ESTATE: Self = Self {
        clusters: 9,
        services: 250,
        calls: 1500,
        across: 120,
        plaintext: 40,
        external: 20,
        tcp: 60,
        unmeshed_callers: 30,
        undeclared: 25,
        dead: 30,
        pods: 1,
    };

    /// A little of everything in three clusters.
    pub const SMALL: Self = Self {
        clusters: 3,
        services: 30,
        calls: 120,
        across: 30,
        plaintext: 10,
        external: 6,
        tcp: 12,
        unmeshed_callers: 8,
        undeclared: 4,
        dead: 5,
        pods: 2,
    };
}

const CLOUDS: [&str; 3] = ["aws", "azure", "gcp"];
const ENVIRONMENTS: [&str; 3] = ["production", "staging", "dev"];
const KINDS: [&str; 6] = ["Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job", "ReplicaSet"];
const REASONS: [&str; 3] =
    ["not_provided_by_service_discovery", "port_skipped", "identity_disabled"];

pub(super) fn generate(size: &TruthSize, seed: u64) -> GroundTruth {
    let mut random = Random(seed);
    let clusters: Vec<TrueCluster> = clusters().take(size.clusters).collect();
    let services = services(size, &clusters, &mut random);
    let links = links(&clusters);
    let mut truth = GroundTruth {
        clusters,
        services,
        links,
        calls: Vec::new(),
        unmeshed_callers: Vec::new(),
        undeclared: Vec::new(),
        dead: Vec::new(),
    };
    Calls { truth: &mut truth, size, random: &mut random, known: BTreeSet::new() }.add_all();
    truth.unmeshed_callers = unmeshed_callers(&truth, size, &mut random);
    (truth.undeclared, truth.dead) = drift(&truth, size, &mut random);
    truth
}

/// Three of production first.
fn clusters() -> impl Iterator<Item = TrueCluster> {
    let cluster = |(cloud, environment): (&str, &str)| TrueCluster {
        name: format!("{cloud}-{}-1", environment.replace("production", "prod")),
        cloud: cloud.to_owned(),
        environment: environment.to_owned(),
    };
    let of = |environment| CLOUDS.into_iter().map(move |cloud| (cloud, environment));
    ENVIRONMENTS.into_iter().flat_map(of).map(cluster)
}

fn services(size: &TruthSize, clusters: &[TrueCluster], random: &mut Random) -> Vec<TrueService> {
    let service = |index: usize| {
        let name = format!("svc-{index:03}");
        let workload =
            if index.is_multiple_of(5) { format!("{name}-server") } else { name.clone() };
        // Most are Deployments; every kind comes.
        let kind = if index.is_multiple_of(3) { *random.pick(&KINDS) } else { "Deployment" };
        let mut places: Vec<String> = clusters
            .iter()
            .filter(|_| random.below(2) == 0)
            .map(|cluster| cluster.name.clone())
            .collect();
        if places.is_empty() {
            places.push(random.pick(clusters).name.clone());
        }
        let pods = 1 + u32::try_from(random.below(size.pods as usize)).unwrap_or(0);
        TrueService {
            name,
            namespace: format!("team-{}", index % 12),
            kind: kind.to_owned(),
            workload,
            pods,
            meshed: index % 20 != 7,
            clusters: places,
        }
    };
    (0..size.services).map(service).collect()
}

/// Between the clusters of each environment, in both modes.
fn links(clusters: &[TrueCluster]) -> Vec<TrueLink> {
    let mut links = Vec::new();
    for from in clusters {
        for to in clusters.iter().filter(|to| to.environment == from.environment) {
            if from.name == to.name {
                continue;
            }
            let is_gateway = links.len() % 2 == 0;
            links.push(TrueLink {
                from: from.name.clone(),
                to: to.name.clone(),
                mode: if is_gateway { TrueLinkMode::Gateway } else { TrueLinkMode::Flat },
                alive: links.len() % 7 != 2,
                latency_bucket: 5 + links.len() % 6,
            });
        }
    }
    links
}

/// Adds calls, no two alike.
struct Calls<'a> {
    truth: &'a mut GroundTruth,
    size: &'a TruthSize,
    random: &'a mut Random,
    known: BTreeSet<(String, String, TrueTarget)>,
}

impl Calls<'_> {
    fn add_all(mut self) {
        let size = *self.size;
        for number in 0..size.across {
            self.until_new(|calls| calls.across(number));
        }
        for number in 0..size.plaintext {
            self.until_new(|calls| calls.plaintext(number));
        }
        for number in 0..size.external {
            self.until_new(|calls| calls.external(number));
        }
        while self.truth.calls.len() < size.calls {
            let is_tcp = self.truth.calls.len().is_multiple_of((size.calls / size.tcp).max(1));
            self.until_new(|calls| calls.local(is_tcp));
        }
    }

    fn until_new(&mut self, make: impl Fn(&mut Self) -> Option<TrueCall>) {
        // The estate is far larger than what is asked of it.
        for _ in 0..100_000 {
            let Some(call) = make(self) else { continue };
            let key = (call.cluster.clone(), call.client.clone(), call.target.clone());
            if self.known.insert(key) {
                self.truth.calls.push(call);
                return;
            }
        }
    }

    fn client(&mut self) -> Option<(String, TrueService)> {
        let service = self.random.pick(&self.truth.services).clone();
        let cluster = self.random.pick(&service.clusters).clone();
        service.meshed.then_some((cluster, service))
    }

    /// A service of `cluster` that is not `client`.
    fn target(&mut self, cluster: &str, client: &TrueService, meshed: bool) -> Option<String> {
        let service = self.random.pick(&self.truth.services);
        let is_right = service.meshed == meshed
            && service.name != client.name
            && service.clusters.iter().any(|place| place == cluster);
        is_right.then(|| service.name.clone())
    }

    fn call(&mut self, cluster: String, client: &TrueService, target: TrueTarget) -> TrueCall {
        let traffic = self.random.http();
        let connections = client.pods * (1 + u32::try_from(self.random.below(4)).unwrap_or(0));
        let client = client.name.clone();
        TrueCall { cluster, client, target, traffic, connections, insecure: None }
    }

    fn local(&mut self, is_tcp: bool) -> Option<TrueCall> {
        let (cluster, client) = self.client()?;
        let service = self.target(&cluster, &client, true)?;
        let mut call = self.call(cluster, &client, TrueTarget::Local { service });
        if is_tcp {
            call.traffic = TrueTraffic::Tcp;
        }
        Some(call)
    }

    fn across(&mut self, number: usize) -> Option<TrueCall> {
        let (cluster, client) = self.client()?;
        let mode =
            if number.is_multiple_of(2) { TrueLinkMode::Gateway } else { TrueLinkMode::Flat };
        let links = self.truth.links.iter();
        let links: Vec<String> = links
            .filter(|link| link.from == cluster && link.mode == mode)
            .map(|link| link.to.clone())
            .collect();
        let other = links.get(self.random.below(links.len().max(1)))?.clone();
        let service = self.target(&other, &client, true)?;
        // Of a federated Service with members on both sides nobody can tell which one answers.
        let is_here = self.truth.service(&service)?.clusters.contains(&cluster);
        let is_federated = mode == TrueLinkMode::Flat && number % 8 == 1;
        let target = match is_federated {
            true if is_here => return None,
            true => TrueTarget::Federated { cluster: other, service },
            false => TrueTarget::Remote { cluster: other, service },
        };
        Some(self.call(cluster, &client, target))
    }

    fn plaintext(&mut self, number: usize) -> Option<TrueCall> {
        let (cluster, client) = self.client()?;
        let is_meshed = number.is_multiple_of(2);
        let service = self.target(&cluster, &client, is_meshed)?;
        let mut call = self.call(cluster, &client, TrueTarget::Local { service });
        let reason = if is_meshed { self.random.pick(&REASONS) } else { &REASONS[0] };
        call.insecure = Some((*reason).to_owned());
        if number % 10 == 9 {
            call.traffic = TrueTraffic::Tcp;
        }
        Some(call)
    }

    fn external(&mut self, number: usize) -> Option<TrueCall> {
        let (cluster, client) = self.client()?;
        let authority = match number % 3 {
            0 => format!("api.partner-{number}.example:443"),
            1 => format!("203.0.113.{}", number % 250),
            _ => "payments.example".to_owned(),
        };
        let mut call = self.call(cluster, &client, TrueTarget::External { authority });
        call.insecure = Some("not_provided_by_service_discovery".to_owned());
        Some(call)
    }
}

/// Of workloads that are called by nobody without TLS: what is seen of those is their callers'.
fn unmeshed_callers(
    truth: &GroundTruth,
    size: &TruthSize,
    random: &mut Random,
) -> Vec<TrueUnmeshedCaller> {
    let mut callers: Vec<TrueUnmeshedCaller> = Vec::new();
    while callers.len() < size.unmeshed_callers {
        let service = random.pick(&truth.services);
        let cluster = random.pick(&service.clusters).clone();
        let is_known =
            callers.iter().any(|known| known.cluster == cluster && known.service == service.name);
        let target = TrueTarget::Local { service: service.name.clone() };
        let has_plaintext =
            truth.calls_of(&cluster).any(|call| call.target == target && call.insecure.is_some());
        if !service.meshed || is_known || has_plaintext {
            continue;
        }
        let is_tcp = callers.len() % 5 == 4;
        callers.push(TrueUnmeshedCaller {
            cluster,
            service: service.name.clone(),
            traffic: if is_tcp { TrueTraffic::Tcp } else { random.http() },
            connections: service.pods * (1 + u32::from(is_tcp)),
        });
    }
    callers
}

fn drift(
    truth: &GroundTruth,
    size: &TruthSize,
    random: &mut Random,
) -> (Vec<TrueDependency>, Vec<TrueDependency>) {
    let observed = truth.observed();
    let mut undeclared = BTreeSet::new();
    while undeclared.len() < size.undeclared.min(observed.len()) {
        undeclared.insert(random.pick(&observed).clone());
    }
    let mut dead = BTreeSet::new();
    while dead.len() < size.dead {
        let (client, target) = (random.pick(&truth.services), random.pick(&truth.services));
        let dependency =
            TrueDependency { client: client.name.clone(), target: target.name.clone() };
        // Of a caller without a proxy nobody knows whether it calls.
        if client.meshed && client.name != target.name && !observed.contains(&dependency) {
            dead.insert(dependency);
        }
    }
    (undeclared.into_iter().collect(), dead.into_iter().collect())
}

/// Numbers that are the same in every run. Source: Steele, Lea and Flood, `SplitMix64`.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        let limit = u64::try_from(limit.max(1)).unwrap_or(u64::MAX);
        usize::try_from(self.next() % limit).unwrap_or(0)
    }

    #[expect(clippy::indexing_slicing, reason = "below the length")]
    fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }

    fn http(&mut self) -> TrueTraffic {
        let rates = [0.2, 0.9, 1.5, 4.0, 12.5, 33.0, 120.0, 420.0];
        let successes = [1.0, 1.0, 1.0, 0.999, 0.99, 0.95, 0.8];
        let median = self.below(12);
        TrueTraffic::Http {
            requests_per_second: rates.get(self.below(rates.len())).copied().unwrap_or(1.0),
            success_ratio: successes.get(self.below(successes.len())).copied().unwrap_or(1.0),
            latency_buckets: [median, median + 1 + self.below(4), median + 6 + self.below(5)],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_estate_has_what_it_promises() {
        let (truth, size) = (GroundTruth::generate(&TruthSize::ESTATE, 1), TruthSize::ESTATE);
        assert_eq!((truth.clusters.len(), truth.services.len()), (9, size.services));
        assert_eq!(truth.calls.len(), size.calls);
        let across = truth.calls.iter().filter(|call| call.target.other_cluster().is_some());
        assert_eq!(across.count(), size.across);
        let is_external = |call: &&TrueCall| matches!(call.target, TrueTarget::External { .. });
        let plaintext = truth.calls.iter().filter(|call| call.insecure.is_some());
        assert_eq!(plaintext.filter(|call| !is_external(call)).count(), size.plaintext);
        assert_eq!(truth.calls.iter().filter(is_external).count(), size.external);
        assert_eq!((truth.undeclared.len(), truth.dead.len()), (size.undeclared, size.dead));
        let declared = truth.declared();
        assert!(truth.dead.iter().all(|dependency| declared.contains(dependency)));
        assert!(!truth.undeclared.iter().any(|dependency| declared.contains(dependency)));
        let kinds: BTreeSet<&str> =
            truth.services.iter().map(|service| service.kind.as_str()).collect();
        assert_eq!(kinds.len(), KINDS.len());
    }

    #[test]
    fn the_same_seed_tells_the_same_truth_and_json_keeps_it() {
        let truth = GroundTruth::generate(&TruthSize::SMALL, 7);
        assert_eq!(truth, GroundTruth::generate(&TruthSize::SMALL, 7));
        assert_ne!(truth, GroundTruth::generate(&TruthSize::SMALL, 8));
        let text = serde_json::to_string(&truth).unwrap();
        assert_eq!(serde_json::from_str::<GroundTruth>(&text).unwrap(), truth);
    }

    #[test]
    fn both_modes_and_federated_services_are_used() {
        let truth = GroundTruth::generate(&TruthSize::SMALL, 7);
        let count =
            |is: &dyn Fn(&TrueCall) -> bool| truth.calls.iter().filter(|call| is(call)).count();
        let is_mode = |call: &TrueCall, mode| match &call.target {
            TrueTarget::Remote { cluster, .. } => {
                truth.link(&call.cluster, cluster).is_some_and(|link| link.mode == mode)
            }
            _ => false,
        };
        assert_eq!(count(&|call| is_mode(call, TrueLinkMode::Gateway)), 15);
        assert!(count(&|call| is_mode(call, TrueLinkMode::Flat)) > 5);
        assert!(count(&|call| matches!(call.target, TrueTarget::Federated { .. })) > 2);
    }
}
