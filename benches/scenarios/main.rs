//! Measures a whole cluster on this machine: `make bench` runs the scenarios, `make bench-report` makes the document.
//!
//! Everything is real but the hosts: the release executable as separate processes, SQLite and PostgreSQL on a disk, the
//! Docker Engine of this machine where containers are what is measured, else nodes of `podling simulate`. Nothing is
//! asserted: what a figure should be stands beside it. The method is in `docs/decisions/0013-benchmarks.md`.
//!
//! `scripts/bench.sh` prepares what is needed and cleans up, also after Ctrl-C.
#![allow(
    missing_docs,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a program that measures real time and prints what it found"
)]

mod burst;
mod chart;
mod cluster;
mod container;
mod day;
mod heartbeats;
mod lab;
mod latency;
mod list;
mod lived_in;
mod load;
mod outcome;
mod placements;
mod report;
mod restart;
mod scale;
mod settings;
mod submit;
#[path = "../support/mod.rs"]
#[allow(
    dead_code,
    reason = "shared with `make figures`, which needs other parts of it"
)]
mod support;
mod swarm;
mod throughput;

use std::process::ExitCode;
use std::rc::Rc;

use anyhow::{Context, Result, bail};
use outcome::Outcome;
use support::setup::Setup;
use support::{
    api, containers, engine, fill, http, machine, postgres, process, restarts, statistics, usage,
    wrk,
};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::{LocalSet, spawn_local};

/// As the executable, for what is measured in process.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode> {
    if std::env::args().any(|argument| argument == "report") {
        report::write()?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut terminated = signal(SignalKind::terminate())?;
    let scenarios = LocalSet::new();
    // Whoever ends first: with the set all processes that were started are dropped, and so killed.
    tokio::select! {
        code = scenarios.run_until(run()) => code,
        interrupted = tokio::signal::ctrl_c() => {
            interrupted?;
            Ok(ExitCode::from(130))
        }
        _ = terminated.recv() => Ok(ExitCode::from(143)),
    }
}

async fn run() -> Result<ExitCode> {
    let setup = Rc::new(Setup::from_environment("BENCH", "bench")?);
    let only = std::env::var("BENCH_ONLY").unwrap_or_default();
    let only: Vec<&str> = only.split(',').filter(|name| !name.is_empty()).collect();
    let mut unknown = only.clone();
    let mut code = ExitCode::SUCCESS;
    macro_rules! measure {
        ($($name:ident),* $(,)?) => {$(
            let name = stringify!($name);
            unknown.retain(|wanted| *wanted != name);
            if only.is_empty() || only.contains(&name) {
                eprintln!("==> {name}");
                let its = setup.clone();
                // A task of its own: one that fails or panics takes nothing from the others.
                let measured = spawn_local(async move { $name::measure(&its).await }).await;
                let measured = measured.context("it panicked").and_then(|measured| measured);
                if let Err(error) = keep(name, &setup, measured).await {
                    eprintln!("    {name}: {error:#}");
                    code = ExitCode::FAILURE;
                }
            }
        )*};
    }
    measure! {
        placements, submit, cluster, list, heartbeats, restart, container, burst, scale, day,
    }
    if !unknown.is_empty() {
        bail!("BENCH_ONLY names no scenario: {}", unknown.join(", "));
    }
    Ok(code)
}

/// Prints what was measured and writes it where the report looks for it.
async fn keep(name: &str, setup: &Setup, measured: Result<Outcome>) -> Result<()> {
    let outcome = measured?;
    println!("{}", outcome.table());
    let measured_on = machine::describe(setup).await?;
    outcome.write(name, measured_on)
}
