//! Who is hit when an entity fails.

use std::sync::Arc;

use async_graphql::Object;
use callboard_topology as estate;

use super::TopologyNode;
use crate::{
    entity::types::{Entity, Group},
    error::FieldError,
    estate::number,
    facet::count,
    scope::Scope,
};

/// Who is hit when an entity fails.
#[derive(Debug)]
pub(crate) struct Impact {
    pub(crate) scope: Arc<Scope>,
    pub(crate) impact: estate::Impact,
}

/// Who is hit when an entity fails: its callers, theirs, and so on.
#[Object]
impl Impact {
    /// The callers, closest first, then by name; the first 5,000. The entity itself is not among
    /// them.
    async fn callers(&self) -> Result<Vec<ImpactedCaller>, FieldError> {
        self.scope.charge_objects(self.impact.callers.len())?;
        let caller = |caller: &estate::ImpactedCaller| ImpactedCaller {
            scope: Arc::clone(&self.scope),
            caller: caller.clone(),
        };
        Ok(self.impact.callers.iter().map(caller).collect())
    }

    /// The squads behind them, closest first, then by name.
    async fn squads(&self) -> Vec<ImpactedSquad> {
        let squad = |squad: &estate::ImpactedSquad| ImpactedSquad {
            scope: Arc::clone(&self.scope),
            squad: squad.clone(),
        };
        self.impact.squads.iter().map(squad).collect()
    }

    /// How many callers there are in all.
    async fn total_callers(&self) -> i32 {
        count(self.impact.total_callers)
    }
}

/// Somebody who calls an entity, directly or through others.
#[derive(Debug)]
pub(crate) struct ImpactedCaller {
    scope: Arc<Scope>,
    caller: estate::ImpactedCaller,
}

/// Somebody who calls an entity, directly or through others.
#[Object]
impl ImpactedCaller {
    /// The entity; null for a caller that belongs to none, which `node` names.
    async fn entity(&self) -> Result<Option<Entity>, FieldError> {
        let Some(entity_ref) = &self.caller.entity else { return Ok(None) };
        Ok(self.scope.entity(entity_ref)?.map(Entity))
    }

    /// The node: of several workloads of an entity the closest.
    async fn node(&self) -> TopologyNode {
        TopologyNode::new(&self.scope, &self.caller.node)
    }

    /// How many calls away: 1 = a direct caller.
    async fn distance(&self) -> i32 {
        number(self.caller.distance)
    }

    /// What the squad is called that answers for it.
    async fn squad_name(&self) -> Option<&str> {
        self.caller.squad.as_ref().map(|squad| &*squad.name)
    }
}

/// A squad behind callers.
#[derive(Debug)]
pub(crate) struct ImpactedSquad {
    scope: Arc<Scope>,
    squad: estate::ImpactedSquad,
}

/// A squad behind callers.
#[Object]
impl ImpactedSquad {
    /// What it is called.
    async fn name(&self) -> &str {
        &self.squad.squad.name
    }

    /// The Group; null if labels name a squad that is none.
    async fn group(&self) -> Result<Option<Group>, FieldError> {
        let entity = self.squad.squad.entity.as_ref().filter(|entity| entity.kind() == "group");
        let Some(group) = entity else { return Ok(None) };
        Ok(self.scope.entity(group)?.map(Group))
    }

    /// How many of its callers are hit.
    async fn total_callers(&self) -> i32 {
        count(self.squad.callers)
    }

    /// How many calls away its closest one is.
    async fn distance(&self) -> i32 {
        number(self.squad.distance)
    }
}
