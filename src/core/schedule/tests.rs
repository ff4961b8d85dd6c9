mod by_index;

use crate::core::test_cluster::{Cluster, heartbeat, registration, slots_only, spec};
use crate::core::{
    Capacity, Command, EngineCondition, Heartbeat, Kind, NodeId, Policy, Port, Protocol, Register,
    Requests, Spec, Status, Strategy,
};

fn asking(cpu_millicores: u64, memory_bytes: u64) -> Spec {
    Spec {
        requests: Requests {
            cpu_millicores,
            memory_bytes,
        },
        ..spec()
    }
}

fn publishing(ip: Option<&str>, port: u16, protocol: Protocol) -> Spec {
    Spec {
        ports: vec![Port {
            name: None,
            container_port: 80,
            host_port: Some(port),
            host_ip: ip.map(str::to_owned),
            protocol,
        }],
        ..spec()
    }
}

fn with_capacity(cluster: &mut Cluster, id: &str, cpu: Option<u64>, memory: Option<u64>) {
    cluster.register(Register {
        capacity: Capacity {
            slots: None,
            cpu_millicores: cpu,
            memory_bytes: memory,
        },
        ..registration(id)
    });
}

fn why(cluster: &Cluster, spec: &Spec) -> String {
    super::place(&cluster.state, spec, cluster.now).unwrap_err()
}

fn placed(cluster: &mut Cluster, spec: &Spec, times: usize) -> Vec<String> {
    (0..times)
        .map(|_| {
            let id = cluster.submit(spec.clone());
            cluster.node_of(&id).to_owned()
        })
        .collect()
}

#[test]
fn without_nodes_the_reason_says_so() {
    assert_eq!(why(&Cluster::new(), &spec()), "no nodes registered");
}

#[test]
fn every_condition_of_a_node_is_named() {
    let mut cluster = Cluster::new();
    let ids = ["off", "drained", "bad", "deaf"].map(|id| cluster.add_node(id, 1));
    cluster.deregister(&ids[0]);
    cluster.drain(&ids[1], 60);
    cluster.run(Command::Heartbeat(Heartbeat {
        condition: EngineCondition::Degraded("docker does not answer".into()),
        ..heartbeat(&ids[2])
    }));
    cluster.state.probed(&ids[3], false, cluster.now);
    cluster.pass(6_000);
    ids[1..]
        .iter()
        .for_each(|id| cluster.state.heard(id, cluster.now));
    cluster.state.probed(&ids[3], false, cluster.now);
    cluster.nodes();
    assert_eq!(
        why(&cluster, &spec()),
        "no node takes it: 1 node: offline; 1 node: draining; 1 node: degraded (docker does not \
         answer); 1 node: unreachable (the master can't reach its worker at deaf:8081)"
    );
}

#[test]
fn a_silent_node_gets_nothing_also_before_it_is_lost() {
    let mut cluster = Cluster::new();
    let ids = ["a", "b"].map(|id| cluster.add_node(id, 5));
    cluster.pass(7_499);
    assert_eq!(placed(&mut cluster, &spec(), 1), ["a"]);
    cluster.pass(1);
    cluster.beat(&ids[1]);
    assert_eq!(placed(&mut cluster, &spec(), 2), ["b", "b"]);
    cluster.pass(7_500);
    assert_eq!(
        why(&cluster, &spec()),
        "no node takes it: 2 nodes: silent, perhaps lost"
    );
    cluster.beat(&ids[0]);
    assert_eq!(placed(&mut cluster, &spec(), 1), ["a"]);
}

#[test]
fn nodes_with_the_same_reason_are_counted_and_the_most_come_first() {
    let mut cluster = Cluster::new();
    with_capacity(&mut cluster, "a", None, Some(1 << 30));
    with_capacity(&mut cluster, "b", None, Some(1 << 29));
    let drained = cluster.add_node("0", 1);
    cluster.drain(&drained, 60);
    assert_eq!(
        why(&cluster, &asking(0, 4 << 30)),
        "no node takes it: 2 nodes: not enough memory (asks 4Gi, most free 1Gi); 1 node: draining"
    );
    for id in ["a", "b"] {
        cluster.run(Command::Heartbeat(Heartbeat {
            condition: EngineCondition::Degraded(format!("{id} is broken")),
            ..heartbeat(&id.into())
        }));
    }
    assert_eq!(
        why(&cluster, &spec()),
        "no node takes it: 2 nodes: degraded; 1 node: draining"
    );
}

#[test]
fn slots_cpu_and_memory_are_never_given_twice() {
    let mut cluster = Cluster::new();
    cluster.register(Register {
        capacity: Capacity {
            slots: Some(2),
            cpu_millicores: Some(1_500),
            memory_bytes: Some(1 << 30),
        },
        ..registration("a")
    });
    assert_eq!(placed(&mut cluster, &asking(1_000, 1 << 29), 1), ["a"]);
    assert_eq!(
        why(&cluster, &asking(1_000, 0)),
        "no node takes it: 1 node: not enough cpu (asks 1, most free 500m)"
    );
    assert_eq!(
        why(&cluster, &asking(0, (1 << 29) + 1)),
        "no node takes it: 1 node: not enough memory (asks 536870913, most free 536870912)"
    );
    assert_eq!(placed(&mut cluster, &asking(500, 1 << 29), 1), ["a"]);
    assert_eq!(
        why(&cluster, &spec()),
        "no node takes it: 1 node: no free slot (all 2 taken)"
    );
}

#[test]
fn room_is_free_again_when_a_task_has_ended() {
    let mut cluster = Cluster::new();
    cluster.add_node("a", 1);
    let first = cluster.submit(spec());
    let second = cluster.submit(spec());
    assert_eq!(cluster.task(&second).status, Status::Pending);
    cluster.becomes(&first, Status::Completed);
    assert_eq!(cluster.task(&second).status, Status::Pending);
    assert_eq!(cluster.place(), [Kind::TaskScheduled]);
    assert_eq!(cluster.node_of(&second), "a");
}

#[test]
fn a_host_port_is_taken_once_per_node_protocol_and_address() {
    let mut cluster = Cluster::new();
    cluster.add_node("a", 10);
    let tcp = |ip| publishing(ip, 8080, Protocol::Tcp);
    assert_eq!(placed(&mut cluster, &tcp(Some("127.0.0.1")), 1), ["a"]);
    assert_eq!(placed(&mut cluster, &tcp(Some("10.0.0.1")), 1), ["a"]);
    assert_eq!(
        placed(&mut cluster, &publishing(None, 8080, Protocol::Udp), 1),
        ["a"]
    );
    assert_eq!(
        why(&cluster, &tcp(None)),
        "no node takes it: 1 node: host port 8080/tcp is taken"
    );
    assert_eq!(
        why(&cluster, &tcp(Some("127.0.0.1"))),
        "no node takes it: 1 node: host port 127.0.0.1:8080/tcp is taken"
    );
    assert!(super::place(&cluster.state, &tcp(Some("10.0.0.2")), cluster.now).is_ok());
}

#[test]
fn equal_nodes_take_turns_also_when_each_task_ends_at_once() {
    let mut cluster = Cluster::new();
    for id in ["c", "a", "b"] {
        cluster.add_node(id, 10);
    }
    assert_eq!(
        placed(&mut cluster, &spec(), 6),
        ["a", "b", "c", "a", "b", "c"]
    );
    let mut nodes = vec![];
    for _ in 0..4 {
        let id = cluster.submit(spec());
        nodes.push(cluster.node_of(&id).to_owned());
        cluster.becomes(&id, Status::Completed);
    }
    assert_eq!(nodes, ["a", "b", "c", "a"]);
}

#[test]
fn the_least_loaded_node_is_preferred() {
    let mut cluster = Cluster::new();
    with_capacity(&mut cluster, "large", Some(4_000), Some(8 << 30));
    with_capacity(&mut cluster, "small", Some(1_000), Some(8 << 30));
    // By what is taken before the task comes: small has 0 % when it is first chosen, then 50 %.
    assert_eq!(
        placed(&mut cluster, &asking(500, 0), 6),
        ["large", "small", "large", "large", "large", "small"]
    );
}

#[test]
fn the_scarcest_resource_decides_how_loaded_a_node_is() {
    let mut cluster = Cluster::new();
    with_capacity(&mut cluster, "a", Some(1_000), Some(1 << 30));
    with_capacity(&mut cluster, "b", Some(1_000), Some(1 << 30));
    assert_eq!(placed(&mut cluster, &asking(100, 900 << 20), 1), ["a"]);
    assert_eq!(placed(&mut cluster, &asking(800, 0), 1), ["b"]);
    // a: 10 % cpu, 88 % memory; b: 80 % cpu, no memory.
    assert_eq!(placed(&mut cluster, &asking(10, 0), 1), ["b"]);
}

#[test]
fn nodes_that_do_not_say_what_they_have_are_balanced_by_their_tasks() {
    let mut cluster = Cluster::new();
    for id in ["a", "b"] {
        cluster.register(registration(id));
    }
    let first = cluster.submit(spec());
    assert_eq!(placed(&mut cluster, &spec(), 2), ["b", "a"]);
    cluster.becomes(&first, Status::Completed);
    let other = cluster.submit(spec());
    cluster.becomes(&other, Status::Completed);
    assert_eq!(cluster.state.usage(&NodeId::from("a")).unwrap().slots, 1);
    assert_eq!(cluster.state.usage(&NodeId::from("b")).unwrap().slots, 1);
}

#[test]
fn bin_packing_fills_one_node_before_the_next() {
    let mut cluster = Cluster::with(Policy {
        strategy: Strategy::BinPack,
        ..Policy::default()
    });
    for id in ["a", "b"] {
        cluster.add_node(id, 2);
    }
    assert_eq!(
        placed(&mut cluster, &spec(), 5),
        ["a", "a", "b", "b", "none"]
    );
}

#[test]
fn bin_packing_fills_the_fullest_node_that_has_room_and_a_full_one_last() {
    let mut cluster = Cluster::with(Policy {
        strategy: Strategy::BinPack,
        ..Policy::default()
    });
    for id in ["a", "b", "c"] {
        with_capacity(&mut cluster, id, Some(1_000), None);
    }
    assert_eq!(
        placed(&mut cluster, &asking(600, 0), 3),
        ["a", "b", "c"],
        "each has room for one"
    );
    assert_eq!(placed(&mut cluster, &asking(300, 0), 2), ["a", "b"]);
    assert_eq!(placed(&mut cluster, &asking(100, 0), 1), ["a"]);
    // a is full: what asks for nothing goes there last.
    assert_eq!(placed(&mut cluster, &asking(0, 0), 2), ["b", "b"]);
}

#[test]
fn a_node_without_slots_takes_nothing() {
    let mut cluster = Cluster::new();
    cluster.register(Register {
        capacity: slots_only(0),
        ..registration("a")
    });
    assert_eq!(
        why(&cluster, &spec()),
        "no node takes it: 1 node: no free slot (all 0 taken)"
    );
}

#[test]
fn an_engines_own_words_hide_nothing_of_the_reason() {
    let mut cluster = Cluster::new();
    let a = cluster.add_node("a", 5);
    cluster.run(Command::Heartbeat(Heartbeat {
        condition: EngineCondition::Degraded("timed out (10 s".into()),
        ..heartbeat(&a)
    }));
    cluster.add_node("b", 0);
    let asked = asking(500, 0);
    let before = why(&cluster, &asked);
    with_capacity(&mut cluster, "b", Some(100), None);
    let after = why(&cluster, &asked);
    assert!(!super::same_refusal(&before, &after), "{before}, {after}");
}
