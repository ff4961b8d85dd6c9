//! Most nodes fall silent at once: the brake.

use std::time::Duration;

use serde_json::Value;

use crate::lab::Lab;
use crate::support::network::Cable;

const SHORT: [&str; 4] = ["--node-timeout", "3s", "--probe-after", "1s"];
const ALL: usize = 10;
const CUT: usize = 6;

fn cable(lab: &Lab, cable: Cable) {
    for worker in &lab.workers[..CUT] {
        worker.host.cable(cable, cable);
    }
}

fn braked(lab: &Lab) -> bool {
    let (status, ready) = lab.get("/ready");
    let missing = ready["missing"].as_array().into_iter().flatten();
    let brake = missing
        .filter_map(Value::as_str)
        .any(|why| why.starts_with("brake: 6 nodes"));
    assert_eq!(status == 503, brake, "{ready}");
    brake
}

fn said_by_nodes(lab: &Lab) -> bool {
    let output = lab.command(&["nodes"]);
    let text = String::from_utf8(output.stdout).unwrap();
    text.matches("online (unreachable)").count() == CUT
        && text
            .matches("the brake keeps its tasks where they are")
            .count()
            == CUT
}

/// Six of ten workers, each with a task, are cut off until the brake holds.
fn cut_off(lab: &Lab) -> (Vec<String>, Vec<Value>) {
    let tasks = lab.one_task_each();
    let before = tasks.iter().map(|id| lab.task(id)).collect();
    cable(lab, Cable::Cut);
    lab.until("the brake", braked);
    lab.until("all of them to be held", said_by_nodes);
    (tasks, before)
}

#[test]
fn most_nodes_unreachable_at_once_move_nothing_and_are_let_go_when_they_are_back() {
    let mut lab = Lab::start(&SHORT, ALL);
    let (tasks, before) = cut_off(&lab);
    let all_as_before = |lab: &Lab| {
        tasks
            .iter()
            .zip(&before)
            .all(|(id, task)| lab.task(id) == *task)
    };
    let window = Duration::from_secs(4);
    lab.throughout(window, "the brake holds", |lab| {
        braked(lab) && all_as_before(lab)
    });
    // What is new goes to those that are there.
    let new = lab.submit("new");
    lab.until("a new task to run", |lab| {
        lab.task(&new)["status"] == "running"
    });

    lab.kill_master();
    lab.start_master();
    lab.throughout(window, "the brake outlives its master", |lab| {
        braked(lab) && all_as_before(lab)
    });
    let newer = lab.submit("newer");
    lab.until("a newer task to run", |lab| {
        lab.task(&newer)["status"] == "running"
    });

    // One after another comes back.
    for worker in &lab.workers[..CUT] {
        worker.host.cable(Cable::Whole, Cable::Whole);
        std::thread::sleep(Duration::from_millis(300));
    }
    lab.until("the brake to be released", |lab| !braked(lab));
    lab.until("all to be ready", |lab| {
        (0..ALL).all(|number| lab.condition(number) == "ready")
    });
    assert!(all_as_before(&lab), "{}", lab.story());
    for number in 0..ALL {
        assert!(!lab.running(number).is_empty());
    }
    let events = lab.events(0, &["nodeOffline", "brakeEngaged", "brakeReleased"]);
    let kinds: Vec<_> = events
        .iter()
        .map(|event| event["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["brakeReleased"]);
}

#[test]
fn an_operator_releases_the_brake_and_the_tasks_of_the_silent_nodes_go_elsewhere() {
    let lab = Lab::start(&SHORT, ALL);
    let (tasks, before) = cut_off(&lab);
    let engaged = lab.events(0, &["brakeEngaged"]);
    assert_eq!(engaged.len(), 1);
    let message = engaged[0]["message"].as_str().unwrap();
    assert!(message.starts_with("6 of 10 nodes"), "{message}");

    assert!(lab.command(&["release-brake"]).status.success());
    assert!(!braked(&lab));
    lab.until("the tasks to run elsewhere", |lab| {
        tasks[..CUT].iter().all(|id| {
            let task = lab.task(id);
            task["status"] == "running" && task["attempt"] == 2
        })
    });
    for number in 0..CUT {
        assert_eq!(lab.condition(number), "offline");
    }
    for (id, task) in tasks.iter().zip(&before).skip(CUT) {
        assert_eq!(lab.task(id), *task);
    }
    assert_eq!(
        lab.events(0, &["brakeEngaged"]).len(),
        1,
        "and it stays released"
    );
}
