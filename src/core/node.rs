//! A node: a host whose worker registered.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Capacity, NodeId, Timestamp};

/// Whether the node counts as alive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Availability {
    /// Heard of, or answering.
    Online,
    /// Lost, or signed off.
    Offline,
}

/// The container engine of a node.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Engine {
    /// `docker`.
    pub name: String,
    /// The engine's version.
    pub version: String,
    /// `linux`.
    pub os: String,
    /// `x86_64`, `aarch64`.
    pub arch: String,
    /// What it calls itself, the same as long as it keeps its containers; empty: not known.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub id: String,
}

/// A drain in progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrainState {
    /// From when on what still runs is moved to other nodes.
    pub deadline: Timestamp,
    /// Its worker asked for it, because it shuts down: over when the worker begins again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_worker: bool,
}

/// The mass-failure brake: so many nodes fell silent at once that nothing is moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Brake {
    /// Since when.
    pub engaged_at: Timestamp,
    /// Which nodes are silent.
    pub nodes: BTreeSet<NodeId>,
}

/// A node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// Its id.
    pub id: NodeId,
    /// Where the master reaches its worker.
    pub hostname: String,
    /// The worker's port.
    pub port: u16,
    /// Alive or not.
    pub availability: Availability,
    /// Being drained: gets nothing new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drain: Option<DrainState>,
    /// Why its engine can't be used: gets nothing new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub degraded: Option<String>,
    /// Why only one direction of the network works: gets nothing new, nothing is moved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unreachable: Option<String>,
    /// Why it is offline; empty when it is not.
    #[serde(default)]
    pub offline_reason: String,
    /// What it has for tasks.
    pub capacity: Capacity,
    /// Labels.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Its container engine, when its worker says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine: Option<Engine>,
    /// Its worker's version; none: a worker of the Go project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// How often its worker beats.
    pub heartbeat_interval_ms: u64,
    /// When it first registered.
    pub registered_at: Timestamp,
    /// When it was last heard before this record was written. Heartbeats themselves are never
    /// stored: see [`super::Contact`].
    pub heard_at: Timestamp,
}

impl Node {
    /// Whether this is another engine than the node's, as far as both are known.
    pub fn is_another_engine(&self, id: &str) -> bool {
        let known = self.engine.as_ref().map_or("", |engine| &engine.id);
        !known.is_empty() && !id.is_empty() && known != id
    }

    /// Whether it may be given tasks.
    pub fn is_ready(&self) -> bool {
        self.availability == Availability::Online
            && self.drain.is_none()
            && self.degraded.is_none()
            && self.unreachable.is_none()
    }

    /// Why a node is offline whose worker said so itself.
    pub const SIGNED_OFF: &str = "signed off";

    /// Whether its worker said that it goes.
    pub fn has_signed_off(&self) -> bool {
        self.availability == Availability::Offline && self.offline_reason == Self::SIGNED_OFF
    }

    /// Whether its worker is podling's own (and understands batches), not the Go project's.
    pub fn is_podling(&self) -> bool {
        self.version.is_some()
    }
}
