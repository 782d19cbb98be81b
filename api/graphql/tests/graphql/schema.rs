//! The committed text of the schema.

use async_graphql::{
    Positioned,
    parser::{
        parse_schema,
        types::{TypeKind, TypeSystemDefinition},
    },
};

const COMMITTED: &str = include_str!("../../schema.graphql");

#[test]
fn the_committed_schema_is_the_one_that_is_served() {
    let is_same = callboard_graphql::sdl() == COMMITTED;
    assert!(
        is_same,
        "run: cargo run -p callboard-graphql --example schema > api/graphql/schema.graphql"
    );
}

#[test]
fn every_type_field_and_argument_is_described() {
    let mut missing = Vec::new();
    let mut check = |path: String, is_described: bool| {
        if !is_described {
            missing.push(path);
        }
    };
    for definition in parse_schema(COMMITTED).unwrap().definitions {
        let TypeSystemDefinition::Type(definition) = definition else { continue };
        let (name, definition) = (definition.node.name.node.clone(), definition.node);
        check(name.to_string(), definition.description.is_some());
        let fields = match definition.kind {
            TypeKind::Object(object) => object.fields,
            TypeKind::Interface(interface) => interface.fields,
            TypeKind::InputObject(input) => {
                for field in input.fields {
                    check(format!("{name}.{}", field.node.name), field.node.description.is_some());
                }
                continue;
            }
            TypeKind::Enum(definition) => {
                for value in definition.values {
                    check(format!("{name}.{}", value.node.value), value.node.description.is_some());
                }
                continue;
            }
            _ => continue,
        };
        for Positioned { node: field, .. } in fields {
            let path = format!("{name}.{}", field.name);
            for argument in field.arguments {
                let argument = argument.node;
                check(format!("{path}({})", argument.name), argument.description.is_some());
            }
            check(path, field.description.is_some());
        }
    }
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn the_schema_does_not_show_how_its_types_are_put_together() {
    assert!(!COMMITTED.contains("Fields "), "a set of fields is a type");
    for capability in
        ["Ownable", "DependencySource", "DependencyTarget", "Owner", "Placeable", "Node"]
    {
        assert!(COMMITTED.contains(&format!("interface {capability} ")), "{capability}");
    }
}
