//! What a task is asked to be. It never changes after it was accepted.

use std::sync::Arc;

use litemap::LiteMap;
use serde::{Deserialize, Serialize};

use super::{Limits, Requests};

/// Names and their values, by name: as a list, because most are short, and a tree has room for eleven.
pub type Pairs = LiteMap<String, String>;

/// When a worker starts the container again after it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RestartPolicy {
    /// Never.
    #[default]
    Never,
    /// When it ended with another exit code than 0.
    OnFailure,
    /// Always, until it is stopped.
    Always,
}

/// When a worker pulls the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PullPolicy {
    /// When the engine does not have it.
    #[default]
    Missing,
    /// Before each container.
    Always,
    /// Never.
    Never,
}

/// Transport protocol of a port.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// TCP.
    #[default]
    Tcp,
    /// UDP.
    Udp,
}

/// A port of the container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Port {
    /// A name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Inside the container.
    pub container_port: u16,
    /// On the host; none: not published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_port: Option<u16>,
    /// The host's address; none: all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_ip: Option<String>,
    /// TCP or UDP.
    pub protocol: Protocol,
}

/// What a task is asked to be.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Spec {
    /// For people; need not be unique.
    pub name: String,
    /// As the engine takes it.
    pub image: String,
    /// Replaces the image's entry point when not empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
    /// Replaces the image's arguments when not empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<String>,
    /// Environment of the container.
    #[serde(skip_serializing_if = "LiteMap::is_empty")]
    pub env: Pairs,
    /// Labels of the task.
    #[serde(skip_serializing_if = "LiteMap::is_empty")]
    pub labels: Pairs,
    /// Ports.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<Port>,
    /// What it reserves on its node.
    pub requests: Requests,
    /// What the engine lets it use at most.
    pub limits: Limits,
    /// When its container is started again.
    pub restart_policy: RestartPolicy,
    /// When its image is pulled.
    pub pull_policy: PullPolicy,
    /// How many placements it may have in all; none: as many as it takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_attempts: Option<u32>,
}

/// The client's key for a submission, so that a retry makes no second task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Idempotency {
    /// As sent in `Idempotency-Key`; shared with the index that leads from it to the task.
    pub key: Arc<str>,
    /// A hash of the body: the same key with another body is a mistake.
    pub fingerprint: u64,
}

impl Spec {
    /// The ports it takes on its node.
    pub fn host_ports(&self) -> impl Iterator<Item = super::HostPort> {
        self.ports.iter().filter_map(|port| {
            Some(super::HostPort {
                port: port.host_port?,
                protocol: port.protocol,
                // 0.0.0.0 and :: are all addresses, however they are written.
                ip: port
                    .host_ip
                    .clone()
                    .filter(|ip| !matches!(ip.as_str(), "" | "0.0.0.0" | "::")),
            })
        })
    }
}
