//! Logs; interrupted and closed streams.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;

use crate::script::{Answer, Script, error, json as answer, task};
use crate::{ask, printed, stderr, stdout};

const ID: &str = "20260102030405-aaaaaaaa";

fn with_log(log: Answer) -> Script {
    Script::new()
        .ok(
            &format!("GET /api/v1/tasks/{ID}"),
            &task(ID, "web", "running", 1, json!({})),
        )
        .on(&format!("GET /api/v1/tasks/{ID}/logs"), [log])
}

fn start(master: &Script, args: &[&str]) -> std::process::Child {
    Command::new(env!("CARGO_BIN_EXE_podling"))
        .args(args)
        .env_clear()
        .env("PODLING_MASTER_URL", &master.url)
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
fn logs_ask_for_what_was_asked_for() {
    let asked = |args: &[&str]| {
        let master = with_log(Answer::Body(200, "line\n".into()));
        let mut all = vec!["logs", ID];
        all.extend(args);
        assert_eq!(printed(&ask(&master, &all)), "line\n");
        master.asked_what()[1]
            .split_once("/logs")
            .unwrap()
            .1
            .to_owned()
    };
    assert_eq!(asked(&[]), "");
    assert_eq!(
        asked(&["--tail", "5", "--timestamps"]),
        "?tail=5&timestamps=true"
    );
    assert_eq!(asked(&["-f", "--tail", "all"]), "?follow=true&tail=all");
    assert_eq!(
        asked(&["--since", "2026-01-02T03:04:05+01:00"]),
        "?since=2026-01-02T02%3A04%3A05Z&tail=all"
    );
    assert!(asked(&["--since", "10m", "--tail", "1"]).starts_with("?since=20"));
    let master = Script::new();
    for wrong in [["--tail", "x"], ["--since", "yesterday"]] {
        assert_eq!(
            ask(&master, &["logs", ID, wrong[0], wrong[1]])
                .status
                .code(),
            Some(2)
        );
    }
}

#[test]
fn as_json_each_line_of_a_log_is_an_object() {
    let master = with_log(Answer::Body(200, "one\n\"two\"".into()));
    let printed = printed(&ask(&master, &["logs", ID, "-o", "json"])).to_owned();
    assert_eq!(printed, "{\"line\":\"one\"}\n{\"line\":\"\\\"two\\\"\"}\n");
}

#[test]
fn a_log_that_is_not_there_says_so() {
    let master = with_log(error(409, "no_container", "task web has no container yet"));
    let output = ask(&master, &["logs", ID]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(stderr(&output), "error: task web has no container yet\n");
}

#[test]
fn a_log_that_is_cut_off_between_two_chunks_does_not_look_whole() {
    for args in [&["logs", ID][..], &["logs", "-f", ID]] {
        let master = with_log(Answer::Cut("first\n".into()));
        let output = ask(&master, args);
        assert_eq!(output.status.code(), Some(1), "{args:?}");
        assert_eq!(stdout(&output), "first\n");
        let said = stderr(&output);
        assert!(said.starts_with("error: the log broke off: "), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}

#[test]
fn a_followed_log_is_shown_as_it_is_written_and_a_reader_that_leaves_is_no_error() {
    let master = with_log(Answer::Hang("first\n".into()));
    let mut child = start(&master, &["logs", "-f", ID]);
    let mut line = String::new();
    let mut reader = BufReader::new(child.stdout.take().unwrap());
    reader.read_line(&mut line).unwrap();
    assert_eq!(line, "first\n");
    kill(Pid::from_raw(child.id() as i32), Signal::SIGTERM).unwrap();
    child.wait().unwrap();

    let long = "x".repeat(70) + "\n";
    let master = with_log(Answer::Body(200, long.repeat(20_000)));
    let mut child = start(&master, &["logs", ID]);
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let mut said = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut said)
        .unwrap();
    assert_eq!(said, "");
}

#[test]
fn ctrl_c_leaves_the_task_running_and_says_how_to_stop_it() {
    let running = task(ID, "web", "running", 1, json!({"nodeId": "worker-1"}));
    for wish in ["--wait", "--follow"] {
        let master = Script::new()
            .on("POST /api/v1/tasks", [answer(201, &running)])
            .ok(&format!("GET /api/v1/tasks/{ID}"), &running)
            .on(
                &format!("GET /api/v1/tasks/{ID}/logs"),
                [Answer::Hang("x\n".into())],
            );
        let mut child = start(&master, &["run", "web", "--image", "nginx", wish]);
        let mut reader = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        // What is asked after the submission is asked when the signal is already looked for.
        while master.asked().len() < 2 {
            std::thread::yield_now();
        }
        kill(Pid::from_raw(child.id() as i32), Signal::SIGINT).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(130), "{wish}");
        let mut said = String::new();
        child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut said)
            .unwrap();
        let told = format!("the task goes on; to stop it: podling stop {ID}\n");
        assert!(said.ends_with(&told), "{said}");
    }
}
