//! Docker's own Swarm on the same engine, for comparison. Left when dropped.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use tokio::process::Command;
use tokio::time::timeout;

use crate::engine::Engine;
use crate::support::setup::Setup;

const PATIENCE: Duration = Duration::from_secs(180);
/// A swarm makes it and leaves it behind.
const NETWORK: &str = "docker_gwbridge";
const NETWORK_FILTER: &str = "name=^docker_gwbridge$";

/// A swarm of this engine alone, on the loopback interface.
pub struct Swarm {
    /// While it is there, so is the swarm: `scripts/bench.sh` leaves it when this process could not.
    /// It holds the name of the network that has to go with it.
    marker: PathBuf,
    /// The engine had no such network before.
    made_network: bool,
}

impl Swarm {
    /// # Errors
    /// The engine is in a swarm already: it is somebody's.
    pub async fn init(setup: &Setup) -> Result<Self> {
        let state = docker(&["info", "--format", "{{.Swarm.LocalNodeState}}"]).await?;
        ensure!(
            state == "inactive",
            "this engine is in a swarm already ({state})"
        );
        let marker = setup.folder.join("swarm");
        let known = docker(&["network", "ls", "--quiet", "--filter", NETWORK_FILTER]).await?;
        let made_network = known.is_empty();
        std::fs::write(&marker, if made_network { NETWORK } else { "" })?;
        let swarm = Self {
            marker,
            made_network,
        };
        let loopback = [
            "--advertise-addr",
            "127.0.0.1",
            "--listen-addr",
            "127.0.0.1",
        ];
        docker(&[&["swarm", "init"], &loopback[..]].concat()).await?;
        Ok(swarm)
    }

    /// Seconds from the start of `docker service create` to the start of the last of its containers.
    pub async fn run(&self, engine: &Engine, name: &str, image: &str, count: usize) -> Result<f64> {
        let label = format!("com.docker.swarm.service.name={name}");
        let replicas = count.to_string();
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
        let start = std::time::Instant::now();
        let create = [
            "service",
            "create",
            "--detach",
            "--quiet",
            "--no-resolve-image",
            "--init",
            "--stop-grace-period",
            "1s",
            "--name",
            name,
            "--replicas",
            &replicas,
            image,
            "sleep",
            "3600",
        ];
        let started = engine.until_started(&label, count, now.as_secs().cast_signed());
        let (_, took) = futures_util::try_join!(docker(&create), async {
            started.await?;
            Ok(start.elapsed().as_secs_f64())
        })?;
        // Some at a time: Docker 20.10 can dead-lock over many removals at once.
        for left in (0..count).rev().step_by(8) {
            docker(&["service", "scale", "--detach", &format!("{name}={left}")]).await?;
            engine.until_left(&label, left).await?;
        }
        docker(&["service", "rm", name]).await?;
        engine.until_none(&label).await?;
        Ok(took)
    }
}

impl Drop for Swarm {
    fn drop(&mut self) {
        let succeeds = |args: &[&str]| {
            let mut docker = std::process::Command::new("docker");
            let status = docker.args(args).stdout(Stdio::null()).status();
            status.is_ok_and(|status| status.success())
        };
        if succeeds(&["swarm", "leave", "--force"])
            && (!self.made_network || succeeds(&["network", "rm", NETWORK]))
        {
            // When it stays, the script tries once more.
            let _ = std::fs::remove_file(&self.marker);
        }
    }
}

/// Runs `docker`; what it printed.
pub async fn docker(args: &[&str]) -> Result<String> {
    let mut command = Command::new("docker");
    command.args(args).stdin(Stdio::null()).kill_on_drop(true);
    let output = timeout(PATIENCE, command.output()).await;
    let output = output.with_context(|| format!("docker {args:?} does not end"))??;
    let stderr = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "docker {args:?}: {stderr}");
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
