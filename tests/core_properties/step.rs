//! Random steps. Nodes and tasks are named by small numbers, so that steps often meet.

use proptest::option;
use proptest::prelude::*;
use proptest::sample::Index;

/// Which nodes there may be.
pub const NODES: u8 = 4;

/// One thing that happens.
#[derive(Debug, Clone)]
pub enum Step {
    Submit(Asked),
    Stop {
        task: Index,
        grace_seconds: u32,
    },
    Remove {
        task: Index,
        force: bool,
    },
    Report(Said),
    /// A report that was sent before arrives (again).
    Repeat(Index),
    Register {
        node: u8,
        with: Registered,
    },
    Heartbeat {
        node: u8,
        degraded: Option<bool>,
        tasks: Option<Vec<Said>>,
    },
    Deregister(u8),
    Drain {
        node: u8,
        deadline_seconds: u64,
        by_worker: bool,
    },
    Uncordon(u8),
    Forget(u8),
    Prune,
    ReleaseBrake,
    Place {
        limit: usize,
    },
    Nodes,
    Reap {
        limit: usize,
    },
    Probe {
        node: u8,
        answered: bool,
    },
    Pass {
        ms: u64,
    },
    /// The master starts again, from what was stored.
    Restart,
}

/// A task as it is asked for.
#[derive(Debug, Clone)]
pub struct Asked {
    pub cpu_millicores: u64,
    pub memory_bytes: u64,
    pub port: Option<(u16, bool)>,
    pub max_attempts: Option<u32>,
    pub key: Option<(u8, u64)>,
}

/// A report.
#[derive(Debug, Clone)]
pub struct Said {
    pub task: Index,
    /// 0: the attempt before, 1: the current one, 2: the one after; none: not said.
    pub attempt: Option<u32>,
    /// None: not said; else the task's own or another one.
    pub node: Option<Option<u8>>,
    pub status: u8,
    pub container: Option<u8>,
    pub exit_code: Option<i64>,
    pub error: bool,
    pub reason: Option<u8>,
    pub restart_count: Option<u32>,
    pub health: Option<bool>,
}

/// A registration.
#[derive(Debug, Clone)]
pub struct Registered {
    pub slots: Option<u32>,
    pub cpu_millicores: Option<u64>,
    pub memory_bytes: Option<u64>,
    /// At the usual port, or at that of another node.
    pub port: Option<u8>,
    pub with_id: bool,
    pub degraded: Option<bool>,
    pub tasks: Option<Vec<Said>>,
}

pub fn steps() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(step(), 1..60)
}

fn step() -> impl Strategy<Value = Step> {
    let node = 0..NODES;
    prop_oneof![
        6 => asked().prop_map(Step::Submit),
        2 => (any::<Index>(), 0..3_u32)
            .prop_map(|(task, grace_seconds)| Step::Stop { task, grace_seconds }),
        2 => (any::<Index>(), any::<bool>())
            .prop_map(|(task, force)| Step::Remove { task, force }),
        10 => said().prop_map(Step::Report),
        3 => any::<Index>().prop_map(Step::Repeat),
        6 => (node.clone(), registered()).prop_map(|(node, with)| Step::Register { node, with }),
        5 => (node.clone(), option::of(any::<bool>()), option::of(several()))
            .prop_map(|(node, degraded, tasks)| Step::Heartbeat { node, degraded, tasks }),
        1 => node.clone().prop_map(Step::Deregister),
        1 => (node.clone(), prop_oneof![Just(0_u64), Just(20)], any::<bool>())
            .prop_map(|(node, deadline_seconds, by_worker)| Step::Drain { node, deadline_seconds, by_worker }),
        1 => node.clone().prop_map(Step::Uncordon),
        1 => node.clone().prop_map(Step::Forget),
        1 => Just(Step::Prune),
        1 => Just(Step::ReleaseBrake),
        4 => (1..5_usize).prop_map(|limit| Step::Place { limit }),
        4 => Just(Step::Nodes),
        1 => (0..3_usize).prop_map(|limit| Step::Reap { limit }),
        3 => (node, any::<bool>()).prop_map(|(node, answered)| Step::Probe { node, answered }),
        4 => (0..16_000_u64).prop_map(|ms| Step::Pass { ms }),
        1 => Just(Step::Restart),
    ]
}

fn asked() -> impl Strategy<Value = Asked> {
    (
        prop_oneof![Just(0_u64), Just(500), Just(1_000), Just(9_000)],
        prop_oneof![Just(0_u64), Just(1 << 20), Just(1 << 30)],
        option::of((8_000..8_002_u16, any::<bool>())),
        option::of(1..3_u32),
        option::weighted(0.3, (0..3_u8, 0..2_u64)),
    )
        .prop_map(
            |(cpu_millicores, memory_bytes, port, max_attempts, key)| Asked {
                cpu_millicores,
                memory_bytes,
                port,
                max_attempts,
                key,
            },
        )
}

fn said() -> impl Strategy<Value = Said> {
    let mostly_current = prop_oneof![1 => 0..3_u32, 4 => Just(1_u32)];
    (
        (any::<Index>(), option::weighted(0.8, mostly_current)),
        option::weighted(0.8, option::weighted(0.2, 0..NODES)),
        prop_oneof![1 => Just(0_u8), 3 => Just(1_u8), 6 => Just(2_u8), 6 => 3..6_u8],
        (option::of(0..3_u8), option::of(0..2_i64), any::<bool>()),
        (
            option::of(0..3_u8),
            option::of(0..4_u32),
            option::of(any::<bool>()),
        ),
    )
        .prop_map(|((task, attempt), node, status, ended, progress)| Said {
            task,
            attempt,
            node,
            status,
            container: ended.0,
            exit_code: ended.1,
            error: ended.2,
            reason: progress.0,
            restart_count: progress.1,
            health: progress.2,
        })
}

fn several() -> impl Strategy<Value = Vec<Said>> {
    prop::collection::vec(said(), 0..4)
}

fn registered() -> impl Strategy<Value = Registered> {
    (
        option::of(0..4_u32),
        option::of(prop_oneof![Just(500_u64), Just(1_000), Just(4_000)]),
        option::of(prop_oneof![Just(1_u64 << 20), Just(4 << 30)]),
        option::weighted(0.1, 0..NODES),
        prop::bool::weighted(0.9),
        option::weighted(0.2, any::<bool>()),
        option::of(several()),
    )
        .prop_map(
            |(slots, cpu_millicores, memory_bytes, port, with_id, degraded, tasks)| Registered {
                slots,
                cpu_millicores,
                memory_bytes,
                port,
                with_id,
                degraded,
                tasks,
            },
        )
}
