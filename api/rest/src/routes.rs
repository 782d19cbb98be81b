//! The routes of Backstage's wire.

use actix_web::{HttpResponse, web};
use callboard_auth::AuthorizedEntitiesCatalog;
use callboard_http::{PathMatching, RouteTable};

use crate::HealthProbe;
use crate::endpoints::{by_query, by_refs, entities, facets, health, openapi, single};

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

    /// Mounts every route, and 404 without a body for whatever else is asked of `/api`. The app
    /// must also have [`callboard_http::Credentials`] as its data.
    pub fn configure(&self, config: &mut web::ServiceConfig) {
        config.app_data(self.catalog.clone()).app_data(self.health.clone());
        route_table().mount(config);
        let unknown = || web::to(async || HttpResponse::NotFound());
        config.service(web::scope("/api").default_service(unknown()));
        config.service(web::scope("/.backstage").default_service(unknown()));
    }
}
