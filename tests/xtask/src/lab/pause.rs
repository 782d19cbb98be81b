//! Waiting, for a time or for a condition.

use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::bail;

/// Waits; the lab has no executor to block.
#[expect(clippy::disallowed_methods, reason = "xtask runs on plain threads of its own")]
pub(crate) fn pause(duration: Duration) {
    thread::sleep(duration);
}

/// Asks `condition` every `every` until it gives something, at most for `limit`.
pub(crate) fn wait_until<T>(
    what: &str,
    limit: Duration,
    every: Duration,
    mut condition: impl FnMut() -> anyhow::Result<Option<T>>,
) -> anyhow::Result<T> {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(value) = condition()? {
            return Ok(value);
        }
        if Instant::now() >= deadline {
            bail!("{what}: not within {:.1} s", limit.as_secs_f64());
        }
        pause(every);
    }
}
