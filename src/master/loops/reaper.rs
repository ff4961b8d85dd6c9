//! Forgets tasks that ended long ago.

use std::sync::Arc;
use std::time::Duration;

use super::{Loop, Next, made};
use crate::core::reconcile;
use crate::master::cluster::Cluster;

/// How many tasks one activation forgets at most. More are forgotten when these are stored: thousands in one
/// transaction, and in one burst of orders to workers, are what everybody else would wait for.
const LIMIT: usize = 256;

/// The shortest and the longest time between two looks: so often that few are forgotten at once, because each is a
/// request to a worker, and not so often that each goes by itself.
const OFTEN: Duration = Duration::from_millis(250);
const SELDOM: Duration = Duration::from_secs(10);

/// Forgets tasks that ended long ago; their containers go with them.
pub struct Reaper {
    cluster: Arc<Cluster>,
    next_in: Duration,
}

impl Reaper {
    /// A reaper of this cluster's tasks.
    pub fn new(cluster: Arc<Cluster>) -> Self {
        Self {
            cluster,
            next_in: SELDOM,
        }
    }
}

impl Loop for Reaper {
    fn period(&self) -> Duration {
        self.next_in.clamp(OFTEN, SELDOM)
    }

    async fn activate(&mut self) -> Next {
        let rule = |state: &_, now| reconcile::reap(state, now, LIMIT);
        let forgotten = made("reaper", self.cluster.reconcile(rule).await);
        if forgotten > 0 && self.cluster.settled().await.is_err() {
            // What is wrong with the store the commit task says; no more is decided meanwhile.
            self.next_in = SELDOM;
            return Next::InTime;
        }
        let now = self.cluster.clock().now();
        let next = self.cluster.read(|state| reconcile::reap_in_ms(state, now));
        self.next_in = next.map_or(SELDOM, Duration::from_millis);
        match forgotten {
            LIMIT.. => Next::AtOnce,
            _ => Next::InTime,
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::task::yield_now;
    use tokio_util::sync::CancellationToken;

    use super::super::drive;
    use super::*;
    use crate::core::{Ended, Policy, State, Status, Task};
    use crate::master::cluster::{CommitterEnds, Progress};
    use crate::master::fixture::{TokioClock, put_task, task};

    const COMMIT_TIMEOUT: Duration = Duration::from_secs(5);

    /// A reaper of so many tasks that ended just now, and what it decides.
    fn with_ended_tasks(tasks: usize, ttl_ms: u64) -> (Reaper, CommitterEnds) {
        let clock = TokioClock::shared();
        let mut state = State::new(Policy {
            ended_task_ttl_ms: Some(ttl_ms),
            ..Policy::default()
        });
        for sequence in 1..=tasks as u64 {
            let ended = Task {
                status: Status::Completed,
                ended: Some(Box::new(Ended {
                    at: clock.now().wall,
                    exit_code: Some(0),
                    error: None,
                })),
                ..(*task(sequence)).clone()
            };
            state.apply(&put_task(sequence, Arc::new(ended)));
        }
        let (cluster, ends) = Cluster::new(state, clock, COMMIT_TIMEOUT);
        (Reaper::new(Arc::new(cluster)), ends)
    }

    #[tokio::test(start_paused = true)]
    async fn more_are_forgotten_at_once_when_these_are_stored() {
        let (mut reaper, mut ends) = with_ended_tasks(LIMIT + 1, 0);
        for (forgotten, expected, period) in [
            (LIMIT, Next::AtOnce, OFTEN),
            // None is left: what ends from now on is due at once.
            (1, Next::InTime, OFTEN),
        ] {
            let activation = tokio::spawn(async move { (reaper.activate().await, reaper) });
            let decided = ends.queue.recv().await.unwrap();
            assert_eq!(decided.changes.len(), forgotten);
            for _ in 0..10 {
                yield_now().await;
            }
            assert!(!activation.is_finished(), "before they are stored");
            let event = decided.changes[forgotten - 1].event.sequence;
            let number = decided.number;
            ends.progress.write(Progress { number, event });
            let next;
            (next, reaper) = activation.await.unwrap();
            assert_eq!((next, reaper.period()), (expected, period));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn it_looks_again_when_the_next_is_due_and_not_too_seldom() {
        for (ttl_ms, period) in [
            (1, OFTEN),
            (3_000, Duration::from_secs(3)),
            (3_600_000, SELDOM),
        ] {
            let (mut reaper, _ends) = with_ended_tasks(1, ttl_ms);
            assert_eq!(reaper.activate().await, Next::InTime);
            assert_eq!(reaper.period(), period, "{ttl_ms}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn while_nothing_is_stored_no_more_is_forgotten() {
        let (mut reaper, mut ends) = with_ended_tasks(LIMIT + 1, 0);
        assert_eq!(reaper.activate().await, Next::InTime);
        assert_eq!(reaper.period(), SELDOM);
        assert_eq!(ends.queue.recv().await.unwrap().changes.len(), LIMIT);
        assert!(ends.queue.try_recv().is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn it_ends_at_once_also_while_nothing_is_stored() {
        let (reaper, mut ends) = with_ended_tasks(1, 0);
        let stop = CancellationToken::new();
        let driver = tokio::spawn(drive(reaper, stop.clone()));
        ends.queue.recv().await.unwrap();
        stop.cancel();
        let ended = tokio::time::timeout(COMMIT_TIMEOUT / 2, driver).await;
        ended.expect("it ends").unwrap();
    }
}
