//! Whether an API server answers, asked every few seconds.
//!
//! A watch that is silent says nothing: its server may be idle, hung, or gone behind a firewall
//! that drops packets. So the server is asked; and it is asked at once when a connection breaks.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use tokio::{
    sync::{mpsc, watch},
    time::sleep,
};

use crate::{client::ApiClient, discovery, failure::Failure, grants, kind_watch::Shared};

/// Between two looks.
const PERIOD: Duration = Duration::from_secs(3);

/// Between a look that failed and the one that decides.
const SECOND_LOOK: Duration = Duration::from_millis(500);

/// What a look found.
#[derive(Debug)]
pub(crate) enum Finding {
    /// The server answers.
    Answers,
    /// What it grants us has changed.
    GrantsChanged,
    /// It gives no usable answer.
    Fails(Failure),
}

/// Looks at one server.
#[derive(Debug)]
pub(crate) struct Probe {
    pub(crate) shared: Arc<Shared>,
    pub(crate) findings: mpsc::Sender<Finding>,
    /// Tells the watches to open anew.
    pub(crate) rearm: watch::Sender<u64>,
}

impl Probe {
    /// Looks until nobody wants to know, or until the server gives no usable answer.
    pub(crate) async fn run(self) {
        let mut rules = self.rules().await.ok().flatten();
        let mut wait = PERIOD;
        loop {
            tokio::select! {
                () = sleep(wait) => {}
                () = self.shared.alarm.notified() => {}
            }
            let finding = self.look().await;
            let is_over = matches!(finding, Finding::Fails(_));
            if self.findings.send(finding).await.is_err() || is_over {
                return;
            }
            wait = PERIOD;
            match self.rules().await {
                Ok(now) if now.is_some() && now != rules => {
                    rules = now;
                    if self.findings.send(Finding::GrantsChanged).await.is_err() {
                        return;
                    }
                }
                Err(Failure::Unreachable(_)) => wait = SECOND_LOOK,
                Ok(_) | Err(_) => {}
            }
        }
    }

    async fn rules(&self) -> Result<Option<Vec<String>>, Failure> {
        let rules = grants::rules(&self.shared.client).await?;
        self.shared.lists_rules.store(rules.is_some(), Ordering::Relaxed);
        Ok(rules)
    }

    async fn look(&self) -> Finding {
        let before = self.shared.signs_of_life.load(Ordering::Relaxed);
        if answers(&self.shared.client).await.is_ok() {
            return Finding::Answers;
        }
        sleep(SECOND_LOOK).await;
        match answers(&self.shared.client).await {
            Ok(()) => {
                // What broke one connection may have broken others without a sign.
                self.rearm.send_modify(|generation| *generation += 1);
                Finding::Answers
            }
            // It is slow, but it works.
            Err(Failure::Unreachable(_))
                if self.shared.signs_of_life.load(Ordering::Relaxed) != before =>
            {
                Finding::Answers
            }
            Err(failure) => Finding::Fails(failure),
        }
    }
}

/// Whether the server answers us. One that says that it is not ready, or that it does not tell
/// us, still does if it tells its version.
///
/// # Errors
///
/// [`Failure`] of the last question.
pub(crate) async fn answers(client: &ApiClient) -> Result<(), Failure> {
    match client.get("/readyz").await {
        Ok(body) if body.starts_with(b"ok") => Ok(()),
        Ok(_)
        | Err(Failure::Status(_) | Failure::Forbidden(_) | Failure::NotFound | Failure::Gone) => {
            discovery::version(client).await.map(drop)
        }
        Err(failure) => Err(failure),
    }
}
