//! How tasks end: by themselves, by their user, by a drain.

use super::*;

#[test]
fn the_reason_says_how_it_ended() {
    let cases = [
        (Status::Failed, Some(1), None, "exit code 1"),
        (Status::Failed, Some(137), None, "exit code 137 (killed)"),
        (
            Status::Failed,
            Some(137),
            Some("out of memory"),
            "exit code 137 (killed; out of memory)",
        ),
        (
            Status::Failed,
            Some(3),
            Some("got exit code 3"),
            "got exit code 3",
        ),
        (Status::Failed, None, Some("no such image"), "no such image"),
        (
            Status::Failed,
            None,
            None,
            "failed; its worker does not say why",
        ),
        (
            Status::Failed,
            Some(127),
            None,
            "exit code 127 (command not found)",
        ),
        (
            Status::Failed,
            Some(126),
            None,
            "exit code 126 (command can't be executed)",
        ),
        (
            Status::Failed,
            Some(139),
            None,
            "exit code 139 (segmentation fault)",
        ),
        (Status::Failed, Some(134), None, "exit code 134 (aborted)"),
        (
            Status::Failed,
            Some(130),
            None,
            "exit code 130 (interrupted)",
        ),
        (Status::Failed, Some(129), None, "exit code 129 (hung up)"),
    ];
    for (status, exit_code, error, reason) in cases {
        let (mut cluster, id) = with_a_task(spec());
        let report = Report {
            exit_code,
            error: error.map(str::to_owned),
            ..cluster.says(&id, status)
        };
        cluster.report(report);
        assert_eq!(&*cluster.task(&id).reason, reason);
        assert_eq!(cluster.task(&id).error(), error);
    }
}

#[test]
fn what_the_worker_says_in_its_own_words_is_kept() {
    let (mut cluster, id) = with_a_task(spec());
    let report = Report {
        reason: Some("container c1 is gone".into()),
        ..ended(&cluster, &id, Status::Failed, 1)
    };
    cluster.report(report);
    assert_eq!(&*cluster.task(&id).reason, "container c1 is gone");
}

#[test]
fn a_stopped_task_is_stopped_by_its_user() {
    let (mut cluster, id) = with_a_task(spec());
    cluster.stop(&id);
    let report = ended(&cluster, &id, Status::Stopped, 143);
    assert_eq!(cluster.report(report), [Kind::TaskStopped]);
    assert_eq!(
        &*cluster.task(&id).reason,
        "stopped by a user, exit code 143 (terminated)"
    );
    let (mut cluster, id) = with_a_task(spec());
    cluster.stop(&id);
    cluster.becomes(&id, Status::Stopped);
    assert_eq!(&*cluster.task(&id).reason, "stopped by a user");
}

#[test]
fn what_ended_by_itself_before_it_was_stopped_has_ended() {
    let (mut cluster, id) = with_a_task(spec());
    cluster.stop(&id);
    let report = ended(&cluster, &id, Status::Completed, 0);
    assert_eq!(cluster.report(report), [Kind::TaskCompleted]);
}

#[test]
fn stopped_without_a_users_request_is_an_eviction() {
    let (mut cluster, id) = with_a_task(spec());
    cluster.becomes(&id, Status::Running);
    let report = Report {
        reason: Some("the worker shuts down".into()),
        ..cluster.says(&id, Status::Stopped)
    };
    let stale = report.clone();
    assert_eq!(cluster.report(report), [Kind::TaskRescheduled]);
    let task = cluster.task(&id);
    assert_eq!((task.status, task.attempt), (Status::Pending, 1));
    assert_eq!(
        &*task.reason,
        "stopped by node a: the worker shuts down; waits for another node"
    );
    assert_eq!((task.node.as_ref(), task.started_at), (None, None));
    assert_eq!(task.events().last().unwrap().node, Some(NodeId::from("a")));
    cluster.place();
    assert_eq!((cluster.task(&id).attempt, cluster.node_of(&id)), (2, "b"));
    assert_eq!(cluster.report(stale), []);
}

#[test]
fn an_eviction_beyond_max_attempts_is_a_failure() {
    let (mut cluster, id) = with_a_task(Spec {
        max_attempts: Some(1),
        ..spec()
    });
    assert_eq!(cluster.becomes(&id, Status::Stopped), [Kind::TaskFailed]);
    let task = cluster.task(&id);
    assert_eq!(task.error(), Some("stopped by node a"));
    assert_eq!(
        &*task.reason,
        "stopped by node a; maxAttempts (1) does not allow another placement"
    );
}

#[test]
fn a_removed_task_goes_when_it_has_ended() {
    let ends = [
        (Status::Stopped, Kind::TaskStopped),
        (Status::Completed, Kind::TaskCompleted),
        (Status::Failed, Kind::TaskFailed),
    ];
    for (status, ended) in ends {
        let (mut cluster, id) = with_a_task(spec());
        cluster.remove(&id, true);
        assert_eq!(cluster.becomes(&id, status), [ended, Kind::TaskRemoved]);
        assert_eq!(cluster.state.task(&id), None);
    }
}

#[test]
fn a_moved_task_is_placed_again_unless_it_ended_by_itself() {
    let (mut cluster, moved) = with_a_task(spec());
    let node = NodeId::from("a");
    cluster.drain(&node, 0);
    assert_eq!(
        cluster.becomes(&moved, Status::Stopped),
        [Kind::TaskRescheduled]
    );
    let reason = &cluster.task(&moved).reason;
    assert_eq!(&**reason, "node a is being drained; waits for another node");

    let (mut cluster, done) = with_a_task(spec());
    cluster.drain(&node, 0);
    assert_eq!(
        cluster.becomes(&done, Status::Completed),
        [Kind::TaskCompleted]
    );
}
