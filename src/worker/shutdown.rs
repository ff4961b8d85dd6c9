//! A worker's end: nothing new is taken, tasks get time to end, the rest is stopped, all is told.
//!
//! ```text
//!  0 ──────────────────────────── T - grace ─────────── T              T = shutdown timeout
//!  drain, stop what never ends    stop the rest         killed         then: last reports, sign off
//! ```
//!
//! Tasks that are always started again never end by themselves: to wait for them would only cost
//! time, so they are stopped at once. All of it, Docker's grace included, is over at the timeout,
//! and so is telling the master: one that does not answer gets a moment more, and what it was not
//! told the next start tells it.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use super::master::Master;
use super::runner::Runner;
use crate::clock::SharedClock;
use crate::core::Monotonic;
use crate::telemetry::counted;
use crate::wire::RestartPolicy;

/// The longest time between SIGTERM and SIGKILL for what is stopped at the end.
const GRACE: Duration = Duration::from_secs(10);
/// The master gets at most so long for each of: the drain, the last reports, the sign-off.
const FAREWELL: Duration = Duration::from_secs(5);
/// And at least so long for each of the last words, also when no time is left.
const LAST_WORD: Duration = Duration::from_millis(300);
/// A twentieth of the whole is kept for them, at most this.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// The engine gets so long beyond the grace to say that a container is gone.
const ENGINE_MARGIN: Duration = Duration::from_secs(1);

/// So many tasks are named in a message.
const NAMED: usize = 10;

/// When a worker is to be gone.
pub struct Deadline {
    clock: SharedClock,
    at: Monotonic,
}

impl Deadline {
    /// So long from now.
    pub fn after(clock: SharedClock, total: Duration) -> Self {
        let now = clock.now().mono;
        let at = Monotonic(now.0.saturating_add(total.as_millis() as u64));
        Self { clock, at }
    }

    /// How long one of the last words may still take.
    pub fn last_word(&self) -> Duration {
        let left = Duration::from_millis(self.at.since_ms(self.clock.now().mono));
        left.clamp(LAST_WORD, FAREWELL)
    }
}

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
    let killed_in = grace + ENGINE_MARGIN;
    let patience = total.saturating_sub(killed_in + (total / 20).min(LAST_WORDS));
    log::info!("{}", waits_for(&runner.unfinished(), patience));
    runner.stop_all(grace.as_secs() as u32, |policy| {
        policy == RestartPolicy::Always
    });
    if timeout(patience, runner.all_ended()).await.is_err() {
        log::info!(
            "stopping what did not end: {}",
            listed(&runner.unfinished())
        );
        runner.stop_all(grace.as_secs() as u32, |_| true);
        if timeout(killed_in, runner.all_ended()).await.is_err() {
            log::error!(
                "not stopped in time, left to the next start: {}",
                listed(&runner.unfinished())
            );
        }
    }
}

fn waits_for(tasks: &[String], patience: Duration) -> String {
    format!(
        "waiting up to {} s for {} to end; a second signal ends podling at once: containers keep running",
        patience.as_secs(),
        listed(tasks)
    )
}

/// `2 tasks: a (1), b (2)`, and not all of very many.
fn listed(tasks: &[String]) -> String {
    let named = tasks.iter().take(NAMED).cloned().collect::<Vec<_>>();
    let rest = match tasks.len().saturating_sub(NAMED) {
        0 => String::new(),
        rest => format!(" and {rest} more"),
    };
    format!(
        "{}: {}{rest}",
        counted(tasks.len(), "task"),
        named.join(", ")
    )
}

/// A third of the time at hand, at most [`GRACE`].
fn grace_within(total: Duration) -> Duration {
    (total / 3).min(GRACE)
}

/// The last word: that the node is gone. Not while reports wait: a master that takes the node for
/// empty would run again what has ended.
pub async fn sign_off(
    runner: &Arc<Runner>,
    master: &dyn Master,
    node_id: &str,
    deadline: &Deadline,
) {
    let untold = runner.shared().reporter.count();
    if untold > 0 {
        let untold = counted(untold, "report");
        log::warn!("not accepted, told again by the next start: {untold}");
        return;
    }
    match timeout(deadline.last_word(), master.deregister(node_id)).await {
        Ok(Ok(())) => log::info!("signed off"),
        Ok(Err(error)) => log::warn!("could not sign off at the master: {error}"),
        Err(_) => log::warn!("could not sign off at the master: no answer"),
    }
}

/// Waits until the master accepted every report, as far as there is time.
pub async fn reports_accepted(runner: &Arc<Runner>, deadline: &Deadline) {
    let reporter = &runner.shared().reporter;
    let _it_is_logged_later = timeout(deadline.last_word(), reporter.emptied())
        .await
        .is_err();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tasks_waited_for_are_named_and_what_a_second_signal_does() {
        let names = |count: usize| (0..count).map(|n| format!("web ({n})")).collect::<Vec<_>>();
        assert_eq!(
            waits_for(&names(1), Duration::from_secs(19)),
            "waiting up to 19 s for 1 task: web (0) to end; \
             a second signal ends podling at once: containers keep running"
        );
        assert_eq!(listed(&names(2)), "2 tasks: web (0), web (1)");
        assert!(listed(&names(12)).ends_with("web (9) and 2 more"));
    }

    #[test]
    fn the_grace_fits_in_the_whole() {
        assert_eq!(grace_within(Duration::from_secs(30)), GRACE);
        assert_eq!(grace_within(Duration::from_secs(3)), Duration::from_secs(1));
        assert_eq!(grace_within(Duration::ZERO), Duration::ZERO);
    }
}
