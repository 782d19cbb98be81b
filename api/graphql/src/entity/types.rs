//! The object types and interfaces of entities in the schema.
//!
//! Every one of them is an [`EntityNode`] at run time. What a type has is put together from sets
//! of fields, so that a field is written once, with its description, for all types that have it.

mod node;

use std::borrow::Cow;

use async_graphql::{
    ContextSelectionSet, ObjectType, OutputType, Positioned, ServerResult, Value,
    indexmap::{IndexMap, IndexSet},
    parser::types::Field,
    registry::{MetaField, MetaType, MetaTypeId, Registry},
    resolver_utils::resolve_container,
};

pub(crate) use self::node::Node;
use super::{
    AiResourceFields, ApiFields, ComponentFields, CustomEntityFields, DependencySourceFields,
    DependencyTargetFields, DomainFields, EntityFields, EntityNode, GroupFields, LocationFields,
    OwnerFields, ResourceFields, SystemFields, TemplateFields, UserFields,
};
use crate::estate::{EstateQuery, ObservedFields, PlaceableFields};

/// Declares the Rust types that stand for types of the schema in signatures of resolvers.
macro_rules! entity_types {
    ($($(#[doc = $doc:literal])+ $name:ident = $meta:ident;)+) => {$(
        $(#[doc = $doc])+
        #[derive(Debug, Clone)]
        pub(crate) struct $name(pub(crate) EntityNode);

        impl OutputType for $name {
            fn type_name() -> Cow<'static, str> {
                Cow::Borrowed(stringify!($name))
            }

            fn create_type_info(registry: &mut Registry) -> String {
                $meta::<Self>(registry, stringify!($name), &[$($doc.trim()),+].join("\n"))
            }

            async fn resolve(
                &self,
                ctx: &ContextSelectionSet<'_>,
                _field: &Positioned<Field>,
            ) -> ServerResult<Value> {
                resolve_container(ctx, &self.0).await
            }
        }
    )+};
}

entity_types! {
    /// An entity of the catalog, of any kind.
    Entity = interface;
    /// Who can own entities: a Group or a User.
    Owner = interface;
    /// An entity that somebody owns.
    Ownable = interface;
    /// An entity that can need others to work.
    DependencySource = interface;
    /// An entity that others can need to work.
    DependencyTarget = interface;
    /// An entity that can run in a cluster.
    Placeable = interface;
    /// A piece of software: a service, a website, a library.
    Component = object;
    /// A boundary between components: what one promises to others.
    Api = object;
    /// Infrastructure that components need to work, such as a database or a cluster.
    Resource = object;
    /// Components, APIs and resources that do something together.
    System = object;
    /// Systems that share a purpose of the business.
    Domain = object;
    /// A squad, a department, or another set of people.
    Group = object;
    /// A person.
    User = object;
    /// A pointer to further descriptors.
    Location = object;
    /// A form that makes something new.
    Template = object;
    /// Something that AI agents use: a skill, a rule, a plugin, a marketplace.
    AiResource = object;
    /// An entity of a kind that the configuration declares. The kind itself is in `kind`; the
    /// schema never depends on configuration.
    CustomEntity = object;
}

/// What makes up an object type: its own fields and the interfaces it implements beside `Node`
/// and `Entity`.
struct Shape {
    name: &'static str,
    own: fn(&mut Registry) -> Fields,
    interfaces: &'static [&'static str],
}

type Fields = IndexMap<String, MetaField>;

const SHAPES: [Shape; 11] = [
    Shape {
        name: "Component",
        own: fields::<ComponentFields<'_>>,
        interfaces: &["Ownable", "Placeable", "DependencySource", "DependencyTarget"],
    },
    Shape { name: "Api", own: fields::<ApiFields<'_>>, interfaces: &["Ownable", "Placeable"] },
    Shape {
        name: "Resource",
        own: fields::<ResourceFields<'_>>,
        interfaces: &["Ownable", "Placeable", "DependencySource", "DependencyTarget"],
    },
    Shape {
        name: "System",
        own: fields::<SystemFields<'_>>,
        interfaces: &["Ownable", "Placeable"],
    },
    Shape { name: "Domain", own: fields::<DomainFields<'_>>, interfaces: &["Ownable"] },
    Shape { name: "Group", own: fields::<GroupFields<'_>>, interfaces: &["Owner"] },
    Shape { name: "User", own: fields::<UserFields<'_>>, interfaces: &["Owner"] },
    Shape { name: "Location", own: fields::<LocationFields<'_>>, interfaces: &[] },
    Shape { name: "Template", own: fields::<TemplateFields<'_>>, interfaces: &["Ownable"] },
    Shape {
        name: "AiResource",
        own: fields::<AiResourceFields<'_>>,
        interfaces: &["Ownable", "Placeable", "DependencySource", "DependencyTarget"],
    },
    Shape {
        name: "CustomEntity",
        own: fields::<CustomEntityFields<'_>>,
        interfaces: &["Ownable", "Placeable"],
    },
];

/// Registers an object type with its own fields; [`complete`] adds the shared ones.
fn object<T: OutputType>(registry: &mut Registry, name: &str, description: &str) -> String {
    registry.create_output_type::<T, _>(MetaTypeId::Object, |registry| {
        let shape = SHAPES.iter().find(|shape| shape.name == name);
        let interfaces = shape.map_or(&[][..], |shape| shape.interfaces);
        for interface in ["Node", "Entity"].iter().chain(interfaces) {
            registry.add_implements(name, interface);
        }
        MetaType::Object {
            name: name.to_owned(),
            description: Some(description.to_owned()),
            fields: shape.map(|shape| (shape.own)(registry)).unwrap_or_default(),
            cache_control: async_graphql::CacheControl::default(),
            extends: false,
            shareable: false,
            resolvable: true,
            keys: None,
            visible: None,
            inaccessible: false,
            interface_object: false,
            tags: Vec::new(),
            is_subscription: false,
            rust_typename: Some(std::any::type_name::<T>()),
            directive_invocations: Vec::new(),
            requires_scopes: Vec::new(),
        }
    })
}

/// Registers an interface and the objects that implement it; [`complete`] adds the fields.
fn interface<T: OutputType>(registry: &mut Registry, name: &str, description: &str) -> String {
    registry.create_output_type::<T, _>(MetaTypeId::Interface, |registry| {
        create_objects(registry);
        let is_implemented =
            |shape: &&Shape| matches!(name, "Node" | "Entity") || shape.interfaces.contains(&name);
        let possible_types: IndexSet<String> =
            SHAPES.iter().filter(is_implemented).map(|shape| shape.name.to_owned()).collect();
        MetaType::Interface {
            name: name.to_owned(),
            description: Some(description.to_owned()),
            fields: capability_fields(registry, name),
            possible_types,
            extends: false,
            keys: None,
            visible: None,
            inaccessible: false,
            tags: Vec::new(),
            rust_typename: Some(std::any::type_name::<T>()),
            directive_invocations: Vec::new(),
            requires_scopes: Vec::new(),
        }
    })
}

fn create_objects(registry: &mut Registry) {
    let create: [fn(&mut Registry) -> String; 11] = [
        Component::create_type_info,
        Api::create_type_info,
        Resource::create_type_info,
        System::create_type_info,
        Domain::create_type_info,
        Group::create_type_info,
        User::create_type_info,
        Location::create_type_info,
        Template::create_type_info,
        AiResource::create_type_info,
        CustomEntity::create_type_info,
    ];
    for create in create {
        create(registry);
    }
}

/// The fields of a capability, as the complete type `Component` has them.
fn capability_fields(registry: &Registry, interface: &str) -> Fields {
    let names: &[&str] = match interface {
        "Ownable" => &["owner", "owners"],
        "Placeable" => &["blindClusters", "placements", "versions"],
        "DependencySource" => &["dependsOn"],
        "DependencyTarget" => &["dependencyOf"],
        _ => &[],
    };
    let component = registry.types.get("Component").and_then(MetaType::fields);
    let field =
        |name: &&str| component?.get(*name).map(|field| ((*name).to_owned(), field.clone()));
    names.iter().filter_map(field).collect()
}

/// The fields of a set of fields.
fn fields<T: ObjectType>(registry: &mut Registry) -> Fields {
    match registry.create_fake_output_type::<T>() {
        MetaType::Object { fields, .. } => fields,
        _ => Fields::default(),
    }
}

/// Adds the shared fields to the types that have them, and to the query what can be asked about
/// what runs.
///
/// This cannot be done while the types are made: the shared fields lead back to the types, so that
/// some of them would be made while the set is not yet whole.
pub(crate) fn complete(registry: &mut Registry, query: &str) {
    let estate = fields::<EstateQuery>(registry);
    extend(registry, query, &estate);
    let entity = fields::<EntityFields<'_>>(registry);
    let owner = fields::<OwnerFields<'_>>(registry);
    let source = fields::<DependencySourceFields<'_>>(registry);
    let target = fields::<DependencyTargetFields<'_>>(registry);
    let placeable = fields::<PlaceableFields<'_>>(registry);
    let observed = fields::<ObservedFields<'_>>(registry);
    let id: Fields = entity.iter().filter(|(name, _)| *name == "id").map(cloned).collect();
    extend(registry, "Node", &id);
    extend(registry, "Entity", &entity);
    extend(registry, "Owner", &entity);
    extend(registry, "Owner", &owner);
    for shape in &SHAPES {
        extend(registry, shape.name, &entity);
        for (interface, fields) in [
            ("Owner", &owner),
            ("Placeable", &placeable),
            ("DependencySource", &source),
            ("DependencyTarget", &target),
        ] {
            if shape.interfaces.contains(&interface) {
                extend(registry, shape.name, fields);
            }
        }
    }
    extend(registry, "Component", &observed);
    node::complete(registry);
    registry.add_implements("Entity", "Node");
    registry.add_implements("Owner", "Node");
    registry.add_implements("Owner", "Entity");
}

fn cloned((name, field): (&String, &MetaField)) -> (String, MetaField) {
    (name.clone(), field.clone())
}

fn extend(registry: &mut Registry, name: &str, added: &Fields) {
    if let Some(MetaType::Object { fields, .. } | MetaType::Interface { fields, .. }) =
        registry.types.get_mut(name)
    {
        fields.extend(added.iter().map(cloned));
    }
}
