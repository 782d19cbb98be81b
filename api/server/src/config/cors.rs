//! `backend.cors`.

use callboard_http::{Cors, CorsCredentials, CorsOptions};

use super::{check::Findings, error::Problem, section::Section};

/// The rules for pages of other origins; `None` = they may not call.
pub(super) fn read(backend: &Section<'_>, findings: &mut Findings) -> Option<Cors> {
    let section = backend.at("cors");
    let node = section.node().filter(|node| node.flag().is_none())?;
    let options = CorsOptions {
        origins: section.texts("origin").unwrap_or_default(),
        methods: section.texts("methods"),
        allowed_headers: section.texts("allowedHeaders"),
        exposed_headers: section.texts("exposedHeaders").unwrap_or_default(),
        credentials: match section.flag("credentials") {
            Some(true) => CorsCredentials::Allowed,
            _ => CorsCredentials::Omitted,
        },
        max_age: section
            .number("maxAge")
            .and_then(|seconds| std::time::Duration::try_from_secs_f64(seconds).ok()),
    };
    match Cors::new(&options) {
        Ok(cors) => Some(cors),
        Err(error) => {
            let expected = format!("rules that can be used: {error}");
            findings.problems.push(Problem::new(section.path(), node, expected));
            None
        }
    }
}
