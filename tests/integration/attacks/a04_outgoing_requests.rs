//! A04: an address in a descriptor that makes Callboard ask what it must not.
//!
//! The whole way of a `url:` target is run: reader, outgoing client, real connections. Names are
//! resolved by the test, and what must not be asked is a server on the loopback that counts its
//! connections. CVE-2026-32236, CVE-2026-24048, CVE-2024-53983.

use std::{
    collections::HashMap,
    io,
    net::IpAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use callboard_catalog::reading::{ReadError, ReadFile, ReadOutcome, ReadRequest, UrlReader};
use callboard_egress::{BlockedCounts, EgressClient, EgressPolicy, Reach, Resolve};
use callboard_plugin::{AllowList, AllowedTarget, BlockReason, HttpClient, HttpError, HttpRequest};
use callboard_plugin_scm::{
    FileReader, Integration, IntegrationCredentials, IntegrationKind, ScmReader, UrlTargetOptions,
    UrlTargetReader,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};
use url::Url;

/// What the server behind the wall would say.
const SECRET: &str = "internal-secret-7e1f";

/// A server on the loopback: answers by path, counts connections, keeps request heads.
#[derive(Clone)]
struct Inner {
    port: u16,
    connections: Arc<AtomicUsize>,
    redirects: Arc<Mutex<HashMap<String, String>>>,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Inner {
    #[expect(clippy::disallowed_methods, reason = "the server of a test ends with its runtime")]
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let inner = Self {
            port: listener.local_addr().unwrap().port(),
            connections: Arc::default(),
            redirects: Arc::default(),
            heads: Arc::default(),
        };
        let server = inner.clone();
        tokio::spawn(async move {
            loop {
                let (mut socket, _) = listener.accept().await.unwrap();
                server.connections.fetch_add(1, Ordering::SeqCst);
                let mut head = vec![0; 8192];
                let count = socket.read(&mut head).await.unwrap_or_default();
                let head = String::from_utf8_lossy(&head[..count]).to_ascii_lowercase();
                let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
                server.heads.lock().unwrap().push(head);
                let answer = match server.redirects.lock().unwrap().get(&path) {
                    Some(to) => format!(
                        "HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
                    ),
                    None => format!(
                        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{SECRET}",
                        SECRET.len()
                    ),
                };
                let _closed = socket.write_all(answer.as_bytes()).await;
            }
        });
        inner
    }

    fn redirect(&self, path: &str, to: &str) {
        self.redirects.lock().unwrap().insert(path.to_owned(), to.to_owned());
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.host())
    }
}

/// Names of the test; each call gives the next list, the last for ever.
#[derive(Debug, Default)]
struct Names {
    answers: HashMap<&'static str, Vec<Vec<IpAddr>>>,
    calls: AtomicUsize,
}

#[async_trait]
impl Resolve for Names {
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        let call = self.calls.fetch_add(1, Ordering::SeqCst);
        let lists = self.answers.get(host).ok_or(io::ErrorKind::NotFound)?;
        Ok(lists.get(call).or_else(|| lists.last()).cloned().unwrap_or_default())
    }
}

fn names(entries: &[(&'static str, &[&[&str]])]) -> Arc<Names> {
    let list = |texts: &&[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
    let answers = entries.iter().map(|(name, lists)| (*name, lists.iter().map(list).collect()));
    Arc::new(Names { answers: answers.collect(), calls: AtomicUsize::default() })
}

/// A portal with an allow-list, and what it blocked.
struct Portal {
    reader: ScmReader,
    client: EgressClient,
    blocked: Arc<BlockedCounts>,
}

impl Portal {
    fn new(
        reach: Reach,
        allow: &[&str],
        integrations: Vec<Integration>,
        names: Arc<Names>,
    ) -> Self {
        let targets = allow.iter().map(|host| AllowedTarget::new(host, None).unwrap());
        let allow = AllowList::new(targets.collect());
        let whole = allow.clone().and(integrations.iter().flat_map(Integration::allowed_targets));
        let blocked = Arc::new(BlockedCounts::default());
        let policy = EgressPolicy { reach, allow: whole };
        let client = EgressClient::with_resolver(policy, names, Arc::clone(&blocked)).unwrap();
        let options = UrlTargetOptions {
            allow,
            integrations,
            limit_bytes: 1 << 20,
            timeout: Duration::from_secs(2),
            concurrency: 4,
        };
        let urls = UrlTargetReader::new(Arc::new(client.clone()), options);
        Self { reader: ScmReader::new(FileReader::new(1 << 20, 1), urls), client, blocked }
    }

    async fn read(&self, target: &str) -> Result<Vec<ReadFile>, ReadError> {
        let request = ReadRequest::new("url", target);
        match self.reader.read(&request).await? {
            ReadOutcome::Files(files) => Ok(files),
            ReadOutcome::NotModified => Ok(Vec::new()),
        }
    }

    /// Reads `target` and asserts that it is refused without a word of any answer.
    async fn refuses(&self, target: &str) {
        let error = match self.read(target).await {
            Err(error @ ReadError::NotAllowed { .. }) => error.to_string(),
            other => panic!("{target} was not refused: {other:?}"),
        };
        assert!(!error.contains(SECRET), "{error}");
    }

    /// Asks for `url` as a part of the product that may ask public hosts.
    async fn reason(&self, url: &str) -> BlockReason {
        let Ok(url) = Url::parse(url) else { return BlockReason::Scheme };
        let request =
            HttpRequest { deadline: Duration::from_secs(2), ..HttpRequest::get(url.clone()) };
        match self.client.send(request).await {
            Err(HttpError::Blocked { reason, .. }) => reason,
            other => panic!("{url} was not blocked: {other:?}"),
        }
    }
}

/// Spellings of inner addresses; `{}` stands for the port of the server that counts.
const SPELLINGS: [&str; 26] = [
    "http://127.0.0.1:{}/",
    "http://127.1:{}/",
    "http://127.000.000.001:{}/",
    "http://0x7f.1:{}/",
    "http://0x7f000001:{}/",
    "http://2130706433:{}/",
    "http://017700000001:{}/",
    "http://0177.0.0.1:{}/",
    "http://127.0.0.1.:{}/",
    "http://127%2e0%2e0%2e1:{}/",
    "http://①②⑦.⓪.⓪.①:{}/",
    "http://127。0。0。1:{}/",
    "http://0.0.0.0:{}/",
    "http://0:{}/",
    "http://[::1]:{}/",
    "http://[::]:{}/",
    "http://[::ffff:127.0.0.1]:{}/",
    "http://[::ffff:7f00:1]:{}/",
    "http://[::127.0.0.1]:{}/",
    "http://[64:ff9b::7f00:1]:{}/",
    "http://[2002:7f00:1::]:{}/",
    "http://169.254.169.254/latest/meta-data/iam/security-credentials/",
    "http://[fd00:ec2::254]/latest/meta-data/",
    "http://[fd00::1]/",
    "http://10.0.0.1/",
    "http://100.100.100.200/latest/meta-data/",
];

#[tokio::test]
async fn no_spelling_of_an_inner_address_is_asked() {
    let inner = Inner::start().await;
    let portal = Portal::new(Reach::Public, &[], vec![], names(&[]));
    for spelling in SPELLINGS {
        let url = spelling.replace("{}", &inner.port.to_string());
        portal.refuses(&url).await;
        let reason = portal.reason(&url).await;
        assert!(matches!(reason, BlockReason::Address | BlockReason::Port), "{url}: {reason}");
    }
    assert_eq!(inner.connections(), 0);
    let counted: u64 = portal.blocked.snapshot().iter().map(|(_, count)| count).sum();
    assert_eq!(counted, SPELLINGS.len() as u64);
}

#[tokio::test]
async fn no_name_that_leads_inside_is_asked() {
    let inner = Inner::start().await;
    let inside: [(&'static str, &[&[&str]]); 6] = [
        ("localhost", &[&["127.0.0.1", "::1"]]),
        ("localhost.", &[&["127.0.0.1"]]),
        ("inside.evil.test", &[&["10.1.2.3"]]),
        ("mixed.evil.test", &[&["1.1.1.1", "127.0.0.1"]]),
        ("mapped.evil.test", &[&["::ffff:169.254.169.254"]]),
        ("metadata.google.internal", &[&["169.254.169.254"]]),
    ];
    let portal = Portal::new(Reach::Public, &[], vec![], names(&inside));
    for (name, _) in inside {
        let url = format!("http://{name}:{}/", inner.port);
        portal.refuses(&url).await;
        assert_eq!(portal.reason(&url).await, BlockReason::Address, "{url}");
    }
    assert_eq!(inner.connections(), 0);
}

#[tokio::test]
async fn a_listed_name_that_is_pointed_at_the_metadata_service_is_not_asked() {
    let lists: &[&[&str]] = &[&["169.254.169.254"]];
    let names = names(&[("allowed.test", lists)]);
    let portal = Portal::new(Reach::Listed, &["allowed.test"], vec![], names);
    portal.refuses("http://allowed.test/latest/meta-data/").await;
    assert_eq!(portal.blocked.of(BlockReason::Address), 1);
}

#[tokio::test]
async fn a_name_that_changes_after_the_check_gains_nothing() {
    let inner = Inner::start().await;
    // 192.31.196.0/24 is routed nowhere: the first answer is public, and silent.
    let lists: &[&[&str]] = &[&["192.31.196.1"], &["127.0.0.1"]];
    let names = names(&[("rebind.evil.test", lists)]);
    let portal = Portal::new(Reach::Public, &[], vec![], Arc::clone(&names));
    let url = Url::parse(&format!("http://rebind.evil.test:{}/", inner.port)).unwrap();
    let deadline = Duration::from_millis(300);
    let first = portal.client.send(HttpRequest { deadline, ..HttpRequest::get(url.clone()) }).await;
    assert!(!matches!(first, Ok(_) | Err(HttpError::Blocked { .. })), "{first:?}");
    assert_eq!(names.calls.load(Ordering::SeqCst), 1, "one check, one look-up");
    assert_eq!(portal.reason(url.as_str()).await, BlockReason::Address);
    assert_eq!(inner.connections(), 0);
}

#[tokio::test]
async fn no_redirect_of_an_allowed_host_leads_elsewhere() {
    let (allowed, inner) = (Inner::start().await, Inner::start().await);
    let portal = Portal::new(Reach::Listed, &[&allowed.host()], vec![], names(&[]));
    let targets = [
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        inner.url("/"),
        format!("http://0x7f.1:{}/", inner.port),
        format!("http://{}@127.0.0.1:{}/", allowed.host(), inner.port),
        format!("//127.0.0.1:{}/", inner.port),
        format!("http://me:pw@{}/", allowed.host()),
        "https://example.com/".to_owned(),
        "file:///etc/passwd".to_owned(),
        "gopher://127.0.0.1:6379/_FLUSHALL".to_owned(),
    ];
    for (index, to) in targets.iter().enumerate() {
        let path = format!("/{index}");
        allowed.redirect(&path, to);
        portal.refuses(&allowed.url(&path)).await;
    }
    allowed.redirect("/loop", "/loop");
    portal.refuses(&allowed.url("/loop")).await;
    assert_eq!(portal.blocked.of(BlockReason::Redirects), 1);
    assert_eq!(inner.connections(), 0);
    assert_eq!(allowed.connections(), targets.len() + 6, "five redirects are followed");
}

#[tokio::test]
async fn no_name_passes_for_an_allowed_one() {
    let portal = Portal::new(Reach::Listed, &["allowed.test", "*.below.test"], vec![], names(&[]));
    for url in [
        "https://allowed.test.evil.test/",
        "https://allowed.test@evil.test/",
        "https://allowed.test:443@evil.test/",
        "https://evil.test/allowed.test",
        "https://evil.test?allowed.test",
        "https://evil.test#allowed.test",
        "https://evil.test\\@allowed.test/",
        "https://notallowed.test/",
        "https://аllowed.test/",
        "https://allowed.test./",
        "https://allowed.test:8443/",
        "https://below.test/",
        "https://evilbelow.test/",
        "https://below.test.evil.test/",
    ] {
        portal.refuses(url).await;
    }
}

#[tokio::test]
async fn no_other_scheme_and_no_other_protocols_port_is_asked() {
    let inner = Inner::start().await;
    let portal = Portal::new(Reach::Listed, &["allowed.test", &inner.host()], vec![], names(&[]));
    for url in [
        "gopher://allowed.test:6379/_FLUSHALL".to_owned(),
        "file:///etc/passwd".to_owned(),
        "ftp://allowed.test/a.yaml".to_owned(),
        "dict://allowed.test:11211/stats".to_owned(),
        "ldap://allowed.test/".to_owned(),
        "data:text/yaml,kind:%20Component".to_owned(),
        "http://allowed.test:6379/".to_owned(),
        "http://allowed.test:22/".to_owned(),
        format!("ws://{}/", inner.host()),
    ] {
        portal.refuses(&url).await;
    }
    assert_eq!(inner.connections(), 0);
    let open = Portal::new(Reach::Public, &[], vec![], names(&[]));
    assert_eq!(open.reason("http://1.1.1.1:6379/").await, BlockReason::Port);
}

#[tokio::test]
async fn a_token_does_not_follow_a_redirect_to_another_host() {
    let (host, other) = (Inner::start().await, Inner::start().await);
    let credentials = Some(IntegrationCredentials::Token("hush-token".into()));
    let integration = Integration::new(IntegrationKind::Gitea, &host.host()).unwrap();
    let integration = Integration { credentials, ..integration };
    let allow = other.host();
    let portal = Portal::new(Reach::Listed, &[&allow], vec![integration], names(&[]));
    host.redirect("/o/r/raw/branch/main/a.yaml", &other.url("/a.yaml"));
    portal.read(&host.url("/o/r/src/branch/main/a.yaml")).await.unwrap();
    assert!(host.heads.lock().unwrap().iter().all(|head| head.contains("hush-token")));
    let heads = other.heads.lock().unwrap().clone();
    assert!(heads.len() == 1 && heads.iter().all(|head| !head.contains("hush-token")));
}

#[tokio::test]
async fn what_the_operator_allows_is_asked() {
    let inner = Inner::start().await;
    let lists: &[&[&str]] = &[&["127.0.0.1"]];
    let named = format!("intern.test:{}", inner.port);
    let portal = Portal::new(
        Reach::Listed,
        &[&inner.host(), &named],
        vec![],
        names(&[("intern.test", lists)]),
    );
    for url in [inner.url("/a.yaml"), format!("http://{named}/a.yaml")] {
        let files = portal.read(&url).await.unwrap();
        assert!(files.iter().all(|file| &*file.content == SECRET.as_bytes()));
    }
    assert_eq!(inner.connections(), 2);
}
