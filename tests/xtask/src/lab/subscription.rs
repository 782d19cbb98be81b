//! A GraphQL subscription over WebSocket, in the protocol `graphql-transport-ws`.

use std::{
    net::TcpStream,
    sync::mpsc::{self, Receiver},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use serde_json::{Value, json};
use tungstenite::{Message, WebSocket, client::IntoClientRequest as _};

use super::config::TOKEN;

/// What one subscription gave, with the moment at which it came. Ends with xtask.
#[derive(Debug)]
pub(crate) struct Subscription {
    events: Receiver<(Instant, Value)>,
}

impl Subscription {
    /// Subscribes at `http://HOST:PORT` with the lab's token.
    pub(crate) fn open(url: &str, query: &str) -> anyhow::Result<Self> {
        let authority = url.trim_start_matches("http://").trim_end_matches('/');
        let mut request = format!("ws://{authority}/graphql/ws").into_client_request()?;
        let headers = request.headers_mut();
        headers.insert("authorization", format!("Bearer {TOKEN}").parse()?);
        headers.insert("sec-websocket-protocol", "graphql-transport-ws".parse()?);
        let stream = TcpStream::connect(authority)?;
        stream.set_nodelay(true)?;
        let (mut socket, _) = tungstenite::client(request, stream)
            .map_err(|error| anyhow::anyhow!("no WebSocket: {error}"))?;
        send(&mut socket, &json!({ "type": "connection_init" }))?;
        let acknowledged = next(&mut socket)?.context("closed before it was acknowledged")?;
        if acknowledged.get("type") != Some(&json!("connection_ack")) {
            bail!("not acknowledged: {acknowledged}");
        }
        let payload = json!({ "query": query });
        send(&mut socket, &json!({ "id": "1", "type": "subscribe", "payload": payload }))?;
        let (tell, events) = mpsc::channel();
        thread::spawn(move || {
            while let Ok(Some(message)) = next(&mut socket) {
                if tell.send((Instant::now(), message)).is_err() {
                    break;
                }
            }
        });
        Ok(Self { events })
    }

    /// The first event from now on that `is_meant`, and when it came.
    pub(crate) fn wait_for(
        &self,
        limit: Duration,
        is_meant: impl Fn(&Value) -> bool,
    ) -> anyhow::Result<Instant> {
        let deadline = Instant::now() + limit;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let (at, event) = self.events.recv_timeout(left).context("no such event")?;
            if event.get("type") == Some(&json!("error")) {
                bail!("the subscription failed: {event}");
            }
            if is_meant(&event) {
                return Ok(at);
            }
        }
    }
}

fn send(socket: &mut WebSocket<TcpStream>, message: &Value) -> anyhow::Result<()> {
    Ok(socket.send(Message::text(message.to_string()))?)
}

/// The next message that is text; `None` when the other side has closed.
fn next(socket: &mut WebSocket<TcpStream>) -> anyhow::Result<Option<Value>> {
    loop {
        match socket.read()? {
            Message::Text(text) => return Ok(Some(serde_json::from_str(text.as_str())?)),
            Message::Close(_) => return Ok(None),
            _ => {}
        }
    }
}
