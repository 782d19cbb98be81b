//! Subscriptions over WebSocket, in the protocol `graphql-transport-ws`.
//! Source: <https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md>.

use std::{collections::HashMap, pin::Pin, time::Duration};

use actix_web::{
    FromRequest as _, HttpRequest, dev::Payload, error::PayloadError, http::header, web,
};
use actix_ws::{
    AggregatedMessage, AggregatedMessageStream, CloseCode, CloseReason, ProtocolError, Session,
};
use bytes::Bytes;
use callboard_graphql::GraphqlService;
use callboard_http::{Answer, ApiError, Authenticated, Caller, ErrorClass};
use futures_util::{Stream, StreamExt as _, stream};
use serde::Deserialize;
use serde_json::Value;
use tokio::{
    sync::OwnedSemaphorePermit,
    time::{Instant, interval, timeout, timeout_at},
};

use super::{MAX_BODY_BYTES, admission::Admission, frame_limit::FrameLimit};

const PROTOCOL: &str = "graphql-transport-ws";

/// How long a client may take to introduce itself.
const INIT_DEADLINE: Duration = Duration::from_secs(5);

/// How often a silent connection is tried.
const PING_INTERVAL: Duration = Duration::from_secs(20);

/// Subscriptions of one connection.
const MAX_OPERATIONS: usize = 20;

/// How long what a client still sends is read, so that it can read why it was closed.
const LINGER: Duration = Duration::from_secs(1);

/// A message was longer than [`MAX_BODY_BYTES`].
const TOO_LONG: Closed = Closed(Some((1009, "a message may have at most 65536 bytes")));

/// What a client sends.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum ClientMessage {
    ConnectionInit,
    Ping,
    Pong,
    // Not as raw JSON: a tagged message is buffered before it is known to be this one.
    Subscribe { id: String, payload: Value },
    Complete { id: String },
}

/// What happened in one operation.
enum Event {
    Next(String, Bytes),
    Complete(String),
}

type Operations = stream::SelectAll<Pin<Box<dyn Stream<Item = Event>>>>;

/// `GET /graphql/ws`.
pub(super) async fn connect(
    guard: Authenticated,
    request: HttpRequest,
    service: web::Data<GraphqlService>,
    admission: web::Data<Admission>,
    body: web::Payload,
) -> Answer {
    admission.check_origin(&request)?;
    let offered = request.headers().get(header::SEC_WEBSOCKET_PROTOCOL);
    let offered = offered.and_then(|offered| offered.to_str().ok()).unwrap_or_default();
    if !offered.split(',').any(|one| one.trim() == PROTOCOL) {
        let message = format!("open a WebSocket with the protocol {PROTOCOL}");
        return Err(ApiError::new(ErrorClass::Input, message));
    }
    let place = admission.place()?;
    let body = limited(&request, body).await?;
    let (mut response, session, messages) = actix_ws::handle(&request, body)
        .map_err(|error| ApiError::new(ErrorClass::Input, error.to_string()))?;
    let protocol = header::HeaderValue::from_static(PROTOCOL);
    response.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, protocol);
    let messages = messages.max_frame_size(MAX_BODY_BYTES).aggregate_continuations();
    let messages = messages.max_continuation_size(MAX_BODY_BYTES);
    let connection = Connection {
        service: service.get_ref().clone(),
        caller: guard.caller,
        session,
        open: HashMap::new(),
        _place: place,
    };
    actix_web::rt::spawn(connection.run(messages));
    Ok(response)
}

/// `body` without frames that are too long.
async fn limited(request: &HttpRequest, body: web::Payload) -> Result<web::Payload, ApiError> {
    let limit = u64::try_from(MAX_BODY_BYTES).unwrap_or(u64::MAX);
    let frames = Box::pin(FrameLimit::new(body.into_inner(), limit));
    web::Payload::from_request(request, &mut Payload::Stream { payload: frames })
        .await
        .map_err(ApiError::from)
}

struct Connection {
    service: GraphqlService,
    caller: Caller,
    session: Session,
    /// The operations that have not ended, each with the way to end it.
    open: HashMap<String, tokio_util::sync::CancellationToken>,
    _place: OwnedSemaphorePermit,
}

/// The connection is over, for this reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Closed(Option<(u16, &'static str)>);

impl From<actix_ws::Closed> for Closed {
    fn from(_: actix_ws::Closed) -> Self {
        Self(None)
    }
}

impl Connection {
    async fn run(mut self, mut messages: AggregatedMessageStream) {
        let closed = match self.introduce(&mut messages).await {
            Ok(()) => self.converse(&mut messages).await.err().unwrap_or(Closed(None)),
            Err(closed) => closed,
        };
        for operation in self.open.values() {
            operation.cancel();
        }
        let reason = closed.0.map(|(code, text)| CloseReason {
            code: CloseCode::Other(code),
            description: Some(text.to_owned()),
        });
        // The other side may be gone already.
        let _gone = self.session.close(reason).await;
        if closed == TOO_LONG {
            // A connection that is closed with unread bytes is reset, and the reason lost with it.
            let _late = timeout(LINGER, read_off(&mut messages)).await;
        }
    }

    /// Waits for `connection_init`.
    async fn introduce(&mut self, messages: &mut AggregatedMessageStream) -> Result<(), Closed> {
        let deadline = Instant::now() + INIT_DEADLINE;
        loop {
            let message = timeout_at(deadline, messages.next()).await;
            let message =
                message.map_err(|_| Closed(Some((4408, "Connection initialisation timeout"))))?;
            match self.read(message).await? {
                Some(ClientMessage::ConnectionInit) => {
                    self.session.text(r#"{"type":"connection_ack"}"#).await?;
                    return Ok(());
                }
                Some(ClientMessage::Ping) => self.session.text(r#"{"type":"pong"}"#).await?,
                Some(ClientMessage::Subscribe { .. }) => {
                    return Err(Closed(Some((4401, "Unauthorized"))));
                }
                Some(ClientMessage::Pong | ClientMessage::Complete { .. }) | None => {}
            }
        }
    }

    async fn converse(&mut self, messages: &mut AggregatedMessageStream) -> Result<(), Closed> {
        let mut operations = Operations::new();
        let mut ping = interval(PING_INTERVAL);
        loop {
            tokio::select! {
                message = messages.next() => {
                    if let Some(message) = self.read(message).await? {
                        self.obey(message, &mut operations).await?;
                    }
                }
                Some(event) = operations.next(), if !operations.is_empty() => {
                    self.tell(event).await?;
                }
                _ = ping.tick() => self.session.ping(b"").await?,
            }
        }
    }

    /// A message of the protocol; `None` for what the WebSocket itself needs.
    async fn read(
        &mut self,
        message: Option<Result<AggregatedMessage, ProtocolError>>,
    ) -> Result<Option<ClientMessage>, Closed> {
        match message {
            Some(Ok(AggregatedMessage::Text(text))) => serde_json::from_str(&text)
                .map(Some)
                .map_err(|_| Closed(Some((4400, "Invalid message")))),
            Some(Ok(AggregatedMessage::Ping(data))) => {
                self.session.pong(&data).await?;
                Ok(None)
            }
            Some(Ok(AggregatedMessage::Pong(_))) => Ok(None),
            Some(Ok(AggregatedMessage::Binary(_))) => Err(Closed(Some((4400, "Invalid message")))),
            Some(Err(error)) => Err(broken(&error)),
            Some(Ok(AggregatedMessage::Close(_))) | None => Err(Closed(None)),
        }
    }

    async fn obey(
        &mut self,
        message: ClientMessage,
        operations: &mut Operations,
    ) -> Result<(), Closed> {
        match message {
            ClientMessage::ConnectionInit => {
                Err(Closed(Some((4429, "Too many initialisation requests"))))
            }
            ClientMessage::Ping => Ok(self.session.text(r#"{"type":"pong"}"#).await?),
            ClientMessage::Pong => Ok(()),
            ClientMessage::Complete { id } => {
                if let Some(operation) = self.open.remove(&id) {
                    operation.cancel();
                }
                Ok(())
            }
            ClientMessage::Subscribe { id, payload } => {
                if self.open.contains_key(&id) {
                    return Err(Closed(Some((4409, "Subscriber already exists"))));
                }
                if self.open.len() >= MAX_OPERATIONS {
                    return Err(Closed(Some((4429, "Too many operations"))));
                }
                self.start(id, &payload.to_string(), operations);
                Ok(())
            }
        }
    }

    fn start(&mut self, id: String, payload: &str, operations: &mut Operations) {
        let stop = tokio_util::sync::CancellationToken::new();
        self.open.insert(id.clone(), stop.clone());
        let responses = self.service.subscribe(payload.as_bytes(), &self.caller);
        let ending = id.clone();
        let events = responses
            .take_until(async move { stop.cancelled().await })
            .map(move |response| Event::Next(id.clone(), response))
            .chain(stream::once(async move { Event::Complete(ending) }));
        operations.push(Box::pin(events));
    }

    async fn tell(&mut self, event: Event) -> Result<(), Closed> {
        match event {
            Event::Next(id, payload) => {
                if !self.open.contains_key(&id) {
                    return Ok(());
                }
                let id = Value::String(id);
                let payload = String::from_utf8_lossy(&payload);
                let message = format!(r#"{{"id":{id},"type":"next","payload":{payload}}}"#);
                Ok(self.session.text(message).await?)
            }
            Event::Complete(id) => {
                // Whoever completed it first need not be told.
                if self.open.remove(&id).is_none() {
                    return Ok(());
                }
                let id = Value::String(id);
                Ok(self.session.text(format!(r#"{{"id":{id},"type":"complete"}}"#)).await?)
            }
        }
    }
}

/// Reads until the client closes, too, or is gone.
async fn read_off(messages: &mut AggregatedMessageStream) {
    while let Some(Ok(message)) = messages.next().await {
        if matches!(message, AggregatedMessage::Close(_)) {
            return;
        }
    }
}

/// Why a connection ends whose bytes cannot be read. Source: RFC 6455 §7.4.1.
fn broken(error: &ProtocolError) -> Closed {
    let ProtocolError::Io(error) = error else {
        return match error {
            ProtocolError::Overflow => TOO_LONG,
            _ => Closed(Some((1002, "the frame is not one of the protocol"))),
        };
    };
    let cause = error.get_ref();
    match cause.and_then(|cause| cause.downcast_ref::<PayloadError>()) {
        Some(PayloadError::Overflow) => TOO_LONG,
        Some(_) => Closed(None),
        None if error.kind() == std::io::ErrorKind::InvalidData => {
            Closed(Some((1007, "a text is UTF-8")))
        }
        // The pieces of a message together.
        None => TOO_LONG,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_names_the_limit() {
        let Closed(Some((1009, reason))) = TOO_LONG else { panic!("it is another code") };
        assert!(reason.contains(&MAX_BODY_BYTES.to_string()));
    }

    #[test]
    fn the_messages_of_the_protocol_are_read() {
        let read = |text: &str| serde_json::from_str::<ClientMessage>(text).unwrap();
        let subscribe = r#"{"id":"1","type":"subscribe","payload":{"query":"{ a }"}}"#;
        let ClientMessage::Subscribe { id, payload } = read(subscribe) else {
            panic!("it is another message")
        };
        assert_eq!((id.as_str(), payload.to_string().as_str()), ("1", r#"{"query":"{ a }"}"#));
        let init = read(r#"{"type":"connection_init","payload":{"token":"x"}}"#);
        assert!(matches!(init, ClientMessage::ConnectionInit));
        assert!(matches!(read(r#"{"type":"ping"}"#), ClientMessage::Ping));
        assert!(matches!(read(r#"{"type":"pong"}"#), ClientMessage::Pong));
        let complete = read(r#"{"id":"1","type":"complete"}"#);
        assert!(matches!(complete, ClientMessage::Complete { id } if id == "1"));
    }
}
