//! How the answers of `callboard validate` are written.

use std::{fmt, io::Write};

use callboard_catalog::processing::validation::DocumentReport;
use miette::{Diagnostic, GraphicalReportHandler, LabeledSpan, Severity, SourceCode};
use serde_json::{Value, json};

use self::excerpt::Excerpt;
use super::ValidatedFile;

mod excerpt;

/// Text for people: what is wrong, and the line that is meant.
pub(super) fn human(files: &[ValidatedFile], output: &mut dyn Write) -> anyhow::Result<()> {
    let handler = GraphicalReportHandler::new();
    let (mut accepted, mut refused) = (0_usize, 0_usize);
    for file in files {
        for report in &file.reports {
            accepted += usize::from(report.accepted == Some(true));
            refused += usize::from(report.accepted == Some(false));
            for finding in findings(report, file) {
                let mut text = String::new();
                handler.render_report(&mut text, &finding)?;
                writeln!(output, "{text}")?;
            }
            for target in &report.unchecked {
                writeln!(
                    output,
                    "{}: not checked, outside of the repository: {target}",
                    file.name
                )?;
            }
        }
    }
    writeln!(output, "{accepted} accepted, {refused} refused")?;
    Ok(())
}

/// One finding in a file, for the renderer.
struct Finding {
    message: String,
    help: String,
    severity: Severity,
    excerpt: Excerpt,
}

fn findings(report: &DocumentReport, file: &ValidatedFile) -> Vec<Finding> {
    let what = report.entity_ref.as_deref().unwrap_or("this document");
    let error = report.error.iter().map(|error| (first_line(error), Severity::Error));
    let warnings = report.warnings.iter().map(|text| (text.clone(), Severity::Warning));
    let finding = |(message, severity)| Finding {
        message,
        help: format!("document {} of the file, {what}", report.doc),
        severity,
        excerpt: Excerpt::of(&file.name, &file.content, &report.place),
    };
    error.chain(warnings).map(finding).collect()
}

/// An error without the excerpt that stands below it.
fn first_line(error: &str) -> String {
    error.split(":\n\n").next().unwrap_or(error).to_owned()
}

impl fmt::Debug for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Finding {}

impl Diagnostic for Finding {
    fn severity(&self) -> Option<Severity> {
        Some(self.severity)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(&self.help))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.excerpt)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let label = LabeledSpan::new_with_span(None, self.excerpt.span());
        Some(Box::new(std::iter::once(label)))
    }
}

/// One JSON object per document.
pub(super) fn json(files: &[ValidatedFile], output: &mut dyn Write) -> anyhow::Result<()> {
    for report in files.iter().flat_map(|file| &file.reports) {
        serde_json::to_writer(&mut *output, report)?;
        writeln!(output)?;
    }
    Ok(())
}

/// Commands that make GitHub Actions show the findings beside the lines.
pub(super) fn github(files: &[ValidatedFile], output: &mut dyn Write) -> anyhow::Result<()> {
    for (file, report) in each(files) {
        let place = &report.place;
        let mut write = |command: &str, text: &str| {
            writeln!(
                output,
                "::{command} file={},line={},col={}::{}",
                escaped(file, true),
                place.line,
                place.column,
                escaped(text, false)
            )
        };
        if let Some(error) = &report.error {
            write("error", error)?;
        }
        for warning in &report.warnings {
            write("warning", warning)?;
        }
    }
    Ok(())
}

/// As the toolkit of GitHub Actions escapes it.
fn escaped(text: &str, is_property: bool) -> String {
    let escaped = text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    if is_property { escaped.replace(':', "%3A").replace(',', "%2C") } else { escaped }
}

/// One SARIF log with one run.
pub(super) fn sarif(files: &[ValidatedFile], output: &mut dyn Write) -> anyhow::Result<()> {
    let mut results = Vec::new();
    for (file, report) in each(files) {
        let errors =
            report.error.iter().map(|error| (report.stage.unwrap_or("error"), "error", error));
        let warnings = report.warnings.iter().map(|warning| ("warning", "warning", warning));
        for (rule, level, text) in errors.chain(warnings) {
            results.push(sarif_result(file, report, rule, level, text));
        }
    }
    let rules = [
        "parse",
        "envelope",
        "preprocess",
        "policy",
        "kind",
        "unknown-kind",
        "location",
        "postprocess",
        "warning",
    ];
    let rules: Vec<Value> = rules.iter().map(|rule| json!({"id": rule})).collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "callboard",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "results": results,
        }],
    });
    serde_json::to_writer_pretty(&mut *output, &log)?;
    writeln!(output)?;
    Ok(())
}

fn sarif_result(file: &str, report: &DocumentReport, rule: &str, level: &str, text: &str) -> Value {
    json!({
        "ruleId": rule,
        "level": level,
        "message": {"text": text},
        "locations": [{"physicalLocation": {
            "artifactLocation": {"uri": file},
            "region": {"startLine": report.place.line, "startColumn": report.place.column},
        }}],
    })
}

fn each(files: &[ValidatedFile]) -> impl Iterator<Item = (&str, &DocumentReport)> {
    files.iter().flat_map(|file| file.reports.iter().map(|report| (file.name.as_str(), report)))
}
