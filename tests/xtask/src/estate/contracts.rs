//! `spec.definition` of the APIs: a small but complete contract in each protocol's own language.

mod asyncapi;
mod graphql;
mod json_schema;
mod openapi;
mod protobuf;

use super::model::{Api, Field, Protocol, Schema};

/// The contract of `api`, as a file of that protocol would hold it.
pub(crate) fn definition(api: &Api) -> String {
    match api.protocol {
        Protocol::Rest => openapi::definition(api),
        Protocol::Grpc => protobuf::definition(api),
        Protocol::GraphQl => graphql::definition(api),
        Protocol::Events => asyncapi::definition(api),
    }
}

/// One sentence on what the API is about, for its description.
pub(crate) fn summary(api: &Api) -> String {
    let nouns: Vec<String> = api
        .subjects
        .iter()
        .map(|subject| super::names::plural(&subject.schema.name).replace('-', " "))
        .fold(Vec::new(), |mut nouns, noun| {
            if !nouns.contains(&noun) {
                nouns.push(noun);
            }
            nouns
        });
    let nouns = match nouns.as_slice() {
        [] => "nothing yet".to_owned(),
        [one] => one.clone(),
        [many @ .., last] => format!("{} and {last}", many.join(", ")),
    };
    match api.protocol {
        Protocol::Rest => format!("HTTP interface for {nouns}."),
        Protocol::Grpc => format!("Internal interface for {nouns}, for other services."),
        Protocol::GraphQl => format!("Graph of {nouns}, for front ends."),
        Protocol::Events => format!("Events about {nouns}."),
    }
}

/// The field that identifies a subject.
fn key(schema: &Schema) -> Option<&Field> {
    schema.fields.first()
}

/// Whether `action` makes a new subject instead of changing one.
fn is_creation(action: &str) -> bool {
    matches!(action, "create" | "register" | "report" | "open" | "give" | "bind")
}
