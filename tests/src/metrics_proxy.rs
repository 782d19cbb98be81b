//! Stands between a source and the real Prometheus, and does what real servers cannot be made to do
//! at a given moment: it answers in their place, late, cut short or not at all.
//!
//! What it lets through is the real program's. The rest is scripted.
#![expect(clippy::expect_used, reason = "a server that cannot be started fails the test")]

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use url::Url;

/// What happens to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Nothing: it is passed on.
    None,
    /// The connection is closed without a word.
    Dead,
    /// It is never answered.
    Hang,
    /// The real answer comes so much later.
    Late(Duration),
    /// Another answer comes.
    Answer {
        /// The status, such as `422 Unprocessable Entity`.
        status: &'static str,
        /// The type of the body.
        content_type: &'static str,
        /// The body.
        body: String,
    },
    /// The real answer, of which only so many bytes of the body come.
    Cut(usize),
    /// The real answer with every value replaced by this one.
    Values(&'static str),
    /// The first series of the real answer alone, with this warning.
    Truncated(&'static str),
    /// Another host is said to have it.
    Redirect(String),
}

/// The proxy; ends when it is dropped.
#[derive(Debug)]
pub struct MetricsProxy {
    url: Url,
    fault: Arc<Mutex<Fault>>,
    asked: Arc<Mutex<Vec<String>>>,
    _tasks: JoinSet<()>,
}

impl MetricsProxy {
    /// A proxy for the server at `upstream`.
    pub async fn start(upstream: &Url) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let host = listener.local_addr().expect("an address");
        let upstream = format!(
            "{}:{}",
            upstream.host_str().expect("a host"),
            upstream.port_or_known_default().expect("a port")
        );
        let fault = Arc::new(Mutex::new(Fault::None));
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let mut tasks = JoinSet::new();
        let (shared, heard) = (Arc::clone(&fault), Arc::clone(&asked));
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((socket, _)) = listener.accept().await {
                let fault = shared.lock().unwrap_or_else(PoisonError::into_inner).clone();
                connections.spawn(serve(socket, upstream.clone(), fault, Arc::clone(&heard)));
                while connections.try_join_next().is_some() {}
            }
        });
        let url = Url::parse(&format!("http://{host}/")).expect("a URL");
        Self { url, fault, asked, _tasks: tasks }
    }

    /// Where it listens.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// From the next request on.
    pub fn set(&self, fault: Fault) {
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = fault;
    }

    /// The requests that came, whole.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn serve(
    mut socket: TcpStream,
    upstream: String,
    fault: Fault,
    asked: Arc<Mutex<Vec<String>>>,
) {
    let Some(request) = read_request(&mut socket).await else { return };
    let text = String::from_utf8_lossy(&request).into_owned();
    asked.lock().unwrap_or_else(PoisonError::into_inner).push(text);
    let answer = match &fault {
        Fault::Dead => return,
        Fault::Hang => return std::future::pending().await,
        Fault::Answer { status, content_type, body } => whole(status, content_type, body.as_bytes()),
        Fault::Redirect(location) => {
            format!("HTTP/1.1 307 Temporary Redirect\r\nlocation: {location}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").into_bytes()
        }
        Fault::None | Fault::Late(_) | Fault::Cut(_) | Fault::Values(_) | Fault::Truncated(_) => {
            let Some(body) = ask(&upstream, &request).await else { return };
            match fault {
                Fault::Cut(length) => {
                    let mut answer = whole("200 OK", "application/json", &body);
                    answer.truncate(answer.len().saturating_sub(body.len()) + length);
                    answer
                }
                Fault::Late(pause) => {
                    tokio::time::sleep(pause).await;
                    whole("200 OK", "application/json", &body)
                }
                Fault::Values(value) => whole("200 OK", "application/json", &with_values(&body, value)),
                Fault::Truncated(warning) => {
                    whole("200 OK", "application/json", &truncated(&body, warning))
                }
                _ => whole("200 OK", "application/json", &body),
            }
        }
    };
    // Whoever has gone wants no answer.
    drop(socket.write_all(&answer).await);
}

fn whole(status: &str, content_type: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: {content_type}\r\ncontent-length: {length}\r\n\
         connection: close\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}

async fn read_request(socket: &mut TcpStream) -> Option<Vec<u8>> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.push(socket.read_u8().await.ok()?);
    }
    let head = String::from_utf8_lossy(&request).to_ascii_lowercase();
    let length = head.split("content-length: ").nth(1).and_then(|rest| rest.split('\r').next());
    let length: usize = length.and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    socket.read_exact(&mut body).await.ok()?;
    request.extend_from_slice(&body);
    Some(request)
}

/// The body that the real server answers, uncompressed.
async fn ask(upstream: &str, request: &[u8]) -> Option<Vec<u8>> {
    let head_end = request.windows(4).position(|part| part == b"\r\n\r\n")? + 4;
    let (head, body) = request.split_at_checked(head_end)?;
    let head = String::from_utf8_lossy(head).into_owned();
    let hidden = ["accept-encoding:", "connection:"];
    let kept: Vec<&str> = head
        .split("\r\n")
        .filter(|line| !line.is_empty())
        .filter(|line| !hidden.iter().any(|name| line.to_ascii_lowercase().starts_with(name)))
        .collect();
    // HTTP/1.0 keeps the answer in one piece.
    let head = kept.join("\r\n").replacen("HTTP/1.1", "HTTP/1.0", 1);
    let mut server = TcpStream::connect(upstream).await.ok()?;
    server.write_all(format!("{head}\r\n\r\n").as_bytes()).await.ok()?;
    server.write_all(body).await.ok()?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer).await.ok()?;
    let start = answer.windows(4).position(|part| part == b"\r\n\r\n")? + 4;
    Some(answer.split_off(start))
}

fn with_values(body: &[u8], value: &str) -> Vec<u8> {
    edited(body, |answer| {
        let result = answer.pointer_mut("/data/result").and_then(Value::as_array_mut);
        for series in result.into_iter().flatten() {
            if let Some(told) = series.pointer_mut("/value/1") {
                *told = value.into();
            }
        }
    })
}

fn truncated(body: &[u8], warning: &str) -> Vec<u8> {
    edited(body, |answer| {
        if let Some(series) = answer.pointer_mut("/data/result").and_then(Value::as_array_mut) {
            series.truncate(1);
        }
        if let Some(answer) = answer.as_object_mut() {
            answer.insert("warnings".to_owned(), vec![warning].into());
        }
    })
}

fn edited(body: &[u8], edit: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut answer: Value = serde_json::from_slice(body).unwrap_or_default();
    edit(&mut answer);
    answer.to_string().into_bytes()
}
