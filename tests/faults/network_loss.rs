//! The network loses packets, or works only most of the time.

use std::time::Duration;

use crate::lab::{Lab, now};
use crate::support::network::Cable;

const WINDOW: Duration = Duration::from_secs(30);
/// How much earlier than the first each of them is cut.
const SHIFTS: [Duration; 3] = [
    Duration::ZERO,
    Duration::from_millis(3_300),
    Duration::from_millis(6_600),
];
const ALL: usize = 5;

/// With the default timeouts, which are made for such networks: 15 s, asked after 5 s.
#[test]
fn lost_packets_and_short_cuts_move_nothing_and_make_no_node_flap() {
    let mut lab = Lab::start(&[], 2);
    // Heard so seldom that the master asks; cut at different times, so that some are asked then.
    for _ in SHIFTS {
        lab.add_worker("30s");
    }
    lab.until("all workers", |lab| lab.nodes().len() == ALL);
    let tasks = lab.one_task_each();
    let before: Vec<_> = tasks.iter().map(|id| lab.task(id)).collect();
    let seen = lab.last_event();

    lab.workers[0]
        .host
        .cable(Cable::Loses(30), Cable::Loses(30));
    let started = now();
    let mut cut = SHIFTS.map(|_| false);
    while started.elapsed() < WINDOW {
        for ((worker, shift), cut) in lab.workers[2..].iter().zip(SHIFTS).zip(&mut cut) {
            let is_cut = (started.elapsed() + shift).as_millis() % 10_000 < 3_000;
            if is_cut != *cut {
                *cut = is_cut;
                let cable = if is_cut { Cable::Cut } else { Cable::Whole };
                worker.host.cable(cable, cable);
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
    lab.until("all to be ready", |lab| {
        (0..ALL).all(|number| lab.condition(number) == "ready")
    });
    for (id, task) in tasks.iter().zip(&before) {
        assert_eq!(lab.task(id), *task);
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
    assert_eq!(of(1), [] as [serde_json::Value; 0], "untouched");
    for number in 2..ALL {
        assert_eq!(
            of(number),
            [] as [serde_json::Value; 0],
            "cut for 3 s in every 10"
        );
    }
}
