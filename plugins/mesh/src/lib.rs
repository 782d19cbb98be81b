//! Who calls whom, as the mesh of each cluster measures it: Linkerd.
//!
//! [`LinkerdMesh`] asks the metrics of one cluster a handful of questions over the whole mesh,
//! within a budget, and keeps the last good answers with their age. What the answers mean is pure:
//! [`calls`] and [`gateways`].

mod answers;
mod budget;
mod edge;
mod flow;
mod gateways;
mod join;
mod linkerd_mesh;
mod mesh_state;
mod part;
mod presence;
mod questions;

pub use answers::{Connections, Latencies, MeshAnswers, Requests, UnmeshedCallers};
pub use gateways::gateways;
pub use join::calls;
pub use linkerd_mesh::LinkerdMesh;
pub use questions::{Question, all_queries, queries};
