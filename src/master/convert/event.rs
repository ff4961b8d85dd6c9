//! Events as the API shows them.

use super::time;
use crate::{core, wire};

/// An event as the API shows it.
pub fn event(event: &core::Event) -> wire::Event {
    wire::Event {
        sequence: event.sequence,
        at: time(event.at),
        kind: event.kind.as_str().to_owned(),
        task_id: event.task.as_ref().map(ToString::to_string),
        node_id: event.node.as_ref().map(ToString::to_string),
        attempt: Some(event.attempt).filter(|attempt| *attempt > 0),
        message: event.message.clone(),
    }
}
