//! The network between master and workers is cut: wholly, or so that only one side gets through.

use std::time::Duration;

use serde_json::Value;

use crate::lab::{Lab, MASTER_PORT, WORKER_PORT, now};
use crate::support::network::Cable;

const SHORT: [&str; 4] = ["--node-timeout", "3s", "--probe-after", "1s"];

/// TCP needs both directions of a cable, so all three are the same to podling: nobody is heard.
#[test]
fn a_cut_longer_than_the_timeout_moves_the_tasks_and_the_stale_ones_end_at_the_first_contact() {
    let lab = Lab::start(&SHORT, 6);
    let tasks = lab.one_task_each();
    let cuts = [
        (Cable::Cut, Cable::Cut),
        (Cable::Cut, Cable::Whole),
        (Cable::Whole, Cable::Cut),
    ];
    let started = now();
    for (worker, (to_it, from_it)) in lab.workers.iter().zip(cuts) {
        worker.host.cable(to_it, from_it);
    }
    // The three are not lost in one moment: until then, one may be given the task of another.
    let whole: Vec<&str> = lab.workers[3..].iter().map(|w| w.id.as_str()).collect();
    let moved = |task: &Value| {
        task["status"] == "running"
            && task["attempt"].as_u64() >= Some(2)
            && whole.iter().any(|node| task["nodeId"] == *node)
    };
    lab.until("the tasks to run elsewhere", |lab| {
        tasks[..3].iter().all(|id| moved(&lab.task(id)))
    });
    eprintln!("cut: running elsewhere after {:?}", started.elapsed());
    let elsewhere: Vec<Value> = tasks.iter().map(|id| lab.task(id)).collect();
    for number in 0..3 {
        assert_eq!(lab.condition(number), "offline");
        assert_eq!(lab.running(number).len(), 1, "what nobody can stop runs on");
    }
    assert!(
        lab.events(0, &["brakeEngaged"]).is_empty(),
        "3 of 6 are not most"
    );

    for worker in &lab.workers[..3] {
        worker.host.cable(Cable::Whole, Cable::Whole);
    }
    let healed = now();
    for number in 0..3 {
        lab.until("contact", |lab| lab.condition(number) == "ready");
        let contact = healed.elapsed();
        let ended = lab.until("its stale container to end", |lab| {
            lab.running(number).is_empty()
        });
        eprintln!(
            "cut: contact {contact:?} after the cable was whole, stale container ended {ended:?} later"
        );
        assert!(ended < Duration::from_secs(2), "{ended:?}\n{}", lab.story());
    }
    for (id, before) in tasks.iter().zip(&elsewhere) {
        assert_eq!(lab.task(id), *before, "the contact changes nothing");
    }
    for task in &elsewhere[3..] {
        assert!(
            task["status"] == "running" && task["attempt"] == 1,
            "{task}"
        );
    }
    let running: usize = (0..6).map(|number| lab.running(number).len()).sum();
    assert_eq!(running, 6, "each task once");
}

#[test]
fn while_one_side_hears_the_other_nothing_is_moved_and_nothing_new_is_sent_there() {
    let mut lab = Lab::start(&SHORT, 3);
    // One that would beat ten times more seldom than it would be taken for lost.
    lab.add_worker("30s");
    lab.until("all workers", |lab| lab.nodes().len() == 4);
    let cut_off = [0, 1, 3];
    let tasks = lab.one_task_each();
    let before: Vec<_> = tasks.iter().map(|id| lab.task(id)).collect();
    let seen = lab.last_event();
    // The master can't reach the first and the last, the second can't reach the master.
    for number in [0, 3] {
        lab.workers[number]
            .host
            .cable(Cable::Without(WORKER_PORT), Cable::Whole);
    }
    lab.workers[1]
        .host
        .cable(Cable::Whole, Cable::Without(MASTER_PORT));
    // A worker that is heard is not asked, so the first sign is an order that does not get through.
    let unheard = [0, 3].map(|number| lab.submit_to(number));
    lab.until("the three to be unreachable", |lab| {
        cut_off
            .iter()
            .all(|number| lab.condition(*number) == "unreachable")
    });
    let reason = |number: usize| lab.node(number)["reason"].as_str().unwrap().to_owned();
    assert!(
        reason(0).contains("can't reach its worker"),
        "{}",
        reason(0)
    );
    assert!(
        reason(1).contains("heartbeats do not arrive"),
        "{}",
        reason(1)
    );
    let new: Vec<String> = (0..4).map(|n| lab.submit(&format!("new-{n}"))).collect();
    for id in &new {
        assert_eq!(lab.task(id)["nodeId"], lab.workers[2].id.as_str());
    }
    // Four node timeouts long.
    lab.throughout(
        Duration::from_secs(12),
        "they stay unreachable, nothing moves",
        |lab| {
            let unreachable = cut_off
                .iter()
                .all(|number| lab.condition(*number) == "unreachable");
            unreachable
                && tasks
                    .iter()
                    .zip(&before)
                    .all(|(id, task)| lab.task(id) == *task)
        },
    );

    for worker in &lab.workers {
        worker.host.cable(Cable::Whole, Cable::Whole);
    }
    lab.until("all to be ready", |lab| {
        (0..4).all(|number| lab.condition(number) == "ready")
    });
    lab.until("everything to run", |lab| {
        let tasks = lab.get("/api/v1/tasks").1;
        tasks
            .as_array()
            .unwrap()
            .iter()
            .all(|task| task["status"] == "running" && task["attempt"] == 1)
    });
    for id in &unheard {
        assert_eq!(lab.task(id)["attempt"], 1);
    }
    for (id, task) in tasks.iter().zip(&before) {
        assert_eq!(lab.task(id)["containerId"], task["containerId"]);
    }
    let flaps = lab.events(
        seen,
        &[
            "nodeUnreachable",
            "nodeReachable",
            "nodeOffline",
            "nodeOnline",
        ],
    );
    assert_eq!(
        flaps.len(),
        2 * cut_off.len(),
        "there and back, once each: {flaps:#?}"
    );
}
