//! How often adopted attempts were restarted before this process, which only the master knows.

use super::{Entry, Runner, Table};
use crate::wire::RestartPolicy;

impl Runner {
    /// An adopted attempt that goes on, whose restarts before this process only the master knows. What
    /// is asked about no more, because it has ended or is known, leaves the list for good: it comes back only by
    /// being adopted again, before its supervisor begins.
    pub fn next_unlearned(&self) -> Option<(String, u32)> {
        let mut table = self.table();
        let Table {
            entries, unlearned, ..
        } = &mut *table;
        while let Some(task_id) = unlearned.first() {
            match entries.get(task_id).filter(|entry| entry.is_unlearned()) {
                Some(entry) => return Some((task_id.clone(), entry.attempt())),
                None => drop(unlearned.pop_first()),
            }
        }
        None
    }

    /// The master knows of so many restarts before this process.
    pub fn restarted_before(&self, task_id: &str, attempt: u32, restarts: u32) {
        if let Some(entry) = self.table().entries.get(task_id) {
            entry.orders.send_if_modified(|order| {
                let news = order.restarts_before.is_none() && order.task.attempt == attempt;
                if news {
                    order.restarts_before = Some(restarts);
                }
                news
            });
        }
    }
}

impl Entry {
    /// Whether it goes on and nobody here knows how often it was restarted.
    fn is_unlearned(&self) -> bool {
        let order = self.orders.borrow();
        order.restarts_before.is_none()
            && order.task.restart_policy != RestartPolicy::Never
            && !self.view.borrow().ended
    }
}
