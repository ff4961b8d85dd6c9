//! What a supervisor waits for: events, orders, moments, and an engine in trouble.

use std::time::Duration;

use super::{Next, Supervisor};
use crate::backoff::Backoff;
use crate::core::Monotonic;
use crate::worker::runtime::Error;
use crate::worker::step::Observed;

/// How long an engine in trouble is left alone; its return wakes everybody earlier.
const ENGINE_BACKOFF: Backoff = Backoff {
    first: Duration::from_millis(500),
    most: Duration::from_secs(30),
};
impl Supervisor {
    /// Waits for an event, an order, or a moment.
    pub(super) async fn wait(&mut self, until: Option<Monotonic>) -> Next {
        let sleep = until.map(|until| Duration::from_millis(until.since_ms(self.now())));
        tokio::select! {
            biased;
            changed = self.orders.changed() => {
                if changed.is_err() { return Next::Orphaned }
            }
            () = self.wake.woken() => self.attempt.observed = Observed::Unknown,
            () = tokio::time::sleep(sleep.unwrap_or_default()), if sleep.is_some() => {}
        }
        Next::Ask
    }

    /// Ended: only an order changes anything.
    pub(super) async fn rest(&mut self) -> Next {
        if self.orders.changed().await.is_err() {
            return Next::Orphaned;
        }
        Next::Ask
    }

    /// The engine failed: whether it did what was asked is unknown, and no task is to blame.
    pub(super) async fn trouble(&mut self, error: &Error) -> Next {
        self.shared.metrics.engine_error(error.kind());
        self.shared.engine.failed(error);
        let task = &self.attempt.identity.task_id;
        log::warn!("{task}: {error}; trying again");
        self.attempt.observed = Observed::Unknown;
        self.publish(Some(error.to_string()));
        self.troubles = self.troubles.saturating_add(1);
        let random = self.shared.clock.now().random;
        tokio::select! {
            biased;
            changed = self.orders.changed() => {
                if changed.is_err() { return Next::Orphaned }
            }
            () = self.wake.woken() => {}
            () = tokio::time::sleep(ENGINE_BACKOFF.wait(self.troubles, random)) => {}
        }
        Next::Ask
    }
}
