//! From request bodies to response bodies.

mod document_cache;

use std::sync::Arc;

use async_graphql::{
    Request, Variables,
    parser::types::{ExecutableDocument, OperationType},
};
use bytes::Bytes;
use callboard_auth::Caller;
use futures_util::stream::{BoxStream, Stream, StreamExt, once};
use tokio::time::{Instant, timeout_at};

use self::document_cache::DocumentCache;
use crate::{
    answer::{self, Answer, PublicAnswer},
    error::RequestError,
    limits::{DEADLINE, MAX_COMPLEXITY, PUBLIC_BUDGET, check_tokens, complexity},
    request::{GraphqlBody, GraphqlRequest},
    schema::{CallboardSchema, SchemaPorts, build},
    scope::{AnswerBudget, Scope},
};

/// Documents that are kept parsed: those of the portal, and those of other clients. Neither can
/// push out the other's.
const TRUSTED_DOCUMENTS: usize = 512;
const PUBLIC_DOCUMENTS: usize = 256;

/// Executes GraphQL requests over the catalog. Cheap to clone.
#[derive(Debug, Clone)]
pub struct GraphqlService(Arc<Inner>);

struct Inner {
    schema: CallboardSchema,
    ports: SchemaPorts,
    trusted: DocumentCache,
    public: DocumentCache,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Inner").field("ports", &self.ports).finish_non_exhaustive()
    }
}

/// A request that may be executed.
struct Prepared {
    document: Arc<ExecutableDocument>,
    operation_name: Option<String>,
    variables: Variables,
}

impl GraphqlService {
    /// A service that reads from `ports`.
    pub fn new(ports: SchemaPorts) -> Self {
        Self(Arc::new(Inner {
            schema: build(),
            ports,
            trusted: DocumentCache::new(TRUSTED_DOCUMENTS),
            public: DocumentCache::new(PUBLIC_DOCUMENTS),
        }))
    }

    /// Executes a document that was compiled into the portal: `{"query", "variables",
    /// "operationName"}`. Only the deadline of 2 s holds.
    pub async fn execute_trusted(&self, body: Bytes, caller: &Caller) -> Bytes {
        let prepared = GraphqlRequest::parse(&body).and_then(|request| self.0.trusted(request));
        let answer = match prepared {
            Ok(prepared) => {
                let deadline = Instant::now() + DEADLINE;
                let scope = self.0.scope(caller, deadline, AnswerBudget::UNLIMITED);
                self.0.execute(prepared, scope, deadline).await
            }
            Err(error) => Answer::refused(&error),
        };
        answer.into_body()
    }

    /// Executes the body of `POST /graphql`, an object or a batch of at most 10, within the public
    /// limits. All requests of a batch read the same snapshot and share the deadline of 2 s.
    /// Callers without credentials are refused.
    pub async fn execute_public(&self, body: Bytes, caller: &Caller) -> PublicAnswer {
        if caller.is_anonymous() {
            return Answer::refused(&RequestError::Unauthenticated).into_public();
        }
        match GraphqlBody::parse(&body) {
            Ok(GraphqlBody::Single(request)) => self.single(request, caller).await.into_public(),
            Ok(GraphqlBody::Batch(batch)) => self.batch(batch, caller).await,
            Err(error) => Answer::refused(&error).into_public(),
        }
    }

    /// Executes one request within the public limits, perhaps a subscription: then there is one
    /// body for each event, until the receiver drops the stream or the source of changes ends.
    pub fn subscribe(&self, body: &[u8], caller: &Caller) -> BoxStream<'static, Bytes> {
        let prepared = match self.prepare_subscription(body, caller) {
            Ok(prepared) => prepared,
            Err(error) => {
                let body = Answer::refused(&error).into_public().body;
                return once(async { body }).boxed();
            }
        };
        let (inner, caller) = (Arc::clone(&self.0), caller.clone());
        if prepared.has_subscription() {
            return inner.events(prepared, caller).boxed();
        }
        let deadline = Instant::now() + DEADLINE;
        let scope = inner.scope(&caller, deadline, PUBLIC_BUDGET);
        once(async move { inner.execute(prepared, scope, deadline).await.into_public().body })
            .boxed()
    }

    async fn single(&self, request: GraphqlRequest, caller: &Caller) -> Answer {
        let prepared = match self.0.public(request, &mut 0) {
            Ok(prepared) => prepared,
            Err(error) => return Answer::refused(&error),
        };
        let deadline = Instant::now() + DEADLINE;
        let scope = self.0.scope(caller, deadline, PUBLIC_BUDGET);
        self.0.execute(prepared, scope, deadline).await
    }

    /// Executes a batch if every request of it is within the limits, else nothing of it.
    async fn batch(&self, batch: Vec<GraphqlRequest>, caller: &Caller) -> PublicAnswer {
        let mut used = 0;
        let prepared: Result<Vec<_>, _> =
            batch.into_iter().map(|request| self.0.public(request, &mut used)).collect();
        let prepared = match prepared {
            Ok(prepared) => prepared,
            Err(error) => return Answer::refused(&error).into_public(),
        };
        let deadline = Instant::now() + DEADLINE;
        let scope = self.0.scope(caller, deadline, PUBLIC_BUDGET);
        let mut answers = Vec::with_capacity(prepared.len());
        for request in prepared {
            answers.push(self.0.execute(request, Arc::clone(&scope), deadline).await);
        }
        answer::batch(&answers)
    }

    fn prepare_subscription(&self, body: &[u8], caller: &Caller) -> Result<Prepared, RequestError> {
        if caller.is_anonymous() {
            return Err(RequestError::Unauthenticated);
        }
        match GraphqlBody::parse(body)? {
            GraphqlBody::Single(request) => self.0.public(request, &mut 0),
            GraphqlBody::Batch(_) => Err(RequestError::SingleOnly),
        }
    }
}

impl Inner {
    fn trusted(&self, request: GraphqlRequest) -> Result<Prepared, RequestError> {
        let document = self.trusted.document(&request.query)?;
        Ok(Prepared::new(document, request))
    }

    /// Checks a public request before it is executed, and adds its complexity to `used`.
    fn public(&self, request: GraphqlRequest, used: &mut usize) -> Result<Prepared, RequestError> {
        check_tokens(&request.query)?;
        let document = self.public.document(&request.query)?;
        *used = used.saturating_add(complexity(&document, &request.variables)?);
        if *used > MAX_COMPLEXITY {
            return Err(RequestError::Complexity { given: *used, limit: MAX_COMPLEXITY });
        }
        Ok(Prepared::new(document, request))
    }

    fn scope(&self, caller: &Caller, deadline: Instant, budget: AnswerBudget) -> Arc<Scope> {
        Arc::new(Scope::new(&self.ports, caller.clone(), deadline, budget))
    }

    async fn execute(&self, prepared: Prepared, scope: Arc<Scope>, deadline: Instant) -> Answer {
        let request = prepared.into_request().data(scope);
        match timeout_at(deadline, self.schema.execute(request)).await {
            Ok(response) => Answer::of(response),
            Err(_) => Answer::refused(&RequestError::Deadline),
        }
    }

    fn events(
        self: Arc<Self>,
        prepared: Prepared,
        caller: Caller,
    ) -> impl Stream<Item = Bytes> + Send + use<> {
        let request = prepared.into_request().data(caller).data(self.ports.clone());
        let responses = self.schema.execute_stream(request);
        responses.map(|response| Answer::of(response).into_public().body)
    }
}

impl Prepared {
    fn new(document: Arc<ExecutableDocument>, request: GraphqlRequest) -> Self {
        let GraphqlRequest { operation_name, variables, .. } = request;
        Self { document, operation_name, variables }
    }

    fn has_subscription(&self) -> bool {
        let mut operations = self.document.operations.iter();
        operations.any(|(_, operation)| operation.node.ty == OperationType::Subscription)
    }

    fn into_request(self) -> Request {
        let mut request = Request::new(String::new()).variables(self.variables);
        request.operation_name = self.operation_name;
        request.set_parsed_query(ExecutableDocument::clone(&self.document));
        request
    }
}
