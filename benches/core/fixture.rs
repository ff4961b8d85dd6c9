//! Clusters to measure on.

use podling::core::decide::decide;
use podling::core::{
    Availability, Capacity, Change, Command, Event, Kind, Monotonic, Node, NodeId, Now, Policy,
    Report, Requests, Spec, State, Status, Strategy, Submit, Task, Timestamp, Write,
};

/// So many when it is measured, fewer when it is only tried.
pub const fn sized(measured: usize, tried: usize) -> usize {
    if cfg!(debug_assertions) {
        tried
    } else {
        measured
    }
}

/// How many nodes a cluster has.
pub const NODES: [usize; 3] = [sized(1_000, 10), sized(10_000, 20), sized(100_000, 30)];

/// How many tasks an iteration is about.
pub const TASKS: usize = sized(10_000, 50);

/// A node of 16 cores and 64 GiB.
const CAPACITY: Capacity = Capacity {
    slots: None,
    cpu_millicores: Some(16_000),
    memory_bytes: Some(64 << 30),
};

/// A moment, with random bits that differ from call to call.
pub fn moment(random: u64) -> Now {
    Now {
        wall: Timestamp(1_763_856_000_000),
        mono: Monotonic(1_000_000),
        random: random.wrapping_mul(0x9e37_79b9_7f4a_7c15),
    }
}

/// Nodes in touch with the master, each empty.
pub fn cluster(nodes: usize, strategy: Strategy) -> State {
    of_capacity(nodes, strategy, CAPACITY)
}

/// The same, with so much for tasks on each.
pub fn of_capacity(nodes: usize, strategy: Strategy, capacity: Capacity) -> State {
    let policy = Policy {
        strategy,
        ..Policy::default()
    };
    let mut state = State::new(policy);
    register(&mut state, nodes, capacity);
    state
}

/// So many nodes register.
pub fn join(state: &mut State, nodes: usize) {
    register(state, nodes, CAPACITY);
}

/// As when they register, but that each registration looks at all nodes there are.
fn register(state: &mut State, nodes: usize, capacity: Capacity) {
    for number in 0..nodes {
        let node = node(number, capacity);
        let event = Event {
            sequence: state.last_event() + 1,
            at: node.registered_at,
            kind: Kind::NodeRegistered,
            task: None,
            node: Some(node.id.clone()),
            attempt: 0,
            message: "registered".into(),
        };
        let id = node.id.clone();
        state.apply(&Change {
            write: Write::PutNode(node.into()),
            event: event.into(),
        });
        state.registered(&id, moment(0));
    }
    state.note_time(moment(0));
}

fn node(number: usize, capacity: Capacity) -> Node {
    Node {
        id: node_id(number),
        hostname: format!("host-{number}"),
        port: 8_081,
        availability: Availability::Online,
        drain: None,
        degraded: None,
        unreachable: None,
        offline_reason: String::new(),
        capacity,
        labels: Default::default(),
        engine: None,
        version: Some("0.1.0".into()),
        heartbeat_interval_ms: 30_000,
        registered_at: Timestamp(1_763_850_000_000),
        heard_at: Timestamp(1_763_850_000_000),
    }
}

/// The id of a node.
pub fn node_id(number: usize) -> NodeId {
    format!("20251123000000-{number:08}").into()
}

/// As a user submits it, with cpu and memory requests.
pub fn spec(number: usize) -> Spec {
    Spec {
        name: format!("job-{number}"),
        image: "registry.example.org/team/job:1.2.3".into(),
        requests: Requests {
            cpu_millicores: 100,
            memory_bytes: 128 << 20,
        },
        ..Spec::default()
    }
}

/// Such tasks, to be submitted.
pub fn submissions(tasks: usize) -> Vec<Command> {
    let submit = |number| {
        Command::Submit(Submit {
            spec: spec(number),
            idempotency: None,
        })
    };
    (0..tasks).map(submit).collect()
}

/// What a master does with a command, but for storing it.
pub fn carry_out(state: &mut State, command: Command, now: Now) {
    for change in decide(state, command, now).unwrap_or_default() {
        state.apply(&change);
    }
}

/// Submits so many tasks.
pub fn fill(state: &mut State, tasks: usize) {
    for (random, command) in (1..).zip(submissions(tasks)) {
        carry_out(state, command, moment(random));
    }
}

/// What the task's worker says when its container runs.
pub fn running(task: &Task) -> Report {
    Report {
        task: task.id.clone(),
        attempt: Some(task.attempt),
        node: task.node.clone(),
        status: Status::Running,
        container_id: Some("a".repeat(64)),
        exit_code: None,
        error: None,
        reason: None,
        restart_count: Some(0),
        health: None,
    }
}
