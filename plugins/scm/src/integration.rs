//! The hosts of repositories that `integrations` names, and what their addresses mean.

use callboard_plugin::AllowedTarget;
use secrecy::SecretString;
use url::Url;

/// What kind of host it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IntegrationKind {
    /// github.com and GitHub Enterprise.
    GitHub,
    /// gitlab.com and GitLab of one's own.
    GitLab,
    /// Gitea and Forgejo.
    Gitea,
}

/// How the host knows Callboard. Has no `Debug` that shows secrets.
#[derive(Debug, Clone)]
pub enum IntegrationCredentials {
    /// A token.
    Token(SecretString),
    /// A user name and a password.
    Basic {
        /// The user name.
        username: String,
        /// The password.
        password: SecretString,
    },
}

/// One host of `integrations`.
#[derive(Debug, Clone)]
pub struct Integration {
    /// What kind of host it is.
    pub kind: IntegrationKind,
    /// The host as in addresses, with its port if that is not the scheme's: `gitlab.example:8443`.
    pub host: String,
    /// Where its pages are, without a slash at the end: `https://gitlab.example`.
    pub base_url: Url,
    /// Where its API is, if that is known.
    pub api_base_url: Option<Url>,
    /// Where raw files are, for GitHub.
    pub raw_base_url: Option<Url>,
    /// Sent to this host and its API and raw hosts alone.
    pub credentials: Option<IntegrationCredentials>,
}

impl Integration {
    /// The integration of `host` without credentials and with the addresses that are usual for
    /// `kind`. Source: Backstage `integration`.
    ///
    /// # Errors
    ///
    /// [`url::ParseError`] if `host` is not a host, perhaps with a port.
    pub fn new(kind: IntegrationKind, host: &str) -> Result<Self, url::ParseError> {
        let base_url = Url::parse(&format!("https://{host}"))?;
        let is_plain = base_url.path() == "/"
            && base_url.query().is_none()
            && base_url.fragment().is_none()
            && base_url.username().is_empty();
        if !is_plain {
            return Err(url::ParseError::InvalidDomainCharacter);
        }
        let (api, raw) = match (kind, host) {
            (IntegrationKind::GitHub, "github.com") => {
                (Some("https://api.github.com"), Some("https://raw.githubusercontent.com"))
            }
            (IntegrationKind::GitLab, "gitlab.com") => (Some("https://gitlab.com/api/v4"), None),
            _ => (None, None),
        };
        Ok(Self {
            kind,
            host: host.to_ascii_lowercase(),
            base_url,
            api_base_url: api.map(Url::parse).transpose()?,
            raw_base_url: raw.map(Url::parse).transpose()?,
            credentials: None,
        })
    }

    /// The hosts that may be read because of this integration.
    pub fn allowed_targets(&self) -> Vec<AllowedTarget> {
        let urls = [Some(&self.base_url), self.api_base_url.as_ref(), self.raw_base_url.as_ref()];
        let mut targets: Vec<AllowedTarget> =
            urls.into_iter().flatten().filter_map(AllowedTarget::origin_of).collect();
        targets.extend(AllowedTarget::new(&self.host, None).ok());
        targets
    }

    /// Whether `url` is an address of this host.
    pub fn is_host_of(&self, url: &Url) -> bool {
        host_of(url).is_some_and(|host| host == self.host)
    }
}

/// The host of `url` with its port, if that is not the scheme's.
pub(crate) fn host_of(url: &Url) -> Option<String> {
    let host = url.host_str()?;
    Some(match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    })
}
