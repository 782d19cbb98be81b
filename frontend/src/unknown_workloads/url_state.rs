//! The state of the page in its URL: `cluster`, `namespace` and `squad` say which workloads are
//! meant, `of=clusters` those that belong to the clusters themselves; `after` and `missingAfter`
//! say which page of each list.

use url::form_urlencoded;

/// The path of the page.
const PATH: &str = "/workloads/unknown";

/// Everything that the URL says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct UnknownUrl {
    pub(super) cluster: String,
    pub(super) namespace: String,
    pub(super) squad: String,
    /// Whether the workloads of the clusters themselves and of their mesh are meant.
    pub(super) is_system: bool,
    pub(super) after: Option<String>,
    pub(super) missing_after: Option<String>,
}

impl UnknownUrl {
    /// Reads a query string. What is empty says nothing.
    pub(super) fn parse(query: &str) -> Self {
        let mut url = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let value = value.trim();
            let some = || Some(value.to_owned()).filter(|value| !value.is_empty());
            match &*name {
                "cluster" => value.clone_into(&mut url.cluster),
                "namespace" => value.clone_into(&mut url.namespace),
                "squad" => value.clone_into(&mut url.squad),
                "of" => url.is_system = value == "clusters",
                "after" => url.after = some(),
                "missingAfter" => url.missing_after = some(),
                _ => {}
            }
        }
        url
    }

    /// The address of this state.
    pub(super) fn url(&self) -> String {
        let parts = [
            ("cluster", self.cluster.as_str()),
            ("namespace", &self.namespace),
            ("squad", &self.squad),
            ("of", if self.is_system { "clusters" } else { "" }),
            ("after", self.after.as_deref().unwrap_or_default()),
            ("missingAfter", self.missing_after.as_deref().unwrap_or_default()),
        ];
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in parts.into_iter().filter(|(_, value)| !value.is_empty()) {
            query.append_pair(name, value);
        }
        let query = query.finish();
        if query.is_empty() { PATH.to_owned() } else { format!("{PATH}?{query}") }
    }

    /// Another page of the workloads.
    pub(super) fn url_after(&self, after: Option<String>) -> String {
        Self { after, ..self.clone() }.url()
    }

    /// Another page of the missing components.
    pub(super) fn url_missing_after(&self, missing_after: Option<String>) -> String {
        Self { missing_after, ..self.clone() }.url()
    }

    /// The workloads of the clusters themselves, or those that are not.
    pub(super) fn url_of_others(&self) -> String {
        Self { is_system: !self.is_system, after: None, ..self.clone() }.url()
    }

    /// Whether some workloads are left out by the form.
    pub(super) fn is_filtered(&self) -> bool {
        [&self.cluster, &self.namespace, &self.squad].into_iter().any(|text| !text.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_survives_its_own_address() {
        for query in ["", "cluster=a&namespace=b+c&squad=%26&of=clusters&after=x&missingAfter=y"] {
            let url = UnknownUrl::parse(query);
            let again = url.url();
            let again = again.split_once('?').map_or("", |(_, query)| query);
            assert_eq!(UnknownUrl::parse(again), url);
        }
    }
}
