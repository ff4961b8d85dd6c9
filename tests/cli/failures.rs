//! What goes wrong is said once, on stderr, with the exit code that fits.

use crate::script::{Answer, Script, error};
use crate::{ask, podling, stderr, stdout};

#[test]
fn a_master_that_is_not_there_is_named_with_what_to_do() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let home = tempfile::tempdir().unwrap();
    let once: [&[&str]; 3] = [&["ps"], &["run", "a", "--image", "b"], &["rm", "a", "b"]];
    for args in once {
        let output = podling(home.path(), args)
            .args(["--master", &url])
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(stdout(&output), "");
        assert_eq!(
            stderr(&output),
            format!(
                "error: the master at {url} can't be reached: connection refused\n\
                 hint: is it running? start one with `podling standalone`, or name it with \
                 --master or PODLING_MASTER_URL\n"
            )
        );
    }
}

#[test]
fn a_port_in_use_is_told_before_anything_is_begun() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = listener.local_addr().unwrap();
    let (address, port) = (taken.to_string(), taken.port().to_string());
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let other = free.local_addr().unwrap().port().to_string();
    drop(free);
    let standalone = ["standalone", "--node-id", "a-port-in-use"];
    let begun = [
        vec!["master", "--bind", &address],
        [&standalone[..], &["--bind", &address, "--port", &other]].concat(),
        [&standalone[..], &["--bind", "127.0.0.1:0", "--port", &port]].concat(),
    ];
    for args in begun {
        let output = podling(home.path(), &args)
            .arg("--data-dir")
            .arg(&data)
            .output()
            .unwrap();
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{args:?}: {said}");
        let told = said.contains(&format!("can't listen on {address}: the port is in use"));
        assert!(told && !said.contains("listen on http"), "{args:?}: {said}");
        assert!(!data.exists(), "{args:?}");
    }
}

#[test]
fn another_program_on_the_port_is_told_apart() {
    let master = Script::new().on("GET /api/v1/nodes", [Answer::Body(200, "<html>".into())]);
    let output = ask(&master, &["nodes"]);
    assert_eq!(output.status.code(), Some(1));
    let said = stderr(&output);
    assert!(said.starts_with(&format!(
        "error: what listens at {} is no podling",
        master.url
    )));
    assert!(said.ends_with("hint: name the master with --master or PODLING_MASTER_URL\n"));
}

#[test]
fn an_error_of_the_master_is_printed_once_in_its_words() {
    let down = error(503, "store_unavailable", "the store is down");
    let master = Script::new().on("GET /api/v1/tasks", [down]);
    let output = ask(&master, &["ps"]);
    assert_eq!((output.status.code(), stdout(&output)), (Some(1), ""));
    assert_eq!(stderr(&output), "error: the store is down\n");
}

#[test]
fn without_a_command_the_help_is_shown_as_an_error() {
    let home = tempfile::tempdir().unwrap();
    let output = podling(home.path(), &[]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("Usage: podling"));
}

#[test]
fn every_command_has_help_with_an_example() {
    let home = tempfile::tempdir().unwrap();
    let help = podling(home.path(), &["--help"]).output().unwrap();
    let help = stdout(&help);
    let list = help
        .split_once("Commands:\n")
        .unwrap()
        .1
        .split_once("\n\n")
        .unwrap()
        .0;
    let commands: Vec<&str> = list
        .lines()
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .map(|line| line.split_whitespace().next().unwrap())
        .filter(|command| *command != "help")
        .collect();
    assert!(commands.len() >= 16, "{commands:?}");
    for command in commands {
        let output = podling(home.path(), &[command, "--help"]).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{command}");
        let example = format!("podling {command}");
        let examples = stdout(&output).split_once("Example").expect(command).1;
        assert!(examples.contains(&example), "{command}");
    }
}

#[test]
fn the_version_names_the_build() {
    let home = tempfile::tempdir().unwrap();
    let output = podling(home.path(), &["--version"]).output().unwrap();
    let version = stdout(&output);
    assert!(
        version.starts_with(concat!("podling ", env!("CARGO_PKG_VERSION"), " (")),
        "{version}"
    );
}
