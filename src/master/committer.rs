//! The one task that writes to the store: group commit.
//!
//! Blocks for one decision, drains what else waits up to a cap, commits all of it in one
//! transaction, says that it is durable, shows it to those who act on committed changes, and answers those
//! who wait.
//! No timer while there is work: under load more waits, so batches grow by themselves.
//!
//! A store that fails is tried again, while the bounded queue pushes back on callers and `/ready`
//! says so. When it has failed for too long, or another master has taken over, the task ends with
//! an error, and with it the process: nothing is ever logged and then forgotten.

mod batch;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{oneshot, watch};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::cluster::{CommitterEnds, Decided, Progress};
use super::feed::{Committed, Feed};
use super::metrics::Metrics;
use crate::backoff::Backoff;
use crate::clock::{SharedClock, Stopwatch};
use crate::core::Monotonic;
use crate::mutant::{self, Mutant};
use crate::store::{self, Batch, Store};

/// How many decisions go into one transaction at most.
const CAP: usize = 1024;
/// After so long without a decision the fence is looked at.
const IDLE: Duration = Duration::from_secs(2);
/// The same while the store does not work: all that is asked is refused meanwhile.
const TROUBLED: Duration = Duration::from_millis(500);
const BACKOFF: Backoff = Backoff {
    first: Duration::from_millis(100),
    most: Duration::from_secs(1),
};

/// Why the commit task gave up.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another master writes to this store now.
    #[error("stopped at once: {0}")]
    Fenced(store::Error),
    /// The store can't be used as it is.
    #[error("the store can't be written: {0}")]
    Unusable(store::Error),
    /// It failed for too long.
    #[error("the store has failed for {} s, giving up: {why}", .after.as_secs())]
    GaveUp {
        /// For how long.
        after: Duration,
        /// How it failed last.
        why: String,
    },
    /// It did not take the last changes before the master had to be gone.
    #[error(
        "the last changes could not be stored within {} s, and none of them was acknowledged",
        .within.as_secs_f32()
    )]
    Untaken {
        /// How long it was waited for.
        within: Duration,
    },
}

/// Whether the store works: none, or why not.
pub type StoreTrouble = Option<String>;

/// The task that writes to the store.
pub struct Committer {
    /// Where to.
    pub store: Arc<dyn Store>,
    /// What connects it with the cluster.
    pub ends: CommitterEnds,
    /// Whom it shows committed changes.
    pub feed: Feed,
    /// Where it says whether the store works.
    pub trouble: watch::Sender<StoreTrouble>,
    /// Its figures.
    pub metrics: Arc<Metrics>,
    /// Time and randomness.
    pub clock: SharedClock,
    /// A commit that takes so long is called trouble.
    pub slow_after: Duration,
    /// The store may fail for so long.
    pub give_up_after: Duration,
}

impl Committer {
    /// Commits until `closing` is cancelled, and then what still waits; nothing is lost.
    ///
    /// # Errors
    /// When it has to give up; see [`Error`].
    pub async fn run(mut self, closing: CancellationToken) -> Result<(), Error> {
        let mut waiting: Vec<Decided> = Vec::new();
        // Invariant: answered only after a commit, or a look at the fence, that succeeded and came later than
        // all that was taken.
        let mut unanswered: Vec<oneshot::Sender<()>> = Vec::new();
        let mut taken_up_to = 0;
        let mut closed = false;
        loop {
            let pause = self.pause();
            let taken = tokio::select! {
                biased;
                taken = self.ends.queue.recv_many(&mut waiting, CAP) => taken,
                () = closing.cancelled(), if !closed => {
                    self.ends.queue.close();
                    closed = true;
                    continue;
                }
                () = sleep(pause) => {
                    if self.check_fence(taken_up_to).await? {
                        answer(&mut unanswered);
                    }
                    continue;
                }
            };
            if taken == 0 {
                return Ok(());
            }
            taken_up_to = waiting.last().map_or(taken_up_to, |last| last.number);
            let changes = waiting.drain(..).flat_map(|decided| {
                unanswered.push(decided.durable);
                decided.changes
            });
            let changes: Committed = changes.collect();
            let durable = match changes.is_empty() {
                true => self.check_fence(taken_up_to).await?,
                false => {
                    self.commit(taken_up_to, changes).await?;
                    true
                }
            };
            if durable {
                answer(&mut unanswered);
            }
        }
    }

    fn pause(&self) -> Duration {
        match *self.trouble.borrow() {
            None => IDLE,
            Some(_) => TROUBLED,
        }
    }

    /// Who has nothing to write would not notice that another master has taken over, and would go
    /// on answering from memory. Up to the decision with this number, all that changes anything is
    /// durable. False: the store fails, which is trouble but no reason to end: nothing is to be written.
    async fn check_fence(&self, number: u64) -> Result<bool, Error> {
        let event = self.ends.progress.look(|progress| progress.event);
        let empty = Batch {
            last_event: event,
            ..Batch::default()
        };
        let why = match timeout(self.slow_after, self.store.commit(&empty)).await {
            Ok(Ok(())) => {
                self.works();
                self.ends.progress.write(Progress { number, event });
                return Ok(true);
            }
            Ok(Err(error @ store::Error::Fenced { .. })) => return Err(Error::Fenced(error)),
            Ok(Err(error @ (store::Error::Held { .. } | store::Error::Unusable { .. }))) => {
                return Err(Error::Unusable(error));
            }
            Ok(Err(store::Error::Unavailable(why))) => why,
            Err(_) => format!("no answer within {} s", self.slow_after.as_secs_f32()),
        };
        if self.trouble.borrow().is_none() {
            log::warn!("store: {why}; nothing is to be written");
        }
        self.trouble.send_replace(Some(why));
        Ok(false)
    }

    fn works(&self) {
        if self.trouble.borrow().is_some() {
            log::info!("the store works again");
            self.trouble.send_replace(None);
        }
    }

    async fn commit(&self, number: u64, changes: Committed) -> Result<(), Error> {
        let batch = batch::batch(&changes);
        let watch = Stopwatch::start();
        if mutant::is(Mutant::SendBeforeCommit) {
            self.feed.publish(changes.clone());
        }
        self.until_durable(&batch).await?;
        self.metrics.committed(&changes, watch.elapsed());
        // Ordering: first durable, then shown. Who follows the feed subscribes, looks at what is
        // durable, and only then waits; the other way round it could miss this batch.
        self.ends.progress.write(Progress {
            number,
            event: batch.last_event,
        });
        self.feed.publish(changes);
        Ok(())
    }

    /// Tries until the batch is durable. Repeating is harmless: a batch holds whole records.
    async fn until_durable(&self, batch: &Batch) -> Result<(), Error> {
        let since = self.clock.now().mono;
        let mut failures = 0;
        loop {
            let error = match self.try_once(batch, since).await? {
                Ok(()) => {
                    self.works();
                    return Ok(());
                }
                Err(error) => error,
            };
            match error {
                store::Error::Fenced { .. } => return Err(Error::Fenced(error)),
                store::Error::Held { .. } | store::Error::Unusable { .. } => {
                    return Err(Error::Unusable(error));
                }
                store::Error::Unavailable(why) => {
                    failures += 1;
                    let now = self.clock.now();
                    if self.left(since) == Duration::ZERO {
                        return Err(self.gave_up(why));
                    }
                    let wait = BACKOFF.wait(failures, now.random).min(self.left(since));
                    log::warn!(
                        "store: {why}; trying again in {} ms (failure {failures})",
                        wait.as_millis()
                    );
                    self.trouble.send_replace(Some(why));
                    sleep(wait).await;
                }
            }
        }
    }

    /// One try. A store that hangs is trouble after a while, and given up in the end.
    async fn try_once(
        &self,
        batch: &Batch,
        since: Monotonic,
    ) -> Result<Result<(), store::Error>, Error> {
        let mut commit = self.store.commit(batch);
        tokio::select! {
            biased;
            result = &mut commit => return Ok(result),
            () = sleep(self.slow_after.min(self.left(since))) => {}
        }
        let why = format!(
            "a commit has taken more than {} s",
            self.slow_after.as_secs_f32()
        );
        log::warn!("store: {why}; still waiting");
        self.trouble.send_replace(Some(why.clone()));
        tokio::select! {
            biased;
            result = commit => Ok(result),
            () = sleep(self.left(since)) => Err(self.gave_up(why)),
        }
    }

    /// How long the store may still fail.
    fn left(&self, since: Monotonic) -> Duration {
        let failing = Duration::from_millis(self.clock.now().mono.since_ms(since));
        self.give_up_after.saturating_sub(failing)
    }

    fn gave_up(&self, why: String) -> Error {
        Error::GaveUp {
            after: self.give_up_after,
            why,
        }
    }
}

/// Tells them that their decisions are durable. Who does not wait any more is not missed.
fn answer(unanswered: &mut Vec<oneshot::Sender<()>>) {
    for durable in unanswered.drain(..) {
        let _ = durable.send(());
    }
}
