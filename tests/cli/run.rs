//! `podling run`: what is submitted, what is said, and staying to the end.

use serde_json::{Value, json};

use crate::script::{Answer, Script, error, json as answer, task};
use crate::{ask, printed, stderr, stdout};

const ID: &str = "20260102030405-aaaaaaaa";
const SUBMIT: &str = "POST /api/v1/tasks";
const SHOW: &str = "GET /api/v1/tasks/20260102030405-aaaaaaaa";
const LOGS: &str = "GET /api/v1/tasks/20260102030405-aaaaaaaa/logs";
const PULL: &str = "GET /api/v1/tasks/20260102030405-aaaaaaaa/pull";

fn web(status: &str, more: Value) -> Value {
    task(ID, "web", status, 1, more)
}

fn scheduled() -> Answer {
    answer(201, &web("scheduled", json!({"nodeId": "worker-1"})))
}

fn running() -> Answer {
    answer(
        200,
        &web(
            "running",
            json!({"nodeId": "worker-1", "startedAt": "2026-01-02T03:04:06Z"}),
        ),
    )
}

fn ended(status: &str, more: Value) -> Answer {
    let mut task = web(status, more);
    task["startedAt"] = "2026-01-02T03:04:06Z".into();
    answer(200, &task)
}

#[test]
fn the_id_goes_to_stdout_and_the_node_to_stderr() {
    let master = Script::new().on(SUBMIT, [scheduled()]);
    let output = ask(&master, &["run", "web", "--image", "nginx:latest"]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(stdout(&output), format!("{ID}\n"));
    assert_eq!(stderr(&output), "web is scheduled on worker-1\n");
    assert_eq!(
        master.asked()[0].body,
        json!({"name": "web", "image": "nginx:latest"})
    );
}

#[test]
fn every_option_reaches_the_master() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("vars"), "A=file\nB=file\n").unwrap();
    let master = Script::new().on(SUBMIT, [scheduled()]);
    let args = [
        "run",
        "web",
        "--image",
        "nginx",
        "--env-file",
        "vars",
        "-e",
        "B=flag",
        "-e",
        "HERE",
        "-p",
        "8000:80",
        "--publish",
        "127.0.0.1:53:53/udp",
        "-l",
        "tier=front",
        "--cpu",
        "500m",
        "--memory",
        "256Mi",
        "--restart",
        "on-failure",
        "--pull",
        "always",
        "--max-attempts",
        "2",
        "--",
        "sh",
        "-c",
        "exit 1",
    ];
    let mut command = crate::podling(home.path(), &args);
    command
        .env("PODLING_MASTER_URL", &master.url)
        .env("HERE", "env")
        .assert()
        .success();
    let amounts = json!({"cpu": "500m", "memory": "256Mi"});
    assert_eq!(
        master.asked()[0].body,
        json!({
            "name": "web", "image": "nginx",
            "args": ["sh", "-c", "exit 1"],
            "env": {"A": "file", "B": "flag", "HERE": "env"},
            "ports": [
                {"containerPort": 80, "hostPort": 8000, "protocol": "TCP"},
                {"containerPort": 53, "hostPort": 53, "hostIp": "127.0.0.1", "protocol": "UDP"},
            ],
            "labels": {"tier": "front"},
            "resources": {"requests": amounts, "limits": amounts},
            "restartPolicy": "OnFailure", "pullPolicy": "Always", "maxAttempts": 2,
        })
    );
}

#[test]
fn a_pending_task_says_why() {
    let why = "no node takes it: 2 nodes: not enough memory";
    let pending = web("pending", json!({"schedulingError": why}));
    let master = Script::new().on(SUBMIT, [answer(201, &pending)]);
    let output = ask(&master, &["run", "web", "--image", "nginx"]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(stderr(&output), format!("web is pending: {why}\n"));
}

#[test]
fn a_submission_whose_outcome_is_unknown_is_repeated_with_its_key() {
    let unknown = error(503, "outcome_unknown", "not known to be stored");
    let master = Script::new().on(SUBMIT, [Answer::Break, unknown, scheduled()]);
    let output = ask(&master, &["run", "web", "--image", "nginx"]);
    assert_eq!(stdout(&output), format!("{ID}\n"));
    let keys: Vec<_> = master
        .asked()
        .into_iter()
        .map(|asked| asked.key.unwrap())
        .collect();
    assert_eq!(keys.len(), 3);
    assert!(
        keys[0].len() >= 16 && keys.iter().all(|key| *key == keys[0]),
        "{keys:?}"
    );
}

#[test]
fn two_submissions_have_two_keys() {
    let master = Script::new().on(SUBMIT, [scheduled()]);
    for _ in 0..2 {
        ask(&master, &["run", "web", "--image", "nginx"]);
    }
    let asked = master.asked();
    assert_ne!(asked[0].key, asked[1].key);
}

#[test]
fn a_submission_that_is_refused_is_not_repeated() {
    let refused = error(400, "invalid", "image: is empty");
    let master = Script::new().on(SUBMIT, [refused]);
    let output = ask(&master, &["run", "web", "--image", ""]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(stderr(&output), "error: image: is empty\n");
    assert_eq!(master.asked().len(), 1);
}

#[test]
fn wait_ends_with_the_containers_exit_code() {
    let ends = [
        (ended("completed", json!({"exitCode": 0})), 0, ""),
        (
            ended("failed", json!({"exitCode": 7, "error": "exit code 7"})),
            7,
            "error: web failed: exit code 7\n",
        ),
        (
            ended("stopped", json!({"exitCode": 143})),
            143,
            "web was stopped\n",
        ),
        (
            ended("failed", json!({"error": "no such image"})),
            1,
            "error: web failed: no such image\n",
        ),
    ];
    for (end, code, said) in ends {
        let master = Script::new()
            .on(SUBMIT, [scheduled()])
            .on(SHOW, [running(), end]);
        let output = ask(&master, &["run", "web", "--image", "nginx", "--wait"]);
        assert_eq!(output.status.code(), Some(code));
        assert_eq!(stdout(&output), format!("{ID}\n"));
        assert_eq!(
            stderr(&output),
            format!("web is scheduled on worker-1\n{said}")
        );
    }
}

#[test]
fn wait_as_json_prints_the_task_at_its_end() {
    let end = ended("completed", json!({"exitCode": 0}));
    let master = Script::new()
        .on(SUBMIT, [scheduled()])
        .on(SHOW, [running(), end]);
    let output = ask(
        &master,
        &["-o", "json", "run", "web", "--image", "nginx", "--wait"],
    );
    let task: Value = serde_json::from_str(stdout(&output)).unwrap();
    assert_eq!(task["status"], "completed");
}

#[test]
fn wait_tells_what_is_going_on_and_outlasts_a_master_that_restarts() {
    let pending = |why| answer(200, &web("pending", json!({"schedulingError": why})));
    let master = Script::new().on(SUBMIT, [pending("no nodes")]).on(
        SHOW,
        [
            pending("no nodes"),
            error(503, "not_ready", "starting"),
            pending("1 node: draining"),
            ended("completed", json!({"exitCode": 0})),
        ],
    );
    let output = ask(&master, &["run", "web", "--image", "nginx", "--wait"]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(
        stderr(&output),
        "web is pending: no nodes\n\
         starting; the task goes on, waiting for the master\n\
         web: 1 node: draining\n"
    );
}

#[test]
fn follow_prints_the_log_and_nothing_else_on_stdout() {
    let end = ended("failed", json!({"exitCode": 3, "error": "exit code 3"}));
    let master = Script::new()
        .on(SUBMIT, [scheduled()])
        .on(SHOW, [running(), end])
        .on(LOGS, [Answer::Body(200, "one\ntwo\nthree".into())]);
    let output = ask(&master, &["run", "web", "--image", "nginx", "--follow"]);
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(stdout(&output), "one\ntwo\nthree");
    assert!(stderr(&output).starts_with(&format!("{ID}\n")));
    let asked: Vec<_> = master
        .asked_what()
        .into_iter()
        .filter(|a| a.starts_with(LOGS))
        .collect();
    assert_eq!(asked, [format!("{LOGS}?follow=true&tail=all")]);
}

#[test]
fn follow_shows_the_log_of_a_container_that_nobody_saw_running() {
    let end = ended("completed", json!({"exitCode": 0}));
    let master = Script::new()
        .on(SUBMIT, [scheduled()])
        .on(SHOW, [end])
        .on(LOGS, [Answer::Body(200, "quick\n".into())]);
    let output = ask(&master, &["run", "web", "--image", "nginx", "--follow"]);
    assert_eq!(
        (output.status.code(), stdout(&output)),
        (Some(0), "quick\n")
    );
}

#[test]
fn a_log_that_breaks_off_is_taken_up_where_it_stopped_and_told() {
    let whole = Answer::Body(200, "one\ntwo\nthree\n".into());
    let ends = ["completed", "running"].map(|status| ended(status, json!({"exitCode": 0})));
    for next in ends {
        // Taken up while the task runs, or when it has ended.
        let end = ended("completed", json!({"exitCode": 0}));
        let master = Script::new()
            .on(SUBMIT, [scheduled()])
            .on(SHOW, [running(), next, end])
            .on(LOGS, [Answer::Cut("one\ntw".into()), whole.clone()]);
        let output = ask(&master, &["run", "web", "--image", "nginx", "--follow"]);
        assert_eq!(
            (output.status.code(), stdout(&output)),
            (Some(0), "one\ntwo\nthree\n")
        );
        let said = stderr(&output);
        assert!(said.contains("the log broke off, trying again: "), "{said}");
        assert!(!said.contains("missing"), "{said}");
    }
}

#[test]
fn a_log_whose_end_can_not_be_had_says_so() {
    let end = ended("completed", json!({"exitCode": 0}));
    let master = Script::new()
        .on(SUBMIT, [scheduled()])
        .on(SHOW, [running(), end])
        .on(LOGS, [Answer::Cut("one\n".into())]);
    let output = ask(&master, &["run", "web", "--image", "nginx", "--follow"]);
    assert_eq!((output.status.code(), stdout(&output)), (Some(0), "one\n"));
    let said = stderr(&output);
    assert!(said.ends_with("the end of the log is missing\n"), "{said}");
}

#[test]
fn a_pull_is_shown_line_by_line_where_there_is_no_terminal() {
    let steps = [
        json!({"status": "pulling nginx:latest"}),
        json!({"layer": "a1", "status": "Downloading", "current": 1, "total": 9}),
        json!({"layer": "a1", "status": "Downloading", "current": 9, "total": 9}),
        json!({"layer": "a1", "status": "Pull complete"}),
    ];
    let steps: String = steps.iter().map(|step| format!("{step}\n")).collect();
    let end = ended("completed", json!({"exitCode": 0}));
    let master = Script::new()
        .on(SUBMIT, [scheduled()])
        .on(PULL, [Answer::Body(200, steps)])
        .on(SHOW, [end]);
    let output = ask(&master, &["run", "web", "--image", "nginx", "--wait"]);
    assert_eq!(
        stderr(&output),
        "web is scheduled on worker-1\n\
         pulling nginx:latest\na1: Downloading\na1: Pull complete\n"
    );
}

#[test]
fn what_is_written_wrong_is_a_usage_error() {
    let wrong: [&[&str]; 8] = [
        &["run", "web"],
        &["run", "--image", "nginx"],
        &["run", "web", "--image", "nginx", "-p", "80"],
        &["run", "web", "--image", "nginx", "-l", "x"],
        &["run", "web", "--image", "nginx", "--cpu", "many"],
        &["run", "web", "--image", "nginx", "--restart", "sometimes"],
        &["run", "web", "--image", "nginx", "--max-attempts", "0"],
        &[
            "run",
            "web",
            "--image",
            "nginx",
            "--env-file",
            "/nowhere",
            "--nonsense",
        ],
    ];
    let master = Script::new();
    for args in wrong {
        assert_eq!(ask(&master, args).status.code(), Some(2), "{args:?}");
    }
    assert_eq!(master.asked().len(), 0);
    let output = ask(
        &master,
        &["run", "web", "--image", "x", "--env-file", "/nowhere"],
    );
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).starts_with("error: --env-file /nowhere: "));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("vars");
    std::fs::write(&file, "A=1\nexport C=3\n").unwrap();
    let file = file.to_str().unwrap();
    let output = ask(&master, &["run", "web", "--image", "x", "--env-file", file]);
    assert_eq!(output.status.code(), Some(2));
    let named = format!("error: --env-file {file}, line 2: allowed: KEY=VALUE");
    assert!(stderr(&output).starts_with(&named), "{}", stderr(&output));
    assert_eq!(master.asked().len(), 0);
}

#[test]
fn who_writes_a_command_without_dashes_is_told_where_it_goes() {
    let master = Script::new();
    let said = |args: &[&str]| {
        let output = ask(&master, args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        stderr(&output).to_owned()
    };
    let hint = "hint: what to run in the container comes after `--`, behind all options\n";
    assert!(said(&["run", "x", "--image", "y", "echo", "hi"]).ends_with(hint));
    assert!(!said(&["run", "x", "--image", "y", "--nonsense"]).contains("hint"));
    assert!(!said(&["nodes", "x"]).contains("hint"));
}

#[test]
fn as_json_run_prints_the_task() {
    let master = Script::new().on(SUBMIT, [scheduled()]);
    let output = ask(&master, &["run", "web", "--image", "nginx", "-o", "json"]);
    let task: Value = serde_json::from_str(stdout(&output)).unwrap();
    assert_eq!(task["nodeId"], "worker-1");
    let listed = Script::new().ok("GET /api/v1/tasks", &json!([]));
    assert_eq!(printed(&ask(&listed, &["-o", "json", "ps"])), "[]\n");
}
