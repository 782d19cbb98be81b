//! Schemas as `OpenAPI` and `AsyncAPI` write them.

use crate::estate::model::{Api, Field, FieldKind, Schema};
use crate::estate::names;
use crate::estate::yaml::Yaml;

/// `components.schemas` of every subject of `api`, with `Money` if any of them holds an amount.
pub(super) fn components(api: &Api) -> Yaml {
    let mut schemas = Yaml::map();
    let mut uses_money = false;
    for subject in &api.subjects {
        let name = names::pascal(&subject.schema.name);
        if schemas.get(&name).is_none() {
            schemas = schemas.with(&name, object(&subject.schema));
        }
        uses_money |= subject.schema.fields.iter().any(|field| field.kind == FieldKind::Money);
    }
    if uses_money { schemas.with("Money", money()) } else { schemas }
}

/// `{ $ref: … }` of a schema among the components.
pub(super) fn reference(schema: &str) -> Yaml {
    Yaml::map().with("$ref", format!("#/components/schemas/{}", names::pascal(schema)))
}

/// The schema of one field.
pub(super) fn field(field: &Field) -> Yaml {
    let string = || Yaml::map().with("type", "string");
    match &field.kind {
        FieldKind::Id => string().with("format", "uuid"),
        FieldKind::Text => string(),
        FieldKind::Int => Yaml::map().with("type", "integer"),
        FieldKind::Bool => Yaml::map().with("type", "boolean"),
        FieldKind::Rate => Yaml::map().with("type", "number"),
        FieldKind::Money => reference("money"),
        FieldKind::Iban => string().with("pattern", "^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}$"),
        FieldKind::Date => string().with("format", "date"),
        FieldKind::Time => string().with("format", "date-time"),
        FieldKind::Country => string().with("pattern", "^[A-Z]{2}$"),
        FieldKind::Currency => string().with("pattern", "^[A-Z]{3}$"),
        FieldKind::Email => string().with("format", "email"),
        FieldKind::Phone => string().with("pattern", "^\\+[0-9]{6,15}$"),
        FieldKind::Choice(values) => string().with("enum", values.clone()),
    }
}

fn object(schema: &Schema) -> Yaml {
    let required: Vec<&str> =
        schema.fields.iter().take(2).map(|field| field.name.as_str()).collect();
    let properties = schema
        .fields
        .iter()
        .fold(Yaml::map(), |properties, one| properties.with(&one.name, field(one)));
    Yaml::map().with("type", "object").with("required", required).with("properties", properties)
}

fn money() -> Yaml {
    let amount = Yaml::map()
        .with("type", "string")
        .with("description", "A decimal number, never a float.")
        .with("example", "1249.50");
    let currency = Yaml::map().with("type", "string").with("example", "DKK");
    Yaml::map()
        .with("type", "object")
        .with("required", vec!["amount", "currency"])
        .with("properties", Yaml::map().with("amount", amount).with("currency", currency))
}
