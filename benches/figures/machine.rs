//! Where the figures come from, and how large what was built is.

use std::process::Command;

use anyhow::Result;
use serde_json::{Value, json};

use crate::Setup;
use crate::engine::Engine;
use crate::statistics::round;

/// The executable and the image, in MB of a million bytes.
pub async fn sizes(setup: &Setup) -> Result<Value> {
    let executable = std::fs::metadata(&setup.podling)?.len() as f64 / 1e6;
    let image = Engine::connect()?.image_size(&setup.podling_image).await? as f64 / 1e6;
    Ok(json!({
        "what": "the stripped release executable; the container image",
        "executable_mb": round(executable), "executable_at_most": 20,
        "image_mb": round(image), "image_at_most": 22,
    }))
}

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
        "load_before": std::env::var("FIGURES_LOAD").ok(),
        "kernel": said_by("uname", &["-srm"]),
        "docker_engine": Engine::connect()?.version().await?,
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
