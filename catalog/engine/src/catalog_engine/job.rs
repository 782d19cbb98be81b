//! One unit of work: read what an entity needs, process it, and process what it emits along with
//! it, off the executor's threads.

use std::{collections::HashMap, sync::Arc, time::Instant};

use callboard_model::Entity;
use futures_util::future::join_all;
use uuid::Uuid;

use super::{figures, follow::offload, queue::Task};
use crate::{
    processing::{
        DeferredEntity, ProcessingError, ProcessingOrchestrator, ProcessingResult, Reads,
    },
    reading::{ReadError, ReadOutcome, ReadRequest, UrlReader},
    refresh_graph::{Digest, Emission, Emitted, Node, Processed, RefId, Scope},
    stitching::CompletedJson,
};

/// An entity to process.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) id: RefId,
    pub(super) task: Task,
    entity: Entity,
    requests: Vec<ReadRequest>,
    /// What was read last time.
    known_reads: HashMap<Arc<str>, Option<Arc<str>>>,
    /// Whether the last result is still of the rules in force.
    has_result: bool,
    /// Since when it has waited.
    since: Instant,
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
        Some(Self {
            id,
            task,
            requests: orchestrator.reads(&entity),
            entity,
            known_reads: node.reads.clone(),
            has_result: node.result_hash.is_some(),
            since,
        })
    }

    /// Whether it waits for another host.
    pub(super) fn is_remote(&self) -> bool {
        self.requests.iter().any(|request| &*request.kind != "file")
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
        if let Task::Files(files) = &job.task
            && let Some(chosen) = requests_of(&job.requests, files)
        {
            let files = files.clone();
            return self.run_files(job, chosen, files).await;
        }
        self.run_whole(job).await
    }

    /// Processes the entity with everything it reads.
    async fn run_whole(self, job: Job) -> JobOutcome {
        let Job { entity, requests, known_reads, .. } = job;
        let may_skip = job.has_result && job.task != Task::Process && !requests.is_empty();
        let answers = self.read(requests, may_skip.then_some(&known_reads)).await;
        if may_skip && is_known(&answers, &known_reads) {
            return JobOutcome::Unchanged;
        }
        let answers = self.read_modified(answers).await;
        let (reads, hashes) = gather(answers);
        let orchestrator = self.orchestrator;
        offload(move || {
            let asked = reads.keys().map(|request| key_of(&request.kind, &request.target));
            let asked: Vec<_> = asked.collect();
            let result = orchestrator.process(&entity, &reads);
            let mut processed = finish(&orchestrator, &entity, result, &reads, Scope::Everything);
            let keys = asked.iter().chain(hashes.keys());
            processed.refresh_keys.extend(keys.map(|key| Box::from(&**key)));
            processed.refresh_keys.sort_unstable();
            processed.refresh_keys.dedup();
            processed.reads = hashes;
            JobOutcome::Processed(Box::new(processed))
        })
        .await
    }

    /// Processes only some files of a Location.
    async fn run_files(
        self,
        job: Job,
        requests: Vec<ReadRequest>,
        files: Vec<Arc<str>>,
    ) -> JobOutcome {
        let answers = self.read(requests, None).await;
        let (reads, hashes) = gather(answers);
        let is_same = |key: &Arc<str>| {
            let new = hashes.get(key).unwrap_or(&None);
            new.is_some() && job.known_reads.get(key) == Some(new)
        };
        if job.has_result && files.iter().all(is_same) {
            return JobOutcome::Unchanged;
        }
        let orchestrator = self.orchestrator;
        offload(move || {
            let entity = job.entity;
            let mut result = orchestrator.process(&entity, &reads);
            let is_of_files = |error: &ProcessingError| {
                error.target.as_deref().is_some_and(|target| {
                    files.iter().any(|file| target_of(file) == target || &**file == target)
                })
            };
            result.errors.retain(is_of_files);
            let scope = Scope::Keys(files);
            let mut processed = finish(&orchestrator, &entity, result, &reads, scope);
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
        let reads = requests.into_iter().map(|mut request| async move {
            let etag = known.and_then(|known| known.get(&*key_of(&request.kind, &request.target)));
            request.etag = etag.cloned().flatten();
            let answer = self.reader.read(&request).await;
            (request, answer)
        });
        join_all(reads).await
    }

    /// Reads again, without condition, what answered that it was not modified: something else was,
    /// and the whole is needed.
    async fn read_modified(&self, answers: Answers) -> Answers {
        let again = answers.into_iter().map(|(mut request, answer)| async move {
            let answer = if matches!(answer, Ok(ReadOutcome::NotModified)) {
                request.etag = None;
                self.reader.read(&request).await
            } else {
                answer
            };
            (request, answer)
        });
        join_all(again).await
    }
}

/// `type:target`, the key under which a file is remembered and by which it is refreshed.
pub(super) fn key_of(kind: &str, target: &str) -> Arc<str> {
    format!("{kind}:{target}").into()
}

fn target_of(key: &str) -> &str {
    key.split_once(':').map_or(key, |(_, target)| target)
}

/// The requests for exactly these files; `None` if one of them is a pattern, or is not asked for by
/// its own name.
fn requests_of(requests: &[ReadRequest], files: &[Arc<str>]) -> Option<Vec<ReadRequest>> {
    let find = |file: &Arc<str>| {
        let asks = |request: &&ReadRequest| {
            !request.target.contains(['*', '?', '[', '{'])
                && key_of(&request.kind, &request.target) == *file
        };
        requests.iter().find(asks).cloned()
    };
    files.iter().map(find).collect()
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
    reads: &Reads,
    scope: Scope,
) -> Processed {
    let is_location = entity.kind() == "Location";
    let broken = broken_files(&result, reads);
    // A Location of which nothing could be used has failed itself, as upstream; one bad target
    // among good ones fails alone.
    let is_void = is_location && result.deferred.is_empty() && !result.errors.is_empty();
    let completed = result.completed.as_ref().filter(|_| !is_void).map(CompletedJson::of);
    let mut processed = Processed {
        failed: completed.is_none().then(|| CompletedJson::of(entity)),
        completed,
        relations: result.relations,
        errors: result.errors,
        warnings: result.warnings,
        refresh_keys: result.refresh_keys,
        reads: HashMap::new(),
        emission: None,
    };
    if is_location && result.completed.is_some() {
        let emit = |deferred| emitted(orchestrator, deferred);
        let entities = result.deferred.into_iter().map(emit).collect();
        processed.emission = Some(Emission { entities, scope, broken });
    }
    processed
}

/// Location keys of the files that could not be read whole, each with its error. An entity that was
/// read and refused leaves no doubt about the rest of its file.
fn broken_files(result: &ProcessingResult, reads: &Reads) -> Vec<(Arc<str>, ProcessingError)> {
    let mut broken = Vec::new();
    for error in &result.errors {
        let Some(target) = error.target.as_deref() else { continue };
        let is_unreadable = matches!(error.stage, "parse" | "envelope");
        let files = reads
            .iter()
            .filter_map(|(request, outcome)| outcome.as_ref().ok().map(|files| (request, files)));
        let of_target = files.flat_map(|(request, files)| {
            files
                .iter()
                .filter(|file| &*file.target == target)
                .filter(|file| file.failure.is_some() || is_unreadable)
                .map(|file| key_of(&request.kind, &file.target))
        });
        broken.extend(of_target.map(|key| (key, error.clone())));
        let failed = reads
            .iter()
            .filter(|(request, outcome)| outcome.is_err() && &*request.target == target);
        broken.extend(
            failed.map(|(request, _)| (key_of(&request.kind, &request.target), error.clone())),
        );
    }
    broken
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
        Box::new(finish(orchestrator, &entity, result, &reads, Scope::Everything))
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
