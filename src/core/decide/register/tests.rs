//! Who may register, and what becomes of a node that does, beats or signs off.

mod address;

use std::collections::BTreeMap;

use crate::core::test_cluster::{Cluster, heartbeat, registration, slots_only, spec};
use crate::core::{
    Availability, Capacity, Command, Deregister, EngineCondition, Heartbeat, Kind, Node, NodeId,
    Register, Rejection, Spec, State, Status, Write,
};

fn node<'a>(cluster: &'a Cluster, id: &str) -> &'a Node {
    cluster.state.node(&NodeId::from(id)).unwrap()
}

/// What a worker of the Go project sends.
fn go_registration(hostname: &str) -> Register {
    Register {
        node: None,
        version: None,
        tasks: None,
        condition: EngineCondition::Unsaid,
        capacity: slots_only(10),
        ..registration(hostname)
    }
}

fn refused(change: impl FnOnce(&mut Register)) -> String {
    let mut register = registration("a");
    change(&mut register);
    Cluster::new().invalid(Command::Register(register))
}

#[test]
fn a_new_worker_is_a_new_node() {
    let mut cluster = Cluster::new();
    assert_eq!(cluster.register(registration("a")), [Kind::NodeRegistered]);
    let node = node(&cluster, "a");
    assert!(node.is_ready() && node.is_podling());
    assert_eq!(node.heartbeat_interval_ms, 30_000);
    assert_eq!(node.registered_at, cluster.now.wall);
}

#[test]
fn a_worker_without_an_id_is_known_by_its_address() {
    let mut cluster = Cluster::new();
    cluster.register(go_registration("host"));
    let made = cluster.state.node_at("host", 8081).unwrap().id.clone();
    assert_eq!(made.as_str(), "20231114221320-aaaaaaaa");
    assert_eq!(cluster.register(go_registration("host")), []);
    assert_eq!(cluster.state.nodes().len(), 1);
    assert!(!node(&cluster, made.as_str()).is_podling());
    cluster.register(go_registration("other"));
    assert_eq!(cluster.state.nodes().len(), 2);
}

#[test]
fn a_worker_that_registers_again_without_news_changes_nothing() {
    let mut cluster = Cluster::new();
    cluster.register(registration("a"));
    cluster.pass(1_000);
    assert_eq!(cluster.register(registration("a")), []);
}

#[test]
fn a_go_worker_that_was_started_again_has_nothing_left_to_run() {
    let mut cluster = Cluster::new();
    cluster.register(go_registration("host"));
    let running = cluster.submit(spec());
    cluster.becomes(&running, Status::Running);
    let scheduled = cluster.submit(spec());
    let once = cluster.submit(Spec {
        max_attempts: Some(1),
        ..spec()
    });
    cluster.pass(1_000);
    assert_eq!(
        cluster.register(go_registration("host")),
        [
            Kind::TaskRescheduled,
            Kind::TaskRescheduled,
            Kind::TaskFailed
        ]
    );
    for id in [running, scheduled] {
        let reason = &cluster.task(&id).reason;
        assert!(reason.contains("was started again"), "{reason}");
    }
    assert_eq!(cluster.task(&once).status, Status::Failed);
    // A worker that says what it kept has not lost the rest: it is told to run it again.
    cluster.register(registration("b"));
    let id = cluster.submit(spec());
    assert_eq!(cluster.node_of(&id), "b");
    assert_eq!(cluster.register(registration("b")), []);
}

#[test]
fn what_changed_is_named() {
    let mut cluster = Cluster::new();
    cluster.register(registration("a"));
    cluster.pass(20_000);
    let changed = Register {
        port: 9000,
        capacity: slots_only(3),
        labels: BTreeMap::from([("zone".into(), "b".into())]),
        condition: EngineCondition::Degraded("no docker".into()),
        heartbeat_interval_ms: Some(5_000),
        ..registration("a")
    };
    assert_eq!(cluster.register(changed), [Kind::NodeUpdated]);
    let events = cluster.state.events_after(1).unwrap();
    assert_eq!(
        events[0].message,
        "registered again: address, capacity, labels, engine's condition, heartbeat interval changed"
    );
    assert_eq!(cluster.state.node_at("a", 8081), None);
    assert_eq!(cluster.state.node_at("a", 9000).unwrap().id.as_str(), "a");
    assert_eq!(node(&cluster, "a").degraded.as_deref(), Some("no docker"));
}

#[test]
fn an_offline_node_comes_back() {
    let mut cluster = Cluster::new();
    let a = cluster.add_node("a", 5);
    cluster.deregister(&a);
    assert_eq!(node(&cluster, "a").offline_reason, "signed off");
    cluster.pass(1_000);
    assert_eq!(
        cluster.register(Register {
            capacity: slots_only(5),
            ..registration("a")
        }),
        [Kind::NodeOnline]
    );
    assert!(node(&cluster, "a").is_ready());
    assert_eq!(node(&cluster, "a").offline_reason, "");
    assert_eq!(node(&cluster, "a").heard_at, cluster.now.wall);
}

#[test]
fn an_operators_drain_ends_only_when_the_node_is_uncordoned() {
    let mut cluster = Cluster::new();
    let a = cluster.add_node("a", 5);
    cluster.drain(&a, 60);
    // Its worker shuts down while it is drained, and comes back.
    cluster.drain_by_worker(&a, 10);
    let drain = node(&cluster, "a").drain.unwrap();
    assert_eq!(drain.deadline, cluster.now.wall.plus_ms(10_000));
    assert_eq!(cluster.drain_by_worker(&a, 20), []);
    cluster.register(Register {
        labels: BTreeMap::from([("new".into(), "yes".into())]),
        ..registration("a")
    });
    assert_eq!(node(&cluster, "a").drain, Some(drain));
    cluster.deregister(&a);
    cluster.register(registration("a"));
    assert_eq!(node(&cluster, "a").drain, Some(drain));
    cluster.run(Command::Uncordon(a));
    assert!(node(&cluster, "a").is_ready());
}

#[test]
fn a_worker_that_died_while_it_shut_down_takes_tasks_when_it_comes_back() {
    let mut cluster = Cluster::new();
    cluster.register(registration("a"));
    let a = NodeId::from("a");
    cluster.drain_by_worker(&a, 60);
    assert_eq!(cluster.register(registration("a")), [Kind::NodeUpdated]);
    assert!(node(&cluster, "a").is_ready());
    let last = cluster.state.last_event();
    let events = cluster.state.events_after(last - 1).unwrap();
    assert_eq!(events[0].message, "registered again: drain changed");
    cluster.drain_by_worker(&a, 60);
    cluster.deregister(&a);
    assert_eq!(node(&cluster, "a").drain, None);
    // An operator who drains it meanwhile means it to stay drained.
    cluster.register(registration("a"));
    cluster.drain_by_worker(&a, 60);
    cluster.drain(&a, 60);
    cluster.register(registration("a"));
    assert!(node(&cluster, "a").drain.is_some());
}

#[test]
fn what_the_worker_says_about_its_tasks_is_merged() {
    let mut cluster = Cluster::new();
    cluster.add_node("a", 5);
    let id = cluster.submit(spec());
    let mut report = cluster.says(&id, Status::Completed);
    report.node = None;
    let kinds = cluster.register(Register {
        capacity: slots_only(5),
        tasks: Some(vec![report]),
        ..registration("a")
    });
    assert_eq!(kinds, [Kind::TaskCompleted]);
}

#[test]
fn a_node_that_comes_back_smaller_gives_up_what_was_placed_last() {
    let mut cluster = Cluster::new();
    cluster.register(registration("a"));
    let asking = |cpu_millicores, memory_bytes| {
        let mut spec = spec();
        spec.requests.cpu_millicores = cpu_millicores;
        spec.requests.memory_bytes = memory_bytes;
        spec
    };
    let first = cluster.submit(asking(500, 10));
    let large = cluster.submit(Spec {
        max_attempts: Some(1),
        ..asking(600, 10)
    });
    let last = cluster.submit(asking(500, 10));
    let kinds = cluster.register(Register {
        capacity: Capacity {
            slots: Some(2),
            cpu_millicores: Some(1_000),
            memory_bytes: Some(20),
        },
        ..registration("a")
    });
    assert_eq!(kinds, [Kind::TaskFailed, Kind::NodeUpdated]);
    assert_eq!(
        cluster.task(&large).error(),
        Some("node a has less room than before")
    );
    assert_eq!(
        (cluster.node_of(&first), cluster.node_of(&last)),
        ("a", "a")
    );
    cluster.register(Register {
        capacity: slots_only(1),
        ..registration("a")
    });
    assert_eq!(
        (cluster.node_of(&first), cluster.node_of(&last)),
        ("a", "none")
    );
}

#[test]
fn an_engine_that_is_not_said_again_is_still_known() {
    let mut cluster = Cluster::new();
    let engine = crate::core::Engine {
        name: "docker".into(),
        ..Default::default()
    };
    cluster.register(Register {
        engine: Some(engine.clone()),
        ..registration("a")
    });
    cluster.register(Register {
        condition: EngineCondition::Degraded("no answer".into()),
        ..registration("a")
    });
    assert_eq!(node(&cluster, "a").engine, Some(engine));
}

#[test]
fn bad_fields_are_named() {
    assert_eq!(
        refused(|register| register.node = Some("a b".into())),
        "nodeId"
    );
    assert_eq!(
        refused(|register| register.hostname = String::new()),
        "hostname"
    );
    assert_eq!(
        refused(|register| register.hostname = "a/b".into()),
        "hostname"
    );
    assert_eq!(refused(|register| register.port = 0), "port");
    let bad = BTreeMap::from([(String::new(), String::new())]);
    assert_eq!(refused(|register| register.labels = bad), "labels[\"\"]");
    let never = |register: &mut Register| register.heartbeat_interval_ms = Some(0);
    assert_eq!(refused(never), "heartbeatIntervalMs");
}

#[test]
fn a_worker_that_signs_off_leaves_its_tasks_to_others() {
    let mut cluster = Cluster::new();
    let a = cluster.add_node("a", 5);
    let [run, stopping, removing] = [(); 3].map(|()| cluster.submit(spec()));
    cluster.stop(&stopping);
    cluster.remove(&removing, true);
    let once = cluster.submit(Spec {
        max_attempts: Some(1),
        ..spec()
    });
    assert_eq!(
        cluster.deregister(&a),
        [
            Kind::NodeOffline,
            Kind::TaskRescheduled,
            Kind::TaskStopped,
            Kind::TaskRemoved,
            Kind::TaskFailed,
        ]
    );
    assert_eq!(cluster.task(&run).status, Status::Pending);
    assert_eq!(
        &*cluster.task(&stopping).reason,
        "stopped: node a signed off"
    );
    assert_eq!(cluster.task(&once).error(), Some("node a signed off"));
    assert_eq!(cluster.deregister(&a), []);
    assert_eq!(node(&cluster, "a").availability, Availability::Offline);
    let nobody = Command::Deregister(Deregister { node: "x".into() });
    assert_eq!(
        cluster.decide(nobody),
        Err(Rejection::UnknownNode("x".into()))
    );
}

#[test]
fn a_workers_drain_that_came_late_ends_when_it_says_that_it_takes_tasks() {
    let mut cluster = Cluster::new();
    cluster.register(registration("a"));
    let a = NodeId::from("a");
    let beat = || {
        Command::Heartbeat(Heartbeat {
            node: NodeId::from("a"),
            tasks: None,
            engine: None,
            condition: EngineCondition::Ready,
        })
    };
    // The last word but one of a process that is gone.
    cluster.drain_by_worker(&a, 60);
    assert_eq!(cluster.run(beat()), [Kind::NodeUncordoned]);
    assert!(node(&cluster, "a").is_ready());
    cluster.drain(&a, 60);
    assert_eq!(cluster.run(beat()), []);
}
