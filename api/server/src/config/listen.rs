//! Addresses to listen on.

use std::fmt;

use super::{check::Findings, error::Problem, node::Node, section::Section};

/// Where to listen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listen {
    /// The interface, a name or an address without brackets; `None` = all of them.
    pub(crate) host: Option<String>,
    /// The port; 0 picks a free one.
    pub(crate) port: u16,
}

impl fmt::Display for Listen {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.as_deref() {
            Some(host) if host.contains(':') => write!(formatter, "[{host}]:{}", self.port),
            Some(host) => write!(formatter, "{host}:{}", self.port),
            None => write!(formatter, ":{}", self.port),
        }
    }
}

impl Listen {
    /// `:7007`, `7007`, `host:7007`, `[::1]:7007` or `host`, as Backstage and `--listen` take it.
    /// `None` for anything else.
    pub(crate) fn parse(text: &str, default_port: u16) -> Option<Self> {
        let text = text.trim();
        if let Ok(port) = text.parse() {
            return Some(Self { host: None, port });
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !host.contains(':') || host.ends_with(']') => {
                (host, port.parse().ok()?)
            }
            _ => (text, default_port),
        };
        let host = match host.strip_prefix('[') {
            Some(address) => address.strip_suffix(']')?,
            None => host,
        };
        let is_host = host.chars().all(|c| c.is_ascii_alphanumeric() || ".-_:%".contains(c));
        is_host.then(|| Self { host: (!host.is_empty()).then(|| host.to_owned()), port })
    }

    /// `backend.listen`, in both of its forms.
    pub(super) fn read(
        section: &Section<'_>,
        default: &str,
        default_port: u16,
        findings: &mut Findings,
    ) -> Self {
        let fallback = Self { host: None, port: default_port };
        let number = section.node().and_then(Node::number).map(|number| number.to_string());
        if let Some(text) = section.node().and_then(Node::text).or(number.as_deref()) {
            return Self::parse(text, default_port).unwrap_or_else(|| {
                let expected = "an address such as ':7007' or '127.0.0.1:7007'";
                findings.problems.extend(problem(section, expected));
                fallback
            });
        }
        if section.node().is_none() {
            return Self::parse(default, default_port).unwrap_or(fallback);
        }
        let port = section.number("port").map_or(Some(default_port), port_number);
        if port.is_none() {
            findings.problems.extend(problem(&section.at("port"), "a port from 0 to 65535"));
        }
        Self { host: section.text("host").map(str::to_owned), port: port.unwrap_or(default_port) }
    }
}

/// `number` as a port.
pub(super) fn port_number(number: f64) -> Option<u16> {
    format!("{number}").parse().ok()
}

/// The problem of a value that is present.
pub(super) fn problem(section: &Section<'_>, expected: &str) -> Option<Problem> {
    section.node().map(|node| Problem::new(section.path(), node, expected))
}
