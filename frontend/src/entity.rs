//! `/catalog/{namespace}/{kind}/{name}`: everything that is known of one entity. The path is
//! Backstage's, in any case.

mod details;
mod document;
mod people;
mod relation_group;
mod relation_words;
mod view;

use actix_web::{http::StatusCode, web};
use callboard_http::{Answer, Authorized, CatalogEntityRead, GraphqlExecutor};

use self::{
    document::{Entity, Variables},
    view::EntityPage,
};
use crate::{
    entity_head::{EntityPath, not_found, or_not_found},
    frame::{self, Frame, Portal},
    gateway,
};

/// `GET /catalog/{namespace}/{kind}/{name}`.
pub(crate) async fn page(
    guard: Authorized<CatalogEntityRead>,
    path: web::Path<EntityPath>,
    portal: web::Data<Portal>,
    executor: web::Data<dyn GraphqlExecutor>,
) -> Answer {
    let ref_ = path.entity_ref();
    let variables = Variables { ref_: ref_.clone() };
    let found = gateway::execute::<Entity>(&**executor, &guard.caller, variables).await;
    let found = found.map_err(|error| or_not_found(error, &ref_))?;
    let entity = found.data.entity.ok_or_else(|| not_found(&ref_))?;
    let viewer = found.data.viewer.display_name;
    let frame = Frame::of_query(&portal, "/catalog", viewer, found.query_url);
    frame::answer(StatusCode::OK, &EntityPage::new(frame, entity))
}
