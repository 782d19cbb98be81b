//! From a page to the GraphQL API and back.

use callboard_http::{ApiError, Caller, ErrorClass, GraphqlExecutor};
use graphql_client::{Error, GraphQLQuery, PathFragment, QueryBody};
use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};
use url::form_urlencoded::Serializer;

use crate::frame::internal;

/// What a document gave.
#[derive(Debug)]
pub(crate) struct Outcome<D> {
    pub(crate) data: D,
    /// Where the explorer shows this document with these variables.
    pub(crate) query_url: String,
}

/// Executes the document of `Q` as `caller`. An answer with an error in it is an error: a page
/// never shows a part of the truth as the whole.
///
/// # Errors
///
/// [`ErrorClass::Input`] for variables that the schema does not take, such as a cursor of another
/// list; [`ErrorClass::Unauthenticated`], [`ErrorClass::NotAllowed`] and
/// [`ErrorClass::Unavailable`] as the API says; [`ErrorClass::Internal`] for everything else.
pub(crate) async fn execute<Q: GraphQLQuery>(
    executor: &dyn GraphqlExecutor,
    caller: &Caller,
    variables: Q::Variables,
) -> Result<Outcome<Q::ResponseData>, ApiError> {
    let outcome = ask::<Q>(executor, caller, variables, |_| false).await?;
    Ok(Outcome { data: outcome.data, query_url: outcome.query_url })
}

/// Executes the document of `Q` as `caller`, of which some fields tell of systems that may fail.
/// Such a field is null, and [`Partial::gaps`] tells why.
///
/// # Errors
///
/// As [`execute`], for everything but a field that is null because a system does not answer.
pub(crate) async fn execute_partial<Q: GraphQLQuery>(
    executor: &dyn GraphqlExecutor,
    caller: &Caller,
    variables: Q::Variables,
) -> Result<Partial<Q::ResponseData>, ApiError> {
    let may_be_missing =
        |error: &Error| matches!(class(error), ErrorClass::Unavailable | ErrorClass::Internal);
    ask::<Q>(executor, caller, variables, may_be_missing).await
}

async fn ask<Q: GraphQLQuery>(
    executor: &dyn GraphqlExecutor,
    caller: &Caller,
    variables: Q::Variables,
    may_be_missing: impl Fn(&Error) -> bool,
) -> Result<Partial<Q::ResponseData>, ApiError> {
    let body = Q::build_query(variables);
    let query_url = explorer_url(&body)?;
    let request = serde_json::to_vec(&body).map_err(internal)?;
    let answer = executor.execute_trusted(request.into(), caller).await;
    let response: Response<'_> = serde_json::from_slice(&answer).map_err(internal)?;
    let failure = |error: &Error| ApiError::new(class(error), error.message.clone());
    if let Some(error) = response.errors.iter().find(|error| !may_be_missing(error)) {
        return Err(failure(error));
    }
    let first = response.errors.first();
    let data = response.data.ok_or_else(|| {
        first.map_or_else(|| internal("GraphQL gave neither data nor errors"), failure)
    })?;
    // Where a field must not be null, what holds it is; in the end there is no data to read.
    let data = serde_json::from_str(data.get())
        .map_err(|error| first.map_or_else(|| internal(error), failure))?;
    Ok(Partial { data, query_url, gaps: response.errors.iter().map(Gap::of).collect() })
}

/// What a document gave, as far as it could be known.
#[derive(Debug)]
pub(crate) struct Partial<D> {
    pub(crate) data: D,
    /// Where the explorer shows this document with these variables.
    pub(crate) query_url: String,
    /// What could not be known.
    pub(crate) gaps: Vec<Gap>,
}

/// A field that is null although there is something to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Gap {
    /// The field, such as `clusters.3.version`.
    pub(crate) field: String,
    /// Why.
    pub(crate) reason: String,
}

impl Gap {
    fn of(error: &Error) -> Self {
        let path = error.path.iter().flatten().map(|part| match part {
            PathFragment::Key(key) => key.clone(),
            PathFragment::Index(index) => index.to_string(),
        });
        let reason = match class(error) {
            ErrorClass::Internal => "something went wrong within the portal".to_owned(),
            _ => error.message.clone(),
        };
        Self { field: path.collect::<Vec<_>>().join("."), reason }
    }
}

/// A response whose data is not read before it is known that there are no errors: with them, it
/// lacks the fields that failed.
#[derive(Debug, Deserialize)]
struct Response<'a> {
    #[serde(borrow, default)]
    data: Option<&'a RawValue>,
    #[serde(default)]
    errors: Vec<Error>,
}

fn class(error: &Error) -> ErrorClass {
    let code = error.extensions.as_ref().and_then(|extensions| extensions.get("code")?.as_str());
    match code {
        Some("BAD_USER_INPUT") => ErrorClass::Input,
        Some("UNAUTHENTICATED") => ErrorClass::Unauthenticated,
        Some("FORBIDDEN") => ErrorClass::NotAllowed,
        Some("UNAVAILABLE") => ErrorClass::Unavailable,
        _ => ErrorClass::Internal,
    }
}

/// The address of the explorer with a document. It stands behind `#`, which browsers keep to
/// themselves, so it may be as long as it must.
fn explorer_url<V: Serialize>(body: &QueryBody<V>) -> Result<String, ApiError> {
    let variables = without_nulls(serde_json::to_value(&body.variables).map_err(internal)?);
    let start = "/graphql#";
    let mut query = Serializer::for_suffix(start.to_owned(), start.len());
    query.append_pair("query", body.query.trim());
    query.append_pair("variables", &variables.to_string());
    Ok(query.finish())
}

/// The same value without members that are null: they say nothing.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(members) => members
            .into_iter()
            .filter(|(_, member)| !member.is_null())
            .map(|(key, member)| (key, without_nulls(member)))
            .collect(),
        Value::Array(items) => items.into_iter().map(without_nulls).collect(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_null_is_not_part_of_the_shown_query() {
        let value = serde_json::json!({"a": null, "b": [{"c": null, "d": 1}], "e": {}});
        assert_eq!(without_nulls(value), serde_json::json!({"b": [{"d": 1}], "e": {}}));
    }

    #[test]
    fn a_shown_query_is_behind_the_hash() {
        let body = QueryBody {
            variables: serde_json::json!({ "text": "x & y" }),
            query: "query A { b }",
            operation_name: "A",
        };
        assert_eq!(
            explorer_url(&body).unwrap(),
            "/graphql#query=query+A+%7B+b+%7D&variables=%7B%22text%22%3A%22x+%26+y%22%7D"
        );
    }
}
