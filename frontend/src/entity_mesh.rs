//! `/catalog/{namespace}/{kind}/{name}/mesh`: who calls a component, what it calls, and what of
//! that its descriptor does not say.

mod document;
mod drift;
mod view;

use actix_web::{HttpRequest, http::StatusCode, web};
use callboard_http::{Answer, Authorized, CatalogEntityRead, GraphqlExecutor};
use chrono::Utc;
use url::form_urlencoded;

use self::{
    document::{EntityMesh, Variables},
    view::EntityMeshPage,
};
use crate::{
    calls::Window,
    entity_head::{EntityPath, not_found, or_not_found},
    frame::{self, Frame, Portal},
    gateway,
};

/// `GET /catalog/{namespace}/{kind}/{name}/mesh`.
pub(crate) async fn page(
    guard: Authorized<CatalogEntityRead>,
    path: web::Path<EntityPath>,
    request: HttpRequest,
    portal: web::Data<Portal>,
    executor: web::Data<dyn GraphqlExecutor>,
) -> Answer {
    let ref_ = path.entity_ref();
    let window = window(request.query_string());
    let variables = Variables { ref_: ref_.clone(), window: Some(window) };
    let found = gateway::execute_partial::<EntityMesh>(&**executor, &guard.caller, variables).await;
    let found = found.map_err(|error| or_not_found(error, &ref_))?;
    let viewer = found.data.viewer.display_name.clone();
    let frame = Frame::of_query(&portal, "/catalog", viewer, found.query_url);
    let page = EntityMeshPage::new((frame, found.gaps), window, found.data, Utc::now());
    frame::answer(StatusCode::OK, &page.ok_or_else(|| not_found(&ref_))?)
}

/// The window that the URL names, or the shortest.
fn window(query: &str) -> Window {
    let mut parts = form_urlencoded::parse(query.as_bytes());
    let named = parts.find(|(name, _)| name == "window");
    named.and_then(|(_, value)| Window::named(&value)).unwrap_or_default()
}
