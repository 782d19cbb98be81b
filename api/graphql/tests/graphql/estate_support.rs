//! A small estate: three clusters made by hand behind the ports, joined to a small catalog by the
//! real loop.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use callboard_auth::{AuthorizedEntitiesCatalog, Caller, Decision, Permission, PermissionPolicy};
use callboard_catalog::{
    catalog_engine::EngineStatus,
    final_entity::FinalEntity,
    index::{IndexBuilder, IndexWriter},
    query::{EntityPredicate, ValueMatch},
    store::{Fence, FinalEntityChange, StoreError},
};
use callboard_graphql::{EntityChangeNotice, GraphqlService, SchemaPorts};
use callboard_model::SystemClock;
use callboard_plugin::{
    CallClient, CallTarget, Cloud, ClusterName, ClusterPlace, GatewayProbe, GoldenMetrics, Health,
    Image, InsecureShare, LabelMap, LinkMode, MeshCall, MeshLink, MeshMembership, MeshSnapshot,
    MeshSource, MeshWindow, MetricsWindow, MissingGrant, NodeSummary, Observation,
    ObservationState, Replicas, ResourceState, RuntimeSnapshot, RuntimeSource, Service, ServiceKey,
    WaitingPods, Workload, WorkloadKey, WorkloadKind,
};
use callboard_topology::{
    AuthorizedTopology, CatalogFeed, ClusterSources, DependencyFacts, DependencyRecord, EstateLoop,
    EstateOptions, ObservedDependency, SharedEstate,
};
use serde_json::{Value, json};
use tokio::{
    sync::{broadcast, watch},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

use crate::support::{body, entity, relations};

/// 2026-11-25, noon.
pub(crate) fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_hours(498_780)
}

pub(crate) fn observation(source: &str, state: ObservationState) -> Observation {
    Observation {
        source: source.into(),
        state,
        reason: (!state.is_current()).then(|| "connection refused".into()),
        since: now(),
        observed_at: state.is_current().then(now),
    }
}

/// A source that a test sets.
#[derive(Debug)]
pub(crate) struct Set<T>(Mutex<Arc<T>>, watch::Sender<u64>);

impl<T: Clone> Set<T> {
    fn new(first: T) -> Arc<Self> {
        Arc::new(Self(Mutex::new(Arc::new(first)), watch::Sender::new(1)))
    }

    /// Changes what the source gives, and tells of it.
    pub(crate) fn change(&self, change: impl FnOnce(&mut T)) {
        let mut next = T::clone(&self.get());
        change(&mut next);
        *self.0.lock().unwrap() = Arc::new(next);
        self.1.send_modify(|revision| *revision += 1);
    }

    fn get(&self) -> Arc<T> {
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

/// A record of calls that is empty.
#[derive(Debug)]
struct NoFacts;

#[async_trait]
impl DependencyFacts for NoFacts {
    async fn load(&self) -> Result<DependencyRecord, StoreError> {
        Ok(DependencyRecord::default())
    }

    async fn record(&self, _: Fence, _: &[ObservedDependency]) -> Result<(), StoreError> {
        Ok(())
    }

    async fn prune(&self, _: Fence, _: chrono::NaiveDate) -> Result<(), StoreError> {
        Ok(())
    }
}

/// Allows everything but the entities of these names and these permissions.
#[derive(Debug, Default)]
pub(crate) struct Hiding {
    pub(crate) names: Mutex<Vec<&'static str>>,
    pub(crate) refused: Mutex<Vec<Permission>>,
}

impl PermissionPolicy for Hiding {
    fn decide(&self, _: &Caller, permission: Permission) -> Decision {
        if self.refused.lock().unwrap().contains(&permission) {
            return Decision::Deny;
        }
        let names = self.names.lock().unwrap();
        if permission != Permission::CatalogEntityRead || names.is_empty() {
            return Decision::Allow;
        }
        let matches = ValueMatch::In(names.iter().map(|name| (*name).into()).collect());
        let is_hidden = EntityPredicate::Key { key: "metadata.name".into(), matches };
        Decision::Conditional(Arc::new(EntityPredicate::Not(Box::new(is_hidden))))
    }
}

/// A service over the estate, with what a test may change.
pub(crate) struct TestEstate {
    pub(crate) service: GraphqlService,
    pub(crate) policy: Arc<Hiding>,
    pub(crate) runtimes: Vec<Arc<Set<RuntimeSnapshot>>>,
    pub(crate) meshes: Vec<Arc<Set<MeshSnapshot>>>,
    pub(crate) shared: Arc<SharedEstate>,
    writer: Mutex<IndexWriter>,
    notices: broadcast::Sender<EntityChangeNotice>,
    /// Ends with this.
    #[expect(dead_code, reason = "it is there to be dropped")]
    tasks: JoinSet<()>,
}

impl TestEstate {
    /// The estate of [`clusters`] and [`catalog`].
    pub(crate) async fn new() -> Self {
        Self::of(catalog(), clusters()).await
    }

    pub(crate) async fn of(
        entities: Vec<FinalEntity>,
        clusters: Vec<(RuntimeSnapshot, MeshSnapshot)>,
    ) -> Self {
        let writer = IndexWriter::new(IndexBuilder::build(1, entities));
        let (notices, _) = broadcast::channel(16);
        let (_, status) = watch::channel(EngineStatus::default());
        let runtimes: Vec<_> =
            clusters.iter().map(|(runtime, _)| Set::new(runtime.clone())).collect();
        let meshes: Vec<_> = clusters.iter().map(|(_, mesh)| Set::new(mesh.clone())).collect();
        let sources = runtimes.iter().zip(&meshes).map(|(runtime, mesh)| ClusterSources {
            name: runtime.get().cluster.clone(),
            place: runtime.get().place.clone(),
            mesh_names: Arc::default(),
            runtime: Arc::<Set<RuntimeSnapshot>>::clone(runtime),
            mesh: Some(Arc::<Set<MeshSnapshot>>::clone(mesh)),
        });
        let shared = Arc::<SharedEstate>::default();
        let feed = CatalogFeed { catalog: writer.shared(), notices: notices.clone(), status };
        let coalesce = Duration::from_millis(1);
        let options = EstateOptions { coalesce, ..EstateOptions::default() };
        let estate = EstateLoop::new(
            sources.collect(),
            feed,
            Arc::new(NoFacts),
            options,
            Arc::clone(&shared),
        );
        let mut published = shared.changes();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { estate.run(CancellationToken::new()).await });
        published.changed().await.unwrap();
        let policy = Arc::new(Hiding::default());
        let catalog =
            AuthorizedEntitiesCatalog::new(writer.shared(), Arc::<Hiding>::clone(&policy));
        let service = GraphqlService::new(SchemaPorts {
            topology: AuthorizedTopology::new(
                Arc::clone(&shared),
                catalog.clone(),
                Arc::<Hiding>::clone(&policy),
            ),
            catalog,
            changes: Arc::new(notices.clone()),
            clock: Arc::new(SystemClock),
        });
        let writer = Mutex::new(writer);
        Self { service, policy, runtimes, meshes, shared, writer, notices, tasks }
    }

    /// Changes an entity as revision `revision` and announces it.
    pub(crate) fn apply(&self, revision: u64, entity: FinalEntity) {
        let entity_ref = entity.entity_ref.clone();
        self.writer.lock().unwrap().apply(revision, &[FinalEntityChange::Put(entity)]);
        let entity_refs = [entity_ref].into();
        drop(self.notices.send(EntityChangeNotice { revision, entity_refs }));
    }

    pub(crate) async fn response(&self, query: &str) -> Value {
        let answer = self.service.execute_public(body(query), &Caller::guest()).await;
        serde_json::from_slice(&answer.body).unwrap()
    }

    /// The data of a query of the guest that must succeed.
    pub(crate) async fn data(&self, query: &str) -> Value {
        let mut response = self.response(query).await;
        assert!(response.get("errors").is_none(), "{query}: {response}");
        response["data"].take()
    }

    /// Asks until the answer is the one that is waited for.
    pub(crate) async fn until(&self, query: &str, is_right: impl Fn(&Value) -> bool) -> Value {
        let mut published = self.shared.changes();
        loop {
            let data = self.data(query).await;
            if is_right(&data) {
                return data;
            }
            published.changed().await.unwrap();
        }
    }
}

pub(crate) fn deployment(name: &str) -> WorkloadKey {
    WorkloadKey { namespace: "bank".into(), kind: WorkloadKind::Deployment, name: name.into() }
}

fn labels(pairs: &[(&str, &str)]) -> Arc<LabelMap> {
    Arc::new(pairs.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect())
}

pub(crate) fn workload(name: &str, tag: &str) -> Workload {
    let image = Image {
        container: "main".into(),
        name: format!("ghcr.io/bank/{name}").into(),
        tag: Some(tag.into()),
        digest: None,
    };
    Workload {
        key: deployment(name),
        labels: labels(&[("app.kubernetes.io/name", name), ("team", "squad-a")]),
        annotations: Arc::default(),
        pod_labels: Arc::default(),
        replicas: Replicas {
            desired: Some(3),
            ready: Some(2),
            restarts: Some(7),
            waiting: [WaitingPods { reason: "CrashLoopBackOff".into(), pods: 1 }].into(),
        },
        images: [image].into(),
        autoscaler: None,
        services: [name.into()].into(),
        warnings: Arc::default(),
        mesh: MeshMembership {
            meshed_pods: Some(2),
            pods: Some(2),
            proxy_versions: ["edge-26.1.1".into()].into(),
        },
        health: Health::Degraded,
    }
}

pub(crate) fn cluster(
    name: &str,
    cloud: Cloud,
    environment: &str,
    workloads: &[Workload],
    state: ObservationState,
) -> RuntimeSnapshot {
    let source = format!("kubernetes/{name}");
    let resource = |kind: WorkloadKind| ResourceState {
        kind: kind.name().into(),
        api_version: "apps/v1".into(),
        count: state.is_current().then(|| {
            let of_kind = workloads.iter().filter(|workload| workload.key.kind == kind);
            u64::try_from(of_kind.count()).unwrap()
        }),
        observation: observation(&source, state),
    };
    let service = |workload: &Workload| {
        let key = ServiceKey {
            namespace: Arc::clone(&workload.key.namespace),
            name: Arc::clone(&workload.key.name),
        };
        let selector = labels(&[("app.kubernetes.io/name", &workload.key.name)]);
        let service =
            Service { key: key.clone(), labels: Arc::default(), selector, mirrors: Arc::default() };
        (key, Arc::new(service))
    };
    RuntimeSnapshot {
        cluster: ClusterName::new(name),
        place: ClusterPlace {
            cloud: Some(cloud),
            region: Some("eu-west-1".into()),
            environment: Some(environment.into()),
        },
        version: state.is_current().then(|| "v1.36.2".into()),
        observation: observation(&source, state),
        resources: WorkloadKind::ALL.map(resource).into(),
        missing_grants: Arc::default(),
        nodes: NodeSummary { total: Some(3), ready: Some(3) },
        namespaces: imbl::OrdMap::new(),
        workloads: workloads.iter().map(|it| (it.key.clone(), Arc::new(it.clone()))).collect(),
        services: workloads.iter().map(service).collect(),
        links: Arc::default(),
        revision: 1,
    }
}

pub(crate) fn from(name: &str) -> CallClient {
    CallClient::Workload(deployment(name))
}

pub(crate) fn to(name: &str) -> CallTarget {
    let service = ServiceKey { namespace: "bank".into(), name: name.into() };
    CallTarget::Workload { key: deployment(name), service: Some(service) }
}

pub(crate) fn call(client: CallClient, target: CallTarget, rate: f64, secured: f64) -> MeshCall {
    let reason: Arc<str> = "not_provided_by_service_discovery".into();
    let insecure = (secured < 1.0).then_some(InsecureShare { reason, ratio: 1.0 - secured });
    MeshCall {
        client,
        target,
        metrics: GoldenMetrics {
            requests_per_second: Some(rate),
            success_ratio: Some(0.99),
            latency_p95_ms: Some(12.5),
            secured_ratio: Some(secured),
            ..GoldenMetrics::default()
        },
        insecure: insecure.into_iter().collect(),
    }
}

pub(crate) fn mesh(cluster: &str, state: ObservationState, calls: &[MeshCall]) -> MeshSnapshot {
    let source = format!("prometheus/{cluster}");
    let window = |window: MetricsWindow| MeshWindow {
        window,
        observation: observation(&source, state),
        calls: calls.into(),
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

/// `aws-prod-1` with four workloads and all the calls, one of them through a gateway to
/// `gcp-prod-1`, which has one workload more of a service; and `azure-dev-1`, which does not
/// answer.
pub(crate) fn clusters() -> Vec<(RuntimeSnapshot, MeshSnapshot)> {
    let live = ObservationState::Live;
    let names = ["ledger", "mystery", "payments", "vault"];
    let workloads: Vec<Workload> = names.iter().map(|name| workload(name, "1.0")).collect();
    let mut aws = cluster("aws-prod-1", Cloud::Aws, "production", &workloads, live);
    aws.links = [MeshLink {
        namespace: "linkerd-multicluster".into(),
        name: "gcp".into(),
        target_cluster: "gcp-prod-1".into(),
        mode: LinkMode::Gateway,
        gateway_address: Some("203.0.113.9:4143".into()),
        mirrored_services: Some(1),
        errors: Arc::default(),
    }]
    .into();
    let grant = MissingGrant { group: "".into(), resource: "nodes".into(), verb: "list".into() };
    aws.missing_grants = [grant].into();
    let service = ServiceKey { namespace: "bank".into(), name: "ledger".into() };
    let remote = CallTarget::RemoteService { target_cluster: "gcp-prod-1".into(), service };
    let mut aws_mesh = mesh(
        "aws-prod-1",
        live,
        &[
            call(from("payments"), to("ledger"), 10.0, 1.0),
            call(from("payments"), remote, 2.0, 1.0),
            call(from("payments"), to("vault"), 1.0, 1.0),
            call(from("vault"), to("ledger"), 5.0, 0.0),
        ],
    );
    aws_mesh.gateways = [GatewayProbe {
        target_cluster: "gcp-prod-1".into(),
        is_alive: Some(true),
        latency_p95_ms: Some(40.0),
    }]
    .into();
    let gcp = cluster("gcp-prod-1", Cloud::Gcp, "production", &[workload("ledger", "1.1")], live);
    let dead = ObservationState::Unreachable;
    let azure = cluster("azure-dev-1", Cloud::Azure, "development", &[], dead);
    vec![
        (aws, aws_mesh),
        (gcp, mesh("gcp-prod-1", live, &[])),
        (azure, mesh("azure-dev-1", dead, &[])),
    ]
}

fn component(name: &str, annotations: &Value, pairs: &[(&str, &str)]) -> FinalEntity {
    entity(json!({
        "kind": "Component", "metadata": { "name": name, "annotations": annotations },
        "spec": { "type": "service", "lifecycle": "production" },
        "relations": relations(pairs),
    }))
}

/// Payments calls the ledger without saying so, fraud says that it runs and does not, the other
/// ledger claims the same workload, and a dependency on fraud is never seen.
pub(crate) fn catalog() -> Vec<FinalEntity> {
    let squad_a = ("ownedBy", "group:default/squad-a");
    let bank = ("partOf", "system:default/bank");
    let fraud = ("dependsOn", "component:default/fraud");
    let selects =
        json!({ "backstage.io/kubernetes-label-selector": "app.kubernetes.io/name=ledger" });
    vec![
        component("payments", &json!({}), &[fraud, squad_a, bank]),
        component("ledger", &selects, &[squad_a, bank]),
        component("vault", &json!({}), &[("ownedBy", "group:default/hidden")]),
        component("fraud", &json!({ "backstage.io/kubernetes-id": "fraud" }), &[squad_a]),
        entity(json!({
            "kind": "Resource", "metadata": { "name": "ledger-db", "annotations": selects },
            "spec": { "type": "database" },
        })),
        entity(json!({ "kind": "Group", "metadata": { "name": "squad-a", "title": "Squad A" },
            "spec": { "type": "team", "children": [] } })),
        entity(json!({ "kind": "Group", "metadata": { "name": "hidden" },
            "spec": { "type": "team", "children": [] } })),
        entity(json!({ "kind": "System", "metadata": { "name": "bank" }, "spec": {} })),
    ]
}
