//! The brake: many nodes silent at once move nothing.

use super::nodes::{cluster_of, heard, node, probed, restart};
use crate::core::reconcile::to_probe;
use crate::core::test_cluster::{Cluster, registration, spec};
use crate::core::{Availability, Command, Kind, NodeId, Policy};

const TEN: [&str; 10] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];

/// So many seconds pass, in which only these nodes are in touch; what happened.
fn live(cluster: &mut Cluster, ids: &[NodeId], seconds: u32) -> Vec<Kind> {
    let mut kinds = vec![];
    for _ in 0..seconds {
        cluster.pass(1_000);
        heard(cluster, ids);
        kinds.extend(cluster.nodes());
    }
    kinds
}

fn offline(cluster: &Cluster) -> usize {
    let nodes = cluster.state.nodes();
    nodes
        .filter(|node| node.availability == Availability::Offline)
        .count()
}

#[test]
fn when_most_nodes_fall_silent_nothing_is_moved() {
    let (mut cluster, ids) = cluster_of(&["a", "b", "c"]);
    let id = cluster.submit(spec());
    cluster.pass(15_000);
    heard(&mut cluster, &ids[2..]);
    let kinds = cluster.nodes();
    assert_eq!(
        kinds,
        [
            Kind::BrakeEngaged,
            Kind::NodeUnreachable,
            Kind::NodeUnreachable
        ]
    );
    assert_eq!(cluster.nodes(), []);
    assert_eq!(cluster.node_of(&id), "a");
    let brake = cluster.state.brake().unwrap();
    assert!(brake.nodes.iter().eq(&ids[..2]), "{brake:?}");
}

#[test]
fn nodes_that_fall_silent_a_little_later_count_too() {
    let (mut cluster, ids) = cluster_of(&["a", "b", "c"]);
    cluster.pass(4_000);
    heard(&mut cluster, &ids[1..2]);
    cluster.pass(11_000);
    heard(&mut cluster, &ids[2..]);
    assert_eq!(cluster.nodes()[0], Kind::BrakeEngaged);
    let brake = cluster.state.brake().unwrap();
    assert!(brake.nodes.iter().eq(&ids[..2]), "{brake:?}");
}

#[test]
fn the_brake_is_released_when_most_are_steadily_heard_again_and_the_rest_is_lost() {
    let (mut cluster, ids) = cluster_of(&["a", "b", "c", "d"]);
    cluster.pass(15_000);
    cluster.nodes();
    heard(&mut cluster, &ids[..2]);
    assert_eq!(cluster.nodes(), [Kind::NodeReachable; 2]);
    live(&mut cluster, &ids[..2], 60);
    assert!(
        cluster.state.brake().is_some(),
        "half of them are still silent"
    );
    heard(&mut cluster, &ids[2..3]);
    assert_eq!(cluster.nodes(), [Kind::NodeReachable]);
    assert_eq!(live(&mut cluster, &ids[..3], 14), []);
    assert_eq!(
        live(&mut cluster, &ids[..3], 1),
        [Kind::BrakeReleased, Kind::NodeOffline]
    );
    assert_eq!(cluster.state.brake(), None);
}

#[test]
fn while_one_after_another_comes_back_nobody_is_lost() {
    let (mut cluster, ids) = cluster_of(&TEN);
    live(&mut cluster, &ids[6..], 15);
    assert!(cluster.state.brake().is_some());
    for back in (0..6).rev() {
        let kinds = live(&mut cluster, &ids[back..], 2);
        let last = (back == 0).then_some(Kind::BrakeReleased);
        let expected: Vec<_> = last.into_iter().chain([Kind::NodeReachable]).collect();
        assert_eq!(kinds, expected);
    }
}

#[test]
fn two_nodes_are_too_few_for_the_brake() {
    let (mut cluster, _) = cluster_of(&["a", "b"]);
    cluster.pass(15_000);
    assert_eq!(cluster.nodes(), [Kind::NodeOffline; 2]);
}

#[test]
fn a_brake_over_nodes_that_are_all_gone_is_released() {
    let (mut cluster, ids) = cluster_of(&["a", "b", "c"]);
    cluster.pass(15_000);
    cluster.nodes();
    ids.iter().for_each(|id| drop(cluster.deregister(id)));
    assert_eq!(cluster.nodes(), [Kind::BrakeReleased]);
}

#[test]
fn half_of_the_nodes_are_not_most_of_them() {
    let (mut cluster, ids) = cluster_of(&["a", "b", "c", "d"]);
    assert_eq!(live(&mut cluster, &ids[2..], 15), [Kind::NodeOffline; 2]);
}

#[test]
fn nodes_that_were_offline_before_do_not_count() {
    let (mut cluster, ids) = cluster_of(&["a", "b", "c", "d", "e"]);
    live(&mut cluster, &ids[1..], 15);
    cluster.deregister(&ids[1]);
    live(&mut cluster, &ids[2..], 60);
    assert_eq!(
        live(&mut cluster, &ids[3..], 15),
        [Kind::NodeOffline],
        "1 of 3"
    );
    assert_eq!(offline(&cluster), 3);
}

#[test]
fn nodes_that_fall_silent_one_probe_after_another_engage_it_too() {
    let (mut cluster, ids) = cluster_of(&TEN);
    for gone in 1..=6 {
        live(&mut cluster, &ids[gone..], 5);
    }
    live(&mut cluster, &ids[6..], 600);
    assert!(cluster.state.brake().is_some());
    assert_eq!(offline(&cluster), 4, "it could not be seen any sooner");
    for held in &ids[4..6] {
        assert!(!node(&cluster, held).is_ready());
    }
}

#[test]
fn nodes_lost_long_apart_are_lost_one_by_one() {
    let (mut cluster, ids) = cluster_of(&["a", "b", "c", "d"]);
    for gone in 1..=4 {
        let kinds = live(&mut cluster, &ids[gone..], 600);
        assert_eq!(kinds, [Kind::NodeOffline]);
    }
}

#[test]
fn one_blow_is_seen_as_one_also_when_the_timeout_is_short() {
    for spread_ms in [0, 500, 1_000, 1_500, 1_900] {
        let mut cluster = Cluster::with(Policy {
            node_timeout_ms: 3_000,
            probe_after_ms: 1_000,
            ..Policy::default()
        });
        let ids: Vec<NodeId> = TEN.iter().map(|id| cluster.add_node(id, 5)).collect();
        // The first of them was last heard that much earlier than the other five.
        cluster.pass(spread_ms);
        heard(&mut cluster, &ids[1..]);
        live(&mut cluster, &ids[6..], 10);
        assert!(cluster.state.brake().is_some(), "{spread_ms}");
        assert_eq!(offline(&cluster), 0, "{spread_ms}");
    }
}

#[test]
fn a_brake_outlives_its_master() {
    let (mut cluster, ids) = cluster_of(&TEN);
    live(&mut cluster, &ids[6..], 20);
    restart(&mut cluster, Policy::default());
    assert_eq!(live(&mut cluster, &ids[6..], 120), []);
    assert!(cluster.state.brake().is_some());
    assert!(ids[..6].iter().all(|id| !node(&cluster, id).is_ready()));
    let kinds = live(&mut cluster, &ids, 60);
    assert_eq!(kinds[0], Kind::BrakeReleased);
    assert_eq!(offline(&cluster), 0);
}

#[test]
fn a_node_it_held_is_ready_again_also_when_it_beats_too_often_to_be_silent() {
    let (mut cluster, ids) = cluster_of(&TEN);
    for gone in 1..=6 {
        live(&mut cluster, &ids[gone..], 5);
    }
    live(&mut cluster, &ids[6..], 60);
    // Lost with the others, back before the master starts anew, and looked at before it speaks.
    assert_eq!(offline(&cluster), 4);
    cluster.register(registration("a"));
    restart(&mut cluster, Policy::default());
    live(&mut cluster, &[], 1);
    assert!(!node(&cluster, &ids[0]).is_ready());
    let back = [&ids[..1], &ids[4..]].concat();
    for _ in 0..60 {
        live(&mut cluster, &back, 1);
        let due = to_probe(&cluster.state, cluster.now);
        probed(&mut cluster, &due, true);
    }
    assert!(cluster.state.brake().is_none());
    assert!(back.iter().all(|id| node(&cluster, id).is_ready()));
}

#[test]
fn an_operator_releases_it_also_right_after_a_restart() {
    let (mut cluster, ids) = cluster_of(&TEN);
    live(&mut cluster, &ids[6..], 20);
    restart(&mut cluster, Policy::default());
    let kinds = cluster.run(Command::ReleaseBrake);
    assert_eq!(kinds.last(), Some(&Kind::BrakeReleased));
    assert_eq!(offline(&cluster), 6);
    // And what is lost a moment later is judged by itself.
    assert_eq!(live(&mut cluster, &ids[7..], 16), [Kind::NodeOffline]);
}
