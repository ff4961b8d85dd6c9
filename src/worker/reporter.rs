//! What the master has not been told yet: the latest report of each task, until it is accepted.
//!
//! Only the latest counts, because within an attempt the later observation includes the earlier
//! ones. Order per task holds because [`super::agent`] has one request in flight at a time. How
//! reports travel (by themselves, or in a heartbeat with everything) is decided there.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use tokio::sync::{Notify, watch};

use crate::wire::{Report, TaskReport};

/// The reports that wait.
#[derive(Debug, Default)]
pub struct Reporter {
    waiting: Mutex<Waiting>,
    arrived: Notify,
    count: watch::Sender<usize>,
}

#[derive(Debug, Default)]
struct Waiting {
    last: u64,
    by_task: BTreeMap<String, (u64, Report)>,
}

/// How far a snapshot of the waiting reports goes: what comes later is not in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark(u64);

impl Reporter {
    /// Queues a report, in place of an earlier one of the same task.
    pub fn put(&self, task_id: &str, report: Report) {
        let mut waiting = self.lock();
        waiting.last += 1;
        let number = waiting.last;
        waiting.by_task.insert(task_id.into(), (number, report));
        self.count.send_replace(waiting.by_task.len());
        drop(waiting);
        self.arrived.notify_one();
    }

    /// Everything that waits, and how far that goes.
    pub fn waiting(&self) -> (Mark, Vec<TaskReport>) {
        let waiting = self.lock();
        let reports = waiting
            .by_task
            .iter()
            .map(|(task_id, (_, report))| TaskReport {
                task_id: task_id.clone(),
                report: report.clone(),
            });
        (Mark(waiting.last), reports.collect())
    }

    /// How many wait.
    pub fn count(&self) -> usize {
        self.lock().by_task.len()
    }

    /// The master has accepted (or will never accept) this task's report as of `mark`.
    pub fn settle(&self, task_id: &str, mark: Mark) {
        let mut waiting = self.lock();
        if waiting
            .by_task
            .get(task_id)
            .is_some_and(|(number, _)| *number <= mark.0)
        {
            waiting.by_task.remove(task_id);
            self.count.send_replace(waiting.by_task.len());
        }
    }

    /// The master has accepted everything as of `mark`.
    pub fn settle_all(&self, mark: Mark) {
        let mut waiting = self.lock();
        waiting.by_task.retain(|_, (number, _)| *number > mark.0);
        self.count.send_replace(waiting.by_task.len());
    }

    /// Waits until none waits. Cancel-safe.
    pub async fn emptied(&self) {
        let mut count = self.count.subscribe();
        let _never_closed = count.wait_for(|count| *count == 0).await.is_err();
    }

    /// Waits for a report to be queued. Cancel-safe.
    pub async fn arrived(&self) {
        self.arrived.notified().await;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(status: &str) -> Report {
        Report {
            status: status.into(),
            ..Report::default()
        }
    }

    fn statuses(reporter: &Reporter) -> Vec<(String, String)> {
        let (_, reports) = reporter.waiting();
        reports
            .into_iter()
            .map(|report| (report.task_id, report.report.status))
            .collect()
    }

    #[test]
    fn the_latest_report_of_a_task_wins() {
        let reporter = Reporter::default();
        reporter.put("a", report("running"));
        reporter.put("b", report("running"));
        reporter.put("a", report("completed"));
        let expected = [("a", "completed"), ("b", "running")];
        let expected = expected.map(|(task, status)| (task.to_owned(), status.to_owned()));
        assert_eq!(statuses(&reporter), expected);
    }

    #[test]
    fn a_report_that_came_while_another_was_sent_stays() {
        let reporter = Reporter::default();
        reporter.put("a", report("running"));
        let (mark, _) = reporter.waiting();
        reporter.put("a", report("completed"));
        reporter.settle("a", mark);
        reporter.settle_all(mark);
        assert_eq!(reporter.count(), 1);
        let (mark, _) = reporter.waiting();
        reporter.settle("a", mark);
        assert_eq!(reporter.count(), 0);
    }
}
