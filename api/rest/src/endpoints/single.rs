//! One entity: by name, by uid, and its ancestry.

use actix_web::{HttpRequest, http::StatusCode, web};
use callboard_catalog::{index::CatalogReader, query::AncestryItem};
use callboard_http::{
    Answer, ApiError, Authorized, CatalogEntityRead, ErrorClass, raw_json, tagged_json,
};
use callboard_model::EntityRef;
use serde::Deserialize;

use super::Catalog;
use crate::query_parameters::QueryParameters;

/// The name of an entity, as a path has it.
#[derive(Debug, Deserialize)]
pub(crate) struct EntityName {
    kind: String,
    namespace: String,
    name: String,
}

impl EntityName {
    fn entity_ref(&self) -> EntityRef {
        EntityRef::new(&self.kind, &self.namespace, &self.name)
    }
}

/// The uid of an entity, as a path has it.
#[derive(Debug, Deserialize)]
pub(crate) struct EntityUid {
    uid: String,
}

/// The entity of this name, in any case. Source: Backstage
/// `GET /entities/by-name/:kind/:namespace/:name`.
pub(crate) async fn by_name(
    guard: Authorized<CatalogEntityRead>,
    request: HttpRequest,
    name: web::Path<EntityName>,
    catalog: Catalog,
) -> Answer {
    QueryParameters::parse(request.query_string(), &[])?;
    let reader = catalog.reader(&guard.caller);
    match reader.entity(&name.entity_ref()) {
        Some(entity) => Ok(raw_json(reader.json(&entity))),
        None => Err(not_found(format!(
            "No entity named '{}' found, with kind '{}' in namespace '{}'",
            name.name, name.kind, name.namespace
        ))),
    }
}

/// The entity of this uid. Source: Backstage `GET /entities/by-uid/:uid`.
pub(crate) async fn by_uid(
    guard: Authorized<CatalogEntityRead>,
    request: HttpRequest,
    path: web::Path<EntityUid>,
    catalog: Catalog,
) -> Answer {
    QueryParameters::parse(request.query_string(), &[])?;
    let reader = catalog.reader(&guard.caller);
    match reader.entity_by_uid(&path.uid.to_lowercase()) {
        Some(entity) => Ok(raw_json(reader.json(&entity))),
        None => Err(not_found(format!("No entity with uid {}", path.uid))),
    }
}

/// The entity and the Locations that it came by. Source: Backstage
/// `GET /entities/by-name/:kind/:namespace/:name/ancestry`.
pub(crate) async fn ancestry(
    guard: Authorized<CatalogEntityRead>,
    request: HttpRequest,
    name: web::Path<EntityName>,
    catalog: Catalog,
) -> Answer {
    QueryParameters::parse(request.query_string(), &[])?;
    let reader = catalog.reader(&guard.caller);
    let entity_ref = name.entity_ref();
    match reader.ancestry(&entity_ref) {
        Some(items) => {
            let body = ancestry_body(&reader, &entity_ref, &items);
            Ok(tagged_json(&request, StatusCode::OK, body.into()))
        }
        None => Err(not_found(format!("No such entity {entity_ref}"))),
    }
}

fn not_found(message: String) -> ApiError {
    ApiError::new(ErrorClass::NotFound, message)
}

/// `{"rootEntityRef", "items": [{"entity", "parentEntityRefs"}]}`.
fn ancestry_body(reader: &CatalogReader, root: &EntityRef, items: &[AncestryItem]) -> Vec<u8> {
    let mut body =
        format!("{{\"rootEntityRef\":{},\"items\":[", json_text(root.as_str())).into_bytes();
    for (position, item) in items.iter().enumerate() {
        body.extend_from_slice(if position == 0 { b"{\"entity\":" } else { b",{\"entity\":" });
        body.extend_from_slice(&reader.json(&item.entity));
        let parents = item.parents.iter().map(|parent| json_text(parent.entity_ref.as_str()));
        let parents = parents.collect::<Vec<_>>().join(",");
        body.extend_from_slice(format!(",\"parentEntityRefs\":[{parents}]}}").as_bytes());
    }
    body.extend_from_slice(b"]}");
    body
}

fn json_text(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
