//! The routes of Backstage's wire.

use actix_web::web;
use callboard_auth::AuthorizedEntitiesCatalog;
use callboard_http::{PathMatching, RouteTable, refuse_unknown};

use crate::HealthProbe;
use crate::endpoints::{by_query, by_refs, entities, facets, health, openapi, single};

/// Where Backstage's plugins and its own health live: an unknown path there is 404 without a body.
pub const PREFIXES: [&str; 2] = ["/api", "/.backstage"];

/// Every route, the busiest first.
pub fn route_table() -> RouteTable {
    RouteTable::new(PathMatching::Backstage)
        .get("/api/catalog/entities/by-name/{kind}/{namespace}/{name}", single::by_name)
        .get("/api/catalog/entities", entities::list)
        .get("/api/catalog/entities/by-query", by_query::get)
        .post("/api/catalog/entities/by-query", by_query::post)
        .post("/api/catalog/entities/by-refs", by_refs::post)
        .get("/api/catalog/entity-facets", facets::get)
        .post("/api/catalog/entity-facets", facets::post)
        .get("/api/catalog/entities/by-uid/{uid}", single::by_uid)
        .get("/api/catalog/entities/by-name/{kind}/{namespace}/{name}/ancestry", single::ancestry)
        .get("/api/catalog/openapi.json", openapi::get)
        .get("/.backstage/health/v1/readiness", health::readiness)
        .get("/.backstage/health/v1/liveness", health::liveness)
}

/// What the routes need, shared by the workers of the server.
#[derive(Debug, Clone)]
pub struct RestState {
    catalog: web::Data<AuthorizedEntitiesCatalog>,
    health: web::Data<HealthProbe>,
}

impl RestState {
    /// Routes over `catalog` whose readiness is what `health` says.
    pub fn new(catalog: AuthorizedEntitiesCatalog, health: HealthProbe) -> Self {
        Self { catalog: web::Data::new(catalog), health: web::Data::new(health) }
    }

    /// Gives the routes what they need. The app must also have [`callboard_http::Credentials`] as
    /// its data.
    pub fn provide(&self, config: &mut web::ServiceConfig) {
        config.app_data(self.catalog.clone()).app_data(self.health.clone());
    }

    /// Does all that these routes take: [`RestState::provide`], mounts them, and answers 404
    /// without a body to whatever else is asked below [`PREFIXES`].
    pub fn configure(&self, config: &mut web::ServiceConfig) {
        self.provide(config);
        route_table().mount(config);
        for prefix in PREFIXES {
            refuse_unknown(config, prefix);
        }
    }
}
