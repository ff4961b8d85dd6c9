//! Listing tasks, finding the one that is meant, stopping and removing.

use serde_json::{Value, json};

use crate::script::{Script, ago, error, task};
use crate::{ask, printed, stderr, stdout};

const WEB: &str = "20260102030405-aaaaaaaa";
const DB: &str = "20260102030406-bbbbbbbb";
const OLD: &str = "20260101000000-cccccccc";

fn tasks() -> Value {
    json!([
        task(
            OLD,
            "old",
            "completed",
            90_000,
            json!({
                "nodeId": "worker-1", "exitCode": 0, "finishedAt": ago(7200)
            })
        ),
        task(WEB, "web", "running", 150, json!({"nodeId": "worker-1"})),
        task(
            DB,
            "db",
            "pending",
            80,
            json!({
                "schedulingError": "2 nodes: not enough memory; 1 node: draining"
            })
        ),
        task(
            "20260102030407-dddddddd",
            "job",
            "failed",
            4000,
            json!({
                "nodeId": "worker-2", "exitCode": 3, "error": "exit code 3", "finishedAt": ago(60)
            })
        ),
        task(
            "20260102030408-eeeeeeee",
            "fine",
            "completed",
            200_000,
            json!({
                "nodeId": "worker-2", "exitCode": 0, "reason": "exited", "finishedAt": ago(5)
            })
        ),
    ])
}

fn master() -> Script {
    Script::new().ok("GET /api/v1/tasks", &tasks())
}

#[test]
fn ps_shows_what_has_not_ended_or_ended_lately_and_says_why() {
    let output = ask(&master(), &["ps"]);
    insta::assert_snapshot!(printed(&output), @r"
    ID                        NAME   IMAGE          STATUS      NODE       CREATED
    20260102030405-aaaaaaaa   web    nginx:latest   running     worker-1   2m
    20260102030406-bbbbbbbb   db     nginx:latest   pending     -          1m
        2 nodes: not enough memory; 1 node: draining
    20260102030407-dddddddd   job    nginx:latest   failed      worker-2   1h
        exit code 3
    20260102030408-eeeeeeee   fine   nginx:latest   completed   worker-2   2d
    ");
}

#[test]
fn ps_all_shows_what_ended_long_ago_too() {
    let shown = |args: &[&str]| printed(&ask(&master(), args)).contains(OLD);
    assert!(!shown(&["ps"]));
    assert!(shown(&["ps", "--all"]));
    assert!(shown(&["ps", "-a", "-o", "json"]));
}

#[test]
fn ps_as_json_is_what_the_master_said() {
    let output = ask(&master(), &["-o", "json", "ps", "-a"]);
    let shown: Value = serde_json::from_str(printed(&output)).unwrap();
    assert_eq!(shown[1]["taskId"], WEB);
    assert_eq!(shown[2]["schedulingError"], tasks()[2]["schedulingError"]);
}

#[test]
fn ps_task_shows_everything_about_one() {
    let task = task(
        WEB,
        "web",
        "failed",
        150,
        json!({
            "nodeId": "worker-1", "containerId": "c0ffee", "exitCode": 137, "attempt": 2,
            "maxAttempts": 3, "restartCount": 1, "restartPolicy": "OnFailure",
            "error": "exit code 137", "reason": "out of memory", "args": ["sh", "-c", "exit 1"],
            "env": {"A": "1"}, "labels": {"tier": "front"},
            "ports": [{"containerPort": 80, "hostPort": 8000, "hostIp": "127.0.0.1"}],
            "resources": {"requests": {"cpu": 500, "memory": 268_435_456}, "limits": {"memory": 1}},
            "startedAt": "2026-01-02T03:04:05.678Z",
        }),
    );
    let events = json!([
        {"sequence": 1, "at": ago(150), "kind": "taskSubmitted", "message": "web (nginx:latest)"},
        {"sequence": 9, "at": ago(70), "kind": "taskFailed", "message": "exit code 137"},
    ]);
    let master = Script::new()
        .ok(&format!("GET /api/v1/tasks/{WEB}"), &task)
        .ok(&format!("GET /api/v1/tasks/{WEB}/events"), &events);
    let output = ask(&master, &["ps", "-t", WEB]);
    // Moments long ago are a different number of days ago every day.
    let shown: Vec<&str> = printed(&output)
        .lines()
        .filter(|line| !line.starts_with("created") && !line.starts_with("started"))
        .collect();
    insta::assert_snapshot!(shown.join("\n"), @r#"
    id:        20260102030405-aaaaaaaa
    name:      web
    image:     nginx:latest
    status:    failed
    reason:    out of memory
    error:     exit code 137
    exit code: 137
    node:      worker-1
    container: c0ffee
    attempt:   2 of 3
    restarts:  1
    restart:   on-failure
    args:      sh -c "exit 1"
    ports:     127.0.0.1:8000 -> 80/tcp
    reserves:  cpu 500m, memory 256Mi
    limits:    memory 1
    label:     tier=front
    env:       A=1
    events:
      2m   web (nginx:latest)
      1m   exit code 137
    "#);
    assert!(printed(&output).contains("started:   2026-01-02T03:04:05Z ("));

    let output = ask(&master, &["ps", "-t", WEB, "-o", "json"]);
    let shown: Value = serde_json::from_str(printed(&output)).unwrap();
    assert_eq!(shown["exitCode"], 137);
    assert_eq!(shown["events"][1]["message"], "exit code 137");
}

/// Asks for the log of what the text means; which task's it was, or the error.
fn log_of(tasks: &Value, text: &str) -> Result<String, String> {
    let named: Vec<Value> = tasks.as_array().unwrap().clone();
    let named: Vec<Value> = named
        .into_iter()
        .filter(|task| task["name"] == text)
        .collect();
    // The first list is the one by name.
    let lists = [json!(named), tasks.clone()].map(|list| crate::script::json(200, &list));
    let mut master = Script::new().on("GET /api/v1/tasks", lists);
    for task in tasks.as_array().unwrap() {
        let id = task["taskId"].as_str().unwrap();
        master = master.on(
            &format!("GET /api/v1/tasks/{id}/logs"),
            [crate::script::Answer::Body(200, id.to_owned())],
        );
    }
    let output = ask(&master, &["logs", text]);
    match output.status.code() {
        Some(0) => Ok(stdout(&output).to_owned()),
        _ => Err(stderr(&output).to_owned()),
    }
}

#[test]
fn a_task_is_found_by_the_beginning_of_its_id_or_by_its_name() {
    let tasks = json!([
        task(WEB, "web", "running", 1, json!({})),
        task(DB, "db", "running", 1, json!({})),
    ]);
    assert_eq!(log_of(&tasks, "web").unwrap(), WEB);
    assert_eq!(log_of(&tasks, "20260102030406").unwrap(), DB);
    assert_eq!(
        log_of(&tasks, "2026").unwrap_err(),
        format!("error: \"2026\" could be 2 tasks: {WEB} (web, running), {DB} (db, running)\n")
    );
    assert_eq!(
        log_of(&tasks, "nothing").unwrap_err(),
        "error: there is no task \"nothing\"\n"
    );
}

#[test]
fn of_several_tasks_with_one_name_the_one_that_has_not_ended_is_meant() {
    let of_status = |status: [&str; 2]| {
        json!([
            task(OLD, "web", status[0], 1, json!({})),
            task(WEB, "web", status[1], 1, json!({})),
        ])
    };
    assert_eq!(
        log_of(&of_status(["failed", "running"]), "web").unwrap(),
        WEB
    );
    for both in [["failed", "stopped"], ["running", "pending"]] {
        let error = log_of(&of_status(both), "web").unwrap_err();
        assert!(error.contains("could be 2 tasks"), "{error}");
    }
}

#[test]
fn what_is_stopped_or_removed_is_never_guessed() {
    let tasks = json!([
        task(OLD, "web", "failed", 1, json!({})),
        task(WEB, "web", "running", 1, json!({})),
    ]);
    for command in ["stop", "rm"] {
        let master = Script::new().ok("GET /api/v1/tasks", &tasks);
        let output = ask(&master, &[command, "web"]);
        assert_eq!(output.status.code(), Some(1), "{command}");
        assert_eq!(
            stderr(&output),
            format!("error: \"web\" could be 2 tasks: {OLD} (web, failed), {WEB} (web, running)\n")
        );
        assert_eq!(master.asked_what(), ["GET /api/v1/tasks?name=web"]);
    }
}

#[test]
fn the_beginning_of_several_ids_is_nobodys_although_only_one_has_not_ended() {
    let tasks = json!([
        task(OLD, "old", "failed", 1, json!({})),
        task(WEB, "web", "running", 1, json!({})),
    ]);
    let error = log_of(&tasks, "2026").unwrap_err();
    assert!(error.contains("could be 2 tasks"), "{error}");
}

#[test]
fn an_empty_text_names_nothing() {
    let only = json!([task(WEB, "web", "running", 1, json!({}))]);
    let commands: [&[&str]; 7] = [
        &["rm", "--force", ""],
        &["stop", ""],
        &["logs", ""],
        &["ps", "-t", ""],
        &["drain", ""],
        &["uncordon", ""],
        &["rm", "-f", "", ""],
    ];
    for args in commands {
        let master = Script::new()
            .ok("GET /api/v1/tasks", &only)
            .ok("GET /api/v1/nodes", &json!([]));
        let output = ask(&master, args);
        assert_eq!(output.status.code(), Some(1), "{args:?}");
        let said = stderr(&output);
        assert!(said.contains("an empty text names no "), "{said}");
        assert_eq!(master.asked_what(), [""; 0], "{args:?}");
    }
}

#[test]
fn stop_tells_the_master_and_prints_the_id() {
    let running = task(WEB, "web", "running", 1, json!({}));
    let master = Script::new()
        .ok(&format!("GET /api/v1/tasks/{WEB}"), &running)
        .ok(&format!("POST /api/v1/tasks/{WEB}/stop"), &running);
    let output = ask(&master, &["stop", WEB, "--grace", "60", "--no-wait"]);
    assert_eq!(printed(&output), format!("{WEB}\n"));
    assert_eq!(master.asked()[1].body, json!({"gracePeriodSeconds": 60}));
}

#[test]
fn stop_waits_until_the_task_has_ended() {
    let running = task(WEB, "web", "running", 1, json!({}));
    let stopped = task(WEB, "web", "stopped", 1, json!({"exitCode": 143}));
    let show = format!("GET /api/v1/tasks/{WEB}");
    let answers = [&running, &running, &stopped].map(|task| crate::script::json(200, task));
    let master = Script::new()
        .on(&show, answers)
        .ok(&format!("POST /api/v1/tasks/{WEB}/stop"), &running);
    let output = ask(&master, &["-o", "json", "stop", WEB]);
    assert!(printed(&output).contains("\"stopped\""), "{output:?}");
}

#[test]
fn rm_says_so_when_the_task_is_not_gone_yet() {
    let running = task(WEB, "web", "running", 1, json!({"nodeId": "worker-1"}));
    let going = crate::script::json(202, &running);
    let master = Script::new()
        .ok(&format!("GET /api/v1/tasks/{WEB}"), &running)
        .on(&format!("DELETE /api/v1/tasks/{WEB}"), [going]);
    let output = ask(&master, &["rm", "--force", WEB]);
    assert_eq!((output.status.code(), stdout(&output)), (Some(1), ""));
    assert_eq!(
        stderr(&output),
        "error: web still runs on worker-1; it goes as soon as it has ended\n"
    );
}

#[test]
fn rm_goes_through_all_of_them_and_reports_each() {
    let shown = |id| format!("GET /api/v1/tasks/{id}");
    let removal = |id| format!("DELETE /api/v1/tasks/{id}");
    let still = error(
        409,
        "not_ended",
        "task web has not ended; stop it first, or --force",
    );
    let master = Script::new()
        .ok(&shown(WEB), &task(WEB, "web", "running", 1, json!({})))
        .ok(&shown(DB), &task(DB, "db", "completed", 1, json!({})))
        .on(&removal(WEB), [still])
        .ok(&removal(DB), &json!({}));
    let output = ask(&master, &["rm", WEB, DB]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(stdout(&output), format!("{DB}\n"));
    assert_eq!(
        stderr(&output),
        format!("error: {WEB}: task web has not ended; stop it first, or --force\n")
    );

    let output = ask(&master, &["rm", "--force", DB]);
    assert_eq!(printed(&output), format!("{DB}\n"));
    let asked = master.asked_what();
    assert_eq!(
        asked.last().unwrap(),
        &format!("{}?force=true", removal(DB))
    );
}
