//! All tasks of this worker: takes orders, hands them to one supervisor per task, and wakes those
//! that have something to see.
//!
//! Orders may come doubled, late and in any order; per (task, attempt) they are acted on once:
//! a known attempt changes nothing, an older one is refused, a newer one supersedes, and one that
//! is over and gone is remembered for a while so that it does not come back.

mod adoption;
mod restarts;
mod views;

use std::collections::btree_map::Entry as Slot;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use super::attempt::{Attempt, View};
use super::order::{Order, Verdict, Wake};
use super::shared::Shared;
use super::step::{Goal, Observed};
use super::supervisor::Supervisor;
use super::tombstones::Tombstones;
use crate::board::{Writer, board};
use crate::mutant::{self, Mutant};
use crate::wire::{self, RestartPolicy};

/// All tasks of this worker.
pub struct Runner {
    shared: Arc<Shared>,
    table: Mutex<Table>,
    adopted: Writer<bool>,
    supervisors: TaskTracker,
    abandoned: CancellationToken,
    broken: CancellationToken,
}

#[derive(Default)]
struct Table {
    entries: BTreeMap<String, Entry>,
    tombstones: Tombstones,
    /// Older containers found at the beginning, by task, for their supervisor to dispose of.
    leftovers: BTreeMap<String, Vec<Attempt>>,
    /// Stops of tasks that were not known before the engine could be asked.
    early_stops: BTreeMap<(String, u32), wire::StopOrder>,
    /// The tasks that may have been restarted before this process, of which only the master knows.
    unlearned: BTreeSet<String>,
    closed: bool,
}

struct Entry {
    orders: watch::Sender<Order>,
    view: watch::Receiver<View>,
    wake: Arc<Wake>,
}

impl Entry {
    fn attempt(&self) -> u32 {
        self.orders.borrow().task.attempt
    }
}

impl Runner {
    /// No tasks yet; nothing is done before [`Runner::adopt`].
    pub fn new(shared: Arc<Shared>) -> Arc<Self> {
        Arc::new(Self {
            shared,
            table: Mutex::default(),
            adopted: board(false).0,
            supervisors: TaskTracker::new(),
            abandoned: CancellationToken::new(),
            broken: CancellationToken::new(),
        })
    }

    /// What all supervisors work with.
    pub fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// An order to run a task.
    pub fn execute(self: &Arc<Self>, task: wire::Task) -> Verdict {
        let mut table = self.table();
        let (task_id, attempt) = (task.task_id.clone(), task.attempt);
        let known = table.entries.get(&task_id).map(Entry::attempt);
        if let Some(seen) = known.filter(|seen| attempt < *seen) {
            return Verdict::OlderAttempt { seen };
        }
        match table.tombstones.attempt(&task_id) {
            _ if mutant::is(Mutant::LateOrderTaken) => {}
            Some(seen) if attempt < seen => return Verdict::OlderAttempt { seen },
            Some(seen) if attempt == seen => {
                drop(table);
                self.report_stopped(&task_id, attempt);
                return Verdict::Accepted;
            }
            _ => {}
        }
        // What was taken before stays taken: the master would place it elsewhere beside this one.
        if table.closed && known.is_none_or(|seen| attempt > seen) {
            return Verdict::ShuttingDown;
        }
        if let Some(entry) = table.entries.get(&task_id) {
            if attempt > entry.attempt() {
                let order = Order::new(Arc::new(task), Goal::Run, true);
                entry.orders.send_replace(order);
            } else {
                entry.confirm();
            }
            return Verdict::Accepted;
        }
        let task = Arc::new(task);
        let mut attempt = Attempt::ordered(Arc::clone(&task), &self.shared.node_id);
        if !self.is_adopted() {
            // An earlier process may have made its container: to be looked for before anything else.
            attempt.observed = Observed::Unknown;
        }
        self.supervise(&mut table, attempt, Order::new(task, Goal::Run, true));
        Verdict::Accepted
    }

    /// An order to stop (and perhaps remove) an attempt of a task, and all older ones.
    pub fn stop(&self, order: &wire::StopOrder) {
        let mut table = self.table();
        let goal = if order.remove {
            Goal::Remove {
                grace_seconds: order.grace_period_seconds,
            }
        } else {
            Goal::Stop {
                grace_seconds: order.grace_period_seconds,
            }
        };
        match table.entries.get(&order.task_id) {
            Some(entry)
                if entry.attempt() <= order.attempt || mutant::is(Mutant::StopAnyAttempt) =>
            {
                entry.want(goal);
            }
            // A newer one is here, which disposes of the older ones itself.
            Some(_) => {}
            None if self.is_adopted() => {
                // Told once: a stop that answers this very report must not bring up another.
                let told = table.tombstones.attempt(&order.task_id) >= Some(order.attempt);
                table.tombstones.add(&order.task_id, order.attempt);
                drop(table);
                if !told {
                    self.report_stopped(&order.task_id, order.attempt);
                }
            }
            // Perhaps its container is there: nobody could look yet.
            None => {
                let attempt = (order.task_id.clone(), order.attempt);
                let kept = table.early_stops.entry(attempt);
                let kept = kept.or_insert_with(|| order.clone());
                kept.remove |= order.remove;
                let grace = kept.grace_period_seconds.min(order.grace_period_seconds);
                kept.grace_period_seconds = grace;
            }
        }
    }

    /// How many stops wait until the engine can be asked.
    #[cfg(test)]
    pub fn early_stops(&self) -> usize {
        self.table().early_stops.len()
    }

    /// Whether the engine could be asked what there is.
    pub fn is_adopted(&self) -> bool {
        self.adopted.look(|adopted| *adopted)
    }

    /// Something happened to a task's container.
    pub fn wake(&self, task_id: &str) {
        if let Some(entry) = self.table().entries.get(task_id) {
            entry.wake.wake();
        }
    }

    /// The engine is back: whoever waits for it goes on.
    pub fn wake_all(&self) {
        for entry in self.table().entries.values() {
            entry.wake.wake();
        }
    }

    /// No more new tasks.
    pub fn close(&self) {
        self.table().closed = true;
    }

    /// Whether it takes no more.
    pub fn is_closed(&self) -> bool {
        self.table().closed
    }

    /// Stops what has not ended: all of it, or only what would never end by itself.
    pub fn stop_all(&self, grace_seconds: u32, only: impl Fn(RestartPolicy) -> bool) {
        for entry in self.table().entries.values() {
            if only(entry.orders.borrow().task.restart_policy) && !entry.view.borrow().ended {
                entry.want(Goal::Stop { grace_seconds });
            }
        }
    }

    /// Dropped, it lets go of everything as it is.
    pub fn abandoned_on_drop(&self) -> DropGuard {
        self.abandoned.clone().drop_guard()
    }

    /// Waits until a supervisor has panicked: its task is watched by nobody any more. Cancel-safe.
    pub async fn broke(&self) {
        self.broken.cancelled().await;
    }

    /// Lets go of everything as it is; containers go on by themselves.
    pub async fn abandon(&self) {
        self.close();
        self.abandoned.cancel();
        self.supervisors.close();
        self.supervisors.wait().await;
    }

    fn supervise(self: &Arc<Self>, table: &mut Table, attempt: Attempt, order: Order) {
        let task_id = attempt.identity.task_id.clone();
        let (orders, receiver) = watch::channel(order);
        let wake = Arc::new(Wake::default());
        let (supervisor, view) = Supervisor::new(
            Arc::clone(&self.shared),
            receiver,
            Arc::clone(&wake),
            attempt,
        );
        let entry = Entry { orders, view, wake };
        table.entries.insert(task_id.clone(), entry);
        let runner = Arc::clone(self);
        let abandoned = self.abandoned.clone();
        let alarm = PanicAlarm(self.broken.clone());
        self.supervisors.spawn(async move {
            let _alarm = alarm;
            tokio::select! {
                biased;
                () = abandoned.cancelled() => {}
                () = runner.see_through(task_id, supervisor) => {}
            }
        });
    }

    async fn see_through(self: &Arc<Self>, task_id: String, mut supervisor: Supervisor) {
        let adopted = self.adopted.reader();
        if adopted.wait_for(|adopted| *adopted).await.is_err() {
            return;
        }
        let mut leftovers = self.table().leftovers.remove(&task_id).unwrap_or_default();
        while let Some(attempt) = supervisor.run(std::mem::take(&mut leftovers)).await {
            if self.forget(&task_id, attempt) {
                return;
            }
        }
    }

    /// Nothing is left of the attempt. False when a newer one was ordered in the meantime.
    fn forget(&self, task_id: &str, attempt: u32) -> bool {
        let mut table = self.table();
        table.tombstones.add(task_id, attempt);
        match table.entries.entry(task_id.into()) {
            Slot::Occupied(entry) if entry.get().attempt() > attempt => false,
            Slot::Occupied(entry) => {
                entry.remove();
                true
            }
            Slot::Vacant(_) => true,
        }
    }

    fn report_stopped(&self, task_id: &str, attempt: u32) {
        let report = wire::Report {
            status: "stopped".into(),
            attempt: Some(attempt),
            node_id: Some(self.shared.node_id.clone()),
            reason: Some("nothing of it is on this node".into()),
            ..wire::Report::default()
        };
        self.shared.reporter.put(task_id, report);
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Cancels the token when it is dropped by a panic.
struct PanicAlarm(CancellationToken);

impl Drop for PanicAlarm {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.cancel();
        }
    }
}

impl Entry {
    fn is_of_another(&self, cluster_id: &str) -> bool {
        let order = self.orders.borrow();
        let ordered_by = order.task.cluster_id.as_deref();
        ordered_by.is_some_and(|ordered_by| ordered_by != cluster_id)
    }

    fn confirm(&self) {
        self.orders.send_if_modified(|order| {
            let news = !order.confirmed;
            order.confirmed = true;
            news
        });
    }

    fn want(&self, goal: Goal) {
        self.orders.send_if_modified(|order| {
            let wanted = order.goal.and(goal);
            let news = wanted != order.goal;
            order.goal = wanted;
            news
        });
    }
}
