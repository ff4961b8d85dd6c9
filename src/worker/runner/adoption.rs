//! Containers that are there without an order of this process: what an earlier one left, and what
//! the engine and the supervisors see differently.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Entry, Runner, Table};
use crate::mutant::{self, Mutant};
use crate::wire;
use crate::worker::attempt::Attempt;
use crate::worker::order::Order;
use crate::worker::runtime::Listed;
use crate::worker::runtime::container::Stage;
use crate::worker::step::Goal;

impl Runner {
    /// Takes over what an earlier process left on the engine; orders that waited for this go on.
    pub fn adopt(self: &Arc<Self>, found: Vec<Listed>) {
        let mut table = self.table();
        for listed in found {
            if mutant::is(Mutant::NotAdopted) {
                continue;
            }
            self.adopt_one(&mut table, &listed);
        }
        let early_stops = std::mem::take(&mut table.early_stops);
        // Before anybody else sees the table: a stop that came in between would wait for nobody.
        self.adopted.write(true);
        drop(table);
        for order in early_stops.values() {
            self.stop(order);
        }
    }

    fn adopt_one(self: &Arc<Self>, table: &mut Table, listed: &Listed) {
        let now = self.shared.clock.now().mono;
        let attempt = Attempt::adopted(listed, now);
        let task_id = listed.identity.task_id.clone();
        match table.entries.get(&task_id).map(Entry::attempt) {
            None => {
                log::info!(
                    "{task_id}: adopted container {}: {:?}",
                    listed.name,
                    listed.stage
                );
                let running = listed.stage == Stage::Running;
                let over = table.tombstones.attempt(&task_id) >= Some(listed.identity.attempt);
                let goal = if over {
                    Goal::Remove { grace_seconds: 0 }
                } else {
                    Goal::Run
                };
                let mut order = Order::new(Arc::clone(&attempt.task), goal, running);
                order.restarts_before = None;
                table.unlearned.insert(task_id);
                self.supervise(table, attempt, order);
            }
            // Ordered before the engine could be asked, or listed twice: its supervisor looks for it.
            Some(known) if known == listed.identity.attempt => {}
            Some(known) if known > listed.identity.attempt => {
                table.leftovers.entry(task_id).or_default().push(attempt);
            }
            Some(_) => {
                if let Some(entry) = table.entries.get(&task_id) {
                    let task = Arc::clone(&attempt.task);
                    let mut order = Order::new(task, Goal::Run, false);
                    order.restarts_before = None;
                    entry.orders.send_replace(order);
                    table.unlearned.insert(task_id);
                }
            }
        }
    }

    /// Compares what the engine has with what the supervisors believe and wakes those that err.
    pub fn resync(self: &Arc<Self>, found: Vec<Listed>) {
        let mut table = self.table();
        let mut listed: BTreeMap<(String, u32), Listed> = BTreeMap::new();
        for container in found {
            let key = (
                container.identity.task_id.clone(),
                container.identity.attempt,
            );
            if table.entries.contains_key(&container.identity.task_id) {
                listed.insert(key, container);
            } else {
                self.adopt_one(&mut table, &container);
            }
        }
        for (task_id, entry) in &table.entries {
            let view = entry.view.borrow();
            let seen = listed.get(&(task_id.clone(), view.task.attempt));
            let differs = view.stage.is_some() && view.stage != seen.map(|seen| seen.stage);
            if !view.ended && differs {
                entry.wake.wake();
            }
        }
    }

    /// Whether a container of this task was ordered by another cluster than this: then this one's
    /// master does not know it and is not to decide about it.
    pub fn is_of_another(&self, task_id: &str, cluster_id: &str) -> bool {
        let table = self.table();
        let entry = table.entries.get(task_id);
        entry.is_some_and(|entry| entry.is_of_another(cluster_id))
    }

    /// A task and a cluster, when what is here was ordered by another cluster than this.
    pub fn of_another(&self, cluster_id: &str) -> Option<(usize, String)> {
        let table = self.table();
        let foreign = |entry: &&Entry| entry.is_of_another(cluster_id);
        let mut foreign = table.entries.values().filter(foreign);
        let first = foreign.next()?.orders.borrow().task.cluster_id.clone();
        Some((1 + foreign.count(), first.unwrap_or_default()))
    }

    /// The master has seen these attempts, and its orders about them were taken: what it did not
    /// order to stop is current.
    pub fn confirm(&self, reported: &[&wire::TaskReport]) {
        let table = self.table();
        for report in reported {
            if let Some(entry) = table.entries.get(&report.task_id)
                && report.report.attempt == Some(entry.attempt())
            {
                entry.confirm();
            }
        }
    }
}
