//! The schedule and the states of a mesh over a scripted source of metrics, in paused time: real
//! ones cannot be made to fail at a given moment. What real answers mean is tested against a real
//! Prometheus in the room of the integration tests.
#![cfg(test)]

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use callboard_model::Clock;
use callboard_plugin::{
    ClusterName, InstantQuery, InstantVector, LabelMatcher, MeshSnapshot, MeshSource, MetricsError,
    MetricsSource, MetricsWindow, ObservationState, Sample,
};
use callboard_plugin_mesh::{LinkerdMesh, Question, all_queries};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

type Answer = Result<Vec<Sample>, MetricsError>;

/// Answers by query, remembers when it was asked what.
#[derive(Debug)]
struct Script {
    name: Arc<str>,
    begun: Instant,
    recorded_at: Option<SystemTime>,
    matchers: Vec<LabelMatcher>,
    answers: Mutex<HashMap<String, Answer>>,
    otherwise: Mutex<Answer>,
    asked: Mutex<Vec<(Instant, String)>>,
}

impl Script {
    fn new() -> Arc<Self> {
        Self::with(None, Vec::new())
    }

    fn with(recorded_at: Option<SystemTime>, matchers: Vec<LabelMatcher>) -> Arc<Self> {
        Arc::new(Self {
            name: "prometheus/aws-prod-1".into(),
            begun: Instant::now(),
            recorded_at,
            matchers,
            answers: Mutex::default(),
            otherwise: Mutex::new(Ok(Vec::new())),
            asked: Mutex::default(),
        })
    }

    fn on(&self, question: Question, answer: Answer) {
        let promql = question.query(&self.matchers).promql;
        self.answers.lock().unwrap().insert(promql, answer);
    }

    /// Every other question.
    fn otherwise(&self, answer: Answer) {
        self.answers.lock().unwrap().clear();
        *self.otherwise.lock().unwrap() = answer;
    }

    fn asked(&self) -> Vec<(Instant, String)> {
        self.asked.lock().unwrap().clone()
    }

    fn count_of(&self, question: Question) -> usize {
        let promql = question.query(&self.matchers).promql;
        self.asked().iter().filter(|(_, asked)| *asked == promql).count()
    }
}

/// The time of the runtime, so that paused time is the source's time, too.
fn at(begun: Instant) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_000_000) + begun.elapsed()
}

impl Clock for Script {
    fn now(&self) -> SystemTime {
        at(self.begun)
    }
}

#[async_trait::async_trait]
impl MetricsSource for Script {
    fn name(&self) -> &Arc<str> {
        &self.name
    }

    fn matchers(&self) -> &[LabelMatcher] {
        &self.matchers
    }

    fn recorded_at(&self) -> Option<SystemTime> {
        self.recorded_at
    }

    async fn instant(&self, query: &InstantQuery) -> Result<InstantVector, MetricsError> {
        self.asked.lock().unwrap().push((Instant::now(), query.promql.clone()));
        let known = self.answers.lock().unwrap().get(&query.promql).cloned();
        let answer = known.unwrap_or_else(|| self.otherwise.lock().unwrap().clone());
        let evaluated_at = self.recorded_at.unwrap_or_else(|| at(self.begun));
        tokio::time::sleep(Duration::from_millis(20)).await;
        let samples = answer?;
        Ok(InstantVector { samples, evaluated_at, warnings: Vec::new(), dropped_series: 0 })
    }
}

fn sample(labels: &[(&str, &str)], value: f64) -> Sample {
    let mut labels: Vec<(Arc<str>, Arc<str>)> =
        labels.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    labels.sort();
    Sample { labels: labels.into(), value }
}

fn edge(rate: f64) -> Vec<Sample> {
    vec![sample(
        &[
            ("namespace", "bank"),
            ("deployment", "web"),
            ("dst_namespace", "bank"),
            ("dst_deployment", "api"),
            ("classification", "success"),
            ("tls", "true"),
        ],
        rate,
    )]
}

fn dead() -> MetricsError {
    MetricsError::Unreachable {
        source_name: "prometheus/aws-prod-1".into(),
        reason: "connection refused".into(),
    }
}

fn refused(status: u16) -> MetricsError {
    let reason = "execution: many-to-many matching".to_owned();
    MetricsError::Refused { source_name: "prometheus/aws-prod-1".into(), status, reason }
}

/// A mesh that runs, and ends with the test.
struct Running {
    mesh: LinkerdMesh,
    stop: CancellationToken,
}

impl Running {
    #[expect(clippy::disallowed_methods, reason = "the mesh of a test ends with its token")]
    fn start(script: &Arc<Script>) -> Self {
        let metrics: Arc<dyn MetricsSource> = Arc::<Script>::clone(script);
        let clock: Arc<dyn Clock> = Arc::<Script>::clone(script);
        let mesh = LinkerdMesh::new(ClusterName::new("aws-prod-1"), metrics, clock);
        let stop = CancellationToken::new();
        tokio::spawn(mesh.clone().run(stop.clone()));
        Self { mesh, stop }
    }

    /// The first snapshot that is as asked. Paused time runs on while nothing else does.
    async fn until(&self, what: impl Fn(&MeshSnapshot) -> bool) -> Arc<MeshSnapshot> {
        let mut changes = self.mesh.changes();
        let begun = Instant::now();
        loop {
            changes.borrow_and_update();
            let snapshot = self.mesh.snapshot();
            if what(&snapshot) {
                return snapshot;
            }
            let limit = begun + Duration::from_hours(30);
            let changed = tokio::time::timeout_at(limit, changes.changed()).await;
            changed.expect("this never came").unwrap();
        }
    }

    fn state(&self, window: MetricsWindow) -> (ObservationState, Option<Arc<str>>) {
        let snapshot = self.mesh.snapshot();
        let observation = &snapshot.window(window).observation;
        (observation.state, observation.reason.clone())
    }

    fn rate(&self, window: MetricsWindow) -> Option<f64> {
        self.mesh.snapshot().window(window).calls.first()?.metrics.requests_per_second
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn is(window: MetricsWindow, state: ObservationState) -> impl Fn(&MeshSnapshot) -> bool {
    move |snapshot| snapshot.window(window).observation.state == state
}

async fn wait(duration: Duration) {
    tokio::time::sleep(duration).await;
}

fn assert_budget(script: &Script) {
    let asked = script.asked();
    for nine in asked.windows(9) {
        let span = nine[8].0 - nine[0].0;
        assert!(span > Duration::from_secs(30), "nine queries within {span:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn every_window_has_its_interval_within_the_budget() {
    let script = Script::new();
    script.otherwise(Ok(edge(2.0)));
    let _running = Running::start(&script);
    wait(Duration::from_hours(6)).await;
    assert_budget(&script);
    let count = |question| script.count_of(question);
    let (m5, h1, h24) = (MetricsWindow::M5, MetricsWindow::H1, MetricsWindow::H24);
    assert!((690..=720).contains(&count(Question::Requests(m5))));
    assert!((71..=72).contains(&count(Question::Requests(h1))));
    assert_eq!(count(Question::Requests(h24)), 6);
    assert_eq!(count(Question::Latencies(h24)), 6);
    assert_eq!(count(Question::Connections), count(Question::Gateways));
    assert_eq!(count(Question::Presence), 0);
}

#[tokio::test(start_paused = true)]
async fn the_budget_holds_while_a_source_fails_comes_and_goes() {
    let script = Script::new();
    let _running = Running::start(&script);
    for round in 0..200 {
        match round % 4 {
            0 => script.otherwise(Err(dead())),
            1 => script.otherwise(Ok(edge(1.0))),
            2 => script.otherwise(Err(refused(422))),
            _ => script.otherwise(Ok(Vec::new())),
        }
        wait(Duration::from_secs(7 * (1 + round % 13))).await;
    }
    assert_budget(&script);
}

#[tokio::test(start_paused = true)]
async fn all_windows_are_known_soon_after_the_start() {
    let script = Script::new();
    script.otherwise(Ok(edge(2.0)));
    let running = Running::start(&script);
    let begun = Instant::now();
    assert_eq!(running.state(MetricsWindow::M5).0, ObservationState::Syncing);
    running.until(is(MetricsWindow::M5, ObservationState::Live)).await;
    assert!(begun.elapsed() < Duration::from_secs(3));
    running.until(is(MetricsWindow::H1, ObservationState::Live)).await;
    assert!(begun.elapsed() < Duration::from_secs(6));
    let snapshot = running.until(is(MetricsWindow::H24, ObservationState::Live)).await;
    assert!(begun.elapsed() < Duration::from_secs(36));
    assert!(!snapshot.window(MetricsWindow::H24).calls.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_dead_source_keeps_values_and_ages_and_is_live_again_soon() {
    let script = Script::new();
    script.otherwise(Ok(edge(2.0)));
    let running = Running::start(&script);
    running.until(is(MetricsWindow::H24, ObservationState::Live)).await;
    script.otherwise(Err(dead()));
    let gone = running.until(is(MetricsWindow::M5, ObservationState::Unreachable)).await;
    let known_at = gone.window(MetricsWindow::M5).observation.observed_at;
    wait(Duration::from_mins(10)).await;
    for window in MetricsWindow::ALL {
        let (state, reason) = running.state(window);
        assert_eq!(state, ObservationState::Unreachable, "{window:?}");
        assert_eq!(
            reason.as_deref(),
            Some("prometheus/aws-prod-1 does not answer: connection refused")
        );
        assert_eq!(running.rate(window), Some(2.0), "{window:?}");
    }
    let late = running.mesh.snapshot();
    let observation = &late.window(MetricsWindow::M5).observation;
    assert_eq!(observation.observed_at, known_at);
    assert_eq!(observation.since, gone.window(MetricsWindow::M5).observation.since);
    assert_eq!(late.gateway_observation.state, ObservationState::Unreachable);
    script.otherwise(Ok(edge(3.0)));
    let repaired = Instant::now();
    let back = running.until(is(MetricsWindow::M5, ObservationState::Live)).await;
    assert!(repaired.elapsed() < Duration::from_secs(10));
    assert_eq!(back.windows[0].calls[0].metrics.requests_per_second, Some(3.0));
    assert_budget(&script);
}

#[tokio::test(start_paused = true)]
async fn a_question_that_fails_ages_alone() {
    let (m5, h1) = (MetricsWindow::M5, MetricsWindow::H1);
    let script = Script::new();
    script.otherwise(Ok(edge(2.0)));
    let mut quantile = edge(7.0);
    let labels = quantile[0].labels.iter().cloned().chain([("quantile".into(), "0.95".into())]);
    quantile[0].labels = labels.collect();
    script.on(Question::Latencies(m5), Ok(quantile));
    let running = Running::start(&script);
    running.until(is(h1, ObservationState::Live)).await;
    script.on(Question::Latencies(m5), Err(refused(422)));
    script.on(Question::Requests(m5), Ok(edge(5.0)));
    let stale = running.until(is(m5, ObservationState::Stale)).await;
    let call = &stale.window(m5).calls[0];
    assert_eq!(call.metrics.requests_per_second, Some(5.0));
    assert_eq!(call.metrics.latency_p95_ms, Some(7.0));
    let reason = stale.window(m5).observation.reason.clone().unwrap();
    assert_eq!(
        &*reason,
        "latencies: prometheus/aws-prod-1 failed with status 422: execution: many-to-many matching"
    );
    assert_eq!(running.state(h1).0, ObservationState::Live);
}

#[tokio::test(start_paused = true)]
async fn refusals_and_rubbish_have_their_own_states() {
    let source_name: Arc<str> = "prometheus/aws-prod-1".into();
    let m5 = MetricsWindow::M5;
    let script = Script::new();
    script.otherwise(Ok(edge(2.0)));
    let running = Running::start(&script);
    running.until(is(m5, ObservationState::Live)).await;
    let forbidden = MetricsError::Forbidden { source_name: Arc::clone(&source_name), status: 403 };
    script.otherwise(Err(forbidden));
    running.until(is(m5, ObservationState::Forbidden)).await;
    let reason = "it is an HTML page, not JSON".to_owned();
    script.otherwise(Err(MetricsError::Malformed { source_name, reason }));
    running.until(is(m5, ObservationState::Stale)).await;
    script.otherwise(Ok(vec![]));
    script.on(Question::Requests(m5), Ok(edge(f64::NAN)));
    let nan = |snapshot: &MeshSnapshot| {
        let reason = &snapshot.window(m5).observation.reason;
        reason.as_ref().is_some_and(|reason| reason.contains("(NaN)"))
    };
    running.until(nan).await;
    assert_eq!(running.rate(m5), Some(2.0));
    assert_eq!(running.state(m5).0, ObservationState::Stale);
}

#[tokio::test(start_paused = true)]
async fn a_source_that_never_answered_is_unreachable_not_stale() {
    let script = Script::new();
    script.otherwise(Err(refused(502)));
    let running = Running::start(&script);
    let snapshot = running.until(is(MetricsWindow::M5, ObservationState::Unreachable)).await;
    let window = snapshot.window(MetricsWindow::M5);
    assert!(window.calls.is_empty());
    assert_eq!(window.observation.observed_at, None);
    running.until(is(MetricsWindow::H24, ObservationState::Unreachable)).await;
}

#[tokio::test(start_paused = true)]
async fn a_cluster_without_a_mesh_says_so_and_a_quiet_one_is_live() {
    let m5 = MetricsWindow::M5;
    let script = Script::new();
    script.on(Question::Presence, Ok(vec![sample(&[("part", "up")], 3.0)]));
    let running = Running::start(&script);
    let absent = running.until(is(m5, ObservationState::Absent)).await;
    let reason = absent.window(m5).observation.reason.clone().unwrap();
    assert!(reason.contains("no series of Linkerd's proxies"), "{reason}");
    script.on(
        Question::Presence,
        Ok(vec![sample(&[("part", "up")], 3.0), sample(&[("part", "series")], 50.0)]),
    );
    let quiet = running.until(is(m5, ObservationState::Live)).await;
    assert!(quiet.window(m5).calls.is_empty());
    // Series that do not say whose they are.
    let anonymous = sample(&[("tls", "true"), ("dst_namespace", "bank")], 1.0);
    script.on(Question::Requests(m5), Ok(vec![anonymous]));
    let absent = running.until(is(m5, ObservationState::Absent)).await;
    let reason = absent.window(m5).observation.reason.clone().unwrap();
    assert!(reason.contains("relabelling"), "{reason}");
}

#[tokio::test(start_paused = true)]
async fn a_recording_is_asked_once_and_is_true_as_of_then() {
    let recorded_at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let matchers = vec![LabelMatcher { label: "cluster".into(), value: "a".into() }];
    let script = Script::with(Some(recorded_at), matchers.clone());
    script.otherwise(Ok(edge(2.0)));
    let cut = MetricsError::Malformed {
        source_name: "prometheus/a".into(),
        reason: "0007.json: it is cut off".into(),
    };
    script.on(Question::Requests(MetricsWindow::H1), Err(cut));
    let not_recorded = MetricsError::NotRecorded { source_name: "prometheus/a".into() };
    script.on(Question::Requests(MetricsWindow::H24), Err(not_recorded));
    let running = Running::start(&script);
    let snapshot = running.until(is(MetricsWindow::M5, ObservationState::Recorded)).await;
    assert_eq!(snapshot.window(MetricsWindow::M5).observation.observed_at, Some(recorded_at));
    assert_eq!(snapshot.gateway_observation.state, ObservationState::Recorded);
    let (state, reason) = running.state(MetricsWindow::H1);
    assert_eq!(state, ObservationState::Unreachable);
    assert!(reason.unwrap().contains("0007.json"));
    assert_eq!(running.state(MetricsWindow::H24).0, ObservationState::Absent);
    wait(Duration::from_hours(2)).await;
    let mut asked: Vec<String> = script.asked().into_iter().map(|(_, promql)| promql).collect();
    let mut all: Vec<String> =
        all_queries(&matchers).into_iter().map(|query| query.promql).collect();
    let presence = Question::Presence.query(&matchers).promql;
    all.retain(|promql| *promql != presence);
    asked.sort();
    all.sort();
    assert_eq!(asked, all);
}

#[tokio::test(start_paused = true)]
async fn what_does_not_change_is_not_told() {
    let script = Script::new();
    script.otherwise(Err(dead()));
    let running = Running::start(&script);
    running.until(is(MetricsWindow::H24, ObservationState::Unreachable)).await;
    let revision = running.mesh.snapshot().revision;
    wait(Duration::from_mins(30)).await;
    assert_eq!(running.mesh.snapshot().revision, revision);
}
