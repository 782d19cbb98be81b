//! gRPC services as `.proto` files.

use super::{is_creation, key};
use crate::estate::model::{Api, Field, FieldKind, Schema, Subject};
use crate::estate::names;
use std::collections::BTreeSet;

/// A file with one service and the messages it needs.
pub(super) fn definition(api: &Api) -> String {
    let package = format!("vinterhavn.{}.v1", names::snake(&api.folder));
    let imports: BTreeSet<&str> = api
        .subjects
        .iter()
        .flat_map(|subject| &subject.schema.fields)
        .filter_map(|field| import(&field.kind))
        .collect();
    let mut blocks = vec![format!("syntax = \"proto3\";\n\npackage {package};\n")];
    if !imports.is_empty() {
        let lines: Vec<String> =
            imports.iter().map(|file| format!("import \"{file}\";\n")).collect();
        blocks.push(lines.concat());
    }
    let methods: Vec<String> = api.subjects.iter().flat_map(methods).collect();
    blocks.push(block(&format!("service {}Service", names::pascal(&api.provider)), &methods));
    for subject in &api.subjects {
        blocks.extend(messages(subject));
    }
    blocks.join("\n")
}

fn methods(subject: &Subject) -> Vec<String> {
    let name = names::pascal(&subject.schema.name);
    let many = names::pascal(&names::plural(&subject.schema.name));
    let mut lines = vec![
        format!("rpc Get{name}(Get{name}Request) returns ({name});"),
        format!("rpc List{many}(List{many}Request) returns (List{many}Response);"),
    ];
    lines.extend(subject.actions.iter().map(|action| {
        let request = format!("{}{name}Request", names::capitalised(action));
        format!("rpc {}{name}({request}) returns ({name});", names::capitalised(action))
    }));
    lines
}

fn messages(subject: &Subject) -> Vec<String> {
    let schema = &subject.schema;
    let name = names::pascal(&schema.name);
    let many = names::pascal(&names::plural(&schema.name));
    let key = key(schema).map_or_else(|| "id".to_owned(), |field| names::snake(&field.name));
    let by_key = vec![format!("string {key} = 1;")];
    let list = vec!["int32 page_size = 1;".to_owned(), "string page_token = 2;".to_owned()];
    let page =
        vec![format!("repeated {name} items = 1;"), "string next_page_token = 2;".to_owned()];
    let mut blocks = vec![
        message(schema),
        block(&format!("message Get{name}Request"), &by_key),
        block(&format!("message List{many}Request"), &list),
        block(&format!("message List{many}Response"), &page),
    ];
    for action in &subject.actions {
        let head = format!("message {}{name}Request", names::capitalised(action));
        let lines = if is_creation(action) {
            let item = names::snake(&names::camel(&schema.name));
            vec![format!("{name} {item} = 1;"), "string idempotency_key = 2;".to_owned()]
        } else {
            by_key.clone()
        };
        blocks.push(block(&head, &lines));
    }
    blocks
}

fn message(schema: &Schema) -> String {
    let name = names::pascal(&schema.name);
    let mut lines = Vec::new();
    for field in &schema.fields {
        if let FieldKind::Choice(values) = &field.kind {
            lines.extend(enumeration(field, values));
        }
    }
    for (index, field) in schema.fields.iter().enumerate() {
        let number = index + 1;
        lines.push(format!("{} {} = {number};", type_of(field), names::snake(&field.name)));
    }
    block(&format!("message {name}"), &lines)
}

fn enumeration(field: &Field, values: &[String]) -> Vec<String> {
    let prefix = names::snake(&field.name).to_uppercase();
    let mut lines = vec![format!("enum {} {{", names::capitalised(&field.name))];
    lines.push(format!("  {prefix}_UNSPECIFIED = 0;"));
    for (index, value) in values.iter().enumerate() {
        let value = value.replace('-', "_").to_uppercase();
        lines.push(format!("  {prefix}_{value} = {};", index + 1));
    }
    lines.push("}".to_owned());
    lines
}

fn type_of(field: &Field) -> String {
    match &field.kind {
        FieldKind::Int => "int64".to_owned(),
        FieldKind::Bool => "bool".to_owned(),
        FieldKind::Rate => "double".to_owned(),
        FieldKind::Money => "google.type.Money".to_owned(),
        FieldKind::Date => "google.type.Date".to_owned(),
        FieldKind::Time => "google.protobuf.Timestamp".to_owned(),
        FieldKind::Choice(_) => names::capitalised(&field.name),
        _ => "string".to_owned(),
    }
}

fn import(kind: &FieldKind) -> Option<&'static str> {
    match kind {
        FieldKind::Money => Some("google/type/money.proto"),
        FieldKind::Date => Some("google/type/date.proto"),
        FieldKind::Time => Some("google/protobuf/timestamp.proto"),
        _ => None,
    }
}

fn block(head: &str, lines: &[String]) -> String {
    let body: Vec<String> = lines.iter().map(|line| format!("  {line}\n")).collect();
    format!("{head} {{\n{}}}\n", body.concat())
}
