//! How the tasks are, for whoever asks or waits: the agent, the HTTP API, the shutdown.

use tokio::sync::watch;

use super::{Entry, Runner};
use crate::wire;
use crate::worker::attempt::View;

impl Runner {
    /// What this worker knows of a task.
    pub fn view(&self, task_id: &str) -> Option<watch::Receiver<View>> {
        Some(self.table().entries.get(task_id)?.view.clone())
    }

    /// How every task is; none while the engine could not be asked yet.
    pub fn reports(&self) -> Option<Vec<wire::TaskReport>> {
        if !self.is_adopted() {
            return None;
        }
        let table = self.table();
        let views = table
            .entries
            .values()
            .map(|entry| entry.view.borrow().as_task_report());
        Some(views.collect())
    }

    /// Waits until the engine was asked what there is, and each container was looked at.
    pub async fn looked(&self) {
        let adopted = self.adopted.reader();
        let _closed = adopted.wait_for(|adopted| *adopted).await.is_err();
        for mut view in self.views() {
            let _gone = view
                .wait_for(|view| view.ended || view.stage.is_some())
                .await
                .is_err();
        }
    }

    fn views(&self) -> Vec<watch::Receiver<View>> {
        let table = self.table();
        table
            .entries
            .values()
            .map(|entry| entry.view.clone())
            .collect()
    }

    /// How many tasks it knows, ended ones too.
    pub fn known(&self) -> usize {
        self.table().entries.len()
    }

    /// How many tasks have not ended.
    pub fn active(&self) -> usize {
        let table = self.table();
        let active = |entry: &&Entry| !entry.view.borrow().ended;
        table.entries.values().filter(active).count()
    }

    /// Those, by name and id.
    pub fn unfinished(&self) -> Vec<String> {
        let table = self.table();
        let views = table.entries.values().map(|entry| entry.view.borrow());
        let mut names: Vec<String> = views
            .filter(|view| !view.ended)
            .map(|view| format!("{} ({})", view.task.name, view.task.task_id))
            .collect();
        names.sort();
        names
    }

    /// Waits until every task has ended.
    pub async fn all_ended(&self) {
        for mut view in self.views() {
            // Its sender gone means that it was forgotten: over as well.
            let _forgotten = view.wait_for(|view| view.ended).await.is_err();
        }
    }
}
