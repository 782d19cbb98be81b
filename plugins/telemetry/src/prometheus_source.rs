//! A live Prometheus-compatible API.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use bytes::Bytes;
use callboard_model::Clock;
use callboard_plugin::{
    HttpClient, HttpRequest, HttpResponse, InstantQuery, InstantVector, LabelMatcher, MetricsError,
    MetricsSource, Redirects, http_client::describe,
};
use http::{
    HeaderMap, HeaderValue, Method, StatusCode,
    header::{ACCEPT, CONTENT_TYPE},
};
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::{Instant, timeout_at},
};
use url::{Url, form_urlencoded};

use crate::{answer, breaker::Breaker, credentials::MetricsCredentials, failure::Failure};

/// How to reach an API and how hard it may be asked.
#[derive(Debug, Clone)]
pub struct PrometheusOptions {
    /// What stands before `/api/v1`: `https://mimir.example/prometheus`,
    /// `http://vm.example/select/0/prometheus?extra_label=cluster=a`. A query stays.
    pub base_url: Url,
    /// How the API knows Callboard, if it asks.
    pub credentials: Option<MetricsCredentials>,
    /// Headers of every request, such as `X-Scope-OrgID`.
    pub headers: HeaderMap,
    /// How many queries may run at once; more wait, within their deadlines.
    pub concurrency: usize,
    /// How large an answer may be, in bytes.
    pub max_body_bytes: u64,
}

impl PrometheusOptions {
    /// No credentials, no headers, four queries at once, answers of up to 32 MiB.
    pub fn new(base_url: Url) -> Self {
        Self {
            base_url,
            credentials: None,
            headers: HeaderMap::new(),
            concurrency: 4,
            max_body_bytes: 32 * 1024 * 1024,
        }
    }
}

/// Why an API cannot be asked at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PrometheusConfigError {
    /// Not an `http` or `https` address.
    #[error("{url} is not an http or https address")]
    Url {
        /// The address.
        url: String,
    },
}

/// Asks one cluster's metrics. See [`PrometheusSource::for_cluster`] for a store of several.
#[derive(Debug)]
pub struct PrometheusSource {
    name: Arc<str>,
    matchers: Vec<LabelMatcher>,
    api: Arc<Api>,
}

/// What the clusters of one store share.
#[derive(Debug)]
struct Api {
    client: Arc<dyn HttpClient>,
    clock: Arc<dyn Clock>,
    query_url: Url,
    options: PrometheusOptions,
    permits: Semaphore,
    breaker: Mutex<Breaker>,
}

/// An answer as it came.
#[derive(Debug, Clone)]
pub(crate) struct RawAnswer {
    pub(crate) status: StatusCode,
    pub(crate) body: Bytes,
    pub(crate) asked_at: SystemTime,
}

impl PrometheusSource {
    /// The source of this name, such as `prometheus/aws-prod-1`. `matchers` is what every
    /// selector must carry in a central store, and empty for a cluster's own Prometheus.
    ///
    /// # Errors
    ///
    /// [`PrometheusConfigError::Url`].
    pub fn new(
        client: Arc<dyn HttpClient>,
        clock: Arc<dyn Clock>,
        options: PrometheusOptions,
        name: &str,
        matchers: Vec<LabelMatcher>,
    ) -> Result<Self, PrometheusConfigError> {
        let query_url = query_url(&options.base_url)?;
        let permits = Semaphore::new(options.concurrency.clamp(1, Semaphore::MAX_PERMITS));
        let breaker = Mutex::default();
        let api = Api { client, clock, query_url, options, permits, breaker };
        Ok(Self { name: name.into(), matchers, api: Arc::new(api) })
    }

    /// Another cluster of the same store: it shares the limits and the state of the connection.
    #[must_use]
    pub fn for_cluster(&self, name: &str, matchers: Vec<LabelMatcher>) -> Self {
        Self { name: name.into(), matchers, api: Arc::clone(&self.api) }
    }

    /// The time by the source's clock, which is ours.
    pub(crate) fn now(&self) -> SystemTime {
        self.api.clock.now()
    }

    /// The answer as it came, if it is a whole one.
    pub(crate) async fn raw(&self, query: &InstantQuery) -> Result<RawAnswer, MetricsError> {
        let whole = |raw: RawAnswer| {
            answer::check(raw.status, &raw.body)?;
            Ok(raw)
        };
        self.api.ask(query, whole).await.map_err(|failure| failure.of(&self.name))
    }
}

#[async_trait]
impl MetricsSource for PrometheusSource {
    fn name(&self) -> &Arc<str> {
        &self.name
    }

    fn matchers(&self) -> &[LabelMatcher] {
        &self.matchers
    }

    fn recorded_at(&self) -> Option<SystemTime> {
        None
    }

    async fn instant(&self, query: &InstantQuery) -> Result<InstantVector, MetricsError> {
        let vector = |raw: RawAnswer| {
            let decoded = answer::decode(raw.status, &raw.body, query.max_series)?;
            Ok(decoded.evaluated_at(raw.asked_at))
        };
        self.api.ask(query, vector).await.map_err(|failure| failure.of(&self.name))
    }
}

impl Api {
    /// Asks, and reads the answer with `read`. What keeps us from asking is no failure of the
    /// source.
    async fn ask<T>(
        &self,
        query: &InstantQuery,
        read: impl FnOnce(RawAnswer) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let deadline = Instant::now() + query.deadline;
        let _permit = self.admitted(deadline).await?;
        let asked_at = self.clock.now();
        let answer = self.send(query, deadline).await.and_then(|response| {
            read(RawAnswer { status: response.status, body: response.body, asked_at })
        });
        self.learn(answer)
    }

    /// Waits for a place among the running queries.
    async fn admitted(&self, deadline: Instant) -> Result<SemaphorePermit<'_>, Failure> {
        let Ok(Ok(permit)) = timeout_at(deadline, self.permits.acquire()).await else {
            let running = self.options.concurrency;
            let reason = format!("{running} other queries took all of the time");
            return Err(Failure::Unreachable(reason));
        };
        let admitted = self.breaker().admit(Instant::now());
        admitted.map_err(|reason| Failure::Unreachable(String::from(&*reason)))?;
        Ok(permit)
    }

    async fn send(&self, query: &InstantQuery, deadline: Instant) -> Result<HttpResponse, Failure> {
        let mut credentials = self.options.headers.clone();
        if let Some(configured) = &self.options.credentials {
            let header = configured.header().await;
            credentials.extend(header.map_err(|error| Failure::Unreachable(error.to_string()))?);
        }
        let remaining = deadline.saturating_duration_since(Instant::now());
        let request = HttpRequest {
            method: Method::POST,
            headers: form_headers(),
            credentials,
            body: Some(form(query, remaining)),
            deadline: remaining,
            max_body_bytes: self.options.max_body_bytes,
            redirects: Redirects::SameOrigin,
            ..HttpRequest::get(self.query_url.clone())
        };
        self.client.send(request).await.map_err(|error| Failure::of_http(&error))
    }

    /// Remembers how it went.
    fn learn<T>(&self, outcome: Result<T, Failure>) -> Result<T, Failure> {
        match outcome.as_ref().err().map(Failure::overload) {
            Some(Some(reason)) => {
                self.breaker().failed(Instant::now(), reason, rand::random());
            }
            _ => self.breaker().succeeded(),
        }
        outcome
    }

    fn breaker(&self) -> MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where instant queries go.
fn query_url(base_url: &Url) -> Result<Url, PrometheusConfigError> {
    let wrong = || PrometheusConfigError::Url { url: describe(base_url) };
    if !matches!(base_url.scheme(), "http" | "https") {
        return Err(wrong());
    }
    let mut url = base_url.clone();
    url.set_fragment(None);
    url.path_segments_mut().map_err(|()| wrong())?.pop_if_empty().extend(["api", "v1", "query"]);
    Ok(url)
}

fn form_headers() -> HeaderMap {
    let form = HeaderValue::from_static("application/x-www-form-urlencoded");
    let json = HeaderValue::from_static("application/json");
    [(CONTENT_TYPE, form), (ACCEPT, json)].into_iter().collect()
}

/// The query as a form. The API gives up when we do, and, where it knows `limit` (Prometheus 3;
/// others ignore it), sends no more than twice of what is kept.
fn form(query: &InstantQuery, remaining: Duration) -> Bytes {
    let limit = query.max_series.saturating_mul(2).max(1).to_string();
    let timeout = format!("{}ms", remaining.as_millis().max(1));
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("query", &query.promql).append_pair("timeout", &timeout);
    form.append_pair("limit", &limit);
    form.finish().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(base: &str) -> String {
        query_url(&Url::parse(base).unwrap()).unwrap().into()
    }

    #[test]
    fn the_path_of_the_base_stays() {
        assert_eq!(asked("http://p:9090"), "http://p:9090/api/v1/query");
        assert_eq!(asked("http://p:9090/"), "http://p:9090/api/v1/query");
        assert_eq!(asked("https://m/prometheus"), "https://m/prometheus/api/v1/query");
        assert_eq!(
            asked("http://vm/select/0:1/prometheus/?extra_label=cluster=a#x"),
            "http://vm/select/0:1/prometheus/api/v1/query?extra_label=cluster=a"
        );
    }

    #[test]
    fn only_web_addresses_are_asked() {
        for wrong in ["file:///etc/passwd", "data:text/plain,x", "mailto:a@b"] {
            assert!(query_url(&Url::parse(wrong).unwrap()).is_err(), "{wrong}");
        }
        let secret = Url::parse("ftp://me:secret@p/?token=secret").unwrap();
        let error = query_url(&secret).unwrap_err();
        assert_eq!(error.to_string(), "ftp://p/ is not an http or https address");
    }

    #[test]
    fn a_query_survives_its_form() {
        let promql = "sum by (a) (rate(x{b=\"c&d=+é\"}[5m])) + 1";
        let query = InstantQuery {
            promql: promql.to_owned(),
            deadline: Duration::from_secs(5),
            max_series: 100,
        };
        let form = form(&query, Duration::from_millis(4999));
        let pairs: Vec<(String, String)> = form_urlencoded::parse(&form).into_owned().collect();
        let expected = [("query", promql), ("timeout", "4999ms"), ("limit", "200")];
        assert_eq!(pairs, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
}
