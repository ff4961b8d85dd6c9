//! Which nodes live: probes the silent ones, then lets the rules decide.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::{Loop, Next, made};
use crate::core::{Node, NodeId, reconcile};
use crate::master::cluster::Cluster;
use crate::master::workers::Workers;

/// How many probes begin per look: in a large cluster a node is asked less often.
const PROBES: usize = 25;
/// The longest time between two looks.
const PERIOD: Duration = Duration::from_secs(1);
/// A node timeout has at least so many looks: a node is lost that much later at most.
const LOOKS: u32 = 10;

/// Watches over the nodes.
pub struct NodeMonitor {
    cluster: Arc<Cluster>,
    workers: Arc<dyn Workers>,
    period: Duration,
    asked: HashSet<NodeId>,
    answers: JoinSet<NodeId>,
}

impl NodeMonitor {
    /// A monitor of this cluster's nodes.
    pub fn new(cluster: Arc<Cluster>, workers: Arc<dyn Workers>) -> Self {
        let node_timeout_ms = cluster.read(|state| state.policy().node_timeout_ms);
        let part = Duration::from_millis(node_timeout_ms) / LOOKS;
        Self {
            cluster,
            workers,
            period: part.clamp(PERIOD / LOOKS, PERIOD),
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
            let workers = self.workers.clone();
            let cluster = Arc::clone(&self.cluster);
            self.answers.spawn(async move {
                let answered = probe(workers, &node).await;
                // At once: noted by the next look, the contact would seem up to a second younger.
                cluster.probed(&node.id, answered);
                node.id.clone()
            });
        }
    }
}

/// Whether the node's worker answers at its address, and not somebody else.
async fn probe(workers: Arc<dyn Workers>, node: &Arc<Node>) -> bool {
    match workers.health(node).await {
        Ok(health) => {
            // A Go worker does not know the id its master gave it.
            let other = health.node_id.filter(|id| id != node.id.as_str());
            match other.filter(|_| node.is_podling()) {
                Some(other) => {
                    let (hostname, port) = (&node.hostname, node.port);
                    log::warn!(
                        "node {}: {hostname}:{port} is answered by node {other}",
                        node.id
                    );
                    false
                }
                None => {
                    let engine = health.engine_id.unwrap_or_default();
                    let other = node.is_another_engine(&engine);
                    if other {
                        log::warn!(
                            "node {}: a worker on another engine answers for it",
                            node.id
                        );
                    }
                    !other
                }
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
        self.period
    }

    async fn activate(&mut self) -> Next {
        self.take_answers();
        self.ask();
        let looking = self.cluster.reconcile(reconcile::nodes);
        made("node monitor", looking.await);
        Next::InTime
    }
}
