//! The estate behind the permission policy.

use std::sync::{Arc, Mutex, PoisonError};

use callboard_auth::{AuthorizedEntitiesCatalog, Caller, Decision, Permission, PermissionPolicy};
use callboard_catalog::{query::ReadCondition, store::Revision};
use tokio::sync::watch;

use crate::{
    estate::{EstatePicture, SharedEstate},
    reader::TopologyReader,
    visibility::{Right, Visibility},
};

/// How many pictures of callers who may not see everything are kept.
const MAX_PICTURES: usize = 32;

/// What decides which picture a caller sees.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Key {
    condition: ReadCondition,
    unknown_workloads: Right,
    clusters: Right,
    catalog_revision: Revision,
    estate_revision: u64,
}

/// A picture and for whom it is.
type Kept = (Key, Arc<EstatePicture>);

/// The only way from a transport to the estate: what may not be read does not exist in any of its
/// answers. A workload is read with its entity; clusters and workloads without an entity need
/// permissions of their own. Who may read everything shares one picture.
#[derive(Debug, Clone)]
pub struct AuthorizedTopology {
    estate: Arc<SharedEstate>,
    catalog: AuthorizedEntitiesCatalog,
    policy: Arc<dyn PermissionPolicy>,
    pictures: Arc<Mutex<Vec<Kept>>>,
}

impl AuthorizedTopology {
    /// `estate` as `policy` lets callers see it, joined to what they see of `catalog`.
    pub fn new(
        estate: Arc<SharedEstate>,
        catalog: AuthorizedEntitiesCatalog,
        policy: Arc<dyn PermissionPolicy>,
    ) -> Self {
        Self { estate, catalog, policy, pictures: Arc::default() }
    }

    /// A reader of the newest picture, confined to what `caller` may see.
    pub fn reader(&self, caller: &Caller) -> TopologyReader {
        let newest = self.estate.newest();
        let condition = self.catalog.condition(caller);
        let unknown_workloads = self.right(caller, Permission::KubernetesResourcesRead);
        let clusters = self.right(caller, Permission::KubernetesClustersRead);
        let rights = [unknown_workloads, clusters];
        if condition == ReadCondition::Everything && rights == [Right::Granted; 2] {
            return TopologyReader::new(newest);
        }
        let reader = Box::new(self.catalog.reader(caller));
        let key = Key {
            condition,
            unknown_workloads,
            clusters,
            catalog_revision: reader.revision(),
            estate_revision: newest.revision(),
        };
        if let Some(known) = self.known(&key) {
            return TopologyReader::new(known);
        }
        let visibility = Visibility::Confined { reader, unknown_workloads, clusters };
        let picture = EstatePicture::new(Arc::clone(newest.inputs()), visibility, None);
        TopologyReader::new(self.keep(key, Arc::new(picture)))
    }

    /// Tells of every new picture by its revision, after readers see it.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.estate.changes()
    }

    /// A condition on entities says nothing of what is no entity: that is a refusal.
    fn right(&self, caller: &Caller, permission: Permission) -> Right {
        match self.policy.decide(caller, permission) {
            Decision::Allow => Right::Granted,
            Decision::Deny | Decision::Conditional(_) => Right::Refused,
        }
    }

    fn known(&self, key: &Key) -> Option<Arc<EstatePicture>> {
        let pictures = self.pictures.lock().unwrap_or_else(PoisonError::into_inner);
        pictures.iter().find(|(known, _)| known == key).map(|(_, picture)| Arc::clone(picture))
    }

    /// Keeps a picture as long as the estate is the same; who was first wins.
    fn keep(&self, key: Key, picture: Arc<EstatePicture>) -> Arc<EstatePicture> {
        let mut pictures = self.pictures.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, known)) = pictures.iter().find(|(known, _)| *known == key) {
            return Arc::clone(known);
        }
        let (estate, catalog) = (key.estate_revision, key.catalog_revision);
        pictures.retain(|(known, _)| {
            known.estate_revision >= estate && known.catalog_revision >= catalog
        });
        if pictures.len() >= MAX_PICTURES {
            pictures.remove(0);
        }
        pictures.push((key, Arc::clone(&picture)));
        picture
    }
}
