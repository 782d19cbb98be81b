//! What the schema says of calls, in words, shapes and classes.

use serde::{Deserialize, Serialize};

/// How calls to another cluster get there, as the schema names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum LinkMode {
    Gateway,
    Flat,
    #[serde(other)]
    Other,
}

impl LinkMode {
    /// In words.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Gateway => "through the gateway",
            Self::Flat => "from pod to pod",
            Self::Other => "in another way",
        }
    }
}

/// Whether calls are under mutual TLS, as the schema names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum TlsState {
    Secured,
    Mixed,
    Plaintext,
    #[serde(other)]
    Unknown,
}

impl TlsState {
    /// The word on the page.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Secured => "mTLS",
            Self::Mixed => "Partly plaintext",
            Self::Plaintext => "Plaintext",
            Self::Unknown => "TLS not known",
        }
    }

    /// The shape beside the word.
    pub(crate) const fn shape(self) -> &'static str {
        match self {
            Self::Secured => "●",
            Self::Mixed => "◆",
            Self::Plaintext => "▲",
            Self::Unknown => "?",
        }
    }

    /// Whether a part is secured.
    pub(crate) fn is_partial(self) -> bool {
        self == Self::Mixed
    }

    /// The class in the style sheet.
    pub(crate) const fn class(self) -> &'static str {
        match self {
            Self::Secured => "good",
            Self::Mixed => "warn",
            Self::Plaintext => "bad",
            Self::Unknown => "quiet",
        }
    }
}

/// Whether the catalog knows of a dependency, as the schema names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) enum Declared {
    #[serde(rename = "DECLARED")]
    Known,
    #[serde(rename = "UNDECLARED")]
    Missing,
    #[serde(other)]
    NotApplicable,
}

impl Declared {
    /// The word on the page.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Known => "declared",
            Self::Missing => "not declared",
            Self::NotApplicable => "cannot be declared",
        }
    }

    /// The class in the style sheet.
    pub(crate) const fn class(self) -> &'static str {
        match self {
            Self::Known => "",
            Self::Missing => "warn",
            Self::NotApplicable => "quiet",
        }
    }

    /// The shape before the word.
    pub(crate) const fn shape(self) -> &'static str {
        match self {
            Self::Missing => "◆ ",
            Self::Known | Self::NotApplicable => "",
        }
    }
}

/// What span metrics are over, as the schema names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
pub(crate) enum Window {
    #[default]
    M5,
    H1,
    H24,
}

impl Window {
    /// Every one.
    pub(crate) const ALL: [Self; 3] = [Self::M5, Self::H1, Self::H24];

    /// In words.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::M5 => "5 minutes",
            Self::H1 => "1 hour",
            Self::H24 => "24 hours",
        }
    }

    /// The value in the URL.
    pub(crate) const fn parameter(self) -> &'static str {
        match self {
            Self::M5 => "5m",
            Self::H1 => "1h",
            Self::H24 => "24h",
        }
    }

    /// The window of this name in the URL.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.parameter().eq_ignore_ascii_case(name))
    }
}

/// What a node is, as the schema names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum TopologyNodeKind {
    Workload,
    Component,
    System,
    Squad,
    Cluster,
    Cloud,
    External,
    Unresolved,
    #[serde(other)]
    Other,
}

impl TopologyNodeKind {
    /// The word on the page.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Workload => "workload",
            Self::Component => "component",
            Self::System => "system",
            Self::Squad => "squad",
            Self::Cluster => "cluster",
            Self::Cloud => "cloud",
            Self::External => "outside the mesh",
            Self::Unresolved => "not resolved",
            Self::Other => "something else",
        }
    }

    /// Whether it stands for what is no workload that is known.
    pub(crate) const fn is_foreign(self) -> bool {
        matches!(self, Self::External | Self::Unresolved)
    }
}
