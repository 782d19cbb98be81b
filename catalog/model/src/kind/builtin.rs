//! The kinds that Backstage comes with.
//!
//! Source: Backstage catalog-model 1.10.1 and plugin-scaffolder-common 2.4.0. The schemas lack the
//! part that every entity has: the policies have judged it before.

use serde_json::{Map, Value, json};

use super::{KindDefinition, KindModule, KindProcessor, RelationField};
use crate::relation::relation_type as rel;

const VERSIONS: [&str; 2] = ["backstage.io/v1alpha1", "backstage.io/v1beta1"];

pub(super) fn builtin_kinds() -> Vec<KindDefinition> {
    vec![component(), api(), resource(), system(), domain(), group(), user(), location()]
}

pub(super) fn module_kinds(module: KindModule) -> Vec<KindDefinition> {
    match module {
        KindModule::Template => vec![template()],
        KindModule::AiModel => ai_model(),
    }
}

fn component() -> KindDefinition {
    kind(
        "Component",
        &["type", "lifecycle", "owner"],
        &json!({
            "type": text(), "lifecycle": text(), "owner": text(), "system": text(),
            "subcomponentOf": text(), "providesApis": texts(), "consumesApis": texts(),
            "dependsOn": texts(),
        }),
        vec![
            owner(),
            field("subcomponentOf", Some("Component"), rel::PART_OF, rel::HAS_PART),
            field("providesApis", Some("API"), rel::PROVIDES_API, rel::API_PROVIDED_BY),
            field("consumesApis", Some("API"), rel::CONSUMES_API, rel::API_CONSUMED_BY),
            depends_on(),
            dependency_of(),
            in_system(),
        ],
    )
}

fn api() -> KindDefinition {
    kind(
        "API",
        &["type", "lifecycle", "owner", "definition"],
        &json!({
            "type": text(), "lifecycle": text(), "owner": text(), "system": text(),
            "definition": text(),
        }),
        vec![owner(), in_system()],
    )
}

fn resource() -> KindDefinition {
    kind(
        "Resource",
        &["type", "owner"],
        &json!({"type": text(), "owner": text(), "dependsOn": texts(), "system": text()}),
        vec![owner(), depends_on(), dependency_of(), in_system()],
    )
}

fn system() -> KindDefinition {
    kind(
        "System",
        &["owner"],
        &json!({"owner": text(), "domain": text(), "type": text()}),
        vec![owner(), field("domain", Some("Domain"), rel::PART_OF, rel::HAS_PART)],
    )
}

fn domain() -> KindDefinition {
    kind(
        "Domain",
        &["owner"],
        &json!({"owner": text(), "subdomainOf": text(), "type": text()}),
        vec![owner(), field("subdomainOf", Some("Domain"), rel::PART_OF, rel::HAS_PART)],
    )
}

fn group() -> KindDefinition {
    kind(
        "Group",
        &["type", "children"],
        &json!({
            "type": text(), "profile": profile(), "parent": text(), "children": texts(),
            "members": texts(),
        }),
        vec![
            field("parent", Some("Group"), rel::CHILD_OF, rel::PARENT_OF),
            field("children", Some("Group"), rel::PARENT_OF, rel::CHILD_OF),
            field("members", Some("User"), rel::HAS_MEMBER, rel::MEMBER_OF),
        ],
    )
}

fn user() -> KindDefinition {
    kind(
        "User",
        &["memberOf"],
        &json!({"profile": profile(), "memberOf": texts()}),
        vec![field("memberOf", Some("Group"), rel::MEMBER_OF, rel::HAS_MEMBER)],
    )
}

fn location() -> KindDefinition {
    kind(
        "Location",
        &[],
        &json!({
            "type": text(), "target": text(), "targets": texts(),
            "presence": {"type": "string", "enum": ["required", "optional"]},
        }),
        Vec::new(),
    )
}

fn template() -> KindDefinition {
    let permissions = json!({
        "type": "object",
        "properties": {"tags": {"type": "array", "items": {"type": "string"}}},
    });
    let condition = json!({"type": ["string", "boolean"]});
    let parameters = json!({"oneOf": [
        {"type": "object", "properties": {"backstage:permissions": permissions}},
        {"type": "array", "items": {
            "type": "object",
            "properties": {"when": condition, "backstage:permissions": permissions},
        }},
    ]});
    let decorators = list_of(&json!({"id": {"type": "string"}, "input": {"type": "object"}}));
    let steps = json!({"type": "array", "items": {
        "type": "object",
        "required": ["action"],
        "properties": {
            "id": {"type": "string"}, "name": {"type": "string"}, "action": {"type": "string"},
            "input": {"type": "object"}, "if": condition, "backstage:permissions": permissions,
        },
    }});
    let spec = json!({
        "type": text(), "owner": text(), "lifecycle": text(), "parameters": parameters,
        "secrets": {"type": "object", "properties": {"schema": {"type": "object"}}},
        "presentation": presentation(),
        "EXPERIMENTAL_recovery": {
            "type": "object",
            "properties": {"EXPERIMENTAL_strategy": {"type": "string"}},
        },
        "formDecorators": decorators,
        "EXPERIMENTAL_formDecorators": decorators,
        "steps": steps,
        "output": template_output(&condition),
    });
    let mut definition = kind("Template", &["type", "steps"], &spec, vec![owner()]);
    definition.api_versions = vec!["scaffolder.backstage.io/v1beta3".to_owned()];
    definition.schema = schema("Template", &definition.api_versions, &spec_of(&definition.schema));
    definition.processor = KindProcessor::Scaffolder;
    definition
}

fn presentation() -> Value {
    let button = json!({"type": "string"});
    json!({"type": "object", "properties": {"buttonLabels": {
        "type": "object",
        "properties": {
            "backButtonText": button, "createButtonText": button, "reviewButtonText": button,
        },
    }}})
}

fn template_output(condition: &Value) -> Value {
    let links = list_of(&json!({
        "if": condition, "url": text(), "entityRef": text(), "title": text(), "icon": text(),
    }));
    let words = list_of(&json!({
        "if": condition, "title": text(), "icon": text(), "content": {"type": "string"},
    }));
    json!({
        "type": "object",
        "properties": {"links": links, "text": words},
        "additionalProperties": {"type": "string"},
    })
}

fn ai_model() -> Vec<KindDefinition> {
    let remote = json!({
        "type": "object",
        "required": ["type", "url"],
        "properties": {"type": text(), "url": text()},
    });
    let mut mcp_server = kind(
        "API",
        &["type", "lifecycle", "owner", "remotes"],
        &json!({
            "type": {"const": "mcp-server"}, "lifecycle": text(), "owner": text(),
            "system": text(), "remotes": {"type": "array", "minItems": 1, "items": remote},
        }),
        vec![only(owner(), &["Group", "User"]), in_system()],
    );
    mcp_server.spec_type = Some("mcp-server".to_owned());
    mcp_server.processor = KindProcessor::Model;
    let depends_on = only(
        field("dependsOn", Some("AiResource"), rel::DEPENDS_ON, rel::DEPENDENCY_OF),
        &["AiResource"],
    );
    let part = |name: &str| {
        only(field(name, Some("AiResource"), rel::HAS_PART, rel::PART_OF), &["AiResource"])
    };
    vec![
        mcp_server,
        ai_resource(None, &[], json!({}), None),
        ai_resource(
            Some("skill"),
            &[],
            json!({
                "disciplines": texts(), "categories": texts(), "agents": texts(),
                "dependsOn": texts(), "allowedTools": text(), "license": text(),
                "compatibility": {"type": "string", "minLength": 1, "maxLength": 500},
            }),
            Some(depends_on),
        ),
        ai_resource(
            Some("rule"),
            &["category", "rationale"],
            json!({"disciplines": texts(), "category": text(), "rationale": text()}),
            None,
        ),
        ai_resource(
            Some("plugin"),
            &["skills"],
            json!({"skills": texts(), "version": text()}),
            Some(part("skills")),
        ),
        ai_resource(
            Some("marketplace"),
            &["plugins"],
            json!({"plugins": texts(), "version": text()}),
            Some(part("plugins")),
        ),
    ]
}

fn ai_resource(
    spec_type: Option<&str>,
    more_required: &[&str],
    more: Value,
    relation: Option<RelationField>,
) -> KindDefinition {
    let spec_type_schema =
        spec_type.map_or_else(text, |name| json!({"type": "string", "enum": [name]}));
    let mut properties =
        json!({"type": spec_type_schema, "lifecycle": text(), "owner": text(), "system": text()});
    if let (Value::Object(properties), Value::Object(more)) = (&mut properties, more) {
        properties.extend(more);
    }
    let required: Vec<_> =
        ["type", "lifecycle", "owner"].into_iter().chain(more_required.iter().copied()).collect();
    let mut relations = vec![only(owner(), &["Group", "User"]), only(in_system(), &["System"])];
    relations.extend(relation);
    let mut definition = kind("AiResource", &required, &properties, relations);
    definition.api_versions = vec!["backstage.io/v1alpha1".to_owned()];
    definition.schema =
        schema("AiResource", &definition.api_versions, &spec_of(&definition.schema));
    definition.spec_type = spec_type.map(str::to_owned);
    definition.processor = KindProcessor::Model;
    definition
}

fn kind(
    name: &str,
    required: &[&str],
    properties: &Value,
    relations: Vec<RelationField>,
) -> KindDefinition {
    let api_versions: Vec<_> = VERSIONS.iter().map(|&version| version.to_owned()).collect();
    let spec = json!({"type": "object", "required": required, "properties": properties});
    KindDefinition {
        kind: name.to_owned(),
        schema: schema(name, &api_versions, &spec),
        api_versions,
        spec_type: None,
        relations,
        processor: KindProcessor::Builtin,
    }
}

fn schema(kind: &str, api_versions: &[String], spec: &Value) -> Value {
    json!({
        "type": "object",
        "required": ["spec"],
        "properties": {"apiVersion": {"enum": api_versions}, "kind": {"enum": [kind]}, "spec": spec},
    })
}

fn spec_of(schema: &Value) -> Value {
    schema.pointer("/properties/spec").cloned().unwrap_or_else(|| Value::Object(Map::new()))
}

fn field(name: &str, default_kind: Option<&str>, relation: &str, inverse: &str) -> RelationField {
    RelationField {
        field: format!("spec.{name}"),
        default_kind: default_kind.map(str::to_owned),
        relation: relation.to_owned(),
        inverse: inverse.to_owned(),
        allowed_kinds: Vec::new(),
    }
}

fn only(mut field: RelationField, kinds: &[&str]) -> RelationField {
    field.allowed_kinds = kinds.iter().map(|&kind| kind.to_owned()).collect();
    field
}

fn owner() -> RelationField {
    field("owner", Some("Group"), rel::OWNED_BY, rel::OWNER_OF)
}

fn in_system() -> RelationField {
    field("system", Some("System"), rel::PART_OF, rel::HAS_PART)
}

fn depends_on() -> RelationField {
    field("dependsOn", None, rel::DEPENDS_ON, rel::DEPENDENCY_OF)
}

fn dependency_of() -> RelationField {
    field("dependencyOf", None, rel::DEPENDENCY_OF, rel::DEPENDS_ON)
}

fn profile() -> Value {
    json!({
        "type": "object",
        "properties": {"displayName": text(), "email": text(), "picture": text()},
    })
}

fn text() -> Value {
    json!({"type": "string", "minLength": 1})
}

fn texts() -> Value {
    json!({"type": "array", "items": text()})
}

fn list_of(properties: &Value) -> Value {
    json!({"type": "array", "items": {"type": "object", "properties": properties}})
}
