//! What a task is asked to be.

use super::{invalid, said};
use crate::core::resources::{parse_cpu, parse_memory};
use crate::core::{self, Limits, Rejection, Requests};
use crate::wire::{self, Quantity};

/// What the task is asked to be.
///
/// # Errors
/// A quantity that can't be read, by its field.
pub fn spec(asked: wire::SubmitTask) -> Result<core::Spec, Rejection> {
    let resources = asked.resources.unwrap_or_default();
    let (requests, limits) = (&resources.requests, &resources.limits);
    Ok(core::Spec {
        name: asked.name,
        image: asked.image,
        command: asked.command.unwrap_or_default(),
        args: asked.args.unwrap_or_default(),
        env: asked.env.into_iter().flatten().collect(),
        labels: asked.labels.into_iter().flatten().collect(),
        ports: asked
            .ports
            .unwrap_or_default()
            .into_iter()
            .map(port)
            .collect(),
        requests: Requests {
            cpu_millicores: cpu("resources.requests.cpu", requests.cpu.as_ref())?.unwrap_or(0),
            memory_bytes: memory("resources.requests.memory", requests.memory.as_ref())?
                .unwrap_or(0),
        },
        limits: Limits {
            cpu_millicores: cpu("resources.limits.cpu", limits.cpu.as_ref())?,
            memory_bytes: memory("resources.limits.memory", limits.memory.as_ref())?,
        },
        restart_policy: match asked.restart_policy.unwrap_or_default() {
            wire::RestartPolicy::Never => core::RestartPolicy::Never,
            wire::RestartPolicy::OnFailure => core::RestartPolicy::OnFailure,
            wire::RestartPolicy::Always => core::RestartPolicy::Always,
        },
        pull_policy: match asked.pull_policy.unwrap_or_default() {
            wire::PullPolicy::Missing => core::PullPolicy::Missing,
            wire::PullPolicy::Always => core::PullPolicy::Always,
            wire::PullPolicy::Never => core::PullPolicy::Never,
        },
        max_attempts: asked.max_attempts,
    })
}

fn port(port: wire::Port) -> core::Port {
    core::Port {
        name: said(port.name),
        container_port: port.container_port,
        host_port: port.host_port,
        host_ip: said(port.host_ip),
        protocol: match port.protocol {
            wire::Protocol::Tcp => core::Protocol::Tcp,
            wire::Protocol::Udp => core::Protocol::Udp,
        },
    }
}

/// Millicores; none when nothing is said.
pub(super) fn cpu(field: &str, asked: Option<&Quantity>) -> Result<Option<u64>, Rejection> {
    quantity(field, asked, parse_cpu)
}

/// Bytes; none when nothing is said.
pub(super) fn memory(field: &str, asked: Option<&Quantity>) -> Result<Option<u64>, Rejection> {
    quantity(field, asked, parse_memory)
}

fn quantity(
    field: &str,
    asked: Option<&Quantity>,
    parse: fn(&str) -> Result<u64, String>,
) -> Result<Option<u64>, Rejection> {
    match asked {
        None => Ok(None),
        Some(Quantity::Text(text)) if text.is_empty() => Ok(None),
        Some(Quantity::Number(number)) => Ok(Some(*number)),
        Some(Quantity::Text(text)) => match parse(text) {
            Ok(number) => Ok(Some(number)),
            Err(problem) => Err(invalid(field, problem)),
        },
    }
}

/// A hash of what was asked (FNV-1a, 64 bits), the same for the same request whatever the order
/// of its fields; stable across versions, because a retry may come after an upgrade.
pub fn fingerprint(asked: &wire::SubmitTask) -> u64 {
    let json = serde_json::to_vec(asked).unwrap_or_default();
    json.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(json: &str) -> wire::SubmitTask {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn the_fingerprint_does_not_depend_on_the_order_of_fields() {
        let one = parse(r#"{"name":"a","image":"b","env":{"X":"1","Y":"2"}}"#);
        let two = parse(r#"{ "env":{"Y":"2","X":"1"}, "image":"b", "name":"a" }"#);
        assert_eq!(fingerprint(&one), fingerprint(&two));
        assert_eq!(
            fingerprint(&one),
            0x8dc8_d28e_63fd_a277,
            "and never changes"
        );
    }

    #[test]
    fn the_fingerprint_differs_when_anything_asked_for_differs() {
        let one = parse(r#"{"name":"a","image":"b"}"#);
        let two = parse(r#"{"name":"a","image":"b","maxAttempts":1}"#);
        assert_ne!(fingerprint(&one), fingerprint(&two));
    }

    #[test]
    fn a_quantity_that_can_not_be_read_is_named() {
        let asked = parse(r#"{"resources":{"limits":{"memory":"much"}}}"#);
        let Err(Rejection::Invalid { field, .. }) = spec(asked) else {
            panic!("accepted");
        };
        assert_eq!(field, "resources.limits.memory");
    }
}
