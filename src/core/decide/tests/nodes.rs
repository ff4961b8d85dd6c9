//! Commands about nodes, and the ones for all of the cluster.

use super::*;

#[test]
fn a_heartbeat_without_news_changes_nothing() {
    let (mut cluster, a, id) = with_a_task();
    cluster.becomes(&id, Status::Running);
    let same = cluster.says(&id, Status::Running);
    let beat = Command::Heartbeat(Heartbeat {
        tasks: Some(vec![same]),
        condition: EngineCondition::Ready,
        ..heartbeat(&a)
    });
    assert_eq!(cluster.run(beat), []);
    assert_eq!(cluster.beat(&a), []);
}

#[test]
fn a_heartbeat_tells_about_tasks_and_what_it_can_not_know_is_left_out() {
    let (mut cluster, a, id) = with_a_task();
    let mut report = cluster.says(&id, Status::Running);
    report.node = Some("a liar".into());
    let mut unknown = report.clone();
    unknown.task = "x".into();
    let mut impossible = report.clone();
    impossible.status = Status::Pending;
    let beat = Command::Heartbeat(Heartbeat {
        tasks: Some(vec![unknown, impossible, report]),
        ..heartbeat(&a)
    });
    assert_eq!(cluster.run(beat), [Kind::TaskRunning]);
}

#[test]
fn an_engine_that_fails_and_recovers_is_noted_once_each() {
    let (mut cluster, a, _) = with_a_task();
    let mut beat = |condition| {
        cluster.run(Command::Heartbeat(Heartbeat {
            condition,
            ..heartbeat(&a)
        }))
    };
    let failing = || EngineCondition::Degraded("docker does not answer".into());
    assert_eq!(beat(failing()), [Kind::NodeDegraded]);
    assert_eq!(beat(failing()), []);
    assert_eq!(beat(EngineCondition::Unsaid), []);
    assert_eq!(beat(EngineCondition::Ready), [Kind::NodeRecovered]);
    assert_eq!(beat(EngineCondition::Ready), []);
    assert!(node(&cluster, &a).is_ready());
}

#[test]
fn a_heartbeat_that_arrives_after_the_sign_off_brings_nobody_back() {
    let (mut cluster, a, _) = with_a_task();
    cluster.deregister(&a);
    let late = cluster.decide(Command::Heartbeat(heartbeat(&a)));
    assert_eq!(late, Err(Rejection::UnknownNode(a)));
    cluster.register(registration("a"));
    // A worker of the Go project never registers again.
    let go = cluster.register(Register {
        version: None,
        ..registration("go")
    });
    assert_eq!(go, [Kind::NodeRegistered]);
    cluster.deregister(&"go".into());
    assert_eq!(cluster.beat(&"go".into()), [Kind::NodeOnline]);
}

#[test]
fn a_heartbeat_brings_an_offline_node_back() {
    let (mut cluster, a, id) = with_a_task();
    cluster.becomes(&id, Status::Running);
    let stale = cluster.says(&id, Status::Completed);
    cluster.pass(15_000);
    cluster.nodes();
    assert_eq!(node(&cluster, &a).availability, Availability::Offline);
    let beat = Command::Heartbeat(Heartbeat {
        tasks: Some(vec![stale]),
        ..heartbeat(&a)
    });
    assert_eq!(cluster.run(beat), [Kind::NodeOnline]);
    assert!(node(&cluster, &a).is_ready());
    assert_eq!(node(&cluster, &a).heard_at, cluster.now.wall);
    assert_eq!(cluster.task(&id).status, Status::Pending);
}

#[test]
fn a_drain_waits_and_ends_with_uncordon() {
    let (mut cluster, a, id) = with_a_task();
    assert_eq!(cluster.drain(&a, 60), [Kind::NodeDraining]);
    assert_eq!(cluster.drain(&a, 60), []);
    assert_eq!(cluster.task(&id).desired, Desired::Run);
    assert_eq!(
        cluster.run(Command::Uncordon(a.clone())),
        [Kind::NodeUncordoned]
    );
    assert_eq!(cluster.run(Command::Uncordon(a.clone())), []);
    assert!(node(&cluster, &a).is_ready());
    assert_eq!(cluster.drain(&a, 2_592_000), [Kind::NodeDraining]);
}

#[test]
fn a_drain_without_a_deadline_moves_at_once_what_would_run_on() {
    let (mut cluster, a, moved) = with_a_task();
    let stopping = cluster.submit(spec());
    cluster.stop(&stopping);
    let kinds = cluster.drain(&a, 0);
    assert_eq!(kinds, [Kind::NodeDraining, Kind::TaskStopping]);
    assert!(matches!(cluster.task(&moved).desired, Desired::Move { .. }));
    assert!(matches!(
        cluster.task(&stopping).desired,
        Desired::Stop { .. }
    ));
}

#[test]
fn a_drain_that_would_never_end_is_refused() {
    let (cluster, a, _) = with_a_task();
    for deadline_seconds in [2_592_001, u64::MAX] {
        let drain = Command::Drain(Drain {
            node: a.clone(),
            deadline_seconds,
            by_worker: false,
        });
        assert_eq!(cluster.invalid(drain), "deadlineSeconds");
    }
}

#[test]
fn only_an_offline_node_is_forgotten() {
    let (mut cluster, a, _) = with_a_task();
    let forget = || Command::Forget(NodeId::from("a"));
    assert_eq!(
        cluster.decide(forget()),
        Err(Rejection::NodeOnline(a.clone()))
    );
    cluster.deregister(&a);
    assert_eq!(cluster.run(forget()), [Kind::NodeRemoved]);
    assert_eq!(cluster.state.nodes().len(), 0);
    assert_eq!(cluster.state.last_contact(&a), None);
}

#[test]
fn commands_for_an_unknown_node_are_refused() {
    let x = NodeId::from("x");
    let commands = [
        Command::Heartbeat(heartbeat(&x)),
        Command::Deregister(Deregister { node: x.clone() }),
        Command::Drain(Drain {
            node: x.clone(),
            deadline_seconds: 0,
            by_worker: false,
        }),
        Command::Uncordon(x.clone()),
        Command::Forget(x.clone()),
    ];
    for command in commands {
        let refused = Cluster::new().decide(command);
        assert_eq!(refused, Err(Rejection::UnknownNode(x.clone())));
    }
}

#[test]
fn prune_forgets_what_is_over_and_nothing_else() {
    let (mut cluster, _, ended) = with_a_task();
    let running = cluster.submit(spec());
    let waiting = cluster.submit(spec());
    cluster.becomes(&ended, Status::Failed);
    let gone = cluster.add_node("b", 0);
    cluster.deregister(&gone);
    assert_eq!(
        cluster.run(Command::Prune),
        [Kind::TaskRemoved, Kind::NodeRemoved]
    );
    let left: Vec<_> = cluster.state.tasks().map(|task| task.id.clone()).collect();
    assert_eq!(left, [running, waiting]);
    assert_eq!(cluster.run(Command::Prune), []);
}

#[test]
fn prune_forgets_a_bounded_number_at_a_time() {
    let (mut cluster, _, ended) = with_a_task();
    cluster.becomes(&ended, Status::Failed);
    let gone = cluster.add_node("b", 0);
    cluster.deregister(&gone);
    for n in 0..PRUNE_LIMIT {
        let event = some_event(&cluster);
        let task = Task {
            id: format!("task-{n}").into(),
            sequence: event.sequence,
            ..cluster.task(&ended).clone()
        };
        let write = Write::PutTask(task.into());
        let event = event.into();
        cluster.state.apply(&Change { write, event });
    }
    assert_eq!(cluster.decide(Command::Prune).unwrap().len(), PRUNE_LIMIT);
    cluster.run(Command::Prune);
    assert_eq!(
        cluster.run(Command::Prune),
        [Kind::TaskRemoved, Kind::NodeRemoved]
    );
}

#[test]
fn a_released_brake_lets_go_of_the_silent_nodes_only() {
    let mut cluster = Cluster::new();
    assert_eq!(cluster.run(Command::ReleaseBrake), []);
    let ids = ["a", "b", "c", "d"].map(|id| {
        cluster.register(registration(id));
        NodeId::from(id)
    });
    let id = cluster.submit(spec());
    cluster.pass(15_000);
    cluster.beat(&ids[3]);
    let kinds = cluster.nodes();
    assert_eq!(kinds[0], Kind::BrakeEngaged);
    let brake: &Brake = cluster.state.brake().unwrap();
    assert!(brake.nodes.iter().eq(&ids[..3]), "{brake:?}");
    let kinds = cluster.run(Command::ReleaseBrake);
    let offline = Kind::NodeOffline;
    let rescheduled = Kind::TaskRescheduled;
    assert_eq!(
        kinds,
        [offline, rescheduled, offline, offline, Kind::BrakeReleased]
    );
    assert_eq!(cluster.state.brake(), None);
    cluster.place();
    assert_eq!(cluster.node_of(&id), "d");
    assert_eq!(cluster.nodes(), []);
}
