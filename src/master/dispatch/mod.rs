//! Tells workers what was decided: the fast path. The heartbeat is the slow, certain one.
//!
//! Follows the committed changes, keeps what is still to be told in an [`Outbox`] and sends it,
//! one request in flight per node and lane; what queues meanwhile goes in the next one together.
//! A failed request is tried again with back-off until the order is overtaken, the node is
//! declared offline, or the worker takes it.

mod courier;
mod outbox;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use self::courier::Delivery;
use self::outbox::{Outbox, Parcel};
use super::cluster::Cluster;
use super::feed::Committed;
use super::metrics::Metrics;
use super::workers::Workers;
use crate::core::Availability;

/// Tells workers what was decided.
pub struct Dispatcher {
    cluster: Arc<Cluster>,
    workers: Arc<dyn Workers>,
    committed: mpsc::UnboundedReceiver<Committed>,
    metrics: Arc<Metrics>,
    outbox: Outbox,
    deliveries: JoinSet<Delivery>,
}

impl Dispatcher {
    /// A dispatcher that begins with everything that stands. To be made before anything new is
    /// decided: what is in memory then is durable.
    pub fn new(
        cluster: Arc<Cluster>,
        workers: Arc<dyn Workers>,
        committed: mpsc::UnboundedReceiver<Committed>,
        metrics: Arc<Metrics>,
    ) -> Self {
        let mut outbox = Outbox::default();
        cluster.read(|state| state.tasks().for_each(|task| outbox.put(task)));
        Self {
            cluster,
            workers,
            committed,
            metrics,
            outbox,
            deliveries: JoinSet::new(),
        }
    }

    /// Runs until `stop` is cancelled, or nothing is committed any more.
    pub async fn run(mut self, stop: CancellationToken) {
        loop {
            self.send();
            let now = self.cluster.clock().now().mono;
            let wake = self.outbox.next_due();
            let wake = wake.map(|due| Duration::from_millis(due.since_ms(now).max(1)));
            // In this order always, so that a simulation can be repeated; none starves another,
            // because whatever woke it, all that was committed meanwhile is noted.
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                Some(delivery) = self.deliveries.join_next() => match delivery {
                    Ok(delivery) => self.settle(delivery),
                    // A panic is a panic of the dispatcher: its lane would be blocked for ever.
                    Err(error) => std::panic::resume_unwind(error.into_panic()),
                },
                changes = self.committed.recv() => match changes {
                    Some(changes) => self.note(&changes),
                    None => return,
                },
                () = sleep(wake.unwrap_or_default()), if wake.is_some() => {}
            }
            while let Ok(changes) = self.committed.try_recv() {
                self.note(&changes);
            }
        }
    }

    fn note(&mut self, changes: &Committed) {
        for change in changes.iter() {
            self.outbox.committed(change);
        }
    }

    fn send(&mut self) {
        let now = self.cluster.clock().now().mono;
        for parcel in self.outbox.due(now) {
            self.send_parcel(parcel);
        }
    }

    fn send_parcel(&mut self, parcel: Parcel) {
        let node = self.cluster.read(|state| state.node(&parcel.node).cloned());
        let online = node.filter(|node| node.availability == Availability::Online);
        let Some(node) = online else {
            self.outbox.drop_node(&parcel.node);
            return;
        };
        let workers = self.workers.clone();
        let cluster = self.cluster.clone();
        self.deliveries.spawn(async move {
            courier::deliver(workers.as_ref(), &node, cluster.id(), parcel).await
        });
    }

    fn settle(&mut self, delivery: Delivery) {
        self.cluster.probed(&delivery.node, delivery.reached);
        self.metrics.dispatched(delivery.accepted());
        if delivery.failed() {
            self.metrics.dispatch_failed();
        }
        let now = self.cluster.clock().now();
        self.outbox.settle(
            &delivery.node,
            delivery.lane,
            &delivery.outcomes,
            now.mono,
            now.random,
        );
        for command in delivery.meaning {
            let (cluster, node) = (self.cluster.clone(), delivery.node.clone());
            // Not awaited here: a slow store must not hold up the other nodes.
            tokio::spawn(async move {
                if let Err(error) = cluster.mutate(command, |_, _| ()).await {
                    log::warn!("node {node}: what its refusal means is not noted: {error}");
                }
            });
        }
    }
}
