//! `catalog`.

use std::time::Duration;

use super::{
    check::Findings,
    error::Problem,
    node::{Node, Value},
    section::Section,
};

/// The interval of upstream: between 100 and 150 seconds.
const DEFAULT_PROCESSING_INTERVAL: Duration = Duration::from_secs(100);

/// `catalog`.
#[derive(Debug, Clone)]
pub(crate) struct CatalogConfig {
    /// Which kinds locations may hold. Never empty unless so configured.
    pub(crate) rules: Vec<CatalogRuleConfig>,
    /// The locations that are always there.
    pub(crate) locations: Vec<LocationConfig>,
    /// What becomes of entities that nothing emits any more.
    pub(crate) orphan_strategy: OrphanStrategy,
    /// How often remote descriptors are read again; `None` = never.
    pub(crate) processing_interval: Option<Duration>,
}

/// What becomes of an orphan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum OrphanStrategy {
    /// It is deleted.
    #[default]
    Delete,
    /// It stays, annotated.
    Keep,
}

/// One rule: these kinds, for these locations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CatalogRuleConfig {
    /// The kinds that are allowed.
    pub(crate) allow: Vec<AllowedKind>,
    /// The locations that it is for; `None` = all.
    pub(crate) locations: Option<Vec<LocationMatcher>>,
}

/// A kind, perhaps of one type only. Compared without case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AllowedKind {
    /// The kind.
    pub(crate) kind: String,
    /// `spec.type`, if only that.
    pub(crate) spec_type: Option<String>,
}

/// Which locations a rule is for: all that are given must hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct LocationMatcher {
    /// The type, such as `url`.
    pub(crate) kind: Option<String>,
    /// The very target.
    pub(crate) exact: Option<String>,
    /// A glob of targets (minimatch: without case, dots match).
    pub(crate) pattern: Option<String>,
}

/// A location of the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LocationConfig {
    /// `file` or `url`.
    pub(crate) kind: String,
    /// An absolute path, perhaps a glob, or a URL.
    pub(crate) target: String,
    /// Rules of its own, instead of those of the catalog.
    pub(crate) rules: Vec<CatalogRuleConfig>,
}

impl CatalogConfig {
    pub(super) fn read(root: &Section<'_>, findings: &mut Findings) -> Self {
        let catalog = root.at("catalog");
        let interval = catalog.at("processingInterval");
        let is_disabled = interval.node().and_then(Node::flag) == Some(false);
        let interval =
            catalog.duration("processingInterval").unwrap_or(DEFAULT_PROCESSING_INTERVAL);
        Self {
            rules: match catalog.at("rules").node() {
                Some(_) => rules(&catalog, findings),
                None => vec![default_rule()],
            },
            locations: catalog
                .items("locations")
                .iter()
                .filter_map(|location| LocationConfig::read(location, findings))
                .collect(),
            orphan_strategy: strategy(&catalog, "orphanStrategy"),
            processing_interval: (!is_disabled).then_some(interval),
        }
    }
}

fn default_rule() -> CatalogRuleConfig {
    let allow = ["Component", "API", "Location"]
        .map(|kind| AllowedKind { kind: kind.to_owned(), spec_type: None });
    CatalogRuleConfig { allow: allow.to_vec(), locations: None }
}

fn strategy(catalog: &Section<'_>, key: &str) -> OrphanStrategy {
    match catalog.text(key) {
        Some("keep") => OrphanStrategy::Keep,
        _ => OrphanStrategy::Delete,
    }
}

fn rules(owner: &Section<'_>, findings: &mut Findings) -> Vec<CatalogRuleConfig> {
    let mut rules = Vec::new();
    for rule in owner.items("rules") {
        let Some(allow) = rule.at("allow").node() else {
            let path = format!("{}.allow", rule.path());
            findings
                .problems
                .extend(rule.node().map(|node| Problem::missing(&path, node, "a list of kinds")));
            continue;
        };
        let matchers = rule.items("locations");
        let locations = rule
            .at("locations")
            .node()
            .map(|_| matchers.iter().map(|matcher| location_matcher(matcher, findings)).collect());
        let allow = allow.items().iter().filter_map(allowed_kind).collect();
        rules.push(CatalogRuleConfig { allow, locations });
    }
    rules
}

fn allowed_kind(node: &Node) -> Option<AllowedKind> {
    let text = |key: &str| node.get(key).and_then(Node::text).map(str::to_owned);
    match &node.value {
        Value::Text(kind) => Some(AllowedKind { kind: kind.clone(), spec_type: None }),
        _ => Some(AllowedKind { kind: text("kind")?, spec_type: text("spec.type") }),
    }
}

fn location_matcher(section: &Section<'_>, findings: &mut Findings) -> LocationMatcher {
    let text = |key: &str| section.text(key).map(str::to_owned);
    let matcher =
        LocationMatcher { kind: text("type"), exact: text("exact"), pattern: text("pattern") };
    if matcher.exact.is_some() && matcher.pattern.is_some() {
        let expected = "either exact or pattern, not both";
        let problem = section.node().map(|node| Problem::new(section.path(), node, expected));
        findings.problems.extend(problem);
    }
    matcher
}

impl LocationConfig {
    fn read(section: &Section<'_>, findings: &mut Findings) -> Option<Self> {
        let node = section.node()?;
        let mut required = |key: &str, expected: &str| {
            let text = section.text(key);
            if text.is_none() && section.at(key).node().is_none() {
                let path = format!("{}.{key}", section.path());
                findings.problems.push(Problem::missing(&path, node, expected));
            }
            text
        };
        let kind = required("type", "file or url");
        let target = required("target", "a path, a glob or a URL");
        let (kind, target) = (kind?, target?);
        let target = match kind {
            "file" => absolute(&section.file("target")?),
            _ => target.to_owned(),
        };
        Some(Self { kind: kind.to_owned(), target, rules: rules(section, findings) })
    }
}

/// `path` from the root on, `.` and `..` resolved by name alone, so that globs survive.
fn absolute(path: &std::path::Path) -> String {
    use std::path::{Component, PathBuf};
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let mut clean = PathBuf::new();
    for component in whole.components() {
        match component {
            Component::ParentDir => {
                clean.pop();
            }
            Component::CurDir => {}
            component => clean.push(component),
        }
    }
    clean.to_string_lossy().into_owned()
}
