//! `GET` and `POST /entity-facets`.

use actix_web::{HttpRequest, http::StatusCode};
use callboard_catalog::query::{EntityPredicate, Facet};
use callboard_http::{
    Answer, ApiError, Authorized, CatalogEntityRead, ErrorClass, JsonBody, tagged_json,
};
use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::Value;

use super::{Catalog, checked_query, condition_of, filter_of};
use crate::{
    query_parameters::{Parameter, ParameterKind, Presence, QueryParameters},
    request_body::{BodyError, BodyObject},
};

/// The query parameters of the `GET` route.
pub(crate) const PARAMETERS: &[Parameter] = &[
    Parameter { name: "facet", kind: ParameterKind::List, presence: Presence::Required },
    Parameter::optional("filter", ParameterKind::List),
];

/// Values and counts of some keys. Source: Backstage `GET /entity-facets`.
pub(crate) async fn get(
    guard: Authorized<CatalogEntityRead>,
    request: HttpRequest,
    catalog: Catalog,
) -> Answer {
    let parameters = QueryParameters::parse(request.query_string(), PARAMETERS)?;
    let condition = condition_of(filter_of(&parameters)?.as_ref())?;
    let facets = distinct(parameters.list("facet").unwrap_or_default());
    if facets.is_empty() {
        return Err(ApiError::new(ErrorClass::Input, "Missing facet parameter"));
    }
    let reader = catalog.reader(&guard.caller);
    answer(&request, &reader.facets(&facets, &condition))
}

/// The same, with a predicate. Source: Backstage `POST /entity-facets`.
pub(crate) async fn post(
    guard: Authorized<CatalogEntityRead>,
    request: HttpRequest,
    body: JsonBody,
    catalog: Catalog,
) -> Answer {
    QueryParameters::parse(request.query_string(), &[])?;
    let body = body.or_empty();
    let (facets, condition) = asked(&body)?;
    let reader = catalog.reader(&guard.caller);
    answer(&request, &reader.facets(&facets, &condition))
}

fn asked(body: &Value) -> Result<(Vec<&str>, EntityPredicate), ApiError> {
    let body = BodyObject::root(body)?;
    body.require("facets")?;
    let facets = distinct(body.texts("facets")?.unwrap_or_default());
    let query = body.json_object("query")?;
    if facets.is_empty() {
        return Err(BodyError::NoFacets.into());
    }
    Ok((facets, condition_of(checked_query(query)?.as_ref())?))
}

/// Each key once, without the empty ones.
fn distinct(keys: Vec<&str>) -> Vec<&str> {
    let mut seen = std::collections::HashSet::new();
    keys.into_iter().filter(|key| !key.is_empty() && seen.insert(*key)).collect()
}

fn answer(request: &HttpRequest, facets: &[Facet]) -> Answer {
    let body = serde_json::to_vec(&FacetsBody { facets: Facets(facets) });
    let body = body.map_err(|error| ApiError::from_cause(ErrorClass::Internal, error))?;
    Ok(tagged_json(request, StatusCode::OK, body.into()))
}

#[derive(Serialize)]
struct FacetsBody<'a> {
    facets: Facets<'a>,
}

/// `{"kind": [{"value": "API", "count": 1}]}`, keys as they were asked for.
struct Facets<'a>(&'a [Facet]);

impl Serialize for Facets<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for facet in self.0 {
            let values = facet.values.iter();
            let values = values.map(|value| ValueBody { value: &value.value, count: value.count });
            map.serialize_entry(&facet.key, &values.collect::<Vec<_>>())?;
        }
        map.end()
    }
}

#[derive(Serialize)]
struct ValueBody<'a> {
    value: &'a str,
    count: usize,
}
