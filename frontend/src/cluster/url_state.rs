//! The state of a cluster's page in its URL: `namespace`, `health` and `text` say which workloads
//! are meant, `after` which page of them.

use url::form_urlencoded;

use crate::{running::Health, standing::cluster_path};

/// Everything that the URL says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct ClusterUrl {
    pub(super) name: String,
    pub(super) namespace: String,
    pub(super) health: Option<Health>,
    pub(super) text: String,
    pub(super) after: Option<String>,
}

impl ClusterUrl {
    /// Reads the query string of the page of the cluster `name`. What is empty says nothing.
    pub(super) fn parse(name: &str, query: &str) -> Self {
        let mut url = Self { name: name.to_owned(), ..Self::default() };
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            let value = value.trim();
            match &*key {
                "namespace" => value.clone_into(&mut url.namespace),
                "text" => value.clone_into(&mut url.text),
                "health" => {
                    url.health = Health::ALL.into_iter().find(|one| one.parameter() == value);
                }
                "after" => url.after = Some(value.to_owned()).filter(|value| !value.is_empty()),
                _ => {}
            }
        }
        url
    }

    /// The address of this state.
    pub(super) fn url(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let health = self.health.map_or("", Health::parameter);
        let after = self.after.as_deref().unwrap_or_default();
        let parts = [
            ("namespace", self.namespace.as_str()),
            ("health", health),
            ("text", &self.text),
            ("after", after),
        ];
        for (name, value) in parts.into_iter().filter(|(_, value)| !value.is_empty()) {
            query.append_pair(name, value);
        }
        let (path, query) = (cluster_path(&self.name), query.finish());
        if query.is_empty() { path } else { format!("{path}?{query}") }
    }

    /// The address of another page of the same workloads.
    pub(super) fn url_after(&self, after: Option<String>) -> String {
        Self { after, ..self.clone() }.url()
    }

    /// The address with all workloads of a namespace.
    pub(super) fn url_of_namespace(&self, namespace: &str) -> String {
        Self { name: self.name.clone(), namespace: namespace.to_owned(), ..Self::default() }.url()
    }

    /// Whether some workloads are left out.
    pub(super) fn is_filtered(&self) -> bool {
        !self.namespace.is_empty() || !self.text.is_empty() || self.health.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_survives_its_own_address() {
        for query in ["", "namespace=a+b&health=failing&text=%26&after=c%3D", "health=nope"] {
            let url = ClusterUrl::parse("a b", query);
            let again = url.url();
            let (path, query) = again.split_once('?').unwrap_or((&again, ""));
            assert_eq!(path, "/clusters/a%20b");
            assert_eq!(ClusterUrl::parse("a b", query), url);
        }
    }
}
