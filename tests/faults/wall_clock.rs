//! Somebody sets the time, an hour forth and back: nothing is lost, moved or forgotten by it.

use std::time::Duration;

use serde_json::{Value, json};

use crate::lab::{Lab, now};

const HOUR: i64 = 3600;
const SETTINGS: [&str; 6] = [
    "--node-timeout",
    "3s",
    "--probe-after",
    "1s",
    "--task-ttl",
    "10m",
];

fn lost(lab: &Lab) -> Vec<Value> {
    let kinds = [
        "nodeOffline",
        "nodeUnreachable",
        "brakeEngaged",
        "taskRescheduled",
        "taskRemoved",
    ];
    lab.events(0, &kinds)
}

/// Each moment of a task's life is not before the one before.
#[track_caller]
fn in_order(task: &Value) {
    let moments = ["createdAt", "scheduledAt", "startedAt", "finishedAt"];
    // RFC 3339 with milliseconds at most: compared as moments, not as texts.
    let moments = moments.iter().filter_map(|key| task[key].as_str());
    let moments: Vec<jiff::Timestamp> = moments.map(|text| text.parse().unwrap()).collect();
    assert!(moments.is_sorted(), "{task:#}");
}

#[test]
fn the_masters_clock_set_forth_and_back_loses_nobody_and_breaks_no_order() {
    let mut lab = Lab::start_with(&SETTINGS, 3, true);
    let tasks = lab.one_task_each();
    let ended = lab.submit_command("ended", &["true"]);
    lab.until("a task to end", |lab| {
        lab.task(&ended)["status"] == "completed"
    });
    let drained = &lab.workers[2].id;
    let output = lab.command(&["drain", drained, "--deadline", "30m"]);
    assert!(output.status.success());
    let before: Vec<_> = tasks.iter().map(|id| lab.task(id)).collect();
    let unchanged = |lab: &Lab| {
        tasks
            .iter()
            .zip(&before)
            .all(|(id, task)| lab.task(id) == *task)
    };
    let mut made = lab.get("/api/v1/tasks").1.as_array().unwrap().len();

    // Forth longer than the reaper needs to look twice.
    for (seconds, window) in [(HOUR, 12), (-HOUR, 4), (0, 4)] {
        let across = lab.submit("across");
        lab.until("it to run", |lab| lab.task(&across)["status"] == "running");
        lab.set_clock("master", seconds);
        let after = lab.submit_command("after", &["true"]);
        lab.until("a task to run and end", |lab| {
            lab.task(&after)["status"] == "completed"
        });
        assert!(lab.command(&["stop", &across]).status.success());
        lab.until("it to be stopped", |lab| {
            lab.task(&across)["status"] == "stopped"
        });
        in_order(&lab.task(&across));
        in_order(&lab.task(&after));
        if seconds < 0 {
            lab.add_worker("1s");
            lab.until("a new worker", |lab| lab.nodes().len() == 4);
        }
        lab.throughout(Duration::from_secs(window), "nothing happens", |lab| {
            unchanged(lab) && lost(lab).is_empty() && lab.task(&ended)["status"] == "completed"
        });
        made += 2;
        let names = lab.get("/api/v1/tasks").1;
        let last = &names.as_array().unwrap()[made - 2..];
        assert_eq!(last[0]["taskId"], across.as_str());
        assert_eq!(last[1]["taskId"], after.as_str());
        for node in lab.nodes() {
            let heard: jiff::Timestamp = node["lastHeartbeat"].as_str().unwrap().parse().unwrap();
            let machine = jiff::Timestamp::now().as_second() + seconds;
            assert!(
                (heard.as_second() - machine).abs() <= 3,
                "{node:#} at {machine}"
            );
        }
    }
    let nodes: Vec<_> = lab
        .nodes()
        .iter()
        .map(|node| node["nodeId"].clone())
        .collect();
    let registered: Vec<_> = lab.workers.iter().map(|worker| json!(worker.id)).collect();
    assert_eq!(nodes, registered, "in the order of their registration");
    let numbers = lab.sequences();
    assert!(
        numbers.windows(2).all(|pair| pair[1] == pair[0] + 1),
        "{numbers:?}"
    );
}

#[test]
fn a_workers_clock_set_forth_and_back_loses_nothing_that_happens_there() {
    let mut lab = Lab::start_with(&SETTINGS, 1, true);
    let id = lab.workers[0].id.clone();
    let stays = lab.submit("stays");
    lab.until("it to run", |lab| lab.task(&stays)["status"] == "running");
    let before = lab.task(&stays);
    for seconds in [HOUR, -HOUR, 0] {
        let ends = lab.submit("ends");
        lab.until("it to run", |lab| lab.task(&ends)["status"] == "running");
        lab.set_clock(&id, seconds);
        // Once as it goes on, once by a worker that begins with the wrong time.
        for restarted in [false, true] {
            if restarted {
                lab.restart_worker(0);
                lab.until("it to be back", |lab| lab.condition(0) == "ready");
            }
            lab.until("it to have this time", |lab| {
                let machine = jiff::Timestamp::now().as_second() + seconds;
                let its = lab.clock_of(0);
                its.is_some_and(|its| (its.as_second() - machine).abs() <= 3)
            });
            let short = lab.submit_command("short", &["sh", "-c", "exit 7"]);
            let started = now();
            lab.until("its end", |lab| lab.task(&short)["status"] == "failed");
            assert_eq!(lab.task(&short)["exitCode"], 7);
            // Told by an event of the engine, not found when everything is compared each minute.
            assert!(
                started.elapsed() < Duration::from_secs(30),
                "{:?}",
                started.elapsed()
            );
        }
        assert!(lab.command(&["stop", &ends]).status.success());
        lab.until("it to be stopped", |lab| {
            lab.task(&ends)["status"] == "stopped"
        });
        in_order(&lab.task(&ends));
    }
    assert_eq!(lab.task(&stays), before);
    assert_eq!(lost(&lab), [] as [Value; 0]);
}
