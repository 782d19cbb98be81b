//! `/catalog/{namespace}/{kind}/{name}/runs-on`: where a component runs, and which version of it.

mod document;
mod versions;
mod view;

use actix_web::{http::StatusCode, web};
use callboard_http::{Answer, Authorized, CatalogEntityRead, GraphqlExecutor};
use chrono::Utc;

use self::{
    document::{RunsOn, Variables},
    view::RunsOnPage,
};
use crate::{
    entity_head::{EntityPath, not_found, or_not_found},
    frame::{self, Frame, Portal},
    gateway,
};

/// `GET /catalog/{namespace}/{kind}/{name}/runs-on`.
pub(crate) async fn page(
    guard: Authorized<CatalogEntityRead>,
    path: web::Path<EntityPath>,
    portal: web::Data<Portal>,
    executor: web::Data<dyn GraphqlExecutor>,
) -> Answer {
    let ref_ = path.entity_ref();
    let variables = Variables { ref_: ref_.clone() };
    let found = gateway::execute_partial::<RunsOn>(&**executor, &guard.caller, variables).await;
    let found = found.map_err(|error| or_not_found(error, &ref_))?;
    let viewer = found.data.viewer.display_name.clone();
    let frame = Frame::of_query(&portal, "/catalog", viewer, found.query_url);
    let page = RunsOnPage::new(frame, found.gaps, found.data, Utc::now());
    frame::answer(StatusCode::OK, &page.ok_or_else(|| not_found(&ref_))?)
}
