//! Every route of every surface × every caller, as the process mounts them.

use std::sync::Arc;

use actix_web::{
    App,
    http::Method,
    middleware::{Compress, from_fn},
    test, web,
};
use callboard_auth::{
    AccessRestriction, AuthorizedEntitiesCatalog, StaticPolicy, StaticToken, StaticTokens,
};
use callboard_catalog::{
    catalog_engine::EngineStatus,
    entities_catalog::EntitiesCatalog,
    final_entity::{FinalEntity, FinalState},
    index::{CatalogReader, EntityIndex, IndexBuilder},
    query::ReadCondition,
};
use callboard_frontend::{Portal, PortalAccess};
use callboard_graphql::{GraphqlService, SchemaPorts};
use callboard_http::{AnonymousAccess, Audience, Credentials, RouteTable, shell};
use callboard_model::{EntityRef, SystemClock};
use callboard_rest::{HealthProbe, HealthStatus, RestState};
use callboard_topology::AuthorizedTopology;
use tokio::sync::{broadcast, watch};

use super::{Site, mount, route_tables};
use crate::graphql_endpoint::Admission;

mod sockets;

const UID: &str = "1526f787-d325-4971-ae14-81c317514bee";

/// Who asks, and with which token.
const CALLERS: [(&str, Option<&str>, AnonymousAccess); 8] = [
    ("anonymous", None, AnonymousAccess::Refused),
    ("the demo's guest", None, AnonymousAccess::Guest),
    ("an unrestricted token", Some("token-unrestricted"), AnonymousAccess::Refused),
    ("a token for the catalog", Some("token-catalog"), AnonymousAccess::Refused),
    ("a token for reading the catalog", Some("token-reader"), AnonymousAccess::Refused),
    ("a token for refreshing the catalog", Some("token-refresher"), AnonymousAccess::Refused),
    ("a token for another plugin", Some("token-other"), AnonymousAccess::Refused),
    ("a token that is not ours", Some("token-of-nobody"), AnonymousAccess::Refused),
];

/// Anybody.
const PUBLIC: [u16; 8] = [200; 8];
/// A list of the catalog: what a caller may not read is not in it.
const LIST: [u16; 8] = [401, 200, 200, 200, 200, 200, 403, 401];
/// One thing of the catalog: it does not exist for those who may not read it.
const ONE: [u16; 8] = [401, 200, 200, 200, 200, 404, 403, 401];
/// Something that does not exist.
const NOTHING: [u16; 8] = [401, 404, 404, 404, 404, 404, 403, 401];
/// Whoever says who it is.
const KNOWN: [u16; 8] = [401, 200, 200, 200, 200, 200, 200, 401];
/// The same, where the request lacks what only a browser or a WebSocket client sends.
const KNOWN_BUT_WRONG: [u16; 8] = [401, 400, 400, 400, 400, 400, 400, 401];

/// Each route with a request to it: method, path, URI, JSON body and what each caller is answered.
/// An empty URI is the path itself.
type Row = (&'static str, &'static str, &'static str, &'static str, [u16; 8]);

const ROWS: &[Row] = &[
    (
        "GET",
        "/api/catalog/entities/by-name/{kind}/{namespace}/{name}",
        "/api/catalog/entities/by-name/component/default/ledger",
        "",
        ONE,
    ),
    (
        "GET",
        "/api/catalog/entities/by-name/{kind}/{namespace}/{name}/ancestry",
        "/api/catalog/entities/by-name/component/default/ledger/ancestry",
        "",
        ONE,
    ),
    (
        "GET",
        "/api/catalog/entities/by-uid/{uid}",
        "/api/catalog/entities/by-uid/1526f787-d325-4971-ae14-81c317514bee",
        "",
        ONE,
    ),
    ("GET", "/api/catalog/entities", "", "", LIST),
    ("GET", "/api/catalog/entities/by-query", "", "", LIST),
    ("POST", "/api/catalog/entities/by-query", "", "{}", LIST),
    ("POST", "/api/catalog/entities/by-refs", "", r#"{"entityRefs":["a:b/c"]}"#, LIST),
    ("GET", "/api/catalog/entity-facets", "/api/catalog/entity-facets?facet=kind", "", LIST),
    ("POST", "/api/catalog/entity-facets", "", r#"{"facets":["kind"]}"#, LIST),
    ("GET", "/api/catalog/openapi.json", "", "", LIST),
    ("GET", "/.backstage/health/v1/readiness", "", "", PUBLIC),
    ("GET", "/.backstage/health/v1/liveness", "", "", PUBLIC),
    ("POST", "/graphql", "", r#"{"query":"{ __typename }"}"#, KNOWN),
    ("GET", "/graphql", "", "", KNOWN_BUT_WRONG),
    ("GET", "/graphql/ws", "", "", KNOWN_BUT_WRONG),
    ("GET", "/graphql/schema.graphql", "", "", KNOWN),
    ("GET", "/graphql/{asset}", "/graphql/explorer.js", "", KNOWN),
    ("GET", "/", "", "", PUBLIC),
    ("GET", "/assets/{name}", "/assets/portal.css", "", PUBLIC),
    ("GET", "/catalog", "", "", LIST),
    ("GET", "/catalog/{namespace}/{kind}/{name}", "/catalog/default/component/ledger", "", ONE),
    (
        "GET",
        "/catalog/{namespace}/{kind}/{name}/runs-on",
        "/catalog/default/component/ledger/runs-on",
        "",
        ONE,
    ),
    (
        "GET",
        "/catalog/{namespace}/{kind}/{name}/mesh",
        "/catalog/default/component/ledger/mesh",
        "",
        ONE,
    ),
    ("GET", "/clusters", "", "", LIST),
    ("GET", "/clusters/{name}", "/clusters/nowhere", "", NOTHING),
    ("GET", "/mesh", "", "", LIST),
    ("GET", "/mesh/path", "", "", LIST),
    ("GET", "/workloads/unknown", "", "", LIST),
    ("GET", "/problems", "", "", LIST),
];

/// One snapshot that never changes.
#[derive(Debug)]
struct Fixed(Arc<EntityIndex>);

impl EntitiesCatalog for Fixed {
    fn reader(&self, condition: &ReadCondition) -> CatalogReader {
        CatalogReader::new(Arc::clone(&self.0), condition)
    }
}

fn site(anonymous: AnonymousAccess) -> Site {
    let body = format!(
        r#"{{"metadata":{{"namespace":"default","name":"ledger","uid":"{UID}","etag":"e"}},"apiVersion":"backstage.io/v1alpha1","kind":"Component","spec":{{"type":"service","lifecycle":"production","owner":"a"}},"relations":[]}}"#
    );
    let ledger = FinalEntity {
        entity_ref: EntityRef::new("component", "default", "ledger"),
        entity_id: UID.into(),
        state: FinalState::Completed,
        body: body.into(),
        parents: Arc::new([]),
    };
    let index = Fixed(Arc::new(IndexBuilder::build(1, [ledger])));
    let catalog = AuthorizedEntitiesCatalog::new(Arc::new(index), Arc::new(StaticPolicy));
    let changes = Arc::new(broadcast::Sender::new(1));
    let policy = Arc::new(StaticPolicy);
    let topology = AuthorizedTopology::new(Arc::default(), catalog.clone(), policy);
    let clock = Arc::new(SystemClock);
    let ports = SchemaPorts { catalog: catalog.clone(), topology, changes, clock };
    let access = match anonymous {
        AnonymousAccess::Guest => PortalAccess::Everybody,
        AnonymousAccess::Refused => PortalAccess::Credentials,
    };
    Site {
        rest: RestState::new(catalog, HealthProbe::new(|| HealthStatus::Ready)),
        graphql: GraphqlService::new(ports),
        portal: Portal { title: "Callboard".into(), access },
        credentials: Credentials::new(tokens(), anonymous),
        cors: None,
        sockets: Admission::new(&[], None, 2),
        status: watch::channel(EngineStatus::default()).1,
    }
}

fn tokens() -> StaticTokens {
    let restricted = |token: &str, plugin: &str, permissions: &[&str]| {
        let permissions = permissions.iter().map(|name| Box::from(*name)).collect();
        let restriction = AccessRestriction { plugin: plugin.into(), permissions };
        StaticToken::new(token, token, Some([restriction].into())).unwrap()
    };
    StaticTokens::new(vec![
        StaticToken::new("token-unrestricted", "all", None).unwrap(),
        restricted("token-catalog", "catalog", &[]),
        restricted("token-reader", "catalog", &["catalog.entity.read"]),
        restricted("token-refresher", "catalog", &["catalog.entity.refresh"]),
        restricted("token-other", "search", &[]),
    ])
}

async fn ask(
    (method, uri, body): (&str, &str, &str),
    (token, anonymous): (Option<&str>, AnonymousAccess),
) -> (u16, String) {
    let site = site(anonymous);
    let app = App::new()
        .wrap(Compress::default())
        .wrap(from_fn(shell))
        .configure(|config: &mut web::ServiceConfig| mount(&site, config));
    let app = test::init_service(app).await;
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    let mut request = test::TestRequest::with_uri(uri).method(method);
    if let Some(token) = token {
        request = request.insert_header(("authorization", format!("Bearer {token}")));
    }
    if !body.is_empty() {
        request = request.insert_header(("content-type", "application/json"));
        request = request.set_payload(body.to_owned());
    }
    let answer = test::call_service(&app, request.to_request()).await;
    let status = answer.status().as_u16();
    (status, String::from_utf8_lossy(&test::read_body(answer).await).into_owned())
}

#[::core::prelude::v1::test]
fn the_table_of_callers_has_a_row_for_every_route_and_no_other() {
    let tables = route_tables();
    let entries: Vec<_> = tables.iter().flat_map(RouteTable::entries).collect();
    for entry in &entries {
        let is_of = |row: &&Row| row.0 == entry.method.as_str() && row.1 == entry.path;
        assert_eq!(ROWS.iter().filter(is_of).count(), 1, "{entry:?} must have one row");
        let is_public = ROWS.iter().find(is_of).is_some_and(|row| row.4 == PUBLIC);
        assert_eq!(entry.audience == Audience::Public, is_public, "{entry:?}");
    }
    assert_eq!(ROWS.len(), entries.len());
}

#[actix_web::test]
async fn every_route_answers_every_caller_as_the_table_says() {
    for (method, path, uri, body, statuses) in ROWS {
        let uri = if uri.is_empty() { path } else { uri };
        for ((who, token, anonymous), status) in CALLERS.into_iter().zip(statuses) {
            let (found, text) = ask((method, uri, body), (token, anonymous)).await;
            assert_eq!(found, *status, "{method} {uri} by {who}: {text}");
        }
    }
}

#[actix_web::test]
async fn an_unknown_path_is_404_for_everybody() {
    for uri in ["/nowhere", "/api/nowhere", "/api/catalog/nowhere", "/.backstage/nowhere"] {
        for (who, token, anonymous) in CALLERS {
            assert_eq!(ask(("GET", uri, ""), (token, anonymous)).await.0, 404, "{uri} by {who}");
        }
    }
}

#[actix_web::test]
async fn anonymous_graphql_says_unauthenticated_in_the_body() {
    let query = r#"{"query":"{ facets(fields: [\"kind\"]) { field } }"}"#;
    let (status, body) = ask(("POST", "/graphql", query), (None, AnonymousAccess::Refused)).await;
    assert_eq!(status, 401);
    assert!(body.contains("\"UNAUTHENTICATED\"") && !body.contains("\"data\""), "{body}");
}
