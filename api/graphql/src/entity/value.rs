//! Small values that entities hold.

use async_graphql::{Enum, SimpleObject};
use serde::Deserialize;

use super::document::{field, parsed};

/// A label: a short value by which entities are grouped and selected.
#[derive(Debug, SimpleObject)]
pub(crate) struct Label {
    /// The key, such as `example.com/tier`.
    pub(crate) key: String,
    /// The value.
    pub(crate) value: String,
}

/// An annotation: a value that ties the entity to another system.
#[derive(Debug, SimpleObject)]
pub(crate) struct Annotation {
    /// The key, such as `backstage.io/source-location`.
    pub(crate) key: String,
    /// The value.
    pub(crate) value: String,
}

/// A link that the descriptor gives.
#[derive(Debug, SimpleObject, Deserialize)]
pub(crate) struct Link {
    /// Where it leads: always `http`, `https` or `mailto`. Links with another scheme are left out.
    pub(crate) url: String,
    /// What to show; the URL, if it is absent.
    pub(crate) title: Option<String>,
    /// The key of an icon.
    pub(crate) icon: Option<String>,
    /// The kind of link, for grouping.
    #[serde(rename = "type")]
    pub(crate) r#type: Option<String>,
}

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub(crate) enum ProblemLevel {
    /// Something does not work.
    Error,
    /// Something may not work.
    Warning,
    /// Something is worth knowing.
    Info,
}

/// A problem with an entity that its owner should know of.
#[derive(Debug, SimpleObject)]
pub(crate) struct EntityProblem {
    /// Where it comes from, such as `backstage.io/catalog-processing`.
    pub(crate) r#type: String,
    /// How bad it is.
    pub(crate) level: ProblemLevel,
    /// What is wrong, for people.
    pub(crate) message: String,
}

#[derive(Deserialize)]
struct StatusItem {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    level: String,
    #[serde(default)]
    message: String,
}

/// The problems in `status.items` of an entity's JSON text.
pub(crate) fn problems(json: &[u8]) -> Vec<EntityProblem> {
    let items = field(json, "status").and_then(|status| field(status, "items"));
    let items: Vec<StatusItem> = items.and_then(parsed).unwrap_or_default();
    items
        .into_iter()
        .map(|item| EntityProblem {
            r#type: item.kind,
            level: match item.level.as_str() {
                "info" => ProblemLevel::Info,
                "warning" => ProblemLevel::Warning,
                _ => ProblemLevel::Error,
            },
            message: item.message,
        })
        .collect()
}

/// Whether a URL may be followed from a page: no script, no data, no file.
pub(crate) fn is_safe_link(url: &str) -> bool {
    is_web_url(url) || has_scheme(url, "mailto:")
}

/// Whether it is an `http` or `https` URL.
pub(crate) fn is_web_url(url: &str) -> bool {
    has_scheme(url, "https://") || has_scheme(url, "http://")
}

fn has_scheme(url: &str, scheme: &str) -> bool {
    let is_clean = !url.chars().any(|character| character.is_control() || character == ' ');
    is_clean && url.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_links_that_run_nothing_are_safe() {
        for url in ["https://x.example", "HTTP://x", "mailto:a@b.example"] {
            assert!(is_safe_link(url), "{url}");
        }
        for url in [
            "javascript:alert(1)",
            "java\tscript:alert(1)",
            " javascript:x",
            "data:text/html,x",
            "vbscript:x",
            "file:///etc/passwd",
            "//x.example",
            "\u{1}https://x",
            "https:evil",
            "",
        ] {
            assert!(!is_safe_link(url), "{url:?}");
        }
    }
}
