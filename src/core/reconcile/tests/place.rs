//! Tasks that wait are placed when there is room.

use crate::core::reconcile::place;
use crate::core::reconcile::place_counted;
use crate::core::test_cluster::{Cluster, spec};
use crate::core::{Kind, Now, Requests, Spec, Status};

fn asking(cpu_millicores: u64) -> Spec {
    Spec {
        requests: Requests {
            cpu_millicores,
            memory_bytes: 0,
        },
        ..spec()
    }
}

#[test]
fn the_oldest_task_is_placed_first() {
    let mut cluster = Cluster::new();
    let ids = [(); 3].map(|()| cluster.submit(spec()));
    cluster.add_node("a", 2);
    cluster.place();
    let statuses = ids.map(|id| cluster.task(&id).status);
    assert_eq!(
        statuses,
        [Status::Scheduled, Status::Scheduled, Status::Pending]
    );
}

#[test]
fn one_activation_sees_what_it_has_placed_itself() {
    let mut cluster = Cluster::new();
    let ids = [(); 5].map(|()| cluster.submit(spec()));
    for id in ["a", "b"] {
        cluster.add_node(id, 2);
    }
    cluster.place();
    let nodes = ids.map(|id| cluster.node_of(&id).to_owned());
    assert_eq!(nodes, ["a", "b", "a", "b", "none"]);
}

#[test]
fn a_small_task_passes_a_large_one_that_fits_nowhere() {
    let mut cluster = Cluster::new();
    let large = cluster.submit(asking(8_000));
    let small = cluster.submit(asking(500));
    cluster.register(crate::core::Register {
        capacity: crate::core::Capacity {
            cpu_millicores: Some(1_000),
            ..Default::default()
        },
        ..crate::core::test_cluster::registration("a")
    });
    assert_eq!(
        cluster.place(),
        [Kind::TaskUnschedulable, Kind::TaskScheduled]
    );
    assert_eq!(cluster.node_of(&small), "a");
    assert_eq!(
        &*cluster.task(&large).reason,
        "no node takes it: 1 node: not enough cpu (asks 8, most free 1)"
    );
}

#[test]
fn why_a_task_waits_is_written_only_when_it_changes() {
    let mut cluster = Cluster::new();
    let first = cluster.submit(spec());
    let second = cluster.submit(spec());
    assert_eq!(cluster.place(), []);
    cluster.add_node("a", 0);
    assert_eq!(cluster.place(), [Kind::TaskUnschedulable; 2]);
    assert_eq!(cluster.task(&first).reason, cluster.task(&second).reason);
    assert_eq!(cluster.place(), []);
}

#[test]
fn other_figures_are_no_other_reason() {
    let mut cluster = Cluster::new();
    cluster.register(crate::core::Register {
        capacity: crate::core::Capacity {
            cpu_millicores: Some(1_000),
            ..Default::default()
        },
        ..crate::core::test_cluster::registration("a")
    });
    let waits = cluster.submit(asking(8_000));
    cluster.place();
    let reason = cluster.task(&waits).reason.clone();
    cluster.submit(asking(500));
    assert_eq!(cluster.place(), []);
    assert_eq!(cluster.task(&waits).reason, reason);
    cluster.drain(&"a".into(), 60);
    assert_eq!(cluster.place(), [Kind::TaskUnschedulable]);
}

#[test]
fn an_activation_makes_at_most_so_many_changes() {
    let mut cluster = Cluster::new();
    for _ in 0..5 {
        cluster.submit(spec());
    }
    cluster.add_node("a", 10);
    assert_eq!(place(&cluster.state, cluster.now, 2).len(), 2);
    assert_eq!(place(&cluster.state, cluster.now, 0), []);
}

#[test]
fn many_tasks_that_fit_nowhere_do_not_hide_one_that_does() {
    let mut cluster = Cluster::new();
    for cpu in 1..=20 {
        cluster.submit(asking(1_000_000 + cpu));
    }
    let fits = cluster.submit(asking(1));
    cluster.register(crate::core::Register {
        capacity: crate::core::Capacity {
            cpu_millicores: Some(1_000),
            ..Default::default()
        },
        ..crate::core::test_cluster::registration("a")
    });
    for random in 0..100 {
        cluster.now.random = random;
        let changes = place(&cluster.state, cluster.now, 4);
        assert!(changes.len() <= 4);
        cluster.apply(&changes);
    }
    assert_eq!(cluster.node_of(&fits), "a");
}

#[test]
fn however_many_wait_only_so_many_are_looked_at() {
    let mut cluster = Cluster::new();
    let ids: Vec<_> = (0..1_000).map(|_| cluster.submit(asking(9_000))).collect();
    let fits = cluster.submit(asking(1));
    cluster.register(crate::core::Register {
        capacity: crate::core::Capacity {
            cpu_millicores: Some(1_000),
            ..Default::default()
        },
        ..crate::core::test_cluster::registration("a")
    });
    // None of them hides the one that fits, though it is the youngest.
    for random in 0..1_000 {
        cluster.now.random = random * 7_919;
        let (changes, looks) = place_counted(&cluster.state, cluster.now, 4);
        assert!(changes.len() <= 4 && looks <= 40, "{looks}");
        for change in &changes {
            cluster.state.apply(change);
        }
    }
    assert_eq!(cluster.node_of(&fits), "a");
    let told = |id: &&crate::core::TaskId| cluster.task(id).reason.contains("not enough cpu");
    let told = ids.iter().filter(told).count();
    assert!(told > 800, "{told} of 1000 know why they wait");
    cluster.state.check().unwrap();
}

#[test]
fn wherever_it_begins_something_that_fits_is_placed() {
    let mut cluster = Cluster::new();
    // Two questions, both first asked early; what came last asks the first of them again.
    for cpu_millicores in [1, 2].into_iter().chain([1; 100]) {
        cluster.submit(asking(cpu_millicores));
    }
    cluster.add_node("a", 5);
    for random in 0..500 {
        let now = Now {
            random,
            ..cluster.now
        };
        let changes = place(&cluster.state, now, 1);
        assert_eq!(changes.len(), 1, "beginning with {random}");
    }
}
