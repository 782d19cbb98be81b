//! Which hosts the operator lets Callboard read: `backend.reading.allow` and the hosts of
//! `integrations`.

use std::ops::RangeInclusive;

use url::{Host, Url};

/// Which hosts a target names.
#[derive(Debug, Clone, PartialEq, Eq)]
enum HostPattern {
    /// This one, in the URL standard's normal form.
    Exact(Host),
    /// Every host below this suffix, such as `.example.com`; not `example.com` itself.
    Below(String),
}

/// Which ports a target names.
#[derive(Debug, Clone, PartialEq, Eq)]
enum PortPattern {
    /// That of the scheme.
    Default,
    /// One of these.
    Range(RangeInclusive<u16>),
}

/// One entry of the allow-list.
///
/// `host` is `example.com`, `*.example.com`, `example.com:8443` or `example.com:8000-9000`; without
/// a port, only the scheme's own is meant. `paths` are prefixes; none means all. Source: Backstage
/// `FetchUrlReader.ts`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedTarget {
    host: HostPattern,
    port: PortPattern,
    paths: Option<Vec<String>>,
}

/// Why an entry of the allow-list means nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AllowedTargetError {
    /// The host is not one.
    #[error("{host} is not a host such as example.com, *.example.com or example.com:8443")]
    Host {
        /// What was given.
        host: String,
    },
    /// The port is neither a number nor a range.
    #[error("{port} is not a port or a range such as 8000-9000")]
    Port {
        /// What was given.
        port: String,
    },
}

impl AllowedTarget {
    /// An entry of `backend.reading.allow`.
    ///
    /// # Errors
    ///
    /// [`AllowedTargetError`] if `host` is not of a form above.
    pub fn new(host: &str, paths: Option<Vec<String>>) -> Result<Self, AllowedTargetError> {
        let (name, port) = split_port(host);
        let port = match port {
            None | Some("") => PortPattern::Default,
            Some(port) => PortPattern::Range(
                port_range(port)
                    .ok_or_else(|| AllowedTargetError::Port { port: port.to_owned() })?,
            ),
        };
        let wrong = || AllowedTargetError::Host { host: host.to_owned() };
        let host = match name.strip_prefix("*.") {
            Some(parent) => match Host::parse(parent).map_err(|_| wrong())? {
                Host::Domain(domain) if !domain.contains('*') => {
                    HostPattern::Below(format!(".{domain}"))
                }
                _ => return Err(wrong()),
            },
            None if name.contains('*') => return Err(wrong()),
            None => HostPattern::Exact(Host::parse(name).map_err(|_| wrong())?),
        };
        Ok(Self { host, port, paths })
    }

    /// The very host and port of `url`, with every path; `None` for a URL without a host.
    pub fn origin_of(url: &Url) -> Option<Self> {
        let host = HostPattern::Exact(url.host()?.to_owned());
        let port = match url.port() {
            Some(port) => PortPattern::Range(port..=port),
            None => PortPattern::Default,
        };
        Some(Self { host, port, paths: None })
    }

    /// Whether `url` is meant.
    ///
    /// Where `paths` are given, a path with an encoded slash or a backslash is not: what a server
    /// makes of it cannot be known.
    pub fn allows(&self, url: &Url) -> bool {
        let is_host = match (&self.host, url.host()) {
            (HostPattern::Exact(host), Some(asked)) => host == &asked.to_owned(),
            (HostPattern::Below(suffix), Some(Host::Domain(domain))) => domain.ends_with(suffix),
            _ => false,
        };
        let is_port = match (&self.port, url.port()) {
            (PortPattern::Default, port) => port.is_none(),
            (PortPattern::Range(range), _) => {
                url.port_or_known_default().is_some_and(|port| range.contains(&port))
            }
        };
        is_host && is_port && self.allows_path(url.path())
    }

    fn allows_path(&self, path: &str) -> bool {
        let Some(paths) = &self.paths else { return true };
        let lower = path.to_ascii_lowercase();
        let is_ambiguous = ["%2f", "%5c", "\\"].iter().any(|part| lower.contains(part));
        !is_ambiguous && paths.iter().any(|allowed| path.starts_with(allowed.as_str()))
    }

    /// Whether the entry names one address, not a name that could come to mean another one.
    pub fn is_address(&self) -> bool {
        matches!(self.host, HostPattern::Exact(Host::Ipv4(_) | Host::Ipv6(_)))
    }
}

/// All entries; a URL is allowed if one of them means it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllowList(Vec<AllowedTarget>);

impl AllowList {
    /// These entries.
    pub fn new(targets: Vec<AllowedTarget>) -> Self {
        Self(targets)
    }

    /// The entries of both.
    #[must_use]
    pub fn and(mut self, targets: impl IntoIterator<Item = AllowedTarget>) -> Self {
        self.0.extend(targets);
        self
    }

    /// Whether any entry means `url`. O(entries).
    pub fn allows(&self, url: &Url) -> bool {
        self.0.iter().any(|target| target.allows(url))
    }

    /// Whether an entry that names an address, not a host name, means `url`.
    pub fn allows_address(&self, url: &Url) -> bool {
        self.0.iter().any(|target| target.is_address() && target.allows(url))
    }
}

fn split_port(host: &str) -> (&str, Option<&str>) {
    if let Some((address, port)) = host.rsplit_once(':') {
        let is_bare_ipv6 = address.contains(':') && !address.ends_with(']');
        if !is_bare_ipv6 {
            return (address, Some(port));
        }
    }
    (host, None)
}

fn port_range(text: &str) -> Option<RangeInclusive<u16>> {
    let number = |text: &str| text.trim().parse::<u16>().ok().filter(|port| *port > 0);
    match text.split_once('-') {
        Some((first, last)) => {
            let (first, last) = (number(first)?, number(last)?);
            (first <= last).then_some(first..=last)
        }
        None => number(text).map(|port| port..=port),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(host: &str, paths: Option<&[&str]>, url: &str) -> bool {
        let paths = paths.map(|paths| paths.iter().map(|path| (*path).to_owned()).collect());
        AllowedTarget::new(host, paths).unwrap().allows(&Url::parse(url).unwrap())
    }

    #[test]
    fn a_host_means_itself_and_the_port_of_the_scheme() {
        assert!(allows("example.com", None, "https://example.com/a"));
        assert!(allows("Example.COM", None, "http://EXAMPLE.com:80/a"));
        assert!(!allows("example.com", None, "https://example.com:8443/a"));
        assert!(!allows("example.com", None, "https://a.example.com/"));
        assert!(!allows("example.com", None, "https://example.com.evil.test/"));
        assert!(!allows("example.com", None, "https://example.com@evil.test/"));
        assert!(!allows("example.com", None, "https://example.com./"));
    }

    #[test]
    fn a_port_means_that_port_and_a_range_all_of_it() {
        assert!(allows("127.0.0.1:8099", None, "http://127.0.0.1:8099/x"));
        assert!(allows("127.0.0.1:8099", None, "http://0x7f.1:8099/x"));
        assert!(!allows("127.0.0.1:8099", None, "http://127.0.0.1:8098/x"));
        assert!(allows("a.test:8000-8002", None, "http://a.test:8001/"));
        assert!(!allows("a.test:8000-8002", None, "http://a.test:8003/"));
        assert!(allows("a.test:443", None, "https://a.test/"));
        assert!(allows("[::1]:8099", None, "http://[::1]:8099/"));
    }

    #[test]
    fn a_wildcard_means_every_host_below_and_not_the_parent() {
        assert!(allows("*.example.com", None, "https://a.b.example.com/"));
        assert!(!allows("*.example.com", None, "https://example.com/"));
        assert!(!allows("*.example.com", None, "https://evilexample.com/"));
    }

    #[test]
    fn an_unicode_host_is_its_punycode() {
        assert!(allows("bücher.example", None, "https://xn--bcher-kva.example/"));
    }

    #[test]
    fn paths_are_prefixes_after_dots_are_resolved() {
        let paths: Option<&[&str]> = Some(&["/docs/"]);
        assert!(allows("a.test", paths, "https://a.test/docs/x"));
        assert!(!allows("a.test", paths, "https://a.test/docs/../secret"));
        assert!(!allows("a.test", paths, "https://a.test/docs/%2e%2e/secret"));
        assert!(!allows("a.test", paths, "https://a.test/docs/..%2fsecret"));
        assert!(!allows("a.test", paths, "https://a.test/docs/..%5csecret"));
    }

    #[test]
    fn nonsense_is_an_error() {
        for host in ["", "a b", "prod.*.example.com", "*.", "*.127.0.0.1", "a.test:0", "a.test:9-8"]
        {
            assert!(AllowedTarget::new(host, None).is_err(), "{host}");
        }
    }
}
