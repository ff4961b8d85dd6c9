//! Whether a task can be what it is asked to be: each field is checked and named.
//!
//! What only the engine can know (whether the image exists, whether the command can be executed)
//! is not checked here; the worker reports it.

use std::net::IpAddr;

use crate::core::decide::check::{self, invalid};
use crate::core::resources::{format_cpu, format_memory};
use crate::core::{Limits, Port, Rejection, Spec};

const LONGEST_IMAGE: usize = 512;
/// A million cores and 64 TiB: beyond any host, and small enough that no sum overflows.
const MOST_MILLICORES: u64 = 1_000_000_000;
const MOST_MEMORY_BYTES: u64 = 64 << 40;
/// What a worker uses to know its own containers by.
const RESERVED_LABELS: &str = "podling.";

/// The spec, with addresses in their one form and limits of 0 left out, else what is wrong.
pub fn checked(mut spec: Spec) -> Result<Spec, Rejection> {
    check::name("name", &spec.name)?;
    check_image(&spec.image)?;
    check_words("command", &spec.command)?;
    check_words("args", &spec.args)?;
    check_env(&spec)?;
    check_labels(&spec)?;
    for (at, port) in spec.ports.iter_mut().enumerate() {
        check_port(at, port)?;
    }
    check_clashes(&spec)?;
    spec.limits = check_resources(&spec)?;
    if spec.max_attempts == Some(0) {
        return Err(invalid(
            "maxAttempts",
            "must be at least 1; left out: no limit",
        ));
    }
    Ok(spec)
}

fn check_image(image: &str) -> Result<(), Rejection> {
    if image.is_empty() {
        return Err(invalid("image", "is required"));
    }
    let odd = |c: char| c.is_whitespace() || c.is_control();
    if image.len() > LONGEST_IMAGE || image.contains(odd) {
        let allowed = "must be a name as docker pull takes it, without whitespace and with at \
                       most 512 characters";
        return Err(invalid("image", allowed));
    }
    Ok(())
}

fn check_words(field: &str, words: &[String]) -> Result<(), Rejection> {
    match words.iter().position(|word| word.contains('\0')) {
        Some(at) => Err(invalid(
            format!("{field}[{at}]"),
            "must not hold a NUL character",
        )),
        None => Ok(()),
    }
}

fn check_env(spec: &Spec) -> Result<(), Rejection> {
    for (name, value) in &spec.env {
        let odd = |c: char| c.is_whitespace() || c.is_control() || c == '=';
        if name.is_empty() || name.contains(odd) {
            let allowed = "a name must not be empty, nor hold whitespace or '='";
            return Err(invalid(format!("env[{name:?}]"), allowed));
        }
        if value.contains('\0') {
            return Err(invalid(
                format!("env[{name:?}]"),
                "must not hold a NUL character",
            ));
        }
    }
    Ok(())
}

fn check_labels(spec: &Spec) -> Result<(), Rejection> {
    check::labels(&spec.labels)?;
    match spec
        .labels
        .keys()
        .find(|key| key.starts_with(RESERVED_LABELS))
    {
        Some(key) => Err(invalid(
            format!("labels[{key:?}]"),
            "keys that begin with \"podling.\" are podling's own",
        )),
        None => Ok(()),
    }
}

fn check_port(at: usize, port: &mut Port) -> Result<(), Rejection> {
    if port.container_port == 0 {
        let field = format!("ports[{at}].containerPort");
        return Err(invalid(field, "must be between 1 and 65535"));
    }
    if port.host_port == Some(0) {
        let problem = "must be between 1 and 65535; left out: not published";
        return Err(invalid(format!("ports[{at}].hostPort"), problem));
    }
    let written = port.host_ip.take().filter(|ip| !ip.is_empty());
    if let Some(written) = written {
        // One form of each address, so that clashes are found by comparing texts.
        let ip: IpAddr = written.parse().map_err(|_| {
            let problem = format!("{written:?} is not an IP address");
            invalid(format!("ports[{at}].hostIp"), problem)
        })?;
        port.host_ip = Some(ip.to_canonical().to_string());
    }
    Ok(())
}

fn check_clashes(spec: &Spec) -> Result<(), Rejection> {
    let ports: Vec<_> = spec.host_ports().collect();
    for (at, port) in ports.iter().enumerate() {
        if ports[..at].iter().any(|earlier| earlier.clashes_with(port)) {
            return Err(invalid(
                "ports",
                format!("host port {port} is asked for twice"),
            ));
        }
    }
    Ok(())
}

fn check_resources(spec: &Spec) -> Result<Limits, Rejection> {
    // Programs that always write all fields write 0 for "none", as Docker itself does.
    let limits = Limits {
        cpu_millicores: spec.limits.cpu_millicores.filter(|cpu| *cpu > 0),
        memory_bytes: spec.limits.memory_bytes.filter(|memory| *memory > 0),
    };
    let cpu = (spec.requests.cpu_millicores, limits.cpu_millicores);
    let memory = (spec.requests.memory_bytes, limits.memory_bytes);
    check_amount("cpu", cpu, MOST_MILLICORES, format_cpu)?;
    check_amount("memory", memory, MOST_MEMORY_BYTES, format_memory)?;
    Ok(limits)
}

fn check_amount(
    what: &str,
    (request, limit): (u64, Option<u64>),
    most: u64,
    format: fn(u64) -> String,
) -> Result<(), Rejection> {
    let too_much = |kind: &str| {
        let problem = format!("must be at most {}", format(most));
        invalid(format!("resources.{kind}.{what}"), problem)
    };
    if limit.is_some_and(|limit| limit > most) {
        return Err(too_much("limits"));
    }
    match limit {
        _ if request > most => Err(too_much("requests")),
        Some(limit) if request > limit => Err(invalid(
            format!("resources.requests.{what}"),
            format!(
                "{} is more than the limit of {}",
                format(request),
                format(limit)
            ),
        )),
        _ => Ok(()),
    }
}
