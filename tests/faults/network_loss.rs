//! The network loses packets, or works only most of the time.

use std::time::Duration;

use crate::lab::{Lab, now};
use crate::support::network::Cable;

const WINDOW: Duration = Duration::from_secs(24);

/// With the default timeouts, which are made for such networks: 15 s, asked after 5 s.
#[test]
fn lost_packets_and_short_cuts_move_nothing_and_make_no_node_flap() {
    let lab = Lab::start(&[], 3);
    let tasks = lab.one_task_each();
    let before: Vec<_> = tasks.iter().map(|id| lab.task(id)).collect();
    let seen = lab.last_event();

    lab.workers[0]
        .host
        .cable(Cable::Loses(30), Cable::Loses(30));
    let started = now();
    let mut cut = false;
    let mut during = vec![];
    while started.elapsed() < WINDOW {
        let is_cut = started.elapsed().as_secs() % 10 < 3;
        if is_cut != cut {
            cut = is_cut;
            let cable = if cut { Cable::Cut } else { Cable::Whole };
            lab.workers[1].host.cable(cable, cable);
            if cut {
                during.push(lab.submit("meanwhile"));
            }
        }
        for (id, task) in tasks.iter().zip(&before) {
            assert_eq!(lab.task(id), *task, "{}", lab.story());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    for worker in &lab.workers {
        worker.host.cable(Cable::Whole, Cable::Whole);
    }
    lab.until("what was submitted meanwhile to run", |lab| {
        during.iter().all(|id| lab.task(id)["status"] == "running")
    });
    lab.until("all to be ready", |lab| {
        (0..3).all(|number| lab.condition(number) == "ready")
    });
    for id in tasks.iter().chain(&during) {
        assert_eq!(lab.task(id)["attempt"], 1);
    }
    for (id, task) in tasks.iter().zip(&before) {
        assert_eq!(lab.task(id)["containerId"], task["containerId"]);
    }
    let of = |number: usize| {
        let kinds = [
            "nodeUnreachable",
            "nodeReachable",
            "nodeOffline",
            "nodeOnline",
        ];
        let mut events = lab.events(seen, &kinds);
        events.retain(|event| event["nodeId"] == lab.workers[number].id.as_str());
        events
    };
    eprintln!("30 % loss: {:?}", of(0));
    assert!(of(0).len() <= 2, "at most there and back: {:#?}", of(0));
    assert_eq!(
        of(1),
        [] as [serde_json::Value; 0],
        "cut for 3 s in every 10"
    );
    assert_eq!(of(2), [] as [serde_json::Value; 0], "untouched");
}
