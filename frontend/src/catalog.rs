//! `/catalog`: every entity that one may read, filtered, counted, sorted and paged by the URL.

mod document;
mod facet_group;
pub(crate) mod row;
pub(crate) mod url_state;
mod view;

use actix_web::{HttpRequest, http::StatusCode, web};
use callboard_http::{Answer, Authorized, CatalogEntityRead, GraphqlExecutor};

use self::{document::Catalog, url_state::UrlState, view::CatalogPage};
use crate::{
    frame::{self, Frame, Portal},
    gateway,
};

/// `GET /catalog`.
pub(crate) async fn page(
    guard: Authorized<CatalogEntityRead>,
    request: HttpRequest,
    portal: web::Data<Portal>,
    executor: web::Data<dyn GraphqlExecutor>,
) -> Answer {
    let state = UrlState::parse(request.query_string());
    let variables = state.variables();
    let found = gateway::execute::<Catalog>(&**executor, &guard.caller, variables).await?;
    let viewer = found.data.viewer.display_name.clone();
    let frame = Frame::of_query(&portal, "/catalog", viewer, found.query_url);
    frame::answer(StatusCode::OK, &CatalogPage::new(frame, &state, found.data))
}
