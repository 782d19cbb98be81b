//! The loop that makes facts of observed calls durable.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, SystemTime},
};

use callboard_catalog::{
    catalog_engine::EngineStatus,
    store::{Fence, StoreError},
};
use callboard_model::Clock;
use chrono::NaiveDate;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{
    dependency_facts::{DependencyFacts, DependencyPair, ObservedDependency},
    dependency_history::day,
    estate::{EstateOptions, SharedEstate},
};

/// The shortest time between two writes.
const PAUSE: Duration = Duration::from_secs(30);

/// By how much a fact must have grown to be written again on the same day: the last call of a day
/// need not be known to the second.
const STEP: Duration = Duration::from_mins(15);

/// Writes what the estate shows of calls, in the process that holds the ingestion lease. New facts
/// within half a minute, grown ones every quarter of an hour.
#[derive(Debug)]
pub struct DependencyRecorder {
    estate: Arc<SharedEstate>,
    facts: Arc<dyn DependencyFacts>,
    status: watch::Receiver<EngineStatus>,
    options: EstateOptions,
    clock: Arc<dyn Clock>,
}

/// What this process has written.
#[derive(Debug, Default)]
struct Written {
    last_seen: HashMap<(NaiveDate, DependencyPair), SystemTime>,
    pruned_on: Option<NaiveDate>,
}

impl DependencyRecorder {
    /// A recorder of what `estate` shows. `status` tells under which fence to write.
    pub fn new(
        estate: Arc<SharedEstate>,
        facts: Arc<dyn DependencyFacts>,
        status: watch::Receiver<EngineStatus>,
        options: EstateOptions,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { estate, facts, status, options, clock }
    }

    /// Writes until `stop`. May be started again.
    ///
    /// # Cancel safety
    ///
    /// What was not written is written by the next run, as long as the estate still knows it.
    pub async fn run(&self, stop: CancellationToken) {
        let mut written = Written::default();
        let mut changes = self.estate.changes();
        let mut status = self.status.clone();
        loop {
            let fence = status.borrow_and_update().fence;
            changes.mark_unchanged();
            let outcome = match fence {
                Some(fence) => self.flush(fence, &mut written).await,
                None => Ok(()),
            };
            tokio::select! {
                () = tokio::time::sleep(PAUSE) => {}
                () = stop.cancelled() => return,
            }
            if let Err(error) = &outcome {
                log_fault(error);
                continue;
            }
            tokio::select! {
                changed = changes.changed() => if changed.is_err() { return },
                () = lease_taken(&mut status) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    async fn flush(&self, fence: Fence, written: &mut Written) -> Result<(), StoreError> {
        let picture = self.estate.newest();
        let due = written.due(picture.inputs().history.recent());
        if !due.is_empty() {
            self.facts.record(fence, &due).await?;
            written.note(due);
        }
        let today = day(self.clock.now());
        if written.pruned_on != Some(today) {
            let oldest = self.clock.now().checked_sub(self.options.retention);
            if let Some(oldest) = oldest {
                self.facts.prune(fence, day(oldest)).await?;
            }
            written.pruned_on = Some(today);
        }
        Ok(())
    }
}

fn log_fault(error: &StoreError) {
    let error: &dyn std::error::Error = error;
    tracing::warn!(error, "facts of observed calls could not be written");
}

/// Waits until this process holds the lease.
async fn lease_taken(status: &mut watch::Receiver<EngineStatus>) {
    loop {
        if status.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
        if status.borrow_and_update().fence.is_some() {
            return;
        }
    }
}

impl Written {
    /// The facts that the store does not know, or knows as much shorter.
    fn due(&self, facts: impl Iterator<Item = ObservedDependency>) -> Vec<ObservedDependency> {
        let is_due = |fact: &ObservedDependency| {
            let known = self.last_seen.get(&(fact.day, fact.pair.clone()));
            known.is_none_or(|known| {
                fact.last_seen.duration_since(*known).is_ok_and(|grown| grown >= STEP)
            })
        };
        facts.filter(is_due).collect()
    }

    fn note(&mut self, facts: Vec<ObservedDependency>) {
        let newest = facts.iter().map(|fact| fact.day).max();
        for fact in facts {
            self.last_seen.insert((fact.day, fact.pair), fact.last_seen);
        }
        let oldest = newest.and_then(|day| day.checked_sub_days(chrono::Days::new(2)));
        self.last_seen.retain(|(day, _), _| oldest.is_none_or(|oldest| *day >= oldest));
    }
}

#[cfg(test)]
mod tests {
    use callboard_plugin::ObservationState;

    use super::*;
    use crate::fixture::{
        TestEstate, TestFacts, call, component, deployment, empty_cluster, entity, from, mesh, now,
        service, to, with, workload,
    };

    #[derive(Debug)]
    struct FixedClock;

    impl Clock for FixedClock {
        fn now(&self) -> SystemTime {
            now()
        }
    }

    fn calls(names: &[&str]) -> callboard_plugin::MeshSnapshot {
        let web = from(&deployment("bank", "web"));
        let calls = names
            .iter()
            .map(|name| call(web.clone(), to(&deployment("bank", name), name), 1.0, 1.0))
            .collect::<Vec<_>>();
        mesh("c1", ObservationState::Live, &calls)
    }

    fn estate() -> TestEstate {
        let names = ["web", "api", "rates"];
        let selector = "backstage.io/kubernetes-label-selector";
        let entities =
            names.map(|name| entity("Component", name, &[(selector, &format!("app={name}"))], &[]));
        let workloads = names.map(|n| workload(deployment("bank", n), &[("app", n)], &[n]));
        let services = names.map(|name| service("bank", name, &[]));
        let runtime =
            with(empty_cluster("c1", ObservationState::Live), workloads.into(), services.into());
        TestEstate::new(&entities, vec![(runtime, calls(&["api"]))])
    }

    fn told(facts: &TestFacts) -> Vec<(Fence, String)> {
        let written = facts.written.lock().unwrap();
        let told = written.iter().map(|(fence, fact)| (*fence, fact.pair.to.name().to_owned()));
        told.collect()
    }

    /// Lets the recorder go on, in time that only it measures.
    async fn a_while() {
        tokio::time::sleep(PAUSE * 3).await;
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_holds_the_lease_writes_each_fact_once() {
        let mut estate = estate();
        let facts = Arc::new(TestFacts::default());
        let status = watch::Sender::new(EngineStatus::default());
        let recorder = DependencyRecorder::new(
            Arc::clone(&estate.shared),
            Arc::clone(&facts) as Arc<dyn DependencyFacts>,
            status.subscribe(),
            EstateOptions::default(),
            Arc::new(FixedClock),
        );
        let stop = CancellationToken::new();
        let script = async {
            a_while().await;
            assert_eq!(told(&facts), [], "another process has the lease");
            status.send_modify(|status| status.fence = Some(Fence(7)));
            a_while().await;
            assert_eq!(told(&facts), [(Fence(7), "api".to_owned())]);
            estate.meshes[0].set(calls(&["api", "rates"]));
            assert!(estate.turn());
            a_while().await;
            assert_eq!(told(&facts).len(), 2, "what is written is not written again");
            assert_eq!(told(&facts)[1], (Fence(7), "rates".to_owned()));
            assert_eq!(*facts.pruned.lock().unwrap(), ["2025-10-21"], "once a day");
            stop.cancel();
        };
        tokio::join!(recorder.run(stop.clone()), script);
    }

    #[tokio::test(start_paused = true)]
    async fn what_could_not_be_written_is_written_later() {
        let estate = estate();
        let facts = Arc::new(TestFacts::default());
        *facts.fails.lock().unwrap() = true;
        let held = EngineStatus { fence: Some(Fence(1)), ..EngineStatus::default() };
        let status = watch::Sender::new(held);
        let recorder = DependencyRecorder::new(
            Arc::clone(&estate.shared),
            Arc::clone(&facts) as Arc<dyn DependencyFacts>,
            status.subscribe(),
            EstateOptions::default(),
            Arc::new(FixedClock),
        );
        let stop = CancellationToken::new();
        let script = async {
            a_while().await;
            assert_eq!(told(&facts), []);
            *facts.fails.lock().unwrap() = false;
            a_while().await;
            assert_eq!(told(&facts).len(), 1);
            stop.cancel();
        };
        tokio::join!(recorder.run(stop.clone()), script);
    }

    #[test]
    fn a_fact_is_written_again_when_it_has_grown_enough() {
        let pair = DependencyPair { from: component("web"), to: component("api") };
        let fact = |seconds: u64| ObservedDependency {
            day: day(now()),
            pair: pair.clone(),
            first_seen: now(),
            last_seen: now() + Duration::from_secs(seconds),
        };
        let mut written = Written::default();
        written.note(written.due([fact(0)].into_iter()));
        assert!(written.due([fact(899)].into_iter()).is_empty());
        assert_eq!(written.due([fact(900)].into_iter()).len(), 1);
    }
}
