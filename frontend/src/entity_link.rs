//! How an entity is named on a page, and where its own page is.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Everything but what RFC 3986 calls unreserved.
pub(crate) const SEGMENT: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// An entity as other pages name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EntityLink {
    /// Its page; `None` = it is not in the catalog.
    pub(crate) path: Option<String>,
    /// What to show: the name for people, or the shortest form of the ref.
    pub(crate) text: String,
    /// The ref, for those who need to know exactly.
    pub(crate) entity_ref: String,
}

impl EntityLink {
    /// To an entity that is there. Without a name for people, `default_kind` is left out of the
    /// text.
    pub(crate) fn new(entity_ref: &str, name: Option<&str>, default_kind: &str) -> Self {
        let shown = name.map(str::trim).filter(|name| !name.is_empty());
        Self {
            path: Some(entity_path(entity_ref)),
            text: shown.map_or_else(|| short_ref(entity_ref, default_kind), str::to_owned),
            entity_ref: entity_ref.to_owned(),
        }
    }

    /// To an entity that something refers to, but that does not exist: nothing of its ref but the
    /// namespace `default` is left out.
    pub(crate) fn missing(entity_ref: &str) -> Self {
        Self { path: None, text: short_ref(entity_ref, ""), entity_ref: entity_ref.to_owned() }
    }
}

/// The path of an entity's page: `/catalog/<namespace>/<kind>/<name>`, Backstage's own.
pub(crate) fn entity_path(entity_ref: &str) -> String {
    let (kind, namespace, name) = parts(entity_ref);
    let segment = |text| utf8_percent_encode(text, SEGMENT);
    format!("/catalog/{}/{}/{}", segment(namespace), segment(kind), segment(name))
}

/// The ref without `default_kind` and without the namespace `default`. Source: Backstage
/// `humanizeEntityRef`.
pub(crate) fn short_ref(entity_ref: &str, default_kind: &str) -> String {
    let (kind, namespace, name) = parts(entity_ref);
    let kind = if kind.eq_ignore_ascii_case(default_kind) { "" } else { kind };
    let kind_end = if kind.is_empty() { "" } else { ":" };
    match namespace {
        "default" => format!("{kind}{kind_end}{name}"),
        namespace => format!("{kind}{kind_end}{namespace}/{name}"),
    }
}

/// Kind, namespace and name of a whole ref.
fn parts(entity_ref: &str) -> (&str, &str, &str) {
    let (kind, rest) = entity_ref.split_once(':').unwrap_or(("", entity_ref));
    let (namespace, name) = rest.split_once('/').unwrap_or(("default", rest));
    (kind, namespace, name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_holds_the_three_parts_and_nothing_else() {
        assert_eq!(entity_path("component:default/a.b_c"), "/catalog/default/component/a.b_c");
        assert_eq!(
            entity_path("component:default/\"><script>/../x?y#z"),
            "/catalog/default/component/%22%3E%3Cscript%3E%2F..%2Fx%3Fy%23z"
        );
    }

    #[test]
    fn a_ref_is_shown_without_what_goes_without_saying() {
        assert_eq!(short_ref("group:default/payments", "group"), "payments");
        assert_eq!(short_ref("user:default/anna", "group"), "user:anna");
        assert_eq!(short_ref("group:dk/payments", "group"), "dk/payments");
        assert_eq!(short_ref("user:dk/anna", "group"), "user:dk/anna");
    }
}
