//! Warnings, by name and by what they are about.

use std::{
    collections::{BTreeSet, HashMap},
    time::SystemTime,
};

use callboard_plugin::WarningEvent;

use crate::object::{About, Event, Name};

/// How many are kept; the oldest go first.
const MOST_WARNINGS: usize = 4000;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Warnings {
    events: HashMap<Name, Event>,
    about: HashMap<About, BTreeSet<Name>>,
    by_age: BTreeSet<(Option<SystemTime>, Name)>,
}

impl Warnings {
    /// Takes in an event; gives the one that it replaces, or that had to go for it.
    pub(super) fn insert(&mut self, event: Event) -> Option<Event> {
        let before = self.remove(&event.name);
        self.by_age.insert((event.warning.last_seen, event.name.clone()));
        self.about.entry(event.about.clone()).or_default().insert(event.name.clone());
        self.events.insert(event.name.clone(), event);
        if before.is_none() && self.events.len() > MOST_WARNINGS {
            let (_, oldest) = self.by_age.first().cloned()?;
            return self.remove(&oldest);
        }
        before
    }

    /// Lets an event go.
    pub(super) fn remove(&mut self, name: &Name) -> Option<Event> {
        let event = self.events.remove(name)?;
        self.by_age.remove(&(event.warning.last_seen, name.clone()));
        if let Some(names) = self.about.get_mut(&event.about) {
            names.remove(name);
            if names.is_empty() {
                self.about.remove(&event.about);
            }
        }
        Some(event)
    }

    /// The warnings about one object.
    pub(super) fn about(&self, about: &About) -> impl Iterator<Item = &WarningEvent> {
        let names = self.about.get(about).into_iter().flatten();
        names.filter_map(|name| self.events.get(name)).map(|event| &event.warning)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    pub(super) fn names(&self) -> Vec<Name> {
        self.events.keys().cloned().collect()
    }
}
