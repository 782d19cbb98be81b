//! Kinds as data: which entities there are, what each must look like, and which relations follow
//! from its fields.

use std::sync::Arc;

use serde_json::Value;

use crate::{
    EntityRefError,
    schema::{Schema, SchemaError, Violation},
};

mod builtin;
mod registry;
mod relations;

pub use registry::KindRegistry;

/// A field whose text, or texts, refer to other entities.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RelationField {
    /// Where the field stands, such as `spec.owner`. It may hold one ref or a list of them.
    pub field: String,
    /// The kind of a ref without one; without a default such a ref is an error.
    #[serde(default)]
    pub default_kind: Option<String>,
    /// The relation from the entity to what the field names, such as `ownedBy`.
    #[serde(rename = "type")]
    pub relation: String,
    /// The relation back, such as `ownerOf`.
    pub inverse: String,
    /// The kinds that may be named; refs of other kinds emit nothing. Empty allows every kind.
    #[serde(default)]
    pub allowed_kinds: Vec<String>,
}

/// One kind of entity, or one subtype of a kind.
///
/// As configuration:
///
/// ```json
/// {"kind": "Gadget", "apiVersions": ["acme.example/v1"], "schema": {"type": "object"},
///  "relations": [{"field": "spec.owner", "defaultKind": "Group", "type": "ownedBy", "inverse": "ownerOf"}]}
/// ```
#[derive(Debug, Clone, PartialEq, serde::Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct KindDefinition {
    /// The kind, in its exact case.
    pub kind: String,
    /// The values of `apiVersion` that belong to it.
    pub api_versions: Vec<String>,
    /// The subtype: this definition is for entities whose `spec.type` is this text.
    #[serde(default)]
    pub spec_type: Option<String>,
    /// JSON Schema of draft 7 of the whole entity.
    pub schema: Value,
    /// The fields that refer to other entities, in the order in which they are looked at.
    #[serde(default)]
    pub relations: Vec<RelationField>,
    /// Which processor of Backstage answers for the kind: its name stands in messages.
    #[serde(skip)]
    pub processor: KindProcessor,
}

/// The processor of Backstage that validates a kind, for the sake of its messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KindProcessor {
    /// The kinds that always are there.
    Builtin,
    /// Templates, of the scaffolder's module.
    Scaffolder,
    /// The kinds of the `ai-model` module.
    Model,
    /// Kinds from the configuration.
    #[default]
    Custom,
}

impl KindProcessor {
    /// The class name in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Builtin => "BuiltinKindsEntityProcessor",
            Self::Scaffolder => "ScaffolderEntitiesProcessor",
            Self::Model => "ModelProcessor",
            Self::Custom => "CustomKindsProcessor",
        }
    }
}

/// Kinds that can be switched on beside the built-in ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KindModule {
    /// Template. Source: `catalog-backend-module-scaffolder-entity-model`.
    Template,
    /// `AiResource`, and APIs of the type `mcp-server`. Source: `catalog-backend-module-ai-model`.
    AiModel,
}

impl KindModule {
    /// Every module.
    pub const ALL: [Self; 2] = [Self::Template, Self::AiModel];
}

/// A definition of a kind that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KindDefinitionError {
    /// The kind is not a name of a kind.
    #[error("kind {0:?} is not valid: expected letters and digits, a letter first, at most 63")]
    Kind(String),
    /// An apiVersion is not valid, or there is none.
    #[error(
        "kind {kind:?} has the apiVersion {api_version:?}: expected [<dns-subdomain>/]<letters and digits>"
    )]
    ApiVersion {
        /// The kind.
        kind: String,
        /// What stands there; empty if there is none.
        api_version: String,
    },
    /// Two definitions are for the same kind, apiVersion and subtype.
    #[error("kind {kind:?} with apiVersion {api_version:?} is defined twice")]
    Duplicate {
        /// The kind.
        kind: String,
        /// The apiVersion that both have.
        api_version: String,
    },
    /// A relation field is not a path, or its names are empty.
    #[error(
        "kind {kind:?} has the relation field {field:?}: expected a path such as spec.owner, and a type and an inverse of letters, digits and _"
    )]
    Relation {
        /// The kind.
        kind: String,
        /// The field.
        field: String,
    },
    /// The schema is none.
    #[error("the schema of kind {kind:?} cannot be used")]
    Schema {
        /// The kind.
        kind: String,
        /// What is wrong with it, and where.
        #[source]
        source: SchemaError,
    },
}

/// Why an entity is not valid as one of its kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KindError {
    /// No definition has this kind and apiVersion.
    #[error("no kind {kind:?} with apiVersion {api_version:?} is known")]
    Unknown {
        /// The kind.
        kind: String,
        /// The apiVersion.
        api_version: String,
    },
    /// The schema of the kind refuses the entity. The text is Backstage's.
    #[error("{message}")]
    Invalid {
        /// Who says so.
        processor: KindProcessor,
        /// Backstage's text, made of the first violation.
        message: String,
        /// Every violation, in ajv's order.
        violations: Vec<Violation>,
    },
}

/// A kind, ready to judge entities.
#[derive(Debug)]
pub struct Kind {
    definition: KindDefinition,
    schema: Schema,
    fields: Vec<Vec<String>>,
}

impl Kind {
    /// What it was made from.
    pub fn definition(&self) -> &KindDefinition {
        &self.definition
    }

    fn build(definition: KindDefinition) -> Result<Arc<Self>, KindDefinitionError> {
        let schema = Schema::compile(definition.schema.clone()).map_err(|source| {
            KindDefinitionError::Schema { kind: definition.kind.clone(), source }
        })?;
        let fields = definition
            .relations
            .iter()
            .map(|relation| relation.field.split('.').map(str::to_owned).collect())
            .collect();
        Ok(Arc::new(Self { definition, schema, fields }))
    }

    /// Judges `entity` by the schema of the kind.
    ///
    /// # Errors
    ///
    /// [`KindError::Invalid`] if it does not fit.
    pub fn check(&self, entity: &Value) -> Result<(), KindError> {
        let violations = self.schema.violations(entity);
        let Some(first) = violations.first() else { return Ok(()) };
        let processor = self.definition.processor;
        let message = match processor {
            KindProcessor::Model => {
                let all: Vec<_> = violations.iter().map(Violation::with_params).collect();
                format!("Validation of {} entity failed: {}", self.definition.kind, all.join("; "))
            }
            _ => first.with_params(),
        };
        Err(KindError::Invalid { processor, message, violations })
    }

    /// The relations that follow from the fields of `entity`, both directions, sorted and
    /// distinct. Source: Backstage `BuiltinKindsEntityProcessor.postProcessEntity`.
    ///
    /// # Errors
    ///
    /// [`EntityRefError`] for the first ref that cannot be read.
    pub fn relations(&self, entity: &Value) -> Result<Vec<crate::Relation>, EntityRefError> {
        relations::emit(&self.definition.relations, &self.fields, entity)
    }
}
