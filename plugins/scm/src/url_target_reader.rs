//! Targets of the type `url`.

use std::{sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use callboard_catalog::reading::{ReadError, ReadFile, ReadOutcome, ReadRequest};
use callboard_plugin::{AllowList, HttpClient, HttpError, HttpRequest, HttpResponse};
use http::{
    HeaderMap, HeaderName, HeaderValue, StatusCode,
    header::{ACCEPT, AUTHORIZATION, ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED},
};
use secrecy::ExposeSecret;
use tokio::sync::Semaphore;
use url::{Host, Url};

use crate::{
    content_hash,
    integration::{Integration, IntegrationCredentials, IntegrationKind},
    raw_form::raw_form,
};

/// Marks a tag that is the date of the last change, for servers that give no entity tag.
const BY_DATE: &str = "last-modified:";

/// Marks a tag that is the hash of the content, for servers that give neither.
const BY_HASH: &str = "sha1:";

/// What can be set.
#[derive(Debug, Clone, Default)]
pub struct UrlTargetOptions {
    /// `backend.reading.allow`.
    pub allow: AllowList,
    /// The hosts of repositories; the first that fits counts.
    pub integrations: Vec<Integration>,
    /// How large a file may be.
    pub limit_bytes: u64,
    /// How long one read may take.
    pub timeout: Duration,
    /// How many reads run at once.
    pub concurrency: usize,
}

/// Reads URLs of allowed hosts.
#[derive(Debug, Clone)]
pub struct UrlTargetReader {
    client: Arc<dyn HttpClient>,
    options: Arc<UrlTargetOptions>,
    permits: Arc<Semaphore>,
}

impl UrlTargetReader {
    /// A reader that speaks through `client`.
    pub fn new(client: Arc<dyn HttpClient>, options: UrlTargetOptions) -> Self {
        let permits = options.concurrency.clamp(1, Semaphore::MAX_PERMITS);
        Self { client, options: Arc::new(options), permits: Arc::new(Semaphore::new(permits)) }
    }

    /// Reads the URL of `request`.
    ///
    /// # Errors
    ///
    /// [`ReadError::NotAllowed`] for a host that neither the allow-list nor an integration names,
    /// for a pattern and for what the client refuses; [`ReadError::NotFound`] for a 404;
    /// [`ReadError::TooLarge`]; [`ReadError::Unavailable`] for every other failure.
    pub async fn read(&self, request: &ReadRequest) -> Result<ReadOutcome, ReadError> {
        let target = &request.target;
        let url = self.checked(target)?;
        let integration = self.options.integrations.iter().find(|one| one.is_host_of(&url));
        let url = integration.map_or_else(|| url.clone(), |one| raw_form(one, &url));
        let mut outgoing = HttpRequest {
            deadline: self.options.timeout,
            max_body_bytes: self.options.limit_bytes,
            ..HttpRequest::get(url)
        };
        if let Some(integration) = integration {
            prepare(integration, &mut outgoing);
        }
        let is_conditional = condition(request.etag.as_deref(), &mut outgoing.headers);
        let _permit = self.permits.acquire().await;
        let answer = self.client.send(outgoing).await.map_err(|error| failure(target, error))?;
        if is_conditional && answer.status == StatusCode::NOT_MODIFIED {
            return Ok(ReadOutcome::NotModified);
        }
        let file = file_of(target, answer)?;
        if request.etag.is_some() && request.etag == file.etag {
            return Ok(ReadOutcome::NotModified);
        }
        Ok(ReadOutcome::Files(vec![file]))
    }

    fn checked(&self, target: &Arc<str>) -> Result<Url, ReadError> {
        let refuse = |reason: &str| ReadError::NotAllowed {
            target: Arc::clone(target),
            reason: reason.to_owned(),
        };
        let url = Url::parse(target).map_err(|_| refuse("It is not an absolute URL"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(refuse("Only http and https addresses may be read"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refuse("An address must not hold a user name or password"));
        }
        let is_integration = self.options.integrations.iter().any(|one| one.is_host_of(&url));
        if !is_integration && !self.options.allow.allows(&url) {
            return Err(refuse(
                "You may need to configure an integration for the target host, or add it to the \
                 configured list of allowed hosts at 'backend.reading.allow'",
            ));
        }
        if url.path().contains('*') {
            return Err(refuse(
                "Patterns in URLs are not supported; name each file in the list of targets",
            ));
        }
        Ok(url)
    }
}

/// Adds what the host needs, and the credentials if the request goes to this very integration.
fn prepare(integration: &Integration, request: &mut HttpRequest) {
    let is_contents = integration.kind == IntegrationKind::GitHub
        && integration.raw_base_url.is_none()
        && request.url.path().contains("/contents/");
    if is_contents {
        let raw = HeaderValue::from_static("application/vnd.github.v3.raw");
        request.headers.insert(ACCEPT, raw);
    }
    if !may_know_secrets(integration, &request.url) {
        return;
    }
    let header = integration.credentials.as_ref().and_then(|credentials| {
        let (name, text) = match (credentials, integration.kind) {
            (IntegrationCredentials::Token(token), IntegrationKind::GitLab) => {
                (HeaderName::from_static("private-token"), token.expose_secret().to_owned())
            }
            (IntegrationCredentials::Token(token), IntegrationKind::Gitea) => {
                (AUTHORIZATION, format!("token {}", token.expose_secret()))
            }
            (IntegrationCredentials::Token(token), IntegrationKind::GitHub) => {
                (AUTHORIZATION, format!("Bearer {}", token.expose_secret()))
            }
            (IntegrationCredentials::Basic { username, password }, _) => {
                let pair = format!("{username}:{}", password.expose_secret());
                (AUTHORIZATION, format!("Basic {}", STANDARD.encode(pair)))
            }
        };
        Some((name, HeaderValue::from_str(&text).ok()?))
    });
    request.credentials.extend(header);
}

/// Whether `url` is of the integration's own pages, API or raw files, by the scheme that the
/// operator gave: a target with `http://` gets no token of an `https://` host.
fn may_know_secrets(integration: &Integration, url: &Url) -> bool {
    let own = [
        Some(&integration.base_url),
        integration.api_base_url.as_ref(),
        integration.raw_base_url.as_ref(),
    ];
    let is_loopback = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        _ => false,
    };
    own.into_iter().flatten().any(|known| known.origin() == url.origin())
        || (is_loopback && integration.is_host_of(url))
}

/// Makes the request conditional; says whether it did.
fn condition(etag: Option<&str>, headers: &mut HeaderMap) -> bool {
    let Some(etag) = etag.filter(|etag| !etag.starts_with(BY_HASH)) else { return false };
    let (name, text) = match etag.strip_prefix(BY_DATE) {
        Some(date) => (IF_MODIFIED_SINCE, date),
        None => (IF_NONE_MATCH, etag),
    };
    let Ok(value) = HeaderValue::from_str(text) else { return false };
    headers.insert(name, value);
    true
}

fn file_of(target: &Arc<str>, answer: HttpResponse) -> Result<ReadFile, ReadError> {
    let unavailable =
        |reason: String| Err(ReadError::Unavailable { target: Arc::clone(target), reason });
    match answer.status {
        StatusCode::OK => {}
        StatusCode::NOT_FOUND | StatusCode::GONE => {
            let reason = format!("the host answers {}", answer.status);
            return Err(ReadError::NotFound { target: Arc::clone(target), reason });
        }
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            let status = answer.status;
            return unavailable(format!(
                "the host answers {status}; the token of its integration may be missing or expired"
            ));
        }
        status => return unavailable(format!("the host answers {status}")),
    }
    // GitLab answers a page to sign in where a file is not for everybody.
    if answer.url.path().ends_with("/users/sign_in") {
        let reason = "the host asks to sign in; its integration needs a token".to_owned();
        return unavailable(reason);
    }
    let header = |name: HeaderName| answer.headers.get(name).and_then(|value| value.to_str().ok());
    let etag = match (header(ETAG), header(LAST_MODIFIED)) {
        (Some(etag), _) => etag.to_owned(),
        (None, Some(date)) => format!("{BY_DATE}{date}"),
        (None, None) => format!("{BY_HASH}{}", content_hash::of(&answer.body)),
    };
    let (target, etag) = (Arc::clone(target), Some(etag.into()));
    Ok(ReadFile::new(target, answer.body, etag))
}

fn failure(target: &Arc<str>, error: HttpError) -> ReadError {
    let target = Arc::clone(target);
    match error {
        HttpError::Blocked { url, reason } => {
            let reason = format!("A request to {url} is blocked: {reason}");
            ReadError::NotAllowed { target, reason }
        }
        HttpError::TooLarge { limit_bytes, .. } => {
            ReadError::TooLarge { target, size_bytes: limit_bytes + 1, limit_bytes }
        }
        error => ReadError::Unavailable { target, reason: error.to_string() },
    }
}
