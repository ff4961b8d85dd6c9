//! When the next heartbeat is due, and what goes with it.

use std::time::Duration;

use super::Agent;
use crate::backoff;
use crate::core::Monotonic;

/// A worker that nobody has asked anything for so long beats, whatever its interval: 6 s, and at
/// most two fifths of the time after which the master would take it for lost. A master asks a silent
/// node after a third of that, so this is for one that can't.
const LONELY_AFTER_MS: u64 = 6_000;
/// What one request more costs a master is about what so many more tasks in a heartbeat do.
const TASKS_PER_REQUEST: usize = 16;

impl Agent {
    /// How long until the next heartbeat.
    pub(super) fn due_in(&self) -> Duration {
        let interval = self.options.heartbeat_interval.as_millis() as u64;
        let last_heard = self.contact.last().max(self.last_beat);
        let share = |ms: u64| (ms as f64 * self.share) as u64;
        let due =
            (self.last_beat.0 + share(interval)).min(last_heard.0 + share(self.lonely_after_ms()));
        Duration::from_millis(Monotonic(due).since_ms(self.now()))
    }

    /// How long there may be no sign of this worker.
    pub(super) fn lonely_after_ms(&self) -> u64 {
        let part = self.node_timeout_ms.map(|timeout| timeout / 5 * 2);
        part.map_or(LONELY_AFTER_MS, |part| part.clamp(1, LONELY_AFTER_MS))
    }

    /// A share of the time between two heartbeats. Workers that began at the same moment, or found the
    /// master back, do not go on to beat at the same moment: the first heartbeat after it comes somewhere
    /// in the time until it is due.
    pub(super) fn somewhere(&self) -> f64 {
        backoff::share(self.shared().clock.now().random)
    }

    /// Whether so many reports are told by a heartbeat, which names all tasks: when that costs less, or
    /// one that failed would hold up the others.
    pub(super) fn go_together(&self, reports: usize) -> bool {
        let better = self.failures > 1 || is_cheaper_together(reports, self.runner.known());
        reports > 1 && better && !self.singly && self.runner.is_adopted()
    }
}

fn is_cheaper_together(reports: usize, tasks: usize) -> bool {
    reports.saturating_sub(1).saturating_mul(TASKS_PER_REQUEST) >= tasks
}

#[cfg(test)]
mod tests {
    use super::is_cheaper_together;

    #[test]
    fn the_more_tasks_the_more_reports_go_one_by_one() {
        for (reports, tasks, together) in [
            (2, 2, true),
            (2, 16, true),
            (2, 17, false),
            (11, 160, true),
            (11, 161, false),
        ] {
            assert_eq!(
                is_cheaper_together(reports, tasks),
                together,
                "{reports} of {tasks}"
            );
        }
    }
}
