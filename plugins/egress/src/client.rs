//! Requests over checked hops.

use std::{error::Error as _, sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use callboard_plugin::{
    BlockReason, HttpClient, HttpError, HttpRequest, HttpResponse, Redirects, http_client::describe,
};
use http::{
    HeaderMap, Method, StatusCode,
    header::{self, HeaderName},
};
use url::Url;

use crate::{
    blocked::BlockedCounts,
    hop::{EgressPolicy, HopRules, Trust},
    resolver::{Pins, Resolve, SystemResolver},
};

/// Redirects that are followed.
const MAX_REDIRECTS: usize = 5;

/// Establishing one connection, within the deadline of the whole request.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Headers that are credentials, wherever a caller put them.
const CREDENTIALS: [HeaderName; 4] = [
    header::AUTHORIZATION,
    header::COOKIE,
    header::PROXY_AUTHORIZATION,
    HeaderName::from_static("private-token"),
];

/// Why there can be no client.
#[derive(Debug, thiserror::Error)]
pub enum EgressError {
    /// The trusted certificates of this machine cannot be loaded.
    #[error("the outgoing HTTP client cannot be built")]
    Build {
        /// Why.
        #[source]
        source: reqwest::Error,
    },
}

/// See the crate. Cheap to clone; clones share connections and counters.
///
/// Proxies of the environment are not used: a proxy would resolve names itself.
#[derive(Debug, Clone)]
pub struct EgressClient(Arc<Egress>);

#[derive(Debug)]
struct Egress {
    rules: HopRules,
    /// One client for each kind of trust, so that neither can use the other's connections.
    listed: reqwest::Client,
    strangers: reqwest::Client,
    blocked: Arc<BlockedCounts>,
}

impl EgressClient {
    /// A client that resolves names as the operating system does.
    ///
    /// # Errors
    ///
    /// [`EgressError::Build`].
    pub fn new(policy: EgressPolicy) -> Result<Self, EgressError> {
        Self::with_resolver(policy, Arc::new(SystemResolver), Arc::default())
    }

    /// A client with a resolver of one's own, and counters shared with other clients.
    ///
    /// # Errors
    ///
    /// [`EgressError::Build`].
    pub fn with_resolver(
        policy: EgressPolicy,
        resolver: Arc<dyn Resolve>,
        blocked: Arc<BlockedCounts>,
    ) -> Result<Self, EgressError> {
        // Somebody may have installed the same before.
        let _installed = rustls::crypto::ring::default_provider().install_default();
        let (listed, strangers) = (Pins::default(), Pins::default());
        let client = |pins: &Pins| {
            reqwest::Client::builder()
                .dns_resolver(Arc::new(pins.clone()))
                .redirect(reqwest::redirect::Policy::none())
                .no_proxy()
                .referer(false)
                .connect_timeout(CONNECT_TIMEOUT)
                .pool_idle_timeout(Duration::from_secs(30))
                .user_agent(concat!("callboard/", env!("CARGO_PKG_VERSION")))
                .build()
                .map_err(|source| EgressError::Build { source })
        };
        Ok(Self(Arc::new(Egress {
            listed: client(&listed)?,
            strangers: client(&strangers)?,
            rules: HopRules { policy, resolver, listed, strangers },
            blocked,
        })))
    }

    /// How often each rule forbade a request.
    pub fn blocked(&self) -> &BlockedCounts {
        &self.0.blocked
    }
}

#[async_trait]
impl HttpClient for EgressClient {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let (url, deadline) = (describe(&request.url), request.deadline);
        let outcome = tokio::time::timeout(deadline, self.0.follow(request)).await;
        let outcome = outcome.unwrap_or(Err(HttpError::Timeout { url, deadline }));
        if let Err(HttpError::Blocked { url, reason }) = &outcome {
            self.0.blocked.add(*reason);
            tracing::warn!(url, reason = reason.name(), "an outgoing request was blocked");
        }
        outcome
    }
}

/// What the next hop asks for.
struct Hop {
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: Option<Bytes>,
}

impl Egress {
    async fn follow(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let HttpRequest { method, url, mut headers, credentials, body, max_body_bytes, .. } =
            request;
        let redirects = request.redirects;
        let first = url.origin();
        let secret = take_credentials(&mut headers, credentials);
        let mut hop = Hop { method, url, headers, body };
        for _ in 0..=MAX_REDIRECTS {
            // Held until the answer is read.
            let checked = self.rules.check(&hop.url).await?;
            let secret = (hop.url.origin() == first).then_some(&secret);
            let response = self.request(&hop, secret, checked.trust).await?;
            match next_hop(&response, &hop)? {
                Some(next) if redirects == Redirects::SameOrigin && next.url.origin() != first => {
                    let (url, reason) = (describe(&next.url), BlockReason::Elsewhere);
                    return Err(HttpError::Blocked { url, reason });
                }
                Some(next) => hop = next,
                None => return read(response, hop.url, max_body_bytes).await,
            }
        }
        Err(HttpError::Blocked { url: describe(&hop.url), reason: BlockReason::Redirects })
    }

    async fn request(
        &self,
        hop: &Hop,
        secret: Option<&HeaderMap>,
        trust: Trust,
    ) -> Result<reqwest::Response, HttpError> {
        let client = match trust {
            Trust::Listed => &self.listed,
            Trust::Stranger => &self.strangers,
        };
        let mut builder = client.request(hop.method.clone(), hop.url.clone());
        builder = builder.headers(hop.headers.clone());
        if let Some(secret) = secret {
            builder = builder.headers(secret.clone());
        }
        if let Some(body) = &hop.body {
            builder = builder.body(body.clone());
        }
        builder.send().await.map_err(|error| failure(&hop.url, &error))
    }
}

/// Everything secret among the headers.
fn take_credentials(headers: &mut HeaderMap, mut credentials: HeaderMap) -> HeaderMap {
    for name in CREDENTIALS {
        if let Some(value) = headers.remove(&name) {
            credentials.entry(name).or_insert(value);
        }
    }
    for value in credentials.values_mut() {
        value.set_sensitive(true);
    }
    credentials
}

/// The hop that `response` redirects to. Source: RFC 9110 §15.4.
fn next_hop(response: &reqwest::Response, hop: &Hop) -> Result<Option<Hop>, HttpError> {
    let keeps_method = match response.status() {
        StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND => hop.method != Method::POST,
        StatusCode::SEE_OTHER => hop.method == Method::HEAD,
        StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT => true,
        _ => return Ok(None),
    };
    let Some(location) = response.headers().get(header::LOCATION) else { return Ok(None) };
    let location = location.to_str().ok().and_then(|location| hop.url.join(location).ok());
    let Some(mut url) = location else {
        let reason = "its redirect leads to no address".to_owned();
        return Err(HttpError::Malformed { url: describe(&hop.url), reason });
    };
    url.set_fragment(None);
    let mut headers = hop.headers.clone();
    if keeps_method {
        let (method, body) = (hop.method.clone(), hop.body.clone());
        return Ok(Some(Hop { method, url, headers, body }));
    }
    for name in [header::CONTENT_TYPE, header::CONTENT_ENCODING, header::CONTENT_LENGTH] {
        headers.remove(name);
    }
    Ok(Some(Hop { method: Method::GET, url, headers, body: None }))
}

/// The whole answer, unless it is larger than `limit_bytes`.
async fn read(
    mut response: reqwest::Response,
    url: Url,
    limit_bytes: u64,
) -> Result<HttpResponse, HttpError> {
    let too_large = || HttpError::TooLarge { url: describe(&url), limit_bytes };
    if response.content_length().is_some_and(|length| length > limit_bytes) {
        return Err(too_large());
    }
    let mut body = BytesMut::new();
    // Chunks are decompressed: a small answer that swells ends at the limit, too.
    while let Some(chunk) = response.chunk().await.map_err(|error| failure(&url, &error))? {
        if (body.len() + chunk.len()) as u64 > limit_bytes {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    let (status, headers) = (response.status(), response.headers().clone());
    Ok(HttpResponse { status, headers, body: body.freeze(), url })
}

fn failure(url: &Url, error: &reqwest::Error) -> HttpError {
    let url = describe(url);
    let mut reason = "the connection broke".to_owned();
    let mut source = error.source();
    while let Some(cause) = source {
        reason = cause.to_string();
        source = cause.source();
    }
    if error.is_decode() {
        return HttpError::Malformed { url, reason };
    }
    HttpError::Connect { url, reason }
}
