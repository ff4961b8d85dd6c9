//! Everything about one task, for people.

use std::fmt::Write as _;

use jiff::Timestamp;

use super::age::age;
use super::commands::ps::status;
use crate::core::resources::{format_cpu, format_memory};
use crate::wire::{Event, Port, Protocol, Quantity, ResourceAmounts, RestartPolicy, Task};

/// `key: value` lines, then the task's history.
pub(super) fn details(task: &Task, events: &[Event], now: Timestamp) -> String {
    let mut lines = vec![
        ("id", task.task_id.clone()),
        ("name", task.name.clone()),
        ("image", task.image.clone()),
        ("status", status(task).to_owned()),
        (
            "reason",
            optional(task.scheduling_error.as_ref().or(task.reason.as_ref())),
        ),
        ("error", optional(task.error.as_ref())),
        ("exit code", optional(task.exit_code)),
        ("node", optional(task.node_id.as_ref())),
        ("container", optional(task.container_id.as_ref())),
        ("health", optional(task.health_status.as_ref())),
        ("attempt", attempts(task)),
        ("restarts", task.restart_count.to_string()),
        ("restart", restart(task.restart_policy).to_owned()),
        ("command", words(&task.command)),
        ("args", words(&task.args)),
        (
            "ports",
            task.ports.iter().map(port).collect::<Vec<_>>().join(", "),
        ),
        ("reserves", amounts(&task.resources.requests)),
        ("limits", amounts(&task.resources.limits)),
        ("created", moment(Some(task.created_at), now)),
        ("scheduled", moment(task.scheduled_at, now)),
        ("started", moment(task.started_at, now)),
        ("finished", moment(task.finished_at, now)),
    ];
    let pairs = |map: &std::collections::BTreeMap<String, String>| {
        map.iter()
            .map(|(k, v)| format!("{k}={v}"))
            .collect::<Vec<_>>()
    };
    lines.extend(
        pairs(&task.labels)
            .into_iter()
            .map(|label| ("label", label)),
    );
    lines.extend(
        pairs(&task.env)
            .into_iter()
            .map(|variable| ("env", variable)),
    );
    let mut text = String::new();
    for (key, value) in lines {
        if !value.is_empty() {
            let _ = writeln!(text, "{:<11}{value}", format!("{key}:"));
        }
    }
    if !events.is_empty() {
        text.push_str("events:\n");
    }
    for event in events {
        let _ = writeln!(text, "  {:<5}{}", age(event.at, now), event.message);
    }
    text.trim_end().to_owned()
}

fn optional(value: Option<impl ToString>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

fn attempts(task: &Task) -> String {
    match task.max_attempts {
        Some(most) => format!("{} of {most}", task.attempt),
        None => task.attempt.to_string(),
    }
}

fn restart(policy: RestartPolicy) -> &'static str {
    match policy {
        RestartPolicy::Never => "never",
        RestartPolicy::OnFailure => "on-failure",
        RestartPolicy::Always => "always",
    }
}

fn words(words: &[String]) -> String {
    let quoted =
        words.iter().map(
            |word| match word.contains([' ', '"', '\n']) || word.is_empty() {
                true => format!("{word:?}"),
                false => word.clone(),
            },
        );
    quoted.collect::<Vec<_>>().join(" ")
}

fn port(port: &Port) -> String {
    let protocol = match port.protocol {
        Protocol::Tcp => "tcp",
        Protocol::Udp => "udp",
    };
    let inner = format!("{}/{protocol}", port.container_port);
    match (&port.host_ip, port.host_port) {
        (Some(ip), Some(host)) => format!("{ip}:{host} -> {inner}"),
        (None, Some(host)) => format!("{host} -> {inner}"),
        (_, None) => inner,
    }
}

fn amounts(amounts: &ResourceAmounts) -> String {
    let cpu = match &amounts.cpu {
        Some(Quantity::Number(millicores)) => format_cpu(*millicores),
        Some(Quantity::Text(text)) => text.clone(),
        None => String::new(),
    };
    let memory = match &amounts.memory {
        Some(Quantity::Number(bytes)) => format_memory(*bytes),
        Some(Quantity::Text(text)) => text.clone(),
        None => String::new(),
    };
    match (cpu.as_str(), memory.as_str()) {
        ("" | "0", "" | "0") => String::new(),
        (cpu, "" | "0") => format!("cpu {cpu}"),
        ("" | "0", memory) => format!("memory {memory}"),
        (cpu, memory) => format!("cpu {cpu}, memory {memory}"),
    }
}

fn moment(at: Option<Timestamp>, now: Timestamp) -> String {
    match at {
        Some(at) => format!("{at:.0} ({} ago)", age(at, now)),
        None => String::new(),
    }
}
