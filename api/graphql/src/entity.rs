//! Entities as nodes of the graph.

mod capability;
mod document;
mod fields;
mod kind;
mod people;
mod relation;
mod software;
pub(crate) mod types;
mod value;

use std::{
    borrow::Cow,
    sync::{Arc, OnceLock},
};

use async_graphql::{
    Context, ContextSelectionSet, OutputType, Positioned, ServerResult, Value,
    parser::types::Field,
    registry::Registry,
    resolver_utils::{ContainerType, resolve_container},
};
use bytes::Bytes;
use callboard_catalog::index::IndexedEntity;
use callboard_model::EntityRef;

use self::document::Head;
pub(crate) use self::{
    capability::{DependencySourceFields, DependencyTargetFields, OwnerFields},
    document::{Part, field, parsed},
    fields::EntityFields,
    kind::EntityKind,
    people::{GroupFields, UserFields},
    relation::RelationPath,
    software::{
        AiResourceFields, ApiFields, ComponentFields, CustomEntityFields, DomainFields,
        LocationFields, ResourceFields, SystemFields, TemplateFields,
    },
    value::{EntityProblem, Label, ProblemLevel, problems},
};
use crate::{
    error::FieldError,
    estate::{ObservedFields, PlaceableFields},
    scope::Scope,
};

/// An entity in an answer. Cheap to clone; its JSON is looked into once, when a field needs it.
#[derive(Debug, Clone)]
pub(crate) struct EntityNode(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    scope: Arc<Scope>,
    entity: Arc<IndexedEntity>,
    kind: EntityKind,
    head: OnceLock<Head>,
}

impl EntityNode {
    /// `entity` within an answer; [`Scope::node`] charges for it.
    pub(crate) fn new(scope: Arc<Scope>, entity: Arc<IndexedEntity>) -> Self {
        let kind = EntityKind::of(&entity.entity_ref);
        Self(Arc::new(Inner { scope, entity, kind, head: OnceLock::new() }))
    }

    /// The request it belongs to.
    pub(crate) fn scope(&self) -> &Arc<Scope> {
        &self.0.scope
    }

    /// The entity in the index.
    pub(crate) fn entity(&self) -> &IndexedEntity {
        &self.0.entity
    }

    /// Its canonical ref.
    pub(crate) fn entity_ref(&self) -> &EntityRef {
        &self.0.entity.entity_ref
    }

    /// Which type of the schema it is.
    pub(crate) fn kind(&self) -> EntityKind {
        self.0.kind
    }

    fn head(&self) -> &Head {
        self.0.head.get_or_init(|| Head::of(&self.0.entity.json))
    }

    /// A text of the head; `None` if it is absent or not a text.
    pub(crate) fn head_text(&self, part: Part) -> Option<String> {
        parsed(self.head().part(&self.0.entity.json, part)?)
    }

    /// The JSON text of a field of `metadata`.
    pub(crate) fn metadata_field(&self, key: &str) -> Option<&[u8]> {
        field(self.head().part(&self.0.entity.json, Part::Metadata)?, key)
    }

    /// The JSON text of a field of `spec`.
    pub(crate) fn spec_field(&self, key: &str) -> Option<&[u8]> {
        field(self.head().part(&self.0.entity.json, Part::Spec)?, key)
    }

    /// A text of `spec`; `None` if it is absent or not a text.
    pub(crate) fn spec_text(&self, key: &str) -> Option<String> {
        parsed(self.spec_field(key)?)
    }

    /// The JSON text of `spec`, `{}` if there is none.
    ///
    /// # Errors
    ///
    /// [`FieldError::AnswerSize`] when the budget is used up.
    pub(crate) fn spec(&self) -> Result<Bytes, FieldError> {
        let json = &self.0.entity.json;
        let spec = self.head().part(json, Part::Spec);
        let spec = spec.map_or_else(|| Bytes::from_static(b"{}"), |spec| json.slice_ref(spec));
        self.0.scope.charge_bytes(spec.len())?;
        Ok(spec)
    }

    /// The name to show: the title, or the name.
    pub(crate) fn title_or_name(&self) -> String {
        self.head_text(Part::Title)
            .or_else(|| self.head_text(Part::Name))
            .unwrap_or_else(|| self.entity_ref().name().to_owned())
    }
}

/// One type stands for every entity at run time: fields are resolved by the entity's kind, so that
/// an interface and its objects share their resolvers.
impl ContainerType for EntityNode {
    async fn resolve_field(&self, ctx: &Context<'_>) -> ServerResult<Option<Value>> {
        if let Some(value) = EntityFields(self).resolve_field(ctx).await? {
            return Ok(Some(value));
        }
        match self.kind() {
            EntityKind::Component => {
                if let Some(value) = ComponentFields(self).resolve_field(ctx).await? {
                    return Ok(Some(value));
                }
                if let Some(value) = ObservedFields(self).resolve_field(ctx).await? {
                    return Ok(Some(value));
                }
                self.resolve_software(ctx).await
            }
            EntityKind::Resource => {
                if let Some(value) = ResourceFields(self).resolve_field(ctx).await? {
                    return Ok(Some(value));
                }
                self.resolve_software(ctx).await
            }
            EntityKind::AiResource => {
                if let Some(value) = AiResourceFields(self).resolve_field(ctx).await? {
                    return Ok(Some(value));
                }
                self.resolve_software(ctx).await
            }
            EntityKind::Group => {
                if let Some(value) = OwnerFields(self).resolve_field(ctx).await? {
                    return Ok(Some(value));
                }
                GroupFields(self).resolve_field(ctx).await
            }
            EntityKind::User => {
                if let Some(value) = OwnerFields(self).resolve_field(ctx).await? {
                    return Ok(Some(value));
                }
                UserFields(self).resolve_field(ctx).await
            }
            EntityKind::Api => {
                if let Some(value) = ApiFields(self).resolve_field(ctx).await? {
                    return Ok(Some(value));
                }
                PlaceableFields(self).resolve_field(ctx).await
            }
            EntityKind::System => {
                if let Some(value) = SystemFields(self).resolve_field(ctx).await? {
                    return Ok(Some(value));
                }
                PlaceableFields(self).resolve_field(ctx).await
            }
            EntityKind::Domain => DomainFields(self).resolve_field(ctx).await,
            EntityKind::Location => LocationFields(self).resolve_field(ctx).await,
            EntityKind::Template => TemplateFields(self).resolve_field(ctx).await,
            EntityKind::Custom => {
                if let Some(value) = CustomEntityFields(self).resolve_field(ctx).await? {
                    return Ok(Some(value));
                }
                PlaceableFields(self).resolve_field(ctx).await
            }
        }
    }
}

impl OutputType for EntityNode {
    fn type_name() -> Cow<'static, str> {
        types::Entity::type_name()
    }

    fn introspection_type_name(&self) -> Cow<'static, str> {
        Cow::Borrowed(self.kind().type_name())
    }

    fn create_type_info(registry: &mut Registry) -> String {
        types::Entity::create_type_info(registry)
    }

    async fn resolve(
        &self,
        ctx: &ContextSelectionSet<'_>,
        _field: &Positioned<Field>,
    ) -> ServerResult<Value> {
        resolve_container(ctx, self).await
    }
}

impl EntityNode {
    /// The fields of what can run, need others, and be needed.
    async fn resolve_software(&self, ctx: &Context<'_>) -> ServerResult<Option<Value>> {
        if let Some(value) = PlaceableFields(self).resolve_field(ctx).await? {
            return Ok(Some(value));
        }
        if let Some(value) = DependencySourceFields(self).resolve_field(ctx).await? {
            return Ok(Some(value));
        }
        DependencyTargetFields(self).resolve_field(ctx).await
    }
}
