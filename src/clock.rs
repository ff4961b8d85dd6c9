//! Time comes from a [`Clock`]: the one place that looks at the system's clocks.

use std::sync::Arc;

use crate::core::{Monotonic, Now, Timestamp};

/// Where time and randomness come from.
pub trait Clock: Send + Sync + 'static {
    /// This moment, with fresh random bits.
    fn now(&self) -> Now;
}

/// A clock that everybody shares.
pub type SharedClock = Arc<dyn Clock>;

/// The machine's clocks.
#[derive(Debug)]
pub struct SystemClock {
    started: std::time::Instant,
}

impl SystemClock {
    /// A clock whose monotonic side begins now.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that asks the system"
    )]
    pub fn new() -> Self {
        Self {
            started: std::time::Instant::now(),
        }
    }

    /// The same, shared.
    pub fn shared() -> SharedClock {
        Arc::new(Self::new())
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Now {
        Now {
            wall: Timestamp(jiff::Timestamp::now().as_millisecond()),
            mono: Monotonic(self.started.elapsed().as_millis() as u64),
            random: rand::random(),
        }
    }
}

/// Measures how long something takes: for figures, never for decisions.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(std::time::Instant);

impl Stopwatch {
    /// Starts now.
    #[expect(
        clippy::disallowed_methods,
        reason = "what is measured decides nothing, so no test needs to set it"
    )]
    pub fn start() -> Self {
        Self(std::time::Instant::now())
    }

    /// The time since the start.
    pub fn elapsed(&self) -> std::time::Duration {
        self.0.elapsed()
    }
}
