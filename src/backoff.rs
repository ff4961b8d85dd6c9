//! How long to wait before trying again: exponential, capped, with jitter.
//!
//! The jitter keeps many clients that failed at one moment from coming back at one moment
//! (Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015).

use std::time::Duration;

/// How waits grow.
#[derive(Debug, Clone, Copy)]
pub struct Backoff {
    /// The longest first wait.
    pub first: Duration,
    /// The longest wait of all.
    pub most: Duration,
}

impl Backoff {
    /// The wait before try number `failures` + 1, without jitter: `first × 2^(failures - 1)`, at
    /// most `most`.
    pub fn ceiling(&self, failures: u32) -> Duration {
        let doublings = failures.saturating_sub(1).min(20);
        self.first.saturating_mul(1 << doublings).min(self.most)
    }

    /// The wait after so many failures in a row: between half the ceiling and the ceiling,
    /// `random` decides.
    pub fn wait(&self, failures: u32, random: u64) -> Duration {
        let half = self.ceiling(failures) / 2;
        half + half.mul_f64(random as f64 / u64::MAX as f64)
    }
}

/// A share of a time that many wait from the same moment on, so that they do not act at the same
/// moment ever after: from all of it down to nothing, `random` decides.
pub fn share(random: u64) -> f64 {
    1.0 - random as f64 / u64::MAX as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const BACKOFF: Backoff = Backoff {
        first: Duration::from_millis(100),
        most: Duration::from_secs(5),
    };

    #[test]
    fn waits_double_and_are_capped() {
        let waits = [1, 2, 3, 10, 4_000_000_000].map(|n| BACKOFF.ceiling(n).as_millis());
        assert_eq!(waits, [100, 200, 400, 5000, 5000]);
    }

    #[test]
    fn jitter_stays_between_half_and_all() {
        assert_eq!(BACKOFF.wait(2, 0), Duration::from_millis(100));
        assert_eq!(BACKOFF.wait(2, u64::MAX), Duration::from_millis(200));
    }

    #[test]
    fn a_share_is_all_nothing_or_between() {
        assert_eq!([0, u64::MAX / 2, u64::MAX].map(share), [1.0, 0.5, 0.0]);
    }
}
