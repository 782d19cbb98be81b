//! Who answers for a workload, by its labels.

use std::sync::Arc;

use callboard_model::EntityRef;
use callboard_plugin::LabelMap;

use crate::catalog_facts::CatalogFacts;

/// Keys of labels that name a squad, by what follows their prefix; the strongest first.
const KEYS: [&str; 3] = ["squad", "team", "owner"];

/// Who answers for a workload.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Squad {
    /// What it is called: the value of the label, or the name of the entity.
    pub name: Arc<str>,
    /// The Group or User; `None` if the name is that of no Group.
    pub entity: Option<EntityRef>,
}

impl Squad {
    /// The squad that an entity is.
    pub(crate) fn of(entity_ref: &EntityRef) -> Self {
        Self { name: entity_ref.name().into(), entity: Some(entity_ref.clone()) }
    }

    /// Whether `text` is its name or its ref, without regard to case.
    pub fn is_called(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        let is_entity = |entity: &EntityRef| entity.as_str() == text || entity.name() == text;
        self.name.to_lowercase() == text || self.entity.as_ref().is_some_and(is_entity)
    }
}

/// The squad that labels name; of several maps the first that names one. Keys are `squad`, `team`
/// and `owner`, alone or after any prefix, such as `app.kubernetes.io/team`.
pub(crate) fn squad_of_labels(facts: &CatalogFacts, maps: &[&LabelMap]) -> Option<Squad> {
    let value = maps.iter().find_map(|labels| {
        KEYS.iter().find_map(|wanted| {
            let alone = labels.get(*wanted);
            let prefixed = || {
                let is_meant = |key: &str| key.rsplit_once('/').is_some_and(|(_, k)| k == *wanted);
                labels.iter().find(|(key, _)| is_meant(key)).map(|(_, value)| value)
            };
            alone.or_else(prefixed).filter(|value| !value.is_empty())
        })
    })?;
    let groups = facts.groups(&value.to_lowercase());
    let entity = groups.iter().find(|group| group.namespace() == "default");
    Some(Squad { name: Arc::clone(value), entity: entity.or_else(|| groups.first()).cloned() })
}
