//! A worker's end: nothing new is taken, tasks get time to end, the rest is stopped, all is told.
//!
//! ```text
//!  0 ──────────────────────────── T - grace ─────────── T              T = shutdown timeout
//!  drain, stop what never ends    stop the rest         killed         then: last reports, sign off
//! ```
//!
//! Tasks that are always started again never end by themselves: to wait for them would only cost
//! time, so they are stopped at once. All of it, Docker's grace included, is over at the timeout;
//! only telling the master comes after it, for a few seconds at most.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use super::master::Master;
use super::runner::Runner;
use crate::wire::RestartPolicy;

/// The longest time between SIGTERM and SIGKILL for what is stopped at the end.
const GRACE: Duration = Duration::from_secs(10);
/// The master gets so long for each of: the drain, the last reports, the sign-off.
const FAREWELL: Duration = Duration::from_secs(5);
/// The engine gets so long beyond the grace to say that a container is gone.
const ENGINE_MARGIN: Duration = Duration::from_secs(1);

/// Ends all tasks within `total` and tells the master, as far as it listens. The agent must be
/// running meanwhile: it carries the reports.
pub async fn drain(runner: &Arc<Runner>, master: &dyn Master, node_id: &str, total: Duration) {
    runner.close();
    let clock = &runner.shared().clock;
    let begun = clock.now().mono;
    // First: what is stopped before the master knows why looks as if it had failed.
    let told = timeout(
        hearing_within(total),
        master.drain(node_id, total.as_secs()),
    )
    .await;
    match told {
        Ok(Ok(())) => {}
        Ok(Err(error)) => log::warn!("the master was not told that this node drains: {error}"),
        Err(_) => log::warn!("the master was not told that this node drains: no answer"),
    }
    let spent = Duration::from_millis(clock.now().mono.since_ms(begun));
    end_tasks(runner, total.saturating_sub(spent)).await;
}

/// How long the master may take to hear of the drain: time that tasks don't get.
fn hearing_within(total: Duration) -> Duration {
    (total / 4).clamp(Duration::from_secs(1), FAREWELL)
}

async fn end_tasks(runner: &Arc<Runner>, total: Duration) {
    if runner.active() == 0 {
        return;
    }
    let grace = grace_within(total);
    let patience = total.saturating_sub(grace + ENGINE_MARGIN);
    log::info!(
        "{} tasks get {} s to end",
        runner.active(),
        patience.as_secs()
    );
    runner.stop_all(grace.as_secs() as u32, |policy| {
        policy == RestartPolicy::Always
    });
    if timeout(patience, runner.all_ended()).await.is_err() {
        log::info!("{} tasks did not end: stopping them", runner.active());
        runner.stop_all(grace.as_secs() as u32, |_| true);
        if timeout(grace + 2 * ENGINE_MARGIN, runner.all_ended())
            .await
            .is_err()
        {
            log::error!(
                "{} tasks could not be stopped: left to the next start",
                runner.active()
            );
        }
    }
}

/// A third of the time at hand, at most [`GRACE`].
fn grace_within(total: Duration) -> Duration {
    (total / 3).min(GRACE)
}

/// The last words: the reports that still wait, and that the node is gone.
pub async fn sign_off(runner: &Arc<Runner>, master: &dyn Master, node_id: &str) {
    match timeout(FAREWELL, master.deregister(node_id)).await {
        Ok(Ok(())) => log::info!("signed off"),
        Ok(Err(error)) => log::warn!("could not sign off at the master: {error}"),
        Err(_) => log::warn!("could not sign off at the master: no answer"),
    }
    let untold = runner.shared().reporter.count();
    if untold > 0 {
        log::warn!("{untold} reports were not accepted: the next start tells them again");
    }
}

/// Waits until the master accepted every report, for a few seconds at most.
pub async fn reports_accepted(runner: &Arc<Runner>) {
    let reporter = &runner.shared().reporter;
    let _it_is_logged_later = timeout(FAREWELL, reporter.emptied()).await.is_err();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grace_fits_in_the_whole() {
        assert_eq!(grace_within(Duration::from_secs(30)), GRACE);
        assert_eq!(grace_within(Duration::from_secs(3)), Duration::from_secs(1));
        assert_eq!(grace_within(Duration::ZERO), Duration::ZERO);
    }
}
