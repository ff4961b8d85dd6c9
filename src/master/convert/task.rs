//! Tasks as the API shows them, and what is reported about them.

use std::collections::BTreeMap;

use super::{invalid, said, time};
use crate::core::{self, Rejection, Status, TaskId};
use crate::wire::{self, Quantity};

/// A task as the API shows it.
pub fn task(task: &core::Task) -> wire::Task {
    let spec = &*task.spec;
    let text = |text: &Option<Box<str>>| text.as_deref().map(str::to_owned);
    let reason = Some(task.reason.to_string()).filter(|reason| !reason.is_empty());
    let pending = task.status == Status::Pending;
    wire::Task {
        task_id: task.id.to_string(),
        name: spec.name.clone(),
        image: spec.image.clone(),
        command: spec.command.clone(),
        args: spec.args.clone(),
        env: pairs(&spec.env),
        labels: pairs(&spec.labels),
        ports: spec.ports.iter().map(port).collect(),
        resources: resources(spec),
        restart_policy: restart_policy(spec.restart_policy),
        pull_policy: pull_policy(spec.pull_policy),
        max_attempts: spec.max_attempts,
        status: shown_status(task.status),
        attempt: task.attempt,
        restart_count: task.restart_count,
        node_id: task.node.as_ref().map(ToString::to_string),
        container_id: text(&task.container_id),
        exit_code: task.exit_code(),
        error: task.error().map(str::to_owned),
        scheduling_error: reason.clone().filter(|_| pending),
        reason,
        cluster_id: None,
        created_at: time(task.created_at),
        scheduled_at: task.scheduled_at.map(time),
        started_at: task.started_at.map(time),
        finished_at: task.finished_at().map(time),
        health_status: text(&task.health),
    }
}

/// A task as a worker is ordered to run it.
pub fn ordered(ordered: &core::Task, cluster_id: &str) -> wire::Task {
    wire::Task {
        cluster_id: Some(cluster_id).filter(|id| !id.is_empty()).map(Into::into),
        ..task(ordered)
    }
}

/// What the sender of a report has to know of the task.
pub fn reported(task: &core::Task) -> wire::Reported {
    wire::Reported {
        attempt: task.attempt,
        node_id: task.node.as_ref().map(ToString::to_string),
    }
}

fn pairs(pairs: &core::Pairs) -> BTreeMap<String, String> {
    let pairs = pairs.iter();
    pairs
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

fn port(port: &core::Port) -> wire::Port {
    wire::Port {
        name: port.name.clone(),
        container_port: port.container_port,
        host_port: port.host_port,
        host_ip: port.host_ip.clone(),
        protocol: match port.protocol {
            core::Protocol::Tcp => wire::Protocol::Tcp,
            core::Protocol::Udp => wire::Protocol::Udp,
        },
    }
}

fn resources(spec: &core::Spec) -> wire::Resources {
    wire::Resources {
        requests: wire::ResourceAmounts {
            cpu: Some(Quantity::Number(spec.requests.cpu_millicores)),
            memory: Some(Quantity::Number(spec.requests.memory_bytes)),
        },
        limits: wire::ResourceAmounts {
            cpu: spec.limits.cpu_millicores.map(Quantity::Number),
            memory: spec.limits.memory_bytes.map(Quantity::Number),
        },
    }
}

fn restart_policy(policy: core::RestartPolicy) -> wire::RestartPolicy {
    match policy {
        core::RestartPolicy::Never => wire::RestartPolicy::Never,
        core::RestartPolicy::OnFailure => wire::RestartPolicy::OnFailure,
        core::RestartPolicy::Always => wire::RestartPolicy::Always,
    }
}

fn pull_policy(policy: core::PullPolicy) -> wire::PullPolicy {
    match policy {
        core::PullPolicy::Missing => wire::PullPolicy::Missing,
        core::PullPolicy::Always => wire::PullPolicy::Always,
        core::PullPolicy::Never => wire::PullPolicy::Never,
    }
}

fn shown_status(status: Status) -> wire::TaskStatus {
    match status {
        Status::Pending => wire::TaskStatus::Pending,
        Status::Scheduled => wire::TaskStatus::Scheduled,
        Status::Running => wire::TaskStatus::Running,
        Status::Completed => wire::TaskStatus::Completed,
        Status::Failed => wire::TaskStatus::Failed,
        Status::Stopped => wire::TaskStatus::Stopped,
    }
}

/// A status by its name.
///
/// # Errors
/// The text is none of them; `field` says where it stood.
pub fn status(field: &str, text: &str) -> Result<Status, Rejection> {
    match text {
        "pending" => Ok(Status::Pending),
        "scheduled" => Ok(Status::Scheduled),
        "running" => Ok(Status::Running),
        "completed" => Ok(Status::Completed),
        "failed" => Ok(Status::Failed),
        "stopped" => Ok(Status::Stopped),
        "" => Err(invalid(field, "is required")),
        other => Err(invalid(
            field,
            format!(
                "{other:?} is no status; allowed: scheduled, running, completed, failed, stopped"
            ),
        )),
    }
}

/// What a worker says about a task; `at` says where in the body it says so.
///
/// # Errors
/// Its status is none.
pub fn report(task: TaskId, report: wire::Report, at: &str) -> Result<core::Report, Rejection> {
    Ok(core::Report {
        task,
        attempt: report.attempt,
        node: said(report.node_id).map(core::NodeId::from),
        status: status(&format!("{at}status"), &report.status)?,
        container_id: said(report.container_id),
        exit_code: report.exit_code,
        error: said(report.error),
        reason: said(report.reason),
        restart_count: report.restart_count,
        health: said(report.health_status),
    })
}
