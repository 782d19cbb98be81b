//! `/clusters`: where everything runs, and how far what is known of it can be trusted.

mod document;
mod view;

use actix_web::{http::StatusCode, web};
use callboard_http::{Answer, Authorized, CatalogEntityRead, GraphqlExecutor};
use chrono::Utc;

pub(crate) use self::view::{grant, nodes};
use self::{
    document::{Clusters, Variables},
    view::ClustersPage,
};
use crate::{
    frame::{self, Frame, Portal},
    gateway,
};

/// `GET /clusters`.
pub(crate) async fn page(
    guard: Authorized<CatalogEntityRead>,
    portal: web::Data<Portal>,
    executor: web::Data<dyn GraphqlExecutor>,
) -> Answer {
    let found = gateway::execute_partial::<Clusters>(&**executor, &guard.caller, Variables).await?;
    let viewer = found.data.viewer.display_name.clone();
    let frame = Frame::of_query(&portal, "/clusters", viewer, found.query_url);
    let page = ClustersPage::new(frame, found.gaps, found.data, Utc::now());
    frame::answer(StatusCode::OK, &page)
}
