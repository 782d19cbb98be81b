//! Sources of metrics over a scripted HTTP client: it answers what real servers cannot be made to
//! answer at will, and remembers what it was asked. The real program is asked in the room of the
//! integration tests.
#![cfg(test)]

use std::{
    collections::VecDeque,
    io::Write as _,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};

use callboard_model::{Clock, SystemClock};
use callboard_plugin::{
    BlockReason, HttpClient, HttpError, HttpRequest, HttpResponse, InstantQuery, LabelMatcher,
    MetricsError, MetricsSource, Redirects,
};
use callboard_plugin_telemetry::{
    MetricsCredentials, PrometheusOptions, PrometheusSource, RecordedMetrics, RecordingError,
    record,
};
use flate2::{Compression, write::GzEncoder};
use http::{HeaderMap, HeaderValue, StatusCode};
use tokio::{sync::Semaphore, time::Instant};
use url::Url;

const ONE: &str = r#"{"status":"success","data":{"resultType":"vector","result":[
    {"metric":{"deployment":"web"},"value":[1795395590.1,"1.5"]}]}}"#;

/// More requests than any test makes at once.
const MANY: usize = 1000;

/// Answers in order, the last for ever.
#[derive(Debug)]
struct Script {
    answers: Mutex<VecDeque<Result<(u16, String), HttpError>>>,
    requests: Mutex<Vec<HttpRequest>>,
    /// A request waits for one of these.
    gate: Semaphore,
    running: AtomicUsize,
    most_running: AtomicUsize,
}

impl Script {
    fn new(answers: Vec<Result<(u16, String), HttpError>>) -> Arc<Self> {
        Arc::new(Self {
            answers: Mutex::new(answers.into()),
            requests: Mutex::default(),
            gate: Semaphore::new(MANY),
            running: AtomicUsize::new(0),
            most_running: AtomicUsize::new(0),
        })
    }

    fn answering(status: u16, body: &str) -> Arc<Self> {
        Self::new(vec![Ok((status, body.to_owned()))])
    }

    fn requests(&self) -> Vec<HttpRequest> {
        self.requests.lock().unwrap().clone()
    }
}

#[async_trait::async_trait]
impl HttpClient for Script {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let url = request.url.clone();
        self.requests.lock().unwrap().push(request);
        let running = self.running.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_running.fetch_max(running, Ordering::SeqCst);
        let _gate = self.gate.acquire().await;
        self.running.fetch_sub(1, Ordering::SeqCst);
        let mut answers = self.answers.lock().unwrap();
        let answer = match answers.len() {
            1 => answers[0].clone(),
            _ => answers.pop_front().unwrap(),
        };
        let (status, body) = answer?;
        let status = StatusCode::from_u16(status).unwrap();
        Ok(HttpResponse { status, headers: HeaderMap::new(), body: body.into(), url })
    }
}

fn connect_error() -> HttpError {
    HttpError::Connect { url: "http://p/api/v1/query".into(), reason: "refused".into() }
}

fn options() -> PrometheusOptions {
    PrometheusOptions::new(Url::parse("http://p.test:9090/prometheus").unwrap())
}

fn source_with(script: &Arc<Script>, options: PrometheusOptions) -> PrometheusSource {
    let client: Arc<dyn HttpClient> = Arc::<Script>::clone(script);
    let name = "prometheus/aws-prod-1";
    PrometheusSource::new(client, Arc::new(SystemClock), options, name, Vec::new()).unwrap()
}

fn source(script: &Arc<Script>) -> PrometheusSource {
    source_with(script, options())
}

fn query(promql: &str) -> InstantQuery {
    InstantQuery { promql: promql.to_owned(), deadline: Duration::from_secs(5), max_series: 100 }
}

async fn error_of(script: Arc<Script>) -> MetricsError {
    source(&script).instant(&query("up")).await.unwrap_err()
}

#[tokio::test]
async fn a_query_is_a_form_to_the_api_below_the_base() {
    let script = Script::answering(200, ONE);
    let answer = source(&script).instant(&query("up + 1")).await.unwrap();
    assert_eq!(answer.samples.len(), 1);
    assert_eq!(answer.samples[0].label("deployment").map(|value| &**value), Some("web"));
    let request = &script.requests()[0];
    assert_eq!(request.url.as_str(), "http://p.test:9090/prometheus/api/v1/query");
    assert_eq!(request.method, "POST");
    assert_eq!(request.redirects, Redirects::SameOrigin);
    assert_eq!(request.max_body_bytes, 32 * 1024 * 1024);
    let body = request.body.clone().unwrap();
    assert!(body.starts_with(b"query=up+%2B+1&timeout="), "{body:?}");
}

#[tokio::test]
async fn the_answer_is_as_old_as_its_question() {
    #[derive(Debug)]
    struct Fixed(SystemTime);
    impl Clock for Fixed {
        fn now(&self) -> SystemTime {
            self.0
        }
    }
    let asked_at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_000_000);
    let client: Arc<dyn HttpClient> = Script::answering(200, ONE);
    let clock = Arc::new(Fixed(asked_at));
    let source = PrometheusSource::new(client, clock, options(), "prometheus/a", vec![]).unwrap();
    assert_eq!(source.instant(&query("up")).await.unwrap().evaluated_at, asked_at);
    assert_eq!(source.recorded_at(), None);
}

#[tokio::test]
async fn credentials_and_tenants_are_for_the_origin_alone_and_a_token_file_is_read_anew() {
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    std::fs::write(&token, "first\n").unwrap();
    let script = Script::answering(200, ONE);
    let mut options = options();
    options.headers.insert("x-scope-orgid", HeaderValue::from_static("bank"));
    options.credentials = Some(MetricsCredentials::BearerFile(token.clone()));
    let source = source_with(&script, options);
    source.instant(&query("up")).await.unwrap();
    std::fs::write(&token, "second").unwrap();
    source.instant(&query("up")).await.unwrap();
    std::fs::remove_file(&token).unwrap();
    let missing = source.instant(&query("up")).await.unwrap_err().to_string();
    let requests = script.requests();
    let sent: Vec<&HeaderValue> =
        requests.iter().map(|request| &request.credentials["authorization"]).collect();
    assert_eq!(sent, ["Bearer first", "Bearer second"]);
    assert_eq!(requests[0].credentials["x-scope-orgid"], "bank");
    assert!(!requests[0].headers.contains_key("x-scope-orgid"));
    assert!(missing.contains("its token file") && missing.contains("cannot be read"), "{missing}");
}

#[tokio::test]
async fn every_failure_has_its_class() {
    let refused = error_of(Script::new(vec![Err(connect_error())])).await;
    assert!(matches!(refused, MetricsError::Unreachable { .. }), "{refused}");
    let forbidden = error_of(Script::answering(403, "<html>no</html>")).await;
    assert!(matches!(forbidden, MetricsError::Forbidden { status: 403, .. }), "{forbidden}");
    let body = r#"{"status":"error","errorType":"execution","error":"many-to-many matching"}"#;
    let execution = error_of(Script::answering(422, body)).await;
    assert_eq!(
        execution.to_string(),
        "prometheus/aws-prod-1 failed with status 422: execution: many-to-many matching"
    );
    let html = error_of(Script::answering(200, "<html></html>")).await;
    assert!(matches!(html, MetricsError::Malformed { .. }), "{html}");
    let cut = error_of(Script::answering(200, ONE.get(..80).unwrap())).await;
    assert_eq!(
        cut.to_string(),
        "the answer of prometheus/aws-prod-1 cannot be understood: it is cut off"
    );
    let limit = HttpError::TooLarge { url: "http://p/".into(), limit_bytes: 100 };
    let large = error_of(Script::new(vec![Err(limit)])).await.to_string();
    assert!(large.contains("LIMIT"), "{large}");
    let elsewhere =
        HttpError::Blocked { url: "http://evil.test/".into(), reason: BlockReason::Elsewhere };
    let redirected = error_of(Script::new(vec![Err(elsewhere)])).await.to_string();
    assert!(redirected.contains("redirects to http://evil.test/"), "{redirected}");
}

#[tokio::test(start_paused = true)]
async fn a_source_that_fails_is_left_alone_for_at_most_five_seconds() {
    let script = Script::new(vec![Err(connect_error())]);
    let source = source(&script);
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_mins(1) {
        let error = source.instant(&query("up")).await.unwrap_err();
        // Also while it is left alone, the reason is the true one.
        assert!(error.to_string().contains("refused"), "{error}");
        tokio::time::advance(Duration::from_millis(10)).await;
    }
    let asked = script.requests().len();
    assert!((14..=34).contains(&asked), "{asked} times in a minute");
    script.answers.lock().unwrap()[0] = Ok((200, ONE.to_owned()));
    tokio::time::advance(Duration::from_secs(5)).await;
    assert!(source.instant(&query("up")).await.is_ok());
    assert!(source.instant(&query("up")).await.is_ok(), "one success opens for all");
}

#[tokio::test]
async fn a_query_that_is_wrong_does_not_stop_the_others() {
    let wrong = r#"{"status":"error","errorType":"bad_data","error":"parse error"}"#;
    let script = Script::new(vec![Ok((400, wrong.to_owned())), Ok((200, ONE.to_owned()))]);
    let source = source(&script);
    assert!(source.instant(&query("sum(")).await.is_err());
    assert!(source.instant(&query("up")).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn more_queries_than_places_wait_within_their_deadlines() {
    let script = Script::answering(200, ONE);
    script.gate.forget_permits(MANY);
    let source = source_with(&script, PrometheusOptions { concurrency: 2, ..options() });
    let other = source.for_cluster("prometheus/b", Vec::new());
    let query = query("up");
    let (waiting, ()) = tokio::join!(
        async {
            tokio::join!(
                source.instant(&query),
                other.instant(&query),
                source.instant(&query),
                other.instant(&query)
            )
        },
        async {
            tokio::time::sleep(Duration::from_secs(6)).await;
            script.gate.add_permits(MANY);
        }
    );
    assert!(waiting.0.is_ok() && waiting.1.is_ok());
    let late = waiting.2.unwrap_err().to_string();
    assert!(late.contains("2 other queries took all of the time"), "{late}");
    assert!(waiting.3.is_err());
    assert_eq!(script.most_running.load(Ordering::SeqCst), 2);
}

fn matchers() -> Vec<LabelMatcher> {
    vec![LabelMatcher { label: "cluster".into(), value: "aws-prod-1".into() }]
}

async fn recording(folder: &Path) {
    let empty = r#"{"status":"success","data":{"resultType":"vector","result":[]}}"#;
    let script = Script::new(vec![
        Ok((200, ONE.to_owned())),
        Ok((200, empty.to_owned())),
        Ok((422, r#"{"status":"error","errorType":"execution","error":"no"}"#.to_owned())),
    ]);
    let source = source(&script).for_cluster("prometheus/aws-prod-1", matchers());
    let queries = [query("up"), query("up"), query("down"), query("wrong")];
    let recorded = record(&source, &queries, folder).await.unwrap();
    assert_eq!(recorded.answers, 2);
    assert_eq!(recorded.failed.len(), 1);
    assert_eq!(recorded.failed[0].promql, "wrong");
}

#[tokio::test]
async fn what_was_recorded_is_answered_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    recording(folder.path()).await;
    assert_eq!(std::fs::read_to_string(folder.path().join("0001.json")).unwrap(), ONE);
    let open = RecordedMetrics::open("prometheus/aws-prod-1", folder.path().to_owned()).await;
    let metrics = open.unwrap();
    assert_eq!(metrics.matchers(), matchers());
    let up = metrics.instant(&query("up")).await.unwrap();
    assert!((up.samples[0].value - 1.5).abs() < f64::EPSILON);
    assert_eq!(Some(up.evaluated_at), metrics.recorded_at());
    assert!(metrics.instant(&query("down")).await.unwrap().samples.is_empty());
    for unknown in ["wrong", "up ", ""] {
        let error = metrics.instant(&query(unknown)).await.unwrap_err();
        assert!(matches!(error, MetricsError::NotRecorded { .. }), "{error}");
    }
    let limited = InstantQuery { max_series: 0, ..query("up") };
    assert_eq!(metrics.instant(&limited).await.unwrap().dropped_series, 1);
}

#[tokio::test]
async fn a_compressed_answer_is_the_same_answer() {
    let folder = tempfile::tempdir().unwrap();
    recording(folder.path()).await;
    let plain = folder.path().join("0001.json");
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(&std::fs::read(&plain).unwrap()).unwrap();
    std::fs::write(folder.path().join("0001.json.gz"), encoder.finish().unwrap()).unwrap();
    std::fs::remove_file(plain).unwrap();
    let metrics = RecordedMetrics::open("prometheus/a", folder.path().to_owned()).await.unwrap();
    assert_eq!(metrics.instant(&query("up")).await.unwrap().samples.len(), 1);
}

#[tokio::test]
async fn a_file_that_is_cut_off_is_named_and_the_others_are_served() {
    let folder = tempfile::tempdir().unwrap();
    recording(folder.path()).await;
    std::fs::write(folder.path().join("0001.json"), ONE.get(..50).unwrap()).unwrap();
    let metrics = RecordedMetrics::open("prometheus/a", folder.path().to_owned()).await.unwrap();
    let cut = metrics.instant(&query("up")).await.unwrap_err().to_string();
    assert!(cut.contains("0001.json: it is cut off"), "{cut}");
    assert!(metrics.instant(&query("down")).await.is_ok());
    std::fs::remove_file(folder.path().join("0001.json")).unwrap();
    let missing = metrics.instant(&query("up")).await.unwrap_err().to_string();
    assert!(missing.contains("0001.json cannot be read"), "{missing}");
}

#[tokio::test]
async fn a_table_of_contents_that_is_broken_is_an_error_with_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let open = || RecordedMetrics::open("prometheus/a", folder.path().to_owned());
    let missing = open().await.unwrap_err();
    assert!(matches!(missing, RecordingError::Read { .. }), "{missing}");
    let manifest = folder.path().join("snapshot.json");
    std::fs::write(&manifest, r#"{"recordedAt":"2026-11-25T12:"#).unwrap();
    let cut = open().await.unwrap_err();
    assert!(matches!(cut, RecordingError::Manifest { .. }), "{cut}");
    assert!(cut.to_string().contains("snapshot.json"), "{cut}");
    let outside = r#"{"recordedAt":"2026-11-25T12:00:00Z",
        "queries":[{"query":"up","file":"../../etc/passwd"}]}"#;
    std::fs::write(&manifest, outside).unwrap();
    let outside = open().await.unwrap_err();
    assert!(matches!(outside, RecordingError::Outside { .. }), "{outside}");
}
