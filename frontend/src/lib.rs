//! The web portal: pages that are rendered on the server and that work without JavaScript.
//!
//! Each page is one GraphQL document, one template and one view, in one folder. The document is
//! executed in-process as the signed-in caller, so that a page can show no more than the API does.

mod assets;
mod catalog;
mod entity;
mod entity_link;
mod error_page;
mod frame;
mod gateway;
mod problem;
mod problems;
mod safe_url;
mod scalar;
mod start;

use callboard_http::{PathMatching, RouteTable};

pub use frame::{Portal, PortalAccess};

/// The routes of the portal. They need `web::Data<Portal>` and
/// `web::Data<dyn callboard_http::GraphqlExecutor>`.
pub fn routes() -> RouteTable {
    RouteTable::new(PathMatching::Exact)
        .errors_as(error_page::render)
        .get("/catalog", catalog::page)
        .get("/catalog/{namespace}/{kind}/{name}", entity::page)
        .get("/problems", problems::page)
        .get("/", start::page)
        .get("/assets/{name}", assets::asset)
}
