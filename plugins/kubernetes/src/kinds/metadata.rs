//! What is read of every object's metadata.

use std::{sync::Arc, time::SystemTime};

use callboard_plugin::{LabelMap, WorkloadKey, WorkloadKind};
use serde::{Deserialize, de::IgnoredAny};

use crate::{
    bounded::{Annotations, Few, Labels, or_default},
    intern::Interner,
    object::Name,
};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Metadata {
    pub(super) name: String,
    #[serde(default)]
    pub(super) namespace: String,
    #[serde(default)]
    pub(super) labels: Labels,
    #[serde(default)]
    pub(super) annotations: Annotations,
    #[serde(default)]
    owner_references: Few<OwnerReference>,
    creation_timestamp: Option<String>,
    pub(super) deletion_timestamp: Option<IgnoredAny>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OwnerReference {
    #[serde(default)]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) name: String,
    #[serde(default, deserialize_with = "or_default")]
    controller: bool,
}

/// An object of which the metadata is all that is read.
#[derive(Debug, Deserialize)]
pub(super) struct MetadataOnly {
    pub(super) metadata: Metadata,
}

impl Metadata {
    pub(super) fn name(&self, interner: &mut Interner) -> Name {
        Name { namespace: interner.text(&self.namespace), name: self.name.as_str().into() }
    }

    pub(super) fn workload_key(&self, kind: WorkloadKind, interner: &mut Interner) -> WorkloadKey {
        let Name { namespace, name } = self.name(interner);
        WorkloadKey { namespace, kind, name }
    }

    pub(super) fn labels(&self, interner: &mut Interner) -> Arc<LabelMap> {
        interner.labels(self.labels.iter())
    }

    pub(super) fn annotations(&self, interner: &mut Interner) -> Arc<LabelMap> {
        interner.labels(self.annotations.0.iter())
    }

    /// The owner that controls it.
    pub(super) fn controller(&self) -> Option<&OwnerReference> {
        self.owner_references.0.iter().find(|owner| owner.controller)
    }

    /// The name of the owner that controls it, if that is of this kind.
    pub(super) fn controller_of_kind(&self, kind: &str) -> Option<&str> {
        self.controller().filter(|owner| owner.kind == kind).map(|owner| owner.name.as_str())
    }

    pub(super) fn created_at(&self) -> Option<SystemTime> {
        time(self.creation_timestamp.as_deref())
    }
}

/// A time as Kubernetes writes it.
pub(super) fn time(text: Option<&str>) -> Option<SystemTime> {
    chrono::DateTime::parse_from_rfc3339(text?).ok().map(SystemTime::from)
}
