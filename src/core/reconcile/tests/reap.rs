//! Ended tasks are forgotten in time.

use crate::core::reconcile::{reap, reap_in_ms};
use crate::core::test_cluster::{Cluster, spec};
use crate::core::{Kind, Policy, Status};

fn with_ended_tasks(ended_task_ttl_ms: Option<u64>) -> Cluster {
    let mut cluster = Cluster::with(Policy {
        ended_task_ttl_ms,
        ..Policy::default()
    });
    cluster.add_node("a", 5);
    for _ in 0..3 {
        let id = cluster.submit(spec());
        cluster.becomes(&id, Status::Completed);
        cluster.pass(10);
    }
    cluster.submit(spec());
    cluster
}

#[test]
fn ended_tasks_are_forgotten_when_they_have_aged_out() {
    let mut cluster = with_ended_tasks(Some(1_000));
    assert_eq!(reap(&cluster.state, cluster.now, 10), []);
    assert_eq!(reap_in_ms(&cluster.state, cluster.now), Some(970));
    cluster.pass(980);
    assert_eq!(reap_in_ms(&cluster.state, cluster.now), Some(0));
    let changes = reap(&cluster.state, cluster.now, 10);
    assert_eq!(cluster.apply(&changes), [Kind::TaskRemoved; 2]);
    cluster.pass(1_000_000);
    let changes = reap(&cluster.state, cluster.now, 10);
    assert_eq!(cluster.apply(&changes), [Kind::TaskRemoved]);
    assert_eq!(cluster.state.tasks().len(), 1, "what has not ended stays");
    let next = reap_in_ms(&cluster.state, cluster.now);
    assert_eq!(next, Some(1_000), "what ends now");
}

#[test]
fn an_activation_forgets_at_most_so_many_the_oldest_first() {
    let mut cluster = with_ended_tasks(Some(0));
    let oldest = cluster.state.ended().next().unwrap().id.clone();
    let changes = reap(&cluster.state, cluster.now, 1);
    assert_eq!(cluster.apply(&changes), [Kind::TaskRemoved]);
    assert_eq!(cluster.state.task(&oldest), None);
}

#[test]
fn without_a_time_to_live_nothing_is_forgotten() {
    let mut cluster = with_ended_tasks(None);
    cluster.pass(u32::MAX.into());
    assert_eq!(reap(&cluster.state, cluster.now, 10), []);
    assert_eq!(reap_in_ms(&cluster.state, cluster.now), None);
}
