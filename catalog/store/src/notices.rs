//! Word from other processes that they committed.

use std::time::Duration;

use sea_orm::sqlx::{self, PgPool, postgres::PgListener};
use tokio::{
    sync::Mutex,
    time::{sleep, timeout},
};

/// After this long without a notice the caller is told to look all the same: a notice is never the
/// only way to learn of a revision.
const FALLBACK: Duration = Duration::from_secs(3);

/// How long a listening connection may take to answer before it is taken for dead.
const ANSWER_LIMIT: Duration = Duration::from_secs(2);

/// PostgreSQL's `LISTEN`, on a connection of its own that is opened again when it is lost.
#[derive(Debug)]
pub(crate) struct Notices {
    pool: PgPool,
    channel: String,
    listener: Mutex<Option<PgListener>>,
}

impl Notices {
    /// Nothing is opened before somebody waits. Channels belong to the whole database, so that
    /// each schema has its own.
    pub(crate) fn new(pool: PgPool, schema: Option<&str>) -> Self {
        let channel = format!("callboard_revision_{}", schema.unwrap_or("public"));
        // PostgreSQL refuses channel names of 64 bytes and more.
        let channel = channel.char_indices().take_while(|(at, _)| *at < 59).map(|(_, c)| c);
        Self { pool, channel: channel.collect(), listener: Mutex::new(None) }
    }

    /// Where to announce.
    pub(crate) fn channel(&self) -> &str {
        &self.channel
    }

    /// Waits for a notice, or for [`FALLBACK`].
    ///
    /// Whenever the connection was opened anew it returns at once: what was announced before went
    /// unheard.
    pub(crate) async fn changed(&self) {
        let mut slot = self.listener.lock().await;
        let Some(listener) = slot.as_mut() else {
            match self.listen().await {
                Ok(listener) => *slot = Some(listener),
                Err(error) => {
                    tracing::warn!(error = %error, "not listening for other replicas' commits");
                    sleep(FALLBACK).await;
                }
            }
            return;
        };
        let is_alive = match timeout(FALLBACK, listener.try_recv()).await {
            Ok(received) => matches!(received, Ok(Some(_))),
            // A connection that a firewall forgot is as silent as one without news.
            Err(_) => answers(listener).await,
        };
        if is_alive {
            while listener.next_buffered().is_some() {}
        } else {
            *slot = None;
        }
    }

    async fn listen(&self) -> Result<PgListener, sqlx::Error> {
        let mut listener = PgListener::connect_with(&self.pool).await?;
        listener.eager_reconnect(false);
        listener.listen(&self.channel).await?;
        Ok(listener)
    }
}

async fn answers(listener: &mut PgListener) -> bool {
    let question = sqlx::query("SELECT 1").execute(listener);
    matches!(timeout(ANSWER_LIMIT, question).await, Ok(Ok(_)))
}
