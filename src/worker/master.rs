//! The master as a worker needs it: what the agent calls, so that it can be tested without one.

use futures_util::future::BoxFuture;

use crate::client::{Error, MasterClient};
use crate::wire::{Heartbeat, Instructions, Register, Report, Reported, Task};

/// What an answer gives.
pub type Answer<'a, T> = BoxFuture<'a, Result<T, Error>>;

/// The master.
pub trait Master: Send + Sync + 'static {
    /// The worker begins, or begins again.
    fn register(&self, node: Register) -> Answer<'_, Instructions>;
    /// The worker lives, and runs this.
    fn heartbeat<'a>(&'a self, node_id: &'a str, beat: Heartbeat) -> Answer<'a, Instructions>;
    /// This became of a task; says which attempt the master knows then, and where.
    fn report<'a>(&'a self, task_id: &'a str, report: Report) -> Answer<'a, Reported>;
    /// The task as the master knows it.
    fn task<'a>(&'a self, task_id: &'a str) -> Answer<'a, Task>;
    /// The worker takes nothing new; what runs is moved after so many seconds.
    fn drain<'a>(&'a self, node_id: &'a str, deadline_seconds: u64) -> Answer<'a, ()>;
    /// The worker signs off.
    fn deregister<'a>(&'a self, node_id: &'a str) -> Answer<'a, ()>;
}

impl Master for MasterClient {
    fn register(&self, node: Register) -> Answer<'_, Instructions> {
        Box::pin(async move { MasterClient::register(self, &node).await })
    }

    fn heartbeat<'a>(&'a self, node_id: &'a str, beat: Heartbeat) -> Answer<'a, Instructions> {
        Box::pin(async move { MasterClient::heartbeat(self, node_id, &beat).await })
    }

    fn report<'a>(&'a self, task_id: &'a str, report: Report) -> Answer<'a, Reported> {
        Box::pin(async move { MasterClient::report(self, task_id, &report).await })
    }

    fn task<'a>(&'a self, task_id: &'a str) -> Answer<'a, Task> {
        Box::pin(MasterClient::task(self, task_id))
    }

    fn drain<'a>(&'a self, node_id: &'a str, deadline_seconds: u64) -> Answer<'a, ()> {
        Box::pin(async move {
            MasterClient::drain_as_worker(self, node_id, deadline_seconds).await?;
            Ok(())
        })
    }

    fn deregister<'a>(&'a self, node_id: &'a str) -> Answer<'a, ()> {
        Box::pin(MasterClient::deregister(self, node_id))
    }
}
