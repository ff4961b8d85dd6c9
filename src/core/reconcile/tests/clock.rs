//! The wall clock is set; the monotonic one goes on.

use super::nodes::restart;
use crate::core::reconcile::reap;
use crate::core::test_cluster::{Cluster, spec};
use crate::core::{Kind, Policy, Status};

const HOUR_MS: i64 = 3_600_000;
const TTL_MS: u64 = 600_000;

fn cluster() -> Cluster {
    let mut cluster = Cluster::with(Policy {
        ended_task_ttl_ms: Some(TTL_MS),
        ..Policy::default()
    });
    cluster.add_node("a", 5);
    cluster
}

fn set(cluster: &mut Cluster, ms: i64) {
    cluster.now.wall = cluster.now.wall.plus_ms(ms);
    cluster.state.note_time(cluster.now);
}

fn pass(cluster: &mut Cluster, ms: u64) {
    cluster.pass(ms);
    cluster.state.note_time(cluster.now);
}

fn ended(cluster: &mut Cluster) {
    cluster.state.heard(&"a".into(), cluster.now);
    let id = cluster.submit(spec());
    cluster.becomes(&id, Status::Completed);
}

fn reaped(cluster: &mut Cluster) -> usize {
    let changes = reap(&cluster.state, cluster.now, 100);
    cluster.apply(&changes).len()
}

#[test]
fn an_ended_task_is_kept_as_long_as_ever_when_the_clock_is_set_forth() {
    let mut cluster = cluster();
    ended(&mut cluster);
    pass(&mut cluster, TTL_MS / 2);
    set(&mut cluster, HOUR_MS);
    ended(&mut cluster);
    pass(&mut cluster, TTL_MS / 2 - 1);
    assert_eq!(reaped(&mut cluster), 0);
    pass(&mut cluster, 1);
    assert_eq!(reaped(&mut cluster), 1);
    pass(&mut cluster, TTL_MS / 2 - 1);
    assert_eq!(reaped(&mut cluster), 0);
    pass(&mut cluster, 1);
    assert_eq!(
        reaped(&mut cluster),
        1,
        "the new time holds for what ended in it"
    );
}

#[test]
fn a_clock_that_was_wrong_for_a_year_holds_up_nothing_for_ever() {
    let mut cluster = cluster();
    set(&mut cluster, 365 * 24 * HOUR_MS);
    ended(&mut cluster);
    pass(&mut cluster, TTL_MS);
    assert_eq!(reaped(&mut cluster), 1);
}

#[test]
fn nothing_is_forgotten_early_when_the_clock_is_set_back_and_forth() {
    let mut cluster = cluster();
    set(&mut cluster, -HOUR_MS);
    ended(&mut cluster);
    set(&mut cluster, HOUR_MS);
    pass(&mut cluster, TTL_MS - 1);
    assert_eq!(reaped(&mut cluster), 0);
    pass(&mut cluster, 1);
    assert_eq!(reaped(&mut cluster), 1);
}

#[test]
fn a_drain_lasts_as_long_as_was_said_however_the_clock_is_set() {
    for ms in [HOUR_MS, -HOUR_MS] {
        let mut cluster = cluster();
        cluster.submit(spec());
        cluster.drain(&"a".into(), 600);
        cluster.state.note_time(cluster.now);
        set(&mut cluster, ms);
        pass(&mut cluster, 599_999);
        cluster.state.heard(&"a".into(), cluster.now);
        assert_eq!(cluster.nodes(), [], "{ms}");
        pass(&mut cluster, 1);
        assert_eq!(cluster.nodes(), [Kind::TaskStopping], "{ms}");
    }
}

#[test]
fn a_drain_goes_on_after_a_restart() {
    let mut cluster = cluster();
    cluster.submit(spec());
    cluster.drain(&"a".into(), 600);
    pass(&mut cluster, 300_000);
    restart(&mut cluster, Policy::default());
    pass(&mut cluster, 299_999);
    cluster.state.heard(&"a".into(), cluster.now);
    assert_eq!(cluster.nodes(), []);
    pass(&mut cluster, 1);
    assert_eq!(cluster.nodes(), [Kind::TaskStopping]);
}

#[test]
fn the_moments_of_a_task_are_in_order_whatever_the_clock_says() {
    let mut cluster = cluster();
    let id = cluster.submit(spec());
    for status in [Status::Running, Status::Failed] {
        set(&mut cluster, -HOUR_MS);
        cluster.becomes(&id, status);
    }
    let task = cluster.task(&id);
    let moments = [task.scheduled_at, task.started_at, task.finished_at()];
    assert_eq!(moments, [Some(task.created_at); 3]);
}

#[test]
fn nodes_keep_the_order_of_their_registration() {
    let mut cluster = cluster();
    for id in ["z", "y", "x"] {
        set(&mut cluster, -HOUR_MS);
        cluster.add_node(id, 1);
    }
    let mut nodes: Vec<_> = cluster.state.nodes().collect();
    nodes.sort_by_key(|node| node.registered_at);
    let ids: Vec<_> = nodes.iter().map(|node| node.id.as_str()).collect();
    assert_eq!(ids, ["a", "z", "y", "x"]);
}
