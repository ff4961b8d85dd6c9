//! Forgets tasks that ended long ago.

use std::sync::Arc;
use std::time::Duration;

use super::{Loop, Next, made};
use crate::core::reconcile;
use crate::master::cluster::Cluster;

/// How many tasks one activation forgets at most. More are forgotten when these are: thousands in one
/// transaction, and in one burst of orders to workers, are what everybody else would wait for.
const LIMIT: usize = 256;

/// The times between two looks. Often while one after another ages out: the more are forgotten at once, the more
/// requests to workers there are at once.
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
        let reaping = async {
            let rule = |state: &_, now| reconcile::reap(state, now, LIMIT);
            let forgotten = self.cluster.reconcile(rule).await?;
            if forgotten > 0 {
                self.cluster.settled().await?;
            }
            Ok(forgotten)
        };
        let reaped = reaping.await;
        let now = self.cluster.clock().now();
        let next = self.cluster.read(|state| reconcile::reap_in_ms(state, now));
        // While the store does not work, all of them are overdue.
        let next = next.filter(|_| reaped.is_ok());
        self.next_in = next.map_or(SELDOM, Duration::from_millis);
        match made("reaper", reaped) {
            LIMIT.. => Next::AtOnce,
            _ => Next::InTime,
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::task::yield_now;

    use super::*;
    use crate::core::{Ended, Policy, State, Status, Task};
    use crate::master::cluster::{CommitterEnds, Progress};
    use crate::master::fixture::{TokioClock, put_task, task};

    const TASKS: usize = LIMIT + 1;

    /// A reaper of tasks that ended long ago, and what it decides.
    fn with_ended_tasks() -> (Reaper, CommitterEnds) {
        let clock = TokioClock::shared();
        let mut state = State::new(Policy {
            ended_task_ttl_ms: Some(0),
            ..Policy::default()
        });
        for sequence in 1..=TASKS as u64 {
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
        let (cluster, ends) = Cluster::new(state, clock, Duration::from_secs(10));
        (Reaper::new(Arc::new(cluster)), ends)
    }

    #[tokio::test(start_paused = true)]
    async fn more_are_forgotten_at_once_when_these_are_stored() {
        let (mut reaper, mut ends) = with_ended_tasks();
        for (forgotten, expected, period) in
            [(LIMIT, Next::AtOnce, OFTEN), (1, Next::InTime, SELDOM)]
        {
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
}
