//! The web portal: pages that are rendered on the server and that work without JavaScript.
//!
//! Each page is one GraphQL document, one template and one view, in one folder. The document is
//! executed in-process as the signed-in caller, so that a page can show no more than the API does.

mod assets;
mod calls;
mod catalog;
mod cluster;
mod clusters;
mod entity;
mod entity_head;
mod entity_link;
mod entity_mesh;
mod error_page;
mod frame;
mod gateway;
mod graph;
mod measure;
mod mesh;
mod mesh_path;
mod moment;
mod place;
mod plain;
mod problem;
mod problems;
mod running;
mod runs_on;
mod safe_url;
mod scalar;
mod seen;
mod standing;
mod start;
mod unknown_workloads;

use callboard_http::{PathMatching, RouteTable};

pub use frame::{Portal, PortalAccess};

/// The routes of the portal. They need `web::Data<Portal>` and
/// `web::Data<dyn callboard_http::GraphqlExecutor>`.
pub fn routes() -> RouteTable {
    RouteTable::new(PathMatching::Exact)
        .errors_as(error_page::render)
        .get("/catalog", catalog::page)
        .get("/catalog/{namespace}/{kind}/{name}", entity::page)
        .get("/catalog/{namespace}/{kind}/{name}/runs-on", runs_on::page)
        .get("/catalog/{namespace}/{kind}/{name}/mesh", entity_mesh::page)
        .get("/clusters", clusters::page)
        .get("/clusters/{name}", cluster::page)
        .get("/mesh", mesh::page)
        .get("/mesh/path", mesh_path::page)
        .get("/workloads/unknown", unknown_workloads::page)
        .get("/problems", problems::page)
        .get("/", start::page)
        .get("/assets/{name}", assets::asset)
}
