//! Which nodes live: probes the silent ones, then lets the rules decide.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::{Loop, Next, made};
use crate::client::{Transport, WorkerClient};
use crate::core::{Node, NodeId, reconcile};
use crate::master::cluster::Cluster;

/// How many probes begin per activation, and so per second: the interval grows with the cluster.
const PROBES: usize = 25;
/// A node that takes longer to say that it lives is not well.
const PROBE_TIMEOUT: Duration = Duration::from_secs(3);

/// Watches over the nodes.
pub struct NodeMonitor {
    cluster: Arc<Cluster>,
    transport: Transport,
    asked: HashSet<NodeId>,
    answers: JoinSet<NodeId>,
}

impl NodeMonitor {
    /// A monitor of this cluster's nodes.
    pub fn new(cluster: Arc<Cluster>, transport: Transport) -> Self {
        Self {
            cluster,
            transport,
            asked: HashSet::new(),
            answers: JoinSet::new(),
        }
    }

    fn take_answers(&mut self) {
        while let Some(answer) = self.answers.try_join_next() {
            match answer {
                Ok(node) => {
                    self.asked.remove(&node);
                }
                // A panic while probing is a panic of the monitor: it must not be swallowed.
                Err(error) => std::panic::resume_unwind(error.into_panic()),
            }
        }
    }

    fn ask(&mut self) {
        let now = self.cluster.clock().now();
        let silent: Vec<Arc<Node>> = self.cluster.read(|state| {
            let nodes = reconcile::to_probe(state, now);
            let fresh = nodes.iter().filter(|node| !self.asked.contains(*node));
            let known = fresh.filter_map(|node| state.node(node).cloned());
            known.take(PROBES).collect()
        });
        for node in silent {
            self.asked.insert(node.id.clone());
            let client = WorkerClient::new(self.transport.clone(), &node.hostname, node.port);
            let cluster = Arc::clone(&self.cluster);
            self.answers.spawn(async move {
                let answered = probe(client.with_timeout(PROBE_TIMEOUT), &node).await;
                // At once: noted by the next look, the contact would seem up to a second younger.
                cluster.probed(&node.id, answered);
                node.id.clone()
            });
        }
    }
}

/// Whether the node's worker answers at its address, and not somebody else.
async fn probe(client: WorkerClient, node: &Node) -> bool {
    match client.health().await {
        Ok(health) => {
            // A Go worker does not know the id its master gave it.
            let other = health.node_id.filter(|id| id != node.id.as_str());
            match other.filter(|_| node.is_podling()) {
                Some(other) => {
                    let url = client.base_url();
                    log::warn!("node {}: {url} is answered by node {other}", node.id);
                    false
                }
                None => true,
            }
        }
        Err(error) => {
            log::debug!("node {}: {error}", node.id);
            false
        }
    }
}

impl Loop for NodeMonitor {
    fn period(&self) -> Duration {
        Duration::from_secs(1)
    }

    async fn activate(&mut self) -> Next {
        self.take_answers();
        self.ask();
        let looking = self.cluster.reconcile(reconcile::nodes);
        made("node monitor", looking.await);
        Next::InTime
    }
}
