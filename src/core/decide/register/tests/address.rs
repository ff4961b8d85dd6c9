//! Two workers and one id or address: who has it.

use super::*;

#[test]
fn an_id_that_a_live_worker_has_is_refused_at_another_address() {
    let mut cluster = Cluster::new();
    let a = cluster.add_node("a", 5);
    let elsewhere = || {
        Command::Register(Register {
            hostname: "b".into(),
            ..registration("a")
        })
    };
    cluster.pass(9_999);
    let taken = Rejection::NodeIdTaken {
        node: a.clone(),
        address: "a:8081".into(),
    };
    assert_eq!(cluster.decide(elsewhere()), Err(taken.clone()));
    cluster.state.probed(&a, true, cluster.now);
    cluster.pass(1);
    assert_eq!(cluster.decide(elsewhere()), Err(taken));
    cluster.pass(9_999);
    assert_eq!(cluster.run(elsewhere()), [Kind::NodeUpdated]);
}

#[test]
fn who_registers_at_an_address_has_it() {
    let mut cluster = Cluster::new();
    let before = cluster.add_node("a", 5);
    let id = cluster.submit(spec());
    let again = Register {
        hostname: "a".into(),
        ..registration("b")
    };
    // Unless it was heard a moment ago: two hosts that say they are at the same address would take
    // each other's tasks with every registration.
    cluster.pass(9_999);
    cluster.state.probed(&before, true, cluster.now);
    let taken = Rejection::AddressTaken {
        node: before.clone(),
        address: "a:8081".into(),
    };
    let refused = cluster.decide(Command::Register(again.clone()));
    assert_eq!(refused, Err(taken));
    cluster.pass(1);
    assert_eq!(
        cluster.register(again),
        [
            Kind::NodeOffline,
            Kind::TaskRescheduled,
            Kind::NodeRegistered
        ]
    );
    assert_eq!(
        node(&cluster, "a").offline_reason,
        "node b registered at its address a:8081"
    );
    assert_eq!(cluster.task(&id).status, Status::Pending);
    assert_eq!(cluster.state.node_at("a", 8081).unwrap().id.as_str(), "b");
    // The old record goes without taking the address from the one that has it now.
    assert_eq!(cluster.run(Command::Forget(before)), [Kind::NodeRemoved]);
    assert_eq!(cluster.state.node_at("a", 8081).unwrap().id.as_str(), "b");
}

/// Whoever holds an address in the records, in the order of their ids, as a master loads them.
fn reloaded(cluster: &Cluster) -> State {
    let nodes = cluster.state.nodes().cloned().map(Write::PutNode);
    let tasks = cluster.state.tasks().cloned().map(Write::PutTask);
    let policy = cluster.state.policy().clone();
    let last_event = cluster.state.last_event();
    State::load(policy, nodes.chain(tasks), last_event, cluster.now)
}

#[test]
fn an_address_stays_with_the_live_node_when_the_master_starts_again() {
    let mut cluster = Cluster::new();
    // The old record has the greater id, so it is loaded last.
    let old = cluster.add_node("old", 5);
    cluster.deregister(&old);
    cluster.register(Register {
        hostname: "old".into(),
        ..registration("laptop")
    });
    let live = |state: &State| state.node_at("old", 8081).unwrap().id.clone();
    assert_eq!(live(&cluster.state).as_str(), "laptop");
    assert_eq!(live(&reloaded(&cluster)).as_str(), "laptop");
    // And it is the old one's again when the live one leaves.
    cluster.pass(10_000);
    cluster.register(registration("laptop"));
    assert_eq!(cluster.state.node_at("old", 8081).unwrap().id, old);
    assert_eq!(live(&reloaded(&cluster)), old);
}

#[test]
fn a_heartbeat_of_a_node_that_lost_its_address_does_not_bring_it_back() {
    let mut cluster = Cluster::new();
    let lost = cluster.add_node("a", 5);
    cluster.pass(20_000);
    cluster.register(Register {
        hostname: "a".into(),
        ..registration("b")
    });
    let beat = Command::Heartbeat(heartbeat(&lost));
    assert_eq!(
        cluster.decide(beat.clone()),
        Err(Rejection::UnknownNode(lost.clone())),
        "it is to register again, and say where it is"
    );
    cluster.deregister(&"b".into());
    assert_eq!(cluster.run(beat), [Kind::NodeOnline]);
}
