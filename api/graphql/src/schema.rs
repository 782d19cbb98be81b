//! The schema: its roots, its ports, its text.

use std::sync::Arc;

use async_graphql::{EmptyMutation, SDLExportOptions, Schema};
use callboard_auth::AuthorizedEntitiesCatalog;
use callboard_model::Clock;
use callboard_topology::AuthorizedTopology;

use crate::{
    changes::EntityChanges,
    entity::types::{DependencySource, DependencyTarget, Ownable, Placeable},
    limits::{MAX_DIRECTIVES_PER_FIELD, MAX_RECURSION},
    query::QueryRoot,
    subscription::SubscriptionRoot,
};

/// What the schema reads from.
#[derive(Debug, Clone)]
pub struct SchemaPorts {
    /// The catalog behind the permission policy.
    pub catalog: AuthorizedEntitiesCatalog,
    /// What runs and who calls whom, behind the same policy.
    pub topology: AuthorizedTopology,
    /// Notices of changes of the catalog.
    pub changes: Arc<dyn EntityChanges>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// The schema of the library, with our roots.
pub(crate) type CallboardSchema = Schema<QueryRoot, EmptyMutation, SubscriptionRoot>;

/// Builds the schema. It reads nothing until a request comes with a scope.
pub(crate) fn build() -> CallboardSchema {
    Schema::build(QueryRoot, EmptyMutation, SubscriptionRoot::default())
        .register_output_type::<Ownable>()
        .register_output_type::<DependencySource>()
        .register_output_type::<DependencyTarget>()
        .register_output_type::<Placeable>()
        .disable_suggestions()
        .limit_recursive_depth(MAX_RECURSION)
        .limit_directives(MAX_DIRECTIVES_PER_FIELD)
        .finish()
}

/// The text of the schema, in a stable order.
pub fn sdl() -> String {
    let options = SDLExportOptions::new().sorted_fields().sorted_arguments().sorted_enum_items();
    build().sdl_with_options(options.prefer_single_line_descriptions().use_space_ident())
}
