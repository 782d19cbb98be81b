//! The client against a server of its own on the loopback: hand-written, because it must answer
//! what real servers do not.
#![cfg(test)]

use std::{
    collections::HashMap,
    io::Write as _,
    net::IpAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use callboard_egress::{EgressClient, EgressPolicy, Reach, Resolve};
use callboard_plugin::{
    AllowList, AllowedTarget, BlockReason, HttpClient, HttpError, HttpRequest, HttpResponse,
    Redirects,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};
use url::Url;

/// Answers by path, and remembers the requests.
#[derive(Clone)]
struct Server {
    port: u16,
    answers: Arc<Mutex<HashMap<String, Vec<u8>>>>,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    #[expect(clippy::disallowed_methods, reason = "the server of a test ends with its runtime")]
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = Self { port, answers: Arc::default(), requests: Arc::default() };
        let inside = server.clone();
        tokio::spawn(async move {
            loop {
                let (mut socket, _) = listener.accept().await.unwrap();
                let server = inside.clone();
                tokio::spawn(async move {
                    let mut head = Vec::new();
                    while !head.windows(4).any(|part| part == b"\r\n\r\n") {
                        let mut part = [0; 4096];
                        match socket.read(&mut part).await {
                            Ok(0) | Err(_) => return,
                            Ok(count) => head.extend_from_slice(&part[..count]),
                        }
                    }
                    let head = String::from_utf8_lossy(&head).into_owned();
                    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
                    server.requests.lock().unwrap().push(head.to_ascii_lowercase());
                    let answer = server.answers.lock().unwrap().get(&path).cloned();
                    if path == "/slow" {
                        tokio::time::sleep(Duration::from_mins(1)).await;
                    }
                    let answer = answer.unwrap_or_else(|| answer_of("404 Not Found", "", b""));
                    let _closed = socket.write_all(&answer).await;
                });
            }
        });
        server
    }

    fn on(&self, path: &str, answer: Vec<u8>) -> &Self {
        self.answers.lock().unwrap().insert(path.to_owned(), answer);
        self
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

fn answer_of(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n"
    );
    [head.as_bytes(), body].concat()
}

fn redirect(to: &str) -> Vec<u8> {
    answer_of("302 Found", &format!("location: {to}\r\n"), b"")
}

/// Gives each name one list of addresses after the other, the last for ever.
#[derive(Debug, Default)]
struct Names {
    answers: HashMap<String, Vec<Vec<IpAddr>>>,
    calls: AtomicUsize,
}

#[async_trait::async_trait]
impl Resolve for Names {
    async fn resolve(&self, host: &str) -> std::io::Result<Vec<IpAddr>> {
        let call = self.calls.fetch_add(1, Ordering::SeqCst);
        let lists = self.answers.get(host).ok_or(std::io::ErrorKind::NotFound)?;
        Ok(lists.get(call).or_else(|| lists.last()).cloned().unwrap_or_default())
    }
}

fn names(entries: &[(&str, &[&[&str]])]) -> Arc<Names> {
    let addresses = |list: &&[&str]| list.iter().map(|text| text.parse().unwrap()).collect();
    let answers = entries
        .iter()
        .map(|(name, lists)| ((*name).to_owned(), lists.iter().map(addresses).collect()))
        .collect();
    Arc::new(Names { answers, calls: AtomicUsize::new(0) })
}

fn client(reach: Reach, allow: &[String], resolver: Arc<Names>) -> EgressClient {
    let targets = allow.iter().map(|host| AllowedTarget::new(host, None).unwrap()).collect();
    let policy = EgressPolicy { reach, allow: AllowList::new(targets) };
    EgressClient::with_resolver(policy, resolver, Arc::default()).unwrap()
}

fn listed(server: &Server) -> EgressClient {
    client(Reach::Listed, &[format!("127.0.0.1:{}", server.port)], names(&[]))
}

fn request(url: &str) -> HttpRequest {
    HttpRequest { deadline: Duration::from_secs(5), ..HttpRequest::get(Url::parse(url).unwrap()) }
}

async fn get(client: &EgressClient, url: &str) -> Result<HttpResponse, HttpError> {
    client.send(request(url)).await
}

async fn blocked(client: &EgressClient, url: &str) -> BlockReason {
    match get(client, url).await {
        Err(HttpError::Blocked { reason, .. }) => reason,
        other => panic!("{url} was not blocked: {other:?}"),
    }
}

#[tokio::test]
async fn a_listed_address_on_the_loopback_is_read() {
    let server = Server::start().await;
    server.on("/a.yaml", answer_of("200 OK", "etag: \"7\"\r\n", b"kind: A"));
    let response = get(&listed(&server), &server.url("/a.yaml")).await.unwrap();
    assert_eq!((response.status.as_u16(), &*response.body), (200, &b"kind: A"[..]));
    assert_eq!(response.headers["etag"], "\"7\"");
    let missing = get(&listed(&server), &server.url("/b.yaml")).await.unwrap();
    assert_eq!(missing.status, 404);
}

#[tokio::test]
async fn a_listed_name_may_be_private_but_never_link_local() {
    let server = Server::start().await;
    server.on("/x", answer_of("200 OK", "", b"fine"));
    let host = format!("intern.test:{}", server.port);
    let url = format!("http://{host}/x");
    let resolver = names(&[("intern.test", &[&["127.0.0.1"], &["127.0.0.1", "169.254.169.254"]])]);
    let client = client(Reach::Listed, &[host], resolver);
    assert_eq!(&*get(&client, &url).await.unwrap().body, b"fine");
    assert_eq!(blocked(&client, &url).await, BlockReason::Address);
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_name_is_resolved_once_and_the_connection_goes_to_what_was_checked() {
    let server = Server::start().await;
    server.on("/x", answer_of("200 OK", "", b"secret"));
    // A test network that nobody answers on, then the loopback.
    let resolver = names(&[("rebind.test", &[&["192.31.196.1"], &["127.0.0.1"]])]);
    let client = client(Reach::Public, &[], Arc::clone(&resolver));
    let url = format!("http://rebind.test:{}/x", server.port);
    let quick = HttpRequest { deadline: Duration::from_millis(500), ..request(&url) };
    let first = client.send(quick).await.unwrap_err();
    assert!(matches!(first, HttpError::Timeout { .. } | HttpError::Connect { .. }), "{first}");
    assert_eq!(resolver.calls.load(Ordering::SeqCst), 1);
    assert_eq!(blocked(&client, &url).await, BlockReason::Address);
    assert!(server.requests().is_empty(), "nothing came to the loopback");
}

#[tokio::test]
async fn redirects_are_followed_five_times_and_each_is_checked() {
    let server = Server::start().await;
    for hop in 1..=6 {
        server.on(&format!("/{hop}"), redirect(&format!("/{}", hop - 1)));
    }
    server.on("/0", answer_of("200 OK", "", b"end"));
    let client = listed(&server);
    let response = get(&client, &server.url("/5")).await.unwrap();
    assert_eq!((&*response.body, response.url.path()), (&b"end"[..], "/0"));
    assert_eq!(blocked(&client, &server.url("/6")).await, BlockReason::Redirects);
    server.on("/out", redirect("http://169.254.169.254/latest/meta-data/"));
    assert_eq!(blocked(&client, &server.url("/out")).await, BlockReason::NotAllowed);
    server.on("/file", redirect("file:///etc/passwd"));
    assert_eq!(blocked(&client, &server.url("/file")).await, BlockReason::Scheme);
    let other = Server::start().await;
    server.on("/port", redirect(&other.url("/")));
    assert_eq!(blocked(&client, &server.url("/port")).await, BlockReason::NotAllowed);
    assert!(other.requests().is_empty());
    assert_eq!(client.blocked().of(BlockReason::NotAllowed), 2);
    assert_eq!(client.blocked().snapshot().iter().map(|(_, count)| count).sum::<u64>(), 4);
}

#[tokio::test]
async fn credentials_go_to_their_own_origin_alone() {
    let (server, other) = (Server::start().await, Server::start().await);
    server.on("/here", redirect("/end")).on("/end", answer_of("200 OK", "", b""));
    server.on("/there", redirect(&other.url("/end")));
    let hosts = [&server, &other].map(|one| format!("127.0.0.1:{}", one.port));
    let client = client(Reach::Listed, &hosts, names(&[]));
    for path in ["/here", "/there"] {
        let mut request = request(&server.url(path));
        request.credentials.insert("x-own-token", "hush-1".parse().unwrap());
        request.headers.insert("authorization", "Bearer hush-2".parse().unwrap());
        request.headers.insert("accept", "text/plain".parse().unwrap());
        client.send(request).await.unwrap();
    }
    assert!(
        server.requests().iter().all(|head| head.contains("hush-1") && head.contains("hush-2"))
    );
    let elsewhere = other.requests();
    assert_eq!(elsewhere.len(), 1);
    assert!(elsewhere.iter().all(|head| !head.contains("hush") && head.contains("text/plain")));
}

#[tokio::test]
async fn a_request_may_forbid_redirects_to_another_origin() {
    let (first, other) = (Server::start().await, Server::start().await);
    first.on("/away", redirect(&other.url("/page")));
    first.on("/here", redirect("/page")).on("/page", answer_of("200 OK", "", b"first"));
    other.on("/page", answer_of("200 OK", "", b"other"));
    let allow = [format!("127.0.0.1:{}", first.port), format!("127.0.0.1:{}", other.port)];
    let client = client(Reach::Listed, &allow, names(&[]));
    let bound =
        |path: &str| HttpRequest { redirects: Redirects::SameOrigin, ..request(&first.url(path)) };
    let within = client.send(bound("/here")).await.unwrap();
    assert_eq!(within.body, "first");
    let away = client.send(bound("/away")).await;
    let is_refused =
        matches!(&away, Err(HttpError::Blocked { reason: BlockReason::Elsewhere, .. }));
    assert!(is_refused, "{away:?}");
    assert!(other.requests().is_empty());
}

#[tokio::test]
async fn an_answer_ends_at_its_limit_before_and_after_decompression() {
    let server = Server::start().await;
    server.on("/exact", answer_of("200 OK", "", &[b'x'; 1000]));
    server.on("/large", answer_of("200 OK", "", &[b'x'; 1001]));
    let endless = [&b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n"[..], &[b'x'; 5000]].concat();
    server.on("/endless", endless);
    let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    bomb.write_all(&vec![0; 10 << 20]).unwrap();
    server.on("/bomb", answer_of("200 OK", "content-encoding: gzip\r\n", &bomb.finish().unwrap()));
    let client = listed(&server);
    let limited = |path: &str| HttpRequest { max_body_bytes: 1000, ..request(&server.url(path)) };
    assert_eq!(client.send(limited("/exact")).await.unwrap().body.len(), 1000);
    for path in ["/large", "/endless", "/bomb"] {
        let error = client.send(limited(path)).await.unwrap_err();
        assert!(matches!(error, HttpError::TooLarge { limit_bytes: 1000, .. }), "{path}: {error}");
    }
    let fits = HttpRequest { max_body_bytes: 11 << 20, ..request(&server.url("/bomb")) };
    assert_eq!(client.send(fits).await.unwrap().body.len(), 10 << 20);
}

#[tokio::test]
async fn the_deadline_is_for_the_whole_request() {
    let server = Server::start().await;
    let slow =
        HttpRequest { deadline: Duration::from_millis(200), ..request(&server.url("/slow")) };
    let error = listed(&server).send(slow).await.unwrap_err();
    assert!(error.to_string().ends_with("did not answer within 200 ms"), "{error}");
    let client = client(Reach::Listed, &["127.0.0.1:9".to_owned()], names(&[]));
    let closed = get(&client, "http://127.0.0.1:9/").await.unwrap_err();
    assert!(matches!(closed, HttpError::Connect { .. }), "{closed}");
}

#[tokio::test]
async fn strangers_are_reached_at_public_addresses_and_usual_ports_only() {
    let resolver =
        names(&[("inside.test", &[&["10.0.0.1"]]), ("mixed.test", &[&["1.1.1.1", "10.0.0.1"]])]);
    let client = client(Reach::Public, &[], resolver);
    for (url, reason) in [
        ("http://inside.test/", BlockReason::Address),
        ("http://mixed.test/", BlockReason::Address),
        ("http://127.0.0.1/", BlockReason::Address),
        ("http://[::ffff:10.0.0.1]/", BlockReason::Address),
        ("http://1.1.1.1:6379/", BlockReason::Port),
        ("ftp://1.1.1.1/", BlockReason::Scheme),
        ("http://me:pw@1.1.1.1/", BlockReason::UserInfo),
    ] {
        assert_eq!(blocked(&client, url).await, reason, "{url}");
    }
    let unknown = get(&client, "http://unknown.test/").await.unwrap_err();
    assert!(matches!(unknown, HttpError::Resolve { .. }), "{unknown}");
}
