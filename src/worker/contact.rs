//! When the master was last seen from this side: any request that came in.
//!
//! A worker that is not contacted sends heartbeats more often, so that a network that works in one
//! direction only never looks like a dead node.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::clock::SharedClock;
use crate::core::Monotonic;

/// When a request last came in.
pub struct Contact {
    clock: SharedClock,
    last_ms: AtomicU64,
}

impl Contact {
    /// As if one came in just now.
    pub fn new(clock: SharedClock) -> Self {
        let last_ms = AtomicU64::new(clock.now().mono.0);
        Self { clock, last_ms }
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
}
