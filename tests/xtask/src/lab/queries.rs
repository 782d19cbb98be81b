//! The queries of the bars, as requests that a load generator sends in turn.

use anyhow::Context;
use serde_json::{Value, json};

use super::{estate::Manifest, http::Client};

/// A page of 20 with owner and system, by GraphQL.
const PAGE: &str = "query Page($kind: String!, $after: String) { \
    entities(filter: {kind: {eq: $kind}}, orderBy: [{field: \"metadata.name\"}], first: 20, \
    after: $after) { totalCount pageInfo { hasNextPage endCursor } nodes { id ref kind name title \
    description owner { ref displayName } ... on Component { type lifecycle system { ref title } } \
    ... on Api { type lifecycle system { ref title } } \
    ... on Resource { type system { ref title } } } } }";

/// Facets of three keys, by GraphQL.
const FACETS: &str = "query Facets($fields: [String!]!) { \
    facets(fields: $fields) { field values { value count } } }";

/// A search, by GraphQL.
const SEARCH: &str = "query Search($text: String!) { \
    search(text: $text, first: 20) { totalCount nodes { entity { ref title description } } } }";

/// `POST /graphql` for each of `bodies`.
pub(crate) fn graphql_requests(client: &Client, bodies: &[Value]) -> Vec<Vec<u8>> {
    let request =
        |body: &Value| client.request("POST", "/graphql", Some(body.to_string().as_bytes()));
    bodies.iter().map(request).collect()
}

fn body(query: &str, variables: &Value) -> Value {
    json!({ "query": query, "variables": variables })
}

/// First pages of the kinds that have an owner and a system, and the pages behind them.
pub(crate) fn graphql_pages(client: &mut Client) -> anyhow::Result<Vec<Value>> {
    let mut bodies = Vec::new();
    for kind in ["Component", "API", "Resource"] {
        let mut after = Value::Null;
        for _ in 0..10 {
            let variables = json!({ "kind": kind, "after": after });
            bodies.push(body(PAGE, &variables));
            let data = client.graphql(PAGE, &variables)?;
            after = data.pointer("/entities/pageInfo/endCursor").cloned().context("no cursor")?;
        }
    }
    Ok(bodies)
}

/// Facets of `kind`, `spec.type` and `relations.ownedBy` over everything.
pub(crate) fn graphql_facets(client: &mut Client) -> anyhow::Result<Vec<Value>> {
    let variables = json!({ "fields": ["kind", "spec.type", "relations.ownedBy"] });
    client.graphql(FACETS, &variables)?;
    Ok(vec![body(FACETS, &variables)])
}

/// Searches for every word that names are made of.
pub(crate) fn graphql_searches(
    client: &mut Client,
    manifest: &Manifest,
) -> anyhow::Result<Vec<Value>> {
    let mut bodies = Vec::new();
    for noun in &manifest.nouns {
        let variables = json!({ "text": noun });
        client.graphql(SEARCH, &variables)?;
        bodies.push(body(SEARCH, &variables));
    }
    Ok(bodies)
}

/// `GET` requests.
pub(crate) fn gets<'a>(client: &Client, paths: impl IntoIterator<Item = &'a str>) -> Vec<Vec<u8>> {
    paths.into_iter().map(|path| client.request("GET", path, None)).collect()
}

/// By-name of the sampled components.
pub(crate) fn by_name_paths(manifest: &Manifest) -> Vec<String> {
    let names = manifest.samples.get("Component").map(Vec::as_slice).unwrap_or_default();
    names
        .iter()
        .map(|name| format!("/api/catalog/entities/by-name/component/default/{name}"))
        .collect()
}
