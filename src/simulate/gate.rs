//! The way of all nodes to the master: so many requests at once and no more, and counted.
//!
//! Thousands of workers that begin at once, or find their master back at once, would each open a
//! connection. Those that wait here wait as they would for a connection; what the agent gives up
//! meanwhile is dropped.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Semaphore;

use crate::client::{Error, MasterClient};
use crate::wire::{Heartbeat, Instructions, Register, Report, Reported, Task};
use crate::worker::{Answer, Master};

/// Requests to the master at once: more than a master commits in one go while they are under way,
/// and few enough that none waits long at the master itself.
pub const AT_ONCE: usize = 128;

/// What all nodes share.
pub struct Gate {
    master: MasterClient,
    places: Semaphore,
    /// What came of the requests so far.
    pub counts: Counts,
}

/// What came of the requests so far.
#[derive(Default)]
pub struct Counts {
    /// Nodes that the master has taken, at least once.
    pub registered: AtomicU64,
    /// Nodes that have signed off.
    pub left: AtomicU64,
    /// Requests that the master answered, whatever it said.
    pub answered: AtomicU64,
    /// Requests that it did not answer.
    pub unanswered: AtomicU64,
    why: Mutex<Option<String>>,
}

impl Counts {
    /// Why the last request that was not answered was not.
    pub fn why(&self) -> Option<String> {
        let why = self.why.lock().unwrap_or_else(PoisonError::into_inner);
        why.clone()
    }

    fn note<T>(&self, answer: &Result<T, Error>) {
        match answer {
            Ok(_) | Err(Error::Status { .. }) => {
                self.answered.fetch_add(1, Ordering::Relaxed);
            }
            Err(error) => {
                let mut why = self.why.lock().unwrap_or_else(PoisonError::into_inner);
                *why = Some(error.to_string());
                drop(why);
                self.unanswered.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

impl Gate {
    /// A gate before this master.
    pub fn new(master: MasterClient) -> Arc<Self> {
        Arc::new(Self {
            master,
            places: Semaphore::new(AT_ONCE),
            counts: Counts::default(),
        })
    }

    /// Where the master is.
    pub fn master_url(&self) -> &str {
        self.master.base_url()
    }

    async fn pass<T>(&self, request: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        // Fails only when it is closed, which it never is.
        let _place = self.places.acquire().await;
        let answer = request.await;
        self.counts.note(&answer);
        answer
    }
}

/// The master as one node reaches it.
pub struct Passage {
    gate: Arc<Gate>,
    registered: AtomicBool,
}

impl Passage {
    /// Of a node that has said nothing yet.
    pub fn new(gate: Arc<Gate>) -> Self {
        Self {
            gate,
            registered: AtomicBool::new(false),
        }
    }
}

impl Master for Passage {
    fn register(&self, node: Register) -> Answer<'_, Instructions> {
        Box::pin(async move {
            let answer = self.gate.pass(self.gate.master.register(&node)).await?;
            if !self.registered.swap(true, Ordering::Relaxed) {
                self.gate.counts.registered.fetch_add(1, Ordering::Relaxed);
            }
            Ok(answer)
        })
    }

    fn heartbeat<'a>(&'a self, node_id: &'a str, beat: Heartbeat) -> Answer<'a, Instructions> {
        Box::pin(async move {
            let beating = self.gate.master.heartbeat(node_id, &beat);
            self.gate.pass(beating).await
        })
    }

    fn report<'a>(&'a self, task_id: &'a str, report: Report) -> Answer<'a, Reported> {
        Box::pin(async move {
            let reporting = self.gate.master.report(task_id, &report);
            self.gate.pass(reporting).await
        })
    }

    fn task<'a>(&'a self, task_id: &'a str) -> Answer<'a, Task> {
        Box::pin(self.gate.pass(self.gate.master.task(task_id)))
    }

    fn drain<'a>(&'a self, node_id: &'a str, deadline_seconds: u64) -> Answer<'a, ()> {
        Box::pin(async move {
            let draining = self.gate.master.drain_as_worker(node_id, deadline_seconds);
            self.gate.pass(draining).await?;
            Ok(())
        })
    }

    fn deregister<'a>(&'a self, node_id: &'a str) -> Answer<'a, ()> {
        Box::pin(async move {
            self.gate.pass(self.gate.master.deregister(node_id)).await?;
            self.gate.counts.left.fetch_add(1, Ordering::Relaxed);
            Ok(())
        })
    }
}
