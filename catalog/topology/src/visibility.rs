//! What one caller may see of the estate.

use callboard_catalog::index::CatalogReader;
use callboard_model::EntityRef;

use crate::{catalog_facts::CatalogFacts, placement::Claim, placement::Claimant};

/// Whether a right is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Right {
    /// It is.
    Granted,
    /// It is not.
    Refused,
}

/// What one caller may see. What may not be seen does not exist.
#[derive(Debug, Clone)]
pub(crate) enum Visibility {
    /// Everything.
    Everything,
    /// Some of it.
    Confined {
        /// What of the catalog.
        reader: Box<CatalogReader>,
        /// Workloads that belong to no entity.
        unknown_workloads: Right,
        /// Clusters.
        clusters: Right,
    },
}

/// What a workload is to a caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen<'c> {
    /// It does not exist.
    Hidden,
    /// It belongs to no entity.
    Unknown,
    /// It belongs to an entity: by the first claim that may be seen.
    Placed(&'c Claimant),
}

impl Visibility {
    /// Whether nothing is hidden.
    pub(crate) fn is_everything(&self) -> bool {
        matches!(self, Self::Everything)
    }

    /// Whether the clusters as such may be seen.
    pub(crate) fn clusters(&self) -> bool {
        match self {
            Self::Everything => true,
            Self::Confined { clusters, .. } => *clusters == Right::Granted,
        }
    }

    /// Whether an entity may be named: it may be read, or there is none of this ref.
    pub(crate) fn names(&self, facts: &CatalogFacts, entity_ref: &EntityRef) -> bool {
        match self {
            Self::Everything => true,
            Self::Confined { reader, .. } => {
                reader.entity(entity_ref).is_some() || !facts.exists(entity_ref)
            }
        }
    }

    /// Whether an entity is there and may be read.
    pub(crate) fn reads(&self, facts: &CatalogFacts, entity_ref: &EntityRef) -> bool {
        match self {
            Self::Everything => facts.exists(entity_ref),
            Self::Confined { reader, .. } => {
                facts.exists(entity_ref) && reader.entity(entity_ref).is_some()
            }
        }
    }

    /// What a workload with this claim is. Of several claimants those count that may be read; if
    /// none may, the workload does not exist.
    pub(crate) fn sees<'c>(&self, facts: &CatalogFacts, claim: &'c Claim) -> Seen<'c> {
        let mut readable = self.claimants(facts, claim);
        match readable.next() {
            Some(claimant) => Seen::Placed(claimant),
            None if claim.claimants.is_empty() && self.unknown_workloads() => Seen::Unknown,
            None => Seen::Hidden,
        }
    }

    /// The claimants that may be read, by ref.
    pub(crate) fn claimants<'c>(
        &self,
        facts: &CatalogFacts,
        claim: &'c Claim,
    ) -> impl Iterator<Item = &'c Claimant> {
        claim.claimants.iter().filter(|claimant| self.names(facts, &claimant.entity))
    }

    /// Whether workloads that belong to no entity may be seen.
    pub(crate) fn unknown_workloads(&self) -> bool {
        match self {
            Self::Everything => true,
            Self::Confined { unknown_workloads, .. } => *unknown_workloads == Right::Granted,
        }
    }
}
