//! Going through the nodes in the order the state keeps finds the node a look at all of them would.

use proptest::option;
use proptest::prelude::*;

use crate::core::schedule::candidate::Candidate;
use crate::core::schedule::explain::explain;
use crate::core::schedule::{Asks, Score, filter, room};
use crate::core::test_cluster::{Cluster, registration};
use crate::core::{
    Capacity, HostPort, NodeId, Policy, Port, Protocol, Register, Requests, Spec, Status, TaskId,
};

#[derive(Debug, Clone)]
struct Asked {
    cpu_millicores: u64,
    memory_bytes: u64,
    port: Option<(u16, bool)>,
}

#[derive(Debug, Clone)]
enum Step {
    Register(u8, Capacity),
    Submit(Asked),
    End(usize),
    Drain(u8),
    Uncordon(u8),
    Leave(u8),
    Clearing(u8),
    Beat(u8),
    Pass(u64),
}

fn id(node: u8) -> NodeId {
    format!("node-{node}").into()
}

fn asked() -> impl Strategy<Value = Asked> {
    (
        prop_oneof![Just(0_u64), Just(100), Just(300), Just(1_000)],
        prop_oneof![Just(0_u64), Just(100), Just(700)],
        option::weighted(0.3, (80..82_u16, any::<bool>())),
    )
        .prop_map(|(cpu_millicores, memory_bytes, port)| Asked {
            cpu_millicores,
            memory_bytes,
            port,
        })
}

fn step() -> impl Strategy<Value = Step> {
    let capacity = (
        option::of(0..5_u32),
        option::of(prop_oneof![
            Just(0_u64),
            Just(1_000),
            Just(1_500),
            Just(4_000)
        ]),
        option::of(prop_oneof![Just(1_000_u64), Just(1_400)]),
    )
        .prop_map(|(slots, cpu_millicores, memory_bytes)| Capacity {
            slots,
            cpu_millicores,
            memory_bytes,
        });
    let node = 0..8_u8;
    prop_oneof![
        8 => (node.clone(), capacity).prop_map(|(node, capacity)| Step::Register(node, capacity)),
        12 => asked().prop_map(Step::Submit),
        3 => any::<usize>().prop_map(Step::End),
        1 => node.clone().prop_map(Step::Drain),
        1 => node.clone().prop_map(Step::Uncordon),
        1 => node.clone().prop_map(Step::Leave),
        1 => node.clone().prop_map(Step::Clearing),
        3 => node.prop_map(Step::Beat),
        2 => (0..8_000_u64).prop_map(Step::Pass),
    ]
}

fn spec(asked: &Asked) -> Spec {
    let ports = asked.port.map(|(port, everywhere)| Port {
        name: None,
        container_port: 80,
        host_port: Some(port),
        host_ip: (!everywhere).then(|| "127.0.0.1".into()),
        protocol: Protocol::Tcp,
    });
    Spec {
        ports: ports.into_iter().collect(),
        requests: Requests {
            cpu_millicores: asked.cpu_millicores,
            memory_bytes: asked.memory_bytes,
        },
        ..crate::core::test_cluster::spec()
    }
}

fn take(cluster: &mut Cluster, step: Step) {
    let known = |cluster: &Cluster, node: u8| cluster.state.node(&id(node)).is_some();
    match step {
        Step::Register(node, capacity) => {
            cluster.register(Register {
                capacity,
                ..registration(id(node).as_str())
            });
        }
        Step::Submit(asked) => drop(cluster.submit(spec(&asked))),
        Step::End(which) => {
            let active = cluster.state.tasks().filter(|task| task.status.is_active());
            let active: Vec<TaskId> = active.map(|task| task.id.clone()).collect();
            if !active.is_empty() {
                cluster.becomes(&active[which % active.len()], Status::Completed);
            }
        }
        Step::Drain(node) if known(cluster, node) => drop(cluster.drain(&id(node), 60)),
        Step::Uncordon(node) if known(cluster, node) => {
            drop(cluster.run(crate::core::Command::Uncordon(id(node))));
        }
        Step::Leave(node) if known(cluster, node) => drop(cluster.deregister(&id(node))),
        Step::Clearing(node) => {
            cluster.state.named(&id(node), &[("gone".into(), 1)]);
        }
        Step::Beat(node) => cluster.state.heard(&id(node), cluster.now),
        Step::Pass(ms) => cluster.pass(ms),
        Step::Drain(_) | Step::Uncordon(_) | Step::Leave(_) => {}
    }
}

/// The best of all, by looking at all.
fn scanned(
    all: &mut [Candidate<'_>],
    asks: &Asks,
    placement: u64,
    strategy: crate::core::Strategy,
) -> Result<NodeId, String> {
    let fitting = all.iter_mut();
    let fitting = fitting.filter(|candidate| filter::refusing(candidate, asks).is_none());
    match fitting.min_by_key(|one| Score::of(one.node, &one.taken, strategy)) {
        Some(best) => {
            best.take(asks, placement);
            Ok(best.node.id.clone())
        }
        None => Err(explain(all, asks)),
    }
}

proptest! {
    #[test]
    fn the_order_of_the_nodes_leads_to_the_best_of_all(
        packs in any::<bool>(),
        steps in prop::collection::vec(step(), 1..60),
        asked in prop::collection::vec(asked(), 1..30),
    ) {
        use crate::core::Strategy;
        let strategy = if packs { Strategy::BinPack } else { Strategy::Spread };
        let mut cluster = Cluster::with(Policy { strategy, ..Policy::default() });
        for step in steps {
            take(&mut cluster, step);
        }
        let (state, now) = (&cluster.state, cluster.now);
        let nodes = state.nodes();
        let mut all: Vec<_> = nodes.map(|node| Candidate::of(state, node, now)).collect();
        if let Some(first) = asked.first() {
            let mut all: Vec<_> = state.nodes().map(|node| Candidate::of(state, node, now)).collect();
            let expected = scanned(&mut all, &Asks::of(&spec(first)), 0, strategy);
            prop_assert_eq!(crate::core::schedule::place(state, &spec(first), now), expected);
        }
        let mut room = room(state, now);
        for (placement, asked) in (state.last_event() + 1..).zip(&asked) {
            let asks = Asks::of(&spec(asked));
            let expected = scanned(&mut all, &asks, placement, strategy);
            prop_assert_eq!(room.place(&asks, placement), expected, "{:?}", asks);
        }
    }
}

#[test]
fn of_many_nodes_only_those_that_are_needed_are_looked_at() {
    let mut cluster = Cluster::new();
    for node in 0..100 {
        cluster.add_node(&format!("node-{node:02}"), 2);
    }
    let asks = Asks::default();
    let mut room = room(&cluster.state, cluster.now);
    for (placement, seen) in (1_000..1_100).zip(1..) {
        room.place(&asks, placement).unwrap();
        assert_eq!(room.seen(), seen);
    }
    room.place(&asks, 2_000).unwrap();
    assert_eq!(room.seen(), 100);
}

#[test]
fn nodes_that_refuse_are_asked_once_by_all_that_ask_the_same() {
    for strategy in [
        crate::core::Strategy::Spread,
        crate::core::Strategy::BinPack,
    ] {
        let mut cluster = Cluster::with(Policy {
            strategy,
            ..Policy::default()
        });
        for node in 0..40 {
            let cpu_millicores = if node < 20 { 100 } else { 1_000 };
            cluster.register(Register {
                capacity: Capacity {
                    slots: None,
                    cpu_millicores: Some(cpu_millicores),
                    memory_bytes: None,
                },
                ..registration(&format!("node-{node:02}"))
            });
        }
        let asks = |cpu_millicores| {
            Asks::of(&spec(&Asked {
                cpu_millicores,
                memory_bytes: 0,
                port: None,
            }))
        };
        let mut room = room(&cluster.state, cluster.now);
        let placed = (0..100).map(|n| room.place(&asks(200), 1_000 + n));
        assert_eq!(
            placed.filter(Result::is_ok).count(),
            100,
            "five on each large one"
        );
        assert!(room.place(&asks(200), 2_000).is_err());
        let placed = (0..20).map(|n| room.place(&asks(100), 3_000 + n));
        assert_eq!(
            placed.filter(Result::is_ok).count(),
            20,
            "the small ones are free"
        );
        assert!(room.place(&asks(100), 4_000).is_err());
    }
}

#[test]
fn a_port_that_is_taken_everywhere_is_no_nodes() {
    let mut cluster = Cluster::new();
    for node in 0..3 {
        cluster.add_node(&format!("node-{node}"), 5);
    }
    let port = HostPort {
        port: 80,
        protocol: Protocol::Tcp,
        ip: None,
    };
    let asks = Asks {
        ports: vec![port],
        ..Asks::default()
    };
    let mut room = room(&cluster.state, cluster.now);
    let nodes: Vec<_> = (0..3)
        .map(|n| room.place(&asks, 100 + n).unwrap())
        .collect();
    assert_eq!(nodes, ["node-0", "node-1", "node-2"].map(NodeId::from));
    assert_eq!(
        room.place(&asks, 103).unwrap_err(),
        "no node takes it: 3 nodes: host port 80/tcp is taken"
    );
    assert!(room.place(&Asks::default(), 104).is_ok());
}
