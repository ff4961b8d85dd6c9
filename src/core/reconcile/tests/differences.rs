//! What a worker says it has, against what it is to have.

use crate::core::reconcile::{Differences, Order, StopOrder, differences, order};
use crate::core::test_cluster::{Cluster, go_report, spec};
use crate::core::{Desired, NodeId, Report, Spec, Status, Task, TaskId};

/// A task on node `a`; node `b` is free.
fn with_a_task() -> (Cluster, NodeId, TaskId) {
    let mut cluster = Cluster::new();
    let a = cluster.add_node("a", 5);
    cluster.add_node("b", 5);
    let id = cluster.submit(spec());
    (cluster, a, id)
}

fn stop_order(task: &TaskId, attempt: u32, remove: bool) -> StopOrder {
    StopOrder {
        task: task.clone(),
        attempt,
        grace_seconds: 1,
        remove,
    }
}

/// A user's own grace is kept.
fn as_asked(stop: StopOrder) -> StopOrder {
    StopOrder {
        grace_seconds: 10,
        ..stop
    }
}

fn compared(cluster: &Cluster, node: &NodeId, reports: &[Report]) -> Differences {
    differences(&cluster.state, node, Some(reports))
}

fn only_stop(stop: StopOrder) -> Differences {
    Differences {
        run: vec![],
        stop: vec![stop],
    }
}

#[test]
fn what_is_not_named_is_run_again() {
    let (cluster, a, id) = with_a_task();
    let found = compared(&cluster, &a, &[]);
    assert_eq!(found.run, [cluster.state.task(&id).unwrap().clone()]);
    assert_eq!(found.stop, []);
    assert_eq!(compared(&cluster, &"b".into(), &[]), Differences::default());
}

#[test]
fn what_is_named_as_it_should_be_is_left_alone() {
    let (mut cluster, a, id) = with_a_task();
    let said = cluster.says(&id, Status::Scheduled);
    assert_eq!(compared(&cluster, &a, &[said]), Differences::default());
    cluster.becomes(&id, Status::Completed);
    let said = cluster.says(&id, Status::Completed);
    assert_eq!(compared(&cluster, &a, &[said]), Differences::default());
    assert_eq!(compared(&cluster, &a, &[]), Differences::default());
}

#[test]
fn an_unknown_task_is_stopped_and_removed() {
    let (cluster, _, _) = with_a_task();
    let unknown = Report {
        attempt: Some(3),
        ..go_report(&"x".into(), Status::Running)
    };
    let stop = stop_order(&"x".into(), 3, true);
    assert_eq!(compared(&cluster, &"b".into(), &[unknown]), only_stop(stop));
    let unnamed = go_report(&"x".into(), Status::Running);
    let stop = stop_order(&"x".into(), u32::MAX, true);
    assert_eq!(compared(&cluster, &"b".into(), &[unnamed]), only_stop(stop));
}

#[test]
fn a_stale_attempt_is_stopped_and_removed_and_the_current_one_run() {
    let (mut cluster, a, id) = with_a_task();
    let stale = cluster.says(&id, Status::Running);
    cluster.deregister(&a);
    assert_eq!(cluster.task(&id).status, Status::Pending);
    let stop = only_stop(stop_order(&id, 1, true));
    assert_eq!(compared(&cluster, &a, std::slice::from_ref(&stale)), stop);
    cluster.place();
    assert_eq!(cluster.node_of(&id), "b");
    assert_eq!(compared(&cluster, &a, std::slice::from_ref(&stale)), stop);
    let unnamed = go_report(&id, Status::Running);
    let current = stop_order(&id, 2, true);
    assert_eq!(compared(&cluster, &a, &[unnamed]), only_stop(current));
    let found = compared(&cluster, &"b".into(), &[stale]);
    assert_eq!((found.run.len(), found.stop), (1, stop.stop));
}

#[test]
fn what_has_ended_for_the_master_is_stopped_and_its_logs_are_kept() {
    let (mut cluster, a, _) = with_a_task();
    let id = cluster.submit(Spec {
        max_attempts: Some(1),
        ..spec()
    });
    let b = NodeId::from("b");
    let running = cluster.says(&id, Status::Running);
    cluster.deregister(&b);
    assert_eq!(cluster.task(&id).status, Status::Failed);
    let stop = only_stop(stop_order(&id, 1, false));
    assert_eq!(compared(&cluster, &b, &[running]), stop);
    let (mut cluster, _, id) = with_a_task();
    cluster.becomes(&id, Status::Running);
    let running = cluster.says(&id, Status::Running);
    cluster.stop(&id);
    cluster.deregister(&a);
    assert_eq!(
        compared(&cluster, &a, &[running]),
        only_stop(as_asked(stop_order(&id, 1, false)))
    );
}

#[test]
fn what_is_to_end_is_stopped_whether_or_not_it_is_named() {
    let (mut cluster, a, id) = with_a_task();
    cluster.stop(&id);
    let said = cluster.says(&id, Status::Running);
    let stop = only_stop(as_asked(stop_order(&id, 1, false)));
    assert_eq!(compared(&cluster, &a, &[said]), stop);
    assert_eq!(compared(&cluster, &a, &[]), stop);
}

#[test]
fn a_worker_that_does_not_say_what_it_runs_is_only_told_what_is_to_end() {
    let (mut cluster, a, id) = with_a_task();
    assert_eq!(
        differences(&cluster.state, &a, None),
        Differences::default()
    );
    cluster.stop(&id);
    let stop = only_stop(as_asked(stop_order(&id, 1, false)));
    assert_eq!(differences(&cluster.state, &a, None), stop);
}

#[test]
fn an_order_follows_from_what_is_wanted_and_what_is_known() {
    let (cluster, _, id) = with_a_task();
    let task = cluster.task(&id);
    let told = |desired: Desired, status| {
        order(&Task {
            desired,
            status,
            ..task.clone()
        })
    };
    let stop = |grace_seconds, remove| {
        Some(Order::Stop(StopOrder {
            grace_seconds,
            ..stop_order(&id, 1, remove)
        }))
    };
    let wants_move = Desired::Move {
        grace_seconds: 3,
        reason: Box::default(),
    };
    let wants_stop = Desired::Stop { grace_seconds: 2 };
    let wants_gone = Desired::Remove { grace_seconds: 1 };
    assert_eq!(told(Desired::Run, Status::Scheduled), Some(Order::Run));
    assert_eq!(told(Desired::Run, Status::Running), None);
    assert_eq!(told(wants_stop.clone(), Status::Running), stop(2, false));
    assert_eq!(told(wants_move, Status::Scheduled), stop(3, false));
    assert_eq!(told(wants_gone.clone(), Status::Running), stop(1, true));
    assert_eq!(told(wants_gone, Status::Failed), stop(1, true));
    for ended in [Status::Completed, Status::Failed, Status::Stopped] {
        assert_eq!(told(Desired::Run, ended), None);
        assert_eq!(told(wants_stop.clone(), ended), None);
    }
    let waiting = Task {
        node: None,
        ..task.clone()
    };
    assert_eq!(order(&waiting), None);
}
