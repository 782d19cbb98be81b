//! `callboard`: what Backstage has no key for.

use std::time::Duration;

use callboard_model::{KindDefinition, KindModule, KindRegistry};
use url::Url;

use super::{
    check::Findings,
    error::Problem,
    listen::{Listen, problem},
    node::{Node, Value},
    section::Section,
    source::Surroundings,
    transform, yaml,
};

/// Where metrics are, unless configured.
const METRICS_PORT: u16 = 9464;

/// `callboard`.
#[derive(Debug, Clone)]
pub(crate) struct CallboardConfig {
    /// The organisation's own kinds.
    pub(crate) kinds: Vec<KindDefinition>,
    /// What else is known beside the built-in kinds.
    pub(crate) modules: Vec<KindModule>,
    /// Where Prometheus finds the metrics.
    pub(crate) metrics_listen: Listen,
    /// Who gets traces.
    pub(crate) traces: Option<TracesConfig>,
    /// Limits of reading.
    pub(crate) limits: LimitsConfig,
}

/// `callboard.traces`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TracesConfig {
    /// An OTLP endpoint that speaks HTTP.
    pub(crate) endpoint: Url,
    /// The part of requests that is traced, 0 to 1.
    pub(crate) sample_ratio: f64,
}

/// `callboard.limits`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LimitsConfig {
    /// How large a descriptor or an included file may be.
    pub(crate) file_size_bytes: u64,
    /// How long reading one URL may take.
    pub(crate) read_timeout: Duration,
    /// How many reads run at once.
    pub(crate) read_concurrency: usize,
}

impl CallboardConfig {
    pub(super) fn read(
        root: &Section<'_>,
        surroundings: &dyn Surroundings,
        findings: &mut Findings,
    ) -> Self {
        let callboard = root.at("callboard");
        let modules = modules(&callboard, findings);
        let kinds = kinds(&callboard, &modules, surroundings, findings);
        let metrics = callboard.at("metrics").at("listen");
        Self {
            kinds,
            modules,
            metrics_listen: Listen::read(&metrics, "127.0.0.1:9464", METRICS_PORT, findings),
            traces: traces(&callboard.at("traces"), findings),
            limits: LimitsConfig::read(&callboard.at("limits"), findings),
        }
    }
}

impl LimitsConfig {
    fn read(section: &Section<'_>, findings: &mut Findings) -> Self {
        let mut count = |key: &str, default: u64| match section.number(key) {
            None => default,
            Some(number) => match format!("{number}").parse() {
                Ok(count) if count > 0 => count,
                _ => {
                    let expected = "a whole number above 0";
                    findings.problems.extend(problem(&section.at(key), expected));
                    default
                }
            },
        };
        Self {
            file_size_bytes: count("fileBytes", 10 * 1024 * 1024),
            read_concurrency: usize::try_from(count("readConcurrency", 16)).unwrap_or(usize::MAX),
            read_timeout: section.duration("readTimeout").unwrap_or(Duration::from_secs(10)),
        }
    }
}

fn traces(section: &Section<'_>, findings: &mut Findings) -> Option<TracesConfig> {
    let endpoint = section.url("endpoint")?;
    let sample_ratio = section.number("sampleRatio").unwrap_or(1.0);
    if !(0.0..=1.0).contains(&sample_ratio) {
        let expected = "a number from 0 to 1";
        findings.problems.extend(problem(&section.at("sampleRatio"), expected));
    }
    Some(TracesConfig { endpoint, sample_ratio })
}

fn modules(callboard: &Section<'_>, findings: &mut Findings) -> Vec<KindModule> {
    let mut modules = Vec::new();
    for name in callboard.texts("modules").unwrap_or_default() {
        match name.as_str() {
            "scaffolder-entity-model" => modules.push(KindModule::Template),
            "ai-model" => modules.push(KindModule::AiModel),
            _ => {
                let expected = "scaffolder-entity-model or ai-model";
                findings.problems.extend(problem(&callboard.at("modules"), expected));
            }
        }
    }
    modules
}

fn kinds(
    callboard: &Section<'_>,
    modules: &[KindModule],
    surroundings: &dyn Surroundings,
    findings: &mut Findings,
) -> Vec<KindDefinition> {
    let mut kinds = Vec::new();
    for entry in callboard.items("kinds") {
        let Some(node) = entry.node() else { continue };
        let wrong =
            |reason: String| Problem { expected: reason, ..Problem::new(entry.path(), node, "") };
        let definition = definition(node, surroundings).and_then(|json| {
            serde_json::from_value::<KindDefinition>(json).map_err(|error| error.to_string())
        });
        match definition {
            Ok(definition) => {
                let with_this = kinds.iter().cloned().chain([definition.clone()]).collect();
                match KindRegistry::new(modules, with_this) {
                    Ok(_) => kinds.push(definition),
                    Err(error) => findings.problems.push(wrong(chain(&error))),
                }
            }
            Err(reason) => findings.problems.push(wrong(reason)),
        }
    }
    kinds
}

/// The entry as JSON: a schema that came as a text (`$file`) is read as JSON or YAML, single texts
/// where lists belong become lists.
fn definition(node: &Node, surroundings: &dyn Surroundings) -> Result<serde_json::Value, String> {
    let mut json = node.to_json();
    let Some(entry) = json.as_object_mut() else {
        return Err("an object".to_owned());
    };
    if let Some(schema) = node.get("schema")
        && let Value::Text(text) = &schema.value
    {
        let parsed = yaml::parse(&schema.place.file, text)
            .and_then(|node| transform::resolve(node, surroundings))
            .map_err(|error| format!("a JSON Schema: {error}"))?;
        let parsed = parsed.ok_or("a JSON Schema")?;
        entry.insert("schema".to_owned(), parsed.to_json());
    }
    if let Some(version @ serde_json::Value::String(_)) = entry.get("apiVersions").cloned() {
        entry.insert("apiVersions".to_owned(), vec![version].into());
    }
    Ok(json)
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = format!("a definition that can be used: {error}");
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}
