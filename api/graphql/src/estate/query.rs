//! What can be asked about what runs.

use std::sync::Arc;

use async_graphql::{Context, Object};

use super::{
    Cluster, ClusterFilter, MissingComponentConnection, WorkloadConnection, WorkloadFilter,
};
use crate::{
    error::FieldError,
    page::PageArguments,
    scalar::EntityRefScalar,
    scope::Scope,
    topology::{
        Impact, Topology, TopologyGrouping, TopologyPath, TopologyScope, Window, checked_max_edges,
        checked_scope, window_or_default,
    },
};

/// The root of queries about what runs.
#[derive(Debug)]
pub(crate) struct EstateQuery;

/// What can be asked about what runs.
#[Object]
impl EstateQuery {
    /// The clusters that match, in the order of the configuration.
    async fn clusters(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which clusters; all, if this is left out.")] filter: Option<
            ClusterFilter,
        >,
    ) -> Result<Vec<Cluster>, FieldError> {
        Cluster::list(Scope::of(ctx)?, filter.as_ref())
    }

    /// The cluster of this name; null if there is none that you may read.
    async fn cluster(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The name as the configuration gives it; case counts.")] name: String,
    ) -> Result<Option<Cluster>, FieldError> {
        Cluster::find(Scope::of(ctx)?, &name)
    }

    /// Workloads that belong to no entity, by cluster in the order of the configuration, then by
    /// namespace, kind and name; each with a descriptor that would make it known.
    async fn unknown_workloads(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which workloads; all, if this is left out.")] filter: Option<
            WorkloadFilter,
        >,
        #[graphql(desc = "At most this many; 20 by default, 500 at most.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
    ) -> Result<WorkloadConnection, FieldError> {
        let page = PageArguments::forward(first, after).checked()?;
        let filter = filter.unwrap_or_default().checked()?;
        WorkloadConnection::of_unknown(Scope::of(ctx)?, filter, &page)
    }

    /// Components that say that they run and were not found, ordered by ref.
    async fn missing_components(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "At most this many; 20 by default, 500 at most.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
    ) -> Result<MissingComponentConnection, FieldError> {
        let page = PageArguments::forward(first, after).checked()?;
        MissingComponentConnection::of(Scope::of(ctx)?, &page)
    }

    /// Who calls whom.
    async fn topology(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which part of the estate; all of it, if this is left out.")]
        scope: Option<TopologyScope>,
        #[graphql(desc = "What its nodes are; entities, if this is left out.")] group_by: Option<
            TopologyGrouping,
        >,
        #[graphql(desc = "Over what span; five minutes, if this is left out.")] window: Option<
            Window,
        >,
        #[graphql(desc = "At most this many edges, the busiest; 5,000 by default and at most.")]
        max_edges: Option<i32>,
    ) -> Result<Topology, FieldError> {
        let max_edges = checked_max_edges(max_edges)?;
        let part = checked_scope(scope)?;
        let grouping = group_by.unwrap_or(TopologyGrouping::Component).into();
        let scope = Scope::of(ctx)?;
        let topology = scope.topology()?.topology(&part, grouping, window_or_default(window));
        Ok(Topology::new(scope, topology, max_edges))
    }

    /// The paths of fewest calls from one entity to another, hop by hop over workloads and across
    /// clusters, in the calls of the last day: at most eight.
    async fn path(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The entity that calls.")] from: EntityRefScalar,
        #[graphql(desc = "The entity that is reached.")] to: EntityRefScalar,
    ) -> Result<Vec<TopologyPath>, FieldError> {
        let scope = Scope::of(ctx)?;
        let paths = scope.topology()?.path(&from.0, &to.0);
        Ok(paths.into_iter().map(|path| TopologyPath::new(scope, path)).collect())
    }

    /// Who is hit when an entity fails: its callers, theirs, and so on, in the calls of the last
    /// day, and the squads behind them.
    async fn impact(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The entity that fails.")] of: EntityRefScalar,
    ) -> Result<Impact, FieldError> {
        let scope = Scope::of(ctx)?;
        let impact = scope.topology()?.impact(&of.0);
        Ok(Impact { scope: Arc::clone(scope), impact })
    }
}
