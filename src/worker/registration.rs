//! What a worker says of itself when it registers.

use super::engine::Condition;
use super::{Options, runtime::Info};
use crate::wire::{Quantity, Register, TaskReport};

/// The registration: what the options don't say is the host's, once the engine was asked.
pub fn registration(
    options: &Options,
    info: Option<Info>,
    condition: Condition,
    tasks: Option<Vec<TaskReport>>,
) -> Register {
    let host = |get: fn(&Info) -> u64| info.as_ref().map(get);
    Register {
        hostname: options.hostname.clone(),
        port: options.port,
        node_id: Some(options.node_id.clone()),
        capacity: options.capacity,
        cpu: options
            .cpu_millicores
            .or_else(|| host(|info| info.cpu_millicores))
            .map(Quantity::Number),
        memory: options
            .memory_bytes
            .or_else(|| host(|info| info.memory_bytes))
            .map(Quantity::Number),
        labels: Some(options.labels.clone()),
        engine: info.map(|info| info.engine),
        version: Some(env!("CARGO_PKG_VERSION").into()),
        heartbeat_interval_ms: Some(options.heartbeat_interval.as_millis() as u64),
        degraded: match condition {
            Condition::Ready => None,
            Condition::Degraded(why) => Some(why),
        },
        tasks,
    }
}
