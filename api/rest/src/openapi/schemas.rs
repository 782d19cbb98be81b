//! The schemas that the operations refer to.

use serde_json::{Map, Value, json};

/// Every schema by its name, in the order of the names.
pub(super) fn schemas() -> Map<String, Value> {
    let mut schemas = Map::new();
    for group in [answers(), bodies(), common()] {
        if let Value::Object(group) = group {
            schemas.extend(group);
        }
    }
    schemas.sort_keys();
    schemas
}

fn text() -> Value {
    json!({ "type": "string" })
}

fn texts() -> Value {
    json!({ "type": "array", "items": text() })
}

fn object() -> Value {
    json!({ "type": "object", "additionalProperties": true })
}

fn entity() -> Value {
    json!({ "$ref": "#/components/schemas/Entity" })
}

fn answers() -> Value {
    json!({
        "Ancestry": { "type": "object", "required": ["rootEntityRef", "items"], "properties": {
            "rootEntityRef": text(),
            "items": { "type": "array", "items": {
                "type": "object",
                "required": ["entity", "parentEntityRefs"],
                "properties": { "entity": entity(), "parentEntityRefs": texts() },
            } },
        } },
        "Document": object(),
        "EntityBatch": { "type": "object", "required": ["items"], "properties": {
            "items": { "type": "array", "items": { "allOf": [entity()], "nullable": true } },
        } },
        "EntityList": { "type": "array", "items": entity() },
        "EntityPage": {
            "type": "object",
            "required": ["items", "totalItems", "pageInfo"],
            "properties": {
                "items": { "type": "array", "items": entity() },
                "totalItems": { "type": "integer" },
                "pageInfo": {
                    "type": "object",
                    "properties": { "nextCursor": text(), "prevCursor": text() },
                },
            },
        },
        "Facets": { "type": "object", "required": ["facets"], "properties": {
            "facets": { "type": "object", "additionalProperties": { "type": "array", "items": {
                "type": "object",
                "required": ["value", "count"],
                "properties": { "value": text(), "count": { "type": "integer" } },
            } } },
        } },
        "Health": { "type": "object", "required": ["status"], "properties": {
            "status": text(), "message": text(),
        } },
    })
}

fn bodies() -> Value {
    let query = json!({
        "type": "object",
        "additionalProperties": true,
        "description": "A predicate: fields with their conditions, or $all, $any, $not",
    });
    let order = json!({
        "type": "object",
        "required": ["field", "order"],
        "properties": { "field": text(), "order": { "type": "string", "enum": ["asc", "desc"] } },
    });
    json!({
        "EntitiesQuery": { "type": "object", "properties": {
            "cursor": text(),
            "limit": { "type": "number", "minimum": 0 },
            "offset": { "type": "number", "minimum": 0 },
            "orderBy": { "type": "array", "items": order },
            "fullTextFilter": {
                "type": "object",
                "properties": { "term": text(), "fields": texts() },
            },
            "fields": texts(),
            "totalItems": { "type": "string", "enum": ["include", "exclude"] },
            "query": query,
        } },
        "EntityRefs": { "type": "object", "required": ["entityRefs"], "properties": {
            "entityRefs": texts(), "fields": texts(), "query": query,
        } },
        "FacetsQuery": { "type": "object", "required": ["facets"], "properties": {
            "facets": texts(), "query": query,
        } },
    })
}

fn common() -> Value {
    json!({
        "Entity": {
            "type": "object",
            "required": ["apiVersion", "kind", "metadata"],
            "additionalProperties": true,
            "properties": {
                "apiVersion": text(),
                "kind": text(),
                "metadata": object(),
                "spec": object(),
                "relations": { "type": "array", "items": {
                    "type": "object",
                    "required": ["type", "targetRef"],
                    "properties": { "type": text(), "targetRef": text() },
                } },
                "status": object(),
            },
        },
        "Error": { "type": "object", "required": ["error", "request", "response"], "properties": {
            "error": { "type": "object", "required": ["name", "message"], "properties": {
                "name": text(), "message": text(),
            } },
            "request": { "type": "object", "required": ["method", "url"], "properties": {
                "method": text(), "url": text(),
            } },
            "response": { "type": "object", "required": ["statusCode"], "properties": {
                "statusCode": { "type": "integer" },
            } },
        } },
    })
}
