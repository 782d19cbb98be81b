//! From what a source emitted to what the catalog serves: the pure part of processing one entity.

use std::{collections::HashMap, sync::Arc};

use callboard_model::{Entity, Relation};

use crate::reading::{ReadError, ReadFile, ReadRequest};

mod annotate;
mod broken_sources;
mod catalog_rules;
mod confinement;
mod file_path;
mod git_url;
mod links;
mod location_errors;
mod locations;
mod orchestrator;
mod placeholders;
mod scm;
pub mod validation;

pub use broken_sources::BrokenSources;
pub use catalog_rules::{AllowedEntity, CatalogRule, CatalogRuleError, CatalogRules, RuleLocation};
pub use orchestrator::{
    Chosen, ProcessingInput, ProcessingOptions, ProcessingOrchestrator, References,
};
pub use scm::{ScmHosts, ScmKind};

/// An entity as its parent Location or its provider emitted it, not yet processed.
#[derive(Debug, Clone, PartialEq)]
pub struct DeferredEntity {
    /// The entity, with `backstage.io/managed-by-location` and `managed-by-origin-location` set.
    pub entity: Entity,
    /// Who may write this entity: `url:<target>` for read files, the provider's own for providers.
    pub location_key: Option<Arc<str>>,
}

/// What was read for one entity: each request with its outcome.
pub type Reads = HashMap<ReadRequest, Result<Vec<ReadFile>, ReadError>>;

/// An error that the owner of the entity sees in `status.items`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessingError {
    /// The class name that Backstage uses, such as `InputError` or `NotFoundError`.
    pub name: String,
    /// The message, at most 5,000 characters.
    pub message: String,
    /// The stage that failed: `parse`, `envelope`, `preprocess`, `policy`, `kind`, `unknown-kind`,
    /// `location` or `postprocess`.
    pub stage: &'static str,
    /// The target of a Location that this error is about, if it is about one.
    pub target: Option<String>,
}

/// What processing gave.
#[derive(Debug, Clone, Default)]
pub struct ProcessingResult {
    /// The entity after all steps; `None` if it was refused.
    pub completed: Option<Entity>,
    /// Distinct and sorted; both directions of every field.
    pub relations: Vec<Relation>,
    /// What a Location emits.
    pub deferred: Vec<DeferredEntity>,
    /// Keys such as `url:https://…/openapi.yaml` whose change makes this entity due.
    pub refresh_keys: Vec<Box<str>>,
    /// What went wrong, the first [`MAX_PROBLEMS`] of it. May stand beside `completed`: a Location
    /// with one bad target.
    pub errors: Vec<ProcessingError>,
    /// How much more went wrong.
    pub omitted_errors: usize,
    /// What a Location reads and could not tell the content of.
    pub broken: BrokenSources,
    /// What the owner should know although nothing was refused, such as a link that was dropped.
    pub warnings: Vec<ProcessingError>,
}

/// How many problems are kept and shown of one entity; the rest is counted. A file of a few
/// megabytes may have a million.
pub const MAX_PROBLEMS: usize = 100;

/// Cuts a message to the length that Backstage keeps.
fn shorten(mut message: String) -> String {
    const LONGEST: usize = 5000;
    if let Some((cut, _)) = message.char_indices().nth(LONGEST) {
        message.truncate(cut);
    }
    message
}
