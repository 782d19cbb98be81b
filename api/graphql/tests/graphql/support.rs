//! A small catalog in memory and a service over it.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use callboard_auth::{
    AuthorizedEntitiesCatalog, Caller, Decision, Permission, PermissionPolicy, StaticPolicy,
};
use callboard_catalog::{
    final_entity::{FinalEntity, FinalState},
    index::{IndexBuilder, IndexWriter},
    store::FinalEntityChange,
};
use callboard_graphql::{EntityChangeNotice, GraphqlService, PublicAnswer, SchemaPorts};
use callboard_model::{EntityRef, SystemClock};
use callboard_topology::AuthorizedTopology;
use serde_json::{Value, json};
use tokio::sync::broadcast;

/// A service over a catalog that tests can change.
pub(crate) struct TestCatalog {
    pub(crate) service: GraphqlService,
    writer: Mutex<IndexWriter>,
    changes: broadcast::Sender<EntityChangeNotice>,
}

impl TestCatalog {
    /// The estate of [`estate`], for callers as `StaticPolicy` judges them.
    pub(crate) fn new() -> Self {
        Self::with(estate(), Arc::new(StaticPolicy))
    }

    pub(crate) fn with(entities: Vec<FinalEntity>, policy: Arc<dyn PermissionPolicy>) -> Self {
        let writer = IndexWriter::new(IndexBuilder::build(1, entities));
        let (changes, _) = broadcast::channel(4);
        let catalog = AuthorizedEntitiesCatalog::new(writer.shared(), Arc::clone(&policy));
        let topology = AuthorizedTopology::new(Arc::default(), catalog.clone(), policy);
        let service = GraphqlService::new(SchemaPorts {
            catalog,
            topology,
            changes: Arc::new(changes.clone()),
            clock: Arc::new(SystemClock),
        });
        Self { service, writer: Mutex::new(writer), changes }
    }

    /// Applies changes as one revision and announces them.
    pub(crate) fn apply(&self, revision: u64, changes: &[FinalEntityChange]) {
        self.writer.lock().unwrap().apply(revision, changes);
        let entity_refs = changes.iter().map(|change| match change {
            FinalEntityChange::Put(entity) => entity.entity_ref.clone(),
            FinalEntityChange::Delete(entity_ref) => entity_ref.clone(),
        });
        let notice = EntityChangeNotice { revision, entity_refs: entity_refs.collect() };
        drop(self.changes.send(notice));
    }

    pub(crate) async fn public(&self, query: &str) -> PublicAnswer {
        self.service.execute_public(body(query), &Caller::guest()).await
    }

    /// The whole response to a query of the guest.
    pub(crate) async fn response(&self, query: &str) -> Value {
        serde_json::from_slice(&self.public(query).await.body).unwrap()
    }

    /// The data of a query of the guest that must succeed.
    pub(crate) async fn data(&self, query: &str) -> Value {
        let mut response = self.response(query).await;
        assert!(response.get("errors").is_none(), "{query}: {response}");
        response["data"].take()
    }

    /// The code and the message of the first error of a query of the guest.
    pub(crate) async fn error(&self, query: &str) -> (String, String) {
        let response = self.response(query).await;
        let error = &response["errors"][0];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        (text(&error["extensions"]["code"]), text(&error["message"]))
    }

    /// The refs at `nodes` of the first field of a query.
    pub(crate) async fn refs(&self, query: &str) -> Vec<String> {
        let data = self.data(query).await;
        let connection = data.as_object().unwrap().values().next().unwrap().clone();
        refs(&connection)
    }
}

/// The refs of the nodes of a connection.
pub(crate) fn refs(connection: &Value) -> Vec<String> {
    let nodes = connection["nodes"].as_array().unwrap();
    nodes.iter().map(|node| node["ref"].as_str().unwrap().to_owned()).collect()
}

pub(crate) fn body(query: &str) -> Bytes {
    json!({ "query": query }).to_string().into()
}

/// A policy that lets everybody read what a condition holds of.
#[derive(Debug)]
pub(crate) struct TestPolicy(pub(crate) Mutex<Decision>);

impl TestPolicy {
    pub(crate) fn new(decision: Decision) -> Arc<Self> {
        Arc::new(Self(Mutex::new(decision)))
    }
}

impl PermissionPolicy for TestPolicy {
    fn decide(&self, _: &Caller, _: Permission) -> Decision {
        self.0.lock().unwrap().clone()
    }
}

/// An entity as stitching gives it. `entity` lacks what every entity has alike.
pub(crate) fn entity(mut entity: Value) -> FinalEntity {
    let kind = entity["kind"].as_str().unwrap().to_owned();
    let metadata = entity["metadata"].as_object_mut().unwrap();
    let name = metadata["name"].as_str().unwrap().to_owned();
    let namespace = metadata.entry("namespace").or_insert("default".into());
    let entity_ref = EntityRef::new(&kind, namespace.as_str().unwrap(), &name);
    let uid = format!("uid-{entity_ref}");
    metadata.insert("uid".into(), uid.clone().into());
    metadata.insert("etag".into(), "0".into());
    let parents = entity.as_object_mut().unwrap().remove("parents").unwrap_or(json!([]));
    let parents = parents.as_array().unwrap().iter();
    let parents =
        parents.map(|parent| EntityRef::from_canonical(parent.as_str().unwrap()).unwrap());
    let state = if entity["failed"] == true { FinalState::Failed } else { FinalState::Completed };
    entity.as_object_mut().unwrap().remove("failed");
    let mut ordered =
        json!({ "metadata": entity["metadata"], "apiVersion": "backstage.io/v1alpha1" });
    for key in ["kind", "spec", "relations", "status"] {
        if let Some(value) = entity.get(key) {
            ordered[key] = value.clone();
        }
    }
    FinalEntity {
        entity_id: uid.into(),
        state,
        body: ordered.to_string().into(),
        parents: parents.collect(),
        entity_ref,
    }
}

pub(crate) fn relations(pairs: &[(&str, &str)]) -> Value {
    let relation = |(kind, target): &(&str, &str)| json!({ "type": kind, "targetRef": target });
    pairs.iter().map(relation).collect()
}

/// A squad, two components of a system, an API, a database, a gadget, and something broken.
pub(crate) fn estate() -> Vec<FinalEntity> {
    software().into_iter().chain(the_rest()).map(entity).collect()
}

fn software() -> Vec<Value> {
    vec![
        json!({
            "kind": "Component",
            "metadata": {
                "name": "Payments", "title": "Payments service", "description": "Moves money",
                "tags": ["rust", "tier1"], "labels": { "tier": "1" },
                "annotations": {
                    "backstage.io/view-url": "https://git.example/payments",
                    "backstage.io/edit-url": "javascript:alert(1)",
                    "backstage.io/source-location": "url:https://git.example/payments/",
                },
                "links": [
                    { "url": "https://runbook.example", "title": "Runbook", "icon": "book" },
                    { "url": "javascript:alert(1)", "title": "Evil" },
                    { "url": "java\tscript:alert(1)" }, { "url": "data:text/html,x" },
                    { "url": "mailto:a@b.example" },
                ],
            },
            "spec": {
                "type": "service", "lifecycle": "production", "owner": "squad-a", "system": "bank",
            },
            "relations": relations(&[
                ("dependsOn", "component:default/ledger"), ("dependsOn", "resource:default/db"),
                ("ownedBy", "group:default/squad-a"), ("partOf", "system:default/bank"),
                ("providesApi", "api:default/pay"), ("providesApi", "api:default/gone"),
            ]),
            "parents": ["location:default/root"],
        }),
        json!({
            "kind": "Component",
            "metadata": { "name": "ledger", "annotations": { "backstage.io/orphan": "true" } },
            "spec": { "type": "library", "lifecycle": "experimental", "owner": "user:alice" },
            "relations": relations(&[
                ("consumesApi", "api:default/pay"),
                ("dependencyOf", "component:default/payments"),
                ("ownedBy", "user:default/alice"), ("partOf", "component:default/payments"),
            ]),
            "status": { "items": [{
                "type": "backstage.io/catalog-processing", "level": "error",
                "message": "InputError: the file is gone",
            }] },
        }),
        json!({
            "kind": "API", "metadata": { "name": "pay", "tags": ["rust"] },
            "spec": {
                "type": "openapi", "lifecycle": "production", "owner": "squad-a",
                "definition": "openapi: 3.1.0",
            },
            "relations": relations(&[
                ("apiConsumedBy", "component:default/ledger"),
                ("apiProvidedBy", "component:default/payments"),
                ("ownedBy", "group:default/squad-a"), ("partOf", "system:default/bank"),
            ]),
        }),
        json!({
            "kind": "Resource", "metadata": { "name": "db" }, "spec": { "type": "database" },
            "relations": relations(&[("dependencyOf", "component:default/payments")]),
        }),
        json!({
            "kind": "System", "metadata": { "name": "bank" }, "spec": {},
            "relations": relations(&[
                ("hasPart", "api:default/pay"), ("hasPart", "component:default/payments"),
                ("ownedBy", "group:default/squad-a"), ("partOf", "domain:default/money"),
            ]),
        }),
        json!({
            "kind": "Domain", "metadata": { "name": "money" }, "spec": {},
            "relations": relations(&[("hasPart", "system:default/bank")]),
        }),
    ]
}

/// People, kinds apart from software, and an entity that never processed.
fn the_rest() -> Vec<Value> {
    vec![
        json!({
            "kind": "Group", "metadata": { "name": "squad-a", "title": "Squad A" },
            "spec": { "type": "team", "children": [], "profile": { "displayName": "The A squad" } },
            "relations": relations(&[
                ("childOf", "group:default/division"), ("hasMember", "user:default/alice"),
                ("ownerOf", "api:default/pay"), ("ownerOf", "component:default/payments"),
                ("ownerOf", "system:default/bank"),
            ]),
        }),
        json!({
            "kind": "Group", "metadata": { "name": "division" },
            "spec": { "type": "division", "children": ["squad-a"] },
            "relations": relations(&[("parentOf", "group:default/squad-a")]),
        }),
        json!({
            "kind": "User", "metadata": { "name": "alice" },
            "spec": { "memberOf": ["squad-a"], "profile": {
                "displayName": "Alice", "email": "alice@bank.example", "picture": "javascript:x",
            } },
            "relations": relations(&[
                ("memberOf", "group:default/squad-a"), ("ownerOf", "component:default/ledger"),
            ]),
        }),
        json!({
            "kind": "Location", "metadata": { "name": "root" },
            "spec": { "type": "url", "targets": ["./a.yaml", "./b.yaml"] },
        }),
        json!({
            "kind": "Template", "metadata": { "name": "new-service" },
            "spec": { "type": "service", "steps": [{ "action": "x" }] },
        }),
        json!({
            "kind": "AiResource", "metadata": { "name": "reviewer" },
            "spec": { "type": "skill", "lifecycle": "production", "owner": "squad-a" },
        }),
        json!({
            "kind": "Gadget", "metadata": { "name": "drone", "namespace": "lab" },
            "spec": { "weight": 1.50, "partOf": "bank" },
            "relations": relations(&[
                ("ownedBy", "group:default/squad-a"), ("partOf", "system:default/bank"),
            ]),
        }),
        json!({
            "kind": "Component", "metadata": {
                "name": "Broken",
                "annotations": { "backstage.io/managed-by-location": "file:/x.yaml" },
            },
            "spec": {}, "failed": true,
            "status": { "items": [{
                "type": "backstage.io/catalog-processing", "level": "error",
                "message": "InputError: spec.owner is missing",
            }] },
        }),
    ]
}
