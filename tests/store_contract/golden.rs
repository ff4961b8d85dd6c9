//! What `tests/golden/store_0001.sql` means. A field that comes later has its default here.

use std::sync::Arc;

use podling::core::{
    Availability, Brake, Capacity, Desired, DrainState, Ended, Engine, Event, Idempotency, Kind,
    Limits, Node, NodeId, Port, Protocol, PullPolicy, Requests, RestartPolicy, Spec, Status, Task,
    TaskId, Timestamp,
};

use super::places::Stored;
use crate::support::records::{node, task};

/// Everything in it.
pub fn stored() -> Stored {
    Stored {
        tasks: vec![failed_task(), pending_task()],
        nodes: vec![lost_node(), plain_node()],
        brake: Some(Brake {
            engaged_at: Timestamp(1_763_892_899_500),
            nodes: [NodeId::from("worker-1")].into(),
        }),
        last_event: 14,
    }
}

fn one<Pairs: FromIterator<(String, String)>>(key: &str, value: &str) -> Pairs {
    [(key.to_owned(), value.to_owned())].into_iter().collect()
}

fn failed_task() -> Task {
    let id = TaskId::from("20251123101500-k3j9x0ab");
    let event = |sequence, at, kind, node: Option<&str>, attempt, message: &str| Event {
        sequence,
        at: Timestamp(at),
        kind,
        task: Some(id.clone()),
        node: node.map(NodeId::from),
        attempt,
        message: message.to_owned(),
    };
    let worker = Some("worker-1");
    let placed = "placed on worker-1";
    Task {
        id: id.clone(),
        spec: Arc::new(spec()),
        idempotency: Some(Box::new(Idempotency {
            key: "deploy-42".into(),
            fingerprint: u64::MAX - 1,
        })),
        desired: Desired::Stop { grace_seconds: 10 },
        status: Status::Failed,
        attempt: 2,
        placement: 9,
        node: worker.map(NodeId::from),
        container_id: Some("4f1c0ffee".into()),
        reason: "exit code 137".into(),
        restart_count: 3,
        health: Some("unhealthy".into()),
        created_at: Timestamp(1_763_892_900_000),
        scheduled_at: Some(Timestamp(1_763_892_901_000)),
        started_at: Some(Timestamp(1_763_892_902_000)),
        ended: Some(Box::new(Ended {
            at: Timestamp(1_763_892_903_000),
            exit_code: Some(137),
            error: Some("killed: out of memory\0".into()),
        })),
        history: [
            event(
                7,
                1_763_892_900_000,
                Kind::TaskSubmitted,
                None,
                0,
                "submitted",
            ),
            event(9, 1_763_892_901_000, Kind::TaskScheduled, worker, 2, placed),
        ]
        .iter()
        .collect(),
        ..task(7)
    }
}

fn spec() -> Spec {
    let http = Port {
        name: Some("http".into()),
        container_port: 80,
        host_port: Some(8080),
        host_ip: Some("127.0.0.1".into()),
        protocol: Protocol::Tcp,
    };
    let dns = Port {
        name: None,
        container_port: 53,
        host_port: None,
        host_ip: None,
        protocol: Protocol::Udp,
    };
    Spec {
        name: "web".into(),
        image: "nginx:1.27".into(),
        command: vec!["nginx".into()],
        args: vec!["-g".into(), "daemon off;".into()],
        env: one("PORT", "8080"),
        labels: one("tier", "front"),
        ports: vec![http, dns],
        requests: Requests {
            cpu_millicores: 500,
            memory_bytes: 256 << 20,
        },
        limits: Limits {
            cpu_millicores: Some(1000),
            memory_bytes: Some(512 << 20),
        },
        restart_policy: RestartPolicy::OnFailure,
        pull_policy: PullPolicy::Always,
        max_attempts: Some(5),
    }
}

fn pending_task() -> Task {
    Task {
        id: TaskId::from("20251123101501-a0000000"),
        spec: Arc::new(Spec {
            name: "job".into(),
            image: "busybox".into(),
            ..Spec::default()
        }),
        reason: "1 node: draining".into(),
        created_at: Timestamp(1_763_892_901_000),
        ..task(12)
    }
}

fn lost_node() -> Node {
    Node {
        hostname: "10.0.0.7".into(),
        availability: Availability::Offline,
        drain: Some(DrainState {
            deadline: Timestamp(1_763_896_500_000),
            by_worker: false,
        }),
        degraded: Some("docker does not answer".into()),
        unreachable: Some("no probe answered".into()),
        offline_reason: "not heard for 15 s".into(),
        capacity: Capacity {
            slots: Some(10),
            cpu_millicores: Some(4000),
            memory_bytes: Some(8 << 30),
        },
        labels: one("zone", "a"),
        engine: Some(Engine {
            name: "docker".into(),
            version: "20.10.24".into(),
            os: "linux".into(),
            arch: "x86_64".into(),
            id: String::new(),
        }),
        version: Some("0.1.0".into()),
        registered_at: Timestamp(1_763_892_800_000),
        heard_at: Timestamp(1_763_892_899_000),
        ..node("worker-1")
    }
}

fn plain_node() -> Node {
    Node {
        hostname: "localhost".into(),
        port: 8082,
        registered_at: Timestamp(1_763_892_800_000),
        heard_at: Timestamp(1_763_892_899_000),
        ..node("worker-2")
    }
}
