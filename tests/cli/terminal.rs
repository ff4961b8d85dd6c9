//! What a terminal is shown.

use std::fs::File;
use std::io::Read;
use std::process::{Command, Stdio};

use nix::pty::{Winsize, openpty};
use serde_json::json;

use crate::script::{Answer, Script, json as answer, task};

const ID: &str = "20260102030405-aaaaaaaa";

/// What the command writes to a terminal of 80 columns: stdout and stderr, escape sequences and all.
fn on_a_terminal(master: &Script, args: &[&str]) -> String {
    let size = Winsize {
        ws_row: 24,
        ws_col: 80,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    let terminal = openpty(&size, None).unwrap();
    let output = || Stdio::from(terminal.slave.try_clone().unwrap());
    let mut child = Command::new(env!("CARGO_BIN_EXE_podling"))
        .args(args)
        .env_clear()
        .env("TERM", "xterm")
        .env("PODLING_MASTER_URL", &master.url)
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(output())
        .stderr(output())
        .spawn()
        .unwrap();
    drop(terminal.slave);
    let mut shown = Vec::new();
    // Linux ends a terminal nobody writes to any more with an error.
    let _ = File::from(terminal.master).read_to_end(&mut shown);
    assert_eq!(child.wait().unwrap().code(), Some(0));
    String::from_utf8(shown).unwrap()
}

#[test]
fn the_bars_of_a_pull_are_never_drawn_over_what_the_container_writes() {
    let web = |status: &str| {
        let more = json!({"nodeId": "worker-1", "startedAt": "2026-01-02T03:04:06Z"});
        task(ID, "web", status, 1, more)
    };
    let steps = [
        json!({"status": "pulling nginx:latest"}),
        json!({"layer": "a1", "status": "Downloading", "current": 1, "total": 9}),
        json!({"layer": "b2", "status": "Downloading", "current": 9, "total": 9}),
        json!({"layer": "b2", "status": "Pull complete"}),
    ];
    let steps: String = steps.iter().map(|step| format!("{step}\n")).collect();
    let (path, log) = (format!("GET /api/v1/tasks/{ID}"), "one\ntwo\nthree\n");
    let master = Script::new()
        .on("POST /api/v1/tasks", [answer(201, &web("scheduled"))])
        .on(&format!("{path}/pull"), [Answer::Body(200, steps)])
        .on(
            &path,
            [web("running"), web("completed")].map(|task| answer(200, &task)),
        )
        .on(&format!("{path}/logs"), [Answer::Body(200, log.into())]);
    let shown = on_a_terminal(&master, &["run", "web", "--image", "nginx", "--follow"]);
    assert!(shown.contains("Pull complete"), "{shown:?}");
    let (_, after) = shown.split_once("one").unwrap();
    assert_eq!(after, "\r\ntwo\r\nthree\r\n", "{shown:?}");
}
