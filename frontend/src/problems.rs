//! `/problems`: what is wrong with descriptors, whose it is and where it comes from.

mod document;
mod view;

use actix_web::{HttpRequest, http::StatusCode, web};
use callboard_http::{Answer, Authorized, CatalogEntityRead, GraphqlExecutor};

use self::{
    document::{Problems, ProblemsUrl},
    view::ProblemsPage,
};
use crate::{
    frame::{self, Frame, Portal},
    gateway,
};

/// `GET /problems`.
pub(crate) async fn page(
    guard: Authorized<CatalogEntityRead>,
    request: HttpRequest,
    portal: web::Data<Portal>,
    executor: web::Data<dyn GraphqlExecutor>,
) -> Answer {
    let url = ProblemsUrl::parse(request.query_string());
    let variables = url.variables();
    let found = gateway::execute::<Problems>(&**executor, &guard.caller, variables).await?;
    let viewer = found.data.viewer.display_name.clone();
    let frame = Frame::of_query(&portal, "/problems", viewer, found.query_url);
    frame::answer(StatusCode::OK, &ProblemsPage::new(frame, &url, found.data))
}
