//! `/mesh`: who calls whom, drawn as a map or listed as a table.

mod choices;
mod document;
mod picture;
pub(crate) mod url_state;
mod view;

use actix_web::{HttpRequest, http::StatusCode, web};
use callboard_http::{Answer, ApiError, Authorized, CatalogEntityRead, GraphqlExecutor};
use chrono::Utc;

use self::{
    document::{Mesh, MeshSize, Sizes},
    url_state::{MeshUrl, TopologyGrouping, View},
    view::MeshPage,
};
use crate::{
    frame::{self, Frame, Portal},
    gateway,
};

/// Nodes that can be told apart on one map.
pub(crate) const MAX_NODES: usize = 60;

/// `GET /mesh`.
pub(crate) async fn page(
    guard: Authorized<CatalogEntityRead>,
    request: HttpRequest,
    portal: web::Data<Portal>,
    executor: web::Data<dyn GraphqlExecutor>,
) -> Answer {
    let url = MeshUrl::parse(request.query_string());
    let asked = url.group.unwrap_or_default();
    let grouping = match url.view {
        View::Table => Aggregated { grouping: asked, instead_of: None },
        View::Map => aggregated(&**executor, &guard, &url, asked).await?,
    };
    let variables = url.variables(grouping.grouping);
    let found = gateway::execute_partial::<Mesh>(&**executor, &guard.caller, variables).await?;
    let viewer = found.data.viewer.display_name.clone();
    let frame = Frame::of_query(&portal, "/mesh", viewer, found.query_url);
    let page = MeshPage::new((frame, found.gaps), (url, grouping), found.data, Utc::now());
    frame::answer(StatusCode::OK, &page)
}

/// What the nodes of a map are.
#[derive(Debug, Clone, Copy)]
struct Aggregated {
    grouping: TopologyGrouping,
    /// What was asked for, with the number of nodes that there would be, if that is too many.
    instead_of: Option<(TopologyGrouping, i64)>,
}

/// The grouping that was asked for, or the first coarser one that a map can show.
async fn aggregated(
    executor: &dyn GraphqlExecutor,
    guard: &Authorized<CatalogEntityRead>,
    url: &MeshUrl,
    asked: TopologyGrouping,
) -> Result<Aggregated, ApiError> {
    let variables = url.size_variables();
    let sizes = gateway::execute::<MeshSize>(executor, &guard.caller, variables).await?;
    let sizes = Sizes::of(&sizes.data);
    let limit = i64::try_from(MAX_NODES).unwrap_or(i64::MAX);
    let mut grouping = asked;
    while sizes.of_grouping(grouping) > limit {
        let Some(coarser) = grouping.coarser() else { break };
        grouping = coarser;
    }
    let instead_of = (grouping != asked).then(|| (asked, sizes.of_grouping(asked)));
    Ok(Aggregated { grouping, instead_of })
}
