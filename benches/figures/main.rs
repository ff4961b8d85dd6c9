//! Measures podling on this machine and prints one JSON object (`make figures`).
//!
//! Everything is real: the release executable as separate processes, the Docker Engine of this
//! machine, SQLite on its disk. Nothing is asserted; what a figure should be at most or at least
//! stands beside it. Progress goes to stderr.
//!
//! `scripts/figures.sh` prepares what is needed and cleans up, also after Ctrl-C.
#![allow(
    missing_docs,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a program that measures real time and prints what it found"
)]

mod burst;
mod durable;
mod exit_visible;
mod idle;
mod kills;
mod lost_worker;
mod one_task;
mod restart;
mod run_command;
mod sizes;
mod start;
#[path = "../support/mod.rs"]
#[allow(
    dead_code,
    reason = "shared with `make bench`, which needs other parts of it"
)]
mod support;

use std::process::ExitCode;

use anyhow::Result;
use serde_json::{Value, json};
use support::setup::Setup;
use support::{api, containers, engine, fill, machine, process, restarts, statistics, usage, wrk};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode> {
    let setup = Setup::from_environment("FIGURES", "figures")?;
    let only = std::env::var("FIGURES_ONLY").unwrap_or_default();
    let mut figures = serde_json::Map::new();
    let mut code = ExitCode::SUCCESS;
    macro_rules! measure {
        ($($name:ident: $what:expr),* $(,)?) => {$(
            let name = stringify!($name);
            if only.is_empty() || only.split(',').any(|wanted| wanted == name) {
                eprintln!("==> {name}");
                // What was measured so far took minutes: one that fails takes nothing from it.
                let figure: Value = $what.unwrap_or_else(|error| {
                    code = ExitCode::FAILURE;
                    failed(&error)
                });
                eprintln!("    {figure}");
                figures.insert(name.to_owned(), figure);
            }
        )*};
    }
    measure! {
        size: sizes::measure(&setup).await,
        start: start::measure(&setup).await,
        restart_with_100_000_tasks: restart::measure(&setup).await,
        idle: idle::measure(&setup).await,
        run_command: run_command::measure(&setup).await,
        one_task: one_task::measure(&setup).await,
        burst: burst::measure(&setup).await,
        exit_visible: exit_visible::measure(&setup).await,
        lost_worker: lost_worker::measure(&setup).await,
        durable_submissions: durable::measure(&setup).await,
        lost_or_doubled: kills::measure().await,
    }
    let measured_on = machine::describe(&setup)
        .await
        .unwrap_or_else(|error| failed(&error));
    let report = json!({ "figures": figures, "measured_on": measured_on });
    println!("{}", serde_json::to_string_pretty(&report)?);
    Ok(code)
}

/// What stands in the place of a figure that could not be measured.
fn failed(error: &anyhow::Error) -> Value {
    json!({ "error": format!("{error:#}") })
}
