//! Keeps the top-level loops going: each has a name, is started again with backoff when it ends by
//! itself, and is awaited at shutdown.

use std::{future::Future, time::Duration};

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// The longest pause before a loop is started again.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// How long a loop may take to end after it was told to.
const GRACE: Duration = Duration::from_secs(10);

/// The running loops.
#[derive(Debug, Default)]
pub(crate) struct Supervisor {
    loops: JoinSet<()>,
    stop: CancellationToken,
}

impl Supervisor {
    /// What the loops watch to know that they are to end.
    pub(crate) fn stop_token(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Runs `start` until the shutdown; a loop that ends or panics before is started again.
    pub(crate) fn keep_running<F, L>(&mut self, name: &'static str, mut start: F)
    where
        F: FnMut(CancellationToken) -> L + Send + 'static,
        L: Future<Output = ()> + Send + 'static,
    {
        let stop = self.stop.clone();
        self.loops.spawn(async move {
            let mut pause = Duration::from_millis(200);
            loop {
                let mut one = JoinSet::new();
                one.spawn(start(stop.clone()));
                let end = one.join_next().await;
                if stop.is_cancelled() {
                    return;
                }
                if let Some(Err(error)) = end {
                    let error: &dyn std::error::Error = &error;
                    tracing::error!(error, "the loop {name} failed and is started again");
                } else {
                    tracing::warn!("the loop {name} ended and is started again");
                }
                tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    () = stop.cancelled() => return,
                }
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        });
    }

    /// Runs a loop that cannot be started twice; that it ended before the shutdown is an error that
    /// somebody must look at.
    pub(crate) fn run<F, L>(&mut self, name: impl Into<String>, start: F)
    where
        F: FnOnce(CancellationToken) -> L,
        L: Future<Output = ()> + Send + 'static,
    {
        let (name, stop) = (name.into(), self.stop.clone());
        let running = start(stop.clone());
        self.loops.spawn(async move {
            running.await;
            if !stop.is_cancelled() {
                tracing::error!("the loop {name} ended; restart the process");
            }
        });
    }

    /// Tells every loop to end and waits for them, at most ten seconds.
    pub(crate) async fn shut_down(mut self) {
        self.stop.cancel();
        let all = async { while self.loops.join_next().await.is_some() {} };
        if tokio::time::timeout(GRACE, all).await.is_err() {
            tracing::warn!("some loops did not end in time and are cut off");
        }
    }
}
