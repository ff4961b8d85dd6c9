//! CPU, memory, slots and host ports: what tasks reserve and nodes have.
//!
//! How amounts are written and read is in `quantity`.

mod quantity;

use serde::{Deserialize, Serialize};

use super::Protocol;
pub use quantity::{format_cpu, format_memory, parse_cpu, parse_memory};

/// What a task reserves. 0 means: nothing is reserved.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(default)]
pub struct Requests {
    /// Millicores: 1000 is one core.
    pub cpu_millicores: u64,
    /// Bytes.
    pub memory_bytes: u64,
}

/// What the engine lets a container use at most; none: no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// Millicores.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_millicores: Option<u64>,
    /// Bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_bytes: Option<u64>,
}

/// What a node has for tasks; none: not known, so not limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Capacity {
    /// Tasks at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slots: Option<u32>,
    /// Millicores.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_millicores: Option<u64>,
    /// Bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_bytes: Option<u64>,
}

/// A port a task takes on its node.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostPort {
    /// The port.
    pub port: u16,
    /// TCP or UDP.
    pub protocol: Protocol,
    /// The host's address; none: all of them, which clashes with every address.
    pub ip: Option<String>,
}

impl HostPort {
    /// Whether both can't be taken on one host: same port and protocol, and the same address or
    /// one of them on all addresses.
    pub fn clashes_with(&self, other: &HostPort) -> bool {
        self.port == other.port
            && self.protocol == other.protocol
            && (self.ip.is_none() || other.ip.is_none() || self.ip == other.ip)
    }
}

impl std::fmt::Display for HostPort {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let protocol = match self.protocol {
            Protocol::Tcp => "tcp",
            Protocol::Udp => "udp",
        };
        match &self.ip {
            Some(ip) => write!(f, "{ip}:{}/{protocol}", self.port),
            None => write!(f, "{}/{protocol}", self.port),
        }
    }
}

impl Capacity {
    /// Whether so much fits in it.
    pub fn holds(&self, usage: &super::Usage) -> bool {
        self.slots.is_none_or(|slots| usage.slots <= slots)
            && self
                .cpu_millicores
                .is_none_or(|cpu| usage.cpu_millicores <= cpu)
            && self
                .memory_bytes
                .is_none_or(|memory| usage.memory_bytes <= memory)
    }
}
