//! `/workloads/unknown`: what runs and belongs to no component, and which components were not
//! found.

mod document;
mod url_state;
mod view;

use actix_web::{HttpRequest, http::StatusCode, web};
use callboard_http::{Answer, Authorized, CatalogEntityRead, GraphqlExecutor};
use chrono::Utc;

use self::{document::UnknownWorkloads, url_state::UnknownUrl, view::UnknownWorkloadsPage};
use crate::{
    frame::{self, Frame, Portal},
    gateway,
};

/// `GET /workloads/unknown`.
pub(crate) async fn page(
    guard: Authorized<CatalogEntityRead>,
    request: HttpRequest,
    portal: web::Data<Portal>,
    executor: web::Data<dyn GraphqlExecutor>,
) -> Answer {
    let url = UnknownUrl::parse(request.query_string());
    let variables = url.variables();
    let found =
        gateway::execute_partial::<UnknownWorkloads>(&**executor, &guard.caller, variables).await?;
    let viewer = found.data.viewer.display_name.clone();
    let frame = Frame::of_query(&portal, "/workloads/unknown", viewer, found.query_url);
    let page = UnknownWorkloadsPage::new((frame, found.gaps), url, found.data, Utc::now());
    frame::answer(StatusCode::OK, &page)
}
