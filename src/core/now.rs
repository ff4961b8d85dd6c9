//! Time and randomness as arguments.
//!
//! Two clocks, because they answer different questions: the wall clock says when something was
//! (it may jump), the monotonic one says how long ago (it never goes back). Nothing that decides
//! over life and death looks at the wall clock.

use serde::{Deserialize, Serialize};

/// Milliseconds since 1970 in UTC, as the wall clock said.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// This moment and `ms` milliseconds more.
    pub fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }
}

/// Milliseconds since some moment before the process began; never goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Monotonic(pub u64);

impl Monotonic {
    /// Milliseconds from `earlier` to this moment; 0 when `earlier` is later.
    pub fn since_ms(self, earlier: Monotonic) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// The moment of a decision, and the random bits it may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Now {
    /// For people and for the record.
    pub wall: Timestamp,
    /// For durations.
    pub mono: Monotonic,
    /// 64 random bits, fresh for each decision.
    pub random: u64,
}
