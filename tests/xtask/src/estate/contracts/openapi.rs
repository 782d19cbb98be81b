//! `OpenAPI` 3 contracts.

use super::{is_creation, json_schema, key};
use crate::estate::model::{Api, Field, Schema, Subject};
use crate::estate::yaml::Yaml;
use crate::estate::{contracts, names};

/// A document with the usual paths of each subject: list, read, create, and its own actions.
pub(super) fn definition(api: &Api) -> String {
    let info = Yaml::map()
        .with("title", &api.title)
        .with("version", &api.version)
        .with("description", contracts::summary(api));
    let server = format!("https://api.vinterhavn.example/{}", api.provider);
    let paths = api.subjects.iter().fold(Yaml::map(), with_paths);
    Yaml::map()
        .with("openapi", "3.0.3")
        .with("info", info)
        .with("servers", Yaml::List(vec![Yaml::map().with("url", server)]))
        .with("paths", paths)
        .with("components", Yaml::map().with("schemas", json_schema::components(api)))
        .document()
}

fn with_paths(paths: Yaml, subject: &Subject) -> Yaml {
    let schema = &subject.schema;
    let Some(key) = key(schema) else { return paths };
    let collection = format!("/v1/{}", names::plural(&schema.name));
    let one = format!("{collection}/{{{}}}", key.name);
    let creation = subject.actions.iter().find(|action| is_creation(action));
    let mut all = Yaml::map().with("get", list(schema));
    if creation.is_some() {
        all = all.with("post", create(schema));
    }
    let changes = subject.actions.iter().filter(|action| !is_creation(action));
    let paths = paths.with(&collection, all).with(&one, Yaml::map().with("get", read(schema, key)));
    changes.fold(paths, |paths, action| {
        paths.with(&format!("{one}/{action}"), Yaml::map().with("post", act(schema, key, action)))
    })
}

fn list(schema: &Schema) -> Yaml {
    let limit = Yaml::map()
        .with("type", "integer")
        .with("minimum", Yaml::Number(1))
        .with("maximum", Yaml::Number(200));
    let items =
        Yaml::map().with("type", "array").with("items", json_schema::reference(&schema.name));
    let page = Yaml::map()
        .with("type", "object")
        .with("properties", Yaml::map().with("items", items).with("nextCursor", text()));
    let parameters = vec![parameter("cursor", "query", text()), parameter("limit", "query", limit)];
    Yaml::map()
        .with("operationId", format!("list{}", names::pascal(&names::plural(&schema.name))))
        .with("parameters", Yaml::List(parameters))
        .with("responses", answer("200", "A page, newest first", page))
}

fn create(schema: &Schema) -> Yaml {
    let reference = json_schema::reference(&schema.name);
    let body =
        Yaml::map().with("required", Yaml::Flag(true)).with("content", json(reference.clone()));
    let key = parameter("Idempotency-Key", "header", text());
    Yaml::map()
        .with("operationId", format!("create{}", names::pascal(&schema.name)))
        .with("parameters", Yaml::List(vec![key]))
        .with("requestBody", body)
        .with("responses", answer("201", "Created", reference))
}

fn read(schema: &Schema, key: &Field) -> Yaml {
    let found = answer("200", "Found", json_schema::reference(&schema.name));
    Yaml::map()
        .with("operationId", format!("get{}", names::pascal(&schema.name)))
        .with("parameters", Yaml::List(vec![path_parameter(key)]))
        .with("responses", found.with("404", described("No such thing, or not for this caller")))
}

fn act(schema: &Schema, key: &Field, action: &str) -> Yaml {
    let done = answer("200", "Done", json_schema::reference(&schema.name));
    Yaml::map()
        .with("operationId", format!("{action}{}", names::pascal(&schema.name)))
        .with("parameters", Yaml::List(vec![path_parameter(key)]))
        .with("responses", done.with("409", described("Not in this state")))
}

fn text() -> Yaml {
    Yaml::map().with("type", "string")
}

fn path_parameter(key: &Field) -> Yaml {
    Yaml::map()
        .with("name", &key.name)
        .with("in", "path")
        .with("required", Yaml::Flag(true))
        .with("schema", json_schema::field(key))
}

fn parameter(name: &str, place: &str, schema: Yaml) -> Yaml {
    Yaml::map().with("name", name).with("in", place).with("schema", schema)
}

fn answer(status: &str, description: &str, schema: Yaml) -> Yaml {
    Yaml::map().with(status, described(description).with("content", json(schema)))
}

fn described(description: &str) -> Yaml {
    Yaml::map().with("description", description)
}

fn json(schema: Yaml) -> Yaml {
    Yaml::map().with("application/json", Yaml::map().with("schema", schema))
}
