//! `GET /openapi.json`.

use actix_web::{HttpRequest, http::StatusCode};
use bytes::Bytes;
use callboard_http::{Answer, Authorized, CatalogEntityRead, tagged_json};

use crate::{openapi::OPENAPI, query_parameters::QueryParameters};

/// The committed document, which a test holds against the routes.
pub(crate) async fn get(_: Authorized<CatalogEntityRead>, request: HttpRequest) -> Answer {
    QueryParameters::parse(request.query_string(), &[])?;
    Ok(tagged_json(&request, StatusCode::OK, Bytes::from_static(OPENAPI.as_bytes())))
}
