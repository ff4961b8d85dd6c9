//! What is taken as a task, what is refused, and what a repeated submission gets.

use std::sync::Arc;

use crate::core::test_cluster::{Cluster, spec};
use crate::core::{
    Command, Idempotency, Kind, Limits, Pairs, Port, Protocol, Rejection, Requests, Spec, Status,
    Submit,
};

fn submission(spec: Spec) -> Command {
    Command::Submit(Submit {
        spec,
        idempotency: None,
    })
}

fn keyed(key: &str, fingerprint: u64) -> Command {
    Command::Submit(Submit {
        spec: spec(),
        idempotency: Some(Idempotency {
            key: key.into(),
            fingerprint,
        }),
    })
}

fn port(container_port: u16, host_port: Option<u16>, host_ip: Option<&str>) -> Port {
    Port {
        name: None,
        container_port,
        host_port,
        host_ip: host_ip.map(str::to_owned),
        protocol: Protocol::Tcp,
    }
}

fn refused(change: impl FnOnce(&mut Spec)) -> String {
    let mut spec = spec();
    change(&mut spec);
    Cluster::new().invalid(submission(spec))
}

fn one(key: &str, value: &str) -> Pairs {
    [(key.to_owned(), value.to_owned())].into_iter().collect()
}

#[test]
fn equal_submissions_one_after_another_share_their_spec() {
    let mut cluster = Cluster::new();
    for name in ["a", "a", "b", "a"] {
        cluster.run(submission(Spec {
            name: name.into(),
            ..spec()
        }));
    }
    let specs: Vec<_> = cluster.state.tasks().map(|task| &task.spec).collect();
    assert!(Arc::ptr_eq(specs[0], specs[1]));
    assert_eq!((&*specs[2].name, &*specs[3].name), ("b", "a"));
}

#[test]
fn a_task_that_fits_is_placed_in_the_same_decision() {
    let mut cluster = Cluster::new();
    cluster.add_node("a", 1);
    let kinds = cluster.run(submission(spec()));
    assert_eq!(kinds, [Kind::TaskSubmitted, Kind::TaskScheduled]);
    let task = cluster.state.tasks().next().unwrap();
    assert_eq!((task.status, task.attempt), (Status::Scheduled, 1));
    assert_eq!(task.scheduled_at, Some(cluster.now.wall));
    let [submitted, placed] = &task.events()[..] else {
        panic!("{:?}", task.history);
    };
    assert_eq!(task.sequence, submitted.sequence);
    assert_eq!(task.placement, placed.sequence);
    assert_eq!(placed.message, "placed on node a");
}

#[test]
fn a_task_that_fits_nowhere_waits_and_says_why() {
    let mut cluster = Cluster::new();
    let kinds = cluster.run(submission(spec()));
    assert_eq!(kinds, [Kind::TaskSubmitted, Kind::TaskUnschedulable]);
    let task = cluster.state.tasks().next().unwrap();
    assert_eq!((task.status, task.attempt), (Status::Pending, 0));
    assert_eq!(&*task.reason, "no nodes registered");
}

#[test]
fn the_same_key_and_body_make_one_task() {
    let mut cluster = Cluster::new();
    cluster.run(keyed("k", 1));
    assert_eq!(cluster.run(keyed("k", 1)), []);
    assert_eq!(cluster.state.tasks().len(), 1);
    assert!(cluster.state.task_by_key("k").is_some());
}

#[test]
fn the_same_key_with_another_body_is_refused() {
    let mut cluster = Cluster::new();
    cluster.run(keyed("k", 1));
    let task = cluster.state.task_by_key("k").unwrap().id.clone();
    let reused = Rejection::KeyReused {
        key: "k".into(),
        task,
    };
    assert_eq!(cluster.decide(keyed("k", 2)), Err(reused));
}

#[test]
fn a_key_must_be_short_and_printable() {
    for key in ["", "a b", "schlüssel", &"k".repeat(256)] {
        assert_eq!(Cluster::new().invalid(keyed(key, 1)), "Idempotency-Key");
    }
}

#[test]
fn two_tasks_of_one_moment_and_the_same_random_bits_have_different_ids() {
    let mut cluster = Cluster::new();
    cluster.run(submission(spec()));
    cluster.run(submission(spec()));
    let ids: Vec<_> = cluster.state.tasks().map(|task| task.id.as_str()).collect();
    assert_eq!(ids, ["20231114221320-aaaaaaaa", "20231114221320-baaaaaaa"]);
}

#[test]
fn a_bad_name_or_image_is_named() {
    for name in ["", "-web", "we b", "wéb", &"w".repeat(129)] {
        assert_eq!(refused(|spec| spec.name = name.into()), "name");
    }
    for image in ["", "nginx latest", "nginx\n", &"i".repeat(513)] {
        assert_eq!(refused(|spec| spec.image = image.into()), "image");
    }
}

#[test]
fn bad_words_variables_and_labels_are_named() {
    let nul = || vec!["sh".to_owned(), "a\0b".to_owned()];
    assert_eq!(refused(|spec| spec.command = nul()), "command[1]");
    assert_eq!(refused(|spec| spec.args = nul()), "args[1]");
    assert_eq!(refused(|spec| spec.env = one("A=B", "")), "env[\"A=B\"]");
    assert_eq!(refused(|spec| spec.env = one("", "")), "env[\"\"]");
    assert_eq!(refused(|spec| spec.env = one("A", "\0")), "env[\"A\"]");
    assert_eq!(
        refused(|spec| spec.labels = one("a b", "")),
        "labels[\"a b\"]"
    );
    assert_eq!(
        refused(|spec| spec.labels = one("a", "\0")),
        "labels[\"a\"]"
    );
    assert_eq!(
        refused(|spec| spec.labels = one("podling.task", "x")),
        "labels[\"podling.task\"]"
    );
}

#[test]
fn bad_ports_are_named() {
    let ports = |bad: Port| refused(|spec| spec.ports = vec![port(80, Some(1), None), bad]);
    assert_eq!(ports(port(0, None, None)), "ports[1].containerPort");
    assert_eq!(ports(port(80, Some(0), None)), "ports[1].hostPort");
    assert_eq!(
        ports(port(80, Some(2), Some("localhost"))),
        "ports[1].hostIp"
    );
    assert_eq!(ports(port(81, Some(1), Some("127.0.0.1"))), "ports");
}

#[test]
fn an_address_has_one_form_however_it_is_written() {
    let mut cluster = Cluster::new();
    let id = cluster.submit(Spec {
        ports: vec![
            port(80, Some(1), Some("0:0:0:0:0:0:0:1")),
            port(80, Some(2), Some("::ffff:10.0.0.1")),
            port(80, Some(3), Some("")),
        ],
        ..spec()
    });
    let ports = &cluster.task(&id).spec.ports;
    let ips: Vec<_> = ports.iter().map(|port| port.host_ip.as_deref()).collect();
    assert_eq!(ips, [Some("::1"), Some("10.0.0.1"), None]);
}

#[test]
fn requests_above_limits_or_any_host_are_named() {
    let asking = |cpu, memory| Requests {
        cpu_millicores: cpu,
        memory_bytes: memory,
    };
    let limited = |cpu, memory| Limits {
        cpu_millicores: cpu,
        memory_bytes: memory,
    };
    let both = |requests, limits| {
        refused(|spec| {
            spec.requests = requests;
            spec.limits = limits;
        })
    };
    let none = Limits::default();
    assert_eq!(
        both(asking(2, 0), limited(Some(1), None)),
        "resources.requests.cpu"
    );
    assert_eq!(
        both(asking(0, 2), limited(None, Some(1))),
        "resources.requests.memory"
    );
    assert_eq!(both(asking(u64::MAX, 0), none), "resources.requests.cpu");
    assert_eq!(both(asking(0, u64::MAX), none), "resources.requests.memory");
    assert_eq!(
        both(asking(0, 0), limited(None, Some(u64::MAX))),
        "resources.limits.memory"
    );
}

#[test]
fn a_limit_of_0_is_no_limit() {
    let mut cluster = Cluster::new();
    let id = cluster.submit(Spec {
        requests: Requests {
            cpu_millicores: 500,
            memory_bytes: 0,
        },
        limits: Limits {
            cpu_millicores: Some(0),
            memory_bytes: Some(0),
        },
        ..spec()
    });
    assert_eq!(cluster.task(&id).spec.limits, Limits::default());
}

#[test]
fn a_task_needs_at_least_one_placement() {
    assert_eq!(refused(|spec| spec.max_attempts = Some(0)), "maxAttempts");
}
