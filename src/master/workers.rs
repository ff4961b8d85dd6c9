//! The workers as the master needs them: what the dispatcher and the node monitor ask of a node, so
//! that both can be tested without a network. The mirror of [`crate::worker::Master`].

use std::time::Duration;

use futures_util::future::BoxFuture;

use crate::client::{Error, Transport, WorkerClient};
use crate::core::Node;
use crate::wire;

/// What an answer gives.
pub type Answer<'a, T> = BoxFuture<'a, Result<T, Error>>;

/// A node that takes longer to say that it lives is not well.
const HEALTH_TIMEOUT: Duration = Duration::from_secs(3);

/// The workers, each by its node.
pub trait Workers: Send + Sync + 'static {
    /// Run this attempt of a task.
    fn execute<'a>(&'a self, node: &'a Node, task: &'a wire::Task) -> Answer<'a, ()>;
    /// Run all of these; a verdict for each.
    fn execute_batch<'a>(
        &'a self,
        node: &'a Node,
        batch: &'a wire::ExecuteBatch,
    ) -> Answer<'a, Vec<wire::ExecuteVerdict>>;
    /// Stop an attempt of a task.
    fn stop<'a>(&'a self, node: &'a Node, task: &'a str, stop: &'a wire::Stop) -> Answer<'a, ()>;
    /// Remove a task's container.
    fn remove<'a>(&'a self, node: &'a Node, task: &'a str) -> Answer<'a, ()>;
    /// Say whether you are there, and who you are.
    fn health<'a>(&'a self, node: &'a Node) -> Answer<'a, wire::Health>;
}

/// The workers by HTTP.
#[derive(Debug, Clone)]
pub struct HttpWorkers {
    transport: Transport,
}

impl HttpWorkers {
    /// Over this transport.
    pub fn new(transport: Transport) -> Self {
        Self { transport }
    }

    fn client(&self, node: &Node) -> WorkerClient {
        WorkerClient::new(self.transport.clone(), &node.hostname, node.port)
    }
}

impl Workers for HttpWorkers {
    fn execute<'a>(&'a self, node: &'a Node, task: &'a wire::Task) -> Answer<'a, ()> {
        Box::pin(async move { self.client(node).execute(task).await })
    }

    fn execute_batch<'a>(
        &'a self,
        node: &'a Node,
        batch: &'a wire::ExecuteBatch,
    ) -> Answer<'a, Vec<wire::ExecuteVerdict>> {
        Box::pin(async move { self.client(node).execute_batch(batch).await })
    }

    fn stop<'a>(&'a self, node: &'a Node, task: &'a str, stop: &'a wire::Stop) -> Answer<'a, ()> {
        Box::pin(async move { self.client(node).stop(task, stop).await })
    }

    fn remove<'a>(&'a self, node: &'a Node, task: &'a str) -> Answer<'a, ()> {
        Box::pin(async move { self.client(node).remove(task).await })
    }

    fn health<'a>(&'a self, node: &'a Node) -> Answer<'a, wire::Health> {
        let client = self.client(node).with_timeout(HEALTH_TIMEOUT);
        Box::pin(async move { client.health().await })
    }
}
