//! Nodes that fall silent, are lost, and come back.

use crate::core::reconcile::to_probe;
use crate::core::test_cluster::{Cluster, registration, spec};
use crate::core::{
    Availability, Desired, Kind, Monotonic, Node, NodeId, Policy, Register, Spec, State, Status,
    Write,
};

pub fn cluster_of(ids: &[&str]) -> (Cluster, Vec<NodeId>) {
    let mut cluster = Cluster::new();
    let ids = ids.iter().map(|id| cluster.add_node(id, 5)).collect();
    (cluster, ids)
}

pub fn node<'a>(cluster: &'a Cluster, id: &NodeId) -> &'a Node {
    cluster.state.node(id).unwrap()
}

pub fn heard(cluster: &mut Cluster, ids: &[NodeId]) {
    for id in ids {
        cluster.state.heard(id, cluster.now);
    }
}

pub fn probed(cluster: &mut Cluster, ids: &[NodeId], answered: bool) {
    for id in ids {
        cluster.state.probed(id, answered, cluster.now);
    }
}

/// The master is killed and started again, with another monotonic clock.
pub fn restart(cluster: &mut Cluster, policy: Policy) {
    let before = &cluster.state;
    let nodes = before.nodes().cloned().map(Write::PutNode);
    let tasks = before.tasks().cloned().map(Write::PutTask);
    let brake = Write::SetBrake(before.brake().cloned());
    let writes: Vec<Write> = nodes.chain(tasks).chain([brake]).collect();
    cluster.now.mono = Monotonic(5);
    let loaded = State::load(policy, writes, before.last_event(), cluster.now);
    assert!(loaded == *before);
    cluster.state = loaded;
}

/// Heard all the time, and asked in vain twice.
fn unreachable(cluster: &mut Cluster, ids: &[NodeId]) {
    probed(cluster, ids, false);
    cluster.pass(5_000);
    heard(cluster, ids);
    assert_eq!(cluster.nodes(), [], "one try in vain is no sign");
    probed(cluster, ids, false);
    assert_eq!(cluster.nodes(), [Kind::NodeUnreachable]);
}

#[test]
fn a_node_neither_heard_nor_answering_is_lost_after_the_timeout() {
    let (mut cluster, ids) = cluster_of(&["a", "b"]);
    let id = cluster.submit(spec());
    cluster.pass(14_999);
    heard(&mut cluster, &ids[1..]);
    assert_eq!(cluster.nodes(), []);
    cluster.pass(1);
    assert_eq!(cluster.nodes(), [Kind::NodeOffline, Kind::TaskRescheduled]);
    assert_eq!(
        node(&cluster, &ids[0]).offline_reason,
        "neither heard nor answering for 15 s"
    );
    assert_eq!(
        &*cluster.task(&id).reason,
        "node a lost; waits for another node"
    );
    cluster.place();
    assert_eq!((cluster.node_of(&id), cluster.task(&id).attempt), ("b", 2));
    let message = cluster.task(&id).events().pop().unwrap().message;
    assert_eq!(message, "placed on node b (attempt 2)");
}

#[test]
fn a_task_with_one_placement_fails_with_its_node() {
    let (mut cluster, _) = cluster_of(&["a"]);
    let id = cluster.submit(Spec {
        max_attempts: Some(1),
        ..spec()
    });
    cluster.pass(15_000);
    assert_eq!(cluster.nodes(), [Kind::NodeOffline, Kind::TaskFailed]);
    assert_eq!(cluster.task(&id).error(), Some("node a lost"));
    assert_eq!(cluster.node_of(&id), "a");
}

#[test]
fn an_answered_probe_keeps_a_node_alive() {
    let (mut cluster, ids) = cluster_of(&["a"]);
    for _ in 0..10 {
        cluster.pass(5_000);
        probed(&mut cluster, &ids, true);
        assert_eq!(cluster.nodes(), []);
    }
}

#[test]
fn a_node_that_hears_nothing_gets_nothing_new_and_keeps_what_it_has() {
    let (mut cluster, ids) = cluster_of(&["a"]);
    let id = cluster.submit(spec());
    unreachable(&mut cluster, &ids);
    assert_eq!(cluster.nodes(), []);
    assert!(!node(&cluster, &ids[0]).is_ready());
    assert_eq!(cluster.task(&id).status, Status::Scheduled);
    probed(&mut cluster, &ids, true);
    for _ in 0..3 {
        assert_eq!(cluster.nodes(), []);
        cluster.pass(5_000);
        heard(&mut cluster, &ids);
    }
    assert_eq!(cluster.nodes(), [Kind::NodeReachable]);
    assert!(node(&cluster, &ids[0]).is_ready());
}

#[test]
fn a_node_that_answers_but_is_never_heard_is_unreachable() {
    let (mut cluster, ids) = cluster_of(&["a"]);
    for _ in 0..11 {
        cluster.pass(5_000);
        probed(&mut cluster, &ids, true);
    }
    assert_eq!(cluster.nodes(), []);
    cluster.pass(5_000);
    probed(&mut cluster, &ids, true);
    assert_eq!(cluster.nodes(), [Kind::NodeUnreachable]);
    assert_eq!(
        node(&cluster, &ids[0]).unreachable.as_deref(),
        Some("its worker answers, but its heartbeats do not arrive")
    );
    assert_eq!(cluster.beat(&ids[0]), []);
    assert_eq!(cluster.nodes(), [Kind::NodeReachable]);
}

#[test]
fn an_unreachable_node_that_falls_silent_is_lost_and_comes_back_whole() {
    let (mut cluster, ids) = cluster_of(&["a"]);
    unreachable(&mut cluster, &ids);
    cluster.pass(15_000);
    assert_eq!(cluster.nodes(), [Kind::NodeOffline]);
    assert_eq!(node(&cluster, &ids[0]).unreachable, None);
    assert_eq!(cluster.beat(&ids[0]), [Kind::NodeOnline]);
}

#[test]
fn a_node_nobody_was_in_touch_with_yet_is_not_judged() {
    let mut cluster = Cluster::new();
    let register = registration("a");
    cluster.run(crate::core::Command::Register(register));
    cluster.pass(1_000_000);
    assert_eq!(cluster.nodes(), []);
    assert_eq!(to_probe(&cluster.state, cluster.now), []);
}

#[test]
fn a_master_that_starts_declares_nobody_lost_before_a_full_timeout() {
    let (mut restarted, ids) = cluster_of(&["a"]);
    restart(&mut restarted, Policy::default());
    restarted.pass(14_999);
    assert_eq!(restarted.nodes(), []);
    restarted.pass(1);
    assert_eq!(restarted.nodes(), [Kind::NodeOffline]);
    assert_eq!(
        node(&restarted, &ids[0]).availability,
        Availability::Offline
    );
}

#[test]
fn after_the_deadline_of_a_drain_what_still_runs_is_moved() {
    let (mut cluster, ids) = cluster_of(&["a"]);
    let id = cluster.submit(spec());
    cluster.drain(&ids[0], 10);
    cluster.pass(9_999);
    assert_eq!(cluster.nodes(), []);
    cluster.pass(1);
    assert_eq!(cluster.nodes(), [Kind::TaskStopping]);
    assert_eq!(
        cluster.task(&id).desired,
        Desired::Move {
            grace_seconds: 10,
            reason: "node a is being drained".into()
        }
    );
    assert_eq!(cluster.nodes(), []);
}

#[test]
fn a_drained_node_that_is_offline_has_nothing_to_move() {
    let (mut cluster, ids) = cluster_of(&["a"]);
    cluster.deregister(&ids[0]);
    cluster.drain(&ids[0], 0);
    assert_eq!(cluster.nodes(), []);
}

#[test]
fn silent_nodes_are_probed_the_longest_untried_first() {
    let (mut cluster, ids) = cluster_of(&["a", "b", "c"]);
    let due = |cluster: &Cluster| to_probe(&cluster.state, cluster.now);
    cluster.pass(4_999);
    assert_eq!(due(&cluster), []);
    cluster.pass(1);
    heard(&mut cluster, &ids[2..]);
    assert_eq!(due(&cluster), ids[..2]);
    probed(&mut cluster, &ids[..1], true);
    assert_eq!(due(&cluster), ids[1..2]);
    cluster.pass(5_000);
    assert_eq!(
        due(&cluster),
        [ids[1].clone(), ids[2].clone(), ids[0].clone()]
    );
}

#[test]
fn a_node_that_did_not_answer_is_asked_again_also_when_it_is_heard() {
    let (mut cluster, ids) = cluster_of(&["a"]);
    probed(&mut cluster, &ids, false);
    cluster.pass(5_000);
    heard(&mut cluster, &ids);
    assert_eq!(to_probe(&cluster.state, cluster.now), ids);
    probed(&mut cluster, &ids, true);
    cluster.pass(4_000);
    heard(&mut cluster, &ids);
    cluster.pass(4_000);
    assert_eq!(to_probe(&cluster.state, cluster.now), []);
}

#[test]
fn offline_nodes_are_not_probed() {
    let (mut cluster, ids) = cluster_of(&["a"]);
    cluster.deregister(&ids[0]);
    cluster.pass(60_000);
    assert_eq!(to_probe(&cluster.state, cluster.now), []);
}

#[test]
fn a_link_that_comes_and_goes_does_not_make_a_node_that_does() {
    let (mut cluster, ids) = cluster_of(&["a"]);
    let mut seen = vec![];
    for second in 0..600 {
        cluster.pass(1_000);
        heard(&mut cluster, &ids);
        // Cut for 3 s in every 10: now and then a try is in vain, never two in a row.
        if second % 10 == 3 {
            probed(&mut cluster, &ids, false);
        } else if second % 10 == 8 {
            probed(&mut cluster, &ids, true);
        }
        seen.extend(cluster.nodes());
    }
    assert_eq!(seen, []);
}

#[test]
fn a_link_that_mostly_fails_is_unreachable_all_the_time() {
    let (mut cluster, ids) = cluster_of(&["a"]);
    let mut seen = vec![];
    for try_number in 0..100 {
        cluster.pass(5_000);
        heard(&mut cluster, &ids);
        probed(&mut cluster, &ids, try_number % 3 == 2);
        seen.extend(cluster.nodes());
    }
    assert_eq!(seen, [Kind::NodeUnreachable]);
}

#[test]
fn a_master_that_restarts_believes_in_an_unreachable_node_when_both_sides_are_heard() {
    let (mut cluster, ids) = cluster_of(&["a"]);
    unreachable(&mut cluster, &ids);
    restart(&mut cluster, Policy::default());
    assert_eq!(cluster.nodes(), []);
    assert_eq!(to_probe(&cluster.state, cluster.now), []);
    cluster.pass(5_000);
    heard(&mut cluster, &ids);
    assert_eq!(cluster.nodes(), []);
    assert_eq!(to_probe(&cluster.state, cluster.now), ids);
    probed(&mut cluster, &ids, true);
    assert_eq!(cluster.nodes(), [Kind::NodeReachable]);
}

#[test]
fn a_long_heartbeat_interval_is_waited_for() {
    let mut cluster = Cluster::new();
    cluster.register(Register {
        heartbeat_interval_ms: Some(60_000),
        ..registration("a")
    });
    let id = NodeId::from("a");
    for _ in 0..23 {
        cluster.pass(5_000);
        cluster.state.probed(&id, true, cluster.now);
        assert_eq!(cluster.nodes(), []);
    }
}

#[test]
fn a_node_that_comes_back_is_not_judged_by_what_failed_before() {
    let (mut cluster, ids) = cluster_of(&["a"]);
    probed(&mut cluster, &ids, false);
    cluster.pass(15_000);
    assert_eq!(cluster.nodes(), [Kind::NodeOffline]);
    assert_eq!(cluster.beat(&ids[0]), [Kind::NodeOnline]);
    assert_eq!(cluster.state.contact(&ids[0]).failing_since, None);
    assert_eq!(cluster.nodes(), []);
}

#[test]
fn a_worker_that_registers_is_not_judged_by_what_failed_before() {
    let (mut cluster, ids) = cluster_of(&["a"]);
    unreachable(&mut cluster, &ids);
    cluster.add_node("a", 5);
    assert_eq!(cluster.nodes(), [Kind::NodeReachable]);
}
