//! What the cluster does by itself, and the one driver of all of it.
//!
//! An activation takes no input, is idempotent and does bounded work. It runs when poked and
//! also periodically; it never retries inside: the next activation is the retry.

mod node_monitor;
mod placer;
mod reaper;

use std::time::Duration;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

pub use node_monitor::NodeMonitor;
pub use placer::Placer;
pub use reaper::Reaper;

use super::cluster::Error;

/// When the next activation is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// At once: there was more to do than one activation may.
    AtOnce,
    /// When poked, at the latest after the period.
    InTime,
}

/// Something that is done again and again.
pub trait Loop: Send + 'static {
    /// The longest time between two activations.
    fn period(&self) -> Duration;

    /// Returns when there is something to do before the period is over.
    fn poked(&self) -> impl Future<Output = ()> + Send {
        std::future::pending()
    }

    /// Looks at everything and does what is to be done now. Cancel-safe: what was decided is queued.
    fn activate(&mut self) -> impl Future<Output = Next> + Send;
}

/// Drives a loop until `stop` is cancelled.
pub async fn drive(mut driven: impl Loop, stop: CancellationToken) {
    // An activation waits for the store, perhaps for one that hangs.
    while let Some(next) = stop.run_until_cancelled(driven.activate()).await {
        tokio::select! {
            biased;
            () = stop.cancelled() => {}
            () = tokio::task::yield_now(), if next == Next::AtOnce => {}
            () = driven.poked() => {}
            () = sleep(driven.period()) => {}
        }
    }
}

/// How many changes a rule made; 0 when they could not be made, which is logged.
fn made(by: &str, changes: Result<usize, Error>) -> usize {
    changes.unwrap_or_else(|error| {
        log::warn!("{by}: {error}; trying again");
        0
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::{Notify, mpsc};

    use super::*;

    struct Counting {
        activations: Arc<AtomicUsize>,
        seen: mpsc::UnboundedSender<usize>,
        poke: Arc<Notify>,
        at_once: usize,
    }

    impl Loop for Counting {
        fn period(&self) -> Duration {
            Duration::from_secs(3600)
        }

        async fn poked(&self) {
            self.poke.notified().await;
        }

        async fn activate(&mut self) -> Next {
            let n = self.activations.fetch_add(1, Ordering::SeqCst) + 1;
            self.seen.send(n).unwrap();
            if n <= self.at_once {
                Next::AtOnce
            } else {
                Next::InTime
            }
        }
    }

    fn counting(at_once: usize) -> (Counting, mpsc::UnboundedReceiver<usize>, Arc<Notify>) {
        let (seen, reader) = mpsc::unbounded_channel();
        let poke = Arc::new(Notify::new());
        let counting = Counting {
            activations: Arc::default(),
            seen,
            poke: poke.clone(),
            at_once,
        };
        (counting, reader, poke)
    }

    #[tokio::test(start_paused = true)]
    async fn a_loop_runs_at_once_and_then_periodically() {
        let (counting, mut seen, _poke) = counting(0);
        let stop = CancellationToken::new();
        let driver = tokio::spawn(drive(counting, stop.clone()));
        assert_eq!(seen.recv().await, Some(1));
        assert_eq!(seen.recv().await, Some(2), "paused time jumps one period");
        stop.cancel();
        driver.await.unwrap();
    }

    #[tokio::test]
    async fn a_poke_wakes_a_loop_before_its_period_and_is_not_lost_while_it_works() {
        let (counting, mut seen, poke) = counting(0);
        poke.notify_one();
        let stop = CancellationToken::new();
        let driver = tokio::spawn(drive(counting, stop.clone()));
        assert_eq!(seen.recv().await, Some(1));
        assert_eq!(seen.recv().await, Some(2), "poked before it began");
        poke.notify_one();
        assert_eq!(seen.recv().await, Some(3));
        stop.cancel();
        driver.await.unwrap();
    }

    #[tokio::test]
    async fn a_loop_that_has_more_to_do_goes_on_at_once() {
        let (counting, mut seen, _poke) = counting(3);
        let stop = CancellationToken::new();
        let driver = tokio::spawn(drive(counting, stop.clone()));
        for n in 1..=4 {
            assert_eq!(seen.recv().await, Some(n));
        }
        stop.cancel();
        driver.await.unwrap();
        assert_eq!(seen.recv().await, None, "and then it waits");
    }
}
