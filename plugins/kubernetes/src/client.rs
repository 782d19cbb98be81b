//! Requests to one API server, each with a deadline and a cap on what is read.
//!
//! kube's own client brings the connection, TLS, credentials and gzip. Its reading of bodies is
//! not used: it has no cap, and the cap must hold for what comes out of gzip.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderValue, Request, Response, header};
use http_body_util::BodyExt;
use kube::{
    client::Body,
    core::{
        params::{ListParams, WatchParams},
        request,
    },
};
use tokio::time::timeout;

use crate::{
    config::Budget,
    decode::Status,
    failure::Failure,
    kinds::{Form, KindRow},
};

/// Longest answer that is read of a small question.
const SMALL_ANSWER: usize = 1 << 20;

/// By how much room for an answer grows at most.
const LONGEST_STEP: usize = 1 << 20;

/// How long a small question may take.
const SMALL_TIME: Duration = Duration::from_secs(3);

/// How long a watch lasts before the server ends it, in seconds.
const WATCH_SECONDS: u32 = 290;

const METADATA: &str = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
const METADATA_LIST: &str = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

/// The client of one cluster.
#[derive(Clone)]
pub(crate) struct ApiClient {
    client: kube::Client,
    budget: Budget,
}

impl std::fmt::Debug for ApiClient {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("ApiClient")
    }
}

/// Which page of a list.
#[derive(Debug, Clone, Default)]
pub(crate) struct PageOf {
    /// How many objects.
    pub(crate) limit: u32,
    /// Where the page before it ended.
    pub(crate) token: Option<String>,
}

impl ApiClient {
    pub(crate) const fn new(client: kube::Client, budget: Budget) -> Self {
        Self { client, budget }
    }

    pub(crate) const fn budget(&self) -> &Budget {
        &self.budget
    }

    /// The body of a small GET.
    ///
    /// # Errors
    ///
    /// [`Failure`], by status and by what went wrong on the way.
    pub(crate) async fn get(&self, path: &str) -> Result<Bytes, Failure> {
        let request = Request::get(path).body(Vec::new());
        self.answer(build(request)?, path, SMALL_TIME, SMALL_ANSWER).await
    }

    /// The body of a small POST of JSON.
    ///
    /// # Errors
    ///
    /// As [`ApiClient::get`].
    pub(crate) async fn post(&self, path: &str, json: Vec<u8>) -> Result<Bytes, Failure> {
        let request = Request::post(path).header(header::CONTENT_TYPE, "application/json");
        self.answer(build(request.body(json))?, path, SMALL_TIME, SMALL_ANSWER).await
    }

    /// The body of one page of a list, in the form that the row asks for.
    ///
    /// # Errors
    ///
    /// As [`ApiClient::get`]; [`Failure::Limit`] for a page that is too long.
    pub(crate) async fn page(
        &self,
        row: &KindRow,
        version: &str,
        page: PageOf,
    ) -> Result<Bytes, Failure> {
        let mut request = Self::page_request(row, version, page)?;
        if row.form == Form::Metadata {
            let accept = HeaderValue::from_static(METADATA_LIST);
            request.headers_mut().insert(header::ACCEPT, accept);
        }
        self.page_answer(row, request).await
    }

    /// The body of one page of a list of whole objects.
    ///
    /// # Errors
    ///
    /// As [`ApiClient::page`].
    pub(crate) async fn whole_page(
        &self,
        row: &KindRow,
        version: &str,
        page: PageOf,
    ) -> Result<Bytes, Failure> {
        let request = Self::page_request(row, version, page)?;
        self.page_answer(row, request).await
    }

    fn page_request(
        row: &KindRow,
        version: &str,
        page: PageOf,
    ) -> Result<Request<Vec<u8>>, Failure> {
        let parameters = ListParams {
            field_selector: row.field_selector.map(str::to_owned),
            limit: Some(page.limit),
            continue_token: page.token,
            ..ListParams::default()
        };
        request::Request::new(row.path(version)).list(&parameters).map_err(|e| unbuilt(&e))
    }

    async fn page_answer(
        &self,
        row: &KindRow,
        request: Request<Vec<u8>>,
    ) -> Result<Bytes, Failure> {
        let Budget { answer_time, answer_bytes, .. } = self.budget;
        self.answer(request, &format!("the list of {}", row.plural), answer_time, answer_bytes)
            .await
    }

    /// Opens a watch from a version on.
    ///
    /// # Errors
    ///
    /// As [`ApiClient::get`].
    pub(crate) async fn watch(
        &self,
        row: &KindRow,
        version: &str,
        resource_version: &str,
    ) -> Result<Lines, Failure> {
        let parameters = WatchParams {
            field_selector: row.field_selector.map(str::to_owned),
            timeout: Some(WATCH_SECONDS),
            bookmarks: true,
            ..WatchParams::default()
        };
        let request = request::Request::new(row.path(version));
        let mut request = request.watch(&parameters, resource_version).map_err(|e| unbuilt(&e))?;
        let headers = request.headers_mut();
        // An event must come as it happens, not when a block of gzip is full.
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if row.form == Form::Metadata {
            headers.insert(header::ACCEPT, HeaderValue::from_static(METADATA));
        }
        let what = format!("the watch of {}", row.plural);
        let time = self.budget.answer_time;
        let response = timeout(time, self.send(request))
            .await
            .map_err(|_| Failure::no_answer(&what, time.as_secs()))??;
        Ok(Lines {
            body: response.into_body(),
            buffer: BytesMut::new(),
            searched: 0,
            longest: self.budget.event_bytes,
        })
    }

    async fn answer(
        &self,
        request: Request<Vec<u8>>,
        what: &str,
        time: Duration,
        most_bytes: usize,
    ) -> Result<Bytes, Failure> {
        let whole = async { body(self.send(request).await?.into_body(), most_bytes).await };
        timeout(time, whole).await.map_err(|_| Failure::no_answer(what, time.as_secs())).flatten()
    }

    /// Sends a request; an answer that is not a success is a failure.
    async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Body>, Failure> {
        let response = self.client.send(request.map(Body::from)).await;
        let response = response.map_err(|error| Failure::of_client(&error))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let words = body(response.into_body(), SMALL_ANSWER).await.unwrap_or_default();
        let words = serde_json::from_slice::<Status>(&words).ok();
        let words = words.filter(|words| words.kind == "Status").map(|words| words.message);
        Err(Failure::of_status(status.as_u16(), words.as_deref()))
    }
}

fn build(request: Result<Request<Vec<u8>>, http::Error>) -> Result<Request<Vec<u8>>, Failure> {
    request.map_err(|error| unbuilt(&error))
}

fn unbuilt(error: &dyn std::error::Error) -> Failure {
    Failure::Configuration(format!("the request cannot be made: {error}"))
}

/// A whole body of at most so many bytes.
async fn body(mut body: Body, most_bytes: usize) -> Result<Bytes, Failure> {
    let mut whole = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| Failure::of_client(&error))?;
        let Ok(data) = frame.into_data() else { continue };
        if whole.len() + data.len() > most_bytes {
            return Err(Failure::Limit(format!("an answer is longer than {most_bytes} bytes")));
        }
        // Doubling would take three times what a long answer needs.
        if whole.capacity() < whole.len() + data.len() {
            whole.reserve_exact(data.len().max(whole.len().min(LONGEST_STEP)));
        }
        whole.extend_from_slice(&data);
    }
    Ok(whole.into())
}

/// The lines of a watch.
#[derive(Debug)]
pub(crate) struct Lines {
    body: Body,
    buffer: BytesMut,
    /// How much of the buffer holds no line's end.
    searched: usize,
    longest: usize,
}

impl Lines {
    /// The next line; `None` after the end that the server meant.
    ///
    /// # Errors
    ///
    /// [`Failure::Limit`] for a line that is too long; [`Failure`] for what cut the stream.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Failure> {
        loop {
            let unseen = self.buffer.get(self.searched..).unwrap_or_default();
            if let Some(end) = unseen.iter().position(|byte| *byte == b'\n') {
                let line = self.buffer.split_to(self.searched + end + 1).freeze();
                self.searched = 0;
                return Ok(Some(line));
            }
            self.searched = self.buffer.len();
            if self.searched > self.longest {
                let longest = self.longest;
                return Err(Failure::Limit(format!("an event is longer than {longest} bytes")));
            }
            let Some(frame) = self.body.frame().await else {
                return Ok(None);
            };
            let frame = frame.map_err(|error| Failure::of_client(&error))?;
            if let Ok(data) = frame.into_data() {
                self.buffer.extend_from_slice(&data);
            }
        }
    }
}
