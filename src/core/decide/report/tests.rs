//! Reports: what they change, and what is late, doubled or from the wrong node changes nothing.

mod ends;

use crate::core::test_cluster::{Cluster, go_report, spec};
use crate::core::{Command, Kind, NodeId, Rejection, Report, Spec, Status, TaskId};

/// A cluster with a task on node `a`; node `b` is free.
fn with_a_task(spec: Spec) -> (Cluster, TaskId) {
    let mut cluster = Cluster::new();
    cluster.add_node("a", 5);
    cluster.add_node("b", 5);
    let id = cluster.submit(spec);
    (cluster, id)
}

fn ended(cluster: &Cluster, id: &TaskId, status: Status, code: i64) -> Report {
    Report {
        exit_code: Some(code),
        ..cluster.says(id, status)
    }
}

#[test]
fn a_task_runs_and_completes() {
    let (mut cluster, id) = with_a_task(spec());
    let running = Report {
        container_id: Some("c1".into()),
        ..cluster.says(&id, Status::Running)
    };
    assert_eq!(cluster.report(running), [Kind::TaskRunning]);
    assert_eq!(cluster.task(&id).started_at, Some(cluster.now.wall));
    assert_eq!(
        cluster.task(&id).events().last().unwrap().message,
        "runs on node a"
    );
    cluster.pass(5);
    let report = ended(&cluster, &id, Status::Completed, 0);
    assert_eq!(cluster.report(report), [Kind::TaskCompleted]);
    let task = cluster.task(&id);
    assert_eq!(task.status, Status::Completed);
    assert_eq!((task.exit_code(), &*task.reason), (Some(0), "exit code 0"));
    assert_eq!(task.container_id.as_deref(), Some("c1"));
    assert_eq!(task.finished_at(), Some(cluster.now.wall));
}

#[test]
fn a_worker_of_the_go_project_names_neither_attempt_nor_node() {
    let (mut cluster, id) = with_a_task(spec());
    assert_eq!(
        cluster.report(go_report(&id, Status::Running)),
        [Kind::TaskRunning]
    );
    assert_eq!(
        cluster.report(go_report(&id, Status::Completed)),
        [Kind::TaskCompleted]
    );
    assert_eq!(&*cluster.task(&id).reason, "completed");
}

#[test]
fn a_doubled_report_changes_nothing() {
    let (mut cluster, id) = with_a_task(spec());
    cluster.becomes(&id, Status::Running);
    assert_eq!(cluster.becomes(&id, Status::Running), []);
}

#[test]
fn a_late_report_changes_nothing() {
    let (mut cluster, id) = with_a_task(spec());
    let late = Report {
        reason: Some("pulling".into()),
        ..cluster.says(&id, Status::Scheduled)
    };
    cluster.becomes(&id, Status::Running);
    assert_eq!(cluster.report(late), []);
    let running = cluster.says(&id, Status::Running);
    cluster.becomes(&id, Status::Failed);
    assert_eq!(cluster.report(running), []);
    assert_eq!(cluster.becomes(&id, Status::Completed), []);
    assert_eq!(cluster.task(&id).status, Status::Failed);
}

#[test]
fn another_attempt_or_node_changes_nothing() {
    let (mut cluster, id) = with_a_task(spec());
    let own = cluster.says(&id, Status::Running);
    for attempt in [0, 2] {
        let other = Report {
            attempt: Some(attempt),
            ..own.clone()
        };
        assert_eq!(cluster.report(other), []);
    }
    let other = Report {
        node: Some("b".into()),
        ..own
    };
    assert_eq!(cluster.report(other), []);
}

#[test]
fn nobody_reports_about_a_pending_task() {
    let mut cluster = Cluster::new();
    let id = cluster.submit(spec());
    assert_eq!(cluster.report(go_report(&id, Status::Running)), []);
    assert_eq!(cluster.task(&id).status, Status::Pending);
}

#[test]
fn pending_is_nothing_a_worker_can_say() {
    let (cluster, id) = with_a_task(spec());
    let report = Command::Report(go_report(&id, Status::Pending));
    let impossible = Rejection::ImpossibleStatus(Status::Pending);
    assert_eq!(cluster.decide(report), Err(impossible));
}

#[test]
fn a_report_about_an_unknown_task_is_refused() {
    let cluster = Cluster::new();
    let report = Command::Report(go_report(&"x".into(), Status::Running));
    assert_eq!(
        cluster.decide(report),
        Err(Rejection::UnknownTask("x".into()))
    );
}

#[test]
fn progress_before_it_runs_is_told_once() {
    let (mut cluster, id) = with_a_task(spec());
    let pulling = Report {
        reason: Some("pulling nginx:latest".into()),
        ..cluster.says(&id, Status::Scheduled)
    };
    assert_eq!(cluster.report(pulling.clone()), [Kind::TaskProgress]);
    assert_eq!(cluster.report(pulling), []);
    assert_eq!(&*cluster.task(&id).reason, "pulling nginx:latest");
    let retried = Report {
        error: Some("registry refuses".into()),
        ..cluster.says(&id, Status::Scheduled)
    };
    cluster.report(retried);
    assert_eq!(&*cluster.task(&id).reason, "registry refuses");
    assert_eq!(cluster.task(&id).error(), None);
    cluster.becomes(&id, Status::Running);
    assert_eq!(&*cluster.task(&id).reason, "");
}

#[test]
fn a_container_id_is_never_wiped_but_a_new_container_is_noticed() {
    let (mut cluster, id) = with_a_task(spec());
    let with_container = |cluster: &Cluster, container: &str| Report {
        container_id: Some(container.into()),
        ..cluster.says(&id, Status::Running)
    };
    let first = with_container(&cluster, "c1");
    cluster.report(first);
    cluster.becomes(&id, Status::Running);
    assert_eq!(cluster.task(&id).container_id.as_deref(), Some("c1"));
    let second = with_container(&cluster, "c2");
    assert_eq!(cluster.report(second), [Kind::TaskProgress]);
    cluster.becomes(&id, Status::Failed);
    assert_eq!(cluster.task(&id).container_id.as_deref(), Some("c2"));
}

#[test]
fn restarts_are_counted_and_never_counted_down() {
    let (mut cluster, id) = with_a_task(spec());
    cluster.becomes(&id, Status::Running);
    let restarted = |cluster: &Cluster, count, reason: Option<&str>| Report {
        restart_count: Some(count),
        reason: reason.map(str::to_owned),
        ..cluster.says(&id, Status::Running)
    };
    let report = restarted(&cluster, 2, Some("after exit code 1"));
    assert_eq!(cluster.report(report), [Kind::TaskRestarted]);
    let message = cluster.task(&id).events().pop().unwrap().message;
    assert_eq!(
        message,
        "container restarted (restart 2): after exit code 1"
    );
    let late = restarted(&cluster, 1, None);
    assert_eq!(cluster.report(late), []);
    let next = restarted(&cluster, 3, None);
    assert_eq!(cluster.report(next), [Kind::TaskRestarted]);
    assert_eq!(cluster.task(&id).restart_count, 3);
    assert_eq!(&*cluster.task(&id).reason, "");
}

#[test]
fn a_health_check_is_followed() {
    let (mut cluster, id) = with_a_task(spec());
    cluster.becomes(&id, Status::Running);
    let healthy = Report {
        health: Some("healthy".into()),
        ..cluster.says(&id, Status::Running)
    };
    assert_eq!(cluster.report(healthy.clone()), [Kind::TaskHealth]);
    assert_eq!(cluster.report(healthy), []);
    assert_eq!(cluster.task(&id).health.as_deref(), Some("healthy"));
}

#[test]
fn a_short_task_that_nobody_saw_running_has_run() {
    let (mut cluster, id) = with_a_task(spec());
    let report = ended(&cluster, &id, Status::Completed, 0);
    cluster.report(report);
    assert_eq!(cluster.task(&id).started_at, Some(cluster.now.wall));
}

#[test]
fn a_task_keeps_its_last_20_events() {
    let (mut cluster, id) = with_a_task(spec());
    for layer in 0..30 {
        let pulling = Report {
            reason: Some(format!("pulling layer {layer}")),
            ..cluster.says(&id, Status::Scheduled)
        };
        cluster.report(pulling);
    }
    let history = cluster.task(&id).events();
    assert_eq!(history.len(), 20);
    assert_eq!(history[0].message, "pulling layer 10");
    assert_eq!(history[19].message, "pulling layer 29");
}

#[test]
fn what_a_worker_says_of_a_container_is_one_line_of_bounded_length() {
    let (mut cluster, id) = with_a_task(spec());
    let running = Report {
        container_id: Some("c\n1".into()),
        health: Some("h".repeat(100_000)),
        ..cluster.says(&id, Status::Running)
    };
    cluster.report(running.clone());
    let task = cluster.task(&id);
    assert_eq!(task.container_id.as_deref(), Some("c 1"));
    assert!(task.health.as_ref().unwrap().len() < 2_000);
    assert_eq!(cluster.report(running), [], "the same is no news");
}
