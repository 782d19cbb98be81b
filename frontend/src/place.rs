//! Where clusters stand and what tells of them, in words.

use serde::{Deserialize, Serialize};

/// Whose machines a cluster runs on, as the schema names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Cloud {
    Aws,
    Azure,
    Gcp,
    Other,
    #[serde(other)]
    Unknown,
}

impl Cloud {
    /// Those that can be asked for.
    pub(crate) const ALL: [Self; 4] = [Self::Aws, Self::Azure, Self::Gcp, Self::Other];

    /// The name on the page.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Aws => "AWS",
            Self::Azure => "Azure",
            Self::Gcp => "Google Cloud",
            Self::Other => "Other",
            Self::Unknown => "not known",
        }
    }

    /// The value in the URL, as in the configuration.
    pub(crate) const fn parameter(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::Azure => "azure",
            Self::Gcp => "gcp",
            Self::Other => "other",
            Self::Unknown => "unknown",
        }
    }

    /// Whether nothing tells.
    pub(crate) fn is_unknown(self) -> bool {
        self == Self::Unknown
    }
}

/// What sort of source tells of a cluster, as the schema names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum ClusterSourceKind {
    Kubernetes,
    Prometheus,
    #[serde(other)]
    Other,
}

impl ClusterSourceKind {
    /// The name on the page.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Kubernetes => "Kubernetes",
            Self::Prometheus => "Prometheus",
            Self::Other => "Another source",
        }
    }
}
