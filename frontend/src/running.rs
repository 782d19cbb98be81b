//! What runs: health, pods and images, as pages of clusters and of components show them.

use serde::{Deserialize, Serialize};

/// How something that runs is, as the schema names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Health {
    Healthy,
    Degraded,
    Failing,
    Stopped,
    #[serde(other)]
    Unknown,
}

impl Health {
    /// Every one, the worst first.
    pub(crate) const ALL: [Self; 5] =
        [Self::Failing, Self::Degraded, Self::Unknown, Self::Stopped, Self::Healthy];

    /// The word on the page and in the URL.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Healthy => "Healthy",
            Self::Degraded => "Degraded",
            Self::Failing => "Failing",
            Self::Stopped => "Stopped",
            Self::Unknown => "Not known",
        }
    }

    /// The value in the URL.
    pub(crate) const fn parameter(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::Failing => "failing",
            Self::Stopped => "stopped",
            Self::Unknown => "unknown",
        }
    }

    /// The shape beside the word.
    pub(crate) const fn shape(self) -> &'static str {
        match self {
            Self::Healthy => "●",
            Self::Degraded => "◆",
            Self::Failing => "▲",
            Self::Stopped => "■",
            Self::Unknown => "?",
        }
    }

    /// The class in the style sheet.
    pub(crate) const fn class(self) -> &'static str {
        match self {
            Self::Healthy => "good",
            Self::Degraded => "warn",
            Self::Failing => "bad",
            Self::Stopped | Self::Unknown => "quiet",
        }
    }
}

/// Whether a component that says that it runs is really gone, as the schema names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum MissingVerdict {
    Missing,
    #[serde(other)]
    Unknown,
}

/// The pods of a workload, counted.
#[derive(Debug)]
pub(crate) struct Pods {
    /// Such as `2 of 3`; `None` = neither is known.
    pub(crate) ready: Option<String>,
    pub(crate) restarts: Option<String>,
    /// Why containers wait, with how many pods.
    pub(crate) waiting: Vec<(String, i64)>,
}

impl Pods {
    /// Of numbers of which each may be unknown.
    pub(crate) fn new(
        ready: Option<i64>,
        desired: Option<i64>,
        restarts: Option<i64>,
        waiting: Vec<(String, i64)>,
    ) -> Self {
        let number = |number: Option<i64>| number.map_or_else(|| "?".to_owned(), |n| n.to_string());
        let is_known = ready.is_some() || desired.is_some();
        Self {
            ready: is_known.then(|| format!("{} of {}", number(ready), number(desired))),
            restarts: restarts.map(|count| count.to_string()),
            waiting,
        }
    }
}

/// The pods of a document's replicas.
macro_rules! pods {
    ($replicas:expr) => {{
        let replicas = $replicas;
        let waiting = replicas.waiting.into_iter().map(|one| (one.reason, one.pods)).collect();
        $crate::running::Pods::new(replicas.ready, replicas.desired, replicas.restarts, waiting)
    }};
}

/// An image as it is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ImageName {
    /// The last part of its name.
    pub(crate) short: String,
    /// The tag, or the beginning of the digest.
    pub(crate) version: Option<String>,
    /// Container, name, tag and digest.
    pub(crate) full: String,
}

impl ImageName {
    /// Of what is known of it.
    pub(crate) fn new(
        container: &str,
        name: &str,
        tag: Option<String>,
        digest: Option<&str>,
    ) -> Self {
        let tag_end = tag.as_ref().map(|tag| format!(":{tag}")).unwrap_or_default();
        let digest_end = digest.map(|digest| format!("@{digest}")).unwrap_or_default();
        Self {
            short: name.rsplit('/').next().unwrap_or(name).to_owned(),
            version: tag.or_else(|| digest.map(short_digest)),
            full: format!("{container}: {name}{tag_end}{digest_end}"),
        }
    }
}

/// The images of a document.
macro_rules! images {
    ($images:expr) => {
        $images
            .into_iter()
            .map(|one| {
                let digest = one.digest.as_deref();
                $crate::running::ImageName::new(&one.container, &one.name, one.tag, digest)
            })
            .collect::<Vec<_>>()
    };
}

pub(crate) use {images, pods};

/// As many characters of a digest as tell it from others.
pub(crate) fn short_digest(digest: &str) -> String {
    let hash = digest.split_once(':').map_or(digest, |(_, hash)| hash);
    hash.chars().take(12).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_of_pods_is_no_zero() {
        let ready = |ready, desired| Pods::new(ready, desired, None, Vec::new()).ready;
        assert_eq!(ready(Some(2), Some(3)).unwrap(), "2 of 3");
        assert_eq!(ready(None, Some(3)).unwrap(), "? of 3");
        assert_eq!(ready(None, None), None);
    }

    #[test]
    fn an_image_is_named_by_its_last_part_and_its_tag() {
        let digest = "sha256:0123456789abcdef";
        let image = ImageName::new("app", "ghcr.io/b/pay", Some("1.2".to_owned()), Some(digest));
        assert_eq!((image.short.as_str(), image.version.as_deref()), ("pay", Some("1.2")));
        assert_eq!(image.full, "app: ghcr.io/b/pay:1.2@sha256:0123456789abcdef");
        let image = ImageName::new("app", "pay", None, Some(digest));
        assert_eq!(image.version.as_deref(), Some("0123456789ab"));
    }
}
