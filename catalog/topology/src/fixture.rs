//! Small estates for tests, made by hand: sources and a catalog that a test changes at will.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use callboard_auth::{AuthorizedEntitiesCatalog, Caller, Decision, Permission, PermissionPolicy};
use callboard_catalog::{
    catalog_engine::{ChangeNotice, EngineStatus},
    final_entity::{FinalEntity, FinalState},
    index::{CatalogReader, IndexBuilder, IndexWriter, SharedIndex},
    query::{EntityPredicate, ReadCondition, ValueMatch},
    store::{Fence, FinalEntityChange, StoreError},
};
use callboard_model::EntityRef;
use callboard_plugin::{
    CallClient, CallTarget, ClusterName, ClusterPlace, GoldenMetrics, Health, Image, InsecureShare,
    LabelMap, LinkMode, MeshCall, MeshLink, MeshMembership, MeshSnapshot, MeshSource, MeshWindow,
    MetricsWindow, MirroredService, NodeSummary, Observation, ObservationState, Replicas,
    ResourceState, RuntimeSnapshot, RuntimeSource, Service, ServiceKey, Workload, WorkloadKey,
    WorkloadKind,
};
use serde_json::{Value, json};
use tokio::sync::{broadcast, watch};

use crate::{
    AuthorizedTopology, ClusterSources, EstateOptions, SharedEstate, TopologyReader,
    dependency_facts::{DependencyFacts, DependencyRecord, ObservedDependency},
    estate::{CatalogChange, EstateState},
};

/// The moment at which everything is observed: 2026-11-25, noon.
pub(crate) const NOW: Duration = Duration::from_hours(498_780);

pub(crate) fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + NOW
}

pub(crate) fn component(name: &str) -> EntityRef {
    EntityRef::new("component", "default", name)
}

pub(crate) fn observation(source: &str, state: ObservationState) -> Observation {
    let has_data = state.is_current() || state == ObservationState::Stale;
    Observation {
        source: source.into(),
        state,
        reason: (!state.is_current()).then(|| "connection refused".into()),
        since: now(),
        observed_at: has_data.then(now),
    }
}

pub(crate) fn labels(pairs: &[(&str, &str)]) -> Arc<LabelMap> {
    Arc::new(pairs.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect())
}

pub(crate) fn deployment(namespace: &str, name: &str) -> WorkloadKey {
    WorkloadKey { namespace: namespace.into(), kind: WorkloadKind::Deployment, name: name.into() }
}

pub(crate) fn workload(key: WorkloadKey, of: &[(&str, &str)], services: &[&str]) -> Workload {
    Workload {
        key,
        labels: labels(of),
        annotations: Arc::default(),
        pod_labels: labels(of),
        replicas: Replicas { desired: Some(2), ready: Some(2), ..Replicas::default() },
        images: Arc::default(),
        autoscaler: None,
        services: services.iter().map(|name| Arc::from(*name)).collect(),
        warnings: Arc::default(),
        mesh: MeshMembership::default(),
        health: Health::Healthy,
    }
}

pub(crate) fn image(name: &str, tag: &str, digest: Option<&str>) -> Image {
    Image {
        container: "main".into(),
        name: name.into(),
        tag: Some(tag.into()),
        digest: digest.map(Into::into),
    }
}

pub(crate) fn service_key(namespace: &str, name: &str) -> ServiceKey {
    ServiceKey { namespace: namespace.into(), name: name.into() }
}

/// A cluster without anything in it, every kind of which has this state.
pub(crate) fn empty_cluster(name: &str, state: ObservationState) -> RuntimeSnapshot {
    let source = format!("kubernetes/{name}");
    let kinds = WorkloadKind::ALL.map(WorkloadKind::name).into_iter().chain(["Service"]);
    let resource = |kind: &str| ResourceState {
        kind: kind.into(),
        api_version: "apps/v1".into(),
        count: state.is_current().then_some(0),
        observation: observation(&source, state),
    };
    RuntimeSnapshot {
        cluster: ClusterName::new(name),
        place: ClusterPlace::default(),
        version: None,
        observation: observation(&source, state),
        resources: kinds.map(resource).collect(),
        missing_grants: Arc::default(),
        nodes: NodeSummary::default(),
        namespaces: imbl::OrdMap::new(),
        workloads: imbl::OrdMap::new(),
        services: imbl::OrdMap::new(),
        links: Arc::default(),
        revision: 1,
    }
}

/// A Service that selects something, or mirrors.
pub(crate) fn service(namespace: &str, name: &str, mirrors: &[(&str, &str, LinkMode)]) -> Service {
    let mirrors = mirrors.iter().map(|(cluster, target, mode)| MirroredService {
        target_cluster: (*cluster).into(),
        target: service_key(namespace, target),
        mode: *mode,
    });
    let mirrors: Arc<[MirroredService]> = mirrors.collect();
    Service {
        key: service_key(namespace, name),
        labels: Arc::default(),
        selector: if mirrors.is_empty() { labels(&[("app", name)]) } else { Arc::default() },
        mirrors,
    }
}

pub(crate) fn link(name: &str, target: &str, mode: LinkMode) -> MeshLink {
    MeshLink {
        namespace: "linkerd-multicluster".into(),
        name: name.into(),
        target_cluster: target.into(),
        mode,
        gateway_address: None,
        mirrored_services: Some(1),
        errors: Arc::default(),
    }
}

/// A call at this rate, secured to this share.
pub(crate) fn call(client: CallClient, target: CallTarget, rate: f64, secured: f64) -> MeshCall {
    let reason: Arc<str> = "not_provided_by_service_discovery".into();
    let insecure = (secured < 1.0).then_some(InsecureShare { reason, ratio: 1.0 - secured });
    MeshCall {
        client,
        target,
        metrics: GoldenMetrics {
            requests_per_second: Some(rate),
            success_ratio: Some(0.99),
            latency_p95_ms: Some(rate),
            secured_ratio: Some(secured),
            ..GoldenMetrics::default()
        },
        insecure: insecure.into_iter().collect(),
    }
}

pub(crate) fn from(key: &WorkloadKey) -> CallClient {
    CallClient::Workload(key.clone())
}

pub(crate) fn to(key: &WorkloadKey, service: &str) -> CallTarget {
    let service = Some(service_key(&key.namespace, service));
    CallTarget::Workload { key: key.clone(), service }
}

/// A mesh whose windows all hold these calls.
pub(crate) fn mesh(cluster: &str, state: ObservationState, calls: &[MeshCall]) -> MeshSnapshot {
    let source = format!("prometheus/{cluster}");
    let window = |window: MetricsWindow| MeshWindow {
        window,
        observation: observation(&source, state),
        calls: calls.to_vec().into(),
        dropped_series: 0,
    };
    MeshSnapshot {
        cluster: ClusterName::new(cluster),
        windows: MetricsWindow::ALL.map(window),
        gateways: Arc::default(),
        gateway_observation: observation(&source, state),
        revision: 1,
    }
}

/// A source that a test sets.
#[derive(Debug)]
pub(crate) struct Set<T>(Mutex<Arc<T>>, watch::Sender<u64>);

impl<T> Set<T> {
    pub(crate) fn new(first: T) -> Arc<Self> {
        Arc::new(Self(Mutex::new(Arc::new(first)), watch::Sender::new(1)))
    }

    pub(crate) fn set(&self, next: T) {
        *self.0.lock().unwrap() = Arc::new(next);
        self.1.send_modify(|revision| *revision += 1);
    }

    pub(crate) fn get(&self) -> Arc<T> {
        Arc::clone(&self.0.lock().unwrap())
    }
}

impl RuntimeSource for Set<RuntimeSnapshot> {
    fn snapshot(&self) -> Arc<RuntimeSnapshot> {
        self.get()
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.1.subscribe()
    }
}

impl MeshSource for Set<MeshSnapshot> {
    fn snapshot(&self) -> Arc<MeshSnapshot> {
        self.get()
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.1.subscribe()
    }
}

/// A mesh that was recorded after its calls had been watched since then.
#[derive(Debug)]
pub(crate) struct RecordedMesh(pub(crate) Arc<Set<MeshSnapshot>>, pub(crate) SystemTime);

impl MeshSource for RecordedMesh {
    fn snapshot(&self) -> Arc<MeshSnapshot> {
        self.0.get()
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.0.1.subscribe()
    }

    fn observed_since(&self) -> Option<SystemTime> {
        Some(self.1)
    }
}

/// A catalog that a test changes.
#[derive(Debug)]
pub(crate) struct TestCatalog {
    writer: IndexWriter,
    revision: u64,
    pub(crate) notices: broadcast::Sender<ChangeNotice>,
    pub(crate) status: watch::Sender<EngineStatus>,
}

impl TestCatalog {
    pub(crate) fn new(entities: &[Value]) -> Self {
        let mut writer = IndexWriter::publishing_to(Arc::default());
        writer.replace(IndexBuilder::build(1, entities.iter().map(final_entity)));
        let (notices, _) = broadcast::channel(64);
        let status = EngineStatus { is_ready: true, ..EngineStatus::default() };
        Self { writer, revision: 1, notices, status: watch::Sender::new(status) }
    }

    pub(crate) fn shared(&self) -> Arc<SharedIndex> {
        self.writer.shared()
    }

    pub(crate) fn reader(&self) -> CatalogReader {
        CatalogReader::new(self.shared().newest(), &ReadCondition::Everything)
    }

    pub(crate) fn put(&mut self, entity: &Value) {
        self.apply(FinalEntityChange::Put(final_entity(entity)));
    }

    pub(crate) fn delete(&mut self, entity_ref: &EntityRef) {
        self.apply(FinalEntityChange::Delete(entity_ref.clone()));
    }

    fn apply(&mut self, change: FinalEntityChange) {
        self.revision += 1;
        let entity_ref = match &change {
            FinalEntityChange::Put(entity) => entity.entity_ref.clone(),
            FinalEntityChange::Delete(entity_ref) => entity_ref.clone(),
        };
        self.writer.apply(self.revision, &[change]);
        let notice = ChangeNotice { revision: self.revision, entity_refs: [entity_ref].into() };
        // Nobody need listen.
        drop(self.notices.send(notice));
    }
}

fn final_entity(entity: &Value) -> FinalEntity {
    let text = |pointer: &str| entity.pointer(pointer).and_then(Value::as_str);
    let entity_ref = EntityRef::new(
        text("/kind").unwrap(),
        text("/metadata/namespace").unwrap_or("default"),
        text("/metadata/name").unwrap(),
    );
    FinalEntity {
        entity_id: format!("uid-{entity_ref}").into(),
        entity_ref,
        state: FinalState::Completed,
        body: entity.to_string().into(),
        parents: Arc::default(),
    }
}

/// An entity with annotations and relations.
pub(crate) fn entity(
    kind: &str,
    name: &str,
    annotations: &[(&str, &str)],
    relations: &[(&str, &str)],
) -> Value {
    let annotations: BTreeMap<&str, &str> = annotations.iter().copied().collect();
    let relations: Vec<Value> =
        relations.iter().map(|(kind, target)| json!({"type": kind, "targetRef": target})).collect();
    let written = |kind: &str| -> Vec<&str> {
        let of_kind = relations.iter().filter(|relation| relation["type"] == kind);
        of_kind.filter_map(|relation| relation["targetRef"].as_str()).collect()
    };
    json!({
        "apiVersion": "backstage.io/v1alpha1",
        "kind": kind,
        "metadata": {"name": name, "annotations": annotations},
        "spec": {
            "type": "service",
            "dependsOn": written("dependsOn"),
            "consumesApis": written("consumesApi"),
        },
        "relations": relations,
    })
}

/// A record of calls in memory, as a test set it.
#[derive(Debug, Default)]
pub(crate) struct TestFacts {
    pub(crate) record: DependencyRecord,
    pub(crate) written: Mutex<Vec<(Fence, ObservedDependency)>>,
    pub(crate) pruned: Mutex<Vec<String>>,
    pub(crate) fails: Mutex<bool>,
}

#[async_trait]
impl DependencyFacts for TestFacts {
    async fn load(&self) -> Result<DependencyRecord, StoreError> {
        Ok(self.record.clone())
    }

    async fn record(&self, fence: Fence, facts: &[ObservedDependency]) -> Result<(), StoreError> {
        if *self.fails.lock().unwrap() {
            return Err(StoreError::Fenced);
        }
        let facts = facts.iter().map(|fact| (fence, fact.clone()));
        self.written.lock().unwrap().extend(facts);
        Ok(())
    }

    async fn prune(&self, _: Fence, before: chrono::NaiveDate) -> Result<(), StoreError> {
        self.pruned.lock().unwrap().push(before.to_string());
        Ok(())
    }
}

/// Allows what it is told, and of the catalog what is not hidden by name.
#[derive(Debug, Default)]
pub(crate) struct TestPolicy {
    pub(crate) hidden: Vec<&'static str>,
    pub(crate) refused: Vec<Permission>,
}

impl PermissionPolicy for TestPolicy {
    fn decide(&self, _: &Caller, permission: Permission) -> Decision {
        if self.refused.contains(&permission) {
            return Decision::Deny;
        }
        if permission != Permission::CatalogEntityRead || self.hidden.is_empty() {
            return Decision::Allow;
        }
        let names = self.hidden.iter().map(|name| (*name).into()).collect();
        let is_hidden =
            EntityPredicate::Key { key: "metadata.name".into(), matches: ValueMatch::In(names) };
        Decision::Conditional(Arc::new(EntityPredicate::Not(Box::new(is_hidden))))
    }
}

/// Clusters and a catalog, and the state between two pictures.
#[derive(Debug)]
pub(crate) struct TestEstate {
    pub(crate) catalog: TestCatalog,
    pub(crate) clusters: Vec<ClusterSources>,
    pub(crate) runtimes: Vec<Arc<Set<RuntimeSnapshot>>>,
    pub(crate) meshes: Vec<Arc<Set<MeshSnapshot>>>,
    pub(crate) shared: Arc<SharedEstate>,
    pub(crate) state: EstateState,
}

impl TestEstate {
    pub(crate) fn new(entities: &[Value], clusters: Vec<(RuntimeSnapshot, MeshSnapshot)>) -> Self {
        let shared = Arc::new(SharedEstate::default());
        let state = EstateState::new(EstateOptions::default(), shared.newest());
        let mut estate = Self {
            catalog: TestCatalog::new(entities),
            clusters: Vec::new(),
            runtimes: Vec::new(),
            meshes: Vec::new(),
            shared,
            state,
        };
        for (runtime, mesh) in clusters {
            let name = runtime.cluster.clone();
            let (runtime, mesh) = (Set::new(runtime), Set::new(mesh));
            estate.runtimes.push(Arc::clone(&runtime));
            estate.meshes.push(Arc::clone(&mesh));
            estate.clusters.push(ClusterSources {
                name,
                place: ClusterPlace::default(),
                mesh_names: Arc::default(),
                runtime,
                mesh: Some(mesh),
            });
        }
        estate.state.change_catalog(&estate.catalog.reader(), &CatalogChange::Anything);
        estate.turn();
        estate
    }

    /// Takes over what the sources say now; whether that made another picture.
    pub(crate) fn turn(&mut self) -> bool {
        let picture = self.state.next(&self.clusters);
        let is_new = picture.is_some();
        if let Some(picture) = picture {
            self.shared.publish(picture);
        }
        is_new
    }

    /// Takes over a change of the catalog.
    pub(crate) fn put(&mut self, entity: &Value) -> bool {
        self.catalog.put(entity);
        let entity_ref = final_entity(entity).entity_ref;
        let change = CatalogChange::Entities(vec![entity_ref]);
        self.state.change_catalog(&self.catalog.reader(), &change);
        self.turn()
    }

    pub(crate) fn reader(&self) -> TopologyReader {
        TopologyReader::new(self.shared.newest())
    }

    pub(crate) fn reader_under(&self, policy: TestPolicy) -> TopologyReader {
        self.authorized(policy).reader(&Caller::guest())
    }

    pub(crate) fn authorized(&self, policy: TestPolicy) -> AuthorizedTopology {
        let policy: Arc<dyn PermissionPolicy> = Arc::new(policy);
        let catalog = AuthorizedEntitiesCatalog::new(self.catalog.shared(), Arc::clone(&policy));
        AuthorizedTopology::new(Arc::clone(&self.shared), catalog, policy)
    }
}

/// Puts workloads and Services into a cluster.
pub(crate) fn with(
    mut runtime: RuntimeSnapshot,
    workloads: Vec<Workload>,
    services: Vec<Service>,
) -> RuntimeSnapshot {
    for workload in workloads {
        runtime.workloads.insert(workload.key.clone(), Arc::new(workload));
    }
    for service in services {
        runtime.services.insert(service.key.clone(), Arc::new(service));
    }
    runtime
}
