//! The commands that fit on a page each; `submit`, `report` and `register` have their own.

mod nodes;

use super::PRUNE_LIMIT;
use crate::core::test_cluster::{Cluster, heartbeat, registration, spec};
use crate::core::{
    Availability, Brake, Change, Command, Deregister, Desired, Drain, EngineCondition, Event,
    Heartbeat, Kind, Node, NodeId, Register, Rejection, Remove, Report, Status, Stop, Task, TaskId,
    Write,
};

fn node<'a>(cluster: &'a Cluster, id: &NodeId) -> &'a Node {
    cluster.state.node(id).unwrap()
}

fn stop(task: &TaskId, grace_seconds: u32) -> Command {
    Command::Stop(Stop {
        task: task.clone(),
        grace_seconds,
    })
}

/// One node with two slots, and a task on it.
fn with_a_task() -> (Cluster, NodeId, TaskId) {
    let mut cluster = Cluster::new();
    let node = cluster.add_node("a", 2);
    let task = cluster.submit(spec());
    (cluster, node, task)
}

fn some_event(cluster: &Cluster) -> Event {
    Event {
        sequence: cluster.state.last_event() + 1,
        at: cluster.now.wall,
        kind: Kind::NodeOffline,
        task: None,
        node: None,
        attempt: 0,
        message: String::new(),
    }
}

#[test]
fn a_waiting_task_is_stopped_at_once() {
    let mut cluster = Cluster::new();
    let id = cluster.submit(spec());
    assert_eq!(cluster.stop(&id), [Kind::TaskStopped]);
    assert_eq!(
        &*cluster.task(&id).reason,
        "stopped by a user before it had a node"
    );
    assert_eq!(cluster.stop(&id), []);
}

#[test]
fn a_task_with_a_node_ends_there_and_asking_twice_changes_nothing() {
    let (mut cluster, _, id) = with_a_task();
    assert_eq!(cluster.stop(&id), [Kind::TaskStopping]);
    assert_eq!(cluster.task(&id).status, Status::Scheduled);
    assert_eq!(cluster.stop(&id), []);
    assert_eq!(cluster.run(stop(&id, 1)), [Kind::TaskStopping]);
    // Nobody gets more time than was said before.
    assert_eq!(cluster.run(stop(&id, 1)), []);
    assert_eq!(cluster.run(stop(&id, 60)), []);
    assert_eq!(
        cluster.task(&id).desired,
        Desired::Stop { grace_seconds: 1 }
    );
}

#[test]
fn a_moved_task_that_is_stopped_gets_no_more_time_and_does_not_go_on_elsewhere() {
    let (mut cluster, a, id) = with_a_task();
    cluster.drain(&a, 0);
    assert_eq!(cluster.run(stop(&id, 60)), [Kind::TaskStopping]);
    let desired = Desired::Stop { grace_seconds: 10 };
    assert_eq!(cluster.task(&id).desired, desired);
}

#[test]
fn a_task_that_is_being_stopped_says_why() {
    let (mut cluster, a, id) = with_a_task();
    cluster.drain(&a, 0);
    let moved = "stopping: node a is being drained";
    assert_eq!(&*cluster.task(&id).reason, moved);
    cluster.stop(&id);
    let stopped = "stopping: a user asked for it";
    assert_eq!(&*cluster.task(&id).reason, stopped);
    cluster.becomes(&id, Status::Running);
    assert_eq!(&*cluster.task(&id).reason, stopped);
    assert_eq!(
        cluster.task(&id).events().last().unwrap().message,
        "runs on node a"
    );
    let report = Report {
        reason: Some("SIGTERM sent".into()),
        ..cluster.says(&id, Status::Running)
    };
    cluster.report(report);
    assert_eq!(&*cluster.task(&id).reason, "SIGTERM sent");
    cluster.remove(&id, true);
    let removed = "stopping: a user wants it removed";
    assert_eq!(&*cluster.task(&id).reason, removed);
}

#[test]
fn a_task_that_is_being_removed_is_not_merely_stopped() {
    let (mut cluster, _, id) = with_a_task();
    cluster.remove(&id, true);
    assert_eq!(cluster.stop(&id), []);
}

#[test]
fn a_stop_that_cannot_be_is_refused() {
    let (cluster, _, id) = with_a_task();
    assert_eq!(cluster.invalid(stop(&id, 86_401)), "gracePeriodSeconds");
    let unknown = TaskId::from("x");
    assert_eq!(
        cluster.decide(stop(&unknown, 1)),
        Err(Rejection::UnknownTask(unknown))
    );
}

#[test]
fn a_running_task_is_removed_only_with_force() {
    let (mut cluster, _, id) = with_a_task();
    let command = Command::Remove(Remove {
        task: id.clone(),
        force: false,
    });
    let refused = Rejection::NotEnded {
        task: id.clone(),
        status: Status::Scheduled,
    };
    assert_eq!(cluster.decide(command), Err(refused));
    assert_eq!(cluster.remove(&id, true), [Kind::TaskStopping]);
    assert_eq!(cluster.remove(&id, true), []);
    cluster.becomes(&id, Status::Failed);
    assert_eq!(cluster.state.task(&id), None);
}

#[test]
fn waiting_and_ended_tasks_are_removed_at_once() {
    let (mut cluster, _, ended) = with_a_task();
    cluster.becomes(&ended, Status::Completed);
    assert_eq!(cluster.remove(&ended, false), [Kind::TaskRemoved]);
    let waiting = Cluster::new().submit(spec());
    let mut cluster = Cluster::new();
    assert_eq!(cluster.submit(spec()), waiting);
    assert_eq!(cluster.remove(&waiting, false), [Kind::TaskRemoved]);
    let command = Command::Remove(Remove {
        task: waiting.clone(),
        force: true,
    });
    assert_eq!(
        cluster.decide(command),
        Err(Rejection::UnknownTask(waiting))
    );
}

#[test]
fn a_task_whose_node_is_gone_is_removed_at_once() {
    let (mut cluster, a, id) = with_a_task();
    // No command leads here: it is what a state written by hand could hold.
    let offline = Node {
        availability: Availability::Offline,
        ..node(&cluster, &a).clone()
    };
    cluster.state.apply(&Change {
        write: Write::PutNode(offline.into()),
        event: some_event(&cluster).into(),
    });
    assert_eq!(cluster.remove(&id, true), [Kind::TaskRemoved]);
}
