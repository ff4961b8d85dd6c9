//! Records for the unit tests of this folder.

use std::sync::Arc;

use crate::clock::{Clock, SharedClock};
use crate::core::{
    Availability, Capacity, Change, Command, Desired, Event, Kind, Monotonic, Node, NodeId, Now,
    Spec, Status, Submit, Task, TaskId, Timestamp, Write,
};

/// A task that was just submitted.
pub fn task(sequence: u64) -> Arc<Task> {
    Arc::new(Task {
        id: TaskId::from(format!("20260101000000-{sequence:08}")),
        sequence,
        spec: Arc::new(Spec {
            name: format!("task-{sequence}"),
            image: "busybox".into(),
            ..Spec::default()
        }),
        idempotency: None,
        desired: Desired::Run,
        status: Status::Pending,
        attempt: 0,
        placement: 0,
        node: None,
        container_id: None,
        reason: Box::default(),
        restart_count: 0,
        health: None,
        created_at: Timestamp(0),
        scheduled_at: None,
        started_at: None,
        ended: None,
        history: Default::default(),
    })
}

/// The task, placed on a node.
pub fn placed(sequence: u64, node: &str, attempt: u32) -> Arc<Task> {
    Arc::new(Task {
        status: Status::Scheduled,
        node: Some(NodeId::from(node)),
        attempt,
        ..(*task(sequence)).clone()
    })
}

/// A node that is online.
pub fn node(id: &str, port: u16) -> Arc<Node> {
    Arc::new(Node {
        id: NodeId::from(id),
        hostname: "127.0.0.1".into(),
        port,
        availability: Availability::Online,
        drain: None,
        degraded: None,
        unreachable: None,
        offline_reason: String::new(),
        capacity: Capacity::default(),
        labels: Default::default(),
        engine: None,
        version: Some("0.1.0".into()),
        heartbeat_interval_ms: 30_000,
        registered_at: Timestamp(0),
        heard_at: Timestamp(0),
    })
}

/// The change that writes the task.
pub fn put_task(sequence: u64, task: Arc<Task>) -> Change {
    change(sequence, Kind::TaskScheduled, Write::PutTask(task))
}

/// The change that removes the task.
pub fn remove_task(sequence: u64, task: Arc<Task>) -> Change {
    change(sequence, Kind::TaskRemoved, Write::RemoveTask(task))
}

/// The change that writes the node.
pub fn put_node(sequence: u64, node: Arc<Node>) -> Change {
    change(sequence, Kind::NodeUpdated, Write::PutNode(node))
}

/// The change that removes the node.
pub fn remove_node(sequence: u64, id: &NodeId) -> Change {
    change(sequence, Kind::NodeRemoved, Write::RemoveNode(id.clone()))
}

fn change(sequence: u64, kind: Kind, write: Write) -> Change {
    Change {
        write,
        event: Arc::new(Event {
            sequence,
            at: Timestamp(0),
            kind,
            task: None,
            node: None,
            attempt: 0,
            message: String::new(),
        }),
    }
}

/// Tokio's clock, which tests pause and which then jumps to whatever is waited for.
#[derive(Debug)]
pub struct TokioClock {
    started: tokio::time::Instant,
}

impl TokioClock {
    /// A clock that begins now, shared.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is a clock: paused time stands behind it"
    )]
    pub fn shared() -> SharedClock {
        Arc::new(Self {
            started: tokio::time::Instant::now(),
        })
    }
}

impl Clock for TokioClock {
    fn now(&self) -> Now {
        let ms = self.started.elapsed().as_millis() as u64;
        Now {
            wall: Timestamp(1_767_225_600_000 + ms as i64),
            mono: Monotonic(ms),
            random: rand::random(),
        }
    }
}

/// The command that submits a task of this name.
pub fn submit(name: &str) -> Command {
    Command::Submit(Submit {
        spec: Spec {
            name: name.into(),
            image: "busybox".into(),
            ..Spec::default()
        },
        idempotency: None,
    })
}
