//! What waits to be processed, in order, each entity once.

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    sync::Arc,
    time::Instant,
};

use crate::refresh_graph::RefId;

/// Why an entity is processed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Task {
    /// Whatever it reads may have changed: if it has not, nothing is done.
    Reread,
    /// These files (as `type:target`) of what it reads have changed.
    Files(BTreeSet<Arc<str>>),
    /// It must be processed.
    Process,
}

impl Task {
    /// The task that does the work of both.
    pub(super) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Process, _) | (_, Self::Process) => Self::Process,
            (Self::Reread, _) | (_, Self::Reread) => Self::Reread,
            (Self::Files(mut files), Self::Files(others)) => {
                files.extend(others);
                Self::Files(files)
            }
        }
    }
}

/// First in, first out; an entity that waits already stays in its place and does more.
#[derive(Debug, Default)]
pub(super) struct Queue {
    order: VecDeque<RefId>,
    tasks: HashMap<RefId, (Task, Instant)>,
}

impl Queue {
    pub(super) fn push(&mut self, id: RefId, task: Task) {
        let task = if let Some((waiting, since)) = self.tasks.remove(&id) {
            (waiting.and(task), since)
        } else {
            self.order.push_back(id);
            (task, Instant::now())
        };
        self.tasks.insert(id, task);
    }

    /// The next one, and since when it has waited.
    pub(super) fn pop(&mut self) -> Option<(RefId, Task, Instant)> {
        let id = self.order.pop_front()?;
        let (task, since) = self.tasks.remove(&id)?;
        Some((id, task, since))
    }

    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.order.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use callboard_model::EntityRef;

    use super::*;
    use crate::refresh_graph::{Digest, Emitted, RefreshGraph};

    #[test]
    fn an_entity_that_waits_is_queued_once_and_does_the_work_of_both() {
        let mut graph = RefreshGraph::default();
        let emitted = Emitted {
            entity_ref: EntityRef::new("component", "default", "a"),
            new_id: "u".into(),
            location_key: None,
            unprocessed: "{}".into(),
            unprocessed_hash: Digest::of([]),
            processed: None,
        };
        graph.replace_roots(&"p".into(), vec![emitted]);
        let id = graph.take_staged().due[0];
        let mut queue = Queue::default();
        queue.push(id, Task::Files(["file:/a".into()].into()));
        queue.push(id, Task::Files(["file:/b".into(), "file:/a".into()].into()));
        assert_eq!(queue.len(), 1);
        let files = Task::Files(["file:/a".into(), "file:/b".into()].into());
        assert_eq!(queue.pop().map(|(id, task, _)| (id, task)), Some((id, files)));
        queue.push(id, Task::Reread);
        queue.push(id, Task::Process);
        assert_eq!(queue.pop().map(|(id, task, _)| (id, task)), Some((id, Task::Process)));
        assert!(queue.is_empty());
    }
}
