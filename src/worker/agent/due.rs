//! When the next heartbeat is due, and what goes with it.

use std::time::Duration;

use super::Agent;
use crate::backoff;
use crate::core::{Monotonic, Now};

/// A worker that nobody has asked anything for so long beats, whatever its interval: 6 s, and at
/// most two fifths of the time after which the master would take it for lost. A master asks a silent
/// node after a third of that, so this is for one that can't.
const LONELY_AFTER_MS: u64 = 6_000;
/// Heartbeats come at multiples of this, by the wall clock. A master of thousands of nodes is then woken twenty
/// times a second by many at once, and not a thousand times by one (Linux rounds timers for the same reason:
/// `round_jiffies`). Clocks that differ cost nothing: it is then as it was.
const TOGETHER_EVERY_MS: i64 = 50;
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
        let now = self.shared().clock.now();
        let due = Monotonic(together_with_others(due, self.last_beat, now));
        Duration::from_millis(due.since_ms(now.mono))
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

/// The last multiple before it; never so early that the time since the last heartbeat is halved.
fn together_with_others(due: u64, last_beat: Monotonic, now: Now) -> u64 {
    let due_by_wall = now.wall.plus_ms(due as i64 - now.mono.0 as i64);
    let early = due_by_wall.0.rem_euclid(TOGETHER_EVERY_MS) as u64;
    let together = due.saturating_sub(early);
    match together.saturating_sub(last_beat.0) * 2 > due.saturating_sub(last_beat.0) {
        true => together,
        false => due,
    }
}

fn is_cheaper_together(reports: usize, tasks: usize) -> bool {
    reports.saturating_sub(1).saturating_mul(TASKS_PER_REQUEST) >= tasks
}

#[cfg(test)]
mod tests {
    use super::{is_cheaper_together, together_with_others};
    use crate::core::{Monotonic, Now, Timestamp};

    #[test]
    fn heartbeats_come_together_and_never_late_nor_much_too_early() {
        let now = Now {
            wall: Timestamp(1_000_007),
            mono: Monotonic(500),
            random: 0,
        };
        for (due, last_beat, expected) in [
            // By the wall clock 1,005,507 and 1,005,500.
            (6_000, 1_000, 5_993),
            (5_993, 1_000, 5_993),
            (5_992, 1_000, 5_943),
            // Too soon after the last one.
            (1_030, 1_000, 1_030),
            (1_000, 1_000, 1_000),
        ] {
            let together = together_with_others(due, Monotonic(last_beat), now);
            assert_eq!(together, expected, "{due}");
        }
    }

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
