//! What the estate needs to know of the catalog: a few facts for each entity, kept up to date.

mod document;
mod ref_index;

use std::sync::Arc;

use callboard_catalog::{
    index::{CatalogReader, IndexedEntity, IndexedRelation},
    query::EntitiesQuery,
    store::Revision,
};
use callboard_model::{EntityRef, relation_type};

use self::ref_index::{Membership, RefIndex};
use crate::placement::{LabelSelector, SelectorError};

/// Kinds of which facts are kept even without annotations of Kubernetes.
const KINDS: [&str; 5] = ["component", "resource", "api", "system", "group"];

/// The type of APIs of events. Source: Backstage, well-known types of APIs.
const EVENT_API: &str = "asyncapi";

/// How the annotations begin that place an entity.
pub(crate) const KUBERNETES_ANNOTATION: &str = "backstage.io/kubernetes-";

/// The annotations that say where an entity runs. Empty ones count as absent, as upstream.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KubernetesAnnotations {
    /// `backstage.io/kubernetes-id`.
    pub id: Option<Arc<str>>,
    /// `backstage.io/kubernetes-label-selector` as it stands there.
    pub selector_text: Option<Arc<str>>,
    /// The same, read.
    pub selector: Option<Result<LabelSelector, SelectorError>>,
    /// `backstage.io/kubernetes-namespace`.
    pub namespace: Option<Arc<str>>,
    /// `backstage.io/kubernetes-cluster`.
    pub cluster: Option<Arc<str>>,
}

impl KubernetesAnnotations {
    /// The strongest annotation by which the entity says that it runs.
    pub fn says_by(&self) -> Option<&'static str> {
        if self.selector_text.is_some() {
            Some("backstage.io/kubernetes-label-selector")
        } else if self.id.is_some() {
            Some("backstage.io/kubernetes-id")
        } else if self.namespace.is_some() {
            Some("backstage.io/kubernetes-namespace")
        } else {
            self.cluster.is_some().then_some("backstage.io/kubernetes-cluster")
        }
    }

    /// Whether the entity may run in this namespace of this cluster.
    pub fn allows(&self, cluster: &str, namespace: &str) -> bool {
        self.cluster.as_deref().is_none_or(|only| only == cluster)
            && self.namespace.as_deref().is_none_or(|only| only == namespace)
    }
}

/// What is known of one entity.
#[derive(Debug, Clone)]
pub struct EntityFacts {
    /// The entity, shared with the index.
    pub entity: Arc<IndexedEntity>,
    /// `metadata.title`.
    pub title: Option<Arc<str>>,
    /// Where it says that it runs; `None` if it says nothing.
    pub kubernetes: Option<KubernetesAnnotations>,
    /// Its first owner.
    pub owner: Option<EntityRef>,
    /// The System that it is part of.
    pub system: Option<EntityRef>,
    /// Whether it is an API of events: these go by way of a broker, which hides from the mesh who
    /// hears whom.
    pub is_event_api: bool,
}

impl EntityFacts {
    /// The facts of an entity; `None` if nothing of it matters here.
    fn of(entity: &Arc<IndexedEntity>) -> Option<Self> {
        let is_known = KINDS.contains(&entity.entity_ref.kind());
        if !is_known {
            memchr::memmem::find(&entity.json, KUBERNETES_ANNOTATION.as_bytes())?;
        }
        let document = document::read(&entity.json);
        if !is_known && document.kubernetes.is_none() {
            return None;
        }
        let target = |kind: &str, of_kind: Option<&str>| {
            entity
                .relations
                .iter()
                .filter(|relation| &*relation.kind == kind)
                .map(|relation| &relation.target)
                .find(|target| of_kind.is_none_or(|kind| target.kind() == kind))
                .cloned()
        };
        Some(Self {
            title: document.title,
            kubernetes: document.kubernetes,
            is_event_api: entity.entity_ref.kind() == "api"
                && document.kind.is_some_and(|kind| kind.eq_ignore_ascii_case(EVENT_API)),
            owner: target(relation_type::OWNED_BY, None),
            system: target(relation_type::PART_OF, Some("system")),
            entity: Arc::clone(entity),
        })
    }

    /// The ref.
    pub fn entity_ref(&self) -> &EntityRef {
        &self.entity.entity_ref
    }

    /// The targets of its relations of one type, ordered.
    pub fn targets<'f>(&'f self, kind: &'f str) -> impl Iterator<Item = &'f EntityRef> {
        let is_meant = move |relation: &&IndexedRelation| &*relation.kind == kind;
        self.entity.relations.iter().filter(is_meant).map(|relation| &relation.target)
    }

    /// Its label selector, if it has one that can be read.
    pub(crate) fn selector(&self) -> Option<&LabelSelector> {
        self.kubernetes.as_ref()?.selector.as_ref()?.as_ref().ok()
    }

    /// Whether its selector alone decides what belongs to it.
    pub(crate) fn has_selector(&self) -> bool {
        self.kubernetes.as_ref().is_some_and(|found| found.selector_text.is_some())
    }

    fn says_the_same(&self, other: &Self) -> bool {
        self.title == other.title
            && self.kubernetes == other.kubernetes
            && self.is_event_api == other.is_event_api
            && self.entity.relations == other.entity.relations
    }
}

/// The facts of every entity that matters here. Cheap to clone; changes cost their own size.
#[derive(Debug, Clone, Default)]
pub struct CatalogFacts {
    revision: Revision,
    generation: u64,
    placement_generation: u64,
    existence_generation: u64,
    facts: imbl::HashMap<EntityRef, Arc<EntityFacts>>,
    others: imbl::HashMap<EntityRef, Arc<IndexedEntity>>,
    /// By `backstage.io/kubernetes-id`.
    ids: RefIndex<Arc<str>>,
    /// By a label that the selector demands.
    selectors: RefIndex<(Arc<str>, Arc<str>)>,
    /// With selectors that demand no label.
    loose_selectors: RefIndex<()>,
    /// Components and Resources by name.
    names: RefIndex<Arc<str>>,
    /// Groups by name.
    groups: RefIndex<Arc<str>>,
    /// Systems by name.
    systems: RefIndex<Arc<str>>,
    /// Components that say that they run.
    running: RefIndex<()>,
}

impl CatalogFacts {
    /// The facts of everything that `reader` shows.
    pub fn of(reader: &CatalogReader) -> Self {
        let mut facts = Self::default();
        facts.update_all(reader);
        facts
    }

    /// The catalog's revision.
    pub const fn revision(&self) -> Revision {
        self.revision
    }

    /// Grows when a fact changes.
    pub const fn generation(&self) -> u64 {
        self.generation
    }

    /// Grows when a fact changes by which workloads are placed.
    pub const fn placement_generation(&self) -> u64 {
        self.placement_generation
    }

    /// Grows when an entity comes or goes, of whichever kind.
    pub const fn existence_generation(&self) -> u64 {
        self.existence_generation
    }

    /// What is known of an entity; `None` if it does not exist or nothing of it matters here.
    pub fn get(&self, entity_ref: &EntityRef) -> Option<&Arc<EntityFacts>> {
        self.facts.get(entity_ref)
    }

    /// Whether there is such an entity.
    pub fn exists(&self, entity_ref: &EntityRef) -> bool {
        self.facts.contains_key(entity_ref) || self.others.contains_key(entity_ref)
    }

    /// Components that say that they run, ordered.
    pub(crate) fn running(&self) -> &[EntityRef] {
        self.running.get(&())
    }

    pub(crate) fn by_id(&self, id: &str) -> &[EntityRef] {
        self.ids.get(id)
    }

    pub(crate) fn by_name(&self, name: &str) -> &[EntityRef] {
        self.names.get(name)
    }

    pub(crate) fn groups(&self, name: &str) -> &[EntityRef] {
        self.groups.get(name)
    }

    pub(crate) fn systems(&self, name: &str) -> &[EntityRef] {
        self.systems.get(name)
    }

    pub(crate) fn by_required_label(&self, label: &(Arc<str>, Arc<str>)) -> &[EntityRef] {
        self.selectors.get(label)
    }

    pub(crate) fn with_loose_selector(&self) -> &[EntityRef] {
        self.loose_selectors.get(&())
    }

    /// Takes over what `reader` shows of these entities. The facts are then of its revision.
    pub fn update(&mut self, reader: &CatalogReader, entity_refs: &[EntityRef]) {
        for entity_ref in entity_refs {
            match reader.entity(entity_ref) {
                Some(entity) => self.put(&entity),
                None => self.remove(entity_ref),
            }
        }
        self.revision = reader.revision();
    }

    /// Takes over everything that `reader` shows. What did not change costs one comparison.
    pub fn update_all(&mut self, reader: &CatalogReader) {
        let page = reader.entities(&EntitiesQuery::default());
        let is_gone = |entity_ref: &&EntityRef| reader.entity(entity_ref).is_none();
        let known = self.facts.keys().chain(self.others.keys());
        let gone: Vec<EntityRef> = known.filter(is_gone).cloned().collect();
        for entity_ref in &gone {
            self.remove(entity_ref);
        }
        for entity in &page.items {
            self.put(entity);
        }
        self.revision = reader.revision();
    }

    fn put(&mut self, entity: &Arc<IndexedEntity>) {
        let entity_ref = &entity.entity_ref;
        let known = self.facts.get(entity_ref).map(|facts| &facts.entity);
        let known = known.or_else(|| self.others.get(entity_ref));
        if known.is_some_and(|known| Arc::ptr_eq(known, entity)) {
            return;
        }
        let is_new = known.is_none();
        let Some(facts) = EntityFacts::of(entity) else {
            if self.facts.contains_key(entity_ref) {
                self.remove(entity_ref);
            }
            self.others.insert(entity_ref.clone(), Arc::clone(entity));
            self.existence_generation += u64::from(is_new);
            return;
        };
        self.existence_generation += u64::from(is_new);
        self.others.remove(entity_ref);
        let facts = Arc::new(facts);
        let old = self.facts.insert(entity_ref.clone(), Arc::clone(&facts));
        if old.as_ref().is_some_and(|old| old.says_the_same(&facts)) {
            return;
        }
        self.generation += 1;
        let is_placed_alike = old.as_ref().is_some_and(|old| old.kubernetes == facts.kubernetes);
        if is_placed_alike {
            return;
        }
        self.placement_generation += 1;
        if let Some(old) = old {
            self.index(&old, Membership::Removed);
        }
        self.index(&facts, Membership::Added);
    }

    fn remove(&mut self, entity_ref: &EntityRef) {
        self.existence_generation += u64::from(self.exists(entity_ref));
        self.others.remove(entity_ref);
        if let Some(old) = self.facts.remove(entity_ref) {
            self.generation += 1;
            self.placement_generation += 1;
            self.index(&old, Membership::Removed);
        }
    }

    /// Adds the entity to every index where it belongs, or removes it there.
    fn index(&mut self, facts: &EntityFacts, membership: Membership) {
        let entity_ref = facts.entity_ref();
        let name: Arc<str> = entity_ref.name().into();
        match entity_ref.kind() {
            "component" | "resource" => self.names.set(name, entity_ref, membership),
            "group" => self.groups.set(name, entity_ref, membership),
            "system" => self.systems.set(name, entity_ref, membership),
            _ => {}
        }
        let Some(kubernetes) = &facts.kubernetes else { return };
        if entity_ref.kind() == "component" {
            self.running.set((), entity_ref, membership);
        }
        if let Some(selector) = facts.selector() {
            match selector.required_label() {
                Some((key, values)) => {
                    for value in values {
                        let label = (Arc::clone(key), Arc::clone(value));
                        self.selectors.set(label, entity_ref, membership);
                    }
                }
                None => self.loose_selectors.set((), entity_ref, membership),
            }
        } else if let Some(id) = &kubernetes.id
            && !facts.has_selector()
        {
            self.ids.set(Arc::clone(id), entity_ref, membership);
        }
    }
}
