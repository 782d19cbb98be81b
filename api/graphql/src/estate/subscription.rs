//! Following what runs.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Context, Subscription};
use callboard_auth::Caller;
use callboard_plugin::{ClusterName, MetricsWindow};
use callboard_topology as estate;
use futures_util::stream::{self, Stream, StreamExt};
use tokio::{sync::watch, time::Instant};

use super::Cluster;
use crate::{
    error::FieldError,
    limits::{DEADLINE, PUBLIC_BUDGET},
    schema::SchemaPorts,
    scope::Scope,
    topology::{
        TopologyChange, TopologyGrouping, TopologyScope, Window, checked_scope, window_or_default,
    },
};

/// The root of subscriptions to what runs.
#[derive(Debug, Default)]
pub(crate) struct EstateSubscription;

/// What can be followed of what runs.
#[Subscription]
impl EstateSubscription {
    /// Each cluster that changed, as it is then: what runs in it, how its sources are, or the
    /// calls that its mesh measures. Permission is judged anew at every change. Whoever reads too
    /// slowly gets several changes as one.
    async fn cluster_changed(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only the cluster of this name; every one, if this is left out.")]
        name: Option<String>,
    ) -> Result<impl Stream<Item = Result<Cluster, FieldError>> + use<>, FieldError> {
        let follower = Follower::of(ctx)?;
        let shown = revisions(&follower.scope(), name.as_deref())?;
        let state = ClusterFollower { follower, name, shown };
        Ok(stream::unfold(state, ClusterFollower::next).flat_map(stream::iter))
    }

    /// What becomes of a topology, from now on: read it first, then put each change over it.
    /// Permission is judged anew at every change. Whoever reads too slowly gets several changes as
    /// one; if too much changed at once there is an error with the code `UNAVAILABLE` instead:
    /// read the topology again then.
    async fn topology_changed(
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
    ) -> Result<impl Stream<Item = Result<TopologyChange, FieldError>> + use<>, FieldError> {
        let part = checked_scope(scope)?;
        let grouping = group_by.unwrap_or(TopologyGrouping::Component).into();
        let window = window_or_default(window);
        let follower = Follower::of(ctx)?;
        let shown = follower.scope().topology()?.topology(&part, grouping, window);
        let state = TopologyFollower { follower, part, grouping, window, shown };
        Ok(stream::unfold(state, TopologyFollower::next).flat_map(stream::iter))
    }
}

/// What every subscriber needs.
struct Follower {
    ports: SchemaPorts,
    caller: Caller,
    changes: watch::Receiver<u64>,
}

impl Follower {
    fn of(ctx: &Context<'_>) -> Result<Self, FieldError> {
        let ports = ctx.data::<SchemaPorts>().map_err(|_| FieldError::Scope)?.clone();
        let caller = ctx.data::<Caller>().map_err(|_| FieldError::Scope)?.clone();
        let changes = ports.topology.changes();
        Ok(Self { ports, caller, changes })
    }

    /// What the caller may see now.
    fn scope(&self) -> Arc<Scope> {
        let deadline = Instant::now() + DEADLINE;
        Arc::new(Scope::new(&self.ports, self.caller.clone(), deadline, PUBLIC_BUDGET))
    }

    /// Waits for a change, and gives what may be seen then; `None` when nobody can tell of any.
    async fn changed(&mut self) -> Option<Arc<Scope>> {
        self.changes.changed().await.ok()?;
        Some(self.scope())
    }
}

/// The revision of each cluster.
type Revisions = HashMap<ClusterName, u64>;

fn revisions(scope: &Arc<Scope>, name: Option<&str>) -> Result<Revisions, FieldError> {
    let clusters = scope.clusters()?.iter();
    let is_meant =
        |cluster: &&Arc<estate::Cluster>| name.is_none_or(|name| cluster.name.as_str() == name);
    let revision = |cluster: &Arc<estate::Cluster>| (cluster.name.clone(), cluster.revision);
    Ok(clusters.filter(is_meant).map(revision).collect())
}

/// One who follows clusters, with the revisions that were shown last.
struct ClusterFollower {
    follower: Follower,
    name: Option<String>,
    shown: Revisions,
}

impl ClusterFollower {
    async fn next(mut self) -> Option<(Vec<Result<Cluster, FieldError>>, Self)> {
        let scope = self.follower.changed().await?;
        let changed = self.changed(&scope);
        Some((changed.unwrap_or_else(|error| vec![Err(error)]), self))
    }

    fn changed(
        &mut self,
        scope: &Arc<Scope>,
    ) -> Result<Vec<Result<Cluster, FieldError>>, FieldError> {
        let now = revisions(scope, self.name.as_deref())?;
        let before = std::mem::replace(&mut self.shown, now);
        let is_changed = |cluster: &&Arc<estate::Cluster>| {
            let now = self.shown.get(&cluster.name);
            now.is_some() && now != before.get(&cluster.name)
        };
        let changed = scope.clusters()?.iter().filter(is_changed);
        Ok(changed.map(|cluster| Cluster::new(scope, cluster)).collect())
    }
}

/// One who follows a topology, with what was shown last.
struct TopologyFollower {
    follower: Follower,
    part: estate::TopologyScope,
    grouping: estate::TopologyGrouping,
    window: MetricsWindow,
    shown: Arc<estate::Topology>,
}

impl TopologyFollower {
    async fn next(mut self) -> Option<(Vec<Result<TopologyChange, FieldError>>, Self)> {
        let scope = self.follower.changed().await?;
        let change = self.change(&scope);
        Some((change.transpose().into_iter().collect(), self))
    }

    fn change(&mut self, scope: &Arc<Scope>) -> Result<Option<TopologyChange>, FieldError> {
        let now = scope.topology()?.topology(&self.part, self.grouping, self.window);
        if Arc::ptr_eq(&now, &self.shown) {
            return Ok(None);
        }
        let before = std::mem::replace(&mut self.shown, Arc::clone(&now));
        let seen_at = self.follower.ports.clock.now();
        TopologyChange::between(&before, &now, scope, seen_at)
    }
}
