//! A caller without credentials, outside the demo.

use serde_json::{Value, json};

use crate::{
    lab::{Client, Database, Lab, Stage},
    prove::outcome::{Figures, Outcome},
};

/// Reads of every surface that are not public.
const CLOSED: &[&str] = &[
    "/api/catalog/entities",
    "/api/catalog/entities/by-query",
    "/api/catalog/entities/by-name/component/default/none",
    "/api/catalog/entities/by-name/component/default/none/ancestry",
    "/api/catalog/entities/by-uid/00000000-0000-4000-8000-000000000000",
    "/api/catalog/entity-facets?facet=kind",
    "/catalog",
    "/catalog/default/component/none",
    "/graphql",
    "/graphql/schema.graphql",
];

/// What anybody may read.
const PUBLIC: &[&str] = &["/", "/.backstage/health/v1/readiness", "/.backstage/health/v1/liveness"];

/// Paths that are nowhere.
const UNKNOWN: &[&str] = &["/nowhere", "/api/nowhere", "/api/catalog/nowhere"];

/// The routes from outside; that the list is whole, a test with the route table sees to.
pub(crate) fn anonymous(lab: &mut Lab) -> anyhow::Result<Outcome> {
    let stage = Stage::empty(lab, Database::Sqlite, 1)?;
    let (started, _) = stage.serve_complete(1)?;
    let url = started.server.url();
    let mut figures = Figures::default();
    for token in [None, Some("not-a-token"), Some("")] {
        let mut client = Client::with_token(url, token);
        let who = token.map_or("nobody".to_owned(), |token| format!("token {token:?}"));
        for (paths, status) in [(CLOSED, 401), (UNKNOWN, 404)] {
            figures.must(&format!("{who}: {status}"), other_status(&mut client, paths, status)?);
        }
        if token.is_none() {
            figures.must("public is public", other_status(&mut client, PUBLIC, 200)?);
        }
        figures.must(&format!("{who}: GraphQL refused"), graphql(&mut client)?);
    }
    Ok(figures.outcome())
}

fn other_status(
    client: &mut Client,
    paths: &[&str],
    status: u16,
) -> anyhow::Result<Option<String>> {
    let mut other = Vec::new();
    for path in paths {
        let found = client.get(path)?.status;
        if found != status {
            other.push(format!("{path} answers {found}"));
        }
    }
    Ok((!other.is_empty()).then(|| other.join(" ")))
}

fn graphql(client: &mut Client) -> anyhow::Result<Option<String>> {
    let query = json!({ "query": "{ facets(fields: [\"kind\"]) { field values { value } } }" });
    let response = client.post("/graphql", &query)?;
    let body = response.json()?;
    let code = body.pointer("/errors/0/extensions/code").and_then(Value::as_str);
    let is_refused = response.status == 401 && code == Some("UNAUTHENTICATED");
    let has_data = body.get("data").is_some_and(|data| !data.is_null());
    Ok((!is_refused || has_data).then(|| format!("{}: {body}", response.status)))
}
