//! The real binary against a scripted master: what it prints, where, and the exit code.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod cluster;
mod configuration;
mod failures;
mod run;
mod script;
mod streams;
mod tasks;
mod terminal;

use std::path::Path;
use std::process::Output;
use std::time::Duration;

use script::Script;

/// The binary in a home of its own, knowing nothing of this machine's settings.
fn podling(home: &Path, args: &[&str]) -> assert_cmd::Command {
    let mut command = assert_cmd::Command::new(env!("CARGO_BIN_EXE_podling"));
    command
        .args(args)
        .env_clear()
        .env("HOME", home)
        .current_dir(home)
        .timeout(Duration::from_secs(60));
    command
}

/// The same, told where the scripted master is.
fn ask(master: &Script, args: &[&str]) -> Output {
    let home = tempfile::tempdir().unwrap();
    let mut command = podling(home.path(), args);
    command.env("PODLING_MASTER_URL", &master.url);
    command.output().unwrap()
}

fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

/// What it printed; it must have succeeded, without remarks.
fn printed(output: &Output) -> &str {
    assert_eq!((output.status.code(), stderr(output)), (Some(0), ""));
    stdout(output)
}
