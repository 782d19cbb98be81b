//! The state of the map in its URL: `scope` (`environment:production`, `cluster:aws-prod-1`,
//! `squad:group:default/pay`, …; or a parameter of that name), `group`, `window`, `lanes`, `view`,
//! `depth` around an entity, and `page` of the table.

use serde::Serialize;
use url::form_urlencoded;

use crate::{calls::Window, place::Cloud};

/// The path of the page.
const PATH: &str = "/mesh";

/// Which part of the estate is meant.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum Scope {
    #[default]
    Everything,
    Entity(String),
    System(String),
    Squad(String),
    Cluster(String),
    Environment(String),
    Cloud(Cloud),
}

impl Scope {
    /// The scope that a name and a value of the URL say; `None` for names that are none.
    fn named(name: &str, value: &str) -> Option<Self> {
        let whole = |kind: &str| {
            if value.contains(':') { value.to_owned() } else { format!("{kind}:{value}") }
        };
        Some(match name {
            "entity" => Self::Entity(whole("component")),
            "system" => Self::System(whole("system")),
            "squad" => Self::Squad(whole("group")),
            "cluster" => Self::Cluster(value.to_owned()),
            "environment" => Self::Environment(value.to_owned()),
            "cloud" => {
                let is_meant = |one: &Cloud| one.parameter().eq_ignore_ascii_case(value);
                Self::Cloud(Cloud::ALL.into_iter().find(is_meant)?)
            }
            _ => return None,
        })
    }

    /// The value of `scope` in the URL; empty for everything.
    pub(crate) fn parameter(&self) -> String {
        match self {
            Self::Everything => String::new(),
            Self::Entity(text) => format!("entity:{text}"),
            Self::System(text) => format!("system:{text}"),
            Self::Squad(text) => format!("squad:{text}"),
            Self::Cluster(text) => format!("cluster:{text}"),
            Self::Environment(text) => format!("environment:{text}"),
            Self::Cloud(cloud) => format!("cloud:{}", cloud.parameter()),
        }
    }
}

/// What the nodes are, as the schema names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum TopologyGrouping {
    Workload,
    #[default]
    Component,
    System,
    Squad,
    Cluster,
    Cloud,
}

impl TopologyGrouping {
    /// Every one.
    pub(crate) const ALL: [Self; 6] =
        [Self::Component, Self::System, Self::Squad, Self::Cluster, Self::Cloud, Self::Workload];

    /// The word on the page and in the URL.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Workload => "workload",
            Self::Component => "component",
            Self::System => "system",
            Self::Squad => "squad",
            Self::Cluster => "cluster",
            Self::Cloud => "cloud",
        }
    }

    /// What has fewer nodes.
    pub(super) const fn coarser(self) -> Option<Self> {
        match self {
            Self::Workload => Some(Self::Component),
            Self::Component => Some(Self::System),
            Self::System => Some(Self::Squad),
            Self::Squad => Some(Self::Cluster),
            Self::Cluster => Some(Self::Cloud),
            Self::Cloud => None,
        }
    }

    /// What the lanes are, if the URL does not say.
    pub(super) const fn lanes(self) -> Lanes {
        match self {
            Self::Component | Self::System => Lanes::Squad,
            Self::Workload => Lanes::Cluster,
            Self::Squad | Self::Cluster | Self::Cloud => Lanes::None,
        }
    }
}

/// What the lanes of the map are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lanes {
    Cluster,
    Squad,
    None,
}

impl Lanes {
    /// Every one.
    pub(super) const ALL: [Self; 3] = [Self::Cluster, Self::Squad, Self::None];

    /// The word on the page and in the URL.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Cluster => "cluster",
            Self::Squad => "squad",
            Self::None => "none",
        }
    }
}

/// The map or its twin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum View {
    #[default]
    Map,
    Table,
}

/// Everything that the URL says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MeshUrl {
    pub(crate) scope: Scope,
    /// How far around an entity.
    pub(crate) depth: i64,
    pub(crate) group: Option<TopologyGrouping>,
    pub(crate) window: Window,
    pub(crate) lanes: Option<Lanes>,
    pub(crate) view: View,
    /// The page of the table, from 1.
    pub(crate) page: usize,
}

impl Default for MeshUrl {
    fn default() -> Self {
        Self {
            scope: Scope::Everything,
            depth: 1,
            group: None,
            window: Window::default(),
            lanes: None,
            view: View::Map,
            page: 1,
        }
    }
}

impl MeshUrl {
    /// The map around an entity.
    pub(crate) fn around(entity_ref: &str, window: Window) -> Self {
        Self { scope: Scope::Entity(entity_ref.to_owned()), window, ..Self::default() }
    }

    /// Reads a query string. What is empty or not known says nothing.
    pub(crate) fn parse(query: &str) -> Self {
        let mut url = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let value = value.trim();
            if !value.is_empty() {
                url.take(&name, value);
            }
        }
        url
    }

    fn take(&mut self, name: &str, value: &str) {
        let is_named = |word: &str| word.eq_ignore_ascii_case(value);
        match name {
            "scope" => {
                let (name, value) = value.split_once(':').unwrap_or((value, ""));
                self.scope = Scope::named(name, value).unwrap_or_default();
            }
            "group" => {
                self.group = TopologyGrouping::ALL.into_iter().find(|one| is_named(one.word()));
            }
            "window" => self.window = Window::named(value).unwrap_or_default(),
            "lanes" => self.lanes = Lanes::ALL.into_iter().find(|one| is_named(one.word())),
            "view" if is_named("table") => self.view = View::Table,
            "depth" => self.depth = value.parse().unwrap_or(1).clamp(1, 10),
            "page" => self.page = value.parse().unwrap_or(1).max(1),
            name => {
                if let Some(scope) = Scope::named(name, value) {
                    self.scope = scope;
                }
            }
        }
    }

    /// The address of this state.
    pub(crate) fn url(&self) -> String {
        let depth = if self.depth == 1 { String::new() } else { self.depth.to_string() };
        let page = if self.page == 1 { String::new() } else { self.page.to_string() };
        let window = if self.window == Window::default() { "" } else { self.window.parameter() };
        let parts = [
            ("scope", self.scope.parameter()),
            ("depth", depth),
            ("group", self.group.map_or("", TopologyGrouping::word).to_owned()),
            ("window", window.to_owned()),
            ("lanes", self.lanes.map_or("", Lanes::word).to_owned()),
            ("view", if self.view == View::Table { "table" } else { "" }.to_owned()),
            ("page", page),
        ];
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in parts.iter().filter(|(_, value)| !value.is_empty()) {
            query.append_pair(name, value);
        }
        let query = query.finish();
        if query.is_empty() { PATH.to_owned() } else { format!("{PATH}?{query}") }
    }

    /// The same as the map, or as the table.
    pub(super) fn url_as(&self, view: View) -> String {
        Self { view, page: 1, ..self.clone() }.url()
    }

    /// Another page of the table.
    pub(super) fn url_of_page(&self, page: usize) -> String {
        Self { view: View::Table, page, ..self.clone() }.url()
    }

    /// The components of another part.
    pub(super) fn url_into(&self, scope: Scope) -> String {
        Self { scope, group: None, lanes: None, page: 1, ..self.clone() }.url()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_survives_its_own_address() {
        for query in [
            "",
            "scope=environment%3Aproduction&group=squad&window=1h&lanes=cluster",
            "cluster=aws-prod-1&view=table&page=3",
            "scope=squad:group:default/pay&depth=4",
            "cloud=AWS&lanes=none",
            "scope=nonsense&group=x&window=y&page=-1&depth=99",
        ] {
            let url = MeshUrl::parse(query);
            let again = url.url();
            let again = again.split_once('?').map_or("", |(_, query)| query);
            assert_eq!(MeshUrl::parse(again), url, "{query}");
        }
    }

    #[test]
    fn names_alone_are_refs_of_the_kind_that_is_meant() {
        let scope = |query| MeshUrl::parse(query).scope;
        assert_eq!(scope("squad=pay"), Scope::Squad("group:pay".to_owned()));
        assert_eq!(scope("scope=entity:pay"), Scope::Entity("component:pay".to_owned()));
        assert_eq!(scope("cloud=moon"), Scope::Everything);
    }

    #[test]
    fn what_is_too_much_gets_coarser_until_it_cannot() {
        let mut grouping = TopologyGrouping::Workload;
        let mut steps = 0;
        while let Some(coarser) = grouping.coarser() {
            (grouping, steps) = (coarser, steps + 1);
        }
        assert_eq!((grouping, steps), (TopologyGrouping::Cloud, 5));
    }
}
