//! One unit of work: read what an entity needs, process it, and process what it emits along with
//! it, off the executor's threads.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::Instant,
};

use callboard_model::Entity;
use futures_util::{StreamExt, stream};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{figures, follow::offload, queue::Task};
use crate::{
    processing::{
        Chosen, DeferredEntity, ProcessingInput, ProcessingOrchestrator, ProcessingResult, Reads,
    },
    reading::{ReadError, ReadOutcome, ReadRequest, UrlReader},
    refresh_graph::{Digest, Emission, Emitted, Node, Processed, RefId, Scope},
    stitching::CompletedJson,
};

/// Reads of one job that are under way at once: others get their turn between them.
const READS_AT_ONCE: usize = 64;

/// More files than this make a job large.
const LARGE: usize = 256;

/// An entity to process.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) id: RefId,
    entity: Entity,
    work: Work,
    requests: Vec<ReadRequest>,
    /// What was read last time.
    known_reads: HashMap<Arc<str>, Option<Arc<str>>>,
    /// Whether the last result is still of the rules in force.
    has_result: bool,
    /// Since when it has waited.
    since: Instant,
}

/// How much of an entity is processed.
#[derive(Debug)]
enum Work {
    /// All of it.
    Whole,
    /// All of it if what it reads is not what it was.
    Reread,
    /// These files of a Location, with nothing else of it read.
    Files(BTreeSet<Arc<str>>),
}

impl Job {
    /// What is to be done for `node`, which a source emitted as `unprocessed`; `None` if that is no
    /// entity, which no source emits.
    pub(super) fn of(
        orchestrator: &ProcessingOrchestrator,
        waiting: (RefId, Task, Instant),
        node: &Node,
        unprocessed: &str,
    ) -> Option<Self> {
        let entity = serde_json::from_str::<Entity>(unprocessed).ok()?;
        let (id, task, since) = waiting;
        let mut requests = orchestrator.reads(&entity);
        // Where only some of its problems are known, those of one file cannot be told from the rest.
        let has_parts = orchestrator.is_read_in_parts(&entity) && node.omitted_errors == 0;
        let work = match task {
            Task::Process => Work::Whole,
            Task::Reread => Work::Reread,
            Task::Files(files) => match requests_of(&requests, &files).filter(|_| has_parts) {
                Some(chosen) => {
                    requests = chosen;
                    Work::Files(files)
                }
                None => Work::Reread,
            },
        };
        let known_reads = node.reads.clone();
        let has_result = node.result_hash.is_some();
        Some(Self { id, entity, work, requests, known_reads, has_result, since })
    }

    /// Whether it waits for another host.
    pub(super) fn is_remote(&self) -> bool {
        self.requests.iter().any(|request| &*request.kind != "file")
    }

    /// Whether it takes long enough that others should not wait for it.
    pub(super) fn is_large(&self) -> bool {
        let is_whole = !matches!(self.work, Work::Files(_));
        self.requests.len() > LARGE || is_whole && self.known_reads.len() > LARGE
    }
}

/// What came of it.
#[derive(Debug)]
pub(super) enum JobOutcome {
    /// What it reads has not changed.
    Unchanged,
    /// It was processed.
    Processed(Box<Processed>),
    /// Some of its files were processed; the rest of it is as it was.
    Files(Box<Processed>),
}

/// What a job needs.
#[derive(Debug, Clone)]
pub(super) struct JobContext {
    pub(super) reader: Arc<dyn UrlReader>,
    pub(super) orchestrator: Arc<ProcessingOrchestrator>,
}

type Answers = Vec<(ReadRequest, Result<ReadOutcome, ReadError>)>;

impl JobContext {
    pub(super) async fn run(self, job: Job) -> (RefId, JobOutcome) {
        let (id, started) = (job.id, Instant::now());
        let waited = started.duration_since(job.since);
        let outcome = self.outcome(job).await;
        figures::processed(&outcome, started.elapsed(), waited);
        (id, outcome)
    }

    async fn outcome(self, job: Job) -> JobOutcome {
        match job.work {
            Work::Whole | Work::Reread => self.run_whole(job).await,
            Work::Files(_) => self.run_files(job).await,
        }
    }

    /// Processes the entity with everything it reads.
    async fn run_whole(self, job: Job) -> JobOutcome {
        let Job { entity, requests, known_reads, work, .. } = job;
        let may_skip = job.has_result && matches!(work, Work::Reread) && !requests.is_empty();
        let answers = self.read(requests, may_skip.then_some(&known_reads)).await;
        if may_skip && is_known(&answers, &known_reads) {
            return JobOutcome::Unchanged;
        }
        let answers = self.read_modified(answers).await;
        let (reads, hashes) = gather(answers);
        let orchestrator = self.orchestrator;
        offload_while_wanted(move |is_wanted| {
            let input = ProcessingInput { is_wanted, ..ProcessingInput::all(&reads) };
            let result = orchestrator.process_input(&entity, &input);
            let mut processed =
                finish(&orchestrator, &entity, result, Scope::Everything, is_wanted);
            let asked = reads.keys().map(|request| key_of(&request.kind, &request.target));
            let keys = asked.chain(hashes.keys().cloned()).map(|key| Box::from(&*key));
            processed.refresh_keys.extend(keys);
            processed.refresh_keys.sort_unstable();
            processed.refresh_keys.dedup();
            processed.reads = hashes;
            JobOutcome::Processed(Box::new(processed))
        })
        .await
    }

    /// Processes only some files of a Location.
    async fn run_files(self, job: Job) -> JobOutcome {
        let Job { entity, requests, known_reads, work, .. } = job;
        let Work::Files(files) = work else { return JobOutcome::Unchanged };
        let (reads, hashes) = gather(self.read(requests, None).await);
        let is_same = |key: &Arc<str>| {
            let new = hashes.get(key).unwrap_or(&None);
            new.is_some() && known_reads.get(key) == Some(new)
        };
        if job.has_result && files.iter().all(is_same) {
            return JobOutcome::Unchanged;
        }
        let orchestrator = self.orchestrator;
        offload_while_wanted(move |is_wanted| {
            let input = ProcessingInput { reads: &reads, chosen: Chosen::WhatWasRead, is_wanted };
            let mut result = orchestrator.process_input(&entity, &input);
            // What is wrong with the Location itself is known.
            result.errors.retain(|error| error.target.is_some());
            let scope = Scope::Keys(files);
            let mut processed = finish(&orchestrator, &entity, result, scope, is_wanted);
            processed.reads = hashes;
            JobOutcome::Files(Box::new(processed))
        })
        .await
    }

    async fn read(
        &self,
        requests: Vec<ReadRequest>,
        known: Option<&HashMap<Arc<str>, Option<Arc<str>>>>,
    ) -> Answers {
        let conditional = requests.into_iter().map(|mut request| {
            let etag = known.and_then(|known| known.get(&*key_of(&request.kind, &request.target)));
            request.etag = etag.cloned().flatten();
            request
        });
        self.read_all(conditional.collect()).await
    }

    /// Reads again, without condition, what answered that it was not modified: something else was,
    /// and the whole is needed.
    async fn read_modified(&self, answers: Answers) -> Answers {
        let (same, mut all): (Vec<_>, Vec<_>) = answers
            .into_iter()
            .partition(|(_, answer)| matches!(answer, Ok(ReadOutcome::NotModified)));
        let again = same.into_iter().map(|(request, _)| ReadRequest { etag: None, ..request });
        all.extend(self.read_all(again.collect()).await);
        all
    }

    /// The answers in the order of the requests, a few at a time.
    async fn read_all(&self, requests: Vec<ReadRequest>) -> Answers {
        let reads = requests.into_iter().map(|request| {
            let reader = Arc::clone(&self.reader);
            async move {
                let answer = reader.read(&request).await;
                (request, answer)
            }
        });
        stream::iter(reads).buffered(READS_AT_ONCE).collect().await
    }
}

/// Runs a long pure step off the executor's threads. It can ask whether anybody still waits for
/// it: at a shutdown nobody does.
async fn offload_while_wanted<T: Send + 'static>(
    step: impl FnOnce(&dyn Fn() -> bool) -> T + Send + 'static,
) -> T {
    let given_up = CancellationToken::new();
    let _given_up_when_dropped = given_up.clone().drop_guard();
    offload(move || step(&|| !given_up.is_cancelled())).await
}

/// `type:target`, the key under which a file is remembered and by which it is refreshed.
pub(super) fn key_of(kind: &str, target: &str) -> Arc<str> {
    format!("{kind}:{target}").into()
}

/// The requests for exactly these files; `None` if one of them is a pattern, or is not asked for by
/// its own name.
fn requests_of(requests: &[ReadRequest], files: &BTreeSet<Arc<str>>) -> Option<Vec<ReadRequest>> {
    let is_chosen = |request: &&ReadRequest| {
        !request.is_pattern() && files.contains(&key_of(&request.kind, &request.target))
    };
    let chosen: Vec<_> = requests.iter().filter(is_chosen).cloned().collect();
    (chosen.len() == files.len()).then_some(chosen)
}

/// Whether every answer is what was read last time.
fn is_known(answers: &Answers, known: &HashMap<Arc<str>, Option<Arc<str>>>) -> bool {
    let mut seen = 0;
    let all = answers.iter().all(|(request, answer)| match answer {
        Ok(ReadOutcome::NotModified) => {
            seen += 1;
            true
        }
        Ok(ReadOutcome::Files(files)) => files.iter().all(|file| {
            seen += 1;
            file.etag.is_some()
                && known.get(&key_of(&request.kind, &file.target)) == Some(&file.etag)
        }),
        Err(_) => false,
    });
    all && seen == known.len()
}

/// The reads as processing takes them, and the hash of each file.
fn gather(answers: Answers) -> (Reads, HashMap<Arc<str>, Option<Arc<str>>>) {
    let mut reads = Reads::with_capacity(answers.len());
    let mut hashes = HashMap::with_capacity(answers.len());
    for (mut request, answer) in answers {
        request.etag = None;
        let outcome = match answer {
            Ok(ReadOutcome::Files(files)) => {
                for file in &files {
                    hashes.insert(key_of(&request.kind, &file.target), file.etag.clone());
                }
                Ok(files)
            }
            Ok(ReadOutcome::NotModified) => Ok(Vec::new()),
            Err(error) => {
                hashes.insert(key_of(&request.kind, &request.target), None);
                Err(error)
            }
        };
        reads.insert(request, outcome);
    }
    (reads, hashes)
}

/// From a result to what the graph takes over.
fn finish(
    orchestrator: &ProcessingOrchestrator,
    entity: &Entity,
    result: ProcessingResult,
    scope: Scope,
    is_wanted: &dyn Fn() -> bool,
) -> Processed {
    let is_location = entity.kind() == "Location";
    // A Location of which nothing could be used has failed itself, as upstream; one bad target
    // among good ones fails alone.
    let is_void = is_location && result.deferred.is_empty() && !result.errors.is_empty();
    let completed = result.completed.as_ref().filter(|_| !is_void).map(CompletedJson::of);
    let mut processed = Processed {
        failed: completed.is_none().then(|| CompletedJson::of(entity)),
        completed,
        relations: result.relations,
        errors: result.errors,
        omitted_errors: result.omitted_errors,
        warnings: result.warnings,
        refresh_keys: result.refresh_keys,
        reads: HashMap::new(),
        emission: None,
    };
    if is_location && result.completed.is_some() {
        let deferred = result.deferred.into_iter().take_while(|_| is_wanted());
        let entities = deferred.map(|deferred| emitted(orchestrator, deferred)).collect();
        processed.emission = Some(Emission { entities, scope, broken: result.broken });
    }
    processed
}

/// An entity that a Location emits, processed along with it where that needs no further reading.
pub(super) fn emitted(orchestrator: &ProcessingOrchestrator, deferred: DeferredEntity) -> Emitted {
    let entity = deferred.entity;
    // A JSON object always serialises.
    let text: Arc<str> = serde_json::to_string(&entity).unwrap_or_default().into();
    let needs_more = entity.kind() == "Location" || !orchestrator.reads(&entity).is_empty();
    let processed = (!needs_more).then(|| {
        let reads = Reads::new();
        let result = orchestrator.process(&entity, &reads);
        Box::new(finish(orchestrator, &entity, result, Scope::Everything, &|| true))
    });
    Emitted {
        entity_ref: entity.entity_ref(),
        new_id: Uuid::new_v4().to_string().into(),
        location_key: deferred.location_key,
        unprocessed_hash: Digest::of([text.as_bytes()]),
        unprocessed: text,
        processed,
    }
}
