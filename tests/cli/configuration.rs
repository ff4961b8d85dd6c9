//! Which settings are in force, as the commands see them.

use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

use crate::script::Script;
use crate::{podling, printed, stderr, stdout};

fn setting(output: &std::process::Output, key: &str) -> (String, String) {
    let rows: Value = serde_json::from_str(printed(output)).unwrap();
    let row = rows
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["key"] == key)
        .unwrap();
    let text = |name: &str| row[name].as_str().unwrap().to_owned();
    (text("value"), text("source"))
}

#[test]
fn a_flag_beats_the_environment_that_beats_files() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join(".podling.yaml");
    std::fs::write(&path, "master-url: http://file:1\n").unwrap();
    let variable = "PODLING_MASTER_URL";
    let show = ["config", "-o", "json"];
    let url = |output: &std::process::Output| setting(output, "master-url");

    let output = podling(home.path(), &show).output().unwrap();
    let file = path.display().to_string();
    assert_eq!(url(&output), ("http://file:1".into(), file));
    let mut command = podling(home.path(), &show);
    let output = command.env(variable, "http://variable:1").output().unwrap();
    assert_eq!(url(&output), ("http://variable:1".into(), variable.into()));
    let mut command = podling(home.path(), &show);
    let command = command.env(variable, "http://variable:1");
    let output = command
        .args(["--master", "http://flag:1"])
        .output()
        .unwrap();
    assert_eq!(url(&output), ("http://flag:1".into(), "--master".into()));
}

#[test]
fn the_flag_decides_which_master_is_asked() {
    let asked = Script::new().ok("GET /api/v1/tasks", &json!([]));
    let other = Script::new();
    let home = tempfile::tempdir().unwrap();
    std::fs::write(
        home.path().join(".env"),
        "PODLING_MASTER_URL=http://127.0.0.1:1",
    )
    .unwrap();
    let mut command = podling(home.path(), &["ps", "--master", &asked.url]);
    command
        .env("PODLING_MASTER_URL", &other.url)
        .assert()
        .success();
    assert_eq!((asked.asked().len(), other.asked().len()), (1, 0));
}

#[test]
fn config_shows_values_and_sources_and_no_passwords() {
    let home = tempfile::tempdir().unwrap();
    let mut command = podling(home.path(), &["config"]);
    let command = command.env("DATABASE_URL", "postgres://podling:secret@db/podling");
    let output = command.env("STORE_TYPE", "postgres").output().unwrap();
    let shown = printed(&output);
    assert!(!shown.contains("secret"), "{shown}");
    let line = shown
        .lines()
        .find(|line| line.starts_with("master.database-url"))
        .unwrap();
    let words: Vec<&str> = line.split_whitespace().collect();
    assert_eq!(
        words[1..],
        ["postgres://podling:***@db/podling", "DATABASE_URL"]
    );
    assert!(shown.starts_with("KEY "));
}

#[test]
fn what_is_wrong_is_told_at_once_with_exit_code_2_by_every_command() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("podling.toml"), "outptu = \"json\"").unwrap();
    let commands: [&[&str]; 4] = [
        &["ps"],
        &["config"],
        &["master", "--bind", "x"],
        &["worker", "--node-id", "w", "--port", "x"],
    ];
    for args in commands {
        let mut command = podling(home.path(), args);
        let output = command.env("STORE_TYPE", "mongo").output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert_eq!(stdout(&output), "");
        let said = stderr(&output);
        assert!(
            said.contains("  podling.toml: unknown key \"outptu\"; did you mean"),
            "{said}"
        );
        assert!(
            said.contains("  STORE_TYPE: \"mongo\" is not allowed; allowed: memory"),
            "{said}"
        );
    }
}

#[test]
fn a_named_file_has_to_be_there() {
    let home = tempfile::tempdir().unwrap();
    let output = podling(home.path(), &["ps", "--config", "mine.toml"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(stderr(&output), "error: mine.toml: there is no such file\n");
}

#[test]
fn the_templates_are_the_repositorys_documents() {
    let home = tempfile::tempdir().unwrap();
    let template = |form| {
        podling(home.path(), &["config", "--template", form])
            .output()
            .unwrap()
    };
    assert_eq!(
        printed(&template("toml")),
        include_str!("../../podling.toml")
    );
    assert!(printed(&template("markdown")).starts_with("| key | default |"));
}

#[test]
fn an_address_others_can_reach_is_refused_without_insecure() {
    let home = tempfile::tempdir().unwrap();
    let commands: [&[&str]; 3] = [
        &["master", "--bind", "0.0.0.0:0"],
        &["worker", "--node-id", "w", "--bind", "0.0.0.0"],
        &["standalone", "--bind", "0.0.0.0:0"],
    ];
    for args in commands {
        let output = podling(home.path(), args).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        let said = stderr(&output);
        assert!(
            said.starts_with("error: --bind: 0.0.0.0 is not a loopback address"),
            "{said}"
        );
        assert!(
            said.contains("root on the hosts") && said.contains("--insecure"),
            "{said}"
        );
    }
}

#[test]
fn a_worker_that_the_master_can_not_reach_is_told_so() {
    let home = tempfile::tempdir().unwrap();
    let said = |hostname: &str| {
        let args = ["worker", "--node-id", "w", "--port", "x", "--hostname"];
        let mut command = podling(home.path(), &args);
        let output = command.arg(hostname).output().unwrap();
        stderr(&output).to_owned()
    };
    let warning = "told to reach this worker at 10.0.0.2, but it listens on 127.0.0.1 only";
    assert!(said("10.0.0.2").contains(warning));
    for here in ["localhost", "127.0.0.1", "::1"] {
        assert!(!said(here).contains("told to reach"), "{here}");
    }
}

#[test]
fn verbose_beats_the_variable_for_what_is_logged() {
    let home = tempfile::tempdir().unwrap();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap().to_string();
    drop(free);
    // It logs its store, and its end.
    let args = ["master", "--store", "memory", "--bind", &address];
    let said = |more: &[&str]| {
        let mut master = Command::new(env!("CARGO_BIN_EXE_podling"));
        master.args(args).args(more).current_dir(home.path());
        master.env_clear().env("RUST_LOG", "off");
        let mut master = master.stderr(Stdio::piped()).spawn().unwrap();
        while TcpStream::connect(&address).is_err() {
            assert_eq!(
                master.try_wait().unwrap(),
                None,
                "it ended before it listened"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
        kill(Pid::from_raw(master.id() as i32), Signal::SIGTERM).unwrap();
        let output = master.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0));
        stderr(&output).to_owned()
    };
    assert!(!said(&[]).contains("INFO"));
    assert!(said(&["--verbose"]).contains("INFO"));
}

#[test]
fn the_go_projects_worker_flags_are_understood() {
    let home = tempfile::tempdir().unwrap();
    let args = [
        "worker",
        "-node-id=w",
        "-port",
        "1x",
        "-heartbeat-interval=soon",
    ];
    let output = podling(home.path(), &args).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = stderr(&output);
    assert!(said.contains("--port: \"1x\" is not allowed"), "{said}");
    assert!(
        said.contains("--heartbeat-interval: \"soon\" is not allowed"),
        "{said}"
    );
}
