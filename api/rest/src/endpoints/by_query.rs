//! `GET` and `POST /entities/by-query`.

use actix_web::HttpRequest;
use callboard_catalog::{
    index::CatalogReader,
    query::{Direction, EntitiesQuery, EntityPage, Position},
};
use callboard_http::{Answer, ApiError, Authorized, CatalogEntityRead, ErrorClass, JsonBody};
use serde::Serialize;
use serde_json::Value;

use super::{Catalog, checked_query, condition_of, filter_of};
use crate::{
    entities_answer::EntitiesAnswer,
    entities_cursor::{EntitiesCursor, FullTextFilter, OrderField, sort_values},
    entity_fields::EntityFields,
    query_parameters::{Parameter, ParameterKind, QueryParameters},
    request_body::{BodyError, BodyObject},
};

/// How many entities a page has where the request does not say.
const DEFAULT_LIMIT: usize = 200;

/// The query parameters of the `GET` route.
pub(crate) const PARAMETERS: &[Parameter] = &[
    Parameter::optional("fields", ParameterKind::CommaList),
    Parameter::optional("limit", ParameterKind::Integer),
    Parameter::optional("offset", ParameterKind::Integer),
    Parameter::optional("orderField", ParameterKind::List),
    Parameter::optional("cursor", ParameterKind::Text),
    Parameter::optional("filter", ParameterKind::List),
    Parameter::optional("totalItems", ParameterKind::OneOf(TOTAL_ITEMS)),
    Parameter::optional("fullTextFilterTerm", ParameterKind::Text),
    Parameter::optional("fullTextFilterFields", ParameterKind::CommaList),
];

const TOTAL_ITEMS: &[&str] = &["include", "exclude"];

/// A page of entities, with cursors. Source: Backstage `GET /entities/by-query`.
pub(crate) async fn get(
    guard: Authorized<CatalogEntityRead>,
    request: HttpRequest,
    catalog: Catalog,
) -> Answer {
    let parameters = QueryParameters::parse(request.query_string(), PARAMETERS)?;
    let asked = PageRequest::of_parameters(&parameters)?;
    asked.answer(&request, catalog.reader(&guard.caller))
}

/// The same, with a predicate. Source: Backstage `POST /entities/by-query`.
pub(crate) async fn post(
    guard: Authorized<CatalogEntityRead>,
    request: HttpRequest,
    body: JsonBody,
    catalog: Catalog,
) -> Answer {
    QueryParameters::parse(request.query_string(), &[])?;
    let asked = PageRequest::of_body(&body.or_empty())?;
    asked.answer(&request, catalog.reader(&guard.caller))
}

/// Whether the caller wants to know how many there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Total {
    Counted,
    Excluded,
}

/// What is asked for: the question, which every further cursor holds too, and this page of it.
#[derive(Debug)]
struct PageRequest {
    question: EntitiesCursor,
    start: Start,
    limit: usize,
    fields: Option<EntityFields>,
    total: Total,
}

/// Whether this is the first page, or one that a cursor leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Start {
    Offset(usize),
    Cursor,
}

/// The direction of an order field that is none. The text is Backstage's.
#[derive(Debug, thiserror::Error)]
#[error("Invalid order field order, must be asc or desc")]
struct OrderError;

impl From<OrderError> for ApiError {
    fn from(error: OrderError) -> Self {
        Self::from_cause(ErrorClass::Input, error)
    }
}

impl PageRequest {
    fn of_parameters(parameters: &QueryParameters<'_>) -> Result<Self, ApiError> {
        let fields = EntityFields::parse(parameters.list("fields").unwrap_or_default())?;
        let limit = parameters.integer("limit").unwrap_or(DEFAULT_LIMIT);
        if let Some(cursor) = parameters.text("cursor") {
            return Self::of_cursor(cursor, limit, fields);
        }
        let query = filter_of(parameters)?;
        let orders = parameters.list("orderField").unwrap_or_default();
        let order_fields =
            orders.into_iter().map(order_field).collect::<Result<Vec<_>, OrderError>>()?;
        let full_text_filter = FullTextFilter {
            term: parameters.text("fullTextFilterTerm").unwrap_or_default().into(),
            fields: parameters
                .comma_list("fullTextFilterFields")
                .map(|fields| fields.into_iter().map(Into::into).collect()),
        };
        Ok(Self {
            question: question(order_fields, query, Some(full_text_filter)),
            start: Start::Offset(parameters.integer("offset").unwrap_or(0)),
            limit,
            fields,
            total: total(parameters.text("totalItems")),
        })
    }

    fn of_body(body: &Value) -> Result<Self, ApiError> {
        let body = BodyObject::root(body)?;
        let cursor = body.text("cursor")?;
        let limit = body.count("limit")?.unwrap_or(DEFAULT_LIMIT);
        let offset = body.count("offset")?.unwrap_or(0);
        let order_fields = order_fields(&body)?;
        let full_text_filter = full_text_filter(&body)?;
        let fields = EntityFields::parse(body.texts("fields")?.unwrap_or_default())?;
        let total = total(body.one_of("totalItems", TOTAL_ITEMS)?);
        let query = body.json_object("query")?;
        if let Some(cursor) = cursor {
            return Self::of_cursor(cursor, limit, fields);
        }
        let query = checked_query(query)?;
        let question = question(order_fields, query, full_text_filter);
        Ok(Self { question, start: Start::Offset(offset), limit, fields, total })
    }

    fn of_cursor(
        cursor: &str,
        limit: usize,
        fields: Option<EntityFields>,
    ) -> Result<Self, ApiError> {
        let mut question = EntitiesCursor::decode(cursor)?;
        question.query = checked_query(question.query.as_ref())?;
        // A first page that was not counted says so with 0, and a page has at least one entity.
        let total = match question.total_items {
            Some(0) => Total::Excluded,
            _ => Total::Counted,
        };
        Ok(Self { question, start: Start::Cursor, limit, fields, total })
    }

    fn query(&self) -> Result<EntitiesQuery, ApiError> {
        let position = match self.start {
            Start::Offset(offset) => Position::Offset(offset),
            Start::Cursor => self.question.position()?,
        };
        Ok(EntitiesQuery {
            predicate: condition_of(self.question.query.as_ref())?,
            text: self.question.full_text_filter.as_ref().and_then(FullTextFilter::condition),
            order: self.question.order(),
            position,
            limit: Some(self.limit),
            ..EntitiesQuery::default()
        })
    }

    fn answer(&self, request: &HttpRequest, reader: CatalogReader) -> Answer {
        let page = reader.entities(&self.query()?);
        let total = match self.total {
            Total::Counted => page.total,
            Total::Excluded => 0,
        };
        let internal = |error| ApiError::from_cause(ErrorClass::Internal, error);
        let page_info = self.page_info(&reader, &page, total).map_err(internal)?;
        let page_info = serde_json::to_string(&page_info).map_err(internal)?;
        let answer = EntitiesAnswer {
            head: "{\"items\":",
            items: page.items.into_iter().map(Some).collect(),
            tail: format!(",\"totalItems\":{total},\"pageInfo\":{page_info}}}"),
        };
        answer.respond(request, reader, self.fields.as_ref())
    }

    /// The cursors around a page. The first page has none before it, whatever its offset, and
    /// there is always a page after one that was read backwards. Source: Backstage
    /// `DefaultEntitiesCatalog.queryEntities`.
    fn page_info(
        &self,
        reader: &CatalogReader,
        page: &EntityPage,
        total: usize,
    ) -> Result<PageInfo, serde_json::Error> {
        let order = self.question.order();
        let values = |entity| sort_values(reader.sort_key(entity, &order));
        let (Some(first), Some(last)) = (page.items.first(), page.items.last()) else {
            return Ok(PageInfo::default());
        };
        let first = values(first);
        let known_first = self.question.first_sort_field_values.as_ref();
        let is_backwards = self.start == Start::Cursor && self.question.is_previous;
        let cursor = |order_field_values, is_previous| {
            EntitiesCursor {
                is_previous,
                order_field_values,
                first_sort_field_values: Some(known_first.unwrap_or(&first).clone()),
                total_items: u64::try_from(total).ok(),
                ..self.question.clone()
            }
            .encode()
        };
        let has_next = is_backwards || page.has_next;
        let has_previous = known_first.is_some_and(|known| *known != first);
        Ok(PageInfo {
            next_cursor: has_next.then(|| cursor(values(last), false)).transpose()?,
            prev_cursor: has_previous.then(|| cursor(first.clone(), true)).transpose()?,
        })
    }
}

/// `pageInfo` of the answer.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct PageInfo {
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prev_cursor: Option<String>,
}

/// A question without a place in its answer.
fn question(
    order_fields: Vec<OrderField>,
    query: Option<Value>,
    full_text_filter: Option<FullTextFilter>,
) -> EntitiesCursor {
    EntitiesCursor {
        order_fields,
        is_previous: false,
        query,
        full_text_filter,
        order_field_values: Vec::new(),
        first_sort_field_values: None,
        total_items: None,
    }
}

fn total(mode: Option<&str>) -> Total {
    match mode {
        Some("exclude") => Total::Excluded,
        _ => Total::Counted,
    }
}

/// `field[,asc|desc]`; what follows a second comma is not looked at.
fn order_field(text: &str) -> Result<OrderField, OrderError> {
    let mut parts = text.split(',');
    let field = parts.next().unwrap_or_default().into();
    let order = match parts.next() {
        None | Some("asc") => Direction::Asc,
        Some("desc") => Direction::Desc,
        Some(_) => return Err(OrderError),
    };
    Ok(OrderField { field, order })
}

fn order_fields(body: &BodyObject<'_>) -> Result<Vec<OrderField>, BodyError> {
    let order = |order: BodyObject<'_>| {
        order.require("field")?;
        order.require("order")?;
        let field = order.text("field")?.unwrap_or_default().into();
        let direction = match order.one_of("order", &["asc", "desc"])? {
            Some("desc") => Direction::Desc,
            _ => Direction::Asc,
        };
        Ok(OrderField { field, order: direction })
    };
    body.objects("orderBy")?.unwrap_or_default().into_iter().map(order).collect()
}

fn full_text_filter(body: &BodyObject<'_>) -> Result<Option<FullTextFilter>, BodyError> {
    let Some(filter) = body.object("fullTextFilter")? else { return Ok(None) };
    let term = filter.text("term")?.unwrap_or_default().into();
    let fields = filter.texts("fields")?;
    let fields = fields.map(|fields| fields.into_iter().map(Into::into).collect());
    Ok(Some(FullTextFilter { term, fields }))
}
