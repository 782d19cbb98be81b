//! Which kinds of entities may come from which locations.
//!
//! Source: Backstage plugin-catalog-backend 4.0.0, `DefaultCatalogRulesEnforcer`.

use callboard_model::{Entity, LocationRef};
use globset::{GlobBuilder, GlobMatcher};

/// What a rule allows: every entity of a kind, or those of one `spec.type` of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Deserialize)]
#[serde(untagged)]
pub enum AllowedEntity {
    /// Every entity of the kind, whatever its case.
    Kind(String),
    /// Those whose `spec.type` is the given one, whatever its case.
    KindAndType {
        /// The kind.
        kind: String,
        /// The value of `spec.type`.
        #[serde(default, rename = "spec.type")]
        spec_type: Option<String>,
    },
}

/// Which locations a rule is for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RuleLocation {
    /// The type, such as `url` or `file`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The whole target.
    #[serde(default)]
    pub exact: Option<String>,
    /// A pattern of targets, such as `https://github.com/acme/*/blob/**`; case does not matter.
    #[serde(default)]
    pub pattern: Option<String>,
}

/// One entry of `catalog.rules`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CatalogRule {
    /// What it allows.
    pub allow: Vec<AllowedEntity>,
    /// Where from; every location if absent.
    #[serde(default)]
    pub locations: Option<Vec<RuleLocation>>,
}

/// A rule that cannot be used.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CatalogRuleError {
    /// Both ways to name a target.
    #[error("A catalog rule location cannot have both exact and pattern values")]
    ExactAndPattern,
    /// The pattern is not one.
    #[error("the pattern {pattern:?} of a catalog rule is not valid")]
    Pattern {
        /// What stands there.
        pattern: String,
        /// What is wrong with it.
        #[source]
        source: globset::Error,
    },
}

/// The rules of a catalog: an entity is let in if one rule allows it.
#[derive(Debug, Clone)]
pub struct CatalogRules {
    rules: Vec<(CatalogRule, Vec<Option<GlobMatcher>>)>,
    allows_all: bool,
}

impl Default for CatalogRules {
    /// Component, API and Location from everywhere, as Backstage does without configuration.
    fn default() -> Self {
        let kinds = ["Component", "API", "Location"];
        let allow = kinds.map(|kind| AllowedEntity::Kind(kind.to_owned())).to_vec();
        Self {
            rules: vec![(CatalogRule { allow, locations: None }, Vec::new())],
            allows_all: false,
        }
    }
}

impl CatalogRules {
    /// The rules of the configuration: those of `catalog.rules` (`None` if it is absent: then the
    /// default ones) and those of single entries of `catalog.locations`.
    ///
    /// # Errors
    ///
    /// [`CatalogRuleError`] for the first rule that cannot be used.
    pub fn new(
        global: Option<Vec<CatalogRule>>,
        of_locations: Vec<CatalogRule>,
    ) -> Result<Self, CatalogRuleError> {
        let mut all = match global {
            None => Self::default(),
            Some(rules) => {
                let rules = rules.into_iter().map(compile).collect::<Result<_, _>>()?;
                Self { rules, allows_all: false }
            }
        };
        for rule in of_locations {
            all.rules.push(compile(rule)?);
        }
        Ok(all)
    }

    /// No rule refuses anything: for validating files that are not in the catalog.
    pub fn allow_all() -> Self {
        Self { rules: Vec::new(), allows_all: true }
    }

    /// True if `entity` may come from `origin`, the location that was registered or configured.
    pub fn is_allowed(&self, entity: &Entity, origin: &LocationRef) -> bool {
        self.allows_all
            || self.rules.iter().any(|(rule, patterns)| {
                matches_location(rule, patterns, origin) && matches_entity(rule, entity)
            })
    }

    /// The rules as text, for telling two sets apart.
    pub(super) fn fingerprint(&self) -> String {
        let rules: Vec<_> = self.rules.iter().map(|(rule, _)| rule).collect();
        format!("{} {rules:?}", self.allows_all)
    }
}

fn compile(rule: CatalogRule) -> Result<(CatalogRule, Vec<Option<GlobMatcher>>), CatalogRuleError> {
    let mut patterns = Vec::new();
    for location in rule.locations.iter().flatten() {
        if location.exact.is_some() && location.pattern.is_some() {
            return Err(CatalogRuleError::ExactAndPattern);
        }
        patterns.push(location.pattern.as_deref().map(compile_pattern).transpose()?);
    }
    Ok((rule, patterns))
}

fn compile_pattern(pattern: &str) -> Result<GlobMatcher, CatalogRuleError> {
    let glob = GlobBuilder::new(pattern)
        .case_insensitive(true)
        .literal_separator(true)
        .build()
        .map_err(|source| CatalogRuleError::Pattern { pattern: pattern.to_owned(), source })?;
    Ok(glob.compile_matcher())
}

fn matches_location(
    rule: &CatalogRule,
    patterns: &[Option<GlobMatcher>],
    origin: &LocationRef,
) -> bool {
    let Some(locations) = &rule.locations else { return true };
    locations.iter().zip(patterns).any(|(location, pattern)| {
        let is_exact = |exact: &String| exact.is_empty() || *exact == origin.target;
        location.kind == origin.kind
            && location.exact.as_ref().is_none_or(is_exact)
            && pattern.as_ref().is_none_or(|pattern| pattern.is_match(&origin.target))
    })
}

fn matches_entity(rule: &CatalogRule, entity: &Entity) -> bool {
    let is_same = |left: &str, right: &str| left.to_lowercase() == right.to_lowercase();
    rule.allow.iter().any(|allowed| match allowed {
        AllowedEntity::Kind(kind) | AllowedEntity::KindAndType { kind, spec_type: None } => {
            is_same(kind, entity.kind())
        }
        AllowedEntity::KindAndType { kind, spec_type: Some(spec_type) } => {
            is_same(kind, entity.kind())
                && (spec_type.is_empty()
                    || entity.spec_text("type").is_some_and(|own| is_same(own, spec_type)))
        }
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rules(value: serde_json::Value) -> CatalogRules {
        CatalogRules::new(Some(serde_json::from_value(value).unwrap()), Vec::new()).unwrap()
    }

    fn entity(kind: &str, spec_type: &str) -> Entity {
        serde_json::from_value(json!({"kind": kind, "spec": {"type": spec_type}})).unwrap()
    }

    fn url(target: &str) -> LocationRef {
        LocationRef::new("url", target)
    }

    #[test]
    fn without_rules_people_and_templates_stay_out() {
        let rules = CatalogRules::default();
        for (kind, is_allowed) in [
            ("Component", true),
            ("component", true),
            ("API", true),
            ("Location", true),
            ("User", false),
            ("Group", false),
            ("Template", false),
            ("System", false),
        ] {
            assert_eq!(
                rules.is_allowed(&entity(kind, "x"), &url("https://h/x")),
                is_allowed,
                "{kind}"
            );
        }
    }

    #[test]
    fn a_rule_may_ask_for_a_type() {
        let rules = rules(json!([{"allow": [{"kind": "Resource", "spec.type": "Database"}]}]));
        assert!(rules.is_allowed(&entity("resource", "database"), &url("https://h/x")));
        assert!(!rules.is_allowed(&entity("Resource", "queue"), &url("https://h/x")));
    }

    #[test]
    fn a_rule_may_be_for_some_locations() {
        let rules = rules(json!([{
            "allow": ["Template"],
            "locations": [
                {"type": "url", "pattern": "https://github.com/Org/*/blob/**/template.yaml"},
                {"type": "file", "exact": "/srv/t.yaml"},
            ],
        }]));
        let template = entity("Template", "x");
        assert!(
            rules.is_allowed(&template, &url("https://github.com/org/r/blob/a/b/template.yaml"))
        );
        assert!(
            !rules.is_allowed(&template, &url("https://github.com/org/r/s/blob/a/template.yaml"))
        );
        assert!(!rules.is_allowed(&template, &url("/srv/t.yaml")));
        assert!(rules.is_allowed(&template, &LocationRef::new("file", "/srv/t.yaml")));
    }

    #[test]
    fn bad_rules_are_refused() {
        let both =
            json!([{"allow": ["A"], "locations": [{"type": "url", "exact": "a", "pattern": "b"}]}]);
        let both: Vec<CatalogRule> = serde_json::from_value(both).unwrap();
        assert!(matches!(
            CatalogRules::new(Some(both), Vec::new()),
            Err(CatalogRuleError::ExactAndPattern)
        ));
    }
}
