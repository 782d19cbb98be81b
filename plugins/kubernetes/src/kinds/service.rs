//! Services: what they select, and what they stand for in other clusters.

use callboard_plugin::{Service, ServiceKey};
use serde::Deserialize;

use super::{Lean, metadata::Metadata, mirror::mirrors};
use crate::{
    bounded::{Labels, or_default},
    intern::Interner,
    object::{Name, Object},
};

/// See the module.
pub(super) struct Services;

#[derive(Debug, Deserialize)]
pub(super) struct Wire {
    metadata: Metadata,
    #[serde(default, deserialize_with = "or_default")]
    spec: Spec,
}

#[derive(Debug, Default, Deserialize)]
struct Spec {
    #[serde(default)]
    selector: Labels,
}

impl Lean for Services {
    type Wire = Wire;

    fn object(wire: Wire, interner: &mut Interner) -> Option<Object> {
        let Name { namespace, name } = wire.metadata.name(interner);
        let key = ServiceKey { namespace, name };
        let mirrors = mirrors(&key, &wire.metadata.labels, &wire.metadata.annotations.0, interner);
        Some(Object::Service(Service {
            labels: wire.metadata.labels(interner),
            selector: interner.labels(wire.spec.selector.iter()),
            mirrors: mirrors.into(),
            key,
        }))
    }
}
