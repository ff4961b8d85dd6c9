//! What a task asks of a node: two tasks that ask the same fit on the same nodes.

use crate::core::{HostPort, Requests, Spec};

/// What a task asks of a node.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Asks {
    pub requests: Requests,
    pub ports: Vec<HostPort>,
}

impl Asks {
    pub fn of(spec: &Spec) -> Self {
        Self {
            requests: spec.requests,
            ports: spec.host_ports().collect(),
        }
    }
}
