//! `callboard schema`: what clients, editors and generators want to know.

use std::process::ExitCode;

use callboard_model::{KindModule, KindRegistry};

use crate::{cli::SchemaName, config, output};

/// Prints a schema.
pub(super) fn run(schema: SchemaName) -> anyhow::Result<ExitCode> {
    let text = match schema {
        SchemaName::Graphql => callboard_graphql::sdl(),
        SchemaName::Openapi => pretty(&callboard_rest::openapi_document())?,
        SchemaName::Config => pretty(&config::json_schema())?,
        SchemaName::Entity => pretty(&entity_schema()?)?,
    };
    output::print(text.trim_end())?;
    Ok(ExitCode::SUCCESS)
}

fn pretty(schema: &serde_json::Value) -> serde_json::Result<String> {
    serde_json::to_string_pretty(schema)
}

/// One schema for every kind that is known without configuration.
fn entity_schema() -> anyhow::Result<serde_json::Value> {
    let modules = KindModule::ALL;
    let kinds = KindRegistry::new(&modules, Vec::new())?;
    let mut definitions: Vec<_> = kinds.definitions().collect();
    definitions.sort_by(|one, other| one.kind.cmp(&other.kind));
    let schemas: Vec<_> = definitions.iter().map(|definition| &definition.schema).collect();
    Ok(serde_json::json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "catalog-info.yaml",
        "anyOf": schemas,
    }))
}
