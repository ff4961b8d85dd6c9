//! Forgets tasks that ended long ago.

use std::sync::Arc;
use std::time::Duration;

use super::{Loop, Next, made};
use crate::core::reconcile;
use crate::master::cluster::Cluster;

/// How many tasks one activation forgets at most.
const LIMIT: usize = 256;

/// Forgets tasks that ended long ago; their containers go with them.
pub struct Reaper {
    cluster: Arc<Cluster>,
}

impl Reaper {
    /// A reaper of this cluster's tasks.
    pub fn new(cluster: Arc<Cluster>) -> Self {
        Self { cluster }
    }
}

impl Loop for Reaper {
    fn period(&self) -> Duration {
        Duration::from_secs(10)
    }

    async fn activate(&mut self) -> Next {
        let reaping = self
            .cluster
            .reconcile(|state, now| reconcile::reap(state, now, LIMIT));
        match made("reaper", reaping.await) {
            LIMIT.. => Next::AtOnce,
            _ => Next::InTime,
        }
    }
}
