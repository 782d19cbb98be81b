//! The `OpenAPI` document of the routes.

mod schemas;

use callboard_http::{Audience, RouteEntry};
use serde_json::{Map, Value, json};

use crate::{
    endpoints::{by_query, by_refs, entities, facets},
    query_parameters::{Parameter, ParameterKind, Presence},
    routes::route_table,
};

/// The document as it is committed and served: [`openapi_document`] as text.
pub const OPENAPI: &str = include_str!("../openapi.json");

/// The document, made from the route table: paths and methods, parameters and bodies as the
/// handlers check them, and whom each route is for.
pub fn openapi_document() -> Value {
    let mut paths = Map::new();
    for entry in route_table().entries() {
        let operations = paths.entry(entry.path).or_insert_with(|| json!({}));
        if let Value::Object(operations) = operations {
            operations.insert(entry.method.as_str().to_lowercase(), operation(entry));
        }
    }
    json!({
        "openapi": "3.0.3",
        "info": {
            "title": "Callboard: Backstage's wire",
            "version": "1",
            "description": "The reads of Backstage's catalog backend 4.0.0, and health.",
        },
        "paths": paths,
        "components": {
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
            "schemas": schemas::schemas(),
        },
    })
}

/// What the table does not know of a route.
struct Description {
    id: &'static str,
    summary: &'static str,
    parameters: &'static [Parameter],
    body: Option<&'static str>,
    answer: &'static str,
}

fn describe(path: &str, method: &str) -> Description {
    let description =
        |id, summary, answer| Description { id, summary, parameters: &[], body: None, answer };
    match (method, path.trim_start_matches("/api/catalog")) {
        ("GET", "/entities") => Description {
            parameters: entities::PARAMETERS,
            ..description("GetEntities", "Entities as a plain list", "EntityList")
        },
        ("GET", "/entities/by-query") => Description {
            parameters: by_query::PARAMETERS,
            ..description("GetEntitiesByQuery", "A page of entities, with cursors", "EntityPage")
        },
        ("POST", "/entities/by-query") => Description {
            body: Some("EntitiesQuery"),
            ..description("QueryEntitiesByPredicate", "The same, by a predicate", "EntityPage")
        },
        ("POST", "/entities/by-refs") => Description {
            parameters: by_refs::PARAMETERS,
            body: Some("EntityRefs"),
            ..description("GetEntitiesByRefs", "The entities of some refs, or null", "EntityBatch")
        },
        ("GET", "/entity-facets") => Description {
            parameters: facets::PARAMETERS,
            ..description("GetEntityFacets", "Values and counts of some keys", "Facets")
        },
        ("POST", "/entity-facets") => Description {
            body: Some("FacetsQuery"),
            ..description("QueryEntityFacetsByPredicate", "The same, by a predicate", "Facets")
        },
        (_, "/entities/by-name/{kind}/{namespace}/{name}") => {
            description("GetEntityByName", "The entity of this name, in any case", "Entity")
        }
        (_, "/entities/by-name/{kind}/{namespace}/{name}/ancestry") => {
            description("GetEntityAncestryByName", "The Locations that it came by", "Ancestry")
        }
        (_, "/entities/by-uid/{uid}") => {
            description("GetEntityByUid", "The entity of this uid", "Entity")
        }
        (_, "/openapi.json") => description("GetOpenApi", "This document", "Document"),
        (_, "/.backstage/health/v1/liveness") => {
            description("GetLiveness", "Whether the process answers", "Health")
        }
        (_, "/.backstage/health/v1/readiness") => {
            description("GetReadiness", "Whether reads are answered", "Health")
        }
        _ => description("", "", ""),
    }
}

fn operation(entry: &RouteEntry) -> Value {
    let Description { id, summary, parameters, body, answer } =
        describe(entry.path, entry.method.as_str());
    let in_path = entry.path.split('/').filter_map(|segment| {
        let name = segment.strip_prefix('{')?.strip_suffix('}')?;
        Some(json!({
            "name": name, "in": "path", "required": true, "schema": { "type": "string" },
        }))
    });
    let parameters: Vec<_> =
        in_path.chain(parameters.iter().map(|parameter| parameter_document(*parameter))).collect();
    let reference = |name: &str| {
        let schema = json!({ "$ref": format!("#/components/schemas/{name}") });
        json!({ "application/json": { "schema": schema } })
    };
    let failed = json!({ "description": "What is wrong", "content": reference("Error") });
    let mut operation = json!({
        "operationId": id,
        "summary": summary,
        "security": match entry.audience {
            Audience::Public => json!([]),
            _ => json!([{ "token": [] }]),
        },
        "parameters": parameters,
        "responses": {
            "200": { "description": "The answer", "content": reference(answer) },
            "default": failed,
        },
    });
    if let (Some(body), Value::Object(operation)) = (body, &mut operation) {
        operation.insert("requestBody".to_owned(), json!({ "content": reference(body) }));
    }
    operation
}

fn parameter_document(Parameter { name, kind, presence }: Parameter) -> Value {
    let texts = json!({ "type": "array", "items": { "type": "string" } });
    let (schema, explode) = match kind {
        ParameterKind::Text => (json!({ "type": "string" }), None),
        ParameterKind::Integer => (json!({ "type": "integer", "minimum": 0 }), None),
        ParameterKind::List => (texts, Some(true)),
        ParameterKind::CommaList => (texts, Some(false)),
        ParameterKind::OneOf(allowed) => (json!({ "type": "string", "enum": allowed }), None),
    };
    let mut document = json!({
        "name": name,
        "in": "query",
        "required": presence == Presence::Required,
        "allowReserved": true,
        "schema": schema,
    });
    if let (Some(explode), Value::Object(document)) = (explode, &mut document) {
        document.insert("explode".to_owned(), Value::Bool(explode));
    }
    document
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_document_is_the_generated_one() {
        let generated = serde_json::to_string_pretty(&openapi_document()).unwrap() + "\n";
        assert!(
            OPENAPI == generated,
            "api/rest/openapi.json is not what the routes give: run\n  \
             cargo run -p callboard-rest --example openapi > api/rest/openapi.json"
        );
    }

    #[test]
    fn every_route_is_described() {
        for entry in route_table().entries() {
            let description = describe(entry.path, entry.method.as_str());
            assert!(!description.id.is_empty(), "{entry:?} has no description");
        }
    }
}
