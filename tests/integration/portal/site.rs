//! A catalog in memory behind the real API and the real pages.

use std::sync::Arc;

use actix_web::{App, test, web};
use async_trait::async_trait;
use bytes::Bytes;
use callboard_auth::{
    AuthorizedEntitiesCatalog, Caller, Decision, Permission, PermissionPolicy, StaticTokens,
};
use callboard_catalog::{
    final_entity::{FinalEntity, FinalState},
    index::{IndexBuilder, IndexWriter},
    query::EntityPredicate,
};
use callboard_frontend::{Portal, PortalAccess};
use callboard_graphql::{EntityChangeNotice, GraphqlService, SchemaPorts};
use callboard_http::{AnonymousAccess, Credentials, GraphqlExecutor};
use callboard_model::{EntityRef, SystemClock};
use callboard_topology::AuthorizedTopology;
use serde_json::{Value, json};
use tokio::sync::broadcast;

/// One page.
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) html: String,
}

impl Page {
    /// The addresses of all links, in order.
    pub(crate) fn links(&self) -> Vec<String> {
        let links = self.html.split("href=\"").skip(1);
        links.filter_map(|rest| rest.split('"').next()).map(unescaped).collect()
    }

    /// The address of the link with this attribute.
    pub(crate) fn link(&self, attribute: &str) -> Option<String> {
        let (_, rest) = self.html.split_once(attribute)?;
        let (_, rest) = rest.split_once("href=\"")?;
        rest.split('"').next().map(unescaped)
    }

    /// The names in the first column, in order.
    pub(crate) fn rows(&self) -> Vec<String> {
        let rows = self.html.split("<th scope=\"row\"").skip(1);
        let name = |row: &str| {
            let (_, link) = row.split_once("<a ")?;
            let (_, text) = link.split_once('>')?;
            text.split('<').next().map(str::to_owned)
        };
        rows.filter_map(name).collect()
    }
}

fn unescaped(text: &str) -> String {
    text.replace("&#38;", "&").replace("&#39;", "'").replace("&#34;", "\"")
}

struct InProcess(GraphqlService);

#[async_trait]
impl GraphqlExecutor for InProcess {
    async fn execute_trusted(&self, request: Bytes, caller: &Caller) -> Bytes {
        self.0.execute_trusted(request, caller).await
    }
}

/// The same decision for everybody.
#[derive(Debug)]
struct Policy(Decision);

impl PermissionPolicy for Policy {
    fn decide(&self, _: &Caller, _: Permission) -> Decision {
        self.0.clone()
    }
}

/// The portal over a catalog.
pub(crate) struct Site(GraphqlService);

impl Site {
    /// Of entities that everybody may read.
    pub(crate) fn new(entities: Vec<FinalEntity>) -> Self {
        Self::with(entities, Decision::Allow)
    }

    /// Of entities of which those may be read of which `predicate` holds.
    pub(crate) fn readable(entities: Vec<FinalEntity>, predicate: EntityPredicate) -> Self {
        Self::with(entities, Decision::Conditional(Arc::new(predicate)))
    }

    fn with(entities: Vec<FinalEntity>, decision: Decision) -> Self {
        let writer = IndexWriter::new(IndexBuilder::build(1, entities));
        let (changes, _) = broadcast::channel::<EntityChangeNotice>(1);
        let policy = Arc::new(Policy(decision));
        let catalog =
            AuthorizedEntitiesCatalog::new(writer.shared(), Arc::<Policy>::clone(&policy));
        let topology = AuthorizedTopology::new(Arc::default(), catalog.clone(), policy);
        Self(GraphqlService::new(SchemaPorts {
            catalog,
            topology,
            changes: Arc::new(changes),
            clock: Arc::new(SystemClock),
        }))
    }

    /// The page at `uri`, for the guest.
    pub(crate) async fn page(&self, uri: &str) -> Page {
        let executor: Arc<dyn GraphqlExecutor> = Arc::new(InProcess(self.0.clone()));
        let portal = Portal { title: "Example".into(), access: PortalAccess::Everybody };
        let credentials = Credentials::new(StaticTokens::default(), AnonymousAccess::Guest);
        let routes = callboard_frontend::routes();
        let app = App::new()
            .app_data(web::Data::new(portal))
            .app_data(web::Data::<dyn GraphqlExecutor>::from(executor))
            .app_data(web::Data::new(credentials))
            .configure(|config| routes.mount(config));
        let app = test::init_service(app).await;
        let request = test::TestRequest::with_uri(uri).to_request();
        let response = test::call_service(&app, request).await;
        let status = response.status().as_u16();
        let html = String::from_utf8(test::read_body(response).await.to_vec()).unwrap();
        Page { status, html }
    }

    /// What the public endpoint answers to the query that a page shows.
    pub(crate) async fn shown_query(&self, page: &Page) -> Value {
        let links = page.links();
        let address = links.iter().find_map(|link| link.strip_prefix("/graphql#")).unwrap();
        let parts: Vec<_> = url::form_urlencoded::parse(address.as_bytes()).collect();
        let part = |name: &str| parts.iter().find(|(one, _)| one == name).unwrap().1.clone();
        let variables: Value = serde_json::from_str(&part("variables")).unwrap();
        let body = json!({ "query": part("query"), "variables": variables }).to_string();
        let answer = self.0.execute_public(body.into(), &Caller::guest()).await;
        serde_json::from_slice(&answer.body).unwrap()
    }
}

/// An entity as stitching gives it, with relations to these.
pub(crate) fn entity(
    kind: &str,
    name: &str,
    spec: &Value,
    relations: &[(&str, &str)],
) -> FinalEntity {
    let uid = format!("uid-{kind}-{name}");
    let relations: Vec<_> = relations
        .iter()
        .map(|(kind, target)| json!({ "type": kind, "targetRef": target }))
        .collect();
    let body = json!({
        "metadata": { "namespace": "default", "name": name, "uid": uid, "etag": "0" },
        "apiVersion": "backstage.io/v1alpha1",
        "kind": kind,
        "spec": spec,
        "relations": relations,
    });
    FinalEntity {
        entity_ref: EntityRef::new(kind, "default", name),
        entity_id: uid.into(),
        state: FinalState::Completed,
        body: body.to_string().into(),
        parents: Arc::new([]),
    }
}
