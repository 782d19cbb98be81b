//! `POST /entities/by-refs`.

use std::sync::Arc;

use actix_web::HttpRequest;
use callboard_catalog::{
    index::{CatalogReader, IndexedEntity},
    query::EntityPredicate,
};
use callboard_http::{Answer, Authorized, CatalogEntityRead, JsonBody};
use callboard_model::EntityRef;

use super::{Catalog, checked_query, condition_of, filter_of};
use crate::{
    entities_answer::EntitiesAnswer,
    entity_fields::EntityFields,
    query_parameters::{Parameter, ParameterKind, QueryParameters},
    request_body::BodyObject,
};

/// The query parameters of the route.
pub(crate) const PARAMETERS: &[Parameter] = &[Parameter::optional("filter", ParameterKind::List)];

/// The entities of some refs, in their order; null where there is none, where it does not match,
/// or where the ref is not a whole one. Any case is taken. Source: Backstage
/// `POST /entities/by-refs`.
pub(crate) async fn post(
    guard: Authorized<CatalogEntityRead>,
    request: HttpRequest,
    body: JsonBody,
    catalog: Catalog,
) -> Answer {
    let parameters = QueryParameters::parse(request.query_string(), PARAMETERS)?;
    let body = body.or_empty();
    let body = BodyObject::root(&body)?;
    body.require("entityRefs")?;
    let entity_refs = body.texts("entityRefs")?.unwrap_or_default();
    let fields = body.texts("fields")?;
    let query = checked_query(body.json_object("query")?)?;
    let filter = filter_of(&parameters)?;
    let fields = EntityFields::parse(fields.unwrap_or_default())?;
    let predicate = match (filter, query) {
        (None, None) => None,
        (filter, query) => Some(EntityPredicate::All(vec![
            condition_of(filter.as_ref())?,
            condition_of(query.as_ref())?,
        ])),
    };
    let reader = catalog.reader(&guard.caller);
    let items = entity_refs.into_iter();
    let items = items.map(|text| found(&reader, text, predicate.as_ref())).collect();
    let answer = EntitiesAnswer { head: "{\"items\":", items, tail: "}".to_owned() };
    answer.respond(&request, reader, fields.as_ref())
}

fn found(
    reader: &CatalogReader,
    entity_ref: &str,
    predicate: Option<&EntityPredicate>,
) -> Option<Arc<IndexedEntity>> {
    let entity_ref = EntityRef::from_canonical(&entity_ref.to_lowercase())?;
    let entity = reader.entity(&entity_ref)?;
    predicate.is_none_or(|predicate| reader.matches(&entity_ref, predicate)).then_some(entity)
}
