//! `/catalog/{namespace}/{kind}/{name}`: everything that is known of one entity. The path is
//! Backstage's, in any case.

mod details;
mod document;
mod people;
mod relation_group;
mod relation_words;
mod view;

use actix_web::{http::StatusCode, web};
use callboard_http::{
    Answer, ApiError, Authorized, CatalogEntityRead, ErrorClass, GraphqlExecutor,
};
use serde::Deserialize;

use self::{
    document::{Entity, Variables},
    view::EntityPage,
};
use crate::{
    frame::{self, Frame, Portal},
    gateway,
};

/// The path's parameters.
#[derive(Debug, Deserialize)]
pub(crate) struct EntityPath {
    namespace: String,
    kind: String,
    name: String,
}

/// `GET /catalog/{namespace}/{kind}/{name}`.
pub(crate) async fn page(
    guard: Authorized<CatalogEntityRead>,
    path: web::Path<EntityPath>,
    portal: web::Data<Portal>,
    executor: web::Data<dyn GraphqlExecutor>,
) -> Answer {
    let EntityPath { namespace, kind, name } = path.into_inner();
    let ref_ = format!("{kind}:{namespace}/{name}");
    let missing = format!("There is no “{ref_}”.");
    let found = gateway::execute::<Entity>(&**executor, &guard.caller, Variables { ref_ }).await;
    let found = found.map_err(|error| match error.class() {
        // What cannot be a ref is no entity's.
        ErrorClass::Input => ApiError::new(ErrorClass::NotFound, missing.clone()),
        _ => error,
    })?;
    let Some(entity) = found.data.entity else {
        return Err(ApiError::new(ErrorClass::NotFound, missing));
    };
    let viewer = found.data.viewer.display_name;
    let frame = Frame::of_query(&portal, "/catalog", viewer, found.query_url);
    frame::answer(StatusCode::OK, &EntityPage::new(frame, entity))
}
