//! Tasks and nodes for tests: plain ones, and ones with every field at its most awkward.

use std::collections::BTreeMap;
use std::sync::Arc;

use podling::core::{
    Availability, Capacity, Desired, DrainState, Ended, Engine, Event, Idempotency, Kind, Limits,
    Node, NodeId, Port, Protocol, PullPolicy, Requests, RestartPolicy, Spec, Status, Task, TaskId,
    Timestamp,
};

/// A task that waits for a node, with nothing optional.
pub fn task(sequence: u64) -> Task {
    Task {
        id: TaskId::from(format!("20251123000000-{sequence:08}")),
        sequence,
        spec: Arc::new(Spec {
            name: "web".into(),
            image: "nginx:latest".into(),
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
        created_at: Timestamp(1_763_856_000_000),
        scheduled_at: None,
        started_at: None,
        ended: None,
        history: Default::default(),
    }
}

/// What a database or JSON may stumble over.
pub const AWKWARD: &str = "'; DROP TABLE tasks; -- \"größe\" 🦀\n\t\\ \0 ␀ $1 ?1 %s \u{7f}";

/// A task in which no field has its default.
pub fn full_task(sequence: u64) -> Task {
    Task {
        spec: Arc::new(full_spec()),
        idempotency: Some(Box::new(Idempotency {
            key: AWKWARD.into(),
            fingerprint: u64::MAX,
        })),
        desired: Desired::Move {
            grace_seconds: u32::MAX,
            reason: AWKWARD.into(),
        },
        status: Status::Failed,
        attempt: u32::MAX,
        placement: i64::MAX as u64,
        node: Some(NodeId::from("worker-1")),
        container_id: Some("a".repeat(64).into()),
        reason: AWKWARD.into(),
        restart_count: u32::MAX,
        health: Some("unhealthy".into()),
        created_at: Timestamp(i64::MIN),
        scheduled_at: Some(Timestamp(0)),
        started_at: Some(Timestamp(-1)),
        ended: Some(Box::new(Ended {
            at: Timestamp(i64::MAX),
            exit_code: Some(i64::MIN),
            error: Some(AWKWARD.into()),
        })),
        history: Kind::ALL
            .iter()
            .take(Task::HISTORY)
            .map(|kind| event(*kind))
            .collect::<Vec<_>>()
            .iter()
            .collect(),
        ..task(sequence)
    }
}

fn full_spec() -> Spec {
    let port = Port {
        name: Some("http".into()),
        container_port: 1,
        host_port: Some(u16::MAX),
        host_ip: Some("::1".into()),
        protocol: Protocol::Udp,
    };
    let unnamed = Port {
        name: None,
        container_port: 80,
        host_port: None,
        host_ip: None,
        protocol: Protocol::Tcp,
    };
    Spec {
        name: AWKWARD.into(),
        image: "registry.example:5000/a/b@sha256:0".into(),
        command: vec!["sh".into(), String::new()],
        args: vec![AWKWARD.into()],
        env: labels().into_iter().collect(),
        labels: labels().into_iter().collect(),
        ports: vec![port, unnamed],
        requests: Requests {
            cpu_millicores: u64::MAX,
            memory_bytes: u64::MAX,
        },
        limits: Limits {
            cpu_millicores: Some(0),
            memory_bytes: Some(u64::MAX),
        },
        restart_policy: RestartPolicy::OnFailure,
        pull_policy: PullPolicy::Always,
        max_attempts: Some(u32::MAX),
    }
}

fn labels() -> BTreeMap<String, String> {
    BTreeMap::from([
        (String::new(), String::new()),
        ("größe".into(), AWKWARD.into()),
    ])
}

fn event(kind: Kind) -> Event {
    Event {
        sequence: u64::MAX,
        at: Timestamp(i64::MAX),
        kind,
        task: Some(TaskId::from("t")),
        node: Some(NodeId::from("n")),
        attempt: u32::MAX,
        message: AWKWARD.into(),
    }
}

/// A node that is online, with nothing optional.
pub fn node(id: &str) -> Node {
    Node {
        id: NodeId::from(id),
        hostname: "127.0.0.1".into(),
        port: 8081,
        availability: Availability::Online,
        drain: None,
        degraded: None,
        unreachable: None,
        offline_reason: String::new(),
        capacity: Capacity::default(),
        labels: BTreeMap::new(),
        engine: None,
        version: None,
        heartbeat_interval_ms: 30_000,
        registered_at: Timestamp(1_763_856_000_000),
        heard_at: Timestamp(1_763_856_000_000),
    }
}

/// A node in which no field has its default.
pub fn full_node(id: &str) -> Node {
    Node {
        hostname: AWKWARD.into(),
        port: u16::MAX,
        availability: Availability::Offline,
        drain: Some(DrainState {
            deadline: Timestamp(i64::MAX),
            by_worker: true,
        }),
        degraded: Some(AWKWARD.into()),
        unreachable: Some(String::new()),
        offline_reason: AWKWARD.into(),
        capacity: Capacity {
            slots: Some(u32::MAX),
            cpu_millicores: Some(u64::MAX),
            memory_bytes: Some(0),
        },
        labels: labels(),
        engine: Some(Engine {
            name: "docker".into(),
            version: "20.10".into(),
            os: "linux".into(),
            arch: "x86_64".into(),
            id: "ABCD:EFGH".into(),
        }),
        version: Some("0.1.0".into()),
        heartbeat_interval_ms: u64::MAX,
        registered_at: Timestamp(i64::MIN),
        heard_at: Timestamp(i64::MAX),
        ..node(id)
    }
}
