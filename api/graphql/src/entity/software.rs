//! The fields of the kinds that describe software.

use async_graphql::Object;
use callboard_model::relation_type::{
    API_CONSUMED_BY, API_PROVIDED_BY, CONSUMES_API, HAS_PART, PART_OF, PROVIDES_API,
};

use super::{
    EntityNode, RelationPath,
    document::parsed,
    types::{Component, Domain, System},
};
use crate::{connection::EntityConnection, error::FieldError, scalar::JsonObject};

/// The fields of `Component` beside those that it shares.
pub(crate) struct ComponentFields<'a>(pub(crate) &'a EntityNode);

/// A piece of software.
#[Object]
impl ComponentFields<'_> {
    /// What sort of component it is, such as `service`, `website` or `library`.
    async fn r#type(&self) -> String {
        self.0.spec_text("type").unwrap_or_default()
    }

    /// How far it is, such as `experimental`, `production` or `deprecated`.
    async fn lifecycle(&self) -> String {
        self.0.spec_text("lifecycle").unwrap_or_default()
    }

    /// The System that it is a part of.
    async fn system(&self) -> Result<Option<System>, FieldError> {
        Ok(self.0.related(&RelationPath::of_kind(PART_OF, "system"))?.map(System))
    }

    /// The Component that it is a part of.
    async fn subcomponent_of(&self) -> Result<Option<Component>, FieldError> {
        Ok(self.0.related(&RelationPath::of_kind(PART_OF, "component"))?.map(Component))
    }

    /// The Components that are parts of it, ordered by ref.
    async fn subcomponents(
        &self,
        #[graphql(desc = "At most this many; 20 by default, 500 at most.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
    ) -> Result<EntityConnection, FieldError> {
        self.0.connection(RelationPath::of_kind(HAS_PART, "component"), first, after)
    }

    /// The APIs that it serves, ordered by ref.
    async fn provides_apis(
        &self,
        #[graphql(desc = "At most this many; 20 by default, 500 at most.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
    ) -> Result<EntityConnection, FieldError> {
        self.0.connection(RelationPath::any(PROVIDES_API), first, after)
    }

    /// The APIs that it calls, ordered by ref.
    async fn consumes_apis(
        &self,
        #[graphql(desc = "At most this many; 20 by default, 500 at most.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
    ) -> Result<EntityConnection, FieldError> {
        self.0.connection(RelationPath::any(CONSUMES_API), first, after)
    }
}

/// The fields of `Api` beside those that it shares.
pub(crate) struct ApiFields<'a>(pub(crate) &'a EntityNode);

/// A boundary between components.
#[Object]
impl ApiFields<'_> {
    /// What sort of API it is, such as `openapi`, `asyncapi`, `graphql` or `grpc`.
    async fn r#type(&self) -> String {
        self.0.spec_text("type").unwrap_or_default()
    }

    /// How far it is, such as `experimental`, `production` or `deprecated`.
    async fn lifecycle(&self) -> String {
        self.0.spec_text("lifecycle").unwrap_or_default()
    }

    /// The System that it is a part of.
    async fn system(&self) -> Result<Option<System>, FieldError> {
        Ok(self.0.related(&RelationPath::of_kind(PART_OF, "system"))?.map(System))
    }

    /// Its definition in the language of its type; null for types that have none.
    async fn definition(&self) -> Result<Option<String>, FieldError> {
        let definition = self.0.spec_text("definition");
        self.0.scope().charge_bytes(definition.as_ref().map_or(0, String::len))?;
        Ok(definition)
    }

    /// What serves it, ordered by ref.
    async fn providers(
        &self,
        #[graphql(desc = "At most this many; 20 by default, 500 at most.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
    ) -> Result<EntityConnection, FieldError> {
        self.0.connection(RelationPath::any(API_PROVIDED_BY), first, after)
    }

    /// What calls it, ordered by ref.
    async fn consumers(
        &self,
        #[graphql(desc = "At most this many; 20 by default, 500 at most.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
    ) -> Result<EntityConnection, FieldError> {
        self.0.connection(RelationPath::any(API_CONSUMED_BY), first, after)
    }
}

/// The fields of `Resource` beside those that it shares.
pub(crate) struct ResourceFields<'a>(pub(crate) &'a EntityNode);

/// Infrastructure that components need.
#[Object]
impl ResourceFields<'_> {
    /// What sort of resource it is, such as `database` or `kubernetes-cluster`.
    async fn r#type(&self) -> String {
        self.0.spec_text("type").unwrap_or_default()
    }

    /// The System that it is a part of.
    async fn system(&self) -> Result<Option<System>, FieldError> {
        Ok(self.0.related(&RelationPath::of_kind(PART_OF, "system"))?.map(System))
    }
}

/// The fields of `System` beside those that it shares.
pub(crate) struct SystemFields<'a>(pub(crate) &'a EntityNode);

/// Components, APIs and resources that do something together.
#[Object]
impl SystemFields<'_> {
    /// What sort of system it is.
    async fn r#type(&self) -> Option<String> {
        self.0.spec_text("type")
    }

    /// The Domain that it is a part of.
    async fn domain(&self) -> Result<Option<Domain>, FieldError> {
        Ok(self.0.related(&RelationPath::of_kind(PART_OF, "domain"))?.map(Domain))
    }

    /// Its Components, ordered by ref.
    async fn components(
        &self,
        #[graphql(desc = "At most this many; 20 by default, 500 at most.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
    ) -> Result<EntityConnection, FieldError> {
        self.0.connection(RelationPath::of_kind(HAS_PART, "component"), first, after)
    }

    /// Its APIs, ordered by ref.
    async fn apis(
        &self,
        #[graphql(desc = "At most this many; 20 by default, 500 at most.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
    ) -> Result<EntityConnection, FieldError> {
        self.0.connection(RelationPath::of_kind(HAS_PART, "api"), first, after)
    }

    /// Its Resources, ordered by ref.
    async fn resources(
        &self,
        #[graphql(desc = "At most this many; 20 by default, 500 at most.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
    ) -> Result<EntityConnection, FieldError> {
        self.0.connection(RelationPath::of_kind(HAS_PART, "resource"), first, after)
    }

    /// Everything that is a part of it, of whatever kind, ordered by ref.
    async fn parts(
        &self,
        #[graphql(desc = "At most this many; 20 by default, 500 at most.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
    ) -> Result<EntityConnection, FieldError> {
        self.0.connection(RelationPath::any(HAS_PART), first, after)
    }
}

/// The fields of `Domain` beside those that it shares.
pub(crate) struct DomainFields<'a>(pub(crate) &'a EntityNode);

/// Systems that share a purpose of the business.
#[Object]
impl DomainFields<'_> {
    /// What sort of domain it is.
    async fn r#type(&self) -> Option<String> {
        self.0.spec_text("type")
    }

    /// The Domain that it is a part of.
    async fn subdomain_of(&self) -> Result<Option<Domain>, FieldError> {
        Ok(self.0.related(&RelationPath::of_kind(PART_OF, "domain"))?.map(Domain))
    }

    /// The Domains that are parts of it, ordered by ref.
    async fn subdomains(
        &self,
        #[graphql(desc = "At most this many; 20 by default, 500 at most.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
    ) -> Result<EntityConnection, FieldError> {
        self.0.connection(RelationPath::of_kind(HAS_PART, "domain"), first, after)
    }

    /// Its Systems, ordered by ref.
    async fn systems(
        &self,
        #[graphql(desc = "At most this many; 20 by default, 500 at most.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
    ) -> Result<EntityConnection, FieldError> {
        self.0.connection(RelationPath::of_kind(HAS_PART, "system"), first, after)
    }

    /// Everything that is a part of it, of whatever kind, ordered by ref.
    async fn parts(
        &self,
        #[graphql(desc = "At most this many; 20 by default, 500 at most.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
    ) -> Result<EntityConnection, FieldError> {
        self.0.connection(RelationPath::any(HAS_PART), first, after)
    }
}

/// The fields of `Location` beside those that it shares.
pub(crate) struct LocationFields<'a>(pub(crate) &'a EntityNode);

/// A pointer to further descriptors.
#[Object]
impl LocationFields<'_> {
    /// What sort of location it is: `url` or `file`.
    async fn r#type(&self) -> Option<String> {
        self.0.spec_text("type")
    }

    /// Its target, if it has only one.
    async fn target(&self) -> Option<String> {
        self.0.spec_text("target")
    }

    /// Its targets: URLs, or paths relative to the Location itself.
    async fn targets(&self) -> Vec<String> {
        self.0.spec_field("targets").and_then(parsed).unwrap_or_default()
    }

    /// Whether the targets must exist: `required` or `optional`.
    async fn presence(&self) -> Option<String> {
        self.0.spec_text("presence")
    }
}

/// The fields of `Template` beside those that it shares.
pub(crate) struct TemplateFields<'a>(pub(crate) &'a EntityNode);

/// A form that makes something new.
#[Object]
impl TemplateFields<'_> {
    /// What sort of thing it makes, such as `service`.
    async fn r#type(&self) -> String {
        self.0.spec_text("type").unwrap_or_default()
    }

    /// How far it is.
    async fn lifecycle(&self) -> Option<String> {
        self.0.spec_text("lifecycle")
    }

    /// `spec` as it stands in the descriptor.
    async fn spec(&self) -> Result<JsonObject, FieldError> {
        self.0.spec().map(JsonObject)
    }
}

/// The fields of `AiResource` beside those that it shares.
pub(crate) struct AiResourceFields<'a>(pub(crate) &'a EntityNode);

/// Something that AI agents use.
#[Object]
impl AiResourceFields<'_> {
    /// What sort of resource it is: `skill`, `rule`, `plugin` or `marketplace`.
    async fn r#type(&self) -> String {
        self.0.spec_text("type").unwrap_or_default()
    }

    /// How far it is, such as `experimental`, `production` or `deprecated`.
    async fn lifecycle(&self) -> String {
        self.0.spec_text("lifecycle").unwrap_or_default()
    }

    /// The System that it is a part of.
    async fn system(&self) -> Result<Option<System>, FieldError> {
        Ok(self.0.related(&RelationPath::of_kind(PART_OF, "system"))?.map(System))
    }

    /// What it is made of, ordered by ref.
    async fn parts(
        &self,
        #[graphql(desc = "At most this many; 20 by default, 500 at most.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
    ) -> Result<EntityConnection, FieldError> {
        self.0.connection(RelationPath::any(HAS_PART), first, after)
    }

    /// `spec` as it stands in the descriptor.
    async fn spec(&self) -> Result<JsonObject, FieldError> {
        self.0.spec().map(JsonObject)
    }
}

/// The fields of `CustomEntity` beside those that it shares.
pub(crate) struct CustomEntityFields<'a>(pub(crate) &'a EntityNode);

/// An entity of a kind from configuration.
#[Object]
impl CustomEntityFields<'_> {
    /// `spec` as it stands in the descriptor.
    async fn spec(&self) -> Result<JsonObject, FieldError> {
        self.0.spec().map(JsonObject)
    }

    /// The entities that a relation leads to, ordered by ref.
    async fn related(
        &self,
        #[graphql(desc = "The type of the relation, such as `partOf`.")] relation: String,
        #[graphql(desc = "At most this many; 20 by default, 500 at most.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
    ) -> Result<EntityConnection, FieldError> {
        let path = RelationPath { relation: relation.into(), kind: None };
        self.0.connection(path, first, after)
    }
}
