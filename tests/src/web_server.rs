//! A small web server of a test: fixed answers by path, and a memory of what was asked.
#![expect(clippy::expect_used, reason = "a server that cannot be started fails the test")]

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

/// What is answered, by path.
type Pages = Arc<Mutex<HashMap<String, String>>>;

/// The server; ends when it is dropped.
#[derive(Debug)]
pub struct WebServer {
    host: String,
    pages: Pages,
    asked: Arc<Mutex<Vec<String>>>,
    _tasks: JoinSet<()>,
}

impl WebServer {
    /// A server on a free port of the loopback, without pages.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let host = listener.local_addr().expect("an address").to_string();
        let (pages, asked) = (Pages::default(), Arc::<Mutex<Vec<String>>>::default());
        let mut tasks = JoinSet::new();
        let (served, heard) = (Arc::clone(&pages), Arc::clone(&asked));
        tasks.spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                answer(socket, &served, &heard).await;
            }
        });
        Self { host, pages, asked, _tasks: tasks }
    }

    /// Its address with port.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The URL of a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.host)
    }

    /// Answers `path`, query and all, with `text` from now on.
    pub fn page(&self, path: &str, text: &str) {
        let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        pages.insert(path.to_owned(), text.to_owned());
    }

    /// The paths that were asked for, in order.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn answer(mut socket: TcpStream, pages: &Pages, asked: &Mutex<Vec<String>>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let Ok(byte) = socket.read_u8().await else { return };
        head.push(byte);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
    let page = pages.lock().unwrap_or_else(PoisonError::into_inner).get(&path).cloned();
    asked.lock().unwrap_or_else(PoisonError::into_inner).push(path);
    let (status, body) = match page {
        Some(body) => ("200 OK", body),
        None => ("404 Not Found", String::new()),
    };
    let length = body.len();
    let text =
        format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
    // Whoever has gone wants no answer.
    drop(socket.write_all(text.as_bytes()).await);
}
