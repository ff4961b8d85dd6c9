//! When the master was last seen from this side (any request of its own that came in), and whether it ever
//! took this worker as the node it says it is.
//!
//! A worker that is not contacted sends heartbeats more often, so that a network that works in one
//! direction only never looks like a dead node.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::clock::SharedClock;
use crate::core::Monotonic;

/// When a request last came in, and whether the master accepted this worker.
pub struct Contact {
    clock: SharedClock,
    last_ms: AtomicU64,
    accepted: AtomicBool,
}

impl Contact {
    /// As if one came in just now.
    pub fn new(clock: SharedClock) -> Self {
        let last_ms = AtomicU64::new(clock.now().mono.0);
        Self {
            clock,
            last_ms,
            accepted: AtomicBool::new(false),
        }
    }

    /// A request came in.
    pub fn touch(&self) {
        let now = self.clock.now().mono.0;
        self.last_ms.store(now, Ordering::Relaxed);
    }

    /// When the last one did.
    pub fn last(&self) -> Monotonic {
        Monotonic(self.last_ms.load(Ordering::Relaxed))
    }

    /// The master accepted a registration.
    pub fn accept(&self) {
        self.accepted.store(true, Ordering::Relaxed);
    }

    /// Whether it ever did. Else the node may be another worker's: it is not ours to drain.
    pub fn was_accepted(&self) -> bool {
        self.accepted.load(Ordering::Relaxed)
    }
}
