//! `/clusters/{name}`: one cluster, what is read of it, and what runs in it.

mod document;
mod url_state;
mod view;

use actix_web::{HttpRequest, http::StatusCode, web};
use callboard_http::{
    Answer, ApiError, Authorized, CatalogEntityRead, ErrorClass, GraphqlExecutor,
};
use chrono::Utc;

use self::{document::Cluster, url_state::ClusterUrl, view::ClusterPage};
use crate::{
    frame::{self, Frame, Portal},
    gateway,
};

/// `GET /clusters/{name}`.
pub(crate) async fn page(
    guard: Authorized<CatalogEntityRead>,
    name: web::Path<String>,
    request: HttpRequest,
    portal: web::Data<Portal>,
    executor: web::Data<dyn GraphqlExecutor>,
) -> Answer {
    let url = ClusterUrl::parse(&name, request.query_string());
    let variables = url.variables();
    let found = gateway::execute_partial::<Cluster>(&**executor, &guard.caller, variables).await?;
    let Some(cluster) = found.data.cluster else {
        let message = format!("There is no cluster “{name}”.");
        return Err(ApiError::new(ErrorClass::NotFound, message));
    };
    let viewer = found.data.viewer.display_name;
    let frame = Frame::of_query(&portal, "/clusters", viewer, found.query_url);
    let page = ClusterPage::new(frame, found.gaps, (&url, cluster), Utc::now());
    frame::answer(StatusCode::OK, &page)
}
