//! Lists of nodes and edges, answered as ready-made JSON.
//!
//! The whole estate has thousands of edges with a score of fields each: resolving every field as
//! an object's own is what such an answer would cost. A selection of plain fields is written as
//! text at once instead; any other goes the ordinary way. Both answer the same.

mod field;
mod plan;
mod write;

use std::{borrow::Cow, sync::Arc};

use async_graphql::{
    ContextSelectionSet, Error, OutputType, Positioned, ServerResult, Value, parser::types::Field,
    registry::Registry, resolver_utils::resolve_list,
};
use callboard_topology as estate;

use self::{
    field::{EdgeField, NodeField},
    plan::Selections,
    write::Writer,
};
use super::{TopologyEdge, TopologyNode};
use crate::{error::FieldError, ready_json::raw, scope::Scope};

/// What an item that is resolved field by field counts for, beside itself.
const RESOLVED: usize = 3;

/// A list of nodes.
#[derive(Debug, Clone)]
pub(crate) struct TopologyNodes {
    pub(crate) scope: Arc<Scope>,
    pub(crate) nodes: Arc<[Arc<estate::TopologyNode>]>,
}

/// A list of edges.
#[derive(Debug, Clone)]
pub(crate) struct TopologyEdges {
    pub(crate) scope: Arc<Scope>,
    pub(crate) edges: Arc<[Arc<estate::TopologyEdge>]>,
}

impl TopologyNodes {
    fn ready_made(&self, ctx: &ContextSelectionSet<'_>) -> Result<Option<Value>, FieldError> {
        let plan = Selections::of(ctx).and_then(|selections| selections.plan::<NodeField>());
        let Some(plan) = plan else { return Ok(None) };
        let mut writer = Writer::new(&self.scope);
        writer.list(&self.nodes, |writer, node| writer.node(&plan, node))?;
        Ok(writer.into_json().and_then(raw))
    }
}

impl TopologyEdges {
    fn ready_made(&self, ctx: &ContextSelectionSet<'_>) -> Result<Option<Value>, FieldError> {
        let plan = Selections::of(ctx).and_then(|selections| selections.plan::<EdgeField>());
        let Some(plan) = plan else { return Ok(None) };
        let mut writer = Writer::new(&self.scope);
        writer.list(&self.edges, |writer, edge| writer.edge(&plan, edge))?;
        Ok(writer.into_json().and_then(raw))
    }
}

fn failed(ctx: &ContextSelectionSet<'_>, error: FieldError) -> async_graphql::ServerError {
    ctx.set_error_path(Error::from(error).into_server_error(ctx.item.pos))
}

impl OutputType for TopologyNodes {
    fn type_name() -> Cow<'static, str> {
        Vec::<TopologyNode>::type_name()
    }

    fn qualified_type_name() -> String {
        <Vec<TopologyNode> as OutputType>::qualified_type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        <Vec<TopologyNode> as OutputType>::create_type_info(registry)
    }

    async fn resolve(
        &self,
        ctx: &ContextSelectionSet<'_>,
        field: &Positioned<Field>,
    ) -> ServerResult<Value> {
        let count = self.nodes.len();
        self.scope.charge_objects(count).map_err(|error| failed(ctx, error))?;
        if let Some(value) = self.ready_made(ctx).map_err(|error| failed(ctx, error))? {
            return Ok(value);
        }
        let more = count.saturating_mul(RESOLVED);
        self.scope.charge_objects(more).map_err(|error| failed(ctx, error))?;
        let nodes = self.nodes.iter().map(|node| TopologyNode::new(&self.scope, node));
        resolve_list(ctx, field, nodes, Some(count)).await
    }
}

impl OutputType for TopologyEdges {
    fn type_name() -> Cow<'static, str> {
        Vec::<TopologyEdge>::type_name()
    }

    fn qualified_type_name() -> String {
        <Vec<TopologyEdge> as OutputType>::qualified_type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        <Vec<TopologyEdge> as OutputType>::create_type_info(registry)
    }

    async fn resolve(
        &self,
        ctx: &ContextSelectionSet<'_>,
        field: &Positioned<Field>,
    ) -> ServerResult<Value> {
        let count = self.edges.len();
        self.scope.charge_objects(count).map_err(|error| failed(ctx, error))?;
        if let Some(value) = self.ready_made(ctx).map_err(|error| failed(ctx, error))? {
            return Ok(value);
        }
        let more = count.saturating_mul(RESOLVED);
        self.scope.charge_objects(more).map_err(|error| failed(ctx, error))?;
        let edges = self.edges.iter().map(|edge| TopologyEdge::new(&self.scope, edge));
        resolve_list(ctx, field, edges, Some(count)).await
    }
}
