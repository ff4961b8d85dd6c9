//! What Docker is told to make of a task.

use std::collections::HashMap;

use bollard::models::{
    ContainerCreateBody, HostConfig, PortBinding, RestartPolicy, RestartPolicyNameEnum,
};

use super::super::{Blueprint, Error, Result};
use super::failure::Operation;
use crate::wire::{Port, Protocol, Quantity};

/// The body of `POST /containers/create`; `init`: with docker-init as its PID 1.
///
/// # Errors
/// An amount is not a number (the master sends numbers).
pub fn body(blueprint: &Blueprint, init: bool) -> Result<ContainerCreateBody> {
    let task = &blueprint.task;
    let mut labels: HashMap<String, String> = task.labels.clone().into_iter().collect();
    labels.extend(blueprint.labels.clone());
    // Last, so that no task can pass itself off as another.
    labels.extend(blueprint.identity.labels());
    let env = task.env.iter().map(|(key, value)| format!("{key}={value}"));
    Ok(ContainerCreateBody {
        image: Some(task.image.clone()),
        entrypoint: some(&task.command),
        cmd: some(&task.args),
        env: Some(env.collect()),
        labels: Some(labels),
        exposed_ports: Some(task.ports.iter().map(container_port).collect()),
        host_config: Some(host_config(blueprint, init)?),
        ..ContainerCreateBody::default()
    })
}

fn host_config(blueprint: &Blueprint, init: bool) -> Result<HostConfig> {
    let task = &blueprint.task;
    let limits = &task.resources.limits;
    let memory_bytes = amount("memory", limits.memory.as_ref())?;
    Ok(HostConfig {
        nano_cpus: amount("cpu", limits.cpu.as_ref())?.map(|millicores| millicores * 1_000_000),
        memory: memory_bytes,
        // The same as memory: no swap on top of the limit.
        memory_swap: memory_bytes,
        port_bindings: Some(bindings(&task.ports)),
        // A PID 1 that hands signals on and reaps: a program that does not handle SIGTERM would
        // ignore it as PID 1, and each stop would take its whole grace.
        init: Some(init),
        // Podling restarts, not Docker: so that it can count, report, and stop doing it.
        restart_policy: Some(RestartPolicy {
            name: Some(RestartPolicyNameEnum::NO),
            maximum_retry_count: None,
        }),
        ..HostConfig::default()
    })
}

fn bindings(ports: &[Port]) -> HashMap<String, Option<Vec<PortBinding>>> {
    let mut bindings: HashMap<String, Option<Vec<PortBinding>>> = HashMap::new();
    for port in ports {
        let Some(host_port) = port.host_port else {
            continue;
        };
        let binding = PortBinding {
            host_ip: port.host_ip.clone(),
            host_port: Some(host_port.to_string()),
        };
        let at = bindings.entry(container_port(port)).or_default();
        at.get_or_insert_default().push(binding);
    }
    bindings
}

fn container_port(port: &Port) -> String {
    let protocol = match port.protocol {
        Protocol::Tcp => "tcp",
        Protocol::Udp => "udp",
    };
    format!("{}/{protocol}", port.container_port)
}

fn amount(what: &str, quantity: Option<&Quantity>) -> Result<Option<i64>> {
    match quantity {
        None => Ok(None),
        Some(Quantity::Number(number)) => Ok(Some(i64::try_from(*number).unwrap_or(i64::MAX))),
        Some(Quantity::Text(text)) => Err(Error::Other {
            operation: Operation::Create.text(),
            why: format!("the limit of {what} is \"{text}\", not a number"),
        }),
    }
}

fn some(words: &[String]) -> Option<Vec<String>> {
    (!words.is_empty()).then(|| words.to_vec())
}
