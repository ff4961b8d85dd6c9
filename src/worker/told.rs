//! Which ends the master has accepted: of those a heartbeat says no more than that they are still
//! here, so that thousands of kept containers make no long message.

use std::collections::HashMap;

use crate::wire::{Report, TaskReport};

/// The attempts whose end the master has accepted, by task.
#[derive(Debug, Default)]
pub struct Told {
    ends: HashMap<String, u32>,
}

impl Told {
    /// The master has accepted this list of everything; what is not in it is gone.
    pub fn all(&mut self, accepted: &[TaskReport]) {
        self.ends.clear();
        for report in accepted {
            self.one(&report.task_id, &report.report);
        }
    }

    /// The master has accepted this report.
    pub fn one(&mut self, task_id: &str, report: &Report) {
        if let Some(attempt) = report.attempt
            && is_end(report)
        {
            self.ends.insert(task_id.into(), attempt);
        }
    }

    /// The master has forgotten the node, and perhaps more.
    pub fn nothing(&mut self) {
        self.ends.clear();
    }

    /// The same, without what the master knows of an attempt that has ended.
    pub fn shorten(&self, full: TaskReport) -> TaskReport {
        let attempt = full.report.attempt;
        let known = attempt.is_some() && self.ends.get(&full.task_id).copied() == attempt;
        if !known || !is_end(&full.report) {
            return full;
        }
        TaskReport {
            task_id: full.task_id,
            report: Report {
                status: full.report.status,
                attempt,
                ..Report::default()
            },
        }
    }
}

/// Whether it says that the attempt is over.
pub fn is_end(report: &Report) -> bool {
    matches!(&*report.status, "completed" | "failed" | "stopped")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(status: &str, attempt: u32) -> TaskReport {
        TaskReport {
            task_id: "t".into(),
            report: Report {
                status: status.into(),
                attempt: Some(attempt),
                node_id: Some("n".into()),
                container_id: Some("f00".into()),
                ..Report::default()
            },
        }
    }

    #[test]
    fn only_an_end_that_was_told_is_shortened() {
        let mut told = Told::default();
        assert_eq!(told.shorten(report("failed", 1)), report("failed", 1));
        told.all(&[report("running", 1)]);
        assert_eq!(told.shorten(report("running", 1)), report("running", 1));
        assert_eq!(told.shorten(report("failed", 1)), report("failed", 1));
        told.one("t", &report("failed", 1).report);
        let short = told.shorten(report("failed", 1));
        let json = serde_json::to_value(short).unwrap();
        let expected = serde_json::json!({"taskId": "t", "attempt": 1, "status": "failed"});
        assert_eq!(json, expected);
        assert_eq!(told.shorten(report("failed", 2)), report("failed", 2));
        told.nothing();
        assert_eq!(told.shorten(report("failed", 1)), report("failed", 1));
    }
}
