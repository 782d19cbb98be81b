//! Topologies that were built, each once.

use std::sync::{Arc, OnceLock};

use callboard_plugin::MetricsWindow;

use crate::topology::{Topology, TopologyEdge, TopologyGrouping};

const GROUPINGS: usize = TopologyGrouping::ALL.len();

type Built = Arc<[OnceLock<Arc<Topology>>; GROUPINGS]>;
type United = Arc<[OnceLock<Arc<[Arc<TopologyEdge>]>>; GROUPINGS]>;

/// Of each window: two numbers, of which one grows when its topologies may be others.
type Generations = [(u64, u64); 3];

/// The topologies of one picture, by window and grouping. Those of the picture before are shared
/// as long as they are the same.
#[derive(Debug)]
pub(super) struct TopologyCaches {
    generations: Generations,
    built: [Built; 3],
    united: United,
}

impl TopologyCaches {
    /// Empty where the generation of a window is another than in `previous`.
    pub(super) fn new(generations: Generations, previous: Option<&Self>) -> Self {
        let shared = |window: MetricsWindow| {
            let previous = previous?;
            let at = window.index();
            let is_same = previous.generations.get(at) == generations.get(at);
            is_same.then(|| previous.built.get(at).map(Arc::clone)).flatten()
        };
        let is_all_same = previous.filter(|previous| previous.generations == generations);
        Self {
            generations,
            built: MetricsWindow::ALL.map(|window| shared(window).unwrap_or_default()),
            united: is_all_same.map(|previous| Arc::clone(&previous.united)).unwrap_or_default(),
        }
    }

    /// The topology, built if this is the first time that it is asked for.
    pub(super) fn get_or_build(
        &self,
        window: MetricsWindow,
        grouping: TopologyGrouping,
        build: impl FnOnce() -> Topology,
    ) -> Arc<Topology> {
        let of_window = self.built.get(window.index());
        match of_window.and_then(|of_window| of_window.get(grouping.index())) {
            Some(known) => Arc::clone(known.get_or_init(|| Arc::new(build()))),
            None => Arc::new(build()),
        }
    }

    /// The edges of all windows together.
    pub(super) fn get_or_unite(
        &self,
        grouping: TopologyGrouping,
        unite: impl FnOnce() -> Arc<[Arc<TopologyEdge>]>,
    ) -> Arc<[Arc<TopologyEdge>]> {
        match self.united.get(grouping.index()) {
            Some(known) => Arc::clone(known.get_or_init(unite)),
            None => unite(),
        }
    }
}
