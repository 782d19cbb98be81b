//! GraphQL schemas.

use super::{is_creation, key};
use crate::estate::model::{Api, Field, FieldKind, Schema};
use crate::estate::names;
use std::collections::BTreeSet;

/// A schema with one look-up and one list per subject, and a mutation per action.
pub(super) fn definition(api: &Api) -> String {
    let mut blocks = vec![block("type Query", &queries(api))];
    let mutations = mutations(api);
    if !mutations.is_empty() {
        blocks.push(block("type Mutation", &mutations));
    }
    for subject in &api.subjects {
        blocks.extend(types(&subject.schema));
    }
    let fields = || api.subjects.iter().flat_map(|subject| &subject.schema.fields);
    if fields().any(|field| field.kind == FieldKind::Money) {
        blocks.push("type Money {\n  amount: String!\n  currency: String!\n}\n".to_owned());
    }
    let scalars: BTreeSet<&str> = fields().filter_map(|field| scalar(&field.kind)).collect();
    blocks.extend(scalars.iter().map(|name| format!("scalar {name}\n")));
    blocks.join("\n")
}

fn queries(api: &Api) -> Vec<String> {
    let mut lines = Vec::new();
    for subject in &api.subjects {
        let schema = &subject.schema;
        let (name, many) = (names::pascal(&schema.name), names::plural(&schema.name));
        if let Some(key) = key(schema) {
            let one = names::camel(&schema.name);
            lines.push(format!("{one}({}: ID!): {name}", names::camel(&key.name)));
        }
        let many = names::camel(&many);
        lines.push(format!(
            "all{}(first: Int = 20, after: String): {name}Page!",
            names::capitalised(&many)
        ));
    }
    lines
}

fn mutations(api: &Api) -> Vec<String> {
    let mut lines = Vec::new();
    for subject in &api.subjects {
        let name = names::pascal(&subject.schema.name);
        for action in subject.actions.iter().filter(|action| !is_creation(action)) {
            lines.push(format!("{action}{name}(id: ID!): {name}!"));
        }
    }
    lines
}

fn types(schema: &Schema) -> Vec<String> {
    let name = names::pascal(&schema.name);
    let lines: Vec<String> = schema
        .fields
        .iter()
        .enumerate()
        .map(|(index, field)| {
            let bang = if index == 0 { "!" } else { "" };
            format!("{}: {}{bang}", field.name, type_of(&name, field, index))
        })
        .collect();
    let page = vec![format!("nodes: [{name}!]!"), "endCursor: String".to_owned()];
    let mut blocks =
        vec![block(&format!("type {name}"), &lines), block(&format!("type {name}Page"), &page)];
    for field in &schema.fields {
        if let FieldKind::Choice(values) = &field.kind {
            let values: Vec<String> =
                values.iter().map(|value| value.replace('-', "_").to_uppercase()).collect();
            blocks.push(block(&format!("enum {}", choice(&name, field)), &values));
        }
    }
    blocks
}

fn choice(owner: &str, field: &Field) -> String {
    format!("{owner}{}", names::capitalised(&field.name))
}

fn type_of(owner: &str, field: &Field, index: usize) -> String {
    match &field.kind {
        _ if index == 0 => "ID".to_owned(),
        FieldKind::Id => "ID".to_owned(),
        FieldKind::Int => "Int".to_owned(),
        FieldKind::Bool => "Boolean".to_owned(),
        FieldKind::Rate => "Float".to_owned(),
        FieldKind::Money => "Money".to_owned(),
        FieldKind::Choice(_) => choice(owner, field),
        other => scalar(other).unwrap_or("String").to_owned(),
    }
}

fn scalar(kind: &FieldKind) -> Option<&'static str> {
    match kind {
        FieldKind::Date => Some("Date"),
        FieldKind::Time => Some("DateTime"),
        _ => None,
    }
}

fn block(head: &str, lines: &[String]) -> String {
    let body: Vec<String> = lines.iter().map(|line| format!("  {line}\n")).collect();
    format!("{head} {{\n{}}}\n", body.concat())
}
