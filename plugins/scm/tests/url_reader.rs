//! Reading URLs, over a hand-written client: what matters is what would be asked of it.
#![cfg(test)]

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use callboard_catalog::reading::{ReadError, ReadFile, ReadOutcome, ReadRequest, UrlReader};
use callboard_plugin::{
    AllowList, AllowedTarget, BlockReason, HttpClient, HttpError, HttpRequest, HttpResponse,
};
use callboard_plugin_scm::{
    FileReader, Integration, IntegrationCredentials, IntegrationKind, ScmReader, UrlTargetOptions,
    UrlTargetReader,
};
use http::{HeaderMap, StatusCode};
use url::Url;

/// A status, headers and a body.
type Answer = (u16, &'static [(&'static str, &'static str)], &'static str);

/// Answers by URL, 404 for others, and remembers what was asked.
#[derive(Debug, Default)]
struct Web {
    answers: HashMap<&'static str, Answer>,
    asked: Mutex<Vec<HttpRequest>>,
    error: Option<HttpError>,
}

#[async_trait]
impl HttpClient for Web {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let url = request.url.clone();
        let known = self.answers.get(url.as_str()).copied().unwrap_or((404, &[], ""));
        let etag = known.1.iter().find(|(name, _)| *name == "etag").map(|(_, value)| *value);
        let asked = request.headers.get("if-none-match").and_then(|value| value.to_str().ok());
        let status = if etag.is_some() && etag == asked { 304 } else { known.0 };
        self.asked.lock().unwrap().push(request);
        if let Some(error) = &self.error {
            return Err(error.clone());
        }
        let mut headers = HeaderMap::new();
        for (name, value) in known.1 {
            headers.insert(*name, value.parse().unwrap());
        }
        let status = StatusCode::from_u16(status).unwrap();
        Ok(HttpResponse { status, headers, body: known.2.into(), url })
    }
}

fn with_token(kind: IntegrationKind, host: &str) -> Integration {
    let credentials = Some(IntegrationCredentials::Token("hush".into()));
    Integration { credentials, ..Integration::new(kind, host).unwrap() }
}

fn reader(web: &Arc<Web>, allow: &[&str], integrations: Vec<Integration>) -> ScmReader {
    let allow = allow.iter().map(|host| AllowedTarget::new(host, None).unwrap()).collect();
    let options = UrlTargetOptions {
        allow: AllowList::new(allow),
        integrations,
        limit_bytes: 1000,
        timeout: Duration::from_secs(1),
        concurrency: 4,
    };
    let urls = UrlTargetReader::new(Arc::clone(web) as Arc<dyn HttpClient>, options);
    ScmReader::new(FileReader::new(1000, 1), urls)
}

async fn read(
    reader: &ScmReader,
    target: &str,
    etag: Option<&str>,
) -> Result<Option<ReadFile>, ReadError> {
    let etag = etag.map(Arc::from);
    let request = ReadRequest { etag, ..ReadRequest::new("url", target) };
    match reader.read(&request).await? {
        ReadOutcome::Files(mut files) => Ok(files.pop()),
        ReadOutcome::NotModified => Ok(None),
    }
}

fn asked(web: &Web) -> (String, HashMap<String, String>) {
    let last = web.asked.lock().unwrap().pop().unwrap();
    let text = |map: &HeaderMap| {
        let pair = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
            (name.to_string(), value.to_str().unwrap().to_owned())
        };
        map.iter().map(pair).collect::<HashMap<_, _>>()
    };
    (last.url.into(), text(&last.credentials))
}

#[tokio::test]
async fn only_hosts_of_the_allow_list_and_of_integrations_are_asked() {
    let web = Arc::new(Web {
        answers: [("http://127.0.0.1:8099/a.yaml", (200, &[][..], "kind: A"))].into(),
        ..Web::default()
    });
    let reader = reader(&web, &["127.0.0.1:8099"], vec![]);
    let file = read(&reader, "http://127.0.0.1:8099/a.yaml", None).await.unwrap().unwrap();
    assert_eq!(&*file.content, b"kind: A");
    let error = read(&reader, "https://example.invalid/b.yaml", None).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "Reading from 'https://example.invalid/b.yaml' is not allowed. You may need to configure an \
         integration for the target host, or add it to the configured list of allowed hosts at \
         'backend.reading.allow'"
    );
    for target in [
        "http://127.0.0.1:8099/*.yaml",
        "ftp://127.0.0.1:8099/a.yaml",
        "http://me:pw@127.0.0.1:8099/a.yaml",
        "./a.yaml",
        "http://127.0.0.1:8098/a.yaml",
    ] {
        let error = read(&reader, target, None).await.unwrap_err();
        assert!(matches!(error, ReadError::NotAllowed { .. }), "{target}: {error}");
    }
    assert_eq!(web.asked.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn what_was_read_makes_the_next_read_conditional() {
    let web = Arc::new(Web {
        answers: [
            ("https://a.test/tag", (200, &[("etag", "\"7\"")][..], "1")),
            (
                "https://a.test/date",
                (200, &[("last-modified", "Mon, 01 Jan 2024 00:00:00 GMT")][..], "1"),
            ),
            ("https://a.test/none", (200, &[][..], "1")),
        ]
        .into(),
        ..Web::default()
    });
    let reader = reader(&web, &["a.test"], vec![]);
    for path in ["tag", "date", "none"] {
        let target = format!("https://a.test/{path}");
        let file = read(&reader, &target, None).await.unwrap().unwrap();
        let again = read(&reader, &target, file.etag.as_deref()).await.unwrap();
        assert!(again.is_none(), "{path}");
        let headers = web.asked.lock().unwrap().pop().unwrap().headers;
        assert_eq!(headers.contains_key("if-none-match"), path == "tag");
        assert_eq!(headers.contains_key("if-modified-since"), path == "date");
    }
    let other = read(&reader, "https://a.test/none", Some("sha1:00")).await.unwrap();
    assert!(other.is_some());
}

#[tokio::test]
async fn pages_of_repositories_are_read_raw_with_the_token_of_their_host() {
    let web = Arc::new(Web::default());
    let mut enterprise = with_token(IntegrationKind::GitHub, "ghe.test");
    enterprise.api_base_url = Url::parse("https://ghe.test/api/v3").ok();
    let integrations = vec![
        with_token(IntegrationKind::GitHub, "github.com"),
        enterprise,
        with_token(IntegrationKind::GitLab, "gitlab.com"),
        with_token(IntegrationKind::Gitea, "gitea.test"),
    ];
    let reader = reader(&web, &["a.test"], integrations);
    let cases = [
        (
            "https://github.com/o/r/blob/main/a.yaml",
            "https://raw.githubusercontent.com/o/r/main/a.yaml",
            ("authorization", "Bearer hush"),
        ),
        (
            "https://ghe.test/o/r/tree/main/a.yaml",
            "https://ghe.test/api/v3/repos/o/r/contents/a.yaml?ref=main",
            ("authorization", "Bearer hush"),
        ),
        (
            "https://gitlab.com/g/p/-/blob/main/a.yaml",
            "https://gitlab.com/g/p/-/raw/main/a.yaml",
            ("private-token", "hush"),
        ),
        (
            "https://gitea.test/o/r/src/branch/main/a.yaml",
            "https://gitea.test/o/r/raw/branch/main/a.yaml",
            ("authorization", "token hush"),
        ),
    ];
    for (page, raw, (name, value)) in cases {
        let error = read(&reader, page, None).await.unwrap_err();
        assert!(matches!(&error, ReadError::NotFound { target, .. } if **target == *page));
        let (url, credentials) = asked(&web);
        assert_eq!(url, raw);
        assert_eq!(credentials, HashMap::from([(name.to_owned(), value.to_owned())]), "{page}");
    }
}

#[tokio::test]
async fn a_token_stays_with_its_host_and_scheme() {
    let web = Arc::new(Web::default());
    let integrations = vec![with_token(IntegrationKind::GitLab, "gitlab.test")];
    let reader = reader(&web, &["a.test"], integrations);
    for target in ["http://gitlab.test/g/p/-/raw/main/a.yaml", "https://a.test/gitlab.test/a.yaml"]
    {
        let _not_found = read(&reader, target, None).await;
        assert_eq!(asked(&web).1, HashMap::new(), "{target}");
    }
    for target in [
        "https://gitlab.test.evil.test/a",
        "https://gitlab.test@evil.test/a",
        "https://gitlab.test:444/a",
    ] {
        let error = read(&reader, target, None).await.unwrap_err();
        assert!(matches!(error, ReadError::NotAllowed { .. }), "{target}: {error}");
    }
    assert!(web.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn failures_name_the_target_and_the_next_step_and_no_secret() {
    let blocked = HttpError::Blocked {
        url: "http://169.254.169.254/".to_owned(),
        reason: BlockReason::NotAllowed,
    };
    for (status, error, expected) in [
        (
            403,
            None,
            "https://a.test/x could not be read: the host answers 403 Forbidden; the token",
        ),
        (500, None, "https://a.test/x could not be read: the host answers 500"),
        (
            200,
            Some(blocked),
            "Reading from 'https://a.test/x' is not allowed. A request to http://169",
        ),
        (
            200,
            Some(HttpError::TooLarge { url: String::new(), limit_bytes: 1000 }),
            "https://a.test/x has 1001 bytes, the limit is 1000",
        ),
    ] {
        let answers = [("https://a.test/x", (status, &[][..], ""))].into();
        let web = Arc::new(Web { answers, error, ..Web::default() });
        let error = read(&reader(&web, &["a.test"], vec![]), "https://a.test/x", None).await;
        let text = error.unwrap_err().to_string();
        assert!(text.starts_with(expected), "{text}");
    }
}

#[tokio::test]
async fn other_types_of_targets_are_refused() {
    let request = ReadRequest::new("s3", "x");
    let error = reader(&Arc::default(), &[], vec![]).read(&request).await.unwrap_err();
    assert!(error.to_string().ends_with("Nothing reads targets of the type s3"));
}
