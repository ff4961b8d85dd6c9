//! What a worker is told at start.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

/// What a worker is told at start.
#[derive(Debug, Clone)]
pub struct Options {
    /// The node's id.
    pub node_id: String,
    /// Where the master reaches this worker.
    pub hostname: String,
    /// The address to listen on.
    pub bind: IpAddr,
    /// The port to listen on.
    pub port: u16,
    /// The master's base URL.
    pub master_url: String,
    /// How often it beats when nothing else is said.
    pub heartbeat_interval: Duration,
    /// Tasks get so long to end at shutdown; then they are stopped.
    pub shutdown_timeout: Duration,
    /// Leave containers running at shutdown, for the next start of this worker.
    pub leave_running: bool,
    /// Tasks at once; none: any number.
    pub capacity: Option<u32>,
    /// Millicores for tasks; none: what the engine's host has.
    pub cpu_millicores: Option<u64>,
    /// Bytes for tasks; none: what the engine's host has.
    pub memory_bytes: Option<u64>,
    /// Labels of the node.
    pub labels: BTreeMap<String, String>,
}
