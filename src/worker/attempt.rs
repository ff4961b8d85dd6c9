//! One attempt of a task at this worker: what was ordered, what was done, what is seen of its
//! container, and what is reported of it.

use std::sync::Arc;

use super::runtime::container::{LABEL_SPEC, Stage};
use super::runtime::{Blueprint, Container, Identity, Listed};
use super::step::{Assignment, Goal, Observed, Progress};
use crate::core::Monotonic;
use crate::wire::{self, TaskStatus};

/// One attempt of a task at this worker.
#[derive(Debug)]
pub struct Attempt {
    /// As the master ordered it.
    pub task: Arc<wire::Task>,
    /// What its container is recognised by.
    pub identity: Identity,
    /// The engine's id of its container, once known; stays when the container is gone.
    pub container_id: Option<String>,
    /// What was done.
    pub progress: Progress,
    /// What is seen.
    pub observed: Observed,
    /// How often its container was started again by this process.
    pub restart_count: u32,
    /// And before it; none: only the master knows, and was not asked yet. Then none are told.
    pub restarts_before: Option<u32>,
    /// An earlier process left it ended, to be started again after a while.
    pub was_down: bool,
    /// Since when it runs, as far as this process knows.
    pub running_since: Option<Monotonic>,
    /// What its health check says.
    pub health: Option<String>,
}

/// What others may know of an attempt.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    /// As the master ordered it.
    pub task: Arc<wire::Task>,
    /// What is reported.
    pub report: wire::Report,
    /// Its container, as last seen; none: there is none, or it is not known.
    pub stage: Option<Stage>,
    /// It has ended.
    pub ended: bool,
}

impl Attempt {
    /// An attempt the master ordered. When the master says that it ran already, its container is
    /// looked for first, and not made anew when it is gone; else it is taken to be new.
    pub fn ordered(task: Arc<wire::Task>, node_id: &str) -> Self {
        let ran = task.status == TaskStatus::Running;
        Self {
            identity: Identity {
                node_id: node_id.into(),
                task_id: task.task_id.clone(),
                attempt: task.attempt,
            },
            container_id: None,
            progress: Progress {
                started: ran,
                ..Progress::default()
            },
            observed: if ran {
                Observed::Unknown
            } else {
                Observed::Absent
            },
            restart_count: task.restart_count,
            restarts_before: Some(0),
            was_down: false,
            running_since: None,
            health: None,
            task,
        }
    }

    /// An attempt that an earlier process of this worker left behind.
    pub fn adopted(listed: &Listed, now: Monotonic) -> Self {
        let task = Arc::new(adopted_task(listed));
        let mut attempt = Self::ordered(task, &listed.identity.node_id);
        attempt.container_id = Some(listed.id.clone());
        attempt.observed = Observed::Unknown;
        attempt.restarts_before = None;
        attempt.was_down = listed.stage == Stage::Exited;
        attempt.progress.started = listed.stage != Stage::Created;
        attempt.progress.seen_running = listed.stage == Stage::Running;
        attempt.running_since = (listed.stage == Stage::Running).then_some(now);
        attempt
    }

    /// The master knows of so many restarts before this process, if it was asked. A crash loop goes
    /// on where the process before left it, and does not begin anew.
    pub fn learn(&mut self, before: Option<u32>) {
        if self.restarts_before.is_none() && self.was_down {
            let setbacks = &mut self.progress.setbacks;
            *setbacks = setbacks.saturating_add(before.unwrap_or_default());
        }
        self.restarts_before = before;
    }

    /// What the next step depends on.
    pub fn assignment(&self, goal: Goal, confirmed: bool) -> Assignment {
        Assignment {
            goal,
            confirmed,
            restart: self.task.restart_policy,
            pull: self.task.pull_policy,
        }
    }

    /// Its container's name.
    pub fn container_name(&self) -> String {
        self.identity.container_name(&self.task.name)
    }

    /// How to call its container: by its id when that is known.
    pub fn container(&self) -> String {
        self.container_id
            .clone()
            .unwrap_or_else(|| self.container_name())
    }

    /// The container was looked at.
    pub fn see(&mut self, container: Container) {
        self.observed = if container.identity.as_ref() == Some(&self.identity) {
            self.container_id = Some(container.id.clone());
            self.health.clone_from(&container.health);
            let stage = container.phase.stage();
            self.progress.started |= stage != Stage::Created;
            self.progress.seen_running |= stage == Stage::Running;
            Observed::Known(container)
        } else {
            Observed::Foreign { id: container.id }
        };
    }

    /// What its container is made from.
    pub fn blueprint(&self) -> Blueprint {
        let mut labels = std::collections::BTreeMap::new();
        if let Ok(spec) = serde_json::to_string(&*self.task) {
            labels.insert(LABEL_SPEC.into(), spec);
        }
        Blueprint {
            name: self.container_name(),
            identity: self.identity.clone(),
            task: (*self.task).clone(),
            labels,
        }
    }

    /// What others may know, with the reason given here unless it has ended.
    pub fn view(&self, reason: Option<String>) -> View {
        let outcome = self.progress.outcome.as_ref();
        let status = match outcome {
            Some(outcome) => outcome.status,
            None if self.progress.started => TaskStatus::Running,
            None => TaskStatus::Scheduled,
        };
        let report = wire::Report {
            status: status_text(status).into(),
            attempt: Some(self.identity.attempt),
            node_id: Some(self.identity.node_id.clone()),
            container_id: self.container_id.clone(),
            exit_code: outcome.and_then(|outcome| outcome.exit_code),
            error: outcome.and_then(|outcome| outcome.error.clone()),
            reason: outcome.map_or(reason, |outcome| Some(outcome.reason.clone())),
            restart_count: self
                .restarts_before
                .map(|before| before + self.restart_count),
            health_status: self.health.clone(),
        };
        View {
            task: Arc::clone(&self.task),
            report,
            stage: match &self.observed {
                Observed::Known(container) => Some(container.phase.stage()),
                Observed::Absent | Observed::Unknown | Observed::Foreign { .. } => None,
            },
            ended: outcome.is_some(),
        }
    }
}

impl View {
    /// The task as it is now.
    pub fn as_task(&self) -> wire::Task {
        let mut task = (*self.task).clone();
        task.status = status(&self.report.status);
        task.node_id.clone_from(&self.report.node_id);
        task.container_id.clone_from(&self.report.container_id);
        task.exit_code = self.report.exit_code;
        task.error.clone_from(&self.report.error);
        task.reason.clone_from(&self.report.reason);
        task.restart_count = self.report.restart_count.unwrap_or_default();
        task.health_status.clone_from(&self.report.health_status);
        task
    }

    /// As one of a list.
    pub fn as_task_report(&self) -> wire::TaskReport {
        wire::TaskReport {
            task_id: self.task.task_id.clone(),
            report: self.report.clone(),
        }
    }
}

/// The task as its container's labels say. When they can't be read it is known by its identity
/// alone: it is watched to its end and never made again.
fn adopted_task(listed: &Listed) -> wire::Task {
    let mut task = listed.task.clone().unwrap_or_else(|| {
        log::warn!(
            "container {} of task {}: label {LABEL_SPEC} is missing or unreadable",
            listed.name,
            listed.identity.task_id
        );
        unreadable(&listed.name)
    });
    task.task_id.clone_from(&listed.identity.task_id);
    task.attempt = listed.identity.attempt;
    // What it was when it was ordered is no news, and the restarts until then the master counts.
    task.status = TaskStatus::Scheduled;
    task.restart_count = 0;
    task
}

fn unreadable(name: &str) -> wire::Task {
    wire::Task {
        task_id: String::new(),
        name: name.into(),
        image: String::new(),
        command: vec![],
        args: vec![],
        env: Default::default(),
        labels: Default::default(),
        ports: vec![],
        resources: Default::default(),
        restart_policy: wire::RestartPolicy::Never,
        pull_policy: wire::PullPolicy::Never,
        max_attempts: None,
        status: TaskStatus::Scheduled,
        attempt: 0,
        restart_count: 0,
        node_id: None,
        container_id: None,
        exit_code: None,
        error: None,
        reason: None,
        scheduling_error: None,
        cluster_id: None,
        created_at: jiff::Timestamp::UNIX_EPOCH,
        scheduled_at: None,
        started_at: None,
        finished_at: None,
        health_status: None,
    }
}

const STATUSES: [(TaskStatus, &str); 6] = [
    (TaskStatus::Pending, "pending"),
    (TaskStatus::Scheduled, "scheduled"),
    (TaskStatus::Running, "running"),
    (TaskStatus::Completed, "completed"),
    (TaskStatus::Failed, "failed"),
    (TaskStatus::Stopped, "stopped"),
];

fn status_text(status: TaskStatus) -> &'static str {
    let found = STATUSES.iter().find(|(known, _)| *known == status);
    found.map_or("scheduled", |(_, text)| text)
}

fn status(text: &str) -> TaskStatus {
    let found = STATUSES.iter().find(|(_, known)| *known == text);
    found.map_or(TaskStatus::Scheduled, |(status, _)| *status)
}
