//! Where the figures come from.

use std::process::Command;

use anyhow::Result;
use serde_json::{Value, json};

use super::engine::Engine;
use super::setup::Setup;

/// The machine, the commit and the tools.
///
/// # Errors
/// The number of cores is not known.
pub async fn describe(setup: &Setup) -> Result<Value> {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name"));
    let memory = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let total = memory
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"));
    Ok(json!({
        "commit": said_by("git", &["describe", "--always", "--dirty", "--abbrev=12"]),
        "podling": said_by(&setup.podling.to_string_lossy(), &["--version"]),
        "date": said_by("date", &["-u", "+%FT%TZ"]),
        "processor": model.map(|model| model.trim_start_matches([' ', '\t', ':'])),
        "cores": std::thread::available_parallelism()?.get(),
        "memory": total.map(str::trim),
        "load_before": setup.load_before,
        "kernel": said_by("uname", &["-srm"]),
        "docker_engine": engine_version().await.ok(),
        "storage_driver": said_by("docker", &["info", "--format", "{{.Driver}}"]),
        "rustc": said_by("rustc", &["--version"]),
    }))
}

/// The first line a command prints; null when it can't be run.
fn said_by(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    Some(
        String::from_utf8_lossy(&output.stdout)
            .lines()
            .next()?
            .to_owned(),
    )
}

async fn engine_version() -> Result<String> {
    Engine::connect()?.version().await
}
