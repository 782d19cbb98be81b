//! A problem as the owner of a descriptor sees it.

use serde::Deserialize;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    /// How bad it is.
    pub(crate) level: ProblemLevel,
    /// What is wrong, in the words of the API.
    pub(crate) message: String,
    /// Where in the catalog it comes from, such as `backstage.io/catalog-processing`.
    pub(crate) origin: String,
}

/// How bad a problem is, as the schema names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum ProblemLevel {
    Info,
    Warning,
    #[serde(other)]
    Error,
}

impl ProblemLevel {
    /// The word on the page.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Error => "Error",
            Self::Warning => "Warning",
            Self::Info => "Note",
        }
    }

    /// The class in the style sheet.
    pub(crate) const fn class(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_that_is_not_known_is_taken_for_the_worst() {
        let level = |name: &str| serde_json::from_str::<ProblemLevel>(name).unwrap().word();
        assert_eq!(
            [level("\"INFO\""), level("\"WARNING\""), level("\"NEW\"")],
            ["Note", "Warning", "Error"]
        );
    }
}
