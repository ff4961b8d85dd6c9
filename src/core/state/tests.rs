use std::sync::Arc;

use crate::core::test_cluster::{Cluster, registration, slots_only, spec};
use crate::core::{
    Command, Idempotency, Kind, NodeId, Policy, Register, State, Status, Submit, Usage,
};

/// One node, one task on it, one that waits and one that has ended.
fn cluster() -> Cluster {
    let mut cluster = Cluster::new();
    cluster.add_node("a", 2);
    let ended = cluster.submit(spec());
    cluster.becomes(&ended, Status::Completed);
    cluster.run(Command::Submit(Submit {
        spec: spec(),
        idempotency: Some(Idempotency {
            key: "k".into(),
            fingerprint: 0,
        }),
    }));
    cluster.submit(spec());
    cluster.submit(spec());
    cluster
}

/// What the check says of a state after somebody has damaged it.
fn noticed(damage: impl FnOnce(&mut State)) -> String {
    let mut state = cluster().state;
    assert_eq!(state.check(), Ok(()));
    damage(&mut state);
    state.check().unwrap_err()
}

#[test]
fn the_check_notices_a_wrong_index_of_tasks() {
    let wrong = noticed(|state| state.sequence_of.values_mut().for_each(|n| *n += 1));
    assert!(wrong.contains("index by id"), "{wrong}");
    let extra = noticed(|state| {
        state.sequence_of.insert("x".into(), 99);
    });
    assert_eq!(extra, "index by id holds tasks that are gone");
    let pending = noticed(|state| state.pending.clear());
    assert!(pending.contains("pending"), "{pending}");
    let waiting = noticed(|state| state.waiting = Default::default());
    assert!(waiting.contains("by what they ask"), "{waiting}");
    let ended = noticed(|state| state.ended.clear());
    assert_eq!(ended, "0 of 1 ended tasks are indexed");
    let key = noticed(|state| {
        state.task_of_key.insert("other".into(), 1);
    });
    assert_eq!(key, "idempotency key other: leads to the wrong task");
}

#[test]
fn the_check_notices_a_wrong_index_of_nodes() {
    let address = noticed(|state| {
        let wrong = [NodeId::from("a")].into();
        state.nodes_at.insert(("b".into(), 1), wrong);
    });
    assert_eq!(address, "b:1: leads to the wrong node");
    let lost = noticed(|state| state.nodes_at.clear());
    assert_eq!(lost, "a node is not found by its address");
    let another = noticed(|state| state.members.clear());
    assert_eq!(another, "node a: found by its id it is another");
    let a = NodeId::from("a");
    let gone = noticed(|state| {
        let member = state.members[&a].clone();
        state.members.insert("b".into(), member);
    });
    assert_eq!(gone, "a node that is gone is still found by its id");
    let watched = noticed(|state| state.members.get_mut(&a).unwrap().watched = true);
    assert_eq!(watched, "node a: watched is true");
}

#[test]
fn the_check_notices_a_wrong_tally() {
    let a = NodeId::from("a");
    let wrong = noticed(|state| state.usage.get_mut(&a).unwrap().slots += 1);
    assert!(wrong.starts_with("node a: kept"), "{wrong}");
    let missing = noticed(|state| drop(state.usage.remove(&a)));
    assert_eq!(missing, "node a: usage is not kept");
}

#[test]
fn the_check_notices_a_wrong_order_of_nodes() {
    let wrong = noticed(|state| state.ready.clear());
    assert_eq!(wrong, "the order of the ready nodes is wrong");
}

#[test]
fn the_check_notices_a_node_with_more_than_it_has() {
    let wrong = noticed(|state| {
        let mut node = state.nodes[&NodeId::from("a")].as_ref().clone();
        node.capacity = slots_only(1);
        state.put_node(&Arc::new(node));
    });
    assert!(wrong.contains("is more than"), "{wrong}");
}

#[test]
fn the_check_notices_a_port_that_is_taken_twice_and_a_task_without_a_node() {
    let mut cluster = Cluster::new();
    cluster.register(registration("a"));
    let mut with_port = spec();
    with_port.ports = vec![crate::core::Port {
        name: None,
        container_port: 80,
        host_port: Some(80),
        host_ip: None,
        protocol: Default::default(),
    }];
    let first = cluster.submit(with_port.clone());
    cluster.submit(with_port);
    let mut second = cluster.state.tasks().last().unwrap().as_ref().clone();
    second.status = Status::Running;
    let mut state = cluster.state.clone();
    state.put_task(&Arc::new(second.clone()));
    assert!(
        state
            .check()
            .unwrap_err()
            .ends_with("running without a node")
    );
    second.node = cluster.task(&first).node.clone();
    state.put_task(&Arc::new(second));
    assert_eq!(
        state.check(),
        Err("node a: host port 80/tcp is taken twice".into())
    );
}

#[test]
fn usage_of_a_node_that_is_gone_goes_with_its_last_task() {
    let mut cluster = Cluster::new();
    let a = cluster.add_node("a", 1);
    let id = cluster.submit(spec());
    cluster.becomes(&id, Status::Failed);
    cluster.deregister(&a);
    cluster.run(Command::Forget(a.clone()));
    assert_eq!(cluster.state.usage(&a).map(|usage| usage.slots), Some(0));
    assert_eq!(cluster.remove(&id, false), [Kind::TaskRemoved]);
    assert_eq!(cluster.state.usage(&a), None::<&Usage>);
}

#[test]
fn tasks_are_paged_in_the_order_of_creation() {
    let state = cluster().state;
    let sequences: Vec<_> = state.tasks().map(|task| task.sequence).collect();
    assert!(sequences.is_sorted());
    let after: Vec<_> = state
        .tasks_after(sequences[1])
        .map(|task| task.sequence)
        .collect();
    assert_eq!(after, sequences[2..]);
    assert_eq!(state.task_at(sequences[0]).unwrap().sequence, sequences[0]);
    assert_eq!(state.tasks_after(u64::MAX).count(), 0);
}

#[test]
fn the_ring_says_when_it_no_longer_reaches_back_so_far() {
    let mut cluster = Cluster::with(Policy {
        event_ring: 2,
        ..Policy::default()
    });
    assert_eq!(cluster.state.events_after(0), Some(vec![]));
    for port in 1..=3 {
        cluster.register(Register {
            port,
            ..registration(&format!("n{port}"))
        });
    }
    assert_eq!(cluster.state.events_after(0), None);
    let kept = cluster.state.events_after(1).unwrap();
    assert_eq!(
        kept.iter().map(|event| event.sequence).collect::<Vec<_>>(),
        [2, 3]
    );
    assert_eq!(cluster.state.events_after(3), Some(vec![]));
}

#[test]
fn without_a_ring_events_are_still_numbered() {
    let mut cluster = Cluster::with(Policy {
        event_ring: 0,
        ..Policy::default()
    });
    cluster.add_node("a", 1);
    assert_eq!(cluster.state.last_event(), 1);
    assert_eq!(cluster.state.events_after(0), None);
}

#[test]
fn nobody_is_in_touch_with_a_node_that_is_not_there() {
    let mut cluster = Cluster::new();
    cluster.state.heard(&"x".into(), cluster.now);
    cluster.state.probed(&"x".into(), true, cluster.now);
    assert_eq!(cluster.state.contact(&"x".into()), Default::default());
    assert_eq!(cluster.state.check(), Ok(()));
}
