//! One task at this worker: do one step, observe, ask again.
//!
//! Which step is next is [`step::next`]'s decision; here it is performed. A supervisor is woken by
//! the engine's events and by changed orders, and both only say "look again": what they were is
//! read from the order in force and from the engine. So none that is lost or doubled matters.

mod ports;
mod waiting;

use std::sync::Arc;

use tokio::sync::watch;

use super::attempt::{Attempt, View};
use super::order::{Order, Wake};
use super::runtime::{Container, Error, Phase};
use super::shared::Shared;
use super::step::{self, Goal, Image, Observed, Step};
use crate::core::Monotonic;
use crate::wire::PullPolicy;

/// What an older attempt gets between SIGTERM and SIGKILL when a newer one is ordered: as much as the
/// master gives it.
const SUPERSEDED_GRACE_SECONDS: u32 = 1;

/// One task at this worker.
pub struct Supervisor {
    shared: Arc<Shared>,
    orders: watch::Receiver<Order>,
    wake: Arc<Wake>,
    view: watch::Sender<View>,
    attempt: Attempt,
    /// Failures of the engine in a row.
    troubles: u32,
    /// Its name was taken, and then nobody had it.
    name_clashes: u32,
    /// Its host port was taken, and then no container of this node had it.
    port_doubted: bool,
    /// The attempt is being disposed of in favour of a newer one: nothing of it is reported.
    silent: bool,
}

/// Whether the supervisor goes on.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    Ask,
    /// Nobody gives orders any more.
    Orphaned,
}

impl Supervisor {
    /// A supervisor that begins with this attempt, and where others see how it is.
    pub fn new(
        shared: Arc<Shared>,
        orders: watch::Receiver<Order>,
        wake: Arc<Wake>,
        attempt: Attempt,
    ) -> (Self, watch::Receiver<View>) {
        let (view, viewers) = watch::channel(attempt.view(None));
        let supervisor = Self {
            shared,
            orders,
            wake,
            view,
            attempt,
            troubles: 0,
            name_clashes: 0,
            port_doubted: false,
            silent: false,
        };
        (supervisor, viewers)
    }

    /// Disposes of what older attempts left, then works until nothing is left and nothing wanted;
    /// gives the attempt that was forgotten, or none when nobody gives orders any more.
    pub async fn run(&mut self, leftovers: Vec<Attempt>) -> Option<u32> {
        let mut current = None;
        for leftover in leftovers {
            let ordered = std::mem::replace(&mut self.attempt, leftover);
            current.get_or_insert(ordered);
            self.dispose().await?;
        }
        if let Some(current) = current {
            self.attempt = current;
        }
        loop {
            let order = self.orders.borrow_and_update().clone();
            if order.task.attempt > self.attempt.identity.attempt {
                self.dispose().await?;
                self.begin(&order);
            }
            self.attempt.learn(order.restarts_before);
            let step = self.next(order.goal, order.confirmed);
            if step == Step::Forget {
                return Some(self.attempt.identity.attempt);
            }
            if self.perform(step).await == Next::Orphaned {
                return None;
            }
        }
    }

    /// Ends and removes the attempt at hand, whatever its own order says.
    async fn dispose(&mut self) -> Option<()> {
        log::info!(
            "{}: attempt {} is superseded and removed",
            self.attempt.identity.task_id,
            self.attempt.identity.attempt
        );
        self.silent = true;
        let goal = Goal::Remove {
            grace_seconds: SUPERSEDED_GRACE_SECONDS,
        };
        loop {
            let step = self.next(goal, true);
            if step == Step::Forget {
                self.silent = false;
                return Some(());
            }
            if self.perform(step).await == Next::Orphaned {
                return None;
            }
        }
    }

    fn begin(&mut self, order: &Order) {
        let node_id = &self.shared.node_id;
        self.attempt = Attempt::ordered(Arc::clone(&order.task), node_id);
        // Seldom, so a look costs nothing: the newer one may have been found, not only ordered.
        self.attempt.observed = Observed::Unknown;
        self.publish(None);
    }

    fn next(&self, goal: Goal, confirmed: bool) -> Step {
        let attempt = &self.attempt;
        let assignment = attempt.assignment(goal, confirmed);
        step::next(
            &assignment,
            &attempt.progress,
            &attempt.observed,
            self.now(),
        )
    }

    fn now(&self) -> Monotonic {
        self.shared.clock.now().mono
    }

    async fn perform(&mut self, step: Step) -> Next {
        match step {
            Step::Inspect => self.inspect().await,
            Step::Pull => self.pull().await,
            Step::Create => self.create().await,
            Step::Start => self.start().await,
            Step::Watch => {
                self.publish(None);
                self.wait(None).await
            }
            Step::BackOff => {
                self.back_off();
                Next::Ask
            }
            Step::Wait(until) => self.wait(Some(until)).await,
            Step::Hold => {
                self.publish(Some("waits for the master to confirm it".into()));
                self.wait(None).await
            }
            Step::Stop(grace_seconds) => self.stop(grace_seconds).await,
            Step::Remove => self.remove().await,
            Step::End(outcome) => {
                let status = outcome.status;
                let reason = &outcome.reason;
                let task = &self.attempt.identity.task_id;
                log::info!("{task}: {status:?}: {reason}");
                self.attempt.progress.outcome = Some(outcome);
                self.publish(None);
                Next::Ask
            }
            Step::Rest => self.rest().await,
            Step::Forget => Next::Ask,
        }
    }

    async fn inspect(&mut self) -> Next {
        match self.shared.runtime.inspect(&self.attempt.container()).await {
            Ok(container) => {
                self.settled();
                self.attempt.see(container);
            }
            Err(Error::NotFound { .. }) => {
                self.settled();
                self.attempt.observed = Observed::Absent;
            }
            Err(error) => return self.trouble(&error).await,
        }
        Next::Ask
    }

    async fn pull(&mut self) -> Next {
        let image = self.attempt.task.image.clone();
        self.publish(Some(format!("pulling image {image}")));
        let result = tokio::select! {
            biased;
            result = self.shared.pulls.pull(&image) => result,
            changed = self.orders.changed() => {
                // Perhaps it is no longer wanted: ask again.
                return if changed.is_ok() { Next::Ask } else { Next::Orphaned };
            }
        };
        match result {
            Ok(()) => {
                self.settled();
                self.attempt.progress.image = Image::Pulled;
            }
            Err(error) if error.is_engine_trouble() => return self.trouble(&error).await,
            Err(error) => self.fail(&error),
        }
        Next::Ask
    }

    async fn create(&mut self) -> Next {
        let blueprint = self.attempt.blueprint();
        match self.shared.runtime.create(&blueprint).await {
            Ok(id) => {
                self.settled();
                self.name_clashes = 0;
                self.attempt.container_id = Some(id.clone());
                self.attempt.progress.failure = None;
                self.attempt.observed = self.known(id, Phase::Created);
            }
            Err(error @ Error::NameTaken { .. }) => {
                // Ours from an earlier try, or another's: look. Twice in a row means that whoever
                // has it is just being removed.
                self.attempt.container_id = None;
                self.attempt.observed = Observed::Unknown;
                self.name_clashes += 1;
                if self.name_clashes > 1 {
                    return self.trouble(&error).await;
                }
            }
            Err(Error::ImageNotFound { .. }) if self.may_pull() => {
                self.attempt.progress.image = Image::Missing;
            }
            Err(error) if error.is_engine_trouble() => return self.trouble(&error).await,
            Err(error) => self.fail(&error),
        }
        Next::Ask
    }

    fn may_pull(&self) -> bool {
        self.attempt.task.pull_policy != PullPolicy::Never
            && self.attempt.progress.image == Image::Assumed
    }

    async fn start(&mut self) -> Next {
        let again = self.attempt.progress.started;
        let begun = self.now();
        let container = self.attempt.container();
        match self.shared.runtime.start(&container).await {
            Ok(()) => {
                self.settled();
                self.port_doubted = false;
                let now = self.now();
                self.shared.metrics.started(now.since_ms(begun));
                self.attempt.progress.run();
                self.attempt.restart_count += u32::from(again);
                self.attempt.running_since = Some(now);
                self.attempt.observed = self.known(container, Phase::Running);
                self.publish(None);
            }
            Err(Error::NotFound { .. }) => self.attempt.observed = Observed::Absent,
            Err(error @ Error::PortTaken { .. }) => return self.port_taken(&error).await,
            Err(error) if error.is_engine_trouble() => return self.trouble(&error).await,
            Err(error) => self.fail(&error),
        }
        Next::Ask
    }

    async fn stop(&mut self, grace_seconds: u32) -> Next {
        self.attempt.progress.stop_sent = true;
        self.publish(Some("stopping".into()));
        let container = self.attempt.container();
        let result = tokio::select! {
            biased;
            result = self.shared.runtime.stop(&container, grace_seconds) => result,
            changed = self.orders.changed() => {
                // Perhaps with a shorter grace: ask again.
                return if changed.is_ok() { Next::Ask } else { Next::Orphaned };
            }
        };
        match result {
            Ok(()) | Err(Error::NotFound { .. }) => {
                self.settled();
                self.attempt.observed = Observed::Unknown;
                Next::Ask
            }
            Err(error) => self.trouble(&error).await,
        }
    }

    async fn remove(&mut self) -> Next {
        let container = self.attempt.container();
        match self.shared.runtime.remove(&container, false).await {
            Ok(()) | Err(Error::NotFound { .. }) => {
                self.settled();
                self.attempt.observed = Observed::Absent;
                if !self.attempt.progress.started {
                    // Nothing ever ran in it: nobody is to look for it.
                    self.attempt.container_id = None;
                }
                Next::Ask
            }
            Err(error) => self.trouble(&error).await,
        }
    }

    fn back_off(&mut self) {
        let now = self.now();
        let attempt = &mut self.attempt;
        let why = match (&attempt.progress.failure, &attempt.observed) {
            (Some(failure), _) => failure.clone(),
            (
                None,
                Observed::Known(Container {
                    phase: Phase::Exited(exit),
                    ..
                }),
            ) => super::outcome::explain(exit),
            (None, _) => super::outcome::REMOVED_FROM_OUTSIDE.into(),
        };
        let ran_for_ms = attempt
            .running_since
            .take()
            .map_or(0, |since| now.since_ms(since));
        let wait = attempt.progress.back_off(now, ran_for_ms);
        log::info!("{}: {why}; again in {wait:?}", attempt.identity.task_id);
        self.publish(Some(format!("{why}; again in {} s", wait.as_secs())));
    }

    fn settled(&mut self) {
        self.troubles = 0;
        self.shared.engine.succeeded();
    }

    fn fail(&mut self, error: &Error) {
        self.shared.metrics.engine_error(error.kind());
        log::warn!("{}: {error}", self.attempt.identity.task_id);
        self.attempt.progress.fail(error.to_string());
    }

    fn known(&self, id: String, phase: Phase) -> Observed {
        Observed::Known(Container {
            id,
            identity: Some(self.attempt.identity.clone()),
            phase,
            health: self.attempt.health.clone(),
        })
    }

    /// Shows how it is, and has it reported when that is news.
    fn publish(&self, reason: Option<String>) {
        if self.silent {
            return;
        }
        let view = self.attempt.view(reason);
        // Both at once: who sees that it has ended may rely on its report being queued.
        self.view.send_modify(|shown| {
            if shown.report != view.report {
                let task_id = &self.attempt.identity.task_id;
                self.shared.reporter.put(task_id, view.report.clone());
            }
            *shown = view;
        });
    }
}
