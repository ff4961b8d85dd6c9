//! Pending → scheduled, when there is room again.

use std::sync::Arc;
use std::time::Duration;

use super::{Loop, Next, made};
use crate::core::reconcile;
use crate::master::cluster::Cluster;

/// How many pending tasks one activation looks at.
const LIMIT: usize = 512;

/// Places pending tasks. Poked by every change that may have made room.
pub struct Placer {
    cluster: Arc<Cluster>,
}

impl Placer {
    /// A placer of this cluster's tasks.
    pub fn new(cluster: Arc<Cluster>) -> Self {
        Self { cluster }
    }
}

impl Loop for Placer {
    fn period(&self) -> Duration {
        Duration::from_secs(5)
    }

    async fn poked(&self) {
        self.cluster.room().await;
    }

    async fn activate(&mut self) -> Next {
        if self.cluster.read(|state| state.pending().next().is_none()) {
            return Next::InTime;
        }
        let placing = self
            .cluster
            .reconcile(|state, now| reconcile::place(state, now, LIMIT));
        match made("placer", placing.await) {
            0 => Next::InTime,
            _ => Next::AtOnce,
        }
    }
}
