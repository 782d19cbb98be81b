//! StatefulSets.

use callboard_plugin::WorkloadKind;

use super::{Lean, deployment::Wire};
use crate::{intern::Interner, object::Object};

/// See the module.
pub(super) struct StatefulSets;

impl Lean for StatefulSets {
    type Wire = Wire;

    fn object(wire: Wire, interner: &mut Interner) -> Option<Object> {
        Some(Object::Workload(wire.workload(WorkloadKind::StatefulSet, interner)))
    }
}
