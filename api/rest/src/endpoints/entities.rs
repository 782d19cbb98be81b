//! `GET /entities`.

use actix_web::{
    HttpRequest,
    http::header::{self, HeaderValue},
};
use base64::Engine as _;
use callboard_catalog::query::{
    Direction, EntitiesQuery, EntityOrder, EntityPage, Position, Unordered,
};
use callboard_http::{Answer, ApiError, Authorized, CatalogEntityRead, ErrorClass, mounted_url};
use serde::{Deserialize, Serialize};

use super::{Catalog, condition_of, filter_of};
use crate::{
    entities_answer::EntitiesAnswer,
    entities_cursor::BASE64,
    entity_fields::EntityFields,
    query_parameters::{Parameter, ParameterKind, QueryParameters},
};

/// The query parameters of the route.
pub(crate) const PARAMETERS: &[Parameter] = &[
    Parameter::optional("fields", ParameterKind::CommaList),
    Parameter::optional("limit", ParameterKind::Integer),
    Parameter::optional("filter", ParameterKind::List),
    Parameter::optional("offset", ParameterKind::Integer),
    Parameter::optional("after", ParameterKind::Text),
    Parameter::optional("order", ParameterKind::List),
];

/// Entities as a plain list; with `limit`, `offset` or `after` a page of it and a `link` header.
///
/// Without a page, an order drops the entities that lack its first field, and only that counts;
/// with a page they come last. Source: Backstage `createRouter.ts`.
pub(crate) async fn list(
    guard: Authorized<CatalogEntityRead>,
    request: HttpRequest,
    catalog: Catalog,
) -> Answer {
    let parameters = QueryParameters::parse(request.query_string(), PARAMETERS)?;
    let predicate = condition_of(filter_of(&parameters)?.as_ref())?;
    let fields = EntityFields::parse(parameters.list("fields").unwrap_or_default())?;
    let order = order_of(&parameters)?;
    let slice = Slice::of(&parameters)?;
    let reader = catalog.reader(&guard.caller);
    let query = match slice {
        Some(slice) => EntitiesQuery {
            predicate,
            order,
            unordered: Unordered::Last,
            position: Position::Offset(slice.offset.unwrap_or(0)),
            limit: slice.limit,
            ..EntitiesQuery::default()
        },
        None => EntitiesQuery {
            predicate,
            order: order.into_iter().take(1).collect(),
            ..EntitiesQuery::default()
        },
    };
    let page = reader.entities(&query);
    let link = slice.map(|slice| slice.link(&request, &page)).transpose()?.flatten();
    let items = page.items.into_iter().map(Some).collect();
    let answer = EntitiesAnswer { head: "", items, tail: String::new() };
    let mut answer = answer.respond(&request, reader, fields.as_ref())?;
    if let Some(link) = link {
        answer.headers_mut().insert(header::LINK, link);
    }
    Ok(answer)
}

/// What a request for a page of `/entities` can get wrong. The texts are Backstage's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum PageError {
    #[error("Invalid order parameter \"{0}\", expected \"<asc or desc>:<field name>\"")]
    Order(String),
    #[error("Invalid limit, must be greater than zero")]
    Limit,
    #[error("Malformed after cursor, could not be parsed")]
    After,
}

impl From<PageError> for ApiError {
    fn from(error: PageError) -> Self {
        Self::from_cause(ErrorClass::Input, error)
    }
}

fn order_of(parameters: &QueryParameters<'_>) -> Result<Vec<EntityOrder>, PageError> {
    let order = |text: &str| {
        let wrong = || PageError::Order(text.to_owned());
        let (direction, field) = text.split_once(':').ok_or_else(wrong)?;
        let direction = match direction {
            "asc" => Direction::Asc,
            "desc" => Direction::Desc,
            _ => return Err(wrong()),
        };
        if field.is_empty() {
            return Err(wrong());
        }
        Ok(EntityOrder { field: field.into(), direction })
    };
    parameters.list("order").unwrap_or_default().into_iter().map(order).collect()
}

/// Which part of the list is asked for; also what the `after` of a link holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Slice {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    limit: Option<usize>,
    #[serde(default)]
    offset: Option<usize>,
}

impl Slice {
    fn of(parameters: &QueryParameters<'_>) -> Result<Option<Self>, PageError> {
        let mut slice =
            Self { limit: parameters.integer("limit"), offset: parameters.integer("offset") };
        if slice.limit == Some(0) {
            return Err(PageError::Limit);
        }
        if let Some(after) = parameters.text("after") {
            let json = BASE64.decode(after).map_err(|_| PageError::After)?;
            let after: Self = serde_json::from_slice(&json).map_err(|_| PageError::After)?;
            slice.limit = after.limit.or(slice.limit);
            slice.offset = after.offset.or(slice.offset);
        } else if slice.limit.is_none() && slice.offset.is_none() {
            return Ok(None);
        }
        Ok(Some(slice))
    }

    /// `</entities?limit=1&after=…>; rel="next"` where there is a next page.
    fn link(
        self,
        request: &HttpRequest,
        page: &EntityPage,
    ) -> Result<Option<HeaderValue>, ApiError> {
        let (Some(limit), true) = (self.limit, page.has_next) else { return Ok(None) };
        let offset = self.offset.unwrap_or(0).saturating_add(limit);
        let next = Self { limit: Some(limit), offset: Some(offset) };
        let internal = |error| ApiError::from_cause(ErrorClass::Internal, error);
        let after = BASE64.encode(serde_json::to_vec(&next).map_err(internal)?);
        let link = format!("<{}>; rel=\"next\"", next_url(mounted_url(request), &after));
        let link = HeaderValue::from_str(&link);
        link.map(Some).map_err(|error| ApiError::from_cause(ErrorClass::Internal, error))
    }
}

/// `url` without its `offset` and with this `after`, as `URLSearchParams` writes it.
fn next_url(url: &str, after: &str) -> String {
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let mut pairs: Vec<(String, String)> =
        url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    pairs.retain(|(key, _)| key != "offset");
    match pairs.iter().position(|(key, _)| key == "after") {
        Some(first) => {
            let mut position = 0;
            pairs.retain(|(key, _)| {
                position += 1;
                key != "after" || position - 1 == first
            });
            if let Some((_, value)) = pairs.get_mut(first) {
                after.clone_into(value);
            }
        }
        None => pairs.push(("after".to_owned(), after.to_owned())),
    }
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    format!("{path}?{query}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(query: &str) -> QueryParameters<'_> {
        QueryParameters::parse(query, PARAMETERS).unwrap()
    }

    #[test]
    fn links_are_written_as_upstream_writes_them() {
        // Recorded from Backstage.
        for (url, link) in [
            ("/entities/?limit=1&fields=kind", "/entities/?limit=1&fields=kind&after=e%3D"),
            (
                "/entities?limit=1&fields=kind,metadata.name&fields=spec.type",
                "/entities?limit=1&fields=kind%2Cmetadata.name&fields=spec.type&after=e%3D",
            ),
            (
                "/entities?filter[]=kind=component&limit=1",
                "/entities?filter%5B%5D=kind%3Dcomponent&limit=1&after=e%3D",
            ),
            ("/entities?limit=3&offset=5", "/entities?limit=3&after=e%3D"),
            ("/entities?after=x&limit=3&after=y", "/entities?after=e%3D&limit=3"),
        ] {
            assert_eq!(next_url(url, "e="), link);
        }
    }

    #[test]
    fn refusals_are_worded_as_upstream_words_them() {
        for (order, is_right) in [
            ("asc:metadata.name", true),
            ("desc:x:y", true),
            ("metadata.name", false),
            ("up:metadata.name", false),
            ("asc:", false),
        ] {
            let query = format!("order={order}");
            let message = order_of(&parameters(&query)).map_err(|error| error.to_string());
            let expected = format!(
                "Invalid order parameter \"{order}\", expected \"<asc or desc>:<field name>\""
            );
            assert_eq!(message.is_ok(), is_right, "{order}");
            assert!(is_right || message == Err(expected));
        }
        assert_eq!(Slice::of(&parameters("limit=0")), Err(PageError::Limit));
        assert_eq!(Slice::of(&parameters("after=xxx")), Err(PageError::After));
    }

    #[test]
    fn after_holds_what_upstreams_holds() {
        let next = Slice { limit: Some(1), offset: Some(1) };
        assert_eq!(
            BASE64.encode(serde_json::to_vec(&next).unwrap()),
            "eyJsaW1pdCI6MSwib2Zmc2V0IjoxfQ=="
        );
        let read = Slice::of(&parameters("limit=9&after=eyJsaW1pdCI6MSwib2Zmc2V0IjoxfQ%3D%3D"));
        assert_eq!(read, Ok(Some(next)));
        assert_eq!(Slice::of(&parameters("filter=a")), Ok(None));
    }
}
